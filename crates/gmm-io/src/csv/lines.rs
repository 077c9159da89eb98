//! Bytes to lines, and lines to records: every line is counted, whether it is read or skipped.
//!
//! A line ends with LF, CRLF or CR. A record is a line, or several if a quoted field contains line ends. No record is
//! longer than [`MAX_RECORD`], so that a file without line ends is refused before it fills the memory.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr_iter, memchr2};

use super::field::is_error_mark;
use crate::error::Error;
use crate::npy::MAX_COLUMNS;
use crate::options::LineRange;

/// Longest record in bytes: 16 for each column of a row with the most columns allowed.
const MAX_RECORD: usize = 1 << 28;

/// Numbers of lines that hold no row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) blank: u64,
    pub(super) comments: u64,
    pub(super) skipped: u64,
}

/// A reader of the lines of a text.
pub(super) struct Lines {
    stream: BufReader<Box<dyn Read + Send>>,
    origin: PathBuf,
    skip: Vec<LineRange>,
    /// The number of the last line read, from one.
    number: u64,
    /// The line end of that line.
    end: &'static [u8],
    /// Lines that were read ahead for guessing.
    ahead: VecDeque<Line>,
    /// The bytes of a record whose quotes are being resolved.
    raw: Vec<u8>,
    pub(super) passed: Passed,
}

/// A line that was read ahead.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
    end: &'static [u8],
}

impl Lines {
    pub(super) fn new(stream: Box<dyn Read + Send>, origin: &Path, skip: &[LineRange]) -> Self {
        Lines {
            stream: BufReader::with_capacity(1 << 16, stream),
            origin: origin.to_owned(),
            skip: skip.to_vec(),
            number: 0,
            end: b"",
            ahead: VecDeque::new(),
            raw: Vec::new(),
            passed: Passed::default(),
        }
    }

    /// Appends the next line that is not skipped, without its end, and returns its number; `None` at the end.
    fn next(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, Error> {
        match self.ahead.pop_front() {
            Some(line) => {
                text.extend_from_slice(&line.text);
                self.end = line.end;
                Ok(Some(line.number))
            }
            None => self.fetch(text),
        }
    }

    /// As [`Lines::next`], from the stream, without lines read ahead.
    fn fetch(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, Error> {
        loop {
            let start = text.len();
            if !self.read_line(text)? {
                return Ok(None);
            }
            self.number += 1;
            if !self.skip.iter().any(|range| range.contains(self.number)) {
                return Ok(Some(self.number));
            }
            text.truncate(start);
            self.passed.skipped += 1;
        }
    }

    fn read_line(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        let mut any = false;
        loop {
            let buffer = fill(&mut self.stream, &self.origin)?;
            if buffer.is_empty() {
                self.end = b"";
                return Ok(any);
            }
            any = true;
            let at = memchr2(b'\n', b'\r', buffer);
            let part = &buffer[..at.unwrap_or(buffer.len())];
            if text.len() + part.len() > MAX_RECORD {
                let (path, line, limit) = (self.origin.clone(), self.number + 1, MAX_RECORD);
                return Err(Error::LineTooLong { path, line, limit });
            }
            text.extend_from_slice(part);
            let Some(at) = at else {
                let n = buffer.len();
                self.stream.consume(n);
                continue;
            };
            let is_return = buffer[at] == b'\r';
            self.stream.consume(at + 1);
            self.end = b"\n";
            if is_return {
                self.end = b"\r";
                if fill(&mut self.stream, &self.origin)?.first() == Some(&b'\n') {
                    self.stream.consume(1);
                    self.end = b"\r\n";
                }
            }
            return Ok(true);
        }
    }

    /// The first line that is not skipped, which the caller may put back; `None` at the end of the text.
    pub(super) fn first(&mut self) -> Result<Option<Line>, Error> {
        let mut text = Vec::new();
        Ok(self.next(&mut text)?.map(|number| Line { number, text, end: self.end }))
    }

    pub(super) fn put_back(&mut self, line: Line) {
        self.ahead.push_front(line);
    }

    /// The next lines, up to these limits, without consuming them.
    pub(super) fn peek(&mut self, max_lines: usize, max_bytes: usize) -> Result<&VecDeque<Line>, Error> {
        let mut n_bytes: usize = self.ahead.iter().map(|line| line.text.len()).sum();
        while self.ahead.len() < max_lines && n_bytes < max_bytes {
            let mut text = Vec::new();
            let Some(number) = self.fetch(&mut text)? else { break };
            n_bytes += text.len();
            self.ahead.push_back(Line { number, text, end: self.end });
        }
        Ok(&self.ahead)
    }

    /// Reads the next record, skipping lines without one; false at the end.
    pub(super) fn read_record(
        &mut self,
        delimiter: u8,
        comment: Option<u8>,
        record: &mut Record,
    ) -> Result<bool, Error> {
        record.blank_before = None;
        loop {
            record.text.clear();
            let Some(number) = self.next(&mut record.text)? else { return Ok(false) };
            if is_blank(&record.text, delimiter) {
                self.passed.blank += 1;
                record.blank_before.get_or_insert(number);
                continue;
            }
            if comment.is_some_and(|sign| is_comment(&record.text, sign)) {
                self.passed.comments += 1;
                continue;
            }
            record.line = number;
            record.fields.clear();
            record.n_quoted = 0;
            if memchr(b'"', &record.text).is_some() {
                self.split_quoted(delimiter, record)?;
            } else {
                record.split(delimiter, &self.origin)?;
            }
            return Ok(true);
        }
    }

    /// Splits a record that contains a quote and may continue on later lines.
    fn split_quoted(&mut self, delimiter: u8, record: &mut Record) -> Result<(), Error> {
        let spaced = delimiter == b' ';
        let mut raw = std::mem::take(&mut self.raw);
        std::mem::swap(&mut raw, &mut record.text);
        record.text.clear();
        let mut at = 0;
        loop {
            // Spaces before a quote are not part of a field, nor are tabs unless they are the delimiter.
            let is_space = |byte: &&u8| **byte == b' ' || (**byte == b'\t' && delimiter != b'\t');
            let start = at + raw[at..].iter().take_while(is_space).count();
            if spaced && start == raw.len() {
                break;
            }
            let from = record.text.len();
            if raw.get(start) == Some(&b'"') {
                record.n_quoted += 1;
                at = self.unquote(&mut raw, start + 1, record)?;
            } else {
                at = start;
            }
            let end = memchr(delimiter, &raw[at..]).map_or(raw.len(), |found| at + found);
            record.text.extend_from_slice(raw[at..end].trim_ascii());
            record.push(from, record.text.len(), &self.origin)?;
            if end == raw.len() {
                break;
            }
            at = end + 1;
            if at == raw.len() && !spaced {
                record.push(record.text.len(), record.text.len(), &self.origin)?;
                break;
            }
        }
        self.raw = raw;
        Ok(())
    }

    /// Appends the quoted text that begins at `at`; returns the position after its closing quote.
    fn unquote(&mut self, raw: &mut Vec<u8>, mut at: usize, record: &mut Record) -> Result<usize, Error> {
        loop {
            if let Some(found) = memchr(b'"', &raw[at..]) {
                record.text.extend_from_slice(&raw[at..at + found]);
                at += found + 1;
                if raw.get(at) != Some(&b'"') {
                    return Ok(at);
                }
                record.text.push(b'"');
                at += 1;
                continue;
            }
            record.text.extend_from_slice(&raw[at..]);
            record.text.extend_from_slice(self.end);
            raw.clear();
            at = 0;
            // A quote that is not closed would take in all further rows, up to the limit of a record.
            let more = self.next(raw)?;
            if more.is_none() || record.text.len() + raw.len() > MAX_RECORD {
                let (path, line) = (self.origin.clone(), record.line);
                return Err(Error::OpenQuote { path, line });
            }
        }
    }
}

fn fill<'a>(stream: &'a mut BufReader<Box<dyn Read + Send>>, origin: &Path) -> Result<&'a [u8], Error> {
    loop {
        match stream.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(origin, error)),
        }
    }
    Ok(stream.buffer())
}

