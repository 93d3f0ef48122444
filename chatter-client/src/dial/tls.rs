//! TLS to a front end that passes on to the server.
//!
//! **In** a stream, the server's name, perhaps the one key that it may show. **Out** the stream within TLS, or a clause that
//! says what is wrong with its certificate. **Never** a certificate that nobody vouches for: the platform's verifier
//! does, or the pin of the link, and then it alone.
//!
//! TLS is not what keeps the talk secret; it is what the front end speaks. Who can break it sees what plain HTTP shows.

use std::io;
use std::sync::Arc;

use chatter_protocol::invite::CertificatePin;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, hash, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::texts::text;

/// How TLS is spoken with one server.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    host: String,
}

/// Nothing here can judge certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", no_judge(.0))]
pub(crate) struct NoVerifier(String);

fn no_judge(error: &str) -> String {
    text!("tls-no-judge", error = error)
}

impl Tls {
    /// TLS with the server called `host`, which must show the pinned key where there is one.
    pub(super) fn new(host: &str, pin: Option<CertificatePin>) -> Result<Self, NoVerifier> {
        let no_verifier = |error: Error| NoVerifier(error.to_string());
        let name = ServerName::try_from(host.to_owned()).map_err(|error| NoVerifier(error.to_string()))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(no_verifier)?.dangerous();
        let verifier: Arc<dyn ServerCertVerifier> = match pin {
            Some(pin) => Arc::new(Pinned { pin, provider }),
            None => Arc::new(Verifier::new(provider).map_err(no_verifier)?),
        };
        let mut config = builder.with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), name, host: host.to_owned() })
    }

    /// Shakes hands.
    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector.connect(self.name.clone(), stream).await.map_err(|error| self.trouble(&error))
    }

    fn trouble(&self, error: &io::Error) -> String {
        let host = &self.host;
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(Error::InvalidCertificate(error)) => certificate_trouble(host, error),
            Some(Error::InvalidMessage(_)) => {
                text!("tls-is-none", host = host)
            }
            Some(Error::AlertReceived(alert)) => {
                text!("tls-alert", host = host, alert = format!("{alert:?}"))
            }
            Some(other) => text!("tls-failed", host = host, error = other.to_string()),
            None => text!("tls-cut", host = host),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the errors of rustls may grow")]
fn certificate_trouble(host: &str, error: &CertificateError) -> String {
    match error {
        CertificateError::ApplicationVerificationFailure => text!("certificate-other-key", host = host),
        // The latter where one of the issuers that it knows has the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            text!("certificate-unknown-issuer", host = host)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            text!("certificate-other-name", host = host)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            text!("certificate-expired", host = host)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            text!("certificate-too-new", host = host)
        }
        CertificateError::Revoked => text!("certificate-revoked", host = host),
        other => text!("certificate-bad", host = host, error = other.to_string()),
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Takes one key and asks for nothing else: whoever shows it must still prove that he holds it.
#[derive(Debug)]
struct Pinned {
    pin: CertificatePin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        if sha256(&self.provider, &key).as_deref() == Some(self.pin.as_bytes()) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// By the hash that a cipher suite of the provider brings along.
fn sha256(provider: &CryptoProvider, bytes: &[u8]) -> Option<Vec<u8>> {
    let suites = provider.cipher_suites.iter();
    let mut hashes = suites.filter_map(|suite| suite.tls13()).map(|suite| suite.common.hash_provider);
    let sha256 = hashes.find(|hash| hash.algorithm() == hash::HashAlgorithm::SHA256)?;
    Some(sha256.hash(bytes).as_ref().to_vec())
}
