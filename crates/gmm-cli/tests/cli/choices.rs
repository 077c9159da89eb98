//! Options of `gmm fit`: each sets the library's option, and invalid values are refused.

use gmm_core::{Convergence, CovarianceType, FitOptions, Init, Prior, RegCovar, Samples, Threads, fit};

use super::bench::{Bench, csv, two_groups};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

#[test]
fn every_choice_is_that_of_the_library() {
    let bench = bench();
    let values = two_groups().concat();
    let samples = Samples::from_rows(&values, 90, 2).unwrap();
    let base = FitOptions::new(3);
    let prior = Prior::default();
    let of = |covariance_type, prior| FitOptions { covariance_type, prior: Some(prior), ..base.clone() };
    let diag = |prior| of(CovarianceType::Diag, prior);
    let scaled = |covariance: Vec<f64>| Prior { covariance: Some(covariance), ..prior.clone() };
    let init = |init| FitOptions { init, ..base.clone() };
    for (asked, options) in [
        ("-k 3", base.clone()),
        ("-k 3 --init kmeans", init(Init::Kmeans)),
        ("-k 3 --init k-means++", init(Init::KmeansPlusPlus)),
        ("-k 3 --init random_from_data", init(Init::RandomFromData)),
        ("-k 3 --init random", init(Init::Random)),
        ("-k 3 --init random --seed 9 --n-init 4", FitOptions { seed: 9, n_init: 4, ..init(Init::Random) }),
        ("-k 3 --n-init 3 --moves 2", FitOptions { n_init: 3, max_failed_swaps: Some(2), ..base.clone() }),
        ("-k 3 --convergence aitken", FitOptions { convergence: Convergence::Aitken, ..base.clone() }),
        ("-k 3 --convergence change", base.clone()),
        (
            "-k 3 --reg-covar 0.25 --reg-covar-relative",
            FitOptions { reg_covar: RegCovar::Relative(0.25), ..base.clone() },
        ),
        ("-k 3 --covariance diag --prior", diag(prior.clone())),
        (
            "-k 3 --covariance diag --prior --prior-mean -1,2.5",
            diag(Prior { mean: Some(vec![-1.0, 2.5]), ..prior.clone() }),
        ),
        (
            "-k 3 --covariance diag --prior --prior-mean-precision 7",
            diag(Prior { mean_precision: 7.0, ..prior.clone() }),
        ),
        (
            "-k 3 --covariance diag --prior --prior-dof 30",
            diag(Prior { degrees_of_freedom: Some(30.0), ..prior.clone() }),
        ),
        (
            "-k 3 --covariance diag --prior --prior-concentration 9",
            diag(Prior { weight_concentration: 9.0, ..prior.clone() }),
        ),
        ("-k 3 --covariance diag --prior --prior-variance 3", diag(scaled(vec![3.0; 2]))),
        (
            "-k 3 --covariance spherical --prior --prior-variance 3",
            of(CovarianceType::Spherical, scaled(vec![3.0])),
        ),
        (
            "-k 1 --covariance full --prior --prior-variance 3",
            FitOptions { n_components: 1, ..of(CovarianceType::Full, scaled(vec![3.0, 0.0, 0.0, 3.0])) },
        ),
    ] {
        let expected = fit(&samples, &options, &Threads::one()).unwrap();
        for stream in ["", "--stream"] {
            bench.run(&format!("fit data.csv -o m -q {asked} {stream}")).done();
            assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap(), expected.mixture, "{asked} {stream}");
        }
    }
}

