//! Selection of columns: names, numbers from one, and the names of a model are turned into positions from zero once
//! the names of the columns are known. Readers below use positions only.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::error::Error;
use crate::options::{Column, ReadOptions};
use crate::place::some_of;

/// Which columns are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Positions from zero, in the order of the rows that are returned; `None` for all columns in the order of the
    /// file.
    pub(crate) positions: Option<Vec<usize>>,
    /// Whether the last position is that of the weights.
    pub(crate) weighted: bool,
    /// Decisions to report to the user.
    pub(crate) notes: Vec<String>,
}

impl Selection {
    /// All columns as features, without weights.
    pub(crate) fn all() -> Self {
        Selection { positions: None, weighted: false, notes: Vec::new() }
    }

    /// The columns that `options` select among `n_columns` columns.
    pub(crate) fn new(
        options: &ReadOptions,
        names: Option<&[String]>,
        n_columns: usize,
        path: &Path,
    ) -> Result<Self, Error> {
        let mut notes = Vec::new();
        let features = select(&options.columns, names, n_columns, path, &mut notes)?;
        let weight = match &options.weights {
            None => None,
            // With one column, selecting it is the same as selecting all.
            Some(column) => {
                match select(std::slice::from_ref(column), names, n_columns, path, &mut notes)?.as_deref() {
                    None if n_columns == 1 => Some(0),
                    Some(&[weight]) => Some(weight),
                    _ => return Err(Error::ManyWeights { path: path.to_owned() }),
                }
            }
        };
        let features = matched(options, names, n_columns, (features, weight), path, &mut notes)?;
        let Some(weight) = weight else {
            return Ok(Selection { positions: features, weighted: false, notes });
        };
        let all = (0..n_columns).collect::<Vec<_>>();
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
        Ok(Selection { positions: Some(positions), weighted: true, notes })
    }

    /// Number of values that are read from a row of `n_columns`.
    pub(crate) fn width(&self, n_columns: usize) -> usize {
        self.positions.as_ref().map_or(n_columns, Vec::len)
    }

    /// Number of features among these values.
    pub(crate) fn n_features(&self, n_columns: usize) -> usize {
        self.width(n_columns) - usize::from(self.weighted)
    }
}

