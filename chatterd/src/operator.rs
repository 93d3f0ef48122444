//! What the operator can ask and order: the admin API's calls, carried out.
//!
//! **In** calls of `admin.rs`. **Out** what relay, ledger, gatekeeper and keys say. **Never** who talks to whom.

pub mod codes;
mod reach;
pub mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chatter_proto::admin::reason::Reason;
use chatter_proto::relay::bye;
use chatter_protocol::access::CarrierPath;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{RoomId, SessionId};
use chatter_protocol::limits::TOKEN_LEAD_MAX;
use chatter_protocol::server::session::State;
use chatter_protocol::time::WallTime;
use tokio::sync::broadcast::Receiver;

use crate::access::codes::CodeName;
use crate::access::{Keys, SharedGatekeeper, SharedLedger, hex, lock, wall_now};
use crate::admin::codes::{Front, Invite, Invited, NamedInvite, OldCode, Rotated};
use crate::admin::rights::Rights;
use crate::admin::{
    AccessLink, AddedBan, CircuitName, Control, ControlError, PurgeScope, Purged, Reseeded, Room, Seen,
    Session, SessionState, Settings, Status,
};
use crate::circuit::Circuit;
use crate::circuits::Known;
use crate::config::Changes;
use crate::decoy::{Decoy, Persona, Root};
use crate::entrance::Place;
use crate::events::{Event, Events};
use crate::ledger::{Address, Ban, Length};
use crate::relay::{Handle, RelayEnded, SessionView, Which};
use crate::report::Keeper;
use crate::source::Source;
use crate::tally::SharedCircuits;
use crate::{access, host_words, journal};
use settings::Steering;

pub use reach::Reach;

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When it started.
    pub started_at: WallTime,
    /// Where it listens.
    pub listening: Vec<Place>,
    /// The Tor hosts by their names, and where each connects to.
    pub tor_hosts: Vec<(String, Place)>,
    /// The Server header that strangers see.
    pub persona: String,
    /// Where the carrier lies, if there is one.
    pub carrier: Option<Carrier>,
    /// Whether the directory is a generated one.
    pub generated: bool,
    /// Where the ban report is written.
    pub report_path: Option<PathBuf>,
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
    books: Books,
    gatekeeper: SharedGatekeeper,
    keyring: Mutex<Keyring>,
    steering: Steering,
}

/// The ledger, and who puts it on the disk.
pub struct Books {
    /// Knocks and bans.
    pub ledger: SharedLedger,
    /// What is known of circuits.
    pub circuits: SharedCircuits,
    /// None: bans are kept in memory alone.
    pub keeper: Option<Keeper>,
}

/// What rotating changes.
pub struct Keyring {
    /// The kept keys.
    pub keys: Keys,
    /// Where new secrets come from.
    pub entropy: Entropy,
}

impl Operator {
    /// Hands over these parts of the daemon.
    pub fn new(
        facts: Facts,
        relay: Handle,
        books: Books,
        gatekeeper: SharedGatekeeper,
        keyring: Keyring,
        steering: Steering,
    ) -> Self {
        Self { facts, relay, books, gatekeeper, keyring: Mutex::new(keyring), steering }
    }

    /// Where what happens is told.
    pub fn events(&self) -> &Events {
        self.relay.events()
    }

    /// What is known of circuits.
    pub fn circuits(&self) -> &SharedCircuits {
        &self.books.circuits
    }

    /// The circuit of this number at the host of this name.
    fn circuit(&self, named: &CircuitName) -> Result<Circuit, ControlError> {
        let host = lock(&self.books.circuits).host(&named.host);
        let host = host.ok_or_else(|| {
            let text = format!("there is no Tor host {:?}; the settings name them in [[tor]]", named.host);
            ControlError::new(Reason::WrongAddress, text)
        })?;
        Ok(Circuit { host, number: named.number })
    }

    /// The present access link.
    ///
    /// # Errors
    /// [`Reason::NoCarrier`] where there is no carrier: nobody could come in.
    pub fn access_link(&self) -> Result<AccessLink, ControlError> {
        self.link(&lock(&self.keyring).keys, self.facts.carrier.as_ref())
    }

    /// Notes, at a clean stop, the newest token seen.
    ///
    /// # Errors
    /// What the system says.
    pub fn note_clean_stop(&self) -> Result<(), crate::access::KeysError> {
        let newest = lock(&self.gatekeeper).newest();
        if is_ahead(newest, wall_now()) {
            tracing::warn!("the clock was set back: the next start takes no token from before it");
            return Ok(());
        }
        lock(&self.keyring).keys.note_clean_stop(newest)
    }

    /// Waits until the report says what was `done`.
    async fn reported(&self, done: &str) -> Result<(), ControlError> {
        let Some(keeper) = &self.books.keeper else { return Ok(()) };
        keeper.written().await.map_err(|error| {
            let text = format!("{done}, but the report can't be written ({error}); it will be tried again");
            ControlError::new(Reason::Fault, text)
        })
    }

