//! nmap.

use std::net::SocketAddr;

use crate::pair::Pair;

/// Its version scan with every probe, and its default scripts.
fn scan(address: SocketAddr) -> Vec<String> {
    let port = address.port().to_string();
    let fixed = ["-n", "-Pn", "-sT", "-sV", "--version-all", "-sC", "-p", &port, "127.0.0.1"];
    fixed.map(str::to_owned).to_vec()
}

#[ignore = "needs nmap; `.ci/run peers` runs it"]
#[test]
fn nmap_prints_the_same() {
    let pair = Pair::start("");
    let text = pair.compare("nmap", scan);
    assert!(text.contains("SimpleHTTPServer 0.6 (Python 3.11"), "{text}");
    assert!(text.contains("http-title: Directory listing for /"), "{text}");
    assert!(text.contains("http-server-header: SimpleHTTP/0.6 Python/3.11"), "{text}");
}

/// With its scan it knocks often enough to be reported; the port answers all the same.
#[ignore = "needs nmap; `.ci/run peers` runs it"]
#[test]
fn a_reported_nmap_prints_the_same() {
    let pair = Pair::start("[ban]\nafter = 5\nexempt = []\n");
    for _ in 0..2 {
        pair.compare("nmap", scan);
    }
    assert_eq!(pair.daemon().operator().banned(), ["127.0.0.1"], "it knocked often enough");
}
