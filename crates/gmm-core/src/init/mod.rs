//! Where EM starts from.
//!
//! A row of weight 2 is the row twice, and one of weight 0 is no row at all: same draws, same centres. The
//! former up to rounding, and up to two things that look at rows as such: a centre without rows takes a
//! whole row, and more than 65 536 rows are thinned out.

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

pub(crate) use at_random::{row_centres, write_random_shares};

/// Iterations of k-means at most. What they are for, a centre in each group that is there to be found, they
/// reach earlier; and where there are no groups, scikit-learn's 300 would take longer than the EM that
/// follows and lead to no better start. With few features an iteration of EM is hardly more than one of
/// k-means: fewer, so that a start costs less than five of EM.
fn most_iterations(n_features: usize) -> usize {
    (6 + n_features).min(30)
}

/// k-means stops when its centres move by less than this, squared and summed, in units of the mean
/// variance of the features; as scikit-learn's.
const KMEANS_TOLERANCE: f64 = 1e-4;

/// Centres (k × d) by k-means++, of the rows that count.
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

/// Centres (k × d) by k-means++ and then k-means, of the rows that k-means++ draws from.
///
/// Cost: that of [`plus_plus_centres`], and `min(n, 65536) · k · d` multiply-adds an iteration, less what
/// bounds save.
pub(crate) fn kmeans_centres<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    stream: &mut Stream,
    threads: &Threads,
    watch: &Watch,
) -> Vec<f64> {
    let drawn = drawn::Drawn::new(samples, stream, threads);
    let seeds = plus_plus::seed(&drawn, n_components, stream, threads, watch);
    let max_iter = most_iterations(samples.n_features());
    let fitted = kmeans::kmeans(&drawn, seeds, KMEANS_TOLERANCE, max_iter, threads, watch);
    drawn.unscaled(fitted.centres)
}

#[cfg(test)]
mod tests;
