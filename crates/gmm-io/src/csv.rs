//! Samples from delimited text, such as CSV.
//!
//! One record is in memory at a time, besides the first few, from which the format is guessed. Blank lines and
//! comments are skipped and counted, a byte order mark is dropped, fields may be quoted. Spaces around a field are
//! ignored. The fields of columns that are not selected are counted but not parsed.

mod field;
mod lines;
mod guess;
mod head;

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};

use self::field::{has_decimal_comma, lossy, number};
use self::head::{Head, read_head};
use self::lines::{Lines, Record, is_blank, is_comment};
use crate::error::Error;
use crate::options::{Column, Comment, Decimal, Header, ReadOptions};
use crate::place::{Place, counted, shortened, some_of};
use crate::selection::Selection;
use crate::source::{Source, part_weights};

/// Largest number of lines and bytes that are examined before the first row is returned; at least one line is.
const SAMPLE_LINES: usize = 20;
const SAMPLE_BYTES: usize = 1 << 20;

/// A reader of numeric records.
pub(crate) struct CsvSource {
    origin: PathBuf,
    lines: Lines,
    delimiter: u8,
    decimal: Decimal,
    /// The character that begins a comment after the first record.
    comment: Option<u8>,
    /// The last record that was read.
    record: Record,
    /// Records that were read ahead for guessing.
    ahead: VecDeque<Record>,
    n_columns: usize,
    /// Whether records may end with a delimiter that is not followed by a column.
    trailing: bool,
    /// The line of the first record, if it holds names or might.
    first_line: u64,
    named: bool,
    selection: Selection,
    /// Names of the selected columns, in their order.
    names: Option<Vec<String>>,
    /// Guesses and decisions, for the user.
    notes: Vec<String>,
    /// Weights of the rows of the last block.
    weights: Vec<f64>,
}

impl CsvSource {
    pub(crate) fn from_stream(
        stream: Box<dyn Read + Send>,
        name: &Path,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let comment = match options.comment {
            Comment::Everywhere(sign) => Some(check_comment(sign)?),
            Comment::BeforeFirst | Comment::Nowhere => None,
        };
        let mut lines = Lines::new(stream, name, &options.skip);
        let head = read_head(&mut lines, options)?;
        let sample: Vec<&[u8]> =
            lines.peek(SAMPLE_LINES, SAMPLE_BYTES)?.iter().map(|line| &line.text[..]).collect();
        if sample.is_empty() {
            return Err(Error::NoRows { path: name.to_owned() });
        }
        // Text has no zero bytes, so this is a binary format.
        if sample.iter().any(|line| line.contains(&0)) {
            return Err(Error::NotText { path: name.to_owned() });
        }
        let delimiter = match options.delimiter.or(head.delimiter) {
            Some(delimiter) => {
                let quoted = sample.iter().any(|line| line.contains(&b'"'));
                check_delimiter(delimiter, options.decimal == Decimal::Comma && !quoted)?
            }
            None => {
                let holds = |line: &&[u8]| {
                    !is_blank(line, b',') && !comment.is_some_and(|sign| is_comment(line, sign))
                };
                guess::delimiter(&sample.into_iter().filter(holds).collect::<Vec<_>>(), options.decimal)
            }
        };
        let mut source = CsvSource {
            origin: name.to_owned(),
            lines,
            delimiter,
            decimal: options.decimal,
            comment,
            record: Record::default(),
            ahead: VecDeque::new(),
            n_columns: 0,
            trailing: false,
            first_line: 0,
            named: false,
            selection: Selection::all(),
            names: None,
            notes: Vec::new(),
            weights: Vec::new(),
        };
        source.read_first_records(options, &head)?;
        Ok(source)
    }

    /// Reads the records that guesses are made from.
    fn read_ahead(&mut self) -> Result<(), Error> {
        let mut n_bytes = 0;
        while self.ahead.len() < SAMPLE_LINES && n_bytes < SAMPLE_BYTES {
            let mut record = Record::default();
            if !self.lines.read_record(self.delimiter, self.comment, &mut record)? {
                break;
            }
            n_bytes += record.n_bytes();
            self.ahead.push_back(record);
        }
        Ok(())
    }

