//! Log-sum-exp over components, for a block of samples at once, from their squared distances.
//!
//! ```text
//! lₙₖ = peakₖ − ½ squareₙₖ        mₙ = maxₖ lₙₖ        ln p(zₙ) = mₙ + ln Σₖ exp(lₙₖ − mₙ)
//! rₙₖ = exp(lₙₖ − mₙ) / Σⱼ exp(lₙⱼ − mₙ)        ln rₙₖ = (lₙₖ − mₙ) − ln Σⱼ exp(lₙⱼ − mₙ)
//! ```
//!
//! Shifted by the maximum, the largest term is exp(0) = 1: the sum neither overflows nor vanishes.
//!
//! Terms have the type of the samples, log-densities are `f64`. Single precision holds what matters: of
//! the terms, their differences, since peaks come relative to the largest one; and the maximum is formed
//! again in `f64`, from the peak and the square that gave it, so that no log-density is coarser than its
//! squared distance.
//!
//! A block is component-major (k × `stride`): element `component * stride + row`. [`ROWS`] rows at a time
//! go through all components, so that their maxima and sums stay in registers; the last rows of a block
//! go with scratch beside them. Each row sums its components in order, on its own: its bits depend
//! neither on the width of vectors nor on the other rows, only on whether they fuse (see `exp_ln`).

use pulp::Simd;

use crate::Real;
use crate::isa::{isa, vectorised};
use crate::unpack::unpack_from;
use crate::vector::{Vector, Work, compiled_once};

/// Rows that go through all components together: two of the widest vectors of doubles, one of singles.
/// Measured: 8 wait for each other's results, 32 and more are a loop within the loop.
const ROWS: usize = 16;

/// `peakₖ` of every component: the logarithm of its density where that is largest, times its weight.
#[derive(Clone, Debug)]
pub struct Peaks<T> {
    /// What the others are relative to: the largest in single precision, 0 in double.
    origin: f64,
    /// `peakₖ − origin`, rounded (k); −∞ for an absent component.
    high: Vec<T>,
    /// What that rounding lost (k).
    low: Vec<T>,
}

impl<T: Real> Peaks<T> {
    /// From peaks (k) of which at least one is finite; −∞ for an absent component.
    pub fn new(peaks: &[f64]) -> Self {
        let origin = if single::<T>() { peaks.iter().copied().fold(f64::MIN, f64::max) } else { 0.0 };
        let high: Vec<T> = peaks.iter().map(|peak| T::from_f64(peak - origin)).collect();
        let rest = |(peak, high): (&f64, &T)| match Real::is_finite(*high) {
            true => T::from_f64(peak - origin - high.to_f64()),
            false => T::ZERO,
        };
        Peaks { origin, low: peaks.iter().zip(&high).map(rest).collect(), high }
    }

    #[inline(always)]
    fn parts(&self) -> impl Iterator<Item = (T, T)> {
        self.high.iter().copied().zip(self.low.iter().copied())
    }
}

fn single<T>() -> bool {
    size_of::<T>() < size_of::<f64>()
}

/// `ln p(zₙ)` of the first `sums.len()` rows of a block of squares.
///
/// Where every term is −∞, by an infinite square or an absent component, so is the log-density.
///
/// Error: 2 ulp each of exponential and logarithm in `T`, on a sum of k terms, beside the error of the
/// squares; the largest term enters in `f64`.
pub fn log_densities<T: Real>(squares: &[T], stride: usize, peaks: &Peaks<T>, sums: &mut [f64]) {
    run(Terms::Read(squares), stride, peaks, sums);
}

