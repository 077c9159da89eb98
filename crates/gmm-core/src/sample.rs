//! Samples drawn from a mixture: the same values on every platform and for every block size.
//!
//! ```text
//! row n uses d + 1 numbers of the stream: the component by its weight, then x (d) by Φ⁻¹
//! z = μₖ + Lₖ x
//! ```
//!
//! Every row uses the same number of values, so a row can be drawn without drawing those before it. Sources:
//! docs/math/sample.md.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};
use crate::mixture::{Full, Mixture, zeros};
use crate::random::{LARGEST, Stream, quantile};
use crate::real::Real;

/// Draws `n_samples` samples (n × d) from a mixture, and the component that each came from (n).
///
/// Component k is drawn with probability `φₖ / Σ φ`, so a component of weight 0 never is; then `z = μₖ + Lₖ x` with
/// standard normal x. Samples have the covariance `Lₖ Lₖᵀ`, which includes the ridge. The same parameters (factors
/// included) and the same seed give the same bits on every platform, and the first rows do not depend on `n_samples`.
///
/// # Errors
///
/// [`Error::Empty`] when `n_samples` is 0; [`Error::SizeOverflow`]; [`Error::OutOfRange`] when a
/// sample of some component could overflow `f64`.
///
/// Cost: `n d²` flops and `n d` normal quantiles; no memory besides the outputs.
///
/// ```
/// use gmm_core::{Mixture, Samples, Threads, labels, sample};
///
/// let mixture = Mixture::new(&[0.25, 0.75], &[0.0, 100.0], &[1.0, 1.0])?;
/// let (rows, components) = sample(&mixture, 1000, 7)?;
/// let samples = Samples::from_rows(&rows, 1000, 1)?;
///
/// assert_eq!(labels(&mixture, &samples, &Threads::one())?, components);
/// let of_second = components.iter().filter(|&&component| component == 1).count();
/// assert!((700..800).contains(&of_second));
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn sample(mixture: &Mixture, n_samples: usize, seed: u64) -> Result<(Vec<f64>, Vec<u32>)> {
    let d = mixture.n_features();
    if n_samples == 0 {
        return Err(Error::Empty { what: "samples", rows: 0, cols: d });
    }
    let mut rows = zeros("samples", n_samples, d)?;
    let mut sampler = Sampler::new(mixture, seed)?;
    let mut labels = vec![0; n_samples];
    sampler.fill(&mut rows, &mut labels)?;
    Ok((rows, labels))
}

/// Draws samples block by block: [`sample`] into the caller's memory, in `f32` or `f64`.
///
/// ```
/// use gmm_core::{Mixture, Sampler, sample};
///
/// let mixture = Mixture::new(&[0.5, 0.5], &[0.0, 0.0, 9.0, 9.0], &[1.0, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0, 1.0])?;
/// let (rows, labels) = sample(&mixture, 10, 1)?;
///
/// let mut sampler = Sampler::new(&mixture, 1)?;
/// sampler.skip(4);
/// let (mut block, mut of_block) = ([0.0_f32; 6], [0; 3]);
/// sampler.fill(&mut block, &mut of_block)?;
/// assert_eq!(block[0], rows[4 * 2] as f32);
/// assert_eq!(of_block, labels[4..7]);
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Sampler<'a> {
    mixture: &'a Mixture,
    /// As full matrices, for every covariance type.
    covariances: Cow<'a, Full>,
    /// `φ₀ + … + φₖ` (k).
    cumulative: Vec<f64>,
    /// A bound on the magnitude of the values of each component (k); 0 for a component of weight 0.
    reaches: Vec<f64>,
    stream: Stream,
    /// x (d).
    normals: Vec<f64>,
}

