//! What is sent: a file, or a directory as tar, made while it is read.
//!
//! **In** a path. **Out** its size, its hash, its bytes from any place on. **Never** more of its owner than names, contents and
//! whether something can be run: no user, no times; nor what symbolic links lead to.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::SystemTime;

use chatter_protocol::limits::FILE_LEN_MAX;
use tar::{Builder, HeaderMode};
use zeroize::Zeroizing;

use crate::texts::text;

/// Something that can be sent.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    path: PathBuf,
    /// What it is called; a directory ends with `.tar`.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// BLAKE3 of the whole.
    pub(crate) hash: [u8; 32],
    /// Whether it is a directory.
    pub(crate) directory: bool,
    /// What of it is not sent, and why; the first of them …
    left_out: Vec<String>,
    /// … and how many there are.
    left_out_count: usize,
    modified: Option<SystemTime>,
}

/// Something that is being read.
pub(super) struct Source {
    from: From,
    at: u64,
}

enum From {
    File(File, Found),
    Tar(Pipe),
}

impl Found {
    /// What is at this path.
    ///
    /// # Errors
    /// Where nothing is, or nothing that can be read to an end.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        let metadata = fs::metadata(&path)?;
        let directory = metadata.is_dir();
        if !directory && !metadata.is_file() {
            return Err(io::Error::other(text!("disk-other")));
        }
        let name = path.file_name().map_or_else(|| "files".into(), |name| name.to_string_lossy());
        let name = if directory { format!("{name}.tar") } else { name.into_owned() };
        let mut sum = Sum::default();
        let (mut left_out, mut left_out_count) = (Vec::new(), 0);
        if directory {
            pack(&path, &mut sum, &mut |name, why| {
                left_out_count += 1;
                if left_out.len() < LEFT_OUT_NAMED_MAX {
                    left_out.push(format!("{} ({why})", name.display()));
                }
            })?;
        } else {
            // Said at once, not after all of it was read.
            if metadata.len() > FILE_LEN_MAX {
                return Err(too_long());
            }
            io::copy(&mut File::open(&path)?.take(FILE_LEN_MAX + 1), &mut sum)?;
        }
        let modified = metadata.modified().ok().filter(|_| !directory);
        let hash = *sum.hasher.finalize().as_bytes();
        Ok(Self { path, name, size: sum.size, hash, directory, left_out, left_out_count, modified })
    }

    /// What of it is not sent, where there is something.
    pub(crate) fn left_out_words(&self) -> Option<String> {
        let named = self.left_out.join(", ");
        (self.left_out_count > 0).then(|| match self.left_out_count.saturating_sub(self.left_out.len()) {
            0 => named,
            more => text!("left-out-more", named = named, count = more),
        })
    }

    /// Whether the file is as it was.
    fn is_unchanged(&self, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        Ok(metadata.len() == self.size && metadata.modified().ok() == self.modified)
    }
}

impl Source {
    /// Opens what was found, at this place.
    ///
    /// # Errors
    /// Where the system refuses, or it has changed.
    pub(super) fn open(found: &Found, offset: u64) -> io::Result<Self> {
        let from = if found.directory {
            let mut pipe = Pipe::new(found.path.clone());
            let skipped = io::copy(&mut (&mut pipe).take(offset), &mut io::sink())?;
            if skipped < offset {
                return Err(changed());
            }
            From::Tar(pipe)
        } else {
            let mut file = File::open(&found.path)?;
            if !found.is_unchanged(&file)? {
                return Err(changed());
            }
            file.seek(SeekFrom::Start(offset))?;
            From::File(file, found.clone())
        };
        Ok(Self { from, at: offset })
    }

    /// Where the next bytes are from.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// Where the system refuses, or there are fewer by now.
    pub(super) fn read(&mut self, len: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut data = Zeroizing::new(vec![0; len]);
        let read = match &mut self.from {
            // What was written meanwhile would be found out at the end alone, by the taker.
            From::File(file, found) => match file.read_exact(&mut data) {
                Ok(()) if !found.is_unchanged(file)? => Err(changed()),
                read => read,
            },
            From::Tar(pipe) => pipe.read_exact(&mut data),
        };
        read.map_err(|error| if error.kind() == io::ErrorKind::UnexpectedEof { changed() } else { error })?;
        self.at = self.at.saturating_add(len as u64);
        Ok(data)
    }
}

/// Counts and hashes what is written to it.
#[derive(Default)]
struct Sum {
    size: u64,
    hasher: blake3::Hasher,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > FILE_LEN_MAX {
            return Err(too_long());
        }
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A tar that is made by another thread as it is read.
struct Pipe {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
}

impl Pipe {
    fn new(path: PathBuf) -> Self {
        let (sender, blocks) = sync_channel(BLOCKS_MAX);
        thread::spawn(move || {
            if let Err(error) = pack(&path, &mut Blocks(sender.clone()), &mut |_, _| {}) {
                // Nobody reads any more.
                let _ = sender.send(Err(error));
            }
        });
        Self { blocks, block: io::Cursor::default() }
    }
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.block.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match self.blocks.recv() {
                Ok(block) => self.block = io::Cursor::new(block?),
                Err(_) => return Ok(0),
            }
        }
    }
}

