//! The M-step: parameters from responsibilities, or from moments.
//!
//! ```text
//! φₖ = nₖ / N      μₖ = cₖ + aₖ / nₖ      Σₖ = Bₖ / nₖ − (aₖ / nₖ)(aₖ / nₖ)ᵀ
//! ```
//!
//! The reference points cₖ are close to the means, so the subtracted term is small and costs no digits. Sources:
//! docs/math/moments.md.

use gmm_kernels::LANES;

use crate::blocks::Threads;
use crate::check;
use crate::error::{Error, Result};
use crate::mixture::SecondMoments;
use crate::mixture::{CovarianceType, Full, Mixture, check_memory, mirror};
use crate::moments::Moments;
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

/// How [`params_with`] treats singular covariances and empty components.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamsOptions {
    /// Added to the diagonal of each covariance before it is factored. The returned covariances do not contain it.
    /// 1e-6 by default.
    pub ridge: f64,
    /// The largest ridge for a covariance that cannot be factored: its ridge is multiplied by ten until it can, from
    /// 1e-12 on if `ridge` is 0. `None`, the default, means an error instead. [`Full::ridges`] has the ridges used.
    pub ridge_limit: Option<f64>,
    /// Whether a component without responsibility gets weight 0 instead of causing an error. [`Mixture::dropped`] lists
    /// these components.
    pub drop_empty: bool,
}

impl Default for ParamsOptions {
    fn default() -> Self {
        ParamsOptions { ridge: 1e-6, ridge_limit: None, drop_empty: false }
    }
}

impl ParamsOptions {
    pub(crate) fn check(&self) -> Result<()> {
        check::addend("ridge (eps)", self.ridge)?;
        check::addend("ridge_limit", self.ridge_limit.unwrap_or(0.0))
    }
}

/// The mixture of samples `z` (n × d) with given responsibilities `γ` (n × k):
///
/// ```text
/// Sₖ = Σₙ γₙₖ    φₖ = Sₖ / n    μₖ = Σₙ γₙₖ zₙ / Sₖ    Σₖ = Σₙ γₙₖ (zₙ − μₖ)(zₙ − μₖ)ᵀ / Sₖ
/// ```
///
/// with `Lₖ Lₖᵀ = Σₖ + eps I` and its log-determinant. The covariances are exactly symmetric and do not contain
/// `eps`. If the rows of `γ` do not sum to one, the weights do not either.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when n differs; [`Error::EmptyComponent`] when some `Sₖ` is zero;
/// [`Error::NotPositiveDefinite`] when `Σₖ + eps I` is not positive definite; [`Error::OutOfRange`];
/// [`Error::InvalidOption`] when `eps` is negative or not finite.
///
/// Cost: `n k d²` flops in one pass, seldom two; O(threads × k d²) memory, independent of n.
///
/// ```
/// use gmm_core::{Responsibilities, Samples, Threads, energy, params};
///
/// let samples = Samples::from_rows(&[0.0, 1.0, 10.0, 12.0], 4, 1)?;
/// let gamma = Responsibilities::from_rows(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0], 4, 2)?;
/// let mixture = params(&samples, &gamma, 1e-6, &Threads::one())?;
/// assert_eq!(mixture.weights(), [0.5, 0.5]);
/// assert_eq!(mixture.means(), [0.5, 11.0]);
/// assert_eq!(mixture.covariances().values(), [0.25, 1.0]);
///
/// let energies = energy(&mixture, &samples, &Threads::one())?;
/// assert_eq!(energies.len(), 4);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn params<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    eps: f64,
    threads: &Threads,
) -> Result<Mixture> {
    params_with(samples, responsibilities, &ParamsOptions { ridge: eps, ..ParamsOptions::default() }, threads)
}

/// As [`params`], with options for empty and singular components.
///
/// # Errors
///
/// As [`params`], except for the errors that the options avoid.
pub fn params_with<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    options: &ParamsOptions,
    threads: &Threads,
) -> Result<Mixture> {
    mixture_of(&params_moments(samples, responsibilities, options, threads)?, options, threads)
}

/// The moments that [`params_with`] makes a mixture of.
pub(crate) fn params_moments<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    options: &ParamsOptions,
    threads: &Threads,
) -> Result<Moments> {
    options.check()?;
    check_rows(samples, responsibilities)?;
    check_sizes(responsibilities.n_components(), samples.n_features(), CovarianceType::Full)?;
    Ok(central_moments(samples, responsibilities, SecondMoments::Full, threads))
}

/// The mixture that [`params_with`] makes of moments.
pub(crate) fn mixture_of(moments: &Moments, options: &ParamsOptions, threads: &Threads) -> Result<Mixture> {
    let Estimate { weights, means, covariances, empty, .. } = estimate(moments, 0.0, threads)?;
    let (k, d) = (weights.len(), moments.n_features());
    if let (Some(&component), false) = (empty.first(), options.drop_empty) {
        return Err(Error::EmptyComponent { component });
    }
    let mut ridges = vec![options.ridge; k];
    for &component in &empty {
        // Scores skip this covariance; any ridge serves for which a factor exists.
        ridges[component] = options.ridge.max(1.0);
    }
    let full = match options.ridge_limit {
        None => Full::new(covariances, ridges, d, threads)?,
        Some(limit) => Full::with_escalating_ridge(covariances, ridges, d, limit, threads)?,
    };
    Ok(Mixture::assemble(weights, means, full, d)?.with_dropped(empty))
}

