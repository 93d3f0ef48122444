//! Every size, count and time that bounds the protocol, each with its reason.

use core::time::Duration;

// ---- Tokens (docs/protocol.md §2, §4)

/// The longest carrier path: what a listing might plausibly hold, and a cookie's MAC cheaply covers.
pub const CARRIER_PATH_LEN_MAX: usize = 255;
/// The longest cookie, name and value: proxies and servers commonly take 4,096 bytes.
pub const COOKIE_LEN_MAX: usize = 4_000;
/// The shortest value that can be a token; shorter cookies are not even looked at.
pub const COOKIE_LEN_MIN: usize = 64;
/// How old a token may be: clocks differ, networks stall.
pub const TOKEN_AGE_MAX: u64 = 120;
/// How far in the future a token may be dated.
pub const TOKEN_LEAD_MAX: u64 = 10;
/// How many recognised tokens are remembered, unless configured; when full the oldest leave and the floor rises.
pub const REPLAY_TOKENS_MAX: usize = 1 << 18;
/// How many genuine tokens are remembered that came too early, and how many that came too late. Only who holds a code
/// can fill that.
pub const REFUSED_TOKENS_MAX: usize = 1 << 12;
/// How many access codes are valid at once: all are tried for each token.
pub const GATES_MAX: usize = 32;
/// Tags kept behind the highest accepted: six requests race each other.
pub const TAGS_BEHIND: u32 = 8;
/// Tags known ahead of the highest accepted: resends take new ones.
pub const TAGS_AHEAD: u32 = 24;
/// How far ahead of the highest acknowledged tag a client goes, so as to stay within [`TAGS_AHEAD`].
pub const TAGS_AHEAD_CLIENT: u32 = 18;

// ---- Sessions (§5)

/// Up requests under way at once: what a browser opens to one host.
pub const UP_REQUESTS_MAX: usize = 6;
/// Bytes upwards that may be under way, unacknowledged.
pub const UP_WINDOW: u64 = 64 * 1024;
/// The largest frame: the roster of a room of [`ROOM_MEMBERS_MAX`] whose hellos are all of [`HELLO_LEN_MAX`]. A text of
/// 64 KiB, padded, with wraps for all of them is smaller.
pub const FRAME_LEN_MAX: usize = 256 * 1024;
/// Unacknowledged bytes that wait for one session, unless configured; above it the reader is too slow and is cut.
pub const QUEUE_LEN_MAX: usize = 1024 * 1024;
/// An opened session that is not confirmed ends after this.
pub const OPENED_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client waits for a link to stand over a way that has to be built first, through Tor for instance: such a
/// way takes seconds, at times a minute; in a token's age ([`TOKEN_AGE_MAX`]) it has to fit with clocks that differ.
pub const FAR_OPENED_TIMEOUT: Duration = Duration::from_secs(90);
/// How often such a client tries to open a session before it gives up: a circuit may fail though the next one would not.
pub const FAR_FIRST_TRIES: u32 = 2;
/// How long a broken session is kept, unless configured.
pub const GRACE_DEFAULT: Duration = Duration::from_secs(30);
/// A connection whose session has ended is closed by the server after this; the client closes sooner.
pub const LINGER: Duration = Duration::from_secs(10);
/// The server's tables are made anew when somebody has left, at most so often: with thousands in them it takes a while.
pub const RENEWAL_PAUSE: Duration = Duration::from_secs(1);
/// Without chaff, records go out at jittered intervals from this …
pub const CHAFF_INTERVAL_MIN: Duration = Duration::from_secs(5);
/// … to this, with or without.
pub const CHAFF_INTERVAL_MAX: Duration = Duration::from_secs(15);
/// Records of chaff are this far apart by and by, whatever goes between them: with [`CHAFF_UP_MEAN`] an idle member costs
/// less than 1 KiB a second.
pub const CHAFF_DOWN_MEAN: Duration = Duration::from_secs(5);
/// Up tokens of chaff are this far apart by and by, whatever goes between them …
pub const CHAFF_UP_MEAN: Duration = Duration::from_secs(12);
/// … and never further than this.
pub const CHAFF_UP_MAX: Duration = Duration::from_secs(40);
/// At a constant rate a record goes down and a token goes up so often: half of it is what a line waits each way.
pub const CONSTANT_INTERVAL: Duration = Duration::from_secs(1);
/// A link without a record for this long is dead: two chaff intervals.
pub const LINK_SILENCE_MAX: Duration = Duration::from_secs(30);
/// Without chaff, a client sends something upwards at jittered intervals from this …
pub const KEEPALIVE_INTERVAL_MIN: Duration = Duration::from_secs(40);
/// … to this.
pub const KEEPALIVE_INTERVAL_MAX: Duration = Duration::from_secs(70);
/// A link without an up token for this long is dead: two keepalives and their resends.
pub const UP_SILENCE_MAX: Duration = Duration::from_secs(160);
/// A client acknowledges at once when this many bytes are unacknowledged, and lazily below.
pub const ACK_BYTES: u64 = 32 * 1024;
/// Without chaff, a lazy acknowledgement waits at least this …
pub const ACK_DELAY_MIN: Duration = Duration::from_secs(8);
/// … and at most this.
pub const ACK_DELAY_MAX: Duration = Duration::from_secs(20);
/// A batch unacknowledged for this long, or four round trips if longer, is sent again …
pub const RESEND_MIN: Duration = Duration::from_secs(1);
/// … at a constant rate for this long, since both ways wait for their turn …
pub const RESEND_CONSTANT_MIN: Duration = Duration::from_secs(4);
/// … at intervals that double up to this.
pub const RESEND_MAX: Duration = Duration::from_secs(8);
/// A client renews its link after a time drawn from here …
pub const REKEY_MIN: Duration = Duration::from_secs(30 * 60);
/// … to here.
pub const REKEY_MAX: Duration = Duration::from_secs(60 * 60);
/// Plain answers in a row after which a client gives up.
pub const PLAIN_ANSWERS_MAX: u32 = 3;
/// Plain answers in a row after which a client gives up a session that it had: somebody may be delivering its tokens
/// first, for a while.
pub const PLAIN_ANSWERS_RESUMING_MAX: u32 = 10;
/// A client opens a newer link when three tries over this one and so long a time brought no acknowledgement; so much
/// longer each time that it did not help, up to twelve times that.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);
/// Sessions in all, unless configured.
pub const SESSIONS_MAX: usize = 4096;
/// Sessions not yet confirmed, in all, unless configured; the oldest makes room for a newer one.
pub const SESSIONS_OPENED_MAX: usize = 256;
/// Sessions from one address, unless configured: a whole school behind one, and three quarters left for the others.
pub const SESSIONS_ORIGIN_MAX: usize = 1024;
/// Sessions by one named access code, unless configured: a person's or a group's, not everybody's.
pub const SESSIONS_NAMED_MAX: usize = 256;
/// Openings a second from one address whose curve work is done, unless configured: half a percent of a processor, and
/// with what may come in a burst a whole school that comes back at once.
pub const OPENINGS_ORIGIN_MAX: u32 = 32;
/// Openings a second by one access code whose curve work is done, unless configured: a tenth of a processor. As many as
/// there are sessions may come in a burst, when all of them come back at once.
pub const OPENINGS_GATE_MAX: u32 = 512;
/// Openings come in bursts: those of so much time may come at once, and as many again hear that there were too many.
pub const OPENINGS_BURST: Duration = Duration::from_secs(8);
/// Addresses whose openings are counted at once; further ones count for their access code alone.
pub const OPENINGS_ORIGINS_MAX: usize = 16_384;
/// For how much longer than the grace time a closed gate is known, so that who was away when it closed is told.
pub const GATE_FAREWELL: Duration = Duration::from_secs(10);

