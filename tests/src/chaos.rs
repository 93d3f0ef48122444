//! A forwarder between clients and a daemon, like the worst of networks.
//!
//! **In** connections of clients, what weather it is. **Out** the same bytes, late, in crumbs, or cut off in the midst.
//! **Never** a byte changed, left out or given twice: TCP does not do that either.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chatter_protocol::entropy::Entropy;

use crate::exchange;

/// A forwarder. Dropping it closes all that it holds.
#[derive(Debug)]
pub struct Chaos {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    to: Mutex<SocketAddr>,
    /// Connections seem to come from 127.0.0 and this.
    from: AtomicU8,
    stormy: AtomicBool,
    over: AtomicBool,
    entropy: Mutex<Entropy>,
    open: Mutex<Vec<TcpStream>>,
    connections: AtomicUsize,
    killed: AtomicUsize,
}

/// What becomes of one direction of a connection.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// The most that goes on at once.
    crumb: usize,
    /// How late all of it is.
    delay: Duration,
    /// After so many bytes both directions are cut.
    killed_after: Option<u64>,
    /// Once, before this byte, nothing goes on for [`STALL`].
    stalled_at: Option<u64>,
}

impl Chaos {
    /// Forwards to `to`, in good weather at first. The same `seed` draws the same fates.
    ///
    /// # Panics
    /// Where there is no port.
    pub fn new(to: SocketAddr, seed: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            to: Mutex::new(to),
            from: AtomicU8::new(1),
            stormy: AtomicBool::new(false),
            over: AtomicBool::new(false),
            entropy: Mutex::new(Entropy::new([seed; 32])),
            open: Mutex::default(),
            connections: AtomicUsize::new(0),
            killed: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if accepting.over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.carry(&stream));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections fare as chance will have it: of those to come a tenth is killed in the midst, others are late, go
    /// byte by byte, or stop for a while.
    pub fn storm(&self) {
        self.shared.stormy.store(true, Ordering::SeqCst);
    }

    /// From now on they fare well.
    pub fn calm(&self) {
        self.shared.stormy.store(false, Ordering::SeqCst);
    }

    /// From now on leads there.
    pub fn lead_to(&self, to: SocketAddr) {
        *self.shared.to.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// What somebody's move to another network does: his connections end, and new ones come from 127.0.0.`from`.
    pub fn roam(&self, from: u8) {
        self.shared.from.store(from, Ordering::SeqCst);
        self.cut();
    }

    /// Cuts every connection that is open.
    pub fn cut(&self) {
        for socket in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// How many connections there were, and how many of them were killed in the midst.
    pub fn connections(&self) -> (usize, usize) {
        (self.shared.connections.load(Ordering::SeqCst), self.shared.killed.load(Ordering::SeqCst))
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn carry(&self, client: &TcpStream) {
        let to = *self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let from = Ipv4Addr::new(127, 0, 0, self.from.load(Ordering::SeqCst)).into();
        // Where nobody listens, the client sees its connection close.
        let Ok(server) = exchange::connect(to, from) else { return };
        let _ = client.set_nodelay(true);
        self.connections.fetch_add(1, Ordering::SeqCst);
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|socket| socket.peer_addr().is_ok());
            open.extend([client, &server].map(|socket| socket.try_clone().expect("a descriptor")));
        }
        let [up, down] = self.fates();
        thread::scope(|scope| {
            scope.spawn(|| self.pass(client, &server, up));
            self.pass(&server, client, down);
        });
    }

    /// What becomes of both directions of a new connection.
    fn fates(&self) -> [Fate; 2] {
        let fair = Fate { crumb: CHUNK, delay: Duration::ZERO, killed_after: None, stalled_at: None };
        if !self.stormy.load(Ordering::SeqCst) {
            return [fair; 2];
        }
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut up, mut down) = (fair, fair);
        match entropy.below(100) {
            // Within a request, within an answer's head, or somewhere in a download.
            0..5 => up.killed_after = Some(entropy.below(700).into()),
            5..9 => down.killed_after = Some(entropy.below(150).into()),
            9..12 => down.killed_after = Some(entropy.below(50_000).into()),
            12..25 => (up.delay, down.delay) = (DELAY, DELAY),
            25..30 => up.crumb = 1,
            30..35 => down.crumb = 1,
            35..38 => up.stalled_at = Some(entropy.below(3_000).into()),
            38..41 => down.stalled_at = Some(entropy.below(20_000).into()),
            _ => {}
        }
        [up, down]
    }

    /// Carries bytes one way to their end.
    fn pass(&self, mut from: &TcpStream, mut to: &TcpStream, mut fate: Fate) {
        let mut chunk = vec![0; CHUNK];
        let mut passed = 0_u64;
        'connection: while let Ok(read @ 1..) = from.read(&mut chunk) {
            thread::sleep(fate.delay);
            for crumb in chunk.get(..read).unwrap_or_default().chunks(fate.crumb) {
                let after = passed + crumb.len() as u64;
                if fate.stalled_at.take_if(|at| *at < after).is_some() {
                    thread::sleep(STALL);
                }
                let left = fate.killed_after.map(|limit| limit.saturating_sub(passed));
                let goes =
                    crumb.len().min(left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX));
                if to.write_all(crumb.get(..goes).unwrap_or_default()).is_err() {
                    break 'connection;
                }
                if goes < crumb.len() {
                    self.killed.fetch_add(1, Ordering::SeqCst);
                    break 'connection;
                }
                passed = after;
            }
        }
        // A closed side closes the other: nobody in this protocol keeps half of a connection.
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}

const CHUNK: usize = 16 * 1024;
/// Each way.
const DELAY: Duration = Duration::from_millis(300);
const STALL: Duration = Duration::from_secs(2);
