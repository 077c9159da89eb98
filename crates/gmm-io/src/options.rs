//! How a file is to be read: header, delimiter, and which columns in which order.
//!
//! Columns are asked for as people count them, from one; [`select`] turns what was asked for into
//! positions from zero, once, when the header is known. Nothing below that line sees a name.

use std::path::Path;
use std::str::FromStr;

use crate::error::Error;

/// How to read; the default guesses what can be guessed and takes every column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether a text starts with column names. Arrays have none, and ignore this.
    pub header: Header,
    /// What separates fields of a text; `None` looks at the first line for a tab, else a
    /// semicolon, else a comma, else a space, and falls back on the comma. Where it is a space,
    /// any number of them separate two fields.
    pub delimiter: Option<u8>,
    /// The columns that are features, in the order wanted; empty takes all but that of the weights.
    pub columns: Vec<Column>,
    /// The one column that says how much each row counts, and is no feature.
    pub weights: Option<Column>,
}

/// Whether the first record of a text holds column names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// It does when columns are selected by name, or when a selected field of it holds something
    /// that is neither a number nor a common mark for a missing one (empty, `NA`, `null`, `?`, …).
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
    /// A part made of digits is a number and `a-b` of digits a range; anything else is a name,
    /// without the spaces around it. A name that looks like a number, or has a comma in it, can
    /// only be given as [`Column::Name`].
    ///
    /// # Errors
    ///
    /// [`Error::BadColumn`] names the part that is none of these.
    pub fn parse_list(text: &str) -> Result<Vec<Column>, Error> {
        text.split(',').map(str::parse).collect()
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
        if is_digits(text) {
            return Ok(Column::Index(number(text)?));
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

/// Which columns are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// From zero, in the order of a row that is read; `None` when they are all there are, in the order
    /// of the file.
    pub(crate) positions: Option<Vec<usize>>,
    /// The last of the positions is that of the weights.
    pub(crate) weighted: bool,
}

impl Selection {
    /// What `options` ask for among `n_columns` columns.
    pub(crate) fn new(
        options: &ReadOptions,
        names: Option<&[String]>,
        n_columns: usize,
        path: &Path,
    ) -> Result<Self, Error> {
        let features = select(&options.columns, names, n_columns, path)?;
        let Some(column) = &options.weights else {
            return Ok(Selection { positions: features, weighted: false });
        };
        let all = (0..n_columns).collect::<Vec<_>>();
        // Of one column, all columns are that one.
        let weight = match select(std::slice::from_ref(column), names, n_columns, path)?.as_deref() {
            None if n_columns == 1 => 0,
            Some(&[weight]) => weight,
            _ => return Err(Error::ManyWeights { path: path.to_owned() }),
        };
        let mut positions = match features {
            Some(features) => features,
            None if options.columns.is_empty() => all.into_iter().filter(|&at| at != weight).collect(),
            None => all,
        };
        if positions.contains(&weight) {
            return Err(Error::WeightIsFeature { path: path.to_owned(), column: weight + 1 });
        }
        if positions.is_empty() {
            return Err(Error::OnlyWeights { path: path.to_owned() });
        }
        positions.push(weight);
        Ok(Selection { positions: Some(positions), weighted: true })
    }

    /// Numbers that are read of a row of `n_columns`.
    pub(crate) fn width(&self, n_columns: usize) -> usize {
        self.positions.as_ref().map_or(n_columns, Vec::len)
    }

    /// Those of them that are features.
    pub(crate) fn n_features(&self, n_columns: usize) -> usize {
        self.width(n_columns) - usize::from(self.weighted)
    }
}

/// Positions, from zero and in the order asked for, of `columns` among `n_columns`; `None` when
/// they are all there are, in the order of the file.
fn select(
    columns: &[Column],
    names: Option<&[String]>,
    n_columns: usize,
    path: &Path,
) -> Result<Option<Vec<usize>>, Error> {
    let mut positions = Vec::new();
    for column in columns {
        let (first, last) = match column {
            Column::Name(name) => {
                let column = find(name, names, n_columns, path)?;
                (column, column)
            }
            Column::Index(column) => (*column, *column),
            Column::Range { first, last } => (*first, last.unwrap_or((*first).max(n_columns))),
        };
        // Before the loop, so that a range costs no more than the columns there are.
        for column in [first, last] {
            if column == 0 || column > n_columns {
                return Err(Error::NoSuchColumn { path: path.to_owned(), column, n_columns });
            }
        }
        positions.extend(first - 1..last);
    }

    let mut sorted = positions.clone();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::RepeatedColumn { path: path.to_owned(), column: pair[0] + 1 });
    }
    let is_everything = positions.len() == n_columns && positions.is_sorted();
    Ok(if columns.is_empty() || is_everything { None } else { Some(positions) })
}

