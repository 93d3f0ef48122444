//! The daemon published by `chatterctl onion`: by one command, for readers alone, from another host, by a tor that forgets.
//!
//! host5 and host6 are for these tests alone: the second one is stopped.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::process::{Ended, Process};
use chatter_tests::programs;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::world::World;

/// A daemon with an entrance for one of the hosts, and what there is to publish it with.
struct Service {
    home: Home,
    daemon: Daemon,
    host: &'static str,
    key_dir: PathBuf,
}

/// One operator at a time changes what a tor serves.
fn alone() -> MutexGuard<'static, ()> {
    static HANDS: Mutex<()> = Mutex::new(());
    HANDS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    fn new(world: &World, host: &'static str, more: &str) -> Self {
        let home = Home::new();
        // Of the report's place, too: who looks at it needs no rights.
        std::fs::set_permissions(home.path(""), PermissionsExt::from_mode(0o755)).expect("our own folder");
        let daemon = home.lasting_by(&format!(
            "[ban]\nafter = 30\nexempt = []\n[purge]\nevery-packets = 100000\n[[listen]]\ntcp = '127.0.0.1:0'\n\
             [[tor]]\nunix = '{}'\nmode = 0o600\ncontrol = '{}'\ncookie-file = '{}'\n{more}",
            home.path("tor.sock").display(),
            world.control(host),
            world.directory(host).join("control_auth_cookie").display()
        ));
        // Where tor has its own files: one that a test forgets to withdraw is still whole for the next.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let key_dir = world.directory(host).join(format!("onion-{}-{number}", std::process::id()));
        Self { home, daemon, host, key_dir }
    }

    fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::path("chatterctl"));
        command.arg("--socket").arg(&self.daemon.socket).arg("onion").args(arguments);
        command.args(["--control", &world.control(self.host).to_string()]);
        command.arg("--key-dir").arg(&self.key_dir);
        command
    }

    fn run(&self, world: &World, arguments: &[&str]) -> Ended {
        let mut running = Process::start("chatterctl onion", self.command(world, arguments));
        running.ended_within(Duration::from_secs(200))
    }

    fn ask(&self, world: &World, arguments: &[&str]) -> Value {
        let ended = self.run(world, &[arguments, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "chatterctl onion {arguments:?}: {ended:?}");
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} in {ended:?}"))
    }

    /// Publishes, and gives the name and the link.
    fn publish(&self, world: &World, more: &[&str]) -> (String, String) {
        let said = self.ask(world, &[&["publish"], more].concat());
        let text = |name: &str| said[name].as_str().unwrap_or_else(|| panic!("{name} in {said}")).to_owned();
        (text("onion"), text("access_link"))
    }
}

