//! A file that appears whole or not at all.
//!
//! It is written beside its place under another name, flushed to the disk, and renamed. An earlier file of
//! the name stays whole until then, and whatever was begun and not kept is gone.

use std::fs::{self, File};
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
        // Through a symbolic link to the file it names; renaming would replace the link.
        let path = fs::canonicalize(name).unwrap_or_else(|_| name.to_owned());
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
        let file = BufWriter::with_capacity(1 << 16, builder.tempfile_in(parent(&path))?);
        Ok(WholeFile { file, path, name: name.to_owned() })
    }

    /// Puts what was written in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Save`]; an earlier file is then what it was.
    pub fn keep(self) -> Result<(), Error> {
        let name = self.name.clone();
        self.finish().map_err(|source| Error::Save { path: name, source })
    }

    fn finish(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // The name is on the disk only when its directory is. Not every file system lets one ask.
        #[cfg(unix)]
        let _ = File::open(parent(&self.path)).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
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
