//! `gmm detect`: the rows that it flags.

use gmm_core::{RobustOptions, Samples, Threads, fit_robust};

use super::bench::{Bench, csv, two_groups};

/// The two groups, and four rows far from both.
fn bench() -> Bench {
    let bench = Bench::new();
    let mut rows = two_groups();
    rows.extend([[5.0, 5.0], [-6.0, -6.0], [20.0, 0.0], [0.0, -30.0]]);
    bench.write("data.csv", csv("x,y", &rows)).write("groups.csv", csv("x,y", &two_groups()));
    bench
}

#[test]
fn rows_far_from_a_model_are_flagged() {
    let bench = bench();
    bench.run("fit groups.csv -k 2 -o m -q").done();
    // 5 % of 94 rows are 4.7, so at most four.
    let found = bench.run("detect data.csv --model m --contamination 0.05");
    assert!(found.stderr.starts_with("4 of 94 rows above the threshold of "), "{}", found.stderr);
    let columns = found.columns();
    assert_eq!(columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["energy", "outlier"]);
    let flags = &columns[1].1;
    assert!(flags[..90].iter().all(|&flag| flag == 0.0) && flags[90..] == [1.0; 4]);
    assert_eq!(columns[0], bench.run("score m data.csv").columns()[0]);
}

#[test]
fn every_rule_is_that_of_the_library() {
    let bench = bench();
    bench.run("fit groups.csv -k 2 -o m -q").done();
    let energies = bench.run("score m data.csv -q").columns().swap_remove(0).1;
    for (asked, threshold) in [
        ("--percentile 97.5", gmm_core::threshold_by_percentile(&energies, 97.5).unwrap()),
        ("--contamination 0.1", gmm_core::threshold_by_contamination(&energies, 0.1).unwrap()),
        ("--threshold 3.25", 3.25),
        ("--threshold -1e9", -1e9),
    ] {
        let flags = bench.run(&format!("detect data.csv -m m {asked} -q")).columns().swap_remove(1).1;
        let wanted: Vec<f64> =
            energies.iter().map(|&energy| f64::from(u8::from(energy > threshold))).collect();
        assert_eq!(flags, wanted, "{asked}");
    }
}

#[test]
fn a_mixture_is_fitted_where_no_model_is_given() {
    let bench = bench();
    bench.run("fit data.csv -k 3 -o m -q --seed 4 --reg-covar 1e-3").done();
    let by_model = bench.run("detect data.csv -m m --percentile 90 -q").done();
    for threads in [1, 3] {
        let asked =
            format!("detect data.csv -k 3 --seed 4 --reg-covar 1e-3 --percentile 90 -q --threads {threads}");
        assert_eq!(bench.run(&asked).done(), by_model);
    }
    let headless = bench.run("detect data.csv -m m --percentile 90 -q --no-header").done();
    assert_eq!(format!("energy,outlier\n{headless}"), by_model);
}

/// The two groups, and three rows close together beside one of them: a fit of three components makes them a
/// component.
fn with_a_tight_group() -> Vec<[f64; 2]> {
    let mut rows = two_groups();
    rows.extend([[4.0, 3.0], [4.0, 3.01], [4.01, 3.0]]);
    rows
}

#[test]
fn outliers_close_together_are_found_without_a_model() {
    let bench = bench();
    bench.write("tight.csv", csv("x,y", &with_a_tight_group()));
    let flagged = |asked: &str| -> Vec<usize> {
        let flags = bench.run(&format!("detect {asked} -q")).columns().swap_remove(1).1;
        (0..flags.len()).filter(|&row| flags[row] == 1.0).collect()
    };
    for seed in 0..3 {
        let asked = format!("tight.csv --contamination 0.035 --seed {seed}");
        assert_eq!(flagged(&asked), [90, 91, 92], "seed {seed}");
    }
    assert!(flagged("tight.csv -k 3 --contamination 0.035").iter().all(|row| ![90, 91, 92].contains(row)));
    assert_eq!(flagged("data.csv --contamination 0.05"), [90, 91, 92, 93]);
}

