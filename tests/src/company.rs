//! People who talk with each other while something else goes on.
//!
//! **In** an access link, how many. **Out** the certainty that everybody heard everything, once and in order, and was
//! warned of nothing. **Never** a pause of the talk while that something lasts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;

/// Everybody in one room.
#[derive(Debug)]
pub struct Company {
    members: Vec<Client>,
    /// How many times round the table the talk has gone.
    rounds: usize,
}

impl Company {
    /// Brings so many people into a new room.
    ///
    /// # Panics
    /// Where one does not meet the others.
    pub fn gather(access_link: &str, size: usize) -> Self {
        let (first, link) = Client::new_room(access_link, "", &nick(0));
        let mut members = vec![first];
        for number in 1..size {
            let others: Vec<&Client> = members.iter().collect();
            let member = Client::join(&link, &nick(number), &others);
            members.push(member);
        }
        Self { members, rounds: 0 }
    }

    /// Does `act` while all of them talk. Then everybody has heard everything that everybody else has ever said here.
    ///
    /// # Panics
    /// Where somebody has not, or was warned, or heard something twice.
    pub fn talk_while<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let over = Over::default();
        let (members, rounds) = (&mut self.members, &mut self.rounds);
        let done = thread::scope(|scope| {
            scope.spawn(|| {
                while !over.0.load(Ordering::SeqCst) {
                    let next = Instant::now() + ROUND;
                    members.iter_mut().for_each(|member| member.say(&text(*rounds)));
                    *rounds += 1;
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                }
            });
            // However `act` ends, the talk ends with it.
            let _end = End(&over);
            act()
        });
        self.check();
        done
    }

    /// How much each has said.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Everybody leaves in order.
    ///
    /// # Panics
    /// Where somebody can't.
    pub fn leave(self) {
        for member in self.members {
            assert_eq!(member.quit().code, Some(0));
        }
    }

    fn check(&self) {
        let all: Vec<String> = (0..self.rounds).map(text).collect();
        let Some(last) = all.last() else { return };
        for hearer in &self.members {
            for sender in self.members.iter().filter(|sender| sender.nick != hearer.nick) {
                hearer.heard(&sender.nick, last);
                assert_eq!(hearer.texts_from(&sender.nick), all, "{} of {}", hearer.nick, sender.nick);
            }
            hearer.wait_times("is acknowledged", self.rounds, |event| event["event"] == "acknowledged");
            assert_eq!(hearer.warnings(), Vec::<Value>::new(), "{}", hearer.nick);
        }
    }
}

#[derive(Default)]
struct Over(AtomicBool);

struct End<'a>(&'a Over);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::SeqCst);
    }
}

fn nick(number: usize) -> String {
    format!("member-{number}")
}

fn text(round: usize) -> String {
    format!("round {round}, and the soup is warm")
}

/// How long a round of the talk takes.
const ROUND: Duration = Duration::from_millis(300);
