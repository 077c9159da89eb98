//! Samples from text: comma-separated and its relatives.
//!
//! One record is in memory at a time. Blank lines and lines that start with `#` are skipped, a byte
//! order mark is dropped, fields may be quoted, and lines may end in CRLF. Spaces around a number do
//! not matter. Columns that are not selected are counted and never parsed.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::error::Error;
use crate::options::{Column, Header, ReadOptions, Selection};
use crate::place::{Place, shortened};
use crate::source::{Source, part_weights};

/// Most bytes looked through for the first line, which tells the delimiter and the line ends.
const HEAD_BYTES: u64 = 1 << 20;

/// Fields that stand for a value nobody has; they never make a record a header.
const MISSING: [&str; 7] = ["", "?", "-", "na", "n/a", "null", "none"];

/// Records of numbers.
pub(crate) struct CsvSource {
    origin: PathBuf,
    reader: Reader<Box<dyn Read + Send>>,
    /// Runs of spaces separate fields, so fields are never empty.
    spaced: bool,
    /// Line ends that the reader has counted beyond the start of a record when it stops after it:
    /// the record's own, except that of a CRLF it stops at the `\r`.
    own_line_end: u64,
    /// The record read last.
    record: ByteRecord,
    /// That record was read to see whether it is a header, and is not.
    pending: bool,
    n_columns: usize,
    selection: Selection,
    /// Of the columns that are read, in their order.
    names: Option<Vec<String>>,
    /// Of the rows of the last block.
    weights: Vec<f64>,
}

impl CsvSource {
    pub(crate) fn from_stream(
        stream: Box<dyn Read + Send>,
        name: &Path,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let mut stream = BufReader::new(stream);
        let head = Head::read(&mut stream, name)?;
        let delimiter = match options.delimiter {
            Some(delimiter) => check_delimiter(delimiter)?,
            None => guess_delimiter(&head.line),
        };
        // A last line without an end gets one, so that every record has been followed by one.
        let end: &[u8] = if head.crlf { b"\r\n" } else { b"\n" };
        let stream: Box<dyn Read + Send> = Box::new(Cursor::new(head.bytes).chain(stream).chain(end));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            // Lengths are checked here, where the line is known.
            .flexible(true)
            .delimiter(delimiter)
            .terminator(Terminator::CRLF)
            .comment(Some(b'#'))
            .buffer_capacity(1 << 16)
            .from_reader(stream);

        let mut source = CsvSource {
            origin: name.to_owned(),
            reader,
            spaced: delimiter == b' ',
            own_line_end: u64::from(!head.crlf),
            record: ByteRecord::new(),
            pending: false,
            n_columns: 0,
            selection: Selection { positions: None, weighted: false },
            names: None,
            weights: Vec::new(),
        };
        source.read_first_record(options)?;
        Ok(source)
    }

    /// Settles the number of columns, their names, and which of them are features.
    fn read_first_record(&mut self, options: &ReadOptions) -> Result<(), Error> {
        if !self.next_record()? {
            return Err(Error::NoRows { path: self.origin.clone() });
        }
        self.n_columns = self.record.len();

        let mut asked = options.columns.iter().chain(&options.weights);
        let by_name = asked.any(|column| matches!(column, Column::Name(_)));
        let is_header = match options.header {
            Header::Present => true,
            Header::Absent => false,
            Header::Auto if by_name => true,
            Header::Auto => match Selection::new(options, None, self.n_columns, &self.origin)?.positions {
                None => self.record.iter().any(is_word),
                Some(positions) => positions.iter().any(|&at| is_word(&self.record[at])),
            },
        };
        let names: Option<Vec<String>> = is_header.then(|| self.record.iter().map(lossy).collect());
        self.pending = !is_header;
        self.selection = Selection::new(options, names.as_deref(), self.n_columns, &self.origin)?;
        self.names = match (names, &self.selection.positions) {
            (Some(names), Some(positions)) => Some(positions.iter().map(|&at| names[at].clone()).collect()),
            (names, _) => names,
        };
        Ok(())
    }

    /// Moves to the next record that is not blank; false at the end.
    fn next_record(&mut self) -> Result<bool, Error> {
        loop {
            let more = self.reader.read_byte_record(&mut self.record).map_err(|error| {
                // Raw bytes and any number of fields: nothing but the stream itself can fail.
                Error::io(&self.origin, error.into())
            })?;
            if !more {
                return Ok(false);
            }
            let is_blank = |field: &[u8]| field.trim_ascii().is_empty();
            if self.spaced && self.record.iter().any(is_blank) {
                self.record = self.record.iter().filter(|field| !is_blank(field)).collect();
            }
            // A line of nothing but spaces. A quoted nothing is a field, and stays.
            let skipped = match self.record.len() {
                0 => true,
                1 => is_blank(&self.record[0]) && !self.record[0].is_empty(),
                _ => false,
            };
            if !skipped {
                return Ok(true);
            }
        }
    }

    /// The line, from one, on which the record read last starts.
    ///
    /// The reader knows the line it stopped on; the position that it gives a record is where it
    /// began to look for one, before blank lines and comments. In a file that mixes LF and CRLF the
    /// line may be off by one.
    fn line(&self) -> u64 {
        let inside = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let line = self.reader.position().line().saturating_sub(inside + self.own_line_end);
        // A quote that is never closed swallows the record's own line end, which then counts twice.
        line.max(self.record.position().map_or(1, |position| position.line()))
    }