/// Replaces squares by `rₙₖ` and writes `ln p(zₙ)`, for the first `sums.len()` rows of a block.
///
/// A term of −∞ is absent and its responsibility exactly 0, as is one below the smallest number that
/// [`ExpLn::exp_nonpositive`](crate::ExpLn::exp_nonpositive) gives; a term that is alone has exactly 1.
/// Rows whose terms are all −∞ have responsibilities of 0, for the caller to repair.
///
/// With `rows` (n × k) they are written there too, sixteen rows at a time, so that what waits for memory
/// and what computes go side by side. Terms beyond, up to the next multiple of 16, are scratch.
/// Log-densities are those of [`log_densities`], to the last bit.
///
/// Error: as there, and two roundings.
pub fn responsibilities<T: Real>(
    terms: &mut [T],
    stride: usize,
    peaks: &Peaks<T>,
    sums: &mut [f64],
    rows: Option<&mut [T]>,
) {
    let k = peaks.high.len();
    assert!(rows.as_ref().is_none_or(|rows| rows.len() == sums.len() * k));
    run(Terms::Share(terms, rows), stride, peaks, sums);
}

/// Replaces squares by `ln rₙₖ`; otherwise as [`responsibilities`]. Absent terms, and rows whose terms
/// are all −∞, have −∞.
pub fn log_responsibilities<T: Real>(terms: &mut [T], stride: usize, peaks: &Peaks<T>, sums: &mut [f64]) {
    run(Terms::Log(terms), stride, peaks, sums);
}

/// The component with the largest term of each of the first `labels.len()` rows; the first of equals.
pub fn largest<T: Real>(terms: &[T], stride: usize, labels: &mut [u32]) {
    assert_shape(terms, stride, labels.len());
    vectorised(
        #[inline(always)]
        || {
            for (chunk, labels) in labels.chunks_mut(ROWS).enumerate() {
                let (mut best, mut at) = ([T::from_f64(f64::NEG_INFINITY); ROWS], [0; ROWS]);
                for (component, terms) in (0..).zip(terms.chunks_exact(stride)) {
                    let terms = rows(terms, chunk);
                    for row in 0..ROWS {
                        let better = terms[row] > best[row];
                        best[row] = if better { terms[row] } else { best[row] };
                        at[row] = if better { component } else { at[row] };
                    }
                }
                labels.copy_from_slice(&at[..labels.len()]);
            }
        },
    );
}

/// The sum, in sixteen partial ones: a single one would wait for every addition.
pub fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 16];
    let (body, tail) = values.as_chunks::<16>();
    for values in body {
        for lane in 0..16 {
            lanes[lane] += values[lane];
        }
    }
    lanes.iter().chain(tail).sum()
}

/// A block of squares, and what becomes of it.
enum Terms<'a, T> {
    Read(&'a [T]),
    Share(&'a mut [T], Option<&'a mut [T]>),
    Log(&'a mut [T]),
}

struct LogSumExp<'a, T> {
    terms: Terms<'a, T>,
    stride: usize,
    peaks: &'a Peaks<T>,
    sums: &'a mut [f64],
}

fn run<T: Real>(terms: Terms<'_, T>, stride: usize, peaks: &Peaks<T>, sums: &mut [f64]) {
    let squares: &[T] = match &terms {
        Terms::Read(squares) => squares,
        Terms::Share(terms, _) | Terms::Log(terms) => terms,
    };
    assert_shape(squares, stride, sums.len());
    assert_eq!(squares.len(), stride * peaks.high.len());
    LogSumExp { terms, stride, peaks, sums }.on(isa());
}

fn assert_shape<T>(terms: &[T], stride: usize, n_rows: usize) {
    assert!(stride > 0 && stride.is_multiple_of(ROWS) && n_rows <= stride);
    assert!(terms.len().is_multiple_of(stride));
}

compiled_once!(LogSumExp);

impl<T: Real> Work<T> for LogSumExp<'_, T> {
    /// Machines without vectors have no fused operation either.
    fn define(self) {
        self.chunks::<false>();
    }

    #[inline(always)]
    fn run<S: Simd>(self, _: S)
    where
        T: Vector<S>,
    {
        self.chunks::<true>();
    }
}

