//! The link's handshake, `Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s`: each step consumes the one before.
//!
//! **In** an access code and a time, or a recognised token and the server's secret. **Out** the token, the masked
//! message 2, and the link's root secret on both ends. **Never** a secret derived from the handshake hash: a
//! passive holder of the code can compute it.
//!
//! ```text
//! client                          server
//! Offer → Offered   ── token ──▶  Heard → Asked
//! Answer            ◀─ message 2 ──  answer
//! ```
//!
//! docs/protocol.md §2, §3.

use alloc::vec;
use alloc::vec::Vec;

use snow::HandshakeState;
use zeroize::Zeroizing;

use crate::access::{AccessCode, GateKeys, ServerSecret};
use crate::chaff::Chaff;
use crate::entropy::Entropy;
use crate::noise;
use crate::record::UP_TOKEN_EXTRA_LEN;
use crate::seal::Key;
use crate::time::WallTime;
use crate::token::{self, Opening};

/// How long message 2 is: e 32, payload, tag.
pub const ANSWER_LEN: usize = 32 + ANSWER_PAYLOAD_LEN + 16;

/// What a client asks for in message 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new session.
    Fresh,
    /// The session with this handle, downwards from this offset on.
    Resume {
        /// Names a link of the session.
        handle: Handle,
        /// The first byte downwards that has not arrived.
        down_offset: u64,
    },
}

/// What a server answers in message 2.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// The link stands.
    Accepted {
        /// The secret that all of its keys come from.
        root: Key,
        /// Where the first record's bytes lie in the stream downwards: not before what was asked for, and behind it
        /// where more was acknowledged meanwhile.
        down_offset: u64,
    },
    /// It does not, and why.
    Refused(Refusal),
}

impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Accepted { .. } => f.write_str("Accepted(…)"),
            Self::Refused(refusal) => write!(f, "Refused({refusal:?})"),
        }
    }
}

/// Why a holder is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// As many sessions as the daemon holds.
    #[error("the server is full: try again later")]
    Full,
    /// As many sessions from this address or by this access code as the daemon allows, or too many openings at once.
    #[error("too many sessions come from your address or by your access code: close one, or try again later")]
    TooMany,
    /// The access code is being retired.
    #[error("this access code was retired: ask for a new link")]
    GateRetired,
    /// The session to resume is gone.
    #[error("the server no longer knows this session: it was away for too long, or restarted")]
    UnknownSession,
    /// No common version.
    #[error("this program's version does not suit the server's: update it")]
    Version,
}

/// Names a link, and by it its session, in a resuming token.
pub type Handle = [u8; 16];

/// The client, waiting for message 2.
pub struct Offered {
    noise: HandshakeState,
    keys: GateKeys,
    salt: [u8; 16],
}

/// The server, having read message 1.
pub struct Asked {
    noise: HandshakeState,
    keys: GateKeys,
    salt: [u8; 16],
    versions: (u8, u8),
}

/// A message that does not fit: not from the holder or server it should come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer does not come from the server that this link names")]
pub struct HandshakeError;

/// Starts a link: the token's bytes, and the client's next state. The token is as long as an up token without bytes.
pub fn offer(
    code: &AccessCode,
    keys: &GateKeys,
    request: &Request,
    time: WallTime,
    entropy: &mut Entropy,
) -> (Vec<u8>, Offered) {
    offer_with(Chaff::default(), code, keys, request, time, entropy)
}

/// The same, where up tokens are padded as `chaff` says.
pub fn offer_with(
    chaff: Chaff,
    code: &AccessCode,
    keys: &GateKeys,
    request: &Request,
    time: WallTime,
    entropy: &mut Entropy,
) -> (Vec<u8>, Offered) {
    let salt: [u8; 16] = entropy.bytes();
    let path = code.carrier_path.as_str();
    let mut payload = encode_request(request);
    let length = UP_TOKEN_EXTRA_LEN + chaff.up_len(0, entropy);
    payload.resize(length.saturating_sub(token::EXTRA_LEN).max(payload.len()), 0);
    let mut noise = noise::builder(PATTERN, entropy)
        .prologue(&token::prologue(&salt, time, path))
        .and_then(|builder| builder.psk(0, &keys.psk))
        .and_then(|builder| builder.remote_public_key(code.server_key.as_bytes()))
        .and_then(snow::Builder::build_initiator)
        .expect("NKpsk0's initiator has all it needs");
    let mut message = vec![0; 32 + payload.len() + 16];
    let length = noise.write_message(&payload, &mut message).expect("the buffer fits message 1");
    message.truncate(length);
    let token = token::seal(keys, path, &salt, time, &message);
    (token, Offered { noise, keys: keys.clone(), salt })
}

