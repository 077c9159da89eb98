//! The number of threads changes no bit of any fit.

use std::ops::ControlFlow;

use gmm_core::{
    CovarianceType, Fit, FitOptions, Init, Prior, Samples, Stepwise, StepwiseOptions, SweepOptions, Threads,
    fit, fit_stream, sweep,
};
use gmm_verify::cases::{Drawn, Stream};
use gmm_verify::{Dtype, Quantity, Site, budget, compare};

use crate::source::Rows;

/// Rows that the source returns at once: not a multiple of a block, and enough work for several threads.
const AT_ONCE: usize = 1_777;

#[test]
fn weights_restarts_and_priors_are_the_same_bits_from_any_number_of_threads() {
    // Large enough for several threads in every pass, and not a whole number of blocks.
    let mut case = Drawn::new(17, 6_001, 9, 5, 1.5);
    let mut stream = Stream(5);
    let weights: Vec<f64> = (0..case.n).map(|_| (3.0 * stream.uniform()).floor() * 0.7).collect();
    let calm = case.z.clone();
    let mut narrow: Vec<f32> = case.z.iter().map(|&value| value as f32).collect();
    // Rows with weight 0 contain values whose squares overflow.
    for row in (0..case.n).filter(|&row| weights[row] == 0.0) {
        let sign = [1.0, -1.0][row % 2];
        case.z[row * case.d..][..case.d].fill(sign * f64::MAX);
        narrow[row * case.d..][..case.d].fill(sign as f32 * f32::MAX);
    }
    let calm = Samples::from_rows(&calm, case.n, case.d).unwrap().with_weights(&weights).unwrap();
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap().with_weights(&weights).unwrap();
    let narrow = Samples::from_rows(&narrow, case.n, case.d).unwrap().with_weights(&weights).unwrap();
    for covariance in CovarianceType::ALL {
        let options = FitOptions {
            covariance_type: covariance,
            n_init: 3,
            max_iter: 6,
            tol: 0.0,
            ..FitOptions::new(4)
        };
        let variants = [
            options.clone(),
            FitOptions { init: Init::Random, prior: Some(Prior::default()), ..options.clone() },
        ];
        let run = |count: usize| {
            let threads = Threads::new(count);
            let mut fits: Vec<Fit> = Vec::new();
            for options in &variants {
                fits.push(fit(&samples, options, &threads).unwrap());
                fits.push(fit(&narrow, options, &threads).unwrap());
                let mut rows = Rows::new(&case.z, Some(&weights), case.d, AT_ONCE);
                let streamed = fit_stream(&mut rows, options, &threads, &mut |_| ControlFlow::Continue(()));
                fits.push(streamed.unwrap());
            }
            let mut learner = Stepwise::new(fits[0].mixture.clone(), StepwiseOptions::default()).unwrap();
            for _ in 0..3 {
                learner.update(&samples, &threads).unwrap();
            }
            let all = SweepOptions {
                covariance_types: vec![covariance],
                fit: FitOptions { n_init: 1, ..options.clone() },
                ..SweepOptions::new([1, 2, 3])
            };
            let swept = sweep(&samples, &all, &threads, &mut |_| ControlFlow::Continue(())).unwrap();
            (fits, learner.mixture().clone(), learner.moments().to_buffer(), swept)
        };
        let one = run(1);
        let without = fit(&calm, &options, &Threads::one()).unwrap();
        let site = Site { case: "absent", array: "means", dtype: Dtype::F64 };
        let tolerance = budget(Quantity::Fit, Dtype::F64, case.d, case.n, 1.0);
        let agreed = compare(site, one.0[0].mixture.means(), without.mixture.means(), tolerance, None);
        assert!(agreed.is_ok(), "{covariance}: {agreed:?}");
        for count in [2, 3, 7] {
            assert!(run(count) == one, "{covariance}, {count} threads");
        }
    }
}
