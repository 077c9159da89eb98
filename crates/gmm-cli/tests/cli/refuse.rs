//! Refusals: their exit codes and messages.

use super::bench::{Bench, csv, two_groups};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench.model("model", &[1.0], &[0.0, 0.0], &[1.0, 0.0, 0.0, 1.0]);
    bench
}

#[test]
fn a_missing_file_is_named() {
    let bench = bench();
    let why = std::io::Error::from_raw_os_error(2);
    let missing = |name: &str| format!("cannot read {name}: {why}");
    bench.run("fit nowhere.csv -k 2 -o m").refused(3, &missing("nowhere.csv"));
    bench.run("score model nowhere.csv").refused(3, &missing("nowhere.csv"));
    bench.run("score nowhere data.csv").refused(3, &missing("nowhere"));
    bench.run("show nowhere").refused(3, &missing("nowhere"));
    assert_eq!(bench.names(), ["data.csv", "model"]);
}

#[test]
fn a_value_that_is_no_number_is_refused_with_its_place() {
    let bench = bench();
    bench.write("holes.csv", "x,y\n1,2\n3,NaN\n");
    let message =
        "holes.csv: line 3, column 2 ('y') is 'NaN', not a finite number; fill it in, or drop the row";
    bench.run("fit holes.csv -k 1 -o m").refused(3, message);
    bench.run("score model holes.csv").refused(3, message);
    assert_eq!(bench.names(), ["data.csv", "holes.csv", "model"]);
}

#[test]
fn data_of_other_features_than_the_model_are_refused() {
    let bench = bench();
    bench.write("five.csv", "1,2,3,4,5\n").write("one.csv", "1\n");
    bench
        .run("score model five.csv")
        .refused(3, "model has 2 features but five.csv has 5 columns; choose 2 of them with --columns");
    bench.run("score model one.csv").refused(
        3,
        "model has 2 features but one.csv has 1 column; check that they belong together, and the --delimiter",
    );
    bench
        .run("score model five.csv --columns 2-4")
        .refused(3, "model has 2 features but --columns selects 3 of five.csv; select 2");
    bench
        .run_with_stdin("score model -", "1,2,3\n")
        .refused(3, "model has 2 features but standard input has 3 columns; choose 2 of them with --columns");
}

#[test]
fn columns_that_do_not_exist_are_refused() {
    bench()
        .run("score model data.csv --columns x,z")
        .refused(3, "data.csv: no column is named 'z'; there are 'x', 'y'");
}

#[test]
fn data_without_rows_are_refused_and_nothing_is_printed() {
    let bench = bench();
    bench.write("empty.csv", "").write("names.csv", "x,y\n");
    for name in ["empty.csv", "names.csv"] {
        let message = format!("{name}: there are no rows; check that it is the file you meant");
        bench.run(&format!("score model {name}")).refused(3, &message);
        bench.run(&format!("fit {name} -k 1 -o m")).refused(3, &message);
    }
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let bench = bench();
    let mut bytes = std::fs::read(bench.path("model")).unwrap();
    bytes.truncate(bytes.len() - 8);
    bench.write("cut", &bytes).write("text", "not a model");
    for name in ["cut", "text"] {
        for args in [format!("show {name}"), format!("score {name} data.csv")] {
            let refused = bench.run(&args);
            assert_eq!((refused.code, refused.stdout.as_str()), (3, ""));
            assert!(refused.stderr.starts_with(&format!("gmm: {name}: ")), "{}", refused.stderr);
        }
    }
}

#[test]
fn usage_is_refused_before_anything_is_read() {
    let bench = bench();
    for (args, part) in [
        (
            "fit nowhere.csv -k 0 -o m",
            "invalid value '0' for '--components <COUNT>': write a whole number of at least 1",
        ),
        ("fit nowhere.csv -o m", "--components <COUNT>"),
        ("fit nowhere.csv -k 2", "--output <MODEL>"),
        ("fit nowhere.csv -k 2 -o -", "a model is kept in a file; write its path"),
        ("fit nowhere.csv -k 2 -o m --tol -1", "finite and not negative"),
        ("fit nowhere.csv -k 2 -o m --reg-covar nan", "finite and not negative"),
        ("fit nowhere.csv -k 2 -o m --n-init 0", "'--n-init <COUNT>'"),
        ("fit nowhere.csv -k 2 -o m --columns 3-1", "'3-1' is not a column"),
        ("fit nowhere.csv -k 2 -o m --delimiter ab", "write one character, or tab"),
        ("fit data.csv -k 2 -o m --delimiter 7", "gmm: the delimiter cannot be '7'"),
        ("score model data.csv --threads 5000", "'--threads <COUNT>'"),
        ("show model --json --full", "cannot be used with"),
        ("", "Usage: gmm"),
        ("frobnicate", "unrecognized subcommand"),
    ] {
        let refused = bench.run(args);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "gmm {args}");
        assert!(refused.stderr.contains(part), "gmm {args}: {part:?} is missing in\n{}", refused.stderr);
    }
}

#[test]
fn data_that_no_mixture_fits_are_refused() {
    let bench = bench();
    bench.write("three.csv", "0,1\n1,0\n2,2\n");
    bench
        .run("fit three.csv -k 4 -o m")
        .refused(4, "three.csv: 3 samples cannot support 4 components; use at most 3");
    assert_eq!(bench.names(), ["data.csv", "model", "three.csv"]);
}

#[test]
fn a_model_that_could_not_be_written_is_refused_before_the_data_are_read() {
    let bench = bench();
    std::fs::create_dir(bench.path("directory")).unwrap();
    // The data do not exist, but the message must be about the option.
    bench
        .run("fit nowhere.csv -k 2 -o deep/model")
        .refused(5, "cannot write deep/model: there is no directory deep; create it first");
    bench
        .run("fit nowhere.csv -k 2 -o directory")
        .refused(5, "cannot write directory: something that is not a file has that name; choose another");
    bench
        .run("fit nowhere.csv -k 2 -o data.csv/model")
        .refused(5, "cannot write data.csv/model: there is no directory data.csv; create it first");
    bench
        .run("fit data.csv -k 2 -o ./data.csv")
        .refused(5, "cannot write ./data.csv: the model would replace the data; choose another name");
    assert!(std::fs::read_to_string(bench.path("data.csv")).unwrap().starts_with("x,y\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_files_is_found_out_before_the_data_are_read() {
    let refused = bench().run("fit nowhere.csv -k 2 -o /proc/model");
    assert_eq!(refused.code, 5);
    assert!(refused.stderr.starts_with("gmm: cannot write /proc/model: "), "{}", refused.stderr);
    // Renaming the output into place would replace the device with an ordinary file.
    bench()
        .run("fit nowhere.csv -k 2 -o /dev/null")
        .refused(5, "cannot write /dev/null: something that is not a file has that name; choose another");
}
