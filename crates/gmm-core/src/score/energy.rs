//! Scores of samples: energies, log-densities, responsibilities, distances and labels, all from one pass.
//!
//! `density.rs` scores the samples block by block. Only requested scores are stored, so the memory beside inputs and
//! outputs is one block for each thread. Sources: docs/math/score.md.

use std::ops::Range;

use gmm_kernels::{sum, unpack_rows};

use crate::blocks::{SMALL_WORK, Threads, blocks, chunks};
use crate::check;
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::density::{Block, BlockOutput, BlockScorer, infinitely_far};

/// The outputs of [`score`]: it fills every field that is `Some`, in one pass over the samples.
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
    /// The component with the largest responsibility (n); the first one if several are equal.
    pub labels: Option<&'a mut [u32]>,
}

/// Scores every sample and returns the mean energy `(1/n) Σₙ Eₙ`, summed in `f64`.
///
/// A sample so far from every component that its squared distances overflow has energy `+∞`, and the weights of the
/// mixture as responsibilities. No score is ever NaN.
///
/// # Errors
///
/// [`Error::OtherFeatures`] when the samples have another number of features than the mixture;
/// [`Error::ShapeMismatch`] when an output has another length than its shape. Outputs are then untouched.
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
    if scorer.work(n) < SMALL_WORK {
        // Too little work for several threads.
        let mut block = Block::for_rows(n);
        let total = score_chunk(&scorer, samples, 0..n, scores, &mut block);
        let is_finite = total.is_finite();
        return Ok(if is_finite {
            total / n as f64
        } else {
            part_of_mean(&scorer, samples, 0..n, &mut block)
        });
    }
    let mut rest = scores;
    let parts: Vec<_> = chunks(n, 1)
        .into_iter()
        .map(|rows| {
            let (chunk, after) = std::mem::take(&mut rest).split_at(rows.len(), k);
            rest = after;
            (rows, chunk)
        })
        .collect();
    let mut total = 0.0;
    threads.map_in_order(
        parts,
        scorer.work(n),
        |(rows, scores)| score_chunk(&scorer, samples, rows, scores, &mut Block::new()),
        |sum| total += sum,
    );
    if total.is_finite() {
        return Ok(total / n as f64);
    }
    let mut mean = 0.0;
    threads.map_in_order(
        chunks(n, 1),
        scorer.work(n),
        |rows| part_of_mean(&scorer, samples, rows, &mut Block::new()),
        |part| mean += part,
    );
    Ok(mean)
}

/// The part of the mean energy of all samples that `rows` contribute, for energies whose sum overflows; +∞ if a sample
/// has no density. With very large log-determinants, which a caller may pass, energies can have a mean in range and a
/// sum out of range.
pub(crate) fn part_of_mean<T: Real>(
    scorer: &BlockScorer<'_, T>,
    samples: &Samples<'_, T>,
    rows: Range<usize>,
    block: &mut Block<T>,
) -> f64 {
    let n = samples.n_samples() as f64;
    let mut part = 0.0;
    for rows in blocks(rows) {
        scorer.whiten(samples, rows, block);
        scorer.finish(block, BlockOutput::Squares, None);
        if infinitely_far(&block.log_densities).is_some() {
            return f64::INFINITY;
        }
        part -= block.log_densities.iter().map(|density| density / n).sum::<f64>();
    }
    part
}

/// Scores a chunk of rows, block by block; returns the sum of energies.
pub(crate) fn score_chunk<T: Real>(
    scorer: &BlockScorer<'_, T>,
    samples: &Samples<'_, T>,
    rows: Range<usize>,
    mut scores: Scores<'_, T>,
    block: &mut Block<T>,
) -> f64 {
    let mut energy = 0.0;
    for rows in blocks(rows) {
        let (out, after) = std::mem::take(&mut scores).split_at(rows.len(), scorer.n_components());
        scores = after;
        scorer.whiten(samples, rows, block);
        energy += write_block(scorer, block, out);
    }
    energy
}

/// Writes the requested scores of one block of squares; returns the sum of its energies.
///
/// The same kernel computes a score whichever other scores are requested, so the bits do not depend on them.
fn write_block<T: Real>(scorer: &BlockScorer<'_, T>, block: &mut Block<T>, out: Scores<'_, T>) -> f64 {
    if let Some(out) = out.squared_mahalanobis {
        unpack_rows(&block.terms, block.stride, out);
    }
    let logs = out.log_responsibilities;
    if out.responsibilities.is_some() || out.labels.is_some() {
        if logs.is_some() {
            block.keep_squares();
        }
        scorer.finish(block, BlockOutput::Shares, out.responsibilities);
        if let Some(out) = out.labels {
            block.write_labels(out);
        }
        if logs.is_some() {
            block.take_squares();
        }
    } else if logs.is_none() {
        scorer.finish(block, BlockOutput::Squares, None);
    }
    if logs.is_some() {
        scorer.finish(block, BlockOutput::Logs, logs);
    }
    let densities = &block.log_densities;
    if let Some(out) = out.energies {
        out.iter_mut().zip(densities).for_each(|(out, &density)| *out = T::from_f64(-density));
    }
    if let Some(out) = out.log_densities {
        out.iter_mut().zip(densities).for_each(|(out, &density)| *out = T::from_f64(density));
    }
    -sum(densities)
}

