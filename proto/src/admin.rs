//! The operator's gRPC API: generated server and client, how to call it, and where its socket usually lies. Beside it,
//! on the same socket, gRPC's own health and reflection services.
//!
//! **In** a Unix socket's path. **Out** a connected client. **Never** a network address: the API has no lock of its
//! own but the socket's owner and mode.

pub mod reason;
pub mod sockets;

use std::io;
use std::path::{Path, PathBuf};

use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "generated code; admin.proto documents it"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/chatter.admin.v1.rs"));
}
pub use generated::*;
/// gRPC's standard health service, `grpc.health.v1`.
pub use tonic_health::pb as health;
/// gRPC's standard reflection service, `grpc.reflection`.
pub use tonic_reflection as reflection;

/// The API's description, as the reflection service tells it.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/admin.descriptors"));
/// The health service's.
pub const HEALTH_DESCRIPTORS: &[u8] = tonic_health::pb::FILE_DESCRIPTOR_SET;

/// A client of the API over a Unix socket.
pub type Client = admin_client::AdminClient<Channel>;

/// A list of all addresses that a daemon may know fills a few MiB.
const REPLY_LEN_MAX: usize = 64 * 1024 * 1024;

/// A client of the health service over a Unix socket.
pub type HealthClient = health::health_client::HealthClient<Channel>;

/// Connects to the daemon that listens at `path`.
///
/// # Errors
/// What the system says: not found, connection refused (a socket left behind), permission denied.
pub async fn connect(path: &Path) -> io::Result<Client> {
    Ok(client(channel(path).await?))
}

/// A client of the admin API over a channel.
pub fn client(channel: Channel) -> Client {
    Client::new(channel).max_decoding_message_size(REPLY_LEN_MAX)
}

/// Connects to the daemon that listens at `path`, for any of its services.
///
/// # Errors
/// As [`connect`].
pub async fn channel(path: &Path) -> io::Result<Channel> {
    // The first connection is made here, so that its error comes out as the system gave it, and handed on.
    let mut first = Some(UnixStream::connect(path).await?);
    let path: PathBuf = path.to_owned();
    let connector = tower::service_fn(move |_| {
        let first = first.take();
        let path = path.clone();
        async move {
            let stream = match first {
                Some(stream) => stream,
                None => UnixStream::connect(path).await?,
            };
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    });
    // The name goes into a header that the other end ignores.
    let endpoint = Endpoint::from_static("http://chatterd.invalid");
    endpoint.connect_with_connector(connector).await.map_err(io::Error::other)
}
