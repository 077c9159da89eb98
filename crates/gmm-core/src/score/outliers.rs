//! Outliers: thresholds on energies, and the contribution of each feature to an energy.
//!
//! An outlier is a sample whose energy is *greater than* a threshold. Two rules compute a threshold from the
//! energies of known samples. [`attribution`] computes the contributions of the features. Sources: docs/math/score.md.

use std::ops::Range;

use crate::blocks::{BLOCK_ROWS, Threads, blocks, chunks};
use crate::error::{Error, Place, Result};
use crate::mixture::{Full, Mixture};
use crate::real::Real;
use crate::samples::{SampleWeights, Samples};
use crate::score::density::{Block, BlockScorer};
use crate::score::energy::check_features;

/// Largest relative rounding error of a sum of n weights.
const ROUNDING: f64 = 1e-12;

/// The percentile of energies (n): `percent` of them are at or below it. Interpolates linearly between two energies,
/// like `numpy.percentile` and alibi-detect's `infer_threshold`.
///
/// With energies in ascending order, `h = (n − 1) percent / 100`, `i = ⌊h⌋` and `t = h − i`:
///
/// ```text
/// threshold = E₍ᵢ₎ + t (E₍ᵢ₊₁₎ − E₍ᵢ₎)
/// ```
///
/// # Errors
///
/// [`Error::InvalidOption`] when `percent` is not within 0 and 100; [`Error::Empty`];
/// [`Error::NotFinite`] naming the first energy that is NaN or −∞. `+∞` is a valid energy.
///
/// Cost: O(n) comparisons, and a copy of the energies as `f64`.
///
/// ```
/// use gmm_core::threshold_by_percentile;
///
/// let threshold = threshold_by_percentile(&[3.0, 1.0, 2.0, 10.0], 50.0)?;
/// assert_eq!(threshold, 2.5);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn threshold_by_percentile<T: Real>(energies: &[T], percent: f64) -> Result<f64> {
    if !(0.0..=100.0).contains(&percent) {
        let (value, requirement) = (percent.to_string(), "within 0 and 100");
        return Err(Error::option("percent", value, requirement));
    }
    let mut values = checked(energies)?;
    let place = (values.len() - 1) as f64 * (percent / 100.0);
    let at = (place as usize).min(values.len() - 1);
    let (_, &mut low, above) = values.select_nth_unstable_by(at, f64::total_cmp);
    let high = above.iter().copied().reduce(f64::min).unwrap_or(low);
    let t = place - at as f64;
    // Interpolates from the nearer end, like numpy. Infinite energies are special cases: ∞ − ∞ would be NaN.
    Ok(if low == high || t == 0.0 {
        low
    } else if high == f64::INFINITY {
        high
    } else if !(high - low).is_finite() {
        // The energies have opposite signs, and their difference overflows.
        low * (1.0 - t) + high * t
    } else if t < 0.5 {
        low + (high - low) * t
    } else {
        high - (high - low) * (1.0 - t)
    })
}

/// The smallest threshold with at most the part `fraction` of the energies (n) above it.
///
/// With `m = ⌊fraction · n⌋`, it is the (m + 1)-th largest energy: exactly m are above it, or fewer when
/// energies equal to it are among the m largest. A product that differs from a whole number only by rounding, such as
/// `0.29 · 100`, is rounded to that number.
///
/// # Errors
///
/// [`Error::InvalidOption`] when `fraction` is not at least 0 and less than 1; otherwise as
/// [`threshold_by_percentile`].
///
/// Cost: O(n) comparisons, and a copy of the energies as `f64`.
///
/// ```
/// use gmm_core::threshold_by_contamination;
///
/// let energies = [3.0, 1.0, 2.0, 10.0, 2.5];
/// let threshold = threshold_by_contamination(&energies, 0.4)?;
/// let outliers: Vec<bool> = energies.iter().map(|&energy| energy > threshold).collect();
/// assert_eq!(outliers, [true, false, false, true, false]);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn threshold_by_contamination<T: Real>(energies: &[T], fraction: f64) -> Result<f64> {
    check_fraction(fraction)?;
    let mut values = checked(energies)?;
    let n = values.len();
    let n_above = whole_part(fraction, n).min(n - 1);
    Ok(*values.select_nth_unstable_by(n - 1 - n_above, f64::total_cmp).1)
}

