//! The format of a file, detected from its first bytes; its name is ignored.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::npy;

/// Number of first bytes that are examined: enough for the name of the first file of an archive.
pub(crate) const N_BYTES: usize = 64;

/// The name of a safetensors file in messages.
pub(crate) const MODEL: &str = "a model file";

/// Formats that are read or decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Npy,
    Text,
    Gzip,
    Zstd,
}

/// The format of a file that begins with `start`.
///
/// # Errors
///
/// [`Error::OtherFormat`] for a known format that is not read, with a program that reads or converts it;
/// [`Error::CutOff`] for fewer bytes than the beginning of an array.
pub(crate) fn format_of(start: &[u8], path: &Path) -> Result<Format, Error> {
    if start.starts_with(&npy::MAGIC) {
        return Ok(Format::Npy);
    }
    if !start.is_empty() && npy::MAGIC.starts_with(start) {
        return Err(Error::CutOff { path: path.to_owned(), found: start.len() as u64 });
    }
    if start.starts_with(b"\x1f\x8b") {
        return Ok(Format::Gzip);
    }
    let is_skippable = start.len() >= 4 && start[0] & 0xf0 == 0x50 && start[1..4] == *b"\x2a\x4d\x18";
    if start.starts_with(b"\x28\xb5\x2f\xfd") || is_skippable {
        return Ok(Format::Zstd);
    }
    match other(start) {
        Some((what, advice)) => Err(Error::OtherFormat { path: path.to_owned(), what, advice }),
        None => Ok(Format::Text),
    }
}

/// A format that is not read, and advice for converting it.
fn other(start: &[u8]) -> Option<(&'static str, &'static str)> {
    const KNOWN: &[(&[u8], &str, &str)] = &[
        (b"\xfd7zXZ\0", "compressed by xz", "decompress it with xz -dk, or pipe it: xzcat FILE | gmm .. -"),
        (b"\x5d\0\0", "compressed by lzma", "decompress it with xz -dk --format=lzma"),
        (
            b"\x04\x22\x4d\x18",
            "compressed by lz4",
            "decompress it with lz4 -dk, or pipe it: lz4cat FILE | gmm .. -",
        ),
        (
            b"\x1f\x9d",
            "compressed by compress",
            "decompress it with uncompress, or pipe it: zcat FILE | gmm .. -",
        ),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "take the table out with 7z x"),
        (b"ARROW1", "an Arrow file", "convert it, as by pandas.read_feather(FILE).to_csv(..)"),
        (b"Obj\x01", "an Avro file", "convert it to CSV"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "save one of its arrays with numpy.save, as read by h5py"),
        (b"CDF\x01", "a netCDF file", "save one of its arrays with numpy.save, as read by xarray"),
        (b"CDF\x02", "a netCDF file", "save one of its arrays with numpy.save, as read by xarray"),
        (b"CDF\x05", "a netCDF file", "save one of its arrays with numpy.save, as read by xarray"),
        (b"SIMPLE  =", "a FITS file", "save one of its tables as CSV, as read by astropy"),
        (
            b"MATLAB 5.0",
            "a MATLAB file",
            "save an array with numpy.save, as read by scipy.io.loadmat, or write it by writematrix",
        ),
        (
            b"\xd0\xcf\x11\xe0",
            "a workbook of Excel",
            "save the sheet as CSV, or convert it by libreoffice --headless --convert-to csv",
        ),
        (
            b"SQLite format 3",
            "a database of SQLite",
            "write the table as CSV: sqlite3 -csv -header FILE 'select ..'",
        ),
        (b"<stata_dta>", "a file of Stata", "convert it, as by pandas.read_stata(FILE).to_csv(..)"),
        (b"$FL2", "a file of SPSS", "convert it, as by pandas.read_spss(FILE).to_csv(..)"),
        (b"%PDF", "a PDF document", "save the table as CSV"),
        (b"\xff\xfe", "text in UTF-16", "convert it by iconv -f UTF-16 -t UTF-8, or save it as UTF-8"),
        (b"\xfe\xff", "text in UTF-16", "convert it by iconv -f UTF-16 -t UTF-8, or save it as UTF-8"),
    ];
    let known = KNOWN.iter().find(|(magic, ..)| start.starts_with(magic));
    if let Some(&(_, what, advice)) = known {
        return Some((what, advice));
    }
    // These begin with letters, as a line of names may; they are told apart by later bytes that no text has.
    const LETTERS: &[(&[u8], &str, &str)] = &[
        (b"Rar!", "a rar archive", "take the table out with unrar x"),
        (b"PAR1", "a Parquet file", "convert it, as by duckdb -c \"copy 'FILE' to 'FILE.csv'\""),
        (b"FEA1", "a Feather file", "convert it, as by pandas.read_feather(FILE).to_csv(..)"),
        (b"ORC", "an ORC file", "convert it, as by pandas.read_orc(FILE).to_csv(..)"),
    ];
    let is_binary =
        start.iter().take(64).any(|&byte| (byte < b' ' && !byte.is_ascii_whitespace()) || byte >= 0xf8);
    let known = LETTERS.iter().find(|(magic, ..)| is_binary && start.starts_with(magic));
    if let Some(&(_, what, advice)) = known {
        return Some((what, advice));
    }
    if start.starts_with(b"BZh")
        && (is_binary || start.get(4..).is_some_and(|rest| rest.starts_with(b"1AY&SY")))
    {
        return Some((
            "compressed by bzip2",
            "decompress it with bzip2 -dk, or pipe it: bzcat FILE | gmm .. -",
        ));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Some(archive(start));
    }
    // A pickle begins with its protocol, a byte that no text begins with.
    if let [0x80, 2..=5, ..] = start {
        return Some(("a pickle of Python", "save the array in it with numpy.save"));
    }
    // A safetensors file begins with the length of its header, which is JSON.
    if start.len() > 8 && start[8] == b'{' && start[5..8] == [0; 3] {
        return Some((MODEL, "give a table of samples here, and the model where MODEL is expected"));
    }
    None
}

