//! Access codes made, told, rotated and revoked.
//!
//! **In** the operator's orders, the wall clock. **Out** codes that are kept before they count, and sessions that end with
//! them. **Never** a code that lets people in and would be gone after a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use chatter_proto::admin::reason::Reason;
use chatter_protocol::access::{AccessCode, AccessSecret};
use chatter_protocol::invite::{self, Transport};
use chatter_protocol::server::gatekeeper::{GateId, Gatekeeper, Standing, Terms};
use chatter_protocol::time::WallTime;
use tracing::{info, warn};

use super::{Carrier, Keyring, Operator, Reach};
use crate::access::codes::{Code, CodeName, Codes};
use crate::access::{lock, wall_now};
use crate::admin::codes::{Front, Invite, Invited, NamedInvite, OldCode, Rotated, Term};
use crate::admin::{AccessLink, ControlError};
use crate::events::{CodeChange, Event};

impl Operator {
    /// Draws a new unnamed code in place of the old one.
    pub(super) async fn rotate_code(&self, old: OldCode) -> Result<Rotated, ControlError> {
        let now = wall_now();
        let old_until = match old {
            OldCode::Kept(length) => Some(after(now, length)),
            OldCode::Retired | OldCode::Ended => None,
        };
        let (access_link, closing) = {
            let mut keyring = lock(&self.keyring);
            let Keyring { keys, entropy } = &mut *keyring;
            let mut codes = keys.codes.clone().without_expired(now);
            let fresh = Code::draw(String::new(), None, entropy);
            let mut before = std::mem::replace(&mut codes.open, fresh);
            match old_until {
                Some(until) => {
                    before.expires = Some(until);
                    codes.others.push(before);
                }
                // What an earlier rotation kept opens no longer than what this one replaces.
                None => codes.others.retain(|code| !code.name.is_empty()),
            }
            let mut gatekeeper = lock(&self.gatekeeper);
            let former: Vec<GateId> = unnamed(&gatekeeper).map(|terms| terms.id).collect();
            let present = unnamed(&gatekeeper).filter(|terms| terms.expires.is_none());
            let present =
                present.filter(|terms| terms.standing == Standing::Open).map(|terms| terms.id).next();
            self.open_and_keep(&mut gatekeeper, keys, codes, |codes| &codes.open)?;
            let closing = match old {
                OldCode::Kept(_) => {
                    present.into_iter().for_each(|gate| gatekeeper.set_expiry(gate, old_until));
                    Vec::new()
                }
                OldCode::Retired => {
                    former.iter().for_each(|gate| gatekeeper.retire(*gate));
                    Vec::new()
                }
                OldCode::Ended => {
                    former.iter().for_each(|gate| gatekeeper.close(*gate));
                    former
                }
            };
            (self.link(keys, self.facts.carrier.as_ref())?, closing)
        };
        let sessions_ended = self.end_with(&closing).await?;
        self.relay.forget_retired();
        self.tell_code("", CodeChange::Rotated);
        Ok(Rotated { access_link, old_until, sessions_ended })
    }

    /// The link of the unnamed code, or of a named one, which is made if there is none.
    pub(super) fn invite_by(
        &self,
        named: Option<NamedInvite>,
        front: &Front,
    ) -> Result<Invited, ControlError> {
        let reach = self.reach(front)?;
        let carrier = self.facts.carrier.as_ref();
        let mut keyring = lock(&self.keyring);
        let Some(NamedInvite { name, length }) = named else {
            let link = self.link_of(&keyring.keys, &keyring.keys.codes.open, carrier, &reach)?;
            return Ok(invited(link, &keyring.keys.codes.open, true));
        };
        let now = wall_now();
        let Keyring { keys, entropy } = &mut *keyring;
        // Before anything is made that nobody can use.
        self.link(keys, carrier)?;
        let mut codes = keys.codes.clone().without_expired(now);
        let expires = length.map(|length| match length {
            Term::UntilRevoked => None,
            Term::For(length) => Some(after(now, length)),
        });
        let mut gatekeeper = lock(&self.gatekeeper);
        let already = codes.others.iter_mut().find(|code| code.name == name.as_str());
        let already = match (already, expires) {
            (None, expires) => {
                codes.others.push(Code::draw(name.to_string(), expires.flatten(), entropy));
                self.open_and_keep(&mut gatekeeper, keys, codes, |codes| {
                    codes.others.last().unwrap_or(&codes.open)
                })?;
                false
            }
            (Some(_), None) => true,
            (Some(code), Some(expires)) => {
                code.expires = expires;
                keys.replace_codes(codes).map_err(failed)?;
                if let Some(gate) = gate_named(&gatekeeper, &name) {
                    gatekeeper.set_expiry(gate, expires);
                }
                true
            }
        };
        if !already {
            self.tell_code(name.as_str(), CodeChange::Made);
        }
        let code = keys.codes.named(&name).ok_or_else(|| lost(&name))?;
        Ok(invited(self.link_of(keys, code, carrier, &reach)?, code, already))
    }

