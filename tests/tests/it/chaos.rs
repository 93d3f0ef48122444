//! Two clients talk through the worst of networks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chatter_client::{Handle, Notice, Notices, Options, start};
use chatter_protocol::ids::Nickname;
use chatter_tests::chaos::Chaos;
use chatter_tests::client::room_link;
use chatter_tests::daemon::Home;
use chatter_tests::recorder::readdress;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Of each of the two; `CHATTER_CHAOS_MESSAGES` is another number.
const MESSAGES: usize = 600;
/// After so many messages, all connections are cut at once and come from another address from then on.
const ROAM_EVERY: usize = 1000;
/// For one message to arrive after the one before.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn nothing_is_lost_or_repeated_in_a_storm() {
    let messages =
        std::env::var("CHATTER_CHAOS_MESSAGES").map_or(MESSAGES, |text| text.parse().expect("a number"));
    let home = Home::new();
    let daemon = home.ephemeral("grace = 120");
    let chaos = Chaos::new(daemon.address, 7);
    let access = readdress(&daemon.access_link(), chaos.address());
    let runtime = Runtime::new().expect("threads");
    runtime.block_on(async {
        let nick = |text: &str| Nickname::parse(text).expect("a nickname");
        let link = chatter_protocol::invite::Link::parse(&access).expect("a link").access().clone();
        let (anna, mut heard_by_anna) =
            start(Options::new_room(link, String::new(), nick("anna")).expect("randomness"))
                .expect("a start");
        let room = next(&mut heard_by_anna, "a room", |notice| {
            let Notice::Room { link } = notice else { return None };
            Some(room_link(link.expose()))
        })
        .await;
        let (ben, mut heard_by_ben) = start(Options::join(room, nick("ben"))).expect("a start");
        for notices in [&mut heard_by_anna, &mut heard_by_ben] {
            next(notices, "the other", |notice| matches!(notice, Notice::MemberJoined { .. }).then_some(()))
                .await;
        }
        chaos.storm();
        let ready = AtomicUsize::new(0);
        tokio::join!(
            talk(&anna, messages),
            talk(&ben, messages),
            async {
                listen(&mut heard_by_anna, "ben", messages, None).await;
                hear_out(&mut heard_by_anna, &ready).await;
            },
            async {
                listen(&mut heard_by_ben, "anna", messages, Some(&chaos)).await;
                hear_out(&mut heard_by_ben, &ready).await;
            },
        );
        let (connections, killed) = chaos.connections();
        println!(
            "{messages} messages each way over {connections} connections, of which {killed} were killed"
        );
        assert!(killed * 20 > connections, "{killed} of {connections}: it was no storm");
        assert_eq!(daemon.operator().list("sessions", "sessions").len(), 2, "resumed, not begun anew");
        // Who drops his handle leaves.
        drop((anna, ben));
    });
}

async fn talk(handle: &Handle, messages: usize) {
    for number in 0..messages {
        assert!(handle.say(text(number)).await, "the stay has ended");
    }
}

/// Hears all, once and in order, and nothing that should not happen.
async fn listen(notices: &mut Notices, from: &str, messages: usize, chaos: Option<&Chaos>) {
    for number in 0..messages {
        let heard = next(notices, "the next message", |notice| {
            let Notice::Message { from: sender, text } = notice else { return None };
            Some((sender, text))
        })
        .await;
        assert_eq!(heard, (from.to_owned(), text(number)));
        if let Some(chaos) = chaos.filter(|_| number % ROAM_EVERY == ROAM_EVERY / 2) {
            chaos.roam(u8::try_from(2 + number / ROAM_EVERY % 200).expect("an address"));
        }
    }
}

/// Reads on until the other has heard all as well: a client whose notices nobody reads waits for that.
async fn hear_out(notices: &mut Notices, ready: &AtomicUsize) {
    ready.fetch_add(1, Ordering::SeqCst);
    while ready.load(Ordering::SeqCst) < 2 {
        if let Ok(told) = timeout(Duration::from_millis(100), notices.next()).await {
            let notice = told.map(|told| told.notice);
            assert!(!matches!(notice, Some(Notice::Message { .. }) | None), "{notice:?} after all was heard");
        }
    }
}

async fn next<T>(notices: &mut Notices, what: &str, find: impl Fn(Notice) -> Option<T>) -> T {
    loop {
        let notice =
            timeout(PATIENCE, notices.next()).await.unwrap_or_else(|_| panic!("{what} does not come"));
        let notice = notice.expect("the stay goes on").notice;
        let wrong = matches!(
            notice,
            Notice::Warning(_)
                | Notice::Error(_)
                | Notice::Away { .. }
                | Notice::NotAcknowledged { .. }
                | Notice::MemberLeft { .. }
                | Notice::Finished(_)
        );
        assert!(!wrong, "{notice:?} instead of {what}");
        if let Some(found) = find(notice) {
            return found;
        }
    }
}

fn text(number: usize) -> String {
    format!("message {number} {}", "x".repeat(number % 100))
}
