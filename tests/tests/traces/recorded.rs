//! What crossed already, cut off or changed anywhere, gets what the real Python gives, while its members talk on.

use std::time::Duration;

use chatter_tests::company::Company;
use chatter_tests::ground::{Ground, Sent, is_opening, requests};
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

use crate::forms::{Form, changed, cut};

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn recorded_requests_cut_or_changed_at_any_byte_get_what_python_gives() {
    let _turn = crate::alone();
    let ground = Ground::with_carrier(64 * 1024);
    let daemon = ground.daemon();
    let recorder = Recorder::new(daemon.address, 2);
    let mut company = Company::gather(&recorder.link(&daemon.access_link()), 2);
    company.talk_while(|| {
        recorder.cut();
        until("both resume", || (openings(&recorder).len() >= 4).then_some(()));
    });
    let ups = requests(&recorder).into_iter().filter(|request| !is_opening(request));
    let up = ups.min_by_key(Vec::len).expect("they talked");
    let openings = openings(&recorder);
    let (opening, resumption) = (openings.first().expect("counted"), openings.last().expect("counted"));
    company.talk_while(|| {
        for (what, request, masks) in [
            ("opening", opening, &MASKS[..]),
            ("resumption", resumption, &MASKS[..1]),
            ("up", &up, &MASKS[..]),
        ] {
            let mut sent = vec![Sent::closing("as it was", request.as_slice())];
            sent.extend(cut(request, request.len(), Sent::closing));
            let unfinished = cut(request, request.len(), |what, bytes| Sent::waiting(what, bytes, A_MOMENT));
            sent.extend(unfinished.into_iter().step_by(5));
            sent.extend(changed(request, masks));
            sent.extend(Form::of(request).unspent());
            let began = std::time::Instant::now();
            let differing = ground.differences(daemon.address, &sent);
            assert!(differing.is_empty(), "{what}: {} differ: {}", differing.len(), differing.join("\n"));
            eprintln!("{what}: {} requests, no difference, {:?}", sent.len(), began.elapsed());
        }
    });
    company.leave();
}

fn openings(recorder: &Recorder) -> Vec<Vec<u8>> {
    requests(recorder).into_iter().filter(|request| is_opening(request)).collect()
}

/// The lowest bit, a letter's case, what is no ASCII.
const MASKS: [u8; 3] = [0x01, 0x20, 0x80];
/// How long an unfinished request is watched: neither answers it, ever.
const A_MOMENT: Duration = Duration::from_millis(250);
