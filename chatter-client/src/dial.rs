//! The way to the server: TCP, perhaps by a proxy, perhaps within TLS, as the link and the user ask for it.
//!
//! **In** a link's address and transport, a proxy. **Out** a connected stream, or a clause that says what is in the way.
//! **Never** HTTP with the server; never a name looked up here that a proxy is to look up, and no other way where one by
//! Tor fails.
//!
//! ```text
//! tcp ──> socks | tunnel ──> tls ──> Stream        spare keeps some of them ready, tor keeps sessions apart
//! ```

mod socks;
mod spare;
mod tcp;
mod tls;
mod tor;
mod tunnel;

use std::fmt;
use std::time::Duration;

use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::{AccessLink, Proxy, ProxyKind, Transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::texts::text;
pub(crate) use spare::Spares;
pub(crate) use tls::NoVerifier;
use tls::Tls;
pub(crate) use tor::{at_hand as tor_at_hand, is_onion, listens};

use crate::route::Route;

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
    /// As the route names them.
    named: Vec<Proxy>,
    /// The first of them that listens is asked; without any the way is straight.
    proxies: Vec<Proxy>,
    /// Whether these are Tor's.
    tor: bool,
    tls: Option<Tls>,
}

impl Peer {
    /// The server that a link names, by `route`.
    pub(crate) fn new(link: &AccessLink, route: &Route) -> Result<Self, NoVerifier> {
        let tls = match link.transport {
            Transport::Http => None,
            Transport::Https { pin } => Some(Tls::new(&link.address.host, pin)?),
        };
        let host = link.address.host.clone();
        let (named, tor) = (route.proxies().to_vec(), route.is_by_tor());
        Ok(Self { host, port: link.address.port, proxies: named.clone(), named, tor, tls })
    }

    /// The same for another link: through Tor, by circuits that no other link or session has a part in. Only another proxy's
    /// user is a new circuit to it, and a circuit whose other end has died without a word is kept for two minutes.
    pub(crate) fn apart(&self, entropy: &mut Entropy) -> Self {
        let mut peer = self.clone();
        if peer.tor {
            peer.proxies = peer.named.iter().map(|proxy| tor::apart(proxy, entropy)).collect();
        }
        peer
    }

    /// Whether the way has to be built before it is there, for which seconds pass.
    pub(crate) fn is_far(&self) -> bool {
        self.tor
    }

    /// A connection, ready for a request.
    pub(crate) async fn connect(&self) -> Result<Stream, String> {
        let stream = if self.proxies.is_empty() {
            if is_onion(&self.host) {
                return Err(text!("onion-needs-tor", host = self.host));
            }
            tcp::connect(&self.host, self.port).await?
        } else {
            self.connect_by_proxy().await?
        };
        let tls_timeout = if self.tor { FAR_TLS_TIMEOUT } else { TLS_TIMEOUT };
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => match timeout(tls_timeout, tls.connect(stream)).await {
                Ok(stream) => Ok(Box::new(stream?)),
                Err(_) => Err(text!("tls-silent", host = self.host)),
            },
        }
    }

    async fn connect_by_proxy(&self) -> Result<TcpStream, String> {
        let mut trouble = String::new();
        for proxy in &self.proxies {
            let mut stream = match tcp::connect(&proxy.address().host, proxy.address().port).await {
                Ok(stream) => stream,
                Err(refused) => {
                    trouble = self.in_the_way(proxy, &refused);
                    continue;
                }
            };
            let limit = if self.tor { FAR_PROXY_TIMEOUT } else { PROXY_TIMEOUT };
            let asked = timeout(limit, self.ask(proxy, &mut stream)).await;
            let asked = asked.unwrap_or_else(|_| Err(text!("proxy-silent")));
            return asked.map(|()| stream).map_err(|trouble| self.in_the_way(proxy, &trouble));
        }
        Err(if self.proxies.len() > 1 { text!("tor-none-here") } else { trouble })
    }

    async fn ask(&self, proxy: &Proxy, stream: &mut TcpStream) -> Result<(), String> {
        match proxy.kind() {
            ProxyKind::Socks5 => {
                socks::ask(stream, &self.host, self.port, proxy.credentials(), self.tor).await
            }
            ProxyKind::Http => tunnel::ask(stream, &self.host, self.port, proxy.credentials()).await,
        }
    }

    fn in_the_way(&self, proxy: &Proxy, trouble: &str) -> String {
        let proxy = proxy.to_string();
        if self.tor {
            text!("tor-trouble", proxy = proxy, trouble = trouble)
        } else {
            text!("proxy-trouble", proxy = proxy, trouble = trouble)
        }
    }
}

/// A proxy may try several addresses of the server's before it answers.
const PROXY_TIMEOUT: Duration = Duration::from_secs(20);
const TLS_TIMEOUT: Duration = Duration::from_secs(10);
/// Tor tries for two minutes; what it has built by then helps the next try, whenever this one ends.
const FAR_PROXY_TIMEOUT: Duration = Duration::from_secs(80);
const FAR_TLS_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