/// The responsibilities have as many rows as the samples.
pub(crate) fn check_rows<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
) -> Result<()> {
    if responsibilities.n_samples() == samples.n_samples() {
        return Ok(());
    }
    Err(Error::shape(
        "responsibilities",
        [responsibilities.n_samples(), responsibilities.n_components()],
        "samples",
        [samples.n_samples(), samples.n_features()],
    ))
}

/// The moments about points that are close to the means of the components.
///
/// The first pass uses the means of some of the samples, which are nearly always close enough. If one is not, because
/// the order of the samples misled, a second pass uses the means that the first one found.
pub(crate) fn central_moments<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    layout: SecondMoments,
    threads: &Threads,
) -> Moments {
    let about = |references: &[f64]| {
        Moments::of_responsibilities(samples, responsibilities, references, layout, threads)
    };
    Moments::about_close_points(&reference_points(samples, responsibilities), about)
}

/// Approximate means (k × d), to be the reference points of moments: the means over a sixteenth of all panels, at least
/// one and at most 64, spread over the samples. A component without responsibility in these panels gets the mean of
/// all samples in them.
fn reference_points<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
) -> Vec<f64> {
    let (n, k, d) = (samples.n_samples(), responsibilities.n_components(), samples.n_features());
    // Sums are taken about the first sample, not about zero, so that digits common to all samples are not lost.
    let mut origin = vec![0.0; d];
    samples.copy_row(samples.first_present(), &mut origin);
    // The last entry has responsibility 1 for every sample.
    let mut totals = vec![0.0; (k + 1) * (1 + d)];
    let mut row = vec![0.0; d];
    let mut shares = vec![0.0; k + 1];
    let n_panels = n.div_ceil(LANES);
    let step = n_panels / (n_panels / 16).clamp(1, 64);
    for panel in (0..n_panels).step_by(step) {
        for at in panel * LANES..n.min((panel + 1) * LANES) {
            samples.copy_row(at, &mut row);
            responsibilities.copy_row(at, &mut shares[..k]);
            shares[k] = 1.0;
            shares.iter_mut().for_each(|share| *share *= samples.weight(at));
            row.iter_mut().zip(&origin).for_each(|(value, origin)| *value -= origin);
            for (&share, totals) in shares.iter().zip(totals.chunks_exact_mut(1 + d)) {
                // Responsibility 0 is skipped: 0 times a difference that overflowed would be NaN.
                if share > 0.0 {
                    totals[0] += share;
                    totals[1..].iter_mut().zip(&row).for_each(|(total, value)| *total += share * value);
                }
            }
        }
    }
    let all = totals[k * (1 + d)..].to_vec();
    let mut means = Vec::with_capacity(k * d);
    for sums in totals.chunks_exact(1 + d).take(k) {
        let sums = if sums[0] > 0.0 { sums } else { &all };
        means.extend(sums[1..].iter().zip(&origin).map(|(sum, origin)| origin + sum / sums[0]));
    }
    means
}

/// Parameters before any factorisation. Row-major.
#[derive(Clone, Debug)]
pub(crate) struct Estimate {
    /// `Sₖ` (k): the weighted number of samples of each component.
    pub(crate) counts: Vec<f64>,
    /// `φ` (k).
    pub(crate) weights: Vec<f64>,
    /// `μ` (k × d).
    pub(crate) means: Vec<f64>,
    /// Covariances without ridge: k × d × d, exactly symmetric, or variances (k × d) with [`SecondMoments::Diagonal`].
    /// Zeros for an empty component.
    pub(crate) covariances: Vec<f64>,
    /// The layout of each covariance.
    pub(crate) layout: SecondMoments,
    /// Components without responsibility, ascending. Their count and weight are 0, their mean is the reference point.
    pub(crate) empty: Vec<usize>,
}

