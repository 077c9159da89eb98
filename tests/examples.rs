//! Every example runs and prints what it promises.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use gmm_core::Mixture;
use gmm_tests::{Link, breast_cancer, breast_cancer_path, cargo_build, compile, root, run};

/// Compiles a C example with the headers of the examples.
fn example(name: &str, folder: &Path) -> PathBuf {
    compile(&root().join("examples/c").join(name), Link::Shared, folder)
}

/// Standard output of a program.
fn said(program: &Path, arguments: &[&OsStr]) -> String {
    String::from_utf8(run(program, arguments).stdout).unwrap()
}

/// `-ln Σₖ φₖ Πᵢ N(zᵢ; μₖᵢ, σ²ₖᵢ)` for diagonal covariances, term by term.
fn plain_energy(mixture: &Mixture, sample: &[f64]) -> f64 {
    let (d, variances) = (mixture.n_features(), mixture.covariances().values());
    let logs: Vec<f64> = (0..mixture.n_components())
        .map(|k| {
            let terms = (0..d).map(|i| {
                let (delta, variance) = (sample[i] - mixture.means()[k * d + i], variances[k * d + i]);
                -0.5 * (delta * delta / variance + (2.0 * std::f64::consts::PI * variance).ln())
            });
            mixture.weights()[k].ln() + terms.sum::<f64>()
        })
        .collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    -largest - logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
}

#[test]
fn the_tumour_example_finds_most_tumours() {
    let folder = cargo_build(&["--package", "gmm-io", "--example", "breast_cancer"]);
    let output = run(&folder.join("examples/breast_cancer"), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let auc: f64 = said.trim().rsplit(' ').next().unwrap().parse().unwrap();
    // A random detector has 0.5.
    assert!(auc > 0.93, "{said}");
    assert!(said.contains("179 benign samples of 30 features"), "{said}");
}

#[test]
fn the_c_example_tells_the_usual_from_the_unusual() {
    let folder = tempfile::tempdir().unwrap();
    let said = said(&example("outliers.c", folder.path()), &[]);
    let energies: Vec<f64> =
        said.lines().map(|line| line.split(' ').nth_back(1).unwrap().parse().unwrap()).collect();
    let &[near, other, between, far] = energies.as_slice() else { panic!("{said}") };
    assert!(near.max(other) + 10.0 < between && between < far, "{said}");
}

#[test]
fn the_c_example_chooses_the_mixture_that_the_points_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let said = said(&example("choose.c", folder.path()), &[]);
    assert!(said.contains("best: 3 components, diag\n"), "{said}");
    assert!(said.contains("\nsettled after "), "{said}");
}

#[test]
fn a_c_program_fits_and_saves_and_another_scores_with_what_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = (breast_cancer_path(), folder.path().join("model.safetensors"));
    let columns = OsStr::new("2-31");
    let told = said(
        &example("fit_save.c", folder.path()),
        &[data.as_os_str(), columns, "2".as_ref(), model.as_os_str()],
    );
    assert!(told.starts_with("569 samples of 30 features, 2 components\nthe fit converged after "), "{told}");
    let told_bound = told.lines().find_map(|line| line.strip_prefix("log-likelihood ")).unwrap();
    let told_bound: f64 = told_bound.split(' ').next().unwrap().parse().unwrap();

    let (table, mixture) = (breast_cancer(), gmm_io::load_model(&model).unwrap());
    let wanted: Vec<f64> =
        table.values.chunks_exact(30).map(|sample| plain_energy(&mixture, sample)).collect();
    // The bound is that of the parameters before the last M-step; its last change was below 1e-3.
    let mean = wanted.iter().sum::<f64>() / 569.0;
    assert!((told_bound + mean).abs() < 2e-3, "{told_bound} {mean}");

    let scores = said(
        &example("score_csv.c", folder.path()),
        &[data.as_os_str(), columns, model.as_os_str(), "5".as_ref()],
    );
    let lines: Vec<Vec<&str>> = scores.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines.len(), 569);
    for (row, line) in lines.iter().enumerate() {
        let energy: f64 = line[1].parse().unwrap();
        assert_eq!(line[0], (row + 1).to_string());
        assert!((energy - wanted[row]).abs() < 1e-8 * (1.0 + wanted[row].abs()), "{line:?} {}", wanted[row]);
    }
    // Five percent of 569 rows are flagged, and no other row has a larger energy.
    let (unusual, usual): (Vec<usize>, Vec<usize>) = (0..569).partition(|&row| lines[row].len() > 2);
    assert_eq!(unusual.len(), 28);
    assert!(unusual.iter().all(|&row| usual.iter().all(|&other| wanted[row] > wanted[other])));
    for row in unusual {
        let [_, _, "unusual:", "column", column] = lines[row][..] else { panic!("{:?}", lines[row]) };
        assert!((2..=31).contains(&column.parse::<usize>().unwrap()), "{column}");
    }
}

#[test]
fn a_table_that_is_none_is_refused_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = example("score_csv.c", folder.path());
    let data = folder.path().join("data.csv");
    for (text, complaint) in [
        ("a,b\n1,2\n3\n", "data.csv:3: 1 fields, but line 1 has 2\n"),
        ("a,b\n1,2\n3,4,5\n", "data.csv:3: 3 fields, but line 1 has 2\n"),
        ("a,b\r\n1,2\r\n3,4x\r\n", "data.csv:3: field 2 is not a number\n"),
        ("a,b\n,2\n", "data.csv:2: field 1 is not a number\n"),
        ("a,b\n1,2\n\n3,4\n", "data.csv:3: 1 fields, but line 1 has 2\n"),
        ("a,b\n", "data.csv: there are no rows below the line of names\n"),
        ("", "data.csv: there are no rows below the line of names\n"),
        ("a\n1\n", "data.csv: there are no columns 1 to 2 of 1\n"),
        ("a,b\n1,\0\n", "data.csv: this is not text\n"),
        ("a,b\n1,nan\n", "samples is NaN at row 0, column 1; remove or impute such values first\n"),
    ] {
        std::fs::write(&data, text).unwrap();
        let model = folder.path().join("unit.safetensors");
        let unit = Mixture::new(&[1.0], &[0.0; 2], &[1.0, 0.0, 0.0, 1.0]).unwrap();
        gmm_io::save_model(&model, &unit).unwrap();
        let output =
            Command::new(&program).arg(&data).arg("1-2").arg(&model).arg("5").output().expect("it runs");
        let complained = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text:?}");
        assert!(complained.ends_with(complaint), "{text:?}: {complained}");
        assert!(output.stdout.is_empty());
    }
    for columns in ["0-1", "2-1", "a", "1-2x", ""] {
        let output = Command::new(&program).arg(&data).arg(columns).args(["model", "5"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{columns}");
    }
}

#[test]
fn a_loop_in_c_raises_an_alarm_for_every_frame_that_is_stuck() {
    let folder = tempfile::tempdir().unwrap();
    let told = said(&example("realtime.c", folder.path()), &["3000".as_ref(), "50".as_ref()]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[..3], ["alarm in frame 999", "alarm in frame 1999", "alarm in frame 2999"], "{told}");
    assert_eq!(lines.len(), 5, "{told}");
    assert!(lines[3].starts_with("3000 frames, "), "{told}");
    let times: Vec<f64> = lines[4].split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(times.len() == 2 && times[0] > 0.0 && times[0] <= times[1], "{told}");
}
