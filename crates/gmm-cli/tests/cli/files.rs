//! Input and output files: names are kept, no row is lost, compressed files are read, unwritable outputs are refused.

use std::fs;

use super::bench::{Bench, csv, two_groups};
use gmm_io::Model;

/// "x,y", "1,2", "3,4", compressed by gzip.
const GZIP: [u8; 32] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0xd0, 0xa9, 0xe4, 0x32, 0xd4, 0x31,
    0xe2, 0x32, 0xd6, 0x31, 0xe1, 0x02, 0x00, 0x97, 0x44, 0x29, 0x80, 0x0c, 0x00, 0x00, 0x00,
];

/// The same text as an uncompressed frame of zstd.
const ZSTD: [u8; 21] = [
    0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x0c, 0x61, 0x00, 0x00, b'x', b',', b'y', b'\n', b'1', b',', b'2', b'\n',
    b'3', b',', b'4', b'\n',
];

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

#[test]
fn a_model_keeps_the_names_of_its_columns_and_finds_them_in_new_data() {
    let bench = bench();
    bench.run("fit data.csv -k 2 -o m -q").done();
    let names = Model::load(&bench.path("m")).unwrap().feature_names;
    assert_eq!(names, Some(vec!["x".to_owned(), "y".to_owned()]));
    let swapped: String = two_groups().iter().map(|[x, y]| format!("{y},7,{x}\n")).collect();
    bench.write("swapped.csv", format!("y,id,x\n{swapped}")).write("other.csv", csv("x,z", &two_groups()));
    let (plain, found) = (bench.run("score m data.csv"), bench.run("score m swapped.csv"));
    assert_eq!(found.stdout, plain.stdout);
    assert!(
        found.stderr.ends_with(
            "  names from line 1: 'y', 'id', 'x'\n  columns that the model does not have were left out: 'id'\n  columns \
             were put in the order of the model: 'x', 'y'\n"
        ),
        "{}",
        found.stderr
    );
    let missing = "other.csv: no column is named 'y', as the model expects; there are 'x', 'z'; select columns by \
                   number to ignore the names";
    bench.run("score m other.csv").refused(3, missing);
    bench.run("detect other.csv -m m --percentile 99").refused(3, missing);
    bench.run("fit other.csv --start m -o n").refused(3, missing);
    // A continued fit uses the same columns, in memory and as a stream.
    bench.run("fit data.csv --start m -o on -q").done();
    for stream in ["", "--stream"] {
        bench.run(&format!("fit swapped.csv --start m -o again -q {stream}")).done();
        assert_eq!(Model::load(&bench.path("again")).unwrap(), Model::load(&bench.path("on")).unwrap());
    }
    assert!(bench.run("show m").done().contains("\n  x "));
    assert!(bench.run("show m --json").done().contains("\"feature_names\": [\"x\", \"y\"],"));
    assert!(bench.run("sample m -n 1").done().starts_with("x,y\n"));
}

#[test]
fn every_row_is_scored_or_refused() {
    let bench = bench();
    bench.model("m", &[1.0], &[0.0], &[1.0]);
    bench.write("ids.csv", "id;x\n11;1\n#NV;50\n13;3\n14;2\n15;1\n");
    let scored = bench.run("score m ids.csv --columns x");
    assert!(scored.stderr.starts_with("5 rows scored"), "{}", scored.stderr);
    assert_eq!(scored.stdout.lines().count(), 6);
    bench.write("gaps.csv", "1.5\n2.5\n\n0.5\n");
    bench
        .run("score m gaps.csv")
        .refused(3, "gaps.csv: line 3, column 1 is empty, not a finite number; fill it in, or drop the row");
    bench.write("notes.csv", "% by hand\nx;y\n1,5;2\n% half\n\n2,5;3\n");
    let asked = "notes.csv --columns x --decimal , --comment %";
    let told = bench.run(&format!("score m {asked}"));
    assert!(told.stderr.ends_with("  skipped 2 comments, 1 blank line\n"), "{}", told.stderr);
    let fitted = bench.run(&format!("fit {asked} -k 1 -o n"));
    assert!(
        fitted.stderr.contains("\n                  skipped 2 comments, 1 blank line\n"),
        "{}",
        fitted.stderr
    );
    let streamed = bench.run(&format!("fit {asked} -k 1 -o n --stream"));
    assert_eq!(streamed.stderr, fitted.stderr);
}