impl<T: Real> LogSumExp<'_, T> {
    #[inline(always)]
    fn chunks<const FUSED: bool>(self) {
        let LogSumExp { terms, stride, peaks, sums } = self;
        // Loops and no closures: a large closure is compiled by itself, for any machine.
        let chunks = sums.chunks_mut(ROWS).enumerate();
        match terms {
            Terms::Read(squares) => {
                for (chunk, sums) in chunks {
                    read_chunk::<T, FUSED>(squares, stride, peaks, chunk, sums);
                }
            }
            Terms::Share(terms, mut rows) => {
                for (chunk, sums) in chunks {
                    share_chunk::<T, FUSED>(terms, stride, peaks, chunk, sums);
                    if let Some(rows) = &mut rows {
                        let k = peaks.high.len();
                        let rows = &mut rows[chunk * ROWS * k..][..sums.len() * k];
                        unpack_from(chunk * ROWS, terms, stride, rows);
                    }
                }
            }
            Terms::Log(terms) => {
                for (chunk, sums) in chunks {
                    log_chunk::<T, FUSED>(terms, stride, peaks, chunk, sums);
                }
            }
        }
    }
}

/// [`log_densities`] of one chunk of rows.
#[inline(always)]
fn read_chunk<T: Real, const FUSED: bool>(
    squares: &[T],
    stride: usize,
    peaks: &Peaks<T>,
    chunk: usize,
    sums: &mut [f64],
) {
    let mut top = Top::of::<FUSED>(squares, stride, peaks, chunk);
    let mut totals = [T::ZERO; ROWS];
    for (squares, peak) in squares.chunks_exact(stride).zip(peaks.parts()) {
        let squares = rows(squares, chunk);
        for row in 0..ROWS {
            totals[row] += top.below::<FUSED>(row, squares[row], peak).exp_nonpositive::<FUSED>();
        }
    }
    top.log_densities(peaks.origin, &totals, &logs::<T, FUSED>(&totals), sums);
}

/// [`responsibilities`] of one chunk of rows.
#[inline(always)]
fn share_chunk<T: Real, const FUSED: bool>(
    terms: &mut [T],
    stride: usize,
    peaks: &Peaks<T>,
    chunk: usize,
    sums: &mut [f64],
) {
    let mut top = Top::of::<FUSED>(terms, stride, peaks, chunk);
    let mut totals = [T::ZERO; ROWS];
    for (terms, peak) in terms.chunks_exact_mut(stride).zip(peaks.parts()) {
        let terms = rows_mut(terms, chunk);
        for row in 0..ROWS {
            let power = top.below::<FUSED>(row, terms[row], peak).exp_nonpositive::<FUSED>();
            terms[row] = power;
            totals[row] += power;
        }
    }
    let mut scales = [T::ZERO; ROWS];
    for row in 0..ROWS {
        // 0 · ∞ is not a number; rows without any density have no shares to scale.
        scales[row] = if totals[row] == T::ZERO { T::ZERO } else { T::ONE / totals[row] };
    }
    for terms in terms.chunks_exact_mut(stride) {
        let terms = rows_mut(terms, chunk);
        for row in 0..ROWS {
            terms[row] *= scales[row];
        }
    }
    top.log_densities(peaks.origin, &totals, &logs::<T, FUSED>(&totals), sums);
}

/// [`log_responsibilities`] of one chunk of rows.
#[inline(always)]
fn log_chunk<T: Real, const FUSED: bool>(
    terms: &mut [T],
    stride: usize,
    peaks: &Peaks<T>,
    chunk: usize,
    sums: &mut [f64],
) {
    let mut top = Top::of::<FUSED>(terms, stride, peaks, chunk);
    let mut totals = [T::ZERO; ROWS];
    for (terms, peak) in terms.chunks_exact_mut(stride).zip(peaks.parts()) {
        let terms = rows_mut(terms, chunk);
        for row in 0..ROWS {
            terms[row] = top.below::<FUSED>(row, terms[row], peak);
            totals[row] += terms[row].exp_nonpositive::<FUSED>();
        }
    }
    let logs = logs::<T, FUSED>(&totals);
    for terms in terms.chunks_exact_mut(stride) {
        let terms = rows_mut(terms, chunk);
        for row in 0..ROWS {
            // From rows without any density nothing is taken.
            terms[row] -= if totals[row] == T::ZERO { T::ZERO } else { logs[row] };
        }
    }
    top.log_densities(peaks.origin, &totals, &logs, sums);
}

