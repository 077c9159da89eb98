//! The vector-Jacobian product of energies: from cotangents of `Eₙ` and `cov_diag` to gradients with respect to samples
//! and parameters.

use super::expectation::{Expectation, Expected, Factors};
use super::parameters::{OfParameters, Requested, of_parameters, sums_about_means};
use super::range::{Limits, Precision};
use super::{check_written, dense, full, inverses};
use crate::blocks::{Threads, blocks};
use crate::check;
use crate::error::{Error, Place, Result};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::{Block, BlockOutput, BlockScorer, check_features};

/// `eₙ = dJ/dEₙ`.
#[derive(Clone, Copy, Debug)]
pub enum EnergyCotangents<'a, T> {
    /// One for each sample (n).
    Each(&'a [T]),
    /// That of the mean energy: each sample gets 1/n of it.
    Mean(f64),
}

/// The outputs of [`energy_vjp`], row-major: every field that is `Some` is written.
#[derive(Debug, Default)]
pub struct EnergyGradients<'a, T> {
    /// n × d.
    pub samples: Option<&'a mut [T]>,
    /// k.
    pub weights: Option<&'a mut [T]>,
    /// k × d.
    pub means: Option<&'a mut [T]>,
    /// k × d × d, symmetric. Factors and log-determinants are functions of the covariances here.
    pub covariances: Option<&'a mut [T]>,
    /// k × d × d, zeros above the diagonal. Factors are independent inputs here.
    pub cholesky: Option<&'a mut [T]>,
    /// k. Log-determinants are independent inputs here.
    pub log_dets: Option<&'a mut [T]>,
}

impl<T> EnergyGradients<'_, T> {
    /// Every output has the length of its shape.
    fn check(&self, n: usize, k: usize, d: usize) -> Result<()> {
        let output = |what, out: &Option<&mut [T]>, shape: &[usize]| {
            check::output(what, out.as_deref().map(<[T]>::len), shape)
        };
        output("gradient of samples", &self.samples, &[n, d])?;
        output("gradient of weights", &self.weights, &[k])?;
        output("gradient of means", &self.means, &[k, d])?;
        output("gradient of covariances", &self.covariances, &[k, d, d])?;
        output("gradient of cholesky factors", &self.cholesky, &[k, d, d])?;
        output("gradient of log-determinants", &self.log_dets, &[k])
    }

    /// Whether any but that of samples is requested.
    fn are_of_parameters(&self) -> bool {
        [&self.weights, &self.means, &self.covariances, &self.cholesky, &self.log_dets]
            .iter()
            .any(|gradient| gradient.is_some())
    }
}

/// Gradients of `J = Σₙ eₙ Eₙ + c cov_diag`; returns the mean energy.
///
/// ```text
/// dzₙ = Σₖ wₙₖ uₙₖ      dφₖ = −Σₙ wₙₖ / φₖ      dμₖ = −Σₙ wₙₖ uₙₖ      wₙₖ = eₙ rₙₖ,  uₙₖ = Σₖ⁻¹ (zₙ − μₖ)
/// dΣₖ = ½ Σₙ wₙₖ (Σₖ⁻¹ − uₙₖ uₙₖᵀ) − c diag(1 / (Σₖ)ⱼⱼ²)
/// dLₖ = −tril(Lₖ⁻ᵀ Σₙ wₙₖ yₙₖ yₙₖᵀ)      d ln detₖ = ½ Σₙ wₙₖ                 yₙₖ = Lₖ⁻¹ (zₙ − μₖ)
/// ```
///
/// `covariances` already includes the gradients in `cholesky` and `log_dets`: use either `covariances` or the other
/// two. Sample weights are not used, because an energy belongs to one sample.
///
/// # Errors
///
/// As [`score`](crate::score); [`Error::NotFinite`] for cotangents; [`Error::GradientOutOfRange`]. After an error
/// the outputs are unchanged.
///
/// Cost: `3 n k d²` flops, `2 n k d²` for samples alone or for parameters alone, and `4 k d³`.
///
/// ```
/// use gmm_core::{EnergyCotangents, EnergyGradients, Mixture, Samples, Threads, energy_vjp};
///
/// let mixture = Mixture::new(&[1.0], &[1.0], &[4.0])?;
/// let samples = Samples::from_rows(&[3.0], 1, 1)?;
/// let (mut of_samples, mut of_covariances) = ([0.0], [0.0]);
/// let gradients = EnergyGradients {
///     samples: Some(&mut of_samples),
///     covariances: Some(&mut of_covariances),
///     ..EnergyGradients::default()
/// };
/// energy_vjp(&mixture, &samples, EnergyCotangents::Each(&[1.0]), 0.0, gradients, &Threads::one())?;
/// // E = ½ (z − μ)² / σ² + ½ ln σ² + …
/// assert_eq!((of_samples, of_covariances), ([0.5], [0.0]));
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn energy_vjp<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    cotangents: EnergyCotangents<'_, T>,
    cov_diag: f64,
    gradients: EnergyGradients<'_, T>,
    threads: &Threads,
) -> Result<f64> {
    check_features(mixture, samples)?;
    let samples = &samples.unweighted();
    let (n, k, d) = (samples.n_samples(), mixture.n_components(), samples.n_features());
    check_cotangents(&cotangents, cov_diag, n)?;
    gradients.check(n, k, d)?;
    let mixture = &*dense(mixture)?;
    let inverses = inverses(full(mixture), threads);
    let limits = Limits::new(mixture, full(mixture), &inverses, samples);
    let (factors, largest) = match cotangents {
        EnergyCotangents::Mean(factor) => (Factors::Same(factor / n as f64), factor.abs()),
        EnergyCotangents::Each(each) => (Factors::Each(each), each.iter().map(|e| e.to_f64().abs()).sum()),
    };
    let requested =
        Requested { covariances: gradients.covariances.is_some(), factors: gradients.cholesky.is_some() };
    let wants_moments = gradients.are_of_parameters();
    let work = Work { mixture, samples, inverses: &inverses, factors, wants_moments, threads };
    let mut of_samples = gradients.samples;
    let precision = limits.precision_of_energy::<T>(largest, cov_diag);
    // Gradients of samples come first. They may not be written before those of parameters are known to be finite.
    let is_bounded = !wants_moments || (limits.holds_moments(largest) && absent(mixture).next().is_none());
    let is_staged = precision == Precision::DoubleChecked || !is_bounded;
    let mut staged = of_samples.as_ref().filter(|_| is_staged).map(|out| vec![T::ZERO; out.len()]);
    let mut out = staged.as_deref_mut().or(of_samples.as_deref_mut());
    let own = match precision {
        Precision::Native => Some(work.run::<T>(out.as_deref_mut())).filter(|expected| expected.is_held),
        _ => None,
    };
    let expected = own.unwrap_or_else(|| work.run::<f64>(out));
    expected.check()?;
    check_written("samples", staged.as_deref(), d)?;
    let of = if wants_moments {
        let sums = sums_about_means(&expected.moments, mixture, threads);
        let mut of = of_parameters(mixture, &inverses, &sums, cov_diag, requested, threads);
        add_absent(mixture, samples, factors, &mut of.weights);
        of
    } else {
        OfParameters::default()
    };
    let pairs = [
        ("weights", &of.weights, gradients.weights, 1),
        ("means", &of.means, gradients.means, d),
        ("covariances", &of.covariances, gradients.covariances, d * d),
        ("cholesky factors", &of.factors, gradients.cholesky, d * d),
        ("log-determinants", &of.log_dets, gradients.log_dets, 1),
    ];
    for (what, values, out, len) in &pairs {
        if out.is_some() {
            check::gradient::<T>(what, values, |at| place(at, *len, d))?;
        }
    }
    if let (Some(out), Some(from)) = (of_samples, staged) {
        out.copy_from_slice(&from);
    }
    for (_, values, out, _) in pairs {
        if let Some(out) = out {
            out.iter_mut().zip(values).for_each(|(out, &value)| *out = T::from_f64(value));
        }
    }
    Ok(expected.energy / n as f64)
}

