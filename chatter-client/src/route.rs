//! Which proxy a stay goes by: what the user says goes before what his environment says, and that before what a link says.
//!
//! **In** a URL from a flag or a file, environment variables, a link. **Out** a [`Route`], with who named it.
//! **Never** a way around a proxy that the user has named, however a link reads; never a password in words; for an onion
//! address, never a way without Tor.
//!
//! ```text
//! --proxy, --proxy-file, CHATTER_PROXY > http_proxy | https_proxy, all_proxy, unless no_proxy > the link's via part > none
//! --proxy, --proxy-file, CHATTER_PROXY > --tor > a SOCKS proxy among those > the link's via part > Tor at hand   (.onion)
//! ```

use std::net::IpAddr;

use chatter_protocol::invite::{AccessLink, Proxy, ProxyError, ProxyKind, Transport};

use crate::dial::{is_onion, listens, tor_at_hand};
use crate::texts::text;

/// The way that connections take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// One, or the places where Tor may be at hand, of which the first that listens is taken.
    proxies: Vec<Proxy>,
    named_by: NamedBy,
    /// Whether Tor is what answers there.
    tor: bool,
}

/// Who named the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NamedBy {
    Nobody,
    You,
    Link,
    /// A variable of the environment.
    Variable(String),
    /// Tor was found to listen there.
    ThisMachine,
}

/// What a user says about proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: see what the environment and the link say.
    None,
    /// None at all.
    Direct,
    /// This one.
    By(Proxy),
    /// Through Tor, whatever the address: by this proxy, or by Tor at hand.
    Tor(Option<Proxy>),
}

/// There is no such way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// A proxy was named that can't be understood.
    #[error("{}", unreadable(named_by, error))]
    Unreadable {
        /// Who named it.
        named_by: String,
        /// What is wrong with it.
        error: ProxyError,
    },
    /// An onion address without any proxy, or Tor and no proxy at once.
    #[error("{}", text!("way-needs-tor"))]
    NeedsTor,
}

fn unreadable(name: &str, error: &ProxyError) -> String {
    text!("way-unreadable", name = name, error = error.to_string())
}

impl Wish {
    /// The wish that `text` spells: a URL, or `none`.
    ///
    /// # Errors
    /// [`ProxyError`] where it is neither.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        if text.trim() == DIRECT { Ok(Self::Direct) } else { Proxy::parse(text).map(Self::By) }
    }

    /// The same through Tor, whatever the address: a proxy that is named is Tor's.
    ///
    /// # Errors
    /// [`RouteError::NeedsTor`] where no proxy is wished for.
    pub fn by_tor(self) -> Result<Self, RouteError> {
        match self {
            Self::None => Ok(Self::Tor(None)),
            Self::By(proxy) => Ok(Self::Tor(Some(proxy))),
            Self::Tor(proxy) => Ok(Self::Tor(proxy)),
            Self::Direct => Err(RouteError::NeedsTor),
        }
    }
}

impl Route {
    /// By the proxy that the link names, if any; to an onion address, else through Tor at hand.
    pub fn of_link(link: &AccessLink) -> Self {
        let onion = is_onion(&link.address.host);
        match &link.via {
            Some(proxy) => Self::by(proxy.clone(), NamedBy::Link, onion),
            None if onion => Self::by_tor_at_hand(),
            None => Self::straight(),
        }
    }