    /// Ends a named code, and the sessions that came by it; how many there were.
    pub(super) async fn revoke_code(&self, name: &CodeName) -> Result<u64, ControlError> {
        let gate = {
            let mut keyring = lock(&self.keyring);
            let mut codes = keyring.keys.codes.clone().without_expired(wall_now());
            if codes.named(name).is_none() {
                let text = format!("there is no access code named {name}; see `chatterctl invites`");
                return Err(ControlError::new(Reason::NoSuchCode, text));
            }
            codes.others.retain(|code| code.name != name.as_str());
            keyring.keys.replace_codes(codes).map_err(failed)?;
            let mut gatekeeper = lock(&self.gatekeeper);
            let gate = gate_named(&gatekeeper, name);
            gate.into_iter().for_each(|gate| gatekeeper.close(gate));
            gate
        };
        self.tell_code(name.as_str(), CodeChange::Revoked);
        self.end_with(gate.as_slice()).await
    }

    fn tell_code(&self, name: &str, change: CodeChange) {
        self.relay.events().tell(|| Event::Code { name: name.to_owned(), change });
    }

    /// All codes, and how many sessions came by each.
    pub(super) async fn list_codes(&self) -> Result<Vec<Invite>, ControlError> {
        let mut sessions: BTreeMap<GateId, u64> = BTreeMap::new();
        for view in self.relay.sessions().await? {
            *sessions.entry(view.info.gate).or_default() += 1;
        }
        let gatekeeper = lock(&self.gatekeeper);
        let known = gatekeeper.terms().filter(|terms| terms.standing != Standing::Closed);
        let mut invites: Vec<Invite> = known
            .map(|terms| Invite {
                name: terms.name.clone(),
                made_at: terms.made_at,
                expires: terms.expires,
                standing: terms.standing,
                sessions: sessions.get(&terms.id).copied().unwrap_or(0),
            })
            .collect();
        // The one that lasts comes last.
        let order = |invite: &Invite| (invite.name.clone(), invite.made_at, invite.expires.unwrap_or(NEVER));
        invites.sort_by_cached_key(order);
        Ok(invites)
    }

    /// Ends the codes whose time is over, and the sessions that came by them. To be called every second.
    pub async fn expire_codes(&self) {
        let now = wall_now();
        let (expired, names) = {
            let mut gatekeeper = lock(&self.gatekeeper);
            let expired = gatekeeper.expire(now);
            let names: Vec<String> = expired.iter().map(|gate| gatekeeper.name(*gate).to_owned()).collect();
            (expired, names)
        };
        if expired.is_empty() {
            return;
        }
        names.iter().for_each(|name| self.tell_code(name, CodeChange::Expired));
        {
            let mut keyring = lock(&self.keyring);
            let codes = keyring.keys.codes.clone().without_expired(now);
            if let Err(error) = keyring.keys.replace_codes(codes) {
                // At the next start it has expired all the same.
                warn!("an expired access code can't be taken out of the keys: {error}");
            }
        }
        let ended = self.end_with(&expired).await.unwrap_or(0);
        info!(sessions = ended, "an access code has expired");
    }

