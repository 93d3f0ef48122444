//! The corridor between the decoy's decision and its body: member or stranger?
//!
//! ```text
//! request, answer ─▶ notice ─┬─ no token ─▶ knock
//!                            ├─ token, not the carrier ─▶ relay (an up token, or a knock)
//!                            └─ token, the carrier ─▶ answered ─▶ admit ─▶ the session's bytes, or the decoy's
//! ```
//!
//! **In** a request and the answer decided for it. **Out** a knock, a token handed on, a download. **Never** a change
//! to an answer but its body's bytes, or a wait for relay or session before the header block is written.
//!
//! docs/protocol.md §2 (door rule).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use chatter_protocol::access::ServerKey;
use chatter_protocol::token;

use crate::access::{SharedGatekeeper, SharedLedger, lock, wall_now};
use crate::connection::download::Download;
use crate::connection::{Doorkeeper, Notice};
use crate::decoy::{Answer, Decoy};
use crate::http::Request;
use crate::journal;
use crate::relay::Handle;

/// The door: one for all listeners.
pub struct Door {
    cookie_name: &'static str,
    gatekeeper: SharedGatekeeper,
    ledger: SharedLedger,
    relay: Handle,
    decoy: Arc<Decoy>,
    refuses_banned: bool,
}

impl Door {
    /// A door to `relay`, guarded by `gatekeeper`, that tells `ledger` of strangers.
    pub fn new(
        server_key: &ServerKey,
        gatekeeper: SharedGatekeeper,
        ledger: SharedLedger,
        relay: Handle,
        decoy: Arc<Decoy>,
        refuses_banned: bool,
    ) -> Self {
        Self { cookie_name: server_key.cookie_name(), gatekeeper, ledger, relay, decoy, refuses_banned }
    }

    /// The relay behind it.
    pub fn relay(&self) -> &Handle {
        &self.relay
    }

    fn token(&self, request: &Request) -> Option<Vec<u8>> {
        token::from_cookies(self.cookie_name, request.cookies())
    }

    /// Hands on what may be an up token; the relay counts a knock if it is none.
    fn up(&self, token: Vec<u8>, peer: IpAddr) {
        if self.relay.up(token, peer).is_err() {
            self.knock(peer);
        }
    }

    fn knock(&self, peer: IpAddr) {
        let ban = lock(&self.ledger).knock(peer, wall_now());
        ban.iter().for_each(journal::ban);
    }

    /// With `ban.refuse`: a banned address gets no answer, unless a genuine token asks for the carrier.
    fn refuses(&self, token: Option<&[u8]>, answer: &Answer, peer: SocketAddr) -> bool {
        if !self.shuns(peer) {
            return false;
        }
        let genuine = |token: &[u8]| lock(&self.gatekeeper).is_genuine(token, wall_now());
        !(answer.carrier && token.is_some_and(genuine))
    }
}

impl Doorkeeper for Door {
    fn shuns(&self, peer: SocketAddr) -> bool {
        self.refuses_banned && lock(&self.ledger).is_banned(peer.ip(), wall_now())
    }

    /// Nothing that looks like a token: that needs no decision about an answer that nobody gets.
    fn turns_away(&self, request: &Request, peer: SocketAddr) -> bool {
        let without_token = self.token(request).is_none();
        if without_token {
            self.knock(peer.ip());
        }
        without_token
    }

    fn notice(&self, request: &Request, answer: &Answer, peer: SocketAddr) -> Notice {
        let token = self.token(request);
        let refuses = self.refuses(token.as_deref(), answer, peer);
        let peer = peer.ip();
        match token {
            Some(token) if !answer.carrier || refuses => self.up(token, peer),
            // Counted where it is recognised or not.
            Some(_) => {}
            None => self.knock(peer),
        }
        if refuses { Notice::Refuse } else { Notice::Answer }
    }

    async fn admit(&self, request: &Request, answer: &Answer, peer: SocketAddr) -> Option<Download> {
        let token = self.token(request)?;
        let recognised = lock(&self.gatekeeper).recognise(&token, wall_now());
        let Some(recognised) = recognised else {
            // The carrier may be visited upwards, too.
            self.up(token, peer.ip());
            return None;
        };
        // Until its session is confirmed, an opening is a knock like any other.
        self.knock(peer.ip());
        let mut preamble = self.decoy.carrier_magic(&mut |bytes| {
            // Without the system's random source there would be no keys either.
            let _ = getrandom::fill(bytes);
        });
        preamble.truncate(usize::from(u16::MAX));
        let room_left = answer.content_length()?.checked_sub(preamble.len() as u64)?;
        let (link, outbox) = self.relay.open(recognised, room_left, peer.ip()).await?;
        Some(Download::new(preamble, link, outbox, self.relay.clone()))
    }
}
