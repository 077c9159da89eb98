//! k-means: each centre is the mean of the rows that are nearest to it.
//!
//! ```text
//! assign   every row to its nearest centre; the first wins a tie
//! move     every centre to the weighted mean of its rows; a centre without rows to the row that is farthest
//!          from its own centre
//! stop     when no row changes its centre, or Σₖ ‖Δcₖ‖² ≤ tolerance × mean variance of the features
//! ```
//!
//! Assignments equal those of plain loops with distances in `f64` (see `gmm_kernels`' `nearest`). Bounds only skip
//! distances whose comparison is known in advance (`bounds.rs`). Stopping and relocation follow scikit-learn. Source:
//! Lloyd (1982).

use gmm_kernels::{LANES, nearest_two, squared_distance};

use crate::blocks::{BLOCK_ROWS, Threads};
use crate::control::Watch;
use crate::init::bounds::{Shifts, bounds};
use crate::init::drawn::Drawn;
use crate::init::part::Part;

/// Below this many features times centres, computing all distances costs less than checking the bounds of a row and
/// gathering the undecided rows.
const BOUNDS_FROM: usize = 128;

/// Gathering a row takes as long as comparing it with this many centres in its panel, for any d: each of its features
/// is in a different cache line.
const GATHERING: usize = 60;

/// A row moves to a centre without rows only if its own centre keeps more than this fraction of the row's weight. The
/// remaining sum is a difference; the smaller it is, the larger its relative rounding error. If all rows have equal
/// weight, this means that another row stays.
const LEFT_BEHIND: f64 = 1.0 / 1024.0;

/// The result of k-means.
#[derive(Debug)]
pub(crate) struct Clusters {
    /// k × d.
    pub(crate) centres: Vec<f64>,
    /// The centre of every row in the last iteration.
    #[cfg(test)]
    labels: Vec<u32>,
    #[cfg(test)]
    n_iter: usize,
    /// How many rows were compared with all centres, over all iterations.
    #[cfg(test)]
    n_compared: usize,
}

/// The rows of one part: their centres, and sums for each centre.
struct Assigned {
    labels: Vec<u32>,
    /// Bounds on the distance of a row to its own centre and to all others; empty if bounds are not used.
    upper: Vec<f64>,
    lower: Vec<f64>,
    /// `Σ s z` (k × d) and `Σ s` (k) of the rows of each centre, `s` their weights.
    sums: Vec<f64>,
    counts: Vec<f64>,
    /// Centres that rows have left or joined since the sums were computed.
    stale: Vec<bool>,
    /// Whether any row changed its centre.
    changed: bool,
    /// Rows that the bounds do not decide, and a panel in which they are gathered.
    undecided: Vec<usize>,
    gathered: Vec<f64>,
}

/// Iterates from `centres` (k × d) until `tolerance` is reached or the watch ends it, at most `max_iter` times.
// Inlined into its caller, like the passes that it shares with a fit.
#[inline]
pub(crate) fn kmeans(
    drawn: &Drawn,
    mut centres: Vec<f64>,
    tolerance: f64,
    max_iter: usize,
    threads: &Threads,
    watch: &Watch,
) -> Clusters {
    let d = drawn.n_features();
    let k = centres.len() / d;
    let enough = tolerance * mean_variance(drawn, threads);
    let mut parts: Vec<Assigned> = drawn.parts().iter().map(|part| Assigned::none(part, k, d)).collect();
    let mut shifts = None;
    let (mut n_iter, mut n_compared) = (0, 0);
    while n_iter < max_iter && watch.ended().is_none() {
        let Assignment { changed, cut_short, n_compared: compared } =
            assign(drawn, &mut parts, (&centres, shifts.as_ref()), threads, watch);
        n_iter += 1;
        n_compared += compared;
        // Rows of a part that was skipped have no centre yet, or that of an earlier iteration.
        if !changed || cut_short {
            break;
        }
        let next = means(drawn, &parts, &centres);
        let pairs = centres.chunks_exact(d).zip(next.chunks_exact(d));
        let shift: f64 = pairs.map(|(from, to)| squared_distance(from, to)).sum();
        if uses_bounds(k, d) {
            shifts = Some(Shifts::new(&centres, &next, d));
        }
        centres = next;
        if shift <= enough {
            break;
        }
    }
    debug_assert!(n_compared <= n_iter * drawn.n_rows(), "a row is compared at most once an iteration");
    Clusters {
        centres,
        #[cfg(test)]
        labels: parts.into_iter().flat_map(|part| part.labels).collect(),
        #[cfg(test)]
        n_iter,
        #[cfg(test)]
        n_compared,
    }
}

/// The result of one assignment of all rows.
#[derive(Default)]
struct Assignment {
    /// Whether a row changed its centre.
    changed: bool,
    /// Whether the watch ended it before all parts were assigned.
    cut_short: bool,
    /// How many rows were compared with all centres.
    n_compared: usize,
}

