//! Strangers from many addresses who do nothing but knock.
//!
//! **In** the server's address. **Out** how many connections were closed without a byte. **Never** an address that is not
//! this machine's loopback, **never** a thread that outlives its flood.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use socket2::{Domain, Socket, Type};

/// Threads that knock, one connection after the other, until this is dropped.
pub(crate) struct Flood {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    refused: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Flood {
    /// Has every address banned by one knock each, which is answered, and then lets all of them knock.
    pub(crate) fn start(server: SocketAddr) -> anyhow::Result<Self> {
        for thread in 0..THREADS {
            for number in 0..ADDRESSES {
                ensure!(!knock(server, address(thread, number))?, "a first knock was refused");
            }
        }
        let shared = Arc::<Shared>::default();
        let threads = (0..THREADS).map(|thread| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.knock_on(server, thread))
        });
        Ok(Self { threads: threads.collect(), shared })
    }

    /// Connections closed without a byte so far.
    ///
    /// # Errors
    /// Where one was answered or failed: then this is not what is to be measured.
    pub(crate) fn refused(&self) -> anyhow::Result<u64> {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (answered, failed) = (of(&self.shared.answered), of(&self.shared.failed));
        if answered + failed > 0 {
            bail!("of the flood's connections {answered} were answered and {failed} failed");
        }
        Ok(of(&self.shared.refused))
    }
}

impl Shared {
    fn knock_on(&self, server: SocketAddr, thread: u8) {
        for number in (0..ADDRESSES).cycle() {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let count = match knock(server, address(thread, number)) {
                Ok(true) => &self.refused,
                Ok(false) => &self.answered,
                Err(_) => &self.failed,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that has panicked has been heard of.
            let _ = thread.join();
        }
    }
}

/// Whether it is refused: the connection ends without a byte.
fn knock(server: SocketAddr, from: Ipv4Addr) -> anyhow::Result<bool> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from.into(), 0).into())?;
    socket.connect(&server.into()).context("the server takes no connection")?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")?;
    let mut answer = [0; 4096];
    match stream.read(&mut answer) {
        Ok(0) => Ok(true),
        Ok(_) => {
            while stream.read(&mut answer)? > 0 {}
            Ok(false)
        }
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn address(thread: u8, number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 1, thread, number)
}

const THREADS: u8 = 64;
const ADDRESSES: u8 = 30;
const PATIENCE: Duration = Duration::from_secs(10);
