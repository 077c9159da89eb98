//! The loss of a deep autoencoding mixture, from samples and responsibilities to its value and its gradients.
//!
//! Sources: docs/math/grad.md; Zong et al. (2018).

use super::estimate::{Backward, Cotangents, Share};
use super::expectation::{Expectation, Factors};
use super::parameters::{Requested, of_parameters, sums_about_means};
use super::range::{Limits, Precision};
use super::running::RunningMoments;
use super::{Gradients, StagedGradients, full, inverses};
use crate::blocks::Threads;
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::moments::{ParamsOptions, mixture_of, params_moments, params_with};
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

/// The terms of a [`loss`] and their weights, and the options of the estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct LossOptions {
    /// The weight of the mean energy. 1 by default.
    pub energy: f64,
    /// The weight of `cov_diag`. 0.005 by default.
    pub cov_diag: f64,
    /// How the mixture is estimated. With a `ridge_limit` and `drop_empty` a loss is not refused when training has
    /// made a component singular or empty. Gradients then treat the ridge as a constant, and are zero for a dropped
    /// component.
    pub params: ParamsOptions,
}

impl Default for LossOptions {
    fn default() -> Self {
        LossOptions { energy: 1.0, cov_diag: 0.005, params: ParamsOptions::default() }
    }
}

/// The value of a [`loss`].
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// `w_energy Ē + w_cov_diag cov_diag`; a term whose weight is 0 is left out.
    pub value: f64,
    /// `Ē = Σₙ sₙ Eₙ / Σₙ sₙ`.
    pub mean_energy: f64,
    /// `Σₖ Σⱼ 1 / (Σₖ)ⱼⱼ`; +∞ when a variance is exactly zero.
    pub cov_diag: f64,
    /// The mixture under which the energies were computed.
    pub mixture: Mixture,
}

/// `w_energy Ē + w_cov_diag cov_diag` of the mixture that is estimated from samples `z` (n × d) with responsibilities
/// `γ` (n × k), and its gradients with respect to both.
///
/// ```text
/// dz, dγ  of  w_energy (1/n) Σₙ E(zₙ; φ, μ, Σ + eps I) + w_cov_diag Σₖ Σⱼ 1 / (Σₖ)ⱼⱼ,   φ, μ, Σ = params(z, γ)
/// ```
///
/// # Errors
///
/// As [`params_with`]; [`Error::ShapeMismatch`] when an output has another length than its shape;
/// [`Error::InvalidOption`] when a weight is not finite; [`Error::GradientOutOfRange`] when a gradient overflows its
/// type, for instance if `cov_diag` is infinite. After an error the outputs are unchanged.
///
/// Cost: `6 n k d²` flops with gradients and `2 n k d²` without. Memory: O(threads × k d²), independent of n, if norms
/// show that every gradient is in range; otherwise also as much as the outputs.
///
/// ```
/// use gmm_core::{Gradients, LossOptions, Responsibilities, Samples, Threads, loss};
///
/// let samples = Samples::from_rows(&[0.0, 1.0, 10.0, 12.0], 4, 1)?;
/// let gamma = Responsibilities::from_rows(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0], 4, 2)?;
/// let mut of_samples = [0.0; 4];
/// let gradients = Gradients { samples: Some(&mut of_samples), responsibilities: None };
/// let options = LossOptions { energy: 0.0, cov_diag: 1.0, ..LossOptions::default() };
/// let value = loss(&samples, &gamma, &options, gradients, &Threads::one())?.value;
/// // Variances a² / 4 of pairs at distance a: the terms are 4 / a², with derivatives ∓8 / a³.
/// assert_eq!((value, of_samples), (4.0 + 1.0, [8.0, -8.0, 1.0, -1.0]));
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn loss<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    options: &LossOptions,
    gradients: Gradients<'_, T>,
    threads: &Threads,
) -> Result<Loss> {
    check(samples, responsibilities, options, &gradients)?;
    let mixture = params_with(samples, responsibilities, &options.params, threads)?;
    of_mixture(samples, responsibilities, mixture, Share::whole(samples), options, gradients, threads)
}

