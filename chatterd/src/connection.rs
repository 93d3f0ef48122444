//! One connection, from its first byte to its end, as Python's `socketserver` would have it.
//!
//! **In**: an accepted stream. **Out**: what the decoy decided, written as Python writes it: the header block, the
//! body, `shutdown(SHUT_WR)`, `close()`. Reading is `recv(8192)`, as often as the head needs and no more, so that
//! the kernel ends with FIN or RST where it does for Python.
//! **Never**: a timeout, a log line, a decision about a token.

pub mod download;

use crate::decoy::{Answer, Body, Decoy, PIECE};
use crate::http::{HeadReader, Request};
use crate::listener::crowd::Seat;
use crate::listener::refusal;
use download::Download;
use std::fs::File;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What stands between the decoy's decision and its body.
pub trait Doorkeeper: Send + Sync + 'static {
    /// Whether it may turn away what comes from there. Asked of every connection; others are served without more ado.
    fn shuns(&self, _peer: SocketAddr) -> bool {
        false
    }

    /// Whether this request, from a peer that it shuns, is not even to be decided about. Such a one is counted here.
    fn turns_away(&self, _request: &Request, _peer: SocketAddr) -> bool {
        false
    }

    /// Called once the answer is decided, before a byte is written; never blocks.
    fn notice(&self, request: &Request, answer: &Answer, peer: SocketAddr) -> Notice;

    /// Called after the header block was written, where `answer.carrier` holds. `None`: the decoy's body goes out.
    fn admit(
        &self,
        request: &Request,
        answer: &Answer,
        peer: SocketAddr,
    ) -> impl Future<Output = Option<Download>> + Send;
}

/// Whether an answer is given at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// As the decoy decided.
    Answer,
    /// Reset without a byte (`ban.refuse`).
    Refuse,
}

/// Serves one connection that nobody counts.
pub async fn serve(stream: TcpStream, peer: SocketAddr, decoy: Arc<Decoy>, door: Arc<impl Doorkeeper>) {
    serve_seated(stream, peer, decoy, door, Seat::default()).await;
}

/// Serves one connection of the crowd.
pub(crate) async fn serve_seated(
    mut stream: TcpStream,
    peer: SocketAddr,
    decoy: Arc<Decoy>,
    door: Arc<impl Doorkeeper>,
    seat: Seat,
) {
    // In a place of its own, so that a member, who stays for hours, holds nothing of it.
    let admitted = Box::pin(answer(&mut stream, peer, decoy, door, seat)).await;
    if let Some((download, length)) = admitted {
        return download.run(stream, length).await;
    }
    // As Python does, also when there is nothing to say: a FIN of its own, then at once close().
    let _ = socket2::SockRef::from(&stream).shutdown(Shutdown::Write);
    drop(stream);
}

/// Gives the answer, or as much of it as goes out before a member's download of so many bytes.
async fn answer(
    stream: &mut TcpStream,
    peer: SocketAddr,
    decoy: Arc<Decoy>,
    door: Arc<impl Doorkeeper>,
    seat: Seat,
) -> Option<(Download, u64)> {
    // A peer that resets, or is gone, ends the connection and nothing else.
    let request = read_head(stream, decoy.persona(), &seat).await.ok()??;
    if door.shuns(peer) && door.turns_away(&request, peer) {
        refusal::reset(stream);
        return None;
    }
    let (request, answer) = decide(decoy, request).await?;
    if door.notice(&request, &answer, peer) == Notice::Refuse {
        refusal::reset(stream);
        return None;
    }
    stream.write_all(&answer.head).await.ok()?;
    if answer.carrier
        && let Some(download) = door.admit(&request, &answer, peer).await
    {
        return Some((download, answer.content_length().unwrap_or_default()));
    }
    drop(request);
    let _ = write_body(stream, answer.body, &seat).await;
    None
}

/// Reads until Python would read no further.
async fn read_head(
    stream: &TcpStream,
    persona: crate::decoy::Persona,
    seat: &Seat,
) -> io::Result<Option<Request>> {
    let mut reader = HeadReader::new(persona);
    loop {
        stream.readable().await?;
        match receive(stream, &mut reader) {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) => seat.active(reader.held()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// One `recv(8192)`. The buffer lives here, so that a waiting connection holds none.
fn receive(stream: &TcpStream, reader: &mut HeadReader) -> io::Result<Option<Option<Request>>> {
    let mut buffer = [0; RECEIVE];
    let length = stream.try_read(&mut buffer)?;
    if length == 0 {
        return Ok(Some(reader.end_of_input()));
    }
    Ok(reader.receive(buffer.get(..length).unwrap_or_default()).map(Some))
}

/// Asks the decoy; where that asks a disk, on a thread that may wait for it.
async fn decide(decoy: Arc<Decoy>, request: Request) -> Option<(Request, Answer)> {
    if !decoy.may_block(&request) {
        let answer = decoy.answer(&request, SystemTime::now());
        return Some((request, answer));
    }
    let decided = tokio::task::spawn_blocking(move || {
        let answer = decoy.answer(&request, SystemTime::now());
        (request, answer)
    });
    decided.await.ok()
}

async fn write_body(stream: &mut TcpStream, body: Body, seat: &Seat) -> io::Result<()> {
    match body {
        Body::Empty => {}
        Body::Page(bytes) => stream.write_all(&bytes).await?,
        Body::Bytes(bytes) => {
            for piece in bytes.chunks(PIECE) {
                stream.write_all(piece).await?;
                seat.active(0);
            }
        }
        Body::File(file) => write_file(stream, file, seat).await?,
        Body::Carrier(mut carrier) => loop {
            let piece = carrier.piece();
            if piece.is_empty() {
                break;
            }
            stream.write_all(&piece).await?;
            seat.active(0);
        },
        Body::Never => std::future::pending().await,
    }
    Ok(())
}

/// Copies the file to its end, wherever that is by then: Content-Length binds nobody.
async fn write_file(stream: &mut TcpStream, mut file: File, seat: &Seat) -> io::Result<()> {
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let piece = read_piece(&mut file)?;
            Ok::<_, io::Error>((file, piece))
        });
        let piece;
        (file, piece) = read.await.map_err(io::Error::other)??;
        if piece.is_empty() {
            return Ok(());
        }
        stream.write_all(&piece).await?;
        seat.active(0);
    }
}

fn read_piece(file: &mut File) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// What Python's buffered reader asks of a socket at a time.
const RECEIVE: usize = 8192;