    /// Determines the number of columns, their names, and which of them are features.
    fn read_first_records(&mut self, options: &ReadOptions, head: &Head) -> Result<(), Error> {
        self.read_ahead()?;
        let sample = self.ahead.make_contiguous();
        let Some(first) = sample.first() else { return Err(Error::NoRows { path: self.origin.clone() }) };
        self.first_line = first.line;
        let columns = guess::columns(sample, self.decimal);
        (self.n_columns, self.trailing) = (columns.count, columns.trailing);
        let of_comment = || {
            let (line, text, sign) = head.comment.as_ref()?;
            let names = guess::names_of_comment(text, *sign, self.delimiter, columns.count, self.decimal)?;
            Some((*line, names))
        };
        let first_names = || {
            let unnamed = columns.unnamed_first.then(String::new);
            unnamed.into_iter().chain(first.iter().map(lossy)).take(columns.count).collect::<Vec<String>>()
        };
        let holds_names = guess::first_holds_names(sample, self.decimal);
        let guessed = match options.header {
            Header::Present => Some((first.line, first_names(), true)),
            Header::Absent => None,
            Header::Auto if holds_names => Some((first.line, first_names(), true)),
            Header::Auto => match of_comment() {
                Some((line, names)) => Some((line, names, false)),
                None => {
                    let names = first_names();
                    are_asked_for(&names, options).then_some((first.line, names, true))
                }
            },
        };
        let rows = usize::from(guessed.as_ref().is_some_and(|(.., in_record)| *in_record));
        if let (Some((line, names, _)), Header::Auto) = (&guessed, options.header) {
            self.notes.push(format!("names from line {line}: {}", some_of(names)));
        }
        if guessed.is_none()
            && options.header == Header::Auto
            && guess::first_is_of_years(sample, self.decimal)
        {
            let line = first.line;
            self.notes.push(format!(
                "line {line} was read as a row; if its years are names, pass --header present"
            ));
        }
        let index = guessed.as_ref().and_then(|(_, names, _)| guess::index_column(names, &sample[rows..]));
        let names: Option<Vec<String>> = guessed.map(|(_, names, _)| names);
        self.named = rows > 0;
        if self.named {
            self.ahead.pop_front();
        }
        if self.trailing {
            self.notes.push("lines end with a delimiter; no column is read after it".into());
        }
        self.selection = Selection::new(options, names.as_deref(), self.n_columns, &self.origin)?;
        self.notes.append(&mut self.selection.notes);
        let selected = |at| self.selection.positions.as_ref().is_none_or(|positions| positions.contains(&at));
        if let Some(column) = index.filter(|&at| selected(at)) {
            let column = column + 1;
            self.notes.push(format!(
                "column {column} has no name and numbers the rows; if it is an index, leave it out of --columns"
            ));
        }
        self.names = match (names, &self.selection.positions) {
            (Some(names), Some(positions)) => Some(positions.iter().map(|&at| names[at].clone()).collect()),
            (names, _) => names,
        };
        Ok(())
    }

    /// Moves to the next record; false at the end of the text.
    fn next_record(&mut self) -> Result<bool, Error> {
        match self.ahead.pop_front() {
            Some(record) => {
                self.record = record;
                Ok(true)
            }
            None => self.lines.read_record(self.delimiter, self.comment, &mut self.record),
        }
    }

    /// The position of a field of the last record.
    fn place(&self, column: usize, feature: usize) -> Place {
        Place::Text {
            line: self.record.line,
            column: column + 1,
            name: self.names.as_ref().map(|names| names[feature].clone()),
        }
    }

    /// The error for a field that is not a finite number.
    #[cold]
    fn refuse(&self, column: usize, feature: usize) -> Error {
        let place = self.place(column, feature);
        let path = self.origin.clone();
        let field = self.record.get(column);
        let text = lossy(field);
        let value = shortened(&text);
        if field::kind(field, self.decimal) == field::Kind::Missing {
            return Error::NotFinite { path, place, value };
        }
        let line = self.record.line;
        let advice = if self.decimal == Decimal::Point && has_decimal_comma(field) {
            "pass --decimal , to read a decimal comma".into()
        } else if self.decimal == Decimal::Comma && field.contains(&b'.') {
            "with --decimal , a number must not contain a point".into()
        } else if column == 0 && text.starts_with('#') && self.comment.is_none() {
            "pass --comment # to skip lines that start with #".into()
        } else if !self.named && line == self.first_line {
            "correct it, or select other columns, or pass --header present if the line holds names".into()
        } else if self.named && line == self.first_line + 1 {
            format!(
                "correct it, or select other columns, or pass --skip {line}-{line} if the line holds units"
            )
        } else {
            "correct it, or select other columns".into()
        };
        Error::NotANumber { path, place, value, advice }
    }

