//! Every golden gradient, in both sample types, by every function that computes it.

use gmm_core::{
    EnergyCotangents, EnergyGradients, Error, Gradients, LossOptions, MatRef, Mixture, ParamsCotangents,
    ParamsOptions, Real, Responsibilities, Samples, Threads, energy_vjp, loss, params, params_vjp,
    score_function,
};
use gmm_verify::{Case, Dtype, Kind, compare_case, golden_cases, golden_dir};

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
    (Dtype::F32, "resp_1e-40", "g_covdiag_gamma", "the index gives no tolerance: some are near 1e40"),
    (
        Dtype::F32,
        "scale_1e-22",
        "g_covdiag_z",
        "the index gives no tolerance: inverse cubes of deviations near 1e-22",
    ),
    (
        Dtype::F32,
        "scale_1e-22",
        "g_covdiag_gamma",
        "the index gives no tolerance: inverse variances near 1e44",
    ),
    (
        Dtype::F32,
        "scale_1e20",
        "g_covdiag_z",
        "the index gives no tolerance: inverse cubes of deviations near 1e20",
    ),
    (
        Dtype::F32,
        "scale_1e20",
        "g_covdiag_gamma",
        "the index gives no tolerance: inverse variances near 1e-40",
    ),
    (Dtype::F32, "scale_1e20", "vjp_cov", "the index gives no tolerance: inverse variances near 1e-40"),
];

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// A quantity and the library's value of it, or the error.
type Answers = Vec<(&'static str, Result<Vec<f64>, Error>)>;

struct Given<'a, T> {
    case: &'a Case,
    samples: Samples<'a, T>,
    gamma: Option<Responsibilities<'a, T>>,
    mixture: Mixture,
}

