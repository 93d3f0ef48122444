//! Reading a PROXY header.
//!
//! **In**: bytes, the first of which says how the rest is cut. **Out**: the same sender however it is cut, and what follows
//! the header untouched. **Never**: more bytes waited for than a header may have.

use chatterd::proxy_header::{BINARY_MAX, HeaderError, HeaderReader, Received};

/// The header does not depend on how its bytes come, nor on what comes behind it.
pub fn proxy_header(input: &[u8]) {
    let Some((cut, bytes)) = input.split_first() else { return };
    let whole = HeaderReader::default().receive(bytes);
    assert_eq!(whole, read(bytes, 1), "read byte by byte it is another header");
    assert_eq!(whole, read(bytes, usize::from(*cut).max(1)), "read in pieces it is another header");
    let Ok(received) = whole else { return };
    assert!(received.taken <= bytes.len().min(BINARY_MAX), "it takes what is not its own");
    match received.source {
        None => assert_eq!(received.taken, bytes.len(), "it leaves what it waits for"),
        Some(_) => {
            let alone = bytes.get(..received.taken).unwrap_or_default();
            assert_eq!(whole, HeaderReader::default().receive(alone), "what follows changes it");
        }
    }
}

fn read(bytes: &[u8], length: usize) -> Result<Received, HeaderError> {
    let mut reader = HeaderReader::default();
    read_by(bytes, length, |piece| reader.receive(piece))
}

/// What a reader makes of bytes that come in pieces of this length.
pub(crate) fn read_by(
    bytes: &[u8],
    length: usize,
    mut receive: impl FnMut(&[u8]) -> Result<Received, HeaderError>,
) -> Result<Received, HeaderError> {
    let mut taken = 0;
    for piece in bytes.chunks(length) {
        let received = receive(piece)?;
        taken += received.taken;
        if received.source.is_some() {
            return Ok(Received { taken, ..received });
        }
    }
    Ok(Received { taken, source: None })
}
