//! What the operator can ask and order: the admin API's calls, carried out.
//!
//! **In** calls of `admin.rs`. **Out** what relay, ledger, gatekeeper and keys say. **Never** who talks to whom.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chatter_proto::relay::bye;
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::{self, Address as LinkAddress};
use chatter_protocol::server::gatekeeper::GateId;
use chatter_protocol::server::session::State;
use chatter_protocol::time::WallTime;

use crate::access::{Keys, SharedGatekeeper, SharedLedger, lock, wall_now};
use crate::admin::{
    AccessLink, AddedBan, Control, ControlError, PurgeScope, Purged, Reseeded, Session, SessionState, Status,
};
use crate::decoy::{Decoy, Persona, Root};
use crate::ledger::{Address, Ban, Known};
use crate::relay::{Handle, RelayEnded, SessionView};
use crate::{access, host_words, journal};

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When it started.
    pub started_at: WallTime,
    /// Where it listens.
    pub listening: Vec<SocketAddr>,
    /// The Server header that strangers see.
    pub persona: String,
    /// Where the carrier lies, if there is one.
    pub carrier: Option<Carrier>,
    /// Whether the directory is a generated one.
    pub generated: bool,
    /// What links name as the server's address.
    pub link_address: LinkAddress,
    /// Where the ban report is written.
    pub report_path: Option<PathBuf>,
    /// The setting `ban.refuse`.
    pub refuses_banned: bool,
    /// Whether keys live in memory alone.
    pub ephemeral: bool,
}

/// The file whose download is the session.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// Its path, as a request line has it.
    pub path: CarrierPath,
    /// How many bytes of its own kind begin each download.
    pub preamble_len: u16,
}

impl Carrier {
    /// The carrier of a decoy; none: members can't come in.
    ///
    /// # Errors
    /// Its path, where that is too long for a link.
    pub fn of(decoy: &Decoy) -> Result<Option<Self>, String> {
        let Some(path) = decoy.carrier_path() else { return Ok(None) };
        let path = CarrierPath::parse(path).ok_or_else(|| path.to_owned())?;
        let preamble = decoy.carrier_magic(&mut |bytes| bytes.fill(0));
        Ok(Some(Self { path, preamble_len: u16::try_from(preamble.len()).unwrap_or(u16::MAX) }))
    }
}

/// The operator's hands.
pub struct Operator {
    facts: Facts,
    relay: Handle,
    ledger: SharedLedger,
    gatekeeper: SharedGatekeeper,
    keyring: Mutex<Keyring>,
}

/// What rotating changes.
pub struct Keyring {
    /// The kept keys.
    pub keys: Keys,
    /// The gate of the present access code.
    pub gate: GateId,
    /// Where new secrets come from.
    pub entropy: Entropy,
}

impl Operator {
    /// Hands over these parts of the daemon.
    pub fn new(
        facts: Facts,
        relay: Handle,
        ledger: SharedLedger,
        gatekeeper: SharedGatekeeper,
        keyring: Keyring,
    ) -> Self {
        Self { facts, relay, ledger, gatekeeper, keyring: Mutex::new(keyring) }
    }

    /// The present access link.
    ///
    /// # Errors
    /// [`ControlError::Refused`] where there is no carrier: nobody could come in.
    pub fn access_link(&self) -> Result<AccessLink, ControlError> {
        self.link(&lock(&self.keyring).keys, self.facts.carrier.as_ref())
    }

    /// Notes, at a clean stop, the newest token seen.
    ///
    /// # Errors
    /// What the system says.
    pub fn note_clean_stop(&self) -> Result<(), crate::access::KeysError> {
        let newest = lock(&self.gatekeeper).newest();
        lock(&self.keyring).keys.note_clean_stop(newest)
    }

    fn link(&self, keys: &Keys, carrier: Option<&Carrier>) -> Result<AccessLink, ControlError> {
        let Some(carrier) = carrier else {
            let text = "members can't come in: the decoy's directory has no carrier. Set `carrier` under [decoy] to \
                        the name of a large file in it, then restart";
            return Err(ControlError::Refused(text.to_owned()));
        };
        let code = AccessCode {
            server_key: keys.server.key(),
            secret: keys.access.clone(),
            carrier_path: carrier.path.clone(),
            preamble_len: carrier.preamble_len,
        };
        Ok(invite::AccessLink { address: self.facts.link_address.clone(), code }.to_text())
    }
}

impl Control for Operator {
    async fn status(&self) -> Result<Status, ControlError> {
        let relay = self.relay.counts().await?;
        let ledger = lock(&self.ledger).counts();
        let facts = self.facts.clone();
        Ok(Status {
            started_at: facts.started_at,
            listening: facts.listening,
            persona: facts.persona,
            carrier_path: facts.carrier.map(|carrier| carrier.path.as_str().to_owned()),
            sessions_confirmed: relay.confirmed,
            sessions_opened: relay.opened,
            sessions_detached: relay.detached,
            rooms: relay.rooms,
            members: relay.members,
            addresses: ledger.addresses as u64,
            bans: ledger.bans as u64,
            knocks: ledger.knocks,
            refuses_banned: facts.refuses_banned,
            report_path: facts.report_path,
            deliveries: relay.deliveries,
            ephemeral: facts.ephemeral,
        })
    }

