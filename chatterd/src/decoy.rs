//! What `python3 -m http.server` would answer.
//!
//! **In**: a request and the time. **Out**: an answer, decided wholly: head, body, and whether a session may take the
//! body's place.
//! **Never**: a socket; anything that depends on who asks, or on a token.

mod at_hand;
pub mod carrier_file;
mod dates;
mod error_page;
pub mod generated;
mod listing;
mod mime;
pub mod persona;
mod root;
mod target;
pub(crate) mod text;

pub use carrier_file::CarrierStream;
pub use generated::Seed;
pub use persona::Persona;
pub use root::Root;

use crate::http::{Outcome, Refusal, Request};
use dates::Stamp;
use mime::Types;
use root::{Content, Kind, Opened};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use target::{Place, Redirect};

/// The decoy: a directory, and the Python that seems to serve it.
#[derive(Debug)]
pub struct Decoy {
    root: Root,
    persona: Persona,
    types: Types,
    carrier_path: Option<String>,
    own_carrier_head: Vec<u8>,
    download_key: [u8; 32],
    downloads: AtomicU64,
}

/// What is to be sent; then the connection ends.
#[derive(Debug)]
pub struct Answer {
    /// The header block, which goes out in one write; empty for answers without a status line.
    pub head: Vec<u8>,
    /// What follows it.
    pub body: Body,
    /// Whether this is a 200 with status line to a GET of exactly the carrier's path, and has a body.
    pub carrier: bool,
    length: Option<u64>,
}

/// What follows the header block.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// An error page, sent in one write.
    Page(Vec<u8>),
    /// Bytes in memory, sent in pieces.
    Bytes(Arc<[u8]>),
    /// An open file, sent in pieces to its end, wherever that is by then.
    File {
        /// The file, read as far as `begun` goes.
        file: File,
        /// What was read already.
        begun: Vec<u8>,
    },
    /// The virtual carrier.
    Carrier(Box<CarrierStream>),
    /// A FIFO without a writer: the connection stays as it is for ever.
    Never,
}

impl Decoy {
    /// A decoy serving that root. Reads the machine's `mime.types`, as Python does at first use.
    pub fn new(root: Root, persona: Persona) -> Decoy {
        let files: Vec<String> = mime::KNOWN_FILES
            .iter()
            .filter_map(|file| std::fs::read(file).ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        let carrier = root.carrier().map(|path| path.trim_start_matches('/').to_owned());
        let own_carrier_head = match &root {
            Root::Own { path, .. } => carrier.as_ref().and_then(|carrier| head_of(&path.join(carrier))),
            Root::Generated(_) => None,
        };
        let mut download_key = [0; 32];
        getrandom::fill(&mut download_key).expect("the system gives random bytes");
        Decoy {
            types: Types::new(persona, files.iter().map(String::as_str)),
            carrier_path: carrier.map(|carrier| format!("/{}", listing::quoted(carrier.as_bytes()))),
            own_carrier_head: own_carrier_head.unwrap_or_default(),
            root,
            persona,
            download_key,
            downloads: AtomicU64::new(0),
        }
    }

    /// The Python we claim to be.
    pub fn persona(&self) -> Persona {
        self.persona
    }

    /// The carrier's path, percent-encoded as a target names it.
    pub fn carrier_path(&self) -> Option<&str> {
        self.carrier_path.as_deref()
    }

    /// The bytes with which the carrier's kind of file begins; `fill` gives the random ones among them.
    pub fn carrier_magic(&self, fill: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        match &self.root {
            Root::Generated(tree) => {
                tree.carrier_file().map(|carrier| carrier.magic(fill)).unwrap_or_default()
            }
            Root::Own { .. } => self.own_carrier_head.clone(),
        }
    }

    /// Ordinary files that a browser might reload: percent-encoded paths, and their Last-Modified as stated just now.
    pub fn visits(&self) -> Vec<(String, Option<String>)> {
        let now = Stamp::of(SystemTime::now());
        let files = self.root.files();
        let targets = files.iter().map(|path| format!("/{}", listing::quoted(path)));
        targets
            .filter(|target| Some(target.as_str()) != self.carrier_path())
            .filter_map(|target| {
                let place = target::translate(target.as_bytes(), self.root.path());
                let opened = self.root.open(&place, now).ok()?;
                Some((target, dates::format(opened.modified.whole_seconds())))
            })
            .collect()
    }

    /// Whether answering asks a disk, which may take its time.
    pub fn may_block(&self, request: &Request) -> bool {
        let place = || target::translate(request.path(), self.root.path());
        matches!(request.outcome(), Outcome::Fetch) && !self.root.is_at_hand(place)
    }

    /// Whether answering may mean to list a directory, which can take long where it is large.
    pub fn may_list(&self, request: &Request) -> bool {
        let path = request.path().split(|byte| matches!(byte, b'?' | b'#')).next();
        self.may_block(request) && path.is_some_and(|path| path.ends_with(b"/"))
    }

    /// What Python would answer.
    pub fn answer(&self, request: &Request, now: SystemTime) -> Answer {
        let answering = Answering { decoy: self, request, now: Stamp::of(now) };
        match request.outcome() {
            Outcome::Silence => Answer::silence(),
            Outcome::Refused(refusal) => answering.error(refusal),
            Outcome::Fetch => answering.fetch().unwrap_or_else(Answer::silence),
        }
    }

    fn carrier_stream(&self, carrier: carrier_file::Carrier) -> Body {
        let number = self.downloads.fetch_add(1, Ordering::Relaxed);
        let key = blake3::keyed_hash(&self.download_key, &number.to_be_bytes());
        Body::Carrier(Box::new(carrier.stream(*key.as_bytes())))
    }
}

impl Answer {
    fn silence() -> Answer {
        Answer { head: Vec::new(), body: Body::Empty, carrier: false, length: None }
    }