/// Assigns every row to its nearest centre. Bounds, loosened by `shifts`, decide most rows without a comparison.
#[inline]
fn assign(
    drawn: &Drawn,
    parts: &mut [Assigned],
    (centres, shifts): (&[f64], Option<&Shifts>),
    threads: &Threads,
    watch: &Watch,
) -> Assignment {
    let d = drawn.n_features();
    let mut all = Assignment::default();
    threads.map_in_order(
        drawn.parts().iter().zip(parts).collect(),
        drawn.n_rows().saturating_mul(centres.len()),
        |(part, assigned): (&Part, &mut Assigned)| {
            if watch.ended().is_some() {
                return None;
            }
            let n_compared = match shifts {
                Some(shifts) => assigned.assign_undecided(part, centres, shifts, d),
                None => assigned.assign_all(part, centres, d),
            };
            Some((assigned.refresh_sums(part), n_compared))
        },
        |of_part| match of_part {
            None => all.cut_short = true,
            Some((changed, n_compared)) => {
                all.changed |= changed;
                all.n_compared += n_compared;
            }
        },
    );
    all
}

fn uses_bounds(k: usize, d: usize) -> bool {
    k * d >= BOUNDS_FROM
}

impl Assigned {
    /// No row is assigned, so every row changes its centre in the first pass.
    fn none(part: &Part, k: usize, d: usize) -> Self {
        let (n, n_bounds) = (part.rows.len(), if uses_bounds(k, d) { part.rows.len() } else { 0 });
        Assigned {
            labels: vec![u32::MAX; n],
            upper: vec![0.0; n_bounds],
            lower: vec![0.0; n_bounds],
            sums: vec![0.0; k * d],
            counts: vec![0.0; k],
            stale: vec![false; k],
            changed: false,
            undecided: Vec::new(),
            gathered: vec![0.0; d * LANES],
        }
    }

    /// Compares every row with every centre; returns the number of rows.
    fn assign_all(&mut self, part: &Part, centres: &[f64], d: usize) -> usize {
        for (block, panels) in part.panels.chunks(BLOCK_ROWS * d).enumerate() {
            let first = block * BLOCK_ROWS;
            let n_rows = BLOCK_ROWS.min(self.labels.len() - first);
            self.compare(panels, centres, d, |index| first + index, n_rows);
        }
        self.labels.len()
    }

    /// Compares rows with every centre unless their bounds decide; returns how many rows were compared.
    fn assign_undecided(&mut self, part: &Part, centres: &[f64], shifts: &Shifts, d: usize) -> usize {
        let (n_rows, k) = (self.labels.len(), centres.len() / d);
        let mut undecided = std::mem::take(&mut self.undecided);
        let mut n_compared = 0;
        for (index, panel) in part.panels.chunks_exact(LANES * d).enumerate() {
            let (first, begin) = (index * LANES, undecided.len());
            let end = n_rows.min(first + LANES);
            for row in first..end {
                if shifts.loosen(self.labels[row], &mut self.upper[row], &mut self.lower[row]) {
                    undecided.push(row);
                }
            }
            // Compare the whole panel if that is cheaper than gathering its undecided rows.
            if (undecided.len() - begin) * (k + GATHERING) >= LANES * k {
                undecided.truncate(begin);
                self.compare(panel, centres, d, |lane| first + lane, end - first);
                n_compared += end - first;
            }
            while undecided.len() >= LANES {
                n_compared += self.compare_gathered(part, &undecided[..LANES], centres, d);
                undecided.drain(..LANES);
            }
        }
        n_compared += self.compare_gathered(part, &undecided, centres, d);
        undecided.clear();
        self.undecided = undecided;
        n_compared
    }

    /// Compares these rows, at most a panel of them, with every centre; returns how many rows.
    fn compare_gathered(&mut self, part: &Part, rows: &[usize], centres: &[f64], d: usize) -> usize {
        let mut gathered = std::mem::take(&mut self.gathered);
        for (lane, row) in rows.iter().enumerate() {
            let panel = &part.panels[row / LANES * LANES * d..][..LANES * d];
            for (to, from) in gathered.chunks_exact_mut(LANES).zip(panel.chunks_exact(LANES)) {
                to[lane] = from[row % LANES];
            }
        }
        self.compare(&gathered, centres, d, |lane| rows[lane], rows.len());
        self.gathered = gathered;
        rows.len()
    }

    /// Compares the first `n_rows` samples of `panels`, at most a block, with every centre. `row` maps their index to
    /// their row in this part.
    fn compare(
        &mut self,
        panels: &[f64],
        centres: &[f64],
        d: usize,
        row: impl Fn(usize) -> usize,
        n_rows: usize,
    ) {
        let n_lanes = panels.len() / d;
        let (mut labels, mut nearest, mut second) = ([0; BLOCK_ROWS], [0.0; BLOCK_ROWS], [0.0; BLOCK_ROWS]);
        let (labels, nearest, second) =
            (&mut labels[..n_lanes], &mut nearest[..n_lanes], &mut second[..n_lanes]);
        nearest_two(panels, d, centres, labels, nearest, second);
        for index in 0..n_rows {
            let (row, label) = (row(index), labels[index]);
            let before = std::mem::replace(&mut self.labels[row], label);
            if before != label {
                self.changed = true;
                self.stale[label as usize] = true;
                // Before the first pass the row has no centre.
                if let Some(stale) = self.stale.get_mut(before as usize) {
                    *stale = true;
                }
            }
            if !self.upper.is_empty() {
                (self.upper[row], self.lower[row]) = bounds(nearest[index], second[index], d);
            }
        }
    }