// ---- Rooms (§6–8): what members and the relay accept of each other

/// The longest text of one message, in bytes of UTF-8: a page of source code fits, a film does not.
pub const TEXT_LEN_MAX: usize = 64 * 1024;

/// The longest sealed body: the longest text with its number, chain hash and padding, and what may join them later.
pub const BODY_LEN_MAX: usize = 72 * 1024;

/// The longest payload for one member alone.
pub const DIRECT_LEN_MAX: usize = BODY_LEN_MAX;

/// The longest hello: an ML-KEM-768 key of 1,184 bytes and room for the versions to come.
pub const HELLO_LEN_MAX: usize = 2 * 1024;

/// A wrap: ratchet header (40), seed (32), tag (16).
pub const WRAP_LEN: usize = 88;

/// How many members a client keeps in mind, whatever the relay claims: above what any relay admits.
pub const OCCUPANTS_MAX: usize = 128;

/// How many members a room holds unless the operator says otherwise.
pub const ROOM_MEMBERS_DEFAULT: usize = 64;

/// How many members an operator may let a room hold: the roster that a newcomer gets, with the
/// longest hello of each, must fit one frame of [`FRAME_LEN_MAX`].
pub const ROOM_MEMBERS_MAX: usize = 100;

/// In how many rooms one session may sit unless the operator says otherwise.
pub const SESSION_ROOMS_DEFAULT: usize = 16;

/// How many rooms are listed at once unless the operator says otherwise.
pub const LISTED_ROOMS_DEFAULT: usize = 64;

/// How many rooms an operator may let be listed: with the longest names and their secrets they must fit one frame of
/// [`FRAME_LEN_MAX`].
pub const LISTED_ROOMS_MAX: usize = 1024;

/// How many rooms one session may list.
pub const SESSION_LISTED_MAX: usize = 4;

/// How many lost frames of a pair are stepped over; a larger gap is refused and leaves the pair as it was.
pub const RATCHET_GAP_MAX: u32 = 64;

/// How often at most a side of a pair draws a new Diffie-Hellman key.
pub const RATCHET_STEP_EVERY: Duration = Duration::from_secs(30);