impl<T: Real> Given<'_, T> {
    fn of_loss(&self, energy: f64, cov_diag: f64) -> [Result<Vec<f64>, Error>; 2] {
        let Given { case, samples, gamma, .. } = self;
        let gamma = gamma.as_ref().expect("losses are of responsibilities");
        let options = LossOptions {
            energy,
            cov_diag,
            params: ParamsOptions { ridge: case.eps, ..ParamsOptions::default() },
        };
        let each = [true, false].map(|of_samples| {
            let mut out = vec![T::ZERO; case.n * if of_samples { case.d } else { case.k }];
            let mut gradients = Gradients::default();
            *(if of_samples { &mut gradients.samples } else { &mut gradients.responsibilities }) =
                Some(&mut out);
            loss(samples, gamma, &options, gradients, &Threads::one()).map(|_| out)
        });
        // Both gradients requested together are the same as each requested alone.
        if let [Ok(z), Ok(g)] = &each {
            let (mut both_z, mut both_g) = (z.clone(), g.clone());
            let gradients = Gradients { samples: Some(&mut both_z), responsibilities: Some(&mut both_g) };
            loss(samples, gamma, &options, gradients, &Threads::one()).unwrap();
            assert_eq!(*z, both_z, "{}", case.name);
        }
        each.map(|values| values.map(|values| widen(&values)))
    }

    /// z, φ, μ, Σ, L and ln det, for cotangents `e`.
    fn of_energy(&self, e: &[f64]) -> Result<[Vec<f64>; 6], Error> {
        let Case { n, d, k, .. } = *self.case;
        let mut out = [n * d, k, k * d, k * d * d, k * d * d, k].map(|len| vec![T::ZERO; len]);
        let [z, phi, mu, cov, chol, log_det] = &mut out;
        let gradients = EnergyGradients {
            samples: Some(z),
            weights: Some(phi),
            means: Some(mu),
            covariances: Some(cov),
            cholesky: Some(chol),
            log_dets: Some(log_det),
        };
        let e = cast::<T>(e);
        let each = EnergyCotangents::Each(&e);
        energy_vjp(&self.mixture, &self.samples, each, 0.0, gradients, &Threads::one())?;
        Ok(out.map(|values| widen(&values)))
    }

    /// The Jacobian of every energy, one cotangent at a time.
    fn jacobian(&self) -> Result<[Vec<f64>; 5], Error> {
        let mut rows: [Vec<f64>; 5] = Default::default();
        for row in 0..self.case.n {
            let mut unit = vec![0.0; self.case.n];
            unit[row] = 1.0;
            let [z, phi, mu, _, chol, log_det] = self.of_energy(&unit)?;
            for (at, &value) in z.iter().enumerate() {
                assert!(
                    at / self.case.d == row || value == 0.0,
                    "{}: energies are their own",
                    self.case.name
                );
            }
            rows[0].extend_from_slice(&z[row * self.case.d..][..self.case.d]);
            rows[1].extend(phi);
            rows[2].extend(mu);
            rows[3].extend(chol);
            rows[4].extend(log_det);
        }
        Ok(rows)
    }

    fn answers(&self) -> Answers {
        let case = self.case;
        let mut answers = Answers::new();
        if case.kind == Kind::ParamsAndEnergy {
            let [z, gamma] = self.of_loss(1.0, 0.0);
            answers.extend([("g_energy_z", z), ("g_energy_gamma", gamma)]);
            let [z, gamma] = self.of_loss(0.0, 1.0);
            answers.extend([("g_covdiag_z", z), ("g_covdiag_gamma", gamma)]);
        }
        let names = ["vjp_z", "vjp_phi", "vjp_mu", "vjp_cov", "vjp_L", "vjp_log_det"];
        match self.of_energy(case.array("in.w")) {
            Ok(each) => answers.extend(names.into_iter().zip(each).map(|(name, values)| (name, Ok(values)))),
            Err(refused) => answers.extend(names.map(|name| (name, Err(refused.clone())))),
        }
        if case.arrays.contains_key("ref.jac_z") {
            let names = ["jac_z", "jac_phi", "jac_mu", "jac_L", "jac_log_det"];
            let each = self.jacobian().unwrap_or_else(|refused| panic!("{}: {refused}", case.name));
            answers.extend(names.into_iter().zip(each).map(|(name, values)| (name, Ok(values))));
            // The score function is the negative of it.
            let mut scores = vec![T::ZERO; case.n * case.d];
            score_function(&self.mixture, &self.samples, &mut scores, &Threads::one()).unwrap();
            answers.push(("jac_z", Ok(scores.iter().map(|score| -score.to_f64()).collect())));
        }
        answers
    }
}

