//! `gmm select`: its table, the best model, and inputs that are refused.

use std::ops::ControlFlow;

use gmm_core::{CovarianceType, Criterion, FitOptions, Samples, SweepOptions, Threads, sweep};

use super::bench::{Bench, csv, two_groups};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

#[test]
fn the_table_is_that_of_the_library_and_the_best_is_kept() {
    let bench = bench();
    let values = two_groups().concat();
    let samples = Samples::from_rows(&values, 90, 2).unwrap();
    for (asked, criterion) in
        [("", Criterion::Bic), ("--criterion aic", Criterion::Aic), ("--criterion icl", Criterion::Icl)]
    {
        let options = SweepOptions {
            n_components: vec![1, 2, 3, 5],
            covariance_types: CovarianceType::ALL.into(),
            criterion,
            fit: FitOptions { seed: 4, n_init: 2, ..FitOptions::new(1) },
        };
        let expected =
            sweep(&samples, &options, &Threads::one(), &mut |_| ControlFlow::Continue(())).unwrap();
        let selected = bench.run(&format!(
            "select data.csv -k 1-3,5 --covariance all --seed 4 --n-init 2 --csv -o m {asked}"
        ));
        let best = &expected.candidates[expected.best];
        let noun = if best.n_components == 1 { "component" } else { "components" };
        let told = format!("{} {noun}, {}\n", best.n_components, best.covariance_type);
        assert!(selected.stderr.contains(&told), "{told}: {}", selected.stderr);
        let text = selected.done();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some("components,covariance,parameters,log_likelihood,aic,bic,icl,iterations,outcome")
        );
        for candidate in &expected.candidates {
            let fields: Vec<&str> = lines.next().unwrap().split(',').collect();
            let (fitted, worth) = candidate.outcome.as_ref().unwrap();
            let names = [candidate.n_components.to_string(), candidate.covariance_type.to_string()];
            assert_eq!(fields[..2], names);
            assert_eq!(fields[2], worth.n_parameters.to_string());
            let numbers: Vec<f64> = fields[3..7].iter().map(|field| field.parse().unwrap()).collect();
            assert_eq!(numbers, [worth.log_likelihood, worth.aic, worth.bic, worth.icl]);
            assert_eq!(fields[7], fitted.n_iter.to_string());
            assert_eq!(fields[8], if fitted.converged() { "converged" } else { "max_iterations" });
        }
        assert_eq!(lines.next(), None);
        let kept = gmm_io::load_model(&bench.path("m")).unwrap();
        assert_eq!(kept, best.outcome.as_ref().unwrap().0.mixture);
    }
}

#[test]
fn a_table_for_people_names_the_best_and_why_others_are_none() {
    let bench = bench();
    bench.write("few.csv", "0\n0.5\n7\n7.5\n0.25\n7.25\n");
    let selected = bench.run("select few.csv -k 1-2,9 --covariance diag");
    let table = selected.stdout.clone();
    assert!(selected.stderr.contains("best by BIC: 2 components, diag\n"), "{}", selected.stderr);
    selected.done();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["components", "covariance", "parameters", "AIC", "BIC", "ICL", "iterations"]);
    assert_eq!(lines[1][..3], ["1", "diag", "2"]);
    assert_eq!(lines[2][..3], ["2", "diag", "5"]);
    assert_eq!(lines[2][7..], ["best", "by", "BIC"]);
    assert!(table.ends_with("6 samples cannot support 9 components; use at most 6\n"), "{table}");
    assert_eq!(bench.names(), ["data.csv", "few.csv"], "without -o nothing is written");
    let quiet = bench.run("select few.csv -k 1-2 -q");
    assert_eq!(quiet.stderr, "");
    assert_eq!(quiet.done().lines().count(), 3);
}

#[test]
fn a_refused_candidate_has_empty_fields() {
    let bench = Bench::new();
    bench.write("few.csv", "0\n0.5\n7\n");
    let text = bench.run("select few.csv -k 1,4 --csv -q").done();
    assert_eq!(text.lines().nth(2), Some("4,full,,,,,,,refused"));
}

#[test]
fn weights_and_a_time_budget_are_those_of_all_fits() {
    let bench = Bench::new();
    let rows: String = two_groups().iter().map(|[x, y]| format!("{x},{y},2\n")).collect();
    let twice: Vec<[f64; 2]> = two_groups().into_iter().flat_map(|row| [row, row]).collect();
    bench.write("weighed.csv", format!("x,y,w\n{rows}")).write("twice.csv", csv("x,y", &twice));
    let columns = |args: &str| {
        let text = bench.run(args).done();
        let bic = |line: &str| line.split(',').nth(5).unwrap().parse::<f64>().unwrap();
        text.lines().skip(1).map(bic).collect::<Vec<_>>()
    };
    let weighed = columns("select weighed.csv -k 1-2 --weights-column w --csv -q");
    for (weighed, twice) in weighed.iter().zip(columns("select twice.csv -k 1-2 --csv -q")) {
        assert!((weighed - twice).abs() < 1e-6, "{weighed} {twice}");
    }
    // One thread fits the first candidate, and then no time is left for the others.
    let outcome =
        bench.run("select twice.csv -k 1-3 --time-budget 0.05 --tol 0 --max-iter 1000000000 --threads 1");
    assert!(
        outcome.stderr.contains("; 1 of 3 candidates were tried within --time-budget\n"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.done().contains("out of time"));
    bench
        .run("select twice.csv -k 1-3 --time-budget 1e-9")
        .refused(4, "twice.csv: no fit began within --time-budget; raise it");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let bench = bench();
    for (args, part) in [
        ("select nowhere.csv", "--components <LIST>"),
        ("select nowhere.csv -k 0-3", "write numbers and ranges from 1, such as 1-4,8"),
        ("select nowhere.csv -k 3-1", "write numbers and ranges from 1"),
        ("select nowhere.csv -k -1", "write numbers and ranges from 1"),
        ("select nowhere.csv -k 1-100000", "at most 1000 of them"),
        ("select nowhere.csv -k 1,1", "1 is given twice; write it once"),
        ("select nowhere.csv -k 1 --covariance banded", "write full, tied, diag, spherical"),
        ("select nowhere.csv -k 1 --covariance full,full", "full is given twice"),
        ("select nowhere.csv -k 1 --criterion mdl", "aic, bic, icl"),
        ("select nowhere.csv -k 1 -o -", "a model is kept in a file; write its path"),
    ] {
        let refused = bench.run(args);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "gmm {args}");
        assert!(refused.stderr.contains(part), "gmm {args}: {part:?} is missing in\n{}", refused.stderr);
    }
    bench
        .run("select nowhere.csv -k 1 -o deep/model")
        .refused(5, "cannot write deep/model: there is no directory deep; create it first");
    bench
        .run("select data.csv -k 1 -o data.csv")
        .refused(5, "cannot write data.csv: the model would replace the data; choose another name");
    bench.write("few.csv", "0\n1\n").write("bad.csv", "x\n1\ny\n");
    bench
        .run("select few.csv -k 3-4 -o m")
        .refused(4, "few.csv: 2 samples cannot support 3 components; use at most 2");
    bench.run("select bad.csv -k 1 -o m").refused(
        3,
        "bad.csv: line 3, column 1 ('x') is 'y', not a number; correct it, or select other columns",
    );
    assert_eq!(bench.names(), ["bad.csv", "data.csv", "few.csv"]);
}