/// The format of the file at `path` in a few words, by its first bytes, as in "CSV or other text"; `None` if the file
/// cannot be read or its format is unknown.
pub fn described(path: &Path) -> Option<&'static str> {
    let mut start = Vec::new();
    // Reading from a pipe would lose its first bytes.
    path.metadata().ok().filter(|metadata| metadata.is_file())?;
    File::open(path).ok()?.take(N_BYTES as u64).read_to_end(&mut start).ok()?;
    match format_of(&start, path) {
        Ok(Format::Npy) => Some("an npy array"),
        Ok(Format::Gzip | Format::Zstd) => Some("a compressed file"),
        Ok(Format::Text) => (!start.is_empty() && !start.contains(&0)).then_some("CSV or other text"),
        Err(Error::OtherFormat { what, .. }) => Some(what),
        Err(_) => None,
    }
}

/// A zip archive, described by the name of its first file.
fn archive(start: &[u8]) -> (&'static str, &'static str) {
    let name = start.get(30..).unwrap_or_default();
    let holds = |part: &[u8]| name.windows(part.len()).any(|window| window == part);
    if holds(b".npy") {
        return ("an npz archive of numpy", "take an array out with unzip FILE NAME.npy, which is read");
    }
    let sheet = "save the sheet as CSV, or convert it by libreoffice --headless --convert-to csv";
    if holds(b"[Content_Types].xml") || holds(b"xl/") || holds(b"_rels/") || holds(b"docProps/") {
        return ("a workbook of Excel", sheet);
    }
    match name.starts_with(b"mimetype") {
        true => ("a spreadsheet", sheet),
        false => ("a zip archive", "take the table out with unzip, or pipe it: unzip -p FILE | gmm .. -"),
    }
}
