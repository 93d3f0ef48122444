use std::vec;

use super::*;

const LINK: LinkId = LinkId(0);
const MILLISECOND: Duration = Duration::from_millis(1);

fn at(milliseconds: u32) -> Time {
    Time::ZERO + MILLISECOND * milliseconds
}

fn up(index: u32) -> UpId {
    UpId { link: LINK, index }
}

/// On a link, with much to say.
fn speaking() -> UpStream {
    let mut stream = UpStream::new(Chaff::None);
    stream.new_link(LINK, at(0));
    stream.link_acknowledged(LINK, 1);
    stream.next_index = 1;
    stream.stream().extend(vec![7; 60_000]);
    stream
}

/// Sends the next batch, if one may go.
fn send(stream: &mut UpStream, now: Time) -> Option<u32> {
    let index = stream.next_index;
    let batch = stream.next_batch(0, false, now)?;
    stream.sent(up(index), &batch, now);
    Some(index)
}

/// All requests but the first are answered at once, until one may not go.
fn overtake(stream: &mut UpStream, first: u32, now: Time) -> u32 {
    let mut last = first;
    while let Some(index) = send(stream, now) {
        stream.done(up(index), true, now);
        stream.link_acknowledged(LINK, index + 1);
        last = index;
    }
    last
}

#[test]
fn a_request_is_not_overtaken_until_its_tag_is_forgotten() {
    let mut stream = speaking();
    let slow = send(&mut stream, at(0)).unwrap();
    let last = overtake(&mut stream, slow, at(1));
    assert_eq!(last, slow + limits::TAGS_BEHIND);
    assert!(stream.free_at().unwrap() >= at(1_000));
    // Its answer makes way.
    stream.done(up(slow), true, at(2));
    assert_eq!(send(&mut stream, at(2)), Some(last + 1));
}

#[test]
fn a_request_that_hangs_does_not_hold_up_the_others_for_long() {
    let mut stream = speaking();
    let slow = send(&mut stream, at(0)).unwrap();
    let last = overtake(&mut stream, slow, at(1));
    let free_at = stream.free_at().unwrap();
    let again = stream.next_batch(0, false, free_at).unwrap();
    assert_eq!(again.offset, 0, "it goes again under a new tag");
    stream.sent(up(last + 1), &again, free_at);
    assert!(send(&mut stream, free_at).is_some());
}

#[test]
fn a_gap_is_mended_as_soon_as_its_tag_is_forgotten() {
    let mut stream = speaking();
    let lost = send(&mut stream, at(0)).unwrap();
    stream.done(up(lost), true, at(1));
    let alive = lost + limits::TAGS_BEHIND + 1;
    for (accepted, goes_again) in [(alive, false), (alive + 1, true)] {
        stream.link_acknowledged(LINK, accepted);
        stream.next_index = accepted;
        stream.mend_gap(at(2));
        assert_eq!(stream.resend_at() == Some(at(2)), goes_again, "{accepted} tags accepted");
    }
    assert_eq!(stream.next_batch(0, false, at(2)).unwrap().offset, 0);
}

#[test]
fn acknowledging_again_and_again_is_no_sign_of_a_link_that_is_stuck() {
    let mut stream = speaking();
    stream.bytes.clear();
    for second in 0..20 {
        let now = at(second * 300);
        let index = stream.next_index;
        let batch = stream.next_batch(u64::from(second), true, now).unwrap();
        stream.sent(up(index), &batch, now);
        stream.done(up(index), true, now);
        // The tag before has been accepted, this one not yet.
        stream.link_acknowledged(LINK, index);
        assert!(stream.stuck_at().is_none(), "in turn {second}");
        assert_eq!(stream.flights.len(), 1);
    }
}