    /// The room whose id begins so.
    async fn room(&self, beginning: &str) -> Result<RoomId, ControlError> {
        let rooms = self.relay.rooms().await?;
        let wanted = beginning.to_ascii_lowercase();
        let mut found = rooms.iter().map(|(id, _)| *id).filter(|id| hex(id.as_bytes()).starts_with(&wanted));
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(id),
            (Some(_), Some(_)) => Err(ControlError::new(
                Reason::SeveralRooms,
                format!("several rooms' ids begin with {wanted}; give more of it"),
            )),
            (None, _) => {
                Err(ControlError::new(Reason::NoSuchRoom, "no room's id begins so; see `chatterctl rooms`"))
            }
        }
    }

    fn purge_counters(&self) -> u64 {
        let circuits = lock(&self.books.circuits).purge();
        (lock(&self.books.ledger).purge() + circuits) as u64
    }

    fn link(&self, keys: &Keys, carrier: Option<&Carrier>) -> Result<AccessLink, ControlError> {
        self.link_of(keys, &keys.codes.open, carrier, &self.present_reach())
    }
}

impl Control for Operator {
    async fn status(&self) -> Result<Status, ControlError> {
        let relay = self.relay.counts().await?;
        let ledger = lock(&self.books.ledger).counts();
        let facts = self.facts.clone();
        Ok(Status {
            started_at: facts.started_at,
            listening: facts.listening,
            tor_hosts: facts.tor_hosts,
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
            refuses_banned: self.steering.config().ban.refuse,
            report_path: facts.report_path,
            deliveries: relay.deliveries,
            ephemeral: facts.ephemeral,
        })
    }

    async fn addresses(&self) -> Result<Vec<Seen>, ControlError> {
        let mut links: BTreeMap<Address, u32> = BTreeMap::new();
        for peer in self.relay.peers().await? {
            *links.entry(peer.into()).or_default() += 1;
        }
        let mut seen: Vec<Seen> = {
            let ledger = lock(&self.books.ledger);
            let known = ledger.addresses();
            let seen = known
                .into_iter()
                .map(|known| Seen { known, links: links.remove(&known.address).unwrap_or(0) });
            let seen: Vec<_> = seen.collect();
            // Opened and not confirmed, and their knock forgotten since.
            let others =
                links.into_iter().map(|(address, links)| Seen { known: ledger.unknown(address), links });
            seen.into_iter().chain(others).collect()
        };
        seen.sort_unstable_by_key(|seen| seen.known.address);
        Ok(seen)
    }

    async fn rooms(&self) -> Result<Vec<Room>, ControlError> {
        let rooms = self.relay.rooms().await?.into_iter();
        let room = |(id, members): (RoomId, usize)| Room {
            id: hex(id.as_bytes()),
            members: u32::try_from(members).unwrap_or(u32::MAX),
        };
        Ok(rooms.map(room).collect())
    }

