//! What reading and writing refuse, where it stands, and what to try.
//!
//! Lines, rows and columns are counted from one, as editors and spreadsheets count them. The path
//! is kept as it was given; `-` is shown as "standard input".

use std::io;
use std::path::{Path, PathBuf};

use crate::place::{Place, counted, listed, quoted, shown};

/// Why samples or a model could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot read {}: {source}", shown(.path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },

    /// A file of a known format that is not read here.
    #[error("{}: {what}; {advice}", shown(.path))]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What reads or converts it.
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
        /// What was asked for.
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
        /// What to do about it.
        advice: String,
    },

    /// NaN, an infinity, or nothing at all.
    #[error(
        "{}: {place} is {}, not a finite number; fill it in, or drop the row",
        shown(.path),
        quoted(.value)
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The value.
        place: Place,
        /// What stands there; empty when nothing does.
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
        /// What to do about it.
        advice: &'static str,
    },

    /// A quote without an end.
    #[error("{}: line {line} opens a quote that is never closed; close it, or remove it", shown(.path))]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// The line of the record.
        line: u64,
    },

    /// A line that is longer than any row.
    #[error(
        "{}: line {line} is longer than the {limit} bytes that a line may have; check that it is text, one row a line",
        shown(.path)
    )]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Bytes that a line may have.
        limit: usize,
    },

    /// A character that cannot begin a comment.
    #[error("comments cannot begin with {:?}; use # or another sign that no number has", char::from(*.sign))]
    BadComment {
        /// What was asked for.
        sign: u8,
    },

    /// Text that does not say which lines.
    #[error(
        "'{text}' are not lines; write how many at the start, or ranges such as 2-2, with commas between them"
    )]
    BadLines {
        /// What was asked for.
        text: String,
    },

    /// Names of the model that the columns do not have.
    #[error(
        "{}: no column is named {}, as in the model; there are {}; select columns by number to take them in another way",
        shown(.path),
        listed(.missing),
        listed(.available)
    )]
    MissingFeatures {
        /// The file.
        path: PathBuf,
        /// Names that the model has and the file has not.
        missing: Vec<String>,
        /// What there is.
        available: Vec<String>,
    },

    /// A whole number that a double cannot hold.
    #[error(
        "{}: {place} is {value}, which a double does not hold exactly; save the array as float64 to round it",
        shown(.path)
    )]
    NotExact {
        /// The file.
        path: PathBuf,
        /// The value.
        place: Place,
        /// What stands there.
        value: String,
    },

    /// An array of which there is hardly a beginning.
    #[error("{}: an npy array that is cut off after {found} bytes; copy or save it again", shown(.path))]
    CutOff {
        /// The file.
        path: PathBuf,
        /// Bytes that there are.
        found: u64,
    },

    /// Text that does not say which columns.
    #[error("'{text}' is not a column; write a name, a number from 1, or a range such as 2-31")]
    BadColumn {
        /// What was asked for.
        text: String,
    },

    /// A name that the header does not have.
    #[error("{}: no column is named '{name}'; there are {}", shown(.path), listed(.available))]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// What there is.
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
        /// What was asked for.
        name: String,
        /// The first column of that name.
        first: usize,
        /// The second.
        second: usize,
    },

    /// A name where nothing is named.
    #[error(
        "{}: columns have no names here, so '{name}' cannot be found; select by number, 1 to \
         {n_columns}",
        shown(.path)
    )]
    NoColumnNames {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// How many columns there are.
        n_columns: usize,
    },

    /// A column number past the last column.
    #[error("{}: there is no column {column}; select from 1 to {n_columns}", shown(.path))]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        column: usize,
        /// How many columns there are.
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
    #[error("{}: the weight of a row stands in one column; select one", shown(.path))]
    ManyWeights {
        /// The file.
        path: PathBuf,
    },

    /// A column that is both.
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

    /// Weights and nothing else.
    #[error("{}: the only column is the weight of a row; add columns of features", shown(.path))]
    OnlyWeights {
        /// The file.
        path: PathBuf,
    },

    /// A weight that is less than nothing.
    #[error(
        "{}: {place} is {value}, but it is the weight of a row and must not be negative; correct it, or \
         make it 0 to leave the row out",
        shown(.path)
    )]
    NegativeWeight {
        /// The file.
        path: PathBuf,
        /// The weight.
        place: Place,
        /// What stands there.
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
        /// How many columns there are.
        n_columns: u64,
        /// How many there may be.
        limit: u64,
    },

    /// Nothing to read.
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
        /// As numpy writes it.
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
        /// How many dimensions it has.
        n_dimensions: usize,
    },

    /// A shape that no memory can hold.
    #[error(
        "{}: the header announces more values than can be addressed; save the array again",
        shown(.path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },

    /// An array that ends before its header says.
    #[error(
        "{}: truncated, with {found} of {expected} bytes; copy or save it again",
        shown(.path)
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, its own included.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },

    /// An array that goes on after its header says it ends.
    #[error(
        "{}: goes on after the {expected} bytes that its header announces; save one array per file",
        shown(.path)
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, its own included.
        expected: u64,
    },

    /// A Fortran-order array from something that can only be read forwards.
    #[error(
        "{}: an array in Fortran order can only be read from a file; give a file, or save \
         numpy.ascontiguousarray of it",
        shown(.path)
    )]
    NotSeekable {
        /// Where it came from.
        path: PathBuf,
    },

    /// Something that can be read only once where it is to be read again and again.
    #[error(
        "{} can be read only once, and a fit that keeps no rows reads them in every iteration; give a file",
        shown(.path)
    )]
    NotRereadable {
        /// Where it came from.
        path: PathBuf,
    },

    /// A file that is another than it was.
    #[error(
        "{}: had {} when it was first read and has {found} now; let nothing write to it meanwhile",
        shown(.path),
        counted(*.expected, .what)
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Rows or features, one of them in a word.
        what: &'static str,
        /// How many it had.
        expected: usize,
        /// How many it has.
        found: usize,
    },

    /// The operating system refused to read a model.
    #[error("cannot read {}: {source}", .path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },

    /// The operating system refused to write.
    #[error("cannot write {}: {source}", .path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },

    /// A file that is not a model, or not one that this version reads.
    #[error("{}: not a model that this version reads: {reason}", .path.display())]
    BadModel {
        /// The file.
        path: PathBuf,
        /// In words.
        reason: String,
    },

    /// A model whose values do not make a mixture.
    #[error("{}: {source}", .path.display())]
    RefusedModel {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: gmm_core::Error,
    },

    /// Text that a model file does not take.
    #[error("the metadata '{}' cannot be kept: {reason}", .key.escape_debug())]
    BadMetadata {
        /// Its key.
        key: String,
        /// In words.
        reason: String,
    },

    /// A mixture whose factors or determinants are not those of its covariances: files hold none such.
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
    /// Whether the operating system refused, rather than the content.
    pub fn is_io(&self) -> bool {
        matches!(self, Error::Io { .. } | Error::Load { .. } | Error::Save { .. })
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Error::Io { path: path.to_owned(), source }
    }
}
