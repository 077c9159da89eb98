//! The checks of a fit that hold for any data.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gmm_core::{
    Covariances, Error, Fit, FitOptions, Init, Prior, Real, RegCovar, Repair, Samples, Stop, Threads, energy,
    fit,
};
use gmm_verify::{Dtype, Quantity, budget};

/// The starts that take different paths through a fit.
pub fn inits() -> [Init; 4] {
    [Init::Kmeans, Init::KmeansPlusPlus, Init::RandomFromData, Init::Random]
}

pub const RIDGES: [RegCovar; 3] =
    [RegCovar::Absolute(1e-6), RegCovar::Absolute(0.0), RegCovar::Relative(1e-6)];

pub fn priors() -> [Option<Prior>; 2] {
    [None, Some(Prior::default())]
}

/// How a fit ended, if all checks passed.
#[derive(Debug)]
pub enum Outcome {
    Fitted,
    Refused(Error),
}

/// Fits and checks the outcome; the error is a message about the first check that failed.
pub fn fit_and_check<T: Real>(
    z: &[T],
    weights: Option<&[f64]>,
    d: usize,
    options: &FitOptions,
) -> Result<Outcome, String> {
    let samples = Samples::from_rows(z, z.len() / d, d);
    let samples = samples.and_then(|samples| match weights {
        None => Ok(samples),
        Some(weights) => samples.with_weights(weights),
    });
    let samples = match samples {
        Ok(samples) => samples,
        // Invalid samples are refused before a fit.
        Err(error) => return Ok(Outcome::Refused(error)),
    };
    match quietly(|| fit(&samples, options, &Threads::one()))? {
        Err(error) => names_its_cause(&error).map(|()| Outcome::Refused(error)),
        Ok(fitted) => check_fitted(&samples, options, &fitted).map(|()| Outcome::Fitted),
    }
}

/// Runs a closure and turns a panic into an error with its message.
fn quietly<R>(run: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.into()));
        format!("panicked: {}", text.unwrap_or_default())
    })
}

pub fn names_its_cause(error: &Error) -> Result<(), String> {
    let text = error.to_string();
    let parts = match error {
        Error::NotPositiveDefinite { .. } => ["component", "feature"],
        Error::OutOfRange { .. } => ["component", "leaves the range of"],
        Error::TooFewSamples { .. } => ["samples", "components"],
        _ => return Err(format!("refused with an unexpected error: {text}")),
    };
    match parts.iter().all(|part| text.contains(part)) {
        true => Ok(()),
        false => Err(format!("an error that does not name its cause: {text}")),
    }
}

/// Checks a fitted mixture; the error is a message about the first check that failed.
pub fn check_fitted<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    fitted: &Fit,
) -> Result<(), String> {
    let broken = |what: &str| Err(format!("{what}: {fitted:?}"));
    let Fit { mixture, lower_bounds, diagnosis, .. } = fitted;
    let (n, d) = (samples.n_samples(), samples.n_features());
    let allowed = |quantity| budget(quantity, dtype::<T>(), d, n, 1.0).rtol;
    let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
    if fitted.n_iter == 0 || fitted.n_iter > options.max_iter || fitted.n_iter != lower_bounds.len() {
        return broken("iterations");
    }
    let sum: f64 = mixture.weights().iter().sum();
    // Each weight may be rounded, or be so small that its component became empty.
    let slack = allowed(Quantity::ResponsibilitySum) * options.n_components as f64;
    let is_share = |&weight: &f64| (0.0..=1.0 + slack).contains(&weight);
    if !mixture.weights().iter().all(is_share) || (sum - 1.0).abs() > slack {
        return broken("weights");
    }
    let covariances = mixture.covariances();
    let (covariance_type, k) = (covariances.covariance_type(), options.n_components);
    if !finite(mixture.means()) || !finite(covariances.cholesky()) || !finite(covariances.log_dets()) {
        return broken("parameters");
    }
    let (values, ridges, factors) = (covariances.values(), covariances.ridges(), covariances.cholesky());
    if let Err(error) = Covariances::from_factors(covariance_type, values, ridges, factors, k, d) {
        return broken(&format!("covariances, {error}"));
    }
    let counts: f64 = diagnosis.components.iter().map(|one| one.effective_count).sum();
    let total: f64 = samples.weights().map_or(n as f64, |weights| weights.iter().sum());
    let mut numbers = diagnosis.components.iter().flat_map(|one| [one.effective_count, one.ridge]);
    if !numbers.all(|value| value.is_finite() && value >= 0.0)
        || (counts - total).abs() > allowed(Quantity::Weights) * total.max(f64::MIN_POSITIVE)
        // The condition number of a nearly singular covariance may be infinite.
        || diagnosis.components.iter().any(|one| one.condition.is_nan() || one.condition < 1.0)
    {
        return broken("diagnosis");
    }
    let energies = energy(mixture, samples, &Threads::one()).map_err(|error| error.to_string())?;
    let energies = energies.iter().map(|energy| energy.to_f64());
    // A sample may be so far from every component that its energy is +∞.
    if energies.clone().any(|energy| energy.is_nan() || energy == f64::NEG_INFINITY) {
        return broken("energies");
    }
    let counts = |row: usize| samples.weights().is_none_or(|weights| weights[row] > 0.0);
    let reaches_all = energies.enumerate().all(|(row, energy)| energy.is_finite() || !counts(row));
    check_bounds(samples, options, fitted, reaches_all)?;
    // The means of a component that was split in the last iteration may lie outside its samples.
    let is_split =
        |repair: &Repair| matches!(repair, Repair::Reseeded { iteration, .. } if *iteration == fitted.n_iter);
    let is_moved = options.prior.is_none() && !diagnosis.repairs.iter().any(is_split);
    if is_moved && !is_among(samples, fitted) {
        return broken("means beyond the samples");
    }
    Ok(())
}

