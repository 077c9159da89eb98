//! Options of reading: header, delimiter, and which columns in which order, counted from one as people do.

use std::str::FromStr;

use crate::error::Error;

/// Options of reading; by default the format is guessed, and all columns are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether a text starts with column names. Ignored for arrays, which have none.
    pub header: Header,
    /// Separator of the fields of a text. `None` chooses, by the first lines, a tab, a semicolon, a bar, a comma or a
    /// space that gives every line the same number of fields, or else a comma. A first line such as `sep=;` overrides
    /// the guess. A space as separator stands for any number of spaces.
    pub delimiter: Option<u8>,
    /// Decimal separator.
    pub decimal: Decimal,
    /// Which lines of a text are comments.
    pub comment: Comment,
    /// Lines of a text that are not read at all.
    pub skip: Vec<LineRange>,
    /// The columns that are features, in this order; empty means all columns except that of the weights.
    pub columns: Vec<Column>,
    /// The column with the weight of each row, which is not a feature.
    pub weights: Option<Column>,
    /// Names of the features of a model; empty if there is no model or it has no names. Columns are matched with
    /// them; mismatches are noted or refused.
    pub model_names: Vec<String>,
}

/// Decimal separator of numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decimal {
    /// `0.5`
    #[default]
    Point,
    /// `0,5`; a number with a point is refused, because the point may separate thousands.
    Comma,
}

/// Which lines of a text are comments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Comment {
    /// Lines before the first record that start with `#`. A later such line is a record, because spreadsheets write
    /// `#N/A` for a missing value.
    #[default]
    BeforeFirst,
    /// All lines that start with this character.
    Everywhere(u8),
    /// No lines.
    Nowhere,
}

/// Lines `first` to `last` of a text, counted from one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    /// The first line.
    pub first: u64,
    /// The last line.
    pub last: u64,
}

impl LineRange {
    /// Parses a list such as `3`, which means the first three lines, or `1,3-4`.
    ///
    /// # Errors
    ///
    /// [`Error::BadLines`] for text that is not such a list.
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
        // The list `0` means no line.
        if text.trim() == "0" { Ok(Vec::new()) } else { text.split(',').map(range).collect() }
    }

    pub(crate) fn contains(self, line: u64) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

/// Whether the first record of a text holds column names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// Decided from the first records together. Words above numbers are names, and so are years and other numbers at
    /// equal distances above numbers that are not. A first record of mostly numbers is data, whatever else it
    /// contains. A note reports the names that were found. A comment right before the first record holds names if it
    /// has one for each column.
    #[default]
    Auto,
    /// The first record holds names.
    Present,
    /// The first record holds values.
    Absent,
}

/// One column, or a range of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// By name, which must occur exactly once in the header.
    Name(String),
    /// By digits that may be a name, such as `1990`: the column of that name, or else the column of that number.
    Digits(String),
    /// By number, from 1.
    Index(usize),
    /// By numbers from `first` to `last`, both included; `None` means to the last column.
    Range {
        /// The first column, from 1.
        first: usize,
        /// The last column; never before `first`.
        last: Option<usize>,
    },
}

impl Column {
    /// Parses a list such as `2-31`, `x,y,z` or `1,5-7,label,9-`, separated by commas.
    ///
    /// A part of digits only is the column of that name if there is one, or else the column of that number. `a-b`
    /// with digits is a range of numbers, so `2-2` is the second column whatever its name. Text in double quotes is a
    /// name and may contain commas; any other text is a name too, without the spaces around it.
    ///
    /// # Errors
    ///
    /// [`Error::BadColumn`] for the first invalid part.
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
