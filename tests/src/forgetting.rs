//! What the daemon's memory is searched for, and what must no longer be in it.
//!
//! **In** a daemon, needles planted in it, windows of its memory and of its members'. **Out** a panic that names what is
//! still there. **Never** a search that would not have found the same thing before: [`sees`] looks first.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use chatter_protocol::invite::Link;
use chatter_protocol::token;

use crate::client::Client;
use crate::daemon::Daemon;
use crate::exchange::{connect, header};
use crate::memory::{Needle, Window, Windows, found_in_process, places_in_process};
use crate::namespaces::address;
use crate::recorder::Recorder;

/// The beginning of addresses that are nobody's.
pub type Family = [u8; 6];

/// A way to the daemon that comes out at an address of this family.
///
/// # Panics
/// Where there is no such address here.
pub fn way(daemon: &Daemon, family: Family) -> Recorder {
    Recorder::between("fd00::2".parse().expect("an address"), daemon.address, address(family, 1, 1))
}

/// One request of a stranger.
///
/// # Panics
/// Where it is not answered as strangers are.
pub fn knock(to: SocketAddr, from: IpAddr) {
    let mut stream = connect(to, from).unwrap_or_else(|error| panic!("{from} to {to}: {error}"));
    stream.write_all(b"GET /nothing-here HTTP/1.1\r\nHost: h\r\n\r\n").expect("the daemon reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the daemon answers");
    assert!(answer.starts_with(b"HTTP/1.0 404 "), "{answer:02x?}");
}

/// A family, as bytes and as text.
pub fn family(what: &str, family: Family) -> Vec<Needle> {
    let text: Vec<String> =
        family.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    vec![
        Needle::new(&format!("{what} addresses"), family),
        Needle::new(&format!("{what} addresses' text"), text.join(":")),
    ]
}

/// The eye: addresses of these families are in the memory.
///
/// # Panics
/// Where they are not.
pub fn sees(daemon: &Daemon, families: &[Family]) {
    for bytes in families {
        let needle = [Needle::new("addresses", *bytes)];
        assert_eq!(found_in_process(daemon.process.id(), &needle), ["addresses"], "{bytes:02x?}");
    }
}

/// The token that a request carries.
pub fn cookie(request: &[u8]) -> Option<Vec<u8>> {
    let (_, value) = header(request, "Cookie")?.split_once('=')?;
    token::from_cookie_value(value.as_bytes())
}

/// What the replay memory keeps as long as the process lives: what these ways' openings are known by.
///
/// # Panics
/// Where `link` is none.
pub fn remembered(ways: &[&Recorder], link: &str) -> impl Fn(&Window) -> bool + use<> {
    let code = Link::parse(link).expect("a link").access().code.clone();
    let exchanges = ways.iter().flat_map(|way| way.exchanges());
    let parts: BTreeSet<[u8; 8]> = exchanges
        .filter(|exchange| exchange.is_get_of(code.carrier_path.as_str()))
        .filter_map(|exchange| cookie(&exchange.request))
        .flat_map(|token| token.windows(8).filter_map(|part| part.try_into().ok()).collect::<Vec<_>>())
        .collect();
    move |window| {
        window.windows(8).any(|part| <[u8; 8]>::try_from(part).is_ok_and(|part| parts.contains(&part)))
    }
}

/// What this member and the daemon both know, and nobody of the others: keys and tags of his session. Windows with a
/// zero in them are left out: the end of an id that the others know too, with what happens to stand behind it here.
pub fn secrets_of(member: &Client, daemons: &Windows, others: &[&Client]) -> Windows {
    let own = Windows::of_process(member.process.id());
    let foreign: Vec<Windows> = others.iter().map(|other| Windows::of_process(other.process.id())).collect();
    daemons.filtered(|window| {
        !window.contains(&0)
            && own.contains(window)
            && !foreign.iter().any(|windows| windows.contains(window))
    })
}

/// These are nowhere in the memory, as soon as tasks and threads have come to rest.
///
/// # Panics
/// Where they are.
pub fn gone(daemon: &Daemon, needles: &[Needle]) {
    let left = until_empty(|| places_in_process(daemon.process.id(), needles));
    assert!(left.is_empty(), "in the daemon's memory: {left:?}");
}

/// None of these windows is in the memory beside a neighbour of it: what was sealed is longer than a window, and one
/// alone is something else that was drawn since then, such as a thread's state on its stack.
///
/// # Panics
/// Where they are.
pub fn runs_gone(id: u32, windows: &Windows, what: &str) {
    let left = until_empty(|| {
        let places: BTreeSet<u64> = windows.left_in_process(id).into_iter().map(|(place, _)| place).collect();
        places.iter().filter(|place| places.contains(&(*place + 1))).copied().collect()
    });
    assert!(left.is_empty(), "{} windows of {what} are left: {left:x?}", left.len());
}

/// None of these windows is in the memory, as soon as tasks and threads have come to rest.
///
/// # Panics
/// Where they are.
pub fn windows_gone(id: u32, windows: &Windows, what: &str) {
    let left = until_empty(|| windows.left_in_process(id));
    let shown = left.get(..SHOWN).unwrap_or(&left);
    assert!(left.is_empty(), "{} windows of {what} are left: {shown:02x?}", left.len());
}

fn until_empty<T>(mut look: impl FnMut() -> Vec<T>) -> Vec<T> {
    let mut left = look();
    for _ in 1..LOOKS {
        if left.is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        left = look();
    }
    left
}

/// How many windows a key of 32 bytes has.
pub const KEY_WINDOWS: usize = 17;
const LOOKS: usize = 40;
const SHOWN: usize = 40;
