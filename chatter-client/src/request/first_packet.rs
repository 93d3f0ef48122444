//! The first packet of each connection, by the rules of a censor that blocks what is encrypted from its first byte.
//!
//! They are those that Wu et al. found by measuring (USENIX Security 2023, "How the Great Firewall of China Detects and
//! Blocks Fully Encrypted Traffic"): a first packet is let pass where one of five exemptions holds.

use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{Request, offer_with};
use chatter_protocol::record::{Up, seal_up};
use chatter_protocol::tag::TagChain;
use chatter_protocol::time::WallTime;
use chatter_protocol::token::to_cookie_value;

use super::{Authority, download, reload};

/// Which of the five exemptions hold.
fn exemptions(packet: &[u8]) -> [bool; 5] {
    let printable = |byte: &u8| (0x20..=0x7e).contains(byte);
    let ones: u32 = packet.iter().map(|byte| byte.count_ones()).sum();
    let ones_per_byte = f64::from(ones) / packet.len() as f64;
    let printables = packet.iter().filter(|byte| printable(byte)).count();
    let runs = packet.split(|byte| !printable(byte)).map(<[u8]>::len);
    let known = [&b"GET "[..], b"PUT ", b"POST ", b"HEAD ", b"\x16\x03", b"\x17\x03"];
    [
        ones_per_byte <= 3.4 || ones_per_byte >= 4.6,
        packet.iter().take(6).all(printable),
        printables * 2 > packet.len(),
        runs.max() > Some(20),
        known.iter().any(|start| packet.starts_with(start)),
    ]
}

#[test]
fn every_first_packet_is_let_pass_four_times_over() {
    let mut entropy = Entropy::new([8; 32]);
    let secret = ServerSecret::generate(&mut entropy);
    let code = AccessCode {
        server_key: secret.key(),
        secret: AccessSecret::generate(&mut entropy),
        carrier_path: CarrierPath::parse("/backup-2019.enc").expect("a path"),
        preamble_len: 16,
    };
    let authority = Authority::new("192.0.2.7", 8000);
    let mut chain = TagChain::new(&[3; 32]);
    let mut blocked = 0;
    for (round, chaff) in (0..200).zip([Chaff::None, Chaff::Usual, Chaff::Constant].into_iter().cycle()) {
        let now = WallTime(1_800_000_000 + round);
        let (opening, _) = offer_with(chaff, &code, &code.gate_keys(), &Request::Fresh, now, &mut entropy);
        let (_, tag, key) = chain.advance();
        let batch = Up { down_ack: round, offset: 0, bytes: vec![0; chaff.up_bytes_max() / 2] };
        let up = seal_up(&tag, &key, &batch, chaff.up_len(batch.bytes.len(), &mut entropy));
        let cookie = |token| format!("session={}", to_cookie_value(token));
        let date = Some("Mon, 02 Nov 2026 10:00:00 GMT");
        for (request, token) in [
            (download(&authority, code.carrier_path.as_str(), &cookie(&opening)), &opening),
            (reload(&authority, "/notes.txt", &cookie(&up), date), &up),
        ] {
            let request = request.expect("a request");
            let packet = &request.as_bytes()[..request.len().min(SEGMENT)];
            // All but the count of ones, which is nobody's to choose.
            assert_eq!(exemptions(packet)[1..], [true; 4], "{request}");
            // The rules have teeth: bare, the same token is what they are made for.
            blocked += u32::from(exemptions(token) == [false; 5]);
        }
    }
    assert!(blocked > 300, "{blocked} of 400 bare tokens are blocked");
}

/// What fits a packet of Ethernet, with TCP's time stamps.
const SEGMENT: usize = 1448;
