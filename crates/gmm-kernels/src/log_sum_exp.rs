//! Log-sum-exp over components, for a block of samples at once, from their squared distances.
//!
//! ```text
//! lₙₖ = cₖ − ½ squareₙₖ        mₙ = maxₖ lₙₖ        ln p(zₙ) = mₙ + ln Σₖ exp(lₙₖ − mₙ)
//! rₙₖ = exp(lₙₖ − mₙ) / Σⱼ exp(lₙⱼ − mₙ)        ln rₙₖ = (lₙₖ − mₙ) − ln Σⱼ exp(lₙⱼ − mₙ)
//! ```
//!
//! `cₖ` is the log weighted normalizer of component k, `ln φₖ − ½ (d ln 2π + ln det Σₖ)`.
//!
//! Shifted by the maximum, the largest term is exp(0) = 1, so the sum neither overflows nor vanishes.
//!
//! Terms have the type of the samples, log-densities are `f64`. Single precision is enough for the terms, because only
//! their differences matter and `cₖ` is relative to the largest one. The maximum is formed again in `f64`, from the
//! normalizer and the square that gave it, so that no log-density is coarser than its squared distance.
//!
//! A block is component-major (k × `stride`): element `component * stride + row`. A chunk of [`CHUNK_ROWS`] rows goes
//! through all components at once, so that its maxima and sums stay in registers; the last chunk of a block may contain
//! scratch rows. Each row sums its components in order, so its bits depend neither on the vector width nor on the other
//! rows, only on whether multiply and add are fused (see `exp_ln`).

mod largest;

use pulp::Simd;

use crate::Real;
use crate::isa::isa;
use crate::unpack::unpack_from;
use crate::vector::{Vector, Work, kernel};

pub use largest::largest;

/// Rows that go through all components together: two of the widest vectors of doubles, one of singles. Measured: with 8
/// rows each operation waits for the one before it; with 32 or more the compiler makes an inner loop.
const CHUNK_ROWS: usize = 16;

/// `cₖ = ln φₖ − ½ (d ln 2π + ln det Σₖ)` of every component, in two parts: the largest value of `lₙₖ`.
#[derive(Clone, Debug)]
pub struct LogWeightedNormalizers<T> {
    /// Subtracted from every value: the largest value in single precision, 0 in double.
    origin: f64,
    /// `cₖ − origin`, rounded (k); −∞ for an absent component.
    high: Vec<T>,
    /// The rounding error of `high` (k).
    low: Vec<T>,
}