pub fn dtype<T: Real>() -> Dtype {
    if size_of::<T>() == size_of::<f32>() { Dtype::F32 } else { Dtype::F64 }
}

/// Bounds are finite, or −∞ while some sample has no density. Where EM is exact, no bound is below the one before it.
fn check_bounds<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    fitted: &Fit,
    reaches_all: bool,
) -> Result<(), String> {
    let broken = |what: &str| Err(format!("{what}: {fitted:?}"));
    let bounds = &fitted.lower_bounds;
    let (n, d) = (samples.n_samples(), samples.n_features());
    let total = samples.weights().map_or(n as f64, |weights| weights.iter().sum());
    let has_prior = options.prior.is_some();
    // The prior divided by a subnormal total weight may overflow.
    let is_overruled = has_prior && total < f64::MIN_POSITIVE;
    if bounds.iter().any(|bound| bound.is_nan() || (*bound == f64::INFINITY && !is_overruled)) {
        return broken("bounds");
    }
    if reaches_all && fitted.stop == Stop::Converged && !fitted.lower_bound().is_finite() {
        return broken("the last bound");
    }
    // EM is exact with a prior or without a ridge, if no component was repaired or became empty and no variance is
    // nearly subnormal.
    let (mixture, diagnosis) = (&fitted.mixture, &fitted.diagnosis);
    let variances = (0..options.n_components).map(|component| mixture.covariances().variances(component));
    let variances: Vec<f64> = variances.flatten().collect();
    let is_exact = (has_prior || options.reg_covar.value() == 0.0)
        && diagnosis.repairs.is_empty()
        && mixture.weights().iter().all(|&weight| weight > 0.0)
        && variances.iter().all(|variance| variance * f64::EPSILON > f64::MIN_POSITIVE);
    if is_exact && !is_overruled {
        let cond = diagnosis.components.iter().map(|one| one.condition).fold(1.0, f64::max);
        // Subtracting a mean loses the digits that it has in common with its samples.
        let offsets =
            mixture.means().iter().zip(&variances).map(|(mean, variance)| mean.abs() / variance.sqrt());
        let slack = budget(Quantity::MeanEnergy, dtype::<T>(), d, n, cond * offsets.fold(1.0, f64::max));
        // A prior adds as much to the bound as this many samples.
        let added = if has_prior { (options.n_components * (2 * d + 4)) as f64 / total } else { 0.0 };
        let atol = slack.atol * (1.0 + added);
        let falls = |pair: &[f64]| pair[1] < pair[0] - atol - slack.rtol * pair[0].abs();
        if bounds.windows(2).any(|pair| falls(pair) && pair[1].is_finite()) {
            return broken("a bound that falls");
        }
    }
    Ok(())
}

/// Whether the mean of every component with samples lies between the least and the largest of them.
fn is_among<T: Real>(samples: &Samples<'_, T>, fitted: &Fit) -> bool {
    let (n, d) = (samples.n_samples(), samples.n_features());
    let allowed = budget(Quantity::Fit, dtype::<T>(), d, n, 1.0).rtol;
    let mixture = &fitted.mixture;
    (0..d).all(|feature| {
        let counts = |row: &usize| samples.weights().is_none_or(|weights| weights[*row] > 0.0);
        let values = (0..n).filter(counts).map(|row| samples.get(row, feature).to_f64());
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), x| (l.min(x), m.max(x)));
        let slack = (allowed * least.abs().max(most.abs())).max(dtype::<T>().smallest());
        let means = mixture.means().iter().skip(feature).step_by(d).zip(mixture.weights());
        let mut with_samples = means.filter(|(_, weight)| **weight > 0.0);
        with_samples.all(|(&mean, _)| mean >= least - slack && mean <= most + slack)
    })
}