/// Divides moments by their weights. A component with at most the part `least` of the total weight is empty.
///
/// # Errors
///
/// [`Error::OutOfRange`] when a sum exceeds the range of `f64`.
pub(crate) fn estimate(moments: &Moments, least: f64, threads: &Threads) -> Result<Estimate> {
    let references = moments.references();
    let k = moments.components().count();
    let d = references.len() / k;
    let layout = moments.layout();
    let len = layout.size(d);
    let mut out = Estimate {
        counts: Vec::new(),
        weights: Vec::new(),
        means: references.to_vec(),
        covariances: vec![0.0; k * len],
        layout,
        empty: Vec::new(),
    };
    let mut shifts = vec![0.0; k * d];
    let means = out.means.chunks_exact_mut(d).zip(shifts.chunks_exact_mut(d));
    for (component, ((weight, first, _), (mean, shift))) in moments.components().zip(means).enumerate() {
        let share = weight / moments.total_weight();
        let refused = Err(Error::OutOfRange { what: "mean", component, real: "f64" });
        if share <= least {
            // An empty component keeps its reference point as mean, which must be finite.
            if mean.iter().any(|value| !value.is_finite()) {
                return refused;
            }
            out.counts.push(0.0);
            out.weights.push(0.0);
            out.empty.push(component);
            continue;
        }
        out.counts.push(weight);
        out.weights.push(share);
        for ((mean, shift), sum) in mean.iter_mut().zip(shift).zip(first) {
            *shift = sum / weight;
            *mean += *shift;
        }
        if !weight.is_finite() || mean.iter().any(|value| !value.is_finite()) {
            return refused;
        }
    }
    let matrices = out.covariances.chunks_exact_mut(len).zip(shifts.chunks_exact(d));
    let present = moments.components().zip(&out.counts).zip(matrices).filter(|((_, count), _)| **count > 0.0);
    threads.map_in_order(
        present.collect(),
        k * len,
        |(((weight, _, second), _), (covariance, shift))| match layout {
            SecondMoments::Diagonal => central_squares(second, weight, shift, covariance),
            SecondMoments::Full => central_pairs(second, weight, shift, covariance),
        },
        |()| {},
    );
    check::covariances(&out.covariances, len)?;
    Ok(out)
}

/// `bᵢ / n − eᵢ²`, with `e = a / n`.
fn central_squares(second: &[f64], weight: f64, shift: &[f64], variances: &mut [f64]) {
    for ((variance, sum), shift) in variances.iter_mut().zip(second).zip(shift) {
        *variance = not_negative(sum / weight - shift * shift);
    }
}

/// `B / n − e eᵀ`.
fn central_pairs(second: &[f64], weight: f64, shift: &[f64], covariance: &mut [f64]) {
    let d = shift.len();
    let rows = covariance.chunks_exact_mut(d).zip(second.chunks_exact(d));
    for (i, (row, sums)) in rows.enumerate() {
        for ((value, sum), other) in row.iter_mut().zip(sums).zip(&shift[..=i]) {
            *value = sum / weight - shift[i] * other;
        }
        row[i] = not_negative(row[i]);
    }
    mirror(covariance, d);
}

/// In exact arithmetic a variance is never negative; that of a constant feature may be, by rounding.
fn not_negative(variance: f64) -> f64 {
    if variance < 0.0 { 0.0 } else { variance }
}

/// A fit of this size must fit in memory.
pub(crate) fn check_sizes(k: usize, d: usize, covariance_type: CovarianceType) -> Result<()> {
    check_memory(k, d, covariance_type, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_points() -> ([f64; 4], [f64; 4]) {
        ([1.0, 5.0, 3.0, 5.0], [1.0, 0.0, 1.0, 0.0])
    }

    #[test]
    fn an_empty_component_is_refused_by_name_or_dropped_on_request() {
        let (rows, gamma) = two_points();
        let samples = Samples::from_rows(&rows, 2, 2).unwrap();
        let gamma = Responsibilities::from_rows(&gamma, 2, 2).unwrap();
        let refused = params(&samples, &gamma, 1e-6, &Threads::one()).unwrap_err();
        assert_eq!(refused, Error::EmptyComponent { component: 1 });

        let options = ParamsOptions { drop_empty: true, ..ParamsOptions::default() };
        let mixture = params_with(&samples, &gamma, &options, &Threads::one()).unwrap();
        assert_eq!((mixture.weights(), mixture.dropped()), (&[1.0, 0.0][..], &[1][..]));
        // Feature 1 of component 0 is constant: its inverse variance is infinite, as defined.
        assert_eq!(mixture.cov_diag(), f64::INFINITY);
    }

    #[test]
    fn a_singular_covariance_is_refused_or_gets_the_ridge_it_needs() {
        let (rows, gamma) = two_points();
        let samples = Samples::from_rows(&rows, 2, 2).unwrap();
        let gamma =
            Responsibilities::new(faer::MatRef::from_row_major_slice(&gamma, 2, 2).subcols(0, 1)).unwrap();
        let refused = params(&samples, &gamma, 0.0, &Threads::one()).unwrap_err();
        assert_eq!(refused, Error::NotPositiveDefinite { component: 0, pivot: 1, ridge: 0.0 });

        let options = ParamsOptions { ridge: 0.0, ridge_limit: Some(1e-3), drop_empty: false };
        let mixture = params_with(&samples, &gamma, &options, &Threads::one()).unwrap();
        assert_eq!(mixture.covariances().ridges(), [1e-12]);
        assert_eq!(mixture.covariances().values(), [1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn values_whose_squares_overflow_are_refused_and_not_infinite() {
        let samples = Samples::from_rows(&[1e200, -1e200], 2, 1).unwrap();
        let gamma = Responsibilities::from_rows(&[1.0, 1.0], 2, 1).unwrap();
        let refused = params(&samples, &gamma, 1e-6, &Threads::one()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "covariance of component 0 leaves the range of f64; rescale the features"
        );
    }
}
