//! Ways to the daemon: through proxies, through a front end that speaks TLS.

use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::process::Ended;
use chatter_tests::proxy::{Kind, Proxy};
use chatter_tests::secure::Secure;

const KINDS: [Kind; 2] = [Kind::Socks5, Kind::Http];
/// A name that nobody but the proxy could know.
const NAME: &str = "files.invalid";

/// The daemon's link, as those have it who need a proxy.
fn far(link: &str, daemon: &Daemon) -> String {
    let far = link.replace(&daemon.address.ip().to_string(), NAME);
    assert_ne!(far, link);
    far
}

fn fails(client: Client, words: &str) -> Ended {
    let ended = client.ended_within(Duration::from_secs(30));
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    ended
}

#[test]
fn a_proxy_leads_there_and_resolves_the_name() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let link = far(&link, &daemon);
    for (kind, nick) in KINDS.into_iter().zip(["ben", "carol"]) {
        let proxy = Proxy::new(kind, daemon.address, Some("me:p@ss"));
        let url = proxy.url(Some("me:p%40ss"));
        let file = home.path("proxy.txt");
        std::fs::write(&file, format!("{url}\n")).expect("room");
        let file = file.to_str().expect("a plain name");
        let mut ben = Client::joining_with(&link, nick, &["--proxy-file", file], &[]);
        ben.met("anna");
        ben.tell("out", &[&anna]);
        anna.tell("and back", &[&ben]);
        let ended = ben.quit();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(
            ended.stderr.contains(&format!("by the proxy {}, which you named", proxy.url(None))),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains("ss@"), "a password is shown: {ended:?}");
        let target = format!("{NAME}:{}", daemon.address.port());
        let asked = proxy.asked();
        assert!(asked.len() >= 2 && asked.iter().all(|asked| *asked == target), "{asked:?}");
    }
}

#[test]
fn what_a_proxy_says_is_passed_on() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (_anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let link = far(&link, &daemon);
    let join = |url: &str| Client::joining_with(&link, "ben", &["--proxy", url], &[]);
    for kind in KINDS {
        let proxy = Proxy::new(kind, daemon.address, Some("me:right"));
        fails(join(&proxy.url(None)), "it wants a user and a password");
        let ended = fails(join(&proxy.url(Some("me:wrong"))), "it does not take this user and password");
        assert!(!format!("{ended:?}").contains("wrong"), "a password is shown: {ended:?}");
        proxy.refuse();
        fails(join(&proxy.url(Some("me:right"))), "its rules don't allow");
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = nobody.local_addr().expect("an address");
        drop(nobody);
        let proxy = Proxy::new(kind, address, None);
        fails(join(&proxy.url(None)), "does the server run");
        let url = proxy.url(None);
        drop(proxy);
        fails(join(&url), &format!("the proxy {url}: 127.0.0.1 refuses connections"));
    }
    // One that speaks something else.
    let url = format!("socks5h://{}", daemon.address);
    fails(join(&url), "the proxy socks5h://");
}

#[test]
fn the_environment_names_proxies_as_usual() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let [socks, http] = KINDS.map(|kind| Proxy::new(kind, daemon.address, None));
    let [all, own] = [socks.url(None), http.url(None)];
    let join = |nick: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let ben = Client::joining_with(&link, nick, arguments, variables);
        ben.met("anna");
        anna.met(nick);
        assert_eq!(ben.quit().code, Some(0));
        [&socks, &http].map(|proxy| !proxy.asked().is_empty())
    };
    let variables = [("all_proxy", all.as_str()), ("http_proxy", own.as_str())];
    assert_eq!(join("b1", &["--proxy", "none"], &variables), [false, false]);
    let exempt = [variables[0], variables[1], ("no_proxy", "example.org,127.0.0.0/8")];
    assert_eq!(join("b2", &[], &exempt), [false, false]);
    assert_eq!(join("b3", &[], &variables), [false, true]);
    assert_eq!(join("b4", &[], &variables[..1]), [true, true]);
}

#[test]
fn https_leads_there_with_a_certificate_that_counts() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let front = Secure::new("localhost", daemon.address, &home.path("."));
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna");

    // Pinned: nobody needs to vouch for it, whatever it is called.
    let pinned = front.link(&link, "127.0.0.1", true);
    let mut ben = Client::join(&pinned, "ben", &[&anna]);
    for number in 0..50 {
        ben.say(&format!("number {number}"));
    }
    anna.heard("ben", "number 49");
    anna.tell("hi", &[&ben]);
    assert!(front.served() > 10, "{}", front.served());
    assert_eq!(ben.quit().code, Some(0));

    // A link made by a link of that kind is of that kind.
    let (carol, room) = Client::new_room(&front.link(&daemon.access_link(), "127.0.0.1", true), "", "carol");
    assert!(room.starts_with("chatters://127.0.0.1:") && room.ends_with(&front.pin.to_string()), "{room}");
    drop(carol);

    // Vouched for, by somebody whom the platform trusts.
    let trusted = [("SSL_CERT_FILE", front.certificate.to_str().expect("a plain name"))];
    let unpinned = front.link(&link, "localhost", false);
    let dora = Client::joining_with(&unpinned, "dora", &[], &trusted);
    dora.met("anna");
    assert_eq!(dora.quit().code, Some(0));

    // Through a proxy too.
    let proxy = Proxy::new(Kind::Http, front.address, None);
    let eve = Client::joining_with(&pinned, "eve", &[], &[("https_proxy", &proxy.url(None))]);
    eve.met("anna");
    assert_eq!(eve.quit().code, Some(0));
    assert!(!proxy.asked().is_empty());
}

#[test]
fn what_is_wrong_with_https_is_said() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let front = Secure::new("localhost", daemon.address, &home.path("."));
    let other = Secure::new("other.example", daemon.address, &home.path("."));
    let (_anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let join = |link: &str, variables: &[(&str, &str)]| Client::joining_with(link, "ben", &[], variables);
    let trust = |front: &Secure| front.certificate.to_str().expect("a plain name").to_owned();

    let trusted = trust(&other);
    fails(
        join(&front.link(&link, "localhost", false), &[("SSL_CERT_FILE", &trusted)]),
        "issuer that this system does not know",
    );
    let trusted = trust(&front);
    fails(join(&front.link(&link, "127.0.0.1", false), &[("SSL_CERT_FILE", &trusted)]), "is for other names");
    let mixed = front.link(&link, "localhost", true).replace(&front.pin.to_string(), &other.pin.to_string());
    fails(join(&mixed, &[]), "another key than the one that the link pins");
    let plain = link.replacen("chatter://", "chatters://", 1);
    fails(join(&format!("{plain}.{}", front.pin), &[]), "does not speak TLS");
    let secure = front.link(&link, "localhost", false).replacen("chatters://", "chatter://", 1);
    let ended = join(&secure, &[]).ended_within(Duration::from_secs(30));
    assert_eq!(ended.code, Some(4), "TLS where plain HTTP is wanted: {ended:?}");
}
