//! Every golden value, in both sample types, and the errors for every invalid golden input.

use gmm_core::{
    CovarianceType, Covariances, Error, FitOptions, Init, MatRef, Mixture, Real, RegCovar, Responsibilities,
    Samples, Scores, Threads, aic, bic, energy, fit, n_parameters, params, responsibilities, score,
};
use gmm_verify::{
    Case, CovarianceType as GoldenType, Dtype, Kind, compare_case, compare_em, golden_cases, golden_dir,
    golden_fits,
};

/// Quantities out of the range of one type: case, quantity, reason. A row that is no longer needed is a failure.
const EXCEPTIONS: &[(Dtype, &str, &str, &str)] = &[
    (
        Dtype::F32,
        "illcond_1e12_f64",
        "all",
        "its inputs are not f32 numbers; rounded, they are another problem",
    ),
    (
        Dtype::F32,
        "offset_1e8_f64",
        "all",
        "its inputs are not f32 numbers; rounded, they are another problem",
    ),
    (
        Dtype::F32,
        "scale_1e-22",
        "cov",
        "the index gives no tolerance: variances of 1e-44 are below every f32",
    ),
    (Dtype::F32, "scale_1e-22", "cov_diag", "the index gives no tolerance: the inverse of such a variance"),
    (Dtype::F32, "scale_1e20", "cov", "the index gives no tolerance: variances of 1e40 are above every f32"),
    (Dtype::F32, "scale_1e20", "cov_diag", "the index gives no tolerance: the inverse of such a variance"),
];

const QUANTITIES: [&str; 8] =
    ["phi", "mu", "cov", "L", "log_det_cov", "sample_energy", "mean_energy", "cov_diag"];

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

fn mixture_of<T: Real>(case: &Case, samples: &Samples<'_, T>) -> Result<Mixture, Error> {
    let array = |name: &str| case.array(name);
    if case.kind == Kind::Energy {
        // These factors are independent inputs: they were rounded separately from the covariances.
        return Mixture::from_independent(
            array("in.phi"),
            array("in.mu"),
            array("in.cov"),
            array("in.L"),
            array("in.log_det_cov"),
        );
    }
    let gamma: Vec<T> = cast(array("in.gamma"));
    let gamma = Responsibilities::new(MatRef::from_row_major_slice(&gamma, case.n, case.k))?;
    params(samples, &gamma, case.eps, &Threads::one())
}

/// The library's value of one quantity of a case.
fn answer<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>, quantity: &str) -> Vec<f64> {
    let full = mixture.covariances();
    match quantity {
        "phi" => mixture.weights().to_vec(),
        "mu" => mixture.means().to_vec(),
        "cov" => full.values().to_vec(),
        "L" => full.cholesky().to_vec(),
        "log_det_cov" => full.log_dets().to_vec(),
        "cov_diag" => vec![mixture.cov_diag()],
        "sample_energy" => widen(&energy(mixture, samples, &Threads::one()).unwrap()),
        "mean_energy" => vec![score(mixture, samples, Scores::default(), &Threads::one()).unwrap()],
        other => panic!("no quantity called {other}"),
    }
}

