//! What a text does not say: which byte separates its fields, and whether its first record holds names.
//!
//! Both are decided on the first lines together. A guess that cannot be right is not made: the line is then data,
//! and refused where it stands.

use std::ops::RangeInclusive;

use super::field::{Kind, has_decimal_comma, kind, lossy, number};
use super::lines::Record;
use crate::options::Decimal;

/// Bytes that separate fields, the likelier first. A comma comes after a semicolon, because it is the decimal point
/// of half of the world, and before a space, because names have spaces.
const DELIMITERS: [u8; 5] = *b"\t;|, ";

/// Calendar years, as columns are named by them.
const YEARS: RangeInclusive<f64> = 1500.0..=2200.0;

/// Years next to each other differ by this much at most.
const MAX_YEAR_STEP: f64 = 10.0;

/// The byte that separates the fields of `lines`.
///
/// It is the one by which most lines have the same number of fields, at least two; of several such the one that
/// leaves most numbers between.
pub(super) fn delimiter(lines: &[&[u8]], decimal: Decimal) -> u8 {
    let mut best = (0, 0.0, b',');
    // A comma that is the decimal point separates fields only where these are quoted.
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

/// How many columns there are, and what stands at the ends of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) count: usize,
    /// Some lines end with a delimiter; no column is read after it.
    pub(super) trailing: bool,
    /// The first record has no name for the first column, as R writes tables.
    pub(super) unnamed_first: bool,
}

/// The columns of records of which the first may hold names.
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

/// Whether a record ends in a delimiter.
pub(super) fn ends_empty(record: &Record) -> bool {
    record.len() > 1 && record.get(record.len() - 1).is_empty()
}

/// Whether the first of the records holds names.
///
/// Most of a row of data are numbers, and a bad one among them is refused where it stands. Names are words over
/// numbers, or numbers that no measurement has: in quotes, or at equal distances over rows that are not.
pub(super) fn first_holds_names(sample: &[Record], decimal: Decimal) -> bool {
    let Some((first, rows)) = sample.split_first() else { return false };
    let kinds: Vec<Kind> = first.iter().map(|field| kind(field, decimal)).collect();
    let count = |wanted: Kind| kinds.iter().filter(|&&kind| kind == wanted).count();
    let (n_numbers, n_words) = (count(Kind::Number), count(Kind::Word));
    let is_number = |row: &Record, at: usize| at < row.len() && kind(row.get(at), decimal) == Kind::Number;
    let over_numbers = |at: &usize| kinds[*at] == Kind::Word && rows.iter().any(|row| is_number(row, *at));
    // A word over words may be a label over labels.
    let n_over_numbers = (0..first.len()).filter(over_numbers).count();

    let quoted = first.n_quoted == first.len() && rows.iter().any(|row| row.n_quoted < row.len());
    if quoted && first.len() > 1 && count(Kind::Missing) + count(Kind::Damaged) == 0 {
        return true;
    }
    if n_numbers == 0 {
        // A label and a value that is missing are a row; words alone are none.
        return n_words > 0 && (n_words == first.len() || rows.is_empty() || n_over_numbers > 0);
    }
    indexed(first, &kinds, rows) || regular(first, &kinds, rows, decimal) || n_over_numbers > n_numbers
}

/// What a data frame whose columns have numbers is saved as: no name over the index, then 0, 1, 2, ..; or some of
/// these, and words.
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

/// Numbers at equal distances, over rows that are not: years, wavelengths, 0, 1, 2, ..
fn regular(first: &Record, kinds: &[Kind], rows: &[Record], decimal: Decimal) -> bool {
    let at: Vec<usize> = (0..first.len()).filter(|&at| kinds[at] == Kind::Number).collect();
    let Some(values) = equally_spaced(first, &at, decimal) else { return false };
    let words = kinds.contains(&Kind::Word);
    // An index may have no name; nothing else may.
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
        // Years alone are a row, as all numbers alone are; and one year beside a word may be a value like any other,
        // unless those below are not whole.
        return (words || unnamed == 1) && !rows.iter().all(are_years) && (fractions || values.len() > 1);
    }
    if !words || (values.len() > 2 && rows.iter().all(|row| equally_spaced(row, &at, decimal).is_some())) {
        return false;
    }
    let first_two =
        values.get(..2).is_some_and(|two| two == [0.0, 1.0] || (two == [1.0, 2.0] && values.len() > 2));
    match is_whole(first) {
        // 1, 2, 3 beside a word may be a row; that five numbers in a row of data are as regular is not to be expected.
        true => fractions && ((first_two && (unnamed == 1 || values[0] == 0.0)) || values.len() > 4),
        false => values.len() > 2,
    }
}

/// Whether the first record is a row of years alone, over rows that are not: data, that may have been meant as names.
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

/// The numbers at `columns`, if the distance from each to the next is the same and not 0.
fn equally_spaced(record: &Record, columns: &[usize], decimal: Decimal) -> Option<Vec<f64>> {
    let value = |&at: &usize| if at < record.len() { number(record.get(at), decimal) } else { None };
    let values: Vec<f64> = columns.iter().map(value).collect::<Option<_>>()?;
    let step = values.get(1).map_or(1.0, |second| second - values[0]);
    let even = |pair: &[f64]| (pair[1] - pair[0] - step).abs() <= 1e-9 * step.abs().max(pair[1].abs());
    (step != 0.0 && !values.is_empty() && values.windows(2).all(even)).then_some(values)
}

/// A number of digits alone.
fn whole(field: &[u8]) -> Option<u64> {
    let text = lossy(field);
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The names in a comment before the first record, when there is one for each of its columns: what numpy.savetxt
/// and gnuplot write.
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
    // A sentence over one column is a comment.
    let one_word = n_columns > 1 || !text.trim_ascii().contains(&b' ');
    let words = record.iter().any(|field| kind(field, decimal) == Kind::Word);
    let matches =
        record.len() == n_columns && one_word && words && record.iter().all(|field| !field.is_empty());
    matches.then(|| record.iter().map(|field| lossy(field).trim_matches('"').to_owned()).collect())
}

/// The only column without a name, if its numbers are 0, 1, 2, .. or 1, 2, 3, ..
pub(super) fn index_column(names: &[String], rows: &[Record]) -> Option<usize> {
    let unnamed = |name: &str| name.is_empty() || name.starts_with("Unnamed: ");
    let column = names.iter().position(|name| unnamed(name))?;
    let mut numbers = rows.iter().map(|row| if column < row.len() { whole(row.get(column)) } else { None });
    let first = numbers.next()??;
    let is_index =
        rows.len() > 1 && first <= 1 && numbers.zip(first + 1..).all(|(number, next)| number == Some(next));
    is_index.then_some(column)
}
