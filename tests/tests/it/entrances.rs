//! Ways in of every kind, and whom a request is counted against.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::{Home, command};
use chatter_tests::exchange::{Afterwards, Answer, Ending, connect, converse, exchange};
use chatter_tests::operator::Operator;
use chatter_tests::process::Process;
use chatter_tests::recorder::Recorder;
use nix::sys::signal::Signal;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn a_proxy_header_says_who_knocks() {
    let home = Home::new();
    let daemon = home.ephemeral_by(&format!(
        "[ban]\nexempt = []\n[purge]\nevery-packets = 1000\n{PLAIN}{PROXY_PROTOCOL}\
         [[listen]]\nunix = '{}'\nproxy-protocol = true\n",
        home.path("front.sock").display()
    ));
    let operator = daemon.operator();
    let [plain, front] = daemon.addresses()[..] else {
        panic!("two entrances by TCP: {:?}", daemon.addresses())
    };
    let expected = exchange(plain, 3, REQUEST).without_date();
    assert!(expected.bytes.starts_with(b"HTTP/1.0 200 OK\r\n"), "{expected:?}");

    let v4 = [0x21, 0x11, 0, 15, 203, 0, 113, 9, 10, 0, 0, 1, 1, 2, 0, 80, 4, 0, 0];
    let headers: [&[u8]; 3] = [
        b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n",
        b"PROXY TCP6 ::ffff:203.0.113.9 ::1 4711 80\r\n",
        &[SIGNATURE, &v4].concat(),
    ];
    for header in headers {
        let request = [header, REQUEST].concat();
        assert_eq!(exchange(front, 4, &request).without_date(), expected);
        assert_eq!(over_unix(&home.path("front.sock"), &request), expected.bytes);
        // In however many pieces it comes.
        let mut slow = connect(front, [127, 0, 0, 4].into()).expect("the port is open");
        for byte in header {
            slow.write_all(&[*byte]).expect("the daemon reads");
        }
        assert_eq!(
            converse(slow, REQUEST, Afterwards::Wait(Duration::from_secs(10))).without_date(),
            expected
        );
    }
    assert_eq!(knocks(&operator, "203.0.113.9"), Some(9));
    assert_eq!(knocks(&operator, "127.0.0.4"), None, "the front itself is never counted");

    // The front's own look at us, and somebody without an address: served, and nobody's.
    let before = operator.list("ips", "addresses").len();
    for header in [
        &b"PROXY UNKNOWN\r\n"[..],
        &[SIGNATURE, &[0x20, 0, 0, 0]].concat(),
        &[SIGNATURE, &[0x21, 0, 0, 0]].concat(),
    ] {
        assert_eq!(exchange(front, 4, &[header, REQUEST].concat()).without_date(), expected);
    }
    assert_eq!(operator.list("ips", "addresses").len(), before);

    // Without a header, or with a damaged one, there is nothing to be had there, and nobody to count.
    for nonsense in
        [REQUEST, b"PROXY TCP4 x y 1 2\r\nGET / HTTP/1.0\r\n\r\n", b"\r\n\r\n\0\r\nQUIT\n\x22\x11\0\0"]
    {
        let answer = exchange(front, 4, nonsense);
        assert_eq!(answer.bytes, b"", "{answer:?}");
        assert_ne!(answer.ending, Ending::Open);
        assert_eq!(over_unix(&home.path("front.sock"), nonsense), b"");
    }
    let cut = connect(front, [127, 0, 0, 4].into()).expect("the port is open");
    assert_eq!(converse(cut, b"PROXY TCP4 203.0", Afterwards::HalfClose).bytes, b"");
    assert_eq!(operator.list("ips", "addresses").len(), before);
}

