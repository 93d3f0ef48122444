//! Opening tokens: the cookie that asks for a session, recognisable only by the gate it was made for.
//!
//! **In** a gate's keys and the carrier's path, with Noise message 1 or a cookie's bytes. **Out** the cookie's
//! bytes, or what they held. **Never** curve work, a clock or a memory: see `handshake.rs`, `replay.rs`.
//!
//! ```text
//! salt 16 ‖ mac 16 ‖ masked (e 32 ‖ time 4) ‖ c
//! ```
//!
//! e ‖ c is Noise message 1. docs/protocol.md §2.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroize as _;

use crate::access::GateKeys;
use crate::limits;
use crate::seal::{Key, xof};
use crate::time::WallTime;

/// What a recognised token says before any curve work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Drawn by the client; both masks and the prologue depend on it.
    pub salt: [u8; 16],
    /// When the client made it, by its own clock or the server's `Date`.
    pub time: WallTime,
    /// Noise message 1: e ‖ c.
    pub message: Vec<u8>,
    /// What the replay memory remembers.
    pub mac: [u8; 16],
}

/// Makes the token of Noise message 1, `message` (at least 32 bytes).
pub fn seal(keys: &GateKeys, path: &str, salt: &[u8; 16], time: WallTime, message: &[u8]) -> Vec<u8> {
    let (e, c) = message.split_at(message.len().min(32));
    let mut masked = [0; MASKED_LEN];
    let (masked_e, masked_time) = masked.split_at_mut(32);
    masked_e.copy_from_slice(e);
    masked_time.copy_from_slice(&wire_time(time).to_be_bytes());
    apply_mask(&keys.mask, salt, &mut masked);
    let mut authenticated = Vec::new();
    write_authenticated(&mut authenticated, path, salt, &masked, c);
    let hash = blake3::keyed_hash(&keys.mac, &authenticated);
    [&salt[..], hash.as_bytes().split_at(16).0, &masked, c].concat()
}

/// Finds the gate that `token` was made for: its index and what the token says.
///
/// Tries all gates, always, with the same work for each: how long it takes tells nothing of which one fits.
pub fn recognise<'a>(
    gates: impl IntoIterator<Item = &'a GateKeys>,
    path: &str,
    token: &[u8],
) -> Option<(usize, Opening)> {
    let (salt, rest) = token.split_first_chunk::<16>()?;
    let (mac, rest) = rest.split_first_chunk::<16>()?;
    let (masked, c) = rest.split_first_chunk::<MASKED_LEN>()?;
    let mut authenticated = Vec::with_capacity(path.len() + 1 + 16 + MASKED_LEN + 32);
    write_authenticated(&mut authenticated, path, salt, masked, c);
    let (found, mask) = find(gates, &authenticated, mac, blake3::keyed_hash);
    let mut clear = *masked;
    apply_mask(&mask, salt, &mut clear);
    let index = usize::try_from(found).ok().filter(|_| found != NONE)?;
    let (e, time) = clear.split_first_chunk::<32>()?;
    let time = WallTime(u64::from(u32::from_be_bytes(time.try_into().ok()?)));
    let opening = Opening { salt: *salt, time, message: [&e[..], c].concat(), mac: *mac };
    clear.zeroize();
    Some((index, opening))
}

/// The number of the gate whose MAC of these bytes is `mac`, and the key that its masks are made with; [`NONE`] and some
/// key where there is none. One hash for each gate, whichever fits.
fn find<'a>(
    gates: impl IntoIterator<Item = &'a GateKeys>,
    authenticated: &[u8],
    mac: &[u8; 16],
    hash: impl Fn(&[u8; 32], &[u8]) -> blake3::Hash,
) -> (u32, Key) {
    let mut found = NONE;
    let mut mask = Key::default();
    for (index, keys) in (0..).zip(gates) {
        let fits = hash(&keys.mac, authenticated).as_bytes().split_at(16).0.ct_eq(mac);
        for (to, from) in mask.iter_mut().zip(keys.mask.iter()) {
            to.conditional_assign(from, fits);
        }
        found.conditional_assign(&index, fits);
    }
    (found, mask)
}

/// What both ends put into the link handshake's prologue.
pub fn prologue(salt: &[u8; 16], time: WallTime, path: &str) -> Vec<u8> {
    [&PROLOGUE[..], salt, &wire_time(time).to_be_bytes(), path.as_bytes()].concat()
}

