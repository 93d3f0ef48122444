//! Waits until the network knows of a service.
//!
//! **In** tor's `HS_DESC` events. **Out** whether its descriptors were uploaded. Pure but for the waiting. **Never** a wait
//! without an end.

use std::collections::BTreeSet;
use std::time::Duration;

use chatter_tor_control::{Connection, ControlError};

/// What became of the uploads of one service's two descriptors, of this and of the next time period.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uploads {
    descriptors: BTreeSet<String>,
    begun: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
}

impl Uploads {
    /// Takes one event.
    pub(super) fn hear(&mut self, event: &str, address: &str) {
        let words: Vec<&str> = event.split(' ').collect();
        let ["HS_DESC", action, of, ..] = words.as_slice() else { return };
        if *of != address {
            return;
        }
        match *action {
            "UPLOAD" => {
                self.begun += 1;
                self.descriptors.extend(words.get(5).map(|id| (*id).to_owned()));
            }
            "UPLOADED" => self.done += 1,
            "FAILED" => self.failed += 1,
            _ => {}
        }
    }

    /// Whether both are known, as far as they can be.
    pub(super) fn are_over(&self) -> bool {
        self.descriptors.len() >= 2 && self.done > 0 && self.done + self.failed >= self.begun
    }
}

/// Waits for uploads of the service at this address, without `.onion`; where tor begins none, or does not end all of them,
/// for a while alone.
///
/// # Errors
/// Where the connection ends.
pub(super) async fn wait(
    connection: &mut Connection,
    address: &str,
    limit: Duration,
) -> Result<Uploads, ControlError> {
    let mut uploads = Uploads::default();
    let end = tokio::time::Instant::now() + limit;
    while !uploads.are_over() {
        let pause = if uploads.done > 0 { REST.min(limit) } else { limit };
        let until = end.min(tokio::time::Instant::now() + pause);
        match tokio::time::timeout_at(until, connection.event()).await {
            Ok(event) => uploads.hear(event?.text(), address),
            Err(_) => break,
        }
    }
    Ok(uploads)
}

/// How long the others may take once one directory has it.
const REST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_descriptors_are_waited_for() {
        let mut uploads = Uploads::default();
        for (event, over) in [
            ("HS_DESC CREATED abc UNKNOWN UNKNOWN id1", false),
            ("HS_DESC UPLOAD abc UNKNOWN $A~a id1 HSDIR_INDEX=00", false),
            ("HS_DESC UPLOADED abc UNKNOWN $A~a", false),
            ("HS_DESC UPLOADED other UNKNOWN $A~a", false),
            ("HS_DESC UPLOAD abc UNKNOWN $B~b id2 HSDIR_INDEX=00", false),
            ("HS_DESC UPLOAD abc UNKNOWN $C~c id2 HSDIR_INDEX=00", false),
            ("HS_DESC UPLOADED abc UNKNOWN $B~b", false),
            ("CIRC 4 BUILT", false),
            ("HS_DESC FAILED abc UNKNOWN $C~c REASON=UPLOAD_REJECTED", true),
        ] {
            uploads.hear(event, "abc");
            assert_eq!(uploads.are_over(), over, "{event}");
        }
        assert_eq!((uploads.done, uploads.failed), (2, 1));
    }
}
