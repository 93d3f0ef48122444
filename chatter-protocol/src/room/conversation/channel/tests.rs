use alloc::string::ToString;
use alloc::vec;

use chatter_proto::room::{Goodbye, Profile};
use x25519_dalek::{PublicKey, StaticSecret};

use super::*;
use crate::entropy::Entropy;
use crate::ids::RoomId;
use crate::room::ratchet::{Beginning, Side};
use crate::seal::Key;

const ID: MemberId = MemberId::new([2; 16]);
const ORIGIN: Origin = Origin { room: RoomId::new([1; 32]), sender: ID };

/// A member who holds all keys and does not follow the rules.
struct Rogue {
    ratchet: Ratchet,
    entropy: Entropy,
}

impl Rogue {
    fn new() -> (Self, Channel) {
        let end = |side, own, other| {
            let theirs = PublicKey::from(&StaticSecret::from([other; 32])).to_bytes();
            let own = StaticSecret::from([own; 32]);
            let beginning = Beginning { hash: [7; 32], root: Key::new([8; 32]), own, theirs };
            Ratchet::new(side, beginning, Time::ZERO)
        };
        let rogue = Self { ratchet: end(Side::Initiator, 1, 2), entropy: Entropy::new([3; 32]) };
        (rogue, Channel::finished(end(Side::Responder, 2, 1)))
    }

    fn private(&mut self, content: Option<Content>, stands: &Chain) -> Vec<u8> {
        let plain = message::pad(&Private { content, sent: stands.count, chain: stands.hash.to_vec() });
        self.ratchet.seal(b"", &plain, &mut self.entropy, Time::ZERO)
    }

    fn profile(&mut self, nick: &str, stands: &Chain) -> Vec<u8> {
        let profile = Profile { nick: nick.into(), here_seconds: 7, known_seconds: 5, takes_files: false };
        self.private(Some(Content::Profile(profile)), stands)
    }

    fn message(&mut self, before: &Chain) -> (message::Sealed, Vec<u8>) {
        let (view, heads) = (&ViewId::default(), &Heads::default());
        let statement = message::Statement { text: Some("hi"), view, heads };
        let sealed = message::seal(&ORIGIN, before, statement, &mut self.entropy);
        let wrap = self.ratchet.seal(&sealed.hash, &*sealed.seed, &mut self.entropy, Time::ZERO);
        (sealed, wrap)
    }
}

fn findings(heard: Result<Option<Heard>, Trouble>) -> Result<Option<Vec<Finding>>, Warning> {
    heard.map(|heard| heard.map(|heard| heard.findings)).map_err(|trouble| trouble(WHO))
}

const JOINED: News = News::Joined { here: Duration::from_secs(7), known: Duration::from_secs(5) };

const WHO: Who = Who { id: ID, nick: None };

/// Somebody who stands at 5 and is introduced.
fn introduced() -> (Rogue, Channel, Chain) {
    let (mut rogue, mut channel) = Rogue::new();
    let stands = Chain { count: 5, hash: [5; 32] };
    let profile = rogue.profile("rogue", &stands);
    assert_eq!(channel.take_private(&ID, &profile), Ok((JOINED, vec![])));
    (rogue, channel, stands)
}

#[test]
fn another_history_is_found_out() {
    let (mut rogue, mut channel, stands) = introduced();
    let (sealed, wrap) = rogue.message(&Chain { hash: [6; 32], ..stands });
    let heard = channel.take_message(&ORIGIN, &sealed.body, &wrap);
    assert_eq!(findings(heard), Ok(Some(vec![Finding::ChainMismatch])));

    let (mut rogue, mut channel, stands) = introduced();
    let goodbye =
        rogue.private(Some(Content::Goodbye(Goodbye::default())), &Chain { hash: [6; 32], ..stands });
    assert_eq!(channel.take_private(&ID, &goodbye), Ok((News::Left, vec![Finding::ChainMismatch])));
}