impl<'a> Sampler<'a> {
    /// Draws from `mixture`, beginning with row 0 of the seed.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], as [`sample`].
    ///
    /// Cost: `k d²` flops.
    pub fn new(mixture: &'a Mixture, seed: u64) -> Result<Self> {
        let d = mixture.n_features();
        let mut sum = 0.0;
        let cumulative = mixture.weights().iter().map(|weight| {
            sum += weight;
            sum
        });
        let cumulative = cumulative.collect();
        let covariances = mixture.covariances().to_full();
        let reaches =
            (0..mixture.n_components()).map(|component| reach(mixture, &covariances, component)).collect();
        let (stream, normals) = (Stream::of_samples(seed), vec![0.0; d]);
        let sampler = Sampler { mixture, covariances, cumulative, reaches, stream, normals };
        sampler.check_range::<f64>()?;
        Ok(sampler)
    }

    /// Draws as many rows as there are `labels` (n) into `rows` (n × d). The next call continues after them. Values in
    /// `f32` are those in `f64`, rounded.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when `rows` has another length; [`Error::OutOfRange`] when a sample could
    /// overflow `T`. After an error nothing was drawn or written.
    pub fn fill<T: Real>(&mut self, rows: &mut [T], labels: &mut [u32]) -> Result<()> {
        let (n, d) = (labels.len(), self.mixture.n_features());
        if n.checked_mul(d) != Some(rows.len()) {
            return Err(Error::shape("samples", [rows.len()], "its rows and columns", [n, d]));
        }
        self.check_range::<T>()?;
        for (row, label) in rows.chunks_exact_mut(d).zip(labels) {
            let component = self.draw_component();
            *label = component as u32;
            self.normals.iter_mut().for_each(|normal| *normal = quantile(self.stream.midpoint()));
            let (mean, factor) = parameters(self.mixture, &self.covariances, component);
            for (i, out) in row.iter_mut().enumerate() {
                let line = factor[i * d..][..=i].iter().zip(&self.normals);
                // Summed in the order of the features, without FMA: the same bits everywhere.
                let sum = line.fold(0.0, |sum, (entry, normal)| sum + entry * normal);
                *out = T::from_f64(mean[i] + sum);
            }
        }
        Ok(())
    }

    /// Skips `n_samples` rows as if they had been drawn. Cost: that of one row.
    pub fn skip(&mut self, n_samples: u64) {
        let each = self.mixture.n_features() as u128 + 1;
        self.stream.skip(each.wrapping_mul(u128::from(n_samples)));
    }

    /// The first component whose cumulative weight exceeds a random fraction of the total weight. A component of weight
    /// 0 is never drawn, because its cumulative weight equals that of the component before it.
    fn draw_component(&mut self) -> usize {
        let last = self.cumulative.len() - 1;
        let share = self.stream.uniform() * self.cumulative[last];
        let drawn = self.cumulative.partition_point(|&sum| sum <= share);
        // If the total weight overflows f64, no component exceeds the fraction.
        if drawn <= last { drawn } else { self.reaches.iter().rposition(|&reach| reach > 0.0).unwrap_or(0) }
    }

    fn check_range<T: Real>(&self) -> Result<()> {
        match self.reaches.iter().position(|&reach| !T::from_f64(reach).is_finite()) {
            None => Ok(()),
            Some(component) => Err(Error::OutOfRange { what: "a sample", component, real: T::NAME }),
        }
    }
}

impl fmt::Debug for Sampler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("mixture", self.mixture).finish_non_exhaustive()
    }
}

/// `μₖ` (d) and `Lₖ` (d × d, lower).
fn parameters<'a>(mixture: &'a Mixture, covariances: &'a Full, component: usize) -> (&'a [f64], &'a [f64]) {
    let d = mixture.n_features();
    let mean = &mixture.means()[component * d..][..d];
    (mean, &covariances.cholesky()[component * d * d..][..d * d])
}

/// `maxᵢ |μᵢ| + 8.3 Σⱼ |Lᵢⱼ|`, or 0 for a component that is never drawn.
fn reach(mixture: &Mixture, covariances: &Full, component: usize) -> f64 {
    if mixture.weights()[component] == 0.0 {
        return 0.0;
    }
    let (mean, factor) = parameters(mixture, covariances, component);
    let lines = mean.iter().zip(factor.chunks_exact(mean.len()));
    lines
        .map(|(centre, line)| centre.abs() + LARGEST * line.iter().map(|entry| entry.abs()).sum::<f64>())
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;
