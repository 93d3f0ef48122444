//! A connection to a control port.
//!
//! **In** a place, a proof, commands. **Out** replies and events. **Never** a wait without an end but for events.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use zeroize::{Zeroize as _, Zeroizing};

use crate::place::{Place, Proof};
use crate::proof::{COOKIE_LEN, Challenge, Cookie, NONCE_LEN, NotTor, Wanted, by_cookie, by_password};
use crate::reply::{Reply, ReplyError, ReplyReader};

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// An authenticated connection.
pub struct Connection {
    stream: Pin<Box<dyn Stream>>,
    reader: ReplyReader,
    /// Come and not yet read.
    unread: Vec<u8>,
    events: VecDeque<Reply>,
    version: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Why tor did not do something. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error(
        "no tor answers at {place} ({source}): is it running (`systemctl status tor@default`), and is its control port open? \
         Put `ControlSocket /run/tor/control` and `CookieAuthentication 1` into /etc/tor/torrc and reload tor"
    )]
    NotThere {
        /// Where.
        place: Place,
        /// What the system says.
        source: io::Error,
    },
    /// The socket is there, for others.
    #[error(
        "no permission to use {place}: call this as root, or as a member of the group that owns it (debian-tor on Debian)"
    )]
    Forbidden {
        /// Where.
        place: Place,
    },
    /// The cookie is for others, or is not there.
    #[error(
        "cannot read tor's cookie {} ({source}): call this as root, or as a member of the group that may (debian-tor on \
         Debian; torrc: `CookieAuthFileGroupReadable 1`), or say where it is",
        path.display()
    )]
    Cookie {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file with the password.
    #[error("cannot read the password's file {} ({source})", path.display())]
    PasswordFile {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing that we have.
    #[error(
        "tor at {0} wants neither a cookie that is known here nor nothing: put `CookieAuthentication 1` into its torrc, or \
         name a file with its password"
    )]
    NoProof(Place),
    /// Not that one.
    #[error("tor does not take this cookie or password: {0}")]
    WrongProof(String),
    /// Who poses as tor.
    #[error("{0}")]
    NotTor(#[from] NotTor),
    /// It understood, and said no.
    #[error("tor refuses: {text}")]
    Refused {
        /// By the protocol.
        status: u16,
        /// Tor's own words.
        text: String,
    },
    /// It is none of tor's.
    #[error("{0}")]
    Nonsense(#[from] ReplyError),
    /// It ended.
    #[error("tor ended the connection to its control port")]
    Closed,
    /// It does not answer.
    #[error("tor's control port does not answer within {} seconds", TIMEOUT.as_secs())]
    Silent,
    /// The connection, or the machine.
    #[error("the connection to tor's control port failed: {0}")]
    Failed(#[from] io::Error),
}

impl Connection {
    /// Connects, and proves.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn open(place: &Place, proof: &Proof) -> Result<Self, ControlError> {
        let stream: Pin<Box<dyn Stream>> = match tokio::time::timeout(TIMEOUT, connect(place)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(ControlError::Forbidden { place: place.clone() });
            }
            Ok(Err(source)) => return Err(ControlError::NotThere { place: place.clone(), source }),
            Err(_) => return Err(ControlError::Silent),
        };
        let mut connection = Self {
            stream,
            reader: ReplyReader::default(),
            unread: Vec::new(),
            events: VecDeque::new(),
            version: String::new(),
        };
        let wanted = Wanted::read(&connection.ask("PROTOCOLINFO 1").await?);
        connection.authenticate(place, proof, &wanted).await?;
        connection.version = wanted.version;
        Ok(connection)
    }

    /// Tor's version, as it says itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Says a command, and hears its reply. Events that come before it are kept.
    ///
    /// # Errors
    /// Where tor refuses, or does not answer.
    pub async fn ask(&mut self, command: &str) -> Result<Reply, ControlError> {
        let asked = async {
            let line = Zeroizing::new(format!("{command}\r\n"));
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await?;
            loop {
                let reply = self.next().await?;
                if !reply.is_event() {
                    return Ok(reply);
                }
                if self.events.len() < EVENTS_MAX {
                    self.events.push_back(reply);
                }
            }
        };
        let reply: Result<Reply, ControlError> =
            tokio::time::timeout(TIMEOUT, asked).await.map_err(|_| ControlError::Silent)?;
        let reply = reply?;
        if reply.is_done() {
            return Ok(reply);
        }
        Err(ControlError::Refused { status: reply.status, text: reply.text().to_owned() })
    }

    /// The value of one `GETINFO` key.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn info(&mut self, key: &str) -> Result<String, ControlError> {
        let reply = self.ask(&format!("GETINFO {key}")).await?;
        let found = reply.values(key).next().unwrap_or_default().to_owned();
        Ok(found)
    }

    /// The next event. Nothing is lost where the wait for it is given up.
    ///
    /// # Errors
    /// Where the connection ends.
    pub async fn event(&mut self) -> Result<Reply, ControlError> {
        if let Some(event) = self.events.pop_front() {
            return Ok(event);
        }
        loop {
            let reply = self.next().await?;
            if reply.is_event() {
                return Ok(reply);
            }
        }
    }

    async fn next(&mut self) -> Result<Reply, ControlError> {
        loop {
            let (taken, reply) = self.reader.receive(&self.unread)?;
            self.unread.drain(..taken);
            if let Some(reply) = reply {
                return Ok(reply);
            }
            let mut buffer = [0; 4096];
            let length = self.stream.read(&mut buffer).await?;
            if length == 0 {
                return Err(ControlError::Closed);
            }
            self.unread.extend_from_slice(buffer.get(..length).unwrap_or_default());
        }
    }

    async fn authenticate(&mut self, place: &Place, proof: &Proof, wanted: &Wanted) -> Result<(), ControlError> {
        let words = match proof {
            Proof::Password(path) => {
                let read = read_password(path);
                by_password(&read.map_err(|source| ControlError::PasswordFile { path: path.clone(), source })?)
            }
            Proof::Told if wanted.nothing => Zeroizing::new("AUTHENTICATE".to_owned()),
            Proof::Told | Proof::Cookie(_) => {
                let told = wanted.cookie_file.clone();
                let path = if let Proof::Cookie(path) = proof { Some(path.clone()) } else { told };
                let path = path.ok_or_else(|| ControlError::NoProof(place.clone()))?;
                let cookie = read_cookie(&path).map_err(|source| ControlError::Cookie { path, source })?;
                if wanted.safe_cookie {
                    let mut nonce = [0; NONCE_LEN];
                    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
                    let challenge = Challenge::new(nonce);
                    challenge.answer(&self.ask(&challenge.command()).await?, &cookie)?
                } else {
                    by_cookie(&cookie)
                }
            }
        };
        match self.ask(&words).await {
            Ok(_) => Ok(()),
            Err(ControlError::Refused { text, .. }) => Err(ControlError::WrongProof(text)),
            Err(error) => Err(error),
        }
    }
}

async fn connect(place: &Place) -> io::Result<Pin<Box<dyn Stream>>> {
    Ok(match place {
        Place::Unix(path) => Box::pin(UnixStream::connect(path).await?),
        Place::Tcp(address) => Box::pin(TcpStream::connect(address).await?),
    })
}

fn read_cookie(path: &Path) -> io::Result<Cookie> {
    let bytes = Zeroizing::new(std::fs::read(path)?);
    let cookie = <[u8; COOKIE_LEN]>::try_from(bytes.as_slice());
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it has not the 32 bytes of a cookie");
    cookie.map(Zeroizing::new).map_err(|_| wrong())
}

fn read_password(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(std::fs::read_to_string(path)?);
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.unread.zeroize();
    }
}

/// How long tor may take to answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Events that wait to be heard; more than come between two looks.
const EVENTS_MAX: usize = 1024;
