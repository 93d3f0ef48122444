//! Tor as a way to the server: where it is found, what keeps stays apart there, what its refusals mean.
//!
//! **In** a host, a proxy, randomness. **Out** the same proxy with a user of its own, words. **Never** an onion address
//! handed to anything but a proxy (RFC 7686): nobody else knows it, and whoever is asked learns of it.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::Proxy;
use zeroize::Zeroizing;

use crate::texts::text;

/// Whether only Tor reaches this host.
pub(crate) fn is_onion(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(TOP))
}

/// Where Tor listens unless it is told otherwise: as a system's service, and within Tor Browser.
pub(crate) fn at_hand() -> Vec<Proxy> {
    PORTS.iter().filter_map(|port| Proxy::parse(&format!("socks5h://{HOME}:{port}")).ok()).collect()
}

/// Whether something listens at a proxy's address; only asked where that is this machine's.
pub(crate) fn listens(proxy: &Proxy) -> bool {
    let address = proxy.address().host.parse::<IpAddr>().ok().filter(IpAddr::is_loopback);
    address.is_some_and(|address| {
        TcpStream::connect_timeout(&SocketAddr::from((address, proxy.address().port)), PROBE_TIMEOUT).is_ok()
    })
}

/// The proxy with a user and a password drawn for it: Tor shares no circuit between different ones (`IsolateSOCKSAuth`,
/// which is its default). Who names a user of his own keeps it.
pub(super) fn apart(proxy: &Proxy, entropy: &mut Entropy) -> Proxy {
    if proxy.credentials().is_some() {
        return proxy.clone();
    }
    let url = proxy.to_url();
    let Some((scheme, address)) = url.split_once("://") else { return proxy.clone() };
    let [user, password] = [drawn(entropy), drawn(entropy)];
    let url = Zeroizing::new(format!("{scheme}://{}:{}@{address}", *user, *password));
    // A host's name and these are shorter than what a URL may be.
    Proxy::parse(&url).unwrap_or_else(|_| proxy.clone())
}

/// What an answer of Tor's SOCKS port means for an onion service (Tor's proposal 304 for those from `F0` on, which it gives
/// where the port has `ExtendedErrors`, as Tor Browser's has).
pub(super) fn reason(reply: u8) -> Option<String> {
    match reply {
        0xf0 => Some(text!("onion-not-found")),
        0xf1 => Some(text!("onion-unreadable")),
        0xf2 => Some(text!("onion-no-introduction")),
        0xf3 => Some(text!("onion-no-meeting")),
        0xf4 => Some(text!("onion-wants-key")),
        0xf5 => Some(text!("onion-wants-other-key")),
        0xf6 => Some(text!("onion-misspelt")),
        0xf7 => Some(text!("onion-silent")),
        // Without ExtendedErrors these stand for all of that.
        1 | 4 | 6 => Some(text!("onion-no-way")),
        _ => None,
    }
}

fn drawn(entropy: &mut Entropy) -> Zeroizing<String> {
    let bytes = Zeroizing::new(entropy.bytes::<NAME_BYTES>());
    Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

const TOP: &str = "onion";
const HOME: &str = "127.0.0.1";
const PORTS: [u16; 2] = [9050, 9150];
/// Enough to be drawn by nobody else.
const NAME_BYTES: usize = 16;
/// This machine refuses at once where nobody listens.
const PROBE_TIMEOUT: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onions_are_known_by_their_last_label() {
        for (host, onion) in [
            ("x.onion", true),
            ("www.X.ONION.", true),
            ("onion", true),
            ("x.onion.example", false),
            ("x.union", false),
            ("notonion", false),
            ("127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(is_onion(host), onion, "{host}");
        }
    }

    #[test]
    fn each_session_is_somebody_else_to_tor() {
        let mut entropy = Entropy::new([7; 32]);
        let [tor, browser] = <[Proxy; 2]>::try_from(at_hand()).expect("two ports");
        assert_eq!(
            [tor.to_string(), browser.to_string()],
            ["socks5h://127.0.0.1:9050", "socks5h://127.0.0.1:9150"]
        );
        let drawn: Vec<Proxy> = (0..20).map(|_| apart(&tor, &mut entropy)).collect();
        for (index, one) in drawn.iter().enumerate() {
            let credentials = one.credentials().expect("a user");
            assert_eq!([credentials.user().len(), credentials.password().len()], [32, 32]);
            assert_eq!(one.address(), tor.address());
            assert!(drawn.iter().skip(index + 1).all(|other| other.credentials() != Some(credentials)));
        }
        let own = Proxy::parse("socks5h://me:p%40ss@h:1").expect("a proxy");
        assert_eq!(apart(&own, &mut entropy), own);
        let long = Proxy::parse(&format!("socks5h://{}:1", "h".repeat(253))).expect("a proxy");
        assert!(apart(&long, &mut entropy).credentials().is_some());
    }

    #[test]
    fn somebody_listens_or_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let proxy = |host: &str| Proxy::parse(&format!("socks5h://{host}:{port}")).expect("a proxy");
        assert!(listens(&proxy("127.0.0.1")));
        assert!(!listens(&proxy("localhost")), "no name is looked up");
        drop(listener);
        assert!(!listens(&proxy("127.0.0.1")));
    }
}
