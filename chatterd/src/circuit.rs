//! Who comes by an onion service: a circuit of a Tor host, as tor names it.
//!
//! **In** the first line of a connection that tor makes with `HiddenServiceExportCircuitID haproxy`. **Out** a
//! [`Circuit`]. **Never** a byte taken that belongs to the request behind the line; a circuit believed of anybody but a
//! Tor host's own entrance; a guess at another line.
//!
//! ```text
//! PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34 80\r\n        circuit 34
//! ```

use crate::proxy_header::{HeaderError, LINE_MAX, Received};
use crate::source::Source;

/// A Tor host, by its place among the `[[tor]]` of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TorHost(pub u8);

/// A client's circuit to an onion service. Tor counts them for each of its processes: the number means nothing without
/// the host, and nothing once its tor was started anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Circuit {
    /// Whose.
    pub host: TorHost,
    /// Tor's global identifier, which `CLOSECIRCUIT` takes.
    pub number: u32,
}

/// The reader of one connection's line.
#[derive(Clone, Debug)]
pub struct CircuitReader {
    host: TorHost,
    held: Vec<u8>,
}

impl CircuitReader {
    /// Of a connection that this host's tor makes.
    pub fn new(host: TorHost) -> Self {
        Self { host, held: Vec::new() }
    }

    /// Takes of `input` what belongs to the line.
    ///
    /// # Errors
    /// As soon as these bytes can't become one.
    pub fn receive(&mut self, input: &[u8]) -> Result<Received, HeaderError> {
        for (index, byte) in input.iter().enumerate() {
            self.held.push(*byte);
            let begun = self.held.get(..BEGINNING.len()).unwrap_or(&self.held);
            if !BEGINNING.starts_with(begun) {
                return Err(HeaderError::Missing);
            }
            if let Some(line) = self.held.strip_suffix(b"\r\n") {
                let number = number(line).ok_or(HeaderError::Damaged)?;
                let source = Source::Circuit(Circuit { host: self.host, number });
                return Ok(Received { taken: index + 1, source: Some(source) });
            }
            if *byte == b'\n' {
                return Err(HeaderError::Damaged);
            }
            if self.held.len() >= LINE_MAX {
                return Err(HeaderError::TooLong);
            }
        }
        Ok(Received { taken: input.len(), source: None })
    }
}

/// The circuit that a line names: the last 32 bits of its first address, which tor does not spell as others would.
fn number(line: &[u8]) -> Option<u32> {
    let rest = std::str::from_utf8(line.strip_prefix(BEGINNING)?).ok()?;
    let mut words = rest.split(' ');
    let (high, low) = words.next()?.split_once(':')?;
    let [Some("::1"), Some(source_port), Some(port), None] = std::array::from_fn(|_| words.next()) else {
        return None;
    };
    let decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok();
    if !decimal(source_port) || !decimal(port) {
        return None;
    }
    Some(u32::from(half(high)?) << 16 | u32::from(half(low)?))
}

/// One to four hexadecimal digits.
fn half(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (digits && text.len() <= 4).then(|| u16::from_str_radix(text, 16).ok())?
}

const BEGINNING: &[u8] = b"PROXY TCP6 fc00:dead:beef:4dad::";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOST: TorHost = TorHost(3);

    fn read(line: &str) -> Result<Option<u32>, HeaderError> {
        let received = CircuitReader::new(HOST).receive(line.as_bytes())?;
        Ok(received.source.and_then(Source::circuit).map(|circuit| {
            assert_eq!(circuit.host, HOST);
            circuit.number
        }))
    }

    #[test]
    fn tors_own_lines_name_their_circuit() {
        for (line, number) in [
            ("PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34 80\r\n", 34),
            ("PROXY TCP6 fc00:dead:beef:4dad::0:25 ::1 37 80\r\nGET / HTTP/1.1\r\n", 37),
            ("PROXY TCP6 fc00:dead:beef:4dad::ffff:ffff ::1 65535 65535\r\n", u32::MAX),
            ("PROXY TCP6 fc00:dead:beef:4dad::12ab:9 ::1 9 1\r\n", 0x12ab_0009),
        ] {
            assert_eq!(read(line), Ok(Some(number)), "{line}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY TCP6 2001:db8::1 ::1 1 2\r\n",
            "PROXY TCP6 fc00:dead:beef:4dae::0:22 ::1 34 80\r\n",
            "PROXY UNKNOWN\r\n",
            "\r\n\r\n\0\r\nQUIT\n",
            "PROXY TCP6 fc00:dead:beef:4dad::22 ::1 34 80\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:22 ::2 34 80\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34 80 \r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34 80\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:00022 ::1 34 80\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0: ::1 34 80\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:+2 ::1 34 80\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 +34 80\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34 65536\r\n",
            "PROXY TCP6 fc00:dead:beef:4dad::1:0:22 ::1 34 80\r\n",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        let endless = format!("PROXY TCP6 fc00:dead:beef:4dad::{}", "0".repeat(200));
        assert_eq!(read(&endless), Err(HeaderError::TooLong));
    }

    proptest! {
        #[test]
        fn any_circuit_is_read_however_it_comes(number: u32, port: u16, cut in 1usize..60, rest in "[ -~]{0,20}") {
            let (high, low) = (number >> 16, number & 0xffff);
            let line = format!("PROXY TCP6 fc00:dead:beef:4dad::{high:x}:{low:x} ::1 {low} {port}\r\n");
            let input = format!("{line}{rest}");
            let mut reader = CircuitReader::new(HOST);
            let mut taken = 0;
            for piece in input.as_bytes().chunks(cut) {
                let received = reader.receive(piece).unwrap();
                taken += received.taken;
                if received.source.is_some() {
                    let found = received.source.and_then(Source::circuit);
                    prop_assert_eq!(found, Some(Circuit { host: HOST, number }));
                    break;
                }
            }
            prop_assert_eq!(taken, line.len());
        }
    }
}
