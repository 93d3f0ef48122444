//! Request lines, headers, dates, bodies.
//!
//! **In**: nothing. **Out**: probes. **Never**: targets, but for the plainest.

use super::send;
use crate::probe::{Probe, Step};

/// Methods, versions, numbers of words, white space, lengths.
pub(super) fn lines() -> Vec<Probe> {
    let mut probes = Vec::new();
    for method in METHODS {
        probes.push(send(format!("method/{method}"), format!("{method} / HTTP/1.1\r\nHost: h\r\n\r\n")));
    }
    for version in VERSIONS {
        probes.push(send(format!("version/{version}"), format!("GET /sub/ {version}\r\n\r\n")));
        probes.push(send(format!("version-of-head/{version}"), format!("HEAD /sub {version}\r\n\r\n")));
    }
    for digits in [9, 10, 11, 4300, 4301] {
        let zeros = "0".repeat(digits - 1);
        probes.push(send(format!("version/{digits}-digits"), format!("GET / HTTP/{zeros}1.1\r\n\r\n")));
    }
    for line in LINES {
        probes.push(send(format!("line/{}", line.escape_ascii()), [line, b"\r\n\r\n"].concat()));
        probes.push(send(format!("line-by-lf/{}", line.escape_ascii()), [line, b"\n\n"].concat()));
    }
    for space in [b'\t', 0x0b, 0x0c, b'\r', 0x1c, 0x1f, 0x85, 0xa0, 0x00, 0x1b, 0x80, 0xad, 0xff, 0xb5] {
        probes.push(send(
            format!("space/{space:02x}"),
            [&b"GET"[..], &[space], b"/", &[space], b"HTTP/1.0\r\n\r\n"].concat(),
        ));
        probes.push(send(
            format!("in-method/{space:02x}"),
            [&b"GE"[..], &[space], b"T / HTTP/1.0\r\n\r\n"].concat(),
        ));
        probes.push(send(
            format!("in-version/{space:02x}"),
            [&b"GET / HTTP/1.0"[..], &[space], b"x\r\n\r\n"].concat(),
        ));
    }
    for length in [65_535, 65_536, 65_537, 70_000] {
        for ending in ["", "\r\n", " HTTP/1.0\r\n\r\n"] {
            let target =
                "a".repeat(length - "GET /".len() - ending.trim_end_matches("\r\n\r\n").len().min(9));
            let name = format!("long-line/{length}{}", ending.escape_default());
            probes.push(send(name, format!("GET /{target}{ending}")));
        }
        probes.push(send(format!("long-head/{length}"), format!("HEAD /{}", "a".repeat(length - 6))));
    }
    probes
}

/// Names, folding, limits, and what the mail parser makes of them.
pub(super) fn headers() -> Vec<Probe> {
    let mut probes = Vec::new();
    for lines in HEADERS {
        let name = format!("header/{}", lines.escape_ascii());
        let head = [b"GET /plain.txt HTTP/1.1\r\n", lines, b"\r\n\r\n"].concat();
        probes.push(send(name, head));
        let name = format!("header-and-date/{}", lines.escape_ascii());
        let head = [
            b"GET /plain.txt HTTP/1.1\r\n",
            lines,
            b"\r\nIf-Modified-Since: Sun, 13 Sep 2020 12:26:40 GMT\r\n\r\n",
        ]
        .concat();
        probes.push(send(name, head));
    }
    // Each is a call deeper for Python, until its limit; the traceback that it then prints may take it a second.
    for depth in [975, 976, 977, 978, 979] {
        let lines = "Content-Type: message/rfc822\r\r".repeat(depth);
        let head = format!("GET /plain.txt HTTP/1.1\r\n{lines}\r\n\r\n");
        let steps = [Step::Send(head.into_bytes()), Step::Listen(6_000)];
        probes.push(Probe::new(format!("messages-in-messages/{depth}"), steps));
    }
    for count in [98, 99, 100, 101, 150] {
        let lines = "A: 1\r\n".repeat(count);
        for method in ["GET", "HEAD", "POST"] {
            let name = format!("header-count/{method}/{count}");
            probes.push(send(name, format!("{method} / HTTP/1.1\r\n{lines}\r\n")));
        }
        probes.push(send(format!("header-count/open/{count}"), format!("GET / HTTP/1.1\r\n{lines}")));
    }
    for length in [65_535, 65_536, 65_537] {
        let line = "a".repeat(length - 5);
        probes.push(send(format!("header-length/{length}"), format!("GET / HTTP/1.1\r\nA: {line}\r\n\r\n")));
        probes.push(send(
            format!("header-length/head/{length}"),
            format!("HEAD / HTTP/1.1\r\nA: {line}\r\n\r\n"),
        ));
        let line = "a".repeat(length - 3);
        probes.push(send(format!("header-length/open/{length}"), format!("GET / HTTP/1.1\r\nA: {line}")));
    }
    probes
}