    /// Appends the features of the last record to `block`, and then its weight if there is one.
    fn append(&self, block: &mut Vec<f64>) -> Result<(), Error> {
        let found = self.record.len();
        let is_row = found == self.n_columns
            || (self.trailing && found == self.n_columns + 1 && guess::ends_empty(&self.record));
        if !is_row {
            let (path, line, expected) = (self.origin.clone(), self.record.line, self.n_columns);
            let comment = self.comment.is_none() && self.record.get(0).starts_with(b"#");
            let advice = match comment {
                true => "pass --comment # to skip lines that start with #",
                false => "check the delimiter and the quotes",
            };
            return Err(Error::Ragged { path, line, expected, found, advice });
        }
        if let (1, Some(line)) = (self.n_columns, self.record.blank_before)
            && (self.named || line > self.first_line)
        {
            // In a text with one column, a blank line may stand for a missing value.
            let name = self.names.as_ref().map(|names| names[0].clone());
            let (path, place) = (self.origin.clone(), Place::Text { line, column: 1, name });
            return Err(Error::NotFinite { path, place, value: String::new() });
        }
        match &self.selection.positions {
            None => {
                for column in 0..self.n_columns {
                    let field = self.record.get(column);
                    block.push(number(field, self.decimal).ok_or_else(|| self.refuse(column, column))?);
                }
            }
            Some(positions) => {
                for (feature, &column) in positions.iter().enumerate() {
                    let field = self.record.get(column);
                    block.push(number(field, self.decimal).ok_or_else(|| self.refuse(column, feature))?);
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
        while n_rows < max_rows && self.next_record()? {
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

    fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        let passed = &self.lines.passed;
        let parts: Vec<String> =
            [(passed.skipped, "line by --skip"), (passed.comments, "comment"), (passed.blank, "blank line")]
                .into_iter()
                .filter(|&(count, _)| count > 0)
                .map(|(count, noun)| match noun.split_once(' ') {
                    Some((noun @ "line", by)) => format!("{} {by}", counted(count as usize, noun)),
                    _ => counted(count as usize, noun),
                })
                .collect();
        if !parts.is_empty() {
            notes.push(format!("skipped {}", parts.join(", ")));
        }
        notes
    }
}

/// Whether a line of numbers holds names after all, because columns are selected by these names.
fn are_asked_for(names: &[String], options: &ReadOptions) -> bool {
    let has = |name: &String| names.contains(name);
    let by_name = options.columns.iter().chain(&options.weights).any(|column| match column {
        Column::Name(name) => has(name),
        // Such as 1990, in a file with fewer columns than that.
        Column::Digits(digits) => {
            has(digits) && !digits.parse().is_ok_and(|number| (1..=names.len()).contains(&number))
        }
        Column::Index(_) | Column::Range { .. } => false,
    });
    by_name || (!options.model_names.is_empty() && options.model_names.iter().all(has))
}

fn check_delimiter(delimiter: u8, comma_is_taken: bool) -> Result<u8, Error> {
    let taken = delimiter.is_ascii_alphanumeric() || b"+-.\"#\r\n\0".contains(&delimiter);
    let is_decimal = comma_is_taken && delimiter == b',';
    if taken || is_decimal || !delimiter.is_ascii() {
        return Err(Error::BadDelimiter { delimiter });
    }
    Ok(delimiter)
}

fn check_comment(sign: u8) -> Result<u8, Error> {
    let taken = sign.is_ascii_alphanumeric() || sign.is_ascii_whitespace() || b"+-.,\"\0".contains(&sign);
    if taken || !sign.is_ascii() { Err(Error::BadComment { sign }) } else { Ok(sign) }
}
