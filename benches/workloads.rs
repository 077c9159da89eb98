//! The workloads of the benches: shapes, and samples drawn for them.
//!
//! ```text
//! mixture   energies, parameters and iterations of every shape      time, by criterion
//! fit       complete fits, and the parts around their iterations    time, by criterion
//! exp_ln    exponential and logarithm, compared with std            time per element, by criterion
//! ffi       calls through the C ABI, compared with Rust calls       time, by criterion
//! roofline  every shape, compared with a matrix multiply            rates, a report
//! memory    the program `gmm` while it scores a large file          peak memory, a report
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

/// A million small samples, where memory bandwidth dominates; then larger d, where flops dominate; then calls so small
/// that overhead dominates.
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

/// The distance between the groups of a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Means about 4 deviations apart: a sample has responsibilities in several components.
    Overlapping,
    /// Means about 32 deviations apart: all but one of a sample's responsibilities are zero.
    Separated,
}

/// The ridge in every measurement.
pub const RIDGE: f64 = 1e-3;

/// Maximum number of drawn rows. Larger data sets repeat them, because a million draws cost more than the measurement.
const DRAWN_ROWS: usize = 50_000;

/// Samples, responsibilities and parameters for one workload.
#[derive(Clone, Debug)]
pub struct Data<T> {
    workload: Workload,
    /// Samples, n × d.
    pub z: Vec<T>,
    /// Responsibilities, n × k, without zeros.
    pub gamma: Vec<T>,
    /// The mixture of the groups that samples were drawn from, with equal weights.
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

    /// Samples from k groups in turn, and responsibilities that are positive for every component.
    pub fn draw<T: Real>(&self, spread: Spread) -> Data<T> {
        let Workload { n, d, k } = *self;
        let distance = match spread {
            Spread::Overlapping => 4.0,
            Spread::Separated => 32.0,
        };
        // Means are normal, so the distance of two is √(2d) times their deviation.
        let apart = distance / (2.0 * d as f64).sqrt();
        // Two samples a feature are enough for a covariance. A multiple of k keeps the groups in order when rows repeat.
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

/// The mixture of the groups of the drawn rows, each estimated from its own rows.
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

    /// Separated data must not overlap and overlapping data must, or the two would measure the same.
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
