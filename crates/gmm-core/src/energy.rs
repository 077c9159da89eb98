//! Scores: energies, log-densities, responsibilities, distances, labels, all from one pass.
//!
//! Samples are scored block by block, by `density.rs`; what a caller did not ask for is never stored, so that memory
//! beside inputs and outputs is one block a thread. Sources: docs/math.md, section 2.

use gmm_kernels::exp_into;

use crate::blocks::{BLOCK_ROWS, Threads, blocks, chunks};
use crate::density::{Block, BlockScorer};
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;

/// What [`score`] writes: every field that is `Some` is filled, from one pass over the samples.
///
/// Matrices are row-major, n rows of k values.
#[derive(Debug, Default)]
pub struct Scores<'a, T> {
    /// `Eₙ` (n), in nats.
    pub energies: Option<&'a mut [T]>,
    /// `ln p(zₙ) = −Eₙ` (n), in nats.
    pub log_densities: Option<&'a mut [T]>,
    /// `rₙₖ = exp(lₙₖ + Eₙ)` (n × k). Rows sum to one.
    pub responsibilities: Option<&'a mut [T]>,
    /// `ln rₙₖ` (n × k); −∞ where a weight is zero.
    pub log_responsibilities: Option<&'a mut [T]>,
    /// `‖Lₖ⁻¹(zₙ − μₖ)‖²` (n × k).
    pub squared_mahalanobis: Option<&'a mut [T]>,
    /// The component with the largest responsibility (n); the first of equals.
    pub labels: Option<&'a mut [u32]>,
}

/// Scores every sample and returns the mean energy `(1/n) Σₙ Eₙ`, summed in `f64`.
///
/// A sample so far from every component that its squared distances overflow has energy `+∞`, and
/// the weights for responsibilities. Nothing is ever NaN.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the samples have another number of features than the mixture, or an
/// output another length than its shape. Outputs are then untouched.
///
/// Cost: `n k d²` flops, one pass over the samples; O(threads × block + k d²) memory.
///
/// ```
/// use gmm_core::{Mixture, Samples, Scores, Threads, score};
///
/// let mixture = Mixture::new(&[0.5, 0.5], &[-2.0, 2.0], &[1.0, 1.0])?;
/// let samples = Samples::from_rows(&[-2.0, 0.0, 9.0], 3, 1)?;
/// let (mut energies, mut labels) = ([0.0; 3], [0; 3]);
/// let scores = Scores { energies: Some(&mut energies), labels: Some(&mut labels), ..Scores::default() };
/// let mean_energy = score(&mixture, &samples, scores, &Threads::one())?;
///
/// assert_eq!(labels, [0, 0, 1]);
/// assert!(energies[2] > energies[1] && energies[1] > energies[0]);
/// assert!((mean_energy - energies.iter().sum::<f64>() / 3.0).abs() < 1e-12);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn score<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    scores: Scores<'_, T>,
    threads: &Threads,
) -> Result<f64> {
    let (n, k) = (samples.n_samples(), mixture.n_components());
    check_features(mixture, samples)?;
    scores.check(n, k)?;
    let scorer = BlockScorer::new(mixture);
    let keep_squares = scores.squared_mahalanobis.is_some();
    let mut rest = scores;
    let chunks: Vec<_> = chunks(n, 1)
        .into_iter()
        .map(|rows| {
            let (chunk, after) = std::mem::take(&mut rest).split_at(rows.len(), k);
            rest = after;
            (rows, chunk)
        })
        .collect();
    let mut total = 0.0;
    threads.map_in_order(
        chunks,
        scorer.work(n),
        |(rows, mut scores)| {
            let mut block = Block::new(keep_squares);
            let mut sum = 0.0;
            for rows in blocks(rows) {
                let (mut out, after) = std::mem::take(&mut scores).split_at(rows.len(), k);
                scores = after;
                scorer.score(samples, rows, &mut block);
                out.write(&block, k);
                sum -= block.log_densities.iter().sum::<f64>();
            }
            sum
        },
        |sum| total += sum,
    );
    Ok(total / n as f64)
}

/// `Eₙ` (n): the negative log-likelihood of each sample, in nats. The outlier score.
///
/// # Errors
///
/// As [`score`].
pub fn energy<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>, threads: &Threads) -> Result<Vec<T>> {
    let mut energies = vec![T::ZERO; samples.n_samples()];
    score(mixture, samples, Scores { energies: Some(&mut energies), ..Scores::default() }, threads)?;
    Ok(energies)
}

/// Responsibilities `rₙₖ = φₖ N(zₙ; μₖ, Σₖ) / p(zₙ)` (n × k). Rows sum to one.
///
/// # Errors
///
/// As [`score`]; [`Error::SizeOverflow`] when n × k values would not fit in memory.
pub fn responsibilities<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    threads: &Threads,
) -> Result<Vec<T>> {
    let mut values = vec![T::ZERO; matrix_len("responsibilities", samples, mixture)?];
    score(mixture, samples, Scores { responsibilities: Some(&mut values), ..Scores::default() }, threads)?;
    Ok(values)
}

/// Squared Mahalanobis distances `‖Lₖ⁻¹(zₙ − μₖ)‖²` (n × k).
///
/// # Errors
///
/// As [`responsibilities`].
pub fn squared_mahalanobis<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    threads: &Threads,
) -> Result<Vec<T>> {
    let mut values = vec![T::ZERO; matrix_len("squared distances", samples, mixture)?];
    score(mixture, samples, Scores { squared_mahalanobis: Some(&mut values), ..Scores::default() }, threads)?;
    Ok(values)
}