#[test]
fn a_tenth_is_taken_for_outliers_where_nothing_is_said() {
    let bench = bench();
    let asked = bench.run("detect data.csv --contamination 0.1");
    let unasked = bench.run("detect data.csv");
    let told = "assumed that 10 % of the rows are outliers; set --contamination to change this\n";
    assert_eq!(unasked.stderr, format!("{told}{}", asked.stderr));
    assert!(asked.stderr.starts_with("9 of 94 rows above the threshold of "), "{}", asked.stderr);
    assert_eq!(unasked.done(), asked.done());
    // Another rule gives another threshold for the same energies.
    let energies = bench.run("detect data.csv -q").columns().swap_remove(0).1;
    let by_nats = bench.run("detect data.csv -q --threshold 9").columns();
    assert_eq!(by_nats[0].1, energies);
    assert!((0..94).all(|row| (by_nats[1].1[row] == 1.0) == (energies[row] > 9.0)));
    let by_percent = bench.run("detect data.csv -q --percentile 50").columns();
    assert_eq!((by_percent[0].1 == energies, by_percent[1].1.iter().sum::<f64>()), (true, 47.0));
}

#[test]
fn a_robust_fit_is_that_of_the_library_on_any_number_of_threads() {
    let bench = bench();
    let rows = with_a_tight_group();
    bench.write("tight.csv", csv("x,y", &rows));
    let values = rows.concat();
    let samples = Samples::from_rows(&values, rows.len(), 2).unwrap();
    let options = RobustOptions { contamination: 0.04, seed: 7, reg_covar: 1e-4, ..RobustOptions::default() };
    let detector = fit_robust(&samples, &options, &Threads::one()).unwrap();
    let energies = detector.energies(&samples, &Threads::one()).unwrap();
    let shares = detector.attribution(&samples, &Threads::one()).unwrap();
    for threads in [1, 2, 3] {
        let asked = format!(
            "detect tight.csv --contamination 0.04 --seed 7 --reg-covar 1e-4 --shares -q --threads {threads}"
        );
        let columns = bench.run(&asked).columns();
        assert_eq!(columns[0].1, energies);
        let flags: Vec<f64> =
            energies.iter().map(|&energy| f64::from(u8::from(energy > detector.threshold()))).collect();
        assert_eq!(columns[1].1, flags);
        for feature in 0..2 {
            let wanted: Vec<f64> = shares.iter().skip(feature).step_by(2).copied().collect();
            assert_eq!(columns[2 + feature].1, wanted);
        }
    }
}

#[test]
fn shares_are_those_of_the_library() {
    let bench = bench();
    bench.run("fit groups.csv -k 2 -o m -q").done();
    let mixture = gmm_io::load_model(&bench.path("m")).unwrap();
    let values = two_groups().concat();
    let samples = Samples::from_rows(&values, 90, 2).unwrap();
    let shares = gmm_core::attribution(&mixture, &samples, &Threads::one()).unwrap();
    let columns = bench.run("detect groups.csv -m m --contamination 0 --shares -q").columns();
    for feature in 0..2 {
        assert_eq!(columns[2 + feature].0, format!("share_{feature}"));
        let wanted: Vec<f64> = shares.iter().skip(feature).step_by(2).copied().collect();
        assert_eq!(columns[2 + feature].1, wanted);
    }
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let bench = bench();
    for (asked, message) in [
        (
            "--contamination 1",
            "--contamination is 1; it must be a fraction of the rows, at least 0 and less than 1",
        ),
        (
            "--contamination -0.1",
            "--contamination is -0.1; it must be a fraction of the rows, at least 0 and less than 1",
        ),
        ("--percentile 101", "--percentile is 101; it must be within 0 and 100"),
        ("--percentile nan", "--percentile is NaN; it must be within 0 and 100"),
    ] {
        // The data do not exist, but the message must be about the option.
        bench.run(&format!("detect nowhere.csv -k 2 {asked}")).refused(2, message);
    }
    for asked in [
        "-k 2",
        "-m m",
        "-k 2 -m m --percentile 9",
        "-k 2 --percentile 9 --threshold 1",
        "-m m --seed 1 --percentile 9",
        "-k 2 --threshold inf",
    ] {
        let refused = bench.run(&format!("detect data.csv {asked}"));
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{asked}");
    }
    bench.model("one", &[1.0], &[0.0], &[1.0]);
    bench
        .run("detect data.csv -m one --percentile 9")
        .refused(3, "data.csv: samples have 2 features, the mixture has 1");
    bench.write("one.csv", "x\n1\n").write("hole.csv", "x\n1\nnan\n");
    bench
        .run("detect one.csv")
        .refused(4, "one.csv: too few samples to detect outliers: 1 with a positive weight; pass at least 2");
    assert_eq!(bench.run("detect hole.csv").code, 3);
    bench
        .run("detect data.csv -k 95 --percentile 9")
        .refused(4, "data.csv: 94 samples cannot support 95 components; use at most 94");
}