impl Offered {
    /// Reads message 2, [`ANSWER_LEN`] bytes.
    ///
    /// # Errors
    /// [`HandshakeError`] if the server did not make it: this is a file's ordinary content, most often.
    pub fn finish(mut self, message: &[u8]) -> Result<Answer, HandshakeError> {
        let mut message = message.to_vec();
        let e = message.first_chunk_mut::<32>().ok_or(HandshakeError)?;
        token::mask_answer(&self.keys, &self.salt, e);
        let mut payload = Zeroizing::new(vec![0; message.len()]);
        let length = self.noise.read_message(&message, &mut payload).map_err(|_| HandshakeError)?;
        decode_answer(payload.get(..length).ok_or(HandshakeError)?).ok_or(HandshakeError)
    }
}

/// Reads message 1 of a recognised token: what is asked, and the server's next state. This is where curve work
/// begins.
///
/// # Errors
/// [`HandshakeError`] if a holder made a token that no client makes.
pub fn hear(
    secret: &ServerSecret,
    keys: &GateKeys,
    path: &str,
    opening: &Opening,
    entropy: &mut Entropy,
) -> Result<(Request, Asked), HandshakeError> {
    let mut noise = noise::builder(PATTERN, entropy)
        .prologue(&token::prologue(&opening.salt, opening.time, path))
        .and_then(|builder| builder.psk(0, &keys.psk))
        .and_then(|builder| builder.local_private_key(secret.as_bytes()))
        .and_then(snow::Builder::build_responder)
        .expect("NKpsk0's responder has all it needs");
    let mut payload = vec![0; opening.message.len()];
    let length = noise.read_message(&opening.message, &mut payload).map_err(|_| HandshakeError)?;
    let payload = payload.get(..length).ok_or(HandshakeError)?;
    let (versions, request) = decode_request(payload).ok_or(HandshakeError)?;
    Ok((request, Asked { noise, keys: keys.clone(), salt: opening.salt, versions }))
}

impl Asked {
    /// Whether client and server have a version in common.
    pub fn speaks_our_version(&self) -> bool {
        speaks(self.versions.0, self.versions.1)
    }

    /// Makes message 2, masked.
    pub fn answer(mut self, answer: &Answer) -> Vec<u8> {
        let payload = encode_answer(answer);
        let mut message = vec![0; ANSWER_LEN];
        let length = self.noise.write_message(&payload, &mut message).expect("the buffer fits message 2");
        message.truncate(length);
        if let Some(e) = message.first_chunk_mut::<32>() {
            token::mask_answer(&self.keys, &self.salt, e);
        }
        message
    }
}

/// The handle of the link with this root secret.
pub fn handle(root: &[u8; 32]) -> Handle {
    let drawn = crate::seal::kdf("chatter v1 link handle", &[root]);
    let mut handle = Handle::default();
    handle.copy_from_slice(drawn.split_at(16).0);
    handle
}

/// `lowest version 1 ‖ highest version 1 ‖ kind 1 ‖ handle 16 ‖ down offset 8 ‖ zeros`
fn encode_request(request: &Request) -> Vec<u8> {
    let (kind, handle, offset) = match request {
        Request::Fresh => (0, [0; 16], 0),
        Request::Resume { handle, down_offset } => (1, *handle, *down_offset),
    };
    [&[VERSION, VERSION, kind][..], &handle, &offset.to_be_bytes()].concat()
}

fn decode_request(payload: &[u8]) -> Option<((u8, u8), Request)> {
    let ([lowest, highest, kind], rest) = payload.split_first_chunk::<3>()?;
    let (handle, rest) = rest.split_first_chunk::<16>()?;
    let (offset, _padding) = rest.split_first_chunk::<8>()?;
    let request = match kind {
        // What another version asks for is not ours to read: it is told the versions.
        _ if !speaks(*lowest, *highest) => Request::Fresh,
        0 => Request::Fresh,
        1 => Request::Resume { handle: *handle, down_offset: u64::from_be_bytes(*offset) },
        _ => return None,
    };
    Some(((*lowest, *highest), request))
}

fn speaks(lowest: u8, highest: u8) -> bool {
    (lowest..=highest).contains(&VERSION)
}

