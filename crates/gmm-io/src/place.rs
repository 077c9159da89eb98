//! Where in a file a value stands and how much of it is shown: the words that messages share.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// Where a value stands in its file; everything is counted from one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A field of a text file.
    Text {
        /// Line of the file on which the record starts; blank lines and comments count.
        line: u64,
        /// Column of the file, whichever columns are selected.
        column: usize,
        /// What the header calls the column.
        name: Option<String>,
    },
    /// An entry of an array.
    Array {
        /// Row of the array.
        row: usize,
        /// Column of the array, whichever columns are selected.
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

/// The first few characters of `text`: a message is not the place for a page of it.
pub(crate) fn shortened(text: &str) -> String {
    const LIMIT: usize = 40;
    match text.char_indices().nth(LIMIT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A path as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// A value as messages show it.
pub(crate) fn quoted(value: &str) -> String {
    // Debug escapes keep a stray control character from reaching a terminal.
    if value.is_empty() { "empty".to_owned() } else { format!("'{}'", value.escape_debug()) }
}

/// `1 field`, `2 fields`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first names, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    at_most(20, names)
}

/// [`listed`], where a glance is enough.
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
