//! Where in a file a value stands and how much of it is shown, in the words of a message.

use std::fmt::{self, Display, Formatter};

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
