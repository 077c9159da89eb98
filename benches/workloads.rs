//! What is measured, as data: shapes, and samples drawn for them.
//!
//! ```text
//! mixture   energies, parameters and iterations of every shape      time, by criterion
//! fit       whole fits, and what surrounds their iterations         time, by criterion
//! exp_ln    an exponential and a logarithm, beside std's            time an element, by criterion
//! ffi       calls through the C ABI, beside the same ones in Rust   time, by criterion
//! roofline  every shape, beside a matrix multiply                   rates, a report
//! memory    the program `gmm`, scoring a large file                 peak memory, a report
//! ```

#![forbid(unsafe_code)]

use gmm_core::{Mixture, ParamsOptions, Real, Responsibilities, Samples, Threads, params_with};
use gmm_verify::cases::Drawn;

/// A shape: samples, features, components.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Samples.
    pub n: usize,
    /// Features.
    pub d: usize,
    /// Components.
    pub k: usize,
}

const fn shape(n: usize, d: usize, k: usize) -> Workload {
    Workload { n, d, k }
}

/// From a million small samples, where reading them decides, over d where flops decide, to calls so
/// small that what surrounds them decides.
pub const WORKLOADS: &[Workload] = &[
    shape(1_000_000, 2, 4),
    shape(1_000_000, 8, 8),
    shape(200_000, 16, 16),
    shape(200_000, 32, 16),
    shape(100_000, 64, 32),
    shape(20_000, 128, 16),
    shape(5_000, 512, 8),
    shape(1024, 4, 2),
    shape(256, 8, 4),
    shape(1, 8, 4),
];

/// How far the groups of a draw are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Means about 4 deviations apart: a sample has shares in several components.
    Overlapping,
    /// Means about 32 deviations apart: all but one share of a sample are zero.
    Separated,
}

/// Added to variances in every measurement.
pub const RIDGE: f64 = 1e-3;

/// Rows drawn at most. More samples repeat them, for a million draws cost more than what is measured.
const DRAWN_ROWS: usize = 50_000;

/// Samples, responsibilities and parameters for one workload.
#[derive(Clone, Debug)]
pub struct Data<T> {
    workload: Workload,
    /// Samples, n × d.
    pub z: Vec<T>,
    /// Responsibilities, n × k, no entry zero.
    pub gamma: Vec<T>,
    /// The mean and the covariance of each group that samples were drawn from, and equal weights.
    pub start: Mixture,
}

impl Workload {
    /// Flops counted for one scoring, or for one estimate from responsibilities: n k d².
    pub fn flops(&self) -> u64 {
        (self.n * self.k * self.d * self.d) as u64
    }

    /// `1000000x2x4`.
    pub fn name(&self) -> String {
        format!("{}x{}x{}", self.n, self.d, self.k)
    }

    /// Samples of k groups in turn, and responsibilities that give every component a share of each.
    pub fn draw<T: Real>(&self, spread: Spread) -> Data<T> {
        let Workload { n, d, k } = *self;
        let distance = match spread {
            Spread::Overlapping => 4.0,
            Spread::Separated => 32.0,
        };
        // Means are normal: two of them are √(2d) of their deviations from each other.
        let apart = distance / (2.0 * d as f64).sqrt();
        // Two samples a feature are enough for a covariance; whole turns keep groups in step when repeated.
        let rows = n.clamp(2 * d * k, DRAWN_ROWS.max(2 * d * k)).next_multiple_of(k);
        let drawn = Drawn::new(1, rows, d, k, apart);
        let repeated = |values: &[f64], n_columns: usize| -> Vec<T> {
            let cast = values.iter().map(|&value| T::from_f64(value));
            cast.cycle().take(n * n_columns).collect()
        };
        let (z, gamma) = (repeated(&drawn.z, d), repeated(&drawn.gamma, k));
        Data { workload: *self, z, gamma, start: of_groups(&drawn) }
    }
}

impl<T: Real> Data<T> {
    /// [`Data::z`], checked.
    pub fn samples(&self) -> Samples<'_, T> {
        Samples::from_rows(&self.z, self.workload.n, self.workload.d).expect("drawn samples are finite")
    }

    /// [`Data::gamma`], checked.
    pub fn responsibilities(&self) -> Responsibilities<'_, T> {
        Responsibilities::from_rows(&self.gamma, self.workload.n, self.workload.k)
            .expect("drawn responsibilities are finite")
    }
}

/// The mixture of the groups that rows were drawn from in turn, each estimated from its own rows.
fn of_groups(drawn: &Drawn) -> Mixture {
    let Drawn { n, d, k, .. } = *drawn;
    let ones = vec![1.0; n.div_ceil(k)];
    let options = ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() };
    let [mut means, mut values, mut cholesky] = [Vec::new(), Vec::new(), Vec::new()];
    for group in 0..k {
        let rows: Vec<f64> = drawn.z.chunks_exact(d).skip(group).step_by(k).flatten().copied().collect();
        let n_rows = rows.len() / d;
        let samples = Samples::from_rows(&rows, n_rows, d).expect("drawn samples are finite");
        let gamma = Responsibilities::from_rows(&ones[..n_rows], n_rows, 1).expect("ones are finite");
        let of_group = params_with(&samples, &gamma, &options, &Threads::all()).expect("a ridge is enough");
        means.extend_from_slice(of_group.means());
        values.extend_from_slice(of_group.covariances().values());
        cholesky.extend_from_slice(of_group.covariances().cholesky());
    }
    Mixture::from_factors(&vec![1.0 / k as f64; k], &means, &values, &vec![RIDGE; k], &cholesky, &[])
        .expect("k mixtures of one component are one of k")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gmm_core::responsibilities;

    /// Separated data that overlapped would measure nothing new, and the other way round.
    #[test]
    fn spreads_are_what_they_are_called() {
        let workload = shape(1024, 8, 4);
        for (spread, certain) in [(Spread::Overlapping, false), (Spread::Separated, true)] {
            let data: Data<f64> = workload.draw(spread);
            let shares = responsibilities(&data.start, &data.samples(), &Threads::one()).unwrap();
            let largest = (0..1024).map(|row| (0..4).map(|k| shares[row * 4 + k]).fold(0.0, f64::max));
            let is_certain = largest.fold(1.0, f64::min) == 1.0;
            assert_eq!(is_certain, certain, "{spread:?}");
        }
    }
}