impl<T: Real> LogWeightedNormalizers<T> {
    /// Splits `normalizers` (k), at least one of which is finite; −∞ marks an absent component.
    pub fn new(normalizers: &[f64]) -> Self {
        let origin = if single::<T>() { normalizers.iter().copied().fold(f64::MIN, f64::max) } else { 0.0 };
        let high: Vec<T> = normalizers.iter().map(|normalizer| T::from_f64(normalizer - origin)).collect();
        let rest = |(normalizer, high): (&f64, &T)| match Real::is_finite(*high) {
            true => T::from_f64(normalizer - origin - high.to_f64()),
            false => T::ZERO,
        };
        LogWeightedNormalizers { origin, low: normalizers.iter().zip(&high).map(rest).collect(), high }
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
/// The log-density is −∞ where every term is −∞, because its square is infinite or its component absent.
///
/// Error: 2 ulp each of exponential and logarithm in `T`, on a sum of k terms, in addition to the error of the squares;
/// the largest term is added in `f64`.
pub fn log_densities<T: Real>(
    squares: &[T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    sums: &mut [f64],
) {
    run(LogSumExpInput::LogDensities(squares), stride, normalizers, sums);
}

/// Replaces squares by `rₙₖ` and writes `ln p(zₙ)`, for the first `sums.len()` rows of a block.
///
/// A term of −∞ has responsibility 0, and so has a term below the range of
/// [`ExpLn::exp_nonpositive`](crate::ExpLn::exp_nonpositive). The only term of a row has exactly 1. A row whose terms
/// are all −∞ has responsibilities of 0, which the caller repairs.
///
/// Responsibilities also go to `rows` (n × k), if given, sixteen rows at a time, so that memory is written while the
/// next rows are computed. Terms after the last row, up to the next multiple of 16, are scratch. Log-densities have the
/// bits of [`log_densities`].
///
/// Error: that of [`log_densities`], and two roundings.
pub fn responsibilities<T: Real>(
    terms: &mut [T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    sums: &mut [f64],
    rows: Option<&mut [T]>,
) {
    let k = normalizers.high.len();
    assert!(rows.as_ref().is_none_or(|rows| rows.len() == sums.len() * k));
    run(LogSumExpInput::Responsibilities(terms, rows), stride, normalizers, sums);
}

/// Replaces squares by `ln rₙₖ`; otherwise as [`responsibilities`]. Absent terms have −∞, and so has a row whose terms
/// are all −∞.
pub fn log_responsibilities<T: Real>(
    terms: &mut [T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    sums: &mut [f64],
) {
    run(LogSumExpInput::LogResponsibilities(terms), stride, normalizers, sums);
}

/// The sum, in sixteen partial sums: with one sum, every addition would wait for the one before it.
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

/// A block of squares, by the result that is requested.
enum LogSumExpInput<'a, T> {
    LogDensities(&'a [T]),
    Responsibilities(&'a mut [T], Option<&'a mut [T]>),
    LogResponsibilities(&'a mut [T]),
}

struct LogSumExp<'a, T> {
    terms: LogSumExpInput<'a, T>,
    stride: usize,
    normalizers: &'a LogWeightedNormalizers<T>,
    sums: &'a mut [f64],
}

fn run<T: Real>(
    terms: LogSumExpInput<'_, T>,
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    sums: &mut [f64],
) {
    let squares: &[T] = match &terms {
        LogSumExpInput::LogDensities(squares) => squares,
        LogSumExpInput::Responsibilities(terms, _) | LogSumExpInput::LogResponsibilities(terms) => terms,
    };
    assert_shape(squares, stride, sums.len());
    assert_eq!(squares.len(), stride * normalizers.high.len());
    LogSumExp { terms, stride, normalizers, sums }.on(isa());
}

fn assert_shape<T>(terms: &[T], stride: usize, n_rows: usize) {
    assert!(stride > 0 && stride.is_multiple_of(CHUNK_ROWS) && n_rows <= stride);
    assert!(terms.len().is_multiple_of(stride));
}

kernel!(LogSumExp);

impl<T: Real> Work<T> for LogSumExp<'_, T> {
    /// Machines without vectors have no fused multiply-add either.
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
        let LogSumExp { terms, stride, normalizers, sums } = self;
        // Loops instead of closures: a large closure is compiled separately, for the narrowest vectors.
        let chunks = sums.chunks_mut(CHUNK_ROWS).enumerate();
        match terms {
            LogSumExpInput::LogDensities(squares) => {
                for (chunk, sums) in chunks {
                    log_densities_chunk::<T, FUSED>(squares, stride, normalizers, chunk, sums);
                }
            }
            LogSumExpInput::Responsibilities(terms, mut rows) => {
                for (chunk, sums) in chunks {
                    responsibilities_chunk::<T, FUSED>(terms, stride, normalizers, chunk, sums);
                    if let Some(rows) = &mut rows {
                        let k = normalizers.high.len();
                        let rows = &mut rows[chunk * CHUNK_ROWS * k..][..sums.len() * k];
                        unpack_from(chunk * CHUNK_ROWS, terms, stride, rows);
                    }
                }
            }
            LogSumExpInput::LogResponsibilities(terms) => {
                for (chunk, sums) in chunks {
                    log_responsibilities_chunk::<T, FUSED>(terms, stride, normalizers, chunk, sums);
                }
            }
        }
    }
}

/// [`log_densities`] of one chunk of rows.
#[inline(always)]
fn log_densities_chunk<T: Real, const FUSED: bool>(
    squares: &[T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    chunk: usize,
    sums: &mut [f64],
) {
    let mut top = Top::of::<FUSED>(squares, stride, normalizers, chunk);
    let mut totals = [T::ZERO; CHUNK_ROWS];
    for (squares, normalizer) in squares.chunks_exact(stride).zip(normalizers.parts()) {
        let squares = rows(squares, chunk);
        for row in 0..CHUNK_ROWS {
            totals[row] += top.below::<FUSED>(row, squares[row], normalizer).exp_nonpositive::<FUSED>();
        }
    }
    top.log_densities(normalizers.origin, &totals, &logs::<T, FUSED>(&totals), sums);
}

/// [`responsibilities`] of one chunk of rows.
#[inline(always)]
fn responsibilities_chunk<T: Real, const FUSED: bool>(
    terms: &mut [T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    chunk: usize,
    sums: &mut [f64],
) {
    let mut top = Top::of::<FUSED>(terms, stride, normalizers, chunk);
    let mut totals = [T::ZERO; CHUNK_ROWS];
    for (terms, normalizer) in terms.chunks_exact_mut(stride).zip(normalizers.parts()) {
        let terms = rows_mut(terms, chunk);
        for row in 0..CHUNK_ROWS {
            let power = top.below::<FUSED>(row, terms[row], normalizer).exp_nonpositive::<FUSED>();
            terms[row] = power;
            totals[row] += power;
        }
    }
    let mut scales = [T::ZERO; CHUNK_ROWS];
    for row in 0..CHUNK_ROWS {
        // 0 · ∞ is NaN; a row whose total is 0 keeps its zeros.
        scales[row] = if totals[row] == T::ZERO { T::ZERO } else { T::ONE / totals[row] };
    }
    for terms in terms.chunks_exact_mut(stride) {
        let terms = rows_mut(terms, chunk);
        for row in 0..CHUNK_ROWS {
            terms[row] *= scales[row];
        }
    }
    top.log_densities(normalizers.origin, &totals, &logs::<T, FUSED>(&totals), sums);
}

/// [`log_responsibilities`] of one chunk of rows.
#[inline(always)]
fn log_responsibilities_chunk<T: Real, const FUSED: bool>(
    terms: &mut [T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    chunk: usize,
    sums: &mut [f64],
) {
    let mut top = Top::of::<FUSED>(terms, stride, normalizers, chunk);
    let mut totals = [T::ZERO; CHUNK_ROWS];
    for (terms, normalizer) in terms.chunks_exact_mut(stride).zip(normalizers.parts()) {
        let terms = rows_mut(terms, chunk);
        for row in 0..CHUNK_ROWS {
            terms[row] = top.below::<FUSED>(row, terms[row], normalizer);
            totals[row] += terms[row].exp_nonpositive::<FUSED>();
        }
    }
    let logs = logs::<T, FUSED>(&totals);
    for terms in terms.chunks_exact_mut(stride) {
        let terms = rows_mut(terms, chunk);
        for row in 0..CHUNK_ROWS {
            // The terms of a row whose total is 0 stay −∞.
            terms[row] -= if totals[row] == T::ZERO { T::ZERO } else { logs[row] };
        }
    }
    top.log_densities(normalizers.origin, &totals, &logs, sums);
}

#[inline(always)]
fn logs<T: Real, const FUSED: bool>(totals: &[T; CHUNK_ROWS]) -> [T; CHUNK_ROWS] {
    let mut logs = [T::ZERO; CHUNK_ROWS];
    for row in 0..CHUNK_ROWS {
        logs[row] = totals[row].ln_of_sum::<FUSED>();
    }
    logs
}

/// The largest term of each row of a chunk, and the square and normalizer that gave it.
struct Top<T> {
    /// `mₙ` minus the origin of the normalizers; 0 where every term is −∞.
    shifts: [T; CHUNK_ROWS],
    /// The square and the normalizer, in two parts, of that term. Unused in double precision, where the shift is exact.
    squares: [T; CHUNK_ROWS],
    high: [T; CHUNK_ROWS],
    low: [T; CHUNK_ROWS],
}

impl<T: Real> Top<T> {
    #[inline(always)]
    fn of<const FUSED: bool>(
        squares: &[T],
        stride: usize,
        normalizers: &LogWeightedNormalizers<T>,
        chunk: usize,
    ) -> Self {
        let absent = T::from_f64(f64::NEG_INFINITY);
        let mut shifts = [absent; CHUNK_ROWS];
        for (squares, &high) in squares.chunks_exact(stride).zip(&normalizers.high) {
            let squares = rows(squares, chunk);
            for row in 0..CHUNK_ROWS {
                let term = term::<T, FUSED>(squares[row], high);
                shifts[row] = if term > shifts[row] { term } else { shifts[row] };
            }
        }
        for shift in &mut shifts {
            // −∞ − (−∞) is NaN; a row whose terms are all −∞ is not shifted.
            *shift = if *shift == absent { T::ZERO } else { *shift };
        }
        Top {
            shifts,
            squares: [T::ZERO; CHUNK_ROWS],
            high: [T::ZERO; CHUNK_ROWS],
            low: [T::ZERO; CHUNK_ROWS],
        }
    }

    /// `lₙₖ − mₙ`; where that is 0, keeps the square and the normalizer.
    #[inline(always)]
    fn below<const FUSED: bool>(&mut self, row: usize, square: T, (high, low): (T, T)) -> T {
        let below = term::<T, FUSED>(square, high) - self.shifts[row];
        if single::<T>() {
            // Done here and not in the search for the maximum, where the compiler did not vectorise these selects.
            let top = below == T::ZERO;
            self.squares[row] = if top { square } else { self.squares[row] };
            self.high[row] = if top { high } else { self.high[row] };
            self.low[row] = if top { low } else { self.low[row] };
        }
        below
    }

    /// `mₙ + ln Σₖ exp(lₙₖ − mₙ)`, from the totals and their logarithms.
    #[inline(always)]
    fn log_densities(&self, origin: f64, totals: &[T; CHUNK_ROWS], logs: &[T; CHUNK_ROWS], sums: &mut [f64]) {
        let mut densities = [0.0; CHUNK_ROWS];
        for row in 0..CHUNK_ROWS {
            let shift = match single::<T>() {
                true => {
                    let normalizer = origin + (self.high[row].to_f64() + self.low[row].to_f64());
                    normalizer - 0.5 * self.squares[row].to_f64()
                }
                false => self.shifts[row].to_f64(),
            };
            let density = shift + logs[row].to_f64();
            densities[row] = if totals[row] == T::ZERO { f64::NEG_INFINITY } else { density };
        }
        // A whole chunk is stored as vectors; the last rows of a block are stored one by one.
        match sums.as_mut_array::<CHUNK_ROWS>() {
            Some(sums) => *sums = densities,
            None => sums.copy_from_slice(&densities[..sums.len()]),
        }
    }
}

/// `normalizer − ½ square`. The product is exact, so the bits are the same fused or not.
#[inline(always)]
fn term<T: Real, const FUSED: bool>(square: T, normalizer: T) -> T {
    square.times_plus::<FUSED>(T::from_f64(-0.5), normalizer)
}

#[inline(always)]
fn rows<T>(component: &[T], chunk: usize) -> &[T; CHUNK_ROWS] {
    component[chunk * CHUNK_ROWS..].first_chunk().expect("a stride is whole chunks")
}

#[inline(always)]
fn rows_mut<T>(component: &mut [T], chunk: usize) -> &mut [T; CHUNK_ROWS] {
    component[chunk * CHUNK_ROWS..].first_chunk_mut().expect("a stride is whole chunks")
}