    async fn addresses(&self) -> Result<Vec<Known>, ControlError> {
        Ok(lock(&self.ledger).addresses())
    }

    async fn sessions(&self) -> Result<Vec<Session>, ControlError> {
        let views = self.relay.sessions().await?;
        let gatekeeper = lock(&self.gatekeeper);
        let session = |SessionView { info, address, age }| Session {
            number: info.session.0,
            address,
            state: match info.state {
                State::Opened => SessionState::Opened,
                State::Confirmed => SessionState::Confirmed,
                State::Detached => SessionState::Detached,
            },
            age,
            rooms: info.rooms as u64,
            queued_bytes: info.queued as u64,
            gate: gatekeeper.name(info.gate).to_owned(),
        };
        Ok(views.into_iter().map(session).collect())
    }

    async fn purge(&self, scope: PurgeScope) -> Result<Purged, ControlError> {
        let sessions = match scope {
            PurgeScope::Everything => self.relay.end_all(bye::Reason::Purged).await?,
            PurgeScope::Counters => 0,
        };
        let addresses = lock(&self.ledger).purge() as u64;
        Ok(Purged { addresses, sessions })
    }

    async fn rotate(&self) -> Result<AccessLink, ControlError> {
        let mut keyring = lock(&self.keyring);
        let Keyring { keys, gate, entropy } = &mut *keyring;
        let secret = AccessSecret::generate(entropy);
        let mut gatekeeper = lock(&self.gatekeeper);
        let opened = gatekeeper.add(String::new(), &secret);
        let opened = opened.map_err(|full| ControlError::Refused(full.to_string()))?;
        // The gate that is not the present one is retired, whichever that is.
        let kept = keys.replace_access(secret);
        let retired = if kept.is_ok() { std::mem::replace(gate, opened) } else { opened };
        gatekeeper.retire(retired);
        drop(gatekeeper);
        self.relay.forget_retired();
        kept.map_err(|error| ControlError::Failed(error.to_string()))?;
        self.link(keys, self.facts.carrier.as_ref())
    }

    async fn invite(&self) -> Result<AccessLink, ControlError> {
        self.access_link()
    }

    async fn reseed_decoy(&self) -> Result<Reseeded, ControlError> {
        if !self.facts.generated {
            let text =
                "the directory is your own (decoy.root), not a generated one: there is nothing to draw anew";
            return Err(ControlError::Refused(text.to_owned()));
        }
        if self.facts.ephemeral {
            let text = "this daemon keeps nothing (--ephemeral): stop it and start it again, and its directory is another";
            return Err(ControlError::Refused(text.to_owned()));
        }
        let mut keyring = lock(&self.keyring);
        let Keyring { keys, entropy, .. } = &mut *keyring;
        let words = host_words::draw(entropy);
        let seed = access::draw_seed(entropy, words);
        let decoy = Decoy::new(Root::generated(&seed), Persona::default());
        let too_long = |path| ControlError::Failed(format!("{path} is too long for a link: try again"));
        let carrier = Carrier::of(&decoy).map_err(too_long)?;
        keys.replace_seed(seed).map_err(|error| ControlError::Failed(error.to_string()))?;
        let carrier_path =
            carrier.as_ref().map(|carrier| carrier.path.as_str().to_owned()).unwrap_or_default();
        Ok(Reseeded { access_link: self.link(keys, carrier.as_ref())?, carrier_path })
    }

    async fn bans(&self) -> Result<Vec<Ban>, ControlError> {
        Ok(lock(&self.ledger).bans())
    }

    async fn add_ban(&self, address: Address) -> Result<AddedBan, ControlError> {
        let mut ledger = lock(&self.ledger);
        let added =
            ledger.ban(address, wall_now()).map_err(|error| ControlError::Refused(error.to_string()))?;
        added.iter().for_each(journal::ban);
        let ban = ledger.find_ban(address);
        let ban = ban.ok_or_else(|| ControlError::Failed("the ban did not last".to_owned()))?;
        Ok(AddedBan { ban, already: added.is_none() })
    }

    async fn lift_ban(&self, address: Address) -> Result<(), ControlError> {
        if lock(&self.ledger).lift(address) {
            Ok(())
        } else {
            Err(ControlError::NotFound(format!("{address} is not banned")))
        }
    }
}

impl From<RelayEnded> for ControlError {
    fn from(_: RelayEnded) -> Self {
        Self::Ending
    }
}

/// Shared by the daemon's parts.
pub(crate) type Shared = Arc<Operator>;