fn every_case_holds<T: Real>(dtype: Dtype) {
    let mut failures = Vec::new();
    let mut compared = 0;
    for case in golden_cases(&golden_dir()).iter().filter(|case| !case.doc_only) {
        let excepted = |quantity: &str| {
            EXCEPTIONS
                .iter()
                .any(|&(d, name, q, _)| (d, name) == (dtype, &*case.name) && (q == quantity || q == "all"))
        };
        if dtype == Dtype::F32 && !case.inputs_are_float32 {
            assert!(excepted("all"), "{}: its inputs are not f32; give the reason", case.name);
            continue;
        }
        let z: Vec<T> = cast(case.array("in.z"));
        let samples = Samples::from_rows(&z, case.n, case.d).unwrap();
        let mixture = mixture_of(case, &samples).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        for quantity in QUANTITIES {
            let expected = case.arrays.contains_key(&format!("ref.{quantity}"));
            if !expected || case.unstable.contains(quantity) {
                continue;
            }
            let got = answer(&mixture, &samples, quantity);
            match compare_case(case, quantity, dtype, &got) {
                Ok(Some(_)) if excepted(quantity) => {
                    failures.push(format!("{}: stale exception for {quantity}", case.name))
                }
                Ok(Some(_)) => compared += 1,
                Ok(None) if excepted(quantity) => {}
                Ok(None) => {
                    failures.push(format!("{}: no tolerance for {quantity}, and no reason", case.name))
                }
                Err(message) => failures.push(message),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{}: {compared} golden arrays", dtype.name());
    assert!(compared > 250, "only {compared} arrays were compared");
}

#[test]
fn every_golden_case_holds_in_f64() {
    every_case_holds::<f64>(Dtype::F64);
}

#[test]
fn every_golden_case_holds_in_f32() {
    every_case_holds::<f32>(Dtype::F32);
}

/// `cov_diag` has no tolerance in the cases whose exact value is infinite: one rounding decides whether it is.
#[test]
fn an_unstable_cov_diag_is_very_large_and_never_nan() {
    for case in golden_cases(&golden_dir()).iter().filter(|case| case.unstable.contains("cov_diag")) {
        let samples = Samples::from_rows(case.array("in.z"), case.n, case.d).unwrap();
        let cov_diag = mixture_of(case, &samples).unwrap().cov_diag();
        assert!(cov_diag > 1e12, "{}: {cov_diag}", case.name);
    }
}

#[test]
fn invalid_golden_input_is_refused_by_name() {
    let cases = golden_cases(&golden_dir());
    let refusal = |name: &str| {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let samples = Samples::from_rows(case.array("in.z"), case.n, case.d);
        samples.and_then(|samples| mixture_of(case, &samples)).unwrap_err()
    };
    // The positions were read from the files with another program.
    let messages = [
        ("nan_z", "samples is NaN at row 3, column 0; remove or impute such values first"),
        ("inf_z", "samples is inf at row 3, column 0; remove or impute such values first"),
        ("nan_gamma", "responsibilities is NaN at row 3, column 0; remove or impute such values first"),
        ("inf_gamma", "responsibilities is inf at row 3, column 0; remove or impute such values first"),
        ("neg_gamma", "responsibilities is -0.25 at row 3, column 0; it must not be negative"),
    ];
    for (name, message) in messages {
        assert_eq!(refusal(name).to_string(), message, "{name}");
    }
    assert!(matches!(refusal("neg_gamma_sum"), Error::Negative { .. }));
    assert!(matches!(refusal("resp_zero"), Error::EmptyComponent { .. }));
}

fn golden_fits_are_followed(golden: GoldenType, covariance_type: CovarianceType) {
    let threads = Threads::one();
    let mut seen = 0;
    for case in golden_fits(&golden_dir()) {
        if case.covariance_type != golden {
            continue;
        }
        let start =
            Covariances::from_precisions(covariance_type, case.array("precisions_init"), case.k, case.d)
                .and_then(|covariances| {
                    Mixture::from_covariances(
                        case.array("weights_init"),
                        case.array("means_init"),
                        covariances,
                        &[],
                    )
                })
                .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let samples = Samples::from_rows(&case.samples, case.n, case.d).unwrap();
        let options = FitOptions {
            covariance_type,
            tol: case.tol,
            max_iter: case.max_iter,
            reg_covar: RegCovar::Absolute(case.reg_covar),
            init: Init::Mixture(start),
            ..FitOptions::new(case.k)
        };
        let fitted =
            fit(&samples, &options, &threads).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!((fitted.n_iter, fitted.converged()), (case.n_iter, case.converged), "{}", case.name);

        let (mixture, rows) = (&fitted.mixture, case.n_rows());
        let covariances = mixture.covariances();
        let energies = energy(mixture, &samples, &threads).unwrap();
        let proba = responsibilities(mixture, &samples, &threads).unwrap();
        let labels = gmm_core::labels(mixture, &samples, &threads).unwrap();
        let labels: Vec<f64> = labels.into_iter().map(f64::from).collect();
        let log_likelihood = -energies.iter().sum::<f64>();
        let log_densities: Vec<f64> = energies[..rows].iter().map(|energy| -energy).collect();
        let compared = [
            compare_em(&case, "weights", None, mixture.weights()),
            compare_em(&case, "means", None, mixture.means()),
            compare_em(&case, "covariances", None, covariances.values()),
            compare_em(&case, "precisions_cholesky", None, &covariances.precisions_cholesky()),
            compare_em(&case, "lower_bound", None, &[fitted.lower_bound()]),
            compare_em(&case, "lower_bounds", Some("lower_bound"), &fitted.lower_bounds),
            compare_em(&case, "score", None, &[log_likelihood / case.n as f64]),
            compare_em(&case, "aic", None, &[aic(mixture, log_likelihood)]),
            compare_em(&case, "bic", None, &[bic(mixture, log_likelihood, case.n)]),
            compare_em(&case, "n_parameters", None, &[n_parameters(mixture) as f64]),
            compare_em(&case, "proba_rows", None, &proba[..rows * case.k]),
            compare_em(&case, "score_samples_rows", None, &log_densities),
            compare_em(&case, "labels", None, &labels),
        ];
        let worst = compared.into_iter().map(Result::unwrap).fold(0.0, f64::max);
        println!("{:<36} {:>3} iterations, {worst:.1e} of the tolerance", case.name, fitted.n_iter);
        seen += 1;
    }
    assert_eq!(seen, 16, "iris, wine, breast_cancer and digits, four ways each");
}

#[test]
fn every_golden_fit_of_full_covariances_is_followed_iteration_by_iteration() {
    golden_fits_are_followed(GoldenType::Full, CovarianceType::Full);
}

#[test]
fn every_golden_fit_of_a_tied_covariance_is_followed_iteration_by_iteration() {
    golden_fits_are_followed(GoldenType::Tied, CovarianceType::Tied);
}

#[test]
fn every_golden_fit_of_diagonal_covariances_is_followed_iteration_by_iteration() {
    golden_fits_are_followed(GoldenType::Diag, CovarianceType::Diag);
}

#[test]
fn every_golden_fit_of_spherical_covariances_is_followed_iteration_by_iteration() {
    golden_fits_are_followed(GoldenType::Spherical, CovarianceType::Spherical);
}
