//! A file that appears whole or not at all.
//!
//! It is written beside its place under another name, flushed to the disk, and renamed. An earlier file of
//! the name stays whole until then, and whatever was begun and not kept is gone. A file that cannot be renamed over,
//! because it is a mount point, is written in place when everything else is done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;

/// A file on its way.
#[derive(Debug)]
pub struct WholeFile {
    file: BufWriter<NamedTempFile>,
    /// Where it will be.
    path: PathBuf,
    /// The same as it was asked for.
    name: PathBuf,
}

impl WholeFile {
    /// Begins a file that will be at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Save`]: there is no such directory, it takes no files, or something that is not a file
    /// has that name.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::begin(path).map_err(|source| Error::Save { path: path.to_owned(), source })
    }

    fn begin(name: &Path) -> io::Result<Self> {
        // Through symbolic links to the file they name, be it there or not; renaming would replace the link.
        let path = link_target(name)?;
        if path.exists() {
            // Renaming over a device or a pipe would take it away from everybody else.
            check_regular(&path)?;
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".gmm-");
        #[cfg(unix)]
        let permissions = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
        // What the user's umask leaves of it, as for any file a program writes.
        #[cfg(unix)]
        builder.permissions(permissions);
        let file = BufWriter::with_capacity(1 << 16, builder.tempfile_in(parent(&path)).map_err(plain)?);
        Ok(WholeFile { file, path, name: name.to_owned() })
    }

    /// Puts what was written in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Save`]; an earlier file is then what it was, unless it is a mount point.
    pub fn keep(self) -> Result<(), Error> {
        let name = self.name.clone();
        self.finish().map_err(|source| Error::Save { path: name, source })
    }

    fn finish(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(|error| plain(error.into_error()))?;
        file.as_file().sync_all()?;
        if let Err(refused) = file.persist(&self.path) {
            // Such as the file that a container is given to write to.
            if refused.error.kind() != io::ErrorKind::ResourceBusy {
                return Err(refused.error);
            }
            return write_in_place(&refused.file, &self.path).map_err(|error| match refused.file.keep() {
                // The file may hold half of it by now.
                Ok((_, kept)) => {
                    io::Error::new(error.kind(), format!("{error}; all of it is kept in {}", kept.display()))
                }
                Err(_) => error,
            });
        }
        // The name is on the disk only when its directory is. Not every file system lets one ask.
        #[cfg(unix)]
        let _ = File::open(parent(&self.path)).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

/// Puts what is in `from` into the file at `path`, which stays the file that it is.
fn write_in_place(from: &NamedTempFile, path: &Path) -> io::Result<()> {
    let mut from = from.reopen().map_err(plain)?;
    let mut to = OpenOptions::new().write(true).truncate(true).open(path)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(plain)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(plain)
    }
}

/// The error of the system without the name of the temporary file, which nobody asked for.
fn plain(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path \"") {
        Some((message, _)) => io::Error::new(error.kind(), message),
        None => error,
    }
}

/// Where a file of this name is written: at the end of the symbolic links that it may be the first of.
///
/// # Errors
///
/// Links that lead to each other, and what the system says.
pub fn link_target(name: &Path) -> io::Result<PathBuf> {
    /// As many links as Linux follows.
    const MAX_LINKS: usize = 40;
    let mut path = name.to_owned();
    for _ in 0..MAX_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many levels of symbolic links"))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(crate) fn check_regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    }
}