    pub(super) fn link_of(
        &self,
        keys: &crate::access::Keys,
        code: &Code,
        carrier: Option<&Carrier>,
        reach: &Reach,
    ) -> Result<AccessLink, ControlError> {
        let Some(carrier) = carrier else {
            let text = "members can't come in: the decoy's directory has no carrier. Set `carrier` under [decoy] to \
                        the name of a large file in it, then restart";
            return Err(ControlError::new(Reason::NoCarrier, text));
        };
        let code = AccessCode {
            server_key: keys.server.key(),
            secret: code.secret.clone(),
            carrier_path: carrier.path.clone(),
            preamble_len: carrier.preamble_len,
        };
        let Reach { address, transport } = reach.clone();
        Ok(invite::AccessLink { transport, ..invite::AccessLink::new(address, code) }.to_text())
    }

    /// What a link says of where the server is: the settings, but for what the operator says of a front end.
    fn reach(&self, front: &Front) -> Result<Reach, ControlError> {
        let Front { host, plain, pin } = front;
        if let Some(plain) = plain {
            return Ok(Reach::by_http(plain));
        }
        let present = self.present_reach();
        match (host, present.transport, pin) {
            (Some(host), _, pin) => Ok(Reach::by_https(host, *pin)),
            (None, _, None) => Ok(present),
            (None, Transport::Https { .. }, Some(_)) => {
                Ok(Reach { transport: Transport::Https { pin: *pin }, ..present })
            }
            (None, Transport::Http, Some(_)) => {
                let text = "a key is pinned where a front end speaks HTTPS: name it with --https, or set public-host to \
                            https://…";
                Err(ControlError::new(Reason::NoHttps, text))
            }
        }
    }

    /// Opens a gate for the new one of these codes, and keeps all of them; neither, where one of the two fails.
    fn open_and_keep(
        &self,
        gatekeeper: &mut Gatekeeper,
        keys: &mut crate::access::Keys,
        codes: Codes,
        new: impl FnOnce(&Codes) -> &Code,
    ) -> Result<GateId, ControlError> {
        let opened = open(gatekeeper, new(&codes))?;
        if let Err(error) = keys.replace_codes(codes) {
            gatekeeper.close(opened);
            self.relay.forget_retired();
            return Err(failed(error));
        }
        Ok(opened)
    }

    async fn end_with(&self, gates: &[GateId]) -> Result<u64, ControlError> {
        let mut ended = 0;
        for gate in gates {
            ended += self.relay.close_gate(*gate).await?;
        }
        Ok(ended)
    }
}

/// Opens the gate of a code.
///
/// # Errors
/// Where there are as many as there may be.
pub fn open(gatekeeper: &mut Gatekeeper, code: &Code) -> Result<GateId, ControlError> {
    let Code { name, secret, made_at, expires } = code;
    let secret: &AccessSecret = secret;
    gatekeeper
        .add_until(name.clone(), secret, *made_at, *expires)
        .map_err(|full| ControlError::new(Reason::TooManyCodes, full.to_string()))
}

/// Later than any time that is set.
const NEVER: WallTime = WallTime(u64::MAX);

fn unnamed(gatekeeper: &Gatekeeper) -> impl Iterator<Item = &Terms> {
    let known = |terms: &&Terms| terms.name.is_empty() && terms.standing != Standing::Closed;
    gatekeeper.terms().filter(known)
}

fn gate_named(gatekeeper: &Gatekeeper, name: &CodeName) -> Option<GateId> {
    let is_it = |terms: &&Terms| terms.name == name.as_str() && terms.standing == Standing::Open;
    gatekeeper.terms().find(is_it).map(|terms| terms.id)
}

fn invited(access_link: AccessLink, code: &Code, already: bool) -> Invited {
    let Code { name, made_at, expires, .. } = code;
    Invited { access_link, name: name.clone(), made_at: *made_at, expires: *expires, already }
}

fn after(now: WallTime, length: Duration) -> WallTime {
    WallTime(now.0.saturating_add(length.as_secs()))
}

fn failed(error: crate::access::KeysError) -> ControlError {
    ControlError::new(Reason::Fault, error.to_string())
}

fn lost(name: &CodeName) -> ControlError {
    ControlError::new(Reason::Fault, format!("the access code {name} did not last"))
}
