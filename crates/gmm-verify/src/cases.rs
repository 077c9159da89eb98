//! Random cases: samples and responsibilities drawn from a seed.
//!
//! A law is tested on many of these. A failure is shrunk in n, d and k; the values follow from the seed.

/// Samples (n × d) around k centres, and responsibilities (n × k) whose rows sum to one.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Samples.
    pub n: usize,
    /// Features.
    pub d: usize,
    /// Components.
    pub k: usize,
    /// n × d, row-major.
    pub z: Vec<f64>,
    /// n × k, row-major, every entry positive.
    pub gamma: Vec<f64>,
}

impl Drawn {
    /// Draws k centres about `apart` deviations from each other, and n samples around them in turn. Features are
    /// correlated and of different scale. Every number is exact in `f32`.
    pub fn new(seed: u64, n: usize, d: usize, k: usize, apart: f64) -> Drawn {
        let mut stream = Stream(seed);
        let centres: Vec<f64> = (0..k * d).map(|_| apart * stream.normal()).collect();
        let mut z = Vec::with_capacity(n * d);
        for row in 0..n {
            let mut last = 0.0;
            for feature in 0..d {
                // Half the deviation of the feature before is added: correlated, but still well conditioned.
                last = 0.5 * last + stream.normal();
                let scale = [1.0, 4.0, 0.25][feature % 3];
                z.push(f64::from(((centres[row % k * d + feature] + last) * scale) as f32));
            }
        }
        let mut gamma: Vec<f64> = (0..n * k).map(|_| 0.05 + stream.uniform()).collect();
        for row in gamma.chunks_exact_mut(k) {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|share| *share = f64::from((*share / sum) as f32));
        }
        Drawn { n, d, k, z, gamma }
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014): good enough for test data, and independent of the library's generator.
#[derive(Clone, Debug)]
pub struct Stream(pub u64);

impl Stream {
    /// Uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    /// Standard normal (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A permutation of `0..n` (Fisher & Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            order.swap(last, (self.uniform() * (last + 1) as f64) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_they_claim() {
        let mut stream = Stream(7);
        let draws: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / 1e5;
        // Five standard errors of 10⁵ draws.
        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023, "{mean} {variance}");
    }
}
