//! How bytes come, and bytes that are no HTTP.
//!
//! **In**: nothing. **Out**: probes. **Never**: a wait of more than half a second.

use super::send;
use crate::probe::{Probe, Step};

/// Partial requests, half-close at each stage, slow bytes.
pub(super) fn pacing() -> Vec<Probe> {
    let request = b"GET /plain.txt HTTP/1.0\r\nA: 1\r\n\r\n";
    let mut probes = vec![
        Probe::new("pace/silence", []),
        Probe::new("pace/half-close-at-once", [Step::HalfClose]),
        Probe::new("pace/fifo", [Step::Send(b"GET /fifo HTTP/1.0\r\n\r\n".to_vec())]),
        Probe::new(
            "pace/fifo-half-closed",
            [Step::Send(b"HEAD /fifo HTTP/1.0\r\n\r\n".to_vec()), Step::HalfClose],
        ),
    ];
    for cut in 1..request.len() {
        let (before, after) = request.split_at(cut);
        let before = Step::Send(before.to_vec());
        probes.push(Probe::new(format!("pace/cut-and-closed/{cut}"), [before.clone(), Step::HalfClose]));
        if cut % 4 == 0 {
            let steps = [before.clone(), Step::Listen(80), Step::Send(after.to_vec())];
            probes.push(Probe::new(format!("pace/in-two/{cut}"), steps));
            probes.push(Probe::new(format!("pace/cut/{cut}"), [before]));
        }
    }
    let slowly: Vec<Step> =
        request.iter().flat_map(|byte| [Step::Send(vec![*byte]), Step::Listen(3)]).collect();
    probes.push(Probe::new("pace/byte-by-byte", slowly));
    let (line, _) = request.split_at(25);
    let later = [Step::Send(line.to_vec()), Step::Listen(150), Step::HalfClose];
    probes.push(Probe::new("pace/half-close-later", later));
    let body = [Step::Send(request.to_vec()), Step::Listen(100), Step::Send(b"body".to_vec())];
    probes.push(Probe::new("pace/body-after-the-answer", body));
    let bad = [Step::Send(b"nonsense\r\n".to_vec()), Step::Listen(100), Step::Send(b"A: 1\r\n\r\n".to_vec())];
    probes.push(Probe::new("pace/headers-after-the-refusal", bad));
    for (name, bytes) in [
        ("get", &request[..]),
        ("post", b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
        ("bare", b"GET /\r\n\r\n"),
    ] {
        let steps = [Step::Send(bytes.to_vec()), Step::HalfClose];
        probes.push(Probe::new(format!("pace/whole-and-closed/{name}"), steps));
        let much = [bytes, &[b'x'; 30_000]].concat();
        probes.push(Probe::new(format!("pace/much-and-closed/{name}"), [Step::Send(much), Step::HalfClose]));
    }
    probes
}

/// The first bytes of other protocols, and what nmap tries on ports of web servers.
pub(super) fn protocols() -> Vec<Probe> {
    let mut probes = Vec::new();
    for (name, bytes) in PROTOCOLS {
        probes.push(send(format!("protocol/{name}"), bytes));
        let closed = [Step::Send(bytes.to_vec()), Step::HalfClose];
        probes.push(Probe::new(format!("protocol-closed/{name}"), closed));
    }
    probes
}

const PROTOCOLS: [(&str, &[u8]); 55] = [
    ("tls", b"\x16\x03\x01\x00\x75\x01\x00\x00\x71\x03\x03abcdefghijklmnopqrstuvwxyz012345\x00\x00\x02\x13\x01\x01\x00"),
    ("tls-with-lf", b"\x16\x03\x01\x00\x0a\x01\x00\x00\x0a\x03\x03\n\n"),
    ("sslv2", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80"),
    ("http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    ("ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    ("smb", b"\x00\x00\x00\x54\xffSMBr\x00\x00\x00\x00\x18\x01\x28\x00\x00\x00\x00"),
    ("rdp", b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00"),
    ("redis", b"*1\r\n$4\r\nPING\r\n"),
    ("redis-inline", b"PING\r\n"),
    ("mysql", b"\x20\x00\x00\x01\x85\xa6\x3f\x20\x00\x00\x00\x01\x21"),
    ("postgres", b"\x00\x00\x00\x08\x04\xd2\x16\x2f"),
    ("socks4", b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00"),
    ("socks5", b"\x05\x01\x00"),
    ("memcached", b"stats\r\n"),
    ("ftp", b"USER anonymous\r\n"),
    ("smtp", b"EHLO h\r\n"),
    ("imap", b"a1 CAPABILITY\r\n"),
    ("irc", b"NICK a\r\nUSER a 0 * :a\r\n"),
    ("dns", b"\x00\x1e\x00\x06\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03"),
    ("ldap", b"0\x0c\x02\x01\x01\x60\x07\x02\x01\x02\x04\x00\x80\x00"),
    ("x11", b"l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("mqtt", b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"),
    ("bittorrent", b"\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05"),
    ("nmap-generic-lines", b"\r\n\r\n"),
    ("nmap-get", b"GET / HTTP/1.0\r\n\r\n"),
    ("nmap-options", b"OPTIONS / HTTP/1.0\r\n\r\n"),
    ("nmap-rtsp", b"OPTIONS / RTSP/1.0\r\n\r\n"),
    ("nmap-help", b"HELP\r\n"),
    ("nmap-four-oh-four", b"GET /nice%20ports%2C/Tri%6Eity.txt%2ebak HTTP/1.0\r\n\r\n"),
    ("nmap-sip", b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm;branch=foo\r\nFrom: <sip:nm@nm>;tag=root\r\n\r\n"),
    ("nmap-landesk", b"TNMP\x04\x00\x00\x00TNME\x00\x00\x04\x00"),
    ("proxy", b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"),
    ("http2-preface-and-settings", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\n\x00\x04\x00\x00\xff\xff"),
    ("socks4a", b"\x04\x01\x00\x50\x00\x00\x00\x01user\x00example.org\x00"),
    ("socks5-methods", b"\x05\x04\x00\x01\x02\x80\x05\x01\x00\x03\x0aexample.o\n\x00\x50"),
    ("memcached-binary", b"\x80\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("mongodb", b"\x3a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x00\x00\x00\x00admin.$cmd\x00\x00\x00\x00\x00\xff\xff\xff\xff"),
    ("nmap-ssl-session", b"\x16\x03\x00\x00\x53\x01\x00\x00\x4f\x03\x00?G\xd7\xf7\xba,\xee\xea\xb2`~\xf3\x00\xfd\x82{\xb9\xd5\x96\xc8w\x9b\xe6\xc4\xdb<=\xdbo\xef\x10n\x00\x00(\x00\x16\x00\x13\x00\n\x00f\x00\x05\x00\x04\x00e\x00d\x00c\x00b\x00a\x00`\x00\x15\x00\x12\x00\t\x00\x14\x00\x11\x00\x08\x00\x06\x00\x03\x01\x00"),
    ("nmap-tls-session", b"\x16\x03\x03\x00\x2f\x01\x00\x00\x2b\x03\x03random1random2random3random4random5!\x00\x00\x04\x00\x2f\x00\x0a\x01\x00"),
    ("nmap-kerberos", b"\x00\x00\x00\x71\x6a\x81\x6e\x30\x81\x6b\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a\xa4\x81\x5e\x30\x5c\xa0\x07\x03\x05\x00\x50\x80\x00\x10\xa2\x04\x1b\x02NM"),
    ("nmap-smb-negotiation", b"\x00\x00\x00\xa4\xff\x53\x4d\x42\x72\x00\x00\x00\x00\x08\x01\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x06\x00\x00\x01\x00\x00\x81\x00\x02PC NETWORK PROGRAM 1.0\x00\x02NT LM 0.12\x00"),
    ("nmap-x11", b"l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("nmap-lpd", b"\x01default\n"),
    ("nmap-ldap-search", b"0\x84\x00\x00\x00\x2d\x02\x01\x07c\x84\x00\x00\x00\x24\x04\x00\n\x01\x00\n\x01\x00\x02\x01\x00\x02\x01\x64\x01\x01\x00\x87\x0bobjectClass0\x84\x00\x00\x00\x00"),
    ("nmap-terminal-server", b"\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00"),
    ("nmap-ncp", b"DmdT\x00\x00\x00\x17\x00\x00\x00\x01\x00\x00\x00\x00\x11\x11\x00\xff\x01\xff\x13"),
    ("nmap-notes-rpc", b":\x00\x00\x00/\x00\x00\x00\x02\x00\x00@\x02\x0f\x00\x01\x00=\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00/"),
    ("nmap-java-rmi", b"JRMI\x00\x02K"),
    ("nmap-wms", b"\x01\x00\x00\xfd\xce\xfa\x0b\xb0\xa0\x00\x00\x00MMS\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("nmap-oracle-tns", b"\x00Z\x00\x00\x01\x00\x00\x00\x016\x01,\x00\x00\x08\x00\x7f\xff\x7f\x08\x00\x00\x00\x01\x00 \x00:(CONNECT_DATA=(COMMAND=version))"),
    ("nmap-ms-sql", b"\x12\x01\x00\x34\x00\x00\x00\x00\x00\x00\x15\x00\x06\x01\x00\x1b\x00\x01\x02\x00\x1c\x00\x0c\x03\x00\x28\x00\x04\xff\x08\x00\x01\x55\x00\x00\x00MSSQLServer\x00H\x0f\x00\x00"),
    ("nmap-afp", b"\x00\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x0f\x00"),
    ("nmap-giop", b"GIOP\x01\x00\x01\x00\x24\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x06\x00\x00\x00abcdef\x00\x00\x04\x00\x00\x00get\x00\x00\x00\x00\x00"),
    ("nmap-rpc-check", b"\x80\x00\x00\x28\x72\xfe\x1d\x13\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0\x00\x01\x97\x7c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("nmap-dns-status", b"\x00\x0c\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
];
