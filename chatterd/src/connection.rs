//! One connection, from its first byte to its end, as Python's `socketserver` would have it.
//!
//! **In**: an accepted stream. **Out**: what the decoy decided, written as Python writes it: the header block, the
//! body, `shutdown(SHUT_WR)`, `close()`. Reading is `recv(8192)`, as often as the head needs and no more, so that
//! the kernel ends with FIN or RST where it does for Python.
//! **Never**: a timeout, a log line, a decision about a token.

mod caller;
pub mod download;

use crate::decoy::{Answer, Body, Decoy, PIECE, read_piece};
use crate::http::{HeadReader, Request};
use crate::listener::crowd::Seat;
use crate::listener::refusal;
use crate::source::Source;
pub(crate) use caller::Caller;
use download::Download;
use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use zeroize::Zeroize as _;

/// What stands between the decoy's decision and its body.
pub trait Doorkeeper: Send + Sync + 'static {
    /// Whether it may turn away what comes from there. Asked of every connection; others are served without more ado.
    fn shuns(&self, _origin: Source) -> bool {
        false
    }

    /// Whether this request, from a peer that it shuns, is not even to be decided about. Such a one is counted here.
    fn turns_away(&self, _request: &Request, _origin: Source) -> bool {
        false
    }

    /// Whether this peer gets no answer at all (`ban.refuse`). Never blocks.
    fn refuses(&self, request: &Request, answer: &Answer, source: Source) -> bool;

    /// Asked after the header block was written, where `answer.carrier` holds.
    fn admit(
        &self,
        request: &Request,
        answer: &Answer,
        source: Source,
    ) -> impl Future<Output = Admission> + Send;

    /// Told of every request that [`Doorkeeper::admit`] did not deal with, once its answer is out: whatever this does,
    /// and for whom, nobody waits for it. Never blocks.
    fn note(&self, request: &Request, source: Source);
}

/// A door that admits nobody and counts nobody: the decoy alone.
#[derive(Debug, Clone, Copy)]
pub struct Wall;

impl Doorkeeper for Wall {
    fn refuses(&self, _: &Request, _: &Answer, _: Source) -> bool {
        false
    }

    async fn admit(&self, _: &Request, _: &Answer, _: Source) -> Admission {
        Admission::Stranger
    }

    fn note(&self, _: &Request, _: Source) {}
}

/// What becomes of the carrier's body.
#[derive(Debug)]
pub enum Admission {
    /// The decoy's own goes out.
    Stranger,
    /// The decoy's own goes out, though the token was good and is spent.
    Spent,
    /// A session's bytes take its place.
    Member(Download),
}

/// Serves one connection of the crowd.
pub(crate) async fn serve_seated(
    mut stream: TcpStream,
    caller: Caller,
    decoy: Arc<Decoy>,
    door: Arc<impl Doorkeeper>,
    seat: Seat,
    members: Handle,
) {
    // In a place of its own, so that a member, who stays for hours, holds nothing of it.
    let (admitted, visit) = Box::pin(answer(&mut stream, caller, decoy, door, seat)).await;
    if let Some((download, length)) = admitted {
        // Away from the strangers' thread. A stream that can't be moved is a broken one; the session resumes.
        if let Ok(stream) = stream.into_std() {
            members.spawn(async move {
                if let Ok(stream) = TcpStream::from_std(stream) {
                    download.run(stream, length).await;
                }
            });
        }
        return;
    }
    // As Python does, also when there is nothing to say: a FIN of its own, then at once close().
    let _ = socket2::SockRef::from(&stream).shutdown(Shutdown::Write);
    drop(stream);
    // Only now: a knock and a token take different times to deal with.
    drop(visit);
}

/// A request that the door has yet to hear of; it does at the latest when this is dropped, however that comes.
struct Visit<D: Doorkeeper> {
    door: Arc<D>,
    source: Source,
    request: Option<Request>,
}

impl<D: Doorkeeper> Visit<D> {
    fn note(&mut self) {
        if let Some(request) = self.request.take() {
            self.door.note(&request, self.source);
        }
    }
}

impl<D: Doorkeeper> Drop for Visit<D> {
    fn drop(&mut self) {
        self.note();
    }
}

