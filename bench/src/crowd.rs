//! Members who run beside a script that watches them.
//!
//! **In** rooms to fill, a script. **Out** what the script comes to. **Never** a script that goes on when a member has
//! failed, or for ever.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chatter_protocol::entropy::Entropy;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use crate::member::{Door, Member};
use crate::talk::Talk;

/// All members of a run.
#[derive(Default)]
pub(crate) struct Crowd {
    members: JoinSet<anyhow::Result<()>>,
}

impl Crowd {
    /// Sends the members of `talk` in and waits until everybody has seen everybody.
    pub(crate) async fn fill(
        &mut self,
        talk: &Rc<Talk>,
        door: &Rc<Door>,
        entropy: &mut Entropy,
    ) -> anyhow::Result<()> {
        for number in 0..talk.members() {
            self.members.spawn_local(Member::new(number, talk, door, entropy.fork()).run());
        }
        self.until(|| talk.is_complete()).await.context("while members enter")
    }

    /// Lets time pass.
    pub(crate) async fn wait(&mut self, time: Duration) -> anyhow::Result<()> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            ended = self.members.join_next() => failed(ended),
        }
    }

    /// Waits until `reached`.
    pub(crate) async fn until(&mut self, reached: impl Fn() -> bool) -> anyhow::Result<()> {
        while !reached() {
            self.wait(Duration::from_millis(1)).await?;
        }
        Ok(())
    }
}

/// Runs `script` in this thread, `limit` at most.
pub(crate) fn play<T>(script: impl Future<Output = anyhow::Result<T>>, limit: Duration) -> anyhow::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let limited = async { timeout(limit, script).await.context("a run did not end in time")? };
    LocalSet::new().block_on(&runtime, limited)
}

/// Randomness for everything that members draw.
pub(crate) fn fresh_entropy() -> anyhow::Result<Entropy> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no random numbers")?;
    Ok(Entropy::new(seed))
}

fn failed(ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>) -> anyhow::Result<()> {
    match ended {
        Some(ended) => ended.context("a member's task")?,
        None => bail!("there are no members"),
    }
}
