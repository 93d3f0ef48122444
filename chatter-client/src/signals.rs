//! The system's wish that we end: Ctrl-C everywhere, SIGTERM and SIGHUP where there are such.
//!
//! **In** signals. **Out** that one came. **Never** an exit: what follows is `main`'s.

use std::io;

/// Signals, taken from the moment this exists.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    kinds: [tokio::signal::unix::Signal; 3],
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

#[cfg(unix)]
impl Signals {
    /// Takes them over from the system's defaults.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn take() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self { kinds: [interrupt?, terminate?, hangup?] })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.kinds;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(windows)]
impl Signals {
    /// Takes them over from the system's defaults.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn take() -> io::Result<Self> {
        Ok(Self { ctrl_c: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        let _ = self.ctrl_c.recv().await;
    }
}
