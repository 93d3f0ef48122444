//! A TCP forwarder between clients and a daemon that writes down every byte of both directions.
//!
//! **In** connections of clients. **Out** the same to the daemon, from an address of the test's choice; what crossed.
//! It can cut all connections, and hold requests back. **Never** a byte changed.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::exchange;

/// What crossed on one connection.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// From the client.
    pub request: Vec<u8>,
    /// From the daemon, up to now.
    pub response: Vec<u8>,
}

impl Exchange {
    /// Whether the request is a `GET` of exactly this path.
    pub fn is_get_of(&self, path: &str) -> bool {
        self.request.starts_with(format!("GET {path} HTTP/").as_bytes())
    }
}

/// A forwarder. Dropping it closes all that it holds.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    to: Mutex<SocketAddr>,
    from: IpAddr,
    /// What the daemon hears before anything else on each connection.
    greeting: Vec<u8>,
    holding: Mutex<Holding>,
    released: Condvar,
    over: AtomicBool,
    crossed: Mutex<Vec<Crossing>>,
    /// Connections without a byte so far.
    silent: Mutex<Vec<Arc<TcpStream>>>,
}

/// What becomes of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holding {
    Not,
    /// They are written down, and their connections close.
    Dropping,
    /// They are written down, and go on when they are let.
    Waiting,
}

#[derive(Debug, Default)]
struct Crossing {
    exchange: Exchange,
    sockets: Vec<TcpStream>,
}

impl Recorder {
    /// Forwards to `to`, where connections seem to come from 127.0.0.`from`.
    ///
    /// # Panics
    /// Where there is no port.
    pub fn new(to: SocketAddr, from: u8) -> Self {
        Self::between(Ipv4Addr::LOCALHOST.into(), to, Ipv4Addr::new(127, 0, 0, from).into())
    }

    /// The same, where it says this first on every connection, as a front with a PROXY header does.
    ///
    /// # Panics
    /// Where there is no port.
    pub fn greeting(to: SocketAddr, from: u8, greeting: &[u8]) -> Self {
        let from = Ipv4Addr::new(127, 0, 0, from).into();
        Self::start(Ipv4Addr::LOCALHOST.into(), to, from, greeting.to_vec())
    }

    /// Listens on a port of `at` and forwards to `to`, where connections seem to come from `from`.
    ///
    /// # Panics
    /// Where there is no port.
    pub fn between(at: IpAddr, to: SocketAddr, from: IpAddr) -> Self {
        Self::start(at, to, from, Vec::new())
    }

