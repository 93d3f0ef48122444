//! A server with a door, in this process: the protocol's own, behind the least HTTP that will do.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chatter_proto::relay::{Visit, bye};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::invite::{AccessLink, Address};
use chatter_protocol::replay::Past;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{Output, Server, Settings};
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

/// Runs until the test ends.
pub(crate) struct Door {
    shared: Arc<Mutex<Shared>>,
    link: String,
    wrong_link: String,
}

struct Shared {
    server: Server,
    keeper: Gatekeeper,
    cookie_name: &'static str,
    downs: BTreeMap<LinkId, TcpStream>,
    next_link: u64,
    start: Instant,
}

impl Door {
    /// Opens a door on some port, to rooms of at most `members` members.
    pub(crate) fn open(members: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut entropy = Entropy::new([9; 32]);
        let secret = ServerSecret::generate(&mut entropy);
        let access = AccessSecret::generate(&mut entropy);
        let path = CarrierPath::parse(CARRIER).expect("a path");
        let mut keeper = Gatekeeper::new(secret.key(), path.clone(), Past::FreshKeys, wall());
        keeper.add(String::new(), &access).expect("room for a gate");
        let code = AccessCode {
            server_key: secret.key(),
            secret: access,
            carrier_path: path.clone(),
            preamble_len: 16,
        };
        let cookie_name = code.server_key.cookie_name();
        let address = Address { host: "127.0.0.1".into(), port };
        let wrong = AccessCode { secret: AccessSecret::generate(&mut entropy), ..code.clone() };
        let wrong_link = AccessLink::new(address.clone(), wrong).to_text().to_string();
        let link = AccessLink::new(address, code).to_text().to_string();
        let visits = vec![
            Visit { path: "/".into(), last_modified: String::new() },
            Visit { path: "/notes.txt".into(), last_modified: "Sun, 06 Nov 1994 08:49:37 GMT".into() },
        ];
        let settings = Settings {
            grace: Duration::from_secs(10),
            sessions_max: 100,
            chaff_most: Chaff::Usual,
            relay: RelayLimits { room_members_max: members, session_rooms_max: 4, listed_rooms_max: 8 },
        };
        let server = Server::new(secret, path, visits, settings, entropy);
        let shared = Shared {
            server,
            keeper,
            cookie_name,
            downs: BTreeMap::new(),
            next_link: 0,
            start: Instant::now(),
        };
        let shared = Arc::new(Mutex::new(shared));
        let (accepting, ticking) = (Arc::clone(&shared), Arc::clone(&shared));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, stream) = (Arc::clone(&accepting), stream.expect("a connection"));
                thread::spawn(move || serve(&shared, stream));
            }
        });
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_millis(20));
                let mut shared = lock(&ticking);
                let now = shared.now();
                shared.server.handle_timeout(now);
                shared.pump();
            }
        });
        Self { shared, link, wrong_link }
    }

    /// The way in.
    pub(crate) fn link(&self) -> &str {
        &self.link
    }

    /// The same with a code that is none.
    pub(crate) fn wrong_link(&self) -> &str {
        &self.wrong_link
    }

    /// Ends all sessions as a daemon does that is stopped.
    pub(crate) fn shut(&self) {
        let mut shared = lock(&self.shared);
        let now = shared.now();
        shared.server.end_all(bye::Reason::Shutdown, now);
        shared.pump();
    }

    /// Cuts all that streams downwards.
    pub(crate) fn cut(&self) {
        let shared = lock(&self.shared);
        for stream in shared.downs.values() {
            // Fails where it is cut already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn now(&self) -> Time {
        Time::from_start(self.start.elapsed())
    }

    /// Carries out what the server asks for.
    fn pump(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Write { link, bytes } => {
                    // Fails where the client is gone, which its reader tells.
                    let _ = self.downs.get_mut(&link).map(|stream| stream.write_all(&bytes));
                }
                Output::Close { link } | Output::Exhausted { link } => {
                    let _ = self.downs.get(&link).map(|stream| stream.shutdown(Shutdown::Both));
                }
                Output::Confirmed { .. } | Output::Tags { .. } | Output::Ended { .. } => {}
            }
        }
    }

    /// The link of a download whose cookie opens the door.
    fn enter(&mut self, cookie: &str, stream: &mut TcpStream) -> Option<LinkId> {
        let token = token::from_cookies(self.cookie_name, [cookie.as_bytes()])?;
        let recognised = self.keeper.recognise(&token, wall())?;
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let now = self.now();
        if !self.server.open(link, &recognised, CARRIER_LEN - 16, now) {
            return None;
        }
        stream.write_all(head(CARRIER_LEN).as_bytes()).ok()?;
        stream.write_all(b"Salted__12345678").ok()?;
        self.downs.insert(link, stream.try_clone().expect("a stream"));
        self.pump();
        Some(link)
    }
}

/// Answers one request.
fn serve(shared: &Mutex<Shared>, mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            Ok(_) | Err(_) => return,
        }
    }
    let request = String::from_utf8(request).expect("ASCII");
    let cookie = request.lines().find_map(|line| line.strip_prefix("Cookie: ")).unwrap_or_default();
    if !request.starts_with(&format!("GET {CARRIER} ")) {
        let mut shared = lock(shared);
        let now = shared.now();
        if let Some(token) = token::from_cookies(shared.cookie_name, [cookie.as_bytes()]) {
            shared.server.up(&token, now);
        }
        // Both fail where the client is gone.
        let _ =
            stream.write_all(b"HTTP/1.0 304 Not Modified\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n\r\n");
        shared.pump();
        return;
    }
    let link = lock(shared).enter(cookie, &mut stream);
    let Some(link) = link else {
        let _ = stream.write_all(head(5).as_bytes()).and_then(|()| stream.write_all(b"plain"));
        return;
    };
    // Until the client closes.
    while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
    let mut shared = lock(shared);
    shared.downs.remove(&link);
    let now = shared.now();
    shared.server.link_closed(link, now);
    shared.pump();
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().expect("no thread of the server has panicked")
}

fn head(length: u64) -> String {
    format!(
        "HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n\
         Content-type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn wall() -> WallTime {
    WallTime(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs())
}

const CARRIER: &str = "/backup/home.enc";
const CARRIER_LEN: u64 = 64 << 20;
