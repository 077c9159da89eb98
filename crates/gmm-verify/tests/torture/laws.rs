//! Laws of weights, order, sources and priors, on random cases that are shrunk when a law fails.

use std::ops::ControlFlow;

use gmm_core::{
    CovarianceType, Error, Fit, FitOptions, Init, Mixture, Moments, Prior, Progress, RegCovar, Samples,
    Threads, fit, fit_stream, mixture_from_labels,
};
use gmm_verify::cases::{Drawn, Stream};
use gmm_verify::{Dtype, Quantity, Site, budget, compare};
use proptest::prelude::*;

use crate::check::{Outcome, RIDGES, fit_and_check, inits};
use crate::configuration;
use crate::source::Rows;

/// A value of any size; often one that other samples have too.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (-3_i32..4).prop_map(f64::from),
        1 => (1_i32..10, -30_i32..31).prop_map(|(digit, power)| f64::from(digit) * 10f64.powi(power)),
        1 => (1_i32..10, -30_i32..31).prop_map(|(digit, power)| f64::from(-digit) * 10f64.powi(power)),
        2 => -1.0..1.0,
    ]
}

/// The weight of a row.
fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![
        2 => Just(1.0),
        1 => Just(0.0),
        1 => (-30_i32..31).prop_map(|power| 10f64.powi(power)),
    ]
}

/// A value of a row with weight 0.
fn huge() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(-1e12), Just(1e300), Just(f64::MAX)]
}

/// How a feature is changed: as drawn, constant, a copy of the feature before, its opposite, or far from the origin.
#[derive(Clone, Copy, Debug)]
enum Column {
    AsDrawn,
    Constant,
    Copy,
    Opposite,
    Far,
}

#[derive(Clone, Debug)]
struct Any {
    d: usize,
    k: usize,
    z: Vec<f64>,
    weights: Option<Vec<f64>>,
    options: FitOptions,
}

fn column() -> impl Strategy<Value = Column> {
    prop_oneof![
        4 => Just(Column::AsDrawn),
        1 => Just(Column::Constant),
        1 => Just(Column::Copy),
        1 => Just(Column::Opposite),
        1 => Just(Column::Far),
    ]
}

prop_compose! {
    fn options()(
        covariance_type in 0..4_usize,
        init in 0..4_usize,
        ridge in 0..3_usize,
        has_prior in any::<bool>(),
        seed in 0..4_u64,
        n_init in 1..3_usize,
    ) -> FitOptions {
        FitOptions {
            covariance_type: CovarianceType::ALL[covariance_type],
            init: inits()[init].clone(),
            reg_covar: RIDGES[ridge],
            prior: has_prior.then(Prior::default),
            seed,
            n_init,
            max_iter: 30,
            ..FitOptions::new(1)
        }
    }
}

prop_compose! {
    fn anything()(
        (n, d, k) in (1..40_usize, 1..6_usize, 1..8_usize),
        values in prop::collection::vec(value(), 40 * 6),
        columns in prop::collection::vec(column(), 6),
        weights in prop::option::of(prop::collection::vec(weight(), 40)),
        options in options(),
    ) -> Any {
        let mut z = values[..n * d].to_vec();
        for at in 0..n * d {
            let (feature, before) = (at % d, if at % d > 0 { z[at - 1] } else { 1.0 });
            z[at] = match columns[feature] {
                Column::AsDrawn => z[at],
                Column::Constant => values[feature],
                Column::Copy => before,
                Column::Opposite => -before,
                Column::Far => 1e8 + z[at],
            };
        }
        let weights = weights.map(|weights| weights[..n].to_vec());
        Any { d, k, z, weights, options: FitOptions { n_components: k, ..options } }
    }
}

/// A well-behaved case, weights of 0, 1, 2 and 3, and a covariance type.
#[derive(Clone, Debug)]
struct Weighted {
    case: Drawn,
    weights: Vec<f64>,
    options: FitOptions,
}

