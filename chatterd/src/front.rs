//! The thread in which every connection is answered until it is known for a member's.
//!
//! **In** listeners. **Out** answers; members' downloads, handed to the daemon's own runtime. **Never** the relay's
//! time: however many strangers come, they share this thread, and the relay has another.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use chatter_protocol::stack;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connection::Doorkeeper;
use crate::decoy::Decoy;
use crate::listener::Listener;

/// Starts the thread; it ends soon after `stopped` says true. One thread is quicker than several: connections are so
/// short that waking another one for each would cost more than what it then does.
///
/// # Errors
/// Where the system gives no thread, or nothing to wait with.
pub fn open(
    listeners: Vec<Listener>,
    decoy: Arc<Decoy>,
    door: Arc<impl Doorkeeper>,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let members = Handle::current();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(DISK_THREADS_MAX)
        .global_queue_interval(DISKS_TURN)
        .on_thread_park(stack::wipe)
        .build()?;
    std::thread::Builder::new().name("front".to_owned()).spawn(move || {
        runtime.block_on(async {
            let mut listening = JoinSet::new();
            for listener in listeners {
                let (decoy, door) = (Arc::clone(&decoy), Arc::clone(&door));
                listening.spawn(listener.run(decoy, door, members.clone(), stopped.clone()));
            }
            while let Some(ended) = listening.join_next().await {
                if let Ok(Err(error)) = ended {
                    tracing::error!(%error, "a listening socket failed");
                }
            }
        });
        // What a disk or a FIFO still keeps waiting is left behind.
        runtime.shutdown_background();
    })
}

/// Threads that may wait for a disk, each with what it reads in memory.
const DISK_THREADS_MAX: usize = 32;
/// Whom a disk's thread has served comes after so many of the others at the latest; tokio's own 31 let a flood of newcomers
/// leave thousands of them waiting, each with what was read for him.
const DISKS_TURN: u32 = 2;
