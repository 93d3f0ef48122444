//! Whom a knock is counted against, and the networks that no knock is counted against.
//!
//! **In** socket addresses and the operator's text. **Out** [`Address`] (an IPv4 address, or an IPv6 network of 64
//! bits, since whoever has one of its addresses has them all) and [`Network`]. **Never** a name that needs looking up.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use zeroize::Zeroize;

/// An IPv4 address, or an IPv6 network of 64 bits: what knocks are counted and bans are made for.
///
/// Held as IPv6, IPv4 mapped into it, so that one type of 16 bytes compares, orders and is wiped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Address([u8; 16]);

/// A network in the usual notation, an address alone being a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: [u8; 16],
    /// Of the 128 bits of the mapped form.
    prefix: u8,
}

/// Why a text names no address that can be banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither an IPv4 nor an IPv6 address.
    #[error("this is not an IP address; write it as 203.0.113.9, 2001:db8::1 or 2001:db8:0:1::/64")]
    Unreadable,
    /// A network other than what knocks are counted by.
    #[error("bans are for one IPv4 address or one IPv6 network of 64 bits, not for other networks")]
    Network,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The part before the slash.
    #[error(
        "this is neither an IP address nor a network; write it as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32"
    )]
    Unreadable,
    /// The part after the slash.
    #[error("the number after the slash goes from 0 to 32 for IPv4 and to 128 for IPv6")]
    Prefix,
    /// Bits set below the prefix: most likely a slip, and guessing would exempt the wrong ones.
    #[error("the address has bits set beyond the network's {0}; write the network's first address")]
    HostBits(u8),
}

const MAPPED_BITS: u8 = 96;

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn canonical(octets: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(octets).to_canonical()
}

/// Sets every bit beyond the first `prefix` to zero.
fn cut(mut octets: [u8; 16], prefix: u8) -> [u8; 16] {
    for (octet, start) in octets.iter_mut().zip((0u8..128).step_by(8)) {
        let kept = prefix.saturating_sub(start).min(8);
        *octet &= u8::MAX.checked_shl(8 - u32::from(kept)).unwrap_or(0);
    }
    octets
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        let octets = mapped(address);
        if canonical(octets).is_ipv4() { Self(octets) } else { Self(cut(octets, 64)) }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| AddressError::Unreadable)?;
        let alone = Self::from(address);
        match prefix {
            None => Ok(alone),
            Some("32") if address.is_ipv4() => Ok(alone),
            Some("128") if address.is_ipv6() => Ok(alone),
            Some("64") if alone.0 == mapped(address) && alone.is_network() => Ok(alone),
            Some(number) if number.parse::<u8>().is_ok() => Err(AddressError::Network),
            Some(_) => Err(AddressError::Unreadable),
        }
    }
}

impl Address {
    fn is_network(self) -> bool {
        canonical(self.0).is_ipv6()
    }

    /// The 16 bytes that stand for it, IPv4 mapped into IPv6.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn network(self) -> Network {
        Network { base: self.0, prefix: if self.is_network() { 64 } else { 128 } }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match canonical(self.0) {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// Shows nothing, so that no address reaches a log by way of `{:?}`.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Network {
    /// The network of `prefix` bits that `address` lies in.
    ///
    /// # Errors
    /// Where the family has fewer bits, or `address` is not the first of that network.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, NetworkError> {
        let base = mapped(address);
        let whole = match address {
            IpAddr::V4(_) if prefix <= 32 => prefix + MAPPED_BITS,
            IpAddr::V6(_) if prefix <= 128 => prefix,
            IpAddr::V4(_) | IpAddr::V6(_) => return Err(NetworkError::Prefix),
        };
        if cut(base, whole) == base {
            Ok(Self { base, prefix: whole })
        } else {
            Err(NetworkError::HostBits(prefix))
        }
    }

    /// Whether a ban of `address` would hit somebody in this network.
    pub fn overlaps(&self, address: Address) -> bool {
        let other = address.network();
        let shared = self.prefix.min(other.prefix);
        // An IPv6 network as wide as ::/0 does not mean the IPv4 addresses that our notation maps into it.
        let v4_both = self.is_v4() == other.is_v4();
        v4_both && cut(self.base, shared) == cut(other.base, shared)
    }

