//! A front end that terminates TLS before a daemon: the least of what a real one does.
//!
//! **In** a certificate for a name, a daemon. **Out** its address, the certificate as a file that a client can be told to
//! trust, its pin. **Never** a byte changed on the way.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chatter_protocol::invite::CertificatePin;
use rcgen::{CertifiedKey, PublicKeyData as _};
use rustls::crypto::{hash::HashAlgorithm, ring};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

/// A front end. Dropping it ends it.
#[derive(Debug)]
pub struct Secure {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate, which is its own issuer, in PEM.
    pub certificate: PathBuf,
    /// The pin of its key.
    pub pin: CertificatePin,
    over: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
}

impl Secure {
    /// One that is called `name`, before the daemon at `to`; its certificate is written into `folder`.
    ///
    /// # Panics
    /// Where there is no port, or no room.
    pub fn new(name: &str, to: SocketAddr, folder: &Path) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let certificate = folder.join(format!("{name}.pem"));
        std::fs::write(&certificate, pem(cert.der())).expect("room");
        let suites = ring::default_provider().cipher_suites;
        let mut hashes =
            suites.iter().filter_map(|suite| suite.tls13()).map(|suite| suite.common.hash_provider);
        let sha256 = hashes.find(|hash| hash.algorithm() == HashAlgorithm::SHA256).expect("SHA-256");
        let pin = sha256.hash(&signing_key.subject_public_key_info());
        let pin = CertificatePin::from_bytes(pin.as_ref().try_into().expect("32 bytes"));
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let mut config = builder.with_single_cert(vec![cert.der().clone()], key).expect("a certificate");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (over, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ends, count) = (Arc::clone(&over), Arc::clone(&served));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (config, count) = (Arc::clone(&config), Arc::clone(&count));
                // Ends with its connection.
                thread::spawn(move || serve(stream, config, to, &count));
            }
        });
        Self { address, certificate, pin, over, served }
    }

    /// How many requests came over TLS.
    pub fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    /// A `chatter://` link as one that leads here by `name`, with its key pinned or not.
    ///
    /// # Panics
    /// Where it is no such link.
    pub fn link(&self, link: &str, name: &str, pinned: bool) -> String {
        let (_, rest) =
            link.strip_prefix("chatter://").and_then(|rest| rest.split_once('/')).expect("a link");
        let pin = if pinned { format!(".{}", self.pin) } else { String::new() };
        format!("chatters://{name}:{}/{rest}{pin}", self.address.port())
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

/// One request and its answer: nobody in this protocol says more on a connection.
fn serve(
    mut client: TcpStream,
    config: Arc<ServerConfig>,
    to: SocketAddr,
    served: &AtomicUsize,
) -> Option<()> {
    let mut session = ServerConnection::new(config).ok()?;
    let mut stream = Stream::new(&mut session, &mut client);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    served.fetch_add(1, Ordering::SeqCst);
    let mut server = TcpStream::connect(to).ok()?;
    server.write_all(&head).ok()?;
    let mut chunk = [0; 16 * 1024];
    while let Ok(read @ 1..) = server.read(&mut chunk) {
        stream.write_all(chunk.get(..read)?).ok()?;
        stream.flush().ok()?;
    }
    session.send_close_notify();
    session.complete_io(&mut client).ok()?;
    Some(())
}

/// RFC 7468.
fn pem(certificate: &[u8]) -> String {
    let text = crate::proxy::base64(certificate);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
