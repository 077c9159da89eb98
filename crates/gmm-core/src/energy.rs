//! Scores: energies, log-densities, responsibilities, distances, labels, all from one pass.
//!
//! ```text
//! lₙₖ = ln φₖ − ½ (‖Lₖ⁻¹(zₙ − μₖ)‖² + d ln 2π + ln det Σₖ)        Eₙ = −ln Σₖ exp lₙₖ
//! ```
//!
//! Samples are scored block by block; what a caller did not ask for is never stored, so that memory
//! beside inputs and outputs is one block a thread. Sources: docs/math.md, section 2.

use std::f64::consts::TAU;
use std::ops::Range;

use gmm_kernels::{Whitener, log_sum_exp, squared_norms};

use crate::blocks::{BLOCK_ROWS, Threads, blocks, chunks};
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

/// A mixture as the kernels take it.
pub(crate) struct BlockScorer<T> {
    n_features: usize,
    whiteners: Vec<Whitener<T>>,
    /// `ln φₖ − ½ (d ln 2π + ln det Σₖ)` (k); −∞ for an absent component.
    log_peaks: Vec<f64>,
    /// `ln φₖ − ln Σ φ` (k): the responsibilities of a sample that is infinitely far from everything.
    log_weights: Vec<f64>,
}

/// One block of rows on its way through the kernels. Buffers are reused from block to block.
pub(crate) struct Block<T> {
    /// The rows, packed.
    pub(crate) panels: Vec<T>,
    /// `ln rₙₖ`, component-major: `component * BLOCK_ROWS + row`.
    pub(crate) log_responsibilities: Vec<f64>,
    /// `ln p(zₙ)`, one per row of the block.
    pub(crate) log_densities: Vec<f64>,
    /// Squared distances in the layout of `log_responsibilities`, when they were asked for.
    squares: Vec<T>,
    keep_squares: bool,
    whitened: Vec<T>,
}

impl<T: Real> Block<T> {
    pub(crate) fn new(keep_squares: bool) -> Self {
        Block {
            panels: Vec::new(),
            log_responsibilities: Vec::new(),
            log_densities: Vec::new(),
            squares: Vec::new(),
            keep_squares,
            whitened: Vec::new(),
        }
    }
}

impl<T> Block<T> {
    /// The most likely component of each row; the first of equals.
    pub(crate) fn labels(&self, k: usize) -> Vec<u32> {
        let log_r = |row: usize, component: usize| self.log_responsibilities[component * BLOCK_ROWS + row];
        (0..self.log_densities.len())
            .map(|row| {
                (1..k).fold(0, |best, other| if log_r(row, other) > log_r(row, best) { other } else { best })
            })
            .map(|best| best as u32)
            .collect()
    }
}

impl<T: Real> BlockScorer<T> {
    pub(crate) fn new(mixture: &Mixture) -> Self {
        let (covariances, d) = (mixture.covariances(), mixture.n_features());
        let sum: f64 = mixture.weights().iter().sum();
        BlockScorer {
            n_features: d,
            whiteners: (0..mixture.n_components())
                .map(|k| covariances.whitener(k, mixture.mean(k)))
                .collect(),
            log_peaks: mixture
                .weights()
                .iter()
                .zip(covariances.log_dets())
                .map(|(weight, log_det)| weight.ln() - 0.5 * (d as f64 * TAU.ln() + log_det))
                .collect(),
            log_weights: mixture.weights().iter().map(|weight| (weight / sum).ln()).collect(),
        }
    }

    /// Multiply-adds that `n_rows` rows take, as far as sharing them out is concerned.
    pub(crate) fn work(&self, n_rows: usize) -> usize {
        let per_row =
            self.whiteners.len().saturating_mul(self.n_features.saturating_mul(self.n_features) + 32);
        n_rows.saturating_mul(per_row)
    }

    /// Packs and scores one block.
    pub(crate) fn score(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        let n_rows = rows.len();
        let k = self.whiteners.len();
        let padded = gmm_kernels::n_panels(n_rows) * gmm_kernels::LANES;
        samples.pack(rows, &mut block.panels);
        block.log_responsibilities.resize(k * BLOCK_ROWS, 0.0);
        block.squares.resize(if block.keep_squares { k * BLOCK_ROWS } else { BLOCK_ROWS }, T::ZERO);
        block.log_densities.resize(n_rows, 0.0);
        for component in 0..k {
            let at = if block.keep_squares { component * BLOCK_ROWS } else { 0 };
            let squares = &mut block.squares[at..][..padded];
            squared_norms(&self.whiteners[component], &block.panels, &mut block.whitened, squares);
            let peak = self.log_peaks[component];
            for (joint, square) in
                block.log_responsibilities[component * BLOCK_ROWS..].iter_mut().zip(&*squares)
            {
                *joint = peak - 0.5 * square.to_f64();
            }
        }
        log_sum_exp(&mut block.log_responsibilities, BLOCK_ROWS, &mut block.log_densities);
        for row in 0..n_rows {
            if block.log_densities[row] == f64::NEG_INFINITY {
                for (component, &log_weight) in self.log_weights.iter().enumerate() {
                    block.log_responsibilities[component * BLOCK_ROWS + row] = log_weight;
                }
            }
        }
    }
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
        let log_r = |row: usize, component: usize| block.log_responsibilities[component * BLOCK_ROWS + row];
        if let Some(out) = &mut self.energies {
            out.iter_mut().zip(densities).for_each(|(out, &density)| *out = T::from_f64(-density));
        }
        if let Some(out) = &mut self.log_densities {
            out.iter_mut().zip(densities).for_each(|(out, &density)| *out = T::from_f64(density));
        }
        if let Some(out) = &mut self.responsibilities {
            fill(out, k, |row, component| T::from_f64(log_r(row, component).exp()));
        }
        if let Some(out) = &mut self.log_responsibilities {
            fill(out, k, |row, component| T::from_f64(log_r(row, component)));
        }
        if let Some(out) = &mut self.squared_mahalanobis {
            fill(out, k, |row, component| block.squares[component * BLOCK_ROWS + row]);
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