/// `kind 1 ‖ version 1 ‖ root 32 ‖ down offset 8 ‖ zeros`
fn encode_answer(answer: &Answer) -> Zeroizing<Vec<u8>> {
    let mut payload = Zeroizing::new(Vec::with_capacity(ANSWER_PAYLOAD_LEN));
    match answer {
        Answer::Accepted { root, down_offset } => {
            payload.extend_from_slice(&[0, VERSION]);
            payload.extend_from_slice(&**root);
            payload.extend_from_slice(&down_offset.to_be_bytes());
        }
        Answer::Refused(refusal) => {
            let code = match refusal {
                Refusal::Full => 1,
                Refusal::TooMany => 2,
                Refusal::GateRetired => 3,
                Refusal::UnknownSession => 4,
                Refusal::Version => 5,
            };
            payload.extend_from_slice(&[code, VERSION]);
        }
    }
    payload.resize(ANSWER_PAYLOAD_LEN, 0);
    payload
}

fn decode_answer(payload: &[u8]) -> Option<Answer> {
    let ([kind, _version], rest) = payload.split_first_chunk::<2>()?;
    Some(match kind {
        0 => {
            let (root, rest) = rest.split_first_chunk::<32>()?;
            let down_offset = u64::from_be_bytes(*rest.first_chunk::<8>()?);
            Answer::Accepted { root: Key::new(*root), down_offset }
        }
        1 => Answer::Refused(Refusal::Full),
        2 => Answer::Refused(Refusal::TooMany),
        3 => Answer::Refused(Refusal::GateRetired),
        4 => Answer::Refused(Refusal::UnknownSession),
        5 => Answer::Refused(Refusal::Version),
        _ => return None,
    })
}

const PATTERN: &str = "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s";
const VERSION: u8 = 1;
/// Fixed, with room for parameters to come.
const ANSWER_PAYLOAD_LEN: usize = 96;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::{AccessSecret, CarrierPath};

    fn code(secret: &ServerSecret, entropy: &mut Entropy) -> AccessCode {
        AccessCode {
            server_key: secret.key(),
            secret: AccessSecret::generate(entropy),
            carrier_path: CarrierPath::parse("/c.enc").expect("a path"),
            preamble_len: 16,
        }
    }

    fn meet(request: &Request, answer: &Answer) -> (Request, Result<Answer, HandshakeError>) {
        let mut entropy = Entropy::new([4; 32]);
        let secret = ServerSecret::generate(&mut entropy);
        let code = code(&secret, &mut entropy);
        let keys = code.gate_keys();
        let (token, offered) = offer(&code, &keys, request, WallTime(99), &mut entropy);
        let (_, opening) = token::recognise([&keys], "/c.enc", &token).expect("our gate");
        assert_eq!(opening.time, WallTime(99));
        let (heard, asked) = hear(&secret, &keys, "/c.enc", &opening, &mut entropy).expect("our token");
        assert!(asked.speaks_our_version());
        let message = asked.answer(answer);
        assert_eq!(message.len(), ANSWER_LEN);
        (heard, offered.finish(&message))
    }

    #[test]
    fn both_ends_agree() {
        let resume = Request::Resume { handle: [8; 16], down_offset: 12 };
        for (request, answer) in [
            (Request::Fresh, Answer::Accepted { root: Key::new([6; 32]), down_offset: 7 }),
            (resume, Answer::Refused(Refusal::UnknownSession)),
            (Request::Fresh, Answer::Refused(Refusal::Full)),
        ] {
            assert_eq!(meet(&request, &answer), (request, Ok(answer)));
        }
    }

    #[test]
    fn an_ordinary_file_is_no_answer() {
        let mut entropy = Entropy::new([4; 32]);
        let secret = ServerSecret::generate(&mut entropy);
        let code = code(&secret, &mut entropy);
        for content in [&[0; ANSWER_LEN][..], &[0xff; ANSWER_LEN], &entropy.bytes::<ANSWER_LEN>(), &[]] {
            let (_, offered) =
                offer(&code, &code.gate_keys(), &Request::Fresh, WallTime(99), &mut Entropy::new([1; 32]));
            assert_eq!(offered.finish(content), Err(HandshakeError));
        }
    }

    #[test]
    fn a_client_of_another_version_is_heard_and_found_to_be_one() {
        let mut payload = encode_request(&Request::Fresh);
        payload[..3].copy_from_slice(&[2, 3, 99]);
        let (versions, _) = decode_request(&payload).expect("a later client's request");
        assert_eq!((versions, speaks(2, 3), speaks(1, 3)), ((2, 3), false, true));
        payload[..3].copy_from_slice(&[1, 3, 99]);
        assert_eq!(decode_request(&payload), None, "a version of ours has no such request");
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(payload: Vec<u8>) {
            decode_request(&payload);
            decode_answer(&payload);
        }
    }
}
