//! What a client's memory holds after `/quit`: nothing that was said, and no key.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::Home;
use chatter_tests::memory::{
    Needle, Window, Windows, addresses_in_process, found_in_process, places_in_process,
};
use chatter_tests::programs;
use serde_json::Value;

/// A client whose output nobody need read: it then waits in the middle of a line, its stay being over.
struct Mute {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Mute {
    /// Joins a room; the link is typed, for arguments stay in a process's memory.
    fn join(link: &str, nick: &str) -> Self {
        let mut command = Command::new(programs::path("chatter-client"));
        command.args(["join", "--nick", nick, "--json"]).stderr(Stdio::null());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let size = nix::fcntl::FcntlArg::F_SETPIPE_SZ(PIPE_LEN);
        nix::fcntl::fcntl(&stdout, size).expect("a pipe can be made smaller");
        let mut mute = Self { child, stdin, stdout: BufReader::new(stdout) };
        mute.line(link);
        mute
    }

    fn line(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("the program reads");
    }

    fn wait(&mut self, like: impl Fn(&Value) -> bool) {
        loop {
            let mut line = String::new();
            assert_ne!(self.stdout.read_line(&mut line).expect("readable"), 0, "it ended");
            if like(&serde_json::from_str(&line).expect("an object")) {
                return;
            }
        }
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        // Fails where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn nothing_said_and_no_key_is_left_after_quit() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Mute::join(&link, "ben");
    anna.met("ben");
    ben.wait(|event| event["event"] == "member-joined");
    ben.line("words that ben himself said 7f3a");
    anna.heard("ben", "words that ben himself said 7f3a");
    ben.line("/msg anna words for anna alone 51c8");
    anna.wait("is told", |event| event["event"] == "private");
    anna.say("words that were said to ben 9e24");
    ben.wait(|event| event["event"] == "message");
    anna.say("/msg ben words for ben alone d06b");
    ben.wait(|event| event["event"] == "private");

    let parts = room_link(&link);
    let secret = parts.secret.as_bytes();
    let server_key = *parts.access.code.server_key.as_bytes();
    let code = parts.access.code.to_text();
    let needles = [
        Needle::new("what ben said", *b"that ben himself said 7f3a"),
        Needle::new("what ben said to anna alone", *b"for anna alone 51c8"),
        Needle::new("what anna said", *b"that were said to ben 9e24"),
        Needle::new("what anna said to ben alone", *b"for ben alone d06b"),
        Needle::new("the room secret", *secret),
        Needle::new("the room secret's text", parts.secret.to_text().as_bytes()),
        Needle::new("the access code's text", &code.as_bytes()[8..]),
        Needle::new("the room's psk", parts.secret.psk(&server_key).to_vec()),
    ];
    let id = ben.child.id();
    let held = found_in_process(id, &needles);
    assert!(held.contains(&"the room secret".to_owned()), "the search finds what is there: {held:?}");
    // Keys that both ends of the pair hold, and who is in another room does not.
    let (zoe, _) = Client::new_room(&daemon.access_link(), "", "zoe");
    let (annas, zoes) = (Windows::of_process(anna.process.id()), Windows::of_process(zoe.process.id()));
    // The relay knows the room's id as well.
    let room_id = *parts.secret.room_id(&server_key).as_bytes();
    let is_public = |window: &Window| room_id.windows(8).any(|part| window.windows(8).any(|it| it == part));
    let shared = Windows::of_process(id)
        .filtered(|window| annas.contains(window) && !zoes.contains(window) && !is_public(window));
    assert!(shared.count() > 2 * KEY_WINDOWS, "two members have keys in common: {}", shared.count());

    // He leaves, and comes no further than the middle of the list of those who are here.
    for _ in 0..LISTS {
        ben.line("/who");
    }
    ben.line("/quit");
    anna.saw_leave("ben", 1);
    let mut left = Vec::new();
    let mut keys = Vec::new();
    for _ in 0..LOOKS {
        (left, keys) = (places_in_process(id, &needles), keys_among(&runs(&shared.left_in_process(id)), id));
        if left.is_empty() && keys.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(ben.child.try_wait().expect("a child"), None, "it is still there to be looked at");
    assert!(left.is_empty(), "{left:#?}");
    assert!(keys.is_empty(), "{} windows of keys: {:02x?}", keys.len(), keys.get(..SHOWN).unwrap_or(&keys));
    anna.quit();
    zoe.quit();
}

/// Those that overlap with a neighbour, as the windows of a key do. The id of a member, which has 16 bytes and which the
/// relay knows, is one window alone.
fn runs(windows: &[(u64, Window)]) -> Vec<(u64, Window)> {
    let is_there = |place: u64| windows.iter().any(|(other, _)| *other == place);
    windows.iter().copied().filter(|(place, _)| is_there(place + 1) || is_there(place - 1)).collect()
}

/// Without what hashes leave on stacks. A state of BLAKE3 that begins with its standard initial value is a plain hash's:
/// of messages as they travel, of ids, all known to the relay. Keys are derived in its other modes, which begin with a key.
fn keys_among(windows: &[(u64, Window)], id: u32) -> Vec<(u64, Window)> {
    let states = addresses_in_process(id, &BLAKE3_IV);
    let in_a_state =
        |place: u64| states.iter().any(|state| (state - 16..state + HASH_STATE_LEN).contains(&place));
    windows.iter().copied().filter(|(place, _)| !in_a_state(*place)).collect()
}

/// As BLAKE3 takes it from SHA-256 (FIPS 180-4 §5.3.3), little-endian.
const BLAKE3_IV: [u8; 32] = *b"\x67\xe6\x09\x6a\x85\xae\x67\xbb\x72\xf3\x6e\x3c\x3a\xf5\x4f\xa5\x7f\x52\x0e\x51\x8c\x68\x05\x9b\xab\xd9\x83\x1f\x19\xcd\xe0\x5b";
/// Key words, chaining value, counter and block.
const HASH_STATE_LEN: u64 = 160;
/// As small as pipes get.
const PIPE_LEN: i32 = 4096;
/// Lists of who is here, of some hundred bytes each: more than the pipe holds, fewer than the client queues.
const LISTS: usize = 200;
const LOOKS: usize = 50;
const SHOWN: usize = 20;
/// How many windows a key of 32 bytes has.
const KEY_WINDOWS: usize = 17;
