//! An independent check of the library: expected values, the tolerances for them, and the source of each.
//!
//! ```text
//! golden values ─▶ golden ─────────────┐
//!   (256 bits, scikit-learn)           ├─▶ compare ─▶ the part of the tolerance that was used, or the first failure
//! formulas ─▶ reference, on linear ────┤
//! reasons ─▶ budget ───────────────────┘
//! ```
//!
//! These modules do not use the library that they check: they take plain slices, and have their own npy reader, sums
//! and factorisation. Tolerances of golden values are in the golden index, all other tolerances in [`budget()`]. No
//! test contains a tolerance.
#![forbid(unsafe_code)]

// In reading order, which is also dependency order: a module may use the modules above it.
pub mod budget;
pub mod npy;

mod index;

pub mod golden_em;

pub mod golden;

pub mod compare;

pub mod linear;

pub mod reference;

pub mod cases;

pub use budget::{Dtype, Quantity, Scale, Tolerance, budget};
pub use compare::{Deviations, Site, compare, compare_case, compare_em};
pub use golden::{Array, Case, CovarianceType, EmCase, Kind, golden_cases, golden_dir, golden_fits};

#[cfg(test)]
mod tests {
    //! The two independent sources, golden values and reference, agree, and the budgets hold for both.

    use super::*;
    use crate::linear::{correlation_condition, lower_inverse};
    use crate::reference::{self, Params};

