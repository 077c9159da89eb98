//! The start of EM: the parameters of iteration 0.
//!
//! Centres, labels or responsibilities assign samples to components, and one M-step turns this into parameters.
//! Parameters that the caller gave replace the computed ones, as in scikit-learn: with given means, the weights and
//! covariances are still those of `init`.

use crate::blocks::{BLOCK_ROWS, Threads};
use crate::check;
use crate::control::Watch;
use crate::em::m_step::{MStep, RegCovar};
use crate::em::options::{FitOptions, Given, Init};
use crate::error::{Error, Place, Result};
use crate::init::{kmeans_centres, plus_plus_centres, row_centres, write_random_responsibilities};
use crate::mixture::SecondMoments;
use crate::mixture::{CovarianceType, Covariances, Mixture};
use crate::moments::{Moments, central_moments, check_rows, check_sizes};
use crate::random::Stream;
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

/// The start of a restart. If the watch ends the search for centres, the centres found so far are used.
pub(crate) fn start<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    restart: usize,
    watch: &Watch,
) -> Result<Mixture> {
    let (k, given) = (options.n_components, &options.given);
    if let Some(means) = &given.means {
        let d = samples.n_features();
        check::finite("given.means", means, |at| Place::Cell { row: at / d, column: at % d })?;
    }
    if let Given { weights: Some(weights), means: Some(means), covariances: Some(covariances) } = given {
        check_weight_sum(weights)?;
        return Mixture::from_covariances(weights, means, covariances.clone(), &[]);
    }
    let mut stream = Stream::new(options.seed, restart);
    let centres = match &options.init {
        Init::Mixture(mixture) => return with_given(mixture, given),
        Init::Kmeans => kmeans_centres(samples, k, &mut stream, threads, watch),
        Init::KmeansPlusPlus => plus_plus_centres(samples, k, &mut stream, threads, watch),
        Init::RandomFromData => row_centres(samples, k, &mut stream),
        Init::Random => {
            let moments = random_moments(samples, k, options.covariance_type, &stream, threads);
            let centres = moments.references().to_vec();
            return made_of(
                samples,
                options,
                &moments,
                &about(options.covariance_type, k, centres)?,
                threads,
            );
        }
    };
    let nearest = about(options.covariance_type, k, centres)?;
    made_of(samples, options, &Moments::of_nearest(samples, &nearest, threads), &nearest, threads)
}

/// The result of one M-step, with the caller's parameters in place.
fn made_of<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    moments: &Moments,
    about: &Mixture,
    threads: &Threads,
) -> Result<Mixture> {
    let (prior, unit) = (options.prior.as_ref(), samples.weight_unit());
    let m_step = MStep::new(options.covariance_type, options.reg_covar, prior, unit, moments, threads)?;
    with_given(&m_step.maximise(moments, about, true, threads)?.mixture, &options.given)
}

/// The moments under responsibilities that `stream` draws for each row.
fn random_moments<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    covariance_type: CovarianceType,
    stream: &Stream,
    threads: &Threads,
) -> Moments {
    let products = SecondMoments::of(covariance_type);
    central(samples, n_components, |references| {
        Moments::of_responsibility_blocks(samples, references, products, threads, |rows, responsibilities| {
            responsibilities.resize(n_components * BLOCK_ROWS, T::ZERO);
            write_random_responsibilities(stream, rows, n_components, BLOCK_ROWS, responsibilities);
        })
    })
}

/// A mixture with equal weights and unit covariances: its most likely component is the nearest centre.
fn about(covariance_type: CovarianceType, n_components: usize, centres: Vec<f64>) -> Result<Mixture> {
    let d = centres.len() / n_components;
    let unit = Covariances::unit(covariance_type, n_components, d)?;
    Mixture::assemble(vec![1.0 / n_components as f64; n_components], centres, unit, d)
}

/// Checks that given weights sum to one. [`Mixture::from_covariances`] reports an invalid weight by its component.
fn check_weight_sum(weights: &[f64]) -> Result<()> {
    let sum: f64 = weights.iter().sum();
    let are_weights = weights.iter().all(|&weight| weight.is_finite() && weight >= 0.0);
    if are_weights && (sum - 1.0).abs() > 1e-6 { Err(Error::WeightSum { sum }) } else { Ok(()) }
}

