//! Tells systemd, again and again, that strangers and members are served; where they are not, it says nothing, and systemd
//! starts the daemon anew (`WatchdogSec=`).
//!
//! **In** the accept loops' pulses, the relay's counts. **Out** `WATCHDOG=1` and a line for `systemctl status`. **Never** a
//! beat that only shows that a timer runs; **never** an address or a name.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tracing::warn;

use crate::admin::{Control, ControlError, Status};
use crate::operator::Shared;
use crate::systemd;

/// Asks an accept loop for a sign of life.
#[derive(Clone, Debug)]
pub struct Pulse(mpsc::Sender<oneshot::Sender<()>>);

/// What an accept loop answers to, between one newcomer and the next.
#[derive(Debug)]
pub struct Asked(mpsc::Receiver<oneshot::Sender<()>>);

/// The two ends.
pub fn pulse() -> (Pulse, Asked) {
    let (sender, receiver) = mpsc::channel(1);
    (Pulse(sender), Asked(receiver))
}

impl Pulse {
    /// Whether the loop took a turn for us. Not by a connection of our own: in a flood that would wait behind strangers for
    /// longer than a watchdog does, and one could have the daemon killed from outside.
    async fn beats(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).await.is_ok() && answered.await.is_ok()
    }
}

impl Asked {
    /// Answers who asks; to be waited for in the same `select!` as newcomers. Pends for ever once nobody can ask.
    pub async fn answer(&mut self) {
        match self.0.recv().await {
            // Whoever asked has given up.
            Some(answer) => drop(answer.send(())),
            None => std::future::pending().await,
        }
    }
}

/// Runs until `stopped` says true; ends at once where systemd did not ask to be told anything. `listening` begins each
/// status.
pub async fn keep(
    operator: Shared,
    pulses: Vec<Pulse>,
    listening: String,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(period) = systemd::period() else { return };
    loop {
        match timeout(TURN, look(&operator, &pulses)).await {
            Ok(Ok(status)) => systemd::alive(&line(&listening, &status)),
            Ok(Err(what)) => warn!("{what}; systemd's watchdog is not fed"),
            Err(_) => warn!("the relay or an accept loop hangs; systemd's watchdog is not fed"),
        }
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// A turn of every accept loop, one of the relay, and a look into the ledger.
async fn look(operator: &Shared, pulses: &[Pulse]) -> Result<Status, &'static str> {
    for pulse in pulses {
        if !pulse.beats().await {
            return Err("an accept loop has ended");
        }
    }
    operator.status().await.map_err(|_: ControlError| "the relay has ended")
}

fn line(listening: &str, status: &Status) -> String {
    let sessions = status.sessions_confirmed + status.sessions_detached;
    format!(
        "{listening}; sessions: {sessions}, memberships: {}, rooms: {}, banned: {}",
        status.members, status.rooms, status.bans
    )
}

/// Who needs longer hangs.
const TURN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pulse_beats_as_long_as_its_loop_takes_turns() {
        let (pulse, mut asked) = pulse();
        let turns = tokio::spawn(async move {
            for _ in 0..2 {
                asked.answer().await;
            }
        });
        assert!(pulse.beats().await && pulse.beats().await);
        turns.await.unwrap();
        assert!(!pulse.beats().await, "the loop has ended");

        let (pulse, _hangs) = super::pulse();
        tokio::time::pause();
        assert!(timeout(TURN, pulse.beats()).await.is_err(), "nobody takes a turn");
    }
}
