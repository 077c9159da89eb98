//! `gmm fit`, and the output of `score` and `show` for its model.

use super::bench::{Bench, csv, two_groups};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

#[test]
fn two_groups_are_found_scored_and_shown() {
    let bench = bench();
    let fitted = bench.run("fit data.csv -k 2 -o model.safetensors");
    assert_eq!(fitted.stdout, "", "the model file is the data of fit");
    let told = fitted.stderr.clone();
    fitted.done();
    for part in [
        "read            90 rows x 2 features from data.csv",
        "converged",
        "lower bound",
        "log-likelihood",
        "AIC",
        "BIC",
        "model           model.safetensors",
        "0.666667",
        "0.333333",
    ] {
        assert!(told.contains(part), "{part:?} is missing in\n{told}");
    }

    let columns = bench.run("score model.safetensors data.csv --labels").columns();
    let labels = &columns[1].1;
    assert!(labels[..60].iter().all(|&label| label == labels[0]));
    assert!(labels[60..].iter().all(|&label| label == 1.0 - labels[0]));

    let shown = bench.run("show model.safetensors").done();
    assert!(shown.contains("weight 0.666667") && shown.contains("weight 0.333333"), "{shown}");
    assert_eq!(bench.names(), ["data.csv", "model.safetensors"], "nothing else is left behind");
}

#[test]
fn a_constant_column_is_fitted_without_any_ridge_asked_for() {
    let bench = bench();
    bench.write("flat.csv", "width,height\n1,5\n2,5\n3,5\n");
    bench.run("fit flat.csv -k 1 -o m --reg-covar 0").done();
    let mixture = gmm_io::load_model(&bench.path("m")).unwrap();
    assert_eq!(mixture.means(), [2.0, 5.0]);
}

#[test]
fn every_structure_is_fitted_scored_and_shown() {
    let bench = bench();
    let values = two_groups().concat();
    let samples = gmm_core::Samples::from_rows(&values, 90, 2).unwrap();
    for (covariance_type, described, parameters) in [
        ("full", "full: each component has its own matrix", 11),
        ("tied", "tied: all components share one matrix", 8),
        ("diag", "diag: each component has its own variances", 9),
        ("spherical", "spherical: each component has one variance", 7),
    ] {
        bench.run(&format!("fit data.csv -k 2 --covariance {covariance_type} -o m")).done();
        let mixture = gmm_io::load_model(&bench.path("m")).unwrap();
        assert_eq!(mixture.covariances().covariance_type().name(), covariance_type);
        let energies = gmm_core::energy(&mixture, &samples, &gmm_core::Threads::one()).unwrap();
        assert_eq!(bench.run("score m data.csv").columns()[0].1, energies, "{covariance_type}");
        let shown = bench.run("show m").done();
        assert!(
            shown.contains(&format!("covariances  {described}\n  parameters   {parameters}\n")),
            "{shown}"
        );
        let json: serde_json::Value = serde_json::from_str(&bench.run("show m --json").done()).unwrap();
        assert_eq!(json["covariance_type"], covariance_type);
        let covariances = serde_json::from_value::<Vec<serde_json::Value>>(json["covariances"].clone());
        assert_eq!(covariances.unwrap().len(), 2);
    }
    let refused = bench.run("fit data.csv -k 2 --covariance banded -o m");
    assert!(refused.stderr.contains("full, tied, diag, spherical"), "{}", refused.stderr);
}

#[test]
fn the_model_is_that_of_the_library_on_any_number_of_threads() {
    let bench = bench();
    let values = two_groups().concat();
    let samples = gmm_core::Samples::from_rows(&values, 90, 2).unwrap();
    let options = gmm_core::FitOptions {
        tol: 1e-6,
        max_iter: 50,
        reg_covar: gmm_core::RegCovar::Absolute(1e-4),
        n_init: 3,
        seed: 7,
        ..gmm_core::FitOptions::new(3)
    };
    let expected = gmm_core::fit(&samples, &options, &gmm_core::Threads::one()).unwrap();
    for threads in [1, 2, 5] {
        let asked = format!(
            "fit data.csv -k 3 -o m --tol 1e-6 --max-iter 50 --reg-covar 1e-4 --n-init 3 --seed 7 --threads {threads}"
        );
        let told = bench.run(&asked);
        assert!(told.stderr.contains(&format!("restart         {} of 3 was best", expected.restart + 1)));
        told.done();
        assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap(), expected.mixture);
    }
}

#[test]
fn quiet_is_quiet() {
    let bench = bench();
    let fitted = bench.run("fit data.csv -k 2 -o m -q");
    assert_eq!((fitted.stdout.as_str(), fitted.stderr.as_str()), ("", ""));
    fitted.done();
    let scored = bench.run("score m data.csv --quiet");
    assert_eq!(scored.stderr, "");
    assert_eq!(scored.done().lines().count(), 91);
}

#[test]
fn a_fit_that_did_not_converge_says_what_to_raise() {
    let told = bench().run("fit data.csv -k 2 -o m --max-iter 1");
    assert!(
        told.stderr.contains("1, not converged; raise --max-iter above 1 or --tol above 1e-3"),
        "{}",
        told.stderr
    );
    told.done();
}

#[test]
fn columns_are_chosen_by_name_and_number_and_delimiter() {
    let bench = Bench::new();
    let rows: String = two_groups().iter().map(|[x, y]| format!("name;{y};{x}\n")).collect();
    bench.write("wide.txt", format!("id;y;x\n{rows}")).write("plain.csv", csv("", &two_groups()));
    bench.run("fit plain.csv -k 2 -o plain -q").done();
    let plain = gmm_io::load_model(&bench.path("plain")).unwrap();
    for asked in [
        "--columns x,y",
        "--columns 3,2 --delimiter ;",
        "--columns 3,y --delimiter semicolon --header present",
    ] {
        bench.run(&format!("fit wide.txt -k 2 -o m -q {asked}")).done();
        assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap(), plain, "{asked}");
    }
}

#[test]
fn a_header_of_numbers_is_a_row_unless_it_is_said_to_be_a_header() {
    let bench = Bench::new();
    bench.write("data.csv", csv("2000,2001", &two_groups()));
    for (asked, n_rows) in [("auto", 91), ("absent", 91), ("present", 90)] {
        let told = bench.run(&format!("fit data.csv -k 1 -o m --header {asked}"));
        assert!(told.stderr.contains(&format!("{n_rows} rows x 2 features")), "{}", told.stderr);
    }
}

#[test]
fn data_come_through_a_pipe_too() {
    let bench = bench();
    bench.run("fit data.csv -k 2 -o from-file -q").done();
    let told = bench.run_with_stdin("fit - -k 2 -o from-pipe", &csv("x,y", &two_groups()));
    assert!(told.stderr.contains("90 rows x 2 features from standard input"), "{}", told.stderr);
    told.done();
    let load = |name| gmm_io::load_model(&bench.path(name)).unwrap();
    assert_eq!(load("from-file"), load("from-pipe"));
}
