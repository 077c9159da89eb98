//! Files that are written completely or not at all.
//!
//! The file is written beside its target under another name, flushed to the disk, and renamed. Until then an earlier
//! file of that name is unchanged, and an unfinished file is removed. A mount point cannot be renamed over, so it is
//! written in place once everything else is done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;

/// A file that is being written.
#[derive(Debug)]
pub struct WholeFile {
    file: BufWriter<NamedTempFile>,
    /// The target, after symbolic links.
    path: PathBuf,
    /// The target as the caller named it.
    name: PathBuf,
}

impl WholeFile {
    /// Begins a file that will be written to `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Save`]: the directory does not exist or is not writable, or the path exists and is not a regular
    /// file.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::begin(path).map_err(|source| Error::Save { path: path.to_owned(), source })
    }

    fn begin(name: &Path) -> io::Result<Self> {
        // Symbolic links are followed, to existing files or not; renaming would replace the link.
        let path = link_target(name)?;
        if path.exists() {
            // Renaming over a device or a pipe would remove it for all other programs.
            check_regular(&path)?;
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".gmm-");
        #[cfg(unix)]
        let permissions = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
        // With the permissions that the user's umask leaves, as for other new files.
        #[cfg(unix)]
        builder.permissions(permissions);
        let file = BufWriter::with_capacity(1 << 16, builder.tempfile_in(parent(&path)).map_err(plain)?);
        Ok(WholeFile { file, path, name: name.to_owned() })
    }

    /// Moves the written file to its target.
    ///
    /// # Errors
    ///
    /// [`Error::Save`]; an earlier file is then unchanged, unless it is a mount point.
    pub fn keep(self) -> Result<(), Error> {
        let name = self.name.clone();
        self.finish().map_err(|source| Error::Save { path: name, source })
    }

    fn finish(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(|error| plain(error.into_error()))?;
        file.as_file().sync_all()?;
        if let Err(refused) = file.persist(&self.path) {
            // A mount point, such as a file mounted into a container.
            if refused.error.kind() != io::ErrorKind::ResourceBusy {
                return Err(refused.error);
            }
            return write_in_place(&refused.file, &self.path).map_err(|error| match refused.file.keep() {
                // The target may be half written, so the temporary file is kept.
                Ok((_, kept)) => {
                    io::Error::new(error.kind(), format!("{error}; all of it is kept in {}", kept.display()))
                }
                Err(_) => error,
            });
        }
        // The new name is on the disk only after its directory is flushed, which some file systems cannot do.
        #[cfg(unix)]
        let _ = File::open(parent(&self.path)).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

/// Copies `from` into the existing file at `path`, without replacing it.
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

/// The system's error without the name of the temporary file, which the user did not choose.
fn plain(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path \"") {
        Some((message, _)) => io::Error::new(error.kind(), message),
        None => error,
    }
}

/// The file that `name` refers to, after all symbolic links.
///
/// # Errors
///
/// Circular links, and errors of the system.
pub fn link_target(name: &Path) -> io::Result<PathBuf> {
    /// The limit of Linux.
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