/// Gives the answer, or as much of it as goes out before a member's download of so many bytes.
async fn answer<D: Doorkeeper>(
    stream: &mut TcpStream,
    mut caller: Caller,
    decoy: Arc<Decoy>,
    door: Arc<D>,
    seat: Seat,
) -> (Option<(Download, u64)>, Option<Visit<D>>) {
    if !caller.introduce(stream, &seat).await {
        return (None, None);
    }
    // A peer that resets, or is gone, ends the connection and nothing else.
    let Ok(Some(request)) = read_head(stream, decoy.persona(), &seat).await else { return (None, None) };
    let source = caller.source(&request);
    if door.shuns(source) && door.turns_away(&request, source) {
        refusal::reset(stream);
        return (None, None);
    }
    let Some((request, answer)) = decide(decoy, request, &seat).await else { return (None, None) };
    if seat.holds(request.held() + answer.held()) {
        tokio::task::yield_now().await;
    }
    let refused = door.refuses(&request, &answer, source);
    let mut visit = Visit { door, source, request: Some(request) };
    if refused {
        refusal::reset(stream);
    }
    if refused || stream.write_all(&answer.head).await.is_err() {
        return (None, Some(visit));
    }
    if answer.carrier
        && let Some(request) = visit.request.take()
    {
        match visit.door.admit(&request, &answer, source).await {
            Admission::Stranger => visit.request = Some(request),
            Admission::Spent => {}
            Admission::Member(download) => {
                return (Some((download, answer.content_length().unwrap_or_default())), None);
            }
        }
    }
    let _ = write_body(stream, answer.body, &seat, || visit.note()).await;
    (None, Some(visit))
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
            Ok(None) => {
                seat.active();
                // Nobody who sends that much, or holds that much, is in the way of others for longer than one read.
                if seat.holds(reader.held()) || reader.held() > HEAD_USUAL {
                    tokio::task::yield_now().await;
                }
            }
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
        // Browsers, and members, open connections ahead of need and close those that they did not: no request, no knock.
        let request = if reader.is_untouched() { None } else { reader.end_of_input() };
        return Ok(Some(request));
    }
    let received = buffer.get_mut(..length).unwrap_or_default();
    let request = reader.receive(received).map(Some);
    // Else a stranger's words would lie on the stack until somebody says more.
    received.zeroize();
    Ok(request)
}

/// Asks the decoy; where that asks a disk, on a thread that may wait for it, and reads the body's beginning there.
async fn decide(decoy: Arc<Decoy>, request: Request, seat: &Seat) -> Option<(Request, Answer)> {
    if !decoy.may_block(&request) {
        let mut answer = decoy.answer(&request, SystemTime::now());
        answer.read_ahead(false);
        return Some((request, answer));
    }
    // Counted from now on, since nobody knows when it is his turn to take what the disk's thread has read for him.
    if seat.holds(request.held() + PIECE) {
        tokio::task::yield_now().await;
    }
    let _turn = if decoy.may_list(&request) { LISTINGS.acquire().await.ok() } else { None };
    let decided = tokio::task::spawn_blocking(move || {
        let mut answer = decoy.answer(&request, SystemTime::now());
        answer.read_ahead(true);
        (request, answer)
    });
    decided.await.ok()
}

/// Sends the body. `begun` is called when its first piece is out and more of them may take their time.
async fn write_body(
    stream: &mut TcpStream,
    body: Body,
    seat: &Seat,
    mut begun: impl FnMut(),
) -> io::Result<()> {
    match body {
        Body::Empty => {}
        Body::Page(bytes) => stream.write_all(&bytes).await?,
        Body::Bytes(bytes) => {
            for (at, piece) in bytes.chunks(PIECE).enumerate() {
                if at == 1 {
                    begun();
                }
                stream.write_all(piece).await?;
                seat.active();
            }
        }
        Body::File { file, begun: piece } => {
            stream.write_all(&piece).await?;
            write_file(stream, file, seat, begun).await?;
        }
        Body::Carrier(mut carrier) => loop {
            let piece = carrier.piece();
            if piece.is_empty() {
                break;
            }
            stream.write_all(&piece).await?;
            seat.active();
            begun();
        },
        Body::Never => {
            begun();
            std::future::pending().await
        }
    }
    Ok(())
}

/// Copies the file to its end, wherever that is by then: Content-Length binds nobody.
async fn write_file(
    stream: &mut TcpStream,
    mut file: File,
    seat: &Seat,
    mut begun: impl FnMut(),
) -> io::Result<()> {
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
        seat.active();
        begun();
    }
}

/// Listings in the making. However many strangers ask for a large directory, threads are left for everybody else.
static LISTINGS: Semaphore = Semaphore::const_new(LISTINGS_MAX);
const LISTINGS_MAX: usize = 4;
/// More than browsers and members send.
const HEAD_USUAL: usize = 16 * 1024;
/// What Python's buffered reader asks of a socket at a time.
const RECEIVE: usize = 8192;
