//! How a file is to be read: header, delimiter, and which columns in which order, as people count them, from one.

use std::str::FromStr;

use crate::error::Error;

/// How to read; the default guesses what can be guessed and takes every column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether a text starts with column names. Arrays have none, and ignore this.
    pub header: Header,
    /// What separates fields of a text; `None` looks at the first lines for a tab, a semicolon, a bar, a comma or a
    /// space that leaves as many fields in each, and falls back on the comma. A first line such as `sep=;`
    /// says it. Where it is a space, any number of them separate two fields.
    pub delimiter: Option<u8>,
    /// What stands between the digits of a number.
    pub decimal: Decimal,
    /// Which lines of a text are comments.
    pub comment: Comment,
    /// Lines of a text that are not read at all.
    pub skip: Vec<LineRange>,
    /// The columns that are features, in the order wanted; empty takes all but that of the weights.
    pub columns: Vec<Column>,
    /// The one column that says how much each row counts, and is no feature.
    pub weights: Option<Column>,
    /// Names of the features of a model; empty where there is none, or it has no names. Columns are found by them, and
    /// what does not match is noted or refused.
    pub model_names: Vec<String>,
}

/// What stands between the whole part of a number and the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decimal {
    /// `0.5`
    #[default]
    Point,
    /// `0,5`; a number with a point is refused, because it may be a thousand.
    Comma,
}

/// Which lines of a text are comments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Comment {
    /// Those before the first record that start with `#`. Later such a line is a record, because spreadsheets write
    /// `#N/A` for a value that is missing.
    #[default]
    BeforeFirst,
    /// All that start with this character.
    Everywhere(u8),
    /// None.
    Nowhere,
}

/// Lines of a text from `first` to `last`, counted from one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    /// The first line.
    pub first: u64,
    /// The last line.
    pub last: u64,
}

impl LineRange {
    /// Reads a list such as `3`, which are the first three lines, or `1,3-4`.
    ///
    /// # Errors
    ///
    /// [`Error::BadLines`] names the part that is neither.
    pub fn parse_list(text: &str) -> Result<Vec<LineRange>, Error> {
        let range = |part: &str| {
            let refused = || Error::BadLines { text: part.trim().to_owned() };
            let number = |part: &str| part.trim().parse::<u64>().ok().filter(|&number| number > 0);
            let (first, last) = part.split_once('-').unwrap_or(("1", part));
            match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => Ok(LineRange { first, last }),
                _ => Err(refused()),
            }
        };
        // No line at all is a list too.
        if text.trim() == "0" { Ok(Vec::new()) } else { text.split(',').map(range).collect() }
    }

    pub(crate) fn contains(self, line: u64) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

/// Whether the first record of a text holds column names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// The first records decide together. Words over numbers are names, and so are years and other numbers at equal
    /// distances over numbers that are not. A first record of which most are numbers is data, whatever else is in it.
    /// What was taken for names is noted. A comment right before the first record is names when it has one for
    /// each column.
    #[default]
    Auto,
    /// It does.
    Present,
    /// It does not.
    Absent,
}

/// One column, or a run of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// By name, which must occur exactly once in the header.
    Name(String),
    /// By digits that may be a name, such as `1990`: the column of that name, else the one of that number.
    Digits(String),
    /// By number, from 1.
    Index(usize),
    /// By numbers, from `first` to `last` and both included; to the last column when `None`.
    Range {
        /// The first column, from 1.
        first: usize,
        /// The last column; never before `first`.
        last: Option<usize>,
    },
}

impl Column {
    /// Reads a list such as `2-31`, `x,y,z` or `1,5-7,label,9-`, separated by commas.
    ///
    /// A part made of digits is the column of that name if there is one, else that of the number. `a-b` of digits is
    /// a range of numbers, so `2-2` is the second column whatever its name. What stands in double quotes is a
    /// name, with commas and all; anything else is a name too, without the spaces around it.
    ///
    /// # Errors
    ///
    /// [`Error::BadColumn`] names the part that is none of these.
    pub fn parse_list(text: &str) -> Result<Vec<Column>, Error> {
        let mut inside = false;
        let outside_quotes = |symbol: char| {
            inside ^= symbol == '"';
            symbol == ',' && !inside
        };
        text.split(outside_quotes).map(str::parse).collect()
    }
}

impl FromStr for Column {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refused = || Error::BadColumn { text: text.to_owned() };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let number = |part: &str| match part.parse() {
            Err(_) | Ok(0) => Err(refused()),
            Ok(number) => Ok(number),
        };
        if text.is_empty() {
            return Err(refused());
        }
        if let Some(name) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Ok(Column::Name(name.replace("\"\"", "\"")));
        }
        if is_digits(text) {
            number(text)?;
            return Ok(Column::Digits(text.to_owned()));
        }
        match text.split_once('-') {
            Some((first, "")) if is_digits(first) => Ok(Column::Range { first: number(first)?, last: None }),
            Some((first, last)) if is_digits(first) && is_digits(last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return Err(refused());
                }
                Ok(Column::Range { first, last: Some(last) })
            }
            _ => Ok(Column::Name(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_a_number_of_the_first_or_ranges() {
        let lines = |text: &str| LineRange::parse_list(text).map_err(|error| error.to_string());
        let range = |first, last| LineRange { first, last };
        assert_eq!(lines("0"), Ok(vec![]));
        assert_eq!(lines("3"), Ok(vec![range(1, 3)]));
        assert_eq!(lines("1, 3-4"), Ok(vec![range(1, 1), range(3, 4)]));
        for text in ["", "a", "-1", "2-1", "0-1", "1,,2"] {
            assert!(lines(text).is_err_and(|why| why.contains("is not a list of lines")), "{text:?}");
        }
    }
}
