//! Reads the header of the PROXY protocol, by which a front says whose connection it passes on.
//!
//! **In** a connection's first bytes, as they come. **Out** how many of them are the header's, and at its end an
//! [`Source`]. **Never** a byte taken that belongs to the request behind it; a socket; a guess at a damaged header.
//!
//! Version 1 is a line of text, version 2 is binary (haproxy.org, `proxy-protocol.txt`). What version 2 may append to
//! its addresses is passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::source::Source;

/// The reader of one connection's header.
#[derive(Clone, Debug, Default)]
pub struct HeaderReader {
    /// How it begins: all that anything is made of.
    held: Vec<u8>,
    length: usize,
}

/// What became of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// So many of them are the header's.
    pub taken: usize,
    /// Who is behind the front, where the header ends here.
    pub source: Option<Source>,
}

/// Why the connection must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It begins with something else.
    #[error("this does not begin with a PROXY header")]
    Missing,
    /// It contradicts itself, or says what nobody has defined.
    #[error("this PROXY header is damaged")]
    Damaged,
    /// It is longer than [`LINE_MAX`] or [`BINARY_MAX`].
    #[error("this PROXY header is too long")]
    TooLong,
}

impl HeaderReader {
    /// Takes of `input` what belongs to the header.
    ///
    /// # Errors
    /// As soon as these bytes can't become one.
    pub fn receive(&mut self, input: &[u8]) -> Result<Received, HeaderError> {
        for (index, byte) in input.iter().enumerate() {
            if let Some(source) = self.take(*byte)? {
                return Ok(Received { taken: index + 1, source: Some(source) });
            }
        }
        Ok(Received { taken: input.len(), source: None })
    }

    fn take(&mut self, byte: u8) -> Result<Option<Source>, HeaderError> {
        self.length += 1;
        if self.held.len() < LINE_MAX {
            self.held.push(byte);
        }
        if self.held.starts_with(SIGNATURE) {
            self.binary()
        } else if self.held.starts_with(WORD) {
            self.line()
        } else if SIGNATURE.starts_with(&self.held) || WORD.starts_with(&self.held) {
            Ok(None)
        } else {
            Err(HeaderError::Missing)
        }
    }

    fn line(&self) -> Result<Option<Source>, HeaderError> {
        if let Some(line) = self.held.strip_suffix(b"\r\n") {
            return text(line).map(Some);
        }
        if self.held.ends_with(b"\n") {
            Err(HeaderError::Damaged)
        } else if self.length >= LINE_MAX {
            Err(HeaderError::TooLong)
        } else {
            Ok(None)
        }
    }

    fn binary(&self) -> Result<Option<Source>, HeaderError> {
        let Some((head, addresses)) = self.held.split_first_chunk::<BINARY_HEAD>() else { return Ok(None) };
        let [.., version_and_command, family_and_transport, high, low] = *head;
        let block = usize::from(u16::from_be_bytes([high, low]));
        if version_and_command >> 4 != 2 {
            return Err(HeaderError::Damaged);
        }
        if BINARY_HEAD + block > BINARY_MAX {
            return Err(HeaderError::TooLong);
        }
        if self.length < BINARY_HEAD + block {
            return Ok(None);
        }
        match version_and_command & 0x0f {
            // The front's own: it looks whether we live. What follows is of no matter.
            0 => Ok(Some(Source::Local)),
            1 => named(family_and_transport, block, addresses).map(Some),
            _ => Err(HeaderError::Damaged),
        }
    }
}

/// Who a binary header names, whose address block has this length.
fn named(family_and_transport: u8, block: usize, addresses: &[u8]) -> Result<Source, HeaderError> {
    let (family, transport) = (family_and_transport >> 4, family_and_transport & 0x0f);
    let needed = match family {
        0 => 0,
        1 => 2 * (4 + 2),
        2 => 2 * (16 + 2),
        3 => 2 * 108,
        _ => return Err(HeaderError::Damaged),
    };
    if block < needed || transport > 2 {
        return Err(HeaderError::Damaged);
    }
    let v4 = || addresses.first_chunk::<4>().map(|octets| IpAddr::from(*octets));
    let v6 = || addresses.first_chunk::<16>().map(|octets| IpAddr::from(*octets));
    let address = match (family, transport) {
        (1, 1 | 2) => v4(),
        (2, 1 | 2) => v6(),
        // Neither is anybody whom a ban could hit.
        _ => return Ok(Source::Local),
    };
    address.map(|address| Source::Address(address.to_canonical())).ok_or(HeaderError::Damaged)
}

/// Who a line names: `PROXY TCP4 source destination port port`.
fn text(line: &[u8]) -> Result<Source, HeaderError> {
    let line = std::str::from_utf8(line).map_err(|_| HeaderError::Damaged)?;
    let mut words = line.split(' ').skip(1);
    let protocol = words.next();
    if protocol == Some("UNKNOWN") {
        return Ok(Source::Local);
    }
    let [Some(source), Some(destination), Some(source_port), Some(destination_port), None] =
        std::array::from_fn(|_| words.next())
    else {
        return Err(HeaderError::Damaged);
    };
    let [source, destination] = [source, destination].map(|address| match protocol {
        Some("TCP4") => address.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        Some("TCP6") => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        Some(_) | None => None,
    });
    let ports = [source_port, destination_port]
        .map(|port| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit()));
    match (source, destination, ports) {
        (Some(source), Some(_), [true, true]) => Ok(Source::Address(source.to_canonical())),
        _ => Err(HeaderError::Damaged),
    }
}

/// The longest line, its end included.
pub const LINE_MAX: usize = 107;
/// The longest binary header that is waited for. Its length field could say 65,535; what fronts append (a certificate at
/// most) stays well below this.
pub const BINARY_MAX: usize = 4096;
const WORD: &[u8] = b"PROXY ";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const BINARY_HEAD: usize = 16;

#[cfg(test)]
mod tests;
