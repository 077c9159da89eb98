//! Moments as one flat buffer of numbers, to be sent to another process and added there.
//!
//! ```text
//! [ S  ℓ  |  n₁  a₁ (d)  B₁ (d (d + 1) / 2, or d)  |  n₂  a₂  B₂  |  …  ]
//!
//! S = Σₙ sₙ      ℓ = Σₙ sₙ ln p(zₙ)      nₖ = Σₙ sₙ rₙₖ      aₖ = Σₙ sₙ rₙₖ δₙₖ
//! Bₖ = Σₙ sₙ rₙₖ δₙₖ δₙₖᵀ, its lower triangle row by row, or its diagonal under diagonal and spherical
//! covariances                                        δₙₖ = zₙ − μₖ, about the means of the mixture
//! ```
//!
//! Buffers under the same mixture may be added element by element: those of threads, of machines (`MPI_SUM`) or of
//! days. A buffer multiplied by a number below one gives older samples less weight.

use crate::blocks::Threads;
use crate::error::{Error, Place, Result};
use crate::mixture::Mixture;
use crate::mixture::SecondMoments;
use crate::moments::Moments;
use crate::moments::last_labels::LastLabels;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::check_features;

/// The number of elements before those of the first component.
const HEAD: usize = 2;

/// The relative error allowed in relations between moments that hold for exact sums. Products of `f32` samples and
/// responsibilities are rounded in `f32`, and 240 rows of them are added before the sum is added in `f64`: the error is
/// at most 240 × 2⁻²⁴ = 1.4e-5.
const CONSISTENT: f64 = 1e-4;

impl Moments {
    /// The E-step: the moments of `samples` under `mixture`, about its means.
    ///
    /// # Errors
    ///
    /// [`Error::OtherFeatures`] when the numbers of features differ; [`Error::OutOfRange`] when a sum exceeds the range
    /// of `f64`, as for a sample that is too far from a mean.
    ///
    /// Cost: `2 n k d²` flops, `9 n k d` under diagonal and spherical covariances.
    ///
    /// ```
    /// use gmm_core::{FitOptions, Mixture, Moments, Samples, Threads};
    ///
    /// let mixture = Mixture::new(&[1.0], &[0.0], &[1.0])?;
    /// let threads = Threads::one();
    /// let here = Moments::of(&Samples::from_rows(&[1.0, 3.0], 2, 1)?, &mixture, &threads)?;
    /// let there = Moments::of(&Samples::from_rows(&[5.0], 1, 1)?, &mixture, &threads)?;
    /// let sum: Vec<f64> = here.to_buffer().iter().zip(there.to_buffer()).map(|(a, b)| a + b).collect();
    /// assert_eq!(sum[2..], [3.0, 9.0, 35.0]);          // n, Σ z, Σ z²
    /// let next = Moments::from_buffer(&mixture, &sum)?.maximise(&mixture, &FitOptions::new(1))?;
    /// assert_eq!(next.means(), [3.0]);
    /// # Ok::<(), gmm_core::Error>(())
    /// ```
    pub fn of<T: Real>(samples: &Samples<'_, T>, mixture: &Mixture, threads: &Threads) -> Result<Self> {
        let mut moments = Moments::in_weight_unit(samples, mixture, threads)?;
        moments.scale(samples.weight_unit());
        moments.check_finite()?;
        Ok(moments)
    }