    /// Takes a small file's bytes into the answer, where they are at hand or the caller `waits` for a disk: one visit to
    /// the disk's thread instead of three. A device, which may keep its reader waiting, has no size.
    pub fn read_ahead(&mut self, waits: bool) {
        let Some(length @ 1..PIECE) = self.length.and_then(|length| usize::try_from(length).ok()) else {
            return;
        };
        let Body::File { file, begun } = &mut self.body else { return };
        if self.carrier {
            return;
        }
        if let Some(bytes) = at_hand::read(file, length) {
            self.body = Body::Bytes(bytes.into());
        } else if waits && let Ok(piece) = read_piece(file) {
            *begun = piece;
        }
    }

    /// The stated Content-Length, where there is one.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes of memory that this answer takes for itself until it is out.
    pub fn held(&self) -> usize {
        let body = match &self.body {
            Body::Page(bytes) => bytes.len(),
            // Others may have the same ones.
            Body::Bytes(bytes) if Arc::strong_count(bytes) == 1 => bytes.len(),
            Body::File { .. } | Body::Carrier(_) => PIECE,
            Body::Bytes(_) | Body::Empty | Body::Never => 0,
        };
        self.head.len() + body
    }
}

/// The next piece of a file, 64 KiB but for the last; empty at the end.
///
/// # Errors
/// The disk's.
pub fn read_piece(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// One answer in the making. `None` stands for an exception in Python: nothing is sent.
struct Answering<'a> {
    decoy: &'a Decoy,
    request: &'a Request,
    now: Stamp,
}

impl Answering<'_> {
    fn fetch(&self) -> Option<Answer> {
        let place = target::translate(self.request.path(), self.decoy.root.path());
        match self.decoy.root.kind(&place) {
            Kind::Directory => self.directory(&place),
            Kind::Fifo if !place.slash => Some(Answer { body: Body::Never, ..Answer::silence() }),
            Kind::File | Kind::Fifo | Kind::Other | Kind::Missing => self.file(&place),
        }
    }

    fn directory(&self, place: &Place) -> Option<Answer> {
        match target::redirect(self.request.path(), self.decoy.persona) {
            Redirect::Raises => return None,
            Redirect::To(address) => return self.redirect(&address),
            Redirect::Not => {}
        }
        for index in ["index.html", "index.htm"] {
            let index = place.join(index);
            if matches!(self.decoy.root.kind(&index), Kind::File) {
                return self.file(&index);
            }
        }
        let Ok(entries) = self.decoy.root.entries(place) else {
            return Some(self.not_found("No permission to list directory"));
        };
        let page = listing::page(self.request.path(), place, entries, self.decoy.persona)?;
        let mut head = self.head(200, b"OK")?;
        head.add("Content-type", b"text/html; charset=utf-8");
        self.finish(head, Some(page.len() as u64), Body::Bytes(page.into()))
    }

    fn redirect(&self, address: &[u8]) -> Option<Answer> {
        let mut head = self.head(301, b"Moved Permanently")?;
        head.add("Location", address);
        self.finish(head, Some(0), Body::Empty)
    }

