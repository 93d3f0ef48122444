//! A directory full of what makes servers differ.
//!
//! **In**: nothing. **Out**: a temporary directory, gone with its owner.
//! **Never**: anything outside of it, but for one link to /dev/null.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The directory; dropping it removes it.
pub(crate) struct Directory(tempfile::TempDir);

impl Directory {
    pub(crate) fn create() -> Directory {
        let directory = Directory(tempfile::tempdir().expect("a temporary directory"));
        directory.fill();
        directory
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, name: &[u8]) -> PathBuf {
        self.path().join(OsStr::from_bytes(name))
    }

    fn write(&self, name: &[u8], bytes: &[u8]) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("a directory");
        fs::write(&path, bytes).expect("a file");
        self.date(name, UNUSUAL, 0);
    }

    fn date(&self, name: &[u8], seconds: u64, nanoseconds: u32) {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        let file = File::options().append(true).open(self.at(name)).expect("the file is there");
        file.set_modified(time).expect("its time can be set");
    }

    fn fill(&self) {
        for name in NAMES {
            self.write(name.as_bytes(), format!("This is {name:?}.\n").as_bytes());
        }
        for name in [
            &b"raw-\xff.txt"[..],
            b"latin1-\xe9.txt",
            b"half-\xc3",
            b"raw-dir-\xff/inside.txt",
            b"locked.txt",
        ] {
            self.write(name, b"raw\n");
        }
        for extension in EXTENSIONS.split_whitespace() {
            self.write(format!("types/file.{extension}").as_bytes(), b"x\n");
        }
        for size in SIZES {
            let bytes: Vec<u8> = (0..size).map(|at| ((at * 31) >> 3).to_le_bytes()[0]).collect();
            self.write(format!("sizes/{size}.bin").as_bytes(), &bytes);
        }
        for (name, seconds, nanoseconds) in
            [("epoch", 0, 0), ("rounds-up", UNUSUAL, 999_999_900), ("rounds-down", UNUSUAL, 999_999_000)]
        {
            let name = format!("times/{name}.txt");
            self.write(name.as_bytes(), b"time\n");
            self.date(name.as_bytes(), seconds, nanoseconds);
        }
        fs::create_dir(self.at(b"empty")).expect("a directory");
        for (link, target) in LINKS {
            symlink(target, self.at(link.as_bytes())).expect("a link");
        }
        drop(UnixListener::bind(self.at(b"socket")).expect("a socket"));
        nix::unistd::mkfifo(&self.at(b"fifo"), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        for name in [&b"locked.txt"[..], b"locked", b"index-locked/index.html"] {
            fs::set_permissions(self.at(name), Permissions::from_mode(0o000)).expect("permissions");
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What can't be opened can't be removed either.
        let _ = fs::set_permissions(self.at(b"locked"), Permissions::from_mode(0o700));
    }
}

const UNUSUAL: u64 = 1_600_000_000;
const SIZES: [usize; 9] = [0, 1, 8191, 8192, 8193, 65_535, 65_536, 65_537, 5 << 20];
const LINKS: [(&str, &str); 8] = [
    ("link-to-file", "plain.txt"),
    ("link-to-file.html", "plain.txt"),
    ("link-to-dir", "sub"),
    ("link-broken", "nowhere"),
    ("link-loop", "link-loop"),
    ("link-to-null", "/dev/null"),
    ("link-<&>", "plain.txt"),
    ("sub/up", ".."),
];
const NAMES: [&str; 66] = [
    "plain.txt",
    "README",
    "readme",
    "ReadMe",
    "Zebra.txt",
    "apple.txt",
    "_under.txt",
    "~tilde.txt",
    "1.txt",
    "10.txt",
    "2.txt",
    "a.txt",
    "A.TXT",
    "space name.txt",
    " leading",
    "trailing ",
    "it's.txt",
    "double\"quote.txt",
    "a&b.txt",
    "less<more>.txt",
    "amp&amp;.txt",
    "percent%.txt",
    "percent%20twenty.txt",
    "%00.txt",
    "hash#tag.txt",
    "question?.txt",
    "semi;colon.txt",
    "plus+.txt",
    "http:",
    "back\\slash.txt",
    "*",
    "bracket[].txt",
    "tab\t.txt",
    "new\nline.txt",
    "bell\u{7}.txt",
    "del\u{7f}.txt",
    "caf\u{e9}.txt",
    "cafe\u{301}.txt",
    "\u{c4}pfel.txt",
    "\u{e4}pfel.txt",
    "stra\u{df}e.txt",
    "\u{1e9e}.txt",
    "\u{130}stanbul.txt",
    "istanbul.txt",
    "\u{3a3}\u{391}\u{3a3}.txt",
    "\u{3c3}\u{3b1}\u{3c2}.txt",
    "\u{212a}elvin.txt",
    "nel\u{85}.txt",
    "\u{1f600}.txt",
    "\u{202e}rtl.txt",
    ".hidden",
    "..twodots",
    "...",
    ".html",
    "dot.",
    "types/file.m\u{212a}v",
    "sub/inside.txt",
    "sub/deeper/inside.txt",
    "dir with space/inside.txt",
    "dir%/inside.txt",
    "dir?q/inside.txt",
    "indexed/index.html",
    "indexed-htm/index.htm",
    "index-is-dir/index.html/inside.txt",
    "index-locked/index.html",
    "locked/inside.txt",
];
const EXTENSIONS: &str = "txt TXT html htm css js mjs json map xml md rst csv tsv pdf doc docx xls xlsx ppt odt py pyc sh c h \
    cpp java rs go pl php sql png jpg jpeg gif bmp ico svg svgz webp avif heic tif mp3 wav ogg opus flac mp4 m4v mkv webm \
    mov avi ttf woff woff2 wasm zip 7z rar tar gz GZ Z z bz2 xz zst br tgz TGZ taz tz tbz2 txz tar.gz tar.bz2 tar.xz tar.Z \
    tar.br html.gz js.br svg.gz txt.gz json.xz exe dll so a o bin dat db iso img deb rpm yaml toml ini conf log bak pem key \
    crt pub asc gpg enc age torrent epub m3u8 ts vtt srt unknown 1 x~ n3 rdf eml mht latex man tr swf nc shar cpio ustar";