#[test]
fn only_who_is_listed_may_send_proxy_headers() {
    let home = Home::new();
    let daemon = home.ephemeral_by(
        "trusted-proxies = ['10.9.0.0/16']\n[ban]\nexempt = []\n\
         [[listen]]\ntcp = '127.0.0.1:0'\nproxy-protocol = true\nfrom = ['127.0.0.4']\n",
    );
    let request = [b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n", REQUEST].concat();
    assert!(exchange(daemon.address, 4, &request).bytes.starts_with(b"HTTP/1.0 200 OK\r\n"));
    let other = exchange(daemon.address, 5, &request);
    assert_eq!(other.bytes, b"", "{other:?}");
    assert_eq!(knocks(&daemon.operator(), "203.0.113.9"), Some(1));
    assert_eq!(daemon.operator().known("127.0.0.5"), None);
    // Who stands in the header may be a proxy himself, and is believed like one who comes without a header.
    for (proxy, counted) in [("10.9.0.1", "198.51.100.7"), ("10.8.0.1", "10.8.0.1")] {
        let request = format!(
            "PROXY TCP4 {proxy} 10.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"
        );
        exchange(daemon.address, 4, request.as_bytes());
        assert_eq!(knocks(&daemon.operator(), counted), Some(1));
    }
    assert_eq!(knocks(&daemon.operator(), "10.9.0.1"), None);
    let ended = daemon.operator().run(&["bans", "add", "127.0.0.4"]);
    assert!(ended.code != Some(0), "the front must not be banned: {ended:?}");
}

#[test]
fn strangers_behind_a_front_are_banned_and_members_are_not() {
    let home = Home::new();
    let settings = "[ban]\nexempt = []\nrefuse = true\nafter = 5\n[purge]\nevery-packets = 1000\n";
    let daemon = home.ephemeral_by(&format!("{settings}{PROXY_PROTOCOL}"));
    let operator = daemon.operator();
    let from = |address: &str, request: &[u8]| {
        let header = format!("PROXY TCP4 {address} 10.0.0.1 4711 80\r\n");
        exchange(daemon.address, 4, &[header.as_bytes(), request].concat()).without_date()
    };
    let served = from("203.0.113.7", REQUEST);
    for _ in 0..5 {
        assert_eq!(from("203.0.113.9", REQUEST), served);
    }
    assert_eq!(operator.banned(), ["203.0.113.9"]);
    assert_eq!(from("203.0.113.9", REQUEST).bytes, b"", "refused by its own address");
    assert_eq!(from("203.0.113.7", REQUEST), served, "by the same front, another one is served");

    // A member's address is the one in the header as well: it lifts that address's ban, and keeps it.
    let through = |address: &str| {
        let header = format!("PROXY TCP4 {address} 10.0.0.1 4711 80\r\n");
        Recorder::greeting(daemon.address, 4, header.as_bytes())
    };
    let (annas, bens) = (through("203.0.113.9"), through("203.0.113.8"));
    let (mut anna, room) = Client::new_room(&annas.link(&daemon.access_link()), "", "anna");
    let ben = Client::join(&bens.link(&room), "ben", &[&anna]);
    anna.tell("through the front", &[&ben]);
    for member in ["203.0.113.9", "203.0.113.8"] {
        assert_eq!(operator.known(member).expect("a member's address is known")["member"], true);
    }
    assert_eq!(operator.banned(), [""; 0]);
    assert_eq!(operator.known("127.0.0.4"), None);
}

#[test]
fn who_is_no_trusted_proxy_may_forward_for_whom_he_likes() {
    let home = Home::new();
    let settings = "trusted-proxies = ['127.0.0.77', '10.9.0.0/16']\n[ban]\nexempt = []\nrefuse = true\nafter = 5\n\
                    [purge]\nevery-packets = 1000\n";
    let daemon = home.ephemeral(settings);
    let operator = daemon.operator();
    let asked = |from: u8, forwarded: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: h\r\n{forwarded}\r\n");
        exchange(daemon.address, from, request.as_bytes()).without_date()
    };
    let served = asked(3, "");
    // A stranger accuses somebody else: the count is his own.
    for _ in 0..5 {
        assert_eq!(asked(5, "X-Forwarded-For: 203.0.113.9\r\n"), served);
    }
    assert_eq!((operator.known("203.0.113.9"), operator.banned()), (None, vec!["127.0.0.5".to_owned()]));
    assert_eq!(asked(5, "X-Forwarded-For: 203.0.113.10\r\n").bytes, b"", "nor does it help him out");

    // The proxy is believed, what stood there before it came is not.
    for forged in ["", "203.0.113.10, ", "unknown, 127.0.0.1, 10.9.8.7,"] {
        assert_eq!(asked(77, &format!("X-Forwarded-For: {forged}198.51.100.7, 10.9.0.1\r\n")), served);
    }
    assert_eq!(knocks(&operator, "198.51.100.7"), Some(3));
    assert_eq!(operator.known("203.0.113.10"), None);
    for _ in 0..2 {
        asked(77, "X-Forwarded-For: 198.51.100.7\r\n");
    }
    assert_eq!(operator.banned().len(), 2);
    assert_eq!(
        asked(77, "X-Forwarded-For: 198.51.100.7\r\n").bytes,
        b"",
        "refused by the address behind the proxy"
    );
    assert_eq!(asked(77, "X-Forwarded-For: 198.51.100.8\r\n"), served);
    // Where it does not say for whom it asks, nobody is counted, however often.
    (0..40).for_each(|_| assert_eq!(asked(77, ""), served));
    assert_eq!(operator.known("127.0.0.77"), None);
    let ended = operator.run(&["bans", "add", "127.0.0.77"]);
    assert!(ended.code != Some(0), "the front must not be banned: {ended:?}");
}

