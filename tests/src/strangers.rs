//! Many connections of nobody, held open.
//!
//! **In** where to, how many, what each says. **Out** which of them the server has ended. **Never** a word more than
//! that, or a byte read.

use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

/// Connections in the order in which they came, as far as one thread makes them.
#[derive(Debug, Default)]
pub struct Strangers(Vec<TcpStream>);

impl Strangers {
    /// So many come one after the other.
    ///
    /// # Panics
    /// Where one can't.
    pub fn come(to: SocketAddr, count: usize) -> Self {
        may_hold_many();
        Self((0..count).map(|_| connect(to, FIRST_FROM)).collect())
    }

    /// So many come in a crowd, and each says this.
    ///
    /// # Panics
    /// Where one can't.
    pub fn crowd(to: SocketAddr, count: usize, says: &[u8]) -> Self {
        may_hold_many();
        let each = |from: u8| {
            let share =
                count / usize::from(DOORS) + usize::from(usize::from(from) < count % usize::from(DOORS));
            let one = |_| {
                let mut stream = connect(to, FIRST_FROM + from);
                // Whoever is dismissed while he speaks has been heard enough.
                let _ = stream.write_all(says);
                stream
            };
            (0..share).map(one).collect::<Vec<_>>()
        };
        let streams = thread::scope(|scope| {
            let doors: Vec<_> = (0..DOORS).map(|from| scope.spawn(move || each(from))).collect();
            doors.into_iter().flat_map(|door| door.join().expect("all of them come")).collect()
        });
        Self(streams)
    }

    /// One of them says this.
    ///
    /// # Panics
    /// Where he has been dismissed.
    pub fn say(&mut self, index: usize, bytes: &[u8]) {
        self.0[index].write_all(bytes).expect("he is there");
    }

    /// Those whom the server has not ended.
    pub fn there(&self) -> Vec<usize> {
        let streams = self.0.iter().enumerate();
        streams.filter(|(_, stream)| !has_ended(stream)).map(|(index, _)| index).collect()
    }

    /// Their connections.
    pub fn streams(&self) -> &[TcpStream] {
        &self.0
    }
}

fn connect(to: SocketAddr, from: u8) -> TcpStream {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).expect("descriptors are enough");
    // What they do not read shall wait in the server.
    socket.set_recv_buffer_size(4096).expect("a TCP socket");
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0)).into()).expect("ports are enough");
    socket.connect(&to.into()).unwrap_or_else(|error| panic!("{to}: {error}"));
    socket.set_write_timeout(Some(crate::process::PATIENCE)).expect("a TCP socket");
    socket.into()
}

fn has_ended(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let ended = match stream.peek(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    };
    stream.set_nonblocking(false).expect("a socket");
    ended
}

/// Takes all the descriptors that this process may have.
fn may_hold_many() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the system says");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("up to there it is free");
}

/// Whether the server on this port has read all that came to it.
pub fn all_is_read(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
    let own = format!(":{port:04X}");
    let unread = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let is_own = words.next().is_some_and(|local| local.ends_with(&own));
        let queues = words.nth(2).and_then(|queues| queues.split_once(':'));
        // Of a listening socket this counts those who have not been accepted.
        is_own && queues.is_none_or(|(_, received)| received != "00000000")
    };
    !table.lines().skip(1).any(unread)
}

/// Addresses that they come from, a thread each.
const DOORS: u8 = 8;
/// 127.0.0.… of the first of them.
const FIRST_FROM: u8 = 100;
