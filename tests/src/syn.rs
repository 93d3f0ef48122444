//! A flood of SYNs: connections that are begun and never finished, from addresses that nobody has.
//!
//! **In** where to, the moment of its end. **Out** how many were sent. **Never** a packet out of the network namespace of
//! the thread that calls. Needs the right to send raw packets.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use socket2::{Domain, Protocol, Socket, Type};

use crate::namespaces::must;

/// Leads answers to those addresses nowhere, in this thread's network.
///
/// # Panics
/// Where the system refuses.
pub fn lead_answers_nowhere() {
    must("ip", &["link", "add", "sink", "type", "veth", "peer", "name", "drain"]);
    must("ip", &["link", "set", "drain", "up"]);
    must("ip", &["link", "set", "sink", "arp", "off", "up"]);
    must("ip", &["route", "add", SOURCES, "dev", "sink"]);
    for interface in ["all", "lo", "sink"] {
        // Else the kernel asks whether an answer would go back the way that the packet came.
        let _ = std::fs::write(format!("/proc/sys/net/ipv4/conf/{interface}/rp_filter"), "0");
    }
}

/// Sends SYNs to `to` until `end`, but two million at most; says how many.
///
/// # Panics
/// Where raw packets can't be sent.
pub fn flood(to: SocketAddrV4, end: Instant) -> u32 {
    let socket =
        Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::TCP)).expect("root may send raw packets");
    socket.set_header_included_v4(true).expect("the system knows that");
    let mut sent = 0;
    while Instant::now() < end && sent < SYNS_MAX {
        let from = SocketAddrV4::new(source(sent), source_port(sent));
        // A full queue of the network's drops it, as any network would.
        if socket.send_to(&syn(from, to, sent), &std::net::SocketAddr::V4(to).into()).is_ok() {
            sent += 1;
        }
    }
    sent
}

/// How often this network's kernel had no place for a connection that was begun, and answered without keeping it.
///
/// # Panics
/// Where the system does not say.
pub fn times_the_queue_was_full() -> u64 {
    let counters = std::fs::read_to_string("/proc/thread-self/net/netstat").expect("the system counts");
    let mut rows = counters.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let (names, values) = rows.next().zip(rows.next()).expect("a row of names, a row of values");
    let counted = names.split(' ').zip(values.split(' ')).find(|(name, _)| *name == "TCPReqQFullDoCookies");
    counted.and_then(|(_, value)| value.parse().ok()).expect("a counter")
}

/// A packet that begins a connection (RFC 791, RFC 9293).
fn syn(from: SocketAddrV4, to: SocketAddrV4, sequence: u32) -> Vec<u8> {
    let mut tcp = Vec::with_capacity(TCP_LEN);
    tcp.extend(from.port().to_be_bytes());
    tcp.extend(to.port().to_be_bytes());
    tcp.extend(sequence.wrapping_mul(0x9e37_79b9).to_be_bytes());
    // No acknowledgement; five words of header, SYN; a usual window; checksum and urgent pointer.
    tcp.extend([0, 0, 0, 0, 0x50, 0x02, 0xfa, 0xf0, 0, 0, 0, 0]);
    let mut pseudo = [from.ip().octets(), to.ip().octets()].concat();
    pseudo.extend([0, 6, 0, 20]);
    pseudo.extend(&tcp);
    tcp.splice(16..18, checksum(&pseudo).to_be_bytes());

    let mut packet = Vec::with_capacity(IP_LEN + TCP_LEN);
    // Version 4, five words; the kernel fills in length, id and checksum.
    packet.extend([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0]);
    packet.extend(from.ip().octets());
    packet.extend(to.ip().octets());
    packet.extend(tcp);
    packet
}

/// The Internet's checksum (RFC 1071) of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).expect("both carries are folded in")
}

fn source(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(Ipv4Addr::new(198, 18, 1, 0).to_bits() + number % ADDRESSES)
}

fn source_port(number: u32) -> u16 {
    let port = 1024 + number / ADDRESSES % 60_000;
    u16::try_from(port).expect("below 61,024")
}

/// A network for benchmarks (RFC 2544), of which SYNs come.
const SOURCES: &str = "198.18.0.0/15";
const ADDRESSES: u32 = 500;
/// However long it lasts.
const SYNS_MAX: u32 = 2_000_000;
const IP_LEN: usize = 20;
const TCP_LEN: usize = 20;