#[test]
fn a_unix_socket_is_for_its_owner_and_group_and_goes_at_the_end() {
    let home = Home::new();
    let paths = ["own/plain.sock", "own/trusted.sock"].map(|name| home.path(name));
    let [plain, trusted] = &paths;
    let settings = format!(
        "[ban]\nexempt = []\n{PLAIN}[[listen]]\nunix = '{}'\nmode = 0o600\n\
         [[listen]]\nunix = '{}'\ntrusted = true\n",
        plain.display(),
        trusted.display()
    );
    // Left behind, as by a kill.
    std::fs::create_dir(home.path("own")).expect("room");
    drop(std::os::unix::net::UnixListener::bind(plain).expect("room"));
    let mut daemon = home.ephemeral_by(&settings);
    let operator = daemon.operator();
    for (path, mode) in [(plain, 0o600), (trusted, 0o660)] {
        let file = std::fs::metadata(path).expect("the socket is there");
        assert!(file.file_type().is_socket() && file.mode() & 0o777 == mode, "{path:?}: {:o}", file.mode());
    }
    let expected = exchange(daemon.address, 3, REQUEST).without_date().bytes;
    let forwarded = b"GET / HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n";
    assert_eq!(over_unix(plain, REQUEST), expected);
    assert_eq!(over_unix(plain, forwarded), expected);
    assert_eq!(over_unix(trusted, REQUEST), expected);
    assert_eq!(operator.list("ips", "addresses").len(), 1, "of nobody but the one who came by TCP");
    assert_eq!(over_unix(trusted, forwarded), expected);
    assert_eq!(knocks(&operator, "198.51.100.7"), Some(1));
    let listening = operator.ask(&["status"])["listening"].to_string();
    assert!(listening.contains(&format!("unix:{}", plain.display())), "{listening}");

    // A live one is never taken.
    let other = Home::new();
    let file = other.path("second.toml");
    std::fs::write(&file, format!("[[listen]]\nunix = '{}'\n", trusted.display())).expect("room");
    let mut second = command();
    second.arg("--config").arg(&file).arg("--ephemeral").arg("--admin-socket").arg(other.path("admin.sock"));
    let ended = Process::start("a second chatterd", second).ended();
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.stderr.contains("already answers"), "{ended:?}");
    assert_eq!(over_unix(trusted, REQUEST), expected);

    daemon.process.signal(Signal::SIGTERM);
    assert_eq!(daemon.process.ended().code, Some(0));
    assert!(!plain.exists() && !trusted.exists(), "they go with the daemon");
}

#[test]
fn both_families_at_once() {
    let home = Home::new();
    let daemon = home.ephemeral_by("[[listen]]\ntcp = '127.0.0.1:0'\n[[listen]]\ntcp = '[::1]:0'\n");
    let addresses = daemon.addresses();
    let answers: Vec<Answer> = addresses
        .iter()
        .map(|address| {
            let stream = TcpStream::connect(address).expect("it listens there");
            converse(stream, REQUEST, Afterwards::Wait(Duration::from_secs(10))).without_date()
        })
        .collect();
    assert!(matches!(&answers[..], [v4, v6] if v4 == v6), "{answers:?}");
    // Members as well, one by each.
    let link = |address: SocketAddr, link: &str| chatter_tests::recorder::readdress(link, address);
    let (mut anna, room) = Client::new_room(&link(addresses[0], &daemon.access_link()), "", "anna");
    let ben = Client::join(&link(addresses[1], &room), "ben", &[&anna]);
    anna.tell("by four and by six", &[&ben]);
}

fn knocks(operator: &Operator, address: &str) -> Option<u64> {
    operator.known(address)?["knocks"].as_u64()
}

/// All that is answered there.
fn over_unix(path: &Path, request: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).expect("it listens there");
    let _ = stream.write_all(request);
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    let mut bytes = Vec::new();
    // Where it is closed with something unread, what was sent before still comes.
    let _ = stream.read_to_end(&mut bytes);
    Answer { bytes, ending: Ending::Fin }.without_date().bytes
}

const PLAIN: &str = "[[listen]]\ntcp = '127.0.0.1:0'\n";
const PROXY_PROTOCOL: &str = "[[listen]]\ntcp = '127.0.0.1:0'\nproxy-protocol = true\n";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
