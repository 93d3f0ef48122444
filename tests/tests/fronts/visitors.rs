//! Who comes through a front: strangers, members, somebody who forges headers.
//!
//! **In** a front that runs. **Out** a panic where the daemon takes one for another, or the talk does not go through.
//! **Never** a look at anything but this machine.

use std::net::SocketAddr;
use std::process::Command;

use chatter_protocol::invite::{Address, CertificatePin, Link, Transport};
use chatter_tests::client::Client;
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

use crate::front::Front;

/// Strangers are counted each by his own address, the front never; a forged header changes nothing.
pub(crate) fn strangers(front: &Front, scheme: &str) {
    let operator = front.daemon.operator();
    let plain = fetch(front, scheme, 31, "/", &[]);
    assert!(plain.contains("Directory listing for /"), "{plain}");
    for (from, forged) in [(31, "203.0.113.9"), (31, "127.0.0.32, unknown"), (32, "127.0.0.31")] {
        let header = format!("X-Forwarded-For: {forged}");
        let proxied = format!("Forwarded: for={forged}");
        let answer =
            fetch(front, scheme, from, "/", &["-H", &header, "-H", &proxied, "-H", "X-Real-IP: 203.0.113.9"]);
        assert_eq!(answer, plain, "the answer is everybody's");
    }
    let knocks = |address: &str| {
        let known = operator.known(address)?;
        known["knocks"].as_u64()
    };
    until("both strangers are counted", || {
        (knocks("127.0.0.31")? + knocks("127.0.0.32")? >= 4).then_some(())
    });
    assert_eq!((knocks("127.0.0.31"), knocks("127.0.0.32")), (Some(3), Some(1)));
    for nobody in ["203.0.113.9", "127.0.0.1", &front.address.ip().to_string()] {
        assert_eq!(knocks(nobody), None, "{nobody}");
    }
    (0..30).for_each(|_| drop(fetch(front, scheme, 31, "/gone", &[])));
    until("the stranger is reported", || (operator.banned() == ["127.0.0.31"]).then_some(()));
    // A download that is no talk goes through whole.
    let status = operator.ask(&["status"]);
    let carrier = status["carrier_path"].as_str().expect("a carrier").to_owned();
    let size =
        fetch(front, scheme, 32, &carrier, &["-w", "%{http_code} %{size_download} %header{content-length}"]);
    let figures: Vec<&str> = size.rsplit('\n').next().unwrap_or_default().rsplit(' ').take(2).collect();
    assert!(figures.len() == 2 && figures[0] == figures[1] && figures[0].len() > 4, "{figures:?}");
}

/// Two people talk through the front; their addresses are known for what they are.
pub(crate) fn members(front: &Front, link: impl Fn(&str, SocketAddr) -> String) {
    let operator = front.daemon.operator();
    let ways = [41, 42].map(|from| Recorder::new(front.address, from));
    let through = |way: &Recorder, text: &str| link(text, way.address());
    let (mut anna, room) = Client::new_room(&through(&ways[0], &front.daemon.access_link()), "", "anna");
    let mut ben = Client::join(&through(&ways[1], &room), "ben", &[&anna]);
    for round in 0..10 {
        anna.tell(&format!("{round} from anna"), &[&ben]);
        ben.tell(&format!("{round} from ben"), &[&anna]);
    }
    for member in ["127.0.0.41", "127.0.0.42"] {
        let known = operator.known(member).expect("a member's address is known");
        assert_eq!((known["member"].as_bool(), known["knocks"].as_u64()), (Some(true), Some(0)), "{known}");
    }
    assert_eq!(operator.known(&front.address.ip().to_string()), None);
    assert_eq!(operator.known("127.0.0.1"), None);
    assert_eq!([anna.warnings(), ben.warnings()].concat(), [serde_json::Value::Null; 0]);
    // Who closes his side is gone for the daemon, too.
    assert_eq!(ben.quit().code, Some(0));
    anna.saw_leave("ben", 1);
    until("nothing is known of who has left", || operator.known("127.0.0.42").is_none().then_some(()));
}

/// The link, leading there by HTTPS to a server that shows the front's key.
pub(crate) fn by_tls(front: &Front) -> impl Fn(&str, SocketAddr) -> String {
    let key = Command::new("sh")
        .args(["-c", "openssl x509 -pubkey -noout -in \"$0\" | openssl pkey -pubin -outform der | openssl dgst -sha256 -r"])
        .arg(front.certificate.as_ref().expect("a certificate"))
        .output()
        .expect("openssl runs");
    let text = String::from_utf8(key.stdout).expect("hexadecimal digits");
    let hexadecimal = text.split(' ').next().unwrap_or_default();
    let pin = CertificatePin::parse(hexadecimal).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    move |text, address| {
        let mut link = Link::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let access = match &mut link {
            Link::Access(access) => access,
            Link::Room(room) => &mut room.access,
        };
        access.address = Address { host: address.ip().to_string(), port: address.port() };
        access.transport = Transport::Https { pin: Some(pin) };
        match link {
            Link::Access(access) => access.to_text().to_string(),
            Link::Room(room) => room.to_text().to_string(),
        }
    }
}

fn fetch(front: &Front, scheme: &str, from: u8, path: &str, more: &[&str]) -> String {
    let output = Command::new("curl")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["-q", "-s", "-S", "--http1.1", "--max-time", "30", "--noproxy", "*", "--interface"])
        .arg(format!("127.0.0.{from}"))
        .args(front.certificate.iter().flat_map(|file| [std::ffi::OsStr::new("--cacert"), file.as_os_str()]))
        .args(more)
        .arg(format!("{scheme}://{}{path}", front.address))
        .output()
        .expect("curl runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