    /// Where a field of the record read last stands.
    fn place(&self, column: usize, feature: usize) -> Place {
        Place::Text {
            line: self.line(),
            column: column + 1,
            name: self.names.as_ref().map(|names| names[feature].clone()),
        }
    }

    /// The error for a field that is not a finite number.
    #[cold]
    fn refuse(&self, column: usize, feature: usize) -> Error {
        let place = self.place(column, feature);
        let path = self.origin.clone();
        let text = lossy(&self.record[column]);
        let value = shortened(&text);
        if is_missing(&text) || text.parse::<f64>().is_ok() {
            Error::NotFinite { path, place, value }
        } else {
            Error::NotANumber { path, place, value }
        }
    }

    /// Appends the features of the record read last to `block`, and then its weight if it has one.
    fn append(&self, block: &mut Vec<f64>) -> Result<(), Error> {
        if self.record.len() != self.n_columns {
            return Err(Error::Ragged {
                path: self.origin.clone(),
                line: self.line(),
                expected: self.n_columns,
                found: self.record.len(),
            });
        }
        match &self.selection.positions {
            None => {
                for (column, field) in self.record.iter().enumerate() {
                    block.push(number(field).ok_or_else(|| self.refuse(column, column))?);
                }
            }
            Some(positions) => {
                for (feature, &column) in positions.iter().enumerate() {
                    let field = &self.record[column];
                    block.push(number(field).ok_or_else(|| self.refuse(column, feature))?);
                }
                let (last, value) = (positions.len() - 1, block[block.len() - 1]);
                if self.selection.weighted && value < 0.0 {
                    let (path, place) = (self.origin.clone(), self.place(positions[last], last));
                    return Err(Error::NegativeWeight { path, place, value });
                }
            }
        }
        Ok(())
    }
}

impl Source for CsvSource {
    fn n_features(&self) -> usize {
        self.selection.n_features(self.n_columns)
    }

    fn n_rows(&self) -> Option<usize> {
        None
    }

    fn names(&self) -> Option<&[String]> {
        self.names.as_deref().map(|names| &names[..self.n_features()])
    }

    fn read_block(&mut self, max_rows: usize, block: &mut Vec<f64>) -> Result<usize, Error> {
        assert!(max_rows > 0, "a block has at least one row");
        block.clear();
        let mut n_rows = 0;
        while n_rows < max_rows && (self.pending || self.next_record()?) {
            self.pending = false;
            self.append(block)?;
            n_rows += 1;
        }
        if self.selection.weighted {
            part_weights(block, self.n_features() + 1, &mut self.weights);
        }
        Ok(n_rows)
    }

    fn weights(&self) -> Option<&[f64]> {
        self.selection.weighted.then_some(&self.weights)
    }

    fn origin(&self) -> &Path {
        &self.origin
    }
}

/// The start of a text: what tells the delimiter and the line ends.
struct Head {
    /// What was read, less a byte order mark; to be put back.
    bytes: Vec<u8>,
    /// The first line that is neither blank nor a comment, without its end.
    line: Vec<u8>,
    crlf: bool,
}

impl Head {
    fn read(stream: &mut impl BufRead, path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut line_start = 0;
        let mut limited = stream.take(HEAD_BYTES);
        loop {
            let n = limited.read_until(b'\n', &mut bytes).map_err(|error| Error::io(path, error))?;
            if line_start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
                bytes.drain(..3);
            }
            let line = bytes[line_start..].trim_ascii();
            if n == 0 || !(line.is_empty() || line.starts_with(b"#")) {
                break;
            }
            line_start = bytes.len();
        }
        // Text has no zero bytes: this is some binary format, or UTF-16.
        if bytes.contains(&0) {
            return Err(Error::NotText { path: path.to_owned() });
        }
        let line = bytes[line_start..].trim_ascii().to_vec();
        let crlf = bytes.ends_with(b"\r\n");
        Ok(Head { bytes, line, crlf })
    }
}

/// The first of tab, semicolon, comma and space that stands outside quotes. A comma comes after
/// a semicolon because in half of Europe it is the decimal point.
fn guess_delimiter(line: &[u8]) -> u8 {
    let mut outside = true;
    let open: Vec<u8> = line
        .iter()
        .copied()
        .filter(|&byte| {
            outside ^= byte == b'"';
            outside
        })
        .collect();
    *b"\t;, ".iter().find(|delimiter| open.contains(delimiter)).unwrap_or(&b',')
}

fn check_delimiter(delimiter: u8) -> Result<u8, Error> {
    let taken = delimiter.is_ascii_alphanumeric() || b"+-.\"#\r\n\0".contains(&delimiter);
    if taken || !delimiter.is_ascii() {
        return Err(Error::BadDelimiter { delimiter });
    }
    Ok(delimiter)
}

/// The finite number that `field` spells, if it does.
fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field.trim_ascii()).ok()?;
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Neither a number, however infinite, nor a mark for a missing one.
fn is_word(field: &[u8]) -> bool {
    let text = lossy(field);
    !is_missing(&text) && text.parse::<f64>().is_err()
}

fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|mark| text.eq_ignore_ascii_case(mark))
}

fn lossy(field: &[u8]) -> String {
    String::from_utf8_lossy(field.trim_ascii()).into_owned()
}
