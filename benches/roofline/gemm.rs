//! The rate of a matrix multiply: an estimate of the peak arithmetic rate of this machine.

use std::sync::Barrier;
use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, Mat, Par};
use gmm_core::Real;

use crate::measure::Budget;

/// Rows and columns of the matrices: large enough for a constant rate, at 4.5 MiB of doubles each.
const SIZE: usize = 768;

/// Flops a second, by sample type and number of threads.
pub struct Gemm {
    rates: Vec<(&'static str, usize, f64)>,
}

impl Gemm {
    pub fn measure(counts: &[usize], budget: Budget) -> Gemm {
        let mut rates = Vec::new();
        for &count in counts {
            rates.push((f64::NAME, count, rate::<f64>(count, budget)));
            rates.push((f32::NAME, count, rate::<f32>(count, budget)));
        }
        Gemm { rates }
    }

    pub fn rate(&self, dtype: &str, threads: usize) -> f64 {
        let found = self.rates.iter().find(|rate| (rate.0, rate.1) == (dtype, threads));
        found.expect("rows have the thread counts that were measured").2
    }

    /// `f64_1`, `f64_all`, `f32_1` and `f32_all`. On one core, `all` is one thread.
    pub fn named(&self) -> impl Iterator<Item = (String, f64)> {
        let all = self.rates.iter().map(|rate| rate.1).max().unwrap_or(1);
        [f64::NAME, f32::NAME].into_iter().flat_map(move |dtype| {
            [("1", 1), ("all", all)].map(|(name, count)| (format!("{dtype}_{name}"), self.rate(dtype, count)))
        })
    }
}

/// The sum of the best rates of `count` threads, each multiplying its own matrices.
fn rate<T: Real + RealField>(count: usize, budget: Budget) -> f64 {
    let ready = Barrier::new(count);
    std::thread::scope(|scope| {
        let each: Vec<_> = (0..count).map(|_| scope.spawn(|| best_rate::<T>(&ready, budget))).collect();
        each.into_iter().map(|thread| thread.join().expect("a multiply does not panic")).sum()
    })
}

fn best_rate<T: Real + RealField>(ready: &Barrier, budget: Budget) -> f64 {
    // Small and of both signs: no product overflows or becomes subnormal.
    let entry = |row: usize, col: usize| T::from_f64(((row * 7 + col * 3) % 11) as f64 / 8.0 - 0.625);
    let left = Mat::<T>::from_fn(SIZE, SIZE, entry);
    let right = Mat::<T>::from_fn(SIZE, SIZE, |row, col| entry(col, row + 1));
    let mut product = Mat::<T>::zeros(SIZE, SIZE);
    let mut multiply = || {
        let begin = Instant::now();
        matmul(&mut product, Accum::Replace, &left, &right, T::ONE, Par::Seq);
        begin.elapsed().as_secs_f64()
    };
    multiply();
    ready.wait();
    let begin = Instant::now();
    let mut best = multiply();
    loop {
        let seconds = multiply();
        // A multiply that ends late may have had the machine to itself, so it is not used.
        if begin.elapsed() > budget.time() {
            break;
        }
        best = best.min(seconds);
    }
    2.0 * (SIZE as f64).powi(3) / best
}
