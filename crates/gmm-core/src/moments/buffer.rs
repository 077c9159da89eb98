//! Moments that leave the process: one flat buffer of numbers, of which sums are sums of samples.
//!
//! ```text
//! [ S  ℓ  |  n₁  a₁ (d)  B₁ (d (d + 1) / 2, or d)  |  n₂  a₂  B₂  |  …  ]
//!
//! S = Σₙ sₙ      ℓ = Σₙ sₙ ln p(zₙ)      nₖ = Σₙ sₙ rₙₖ      aₖ = Σₙ sₙ rₙₖ δₙₖ
//! Bₖ = Σₙ sₙ rₙₖ δₙₖ δₙₖᵀ, its lower triangle row by row, or its diagonal under diagonal and spherical
//! covariances                                        δₙₖ = zₙ − μₖ, about the means of the mixture
//! ```
//!
//! Whoever has the same mixture may add such buffers element by element: threads, machines (`MPI_SUM`),
//! days. Multiplied by a number less than one they fade.

use crate::blocks::Threads;
use crate::error::{Error, Place, Result};
use crate::mixture::Mixture;
use crate::mixture::SecondMoments;
use crate::moments::Moments;
use crate::moments::last_labels::LastLabels;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::check_features;

/// Numbers before those of the first component.
const HEAD: usize = 2;

/// How far sums that samples left behind may be from what holds of exact ones, relative. Products of `f32` samples
/// and their responsibilities round in `f32` and are added 240 rows at a time before they are added in `f64`:
/// 240 × 2⁻²⁴ = 1.4e-5 at most.
const CONSISTENT: f64 = 1e-4;

impl Moments {
    /// The E-step: what `samples` leave behind under `mixture`, about its means.
    ///
    /// # Errors
    ///
    /// [`Error::OtherFeatures`] when the numbers of features differ; [`Error::OutOfRange`] when a sum leaves the range
    /// of `f64`, as the square of a sample that is too far from a mean does.
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

    /// The same, of samples that count what they count in the unit of their weights: weights so small that
    /// their products with squares are no numbers, or so large, have moments all the same.
    pub(crate) fn in_weight_unit<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        threads: &Threads,
    ) -> Result<Self> {
        check_features(mixture, samples)?;
        let mut groups = LastLabels::none(mixture.n_components());
        let mut moments = Moments::of_expectation(samples, mixture, &mut groups, threads);
        moments.move_to(mixture.means());
        Ok(moments)
    }

    /// How long the buffer is.
    pub fn buffer_len(mixture: &Mixture) -> usize {
        let d = mixture.n_features();
        let second = match SecondMoments::of(mixture.covariances().covariance_type()) {
            SecondMoments::Full => d * (d + 1) / 2,
            SecondMoments::Diagonal => d,
        };
        HEAD + mixture.n_components() * (1 + d + second)
    }

    /// The buffer, as this file's first lines lay it out.
    pub fn to_buffer(&self) -> Vec<f64> {
        let d = self.n_features();
        let mut buffer = vec![self.total_weight(), self.log_likelihood()];
        for (count, first, second) in self.components() {
            buffer.push(count);
            buffer.extend_from_slice(first);
            match self.products() {
                SecondMoments::Diagonal => buffer.extend_from_slice(second),
                SecondMoments::Full => {
                    (0..d).for_each(|i| buffer.extend_from_slice(&second[i * d..=i * d + i]))
                }
            }
        }
        buffer
    }

    /// Moments from a buffer, or from a sum of such, that were made with `mixture`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`]; [`Error::NotFinite`]; [`Error::Negative`] for a count that is;
    /// [`Error::NoWeight`] when no sample counts; [`Error::InconsistentMoments`] when counts do not add up to `S`, or a
    /// second moment is less than the first ones call for: `Bₖᵢᵢ < aₖᵢ² / nₖ`. Both are held to 1e-4 of the larger
    /// number, which is more than sums round by in any order.
    pub fn from_buffer(mixture: &Mixture, buffer: &[f64]) -> Result<Self> {
        let (what, d) = ("moments", mixture.n_features());
        let len = Moments::buffer_len(mixture);
        if buffer.len() != len {
            return Err(Error::shape(what, [buffer.len()], "those of the mixture", [len]));
        }
        let at = Place::Row;
        // A log-likelihood of −∞ is one: some sample had no density.
        let is_value = |(at, value): (usize, &f64)| value.is_finite() || (at == 1 && *value < 0.0);
        if let Some(row) = buffer.iter().enumerate().position(|entry| !is_value(entry)) {
            return Err(Error::NotFinite { what, at: at(row), value: buffer[row] });
        }
        let products = SecondMoments::of(mixture.covariances().covariance_type());
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
            check_second(component, own, products, d)?;
        }
        let mut sums = Vec::with_capacity(mixture.n_components() * products.len(d));
        for own in buffer[HEAD..].chunks_exact(step) {
            sums.extend_from_slice(&own[..1 + d]);
            let mut second = &own[1 + d..];
            match products {
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
        Ok(Moments::from_sums((products, d), mixture.means().to_vec(), buffer[0], buffer[1], sums))
    }
}

/// Every sample belongs to some component: counts add up to `total`.
fn check_counts(total: f64, counts: impl ExactSizeIterator<Item = f64>) -> Result<()> {
    let k = counts.len();
    let sum: f64 = counts.sum();
    // Subnormal counts are whole multiples of the smallest number: each piece may be off by half of one a component.
    let slack = if total < f64::MIN_POSITIVE { (k + 1) as f64 * total } else { CONSISTENT * total };
    // Written so that NaN is refused too.
    if (sum - total).abs() <= slack {
        return Ok(());
    }
    let problem =
        format!("have the total weight {total:e}, but the weights of their components add up to {sum:e}");
    Err(Error::InconsistentMoments { problem })
}

/// `aᵢ² ≤ n Bᵢᵢ`: no variance is negative.
fn check_second(component: usize, own: &[f64], products: SecondMoments, d: usize) -> Result<()> {
    let (count, (first, second)) = (own[0], own[1..].split_at(d));
    let square = |i: usize| match products {
        SecondMoments::Diagonal => second[i],
        SecondMoments::Full => second[i * (i + 3) / 2],
    };
    let is_possible = |i: usize| {
        // Of a component that nothing belongs to, or hardly anything any more, only rounding is left.
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
