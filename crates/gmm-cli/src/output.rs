//! Places where files are to be put, looked at before there is anything to put.

use std::fs;
use std::path::Path;

use crate::exit::Failure;

/// Refuses a place where no file can be put, or where `source` stands; `what` would replace `whose`.
pub fn check(output: &Path, source: &Path, what: &str, whose: &str) -> Result<(), Failure> {
    let refused = |why: &str| Failure::Output(format!("cannot write {}: {why}", output.display()));
    let parent = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(refused(&format!("there is no directory {}; create it first", parent.display())));
    }
    if let Ok(existing) = fs::metadata(output) {
        // What is written is renamed into place, and /dev/null must not be.
        if !existing.is_file() {
            return Err(refused("something that is not a file has that name; choose another"));
        }
        let same = fs::canonicalize(output).ok().zip(fs::canonicalize(source).ok());
        if same.is_some_and(|(output, source)| output == source) {
            return Err(refused(&format!("{what} would replace {whose}; choose another name")));
        }
    }
    // A file without a name where the system has such, so nothing is seen to come and go.
    tempfile::tempfile_in(parent).map_err(|error| refused(&error.kind().to_string()))?;
    Ok(())
}
