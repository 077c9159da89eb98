//! The report of `gmm fit`: repairs, features with the ridge as variance, and why the fit ended.

use super::bench::{Bench, csv, two_groups};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

/// The lines of standard error, with single spaces.
#[track_caller]
fn told(bench: &Bench, args: &str) -> Vec<String> {
    let outcome = bench.run(args);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
    outcome.stderr.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_constant_column_is_fitted_and_the_ridge_it_needed_is_told() {
    let bench = bench();
    bench.write("flat.csv", "width,height\n1,5\n2,5\n3,5\n").write("bare.csv", "1,5\n2,5\n3,5\n");
    let lines = told(&bench, "fit flat.csv -k 1 -o m --reg-covar 0");
    let mixture = gmm_io::load_model(&bench.path("m")).unwrap();
    let ridge = mixture.covariances().values()[3];
    assert!(ridge > 0.0 && ridge < 1e-6, "{ridge}");
    let ridge = format!("{ridge:.1e}").replace(".0e", "e");
    let repair = format!("covariance of component 0 needed a ridge of {ridge} in iteration 1");
    assert!(lines.contains(&repair), "{repair}: {lines:#?}");
    let held = "component 0: hardly any variance beyond the ridge in feature";
    assert!(
        lines.contains(&format!("{held} 'height'; constant, or a combination of other features")),
        "{lines:#?}"
    );
    let component = lines.iter().find(|line| line.starts_with("0 1.00000 3.0 ")).unwrap();
    assert!(component.ends_with(&format!(" {ridge}")), "{component}");
    // Without names, by its index.
    let lines = told(&bench, "fit bare.csv -k 1 -o m --reg-covar 0");
    assert!(lines.contains(&format!("{held} 1; constant, or a combination of other features")), "{lines:#?}");
    // The usual ridge is not a repair, but it still gives the feature its variance.
    let lines = told(&bench, "fit flat.csv -k 1 -o m");
    assert!(!lines.iter().any(|line| line.contains("needed a ridge")), "{lines:#?}");
    assert!(
        lines.contains(&format!("{held} 'height'; constant, or a combination of other features")),
        "{lines:#?}"
    );
}

#[test]
fn data_without_any_extent_are_refused_all_the_same() {
    let bench = bench();
    bench.write("same.csv", "width,height\n1,5\n1,5\n");
    bench.run("fit same.csv -k 1 -o m --reg-covar 0").refused(
        4,
        "same.csv: covariance of component 0 is not positive definite at feature 'width', even with --reg-covar \
         0e0; use fewer components (-k), a larger --reg-covar, or rescale the features",
    );
    bench.run("fit same.csv -k 1 -o m --stream --reg-covar 0").refused(
        4,
        "same.csv: covariance of component 0 is not positive definite at feature 'width', even with --reg-covar \
         0e0; use fewer components (-k), a larger --reg-covar, or rescale the features",
    );
    assert_eq!(bench.names(), ["data.csv", "same.csv"]);
}

#[test]
fn every_component_is_told_with_what_supports_it() {
    let lines = told(&bench(), "fit data.csv -k 2 -o m");
    assert!(lines.contains(&"component weight samples condition ridge".to_owned()), "{lines:#?}");
    let of = |component: &str| lines.iter().find(|line| line.starts_with(component)).unwrap().clone();
    let counts: Vec<String> =
        ["0 0.", "1 0."].map(|start| of(start).split(' ').nth(2).unwrap().to_owned()).into();
    assert!(counts == ["60.0", "30.0"] || counts == ["30.0", "60.0"], "{lines:#?}");
    assert!(of("0 0.").ends_with(" 1e-6"), "{lines:#?}");
    for criterion in ["AIC", "BIC", "ICL"] {
        assert!(lines.iter().any(|line| line.starts_with(&format!("{criterion} "))), "{lines:#?}");
    }
}

#[test]
fn the_completed_likelihood_pays_for_components_that_overlap() {
    let bench = Bench::new();
    bench.write("one.csv", (0..200).map(|i| format!("{}\n", i * 37 % 101)).collect::<String>());
    let lines = told(&bench, "fit one.csv -k 2 -o m");
    let value = |name: &str| -> f64 {
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert!(value("ICL ") > value("BIC ") + 10.0, "{lines:#?}");
}

#[test]
fn a_component_that_lost_its_samples_is_seeded_anew_and_that_is_told() {
    let bench = bench();
    // The second component is so far away that it has no row.
    bench.model("far", &[0.5, 0.5], &[0.0, 0.0, 1e9, 1e9], &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    let lines = told(&bench, "fit data.csv --start far -o m");
    assert!(
        lines.contains(&"component 1 was re-seeded from component 0 in iteration 1".to_owned()),
        "{lines:#?}"
    );
}

#[test]
fn a_time_that_is_spent_ends_the_fit_with_a_model_that_is_called_partial() {
    let bench = bench();
    for stream in ["", "--stream"] {
        let lines = told(&bench, &format!("fit data.csv -k 2 -o m --tol 0 --time-budget 1e-9 {stream}"));
        for line in
            ["iterations 1, out of time and not converged; raise --time-budget", "model m, a partial result"]
        {
            assert!(lines.contains(&line.to_owned()), "{line}: {lines:#?}");
        }
        assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap().n_components(), 2);
        std::fs::remove_file(bench.path("m")).unwrap();
    }
    // A budget far above the need changes nothing.
    let lines = told(&bench, "fit data.csv -k 2 -o m --time-budget 1h");
    assert!(lines.contains(&"model m".to_owned()), "{lines:#?}");
}