/// The smallest threshold with at most the fraction `fraction` of the total weight above it. Each energy (n) has a
/// weight (n): a weight of 2 equals two equal energies, and an energy of weight 0 is ignored.
///
/// Energies are skipped from the largest down, as long as the skipped weights sum to at most
/// `fraction · S (1 + 1e-12)`, where `S` is the sum of all weights. The first energy that is not skipped is the
/// threshold. The factor allows for rounding. With equal weights the result is that of
/// [`threshold_by_contamination`].
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the numbers of weights and energies differ; [`Error::NotFinite`] and
/// [`Error::Negative`] for a weight; [`Error::NoWeight`] when all are zero; otherwise as
/// [`threshold_by_contamination`].
///
/// Cost: O(n log n) comparisons, and a copy of the energies as `f64`.
///
/// ```
/// use gmm_core::threshold_by_weighted_contamination;
///
/// let (energies, weights) = ([3.0, 1.0, 10.0, 2.5], [1.0, 2.0, 1.0, 0.0]);
/// assert_eq!(threshold_by_weighted_contamination(&energies, &weights, 0.25)?, 3.0);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn threshold_by_weighted_contamination<T: Real>(
    energies: &[T],
    weights: &[f64],
    fraction: f64,
) -> Result<f64> {
    check_fraction(fraction)?;
    let values = checked(energies)?;
    let weights = SampleWeights::new(weights, values.len())?;
    let mut order: Vec<(f64, f64)> =
        values.iter().enumerate().map(|(row, &value)| (value, weights.get(row))).collect();
    order.retain(|&(_, weight)| weight > 0.0);
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n_kept = n_kept_by_weight(order.iter().map(|&(_, weight)| weight), fraction, weights.total());
    Ok(order[n_kept - 1].0)
}

/// The number of samples that remain, at least one, when those of the highest energies are removed whose weights sum
/// to at most `fraction` of `total`. `weights` are in ascending order of energy.
pub(crate) fn n_kept_by_weight(
    weights: impl DoubleEndedIterator<Item = f64> + ExactSizeIterator,
    fraction: f64,
    total: f64,
) -> usize {
    let allowed = fraction * total * (1.0 + ROUNDING);
    let (mut removed, mut n_kept) = (0.0, weights.len());
    for weight in weights.rev() {
        removed += weight;
        if removed > allowed || n_kept == 1 {
            break;
        }
        n_kept -= 1;
    }
    n_kept
}

fn check_fraction(fraction: f64) -> Result<()> {
    match (0.0..1.0).contains(&fraction) {
        true => Ok(()),
        false => Err(Error::option("fraction", fraction.to_string(), "at least 0 and less than 1")),
    }
}

/// `⌊fraction · n⌋`; a product that differs from a whole number only by rounding is rounded to that number.
pub(crate) fn whole_part(fraction: f64, n: usize) -> usize {
    let (product, nearest) = (fraction * n as f64, (fraction * n as f64).round());
    let is_whole = (product - nearest).abs() <= 2.0 * f64::EPSILON * product;
    (if is_whole { nearest } else { product.floor() }) as usize
}

/// Energies as `f64`, none of them NaN or −∞.
fn checked<T: Real>(energies: &[T]) -> Result<Vec<f64>> {
    if energies.is_empty() {
        return Err(Error::Empty { what: "energies", rows: 0, cols: 1 });
    }
    let values: Vec<f64> = energies.iter().map(|energy| energy.to_f64()).collect();
    match values.iter().position(|&value| value.is_nan() || value == f64::NEG_INFINITY) {
        None => Ok(values),
        Some(row) => {
            let at = Place::Cell { row, column: 0 };
            Err(Error::NotFinite { what: "energies", at, value: values[row] })
        }
    }
}

/// The contribution of each feature to the energy of each sample (n × d): its share of half the squared
/// distances, weighted by the responsibilities.
///
/// ```text
/// δₖ = zₙ − μₖ      uₖ = (Σₖ + ridge I)⁻¹ δₖ      shareₙᵢ = ½ Σₖ rₙₖ (δₖ)ᵢ (uₖ)ᵢ
/// ```
///
/// `Σᵢ δᵢ uᵢ = ‖yₙₖ‖²`, so a row sums to `½ Σₖ rₙₖ ‖yₙₖ‖²`. The rest of the energy comes from weights, determinants and
/// the entropy of the responsibilities. A share may be negative: the value of a correlated feature may make the others
/// less surprising. For a sample without density (energy `+∞`), r are the weights; a share beyond the range of `T` is
/// infinite.
///
/// # Errors
///
/// [`Error::OtherFeatures`] when the samples have another number of features than the mixture;
/// [`Error::SizeOverflow`] when n × d values would not fit in memory; [`Error::RowOutOfRange`] naming the first sample
/// so far away that a share of it would be NaN.
///
/// Cost: `n k d²` flops for the responsibilities, and `2 d²` for each responsibility other than 0. Memory: one block
/// for each thread beside the output.
///
/// ```
/// use gmm_core::{Mixture, Samples, Threads, attribution};
///
/// let mixture = Mixture::new(&[1.0], &[0.0, 0.0], &[1.0, 0.0, 0.0, 4.0])?;
/// let samples = Samples::from_rows(&[3.0, 2.0], 1, 2)?;
/// assert_eq!(attribution(&mixture, &samples, &Threads::one())?, [4.5, 0.5]);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn attribution<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    threads: &Threads,
) -> Result<Vec<T>> {
    check_features(mixture, samples)?;
    let (n, d) = (samples.n_samples(), mixture.n_features());
    let len = n.checked_mul(d).filter(|&len| len <= isize::MAX as usize / size_of::<T>());
    let Some(len) = len else {
        return Err(Error::SizeOverflow { what: "attribution", shape: vec![n, d] });
    };
    let mut shares = vec![T::ZERO; len];
    let covariances = mixture.covariances().to_full();
    let scorer = BlockScorer::new(mixture);
    let mut rest = shares.as_mut_slice();
    let mut parts = Vec::new();
    for rows in chunks(n, 1) {
        let (part, after) = rest.split_at_mut(rows.len() * d);
        parts.push((rows, part));
        rest = after;
    }
    let mut checked = Ok(());
    threads.map_in_order(
        parts,
        scorer.work(n).saturating_mul(3),
        |(rows, out)| {
            attribute_chunk(&scorer, (mixture, &covariances), samples, rows.clone(), out);
            check_shares(out, d, rows.start)
        },
        |of_part| checked = std::mem::replace(&mut checked, Ok(())).and(of_part),
    );
    checked.map(|()| shares)
}

