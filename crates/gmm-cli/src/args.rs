//! Arguments that subcommands share: how data are read, and how values are checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PathBufValueParser, RangedU64ValueParser, TypedValueParser};
use gmm_io::{Column, Comment, Decimal, Header, LineRange, ReadOptions};

/// More threads than any machine has; a limit on what a typing error can start.
const MAX_THREADS: u64 = 1024;

/// How DATA is read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading")]
pub struct Input {
    /// Whether a text starts with a line of column names; auto decides by the first lines, and reports the names it
    /// found
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    header: HeaderArg,

    /// Separator of the fields of a text: a character, or tab, space, comma or semicolon
    /// [default: guessed from the first lines]
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    delimiter: Option<u8>,

    /// Decimal separator of numbers: . or ,
    #[arg(long, value_name = "CHAR", default_value = ".", value_parser = decimal)]
    decimal: Decimal,

    /// Skip lines that start with this character, or with none [default: # before the first row]
    #[arg(long, value_name = "CHAR", value_parser = comment)]
    comment: Option<Comment>,

    /// Skip lines of a text: a number of lines at its start, or ranges; as in 2, 2-2 or 1,3-4
    #[arg(long, value_name = "LINES", value_parser = lines)]
    skip: Option<Lines>,

    /// Columns that are features, in this order: names, numbers from 1, or ranges; as in age,3,5-7,9-. A name takes
    /// precedence over a number, and is put in double quotes if it contains a comma [default: those of the model, or
    /// all]
    #[arg(long, value_name = "LIST", value_parser = columns)]
    columns: Option<Columns>,
}

impl Input {
    /// The options in the form that gmm-io takes.
    pub fn options(&self) -> ReadOptions {
        let header = match self.header {
            HeaderArg::Auto => Header::Auto,
            HeaderArg::Present => Header::Present,
            HeaderArg::Absent => Header::Absent,
        };
        let columns = self.columns.as_ref().map(|columns| columns.0.clone()).unwrap_or_default();
        ReadOptions {
            header,
            delimiter: self.delimiter,
            decimal: self.decimal,
            comment: self.comment.unwrap_or_default(),
            skip: self.skip.as_ref().map(|lines| lines.0.clone()).unwrap_or_default(),
            columns,
            ..ReadOptions::default()
        }
    }

    /// As [`Input::options`], but columns are matched with the feature names of a model.
    pub fn options_of(&self, model_names: Option<&[String]>) -> ReadOptions {
        ReadOptions { model_names: model_names.map(<[String]>::to_vec).unwrap_or_default(), ..self.options() }
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HeaderArg {
    Auto,
    Present,
    Absent,
}

/// A list in one argument; clap would treat a bare `Vec` as an argument that repeats.
#[derive(Clone, Debug)]
struct Columns(Vec<Column>);

fn columns(text: &str) -> Result<Columns, gmm_io::Error> {
    Column::parse_list(text).map(Columns)
}

/// As [`Columns`].
#[derive(Clone, Debug)]
struct Lines(Vec<LineRange>);

fn lines(text: &str) -> Result<Lines, gmm_io::Error> {
    LineRange::parse_list(text).map(Lines)
}

fn decimal(text: &str) -> Result<Decimal, String> {
    match text {
        "." | "point" => Ok(Decimal::Point),
        "," | "comma" => Ok(Decimal::Comma),
        _ => Err("write a point or a comma".into()),
    }
}

fn comment(text: &str) -> Result<Comment, String> {
    match text.as_bytes() {
        b"none" => Ok(Comment::Nowhere),
        [byte] => Ok(Comment::Everywhere(*byte)),
        _ => Err("write one character, or none".into()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        "space" => Ok(b' '),
        "comma" => Ok(b','),
        "semicolon" => Ok(b';'),
        _ => match text.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err("write one character, or tab, space, comma or semicolon".into()),
        },
    }
}

/// A count of at least one.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("write a whole number of at least 1".into()),
    }
}

/// A number of threads; 0 means as many as the machine runs at once.
pub fn threads() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(0..=MAX_THREADS)
}

/// A finite number of at least 0.
pub fn non_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("write a number that is finite and not negative, such as 1e-3".into()),
    }
}

/// A finite number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("write a finite number of more than 0".into()),
    }
}

/// A duration: seconds, or a number followed by s, m or h.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, seconds) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        _ => (text, 1.0),
    };
    let spent = number.parse::<f64>().ok().filter(|&number| number > 0.0);
    let duration = spent.and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    duration.ok_or_else(|| "write seconds, or a number and s, m or h, such as 90, 5m or 1.5h".into())
}

/// One column, by name or by number.
pub fn column(text: &str) -> Result<Column, String> {
    match text.parse() {
        Ok(Column::Range { .. }) => Err("write one column: its name, or its number from 1".into()),
        Ok(column) => Ok(column),
        Err(error) => Err(gmm_io::Error::to_string(&error)),
    }
}

/// The path of a model. Models are not piped: half a model must not look like a whole one.
pub fn model_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path == Path::new("-") {
        true => Err("a model is kept in a file; write its path"),
        false => Ok(path),
    })
}

/// A path as it appears in messages.
pub fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.display().to_string() }
}

/// Refuses data whose number of features differs from that of a model; the message names a remedy.
pub fn check_features(
    (model, expected): (&Path, usize),
    (data, found): (&Path, usize),
    options: &ReadOptions,
) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let model = format!("{} has {}", model.display(), counted(expected, "feature"));
    let data = shown(data);
    Err(if !options.columns.is_empty() {
        format!("{model} but --columns selects {found} of {data}; select {expected}")
    } else if found > expected {
        let columns = counted(found, "column");
        format!("{model} but {data} has {columns}; choose {expected} of them with --columns")
    } else {
        let columns = counted(found, "column");
        format!("{model} but {data} has {columns}; check that they belong together, and the --delimiter")
    })
}

/// `1, 2 and 3`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `1 column`, `2 columns`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_a_word_or_one_character() {
        for (text, expected) in [("tab", b'\t'), ("\\t", b'\t'), ("\t", b'\t'), (";", b';'), ("space", b' ')]
        {
            assert_eq!(delimiter(text), Ok(expected));
        }
        for text in ["", ";;", "§", "tabs"] {
            assert!(delimiter(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_count_is_at_least_one() {
        assert_eq!(count("7"), Ok(7));
        for text in ["0", "-1", "1.5", "", "99999999999999999999999"] {
            assert!(count(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_span_of_time_has_a_unit_or_is_seconds() {
        for (text, seconds) in [("90", 90.0), ("0.5s", 0.5), ("5m", 300.0), ("1.5h", 5400.0), ("1e-9", 1e-9)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "s", "0", "-1", "nan", "inf", "1e300h", "5 m", "5d", "5µ"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_tolerance_is_finite_and_not_negative() {
        assert_eq!(non_negative("0"), Ok(0.0));
        assert_eq!(non_negative("1e-3"), Ok(1e-3));
        for text in ["-1", "nan", "inf", "1e999", "", "x"] {
            assert!(non_negative(text).is_err(), "{text:?}");
        }
    }
}