/// Replaces the computed parameters by the given ones.
fn with_given(found: &Mixture, given: &Given) -> Result<Mixture> {
    if *given == Given::default() {
        return Ok(found.clone());
    }
    if let Some(weights) = &given.weights {
        check_weight_sum(weights)?;
    }
    let weights = given.weights.as_deref().unwrap_or(found.weights());
    let means = given.means.as_deref().unwrap_or(found.means());
    let covariances = given.covariances.as_ref().unwrap_or(found.covariances());
    let dropped: Vec<usize> =
        found.dropped().iter().copied().filter(|&component| weights[component] == 0.0).collect();
    Mixture::from_covariances(weights, means, covariances.clone(), &dropped)
}

/// The mixture of labelled samples, with labels in `0..n_components`: one M-step of a fit. It can start a fit
/// ([`Init::Mixture`]). A component without samples gets half of those of the heaviest.
///
/// # Errors
///
/// [`Error::ShapeMismatch`]; [`Error::InvalidOption`] with the first invalid label;
/// those of a fit.
///
/// ```
/// use gmm_core::{RegCovar, Samples, CovarianceType, Threads, mixture_from_labels};
///
/// let samples = Samples::from_rows(&[0.0, 2.0, 10.0, 14.0], 4, 1)?;
/// let (structure, ridge) = (CovarianceType::Diag, RegCovar::Absolute(0.0));
/// let mixture = mixture_from_labels(&samples, &[0, 0, 1, 1], 2, structure, ridge, &Threads::one())?;
/// assert_eq!((mixture.means(), mixture.covariances().values()), (&[1.0, 12.0][..], &[1.0, 4.0][..]));
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn mixture_from_labels<T: Real>(
    samples: &Samples<'_, T>,
    labels: &[u32],
    n_components: usize,
    covariance_type: CovarianceType,
    reg_covar: RegCovar,
    threads: &Threads,
) -> Result<Mixture> {
    let (k, d) = (n_components, samples.n_features());
    check::addend("reg_covar", reg_covar.value())?;
    check_sizes(k, d, covariance_type)?;
    if labels.len() != samples.n_samples() {
        return Err(Error::shape("labels", [labels.len()], "samples", [samples.n_samples(), d]));
    }
    if let Some(row) = labels.iter().position(|&label| label as usize >= k) {
        let value = format!("{} at row {row}", labels[row]);
        return Err(Error::option("labels", value, "below n_components"));
    }
    let products = SecondMoments::of(covariance_type);
    let moments = central(samples, k, |references| {
        Moments::of_labels(samples, references, products, threads, |rows, _, out| {
            out.copy_from_slice(&labels[rows]);
        })
    });
    one_step(samples, &moments, covariance_type, reg_covar, threads)
}

/// The mixture of samples with responsibilities (n × k), of any covariance type: one M-step of a fit. It can start a
/// fit ([`Init::Mixture`]). Rows should sum to one. A component without responsibility gets half of the samples of the
/// heaviest. [`params`](crate::params), the estimate for a deep mixture's layer, differs: it makes no such repair, and
/// its ridge is not part of the covariances.
///
/// # Errors
///
/// [`Error::ShapeMismatch`]; those of a fit.
pub fn mixture_from_responsibilities<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    covariance_type: CovarianceType,
    reg_covar: RegCovar,
    threads: &Threads,
) -> Result<Mixture> {
    let k = responsibilities.n_components();
    check::addend("reg_covar", reg_covar.value())?;
    check_rows(samples, responsibilities)?;
    check_sizes(k, samples.n_features(), covariance_type)?;
    let moments = central_moments(samples, responsibilities, SecondMoments::of(covariance_type), threads);
    one_step(samples, &moments, covariance_type, reg_covar, threads)
}

/// Moments about the first sample that has weight, or about the means if they are far from it.
fn central<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    moments_about: impl Fn(&[f64]) -> Moments,
) -> Moments {
    let mut first = vec![0.0; samples.n_features()];
    samples.copy_row(samples.first_present(), &mut first);
    Moments::about_close_points(&first.repeat(n_components), moments_about)
}

fn one_step<T: Real>(
    samples: &Samples<'_, T>,
    moments: &Moments,
    covariance_type: CovarianceType,
    reg_covar: RegCovar,
    threads: &Threads,
) -> Result<Mixture> {
    let k = moments.components().count();
    let unit = about(covariance_type, k, moments.references().to_vec())?;
    let m_step = MStep::new(covariance_type, reg_covar, None, samples.weight_unit(), moments, threads)?;
    Ok(m_step.maximise(moments, &unit, true, threads)?.mixture)
}

#[cfg(test)]
mod tests;