    fn file(&self, place: &Place) -> Option<Answer> {
        if place.slash {
            return Some(self.not_found("File not found"));
        }
        let path = place.bytes.as_deref()?;
        let Ok(opened) = self.decoy.root.open(place, self.now) else {
            return Some(self.not_found("File not found"));
        };
        let modified = opened.modified.whole_seconds();
        let last_modified = dates::format(modified)?;
        if self.unmodified_since(modified) {
            return self.finish(self.head(304, b"Not Modified")?, None, Body::Empty);
        }
        let mut head = self.head(200, b"OK")?;
        head.add("Content-type", self.decoy.types.of(path).as_bytes());
        head.add("Content-Length", opened.size.to_string().as_bytes());
        head.add("Last-Modified", last_modified.as_bytes());
        let mut answer = Answer { head: head.end(), ..Answer::silence() };
        answer.length = Some(opened.size);
        if !self.request.head_only() {
            answer.carrier = self.is_carrier(&opened);
            answer.body = match opened.content {
                Content::Disk(file) => Body::File { file, begun: Vec::new() },
                Content::Memory(bytes) => Body::Bytes(bytes),
                Content::Virtual(carrier) => self.decoy.carrier_stream(carrier),
            };
        }
        Some(answer)
    }

    fn is_carrier(&self, opened: &Opened) -> bool {
        let asked =
            self.decoy.carrier_path.as_deref().is_some_and(|path| path.as_bytes() == self.request.target());
        asked && !self.request.bare() && opened.size != 0
    }

    fn unmodified_since(&self, modified: i64) -> bool {
        let headers = self.request.headers();
        if headers.first("if-none-match").is_some() {
            return false;
        }
        headers.first("if-modified-since").and_then(dates::parse).is_some_and(|since| modified <= since)
    }

    fn not_found(&self, message: &str) -> Answer {
        self.error(&Refusal { code: 404, message: Some(message.as_bytes().to_vec()), explain: None })
    }

    fn error(&self, refusal: &Refusal) -> Answer {
        let page = error_page::page(refusal, self.decoy.persona);
        let Some(mut head) = self.head(refusal.code, &error_page::reason(refusal, self.decoy.persona)) else {
            return Answer::silence();
        };
        head.add("Connection", b"close");
        head.add("Content-Type", b"text/html;charset=utf-8");
        self.finish(head, Some(page.len() as u64), Body::Page(page)).unwrap_or_else(Answer::silence)
    }

    fn head(&self, code: u16, reason: &[u8]) -> Option<Head> {
        let mut head = Head { bytes: Vec::with_capacity(256), bare: self.request.bare() };
        if !head.bare {
            head.bytes.extend_from_slice(format!("HTTP/1.0 {code} ").as_bytes());
            head.bytes.extend_from_slice(reason);
            head.bytes.extend_from_slice(b"\r\n");
        }
        head.add("Server", format!("SimpleHTTP/0.6 Python/{}", self.decoy.persona.version()).as_bytes());
        head.add("Date", dates::format(self.now.whole_seconds())?.as_bytes());
        Some(head)
    }

    fn finish(&self, mut head: Head, length: Option<u64>, body: Body) -> Option<Answer> {
        if let Some(length) = length {
            head.add("Content-Length", length.to_string().as_bytes());
        }
        let body = if self.request.head_only() { Body::Empty } else { body };
        Some(Answer { head: head.end(), body, carrier: false, length })
    }
}

/// A header block in the making; it stays empty where there is to be none.
struct Head {
    bytes: Vec<u8>,
    bare: bool,
}

impl Head {
    fn add(&mut self, name: &str, value: &[u8]) {
        if !self.bare {
            self.bytes.extend_from_slice(name.as_bytes());
            self.bytes.extend_from_slice(b": ");
            self.bytes.extend_from_slice(value);
            self.bytes.extend_from_slice(b"\r\n");
        }
    }

    fn end(mut self) -> Vec<u8> {
        if !self.bare {
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.bytes
    }
}

/// The kind of file that the operator's carrier is, as far as its first bytes say.
/// The first bytes of a real carrier of a known kind, as many as that kind's header has: what a stranger gets of it,
/// too.
fn head_of(path: &std::path::Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(HEAD_MAX).read_to_end(&mut start).ok()?;
    let kind = carrier_file::Kind::of(&start)?;
    start.truncate(kind.magic(0, &mut |_| {}).len());
    Some(start)
}

/// No kind's header is longer.
const HEAD_MAX: u64 = 16_384;

/// Bytes of the pieces in which Python sends files and listings.
pub(crate) const PIECE: usize = 65_536;

#[cfg(test)]
mod tests;