    /// By the proxy that a user's wish, the variables of an environment, or the link name.
    ///
    /// # Errors
    /// [`RouteError`] where a variable that counts can't be understood, since going without it could be what it forbids;
    /// and where an onion address is to be reached without a proxy.
    pub fn choose(
        wish: Wish,
        link: &AccessLink,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, RouteError> {
        let onion = is_onion(&link.address.host);
        match wish {
            Wish::Direct if onion => Err(RouteError::NeedsTor),
            Wish::Direct => Ok(Self::straight()),
            Wish::By(proxy) => Ok(Self::by(proxy, NamedBy::You, onion)),
            Wish::Tor(Some(proxy)) => Ok(Self::by(proxy, NamedBy::You, true)),
            Wish::Tor(None) => Ok(Self::by_tor_at_hand()),
            Wish::None => match of_environment(link, variable)? {
                Some(route) => Ok(route),
                None => Ok(Self::of_link(link)),
            },
        }
    }

    /// The same, with the place first where Tor listens now; asks this machine, so not for a thread that others wait for.
    #[must_use]
    pub fn settled(mut self) -> Self {
        if self.is_at_hand()
            && let Some(index) = self.proxies.iter().position(listens)
        {
            self.proxies.swap(0, index);
            self.named_by = NamedBy::ThisMachine;
        }
        self
    }

    /// The proxies; of several, the first that listens is taken.
    pub fn proxies(&self) -> &[Proxy] {
        &self.proxies
    }

    /// Whether it leads through Tor.
    pub fn is_by_tor(&self) -> bool {
        self.tor
    }

    /// The way in words, where there is anything to say.
    pub fn words(&self) -> Option<String> {
        let proxy = self.proxies.first()?;
        if self.is_at_hand() {
            let place = proxy.address().to_string();
            let other = self.proxies.get(1).filter(|_| self.named_by != NamedBy::ThisMachine);
            return Some(match other {
                None => text!("way-tor-at-hand", place = place),
                Some(other) => {
                    text!("way-tor-at-either", place = place, other = other.address().to_string())
                }
            });
        }
        let proxy = proxy.to_string();
        let way = match &self.named_by {
            NamedBy::You => text!("way-by-you", proxy = proxy),
            NamedBy::Link => text!("way-by-link", proxy = proxy),
            NamedBy::Variable(name) => text!("way-by-variable", proxy = proxy, name = name),
            NamedBy::Nobody | NamedBy::ThisMachine => return None,
        };
        Some(if self.tor { text!("way-through-tor", way = way) } else { way })
    }

    fn straight() -> Self {
        Self { proxies: Vec::new(), named_by: NamedBy::Nobody, tor: false }
    }

    fn by(proxy: Proxy, named_by: NamedBy, tor: bool) -> Self {
        Self { proxies: vec![proxy], named_by, tor }
    }

    fn by_tor_at_hand() -> Self {
        Self { proxies: tor_at_hand(), named_by: NamedBy::Nobody, tor: true }
    }

    fn is_at_hand(&self) -> bool {
        self.proxies.len() > 1
    }
}

/// The usual rules: small letters go before capitals, a scheme's own variable before the one for all; `HTTP_PROXY` does
/// not count, for web servers set it from what strangers send. To an onion address only a SOCKS proxy may be meant, and
/// nothing is exempt: what else is in between would learn the address and could not reach it.
fn of_environment(
    link: &AccessLink,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Route>, RouteError> {
    let names: &[&str] = match link.transport {
        Transport::Http => &["http_proxy", "all_proxy", "ALL_PROXY"],
        Transport::Https { .. } => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
    };
    let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let onion = is_onion(&link.address.host);
    for name in names {
        let Some(url) = value(name) else { continue };
        let exempt = value("no_proxy").or_else(|| value("NO_PROXY")).unwrap_or_default();
        if !onion && is_exempt(&exempt, &link.address.host, link.address.port) {
            return Ok(None);
        }
        // Many write host and port alone.
        let url = if url.contains("://") { url } else { format!("http://{url}") };
        let unreadable = |error| RouteError::Unreadable { named_by: (*name).to_owned(), error };
        let proxy = Proxy::parse(&url).map_err(unreadable)?;
        if !onion || proxy.kind() == ProxyKind::Socks5 {
            return Ok(Some(Route::by(proxy, NamedBy::Variable((*name).to_owned()), onion)));
        }
    }
    Ok(None)
}

/// Whether `no_proxy` names the server: `*`, a name and all below it, an address, a network, each with a port or without.
fn is_exempt(list: &str, host: &str, port: u16) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return is_within(address, network, bits);
        }
        let (name, wanted) = split_port(entry);
        if wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        match address {
            Some(address) => name.parse() == Ok(address),
            None => is_below(&host.to_ascii_lowercase(), &name.to_ascii_lowercase()),
        }
    })
}

/// A name, or an address with or without brackets, and a port where there is one.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, port.parse().ok()),
        Some(_) | None => (entry, None),
    }
}

fn is_below(host: &str, name: &str) -> bool {
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    let host = host.trim_end_matches('.');
    host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.') && !name.is_empty())
}

fn is_within(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V4(_) | IpAddr::V6(_), _) => false,
    }
}

/// Instead of a URL: no proxy, whatever the environment and the link say.
const DIRECT: &str = "none";

#[cfg(test)]
mod tests {
    use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
    use chatter_protocol::entropy::Entropy;
    use chatter_protocol::invite::Address;

    use super::*;

    fn link(secure: bool, via: Option<&str>) -> AccessLink {
        let mut entropy = Entropy::new([4; 32]);
        let code = AccessCode {
            server_key: ServerSecret::generate(&mut entropy).key(),
            secret: AccessSecret::generate(&mut entropy),
            carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
            preamble_len: 16,
        };
        let mut link = AccessLink::new(Address { host: "files.example".into(), port: 8000 }, code);
        link.via = via.map(|url| Proxy::parse(url).expect("a proxy"));
        if secure {
            link.transport = Transport::Https { pin: None };
        }
        link
    }

    /// The way in words, by the variables.
    fn words(wish: Wish, link: &AccessLink, variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Route::choose(wish, link, variable).expect("a route").words()
    }

