//! Bans with the real fail2ban, ufw, nftables and iptables, against hosts with addresses of their own.
//!
//! ```text
//! attacker 10.99.1.2, fd99:1::2 ──┐
//!                                 ├── server 10.99.1.1, 10.99.2.1 ─ ─ (container 10.99.3.2)
//! member   10.99.2.2 ─────────────┘
//! ```

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::namespaces::{Host, must, run, with_own_mounts};
use chatter_tests::process::{Process, until};

const ATTACKER: &str = "10.99.1.2";
const KNOCKS: usize = 30;
const PORT: u16 = 8000;
const SETTINGS: &str = "public-host = '10.99.2.1'\n[ban]\nexempt = []\n[purge]\nevery-packets = 1000\n";

#[test]
#[ignore = "needs root, fail2ban and nftables; `.ci/run peers` runs it"]
fn fail2ban_acts_on_the_report() {
    fail2ban_cuts_off(&Town::new(), "chatterd-report", |home| {
        format!("[chatterd-report]\nenabled = true\nlogpath = {}\n", home.report().display())
    });
}

#[test]
#[ignore = "needs root, fail2ban and nftables; `.ci/run peers` runs it"]
fn fail2ban_acts_on_the_log() {
    // As in a container without a journal: the log is what the daemon says on stderr.
    fail2ban_cuts_off(&Town::new(), "chatterd", |home| {
        let log = home.path("stderr.log");
        format!("[chatterd]\nenabled = true\nbackend = polling\nlogpath = {}\n", log.display())
    });
}

#[test]
#[ignore = "needs root, fail2ban and nftables; `.ci/run peers` runs it"]
fn the_seeds_own_filter_acts_on_our_report() {
    let town = Town::new();
    let home = Home::new();
    let jail = format!(
        "[seed]\nenabled = true\nbackend = polling\nfilter = seed\nbanaction = chatterd-nftables\nport = {PORT}\n\
         maxretry = 1\nfindtime = 1\nbantime = 600\nlogpath = {}\n",
        home.report().display()
    );
    let fail2ban = |home: &Home| {
        let seed = "[Definition]\nfailregex = ^<HOST>\\s+->\\s+\\d+x packets$\ndatepattern = ^\n";
        town.server.within(|| Fail2ban::start(home, &jail, &[("filter.d/seed.conf", seed)]))
    };
    let daemon = town.daemon(&home);
    let (mut anna, ben) = town.members(&daemon);
    let fail2ban = fail2ban(&home);
    town.knock_often(&daemon);
    town.is_cut_off(&daemon, || ());
    assert!(fail2ban.client(&["status", "seed"]).contains(ATTACKER));
    anna.tell("still here", &[&ben]);
}

/// Thirty knocks, IPv4 and IPv6, a rule, a member who chats on, and freedom.
fn fail2ban_cuts_off(town: &Town, jail: &str, settings: impl Fn(&Home) -> String) {
    let home = Home::new();
    std::fs::write(home.path("stderr.log"), "").expect("room");
    let daemon = town.daemon(&home);
    let (mut anna, ben) = town.members(&daemon);
    let jail_settings = settings(&home);
    let fail2ban = town.server.within(|| Fail2ban::start(&home, &jail_settings, &[]));
    assert!(town.knocks(ATTACKED), "at first it is answered");
    town.knock_often(&daemon);
    let logged = || std::fs::write(home.path("stderr.log"), daemon.log() + "\n").expect("room");
    town.is_cut_off(&daemon, logged);
    anna.tell("we are not cut off", &[&ben]);
    let table = format!("f2b-{jail}-v4");
    let rules = town.server.must("nft", &["list", "table", "inet", &table]);
    assert!(rules.contains(ATTACKER) && rules.contains("drop") && !rules.contains("10.99.2.2"), "{rules}");
    assert!(fail2ban.client(&["status", jail]).contains(ATTACKER));

    // One network of 64 bits is one attacker, whichever of its addresses it takes.
    for last in 2..2 + KNOCKS {
        let from = format!("fd99:1::{last:x}");
        town.attacker
            .must("ip", &["-6", "address", "replace", &format!("{from}/64"), "dev", &town.cable, "nodad"]);
        town.attacker.within(|| knock(ATTACKED_V6, Some(&from)));
    }
    until("the network is cut off", || {
        logged();
        town.attacker.within(|| !knock(ATTACKED_V6, Some("fd99:1::2"))).then_some(())
    });
    let rules = town.server.must("nft", &["list", "table", "inet", &format!("f2b-{jail}-v6")]);
    assert!(rules.contains("fd99:1::/64"), "{rules}");

    // Lifted at both, it is a stranger like any other.
    let operator = daemon.operator();
    assert_eq!(operator.banned(), [ATTACKER, "fd99:1::/64"]);
    operator.ask(&["bans", "lift", ATTACKER]);
    assert_eq!(fail2ban.client(&["set", jail, "unbanip", ATTACKER]).trim(), "1");
    assert!(town.knocks(ATTACKED), "lifted, it is answered");
    assert_eq!(operator.known(ATTACKER).expect("known")["knocks"], 1);
    assert!(!town.attacker.within(|| knock(ATTACKED_V6, Some("fd99:1::2"))), "the other one is not lifted");
    anna.tell("all the while", &[&ben]);
}