struct Blocks(SyncSender<io::Result<Vec<u8>>>);

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(Ok(bytes.to_vec())).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a directory as tar, the same bytes each time as long as nothing changes. What is neither a file nor a directory, or
/// can't be read, is left out, and named with the reason.
fn pack(path: &Path, out: &mut impl Write, leave_out: &mut dyn FnMut(&Path, &str)) -> io::Result<()> {
    let mut builder = Builder::new(out);
    builder.mode(HeaderMode::Deterministic);
    builder.follow_symlinks(false);
    let top = PathBuf::from(path.file_name().unwrap_or("files".as_ref()));
    // Nothing of it is sent where it can't be read at all.
    fs::read_dir(path)?;
    let mut waiting = vec![(path.to_owned(), top)];
    while let Some((path, name)) = waiting.pop() {
        match look_into(&path) {
            Ok(Inside::Directory(mut entries)) => {
                builder.append_dir(&name, &path)?;
                entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
                waiting.extend(entries.iter().map(|entry| (entry.path(), name.join(entry.file_name()))));
            }
            Ok(Inside::File(file)) => {
                let mut header = tar::Header::new_gnu();
                let metadata = file.metadata()?;
                header.set_metadata_in_mode(&metadata, HeaderMode::Deterministic);
                builder.append_data(&mut header, &name, BufReader::new(file).take(metadata.len()))?;
            }
            Ok(Inside::Other(what)) => leave_out(&name, &what),
            Err(error) => leave_out(&name, &error.to_string()),
        }
    }
    builder.finish()
}

/// What stands in a directory.
enum Inside {
    Directory(Vec<fs::DirEntry>),
    File(File),
    /// Nothing that is sent; what it is.
    Other(String),
}

fn look_into(path: &Path) -> io::Result<Inside> {
    let kind = fs::symlink_metadata(path)?.file_type();
    Ok(if kind.is_dir() {
        Inside::Directory(fs::read_dir(path)?.collect::<io::Result<_>>()?)
    } else if kind.is_file() {
        Inside::File(File::open(path)?)
    } else if kind.is_symlink() {
        Inside::Other(text!("left-out-link"))
    } else {
        Inside::Other(text!("left-out-other"))
    })
}

fn too_long() -> io::Error {
    io::Error::other(text!("disk-too-long"))
}

fn changed() -> io::Error {
    io::Error::other(text!("disk-changed"))
}

/// What is left out is named up to here: a directory may be full of it.
const LEFT_OUT_NAMED_MAX: usize = 10;
/// Blocks that are made ahead.
const BLOCKS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_from_any_place_while_it_is_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.bin");
        let bytes: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&path, &bytes).expect("written");
        let found = Found::at(&path).expect("found");
        assert_eq!((found.name.as_str(), found.size), ("x.bin", 200_000));
        assert_eq!(&found.hash, blake3::hash(&bytes).as_bytes());
        let mut source = Source::open(&found, 1000).expect("opened");
        assert_eq!(source.read(500).expect("read")[..], bytes[1000..1500]);
        assert_eq!(source.at(), 1500);
        fs::write(&path, &bytes[1..]).expect("written");
        assert!(source.read(500).is_err(), "it has changed");
        assert!(Source::open(&found, 0).is_err(), "it has changed");
        assert!(Found::at(&folder.path().join("none")).is_err());
        #[cfg(target_os = "linux")]
        {
            File::create(&path).and_then(|file| file.set_len(FILE_LEN_MAX + 1)).expect("a file of holes");
            assert!(Found::at(&path).expect_err("too long").to_string().contains("64 GiB"));
        }
    }

    #[test]
    fn a_directory_is_the_same_tar_each_time_and_from_any_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().join("things");
        fs::create_dir_all(top.join("inner/deep")).expect("made");
        fs::write(top.join("b"), vec![7; 100_000]).expect("written");
        fs::write(top.join("inner").join("n".repeat(120)), "long").expect("written");
        fs::write(top.join("inner/deep/a"), "").expect("written");
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", top.join("link")).expect("made");
        #[cfg(unix)]
        let _socket = std::os::unix::net::UnixListener::bind(top.join("socket")).expect("made");
        let found = Found::at(&top).expect("found");
        #[cfg(unix)]
        assert_eq!(
            found.left_out_words().as_deref(),
            Some("things/link (a symbolic link), things/socket (neither a file nor a directory)")
        );
        assert_eq!((found.name.as_str(), found.directory), ("things.tar", true));
        let len = usize::try_from(found.size).expect("small");
        let whole = Source::open(&found, 0).expect("opened").read(len).expect("read");
        assert_eq!(&found.hash, blake3::hash(&whole).as_bytes());
        let rest = Source::open(&found, 60_000).expect("opened").read(len - 60_000).expect("read");
        assert_eq!(rest[..], whole[60_000..]);
        let mut archive = tar::Archive::new(&whole[..]);
        let entries = archive.entries().expect("a tar").map(|entry| {
            let entry = entry.expect("an entry");
            (entry.path().expect("a path").to_string_lossy().into_owned(), entry.size())
        });
        let entries: Vec<_> = entries.filter(|(path, _)| !path.ends_with('/')).collect();
        let long = format!("things/inner/{}", "n".repeat(120));
        let expected = [("things/b", 100_000), ("things/inner/deep/a", 0), (&long, 4)];
        for (path, size) in expected {
            assert!(entries.contains(&(path.to_owned(), size)), "{path} in {entries:?}");
        }
        assert!(!entries.iter().any(|(path, _)| path.contains("link")), "{entries:?}");
    }
}
