//! Checks of output paths, made before there is anything to write.

use std::fs::{self, OpenOptions};
use std::io::{self, StdoutLock};
use std::path::Path;

use crate::exit::Failure;

/// Refuses a path that no file can be written to, or that is `source`: `what` would replace `whose`.
pub fn check(output: &Path, source: &Path, what: &str, whose: &str) -> Result<(), Failure> {
    let refused = |why: &str| Failure::Output(format!("cannot write {}: {why}", output.display()));
    let target = gmm_io::link_target(output).map_err(|error| refused(&error.to_string()))?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(refused(&format!("there is no directory {}; create it first", parent.display())));
    }
    if let Ok(existing) = fs::metadata(&target) {
        // The output is renamed into place, which would replace a device such as /dev/null.
        if !existing.is_file() {
            return Err(refused("something that is not a file has that name; choose another"));
        }
        let same = fs::canonicalize(&target).ok().zip(fs::canonicalize(source).ok());
        if same.is_some_and(|(output, source)| output == source) {
            return Err(refused(&format!("{what} would replace {whose}; choose another name")));
        }
        // A file that is a mount point is written in place, so it must be writable.
        if is_mount_point(&target) {
            OpenOptions::new().write(true).open(&target).map_err(|error| refused(&error.to_string()))?;
        }
    }
    // A file without a name, where the system has such files, so that nothing appears in the directory.
    tempfile::tempfile_in(parent).map_err(|error| refused(&error.kind().to_string()))?;
    Ok(())
}

/// Whether a file is a mount point; false where the system does not report it.
fn is_mount_point(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The system's list writes spaces and backslashes as octal numbers.
    let named = path.display().to_string().replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&named))
}

/// Standard output; a failure if it was closed when the program began.
pub fn stdout() -> Result<StdoutLock<'static>, Failure> {
    if is_closed() {
        let message =
            "cannot write standard output: it is closed; redirect it to a file, or to /dev/null by >";
        return Err(Failure::Output(message.into()));
    }
    Ok(io::stdout().lock())
}

/// Whether standard output was closed when the program began.
///
/// A Rust program then starts with the null device in its place, open for reading and writing, so every write
/// succeeds and the output is lost. A redirection to /dev/null opens it for writing only. If standard error is such a
/// device too, the output is discarded on purpose.
#[cfg(unix)]
fn is_closed() -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    use rustix::fd::AsFd;
    use rustix::fs::{OFlags, fcntl_getfl, fstat};

    let Ok(null) = fs::metadata("/dev/null") else { return false };
    let is_null = |fd: &dyn AsFd| {
        let both = fcntl_getfl(fd.as_fd()).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
        both && null.file_type().is_char_device()
            && fstat(fd.as_fd()).is_ok_and(|stat| stat.st_rdev == null.rdev())
    };
    is_null(&io::stdout()) && !is_null(&io::stderr())
}

#[cfg(not(unix))]
fn is_closed() -> bool {
    false
}
