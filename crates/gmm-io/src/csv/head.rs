//! The lines before the first record: a byte order mark, `sep=;`, comments and blank lines.

use super::lines::{Line, Lines, is_blank, is_comment};
use crate::error::Error;
use crate::options::{Comment, ReadOptions};

/// The findings before the first record.
pub(super) struct Head {
    /// The delimiter of a line such as `sep=;`.
    pub(super) delimiter: Option<u8>,
    /// A comment on the line before the first record: its line number, its text and its first character.
    pub(super) comment: Option<(u64, Vec<u8>, u8)>,
}

/// Skips the lines before the first record.
pub(super) fn read_head(lines: &mut Lines, options: &ReadOptions) -> Result<Head, Error> {
    let mut head = Head { delimiter: None, comment: None };
    let sign = match options.comment {
        Comment::BeforeFirst => Some(b'#'),
        Comment::Everywhere(sign) => Some(sign),
        Comment::Nowhere => None,
    };
    let mut is_start = true;
    while let Some(mut line) = lines.first()? {
        if is_start {
            if line.text.starts_with(b"\xef\xbb\xbf") {
                line.text.drain(..3);
            }
            head.delimiter = separator(&line);
            is_start = false;
            if head.delimiter.is_some() {
                continue;
            }
        }
        // A line of tabs may be a row of empty fields.
        if is_blank(&line.text, b'\t') {
            lines.passed.blank += 1;
            head.comment = None;
        } else if let Some(sign) = sign.filter(|&sign| is_comment(&line.text, sign)) {
            lines.passed.comments += 1;
            head.comment = Some((line.number, line.text, sign));
        } else {
            lines.put_back(line);
            break;
        }
    }
    Ok(head)
}

/// The delimiter that a first line such as `sep=;` names, which spreadsheets write and read.
fn separator(line: &Line) -> Option<u8> {
    let text = line.text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(&line.text);
    match text {
        [s, e, p, b'=', delimiter] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => Some(*delimiter),
        _ => None,
    }
}
