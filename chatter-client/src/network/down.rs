//! One opening: a download whose body is the session's stream downwards.
//!
//! **In** the request. **Out** the answer's head, the bytes of its body as they come, and at last that it has closed.
//! **Never** more of the body than the answer announced.

use std::sync::Arc;

use chatter_protocol::ids::LinkId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{CHUNK_BYTES_MAX, Report, Server};
use crate::body::Body;
use crate::dial::Stream;
use crate::response::{Head, HeadReader};
use crate::texts::text;

/// Downloads, reports, and reports the end.
pub(super) async fn run(link: LinkId, request: String, server: Arc<Server>, reports: mpsc::Sender<Report>) {
    let trouble = download(link, &request, &server, &reports).await.err();
    // Fails only where the session is gone.
    let _ = reports.send(Report::Closed(link, trouble)).await;
}

async fn download(
    link: LinkId,
    request: &str,
    server: &Server,
    reports: &mpsc::Sender<Report>,
) -> Result<(), String> {
    let mut stream = server.spares.peer().connect().await?;
    send(&mut stream, request).await?;
    let head = timeout(server.head_timeout(), read_head(&mut stream))
        .await
        .map_err(|_| text!("server-silent"))??;
    let mut body = Body::of(&head);
    let told = async |report| reports.send(report).await.map_err(|_| String::new());
    told(Report::Answered(link, head.answer)).await?;
    let mut chunk = head.body;
    loop {
        let content = body.receive(&chunk).map_err(|error| error.to_string())?;
        if !content.is_empty() {
            told(Report::Received(link, content)).await?;
        }
        if body.is_over() {
            return Ok(());
        }
        chunk = Vec::with_capacity(CHUNK_BYTES_MAX);
        let read = stream.read_buf(&mut chunk).await.map_err(|_| text!("connection-broke"))?;
        if read == 0 {
            return Ok(());
        }
    }
}

/// Sends a request whole.
pub(super) async fn send(stream: &mut Stream, request: &str) -> Result<(), String> {
    stream.write_all(request.as_bytes()).await.map_err(|_| text!("connection-broke"))?;
    // Within TLS a part of it may still wait to go out.
    stream.flush().await.map_err(|_| text!("connection-broke"))
}

/// Reads until the head is whole.
pub(super) async fn read_head(stream: &mut Stream) -> Result<Head, String> {
    let mut reader = HeadReader::new();
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES_MAX);
        let read = stream.read_buf(&mut chunk).await.map_err(|_| text!("connection-broke"))?;
        if read == 0 {
            return Err(text!("connection-cut"));
        }
        if let Some(head) = reader.receive(&chunk).map_err(|error| error.to_string())? {
            return Ok(head);
        }
    }
}
