//! The way to the server: TCP, perhaps by a proxy, perhaps within TLS, as the link and the user ask for it.
//!
//! **In** a link's address and transport, a proxy. **Out** a connected stream, or a clause that says what is in the way.
//! **Never** HTTP with the server; never a name looked up here that a proxy is to look up.
//!
//! ```text
//! tcp ──> socks | tunnel ──> tls ──> Stream        spare keeps some of them ready
//! ```

mod socks;
mod spare;
mod tcp;
mod tls;
mod tunnel;

use std::fmt;
use std::time::Duration;

use chatter_protocol::invite::{AccessLink, Proxy, ProxyKind, Transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::texts::text;
pub(crate) use spare::Spares;
pub(crate) use tls::NoVerifier;
use tls::Tls;

/// What a connection is made of.
pub(crate) type Stream = Box<dyn Wire>;

/// Bytes both ways.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug> Wire for T {}

/// The server, as one dials it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    host: String,
    port: u16,
    proxy: Option<Proxy>,
    tls: Option<Tls>,
}

impl Peer {
    /// The server that a link names, by `proxy`.
    pub(crate) fn new(link: &AccessLink, proxy: Option<Proxy>) -> Result<Self, NoVerifier> {
        let tls = match link.transport {
            Transport::Http => None,
            Transport::Https { pin } => Some(Tls::new(&link.address.host, pin)?),
        };
        Ok(Self { host: link.address.host.clone(), port: link.address.port, proxy, tls })
    }

    /// A connection, ready for a request.
    pub(crate) async fn connect(&self) -> Result<Stream, String> {
        let stream = match &self.proxy {
            None => tcp::connect(&self.host, self.port).await?,
            Some(proxy) => {
                let reached = tcp::connect(&proxy.address().host, proxy.address().port).await;
                let mut stream = reached.map_err(|trouble| in_the_way(proxy, &trouble))?;
                let asked = timeout(PROXY_TIMEOUT, self.ask(proxy, &mut stream)).await;
                let asked = asked.unwrap_or_else(|_| Err(text!("proxy-silent")));
                asked.map_err(|trouble| in_the_way(proxy, &trouble))?;
                stream
            }
        };
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => match timeout(TLS_TIMEOUT, tls.connect(stream)).await {
                Ok(stream) => Ok(Box::new(stream?)),
                Err(_) => Err(text!("tls-silent", host = self.host)),
            },
        }
    }

    async fn ask(&self, proxy: &Proxy, stream: &mut tokio::net::TcpStream) -> Result<(), String> {
        match proxy.kind() {
            ProxyKind::Socks5 => socks::ask(stream, &self.host, self.port, proxy.credentials()).await,
            ProxyKind::Http => tunnel::ask(stream, &self.host, self.port, proxy.credentials()).await,
        }
    }
}

fn in_the_way(proxy: &Proxy, trouble: &str) -> String {
    text!("proxy-trouble", proxy = proxy.to_string(), trouble = trouble)
}

/// A proxy may try several addresses of the server's before it answers.
const PROXY_TIMEOUT: Duration = Duration::from_secs(20);
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