#[test]
fn columns_are_named_by_years() {
    let bench = bench();
    bench.write("gdp.csv", "country,1990,1991\nA,1.1,1.2\nB,3,4\nC,2,1\n");
    for (columns, n) in [("2-", 2), ("1990,1991", 2), ("1991", 1)] {
        let told = bench.run(&format!("fit gdp.csv -k 1 -o m --columns {columns}"));
        assert!(told.stderr.contains(&format!("read            3 rows x {n} feature")), "{}", told.stderr);
        assert!(told.stderr.contains("names from line 1: 'country', '1990', '1991'"), "{}", told.stderr);
    }
}

#[test]
fn compressed_data_are_read_by_what_they_hold() {
    let bench = bench();
    bench.model("m", &[1.0], &[0.0, 0.0], &[1.0, 0.0, 0.0, 1.0]);
    bench.write("plain.csv", "x,y\n1,2\n3,4\n").write("any.csv", GZIP).write("other", ZSTD);
    let plain = bench.run("score m plain.csv").done();
    for name in ["any.csv", "other"] {
        assert_eq!(bench.run(&format!("score m {name}")).done(), plain);
        bench.run(&format!("fit {name} -k 1 -o n -q --stream")).done();
        let piped =
            bench.command("score m -").stdin(fs::File::open(bench.path(name)).unwrap()).output().unwrap();
        assert_eq!(String::from_utf8(piped.stdout).unwrap(), plain);
    }
    bench.write("cut.gz", &GZIP[..GZIP.len() - 3]).write("table.xz", b"\xfd7zXZ\0\0\x04");
    bench
        .run("score m cut.gz")
        .refused(3, "cannot read cut.gz: the gzip data end too early; copy or compress the file again");
    bench.run("fit table.xz -k 1 -o n").refused(
        3,
        "table.xz: compressed by xz; decompress it with xz -dk, or pipe it: xzcat FILE | gmm .. -",
    );
}

#[test]
fn arguments_that_were_swapped_are_named() {
    let bench = bench();
    bench.run("fit data.csv -k 1 -o m -q").done();
    bench.run("score data.csv m").refused(
        3,
        "data.csv is CSV or other text, and m a model; did you swap them? write gmm score m data.csv",
    );
    bench
        .run("show data.csv")
        .refused(3, "data.csv: not a model that this version reads: it is CSV or other text");
    bench
        .run("fit m -k 1 -o n")
        .refused(3, "m: a model file; give a table of samples here, and the model where MODEL is expected");
}

#[test]
fn a_line_longer_than_any_row_is_refused_and_does_not_end_in_an_abort() {
    let bench = bench();
    let command = format!(
        "ulimit -v 3000000; head -c 1100000000 /dev/zero | tr '\\0' 1 | exec {} fit - -k 1 -o m",
        env!("CARGO_BIN_EXE_gmm")
    );
    let mut shell = std::process::Command::new("sh");
    super::bench::Outcome::of(shell.args(["-c", &command]).current_dir(bench.path("")).output().unwrap()).refused(
        3,
        "standard input: line 1 is longer than the 268435456 bytes that a line may have; check that it is text, one row a \
         line",
    );
}

#[test]
fn covariances_beyond_the_memory_are_refused_before_they_are_asked_for() {
    let bench = Bench::new();
    let row =
        |d: usize, seed: usize| -> String { (0..d).map(|at| (at * seed % 10).to_string() + ",").collect() };
    // A covariance takes 8 x 10^12 bytes, or 8 x 10^10.
    for (name, n, d) in [("wide.csv", 2, 1_000_000), ("less.csv", 3, 100_000)] {
        let rows: String = (1..=n).map(|seed| row(d, seed).trim_end_matches(',').to_owned() + "\n").collect();
        bench.write(name, rows);
        let square = d * d;
        for (args, advice) in [
            (format!("fit {name} -k 1 -o m"), "use --covariance diag, or fewer --columns\n"),
            (format!("select {name} -k 1"), "use --covariance diag, or fewer --columns\n"),
            (format!("detect {name} -k 1 --percentile 9"), "use fewer --columns, or the model of gmm fit"),
        ] {
            let refused = bench.run(&args);
            assert_eq!((refused.code, refused.stdout.as_str()), (4, ""), "{args}: {}", refused.stderr);
            let numbers = format!(
                "gmm: {name}: full covariances of 1 component in {d} features are K D^2 = {square} numbers"
            );
            assert!(
                refused.stderr.starts_with(&numbers) && refused.stderr.contains(advice),
                "{}",
                refused.stderr
            );
        }
        assert_eq!(bench.run(&format!("detect {name}")).code, 4);
    }
    bench.run("fit less.csv -k 1 -o m --covariance diag -q").done();
    assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap().n_features(), 100_000);
}

