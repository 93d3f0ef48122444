//! Clients on a host from which nothing leads out but a SOCKS port: all that they do goes through it, and each session as
//! somebody else.
//!
//! **In** a client's SOCKS port of the network, carried into a network namespace to where Tor usually listens. **Out** whom
//! each connection came as, and counts of all packets beside. **Never** a count that nothing could raise: at the end, a
//! packet of the test's own does.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chatter_tests::client::{self, Client};
use chatter_tests::daemon::Home;
use chatter_tests::namespaces::Host;
use chatter_tests::process::{Process, until};
use serde_json::Value;

use crate::world::World;

#[test]
#[ignore = "needs a private Tor network and network namespaces: `.ci/run tor`"]
fn a_stay_by_an_onion_leaves_nothing_beside_tor() {
    let world = World::here();
    let home = Home::new();
    let daemon = home.lasting("");
    let onion = world.publish("host1", &daemon.address.to_string(), &[]);
    let link = onion.link(&daemon.access_link());
    let sealed = Sealed::new();
    let gate = Gate::new(&sealed.host, world.socks("client1"));
    let enter = |nick: &str, arguments: &[&str]| sealed.host.within(|| Client::by(nick, arguments));

    let mut anna = enter("anna", &["new", &link, "--nick", "anna", "--listed", "tea", "--json"]);
    let room = anna.wait("makes its room", |event| event["event"] == "room");
    anna.entered();
    let said = anna.process.stderr.all().join("\n");
    assert!(said.contains("through Tor (SOCKS 127.0.0.1:9050)"), "{said}");
    let room = room["link"].as_str().expect("a room has a link");
    let mut ben = enter("ben", &["join", room, "--nick", "ben", "--json"]);
    anna.met("ben");
    ben.met("anna");
    anna.tell("through Tor", &[&ben]);
    ben.tell("and back", &[&anna]);
    ben.say("/msg anna for you alone");
    anna.wait("hears it", |event| event["event"] == "private" && event["text"] == "for you alone");
    ben.say("/rooms");
    ben.wait("sees the list", |event| event["event"] == "listed-rooms");
    let path = home.path("minutes.txt");
    fs::write(&path, "it was decided".repeat(5000)).expect("room");
    fs::create_dir(home.path("into")).expect("room");
    anna.say(&format!("/send {} ben", path.display()));
    let offered = ben.wait("is offered a file", |event| event["event"] == "file-offered");
    ben.say(&format!("/accept {} {}", offered["number"], home.path("into").display()));
    let received = ben.wait("has the file", |event| event["event"] == "file-received");
    let received = fs::read(received["path"].as_str().expect("a path")).expect("it is there");
    assert!(received == fs::read(&path).expect("it is there"), "it is what was sent");

    // Two sessions, so two to Tor, however many connections they took; others once all of them are broken, for a circuit
    // may end without a word.
    let users = gate.users();
    assert!(users.len() > 4, "{users:?}");
    assert_eq!(distinct(&users).len(), 2, "{users:?}");
    gate.cut();
    anna.wait("resumes", |event| event["event"] == "resumed");
    ben.wait("resumes", |event| event["event"] == "resumed");
    anna.tell("still here", &[&ben]);

    // The sessions are gone with the daemon: those that come after have nothing to do with them.
    let (address, users) = (daemon.address.to_string(), gate.users());
    drop(daemon);
    let _daemon = home.lasting_on(&address, "");
    for member in [&anna, &ben] {
        member.wait("is back", |event| event["event"] == "rejoined");
    }
    let back = gate.users().len();
    anna.tell("again", &[&ben]);
    ben.tell("and again", &[&anna]);
    let after = gate.users();
    let old = distinct(&users);
    assert!(distinct(&after).len() > old.len(), "{after:?}");
    let later = distinct(after.get(back..).unwrap_or_default());
    assert!(later.len() <= 2 && later.iter().all(|user| !old.contains(user)), "{old:?}: {after:?}");
    assert_eq!([anna.warnings(), ben.warnings()].concat(), [Value::Null; 0]);
    assert_eq!([ben.quit().code, anna.quit().code], [Some(0); 2]);
    sealed.check();
}

#[test]
#[ignore = "needs network namespaces: `.ci/run tor`"]
fn without_tor_an_onion_is_not_looked_for() {
    let daemon = Home::new().ephemeral("");
    let link = daemon.access_link();
    let address = daemon.address.to_string();
    let onion = link.replace(&address, &format!("{NOWHERE}:80"));
    assert_ne!(onion, link);
    let sealed = Sealed::new();
    let check = |arguments: &[&str], variables: &[(&str, &str)], code: i32, words: &str| {
        let mut command = client::command();
        command.args(["rooms", "--json"]).args(arguments).envs(variables.iter().copied());
        let ended = sealed.host.within(|| Process::start("the client", command)).ended();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    };
    check(&[&onion], &[], 4, "no Tor answers on this machine");
    check(&[&onion], &[("http_proxy", "http://192.0.2.1:3128"), ("no_proxy", "*")], 4, "no Tor answers");
    check(&[&onion, "--proxy", "none"], &[], 2, "only Tor leads there");
    check(&[&link, "--tor"], &[], 4, "no Tor answers on this machine");
    check(&[&link, "--tor", "--proxy", "none"], &[], 2, "--proxy none");
    sealed.check();
}

