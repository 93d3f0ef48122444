//! One member: a client's session over real sockets, as light as it can be so that the server is what is measured.
//!
//! **In** the way in, a room's [`Talk`]. **Out** what the relay tells, into the talk. **Never** a short cut past what a
//! client does: each request upwards is a connection of its own, each link a download.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use chatter_client::request::{Authority, download, reload};
use chatter_client::response::HeadReader;
use chatter_protocol::client::{Output, Session, UpId};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::invite::AccessLink;
use chatter_protocol::time::{Time, WallTime};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::talk::Talk;

/// The server as members see it.
pub(crate) struct Door {
    link: AccessLink,
    address: String,
    authority: Authority,
    start: Instant,
    // The kernel drops newcomers above the server's backlog, which would cost them a second each.
    connecting: Semaphore,
}

/// One member of one room.
pub(crate) struct Member {
    number: usize,
    talk: Rc<Talk>,
    door: Rc<Door>,
    session: Session,
    downs: Vec<Down>,
    requests: JoinSet<Done>,
    buffer: Vec<u8>,
}

/// A download under way.
struct Down {
    link: LinkId,
    stream: TcpStream,
    head: Option<HeadReader>,
    left: u64,
}

/// A request that came to something.
enum Done {
    Opened(LinkId, io::Result<TcpStream>),
    Up(UpId, io::Result<()>),
}

impl Door {
    pub(crate) fn new(link: &AccessLink) -> Rc<Self> {
        let (host, port) = (&link.address.host, link.address.port);
        Rc::new(Self {
            link: link.clone(),
            address: format!("{host}:{port}"),
            authority: Authority::new(host, port),
            start: Instant::now(),
            connecting: Semaphore::new(CONNECTING_MAX),
        })
    }

    fn now(&self) -> Time {
        Time::from_start(self.start.elapsed())
    }

    /// Connects and asks.
    async fn ask(&self, request: &str) -> io::Result<TcpStream> {
        let _turn = self.connecting.acquire().await.map_err(io::Error::other)?;
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(request.as_bytes()).await?;
        Ok(stream)
    }

    /// Asks and reads the answer to its end.
    async fn ask_and_read(&self, request: &str) -> io::Result<()> {
        let mut stream = self.ask(request).await?;
        let mut answer = [0; 1024];
        while stream.read(&mut answer).await? > 0 {}
        Ok(())
    }
}

impl Member {
    /// Member `number` of the room.
    pub(crate) fn new(number: usize, talk: &Rc<Talk>, door: &Rc<Door>, entropy: Entropy) -> Self {
        let session = Session::new(&door.link.code, entropy, door.now(), wall());
        Self {
            number,
            talk: Rc::clone(talk),
            door: Rc::clone(door),
            session,
            downs: Vec::new(),
            requests: JoinSet::new(),
            buffer: vec![0; READ_LEN],
        }
    }

    /// Enters, and stays until dropped.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        self.session.send(self.talk.join(self.number), self.door.now());
        let speaks = self.number == 0;
        let talk = Rc::clone(&self.talk);
        let mut alarm = pin!(sleep_until(self.door.start));
        loop {
            while let Some(frame) = if speaks { talk.next() } else { None } {
                self.session.send(frame, self.door.now());
            }
            self.carry_out()?;
            let due = self.session.poll_timeout().context("the session has ended")?;
            let due = self.door.start + due.saturating_since(Time::ZERO);
            if alarm.deadline() != due {
                alarm.as_mut().reset(due);
            }
            tokio::select! {
                (place, read) = receive(&mut self.downs, &mut self.buffer) => self.received(place, read)?,
                Some(done) = self.requests.join_next() => self.done(done?),
                () = talk.changed(), if speaks => {}
                () = &mut alarm => self.session.handle_timeout(self.door.now(), wall()),
            }
        }
    }

    fn carry_out(&mut self) -> anyhow::Result<()> {
        while let Some(output) = self.session.poll_output() {
            let door = Rc::clone(&self.door);
            match output {
                Output::Open { link, path, cookie } => {
                    let request = download(&door.authority, &path, &cookie)?;
                    self.requests.spawn_local(async move { Done::Opened(link, door.ask(&request).await) });
                }
                Output::Up { up, path, cookie, if_modified_since } => {
                    let request = reload(&door.authority, &path, &cookie, if_modified_since.as_deref())?;
                    self.requests.spawn_local(async move { Done::Up(up, door.ask_and_read(&request).await) });
                }
                Output::Close { link } => self.downs.retain(|down| down.link != link),
                Output::Frame(frame) => self.talk.take(self.number, frame)?,
                // A carrier has an end; the session goes on over the next one.
                Output::Connected | Output::Broken | Output::Resumed => {}
                Output::Warning(text) => bail!("member {} is warned: {text}", self.number),
                Output::Ended(end) => bail!("member {}'s session has ended: {end}", self.number),
            }
        }
        Ok(())
    }

    fn done(&mut self, done: Done) {
        let now = self.door.now();
        match done {
            Done::Opened(link, Ok(stream)) => {
                let head = Some(HeadReader::new());
                self.downs.push(Down { link, stream, head, left: u64::MAX });
            }
            Done::Opened(link, Err(_)) => self.session.link_closed(link, now, wall()),
            Done::Up(up, answered) => self.session.up_done(up, answered.is_ok(), now),
        }
    }

    /// Hands on what has come over the download at `place`.
    fn received(&mut self, place: usize, read: io::Result<usize>) -> anyhow::Result<()> {
        let down = self.downs.get_mut(place).context("a download that is under way")?;
        let (link, now) = (down.link, self.door.now());
        let bytes = self.buffer.get(..read.unwrap_or(0)).unwrap_or_default();
        if bytes.is_empty() {
            self.downs.swap_remove(place);
            self.session.link_closed(link, now, wall());
            return Ok(());
        }
        if let Some(reader) = &mut down.head {
            let Some(head) = reader.receive(bytes)? else { return Ok(()) };
            down.head = None;
            down.left = head.answer.length.unwrap_or(u64::MAX);
            self.session.link_answered(link, &head.answer, now, wall());
            down.left = down.left.saturating_sub(head.body.len() as u64);
            self.session.link_received(link, &head.body, now, wall());
        } else {
            down.left = down.left.saturating_sub(bytes.len() as u64);
            self.session.link_received(link, bytes, now, wall());
        }
        if self.downs.get(place).is_some_and(|down| down.left == 0) {
            self.downs.swap_remove(place);
            self.session.link_closed(link, now, wall());
        }
        Ok(())
    }
}

/// Reads from whichever download has something; waits for ever where there is none.
async fn receive(downs: &mut [Down], buffer: &mut [u8]) -> (usize, io::Result<usize>) {
    poll_fn(|context: &mut Context<'_>| {
        for (place, down) in downs.iter_mut().enumerate() {
            let mut space = ReadBuf::new(buffer);
            if let Poll::Ready(read) = Pin::new(&mut down.stream).poll_read(context, &mut space) {
                return Poll::Ready((place, read.map(|()| space.filled().len())));
            }
        }
        Poll::Pending
    })
    .await
}

fn wall() -> WallTime {
    WallTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since: Duration| since.as_secs()))
}

const READ_LEN: usize = 16 * 1024;
/// Below the server's backlog.
const CONNECTING_MAX: usize = 100;