#[cfg(target_os = "linux")]
mod outputs {
    use super::*;
    use crate::cli::bench::Outcome;

    /// Runs a line of a shell in which GMM is the program.
    fn shell(bench: &Bench, line: &str) -> Outcome {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).env("GMM", env!("CARGO_BIN_EXE_gmm")).current_dir(bench.path(""));
        Outcome::of(shell.output().unwrap())
    }

    #[test]
    fn output_that_goes_nowhere_is_a_failure_of_every_command() {
        let bench = bench();
        bench.run("fit data.csv -k 1 -o m -q").done();
        for args in [
            "score m data.csv",
            "select data.csv -k 1",
            "show m",
            "sample m -n 3",
            "detect data.csv",
            "--version",
            "--help",
            "fit --help",
            "help score",
        ] {
            let closed = shell(&bench, &format!("$GMM {args} >&-"));
            let message = "gmm: cannot write standard output: it is closed; redirect it to a file, or to /dev/null by >\n";
            assert_eq!((closed.code, closed.stderr.as_str()), (5, message), "{args}");
            let full = shell(&bench, &format!("$GMM {args} > /dev/full"));
            assert_eq!(full.code, 5, "{args}");
            assert!(
                full.stderr.contains("cannot write standard output: No space left on device"),
                "{}",
                full.stderr
            );
            assert_eq!(shell(&bench, &format!("$GMM {args} > /dev/null")).code, 0, "{args}");
        }
        // A fit writes a file and nothing to standard output.
        assert_eq!(shell(&bench, "$GMM fit data.csv -k 1 -o m -q >&-").code, 0);
    }

    #[test]
    fn a_link_to_nothing_makes_what_it_names() {
        let bench = bench();
        std::os::unix::fs::symlink("target", bench.path("link")).unwrap();
        std::os::unix::fs::symlink("nowhere/target", bench.path("lost")).unwrap();
        bench.run("fit data.csv -k 1 -o link -q").done();
        assert_eq!(bench.names(), ["data.csv", "link", "lost", "target"]);
        assert!(fs::symlink_metadata(bench.path("link")).unwrap().is_symlink());
        bench
            .run("fit data.csv -k 1 -o lost")
            .refused(5, "cannot write lost: there is no directory nowhere; create it first");
    }

    /// Runs only where this process may mount files.
    #[test]
    fn a_mount_point_is_written_in_place() {
        let bench = bench();
        bench.write("out", "earlier").write("mounted", "");
        let line = "mount --bind mounted out 2>/dev/null || exit 77; $GMM fit data.csv -k 1 -o out -q && cat out > copy";
        let outcome = shell(&bench, &format!("unshare -m sh -c '{line}' 2>/dev/null || exit $?"));
        // 1: such a namespace is not available.
        if outcome.code == 77 || outcome.code == 1 {
            return;
        }
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        assert_eq!(gmm_io::load_model(&bench.path("mounted")).unwrap().n_components(), 1);
        assert_eq!(bench.names(), ["copy", "data.csv", "mounted", "out"]);
    }

    #[test]
    fn a_working_directory_that_is_gone_is_named() {
        let bench = bench();
        fs::create_dir(bench.path("gone")).unwrap();
        let gone = "the working directory is gone, change to one that exists\n";
        for args in ["fit data.csv -k 1 -o m", "score m data.csv", "show m"] {
            let outcome = shell(&bench, &format!("mkdir -p gone; cd gone; rmdir ../gone; exec $GMM {args}"));
            assert!(matches!(outcome.code, 3 | 5) && outcome.stderr.ends_with(gone), "{}", outcome.stderr);
        }
    }
}
