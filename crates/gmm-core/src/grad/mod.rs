//! Gradients: of energies, through the estimate of a mixture, and of the loss that combines both.
//!
//! ```text
//! expectation   Σₖ wₙₖ uₙₖ of every sample, and moments of w                 one pass over the samples
//! parameters    moments ─▶ gradients of φ, μ, Σ, L, ln det                    k d³
//! estimate      these gradients ─▶ gradients of samples and responsibilities  one pass over the samples
//! ```
//!
//! [`energy_vjp`] uses the first two, [`params_vjp`] the last, [`loss`] all three, and [`score_function`] the first.
//! Memory besides inputs and outputs is O(k d²) and one block a thread. Sources: docs/math/grad.md.

mod rows;
mod linear;
mod range;
mod cov_diag;
mod expectation;
mod parameters;
mod estimate;
mod running;
mod energy;
mod params;
mod loss;
mod score;

use std::borrow::Cow;

use gmm_kernels::PackedMatrix;

use crate::blocks::Threads;
use crate::check;
use crate::error::{Error, Place, Result};
use crate::mixture::{Full, Mixture};
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

pub use cov_diag::cov_diag_vjp;
pub use energy::{EnergyCotangents, EnergyGradients, energy_vjp};
pub use loss::{Loss, LossOptions, loss, running_loss};
pub use params::{ParamsCotangents, params_vjp};
pub use running::RunningMoments;
pub use score::{hessian_vector_products, score_function};

/// Outputs for gradients with respect to samples and responsibilities: every field that is `Some` is written.
#[derive(Debug, Default)]
pub struct Gradients<'a, T> {
    /// n × d, row-major.
    pub samples: Option<&'a mut [T]>,
    /// n × k, row-major.
    pub responsibilities: Option<&'a mut [T]>,
}

impl<T: Real> Gradients<'_, T> {
    fn check(&self, samples: &Samples<'_, T>, responsibilities: &Responsibilities<'_, T>) -> Result<()> {
        let (n, d) = (samples.n_samples(), samples.n_features());
        check::output("gradient of samples", self.samples.as_deref().map(<[T]>::len), &[n, d])?;
        let k = responsibilities.n_components();
        check::output(
            "gradient of responsibilities",
            self.responsibilities.as_deref().map(<[T]>::len),
            &[n, k],
        )
    }

    fn are_requested(&self) -> bool {
        self.samples.is_some() || self.responsibilities.is_some()
    }
}

/// Gradients in buffers of their own, until all values are known to be finite.
struct StagedGradients<T> {
    samples: Option<Vec<T>>,
    responsibilities: Option<Vec<T>>,
}

impl<T: Real> StagedGradients<T> {
    fn like(gradients: &Gradients<'_, T>) -> Self {
        let like = |out: &Option<&mut [T]>| out.as_ref().map(|out| vec![T::ZERO; out.len()]);
        StagedGradients {
            samples: like(&gradients.samples),
            responsibilities: like(&gradients.responsibilities),
        }
    }

    fn as_gradients(&mut self) -> Gradients<'_, T> {
        Gradients {
            samples: self.samples.as_deref_mut(),
            responsibilities: self.responsibilities.as_deref_mut(),
        }
    }

    /// Copies the gradients into the caller's outputs.
    fn commit(self, to: Gradients<'_, T>, n_features: usize, n_components: usize) -> Result<()> {
        check_written("samples", self.samples.as_deref(), n_features)?;
        check_written("responsibilities", self.responsibilities.as_deref(), n_components)?;
        let pairs = [(self.samples, to.samples), (self.responsibilities, to.responsibilities)];
        for (from, to) in pairs {
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(&from);
            }
        }
        Ok(())
    }
}

/// Checks that every value of a matrix with rows of `width` is finite.
fn check_written<T: Real>(what: &'static str, values: Option<&[T]>, width: usize) -> Result<()> {
    match values.and_then(|values| values.iter().position(|&value| !Real::is_finite(value))) {
        None => Ok(()),
        Some(at) => {
            let at = Place::Cell { row: at / width, column: at % width };
            Err(Error::GradientOutOfRange { what, at, real: T::NAME })
        }
    }
}

/// The same mixture with full covariances: gradients do not use the covariance type.
fn dense(mixture: &Mixture) -> Result<Cow<'_, Mixture>> {
    if mixture.covariances().as_full().is_some() {
        return Ok(Cow::Borrowed(mixture));
    }
    let full = mixture.covariances().to_full().into_owned();
    let (weights, means) = (mixture.weights().to_vec(), mixture.means().to_vec());
    let dense = Mixture::assemble(weights, means, full, mixture.n_features())?;
    Ok(Cow::Owned(dense.with_dropped(mixture.dropped().to_vec())))
}

/// The covariances of a mixture that [`dense`] returned.
fn full(mixture: &Mixture) -> &Full {
    mixture.covariances().as_full().expect("dense mixtures have full covariances")
}

/// `Lₖ⁻¹` (k × d × d).
fn inverses(full: &Full, threads: &Threads) -> Vec<f64> {
    let d = full.n_features();
    let mut inverses = Vec::with_capacity(full.cholesky().len());
    threads.map_in_order(
        full.cholesky().chunks_exact(d * d).collect(),
        full.cholesky().len() * d / 6,
        |factor: &[f64]| linear::inverse_of_lower(factor, d),
        |inverse| inverses.extend(inverse),
    );
    inverses
}

/// `factor Lₖ⁻ᵀ`, packed.
fn unwhiteners<C: Real>(inverses: &[f64], d: usize, factor: f64, threads: &Threads) -> Vec<PackedMatrix<C>> {
    let of_one = |transposed: &mut Vec<f64>, inverse: &[f64]| {
        transposed.resize(d * d, 0.0);
        for (i, row) in transposed.chunks_exact_mut(d).enumerate() {
            (i..d).for_each(|j| row[j] = factor * inverse[j * d + i]);
        }
        PackedMatrix::upper(transposed, d)
    };
    let (work, inverses) = (inverses.len(), inverses.chunks_exact(d * d).collect::<Vec<_>>());
    let mut products = Vec::with_capacity(inverses.len());
    threads.map_in_order_with(inverses, work, of_one, |product| products.push(product));
    products
}

#[cfg(test)]
mod tests;
