//! The handles by which a broken session may be resumed.
//!
//! **In** links that came to stand, links that the server is known to have confirmed, handles that it does not know.
//! **Out** the handle to try next. **Never** a handle given up that could be the only one the server still knows.
//!
//! The server knows those of its confirmed link and of the newest one after it. Which of ours that was the client can't
//! always tell: a link may have been confirmed without its hearing of it, and a newer one can come to nothing and be
//! forgotten for a still newer one whose message 2 was lost. docs/protocol.md §5.6.

use alloc::vec::Vec;

use crate::handshake::Handle;

/// Handles, oldest first.
#[derive(Default)]
pub(super) struct WayBack {
    handles: Vec<Handle>,
    /// Whether the oldest belongs to a link that the server has confirmed.
    proven: bool,
}

impl WayBack {
    /// Message 2 of a link was read.
    pub(super) fn stands(&mut self, handle: Handle) {
        self.handles.push(handle);
        if self.handles.len() > HANDLES_MAX {
            self.handles.remove(usize::from(self.proven));
        }
    }

    /// The server has confirmed this link: it has forgotten all before.
    pub(super) fn confirmed(&mut self, handle: &Handle) {
        if let Some(index) = self.handles.iter().position(|known| known == handle) {
            self.handles.drain(..index);
            self.proven = true;
        }
    }

    /// The handle to resume by; none where the session is to begin, or can't go on.
    pub(super) fn newest(&self) -> Option<Handle> {
        self.handles.last().copied()
    }

    /// The server does not know [`newest`](Self::newest). False where it has forgotten what it confirmed: there is no
    /// way back.
    pub(super) fn newest_is_unknown(&mut self) -> bool {
        self.handles.pop();
        !(self.proven && self.handles.is_empty())
    }
}

/// More links than that do not come to nothing within a grace time, one after the other.
const HANDLES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_what_was_confirmed_and_no_further() {
        let mut way = WayBack::default();
        assert_eq!(way.newest(), None);
        for number in 0..4 {
            way.stands([number; 16]);
        }
        way.confirmed(&[1; 16]);
        let mut tried = Vec::new();
        while let Some(handle) = way.newest() {
            tried.push(handle[0]);
            assert_eq!(way.newest_is_unknown(), handle[0] != 1);
        }
        assert_eq!(tried, [3, 2, 1]);
    }

    #[test]
    fn where_nothing_was_confirmed_it_begins_anew() {
        let mut way = WayBack::default();
        way.stands([1; 16]);
        assert!(way.newest_is_unknown());
        assert_eq!(way.newest(), None);
    }

    #[test]
    fn it_is_bounded_and_keeps_what_was_confirmed() {
        let mut way = WayBack::default();
        way.stands([100; 16]);
        way.confirmed(&[100; 16]);
        (0..50).for_each(|number| way.stands([number; 16]));
        assert_eq!(way.handles.len(), HANDLES_MAX);
        assert_eq!((way.handles[0], way.newest()), ([100; 16], Some([49; 16])));
    }
}