/// As [`loss`], with the mixture of the running averages of the moments of mini-batches: `running` first takes in this
/// batch, and energies are computed under the resulting mixture.
///
/// Gradients flow through this batch's share in the averages; the earlier averages are constants.
///
/// # Errors
///
/// As [`loss`]; [`Error::ShapeMismatch`] for a batch with another number of features or components than those before.
/// After an error outputs and averages are unchanged.
///
/// ```
/// use gmm_core::{Gradients, LossOptions, Responsibilities, RunningMoments, Samples, Threads, running_loss};
///
/// let (gamma, options) = ([1.0, 1.0], LossOptions::default());
/// let gamma = Responsibilities::from_rows(&gamma, 2, 1)?;
/// let mut running = RunningMoments::new(0.75)?;
/// for (batch, mean) in [([0.0, 2.0], 1.0), ([4.0, 6.0], 0.75 * 1.0 + 0.25 * 5.0)] {
///     let samples = Samples::from_rows(&batch, 2, 1)?;
///     let loss = running_loss(&samples, &gamma, &options, &mut running, Gradients::default(), &Threads::one())?;
///     assert_eq!(loss.mixture.means(), [mean]);
/// }
/// assert_eq!(running.mixture(&options.params)?.means(), [2.0]);    // to score with after training
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn running_loss<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    options: &LossOptions,
    running: &mut RunningMoments,
    gradients: Gradients<'_, T>,
    threads: &Threads,
) -> Result<Loss> {
    check(samples, responsibilities, options, &gradients)?;
    let batch = params_moments(samples, responsibilities, &options.params, threads)?;
    let (moments, share) = running.with(batch)?;
    let mixture = mixture_of(&moments, &options.params, threads)?;
    let loss = of_mixture(samples, responsibilities, mixture, share, options, gradients, threads)?;
    running.keep(moments);
    Ok(loss)
}

fn check<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    options: &LossOptions,
    gradients: &Gradients<'_, T>,
) -> Result<()> {
    check_weight("weight of the energy", options.energy)?;
    check_weight("weight of cov_diag", options.cov_diag)?;
    gradients.check(samples, responsibilities)
}

/// The loss for a mixture in which the samples have a share.
fn of_mixture<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    mixture: Mixture,
    share: Share,
    options: &LossOptions,
    gradients: Gradients<'_, T>,
    threads: &Threads,
) -> Result<Loss> {
    let cov_diag = mixture.cov_diag();
    let value_of = |mean_energy: f64| value(options, mean_energy, cov_diag);
    let (mean_energy, value) = if gradients.are_requested() {
        differentiate(samples, responsibilities, (&mixture, share), options, gradients, value_of, threads)?
    } else {
        let mean_energy = mean_energy(samples, &mixture, threads);
        (mean_energy, value_of(mean_energy)?)
    };
    Ok(Loss { value, mean_energy, cov_diag, mixture })
}

/// `w_energy Ē + w_cov_diag cov_diag`.
fn value(options: &LossOptions, mean_energy: f64, cov_diag: f64) -> Result<f64> {
    if options.energy * options.cov_diag < 0.0 && mean_energy == f64::INFINITY && cov_diag == f64::INFINITY {
        let (option, value) = ("weight of cov_diag", options.cov_diag.to_string());
        let requirement = "of the same sign as the weight of the energy, because both terms are infinite";
        return Err(Error::option(option, value, requirement));
    }
    let term = |weight: f64, value: f64| if weight == 0.0 { 0.0 } else { weight * value };
    let terms = [(options.energy, mean_energy), (options.cov_diag, cov_diag)];
    let value: f64 = terms.iter().map(|&(weight, value)| term(weight, value)).sum();
    let is_infinite = terms.iter().any(|&(weight, value)| weight != 0.0 && value.is_infinite());
    if value.is_finite() || (is_infinite && !value.is_nan()) {
        return Ok(value);
    }
    Err(Error::ResultOutOfRange { what: "loss", real: "f64" })
}

