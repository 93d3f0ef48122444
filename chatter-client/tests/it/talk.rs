//! People who talk: real binaries, real sockets, a door in this process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Ended, finish, run, start};
use crate::server::Door;

/// A client that somebody sits at.
pub(crate) struct Person {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<Value>,
    pub(crate) seen: Vec<Value>,
}

impl Person {
    /// Starts the program with these arguments and `--json`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = start(&[arguments, &["--json"]].concat());
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                let event = serde_json::from_str(&line.expect("a line")).expect("an object a line");
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self { child, stdin, events, seen: Vec::new() }
    }

    /// Anna makes a room: she and its link.
    pub(crate) fn with_room(door: &Door) -> (Self, String) {
        let mut anna = Self::start(&["new", door.link(), "--nick", "anna", "--room", "kitchen"]);
        let room = anna.wait_for(|event| event["event"] == "room");
        anna.wait_for(|event| event["event"] == "entered");
        let link = room["link"].as_str().expect("a link").to_owned();
        assert!(link.contains("/kitchen#"), "{link}");
        (anna, link)
    }

    pub(crate) fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("still typing");
        writeln!(stdin, "{line}").expect("the program reads");
    }

    /// Waits for an event like this.
    pub(crate) fn wait_for(&mut self, like: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else { panic!("not among {:?}", self.seen) };
            self.seen.push(event.clone());
            if like(&event) {
                return event;
            }
        }
    }

    pub(crate) fn wait(&mut self, expected: &Value) {
        self.wait_for(|event| event == expected);
    }

    /// Closes the input and waits for the end.
    pub(crate) fn end(mut self) -> (Vec<Value>, Ended) {
        drop(self.stdin.take());
        let ended = finish(self.child);
        self.seen.extend(self.events);
        (self.seen, ended)
    }
}

pub(crate) fn message(from: &str, text: &str) -> Value {
    json!({"event": "message", "from": from, "text": text})
}

pub(crate) fn joined(nick: &str) -> Value {
    json!({"event": "member-joined", "nick": nick})
}

pub(crate) fn left(nick: &str) -> Value {
    json!({"event": "member-left", "nick": nick})
}

#[test]
fn two_talk_and_leave() {
    let door = Door::open(64);
    let (mut anna, link) = Person::with_room(&door);
    let mut ben = Person::start(&["join", &link, "--nick", "ben"]);
    anna.wait(&joined("ben"));
    ben.wait(&joined("anna"));
    anna.line("hi \u{1b}[2J");
    ben.wait(&message("anna", "hi \u{1b}[2J"));
    ben.line("//hello");
    anna.wait(&message("ben", "/hello"));
    ben.line("/who");
    ben.wait(
        &json!({"event": "who", "you": "ben", "members": ["ben", "anna"], "verified": [], "lasting": []}),
    );
    ben.line("/quit");
    anna.wait(&left("ben"));
    let (seen, ended) = ben.end();
    ended.check(0, "");
    assert_eq!(seen.last(), Some(&json!({"event": "left"})));
    let (seen, ended) = anna.end();
    ended.check(0, "");
    assert_eq!(seen.last(), Some(&json!({"event": "left"})));
    assert!(!seen.iter().any(|event| event["event"] == "warning"), "{seen:?}");
}

#[test]
fn pipes_and_scripts_are_heard_whole() {
    let door = Door::open(64);
    let (mut anna, link) = Person::with_room(&door);
    let ended = run(&["join", "--nick", "pipe"], &format!("{link}\none\ntwo\nthree\n"));
    ended.check(0, "");
    for text in ["one", "two", "three"] {
        anna.wait(&message("pipe", text));
    }
    anna.wait(&left("pipe"));
    run(&["send", &link, "/done", "--nick", "script"], "").check(0, "");
    anna.wait(&message("script", "/done"));
    anna.wait(&left("script"));
    anna.end().1.check(0, "");
}