    async fn sessions(&self) -> Result<Vec<Session>, ControlError> {
        let views = self.relay.sessions().await?;
        let gatekeeper = lock(&self.gatekeeper);
        let circuits = lock(&self.books.circuits);
        let name = |circuit: Circuit| CircuitName {
            host: circuits.host_name(circuit.host).to_owned(),
            number: circuit.number,
        };
        let session = |SessionView { info, source, age }| Session {
            number: info.session.0,
            address: source.and_then(Source::address),
            circuit: source.and_then(Source::circuit).map(name),
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
        let end = |which| self.relay.end(which, bye::Reason::Purged);
        match scope {
            PurgeScope::Counters => Ok(Purged { addresses: self.purge_counters(), sessions: 0 }),
            PurgeScope::Everything => {
                let sessions = end(Which::All).await?;
                Ok(Purged { addresses: self.purge_counters(), sessions })
            }
            PurgeScope::Room(beginning) => {
                let sessions = end(Which::In(self.room(&beginning).await?)).await?;
                Ok(Purged { addresses: 0, sessions })
            }
            PurgeScope::Circuit(named) => {
                let circuit = self.circuit(&named)?;
                let sessions = end(Which::By(circuit)).await?;
                Ok(Purged { addresses: lock(&self.books.circuits).forget(circuit).into(), sessions })
            }
            PurgeScope::Address(address) => {
                let before = lock(&self.books.ledger).find(address).is_some();
                let sessions = end(Which::From(address)).await?;
                let mut ledger = lock(&self.books.ledger);
                ledger.forget(address);
                let gone = before && ledger.find(address).is_none();
                Ok(Purged { addresses: gone.into(), sessions })
            }
        }
    }

    async fn rotate(&self, old: OldCode) -> Result<Rotated, ControlError> {
        self.rotate_code(old).await
    }

    async fn invite(&self, named: Option<NamedInvite>, front: Front) -> Result<Invited, ControlError> {
        self.invite_by(named, &front)
    }

    async fn revoke(&self, name: CodeName) -> Result<u64, ControlError> {
        self.revoke_code(&name).await
    }

    async fn invites(&self) -> Result<Vec<Invite>, ControlError> {
        self.list_codes().await
    }

    async fn reseed_decoy(&self) -> Result<Reseeded, ControlError> {
        if !self.facts.generated {
            let text =
                "the directory is your own (decoy.root), not a generated one: there is nothing to draw anew";
            return Err(ControlError::new(Reason::NotGenerated, text));
        }
        if self.facts.ephemeral {
            let text = "this daemon keeps nothing (--ephemeral): stop it and start it again, and its directory is another";
            return Err(ControlError::new(Reason::Ephemeral, text));
        }
        let mut keyring = lock(&self.keyring);
        let Keyring { keys, entropy, .. } = &mut *keyring;
        let words = host_words::draw(entropy);
        let seed = access::draw_seed(entropy, words);
        let decoy = Decoy::new(Root::generated(&seed), Persona::default());
        let too_long =
            |path| ControlError::new(Reason::Fault, format!("{path} is too long for a link: try again"));
        let carrier = Carrier::of(&decoy).map_err(too_long)?;
        keys.replace_seed(seed).map_err(|error| ControlError::new(Reason::Fault, error.to_string()))?;
        let carrier_path =
            carrier.as_ref().map(|carrier| carrier.path.as_str().to_owned()).unwrap_or_default();
        Ok(Reseeded { access_link: self.link(keys, carrier.as_ref())?, carrier_path })
    }

    async fn bans(&self) -> Result<Vec<Ban>, ControlError> {
        let mut bans = lock(&self.books.ledger).bans();
        bans.sort_unstable_by_key(|ban| ban.address);
        Ok(bans)
    }

    async fn circuits_over(&self) -> Result<Vec<Known>, ControlError> {
        let mut known = lock(&self.books.circuits).known();
        known.retain(|known| known.over.is_some());
        Ok(known)
    }

    async fn lift_circuit(&self, named: CircuitName) -> Result<(), ControlError> {
        let circuit = self.circuit(&named)?;
        if !lock(&self.books.circuits).lift(circuit) {
            return Err(ControlError::new(Reason::NoSuchBan, format!("{named} is not turned away")));
        }
        Ok(())
    }

    async fn add_ban(&self, address: Address, length: Length) -> Result<AddedBan, ControlError> {
        let added = {
            let mut ledger = lock(&self.books.ledger);
            let new = ledger.ban(address, length, wall_now())?;
            new.iter().for_each(journal::ban);
            let ban = ledger.find_ban(address);
            let ban = ban.ok_or_else(|| ControlError::new(Reason::Fault, "the ban did not last"))?;
            AddedBan { ban, already: new.is_none() }
        };
        self.reported(&format!("{address} is banned")).await?;
        Ok(added)
    }

    async fn lift_ban(&self, address: Address) -> Result<(), ControlError> {
        if !lock(&self.books.ledger).lift(address) {
            return Err(ControlError::new(Reason::NoSuchBan, format!("{address} is not banned")));
        }
        self.reported(&format!("the ban of {address} is lifted")).await
    }

    async fn kick(&self, number: u64) -> Result<(), ControlError> {
        let ended = self.relay.end(Which::One(SessionId(number)), bye::Reason::Purged).await?;
        if ended == 0 {
            let text = format!("there is no session {number}; see `chatterctl sessions`");
            return Err(ControlError::new(Reason::NoSuchSession, text));
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        Settings { settings: self.steering.config().settings(), file: self.steering.file() }
    }

    async fn check_settings(&self) -> Result<Changes, ControlError> {
        self.steering.look().await.map(|look| look.changes)
    }

    async fn reload(&self) -> Result<Changes, ControlError> {
        self.reload_settings().await
    }

    fn shutdown(&self) {
        self.steering.stop();
    }

    fn watch(&self) -> Receiver<Arc<Event>> {
        let events = self.relay.events().watch();
        lock(&self.books.ledger).want_news();
        events
    }

    fn rights(&self) -> Arc<Rights> {
        self.steering.rights()
    }
}

impl From<RelayEnded> for ControlError {
    fn from(_: RelayEnded) -> Self {
        Self::ending()
    }
}

/// Shared by the daemon's parts.
pub(crate) type Shared = Arc<Operator>;

/// Whether a token came while the clock was ahead. As a floor it would keep everybody out until the clock is there again;
/// without one the next start takes nothing from before itself, as after a kill.
fn is_ahead(newest: WallTime, now: WallTime) -> bool {
    newest.0 > now.0.saturating_add(TOKEN_LEAD_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_from_beyond_what_clients_may_lead_is_ahead() {
        let now = WallTime(1_000_000);
        for (newest, ahead) in
            [(0, false), (now.0, false), (now.0 + TOKEN_LEAD_MAX, false), (now.0 + TOKEN_LEAD_MAX + 1, true)]
        {
            assert_eq!(is_ahead(WallTime(newest), now), ahead, "{newest}");
        }
        assert!(!is_ahead(WallTime(u64::MAX), WallTime(u64::MAX)));
    }
}