    /// Whether exactly this address lies in it, however knocks are counted.
    pub fn contains(&self, address: IpAddr) -> bool {
        let octets = mapped(address);
        self.is_v4() == canonical(octets).is_ipv4() && cut(octets, self.prefix) == self.base
    }

    /// Whether it holds all addresses of a family.
    pub fn is_everybody(&self) -> bool {
        self.prefix == 0 || self.prefix == MAPPED_BITS && self.is_v4()
    }

    fn is_v4(&self) -> bool {
        self.prefix >= MAPPED_BITS && canonical(self.base).is_ipv4()
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Unreadable)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => whole,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| NetworkError::Prefix)?
            }
            Some(_) => return Err(NetworkError::Prefix),
        };
        Self::new(address, prefix)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_v4() {
            write!(f, "{}/{}", canonical(self.base), self.prefix - MAPPED_BITS)
        } else {
            write!(f, "{}/{}", Ipv6Addr::from(self.base), self.prefix)
        }
    }
}

impl<'de> serde::Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format_args!("{text:?}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_one_spelling() {
        for (from, to) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9/32", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2::/64", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9/128", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(address(from).to_string(), to, "{from}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "x",
            "203.0.113",
            "203.0.113.256",
            "010.0.0.1",
            " 10.0.0.1",
            "fe80::1%eth0",
            "10.0.0.1/",
            "10.0.0.1/x",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Unreadable), "{text:?}");
        }
        for text in
            ["10.0.0.0/8", "10.0.0.1/64", "2001:db8::/32", "2001:db8::1/64", "::ffff:10.0.0.1/64", "::/0"]
        {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Network), "{text:?}");
        }
    }

    #[test]
    fn networks_hold_what_they_name() {
        let check = |network: &str, inside: &[&str], outside: &[&str]| {
            let network: Network = network.parse().unwrap();
            for text in inside {
                assert!(network.overlaps(address(text)), "{network} {text}");
            }
            for text in outside {
                assert!(!network.overlaps(address(text)), "{network} {text}");
            }
        };
        check("127.0.0.0/8", &["127.0.0.1", "::ffff:127.9.9.9"], &["128.0.0.1", "::1"]);
        check("192.0.2.7", &["192.0.2.7"], &["192.0.2.6"]);
        check("0.0.0.0/0", &["1.2.3.4"], &["2001:db8::1"]);
        check("::/0", &["2001:db8::1", "::1"], &["1.2.3.4"]);
        check("2001:db8::5", &["2001:db8::6"], &["2001:db8:0:1::5"]);
        check("::ffff:10.0.0.0/104", &["10.1.1.1"], &["11.1.1.1"]);
    }

    #[test]
    fn an_address_lies_in_a_network_or_beside_it() {
        let check = |network: &str, address: &str, inside: bool| {
            let found = network.parse::<Network>().unwrap().contains(address.parse().unwrap());
            assert_eq!(found, inside, "{network} {address}");
        };
        check("2001:db8::5", "2001:db8::5", true);
        check("2001:db8::5", "2001:db8::6", false);
        check("2001:db8::/64", "2001:db8::6", true);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("::/0", "10.0.0.1", false);
        check("0.0.0.0/0", "::1", false);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for (text, error) in [
            ("localhost", NetworkError::Unreadable),
            ("10.0.0.0/", NetworkError::Prefix),
            ("10.0.0.0/33", NetworkError::Prefix),
            ("10.0.0.0/+8", NetworkError::Prefix),
            ("::/129", NetworkError::Prefix),
            ("10.0.0.1/8", NetworkError::HostBits(8)),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn addresses_and_networks_print_what_they_parse(octets: [u8; 16], v4: [u8; 4], prefix in 0u8..=128) {
            for ip in [IpAddr::from(octets), IpAddr::from(v4)] {
                let from = Address::from(ip);
                prop_assert_eq!(from.to_string().parse(), Ok(from));
                let alone: Network = ip.to_string().parse().unwrap();
                prop_assert!(alone.overlaps(from));
            }
            if let Ok(network) = Network::new(IpAddr::from(cut(octets, prefix)), prefix) {
                prop_assert_eq!(network.to_string().parse(), Ok(network));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Address>();
            let _ = text.parse::<Network>();
        }
    }
}