prop_compose! {
    fn weighted()(
        seed in any::<u64>(),
        (n, d, k) in (2..400_usize, 1..8_usize, 1..5_usize),
        apart in 1.0..6.0,
        covariance_type in 0..4_usize,
    ) -> Weighted {
        let case = Drawn::new(seed, n.max(12 * d * k), d, k, apart);
        let mut stream = Stream(seed ^ 1);
        let weights = (0..case.n).map(|_| (4.0 * stream.uniform()).floor()).collect();
        // Only a few iterations: many would amplify rounding where components overlap.
        let options = FitOptions {
            covariance_type: CovarianceType::ALL[covariance_type],
            tol: 0.0,
            max_iter: 3,
            ..FitOptions::new(k)
        };
        Weighted { case, weights, options }
    }
}

impl Weighted {
    fn samples(&self) -> Samples<'_, f64> {
        Samples::from_rows(&self.case.z, self.case.n, self.case.d).unwrap()
    }

    /// The mixture of the groups that the samples were drawn from.
    fn start(&self) -> Mixture {
        let labels: Vec<u32> = (0..self.case.n).map(|row| (row % self.case.k) as u32).collect();
        let FitOptions { covariance_type: covariance, reg_covar, .. } = self.options;
        mixture_from_labels(&self.samples(), &labels, self.case.k, covariance, reg_covar, &Threads::one())
            .unwrap()
    }

    fn fit(&self, samples: &Samples<'_, f64>, init: Init) -> Fit {
        fit(samples, &FitOptions { init, ..self.options.clone() }, &Threads::one()).unwrap()
    }

    fn agree(&self, law: &str, got: &Fit, want: &Fit) {
        let Drawn { d, n, .. } = self.case;
        let parts = [
            ("weights", got.mixture.weights(), want.mixture.weights()),
            ("means", got.mixture.means(), want.mixture.means()),
            ("covariances", got.mixture.covariances().values(), want.mixture.covariances().values()),
            ("lower bounds", &got.lower_bounds, &want.lower_bounds),
        ];
        let case = format!("{law} {:?}", self.options.covariance_type);
        for (array, got, want) in parts {
            let site = Site { case: &case, array, dtype: Dtype::F64 };
            let tolerance = budget(Quantity::Fit, Dtype::F64, d, n, 1.0);
            if let Err(message) = compare(site, got, want, tolerance, None) {
                panic!("{message}");
            }
        }
    }
}