    /// Recomputes the sums of centres that rows have left or joined; returns whether there were any.
    ///
    /// The sums are recomputed, not updated by differences, so they depend only on the current assignment.
    fn refresh_sums(&mut self, part: &Part) -> bool {
        if !self.changed {
            return false;
        }
        let d = self.sums.len() / self.counts.len();
        for (label, _) in self.stale.iter().enumerate().filter(|(_, stale)| **stale) {
            self.sums[label * d..][..d].fill(0.0);
            self.counts[label] = 0.0;
        }
        part.add_labelled(&self.labels, &self.stale, &mut self.sums, &mut self.counts);
        self.stale.fill(false);
        std::mem::take(&mut self.changed)
    }
}

/// The new centres (k × d).
fn means(drawn: &Drawn, parts: &[Assigned], centres: &[f64]) -> Vec<f64> {
    let d = drawn.n_features();
    let (mut sums, mut counts) = (vec![0.0; centres.len()], vec![0.0; centres.len() / d]);
    for part in parts {
        sums.iter_mut().zip(&part.sums).for_each(|(sum, part)| *sum += part);
        counts.iter_mut().zip(&part.counts).for_each(|(count, part)| *count += part);
    }
    if counts.contains(&0.0) {
        relocate(drawn, parts, centres, &mut sums, &mut counts);
    }
    // A centre that can get no row stays where it is.
    let mut means = centres.to_vec();
    for ((mean, sums), &count) in means.chunks_exact_mut(d).zip(sums.chunks_exact(d)).zip(&counts) {
        if count > 0.0 {
            mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = sum / count);
        }
    }
    means
}

/// Gives every centre without rows the row that is farthest from its own centre (the first wins a tie), with all its
/// weight, and removes the row from its own centre. A row stays if it is the only one of its centre, or if it lies
/// exactly on its centre.
fn relocate(drawn: &Drawn, parts: &[Assigned], centres: &[f64], sums: &mut [f64], counts: &mut [f64]) {
    let d = drawn.n_features();
    let labels: Vec<usize> =
        parts.iter().flat_map(|part| &part.labels).map(|&label| label as usize).collect();
    let mut row = vec![0.0; d];
    let mut distances: Vec<f64> = (0..labels.len())
        .map(|index| {
            row.iter_mut().zip(drawn.row(index)).for_each(|(to, from)| *to = from);
            squared_distance(&row, &centres[labels[index] * d..][..d])
        })
        .collect();
    for empty in 0..counts.len() {
        if counts[empty] > 0.0 {
            continue;
        }
        let mut farthest = None;
        for (index, &distance) in distances.iter().enumerate() {
            if distance > farthest.map_or(0.0, |index: usize| distances[index])
                && counts[labels[index]] > (1.0 + LEFT_BEHIND) * drawn.weight(index)
            {
                farthest = Some(index);
            }
        }
        let Some(index) = farthest else { return };
        let weight = drawn.weight(index);
        for (feature, value) in drawn.row(index).enumerate() {
            sums[labels[index] * d + feature] -= weight * value;
            sums[empty * d + feature] = weight * value;
        }
        counts[labels[index]] -= weight;
        counts[empty] = weight;
        // This row is taken.
        distances[index] = 0.0;
    }
}

/// The weighted variance, averaged over the features.
fn mean_variance(drawn: &Drawn, threads: &Threads) -> f64 {
    let (total_weight, d) = (drawn.total_weight(), drawn.n_features());
    let mut mean = vec![0.0; d];
    let work = drawn.n_rows().saturating_mul(d);
    threads.map_in_order(
        drawn.parts().iter().collect(),
        work,
        |part| {
            let (labels, mut sums, mut count) = (vec![0; part.rows.len()], vec![0.0; d], [0.0]);
            part.add_labelled(&labels, &[true], &mut sums, &mut count);
            sums
        },
        |sums| mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += sum),
    );
    mean.iter_mut().for_each(|mean| *mean /= total_weight);
    let mut total = 0.0;
    threads.map_in_order(
        drawn.parts().iter().collect(),
        work,
        |part| {
            let mut bounds = vec![f64::INFINITY; part.n_lanes()];
            bounds[part.rows.len()..].fill(0.0);
            let (mut distances, mut sums) = (vec![0.0; bounds.len()], vec![0.0; bounds.len() / LANES]);
            part.lower_distances(&mean, &bounds, &mut distances, &mut sums);
            sums.iter().sum::<f64>()
        },
        |sum| total += sum,
    );
    total / total_weight / d as f64
}

#[cfg(test)]
mod tests;
