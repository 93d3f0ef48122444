//! Files on their way (docs/protocol.md §14).

use chatter_proto::room::{Private, private::Content};
use chatter_protocol::ids::MemberId;
use chatter_protocol::room::transfer::{FileName, Reason, Step, TransferId};
use prost::Message as _;
use serde_json::Value;

use crate::read::{Vector, file};

fn vectors() -> Value {
    file(include_str!("transfer.json"))
}

/// The step in a private word, and the word again with what was read.
fn read(vector: Vector<'_>) -> Option<(Step, Vec<u8>)> {
    let mut private = Private::decode(&*vector.bytes("private")).expect("a private word");
    let Some(Content::Transfer(transfer)) = private.content.take() else {
        panic!("{} is no transfer", vector.text("name"))
    };
    let step = Step::decode(transfer)?;
    private.content = Some(Content::Transfer(step.encode()));
    Some((step, private.encode_to_vec()))
}

#[test]
fn steps_travel_alike() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let id = TransferId::new(vectors.array("id"));
    let mut kinds = [0; 6];
    for vector in vectors.list("steps") {
        let name = vector.text("name");
        let (step, again) = read(vector).unwrap_or_else(|| panic!("{name} is refused"));
        assert_eq!(again, vector.bytes("private"), "{name}");
        let (kind, of) = match &step {
            Step::Offer(of, offer) => {
                assert_eq!(offer.directory, name == "offer_of_directory");
                (0, Some(*of))
            }
            Step::Grant { id, have, until } => {
                assert!(have < until, "{name}");
                (1, Some(*id))
            }
            Step::Resume { proof, kept, .. } => {
                assert_eq!((*proof, *kept), (vectors.array("proof"), name == "resume_kept"));
                (2, None)
            }
            Step::Chunk { id, .. } => (3, Some(*id)),
            Step::Kept(id) => (4, Some(*id)),
            Step::Cancel(id, reason) => {
                let expected = match name {
                    "cancel_wish" => Reason::Wish,
                    "cancel_mismatch" => Reason::Mismatch,
                    "cancel_disk" => Reason::Disk,
                    "cancel_busy" => Reason::Busy,
                    _ => Reason::BrokeRules,
                };
                assert_eq!(*reason, expected, "{name}");
                (5, Some(*id))
            }
        };
        assert!(of.is_none_or(|of| of == id), "{name}");
        kinds[kind] += 1;
    }
    assert!(kinds.iter().all(|count| *count > 0), "one of each: {kinds:?}");
}

#[test]
fn what_breaks_the_rules_is_refused() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("refused") {
        assert!(read(vector).is_none(), "{}", vector.text("name"));
    }
}

#[test]
fn proofs_are_of_one_taker_and_one_giver() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let id = TransferId::new(vectors.array("id"));
    let [taker, giver] = ["taker", "giver"].map(|name| MemberId::new(vectors.array(name)));
    assert_eq!(id.proof(&taker, &giver), vectors.array("proof"));
    assert_eq!(id.proof(&giver, &taker), vectors.array("proof_turned"));
}

#[test]
fn names_are_tamed_alike() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("names") {
        assert_eq!(FileName::tame(vector.text("proposed")).as_str(), vector.text("tame"));
    }
}
