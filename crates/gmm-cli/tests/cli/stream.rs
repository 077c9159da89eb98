//! `gmm score` and `gmm fit --stream` on several blocks: refusals half-way, closed pipes, and bounded memory.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::bench::Bench;

fn bench(contents: &str) -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", contents).model("m", &[1.0], &[0.0], &[1.0]);
    bench
}

#[test]
fn a_value_refused_half_way_says_that_the_output_is_incomplete() {
    let bench = bench(&format!("{}oops\n1\n", "1\n".repeat(9000)));
    let refused = bench.run("score m data.csv");
    assert_eq!(refused.code, 3);
    assert_eq!(
        refused.stderr,
        "gmm: data.csv: line 9001, column 1 is 'oops', not a number; correct it, or select other columns; \
         the output is incomplete and ends after row 8192\n"
    );
    assert_eq!(refused.stdout.lines().count(), 1 + 8192);
    assert!(refused.stdout.ends_with('\n'));
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    // Far more than a pipe holds, so that the program must notice.
    let bench = bench(&"1.25\n".repeat(200_000));
    let mut child = bench.command("score m data.csv").spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "energy\n");
    drop(reader);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

#[test]
fn one_program_pipes_into_the_other() {
    let bench = bench("0\n0.5\n1\n");
    let mut first = bench.command("score m data.csv").spawn().unwrap();
    let second = bench
        .command("score m - --columns energy --no-header")
        .stdin(Stdio::from(first.stdout.take().unwrap()))
        .output()
        .unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(second.status.code(), Some(0));
    assert_eq!(String::from_utf8(second.stdout).unwrap().lines().count(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_from_a_reader_that_left() {
    let bench = bench("1\n");
    for args in ["score m data.csv", "show m"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = bench.command(args).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(5));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "gmm: cannot write standard output: No space left on device (os error 28)\n"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn scoring_a_file_larger_than_its_memory_works() {
    let bench = Bench::new();
    let identity: Vec<f64> = (0..64).map(|at| f64::from(at % 9 == 0)).collect();
    bench.model("m", &[1.0], &[0.0; 8], &identity);
    // 128 MB of samples with 64 MiB of address space, program and libraries included.
    let n_rows = 2_000_000;
    super::bench::sparse_npy(&bench.path("data.npy"), n_rows, 8);
    let command = format!(
        "ulimit -v 65536; exec {} score m data.npy --threads 1 --responsibilities > /dev/null",
        env!("CARGO_BIN_EXE_gmm")
    );
    let output =
        std::process::Command::new("sh").args(["-c", &command]).current_dir(bench.path("")).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    // Four times ln 2π.
    assert_eq!(told, format!("{n_rows} rows scored, mean energy 7.35151 nats\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_larger_than_memory_is_fitted() {
    let bench = Bench::new();
    // 256 MB of samples with 128 MiB of address space, program and libraries included.
    super::bench::sparse_npy(&bench.path("data.npy"), 4_000_000, 8);
    let fit = |how: &str| {
        let command = format!(
            "ulimit -v 131072; exec {} fit data.npy -k 1 -o m --max-iter 2 --threads 1 {how}",
            env!("CARGO_BIN_EXE_gmm")
        );
        let mut shell = std::process::Command::new("sh");
        super::bench::Outcome::of(shell.args(["-c", &command]).current_dir(bench.path("")).output().unwrap())
    };
    assert_ne!(fit("").code, 0);
    let streamed = fit("--stream");
    assert!(streamed.stderr.contains("4000000 rows x 8 features from data.npy"), "{}", streamed.stderr);
    streamed.done();
    assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap().means(), [0.0; 8]);
}

#[test]
fn a_stream_that_cannot_be_fitted_is_refused() {
    let bench = bench(&format!("{}oops\n1\n", "1\n".repeat(9000)));
    let message =
        "data.csv: line 9001, column 1 is 'oops', not a number; correct it, or select other columns";
    bench.run("fit data.csv -k 1 -o new --stream").refused(3, message);
    bench.run("fit - -k 1 -o new --stream").refused(
        3,
        "standard input can be read only once, and a streamed fit reads its rows in every iteration; give a file",
    );
    bench.write("few.csv", "1\n2\n").write("none.csv", "x\n");
    bench
        .run("fit few.csv -k 3 -o new --stream")
        .refused(4, "few.csv: 2 samples cannot support 3 components; use at most 2");
    bench
        .run("fit none.csv -k 1 -o new --stream")
        .refused(3, "none.csv: there are no rows; check that it is the file you meant");
    assert_eq!(bench.names(), ["data.csv", "few.csv", "m", "none.csv"]);
}

#[test]
fn a_streamed_fit_tells_what_one_in_memory_tells() {
    let bench = Bench::new();
    bench.write("data.csv", super::bench::csv("x,y", &super::bench::two_groups()));
    let held = bench.run("fit data.csv -k 2 -o held").stderr;
    let streamed = bench.run("fit data.csv -k 2 -o streamed --stream").stderr;
    assert_eq!(streamed.replace("streamed", "held"), held);
}