/// The number, from one, of the only column called `name`.
fn find(name: &str, names: Option<&[String]>, n_columns: usize, path: &Path) -> Result<usize, Error> {
    let Some(names) = names else {
        let (path, name) = (path.to_owned(), name.to_owned());
        return Err(Error::NoColumnNames { path, name, n_columns });
    };
    let mut found = (1..).zip(names).filter(|(_, other)| *other == name).map(|(column, _)| column);
    match (found.next(), found.next()) {
        (Some(column), None) => Ok(column),
        (Some(first), Some(second)) => {
            let (path, name) = (path.to_owned(), name.to_owned());
            Err(Error::AmbiguousColumn { path, name, first, second })
        }
        (None, _) => {
            let (path, name) = (path.to_owned(), name.to_owned());
            Err(Error::UnknownColumn { path, name, available: names.to_vec() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select_of(list: &str, names: Option<&[&str]>, n_columns: usize) -> Result<String, String> {
        let columns = Column::parse_list(list).map_err(|error| error.to_string())?;
        let names: Option<Vec<String>> = names.map(|names| names.iter().map(ToString::to_string).collect());
        select(&columns, names.as_deref(), n_columns, Path::new("t.csv"))
            .map(|positions| format!("{positions:?}"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_of_columns_keeps_the_order_it_was_given_in() {
        let names = ["a", "b", "c", "d-e"];
        for (list, expected) in [
            ("3", "Some([2])"),
            ("3,1", "Some([2, 0])"),
            ("2-3", "Some([1, 2])"),
            ("2-", "Some([1, 2, 3])"),
            (" d-e , 1 ", "Some([3, 0])"),
            ("b,3-4,a", "Some([1, 2, 3, 0])"),
            ("1-4", "None"),
            ("1,b,3-", "None"),
        ] {
            assert_eq!(select_of(list, Some(&names), 4).as_deref(), Ok(expected), "{list}");
        }
    }

    #[test]
    fn a_list_of_columns_that_cannot_be_is_refused_by_name() {
        let names = ["a", "b", "a", "d"];
        let bad = |part: &str| {
            format!("'{part}' is not a column; write a name, a number from 1, or a range such as 2-31")
        };
        for (list, expected) in [
            ("", bad("")),
            ("1,,2", bad("")),
            ("0", bad("0")),
            ("3-2", bad("3-2")),
            ("0-2", bad("0-2")),
            ("99999999999999999999", bad("99999999999999999999")),
            ("5", "t.csv: there is no column 5; select from 1 to 4".to_owned()),
            ("5-", "t.csv: there is no column 5; select from 1 to 4".to_owned()),
            (
                "1-18446744073709551615",
                "t.csv: there is no column 18446744073709551615; select from 1 to 4".to_owned(),
            ),
            ("2,b", "t.csv: column 2 is selected twice; select each column once".to_owned()),
            ("1-3,3", "t.csv: column 3 is selected twice; select each column once".to_owned()),
            ("a", "t.csv: columns 1 and 3 are both named 'a'; select by number".to_owned()),
            ("x", "t.csv: no column is named 'x'; there are 'a', 'b', 'a', 'd'".to_owned()),
        ] {
            assert_eq!(select_of(list, Some(&names), 4), Err(expected), "{list}");
        }
        assert_eq!(
            select_of("b", None, 4).unwrap_err(),
            "t.csv: columns have no names here, so 'b' cannot be found; select by number, 1 to 4"
        );
    }

    #[test]
    fn the_column_of_the_weights_comes_last_and_is_no_feature() {
        let names: Vec<String> = ["a", "b", "w"].map(String::from).into();
        let selection = |columns: &str, weights: &str, n_columns| {
            let columns = if columns.is_empty() { Vec::new() } else { Column::parse_list(columns).unwrap() };
            let options =
                ReadOptions { columns, weights: Some(weights.parse().unwrap()), ..ReadOptions::default() };
            Selection::new(&options, Some(&names[..n_columns]), n_columns, Path::new("t.csv"))
                .map(|selection| selection.positions.unwrap())
                .map_err(|error| error.to_string())
        };
        assert_eq!(selection("", "w", 3), Ok(vec![0, 1, 2]));
        assert_eq!(selection("", "1", 3), Ok(vec![1, 2, 0]));
        assert_eq!(selection("b", "w", 3), Ok(vec![1, 2]));
        for (columns, weights, n_columns, message) in [
            (
                "1-3",
                "b",
                3,
                "t.csv: column 2 is the weight of a row and cannot be a feature too; leave it out of the columns",
            ),
            (
                "w,a",
                "3",
                3,
                "t.csv: column 3 is the weight of a row and cannot be a feature too; leave it out of the columns",
            ),
            ("", "1-2", 3, "t.csv: the weight of a row stands in one column; select one"),
            ("", "2-", 3, "t.csv: the weight of a row stands in one column; select one"),
            ("", "1-3", 3, "t.csv: the weight of a row stands in one column; select one"),
            ("", "a", 1, "t.csv: the only column is the weight of a row; add columns of features"),
            ("", "4", 3, "t.csv: there is no column 4; select from 1 to 3"),
        ] {
            assert_eq!(
                selection(columns, weights, n_columns),
                Err(message.to_owned()),
                "{columns} {weights}"
            );
        }
    }

    #[test]
    fn a_column_number_of_zero_given_without_the_parser_is_refused_too() {
        let refused = select(&[Column::Index(0)], None, 4, Path::new("t.csv")).unwrap_err();
        assert_eq!(refused.to_string(), "t.csv: there is no column 0; select from 1 to 4");
    }
}
