//! The onion services of a tor, as its configuration has them.
//!
//! **In** the reply to `GETCONF HiddenServiceOptions`. **Out** each service's lines, in their order; the command that sets
//! them. **Never** a change to a service that is not ours.

use std::path::{Path, PathBuf};

use chatter_tor_control::words::{quoted, value};
use chatter_tor_control::{Place, Reply};

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Services(Vec<Service>);

/// One.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) key_dir: PathBuf,
    /// Keys and values of the lines after the folder's.
    lines: Vec<(String, String)>,
}

impl Service {
    /// Ours.
    pub(super) fn new(key_dir: &Path, port: u16, target: &Place, pow: bool) -> Self {
        let target = match target {
            // Tor takes a path with spaces in quotation marks alone.
            Place::Unix(path) => format!("unix:{}", quoted(&path.display().to_string())),
            Place::Tcp(address) => address.to_string(),
        };
        let mut lines = vec![
            ("HiddenServicePort".to_owned(), format!("{port} {target}")),
            (CIRCUITS.to_owned(), "haproxy".to_owned()),
        ];
        if pow {
            lines.push((POW.to_owned(), "1".to_owned()));
        }
        Self { key_dir: key_dir.to_owned(), lines }
    }

    /// As torrc has it.
    pub(super) fn torrc(&self) -> Vec<String> {
        let head = format!("{DIR} {}", self.key_dir.display());
        std::iter::once(head).chain(self.lines.iter().map(|(key, value)| format!("{key} {value}"))).collect()
    }

    /// Of its ports: the onion's and where tor connects to.
    pub(super) fn ports(&self) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("HiddenServicePort"))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn exports_circuits(&self) -> bool {
        self.has(CIRCUITS, "haproxy")
    }

    pub(super) fn wants_work(&self) -> bool {
        self.has(POW, "1")
    }

    fn has(&self, wanted: &str, value: &str) -> bool {
        self.lines.iter().any(|(key, found)| key.eq_ignore_ascii_case(wanted) && found == value)
    }
}

impl Services {
    pub(super) fn read(reply: &Reply) -> Self {
        let mut services = Vec::new();
        for line in &reply.lines {
            // The key alone: there is none.
            let Some((key, text)) = line.text.split_once('=') else { continue };
            let text = value(text);
            if key.eq_ignore_ascii_case(DIR) {
                services.push(Service { key_dir: PathBuf::from(text), lines: Vec::new() });
            } else if let Some(service) = services.last_mut() {
                service.lines.push((key.to_owned(), text));
            }
        }
        Self(services)
    }

    pub(super) fn find(&self, key_dir: &Path) -> Option<&Service> {
        self.0.iter().find(|service| service.key_dir == key_dir)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn key_dirs(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|service| service.key_dir.as_path())
    }

    /// The same with this one, in place of the one of the same folder.
    pub(super) fn with(&self, service: Service) -> Self {
        let mut with = self.without(&service.key_dir);
        with.0.push(service);
        with
    }

    /// The others.
    pub(super) fn without(&self, key_dir: &Path) -> Self {
        Self(self.0.iter().filter(|service| service.key_dir != key_dir).cloned().collect())
    }

    /// What sets them, and no others.
    pub(super) fn command(&self) -> String {
        if self.0.is_empty() {
            return format!("RESETCONF {DIR}");
        }
        let mut command = "SETCONF".to_owned();
        for service in &self.0 {
            command.push_str(&format!(" {DIR}={}", quoted(&service.key_dir.display().to_string())));
            for (key, value) in &service.lines {
                command.push_str(&format!(" {key}={}", quoted(value)));
            }
        }
        command
    }
}

const DIR: &str = "HiddenServiceDir";
const CIRCUITS: &str = "HiddenServiceExportCircuitID";
const POW: &str = "HiddenServicePoWDefensesEnabled";

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_tor_control::reply::ReplyReader;

    fn read(text: &str) -> Services {
        let (_, reply) = ReplyReader::default().receive(text.as_bytes()).expect("a reply");
        Services::read(&reply.expect("a whole one"))
    }

    const TWO: &str = "250-HiddenServiceDir=/var/lib/tor/other\r\n250-HiddenServicePort=22 127.0.0.1:22\r\n\
                       250-HiddenServiceVersion=3\r\n250-HiddenServiceDir=/var/lib/tor/chatterd\r\n\
                       250-HiddenServicePort=80 unix:/old.sock\r\n250 HiddenServicePoWDefensesEnabled=1\r\n";

    #[test]
    fn other_services_stay_as_they_are() {
        let services = read(TWO);
        assert_eq!(services.len(), 2);
        let ours = services.find(Path::new("/var/lib/tor/chatterd")).expect("it is there");
        assert!(ours.wants_work() && !ours.exports_circuits());
        assert_eq!(ours.ports().collect::<Vec<_>>(), ["80 unix:/old.sock"]);
        let target = Place::Unix("/run/a b.sock".into());
        let new = Service::new(Path::new("/var/lib/tor/chatterd"), 80, &target, false);
        let command = services.with(new.clone()).command();
        assert_eq!(
            command,
            "SETCONF HiddenServiceDir=\"/var/lib/tor/other\" HiddenServicePort=\"22 127.0.0.1:22\" \
             HiddenServiceVersion=\"3\" HiddenServiceDir=\"/var/lib/tor/chatterd\" \
             HiddenServicePort=\"80 unix:\\\"/run/a b.sock\\\"\" HiddenServiceExportCircuitID=\"haproxy\""
        );
        assert_eq!(
            new.torrc(),
            [
                "HiddenServiceDir /var/lib/tor/chatterd",
                "HiddenServicePort 80 unix:\"/run/a b.sock\"",
                "HiddenServiceExportCircuitID haproxy"
            ]
        );
        let left = services.without(Path::new("/var/lib/tor/chatterd"));
        assert!(left.command().starts_with("SETCONF HiddenServiceDir=\"/var/lib/tor/other\" "));
        assert!(!left.command().contains("chatterd"));
    }

    #[test]
    fn the_last_one_leaves_none() {
        let none = read("250 HiddenServiceOptions\r\n");
        assert_eq!((none.len(), none.command()), (0, "RESETCONF HiddenServiceDir".to_owned()));
    }
}
