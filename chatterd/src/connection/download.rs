//! A session's bytes in place of the carrier's body.
//!
//! **In** the stream after its header block, and what the relay puts into the link's outbox. **Out** at most as many
//! bytes as the answer stated, beginning as the carrier's kind of file begins. **Never** a header, a byte beyond that
//! length, or an end before it while the client is there and the session lives.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use chatter_protocol::ids::LinkId;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::decoy::PIECE;
use crate::relay::Handle;
use crate::relay::outbox::{End, Outbox};

/// What goes out in place of the carrier's body.
#[derive(Debug)]
pub struct Download {
    preamble: Vec<u8>,
    link: LinkId,
    outbox: Arc<Outbox>,
    relay: Handle,
}

impl Download {
    /// The download that carries `link`, beginning with `preamble`.
    pub fn new(preamble: Vec<u8>, link: LinkId, outbox: Arc<Outbox>, relay: Handle) -> Self {
        Self { preamble, link, outbox, relay }
    }

    /// Sends what the relay gives, `length` bytes at most, until the link is over.
    pub async fn run(mut self, mut stream: TcpStream, length: u64) {
        // A member's small records must not wait for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let _ = self.carry(&mut stream, length).await;
        let _ = socket2::SockRef::from(&stream).shutdown(Shutdown::Write);
    }

    async fn carry(&mut self, stream: &mut TcpStream, length: u64) -> io::Result<()> {
        let mut left = length;
        let mut pending = std::mem::take(&mut self.preamble);
        loop {
            let (bytes, end) = tokio::select! {
                taken = self.outbox.take() => taken,
                () = gone(stream) => return Ok(()),
            };
            if pending.is_empty() {
                pending = bytes;
            } else {
                pending.extend_from_slice(&bytes);
            }
            // The protocol keeps to the length; this is what makes it sure.
            pending.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            for piece in pending.chunks(PIECE) {
                stream.write_all(piece).await?;
            }
            left -= pending.len() as u64;
            pending = Vec::new();
            match end {
                None => {}
                Some(End::Closed) => return Ok(()),
                Some(End::Exhausted) => return Box::pin(fill(stream, left)).await,
            }
        }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.relay.closed(self.link);
    }
}

/// Ends as a download ends: with its last byte.
async fn fill(stream: &mut TcpStream, mut left: u64) -> io::Result<()> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let mut random = blake3::Hasher::new_keyed(&key).finalize_xof();
    while left > 0 {
        let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
        random.fill(&mut piece);
        stream.write_all(&piece).await?;
        left -= piece.len() as u64;
    }
    Ok(())
}

/// Resolves when the client has closed; what else it sends is ignored.
async fn gone(stream: &TcpStream) {
    while stream.readable().await.is_ok() && is_open(stream) {}
}

/// One read. The buffer lives here, so that a waiting download holds none.
fn is_open(stream: &TcpStream) -> bool {
    let mut junk = [0; 256];
    match stream.try_read(&mut junk) {
        Ok(length) => length > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}
