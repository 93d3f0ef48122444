//! One request upwards: a reload whose cookie holds a batch; its answer means nothing but that it came.
//!
//! **In** the request. **Out** whether an answer came. **Never** a look at what it says.

use std::sync::Arc;
use std::time::Duration;

use chatter_protocol::client::UpId;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::down::{read_head, send};
use super::{CHUNK_BYTES_MAX, Report, Server};
use crate::body::Body;
use crate::dial::Stream;
use crate::response::Head;
use crate::texts::text;

/// Sends, waits for the head of the answer, reports, and reads what is left of the answer as a browser does.
/// `running` requests are under way, this one included.
pub(super) async fn run(
    up: UpId,
    request: String,
    server: Arc<Server>,
    running: usize,
    reports: mpsc::Sender<Report>,
) {
    let mut turned = server.spares.turned();
    let outcome = tokio::select! {
        outcome = timeout(server.head_timeout(), reload(&request, &server, running)) => {
            outcome.unwrap_or_else(|_| Err(text!("server-silent")))
        }
        Ok(()) = turned.changed() => Err(text!("server-silent")),
    };
    let (done, rest) = match outcome {
        Ok((stream, head)) => (Ok(()), Some((stream, head))),
        Err(trouble) => (Err(trouble), None),
    };
    if reports.send(Report::UpDone(up, done)).await.is_err() {
        return;
    }
    if let Some((stream, head)) = rest {
        // Whoever stalls here holds one of six places, so not for long.
        let _ = timeout(BODY_TIMEOUT, read_body(stream, &head)).await;
    }
}

async fn reload(request: &str, server: &Server, running: usize) -> Result<(Stream, Head), String> {
    let mut stream = server.spares.take(running).await?;
    send(&mut stream, request).await?;
    let head = read_head(&mut stream).await?;
    Ok((stream, head))
}

/// Reads a body that nobody needs: closing early would show, and cost the other side a reset.
async fn read_body(mut stream: Stream, head: &Head) {
    let mut body = Body::of(head);
    let mut left = BODY_BYTES_MAX;
    let mut chunk = head.body.clone();
    while body.receive(&chunk).is_ok() && !body.is_over() && left > 0 {
        left = left.saturating_sub(chunk.len() as u64);
        chunk.clear();
        chunk.reserve(CHUNK_BYTES_MAX);
        if !matches!(stream.read_buf(&mut chunk).await, Ok(1..)) {
            return;
        }
    }
}

/// A listing or a small page is read whole, a large file is broken off.
const BODY_BYTES_MAX: u64 = 256 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