    #[test]
    fn who_is_nearer_to_the_user_goes_first() {
        let link = link(false, Some("socks5h://link"));
        let all =
            [("http_proxy", "http://own"), ("all_proxy", "socks5://all"), ("https_proxy", "http://secure")];
        let wish = Wish::parse("http://u:p@flag:1").expect("a wish");
        assert_eq!(words(wish, &link, &all).as_deref(), Some("by the proxy http://flag:1, which you named"));
        let check = |variables: &[(&str, &str)], expected: &str| {
            let words = words(Wish::None, &link, variables).unwrap_or_default();
            assert!(words.starts_with(&format!("by the proxy {expected}, which ")), "{words}");
        };
        check(&all, "http://own:80");
        check(&all[1..], "socks5h://all:1080");
        check(&[("http_proxy", " "), ("ALL_PROXY", "socks5h://capitals")], "socks5h://capitals:1080");
        check(&[("HTTP_PROXY", "http://stranger"), ("https_proxy", "http://x")], "socks5h://link:1080");
        check(&[("http_proxy", "bare:3128")], "http://bare:3128");
        check(&[("http_proxy", "http://own"), ("no_proxy", "other,.example")], "socks5h://link:1080");
        assert_eq!(words(Wish::parse("none").expect("a wish"), &link, &all), None);
    }

    #[test]
    fn https_has_its_own_variable() {
        let link = link(true, None);
        let check = |variables: &[(&str, &str)], expected: Option<&str>| {
            let words = words(Wish::None, &link, variables);
            assert_eq!(words.is_some(), expected.is_some());
            assert!(words.unwrap_or_default().contains(expected.unwrap_or_default()));
        };
        check(&[("http_proxy", "http://own"), ("HTTPS_PROXY", "http://secure")], Some("http://secure"));
        check(&[("http_proxy", "http://own")], None);
        check(&[("all_proxy", "http://a"), ("NO_PROXY", "*")], None);
    }

    #[test]
    fn onions_are_reached_through_tor_alone() {
        let mut link = link(false, None);
        let at_hand = "through Tor (SOCKS 127.0.0.1:9050 or 127.0.0.1:9150)";
        let forced = Wish::None.by_tor().expect("a way");
        assert_eq!(words(forced, &link, &[("http_proxy", "http://own")]).as_deref(), Some(at_hand));
        assert_eq!(Wish::Direct.by_tor(), Err(RouteError::NeedsTor));
        link.address.host = "abc.onion".to_owned();
        assert_eq!(Route::of_link(&link).words().as_deref(), Some(at_hand));
        assert_eq!(Route::choose(Wish::Direct, &link, |_| None), Err(RouteError::NeedsTor));
        let check = |variables: &[(&str, &str)], expected: &str| {
            assert_eq!(words(Wish::None, &link, variables).as_deref(), Some(expected));
        };
        check(&[], at_hand);
        check(&[("http_proxy", "http://own"), ("no_proxy", "*")], at_hand);
        let named = "through Tor by the proxy socks5h://own:9050, which all_proxy named";
        check(&[("http_proxy", "http://own"), ("all_proxy", "socks5://own:9050"), ("no_proxy", "*")], named);
        let wish = Wish::parse("http://flag:8118").expect("a wish");
        let named = "through Tor by the proxy http://flag:8118, which you named";
        assert_eq!(words(wish, &link, &[("all_proxy", "socks5://own")]).as_deref(), Some(named));
        link.via = Some(Proxy::parse("socks5h://127.0.0.1:9050").expect("a proxy"));
        let named = "through Tor by the proxy socks5h://127.0.0.1:9050, which the link named";
        assert_eq!(words(Wish::None, &link, &[]).as_deref(), Some(named));
    }

    #[test]
    fn what_cant_be_understood_is_not_passed_by() {
        let variable = |name: &str| (name == "http_proxy").then(|| "https://u:secret@own".to_owned());
        let error = Route::choose(Wish::None, &link(false, None), variable).expect_err("no TLS to proxies");
        assert_eq!(error.to_string(), "http_proxy: a proxy's URL begins with “socks5h://” or “http://”");
    }

    #[test]
    fn exemptions_are_read_as_everywhere() {
        for (list, host, exempt) in [
            ("files.example", "files.example", true),
            ("example", "files.example", true),
            (".EXAMPLE", "files.example", true),
            ("*.example", "files.example.", true),
            ("les.example", "files.example", false),
            ("files.example:8000", "files.example", true),
            ("files.example:80", "files.example", false),
            ("a, b  files.example", "files.example", true),
            (",,.", "files.example", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.0/24", "192.0.2.77", true),
            ("192.0.2.0/31", "192.0.2.77", false),
            ("0.0.0.0/0", "192.0.2.77", true),
            ("192.0.2.0/33", "192.0.2.77", false),
            ("2.77", "192.0.2.77", false),
            ("2001:db8::/32", "2001:db8::1", true),
            ("[2001:db8::1]:8000", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::1", true),
            ("", "h", false),
        ] {
            assert_eq!(is_exempt(list, host, 8000), exempt, "{list} {host}");
        }
    }
}
