//! A process held at its very end.
//!
//! **In** a process of ours, what makes it end. **Out** the process, stopped where it has done everything it does and its
//! memory can still be read. **Never** one that others wait for while it is held.

use nix::sys::ptrace::{self, Event, Options};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::process::Process;

/// A process that goes as soon as it is let go.
#[derive(Debug)]
pub struct AtItsEnd(Pid);

impl AtItsEnd {
    /// Has `process` end by what `ask` does, and holds it there. Needs the right to trace it.
    ///
    /// # Panics
    /// Where the system refuses, or it ends in another way.
    pub fn of(process: &Process, ask: impl FnOnce(&Process)) -> Self {
        let id = Pid::from_raw(i32::try_from(process.id()).expect("process ids are small"));
        ptrace::seize(id, Options::PTRACE_O_TRACEEXIT).expect("root may trace it");
        ask(process);
        loop {
            match waitpid(id, None).expect("it is a child of ours") {
                WaitStatus::PtraceEvent(_, _, event) if event == Event::PTRACE_EVENT_EXIT as i32 => {
                    return Self(id);
                }
                WaitStatus::Stopped(_, signal) => ptrace::cont(id, signal).expect("it is stopped"),
                WaitStatus::PtraceEvent(..) | WaitStatus::PtraceSyscall(_) | WaitStatus::Continued(_) => {
                    ptrace::cont(id, None).expect("it is stopped");
                }
                ended @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => panic!("not held: {ended:?}"),
                WaitStatus::StillAlive => {}
            }
        }
    }

    /// Lets it end.
    ///
    /// # Panics
    /// Where it is gone already.
    pub fn let_go(self) {
        ptrace::detach(self.0, None).expect("it is stopped");
    }
}
