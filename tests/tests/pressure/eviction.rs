//! Who goes when there are too many: nobody up to a thousand, then the one idle longest.

use std::io::{Read as _, Write as _};

use chatter_tests::process::until;
use chatter_tests::strangers::{Strangers, all_is_read};

use crate::{House, STRANGERS_MAX};

#[test]
#[cfg_attr(not(files), ignore = "the limit of open files (ulimit -Hn) is below 12,000")]
fn up_to_a_thousand_strangers_all_are_served() {
    let mut house = House::empty();
    house.bears("a thousand idle strangers", |daemon| {
        let strangers = Strangers::come(daemon.address, STRANGERS_MAX);
        until("all are let in", || all_is_read(daemon.address.port()).then_some(()));
        assert_eq!(strangers.there().len(), STRANGERS_MAX);
        for mut stream in strangers.streams() {
            stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n").expect("he is there");
        }
        for (index, mut stream) in strangers.streams().iter().enumerate() {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "number {index}: {answer:?}");
        }
    });
    house.calms_down();
}

#[test]
#[cfg_attr(not(files), ignore = "the limit of open files (ulimit -Hn) is below 12,000")]
fn above_a_thousand_the_one_idle_longest_goes_first() {
    let mut house = House::empty();
    house.bears("more than a thousand strangers", |daemon| {
        let port = daemon.address.port();
        let mut strangers = Strangers::come(daemon.address, STRANGERS_MAX);
        until("all are let in", || all_is_read(port).then_some(()));
        // Every third of the first hundred does something, slowly, and so does the very first, twice.
        let busy: Vec<usize> = (0..100).step_by(3).collect();
        for index in &busy {
            strangers.say(*index, b"G");
        }
        strangers.say(0, b"E");
        until("all is read", || all_is_read(port).then_some(()));
        let newcomers = Strangers::come(daemon.address, 50);
        let idle = (0..STRANGERS_MAX).filter(|index| !busy.contains(index));
        let gone: Vec<usize> = idle.take(50).collect();
        let stay: Vec<usize> = (0..STRANGERS_MAX).filter(|index| !gone.contains(index)).collect();
        until("fifty have gone", || (strangers.there().len() == STRANGERS_MAX - 50).then_some(()));
        assert_eq!(strangers.there(), stay, "those idle longest, and nobody else");
        assert_eq!(newcomers.there().len(), 50);
        for mut stream in gone.iter().filter_map(|index| strangers.streams().get(*index)) {
            assert_eq!(stream.read(&mut [0]).expect("no reset"), 0, "as where Python fails: not a byte");
        }
    });
    house.calms_down();
}
