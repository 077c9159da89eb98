//! Centres from which EM starts.
//!
//! A row of weight 2 equals two equal rows: same draws, same centres, up to rounding. There are two exceptions: a
//! centre without rows takes one whole row, and more than 65 536 rows are thinned out. A row of weight 0 is ignored.

mod picks;
mod part;
mod drawn;
mod plus_plus;
mod bounds;
mod kmeans;
mod at_random;

use crate::blocks::Threads;
use crate::control::Watch;
use crate::random::Stream;
use crate::real::Real;
use crate::samples::Samples;

pub(crate) use at_random::{row_centres, write_random_responsibilities};

/// Maximum number of iterations of k-means. k-means serves to place a centre in each group, and where there are groups
/// it does so earlier. Where there are none, scikit-learn's 300 iterations would take longer than the EM that follows,
/// and the start would be no better. With few features, an iteration of EM costs hardly more than one of k-means, so
/// fewer are allowed: a start costs less than five iterations of EM.
fn max_iterations(n_features: usize) -> usize {
    (6 + n_features).min(30)
}

/// k-means stops when the squared shifts of its centres sum to less than this, in units of the mean variance of the
/// features, as in scikit-learn.
const KMEANS_TOLERANCE: f64 = 1e-4;

/// Centres (k × d) by k-means++, drawn from the rows that have weight.
///
/// Cost: `min(n, 65536) · k · (2 + ln k) · d` multiply-adds, and as many rows of scratch.
pub(crate) fn plus_plus_centres<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    stream: &mut Stream,
    threads: &Threads,
    watch: &Watch,
) -> Vec<f64> {
    let drawn = drawn::Drawn::new(samples, stream, threads);
    drawn.unscaled(plus_plus::seed(&drawn, n_components, stream, threads, watch))
}

/// Centres (k × d) by k-means++ and then k-means, on the rows that k-means++ draws from.
///
/// Cost: that of [`plus_plus_centres`], and at most `min(n, 65536) · k · d` multiply-adds an iteration; bounds save
/// some of them.
pub(crate) fn kmeans_centres<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    stream: &mut Stream,
    threads: &Threads,
    watch: &Watch,
) -> Vec<f64> {
    let drawn = drawn::Drawn::new(samples, stream, threads);
    let seeds = plus_plus::seed(&drawn, n_components, stream, threads, watch);
    let max_iter = max_iterations(samples.n_features());
    let fitted = kmeans::kmeans(&drawn, seeds, KMEANS_TOLERANCE, max_iter, threads, watch);
    drawn.unscaled(fitted.centres)
}

#[cfg(test)]
mod tests;