/// How long a member counts as settling: whoever has not finished by then may have no room secret, or no network.
pub const SETTLING_MAX: Duration = Duration::from_secs(10);

/// After how many warnings in a row about frames of one member that do not open further ones are dropped silently.
pub const STRIKES_MAX: u8 = 3;

/// How long a round of verification may take: everybody's program answers by itself within a round trip or two.
pub const VERIFY_TIMEOUT: Duration = Duration::from_secs(20);

/// How many rounds of verification that are over are known again, so that what comes late begins none anew.
pub const ROUNDS_REMEMBERED: usize = 16;

/// How long a member waits before it moves to a new room secret: if two have drawn one, everybody must see both.
pub const MOVE_DELAY: Duration = Duration::from_secs(3);

/// How many removals of one member by another are remembered.
pub const REMOVALS_MAX: usize = 1024;

/// Of how many texts of one's own it is noted who has opened them.
pub const DELIVERIES_MAX: usize = 64;

/// How many places of a member's chain are remembered: whoever lags further behind is not compared with until he has
/// caught up.
pub const HISTORY_LEN: usize = 128;

/// How long a message waits for those that its sender had heard before it.
pub const HOLD_MAX: Duration = Duration::from_secs(30);

/// How many messages wait so at once; the oldest goes first. A relay that keeps the order causes none.
pub const HELD_MAX: usize = 64;

/// A beacon is due after a silence of one's own drawn from here …
pub const BEACON_MIN: Duration = Duration::from_secs(25);
/// … to here.
pub const BEACON_MAX: Duration = Duration::from_secs(35);
/// A change of view is told after at least this, so that several are told at once …
pub const VIEW_BEACON_MIN: Duration = Duration::from_secs(1);
/// … and at most this more for each member: not all at the same moment.
pub const VIEW_BEACON_EACH: Duration = Duration::from_millis(200);
/// How many beacons may be unacknowledged; there is no use in more.
pub const BEACONS_UNACKNOWLEDGED_MAX: usize = 16;

/// A member of whom nothing was heard for this long, and for the grace time, is shown as gone: three beacons.
pub const SILENCE_MAX: Duration = Duration::from_secs(3 * 35);
/// Whoever was given up by the others begins anew, at most so often.
pub const ANEW_EVERY: Duration = Duration::from_secs(60);
/// A call that comes later than asked for by this: our own machine slept, and what was timed is timed again.
pub const LAPSE: Duration = Duration::from_secs(10);

/// A view that differs is asked about after this …
pub const ROLL_AFTER: Duration = Duration::from_secs(10);
/// … and again at this interval.
pub const ROLL_EVERY: Duration = Duration::from_secs(30);
/// Who asks the same member again sooner gets no answer: an answer is larger than the question.
pub const ROLL_ANSWER_EVERY: Duration = Duration::from_secs(5);
/// Two members who do not see each other for so many grace times are kept apart: a handshake has four legs, each of
/// which a broken session may hold up for one.
pub const APART_GRACES: u32 = 4;
/// A relay tells of a newcomer at once, but to somebody whose machine sleeps or whose network is gone: he hears of it
/// when he wakes, if that is before the relay takes his link for dead and his grace time is over. What is beyond that
/// and this is no accident.
pub const TELLING_SPARE: Duration = Duration::from_secs(30);
/// The longest grace time that a member believes in.
pub const GRACE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// How many members heads may name: all who are here, and all who left and are remembered.
pub const HEADS_MAX: usize = OCCUPANTS_MAX + DEPARTED_MAX;
/// Bytes that relay and members together can make one of them hold for a room: nearly all of it texts that wait, the
/// rest a few kilobytes for each of [`OCCUPANTS_MAX`].
pub const ROOM_MEMORY_MAX: usize = 8 * 1024 * 1024;
/// How many who left are remembered, to compare with what others say of them.
pub const DEPARTED_MAX: usize = 128;

// ---- Files (§14)

/// The longest file: what an hour carries at 16 MiB a second, and no number that arithmetic could overflow.
pub const FILE_LEN_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// The longest proposal for a name, in bytes; what is left of it is shorter.
pub const FILE_NAME_LEN_MAX: usize = 1024;
/// The most bytes of a file in one frame: with what stands around them they fit four times the padding's step.
pub const CHUNK_LEN_MAX: usize = 16_000;
/// How many bytes a taker lets be under way, over all that he takes: a fifth of what the relay keeps for him, so that talk
/// always fits beside them.
pub const TAKING_WINDOW: u64 = 192 * 1024;
/// How many files one takes at once.
pub const TAKING_MAX: usize = 16;
/// How many offers of one member wait for an answer at once …
pub const OFFERS_MEMBER_MAX: usize = 8;
/// … and how many in one room.
pub const OFFERS_MAX: usize = 64;
/// How many files one gives at once, one for each taker: some to everybody in a large room.
pub const GIVING_MAX: usize = 256;
/// How many files that were taken to the end are known, so that a giver who comes back hears of it.
pub const KEPT_REMEMBERED: usize = 16;
