//! Files of all rooms together: what the user asks about them, and what leaving would end.
//!
//! **In** `/files`, `/quit`. **Out** notices. **Never** an end of what is on its way that was not told before.

use super::{App, QUIT_PATIENCE};
use crate::event::{FileInfo, FileStage, Notice};

impl App {
    /// Shows what is on offer and on its way.
    pub(super) fn show_files(&mut self) {
        let files = self.open_files();
        self.show(Notice::Files { files });
    }

    /// Leaves, unless that would end files and the user has not heard of it yet.
    pub(super) fn quit(&mut self) {
        let files = self.open_files();
        let under_way = |sending: bool| {
            let is = |file: &&FileInfo| file.sending == sending && file.stage != FileStage::Offered;
            files.iter().filter(is).count()
        };
        let (sending, receiving) = (under_way(true), under_way(false));
        if sending + receiving > 0 && !std::mem::replace(&mut self.asked_to_stay, true) {
            return self.show(Notice::QuitAsks { sending, receiving });
        }
        self.end_soon(QUIT_PATIENCE);
    }

    fn open_files(&self) -> Vec<FileInfo> {
        let mut files: Vec<FileInfo> = self.rooms.values().flat_map(|room| room.files.open()).collect();
        files.sort_by(|one, other| (one.number, &one.nick).cmp(&(other.number, &other.nick)));
        files
    }
}
