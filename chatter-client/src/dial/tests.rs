//! Ways to a server of a few lines, through TLS and proxies of a few lines.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chatter_protocol::invite::CertificatePin;
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::texts::tests::{is_all_marked, marked};

impl Peer {
    /// Without TLS or proxy.
    pub(crate) fn plain(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, named: Vec::new(), proxies: Vec::new(), tor: false, tls: None }
    }
}

/// Certificate and key for `name`, signed by itself.
fn certificate(name: &str, expired: bool) -> (CertificateDer<'static>, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    if expired {
        params.not_after = (SystemTime::now() - Duration::from_secs(86_400)).into();
    }
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").der().clone(), key)
}

fn pin_of(key: &KeyPair) -> CertificatePin {
    let hash = ring::default_provider()
        .cipher_suites
        .iter()
        .filter_map(|suite| suite.tls13())
        .map(|suite| suite.common.hash_provider)
        .find(|hash| hash.algorithm() == rustls::crypto::hash::HashAlgorithm::SHA256)
        .expect("SHA-256");
    let sha256 = hash.hash(&key.subject_public_key_info());
    CertificatePin::from_bytes(sha256.as_ref().try_into().expect("32 bytes"))
}

/// A server that shows this certificate and gives back what it gets; what it agreed on as ALPN.
async fn echo((certificate, key): (CertificateDer<'static>, KeyPair)) -> u16 {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let mut config = builder.with_single_cert(vec![certificate], key).expect("a certificate");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
            let mut bytes = [0; 5];
            if stream.read_exact(&mut bytes).await.is_ok() {
                let _ = stream.write_all(&bytes).await;
            }
        }
    });
    port
}

async fn connect(host: &str, port: u16, pin: Option<CertificatePin>) -> Result<Stream, String> {
    let tls = Tls::new(host, pin).map_err(|error| error.to_string())?;
    let mut peer = Peer::plain(host, port);
    peer.tls = Some(tls);
    let mut stream = peer.connect().await?;
    stream.write_all(b"hello").await.expect("it takes bytes");
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).await.expect("it gives them back");
    assert_eq!(&bytes, b"hello");
    Ok(stream)
}

#[tokio::test]
async fn with_a_pin_that_key_alone_counts() {
    // Nobody vouches for it, its name is another, its time is over.
    let shown = certificate("other.example", true);
    let pin = pin_of(&shown.1);
    let port = echo(shown).await;
    connect("127.0.0.1", port, Some(pin)).await.expect("the pinned key");
    let other = pin_of(&certificate("127.0.0.1", false).1);
    let error = connect("127.0.0.1", port, Some(other)).await.expect_err("another key");
    assert!(error.contains("another key than the one that the link pins"), "{error}");
}

#[tokio::test]
async fn without_a_pin_somebody_must_vouch() {
    let port = echo(certificate("localhost", false)).await;
    let error = connect("localhost", port, None).await.expect_err("nobody vouches for it");
    assert!(error.contains("does not know") || error.contains("can't be judged here"), "{error}");
}

#[tokio::test]
async fn what_does_not_speak_tls_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        for answer in [b"HTTP/1.0 400 Bad request\r\n\r\n".as_slice(), b""] {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut chunk = [0; 2048];
            let _ = stream.read(&mut chunk).await;
            let _ = stream.write_all(answer).await;
        }
    });
    let pin = CertificatePin::from_bytes([1; 32]);
    let error = connect("127.0.0.1", port, Some(pin)).await.expect_err("no TLS");
    assert!(error.contains("does not speak TLS"), "{error}");
    let error = connect("127.0.0.1", port, Some(pin)).await.expect_err("no TLS");
    assert!(error.contains("in the midst of the TLS handshake"), "{error}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let mut peer = Peer::plain("files.invalid", 8000);
    peer.proxies = vec![Proxy::parse(&format!("socks5h://u:secret@{deaf}")).expect("a proxy")];
    let error = peer.connect().await.expect_err("no proxy");
    assert!(error.starts_with(&format!("the proxy socks5h://{deaf}: 127.0.0.1 refuses")), "{error}");
}

/// A server that counts its connections and gives one byte back for each it gets.
async fn counting() -> (Peer, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    // 9 makes it close.
                    if byte == 9 || stream.write_u8(byte).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (Peer::plain("127.0.0.1", port), count)
}

async fn use_one(spares: &Arc<Spares>, running: usize) -> Stream {
    let mut stream = spares.take(running).await.expect("a connection");
    stream.write_u8(1).await.expect("it takes a byte");
    assert_eq!(stream.read_u8().await.expect("it gives it back"), 1);
    stream
}

#[tokio::test]
async fn spare_connections_are_taken_and_replaced() {
    let (peer, count) = counting().await;
    let spares = Spares::new(peer);
    for _ in 0..20 {
        use_one(&spares, 1).await;
    }
    let opened = count.load(std::sync::atomic::Ordering::SeqCst);
    assert!((20..=22).contains(&opened), "one each and one to spare: {opened}");
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let spares = Arc::clone(&spares);
        all.spawn(async move { use_one(&spares, 6).await });
    }
    assert_eq!(all.join_all().await.len(), 30);
    spares.clear();
    use_one(&spares, 1).await;
}

#[tokio::test]
async fn a_spare_connection_that_has_died_is_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let spares = Spares::new(Peer::plain("127.0.0.1", port));
    let taken = spares.take(1).await.expect("a connection");
    let (first, _) = listener.accept().await.expect("the taken one");
    let (second, _) = listener.accept().await.expect("the spare one");
    drop((first, second, taken));
    let mut fresh = spares.take(1).await.expect("another");
    let (mut third, _) = listener.accept().await.expect("it is a fresh one");
    fresh.write_u8(7).await.expect("it takes a byte");
    assert_eq!(third.read_u8().await.expect("it came"), 7);
}

#[test]
fn what_is_in_the_way_is_said_in_the_readers_language() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let mut peer = Peer::plain("files.invalid", 8000);
    peer.proxies = Proxy::parse(&format!("socks5h://{deaf}")).into_iter().collect();
    for tor in [false, true] {
        peer.tor = tor;
        let error = marked(|| runtime.block_on(peer.connect())).expect_err("no proxy");
        assert!(is_all_marked(&error) && error.contains(&deaf.to_string()), "{error}");
    }
}