    /// The name of an array, its row in the table of budgets, and the reference's values.
    type Answer = (&'static str, Quantity, Vec<f64>);

    /// The reference's parameters of a case, and its values of every quantity that the case expects.
    fn answers(case: &Case) -> (Params, Vec<Answer>) {
        let z = case.array("in.z");
        let given = |name: &str| case.array(name).to_vec();
        let params = match case.kind {
            Kind::ParamsAndEnergy => {
                reference::params(z, case.array("in.gamma"), case.n, case.d, case.k, case.eps)
            }
            // L and log_det are inputs too: they were rounded to float32 independently of cov.
            Kind::Energy => Params {
                d: case.d,
                k: case.k,
                phi: given("in.phi"),
                mu: given("in.mu"),
                cov: given("in.cov"),
                chol: given("in.L"),
                log_det: given("in.log_det_cov"),
            },
        };
        let energies = reference::energy(z, &params);
        let mut answers = vec![
            ("mean_energy", Quantity::MeanEnergy, vec![reference::mean_energy(&energies)]),
            ("cov_diag", Quantity::CovDiag, vec![reference::cov_diag(&params)]),
            ("sample_energy", Quantity::Energy, energies),
        ];
        if case.kind == Kind::ParamsAndEnergy {
            answers.extend([
                ("phi", Quantity::Weights, params.phi.clone()),
                ("mu", Quantity::Means, params.mu.clone()),
                ("cov", Quantity::Covariances, params.cov.clone()),
                ("L", Quantity::Cholesky, params.chol.clone()),
                ("log_det_cov", Quantity::LogDet, params.log_det.clone()),
            ]);
        }
        (params, answers)
    }

    fn comparable_cases() -> impl Iterator<Item = Case> {
        golden_cases(&golden_dir()).into_iter().filter(|case| !case.doc_only)
    }

    #[test]
    fn the_reference_agrees_with_every_golden_parameter_and_energy() {
        let mut compared = 0;
        for case in comparable_cases() {
            for (array, _, got) in answers(&case).1 {
                let used = compare_case(&case, array, Dtype::F64, &got).unwrap();
                compared += usize::from(used.is_some());
            }
        }
        // 39 cases of eight quantities and 3 of three, less cov_diag of the 5 whose variance is 0.
        assert_eq!(compared, 39 * 8 + 3 * 3 - 5);
    }

    #[test]
    fn budgets_hold_and_are_close_to_the_tolerances_of_the_index() {
        // For samples far from the origin the index adds the rounding of the mean; budgets do not.
        for case in comparable_cases().filter(|case| !case.name.starts_with("offset_")) {
            let (params, answers) = answers(&case);
            let cond = correlation_condition(&params.chol, case.d);
            let deviations = Deviations::new(case.covariances(), case.d, case.eps);
            for (array, quantity, got) in answers {
                let row = budget(quantity, Dtype::F64, case.d, case.n, cond);
                let site = Site { case: &case.name, array, dtype: Dtype::F64 };
                let want = case.array(&format!("ref.{array}"));
                if !case.unstable.contains(array) {
                    compare(site, &got, want, row, Some(&deviations)).unwrap();
                }
                if let ("phi" | "cov" | "L", Some(index)) = (array, case.tolerance(Dtype::F64, array)) {
                    // Some rows of the index were raised to the error of a plain implementation, and the condition
                    // number is in another norm, so the two agree only roughly.
                    let ratio = row.rtol / index.rtol;
                    assert!((0.25..8.0).contains(&ratio), "{} {array}: {ratio}", case.name);
                }
            }
        }
    }

    #[test]
    fn the_reference_fits_as_the_golden_fits_do() {
        let full = |fit: &EmCase| fit.covariance_type == CovarianceType::Full;
        for case in golden_fits(&golden_dir()).into_iter().filter(full) {
            let EmCase { n, d, k, .. } = case;
            let start = Params::from_precisions(
                d,
                case.array("weights_init").to_vec(),
                case.array("means_init").to_vec(),
                case.array("precisions_init"),
            );
            let fit = reference::em(&case.samples, start, case.reg_covar, case.tol, case.max_iter);
            let check =
                |name: &str, like, got: &[f64]| compare_em(&case, name, like, got).map(|_| ()).unwrap();
            let (params, exactly) = (&fit.params, None);

            assert_eq!((fit.n_iter, fit.converged), (case.n_iter, case.converged), "{}", case.name);
            check("n_iter", exactly, &[fit.n_iter as f64]);
            check("converged", exactly, &[f64::from(u8::from(fit.converged))]);
            check("weights", exactly, &params.phi);
            check("means", exactly, &params.mu);
            check("covariances", exactly, &params.cov);
            check("lower_bound", exactly, &fit.lower_bounds[fit.n_iter - 1..]);
            check("lower_bounds", Some("lower_bound"), &fit.lower_bounds);

            // Upper factors of the precisions: P = U Uᵀ with U = L⁻ᵀ.
            let inverses = params.chol.chunks_exact(d * d).map(|lower| lower_inverse(lower, d));
            let uppers = inverses.flat_map(|m| (0..d * d).map(move |at| m[at % d * d + at / d]));
            check("precisions_cholesky", exactly, &uppers.collect::<Vec<f64>>());

            // Scores use the parameters after the last M-step, one step later than the bound.
            let energies = reference::energy(&case.samples, params);
            let score = -reference::mean_energy(&energies);
            let n_parameters = (k * d * (d + 1) / 2 + k * d + k - 1) as f64;
            let deviance = -2.0 * score * n as f64;
            check("score", exactly, &[score]);
            check("n_parameters", exactly, &[n_parameters]);
            check("aic", exactly, &[deviance + 2.0 * n_parameters]);
            check("bic", exactly, &[deviance + n_parameters * (n as f64).ln()]);

            let densities: Vec<f64> = energies.iter().map(|energy| -energy).collect();
            let shares = reference::responsibilities(&case.samples, params);
            let label = |row: &[f64]| (0..k).rev().max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
            let labels = shares.chunks_exact(k).map(|row| label(row) as f64);
            check("score_samples_rows", exactly, &densities[..case.n_rows()]);
            check("proba_rows", exactly, &shares[..case.n_rows() * k]);
            check("labels", exactly, &labels.collect::<Vec<f64>>());
        }
    }
}