/// The rows, each repeated as often as its weight says.
fn repeated(z: &[f64], weights: &[f64], d: usize) -> Vec<f64> {
    z.chunks(d).zip(weights).flat_map(|(row, &weight)| row.repeat(weight as usize)).collect()
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn anything_ends_in_a_mixture_or_in_a_named_refusal(any in anything()) {
        let Any { d, k, z, weights, options } = any;
        // Samples whose weights are all zero are refused before they are fitted.
        let outcome = fit_and_check(&z, weights.as_deref(), d, &options);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
        let single: Vec<f32> = z.iter().map(|&x| x as f32).collect();
        let outcome = fit_and_check(&single, weights.as_deref(), d, &options);
        prop_assert!(outcome.is_ok(), "f32: {}", outcome.unwrap_err());
        let n = weights.map_or(z.len() / d, |weights| weights.iter().filter(|&&weight| weight > 0.0).count());
        if let Ok(Outcome::Fitted) = outcome {
            prop_assert!(n >= k);
        }
    }

    /// For any other rows, and values of any size.
    #[test]
    fn a_row_without_weight_does_no_harm(any in anything(), huge in huge(), n_absent in 1..20_usize) {
        let Any { d, mut z, weights, options, .. } = any;
        let mut own = weights.unwrap_or(vec![1.0; z.len() / d]);
        let n_present = own.iter().filter(|&&weight| weight > 0.0).count();
        own.extend(vec![0.0; n_absent]);
        z.extend((0..n_absent * d).map(|at| huge * [1.0, -1.0, 0.5][at % 3]));
        match fit_and_check(&z, Some(&own), d, &options) {
            Err(why) => prop_assert!(false, "{why}"),
            Ok(Outcome::Fitted) => prop_assert!(n_present >= options.n_components),
            // The squares of the rows with weight do not overflow.
            Ok(Outcome::Refused(error)) => prop_assert!(!matches!(error, Error::OutOfRange { .. }), "{error}"),
        }
    }

    #[test]
    fn a_row_without_weight_is_absent(any in weighted(), huge in huge()) {
        let d = any.case.d;
        let weights: Vec<f64> = any.weights.iter().map(|&weight| f64::from(weight > 0.0)).collect();
        let start = Init::Mixture(any.start());
        let kept = repeated(&any.case.z, &weights, d);
        let mut z = any.case.z.clone();
        for (row, weight) in z.chunks_mut(d).zip(&weights).filter(|(_, weight)| **weight == 0.0) {
            row.fill(huge + weight);
        }
        let with = Samples::from_rows(&z, any.case.n, d).unwrap().with_weights(&weights).unwrap();
        let without = Samples::from_rows(&kept, kept.len() / d, d).unwrap();
        any.agree("absent", &any.fit(&with, start.clone()), &any.fit(&without, start));
    }

    #[test]
    fn a_row_with_weight_two_is_like_two_rows(any in weighted(), seed in 0..9_u64) {
        let rows = repeated(&any.case.z, &any.weights, any.case.d);
        let repeated = Samples::from_rows(&rows, rows.len() / any.case.d, any.case.d).unwrap();
        let weighted = any.samples().with_weights(&any.weights).unwrap();
        let any = Weighted { options: FitOptions { seed, ..any.options.clone() }, ..any.clone() };
        for init in [Init::Mixture(any.start()), Init::KmeansPlusPlus] {
            any.agree("repeated", &any.fit(&weighted, init.clone()), &any.fit(&repeated, init));
        }
    }

    #[test]
    fn only_ratios_of_weights_matter(
        any in weighted(),
        factor in prop_oneof![Just(1e-20), Just(3.0), Just(1e20), Just(1e-300), Just(1e300)],
    ) {
        let scaled: Vec<f64> = any.weights.iter().map(|weight| factor * weight).collect();
        let weighted = any.samples().with_weights(&any.weights).unwrap();
        let samples = any.samples().with_weights(&scaled).unwrap();
        for init in [Init::Mixture(any.start()), Init::KmeansPlusPlus] {
            any.agree("scaled", &any.fit(&samples, init.clone()), &any.fit(&weighted, init));
        }
    }

    #[test]
    fn a_streamed_fit_is_that_of_the_rows_in_memory(any in weighted(), at_once in 1..500_usize) {
        let samples = any.samples().with_weights(&any.weights).unwrap();
        for init in [Init::Mixture(any.start()), Init::Kmeans] {
            let mut rows = Rows::new(&any.case.z, Some(&any.weights), any.case.d, at_once);
            let options = FitOptions { init: init.clone(), ..any.options.clone() };
            let mut quiet = |_: Progress| ControlFlow::Continue(());
            let streamed = fit_stream(&mut rows, &options, &Threads::one(), &mut quiet).unwrap();
            any.agree("streamed", &streamed, &any.fit(&samples, init));
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter_to_a_fit(any in weighted(), seed in any::<u64>()) {
        let d = any.case.d;
        let order = Stream(seed).permutation(any.case.n);
        let rows: Vec<f64> = order.iter().flat_map(|&row| &any.case.z[row * d..][..d]).copied().collect();
        let weights: Vec<f64> = order.iter().map(|&row| any.weights[row]).collect();
        let samples = Samples::from_rows(&rows, any.case.n, d).unwrap().with_weights(&weights).unwrap();
        let start = Init::Mixture(any.start());
        let weighted = any.samples().with_weights(&any.weights).unwrap();
        any.agree("permuted", &any.fit(&samples, start.clone()), &any.fit(&weighted, start));
    }

    #[test]
    fn parts_of_moments_add_up_to_the_whole(any in weighted(), cut in 0.0..1.0, step in 0.1..1.0) {
        let (d, n) = (any.case.d, any.case.n);
        let (start, threads) = (any.start(), Threads::one());
        let moments = |rows: std::ops::Range<usize>, weights: &[f64]| {
            let z = &any.case.z[rows.start * d..rows.end * d];
            let samples = Samples::from_rows(z, rows.len(), d).unwrap().with_weights(weights);
            samples.map(|samples| Moments::of(&samples, &start, &threads).unwrap())
        };
        let check = |array, got: &[f64], want: &[f64]| {
            let site = Site { case: "moments", array, dtype: Dtype::F64 };
            compare(site, got, want, budget(Quantity::Moments, Dtype::F64, d, n, 1.0), None).map(|_| ())
        };
        let cut = ((n as f64 * cut) as usize).clamp(1, n - 1);
        let whole = moments(0..n, &any.weights).unwrap();
        let buffer = whole.to_buffer();
        // As buffers, and as moments. A part without any weight is left out.
        let parts = [moments(0..cut, &any.weights[..cut]), moments(cut..n, &any.weights[cut..])];
        let parts: Vec<Moments> = parts.into_iter().flatten().collect();
        let buffers = parts.iter().map(Moments::to_buffer);
        let sum = buffers.reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect()).unwrap();
        let added = parts.into_iter().reduce(|mut a, b| { a.add(&b); a }).unwrap();
        prop_assert_eq!(check("sum of buffers", &sum, &buffer), Ok(()));
        prop_assert_eq!(&added.to_buffer(), &sum);
        // Decay is the same as smaller weights.
        let less: Vec<f64> = any.weights.iter().map(|weight| step * weight).collect();
        let mut decayed = whole.clone();
        decayed.scale(step);
        let fewer = moments(0..n, &less).unwrap().to_buffer();
        prop_assert_eq!(check("decay", &decayed.to_buffer(), &fewer), Ok(()));
        let again = Moments::from_buffer(&start, &buffer).unwrap();
        prop_assert_eq!(again.to_buffer(), buffer);
        let FitOptions { covariance_type: covariance, n_components, .. } = any.options;
        let options = FitOptions { covariance_type: covariance, ..FitOptions::new(n_components) };
        prop_assert_eq!(again.maximise(&start, &options), whole.maximise(&start, &options));
    }

    /// The bound never falls, with a prior or without, if there is no ridge and no component is repaired.
    #[test]
    fn no_iteration_lowers_the_bound(
        any in weighted(),
        has_prior in any::<bool>(),
        alpha in 1.0..3.0,
        kappa in 0.0..2.0,
    ) {
        let prior = Prior { weight_concentration: alpha, mean_precision: kappa, ..Prior::default() };
        let options = FitOptions {
            prior: has_prior.then_some(prior),
            reg_covar: RegCovar::Absolute(0.0),
            max_iter: 30,
            init: Init::Mixture(any.start()),
            ..any.options.clone()
        };
        let samples = any.samples().with_weights(&any.weights).unwrap();
        let fitted = fit(&samples, &options, &Threads::one()).unwrap();
        if fitted.diagnosis.repairs.is_empty() {
            let slack = budget(Quantity::MeanEnergy, Dtype::F64, any.case.d, any.case.n, 1.0);
            for pair in fitted.lower_bounds.windows(2) {
                let allowed = slack.atol + slack.rtol * pair[0].abs();
                prop_assert!(pair[1] >= pair[0] - allowed, "{:?}", fitted.lower_bounds);
            }
        }
    }
}
