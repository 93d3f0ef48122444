//! Whom a request is counted against: its sender, as far as somebody who is believed tells it.
//!
//! **In** where a connection comes from, and what a front says about the one behind it. **Out** a [`Source`].
//! **Never** a word believed of somebody who is not listed, nor a change to what is answered.
//!
//! ```text
//! socket's peer ──▶ PROXY header, where the entrance requires one ──▶ X-Forwarded-For, as long as the address so far
//!                                                                     is a trusted proxy's ──▶ source
//! ```

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::circuit::Circuit;
use crate::http::Request;
use crate::ledger::Network;

/// Whom a request is counted against.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Whoever has this address.
    Address(IpAddr),
    /// Nobody: this machine's own front, or what comes through one that does not say for whom. No knock is counted and
    /// no ban made, since either would hit the front.
    Local,
    /// Whoever is at the other end of this circuit, as Tor tells it apart: it has no address, here or anywhere.
    Circuit(Circuit),
}

/// Whose word is taken for where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Proxies whose `X-Forwarded-For` holds.
    pub proxies: Vec<Network>,
    /// Whether what comes without an address, by a Unix socket, is such a proxy.
    pub local: bool,
}

impl Source {
    /// The address, if there is one.
    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address),
            Self::Local | Self::Circuit(_) => None,
        }
    }

    /// The circuit, if he comes by one.
    pub fn circuit(self) -> Option<Circuit> {
        match self {
            Self::Circuit(circuit) => Some(circuit),
            Self::Address(_) | Self::Local => None,
        }
    }
}

impl From<SocketAddr> for Source {
    fn from(peer: SocketAddr) -> Self {
        Self::Address(peer.ip().to_canonical())
    }
}

/// Shows nothing, so that no address reaches a log by way of `{:?}`.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(…)")
    }
}

impl Trust {
    /// Whether a peer speaks for others: his own address then is not the one that counts.
    pub fn is_proxy(&self, peer: Source) -> bool {
        match peer {
            Source::Address(address) => self.proxies.iter().any(|network| network.contains(address)),
            Source::Local => self.local,
            // Who comes by Tor has nothing to say about where others come from.
            Source::Circuit(_) => false,
        }
    }

    /// Where a request comes from that this peer brought: of what `X-Forwarded-For` lists, the right-most address that is
    /// no trusted proxy's itself. What stands to the left of it its sender may have made up.
    ///
    /// A request that Python gives up before its headers has none here either. It bears no token, and is not counted.
    pub fn source(&self, peer: Source, request: &Request) -> Source {
        if !self.is_proxy(peer) {
            return peer;
        }
        let headers: Vec<&[u8]> = request.headers().all(FORWARDED_FOR).collect();
        let hops = headers.into_iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b','));
        for hop in hops {
            // A proxy that writes something else there does not tell.
            let Some(address) = parse_hop(hop) else { return Source::Local };
            if !self.is_proxy(Source::Address(address)) {
                return Source::Address(address);
            }
        }
        Source::Local
    }
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim_matches([' ', '\t', '\r', '\n']);
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(bracketed).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

const FORWARDED_FOR: &str = "x-forwarded-for";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoy::Persona;
    use crate::http::HeadReader;
    use proptest::prelude::*;

    fn request(headers: &str) -> Request {
        let text = format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        HeadReader::new(Persona::default()).receive(text.as_bytes()).expect("a whole head")
    }

    fn trust(proxies: &[&str], local: bool) -> Trust {
        Trust { proxies: proxies.iter().map(|network| network.parse().unwrap()).collect(), local }
    }

    fn at(address: &str) -> Source {
        Source::Address(address.parse().unwrap())
    }

    #[test]
    fn a_stranger_says_what_he_likes() {
        let trust = trust(&["192.0.2.1"], false);
        for peer in [at("203.0.113.9"), at("192.0.2.2"), Source::Local] {
            assert!(trust.source(peer, &request("X-Forwarded-For: 198.51.100.7\r\n")) == peer);
        }
    }

    #[test]
    fn the_right_most_address_that_is_no_proxys_counts() {
        let trust = trust(&["192.0.2.0/24", "2001:db8::5"], true);
        let check = |headers: &str, source: Source| {
            for peer in [at("192.0.2.1"), at("::ffff:192.0.2.1"), at("2001:db8::5"), Source::Local] {
                let peer = peer.address().map_or(peer, |address| SocketAddr::new(address, 1).into());
                assert!(trust.source(peer, &request(headers)) == source, "{headers:?}");
            }
        };
        let found = at("198.51.100.7");
        check("X-Forwarded-For: 198.51.100.7\r\n", found);
        check("x-forwarded-for:10.0.0.1, 127.0.0.1 ,198.51.100.7\r\n", found);
        check("X-Forwarded-For: 10.0.0.1, 198.51.100.7, 192.0.2.9, 192.0.2.8\r\n", found);
        check("X-Forwarded-For: 198.51.100.7:4711\r\n", found);
        check("X-Forwarded-For: ::ffff:198.51.100.7\r\n", found);
        check("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 198.51.100.7\r\n", found);
        check("X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 192.0.2.9\r\n", found);
        check("X-Forwarded-For: [2001:db8::6]:80\r\n", at("2001:db8::6"));
        check("X-Forwarded-For: [2001:db8::6]\r\n", at("2001:db8::6"));
        // Its neighbour in the same /64 is not the proxy.
        check("X-Forwarded-For: 10.0.0.1, 2001:db8::6\r\n", at("2001:db8::6"));
    }

    #[test]
    fn a_proxy_that_tells_nothing_is_not_counted() {
        let trust = trust(&["192.0.2.0/24"], false);
        for headers in [
            "",
            "X-Forwarded-For:\r\n",
            "X-Forwarded-For: unknown\r\n",
            "X-Forwarded-For: 198.51.100.7, unknown\r\n",
            "X-Forwarded-For: 192.0.2.3\r\n",
            "X-Forwarded-For: 198.51.100.7,\r\n",
            "X-Forwarded-For: 198.51.100.7\u{e9}\r\n",
            "Forwarded: for=198.51.100.7\r\n",
            "X-Real-IP: 198.51.100.7\r\n",
        ] {
            assert!(trust.source(at("192.0.2.1"), &request(headers)) == Source::Local, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_to_the_left_of_the_counting_address_changes_nothing(forged in "[ -~]{0,60}", octets: [u8; 4]) {
            let trust = trust(&["192.0.2.1"], false);
            let behind = IpAddr::from(octets);
            prop_assume!(behind != IpAddr::from([192, 0, 2, 1]));
            let request = request(&format!("X-Forwarded-For: {forged}, {behind}\r\n"));
            prop_assert!(trust.source(at("192.0.2.1"), &request) == Source::Address(behind));
        }
    }
}