/// A host with a way out and a name service, both watched: nothing is to go there.
struct Sealed {
    host: Host,
    _outside: Host,
    names: Vec<UdpSocket>,
}

impl Sealed {
    fn new() -> Self {
        let (host, outside) = (Host::new(), Host::new());
        host.join(&["192.0.2.2/24"], &outside, &["192.0.2.1/24"]);
        host.must("ip", &["route", "add", "default", "via", "192.0.2.1"]);
        host.must("nft", &[RULES]);
        let bind = |address: &&str| {
            let socket = UdpSocket::bind((*address, 53)).expect("a port");
            socket.set_nonblocking(true).expect("it can be asked");
            socket
        };
        let names = host.within(|| ["127.0.0.1", "192.0.2.2"].iter().map(bind).collect());
        Self { host, _outside: outside, names }
    }

    /// That nothing has come until now, and that something would have been noticed.
    fn check(&self) {
        assert_eq!([self.count("beside"), self.count("names")], [0; 2], "packets beside Tor");
        assert_eq!(self.asked(), 0, "somebody asks for names");
        self.host.within(|| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.send_to(b"a name?", "127.0.0.1:53").expect("it goes out");
            let _ = TcpStream::connect_timeout(
                &SocketAddr::from(([192, 0, 2, 1], 80)),
                Duration::from_millis(20),
            );
        });
        until("the test's own packets are counted", || {
            (self.count("beside") > 0 && self.count("names") > 0 && self.asked() > 0).then_some(())
        });
    }

    fn asked(&self) -> usize {
        self.names.iter().filter(|socket| socket.peek_from(&mut [0; 1]).is_ok()).count()
    }

    /// Packets that a counter of the packet filter has seen.
    fn count(&self, name: &str) -> u64 {
        let text = self.host.must("nft", &["--json", "list", "counter", "inet", "watch", name]);
        let said: Value = serde_json::from_str(&text).expect("JSON");
        let listed = said["nftables"].as_array().expect("a list");
        listed.iter().find_map(|entry| entry["counter"]["packets"].as_u64()).expect("a number of packets")
    }
}

/// Where Tor usually listens, within a host; it leads to a SOCKS port outside.
struct Gate {
    state: Arc<Mutex<Passed>>,
}

#[derive(Default)]
struct Passed {
    users: Vec<String>,
    streams: Vec<TcpStream>,
}

impl Gate {
    fn new(host: &Host, socks: SocketAddr) -> Self {
        let listener = host.within(|| TcpListener::bind("127.0.0.1:9050").expect("nobody else is here"));
        let gate = Self { state: Arc::default() };
        let state = Arc::clone(&gate.state);
        thread::spawn(move || {
            while let Ok((inside, _)) = listener.accept() {
                let state = Arc::clone(&state);
                // Ends where either side does.
                thread::spawn(move || pass(inside, socks, &state));
            }
        });
        gate
    }

    /// As whom each connection came, in order.
    fn users(&self) -> Vec<String> {
        lock(&self.state).users.clone()
    }

    /// Breaks all connections.
    fn cut(&self) {
        let streams = std::mem::take(&mut lock(&self.state).streams);
        streams.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }
}

fn pass(mut inside: TcpStream, socks: SocketAddr, state: &Mutex<Passed>) -> io::Result<()> {
    let mut outside = TcpStream::connect(socks)?;
    // RFC 1928 and 1929: version, one method (a password); then user and password, each with its length before it.
    let mut greeting = [0; 3];
    inside.read_exact(&mut greeting)?;
    assert_eq!(greeting, [5, 1, 2], "whoever comes says who he is");
    outside.write_all(&greeting)?;
    let mut answer = [0; 2];
    outside.read_exact(&mut answer)?;
    inside.write_all(&answer)?;
    let mut head = [0; 2];
    inside.read_exact(&mut head)?;
    let mut user = vec![0; usize::from(head[1]) + 1];
    inside.read_exact(&mut user)?;
    outside.write_all(&[&head[..], &user].concat())?;
    user.pop();
    {
        let mut state = lock(state);
        state.users.push(String::from_utf8_lossy(&user).into_owned());
        state.streams.push(inside.try_clone()?);
    }
    let (mut from, mut to) = (outside.try_clone()?, inside.try_clone()?);
    let back = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut inside, &mut outside);
    let _ = outside.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}

fn lock(state: &Mutex<Passed>) -> std::sync::MutexGuard<'_, Passed> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn distinct(users: &[String]) -> std::collections::BTreeSet<String> {
    users.iter().cloned().collect()
}

/// All that goes out but to the gate and from it is counted; only questions for names arrive.
const RULES: &str = "table inet watch {
    counter names { }
    counter beside { }
    chain output {
        type filter hook output priority 0; policy accept;
        oif lo tcp dport { 9050, 9150 } accept
        oif lo tcp sport { 9050, 9150 } accept
        meta l4proto { tcp, udp } th dport 53 counter name names accept
        icmpv6 type { nd-router-solicit, nd-neighbor-solicit, mld2-listener-report } accept
        counter name beside drop
    }
}";
/// An onion address that nobody in a private network has.
pub(crate) const NOWHERE: &str = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
