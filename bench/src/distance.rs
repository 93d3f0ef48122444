//! A long way to the daemon: an HTTP proxy on which everything takes as long as it would over that way.
//!
//! **In** connections that ask for one by `CONNECT`. **Out** the same to the daemon: the answer to `CONNECT` comes after
//! one round trip, as a TCP handshake would, and each byte half a round trip after it was sent. **Never** a limit on bytes: a
//! long way is not a narrow one.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// The way, until it is dropped.
pub(crate) struct Distance {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Distance {
    /// A way to `to` of this round trip.
    pub(crate) async fn new(to: SocketAddr, round_trip: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port")?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Ends with its connection, in whatever way.
                tokio::spawn(async move { carry(stream, to, round_trip).await });
            }
        });
        Ok(Self { address, task })
    }

    /// The proxy's URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Distance {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, to: SocketAddr, round_trip: Duration) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(client.read_u8().await.ok()?);
    }
    let server = TcpStream::connect(to).await.ok()?;
    server.set_nodelay(true).ok()?;
    sleep(round_trip).await;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = tokio::spawn(late(from_client, to_server, round_trip / 2));
    late(from_server, to_client, round_trip / 2).await;
    // Who has been answered whole has been heard.
    up.abort();
    Some(())
}

/// Passes bytes on, each so much later than it came.
async fn late(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_MAX);
    let reading = async move {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            if !matches!(from.read_buf(&mut chunk).await, Ok(1..)) {
                return;
            }
            if sender.send((Instant::now() + delay, chunk)).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((when, chunk)) = chunks.recv().await {
            sleep_until(when).await;
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
        // The end is late, too; only whoever is gone does not hear of it.
        let _ = to.shutdown().await;
    };
    tokio::select! {
        () = writing => {}
        () = async { reading.await; std::future::pending().await } => {}
    }
}

const CHUNK_BYTES: usize = 16 * 1024;
const CHUNKS_MAX: usize = 256;