fn check_weight(option: &'static str, value: f64) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(Error::option(option, value, "finite"))
}

fn mean_energy<T: Real>(samples: &Samples<'_, T>, mixture: &Mixture, threads: &Threads) -> f64 {
    let total = samples.total_weight();
    let factors = Factors::Same(1.0);
    let pass = Expectation { mixture, inverses: &[], factors, wants_moments: false };
    let expected = match mixture.packed::<T>().fits {
        true => pass.run::<T>(samples, None, threads),
        false => pass.run::<f64>(samples, None, threads),
    };
    expected.energy / total
}

/// Writes the gradients; returns the mean energy and the value of the loss.
fn differentiate<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    (mixture, share): (&Mixture, Share),
    options: &LossOptions,
    mut gradients: Gradients<'_, T>,
    value_of: impl Fn(f64) -> Result<f64>,
    threads: &Threads,
) -> Result<(f64, f64)> {
    let inverses = inverses(full(mixture), threads);
    let limits = Limits::new(mixture, full(mixture), &inverses, samples);
    let work = Work { samples, responsibilities, mixture, share, inverses: &inverses, options, threads };
    let precision = limits.precision_of_loss::<T>(options.energy, options.cov_diag);
    let with_value = |mean_energy: f64| Ok((mean_energy, value_of(mean_energy)?));
    if precision == Precision::Native
        && let Some(mean_energy) = work.run::<T>(&mut gradients)?
    {
        return with_value(mean_energy);
    }
    if precision != Precision::DoubleChecked {
        let mean_energy = work.run::<f64>(&mut gradients)?;
        return with_value(mean_energy.expect("double precision holds every product within the bound"));
    }
    let mut staged = StagedGradients::like(&gradients);
    let mean_energy = work.run::<f64>(&mut staged.as_gradients())?;
    let values = with_value(mean_energy.expect("double precision is never replaced by a wider type"))?;
    staged.commit(gradients, samples.n_features(), responsibilities.n_components())?;
    Ok(values)
}

struct Work<'a, T> {
    samples: &'a Samples<'a, T>,
    responsibilities: &'a Responsibilities<'a, T>,
    mixture: &'a Mixture,
    share: Share,
    inverses: &'a [f64],
    options: &'a LossOptions,
    threads: &'a Threads,
}

impl<T: Real> Work<'_, T> {
    /// Computes the gradients in `C`; returns the mean energy, or nothing if `C` does not hold every product.
    fn run<C: Real>(&self, gradients: &mut Gradients<'_, T>) -> Result<Option<f64>> {
        let Work { samples, responsibilities, mixture, share, inverses, options, threads } = *self;
        let total = samples.total_weight();
        let factor = options.energy / total;
        let has_energy = options.energy != 0.0;
        let wants_samples = gradients.samples.is_some();
        let factors = Factors::Same(factor);
        let pass = Expectation { mixture, inverses, factors, wants_moments: has_energy };
        let out = gradients.samples.as_deref_mut().filter(|_| has_energy);
        let expected = pass.run::<C>(samples, out, threads);
        if has_energy {
            expected.check()?;
        }
        if !expected.is_held {
            return Ok(None);
        }
        let sums = sums_about_means(&expected.moments, mixture, threads);
        let requested = Requested { covariances: true, factors: false };
        let of = of_parameters(mixture, inverses, &sums, options.cov_diag, requested, threads);
        let cotangents = Cotangents { weights: of.weights, means: of.means, covariances: of.covariances };
        let backward = Backward::<C>::new(mixture, &cotangents, share, wants_samples, threads);
        let gradients = Gradients {
            samples: gradients.samples.as_deref_mut(),
            responsibilities: gradients.responsibilities.as_deref_mut(),
        };
        backward.run(samples, responsibilities, gradients, has_energy, threads);
        Ok(Some(expected.energy / total))
    }
}