/// The most likely component of each sample (n).
///
/// # Errors
///
/// As [`score`].
pub fn labels<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>, threads: &Threads) -> Result<Vec<u32>> {
    let mut labels = vec![0; samples.n_samples()];
    score(mixture, samples, Scores { labels: Some(&mut labels), ..Scores::default() }, threads)?;
    Ok(labels)
}

fn matrix_len<T: Real>(what: &'static str, samples: &Samples<'_, T>, mixture: &Mixture) -> Result<usize> {
    let (n, k) = (samples.n_samples(), mixture.n_components());
    n.checked_mul(k)
        .filter(|&len| len <= isize::MAX as usize / size_of::<T>())
        .ok_or_else(|| Error::SizeOverflow { what, shape: vec![n, k] })
}

/// Samples and mixture must have the same features.
pub(crate) fn check_features<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>) -> Result<()> {
    if samples.n_features() != mixture.n_features() {
        return Err(Error::ShapeMismatch {
            left: "samples",
            left_shape: vec![samples.n_samples(), samples.n_features()],
            right: "means",
            right_shape: vec![mixture.n_components(), mixture.n_features()],
        });
    }
    Ok(())
}

impl<'a, T: Real> Scores<'a, T> {
    fn check(&self, n: usize, k: usize) -> Result<()> {
        let list = |what, len: Option<usize>| check_output(what, len, &[n]);
        let matrix = |what, len: Option<usize>| check_output(what, len, &[n, k]);
        list("energies", self.energies.as_ref().map(|out| out.len()))?;
        list("log-densities", self.log_densities.as_ref().map(|out| out.len()))?;
        matrix("responsibilities", self.responsibilities.as_ref().map(|out| out.len()))?;
        matrix("log-responsibilities", self.log_responsibilities.as_ref().map(|out| out.len()))?;
        matrix("squared distances", self.squared_mahalanobis.as_ref().map(|out| out.len()))?;
        list("labels", self.labels.as_ref().map(|out| out.len()))
    }

    fn split_at(self, n_rows: usize, k: usize) -> (Self, Self) {
        let (energies, energies_after) = split(self.energies, n_rows);
        let (log_densities, log_densities_after) = split(self.log_densities, n_rows);
        let (responsibilities, responsibilities_after) = split(self.responsibilities, n_rows * k);
        let (log_responsibilities, log_responsibilities_after) = split(self.log_responsibilities, n_rows * k);
        let (squared_mahalanobis, squared_mahalanobis_after) = split(self.squared_mahalanobis, n_rows * k);
        let (labels, labels_after) = split(self.labels, n_rows);
        (
            Scores {
                energies,
                log_densities,
                responsibilities,
                log_responsibilities,
                squared_mahalanobis,
                labels,
            },
            Scores {
                energies: energies_after,
                log_densities: log_densities_after,
                responsibilities: responsibilities_after,
                log_responsibilities: log_responsibilities_after,
                squared_mahalanobis: squared_mahalanobis_after,
                labels: labels_after,
            },
        )
    }

    /// Writes one block's worth.
    fn write(&mut self, block: &Block<T>, k: usize) {
        let densities = &block.log_densities;
        let log_r = |row: usize, component: usize| block.terms[component * BLOCK_ROWS + row];
        if let Some(out) = &mut self.energies {
            out.iter_mut().zip(densities).for_each(|(out, &density)| *out = T::from_f64(-density));
        }
        if let Some(out) = &mut self.log_densities {
            out.iter_mut().zip(densities).for_each(|(out, &density)| *out = T::from_f64(density));
        }
        if let Some(out) = &mut self.responsibilities {
            let mut shares = vec![0.0; block.terms.len()];
            exp_into(&block.terms, &mut shares);
            for (row, out) in out.chunks_exact_mut(k).enumerate() {
                // Each is off by the rounding of the row's log-density, which may be large; all by the same.
                let sum: f64 = (0..k).map(|component| shares[component * BLOCK_ROWS + row]).sum();
                for (component, out) in out.iter_mut().enumerate() {
                    *out = T::from_f64(shares[component * BLOCK_ROWS + row] / sum);
                }
            }
        }
        if let Some(out) = &mut self.log_responsibilities {
            fill(out, k, |row, component| T::from_f64(log_r(row, component)));
        }
        if let Some(out) = &mut self.squared_mahalanobis {
            fill(out, k, |row, component| block.squares()[component * BLOCK_ROWS + row]);
        }
        if let Some(out) = &mut self.labels {
            out.copy_from_slice(&block.labels(k));
        }
    }
}

fn check_output(what: &'static str, len: Option<usize>, shape: &[usize]) -> Result<()> {
    let expected = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    match len {
        Some(len) if Some(len) != expected => Err(Error::ShapeMismatch {
            left: what,
            left_shape: vec![len],
            right: "its rows and columns",
            right_shape: shape.to_vec(),
        }),
        _ => Ok(()),
    }
}

fn split<T>(out: Option<&mut [T]>, at: usize) -> (Option<&mut [T]>, Option<&mut [T]>) {
    match out.map(|out| out.split_at_mut(at)) {
        Some((before, after)) => (Some(before), Some(after)),
        None => (None, None),
    }
}

fn fill<T>(out: &mut [T], k: usize, value: impl Fn(usize, usize) -> T) {
    for (row, line) in out.chunks_exact_mut(k).enumerate() {
        for (component, out) in line.iter_mut().enumerate() {
            *out = value(row, component);
        }
    }
}
