//! Metadata in model files: names of features, and the caller's pairs of key and value.
//!
//! A safetensors file stores text in one map of strings. This project reserves two keys: `gmm`, which holds the
//! file's format, and `feature_names`, a JSON list of strings. All other keys are the caller's.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use safetensors::tensor::Metadata;

use crate::error::Error;
use crate::whole::check_regular;

/// The key of the file's format.
pub(crate) const FORMAT_KEY: &str = "gmm";

/// The key of the names of the features.
pub(crate) const NAMES_KEY: &str = "feature_names";

/// Longest header that readers of safetensors accept.
const MAX_HEADER: u64 = 100_000_000;

/// All metadata of the model file at `path`, including `gmm` and `feature_names`, verbatim. The arrays are not read.
///
/// # Errors
///
/// [`Error::Load`], and [`Error::BadModel`] when the file is not safetensors or its metadata lacks the key `gmm`.
pub fn read_metadata(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let load = |source| Error::Load { path: path.to_owned(), source };
    let bad = |reason: String| Error::BadModel { path: path.to_owned(), reason };
    let (header, n_data) = read_header(path).map_err(load)?.map_err(bad)?;
    // Parsed as if the arrays were read, so that a file that is not a model is refused here too.
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| bad(error.to_string()))?;
    if metadata.data_len() as u64 != n_data {
        return Err(bad("its tensors do not fill the file".into()));
    }
    match metadata.metadata() {
        Some(text) if text.contains_key(FORMAT_KEY) => {
            Ok(text.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        _ => Err(bad(format!("it is a safetensors file without the metadata '{FORMAT_KEY}'"))),
    }
}

/// The header and the number of bytes after it; or why it is invalid.
fn read_header(path: &Path) -> io::Result<Result<(Vec<u8>, u64), String>> {
    check_regular(path)?;
    let mut file = File::open(path)?;
    let n_bytes = file.metadata()?.len();
    let mut length = [0; 8];
    if n_bytes < 8 {
        return Ok(Err("header too small".into()));
    }
    file.read_exact(&mut length)?;
    let n_header = u64::from_le_bytes(length);
    if n_header > MAX_HEADER.min(n_bytes - 8) {
        return Ok(Err("header too large".into()));
    }
    let mut header = Vec::new();
    file.take(n_header).read_to_end(&mut header)?;
    Ok(Ok((header, n_bytes - 8 - n_header)))
}

/// The names in the file's list, which must have `n_features` elements.
pub(crate) fn parse_names(list: &str, n_features: usize) -> Result<Vec<String>, String> {
    let names: Vec<String> = serde_json::from_str(list)
        .map_err(|_| format!("its '{NAMES_KEY}' are not a JSON list of strings"))?;
    match names.len() == n_features {
        true => Ok(names),
        false => Err(format!("it has {} '{NAMES_KEY}' and {n_features} features", names.len())),
    }
}

/// The names in the file's form.
pub(crate) fn list_of_names(names: &[String]) -> String {
    serde_json::to_string(names).expect("strings can be written as JSON")
}

/// Refuses a header that is too long for readers, before anything is written.
pub(crate) fn check_header(bytes: &[u8]) -> Result<(), String> {
    let length = bytes.first_chunk().map_or(0, |&length| u64::from_le_bytes(length));
    match length <= MAX_HEADER {
        true => Ok(()),
        false => Err(format!(
            "it takes {length} bytes, but a model file holds at most {MAX_HEADER}; store less text"
        )),
    }
}

/// `bytes` of a safetensors file whose only metadata is the key `gmm`, with more pairs added after it.
///
/// The serializer takes pairs from a hash map, whose order is random; adding them here gives the same bytes every
/// time.
pub(crate) fn with_pairs<'a>(
    bytes: Vec<u8>,
    format: &str,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<u8> {
    let json = |text: &str| serde_json::to_string(text).expect("strings can be written as JSON");
    let more: String = pairs.map(|(key, value)| format!(",{}:{}", json(key), json(value))).collect();
    if more.is_empty() {
        return bytes;
    }
    let first = format!("{}:{}", json(FORMAT_KEY), json(format));
    let (length, rest) = bytes.split_at(8);
    let n_header = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
    let (header, data) = rest.split_at(n_header);
    let header = std::str::from_utf8(header).expect("the serializer writes UTF-8").trim_end();
    let (before, after) = header.split_once(&first).expect("the serializer wrote the pair that it was given");
    let mut header = format!("{before}{first}{more}{after}").into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes(), &header[..], data].concat()
}
