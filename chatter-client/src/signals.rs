//! The system's wish that we end: Ctrl-C everywhere, SIGTERM and SIGHUP or their like on Windows.
//!
//! **In** signals. **Out** that one came. **Never** an exit: what follows is `main`'s.

use std::io;

/// Signals, taken from the moment this exists.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    kinds: [tokio::signal::unix::Signal; 3],
    #[cfg(windows)]
    kinds: windows::Kinds,
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
        Ok(Self { kinds: windows::Kinds::take()? })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        self.kinds.next().await;
    }
}

#[cfg(windows)]
mod windows {
    use std::io;

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
        ctrl_shutdown,
    };

    /// After the last three Windows ends the program itself, some five seconds later; leaving takes less.
    #[derive(Debug)]
    pub(super) struct Kinds {
        ctrl_c: CtrlC,
        ctrl_break: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl Kinds {
        pub(super) fn take() -> io::Result<Self> {
            Ok(Self {
                ctrl_c: ctrl_c()?,
                ctrl_break: ctrl_break()?,
                close: ctrl_close()?,
                logoff: ctrl_logoff()?,
                shutdown: ctrl_shutdown()?,
            })
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                _ = self.ctrl_c.recv() => {}
                _ = self.ctrl_break.recv() => {}
                _ = self.close.recv() => {}
                _ = self.logoff.recv() => {}
                _ = self.shutdown.recv() => {}
            }
        }
    }
}