/// The columns with the names of the model's features, in the model's order; `selected` where names cannot decide.
fn matched(
    options: &ReadOptions,
    names: Option<&[String]>,
    n_columns: usize,
    (selected, weight): (Option<Vec<usize>>, Option<usize>),
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<usize>>, Error> {
    let model = &options.model_names;
    if model.is_empty() {
        return Ok(selected);
    }
    let Some(names) = names else {
        notes.push(format!(
            "columns have no names; they were taken in the order of the model: {}",
            some_of(model)
        ));
        return Ok(selected);
    };
    let given = !options.columns.is_empty();
    let among: Vec<usize> = match &selected {
        Some(positions) => positions.clone(),
        None => (0..n_columns).filter(|&at| Some(at) != weight).collect(),
    };
    let mut at_name: HashMap<&str, Vec<usize>> = HashMap::new();
    among.iter().for_each(|&at| at_name.entry(&names[at]).or_default().push(at));
    let distinct = model.iter().collect::<HashSet<_>>().len() == model.len();
    let found: Vec<Option<&Vec<usize>>> = model.iter().map(|name| at_name.get(&**name)).collect();
    let n_found = found.iter().flatten().count();
    let in_order = among.iter().map(|&at| &names[at]).eq(model);
    if in_order || n_found == 0 || !distinct || found.iter().flatten().any(|columns| columns.len() > 1) {
        if !in_order {
            notes.push(format!(
                "columns were taken in their order, because their names do not match those of the model: {}",
                some_of(model)
            ));
        }
        return Ok(selected);
    }
    if n_found < model.len() && given {
        notes.push(format!("columns were taken as selected; those of the model are {}", some_of(model)));
        return Ok(selected);
    }
    if n_found < model.len() {
        let missing = model.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing = missing.map(|(name, _)| name.clone()).collect();
        let available = among.iter().map(|&at| names[at].clone()).collect();
        return Err(Error::MissingFeatures { path: path.to_owned(), missing, available });
    }
    let positions: Vec<usize> = found.into_iter().flatten().map(|columns| columns[0]).collect();
    if given && positions.len() < among.len() {
        // More columns were selected than the model has features: the check of the number of features reports it.
        return Ok(selected);
    }
    note_placement(model, names, &among, &positions, notes);
    Ok(Some(positions))
}

/// Notes which columns are left out, and whether the others change their order.
fn note_placement(
    model: &[String],
    names: &[String],
    among: &[usize],
    positions: &[usize],
    notes: &mut Vec<String>,
) {
    let others: Vec<String> =
        among.iter().filter(|at| !positions.contains(at)).take(100).map(|&at| names[at].clone()).collect();
    if !others.is_empty() {
        notes.push(format!("columns that the model does not have were left out: {}", some_of(&others)));
    }
    let order = among.iter().filter(|at| positions.contains(at));
    if !order.eq(positions) {
        notes.push(format!("columns were put in the order of the model: {}", some_of(model)));
    }
}

/// Positions from zero of `columns` among `n_columns`, in the requested order; `None` for all columns in the order of
/// the file.
fn select(
    columns: &[Column],
    names: Option<&[String]>,
    n_columns: usize,
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<usize>>, Error> {
    let mut positions = Vec::new();
    for column in columns {
        let (first, last) = match column {
            Column::Name(name) => {
                let column = find(name, names, n_columns, path)?;
                (column, column)
            }
            Column::Digits(digits) if names.is_some_and(|names| names.contains(digits)) => {
                let column = find(digits, names, n_columns, path)?;
                if digits
                    .parse()
                    .is_ok_and(|number: usize| (1..=n_columns).contains(&number) && number != column)
                {
                    notes.push(format!(
                        "'{digits}' is the name of column {column}; {digits}-{digits} is the column of that number"
                    ));
                }
                (column, column)
            }
            Column::Digits(digits) => {
                let column = digits.parse().map_err(|_| Error::BadColumn { text: digits.clone() })?;
                (column, column)
            }
            Column::Index(column) => (*column, *column),
            Column::Range { first, last } => (*first, last.unwrap_or((*first).max(n_columns))),
        };
        // Checked before the loop, so that a range beyond the last column costs nothing.
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

/// The number, from one, of the only column with this name.
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
        select(&columns, names.as_deref(), n_columns, Path::new("t.csv"), &mut Vec::new())
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
    fn a_column_whose_name_is_a_number_is_found_by_it() {
        let names = ["country", "1990", "1991", "2", "a,b"];
        for (list, expected) in [
            ("1990", "Some([1])"),
            ("1991,1990", "Some([2, 1])"),
            // A name wins over a number; a range never is a name.
            ("2", "Some([3])"),
            ("2-2", "Some([1])"),
            ("3", "Some([2])"),
            ("\"a,b\",\"1990\"", "Some([4, 1])"),
        ] {
            assert_eq!(select_of(list, Some(&names), 5).as_deref(), Ok(expected), "{list}");
        }
        assert_eq!(
            select_of("1990", None, 5),
            Err("t.csv: there is no column 1990; select from 1 to 5".into())
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
            ("", "1-2", 3, "t.csv: the weights of rows come from one column; select one"),
            ("", "2-", 3, "t.csv: the weights of rows come from one column; select one"),
            ("", "1-3", 3, "t.csv: the weights of rows come from one column; select one"),
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
        let refused = select(&[Column::Index(0)], None, 4, Path::new("t.csv"), &mut Vec::new()).unwrap_err();
        assert_eq!(refused.to_string(), "t.csv: there is no column 0; select from 1 to 4");
    }
}
