//! What systemd hears of us.
//!
//! **In** what happens. **Out** a notification where systemd asked for one (`Type=notify`), nothing elsewhere.
//! **Never** an address or a name in a status.

use sd_notify::NotifyState;
use tracing::warn;

/// Sockets are open and members can come in.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(&line(status))]);
}

/// One line for `systemctl status`.
pub fn status(status: &str) {
    notify(&[NotifyState::Status(&line(status))]);
}

/// The end has begun.
pub fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("shutting down")]);
}

/// A line break would begin another notification.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "systemd could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_stays_one_line() {
        assert_eq!(line("3 members\nREADY=0\r"), "3 members READY=0 ");
    }
}
