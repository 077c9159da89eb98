//! `gmm sample`: what it draws.

use super::bench::Bench;

#[test]
fn samples_read_back_to_the_bits_of_the_library_across_blocks() {
    let bench = Bench::new();
    let mixture = bench.model(
        "m",
        &[0.75, 0.25],
        &[0.0, 0.0, 10.0, -10.0],
        &[1.0, 0.25, 0.25, 2.0, 0.5, 0.0, 0.0, 0.5],
    );
    // More than one block of 32 768 rows, the last of them short.
    let n = 40_000;
    let (rows, labels) = gmm_core::sample(&mixture, n, 3).unwrap();
    let drawn = bench.run(&format!("sample m -n {n} --seed 3 --labels"));
    assert_eq!(drawn.stderr, "40000 samples drawn with seed 3\n");
    let columns = drawn.columns();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["feature_0", "feature_1", "label"]);
    for feature in 0..2 {
        let column: Vec<f64> = rows.iter().skip(feature).step_by(2).copied().collect();
        assert!(columns[feature].1 == column);
    }
    assert!(columns[2].1 == labels.iter().map(|&label| f64::from(label)).collect::<Vec<_>>());
}

#[test]
fn what_is_drawn_can_be_fitted() {
    let bench = Bench::new();
    bench.model("m", &[0.75, 0.25], &[0.0, 10.0], &[1.0, 4.0]);
    let drawn = bench.run("sample m --n 5000 -q");
    assert_eq!(drawn.stderr, "");
    let text = drawn.done();
    assert_eq!(
        bench.run("sample m -n 5000 -q --no-header").done(),
        text.strip_prefix("feature_0\n").unwrap()
    );
    bench.write("drawn.csv", text);
    bench.run("fit drawn.csv -k 2 -o again -q").done();
    let again = gmm_io::load_model(&bench.path("again")).unwrap();
    let mut means = again.means().to_vec();
    means.sort_unstable_by(f64::total_cmp);
    assert!(means[0].abs() < 0.1 && (means[1] - 10.0).abs() < 0.3, "{means:?}");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let bench = Bench::new();
    let refused = bench.run("sample nowhere -n 0");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("write a whole number of at least 1"), "{}", refused.stderr);
    let why = std::io::Error::from_raw_os_error(2);
    bench.run("sample nowhere -n 1").refused(3, &format!("cannot read nowhere: {why}"));
}
