//! `gmm score`: the scores that it prints.

use gmm_core::{Samples, Threads};

use super::bench::{Bench, csv, two_groups};

const WEIGHTS: [f64; 2] = [0.75, 0.25];
const MEANS: [f64; 4] = [0.0, 0.0, 10.0, -10.0];
const COVARIANCES: [f64; 8] = [1.0, 0.25, 0.25, 2.0, 0.5, 0.0, 0.0, 0.5];

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn an_energy_worked_out_by_hand() {
    let bench = Bench::new();
    bench.model("standard", &[1.0], &[0.0], &[1.0]);
    bench.write("data.csv", "0\n2\n");
    let scored = bench.run("score standard data.csv");
    assert_eq!(scored.stderr, "2 rows scored, mean energy 1.91894 nats\n");
    let columns = scored.columns();
    assert_eq!(columns[0].0, "energy");
    // ½ ln 2π; a distance of 2 adds half its square, which is 2.
    let at_the_mean = 0.918_938_533_204_672_7;
    assert!((columns[0].1[0] - at_the_mean).abs() < 1e-15);
    assert!((columns[0].1[1] - at_the_mean - 2.0).abs() < 1e-15);
}

#[test]
fn every_column_reads_back_to_the_bits_of_the_library_across_blocks() {
    let bench = Bench::new();
    let mixture = bench.model("m", &WEIGHTS, &MEANS, &COVARIANCES);
    // Three blocks, the last of them short; the middle of the range between the two components.
    let rows: Vec<[f64; 2]> = (0..20_000)
        .map(|i| [(i % 137) as f64 * 0.31 - 20.0, (i % 251) as f64 * -0.17 + 15.0 + i as f64 * 1e-5])
        .collect();
    bench.write("data.csv", csv("", &rows));
    let values = rows.concat();
    let samples = Samples::from_rows(&values, rows.len(), 2).unwrap();
    let threads = Threads::one();

    let asked = "score m data.csv --labels --responsibilities --log-responsibilities --mahalanobis";
    let columns = bench.run(asked).columns();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "energy label responsibility_0 responsibility_1 log_responsibility_0 log_responsibility_1 \
         squared_mahalanobis_0 squared_mahalanobis_1"
    );
    let of = |name: &str| bits(&columns.iter().find(|(other, _)| other == name).unwrap().1);
    assert_eq!(of("energy"), bits(&gmm_core::energy(&mixture, &samples, &threads).unwrap()));
    let labels = gmm_core::labels(&mixture, &samples, &threads).unwrap();
    assert_eq!(of("label"), bits(&labels.into_iter().map(f64::from).collect::<Vec<_>>()));
    let mut logs = vec![0.0; 2 * rows.len()];
    let scores = gmm_core::Scores { log_responsibilities: Some(&mut logs), ..Default::default() };
    gmm_core::score(&mixture, &samples, scores, &threads).unwrap();
    for (name, matrix) in [
        ("responsibility", gmm_core::responsibilities(&mixture, &samples, &threads).unwrap()),
        ("squared_mahalanobis", gmm_core::squared_mahalanobis(&mixture, &samples, &threads).unwrap()),
        ("log_responsibility", logs),
    ] {
        for component in 0..2 {
            let column: Vec<f64> = matrix.iter().skip(component).step_by(2).copied().collect();
            assert_eq!(of(&format!("{name}_{component}")), bits(&column), "{name}_{component}");
        }
    }
    for threads in [1, 3] {
        let again = bench.run(&format!("score m data.csv --threads {threads}")).columns();
        assert_eq!(bits(&again[0].1), of("energy"));
    }
}

#[test]
fn the_mean_energy_is_that_of_all_rows() {
    let bench = Bench::new();
    let mixture = bench.model("m", &WEIGHTS, &MEANS, &COVARIANCES);
    // 10 000 rows are two blocks of unequal length.
    let rows: Vec<[f64; 2]> = (0..10_000).map(|i| [i as f64 * 1e-3, 0.0]).collect();
    bench.write("data.csv", csv("", &rows));
    let values = rows.concat();
    let samples = Samples::from_rows(&values, rows.len(), 2).unwrap();
    let energies = gmm_core::energy(&mixture, &samples, &Threads::one()).unwrap();
    let mean = energies.iter().sum::<f64>() / 1e4;
    let told = bench.run("score m data.csv").stderr;
    assert_eq!(told, format!("10000 rows scored, mean energy {mean:.4} nats\n"));
}

#[test]
fn a_row_infinitely_far_has_infinite_energy() {
    let bench = Bench::new();
    bench.model("m", &[1.0], &[0.0], &[1.0]);
    let scored = bench.run_with_stdin("score m - --labels --responsibilities", "1e200\n0\n");
    assert_eq!(scored.stderr, "2 rows scored, mean energy inf nats\n");
    let printed = scored.done();
    assert!(printed.starts_with("energy,label,responsibility_0\ninf,0,1\n0.918"), "{printed}");
}

#[test]
fn the_line_of_names_can_be_left_out() {
    let bench = Bench::new();
    bench.model("m", &[1.0], &[0.0], &[1.0]);
    let scored = bench.run_with_stdin("score m - --no-header", "0\n").done();
    assert_eq!(scored.lines().count(), 1);
    assert!(scored.starts_with("0.918"));
}

#[test]
fn columns_are_chosen_by_name() {
    let bench = Bench::new();
    bench.model("m", &WEIGHTS, &MEANS, &COVARIANCES);
    let rows: String = two_groups().iter().map(|[x, y]| format!("{y}\tid\t{x}\n")).collect();
    bench.write("wide.tsv", format!("y\tname\tx\n{rows}")).write("data.csv", csv("x,y", &two_groups()));
    let wanted = bench.run("score m data.csv").done();
    assert_eq!(bench.run("score m wide.tsv --columns x,y --delimiter tab").done(), wanted);
    assert_eq!(bench.run("score m wide.tsv --columns 3,1").done(), wanted);
}
