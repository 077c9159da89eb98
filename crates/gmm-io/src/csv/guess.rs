//! Guesses about a text: which byte separates its fields, and whether its first record holds names.
//!
//! Both are decided from the first lines together. When names are unlikely, the first line is read as data, and an
//! invalid value in it is refused with its position.

use std::ops::RangeInclusive;

use super::field::{Kind, has_decimal_comma, kind, lossy, number};
use super::lines::Record;
use crate::options::Decimal;

/// Candidate separators, the likelier first. A comma comes after a semicolon, because many countries use it as
/// decimal separator, and before a space, because names contain spaces.
const DELIMITERS: [u8; 5] = *b"\t;|, ";

/// Calendar years that columns may be named by.
const YEARS: RangeInclusive<f64> = 1500.0..=2200.0;

/// Largest difference of consecutive years.
const MAX_YEAR_STEP: f64 = 10.0;

/// The byte that separates the fields of `lines`.
///
/// It is the byte that splits most lines into the same number of fields, at least two. Among equals, the one that
/// gives most numbers wins.
pub(super) fn delimiter(lines: &[&[u8]], decimal: Decimal) -> u8 {
    let mut best = (0, 0.0, b',');
    // With a decimal comma, a comma separates fields only if these are quoted.
    let quoted = lines.iter().any(|line| line.contains(&b'"'));
    for delimiter in DELIMITERS {
        if decimal == Decimal::Comma && delimiter == b',' && !quoted {
            continue;
        }
        let split: Vec<Vec<&[u8]>> = lines.iter().map(|line| fields(line, delimiter)).collect();
        let agreeing = |count: usize| split.iter().filter(|fields| fields.len() == count).count();
        // Later lines are likelier to be data.
        let usual = split.iter().map(Vec::len).max_by_key(|&count| agreeing(count)).unwrap_or(0);
        if usual < 2 {
            continue;
        }
        // The first line may hold names.
        let rows = if split.len() > 1 { &split[1..] } else { &split[..] };
        let all = rows.iter().flatten();
        let n_numbers = all.clone().filter(|field| is_numeric(field, decimal)).count();
        let score = (agreeing(usual), n_numbers as f64 / all.count() as f64, delimiter);
        if (score.0, score.1) > (best.0, best.1) {
            best = score;
        }
    }
    match (best.0, decimal) {
        (0, Decimal::Comma) => b';',
        _ => best.2,
    }
}

fn is_numeric(field: &[u8], decimal: Decimal) -> bool {
    let field = field.trim_ascii();
    let field = field.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(field);
    matches!(kind(field, decimal), Kind::Number | Kind::Missing) || has_decimal_comma(field)
}

/// The fields of a line, quotes included, without an empty one after its last delimiter.
fn fields(line: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let (mut fields, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, &byte) in line.iter().enumerate() {
        if byte == b'"' && (inside || line[start..at].trim_ascii().is_empty()) {
            inside = !inside;
        } else if byte == delimiter && !inside {
            fields.push(&line[start..at]);
            start = at + 1;
        }
    }
    if start > 0 && line[start..].trim_ascii().is_empty() {
        // The line ends with a delimiter.
    } else {
        fields.push(&line[start..]);
    }
    if delimiter == b' ' {
        fields.retain(|field| !field.trim_ascii().is_empty());
    }
    fields
}

/// The number of columns, and how lines begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) count: usize,
    /// Some lines end with a delimiter; no column is read after it.
    pub(super) trailing: bool,
    /// The first record has no name for the first column, as R writes tables.
    pub(super) unnamed_first: bool,
}

/// The columns of the first records, of which the first may hold names.
pub(super) fn columns(sample: &[Record], decimal: Decimal) -> Columns {
    let Some((first, rows)) = sample.split_first() else {
        return Columns { count: 0, trailing: false, unnamed_first: false };
    };
    let n = first.len();
    let plain = Columns { count: n, trailing: false, unnamed_first: false };
    if rows.is_empty() {
        return plain;
    }
    let all_rows = |holds: &dyn Fn(&Record) -> bool| rows.iter().all(holds);
    if ends_empty(first) && all_rows(&|row| row.len() + 1 == n || (row.len() == n && ends_empty(row))) {
        return Columns { count: n - 1, trailing: true, ..plain };
    }
    let longer = |row: &Record| row.len() == n + 1 && ends_empty(row);
    if !ends_empty(first) && all_rows(&|row| row.len() == n || longer(row)) {
        return Columns { trailing: rows.iter().any(longer), ..plain };
    }
    let words = first.iter().all(|field| kind(field, decimal) == Kind::Word);
    if words && all_rows(&|row| row.len() == n + 1) {
        return Columns { count: n + 1, unnamed_first: true, ..plain };
    }
    plain
}