/// What the service's descriptor says to a client that has visited it.
fn descriptor(world: &World, client: &str, onion: &str) -> String {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tor/descriptor.py"));
    command
        .arg(world.control(client).port().to_string())
        .arg(world.directory(client).join("control_auth_cookie"));
    let output = command.arg(onion.trim_end_matches(".onion")).output().expect("Python 3 is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits for what takes a network its time: a quiet one tells some things late.
fn eventually<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not come to this within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The first page of an onion service, as this SOCKS user gets it: each of them has circuits of his own.
fn page(world: &World, client: &str, user: &str, onion: &str) -> io::Result<Vec<u8>> {
    let mut stream = dial(world, client, user, onion)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")?;
    let mut page = Vec::new();
    stream.read_to_end(&mut page)?;
    Ok(page)
}

/// A stream to it on this user's circuit.
fn dial(world: &World, client: &str, user: &str, onion: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(world.socks(client))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(&[5, 1, 2])?;
    let mut two = [0; 2];
    stream.read_exact(&mut two)?;
    let length = |text: &str| u8::try_from(text.len()).expect("a short one");
    stream.write_all(&[&[1, length(user)], user.as_bytes(), &[1, b'x']].concat())?;
    stream.read_exact(&mut two)?;
    let port = 80u16.to_be_bytes();
    stream.write_all(&[&[5, 1, 0, 3, length(onion)], onion.as_bytes(), &port[..]].concat())?;
    let mut reply = [0; 10];
    stream.read_exact(&mut reply)?;
    if reply[1] != 0 {
        return Err(io::Error::other(format!("SOCKS says {}", reply[1])));
    }
    Ok(stream)
}

/// Until a client finds it.
fn found(world: &World, client: &str, user: &str, onion: &str) {
    eventually(&format!("{onion} is found"), || {
        page(world, client, user, onion)
            .ok()
            .filter(|page| page.starts_with(b"HTTP/1.0 200 OK\r\n"))
            .map(drop)
    });
}

/// Until no client finds it who has not been there before.
fn lost(world: &World, client: &str, onion: &str) {
    eventually(&format!("{onion} is found no more"), || {
        world.ask(client, "SIGNAL NEWNYM");
        page(world, client, "later", onion).err().map(drop)
    });
}

fn talk(world: &World, link: &str) -> (Client, Client) {
    let [annas, bens] = ["client1", "client2"].map(|client| world.proxy(client));
    let anna = Client::by("anna", &["new", link, "--nick", "anna", "--json", "--proxy", &annas]);
    let room = anna.wait("makes its room", |event| event["event"] == "room");
    let room = room["link"].as_str().expect("a room has a link").to_owned();
    let ben = Client::join_with(&room, "ben", &["--proxy", &bens]);
    ben.met("anna");
    anna.met("ben");
    (anna, ben)
}

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn one_command_publishes_it_and_an_abuser_goes_alone() {
    let (world, _alone) = (World::here(), alone());
    let service = Service::new(&world, "host5", "close-circuits = true\n");
    let socks = world.socks("client1").to_string();
    let (onion, link) = service.publish(&world, &["--pow", "--socks", &socks]);
    assert!(link.starts_with(&format!("chatter://{onion}")), "{link}");
    let status = service.ask(&world, &["status"]);
    assert_eq!((&status["published"], &status["onion"]), (&true.into(), &onion.clone().into()));
    assert_eq!((&status["exports_circuits"], &status["proof_of_work"]), (&true.into(), &true.into()));
    let said = descriptor(&world, "client1", &onion);
    assert!(said.lines().any(|line| line.starts_with("pow-params v1 ")), "{said}");
    let (mut anna, ben) = talk(&world, &link);
    anna.tell("through six relays", &[&ben]);
    let sessions = service.daemon.operator().list("sessions", "sessions");
    let by: Vec<_> = sessions.iter().filter_map(|session| session["circuit"].as_str()).collect();
    assert!(by.len() == 2 && by[0] != by[1], "each comes by a circuit of its own: {sessions:?}");
    assert!(sessions.iter().all(|session| session["address"] == ""), "{sessions:?}");

    // He knocks until he is cut off, which is at his thirtieth knock; the circuit that follows is a new one.
    let served = page(&world, "client2", "abuser", &onion).expect("it answers");
    assert!(served.starts_with(b"HTTP/1.0 200 OK\r\n"));
    let mut idle = dial(&world, "client2", "abuser", &onion).expect("it answers");
    let circuits = || service.daemon.operator().list("bans", "circuits");
    let mut asked = 1;
    eventually("the abuser's circuit is over its budget", || {
        let _ = page(&world, "client2", "abuser", &onion);
        asked += 1;
        (!circuits().is_empty()).then_some(())
    });
    assert!(asked >= 30, "after {asked} knocks it was early");
    let over = circuits();
    let name = over[0]["circuit"].as_str().expect("a name").to_owned();
    eventually("tor has closed it, with all that was open on it", || {
        idle.read(&mut [0; 1]).map_or(true, |read| read == 0).then_some(())
    });
    found(&world, "client2", "abuser", &onion);
    anna.tell("and we talk on", &[&ben]);
    let report = std::fs::read_to_string(service.home.report()).expect("a report");
    assert!(!report.contains("->") && service.daemon.operator().banned().is_empty(), "{report}");
    assert!(!service.daemon.log().contains(" ban "), "fail2ban has nothing to read");
    assert_eq!(service.daemon.operator().run(&["bans", "lift", &name]).code, Some(0));
    let purged = service.daemon.operator().ask(&["purge", "--address", by[1]]);
    assert_eq!(purged["sessions_ended"], 1, "who is a nuisance is ended by what `sessions` calls him");

    // What else this tor serves stays; what is withdrawn is found no more.
    let other = Service::new(&world, "host5", "");
    let (second, _) = other.publish(&world, &[]);
    assert_ne!(second, onion);
    let withdrawn = service.ask(&world, &["withdraw"]);
    assert_eq!((&withdrawn["withdrawn"], &withdrawn["erased"]), (&true.into(), &false.into()));
    lost(&world, "client2", &onion);
    found(&world, "client2", "visitor", &second);
    assert_eq!(service.run(&world, &["status"]).code, Some(1));
    assert_eq!(service.run(&world, &["withdraw"]).code, Some(1));
    // The key is still there: under the same name it comes back.
    assert_eq!(service.publish(&world, &[]).0, onion);
    assert_eq!(service.ask(&world, &["withdraw", "--erase"])["erased"], true);
    assert!(!service.key_dir.exists());
    other.ask(&world, &["withdraw"]);
}

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn readers_with_keys_find_it_and_nobody_else() {
    let (world, _alone) = (World::here(), alone());
    let service = Service::new(&world, "host5", "");
    let (onion, link) = service.publish(&world, &[]);
    found(&world, "client1", "everybody", &onion);
    let address = onion.trim_end_matches(".onion");
    let authorize = |name: &str| {
        let given = service.ask(&world, &["authorize", name]);
        let line = given["auth_private"].as_str().expect("a key");
        let private = line.strip_prefix(&format!("{address}:descriptor:x25519:"));
        base64_of_base32(private.unwrap_or_else(|| panic!("not tor's form: {line}")))
    };
    let annas = authorize("anna");
    assert_eq!(service.ask(&world, &["readers"])["readers"], serde_json::json!(["anna"]));
    assert_eq!(service.run(&world, &["authorize", "anna"]).code, Some(1), "there is one of this name");
    for name in ["", "a/b", "..", "a b"] {
        assert_eq!(service.run(&world, &["authorize", name]).code, Some(2), "{name:?}");
    }
    lost(&world, "client1", &onion);
    world.ask("client1", &format!("ONION_CLIENT_AUTH_ADD {address} x25519:{annas}"));
    found(&world, "client1", "anna", &onion);
    lost(&world, "client2", &onion);

    // Two talk, and one loses his key: nobody finds it by that any more, and who is in stays.
    let bens = authorize("ben");
    world.ask("client2", &format!("ONION_CLIENT_AUTH_ADD {address} x25519:{bens}"));
    found(&world, "client2", "ben", &onion);
    let (mut anna, ben) = talk(&world, &link);
    assert_eq!(service.ask(&world, &["revoke", "ben"])["readers"], 1);
    lost(&world, "client2", &onion);
    anna.tell("ben's circuit lasts", &[&ben]);
    world.ask("client2", &format!("ONION_CLIENT_AUTH_REMOVE {address}"));

    assert_eq!(service.ask(&world, &["revoke", "anna"])["readers"], 0);
    assert_eq!(service.run(&world, &["revoke", "anna"]).code, Some(1));
    found(&world, "client2", "everybody", &onion);
    world.ask("client1", &format!("ONION_CLIENT_AUTH_REMOVE {address}"));
    service.ask(&world, &["withdraw"]);
}

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn another_host_takes_over_and_a_tor_that_forgets_is_told_again() {
    let (world, _alone) = (World::here(), alone());
    let first = Service::new(&world, "host6", "");
    let publishing = || first.command(&world, &["publish", "--stay"]);
    let staying = Process::start("chatterctl onion publish --stay", publishing());
    let link =
        staying.wait("publishes", |lines| lines.iter().find(|line| line.starts_with("chatter://")).cloned());
    let onion = link.trim_start_matches("chatter://").split(['/', ':']).next().expect("a host").to_owned();
    found(&world, "client1", "first", &onion);

    // A reload takes what it was told away from tor, a restart takes everything.
    let times = |words: &str| staying.stderr.all().iter().filter(|line| line.contains(words)).count();
    world.ask("host6", "SIGNAL RELOAD");
    eventually("it is published after a reload", || (times("published anew") == 1).then_some(()));
    world.signal("host6", Signal::SIGKILL);
    eventually("it is gone", || TcpStream::connect(world.control("host6")).err());
    world.start("host6");
    eventually("it is published after a restart", || (times("published anew") == 2).then_some(()));
    found(&world, "client2", "second", &onion);

    // The host is lost; another one has its key, and takes over.
    world.signal("host6", Signal::SIGKILL);
    let second = Service::new(&world, "host5", "");
    assert_eq!(second.run(&world, &["take-over"]).code, Some(1), "there is no key yet");
    copy_key(&first.key_dir, &second.key_dir);
    let said = second.ask(&world, &["take-over"]);
    assert_eq!(said["onion"], onion.as_str());
    world.ask("client2", "SIGNAL NEWNYM");
    found(&world, "client2", "third", &onion);
    // It may serve it already, and still others come.
    assert_eq!(second.ask(&world, &["take-over"])["onion"], onion.as_str());
    second.ask(&world, &["withdraw"]);

    // Told to end, it takes its service with it.
    world.start("host6");
    eventually("it is published once more", || (times("published anew") == 3).then_some(()));
    staying.signal(Signal::SIGTERM);
    let mut staying = staying;
    assert_eq!(staying.ended_within(Duration::from_secs(30)).code, Some(0));
    assert_eq!(first.run(&world, &["status"]).code, Some(1));
}

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn what_stands_in_the_way_is_said() {
    let world = World::here();
    let service = Service::new(&world, "host5", "");
    let ended = |arguments: &[&str]| {
        let mut command = Command::new(programs::path("chatterctl"));
        command.arg("--socket").arg(&service.daemon.socket).arg("onion").args(arguments);
        Process::start("chatterctl onion", command).ended()
    };
    let nobody = service.home.path("nobody.sock");
    let nobody = nobody.to_str().expect("a plain name");
    let ended_without = ended(&["status", "--control", nobody]);
    assert!(
        ended_without.code == Some(3) && ended_without.stderr.contains("ControlSocket"),
        "{ended_without:?}"
    );
    let control = world.control("host5").to_string();
    let cookie = ended(&["status", "--control", &control, "--cookie-file", nobody]);
    assert!(cookie.code == Some(4) && cookie.stderr.contains("debian-tor"), "{cookie:?}");
    let wrong = service.home.path("wrong.cookie");
    std::fs::write(&wrong, [0; 32]).expect("room");
    let wrong =
        ended(&["status", "--control", &control, "--cookie-file", wrong.to_str().expect("a plain name")]);
    assert!(wrong.code == Some(1) && wrong.stderr.contains("another tor's cookie"), "{wrong:?}");
    let torrc = ended(&["publish", "--print-torrc", "--key-dir", "/var/lib/tor/chatterd", "--pow"]);
    let expected = format!(
        "HiddenServiceDir /var/lib/tor/chatterd\nHiddenServicePort 80 unix:\"{}\"\nHiddenServiceExportCircuitID haproxy\n\
         HiddenServicePoWDefensesEnabled 1",
        service.home.path("tor.sock").display()
    );
    assert_eq!((torrc.code, torrc.stdout.trim_end()), (Some(0), expected.as_str()));
    // Tor itself would end where it can't have the folder.
    let nowhere = ended(&["publish", "--control", &control, "--key-dir", "/nonexistent/onion"]);
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("/nonexistent"), "{nowhere:?}");
    let on_disk =
        ended(&["publish", "--ephemeral", "--control", &control, "--key-dir", "/var/lib/chatterd-onion"]);
    assert!(on_disk.code == Some(2) && on_disk.stderr.contains("tmpfs"), "{on_disk:?}");
}

fn copy_key(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("room");
    std::fs::set_permissions(to, PermissionsExt::from_mode(0o700)).expect("our own folder");
    let name = "hs_ed25519_secret_key";
    std::fs::copy(from.join(name), to.join(name)).expect("the key is there");
    std::fs::set_permissions(to.join(name), PermissionsExt::from_mode(0o600)).expect("our own file");
}

/// The control port takes keys in another alphabet than files do.
fn base64_of_base32(text: &str) -> String {
    let decode =
        "import base64,sys; print(base64.b64encode(base64.b32decode(sys.argv[1] + '====')).decode(), end='')";
    let output = Command::new("python3").args(["-c", decode, text]).output().expect("Python 3 is there");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("plain")
}

const PATIENCE: Duration = Duration::from_secs(150);
