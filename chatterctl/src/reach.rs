//! Finds the daemon and asks it.
//!
//! **In** `--socket` or the usual places. **Out** answers, within a time limit.
//! **Never** a socket among the temporary files that another user put there.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatter_proto::admin::{Client, HealthClient, channel, client, sockets};
use tonic::{Response, Status, Streaming};

use crate::failure::Failure;

/// A daemon to ask.
pub(crate) struct Daemon {
    client: Client,
    health: HealthClient,
    place: PathBuf,
    timeout: Duration,
}

impl Daemon {
    /// The daemon at `socket`, or the first one that answers at a usual place.
    pub(crate) async fn find(socket: Option<&Path>, timeout: Duration) -> Result<Self, Failure> {
        let named = socket.filter(|path| !path.as_os_str().is_empty());
        let uid = nix::unistd::geteuid().as_raw();
        let places = match named {
            Some(path) => vec![path.to_owned()],
            None => sockets::usual(uid, std::env::var_os("XDG_RUNTIME_DIR").as_deref()),
        };
        let mut tried: Vec<(PathBuf, io::Error)> = Vec::new();
        for place in places {
            let foreign = named.is_none() && place == sockets::temporary(uid) && !is_ours(&place, uid);
            let result = if foreign { Err(io::ErrorKind::NotFound.into()) } else { channel(&place).await };
            match result {
                Ok(channel) => {
                    let health = HealthClient::new(channel.clone());
                    return Ok(Self { client: client(channel), health, place, timeout });
                }
                Err(error) => tried.push((place, error)),
            }
        }
        Err(Failure::Unreachable(tried))
    }

    /// Its socket.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// What the daemon answers to one call.
    pub(crate) async fn ask<T>(
        &mut self,
        call: impl AsyncFnOnce(&mut Client) -> Result<Response<T>, Status>,
    ) -> Result<T, Failure> {
        within(self.timeout, call(&mut self.client)).await
    }

    /// The next part of a stream that ends by itself.
    pub(crate) async fn next<T>(&self, parts: &mut Streaming<T>) -> Result<Option<T>, Failure> {
        within(self.timeout, async { parts.message().await.map(Response::new) }).await
    }

    /// What the daemon's health service answers.
    pub(crate) async fn ask_health<T>(
        &mut self,
        call: impl AsyncFnOnce(&mut HealthClient) -> Result<Response<T>, Status>,
    ) -> Result<T, Failure> {
        within(self.timeout, call(&mut self.health)).await
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, call).await {
        Ok(result) => Ok(result?.into_inner()),
        Err(_) => Err(Failure::Silent(format!("nothing for {} seconds", limit.as_secs()))),
    }
}

fn is_ours(socket: &Path, uid: u32) -> bool {
    let folder = socket.parent().and_then(|folder| std::fs::symlink_metadata(folder).ok());
    folder.is_some_and(|folder| folder.is_dir() && folder.uid() == uid)
}
