//! What systemd hears of us.
//!
//! **In** what happens. **Out** a notification where systemd asked for one (`Type=notify`), nothing elsewhere.
//! **Never** an address or a name in a status.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::warn;

/// Sockets are open and members can come in.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(&line(status))]);
}

/// The settings are being read anew; [`ready`] follows, whatever comes of it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "systemd could not be told"),
    }
}

/// Members and strangers are served at this moment; one line for `systemctl status`.
pub fn alive(status: &str) {
    notify(&[NotifyState::Watchdog, NotifyState::Status(&line(status))]);
}

/// How often systemd is to hear that all is well; none: it did not ask to be told.
pub fn period() -> Option<Duration> {
    std::env::var_os("NOTIFY_SOCKET")?;
    // Two may get lost in a machine that is busy.
    Some(sd_notify::watchdog_enabled().map_or(STATUS_PERIOD, |limit| limit / 3))
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

/// How old the counts in `systemctl status` may be where there is no watchdog.
const STATUS_PERIOD: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of a setting of a unit file.
    fn unit(file: &str, name: &str) -> Vec<String> {
        let path = format!("{}/../systemd/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let settings = text.lines().filter_map(|line| line.split_once('='));
        settings.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).collect()
    }

    #[test]
    fn the_unit_files_fit_the_daemon() {
        for file in ["chatterd.service", "chatterd-activated.service"] {
            assert_eq!(unit(file, "Type"), ["notify"]);
            assert_eq!(unit(file, "StateDirectory"), ["chatterd"]);
            assert_eq!(unit(file, "WatchdogSec").len(), 1);
            assert_eq!(unit(file, "ExecReload"), ["+/usr/bin/chatterctl reload"]);
            assert_eq!(unit(file, "LoadCredential"), crate::access::CREDENTIALS);
            let start = unit(file, "ExecStart").concat();
            let mut words = start.split_whitespace();
            assert_eq!(words.next(), Some("/usr/bin/chatterd"));
            for line in [start.as_str(), &unit(file, "ExecStartPre").concat()] {
                <crate::config::Arguments as clap::Parser>::try_parse_from(line.split_whitespace()).unwrap();
            }
            let code = |exit: crate::exit::Exit| (exit as u8).to_string();
            let hopeless = [code(crate::exit::Exit::Usage), code(crate::exit::Exit::Config)].join(" ");
            assert_eq!(unit(file, "RestartPreventExitStatus"), [hopeless]);
        }
        let folder = unit("chatterd.service", "RuntimeDirectory").concat();
        let socket = format!("/run/{folder}/{}", chatter_proto::admin::sockets::NAME);
        assert_eq!(socket, chatter_proto::admin::sockets::SYSTEM, "chatterctl looks there");
    }

    #[test]
    fn the_socket_units_fit_the_daemon() {
        for (file, name) in
            [("chatterd.socket", crate::handed::PUBLIC), ("chatterd-admin.socket", crate::handed::ADMIN)]
        {
            assert_eq!(unit(file, "FileDescriptorName"), [name]);
            assert_eq!(unit(file, "Service"), ["chatterd-activated.service"]);
            assert!(unit("chatterd-activated.service", "Sockets").concat().contains(file));
        }
        let admin = chatter_proto::admin::sockets::SYSTEM;
        assert_eq!(unit("chatterd-admin.socket", "ListenStream"), [admin]);
        let port = unit("chatterd.socket", "ListenStream").concat();
        let default = crate::config::listen_default().place.to_string();
        assert_eq!(port, default);
    }

    #[test]
    fn a_status_stays_one_line() {
        assert_eq!(line("3 members\nREADY=0\r"), "3 members READY=0 ");
    }
}
