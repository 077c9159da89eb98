//! Positions in files, and the form of paths, values and names in messages.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// The position of a value in its file, counted from one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A field of a text file.
    Text {
        /// Line of the file where the record starts; blank lines and comments are counted.
        line: u64,
        /// Column of the file, counted over all columns.
        column: usize,
        /// Name of the column in the header.
        name: Option<String>,
    },
    /// An entry of an array.
    Array {
        /// Row of the array.
        row: usize,
        /// Column of the array, counted over all columns.
        column: usize,
    },
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text { line, column, name: None } => write!(f, "line {line}, column {column}"),
            Place::Text { line, column, name: Some(name) } => {
                write!(f, "line {line}, column {column} ('{name}')")
            }
            Place::Array { row, column } => write!(f, "row {row}, column {column}"),
        }
    }
}

/// The first few characters of `text`, since a message must be short.
pub(crate) fn shortened(text: &str) -> String {
    const LIMIT: usize = 40;
    match text.char_indices().nth(LIMIT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A path in a message.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// A value in a message.
pub(crate) fn quoted(value: &str) -> String {
    // Debug escapes keep a stray control character from reaching a terminal.
    if value.is_empty() { "empty".to_owned() } else { format!("'{}'", value.escape_debug()) }
}

/// `1 field`, `2 fields`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first names, and the number of further ones.
pub(crate) fn listed(names: &[String]) -> String {
    at_most(20, names)
}

/// As [`listed`], with fewer names.
pub(crate) fn some_of(names: &[String]) -> String {
    at_most(6, names)
}

fn at_most(limit: usize, names: &[String]) -> String {
    let shown: Vec<String> =
        names.iter().take(limit).map(|name| format!("'{}'", shortened(name).escape_debug())).collect();
    match names.len().saturating_sub(limit) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