#[test]
#[ignore = "needs root, fail2ban and iptables; `.ci/run peers` runs it"]
fn fail2ban_guards_a_published_port_by_way_of_docker_user() {
    let town = Town::new();
    let container = Host::new();
    town.server.join(&["10.99.3.1/24"], &container, &["10.99.3.2/24"]);
    container.must("ip", &["route", "add", "default", "via", "10.99.3.1"]);
    // What Docker does for `-p 80:8000`.
    town.server.must("sysctl", &["-qw", "net.ipv4.ip_forward=1"]);
    for rule in [
        "-N DOCKER-USER",
        "-I FORWARD -j DOCKER-USER",
        "-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.99.3.2:8000",
    ] {
        town.server.must("iptables", &rule.split(' ').collect::<Vec<_>>());
    }
    let home = Home::new();
    let settings = SETTINGS.replace("10.99.2.1", "10.99.2.1:80");
    let daemon = container.within(|| home.lasting_on("0.0.0.0:8000", &settings));
    let (mut anna, ben) = town.members(&daemon);
    let jail = format!(
        "[chatterd-report]\nenabled = true\nbanaction = chatterd-docker\nport = 80\nlogpath = {}\n",
        home.report().display()
    );
    let fail2ban = town.server.within(|| Fail2ban::start(&home, &jail, &[]));
    let published = "10.99.1.1:80";
    (0..KNOCKS).for_each(|_| assert!(town.knocks(published)));
    assert_eq!(daemon.operator().banned(), [ATTACKER], "the container sees who knocks");
    until("the attacker is cut off", || (!town.knocks(published)).then_some(()));
    anna.tell("we are not cut off", &[&ben]);
    let rules = town.server.must("iptables", &["-S"]);
    assert!(rules.contains("-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 80"), "{rules}");
    daemon.operator().ask(&["bans", "lift", ATTACKER]);
    fail2ban.client(&["set", "chatterd-report", "unbanip", ATTACKER]);
    assert!(town.knocks(published), "lifted, it is answered");
    fail2ban.client(&["stop"]);
    until("nothing is left of the jail", || {
        (!town.server.must("iptables", &["-S"]).contains("f2b-")).then_some(())
    });
}