/// The energies `Eₙ` (n): the negative log-density of each sample, in nats. Large energies mark outliers.
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

/// Samples and mixture must have the same number of features.
pub(crate) fn check_features<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>) -> Result<()> {
    if samples.n_features() != mixture.n_features() {
        let (n_features, expected) = (samples.n_features(), mixture.n_features());
        return Err(Error::OtherFeatures { what: "samples", n_features, of: "mixture", expected });
    }
    Ok(())
}

impl<'a, T: Real> Scores<'a, T> {
    pub(crate) fn check(&self, n: usize, k: usize) -> Result<()> {
        let list = |what, len: Option<usize>| check::output(what, len, &[n]);
        let matrix = |what, len: Option<usize>| check::output(what, len, &[n, k]);
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
}

fn split<T>(out: Option<&mut [T]>, at: usize) -> (Option<&mut [T]>, Option<&mut [T]>) {
    match out.map(|out| out.split_at_mut(at)) {
        Some((before, after)) => (Some(before), Some(after)),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 samples from −8 to 8, three of them so far away that they have no density. One component has weight 0.
    /// `deviation` may be in the range of `f32` or not. Returns the mean energy.
    fn every_score_has_the_same_bits_whatever_else_is_asked<T: Real>(deviation: f64) -> f64 {
        let (n, k) = (300, 4);
        let variance = deviation * deviation;
        let mixture =
            Mixture::new(&[0.25, 0.0, 0.5, 0.25], &[-3.0, 0.0, 1.0, 4.0], &[1.0, 1.0, variance, 1.0])
                .unwrap();
        let mut values: Vec<T> = (0..n).map(|row| T::from_f64(row as f64 / 18.75 - 8.0)).collect();
        for row in [0, 100, n - 1] {
            values[row] = T::from_f64(1e30) * T::from_f64(if T::NAME == "f32" { 1.0 } else { 1e130 });
        }
        let samples = Samples::from_rows(&values, n, 1).unwrap();
        let (list, matrix) = (vec![T::ZERO; n], vec![T::ZERO; n * k]);
        let (mut energies, mut log_densities, mut labels) = (list.clone(), list.clone(), vec![9; n]);
        let (mut shares, mut logs, mut squares) = (matrix.clone(), matrix.clone(), matrix.clone());
        let all = Scores {
            energies: Some(&mut energies),
            log_densities: Some(&mut log_densities),
            responsibilities: Some(&mut shares),
            log_responsibilities: Some(&mut logs),
            squared_mahalanobis: Some(&mut squares),
            labels: Some(&mut labels),
        };
        let threads = Threads::one();
        let mean = score(&mixture, &samples, all, &threads).unwrap();

        assert_eq!(energy(&mixture, &samples, &threads).unwrap(), energies);
        assert_eq!(responsibilities(&mixture, &samples, &threads).unwrap(), shares);
        assert_eq!(squared_mahalanobis(&mixture, &samples, &threads).unwrap(), squares);
        assert_eq!(super::labels(&mixture, &samples, &threads).unwrap(), labels);
        let (mut alone, mut list) = (matrix.clone(), list.clone());
        let scores = Scores { log_responsibilities: Some(&mut alone), ..Scores::default() };
        assert_eq!(score(&mixture, &samples, scores, &threads).unwrap(), mean);
        assert_eq!(alone, logs);
        let scores = Scores { log_densities: Some(&mut list), ..Scores::default() };
        assert_eq!(score(&mixture, &samples, scores, &threads).unwrap(), mean);
        assert_eq!(list, log_densities);

        for row in [0, 100, n - 1] {
            assert_eq!(energies[row].to_f64(), f64::INFINITY);
            if mean.is_finite() {
                // The distance is finite in double; only the energy overflows when it is rounded to single.
                continue;
            }
            // Far from every component: no density, and the weights as responsibilities.
            assert_eq!(shares[row * k..][..k], [0.25, 0.0, 0.5, 0.25].map(T::from_f64));
            assert_eq!(logs[row * k + 1].to_f64(), f64::NEG_INFINITY);
            assert_eq!(labels[row], 2);
        }
        for row in (0..n).filter(|row| ![0, 100, n - 1].contains(row)) {
            let sum: f64 = shares[row * k..][..k].iter().map(|share| share.to_f64()).sum();
            assert!((sum - 1.0).abs() < if T::NAME == "f32" { 1e-6 } else { 1e-15 }, "row {row}: {sum}");
        }
        mean
    }

    #[test]
    fn every_score_has_the_same_bits_whatever_else_is_asked_in_either_type() {
        assert_eq!(every_score_has_the_same_bits_whatever_else_is_asked::<f64>(0.5), f64::INFINITY);
        assert_eq!(every_score_has_the_same_bits_whatever_else_is_asked::<f32>(0.5), f64::INFINITY);
    }

    #[test]
    fn every_score_has_the_same_bits_whatever_else_is_asked_in_double_for_single_samples() {
        assert!(every_score_has_the_same_bits_whatever_else_is_asked::<f32>(1e-42).is_finite());
    }
}
