//! Keeps a connection to a Tor host's control port, over which circuits are closed.
//!
//! **In** numbers of circuits, from whoever counts knocks. **Out** `CLOSECIRCUIT`. Notices where that tor was started anew,
//! since it then counts circuits from the beginning. **Never** anything else of all that a control port can do; never a
//! wait of who counts: what can't be closed is turned away at the entrance.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatter_tor_control::{Connection, ControlError};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::Host;
use crate::access::lock;
use crate::circuit::TorHost;
use crate::tally::SharedCircuits;

/// Circuits of one host that wait to be closed.
pub type Orders = mpsc::Receiver<u32>;

/// A queue of circuits to close. Where it is full, they are closed when its connection is made anew, or not at all, and
/// turned away meanwhile.
pub fn orders() -> (mpsc::Sender<u32>, Orders) {
    mpsc::channel(WAITING_MAX)
}

/// Keeps the connection until `stopped` says true. A host without a control port only drops what is ordered.
pub async fn keep(
    at: TorHost,
    host: Host,
    circuits: SharedCircuits,
    mut orders: Orders,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(control) = host.control.clone() else { return };
    let mut tor = Tor { at, name: host.name, circuits, started: None };
    let mut pause = PAUSE_FIRST;
    let mut told = false;
    loop {
        let session = async {
            let mut connection = Connection::open(&control.place, &control.proof).await?;
            tor.look(&mut connection).await?;
            info!("the control port of {} is open", tor.name);
            (pause, told) = (PAUSE_FIRST, false);
            tor.serve(&mut connection, &mut orders).await
        };
        let error: ControlError = tokio::select! {
            ended = session => match ended {
                Ok(()) => return,
                Err(error) => error,
            },
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        if !std::mem::replace(&mut told, true) {
            warn!("circuits of {} can't be closed, and are turned away here meanwhile: {error}", tor.name);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

struct Tor {
    at: TorHost,
    name: String,
    circuits: SharedCircuits,
    /// When the process was started that we know, in seconds since 1970.
    started: Option<u64>,
}

impl Tor {
    /// Whether this is the process whose circuits are known; forgets them where it is another one.
    async fn look(&mut self, connection: &mut Connection) -> Result<(), ControlError> {
        let uptime: u64 = connection.info("uptime").await?.parse().unwrap_or(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let started = now.saturating_sub(uptime);
        let before = self.started.replace(started);
        if before.is_some_and(|before| before.abs_diff(started) > UPTIME_SLACK) {
            lock(&self.circuits).forget_host(self.at);
            info!("the tor of {} was started anew, and counts its circuits from the beginning", self.name);
        }
        Ok(())
    }

    /// Closes what there is to close, until nobody orders it any more.
    async fn serve(&mut self, connection: &mut Connection, orders: &mut Orders) -> Result<(), ControlError> {
        let waiting = {
            let circuits = lock(&self.circuits);
            if circuits.closes(self.at) { circuits.over(self.at) } else { Vec::new() }
        };
        for circuit in waiting {
            close(connection, circuit.number).await?;
        }
        loop {
            // No event was asked for: this ends where the connection does.
            let order = tokio::select! {
                order = orders.recv() => order,
                event = connection.event() => {
                    event?;
                    continue;
                }
            };
            let Some(number) = order else { return Ok(()) };
            close(connection, number).await?;
        }
    }
}

async fn close(connection: &mut Connection, number: u32) -> Result<(), ControlError> {
    match connection.ask(&format!("CLOSECIRCUIT {number}")).await {
        // It is gone already.
        Ok(_) | Err(ControlError::Refused { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

const WAITING_MAX: usize = 1024;
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Clocks and roundings: two processes of one tor are further apart.
const UPTIME_SLACK: u64 = 2;