#[inline(always)]
fn logs<T: Real, const FUSED: bool>(totals: &[T; ROWS]) -> [T; ROWS] {
    let mut logs = [T::ZERO; ROWS];
    for row in 0..ROWS {
        logs[row] = totals[row].ln_of_sum::<FUSED>();
    }
    logs
}

/// The largest term of each row of a chunk, and what it came from.
struct Top<T> {
    /// `mₙ` relative to the origin of the peaks; 0 where every term is −∞.
    shifts: [T; ROWS],
    /// The square and the peak, in two parts, of that term. In double precision the shift has it all.
    squares: [T; ROWS],
    high: [T; ROWS],
    low: [T; ROWS],
}

impl<T: Real> Top<T> {
    #[inline(always)]
    fn of<const FUSED: bool>(squares: &[T], stride: usize, peaks: &Peaks<T>, chunk: usize) -> Self {
        let absent = T::from_f64(f64::NEG_INFINITY);
        let mut shifts = [absent; ROWS];
        for (squares, &high) in squares.chunks_exact(stride).zip(&peaks.high) {
            let squares = rows(squares, chunk);
            for row in 0..ROWS {
                let term = term::<T, FUSED>(squares[row], high);
                shifts[row] = if term > shifts[row] { term } else { shifts[row] };
            }
        }
        for shift in &mut shifts {
            // −∞ − (−∞) is not a number; with nothing to shift by, shift by nothing.
            *shift = if *shift == absent { T::ZERO } else { *shift };
        }
        Top { shifts, squares: [T::ZERO; ROWS], high: [T::ZERO; ROWS], low: [T::ZERO; ROWS] }
    }

    /// `lₙₖ − mₙ`, and a note of where that is 0.
    #[inline(always)]
    fn below<const FUSED: bool>(&mut self, row: usize, square: T, (high, low): (T, T)) -> T {
        let below = term::<T, FUSED>(square, high) - self.shifts[row];
        if single::<T>() {
            // Not while the maximum is looked for: the compiler makes no vectors of so many selects
            // beside so little arithmetic.
            let top = below == T::ZERO;
            self.squares[row] = if top { square } else { self.squares[row] };
            self.high[row] = if top { high } else { self.high[row] };
            self.low[row] = if top { low } else { self.low[row] };
        }
        below
    }

    /// `mₙ + ln Σₖ exp(lₙₖ − mₙ)`, from the totals and their logarithms.
    #[inline(always)]
    fn log_densities(&self, origin: f64, totals: &[T; ROWS], logs: &[T; ROWS], sums: &mut [f64]) {
        let mut densities = [0.0; ROWS];
        for row in 0..ROWS {
            let shift = match single::<T>() {
                true => {
                    let peak = origin + (self.high[row].to_f64() + self.low[row].to_f64());
                    peak - 0.5 * self.squares[row].to_f64()
                }
                false => self.shifts[row].to_f64(),
            };
            let density = shift + logs[row].to_f64();
            densities[row] = if totals[row] == T::ZERO { f64::NEG_INFINITY } else { density };
        }
        // A whole chunk is stored as vectors, and the last rows of a block one by one.
        match sums.as_mut_array::<ROWS>() {
            Some(sums) => *sums = densities,
            None => sums.copy_from_slice(&densities[..sums.len()]),
        }
    }
}

/// `peak − ½ square`. The product is exact, so the bits are the same fused or not.
#[inline(always)]
fn term<T: Real, const FUSED: bool>(square: T, peak: T) -> T {
    square.times_plus::<FUSED>(T::from_f64(-0.5), peak)
}

#[inline(always)]
fn rows<T>(component: &[T], chunk: usize) -> &[T; ROWS] {
    component[chunk * ROWS..].first_chunk().expect("a stride is whole chunks")
}

#[inline(always)]
fn rows_mut<T>(component: &mut [T], chunk: usize) -> &mut [T; ROWS] {
    component[chunk * ROWS..].first_chunk_mut().expect("a stride is whole chunks")
}