/// Hides or shows the curve point of message 2.
pub fn mask_answer(keys: &GateKeys, salt: &[u8; 16], e: &mut [u8; 32]) {
    let mut mask = [0; 32];
    xof(&keys.mask, &[b"answer", &salt[..]].concat(), &mut mask);
    for (byte, mask) in e.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// A token's bytes as a cookie's value.
pub fn to_cookie_value(token: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(token)
}

/// The bytes of a cookie's value, where it has a token's alphabet and size.
pub fn from_cookie_value(value: &[u8]) -> Option<Vec<u8>> {
    let sized = (limits::COOKIE_LEN_MIN..=limits::COOKIE_LEN_MAX).contains(&value.len());
    sized.then(|| URL_SAFE_NO_PAD.decode(value).ok()).flatten()
}

/// The one token among a request's `Cookie` values: none where no cookie of that name has a token's shape, and
/// none where several have.
pub fn from_cookies<'a>(name: &str, headers: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut tokens = headers
        .into_iter()
        .flat_map(|header| header.split(|&byte| byte == b';'))
        .filter_map(|cookie| cookie.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .filter_map(from_cookie_value);
    let token = tokens.next()?;
    tokens.next().is_none().then_some(token)
}

/// What the MAC covers.
fn write_authenticated(out: &mut Vec<u8>, path: &str, salt: &[u8; 16], masked: &[u8; MASKED_LEN], c: &[u8]) {
    for part in [path.as_bytes(), &[0], salt, masked, blake3::hash(c).as_bytes()] {
        out.extend_from_slice(part);
    }
}

fn apply_mask(mask_key: &[u8; 32], salt: &[u8; 16], clear: &mut [u8; MASKED_LEN]) {
    let mut mask = [0; MASKED_LEN];
    xof(mask_key, &[b"open", &salt[..]].concat(), &mut mask);
    for (byte, mask) in clear.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// Four bytes last until 2106.
fn wire_time(time: WallTime) -> u32 {
    u32::try_from(time.0).unwrap_or(u32::MAX)
}

/// What a token has beside the payload of message 1: salt, mac, e, time, and that payload's tag.
pub(crate) const EXTRA_LEN: usize = 16 + 16 + MASKED_LEN + 16;
const MASKED_LEN: usize = 32 + 4;
/// No gate.
const NONE: u32 = u32::MAX;
const PROLOGUE: [u8; 15] = *b"chatter v1 link";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::{AccessSecret, ServerKey};

    fn keys(seed: u8) -> GateKeys {
        GateKeys::derive(&AccessSecret::from_bytes([seed; 16]), &ServerKey::from_bytes([1; 32]))
    }

    #[test]
    fn a_token_is_recognised_by_its_gate_and_path_alone() {
        let gates = [keys(1), keys(2), keys(3)];
        let message = [0xab; 80];
        let token = seal(&gates[1], "/c.enc", &[9; 16], WallTime(1_700_000_000), &message);
        let (index, opening) = recognise(&gates, "/c.enc", &token).expect("a gate");
        assert_eq!((index, opening.time, &opening.message[..]), (1, WallTime(1_700_000_000), &message[..]));
        assert_eq!(recognise(&gates[..1], "/c.enc", &token), None);
        assert_eq!(recognise(&gates, "/d.enc", &token), None);
        assert_eq!(recognise(&[], "/c.enc", &token), None);
    }

    #[test]
    fn the_work_is_the_same_whichever_gate_fits_and_where_none_does() {
        let gates: Vec<GateKeys> = (0..32).map(keys).collect();
        let (path, salt, masked, c) = ("/c.enc", [9; 16], [3; MASKED_LEN], [7; 64]);
        let mut authenticated = Vec::new();
        write_authenticated(&mut authenticated, path, &salt, &masked, &c);
        let macs = gates.iter().map(|keys| *blake3::keyed_hash(&keys.mac, &authenticated).as_bytes());
        let macs = macs.chain([[0; 32]]).map(|mac| *mac.first_chunk::<16>().expect("16 of 32"));
        for (fitting, mac) in macs.enumerate() {
            let hashed = core::cell::RefCell::new(Vec::new());
            let (found, mask) = find(&gates, &authenticated, &mac, |key, bytes| {
                hashed.borrow_mut().push((*key, bytes.len()));
                blake3::keyed_hash(key, bytes)
            });
            let each: Vec<_> = gates.iter().map(|keys| (*keys.mac, authenticated.len())).collect();
            assert_eq!(hashed.into_inner(), each, "one hash for each gate, in the same order");
            match gates.get(fitting) {
                Some(keys) => assert_eq!((usize::try_from(found), &mask), (Ok(fitting), &keys.mask)),
                None => assert_eq!((found, *mask), (NONE, [0; 32])),
            }
        }
    }

    #[test]
    fn no_single_bit_of_a_token_is_loose() {
        let gates = [keys(1)];
        let token = seal(&gates[0], "/c", &[9; 16], WallTime(5), &[7; 64]);
        for bit in 0..token.len() * 8 {
            let mut damaged = token.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(recognise(&gates, "/c", &damaged), None, "bit {bit}");
        }
        for length in 0..token.len() {
            assert_eq!(recognise(&gates, "/c", &token[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn one_cookie_is_a_token_two_are_none() {
        let value = to_cookie_value(&[5; 60]);
        let one = alloc::format!("a=b; sid={value}; c=d");
        let two = alloc::format!("sid={value};sid={value}");
        let other = alloc::format!("ssid={value}; sid=short");
        let check = |headers: &[&str]| from_cookies("sid", headers.iter().map(|header| header.as_bytes()));
        assert_eq!(check(&[&one]), Some([5; 60].to_vec()));
        assert_eq!(check(&[&two]), None);
        assert_eq!(check(&[&one, &one]), None);
        assert_eq!(check(&[&other]), None);
        assert_eq!(check(&[&other, &one]), Some([5; 60].to_vec()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(token: Vec<u8>, cookies: Vec<Vec<u8>>) {
            prop_assert_eq!(recognise(&[keys(1)], "/c", &token), None);
            from_cookies("sid", cookies.iter().map(Vec::as_slice));
        }

        #[test]
        fn tokens_survive_their_cookie(token in proptest::collection::vec(any::<u8>(), 48..2900)) {
            let cookie = alloc::format!("sid={}", to_cookie_value(&token));
            prop_assert_eq!(from_cookies("sid", [cookie.as_bytes()]), Some(token));
        }
    }
}