#[test]
fn three_say_much_and_all_of_it_arrives_once() {
    const COUNT: usize = 100;
    let door = Door::open(64);
    let (anna, link) = Person::with_room(&door);
    let ben = Person::start(&["join", &link, "--nick", "ben"]);
    let carol = Person::start(&["join", &link, "--nick", "carol"]);
    let mut people = [("anna", anna), ("ben", ben), ("carol", carol)];
    for (name, person) in &mut people {
        for other in ["anna", "ben", "carol"].iter().filter(|other| other != &name) {
            let known = person.seen.contains(&joined(other));
            if !known {
                person.wait(&joined(other));
            }
        }
    }
    for number in 0..COUNT {
        for (name, person) in &mut people {
            person.line(&format!("{name} {number}"));
        }
    }
    let last = |name: &str| message(name, &format!("{name} {}", COUNT - 1));
    for (name, person) in &mut people {
        for other in ["anna", "ben", "carol"].into_iter().filter(|other| other != name) {
            if !person.seen.contains(&last(other)) {
                person.wait(&last(other));
            }
        }
    }
    for (name, person) in people {
        let (seen, ended) = person.end();
        ended.check(0, "");
        for other in ["anna", "ben", "carol"].into_iter().filter(|other| *other != name) {
            let texts: Vec<&str> = seen
                .iter()
                .filter(|event| event["event"] == "message" && event["from"] == other)
                .map(|event| event["text"].as_str().expect("a text"))
                .collect();
            let expected: Vec<String> = (0..COUNT).map(|number| format!("{other} {number}")).collect();
            assert_eq!(texts, expected, "what {name} read of {other}");
        }
    }
}

#[test]
fn a_broken_connection_comes_back() {
    let door = Door::open(64);
    let (mut anna, link) = Person::with_room(&door);
    let mut ben = Person::start(&["join", &link, "--nick", "ben"]);
    anna.wait(&joined("ben"));
    ben.wait(&joined("anna"));
    door.cut();
    anna.line("still there?");
    ben.wait(&message("anna", "still there?"));
    ben.line("yes");
    anna.wait(&message("ben", "yes"));
    assert!(
        anna.seen.contains(&json!({"event": "broken"})) && anna.seen.contains(&json!({"event": "resumed"}))
    );
    let (seen, ended) = ben.end();
    ended.check(0, "connection lost, trying again");
    assert!(!seen.iter().any(|event| event["event"] == "warning"), "{seen:?}");
    anna.wait(&left("ben"));
    anna.end().1.check(0, "connected again");
}

#[cfg(unix)]
#[test]
fn signals_leave_cleanly() {
    let door = Door::open(64);
    let (mut anna, link) = Person::with_room(&door);
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut ben = Person::start(&["join", &link, "--nick", "ben"]);
        ben.wait(&joined("anna"));
        anna.wait(&joined("ben"));
        let begin = Instant::now();
        let kill = Command::new("kill").args([signal, &ben.child.id().to_string()]).status().expect("kill");
        assert!(kill.success());
        ben.wait(&json!({"event": "left"}));
        anna.wait(&left("ben"));
        assert!(begin.elapsed() < Duration::from_secs(2), "{signal}");
        ben.end().1.check(0, "");
    }
    anna.end().1.check(0, "");
}

#[test]
fn a_full_room_is_named() {
    let door = Door::open(1);
    let (anna, link) = Person::with_room(&door);
    run(&["join", &link, "--nick", "ben"], "").check(7, "the room is full");
    anna.end().1.check(0, "");
}

#[test]
fn a_wrong_code_meets_a_file_server() {
    let door = Door::open(64);
    let ended = run(&["new", door.wrong_link(), "--nick", "ben", "--json"], "hi\n");
    ended.check(5, "file server");
    assert!(!ended.stdout.contains(r#""event":"room""#), "{ended:?}");
    run(&["new", door.link(), "--nick", "ben"], "").check(0, "the door is open");
}

#[test]
fn a_server_that_ends_says_so() {
    let door = Door::open(64);
    let mut anna = Person::start(&["new", door.link(), "--nick", "anna"]);
    anna.wait_for(|event| event["event"] == "entered");
    door.shut();
    anna.wait_for(|event| event["event"] == "away" && event["text"] == "the server was shut down");
    // All that this one has shut are the sessions.
    anna.wait_for(|event| event["event"] == "rejoined");
    let (seen, ended) = anna.end();
    ended.check(0, "trying again in");
    let rooms = seen.iter().filter(|event| event["event"] == "room").count();
    assert_eq!(rooms, 1, "its link is told once: {seen:?}");
}
