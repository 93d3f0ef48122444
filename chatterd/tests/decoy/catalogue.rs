//! The probes by name, in the order of a request: line, headers, body, pace, protocols that are not HTTP.
//!
//! **In**: nothing. **Out**: some hundreds of probes, no two of one name.
//! **Never**: anything drawn at random.

mod heads;
mod paths;
mod strangers;

use crate::probe::{Probe, Step};

/// Every probe.
pub(crate) fn all() -> Vec<Probe> {
    let mut all = heads::lines();
    all.extend(heads::headers());
    all.extend(heads::dates());
    all.extend(heads::bodies());
    all.extend(paths::targets());
    all.extend(paths::files());
    all.extend(strangers::pacing());
    all.extend(strangers::protocols());
    all
}

fn send(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Probe {
    Probe::new(name, [Step::Send(bytes.into())])
}

fn get(name: &str, target: &[u8]) -> Probe {
    send(
        format!("{name}/{}", target.escape_ascii()),
        [b"GET ", target, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat(),
    )
}