    /// As [`Moments::of`], but with the scaled weights of the samples instead of the caller's. Products of the scaled
    /// weights with squares neither underflow nor overflow, whatever the size of the caller's weights.
    pub(crate) fn in_weight_unit<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        threads: &Threads,
    ) -> Result<Self> {
        check_features(mixture, samples)?;
        let mut last_labels = LastLabels::none(mixture.n_components());
        let mut moments = Moments::of_expectation(samples, mixture, &mut last_labels, threads);
        moments.move_to(mixture.means());
        Ok(moments)
    }

    /// The length of the buffer.
    pub fn buffer_len(mixture: &Mixture) -> usize {
        let d = mixture.n_features();
        let second = match SecondMoments::of(mixture.covariances().covariance_type()) {
            SecondMoments::Full => d * (d + 1) / 2,
            SecondMoments::Diagonal => d,
        };
        HEAD + mixture.n_components() * (1 + d + second)
    }

    /// The buffer: the total weight, the log-likelihood, and then for each component its count, first moments and
    /// second moments (the lower triangle row by row, or the diagonal).
    pub fn to_buffer(&self) -> Vec<f64> {
        let d = self.n_features();
        let mut buffer = vec![self.total_weight(), self.log_likelihood()];
        for (count, first, second) in self.components() {
            buffer.push(count);
            buffer.extend_from_slice(first);
            match self.layout() {
                SecondMoments::Diagonal => buffer.extend_from_slice(second),
                SecondMoments::Full => {
                    (0..d).for_each(|i| buffer.extend_from_slice(&second[i * d..=i * d + i]))
                }
            }
        }
        buffer
    }

    /// Moments from a buffer, or from a sum of buffers, that were computed under `mixture`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`]; [`Error::NotFinite`]; [`Error::Negative`] for a negative count;
    /// [`Error::NoWeight`] when the total weight is zero; [`Error::InconsistentMoments`] when the counts do not add up
    /// to `S`, or a variance would be negative: `Bₖᵢᵢ < aₖᵢ² / nₖ`. Both checks allow for 1e-4 of the larger number,
    /// which is more than the rounding of sums in any order.
    pub fn from_buffer(mixture: &Mixture, buffer: &[f64]) -> Result<Self> {
        let (what, d) = ("moments", mixture.n_features());
        let len = Moments::buffer_len(mixture);
        if buffer.len() != len {
            return Err(Error::shape(what, [buffer.len()], "those of the mixture", [len]));
        }
        let at = Place::Row;
        // A log-likelihood of −∞ is valid: some sample had no density.
        let is_value = |(at, value): (usize, &f64)| value.is_finite() || (at == 1 && *value < 0.0);
        if let Some(row) = buffer.iter().enumerate().position(|entry| !is_value(entry)) {
            return Err(Error::NotFinite { what, at: at(row), value: buffer[row] });
        }
        let layout = SecondMoments::of(mixture.covariances().covariance_type());
        let step = (len - HEAD) / mixture.n_components();
        let counts = std::iter::once(0).chain((HEAD..len).step_by(step));
        if let Some(row) = counts.into_iter().find(|&row| buffer[row] < 0.0) {
            return Err(Error::Negative { what, at: at(row), value: buffer[row] });
        }
        if buffer[0] == 0.0 {
            return Err(Error::NoWeight);
        }
        check_counts(buffer[0], buffer[HEAD..].iter().copied().step_by(step))?;
        for (component, own) in buffer[HEAD..].chunks_exact(step).enumerate() {
            check_second(component, own, layout, d)?;
        }
        let mut sums = Vec::with_capacity(mixture.n_components() * layout.len(d));
        for own in buffer[HEAD..].chunks_exact(step) {
            sums.extend_from_slice(&own[..1 + d]);
            let mut second = &own[1 + d..];
            match layout {
                SecondMoments::Diagonal => sums.extend_from_slice(second),
                SecondMoments::Full => {
                    for i in 0..d {
                        sums.extend_from_slice(&second[..=i]);
                        sums.extend(std::iter::repeat_n(0.0, d - i - 1));
                        second = &second[i + 1..];
                    }
                }
            }
        }
        Ok(Moments::from_sums((layout, d), mixture.means().to_vec(), buffer[0], buffer[1], sums))
    }
}

/// The counts of the components add up to `total`.
fn check_counts(total: f64, counts: impl ExactSizeIterator<Item = f64>) -> Result<()> {
    let k = counts.len();
    let sum: f64 = counts.sum();
    // Subnormal counts are multiples of the smallest number; rounding each may cost half of it a component.
    let slack = if total < f64::MIN_POSITIVE { (k + 1) as f64 * total } else { CONSISTENT * total };
    // The comparison refuses NaN too.
    if (sum - total).abs() <= slack {
        return Ok(());
    }
    let problem =
        format!("have the total weight {total:e}, but the weights of their components add up to {sum:e}");
    Err(Error::InconsistentMoments { problem })
}

/// `aᵢ² ≤ n Bᵢᵢ`: no variance is negative.
fn check_second(component: usize, own: &[f64], layout: SecondMoments, d: usize) -> Result<()> {
    let (count, (first, second)) = (own[0], own[1..].split_at(d));
    let square = |i: usize| match layout {
        SecondMoments::Diagonal => second[i],
        SecondMoments::Full => second[i * (i + 3) / 2],
    };
    let is_possible = |i: usize| {
        // A component with no weight, or a subnormal one, has sums of rounding errors only.
        let least = if count >= f64::MIN_POSITIVE { first[i] * (first[i] / count) } else { 0.0 };
        square(i) >= (1.0 - CONSISTENT) * least - f64::MIN_POSITIVE
    };
    match (0..d).find(|&i| !is_possible(i)) {
        None => Ok(()),
        Some(i) => {
            let problem = format!("give feature {i} of component {component} a negative variance");
            Err(Error::InconsistentMoments { problem })
        }
    }
}

#[cfg(test)]
mod tests;
