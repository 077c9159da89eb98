//! What is measured, as data: shapes, and samples drawn for them.

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

/// From a single sample to what fills the caches: small calls, small d, and d where flops decide.
pub const WORKLOADS: &[Workload] = &[
    shape(1, 8, 4),
    shape(256, 8, 4),
    shape(1024, 4, 2),
    shape(1_000_000, 2, 4),
    shape(200_000, 8, 8),
    shape(200_000, 16, 16),
    shape(50_000, 32, 16),
    shape(20_000, 64, 32),
    shape(20_000, 128, 16),
    shape(5_000, 512, 8),
];

impl Workload {
    /// Multiply-adds counted for one scoring: n k d².
    pub fn work(&self) -> u64 {
        (self.n * self.k * self.d * self.d) as u64
    }

    /// `1000000 x 2 x 4`.
    pub fn name(&self) -> String {
        format!("{} x {} x {}", self.n, self.d, self.k)
    }

    /// Samples about four deviations apart, and soft responsibilities.
    pub fn draw(&self) -> Drawn {
        Drawn::new(1, self.n, self.d, self.k, 4.0)
    }
}