/// If-Modified-Since in every form.
pub(super) fn dates() -> Vec<Probe> {
    let mut probes = Vec::new();
    for date in DATES {
        let head = format!("GET /plain.txt HTTP/1.1\r\nIf-Modified-Since: {date}\r\n");
        probes.push(send(format!("date/{date}"), format!("{head}\r\n")));
        if probes.len() < 20 {
            probes.push(send(format!("date-and-tag/{date}"), format!("{head}If-None-Match: \"x\"\r\n\r\n")));
            probes.push(send(
                format!("date-of-head/{date}"),
                format!("{}\r\n", head.replacen("GET", "HEAD", 1)),
            ));
        }
    }
    probes
}

/// Bodies that nobody reads; what lies in the kernel at the end decides between FIN and RST.
pub(super) fn bodies() -> Vec<Probe> {
    let mut probes = Vec::new();
    for head in [
        "GET /plain.txt HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 20000\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "nonsense\r\n",
        "GET /sub HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
    ] {
        for total in [100, 8191, 8192, 8193, 9000, 16_384, 16_385, 60_000] {
            let body = "b".repeat(total - head.len());
            let name = head.split("\r\n").next().unwrap_or_default();
            let kind = if head.contains("chunked") { "chunked" } else { "plain" };
            probes.push(send(format!("body/{name}/{kind}/{total}"), format!("{head}{body}")));
        }
    }
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(9_000));
    for more in [0, 7_000, 7_300, 7_400, 9_000] {
        probes.push(send(format!("body/after-a-long-head/{more}"), format!("{long}{}", "b".repeat(more))));
    }
    probes.push(send("body/pipelined", "GET /plain.txt HTTP/1.1\r\n\r\n".repeat(3)));
    probes.push(send("body/pipelined-beyond-a-read", "GET /plain.txt HTTP/1.1\r\n\r\n".repeat(400)));
    probes
}

