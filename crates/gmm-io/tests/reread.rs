//! A file as the source of a streamed fit: every pass gives the same rows as memory would hold.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use gmm_core::{FitOptions, Samples, Source, Threads, fit, fit_stream};
use gmm_io::{Column, ReadOptions, Reread, open, read_all, write_npy_header, write_npy_values};

/// A file that is removed when this value is dropped.
struct Saved(tempfile::TempDir);

impl Saved {
    fn new(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let saved = Saved(tempfile::tempdir().unwrap());
        fs::write(saved.0.path().join(name), bytes).unwrap();
        saved
    }

    fn reread(&self, name: &str, options: &ReadOptions) -> Result<Reread, String> {
        Reread::open(&self.0.path().join(name), options).map_err(|error| self.bare(&error))
    }

    /// A message as it would be in the directory of the file.
    fn bare(&self, error: &gmm_io::Error) -> String {
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// All rows of one pass, read in blocks of `max_rows`.
fn pass(source: &mut Reread, max_rows: usize) -> Result<(Vec<f64>, Vec<f64>), gmm_io::Error> {
    let (mut rows, mut weights) = (Vec::new(), Vec::new());
    source.rewind()?;
    loop {
        let before = rows.len();
        let n = source.read(max_rows, &mut rows, &mut weights)?;
        assert_eq!(rows.len() - before, n * source.n_features());
        if n == 0 {
            return Ok((rows, weights));
        }
    }
}

fn weighed(column: &str) -> ReadOptions {
    ReadOptions { weights: Some(column.parse().unwrap()), ..ReadOptions::default() }
}

fn values(n_rows: usize) -> Vec<f64> {
    (0..n_rows * 3).map(|at| ((at * 7919) % 1013) as f64 / 8.0 - 50.0).collect()
}

fn text(values: &[f64]) -> String {
    let lines = values.chunks_exact(3).map(|row| format!("{},{},{}\n", row[0], row[1], row[2].abs()));
    "a,b,w\n".to_owned() + &lines.collect::<String>()
}

fn npy(values: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_npy_header(values.len() / 3, 3, &mut bytes).unwrap();
    write_npy_values(values, &mut bytes).unwrap();
    bytes
}

#[test]
fn every_pass_has_the_rows_and_weights_that_memory_would_hold() {
    let mut values = values(100);
    values.iter_mut().skip(2).step_by(3).for_each(|weight| *weight = weight.abs());
    for (name, bytes) in [("t.csv", text(&values).into_bytes()), ("t.npy", npy(&values))] {
        let saved = Saved::new(name, bytes);
        for options in [
            ReadOptions::default(),
            weighed("3"),
            ReadOptions { columns: Column::parse_list("2").unwrap(), ..weighed("1-1") },
        ] {
            // The first column has negative numbers, so it cannot be the weights.
            let opened = open(&saved.0.path().join(name), &options).and_then(|mut file| read_all(&mut *file));
            let mut source = saved.reread(name, &options).unwrap();
            let Ok(table) = opened else {
                assert!(pass(&mut source, 7).is_err());
                continue;
            };
            assert_eq!(source.n_rows(), None);
            for max_rows in [1, 7, 100, usize::MAX] {
                let (rows, weights) = pass(&mut source, max_rows).unwrap();
                assert_eq!(rows, table.values, "{name} {options:?}");
                assert_eq!(weights, table.weights.clone().unwrap_or_default(), "{name} {options:?}");
            }
            assert_eq!((source.n_rows(), source.n_features()), (Some(100), table.n_features));
            assert_eq!(source.names().map(<[String]>::to_vec), table.names);
        }
    }
}

#[test]
fn a_pass_that_was_left_begins_again() {
    let values = values(10);
    let saved = Saved::new("t.npy", npy(&values));
    let mut source = saved.reread("t.npy", &ReadOptions::default()).unwrap();
    let mut rows = Vec::new();
    source.rewind().unwrap();
    source.read(4, &mut rows, &mut Vec::new()).unwrap();
    assert_eq!(rows, values[..12]);
    assert_eq!(pass(&mut source, 4).unwrap().0, values);
}

#[test]
fn what_stands_wrong_in_a_later_row_is_refused_with_its_line() {
    for (contents, options, message) in [
        (
            "1,2\n3\n",
            ReadOptions::default(),
            "t.csv: line 2 has 1 field, but the first record has 2 fields; check the delimiter and the quotes",
        ),
        (
            "x,y\n1,2\n3,nan\n",
            ReadOptions::default(),
            "t.csv: line 3, column 2 ('y') is 'nan', not a finite number; fill it in, or drop the row",
        ),
        (
            "x,w\n1,2\n3,-0.5\n",
            weighed("w"),
            "t.csv: line 3, column 2 ('w') is -0.5, but it is the weight of a row and must not be negative; \
             correct it, or make it 0 to leave the row out",
        ),
        (
            "x,w\n1,2\n3,inf\n",
            weighed("w"),
            "t.csv: line 3, column 2 ('w') is 'inf', not a finite number; fill it in, or drop the row",
        ),
        ("x,y\n", ReadOptions::default(), "t.csv: there are no rows; check that it is the file you meant"),
    ] {
        let saved = Saved::new("t.csv", contents);
        let mut source = saved.reread("t.csv", &options).unwrap();
        assert_eq!(pass(&mut source, 1).map_err(|error| saved.bare(&error)).unwrap_err(), message);
    }
    let mut values = values(4);
    values[10] = f64::NAN;
    let saved = Saved::new("t.npy", npy(&values));
    let mut source = saved.reread("t.npy", &ReadOptions::default()).unwrap();
    assert_eq!(
        pass(&mut source, 2).map_err(|error| saved.bare(&error)).unwrap_err(),
        "t.npy: row 4, column 2 is 'nan', not a finite number; fill it in, or drop the row"
    );
    values[10] = 1.0;
    let saved = Saved::new("t.npy", npy(&values));
    let mut source = saved.reread("t.npy", &weighed("2")).unwrap();
    let refused = pass(&mut source, 2).map_err(|error| saved.bare(&error)).unwrap_err();
    assert!(refused.starts_with("t.npy: row 2, column 2 is -15.875, "), "{refused}");
}

#[test]
fn what_ends_early_is_refused() {
    let bytes = npy(&values(4));
    let saved = Saved::new("t.npy", &bytes[..bytes.len() - 1]);
    let expected = bytes.len();
    assert_eq!(
        saved.reread("t.npy", &ReadOptions::default()).map(drop).unwrap_err(),
        format!("t.npy: truncated, with {} of {expected} bytes; copy or save it again", expected - 1)
    );
}

#[test]
fn what_can_be_read_only_once_is_refused() {
    let refusal =
        |path| Reread::open(Path::new(path), &ReadOptions::default()).map(drop).unwrap_err().to_string();
    let why = "can be read only once, and a streamed fit reads its rows in every iteration; give a file";
    assert_eq!(refusal("-"), format!("standard input {why}"));
    assert_eq!(refusal("/"), format!("/ {why}"));
    assert!(refusal("nowhere.csv").starts_with("cannot read nowhere.csv: "));
}

#[test]
fn a_file_that_changes_between_passes_is_refused() {
    for (later, message) in [
        ("1,2\n", "t.csv: had 2 rows when it was first read and has 1 now; do not change it during the fit"),
        (
            "1\n2\n",
            "t.csv: had 2 features when it was first read and has 1 now; do not change it during the fit",
        ),
    ] {
        let saved = Saved::new("t.csv", "1,2\n3,4\n");
        let mut source = saved.reread("t.csv", &ReadOptions::default()).unwrap();
        pass(&mut source, 9).unwrap();
        fs::write(saved.0.path().join("t.csv"), later).unwrap();
        assert_eq!(pass(&mut source, 9).map_err(|error| saved.bare(&error)).unwrap_err(), message);
    }
}

/// All rows are one block, so that sums are formed in the same order.
#[test]
fn a_fit_over_a_file_is_the_fit_of_its_rows() {
    let values = values(300);
    let saved = Saved::new("t.npy", npy(&values));
    let mut source = saved.reread("t.npy", &ReadOptions::default()).unwrap();
    let (options, threads) = (FitOptions::new(3), Threads::one());
    let streamed = fit_stream(&mut source, &options, &threads, &mut |_| ControlFlow::Continue(())).unwrap();
    let held = fit(&Samples::from_rows(&values, 300, 3).unwrap(), &options, &threads).unwrap();
    assert_eq!(streamed, held);
}

#[test]
fn an_array_that_was_written_is_read() {
    let bytes = npy(&values(2));
    // numpy pads its headers to a multiple of 64 bytes and ends them with a line end.
    assert_eq!(bytes.len() % 64, 48);
    assert!(String::from_utf8_lossy(&bytes[..127]).contains("'descr': '<f8', 'fortran_order': False"));
    assert_eq!(bytes[bytes.len() - 49], b'\n');
}