#[test]
#[ignore = "needs root, nftables and iptables; `.ci/run peers` runs it"]
fn exported_rules_cut_off_and_let_go() {
    for (format, apply) in [("nftables", "nft -f -"), ("iptables", "sh -e -s")] {
        let town = Town::new();
        let home = Home::new();
        let daemon = town.daemon(&home);
        let (mut anna, ben) = town.members(&daemon);
        let operator = daemon.operator();
        let _other = town.server.within(|| TcpListener::bind("0.0.0.0:9000").expect("a free port"));
        let connects = |town: &Town| {
            let other = "10.99.1.1:9000".parse().expect("an address and a port");
            town.attacker.within(|| TcpStream::connect_timeout(&other, DROPPED_AFTER).is_ok())
        };
        let apply = || {
            let exported = operator.run(&["bans", "export", "--format", format]);
            assert_eq!(exported.code, Some(0), "{exported:?}");
            let file = home.path("exported");
            std::fs::write(&file, exported.stdout + "\n").expect("room");
            town.server.must("sh", &["-ec", &format!("{apply} < {}", file.display())]);
        };
        apply();
        assert!(town.knocks(ATTACKED), "nobody is banned: {format}");
        for address in [ATTACKER, "fd99:1::7", "203.0.113.77"] {
            operator.ask(&["bans", "add", address]);
        }
        // Twice is as good as once.
        apply();
        apply();
        assert!(!town.knocks(ATTACKED), "{format}");
        assert!(!town.attacker.within(|| knock(ATTACKED_V6, None)), "{format}");
        assert!(!connects(&town), "the whole machine is closed: {format}");
        anna.tell("we are not cut off", &[&ben]);
        operator.ask(&["bans", "lift", ATTACKER]);
        apply();
        assert!(town.knocks(ATTACKED) && connects(&town), "{format} lets go");
        assert!(!town.attacker.within(|| knock(ATTACKED_V6, None)), "the other one is not lifted: {format}");
    }
}

#[test]
#[ignore = "needs root and ufw; `.ci/run peers` runs it"]
fn exported_ufw_commands_cut_off() {
    let town = Town::new();
    let home = Home::new();
    let daemon = town.daemon(&home);
    let (mut anna, ben) = town.members(&daemon);
    // Its rules lie in files, of which this one gets its own.
    let etc = home.path("ufw");
    must("cp", &["-r", "/etc/ufw", etc.to_str().expect("plain letters")]);
    let ufw = |script: &str| {
        town.server.within(|| {
            with_own_mounts(|| {
                must("mount", &["--bind", etc.to_str().expect("plain letters"), "/etc/ufw"]);
                must("sh", &["-ec", script])
            })
        })
    };
    ufw("ufw allow 8000/tcp; ufw --force enable");
    assert!(town.knocks(ATTACKED), "ufw lets strangers to the port");
    for address in [ATTACKER, "fd99:1::7"] {
        daemon.operator().ask(&["bans", "add", address]);
    }
    let exported = daemon.operator().run(&["bans", "export", "--format", "ufw", "--port", "8000"]).stdout;
    ufw(&exported);
    ufw(&exported);
    let status = ufw("ufw status");
    assert_eq!(status.matches(ATTACKER).count(), 1, "{status}");
    assert!(!town.knocks(ATTACKED) && !town.attacker.within(|| knock(ATTACKED_V6, None)), "{status}");
    anna.tell("we are not cut off", &[&ben]);
    ufw(&format!("ufw delete deny from {ATTACKER} to any port 8000 proto tcp"));
    assert!(town.knocks(ATTACKED), "lifted, it is answered");
}

const ATTACKED: &str = "10.99.1.1:8000";
const ATTACKED_V6: &str = "[fd99:1::1]:8000";

/// A server and two hosts that reach it.
struct Town {
    server: Host,
    attacker: Host,
    member: Host,
    /// The attacker's end of its cable.
    cable: String,
}

impl Town {
    fn new() -> Self {
        let [server, attacker, member] = [(); 3].map(|()| Host::new());
        server.join(&["10.99.1.1/24", "fd99:1::1/64"], &attacker, &["10.99.1.2/24", "fd99:1::2/64"]);
        server.join(&["10.99.2.1/24"], &member, &["10.99.2.2/24"]);
        let route = attacker.must("ip", &["-o", "-4", "address", "show", "to", "10.99.1.0/24"]);
        let cable = route.split_whitespace().nth(1).expect("the end's name").to_owned();
        Self { server, attacker, member, cable }
    }

    fn daemon(&self, home: &Home) -> Daemon {
        self.server.within(|| home.lasting_on(&format!("[::]:{PORT}"), SETTINGS))
    }