/// Whether a record ends with a delimiter.
pub(super) fn ends_empty(record: &Record) -> bool {
    record.len() > 1 && record.get(record.len() - 1).is_empty()
}

/// Whether the first record holds names.
///
/// Most fields of a row of data are numbers, and an invalid one among them is refused with its position. Names are
/// words above numbers, or numbers unlikely to be measured: quoted, or at equal distances above rows that are not.
pub(super) fn first_holds_names(sample: &[Record], decimal: Decimal) -> bool {
    let Some((first, rows)) = sample.split_first() else { return false };
    let kinds: Vec<Kind> = first.iter().map(|field| kind(field, decimal)).collect();
    let count = |wanted: Kind| kinds.iter().filter(|&&kind| kind == wanted).count();
    let (n_numbers, n_words) = (count(Kind::Number), count(Kind::Word));
    let is_number = |row: &Record, at: usize| at < row.len() && kind(row.get(at), decimal) == Kind::Number;
    let over_numbers = |at: &usize| kinds[*at] == Kind::Word && rows.iter().any(|row| is_number(row, *at));
    // A word above words may be a value of a text column.
    let n_over_numbers = (0..first.len()).filter(over_numbers).count();

    let quoted = first.n_quoted == first.len() && rows.iter().any(|row| row.n_quoted < row.len());
    if quoted && first.len() > 1 && count(Kind::Missing) + count(Kind::Damaged) == 0 {
        return true;
    }
    if n_numbers == 0 {
        // A word and a missing value make a row of data; words alone make names.
        return n_words > 0 && (n_words == first.len() || rows.is_empty() || n_over_numbers > 0);
    }
    indexed(first, &kinds, rows) || regular(first, &kinds, rows, decimal) || n_over_numbers > n_numbers
}

/// A data frame with numbered columns: the first record has an empty name above the index, then 0, 1, 2, .., or some
/// of these and words.
fn indexed(first: &Record, kinds: &[Kind], rows: &[Record]) -> bool {
    let index = rows.first().and_then(|row| whole(row.get(0)));
    if !first.get(0).is_empty() || index.is_none_or(|index| index > 1) {
        return false;
    }
    let numbers: Option<Vec<u64>> =
        (1..first.len()).filter(|&at| kinds[at] == Kind::Number).map(|at| whole(first.get(at))).collect();
    let others = kinds[1..].iter().all(|kind| matches!(kind, Kind::Number | Kind::Word));
    let run = |numbers: Vec<u64>| numbers.iter().zip(0..).all(|(&number, next)| number == next);
    others && numbers.is_some_and(|numbers| kinds[1..].contains(&Kind::Word) || run(numbers))
}