/// Checks the shares of rows from `first` on: they may be infinite, but not NaN, the result of ∞ − ∞.
pub(crate) fn check_shares<T: Real>(shares: &[T], d: usize, first: usize) -> Result<()> {
    match shares.iter().position(|share| share.to_f64().is_nan()) {
        None => Ok(()),
        Some(at) => Err(Error::RowOutOfRange { what: "attribution", row: first + at / d, real: T::NAME }),
    }
}

/// Attributes a chunk of rows, block by block.
fn attribute_chunk<T: Real>(
    scorer: &BlockScorer<'_, T>,
    (mixture, covariances): (&Mixture, &Full),
    samples: &Samples<'_, T>,
    rows: Range<usize>,
    out: &mut [T],
) {
    let d = mixture.n_features();
    let mut block = Block::for_rows(rows.len());
    let mut row = Row::new(d);
    for (rows, out) in blocks(rows.clone()).zip(out.chunks_mut(d * BLOCK_ROWS)) {
        scorer.expect(samples, rows.clone(), &mut block);
        for (at, out) in out.chunks_exact_mut(d).enumerate() {
            samples.copy_row(rows.start + at, &mut row.sample);
            let has_density = block.log_densities[at] > f64::NEG_INFINITY;
            row.start(if has_density { 1.0 } else { row.magnitude(mixture.means()) });
            for component in 0..mixture.n_components() {
                let responsibility = block.terms[component * block.stride + at].to_f64();
                if responsibility > 0.0 {
                    row.add(mixture.means(), covariances.cholesky(), component, responsibility);
                }
            }
            row.write(out);
        }
    }
}

/// One sample and the shares added up so far.
struct Row {
    /// z (d).
    sample: Vec<f64>,
    /// Shares are in units of the square of this. It is a power of two, so that division by it is exact.
    unit: f64,
    /// δ, in the unit (d).
    offset: Vec<f64>,
    /// y, then u, in the unit (d).
    solved: Vec<f64>,
    shares: Vec<f64>,
}

impl Row {
    fn new(n_features: usize) -> Self {
        let zeros = || vec![0.0; n_features];
        Row { sample: zeros(), unit: 1.0, offset: zeros(), solved: zeros(), shares: zeros() }
    }

    fn start(&mut self, unit: f64) {
        self.unit = unit;
        self.shares.fill(0.0);
    }

    /// A power of two near the largest value of sample and means: in this unit no square overflows.
    fn magnitude(&self, means: &[f64]) -> f64 {
        let largest =
            self.sample.iter().chain(means).fold(1.0, |largest: f64, value| largest.max(value.abs()));
        f64::from_bits(largest.to_bits() & !((1 << 52) - 1))
    }

    /// Adds `½ r δᵢ uᵢ` of one component: `L y = δ`, then `Lᵀ u = y`.
    fn add(&mut self, means: &[f64], factors: &[f64], component: usize, responsibility: f64) {
        let d = self.sample.len();
        let mean = &means[component * d..][..d];
        let factor = &factors[component * d * d..][..d * d];
        let (offset, solved) = (&mut self.offset, &mut self.solved);
        for i in 0..d {
            offset[i] = self.sample[i] / self.unit - mean[i] / self.unit;
            let line = &factor[i * d..][..=i];
            let known: f64 = line[..i].iter().zip(&solved[..i]).map(|(entry, y)| entry * y).sum();
            solved[i] = (offset[i] - known) / line[i];
        }
        for i in (0..d).rev() {
            let line = &factor[i * d..][..=i];
            let u = solved[i] / line[i];
            solved[i] = u;
            line[..i].iter().zip(&mut solved[..i]).for_each(|(entry, y)| *y -= entry * u);
        }
        for i in 0..d {
            self.shares[i] += 0.5 * responsibility * offset[i] * solved[i];
        }
    }

    fn write<T: Real>(&self, out: &mut [T]) {
        for (out, share) in out.iter_mut().zip(&self.shares) {
            *out = T::from_f64(share * self.unit * self.unit);
        }
    }
}

#[cfg(test)]
mod tests;
