//! The corridor between the decoy's decision and its body: member or stranger?
//!
//! ```text
//! request, answer ─▶ head written ─┬─ the carrier: admit ─┬─ a good opening ─▶ the session's bytes
//!                                  │                      └─ else the decoy's ─┐
//!                                  └─ anything else: the decoy's body ─────────┴▶ note ─┬─ no token ─▶ knock
//!                                                                                       └─ relay (up, or a knock)
//! ```
//!
//! **In** a request and the answer decided for it. **Out** a knock, a token handed on, a download. **Never** a change
//! to an answer but its body's bytes, or a wait for relay or session before the header block is written.
//!
//! docs/protocol.md §2 (door rule).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chatter_protocol::access::ServerKey;
use chatter_protocol::server::gatekeeper::Recognised;
use chatter_protocol::token;

use crate::access::{SharedGatekeeper, lock, wall_now};
use crate::connection::download::Download;
use crate::connection::{Admission, Doorkeeper};
use crate::decoy::{Answer, Decoy};
use crate::http::Request;
use crate::relay::Handle;
use crate::source::Source;
use crate::tally::Tally;

/// The door: one for all listeners.
pub struct Door {
    cookie_name: &'static str,
    gatekeeper: SharedGatekeeper,
    tally: Tally,
    relay: Handle,
    decoy: Arc<Decoy>,
    refuses_banned: Arc<AtomicBool>,
}

impl Door {
    /// A door to `relay`, guarded by `gatekeeper`, that tells `tally` of strangers.
    pub fn new(
        server_key: &ServerKey,
        gatekeeper: SharedGatekeeper,
        tally: Tally,
        relay: Handle,
        decoy: Arc<Decoy>,
        refuses_banned: Arc<AtomicBool>,
    ) -> Self {
        Self { cookie_name: server_key.cookie_name(), gatekeeper, tally, relay, decoy, refuses_banned }
    }

    /// The relay behind it.
    pub fn relay(&self) -> &Handle {
        &self.relay
    }

    fn token(&self, request: &Request) -> Option<Vec<u8>> {
        token::from_cookies(self.cookie_name, request.cookies())
    }

    /// The request's token, or one that is none: who brings nothing costs what others cost.
    fn token_or_none(&self, request: &Request) -> Vec<u8> {
        self.token(request).or_else(|| token::from_cookie_value(NO_TOKEN)).unwrap_or_default()
    }

    /// Hands on an up token; what is none, or is one no longer when the relay looks, is a knock.
    fn up(&self, token: Vec<u8>, source: Source) {
        if self.relay.up(token, source).is_err() {
            self.knock(source);
        }
    }

    fn knock(&self, source: Source) {
        self.tally.knock(source);
    }

    async fn open(&self, recognised: Recognised, answer: &Answer, source: Source) -> Option<Download> {
        let mut preamble = self.decoy.carrier_magic(&mut |bytes| {
            // Without the system's random source there would be no keys either.
            let _ = getrandom::fill(bytes);
        });
        preamble.truncate(usize::from(u16::MAX));
        let room_left = answer.content_length()?.checked_sub(preamble.len() as u64)?;
        let (link, outbox) = self.relay.open(recognised, room_left, source).await?;
        Some(Download::new(preamble, link, outbox, self.relay.clone()))
    }
}

impl Doorkeeper for Door {
    fn shuns(&self, source: Source) -> bool {
        self.tally.shuns(source, self.refuses_banned.load(Ordering::Relaxed))
    }

    /// Nothing that looks like a token: that needs no decision about an answer that nobody gets.
    fn turns_away(&self, request: &Request, source: Source) -> bool {
        let without_token = self.token(request).is_none();
        if without_token {
            self.knock(source);
        }
        without_token
    }

    /// With `ban.refuse`: a banned address gets no answer, unless a genuine token asks for the carrier.
    fn refuses(&self, request: &Request, answer: &Answer, source: Source) -> bool {
        if !self.shuns(source) {
            return false;
        }
        let genuine = |token: Vec<u8>| lock(&self.gatekeeper).is_genuine(&token, wall_now());
        !(answer.carrier && self.token(request).is_some_and(genuine))
    }

    async fn admit(&self, request: &Request, answer: &Answer, source: Source) -> Admission {
        let token = self.token_or_none(request);
        let recognised = lock(&self.gatekeeper).recognise(&token, wall_now());
        let Some(recognised) = recognised else { return Admission::Stranger };
        // Until its session is confirmed, an opening is a knock like any other.
        self.knock(source);
        match self.open(recognised, answer, source).await {
            Some(download) => Admission::Member(download),
            None => Admission::Spent,
        }
    }

    fn note(&self, request: &Request, source: Source) {
        // What is no opening may be an up token, which may visit any path, the carrier's too.
        self.up(self.token_or_none(request), source);
    }
}

/// A cookie's value that has a token's shape and about its length.
const NO_TOKEN: &[u8] = &[b'A'; 220];
