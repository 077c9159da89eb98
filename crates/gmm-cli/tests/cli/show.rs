//! `gmm show`, and the help of all subcommands.

use gmm_core::{ParamsOptions, Responsibilities, Samples, Threads, params_with};
use serde_json::Value;

use super::bench::Bench;

#[test]
fn a_model_is_shown_in_a_table() {
    let bench = Bench::new();
    bench.model("m", &[0.75, 0.25], &[1.5, -2.0, 10.0, 0.0], &[4.0, 0.0, 0.0, 0.25, 1.0, 0.0, 0.0, 1.0]);
    let shown = bench.run("show m");
    assert_eq!(shown.stderr, "");
    assert_eq!(
        shown.done(),
        "\
m

  components   2
  features     2
  covariances  full: each component has its own matrix
  parameters   11

component 0: weight 0.750000, log-determinant 0.00000
  feature      mean  deviation
  0         1.50000    2.00000
  1        -2.00000    0.50000

component 1: weight 0.250000, log-determinant 0.00000
  feature     mean  deviation
  0        10.0000    1.00000
  1         0.0000    1.00000
"
    );
}

#[test]
fn a_wide_model_is_cut_short_unless_it_is_asked_for_in_full() {
    let bench = Bench::new();
    let identity = |d: usize| (0..d * d).map(|at| f64::from(at % (d + 1) == 0)).collect::<Vec<_>>();
    bench.model("wide", &[1.0], &[1.0; 40], &identity(40));
    let short = bench.run("show wide").done();
    assert!(short.contains("\n  9 ") && !short.contains("\n  10 "), "{short}");
    assert!(short.ends_with("  ... and 30 more features; --full shows them\n"), "{short}");
    let full = bench.run("show wide --full").done();
    assert!(full.contains("\n  39 ") && !full.contains("more features"), "{full}");

    bench.model("eleven", &[1.0], &[1.0; 11], &identity(11));
    assert!(bench.run("show eleven").done().contains("\n  10 "), "a line is not spent on saying 'one more'");
}

#[test]
fn json_holds_every_parameter_to_the_last_bit() {
    let bench = Bench::new();
    let (weights, means) = ([1.0 / 3.0, 2.0 / 3.0], [0.1, -1e-300, 1e300, 7.0]);
    let covariances = [1e-7, 1e-9, 1e-9, 0.3, 2.0, 0.0, 0.0, 1e20];
    let mixture = bench.model("m", &weights, &means, &covariances);
    let printed = bench.run("show m --json").done();
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&json["n_components"], &json["n_features"]), (&2.into(), &2.into()));
    assert_eq!(json["covariance_type"], "full");
    assert_eq!(json["dropped"], serde_json::json!([]));
    assert_eq!(json["means"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["covariances"][1].as_array().map(Vec::len), Some(2));
    // The tests' parser may round the last digit; the program's text must not.
    let numbers = |name: &str| -> Vec<f64> {
        let line = printed.lines().find(|line| line.starts_with(&format!("\"{name}\""))).unwrap();
        let fields = line.split([':', ',', '[', ']', ' ']).filter(|field| !field.is_empty()).skip(1);
        fields.map(|field| field.parse().unwrap()).collect()
    };
    assert_eq!(numbers("weights"), weights);
    assert_eq!(numbers("means"), means);
    assert_eq!(numbers("covariances"), covariances);
    assert_eq!(numbers("ridges"), [0.0, 0.0]);
    assert_eq!(numbers("log_determinants"), mixture.covariances().log_dets());
}

#[test]
fn ridges_and_dropped_components_are_mentioned() {
    let bench = Bench::new();
    let samples = Samples::from_rows(&[0.0, 1.0, 2.0], 3, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 3, 2).unwrap();
    let options = ParamsOptions { drop_empty: true, ..ParamsOptions::default() };
    let mixture = params_with(&samples, &gamma, &options, &Threads::one()).unwrap();
    gmm_io::save_model(&bench.path("m"), &mixture).unwrap();
    let shown = bench.run("show m").done();
    let heading = shown.lines().find(|line| line.starts_with("component 1")).unwrap();
    assert!(heading.contains("weight 0.0000") && heading.contains(", dropped: no sample"), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("component 0") && line.contains(", ridge 1e-6")));
    let json: Value = serde_json::from_str(&bench.run("show m --json").done()).unwrap();
    assert_eq!(json["dropped"], serde_json::json!([1]));
}

#[test]
fn help_shows_examples_defaults_and_exit_codes() {
    let bench = Bench::new();
    for (args, parts) in [
        ("--help", &["Examples:", "Exit codes:", "fit", "select", "score", "show", "sample", "130"][..]),
        ("fit --help", &["Examples:", "gmm fit train.csv -k 3", "[default: 1e-3]", "--columns <LIST>"]),
        ("fit --help", &["--stream", "--start <MODEL>", "--prior-dof <NUMBER>", "Ctrl-C"]),
        ("select --help", &["Examples:", "gmm select data.csv -k 1-9", "[default: bic]", "--weights-column"]),
        ("sample --help", &["Examples:", "-o new.npy", "ends in .csv or .npy", "--labels"]),
        ("score --help", &["Examples:", "gmm score model.safetensors", "<MODEL> <DATA>", "--no-header"]),
        ("show --help", &["Examples:", "gmm show model.safetensors --json", "numbered from 0"]),
    ] {
        let help = bench.run(args).done();
        for part in parts {
            assert!(help.contains(part), "{part:?} is missing in\n{help}");
        }
    }
    assert_eq!(bench.run("--version").done(), concat!("gmm ", env!("CARGO_PKG_VERSION"), "\n"));
}