    fn start(at: IpAddr, to: SocketAddr, from: IpAddr, greeting: Vec<u8>) -> Self {
        let listener = TcpListener::bind(SocketAddr::new(at, 0)).expect("a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            to: Mutex::new(to),
            from,
            greeting,
            holding: Mutex::new(Holding::Not),
            released: Condvar::new(),
            over: AtomicBool::new(false),
            crossed: Mutex::default(),
            silent: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if accepting.over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.carry(&Arc::new(stream)));
            }
        });
        Self { address, shared }
    }

    /// The link, leading through here.
    ///
    /// # Panics
    /// Where it is none.
    pub fn link(&self, link: &str) -> String {
        readdress(link, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on leads there.
    pub fn lead_to(&self, to: SocketAddr) {
        *self.shared.to.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// From now on requests are written down and not passed on: their connections close.
    pub fn hold_back(&self) {
        self.shared.hold(Holding::Dropping);
    }

    /// From now on requests are written down and wait here, until they are passed on.
    pub fn keep_waiting(&self) {
        self.shared.hold(Holding::Waiting);
    }

    /// From now on requests are passed on again, those that waited too.
    pub fn pass_on(&self) {
        self.shared.hold(Holding::Not);
    }

    /// All that crossed, in the order in which requests began: connections without a byte are none.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.crossed().iter().map(|crossing| crossing.exchange.clone()).collect()
    }

    /// Cuts every connection that is open.
    pub fn cut(&self) {
        for socket in self.shared.silent().iter() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        for crossing in self.shared.crossed().iter_mut() {
            for socket in crossing.sockets.drain(..) {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.shared.hold(Holding::Dropping);
        self.cut();
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn crossed(&self) -> MutexGuard<'_, Vec<Crossing>> {
        self.crossed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn silent(&self) -> MutexGuard<'_, Vec<Arc<TcpStream>>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, client: &Arc<TcpStream>) {
        // Clients connect ahead of need. What becomes of a connection is decided when its request begins.
        self.silent().push(Arc::clone(client));
        let began = client.peek(&mut [0]);
        self.silent().retain(|silent| !Arc::ptr_eq(silent, client));
        if !matches!(began, Ok(1)) {
            return;
        }
        let client: &TcpStream = client;
        let index = {
            let mut crossed = self.crossed();
            crossed.push(Crossing::default());
            crossed.len() - 1
        };
        let mut head = Vec::new();
        if self.holding() != Holding::Not {
            head = self.head(client, index);
            if !self.may_go_on() {
                return;
            }
        }
        let to = *self.to.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nobody listens, the client sees its connection close.
        let Ok(mut server) = exchange::connect(to, self.from) else { return };
        let _ = server.write_all(&self.greeting).and_then(|()| server.write_all(&head));
        let sockets = [client, &server].map(|socket| socket.try_clone().expect("a descriptor"));
        if let Some(crossing) = self.crossed().get_mut(index) {
            crossing.sockets.extend(sockets);
        }
        thread::scope(|scope| {
            scope.spawn(|| pass(client, &server, |bytes| self.note(index, |to| &mut to.request, bytes)));
            pass(&server, client, |bytes| self.note(index, |to| &mut to.response, bytes));
        });
        if let Some(crossing) = self.crossed().get_mut(index) {
            crossing.sockets.clear();
        }
    }

    /// One request's head, written down.
    fn head(&self, mut client: &TcpStream, index: usize) -> Vec<u8> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && matches!(client.read(&mut byte), Ok(1)) {
            head.extend_from_slice(&byte);
        }
        self.note(index, |to| &mut to.request, &head);
        head
    }

    fn hold(&self, holding: Holding) {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner) = holding;
        self.released.notify_all();
    }

    fn holding(&self) -> Holding {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until requests no longer wait; whether they are passed on then.
    fn may_go_on(&self) -> bool {
        let mut holding = self.holding.lock().unwrap_or_else(PoisonError::into_inner);
        while *holding == Holding::Waiting {
            holding = self.released.wait(holding).unwrap_or_else(PoisonError::into_inner);
        }
        *holding == Holding::Not
    }

    fn note(&self, index: usize, side: impl Fn(&mut Exchange) -> &mut Vec<u8>, bytes: &[u8]) {
        if let Some(crossing) = self.crossed().get_mut(index) {
            side(&mut crossing.exchange).extend_from_slice(bytes);
        }
    }
}

/// Carries bytes one way to their end.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut note: impl FnMut(&[u8])) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        let bytes = chunk.get(..read).unwrap_or_default();
        note(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // A closed side closes the other: nobody in this protocol keeps half of a connection.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// The link with another address in it.
///
/// # Panics
/// Where it is no link.
pub fn readdress(link: &str, address: SocketAddr) -> String {
    let rest = link.strip_prefix("chatter://").expect("a link");
    let (_, path) = rest.split_once('/').expect("a link has a path");
    format!("chatter://{address}/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_can_be_led_elsewhere() {
        let link = "chatter://127.0.0.1:1/room#chatter1x.room1y";
        let address = "127.0.0.1:77".parse().expect("an address");
        assert_eq!(readdress(link, address), "chatter://127.0.0.1:77/room#chatter1x.room1y");
    }
}