const METHODS: [&str; 32] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PATCH",
    "PROPFIND",
    "MKCOL",
    "LOCK",
    "get",
    "Get",
    "GETT",
    "GE",
    "HEAd",
    "__init__",
    "error",
    "G'ET",
    "G\"E'T",
    "G\\T",
    "<GET>",
    "G&T",
    "GET,",
    "\u{e9}",
    "\u{b5}",
    "1",
    "{}",
    "%s",
    "PRI",
    "SSTP_DUPLEX_POST",
];
const VERSIONS: [&str; 46] = [
    "HTTP/0.9",
    "HTTP/00.9",
    "HTTP/0.8",
    "HTTP/1.0",
    "HTTP/1.1",
    "HTTP/1.2",
    "HTTP/1.9",
    "HTTP/2.0",
    "HTTP/2",
    "HTTP/2.-1",
    "HTTP/2.1",
    "HTTP/3.0",
    "HTTP/10.0",
    "HTTP/1.1.1",
    "HTTP/1",
    "HTTP/",
    "HTTP/.",
    "HTTP/1.",
    "HTTP/.1",
    "HTTP/01.01",
    "HTTP/-1.1",
    "HTTP/+1.1",
    "HTTP/1.-1",
    "HTTP/1_0.1",
    "HTTP/1__0.1",
    "HTTP/_1.1",
    "HTTP/1_.1",
    "HTTP/1.1x",
    "HTTP/x.1",
    "http/1.1",
    "Http/1.1",
    "HTTP/1,1",
    "HTTP1.1",
    "HTTPS/1.1",
    "HTTP/1.1/",
    "HTTP//1.1",
    "HTTP/\u{b2}.0",
    "HTTP/1.\u{b9}",
    "'",
    "\"",
    "'\"",
    "\\",
    "<b>",
    "&amp;",
    "RTSP/1.0",
    "SIP/2.0",
];
const LINES: [&[u8]; 36] = [
    b"",
    b" ",
    b"\t",
    b"\r",
    b"\r\r",
    b"GET",
    b"HEAD",
    b"x",
    b"GET /",
    b"GET /sub",
    b"GET /sub/",
    b"GET /nowhere",
    b"GET /plain.txt",
    b"HEAD /",
    b"POST /",
    b"it's /",
    b"get /",
    b"GET  /  HTTP/1.0",
    b" GET / HTTP/1.0",
    b"GET / HTTP/1.0 ",
    b"GET / x HTTP/1.0",
    b"HEAD / x HTTP/1.0",
    b"GET / x HTTP/0.9",
    b"GET / x HTTP/9",
    b"a b c d e f",
    b"GET / HTTP/1.0\r",
    b"GET\r/ HTTP/1.0",
    b"GET /\x00 HTTP/1.0",
    b"\x00",
    b"\xff\xfe",
    b"GET / HTTP/1.0\x00",
    b"GET \xc3\xa9 HTTP/1.0",
    b"'\"\\\t\x00\x7f\x80\xa1\xad\xff",
    b"<script>alert(1)</script>",
    b"GET/ HTTP/1.0",
    b"HTTP/1.0 / GET",
];
const HEADERS: [&[u8]; 52] = [
    b"Host: h", b"host:h", b"A", b"A 1", b"A : 1", b" A: 1", b"\tA: 1", b"A: 1\r\n b", b": x", b":", b"A:", b"\xe9: 1",
    b"A\x00: 1", b"A: \x00\xff", b"From me", b"From me\r\nA: 1", b"A: 1\r\nFrom me", b"A: 1\r\nFrom me\r\n folded",
    b"A: 1\rB: 2", b"A: 1\r\rB: 2", b"A: 1\nB: 2", b"A: 1\n\nB: 2", b"If-None-Match:", b"if-none-match: \"x\"", b"If-None-Match : x",
    b"Range: bytes=0-3", b"Connection: keep-alive", b"Connection: close", b"Expect: 100-continue", b"Upgrade: h2c",
    b"Cookie: a=b\r\nCookie: c=d", b"Content-Length: -1", b"Content-Length: x", b"Transfer-Encoding: chunked",
    b"Content-Type: multipart/mixed", b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/mixed; x*=1; x*0=2",
    b"Content-Type: multipart/mixed; x*=1; X*0=2", b"Content-Type: multipart/mixed; boundary*=idna''x",
    b"Content-Type: multipart/mixed; boundary*=punycode''%ff", b"Content-Type: multipart/mixed; boundary*=punycode''%ff-a",
    b"Content-Type: multipart/mixed; boundary*=undefined''", b"Content-Type: multipart/mixed; boundary*=undefined''x",
    b"Content-Type: multipart/mixed; boundary*=a%00b''x", b"Content-Type: multipart/mixed; boundary*0*=utf-8''a; boundary*1=b",
    b"Content-Type: Multipart/X; \"x*=1; x*0=2", b"Content-Type: text/plain; x*=1; x*0=2", b"Content-Type: message/rfc822",
    b"Content-Type: multipart/mixed; boundary=b\r\r--b\rContent-Type: multipart/mixed; x*=1; x*0=2\r\rx",
    b"Content-Type: message/rfc822\r\rContent-Type: multipart/mixed; x*=1; x*0=2\r\rx",
    b"Content-Type: message/delivery-status\r\rA: 1\r\rContent-Type: multipart/x; x*=1; x*0=2\r\rB: 1",
    b"Content-Type: multipart/digest; boundary=b\r\r--b\r\rContent-Type: multipart/mixed; x*=1; x*0=2\r\r--b--\r",
];
const DATES: [&str; 58] = [
    "Sun, 13 Sep 2020 12:26:40 GMT",
    "Sun, 13 Sep 2020 12:26:39 GMT",
    "Sun, 13 Sep 2020 12:26:41 GMT",
    "Mon, 13 Sep 2020 12:26:40 GMT",
    "13 Sep 2020 12:26:40 GMT",
    "Sun 13 Sep 2020 12:26:40 GMT",
    "Sun,13 Sep 2020 12:26:40 GMT",
    "Sunday, 13-Sep-20 12:26:40 GMT",
    "Sun Sep 13 12:26:40 2020",
    "Sun, 13 September 2020 12:26:40 GMT",
    "Sun, 13 Sept 2020 12:26:40 GMT",
    "Sun, 13 sEP 2020 12:26:40 GMT",
    "Sep 13 2020 12:26:40",
    "Sep 13, 2020 12:26:40",
    "13 Sep 20 12:26:40",
    "13 Sep 69 12:26:40",
    "13 Sep 68 12:26:40",
    "13 Sep 99 12:26:40",
    "13 Sep 100 12:26:40",
    "13 Sep 2_020 12:26:40",
    "13 Sep +2020 12:26:40",
    "13 Sep 2020 12:26",
    "13 Sep 2020 12.26.40",
    "13 Sep 2020 12.26",
    "13 Sep 2020 12:26:40 +0000",
    "13 Sep 2020 12:26:40 -0000",
    "13 Sep 2020 12:26:40 +0100",
    "13 Sep 2020 12:26:40 EST",
    "13 Sep 2020 12:26:40 Z",
    "13 Sep 2020 12:26:40 UTC",
    "13 Sep 2020 12:26:40 XYZ",
    "13 Sep 2020 12:26:40 0",
    "13 Sep 2020 12:26:40+0000",
    "13 Sep 2020 12:26:40-0100",
    "13 Sep 2020 24:00:00",
    "13 Sep 2020 23:59:60",
    "31 Sep 2020 12:26:40",
    "29 Feb 2021 12:26:40",
    "29 Feb 2024 12:26:40",
    "0 Sep 2020 12:26:40",
    "13 Sep 0 12:26:40",
    "13 Sep 9999 23:59:59",
    "13 Sep 10000 12:26:40",
    "13 Sep 12:26:40 2020",
    "13 Sep X 12:26:40 -0005",
    "2020 Sep 13 12:26:40",
    "2020-09-13T12:26:40Z",
    "1600000000",
    "now",
    "",
    " ",
    ",",
    "Sun,",
    "Sun, 13",
    "13 Sep 2020, 12:26:40,",
    "13 Sep \u{b2}020 12:26:40",
    "x,13 Sep 2020 12:26:40",
    "13 Sep 2020 12:26:40 GMT; length=3",
];
