//! One chatter-client and the events it tells.
//!
//! **In** a link, a nickname, what to say. **Out** its JSON events in their order, its exit. **Never** an event that is
//! not an object on a line of its own.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use chatter_protocol::invite::{Link, RoomLink};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::process::{Ended, Process};
use crate::programs;

/// A running chatter-client with `--json`.
#[derive(Debug)]
pub struct Client {
    /// The process.
    pub process: Process,
    /// What it is called.
    pub nick: String,
}

impl Client {
    /// Makes a room and waits until it stands; its link comes back, too.
    pub fn new_room(access_link: &str, label: &str, nick: &str) -> (Self, String) {
        let client = Self::start(nick, &["new", access_link, "--room", label, "--nick", nick, "--json"]);
        let room = client.wait("makes its room", |event| event["event"] == "room");
        client.entered();
        (client, room["link"].as_str().expect("a room has a link").to_owned())
    }

    /// Joins a room, and waits until it is in and has met the `others`.
    pub fn join(room_link: &str, nick: &str, others: &[&Client]) -> Self {
        let client = Self::joining(room_link, nick);
        client.entered();
        for other in others {
            client.met(&other.nick);
            other.met(nick);
        }
        client
    }

    /// Begins to join a room.
    pub fn joining(room_link: &str, nick: &str) -> Self {
        Self::start(nick, &["join", room_link, "--nick", nick, "--json"])
    }

    /// Begins to join a room with further arguments.
    pub fn join_with(room_link: &str, nick: &str, further: &[&str]) -> Self {
        let arguments = ["join", room_link, "--nick", nick, "--json"];
        Self::start(nick, &[&arguments, further].concat())
    }

    /// Says one thing in a room and leaves.
    pub fn send(room_link: &str, nick: &str, text: &str) -> Ended {
        let mut client = Self::start(nick, &["send", room_link, "--nick", nick, "--json", "--", text]);
        client.process.end_input();
        client.process.ended()
    }

    /// Begins to join a room with more arguments, and variables in its environment.
    pub fn joining_with(room_link: &str, nick: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command();
        command.args(["join", room_link, "--nick", nick, "--json"]).args(arguments);
        command.envs(variables.iter().copied());
        Self { process: Process::start(&format!("{nick}'s client"), command), nick: nick.to_owned() }
    }

    /// Starts one with these arguments alone.
    pub fn by(nick: &str, arguments: &[&str]) -> Self {
        Self::start(nick, arguments)
    }

    /// Starts this one, which must write JSON.
    pub fn by_command(nick: &str, command: Command) -> Self {
        Self { process: Process::start(&format!("{nick}'s client"), command), nick: nick.to_owned() }
    }

    fn start(nick: &str, arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(arguments);
        Self { process: Process::start(&format!("{nick}'s client"), command), nick: nick.to_owned() }
    }

    /// All that has happened to it.
    pub fn events(&self) -> Vec<Value> {
        parse(&self.process.stdout.all())
    }

    /// Waits for an event.
    ///
    /// # Panics
    /// Where it does not come.
    pub fn wait(&self, what: &str, mut is_it: impl FnMut(&Value) -> bool) -> Value {
        self.process.wait(what, |lines| parse(lines).into_iter().find(|event| is_it(event)))
    }

    /// Waits until this has happened `times` times.
    ///
    /// # Panics
    /// Where it does not.
    pub fn wait_times(&self, what: &str, times: usize, is_it: impl Fn(&Value) -> bool) {
        self.process.wait(&format!("{what}, {times} times"), |lines| {
            (parse(lines).iter().filter(|event| is_it(event)).count() >= times).then_some(())
        });
    }

    /// Waits until it is in its room.
    pub fn entered(&self) {
        self.wait("enters the room", |event| event["event"] == "entered");
    }

    /// Waits until it has met `nick`.
    pub fn met(&self, nick: &str) {
        self.wait(&format!("meets {nick}"), |event| is_joined(event, nick));
    }

    /// Waits until it has seen `nick` leave so many times.
    pub fn saw_leave(&self, nick: &str, times: usize) {
        self.wait_times(&format!("sees {nick} leave"), times, |event| {
            event["event"] == "member-left" && is_called(&event["nick"], nick)
        });
    }

    /// Waits until it has heard `text` from `nick`.
    pub fn heard(&self, nick: &str, text: &str) {
        self.wait(&format!("hears {text:?} from {nick}"), |event| {
            event["event"] == "message" && is_called(&event["from"], nick) && event["text"] == text
        });
    }

    /// What it has heard from `nick`, in order.
    pub fn texts_from(&self, nick: &str) -> Vec<String> {
        let events = self.events().into_iter();
        let from = events.filter(|event| event["event"] == "message" && is_called(&event["from"], nick));
        from.map(|event| event["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// How often it was warned, and of what.
    pub fn warnings(&self) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == "warning").collect()
    }

    /// Says something.
    pub fn say(&mut self, text: &str) {
        self.process.type_line(text);
    }

    /// Says something, and waits until all of `others` have heard it.
    pub fn tell(&mut self, text: &str, others: &[&Client]) {
        self.say(text);
        others.iter().for_each(|other| other.heard(&self.nick, text));
    }

    /// Leaves by `/quit`.
    pub fn quit(mut self) -> Ended {
        self.say("/quit");
        self.process.ended()
    }

    /// Leaves by Ctrl-C.
    pub fn interrupt(mut self) -> Ended {
        self.process.signal(Signal::SIGINT);
        self.process.ended()
    }

    /// Waits for its end.
    pub fn ended_within(mut self, limit: Duration) -> Ended {
        self.process.ended_within(limit)
    }
}

/// A chatter-client without arguments, whose way leads by no proxy that this machine's owner uses.
pub fn command() -> Command {
    without_proxy(programs::path("chatter-client"))
}

/// This program without arguments, with nothing in its environment that says a proxy.
pub(crate) fn without_proxy(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "CHATTER_PROXY"] {
        command.env_remove(name);
    }
    command
}

/// Whether this tells that `nick` is here.
pub fn is_joined(event: &Value, nick: &str) -> bool {
    event["event"] == "member-joined" && is_called(&event["nick"], nick)
}

/// Whether this name is `nick`, with or without the mark that tells namesakes apart.
fn is_called(name: &Value, nick: &str) -> bool {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix(nick).is_some_and(|mark| mark.is_empty() || mark.starts_with('#'))
}

/// A room link's parts.
///
/// # Panics
/// Where it is none.
pub fn room_link(link: &str) -> RoomLink {
    Link::parse(link).and_then(Link::into_room).unwrap_or_else(|error| panic!("{link}: {error}"))
}

fn parse(lines: &[String]) -> Vec<Value> {
    let parsed =
        |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    lines.iter().map(parsed).collect()
}