#[test]
fn a_weight_of_two_is_the_row_twice_and_of_none_no_row() {
    let bench = Bench::new();
    let groups = two_groups();
    let weighed: String =
        (0_usize..).zip(&groups).map(|(i, [x, y])| format!("{x},{},{y}\n", i % 4)).collect();
    let repeated: Vec<[f64; 2]> =
        (0..).zip(&groups).flat_map(|(i, row)| std::iter::repeat_n(*row, i % 4)).collect();
    bench.write("weighed.csv", format!("x,count,y\n{weighed}")).write("plain.csv", csv("x,y", &repeated));
    let plain = bench.run("fit plain.csv -k 2 -o plain --tol 1e-9");
    let fact = |told: &str, name: &str| {
        let line = told.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    let expected = gmm_io::load_model(&bench.path("plain")).unwrap();
    for asked in ["count", "2", "count --columns x,y", "count --stream", "2 --stream --columns 1,3"] {
        let outcome = bench.run(&format!("fit weighed.csv -k 2 -o m --tol 1e-9 --weights-column {asked}"));
        let told = outcome.stderr.clone();
        outcome.done();
        assert!(
            told.contains("90 rows x 2 features from weighed.csv with a total weight of 133\n"),
            "{told}"
        );
        let found = gmm_io::load_model(&bench.path("m")).unwrap();
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        // The starts differ, since k-means++ draws other rows; two distant clouds have one solution.
        for (found, expected) in sorted(found.means()).iter().zip(sorted(expected.means())) {
            assert!((found - expected).abs() < 1e-9, "{asked}: {found} {expected}");
        }
        for name in ["AIC", "BIC", "ICL"] {
            assert!((fact(&told, name) - fact(&plain.stderr, name)).abs() < 0.02, "{asked}: {told}");
        }
    }
}

#[test]
fn weights_that_cannot_be_are_refused() {
    let bench = Bench::new();
    bench
        .write("data.csv", "x,w\n1,1\n2,-1\n")
        .write("none.csv", "x,w\n1,0\n2,0\n")
        .write("one.csv", "w\n1\n");
    for stream in ["", " --stream"] {
        let refused =
            |args: &str, message: &str| bench.run(&format!("fit {args} -o m{stream}")).refused(3, message);
        refused(
            "data.csv -k 1 --weights-column w",
            "data.csv: line 3, column 2 ('w') is -1, but it is the weight of a row and must not be negative; \
             correct it, or make it 0 to leave the row out",
        );
        refused(
            "none.csv -k 1 --weights-column 2",
            "none.csv: sample weights are all zero; at least one must be positive",
        );
        refused("data.csv -k 1 --weights-column z", "data.csv: no column is named 'z'; there are 'x', 'w'");
        refused("data.csv -k 1 --weights-column 3", "data.csv: there is no column 3; select from 1 to 2");
        refused(
            "data.csv -k 1 --weights-column w --columns x,w",
            "data.csv: column 2 is the weight of a row and cannot be a feature too; leave it out of the columns",
        );
        refused(
            "one.csv -k 1 --weights-column w",
            "one.csv: the only column is the weight of a row; add columns of features",
        );
    }
    assert_eq!(bench.names(), ["data.csv", "none.csv", "one.csv"]);
}

#[test]
fn a_fit_goes_on_from_where_another_ended() {
    let bench = bench();
    for covariance_type in ["full", "tied", "diag", "spherical"] {
        bench
            .run(&format!(
                "fit data.csv -k 3 -o whole -q --tol 0 --max-iter 7 --covariance {covariance_type}"
            ))
            .done();
        bench
            .run(&format!("fit data.csv -k 3 -o m -q --tol 0 --max-iter 3 --covariance {covariance_type}"))
            .done();
        // In place: the model is read before it is replaced.
        bench.run("fit data.csv --start m -o m -q --tol 0 --max-iter 4").done();
        let load = |name| gmm_io::load_model(&bench.path(name)).unwrap();
        assert_eq!(load("m"), load("whole"), "{covariance_type}");
    }
}

#[test]
fn a_start_that_does_not_belong_to_the_fit_is_refused() {
    let bench = bench();
    bench.model("one", &[1.0], &[0.0], &[1.0]);
    bench.write("text", "no model");
    bench.run("fit nowhere.csv --start one -k 2 -o m").refused(2, "-k is 2 but one has 1; leave it out");
    bench
        .run("fit nowhere.csv --start one --covariance tied -o m")
        .refused(2, "--covariance is tied but one has full; leave it out");
    for stream in ["", "--stream"] {
        bench
            .run(&format!("fit data.csv --start one -o m {stream}"))
            .refused(3, "one has 1 feature but data.csv has 2 columns; choose 1 of them with --columns");
    }
    assert_eq!(bench.run("fit nowhere.csv --start text -o m").code, 3);
    let why = std::io::Error::from_raw_os_error(2);
    bench.run("fit nowhere.csv --start missing -o m").refused(3, &format!("cannot read missing: {why}"));
    assert_eq!(bench.names(), ["data.csv", "one", "text"]);
}

#[test]
fn choices_that_cannot_be_are_refused_before_anything_is_read() {
    let bench = bench();
    for (args, part) in [
        ("--init nowhere", "kmeans, k-means++, random_from_data, random"),
        ("--convergence never", "change, aitken"),
        ("--time-budget 0", "write seconds, or a number and s, m or h"),
        ("--time-budget -1", "write seconds"),
        ("--time-budget soon", "write seconds"),
        ("--seed x", "'--seed <NUMBER>'"),
        ("--weights-column 1-2", "write one column: its name, or its number from 1"),
        ("--weights-column 0", "'0' is not a column"),
        ("--prior-dof 5", "--prior"),
        ("--prior-mean 1,2", "--prior"),
        ("--prior --prior-dof 0", "write a finite number of more than 0"),
        ("--prior --prior-concentration 0.5", "write a finite number of at least 1"),
        ("--prior --prior-mean-precision -1", "finite and not negative"),
        ("--prior --prior-variance 0", "write a finite number of more than 0"),
        ("--prior --prior-mean 1,x", "write finite numbers with commas between them"),
        ("--start m --init random", "cannot be used with"),
        ("--start m --n-init 2", "cannot be used with"),
        ("--start m --moves 2", "cannot be used with"),
        ("--moves -1", "'--moves <COUNT>'"),
    ] {
        let refused = bench.run(&format!("fit nowhere.csv -k 2 -o m {args}"));
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{args}: {}", refused.stderr);
        assert!(refused.stderr.contains(part), "{args}: {part:?} is missing in\n{}", refused.stderr);
    }
    for (args, message) in [
        ("--prior --prior-mean 1,2,3", "--prior-mean has 3 numbers for 2 features; write one for each"),
        ("--prior --prior-dof 1", "--prior-dof is 1; it must be finite and more than n_features - 1"),
    ] {
        for stream in ["", "--stream"] {
            bench
                .run(&format!("fit data.csv -k 2 -o m {args} {stream}"))
                .refused(4, &format!("data.csv: {message}"));
        }
    }
    assert_eq!(bench.names(), ["data.csv"]);
}
