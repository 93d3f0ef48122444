//! Which bans began and ended, for who watches.
//!
//! **In** what the ledger does. **Out** news, in their order. **Never** more than a watcher can take in, nor anything where
//! nobody asks; in boxes, which are wiped when they are given back.

use super::{Address, Ban};

/// What became of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It is new.
    Banned(Ban),
    /// It is over.
    Lifted(Address),
}

/// The news since the last look.
#[derive(Debug, Default)]
pub(super) struct Gazette {
    wanted: bool,
    // A box each: a list leaves behind what it moves.
    #[expect(clippy::vec_box, reason = "each is wiped when it is given back")]
    news: Vec<Box<News>>,
}

impl Gazette {
    pub(super) fn print(&mut self, news: impl FnOnce() -> News) {
        if self.wanted && self.news.len() < NEWS_MAX {
            self.news.push(Box::new(news()));
        }
    }

    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    #[expect(clippy::vec_box, reason = "each is wiped when it is given back")]
    pub(super) fn take(&mut self, wanted: bool) -> Vec<Box<News>> {
        self.wanted = wanted;
        std::mem::take(&mut self.news)
    }
}

/// Between two looks; beyond, the figures alone tell.
const NEWS_MAX: usize = 1024;
