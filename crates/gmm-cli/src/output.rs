//! Places where results are to be put, looked at before there is anything to put.

use std::fs::{self, OpenOptions};
use std::io::{self, StdoutLock};
use std::path::Path;

use crate::exit::Failure;

/// Refuses a place where no file can be put, or where `source` stands; `what` would replace `whose`.
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
        // What is written is renamed into place, and /dev/null must not be.
        if !existing.is_file() {
            return Err(refused("something that is not a file has that name; choose another"));
        }
        let same = fs::canonicalize(&target).ok().zip(fs::canonicalize(source).ok());
        if same.is_some_and(|(output, source)| output == source) {
            return Err(refused(&format!("{what} would replace {whose}; choose another name")));
        }
        // A mount point is written in place, and it has to take that.
        if is_mount_point(&target) {
            OpenOptions::new().write(true).open(&target).map_err(|error| refused(&error.to_string()))?;
        }
    }
    // A file without a name where the system has such, so nothing is seen to come and go.
    tempfile::tempfile_in(parent).map_err(|error| refused(&error.kind().to_string()))?;
    Ok(())
}

/// Whether something is mounted on the file, where the system tells.
fn is_mount_point(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // Spaces and backslashes stand there as octal numbers.
    let named = path.display().to_string().replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&named))
}

/// Standard output, unless there is none to write to.
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
/// Programs in Rust then begin with the null device in its place, open for reading and writing, so that every write
/// succeeds and all is lost. A redirection opens it for writing alone. Where standard error is the same, all output
/// was thrown away on purpose.
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
