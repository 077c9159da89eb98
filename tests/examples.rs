//! Every example runs and says what it is there to say.

use gmm_tests::{Link, cargo_build, compile, root, run};

#[test]
fn the_tumour_example_finds_most_tumours() {
    let folder = cargo_build(&["--package", "gmm-io", "--example", "breast_cancer"]);
    let output = run(&folder.join("examples/breast_cancer"), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let auc: f64 = said.trim().rsplit(' ').next().unwrap().parse().unwrap();
    // A detector that guesses has 0.5.
    assert!(auc > 0.93, "{said}");
    assert!(said.contains("179 benign samples of 30 features"), "{said}");
}

#[test]
fn the_c_example_tells_the_usual_from_the_unusual() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&compile(&root().join("examples/c/outliers.c"), Link::Shared, folder.path()), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let energies: Vec<f64> =
        said.lines().map(|line| line.split(' ').nth_back(1).unwrap().parse().unwrap()).collect();
    let &[near, other, between, far] = energies.as_slice() else { panic!("{said}") };
    assert!(near.max(other) + 10.0 < between && between < far, "{said}");
}

#[test]
fn the_c_example_chooses_the_mixture_that_the_points_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&compile(&root().join("examples/c/choose.c"), Link::Shared, folder.path()), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("best: 3 components, diag\n"), "{said}");
    assert!(said.contains("\nsettled after "), "{said}");
}