/// Components without weight that were not dropped.
fn absent(mixture: &Mixture) -> impl Iterator<Item = usize> {
    let is_absent = |k: &usize| mixture.weights()[*k] == 0.0 && !mixture.dropped().contains(k);
    (0..mixture.n_components()).filter(is_absent)
}

/// `dφₖ = −Σₙ eₙ N(zₙ; μₖ, Σₖ) / p(zₙ)` for components without weight that were not dropped. They have no
/// responsibilities from which it could be computed.
fn add_absent<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>, factors: Factors<'_, T>, of: &mut [f64]) {
    let absent: Vec<usize> = absent(mixture).collect();
    if absent.is_empty() {
        return;
    }
    let scorer = BlockScorer::<T>::double(mixture);
    let (mut block, mut of_rows) = (Block::new(), Vec::new());
    for rows in blocks(0..samples.n_samples()) {
        scorer.whiten(samples, rows.clone(), &mut block);
        scorer.finish(&mut block, BlockOutput::Squares, None);
        factors.of_rows(samples, rows, &mut of_rows);
        for &component in &absent {
            let squares = &block.terms[component * block.stride..];
            let log_normalizer = scorer.log_normalizers()[component];
            for ((factor, log_density), square) in of_rows.iter().zip(&block.log_densities).zip(squares) {
                of[component] -= factor * (log_normalizer - 0.5 * square.to_f64() - log_density).exp();
            }
        }
    }
}

fn place(at: usize, len: usize, d: usize) -> Place {
    match len {
        1 => Place::Component(at),
        len if len == d => Place::Cell { row: at / d, column: at % d },
        len => Place::ComponentCell { component: at / len, row: at % len / d, column: at % d },
    }
}

fn check_cotangents<T: Real>(cotangents: &EnergyCotangents<'_, T>, cov_diag: f64, n: usize) -> Result<()> {
    let what = "energy cotangents";
    match cotangents {
        EnergyCotangents::Each(each) => {
            check::output(what, Some(each.len()), &[n])?;
            if let Some(row) = each.iter().position(|&value| !Real::is_finite(value)) {
                return Err(Error::NotFinite { what, at: Place::Row(row), value: each[row].to_f64() });
            }
        }
        EnergyCotangents::Mean(value) if !value.is_finite() => {
            return Err(Error::NotFinite { what, at: Place::Row(0), value: *value });
        }
        EnergyCotangents::Mean(_) => {}
    }
    if cov_diag.is_finite() {
        return Ok(());
    }
    let (option, value) = ("cotangent of cov_diag", cov_diag.to_string());
    Err(Error::option(option, value, "finite"))
}

struct Work<'a, T> {
    mixture: &'a Mixture,
    samples: &'a Samples<'a, T>,
    inverses: &'a [f64],
    factors: Factors<'a, T>,
    wants_moments: bool,
    threads: &'a Threads,
}

impl<T: Real> Work<'_, T> {
    fn run<C: Real>(&self, gradients: Option<&mut [T]>) -> Expected {
        let Work { mixture, samples, inverses, factors, wants_moments, threads } = *self;
        Expectation { mixture, inverses, factors, wants_moments }.run::<C>(samples, gradients, threads)
    }
}
