//! Under pressure: whatever crowd stands at the port, members talk on, memory stays bounded and comes back.
//!
//! `CHATTER_PRESSURE_SECONDS` says how long a flood lasts, and a reader takes his time.

mod crowds;
mod eviction;
mod flood;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatter_tests::company::Company;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::ground::carrier;
use chatter_tests::memory::{Resident, resident};
use chatter_tests::process::until;

/// A daemon under pressure, with people behind it who never stop talking. One at a time: each takes thousands of
/// descriptors, and what one does must not slow the other.
struct House {
    daemon: Daemon,
    company: Option<Company>,
    quiet: Resident,
    _home: Home,
    _alone: MutexGuard<'static, ()>,
}

impl House {
    /// With people in it.
    fn inhabited() -> House {
        let mut house = House::empty();
        house.company = Some(Company::gather(&house.daemon.access_link(), 3));
        house.quiet = resident(house.daemon.process.id());
        house
    }

    /// With nobody in it.
    fn empty() -> House {
        static TURN: Mutex<()> = Mutex::new(());
        let alone = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let home = Home::new();
        let root = home.path("root");
        std::fs::create_dir_all(root.join("many")).expect("room");
        std::fs::write(root.join("backup.enc"), carrier(4 << 20)).expect("room");
        let disk = std::fs::File::create(root.join("disk.img")).expect("room");
        disk.set_len(1 << 30).expect("a file with nothing in it takes no room");
        for number in 0..LISTED {
            std::fs::write(root.join(format!("many/one of many files, number {number}.txt")), b"")
                .expect("room");
        }
        let settings = format!("[decoy]\nroot = '{}'\ncarrier = 'backup.enc'\n", root.display());
        let daemon = home.installed(&settings);
        let quiet = resident(daemon.process.id());
        House { daemon, company: None, quiet, _home: home, _alone: alone }
    }

    /// Does `act` while everybody in the house talks; nobody misses a word, and memory stays within its bound.
    #[expect(clippy::print_stderr, reason = "its figures are what one runs it for")]
    fn bears<T>(&mut self, what: &str, act: impl FnOnce(&Daemon) -> T) -> T {
        let daemon = &self.daemon;
        let done = match &mut self.company {
            Some(company) => company.talk_while(|| act(daemon)),
            None => act(daemon),
        };
        let Resident { now, peak } = self.resident();
        eprintln!("{what}: {} MiB, {} at most", now >> 20, peak >> 20);
        assert!(peak <= RESIDENT_MAX, "{what}: {} MiB", peak >> 20);
        done
    }

    /// When the strangers are gone, so is what they held.
    #[expect(clippy::print_stderr, reason = "its figures are what one runs it for")]
    fn calms_down(&self) {
        let limit = self.quiet.now + LEFT_MAX;
        let left = until(&format!("at most {} MiB are left", limit >> 20), || {
            let now = self.resident().now;
            (now <= limit).then_some(now)
        });
        eprintln!("afterwards: {} MiB, {} before", left >> 20, self.quiet.now >> 20);
    }

    fn resident(&self) -> Resident {
        resident(self.daemon.process.id())
    }
}

/// How long what may take long does.
fn seconds() -> Duration {
    let seconds = std::env::var("CHATTER_PRESSURE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// What the daemon occupies at most, whatever strangers do: docs/threat-model.md.
const RESIDENT_MAX: usize = 192 << 20;
/// What it may occupy more than before when they are gone.
const LEFT_MAX: usize = 32 << 20;
/// Strangers on one listening address of whom none has to go.
const STRANGERS_MAX: usize = 1_000;
/// Files in a directory whose listing is large.
const LISTED: usize = 2_000;
