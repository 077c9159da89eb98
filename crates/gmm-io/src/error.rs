//! Errors of reading and writing: what is refused, its position, and a remedy.
//!
//! Lines, rows and columns are counted from one, as editors and spreadsheets count them. The path is kept as the
//! caller gave it; `-` is shown as "standard input".

use std::io;
use std::path::{Path, PathBuf};

use crate::place::{Place, counted, listed, quoted, shown};

/// Why samples or a model could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read.
    #[error("cannot read {}: {source}", shown(.path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// A file of a known format that this crate does not read.
    #[error("{}: {what}; {advice}", shown(.path))]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// The format.
        what: &'static str,
        /// How to read or convert it.
        advice: &'static str,
    },

    /// Neither text nor an array.
    #[error(
        "{}: neither text nor an npy array; save it with numpy.save or as UTF-8 text",
        shown(.path)
    )]
    NotText {
        /// The file.
        path: PathBuf,
    },

    /// A byte that cannot separate numbers.
    #[error(
        "the delimiter cannot be {:?}, which may be part of a number; use a comma, a semicolon, a tab or a space",
        char::from(*.delimiter)
    )]
    BadDelimiter {
        /// The invalid delimiter.
        delimiter: u8,
    },

    /// A field that is not a number.
    #[error("{}: {place} is {}, not a number; {advice}", shown(.path), quoted(.value))]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The field.
        place: Place,
        /// Its text, shortened.
        value: String,
        /// A remedy.
        advice: String,
    },

    /// NaN, an infinity, or an empty field.
    #[error(
        "{}: {place} is {}, not a finite number; fill it in, or drop the row",
        shown(.path),
        quoted(.value)
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The position of the value.
        place: Place,
        /// The text of the value; empty for an empty field.
        value: String,
    },

    /// A line with too few or too many fields.
    #[error(
        "{}: line {line} has {}, but the first record has {}; {advice}",
        shown(.path),
        counted(*.found, "field"),
        counted(*.expected, "field")
    )]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Fields of the first record.
        expected: usize,
        /// Fields of this one.
        found: usize,
        /// A remedy.
        advice: &'static str,
    },

    /// A quote that is not closed.
    #[error("{}: line {line} opens a quote that is never closed; close it, or remove it", shown(.path))]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// The line of the record.
        line: u64,
    },

    /// A line that is longer than any row can be.
    #[error(
        "{}: line {line} is longer than the {limit} bytes that a line may have; check that it is text, one row a line",
        shown(.path)
    )]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Largest number of bytes of a line.
        limit: usize,
    },

    /// A character that cannot begin a comment.
    #[error("comments cannot begin with {:?}; use # or another sign that no number has", char::from(*.sign))]
    BadComment {
        /// The invalid character.
        sign: u8,
    },

    /// A text that is not a list of lines.
    #[error(
        "'{text}' is not a list of lines; write a number of lines at the start, or ranges such as 2-2, separated by \
         commas"
    )]
    BadLines {
        /// The invalid text.
        text: String,
    },

    /// Names of the model's features that no column has.
    #[error(
        "{}: no column is named {}, as the model expects; there are {}; select columns by number to ignore the names",
        shown(.path),
        listed(.missing),
        listed(.available)
    )]
    MissingFeatures {
        /// The file.
        path: PathBuf,
        /// Names that the model has and the file does not.
        missing: Vec<String>,
        /// Names of the file's columns.
        available: Vec<String>,
    },

    /// A whole number that a double cannot represent.
    #[error(
        "{}: {place} is {value}, which a double does not hold exactly; save the array as float64 to round it",
        shown(.path)
    )]
    NotExact {
        /// The file.
        path: PathBuf,
        /// The position of the value.
        place: Place,
        /// The value as text.
        value: String,
    },

    /// An array that is cut off near its beginning.
    #[error("{}: an npy array that is cut off after {found} bytes; copy or save it again", shown(.path))]
    CutOff {
        /// The file.
        path: PathBuf,
        /// Length of the file in bytes.
        found: u64,
    },

    /// A text that is not a list of columns.
    #[error("'{text}' is not a column; write a name, a number from 1, or a range such as 2-31")]
    BadColumn {
        /// The invalid text.
        text: String,
    },

    /// A name that the header does not have.
    #[error("{}: no column is named '{name}'; there are {}", shown(.path), listed(.available))]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The requested name.
        name: String,
        /// Names of the file's columns.
        available: Vec<String>,
    },

    /// A name that the header has more than once.
    #[error(
        "{}: columns {first} and {second} are both named '{name}'; select by number",
        shown(.path)
    )]
    AmbiguousColumn {
        /// The file.
        path: PathBuf,
        /// The requested name.
        name: String,
        /// The first column of that name.
        first: usize,
        /// The second.
        second: usize,
    },

    /// A column selected by name, where columns have no names.
    #[error(
        "{}: columns have no names here, so '{name}' cannot be found; select by number, 1 to \
         {n_columns}",
        shown(.path)
    )]
    NoColumnNames {
        /// The file.
        path: PathBuf,
        /// The requested name.
        name: String,
        /// Number of columns.
        n_columns: usize,
    },

    /// A column number past the last column.
    #[error("{}: there is no column {column}; select from 1 to {n_columns}", shown(.path))]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The requested column.
        column: usize,
        /// Number of columns.
        n_columns: usize,
    },

    /// A column that is selected more than once.
    #[error("{}: column {column} is selected twice; select each column once", shown(.path))]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: usize,
    },

    /// Weights from more than one column.
    #[error("{}: the weights of rows come from one column; select one", shown(.path))]
    ManyWeights {
        /// The file.
        path: PathBuf,
    },

    /// A column that is selected both as weights and as a feature.
    #[error(
        "{}: column {column} is the weight of a row and cannot be a feature too; leave it out of the columns",
        shown(.path)
    )]
    WeightIsFeature {
        /// The file.
        path: PathBuf,
        /// The column.
        column: usize,
    },

    /// A file with a column of weights and no other column.
    #[error("{}: the only column is the weight of a row; add columns of features", shown(.path))]
    OnlyWeights {
        /// The file.
        path: PathBuf,
    },

    /// A negative weight.
    #[error(
        "{}: {place} is {value}, but it is the weight of a row and must not be negative; correct it, or \
         make it 0 to leave the row out",
        shown(.path)
    )]
    NegativeWeight {
        /// The file.
        path: PathBuf,
        /// The position of the weight.
        place: Place,
        /// Its value.
        value: f64,
    },

    /// An array without columns.
    #[error("{}: the array has no columns; save an array of rows x features", shown(.path))]
    NoColumns {
        /// The file.
        path: PathBuf,
    },

    /// More columns than a row may have.
    #[error(
        "{}: {n_columns} columns are more than the {limit} that are read; save rows x features, \
         not features x rows",
        shown(.path)
    )]
    TooManyColumns {
        /// The file.
        path: PathBuf,
        /// Number of columns.
        n_columns: u64,
        /// Largest number of columns.
        limit: u64,
    },

    /// A file without rows.
    #[error("{}: there are no rows; check that it is the file you meant", shown(.path))]
    NoRows {
        /// The file.
        path: PathBuf,
    },

    /// An npy header that cannot be understood.
    #[error("{}: damaged npy header ({reason}); save the array again", shown(.path))]
    BadNpyHeader {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// An array of something other than real numbers of at most 8 bytes.
    #[error("{}: values are of dtype {dtype}; save them as float64, as by astype('f8')", shown(.path))]
    UnsupportedDtype {
        /// The file.
        path: PathBuf,
        /// The dtype as numpy writes it.
        dtype: String,
    },

    /// An array that is neither a matrix nor a single column.
    #[error(
        "{}: the array has {}; save an array of rows x features",
        shown(.path),
        counted(*.n_dimensions, "dimension")
    )]
    WrongDimensions {
        /// The file.
        path: PathBuf,
        /// Number of dimensions.
        n_dimensions: usize,
    },

    /// A shape that exceeds the address space.
    #[error(
        "{}: the header announces more values than can be addressed; save the array again",
        shown(.path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },

    /// An array that is shorter than its header announces.
    #[error(
        "{}: truncated, with {found} of {expected} bytes; copy or save it again",
        shown(.path)
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, including the header.
        expected: u64,
        /// Length of the file in bytes.
        found: u64,
    },

    /// An array that is longer than its header announces.
    #[error(
        "{}: goes on after the {expected} bytes that its header announces; save one array per file",
        shown(.path)
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, including the header.
        expected: u64,
    },

    /// A Fortran-order array from a stream, which can only be read forwards.
    #[error(
        "{}: an array in Fortran order can only be read from a file; give a file, or save \
         numpy.ascontiguousarray of it",
        shown(.path)
    )]
    NotSeekable {
        /// Where it came from.
        path: PathBuf,
    },

    /// A stream that can be read only once, where several passes are needed.
    #[error(
        "{} can be read only once, and a streamed fit reads its rows in every iteration; give a file",
        shown(.path)
    )]
    NotRereadable {
        /// Where it came from.
        path: PathBuf,
    },

    /// A file that changed between two passes.
    #[error(
        "{}: had {} when it was first read and has {found} now; do not change it during the fit",
        shown(.path),
        counted(*.expected, .what)
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The noun: row or feature.
        what: &'static str,
        /// The number in the first pass.
        expected: usize,
        /// The number now.
        found: usize,
    },

    /// The operating system refused to read a model.
    #[error("cannot read {}: {source}", .path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// The operating system refused to write.
    #[error("cannot write {}: {source}", .path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// A file that is not a model, or has a version that this crate does not read.
    #[error("{}: not a model that this version reads: {reason}", .path.display())]
    BadModel {
        /// The file.
        path: PathBuf,
        /// The reason, in words.
        reason: String,
    },

    /// A model whose values are not a valid mixture.
    #[error("{}: {source}", .path.display())]
    RefusedModel {
        /// The file.
        path: PathBuf,
        /// The error of the mixture.
        source: gmm_core::Error,
    },

    /// Metadata that a model file cannot store.
    #[error("the metadata '{}' cannot be stored: {reason}", .key.escape_debug())]
    BadMetadata {
        /// The key.
        key: String,
        /// The reason, in words.
        reason: String,
    },

    /// A mixture whose factors or determinants are not those of its covariances; model files cannot store such a
    /// mixture.
    #[error(
        "cannot store this mixture in {}: its factors or log-determinants are not those of its covariances; \
         make it with Mixture::new first",
        .path.display()
    )]
    Unstorable {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// Whether the operating system refused, rather than this crate because of the content.
    pub fn is_io(&self) -> bool {
        matches!(self, Error::Io { .. } | Error::Load { .. } | Error::Save { .. })
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Error::Io { path: path.to_owned(), source }
    }
}