    /// Two who talk, both on the member's host.
    fn members(&self, daemon: &Daemon) -> (Client, Client) {
        let link = daemon.access_link();
        self.member.within(|| {
            let (anna, room) = Client::new_room(&link, "", "anna");
            let ben = Client::join(&room, "ben", &[&anna]);
            (anna, ben)
        })
    }

    /// Whether a knock of the attacker at this address is answered.
    fn knocks(&self, at: &str) -> bool {
        self.attacker.within(|| knock(at, None))
    }

    fn knock_often(&self, daemon: &Daemon) {
        let before =
            daemon.operator().known(ATTACKER).map_or(0, |known| known["knocks"].as_u64().unwrap_or(0));
        for _ in before..KNOCKS as u64 {
            self.knocks(ATTACKED);
        }
        assert_eq!(daemon.operator().banned(), [ATTACKER]);
    }

    fn is_cut_off(&self, daemon: &Daemon, mut meanwhile: impl FnMut()) {
        until("the attacker is cut off", || {
            meanwhile();
            (!self.knocks(ATTACKED)).then_some(())
        });
        assert_eq!(daemon.operator().banned(), [ATTACKER]);
    }
}

/// Whether a request is answered; a packet filter that drops lets one wait.
fn knock(at: &str, from: Option<&str>) -> bool {
    let at: SocketAddr = at.parse().expect("an address and a port");
    let socket = socket2::Socket::new(socket2::Domain::for_address(at), socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    if let Some(from) = from {
        let from = SocketAddr::new(from.parse().expect("an address"), 0);
        socket.bind(&from.into()).expect("the address is the host's");
    }
    if socket.connect_timeout(&at.into(), DROPPED_AFTER).is_err() {
        return false;
    }
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DROPPED_AFTER)).expect("a timeout can be set");
    let mut answer = Vec::new();
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let _ = stream.read_to_end(&mut answer);
    answer.starts_with(b"HTTP/1.0 200 OK\r\n")
}

/// Longer than any answer over a cable takes; a slow one is asked for again by whoever waits for it.
const DROPPED_AFTER: Duration = Duration::from_secs(2);

/// A fail2ban with this repository's files and a jail.
struct Fail2ban {
    /// By which its programs find it.
    options: Vec<String>,
    _server: Process,
}

impl Fail2ban {
    /// Starts one in the host that this is called in; `files` are added to its configuration.
    fn start(home: &Home, jail: &str, files: &[(&str, &str)]) -> Self {
        let folder = home.path("fail2ban");
        let path = |name: &str| folder.join(name).to_str().expect("plain letters").to_owned();
        std::fs::create_dir(&folder).expect("room");
        must("cp", &["-r", "/etc/fail2ban", &path("etc")]);
        must("sh", &["-ec", &format!("rm -f {}/jail.d/*", path("etc"))]);
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fail2ban");
        for kind in ["filter.d", "action.d", "jail.d"] {
            let from = format!("{}/.", ours.join(kind).display());
            must("cp", &["-r", &from, &path(&format!("etc/{kind}"))]);
        }
        let places =
            ["logtarget", "socket", "pidfile", "dbfile"].map(|key| format!("{key} = {}\n", path(key)));
        let local = format!("[Definition]\n{}", places.concat());
        let own = [("fail2ban.local", local.as_str()), ("jail.local", jail)];
        for (name, text) in own.iter().chain(files) {
            std::fs::write(folder.join("etc").join(name), text).expect("room");
        }
        let options = [("-c", "etc"), ("-s", "socket"), ("-p", "pidfile")];
        let options: Vec<_> =
            options.iter().flat_map(|(flag, name)| [(*flag).to_owned(), path(name)]).collect();
        let mut command = Command::new("fail2ban-server");
        command.args(&options).args(["-x", "-f", "start"]);
        let server = Process::start("fail2ban-server", command);
        server.wait("is ready", |lines| lines.iter().any(|line| line.contains("Server ready")).then_some(()));
        Self { options, _server: server }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let options = self.options.iter().map(String::as_str);
        run("fail2ban-client", &options.chain(arguments.iter().copied()).collect::<Vec<_>>())
    }

    /// What its client prints.
    #[track_caller]
    fn client(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