fn every_gradient_holds<T: Real>(dtype: Dtype) {
    let (mut failures, mut compared, mut worst) = (Vec::new(), 0, 0.0_f64);
    for case in golden_cases(&golden_dir()).iter().filter(|case| !case.doc_only) {
        let excepted = |quantity: &str| {
            EXCEPTIONS
                .iter()
                .any(|&(d, name, q, _)| (d, name) == (dtype, &*case.name) && (q == quantity || q == "all"))
        };
        if excepted("all") {
            assert!(dtype == Dtype::F32 && !case.inputs_are_float32, "{}: stale exception", case.name);
            continue;
        }
        let z: Vec<T> = cast(case.array("in.z"));
        let samples = Samples::from_rows(&z, case.n, case.d).unwrap();
        let shares: Vec<T> =
            if case.kind == Kind::ParamsAndEnergy { cast(case.array("in.gamma")) } else { Vec::new() };
        let (gamma, mixture) = match case.kind {
            Kind::ParamsAndEnergy => {
                let gamma = Responsibilities::from_rows(&shares, case.n, case.k).unwrap();
                (Some(gamma), params(&samples, &gamma, case.eps, &Threads::one()).unwrap())
            }
            Kind::Energy => {
                let names = ["in.phi", "in.mu", "in.cov", "in.L", "in.log_det_cov"];
                let [phi, mu, cov, chol, log_det] = names.map(|name| case.array(name));
                (None, Mixture::from_independent(phi, mu, cov, chol, log_det).unwrap())
            }
        };
        let given = Given { case, samples, gamma, mixture };
        for (quantity, got) in given.answers() {
            if case.unstable.contains(quantity) {
                continue;
            }
            let got = match got {
                Ok(got) => got,
                Err(_) if excepted(quantity) => continue,
                Err(refused) => {
                    failures.push(format!("{}: {quantity} ({}): {refused}", case.name, dtype.name()));
                    continue;
                }
            };
            match compare_case(case, quantity, dtype, &got) {
                Ok(Some(_)) if excepted(quantity) => {
                    failures.push(format!("{}: stale exception for {quantity}", case.name));
                }
                Ok(Some(used)) => {
                    worst = worst.max(used);
                    if used > 0.5 {
                        println!("{} {quantity}: {used:.2} of the tolerance", case.name);
                    }
                    compared += 1;
                }
                Ok(None) if excepted(quantity) => {
                    assert!(got.iter().all(|value| value.is_finite()), "{}: {quantity}", case.name);
                }
                Ok(None) => {
                    failures.push(format!("{}: no tolerance for {quantity}, and no reason", case.name))
                }
                Err(message) => failures.push(message),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{}: {compared} golden gradients, {worst:.2} of a tolerance at most", dtype.name());
    assert!(compared > 450, "only {compared} gradients were compared");
}

#[test]
fn every_golden_gradient_holds_in_f64() {
    every_gradient_holds::<f64>(Dtype::F64);
}

#[test]
fn every_golden_gradient_holds_in_f32() {
    every_gradient_holds::<f32>(Dtype::F32);
}

/// The gradient of the mean energy through the estimate, in one step and in two. The second step starts from the
/// gradient of Σ, or from those of L and ln det.
#[test]
fn golden_gradients_through_the_estimate_are_reached_in_two_steps_by_either_way() {
    let mut compared = 0;
    for case in golden_cases(&golden_dir()).iter().filter(|case| !case.doc_only) {
        if case.kind == Kind::Energy {
            continue;
        }
        let (n, d, k) = (case.n, case.d, case.k);
        let samples = Samples::from_rows(case.array("in.z"), n, d).unwrap();
        let gamma =
            Responsibilities::new(MatRef::from_row_major_slice(case.array("in.gamma"), n, k)).unwrap();
        let mixture = params(&samples, &gamma, case.eps, &Threads::one()).unwrap();
        let given = Given { case, samples, gamma: Some(gamma), mixture };
        let [direct, phi, mu, cov, chol, log_det] = given.of_energy(&vec![1.0 / n as f64; n]).unwrap();
        let begun = ParamsCotangents { weights: Some(&phi), means: Some(&mu), ..ParamsCotangents::default() };
        let by_covariance = ParamsCotangents { covariances: Some(&cov), ..begun };
        let by_factor = ParamsCotangents { cholesky: Some(&chol), log_dets: Some(&log_det), ..begun };
        for cotangents in [by_covariance, by_factor] {
            let (mut z, mut g) = (vec![0.0; n * d], vec![0.0; n * k]);
            let gradients = Gradients { samples: Some(&mut z), responsibilities: Some(&mut g) };
            let options = ParamsOptions { ridge: case.eps, ..ParamsOptions::default() };
            params_vjp(&samples, &gamma, &options, cotangents, gradients, &Threads::one()).unwrap();
            z.iter_mut().zip(&direct).for_each(|(sum, direct)| *sum += direct);
            for (quantity, got) in [("g_energy_z", &z), ("g_energy_gamma", &g)] {
                compared += usize::from(compare_case(case, quantity, Dtype::F64, got).unwrap().is_some());
            }
        }
    }
    assert!(compared > 140, "only {compared} were compared");
}
