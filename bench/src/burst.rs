//! Connections begun at the same instant: how many of them Python's short queue makes wait a second, and ours.
//!
//! **In** nothing but the servers. **Out** how many of a burst were answered late. **Never** more than some dozens of
//! connections at a time.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Socket, Type};
use std::os::fd::AsFd as _;

use crate::args::Arguments;
use crate::peers::Peer;
use crate::table::{digits, spread, table};

/// Bursts of several sizes, and connections one after the other, at each server.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("carrier.enc"), [b'x'; 1024])?;
    let start =
        |queue| Peer::ours(arguments, directory.path(), "carrier.enc", &[("CHATTERD_DECOY_QUEUE", queue)]);
    let mut peers = vec![
        ("chatterd, queue = \"deep\"", start("deep")?),
        ("chatterd, queue = \"python\"", start("python")?),
    ];
    peers.extend(Peer::python(directory.path())?.map(|peer| ("python", peer)));
    let rounds = if arguments.quick { 1 } else { u32::from(arguments.runs(10)) };
    let mut rows =
        vec![["server", "connections", "late, of a burst", "late, one by one"].map(str::to_owned).to_vec()];
    for (name, peer) in &peers {
        for size in [6, 10, 20, 40] {
            let mut bursts = Vec::new();
            let mut queues = Vec::new();
            for _ in 0..rounds {
                bursts.push(burst(peer.address()?, size)?);
                thread::sleep(SETTLE);
                queues.push(one_by_one(peer.address()?, size)?);
                thread::sleep(SETTLE);
            }
            let whole = |figure: f64| digits(figure).trim_end_matches(".00").to_owned();
            rows.push(vec![
                (*name).to_owned(),
                size.to_string(),
                spread(&bursts, whole),
                spread(&queues, whole),
            ]);
        }
    }
    Ok(table("burst: connections that were not through after half a second", &rows))
}

/// Begins all at once; how many were late.
fn burst(address: SocketAddr, size: usize) -> anyhow::Result<f64> {
    let mut waiting = Vec::new();
    for _ in 0..size {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        waiting.push(socket);
    }
    let start = Instant::now();
    for socket in &waiting {
        match socket.connect(&address.into()) {
            Err(error)
                if error.raw_os_error() != Some(nix::libc::EINPROGRESS)
                    && error.kind() != ErrorKind::WouldBlock =>
            {
                return Err(error.into());
            }
            Ok(()) | Err(_) => {}
        }
    }
    while start.elapsed() < LATE {
        let mut events: Vec<_> =
            waiting.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLOUT)).collect();
        poll(&mut events, PollTimeout::from(20u16))?;
        let through: Vec<bool> = events.iter().map(|event| event.any() == Some(true)).collect();
        let mut through = through.into_iter();
        waiting.retain(|_| through.next() != Some(true));
        if waiting.is_empty() {
            break;
        }
    }
    Ok(waiting.len() as f64)
}

/// One after the other, as fast as loopback permits; how many were late.
fn one_by_one(address: SocketAddr, size: usize) -> anyhow::Result<f64> {
    let mut late = 0.0;
    let mut open = Vec::new();
    for _ in 0..size {
        let start = Instant::now();
        open.push(std::net::TcpStream::connect(address)?);
        if start.elapsed() > LATE {
            late += 1.0;
        }
    }
    Ok(late)
}

/// TCP sends a lost SYN again after a second.
const LATE: Duration = Duration::from_millis(500);
const SETTLE: Duration = Duration::from_millis(100);
