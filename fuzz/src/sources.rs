//! Whom a request counts against: addresses and networks as operators write them, `X-Forwarded-For` as anybody does.
//!
//! **In**: who the peer is, then text. **Out**: what can be read can be written; a peer that is not trusted counts himself.
//! **Never**: a trusted proxy that counts for another.

use chatterd::decoy::Persona;
use chatterd::http::HeadReader;
use chatterd::ledger::{Address, Network};
use chatterd::source::{Source, Trust};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What a header claims counts only where a trusted proxy brought it, and never for a trusted proxy.
pub fn sources(input: &[u8]) {
    let (peer, text) = input.split_at(input.len().min(1));
    let written = String::from_utf8_lossy(text);
    if let Ok(address) = written.parse::<Address>() {
        assert_eq!(address.to_string().parse(), Ok(address));
    }
    if let Ok(network) = written.parse::<Network>() {
        assert_eq!(network.to_string().parse(), Ok(network));
    }
    let trust = Trust { proxies: vec!["10.0.0.0/8".parse().expect("a network")], local: false };
    let peer = IpAddr::V4(Ipv4Addr::new(peer.first().copied().unwrap_or(10), 0, 0, 1));
    let from = Source::from(SocketAddr::new(peer, 80));
    let head = [b"GET / HTTP/1.1\r\nX-Forwarded-For: ", text, b"\r\n\r\n"].concat();
    let mut reader = HeadReader::new(Persona::default());
    let Some(request) = reader.receive(&head).or_else(|| reader.end_of_input()) else { return };
    let source = trust.source(from, &request);
    if trust.is_proxy(from) {
        assert!(!trust.is_proxy(source), "a proxy counts for another");
    } else {
        assert!(source == from, "a stranger says who he is");
    }
}