/// Numbers at equal distances above rows that are not: years, wavelengths, 0, 1, 2, ..
fn regular(first: &Record, kinds: &[Kind], rows: &[Record], decimal: Decimal) -> bool {
    let at: Vec<usize> = (0..first.len()).filter(|&at| kinds[at] == Kind::Number).collect();
    let Some(values) = equally_spaced(first, &at, decimal) else { return false };
    let words = kinds.contains(&Kind::Word);
    // Only an index column may have an empty name.
    let unnamed = usize::from(first.get(0).is_empty());
    let n_missing = kinds.iter().filter(|&&kind| kind == Kind::Missing).count();
    if rows.is_empty() || kinds.contains(&Kind::Damaged) || n_missing != unnamed {
        return false;
    }
    let is_whole = |row: &Record| at.iter().all(|&at| at < row.len() && whole(row.get(at)).is_some());
    let fractions = rows.iter().any(|row| !is_whole(row));
    let are_years = |row: &Record| {
        let years =
            equally_spaced(row, &at, decimal).filter(|years| years.iter().all(|year| YEARS.contains(year)));
        is_whole(row)
            && years
                .is_some_and(|years| years.get(1).is_none_or(|next| (next - years[0]).abs() <= MAX_YEAR_STEP))
    };
    if are_years(first) {
        // Years alone are taken for data, as all numbers alone are. One year beside a word may be a value like any
        // other, unless the values below are not whole.
        return (words || unnamed == 1) && !rows.iter().all(are_years) && (fractions || values.len() > 1);
    }
    if !words || (values.len() > 2 && rows.iter().all(|row| equally_spaced(row, &at, decimal).is_some())) {
        return false;
    }
    let first_two =
        values.get(..2).is_some_and(|two| two == [0.0, 1.0] || (two == [1.0, 2.0] && values.len() > 2));
    match is_whole(first) {
        // 1, 2, 3 beside a word may be data; five numbers at equal distances in a row of data are unlikely.
        true => fractions && ((first_two && (unnamed == 1 || values[0] == 0.0)) || values.len() > 4),
        false => values.len() > 2,
    }
}

/// Whether the first record has years only, above rows that do not: it is read as data but may be meant as names.
pub(super) fn first_is_of_years(sample: &[Record], decimal: Decimal) -> bool {
    let Some((first, rows)) = sample.split_first() else { return false };
    let all: Vec<usize> = (0..first.len()).collect();
    let are_years = |row: &Record| {
        let years =
            equally_spaced(row, &all, decimal).filter(|years| years.iter().all(|year| YEARS.contains(year)));
        years.is_some_and(|years| years.len() > 1 && (years[1] - years[0]).abs() <= MAX_YEAR_STEP)
    };
    are_years(first) && rows.iter().any(|row| row.iter().any(|field| whole(field).is_none()))
}

/// The numbers at `columns`, if consecutive ones differ by the same amount, which is not 0.
fn equally_spaced(record: &Record, columns: &[usize], decimal: Decimal) -> Option<Vec<f64>> {
    let value = |&at: &usize| if at < record.len() { number(record.get(at), decimal) } else { None };
    let values: Vec<f64> = columns.iter().map(value).collect::<Option<_>>()?;
    let step = values.get(1).map_or(1.0, |second| second - values[0]);
    let even = |pair: &[f64]| (pair[1] - pair[0] - step).abs() <= 1e-9 * step.abs().max(pair[1].abs());
    (step != 0.0 && !values.is_empty() && values.windows(2).all(even)).then_some(values)
}

/// A number that consists of digits only.
fn whole(field: &[u8]) -> Option<u64> {
    let text = lossy(field);
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The names in a comment before the first record, if there is one for each column, as numpy.savetxt and gnuplot
/// write them.
pub(super) fn names_of_comment(
    comment: &[u8],
    sign: u8,
    delimiter: u8,
    n_columns: usize,
    decimal: Decimal,
) -> Option<Vec<String>> {
    let text = comment.trim_ascii_start();
    let text = &text[text.iter().take_while(|&&byte| byte == sign).count()..];
    let record = Record::of_line(text, delimiter);
    // Several words above a single column are a comment, not a name.
    let one_word = n_columns > 1 || !text.trim_ascii().contains(&b' ');
    let words = record.iter().any(|field| kind(field, decimal) == Kind::Word);
    let matches =
        record.len() == n_columns && one_word && words && record.iter().all(|field| !field.is_empty());
    matches.then(|| record.iter().map(|field| lossy(field).trim_matches('"').to_owned()).collect())
}

/// The only column without a name, if its values are 0, 1, 2, .. or 1, 2, 3, ..
pub(super) fn index_column(names: &[String], rows: &[Record]) -> Option<usize> {
    let unnamed = |name: &str| name.is_empty() || name.starts_with("Unnamed: ");
    let column = names.iter().position(|name| unnamed(name))?;
    let mut numbers = rows.iter().map(|row| if column < row.len() { whole(row.get(column)) } else { None });
    let first = numbers.next()??;
    let is_index =
        rows.len() > 1 && first <= 1 && numbers.zip(first + 1..).all(|(number, next)| number == Some(next));
    is_index.then_some(column)
}
