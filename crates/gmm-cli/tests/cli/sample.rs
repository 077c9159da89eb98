//! `gmm sample`: the samples that it draws.

use super::bench::Bench;

const SPREAD: [f64; 8] = [1.0, 0.25, 0.25, 2.0, 0.5, 0.0, 0.0, 0.5];

#[test]
fn samples_read_back_to_the_bits_of_the_library_across_blocks() {
    let bench = Bench::new();
    let mixture = bench.model("m", &[0.75, 0.25], &[0.0, 0.0, 10.0, -10.0], &SPREAD);
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

#[test]
fn a_file_has_what_standard_output_would() {
    let bench = Bench::new();
    let mixture = bench.model("m", &[0.75, 0.25], &[0.0, 0.0, 10.0, -10.0], &SPREAD);
    let n = 40_000;
    let (rows, labels) = gmm_core::sample(&mixture, n, 3).unwrap();
    let read = |name: &str| {
        let mut source = gmm_io::open(&bench.path(name), &gmm_io::ReadOptions::default()).unwrap();
        gmm_io::read_all(&mut *source).unwrap()
    };
    for labelled in ["", "--labels"] {
        let printed = bench.run(&format!("sample m -n {n} --seed 3 {labelled}")).done();
        for name in ["x.csv", "x.npy"] {
            let drawn = bench.run(&format!("sample m -n {n} --seed 3 {labelled} -o {name}"));
            assert_eq!(
                (drawn.stdout.as_str(), drawn.stderr.as_str()),
                ("", "40000 samples drawn with seed 3\n")
            );
            drawn.done();
            let table = read(name);
            assert_eq!(table.n_features, if labelled.is_empty() { 2 } else { 3 });
            let expected = rows.chunks_exact(2).zip(&labels).flat_map(|(row, &label)| {
                let label = (!labelled.is_empty()).then_some(f64::from(label));
                row.iter().copied().chain(label)
            });
            assert!(expected.eq(table.values.iter().copied()), "{name} {labelled}");
        }
        assert!(std::fs::read_to_string(bench.path("x.csv")).unwrap() == printed);
    }
    assert_eq!(bench.names(), ["m", "x.csv", "x.npy"], "nothing else is left behind");
}

#[test]
fn a_place_for_samples_that_cannot_be_is_refused_and_nothing_is_replaced() {
    let bench = Bench::new();
    bench.model("m.npy", &[1.0], &[0.0], &[1.0]);
    bench.write("x.csv", "precious");
    for (args, part) in [
        ("sample nowhere -n 1 -o x.txt", "write a name that ends in .csv or .npy"),
        ("sample nowhere -n 1 -o -", "write a name that ends in .csv or .npy"),
        ("sample nowhere -n 1 -o x.npy --no-header", "--no-header is for CSV"),
    ] {
        let refused = bench.run(args);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains(part), "{args}: {}", refused.stderr);
    }
    bench
        .run("sample nowhere -n 1 -o deep/x.csv")
        .refused(5, "cannot write deep/x.csv: there is no directory deep; create it first");
    bench
        .run("sample m.npy -n 1 -o ./m.npy")
        .refused(5, "cannot write ./m.npy: the samples would replace the model; choose another name");
    assert_eq!(bench.run("sample nowhere -n 1 -o x.csv").code, 3);
    assert_eq!(std::fs::read_to_string(bench.path("x.csv")).unwrap(), "precious");
    assert_eq!(bench.names(), ["m.npy", "x.csv"]);
}