/// The fields of a record, without the spaces around them and without their quotes.
#[derive(Default)]
pub(super) struct Record {
    text: Vec<u8>,
    /// The start and end of each field in the text.
    fields: Vec<(u32, u32)>,
    /// The line on which the record starts.
    pub(super) line: u64,
    /// The first blank line between the previous record and this one.
    pub(super) blank_before: Option<u64>,
    /// Number of quoted fields.
    pub(super) n_quoted: usize,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.text.len() + 8 * self.fields.len()
    }

    pub(super) fn get(&self, column: usize) -> &[u8] {
        let (start, end) = self.fields[column];
        &self.text[start as usize..end as usize]
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.fields.iter().map(|&(start, end)| &self.text[start as usize..end as usize])
    }

    /// A record made from the text of a comment.
    pub(super) fn of_line(text: &[u8], delimiter: u8) -> Self {
        let mut record = Record { text: text.to_vec(), ..Record::default() };
        // An error means too many columns; such a record matches no row anyway.
        let _ = record.split(delimiter, Path::new(""));
        record
    }

    fn push(&mut self, start: usize, end: usize, origin: &Path) -> Result<(), Error> {
        if self.fields.len() as u64 == MAX_COLUMNS {
            let (path, n_columns) = (origin.to_owned(), MAX_COLUMNS + 1);
            return Err(Error::TooManyColumns { path, n_columns, limit: MAX_COLUMNS });
        }
        self.fields.push((start as u32, end as u32));
        Ok(())
    }

    /// Splits a line without quotes.
    fn split(&mut self, delimiter: u8, origin: &Path) -> Result<(), Error> {
        let text = std::mem::take(&mut self.text);
        let spaced = delimiter == b' ';
        let mut start = 0;
        for end in memchr_iter(delimiter, &text).chain([text.len()]) {
            let field = &text[start..end];
            let left = start + (field.len() - field.trim_ascii_start().len());
            let right = left + text[left..end].trim_ascii_end().len();
            // Any number of spaces separate two fields.
            if !spaced || right > left {
                self.push(left, right, origin)?;
            }
            start = end + 1;
        }
        self.text = text;
        Ok(())
    }
}

/// A line of spaces only. With tabs as delimiter, a line of tabs is a row of empty fields.
pub(super) fn is_blank(line: &[u8], delimiter: u8) -> bool {
    line.iter().all(|&byte| byte == b' ' || (byte.is_ascii_whitespace() && byte != delimiter))
}

/// A line that begins with `sign`, unless it begins with an error mark of a spreadsheet, which is a missing value.
pub(super) fn is_comment(line: &[u8], sign: u8) -> bool {
    let line = line.trim_ascii_start();
    if line.first() != Some(&sign) {
        return false;
    }
    let end = line.iter().position(|byte| b",;|\t \"".contains(byte)).unwrap_or(line.len());
    !is_error_mark(&String::from_utf8_lossy(&line[..end]))
}
