//! The vector-Jacobian product of an estimate: from cotangents of parameters to gradients with respect to samples and
//! responsibilities.

use super::estimate::{Backward, Cotangents, Share};
use super::linear::{of_factor, symmetrised};
use super::range::{Limits, Precision, largest};
use super::{Gradients, StagedGradients, full, inverses};
use crate::blocks::Threads;
use crate::check;
use crate::error::{Error, Place, Result};
use crate::mixture::Mixture;
use crate::moments::{ParamsOptions, params_with};
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

/// Cotangents of the parameters that [`params_with`] returns, row-major; `None` means zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParamsCotangents<'a> {
    /// k.
    pub weights: Option<&'a [f64]>,
    /// k × d.
    pub means: Option<&'a [f64]>,
    /// k × d × d, with every entry an independent variable; need not be symmetric.
    pub covariances: Option<&'a [f64]>,
    /// k × d × d; only the lower triangle is read.
    pub cholesky: Option<&'a [f64]>,
    /// k.
    pub log_dets: Option<&'a [f64]>,
}

/// Takes the gradients of a function with respect to the estimated parameters, and computes its gradients with respect
/// to samples and responsibilities. Returns the estimated mixture.
///
/// ```text
/// dγₙₖ = pₖ / n + (mₖ · δₙₖ + δₙₖᵀ Cₖ δₙₖ − ⟨Cₖ, Σₖ⟩) / Sₖ        δₙₖ = zₙ − μₖ
/// dzₙ  = Σₖ γₙₖ / Sₖ (mₖ + 2 Cₖ δₙₖ)
/// ```
///
/// where p, m and C are cotangents of φ, μ and Σ. Those of L and ln det are converted and added to C: `½ (S + Sᵀ)` with
/// `S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹` (Murray 2016), and `(Σ + eps I)⁻¹` times the cotangent of ln det. Ridges are treated as
/// constants. A dropped component has no gradient.
///
/// # Errors
///
/// As [`params_with`]; [`Error::NotFinite`] for cotangents; [`Error::GradientOutOfRange`]. After an error the outputs
/// are unchanged.
///
/// Cost: `3 n k d²` flops, `2 n k d²` for responsibilities alone, and `4 k d³` for cotangents of factors.
///
/// ```
/// use gmm_core::{Gradients, ParamsCotangents, ParamsOptions, Responsibilities, Samples, Threads, params_vjp};
///
/// let samples = Samples::from_rows(&[1.0, 5.0], 2, 1)?;
/// let gamma = Responsibilities::from_rows(&[1.0, 3.0], 2, 1)?;
/// let mut of_samples = [0.0; 2];
/// let gradients = Gradients { samples: Some(&mut of_samples), responsibilities: None };
/// let of_mean = ParamsCotangents { means: Some(&[8.0]), ..ParamsCotangents::default() };
/// params_vjp(&samples, &gamma, &ParamsOptions::default(), of_mean, gradients, &Threads::one())?;
/// assert_eq!(of_samples, [2.0, 6.0]);                       // a weighted mean has its weights for a gradient
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn params_vjp<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    options: &ParamsOptions,
    cotangents: ParamsCotangents<'_>,
    gradients: Gradients<'_, T>,
    threads: &Threads,
) -> Result<Mixture> {
    gradients.check(samples, responsibilities)?;
    let (k, d) = (responsibilities.n_components(), samples.n_features());
    cotangents.check(k, d)?;
    let mixture = params_with(samples, responsibilities, options, threads)?;
    if !gradients.are_requested() {
        return Ok(mixture);
    }
    let inverses = inverses(full(&mixture), threads);
    let cotangents = cotangents.gathered(&mixture, &inverses);
    let limits = Limits::new(&mixture, full(&mixture), &inverses, samples);
    let means = largest(&cotangents.means) * (d as f64).sqrt();
    let covariances = largest(&cotangents.covariances) * d as f64;
    let precision = limits.precision_through_estimate::<T>(largest(&cotangents.weights), means, covariances);
    let share = Share::whole(samples);
    let wants_samples = gradients.samples.is_some();
    let in_double = || Backward::<f64>::new(&mixture, &cotangents, share, wants_samples, threads);
    match precision {
        Precision::Native => Backward::<T>::new(&mixture, &cotangents, share, wants_samples, threads).run(
            samples,
            responsibilities,
            gradients,
            false,
            threads,
        ),
        Precision::Double => in_double().run(samples, responsibilities, gradients, false, threads),
        Precision::DoubleChecked => {
            let mut staged = StagedGradients::like(&gradients);
            in_double().run(samples, responsibilities, staged.as_gradients(), false, threads);
            staged.commit(gradients, d, k)?;
        }
    }
    Ok(mixture)
}

/// The name of the cotangent of the factors in messages.
const FACTORS: &str = "cotangent of cholesky factors";

impl ParamsCotangents<'_> {
    fn check(&self, k: usize, d: usize) -> Result<()> {
        for (what, values, shape) in [
            ("cotangent of weights", self.weights, &[k][..]),
            ("cotangent of means", self.means, &[k, d]),
            ("cotangent of covariances", self.covariances, &[k, d, d]),
            (FACTORS, self.cholesky, &[k, d, d]),
            ("cotangent of log-determinants", self.log_dets, &[k]),
        ] {
            check::output(what, values.map(<[f64]>::len), shape)?;
            // Values above the diagonal of a factor's cotangent are not read.
            let is_read = |at: usize| what != FACTORS || at % d <= at / d % d;
            let bad = |values: &[f64]| (0..values.len()).find(|&at| is_read(at) && !values[at].is_finite());
            if let Some((at, values)) = values.and_then(|values| Some((bad(values)?, values))) {
                let place = match shape.len() {
                    1 => Place::Component(at),
                    2 => Place::Cell { row: at / d, column: at % d },
                    _ => Place::ComponentCell { component: at / (d * d), row: at / d % d, column: at % d },
                };
                return Err(Error::NotFinite { what, at: place, value: values[at] });
            }
        }
        Ok(())
    }

    /// Converts all cotangents into those of weights, means and covariances.
    fn gathered(&self, mixture: &Mixture, inverses: &[f64]) -> Cotangents {
        let (k, d) = (mixture.n_components(), mixture.n_features());
        let or_zero = |values: Option<&[f64]>, len| values.map_or_else(|| vec![0.0; len], <[f64]>::to_vec);
        let mut covariances = Vec::with_capacity(k * d * d);
        let of = or_zero(self.covariances, k * d * d);
        for (component, matrix) in of.chunks_exact(d * d).enumerate() {
            let range = component * d * d..(component + 1) * d * d;
            let inverse = &inverses[range.clone()];
            let mut sum = symmetrised(matrix.to_vec(), d);
            if let Some(cholesky) = self.cholesky {
                let factor = &full(mixture).cholesky()[range.clone()];
                let of_factor = of_factor(factor, inverse, &cholesky[range], d);
                sum.iter_mut().zip(of_factor).for_each(|(sum, value)| *sum += value);
            }
            if let Some(log_dets) = self.log_dets.filter(|log_dets| log_dets[component] != 0.0) {
                for (at, sum) in sum.iter_mut().enumerate() {
                    let (i, j) = (at / d, at % d);
                    // (L⁻ᵀ L⁻¹)ᵢⱼ
                    let rows = (i.max(j)..d).map(|m| inverse[m * d + i] * inverse[m * d + j]);
                    *sum += log_dets[component] * rows.sum::<f64>();
                }
            }
            covariances.extend(sum);
        }
        Cotangents { weights: or_zero(self.weights, k), means: or_zero(self.means, k * d), covariances }
    }
}