#[test]
fn numbers_may_neither_jump_nor_return() {
    let (mut rogue, mut channel, stands) = introduced();
    let (sealed, wrap) = rogue.message(&Chain { count: 8, ..stands });
    let heard = channel.take_message(&ORIGIN, &sealed.body, &wrap);
    assert_eq!(findings(heard), Ok(Some(vec![Finding::Withheld(3)])));
    let (sealed, wrap) = rogue.message(&stands);
    let heard = channel.take_message(&ORIGIN, &sealed.body, &wrap);
    assert_eq!(findings(heard), Err(Warning::Repeated { who: WHO }));
}

#[test]
fn a_body_that_opens_to_two_texts_can_not_be_made() {
    let (mut rogue, mut channel, stands) = introduced();
    let (sealed, _) = rogue.message(&stands);
    let wrap = rogue.ratchet.seal(&sealed.hash, &[9; 32], &mut rogue.entropy, Time::ZERO);
    let heard = channel.take_message(&ORIGIN, &sealed.body, &wrap);
    assert_eq!(findings(heard), Err(Warning::Unreadable { who: WHO }));
    let after = stands.after(&sealed.body);
    let (sealed, wrap) = rogue.message(&after);
    assert_eq!(findings(channel.take_message(&ORIGIN, &sealed.body, &wrap)), Ok(Some(vec![])));
}

/// Whoever hears a message knows its seed: he could seal another body with it, which the relay shows to others.
#[test]
fn a_wrap_opens_no_other_body_of_its_seed() {
    let (mut rogue, mut channel, stands) = introduced();
    let (view, heads) = (&ViewId::default(), &Heads::default());
    // The same randomness gives the same seed, whatever the text.
    let seal = |text| {
        let statement = message::Statement { text: Some(text), view, heads };
        message::seal(&ORIGIN, &stands, statement, &mut Entropy::new([4; 32]))
    };
    let (said, forged) = (seal("hi"), seal("ho"));
    assert_eq!(said.seed, forged.seed);
    assert!(message::open(&ORIGIN, &forged.body, &*said.seed).is_ok(), "by itself it is in order");
    let wrap = rogue.ratchet.seal(&said.hash, &*said.seed, &mut rogue.entropy, Time::ZERO);
    let heard = channel.take_message(&ORIGIN, &forged.body, &wrap);
    assert_eq!(findings(heard), Err(Warning::DidNotOpen { who: WHO }));
    assert_eq!(findings(channel.take_message(&ORIGIN, &said.body, &wrap)), Ok(Some(vec![])));
}

#[test]
fn lost_private_frames_are_told_apart_from_lost_messages() {
    let (mut rogue, mut channel, stands) = introduced();
    let _lost = rogue.private(None, &stands);
    let (lost, _) = rogue.message(&stands);
    let (sealed, wrap) = rogue.message(&stands.after(&lost.body));
    let heard = channel.take_message(&ORIGIN, &sealed.body, &wrap);
    assert_eq!(findings(heard), Ok(Some(vec![Finding::Withheld(1), Finding::FramesLost(1)])));
}

#[test]
fn before_the_introduction_nothing_is_shown() {
    let (mut rogue, mut channel) = Rogue::new();
    let stands = Chain { count: 0, hash: [0; 32] };
    let _withheld = rogue.profile("rogue", &stands);
    let (sealed, wrap) = rogue.message(&stands);
    let heard = channel.take_message(&ORIGIN, &sealed.body, &wrap);
    assert_eq!(findings(heard), Err(Warning::Unintroduced { who: WHO }));
    assert_eq!(findings(channel.take_message(&ORIGIN, &sealed.body, b"")), Ok(None));
    let wicked = rogue.profile("ro\u{202e}gue", &stands);
    let refused = channel.take_private(&ID, &wicked).map_err(|trouble| trouble(WHO));
    assert_eq!(refused, Err(Warning::Unreadable { who: WHO }));
    let profile = rogue.profile("rogue", &stands);
    assert_eq!(channel.take_private(&ID, &profile), Ok((JOINED, vec![])));
    let again = rogue.profile("somebody else", &stands);
    assert_eq!(channel.take_private(&ID, &again), Ok((News::Nothing, vec![])));
    let nick = channel.introduced.map(|introduced| introduced.member.nick.to_string());
    assert_eq!(nick.as_deref(), Some("rogue"));
}
