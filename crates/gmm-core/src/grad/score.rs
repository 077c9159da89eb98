//! Derivatives of log-densities with respect to samples: the score function, and products with its Jacobian.

use std::ops::Range;

use gmm_kernels::{
    AlignedBuffer, LANES, Operands, PackedMatrix, ProductOutputs, Whitener, add_products, panels_len,
    squared_norms_and_whitened,
};

use super::expectation::{Expectation, Factors};
use super::range::{Limits, Precision};
use super::rows::{pack, take, take_block, write_panels};
use super::{check_written, dense, full, inverses, unwhiteners};
use crate::blocks::{Threads, blocks, chunks_for};
use crate::check;
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::{Block, BlockScorer, check_features};

/// The score function `∇ ln p(zₙ)` of every sample, into `scores` (n × d):
///
/// ```text
/// ∇ ln p(z) = −Σₖ rₖ uₖ        uₖ = Σₖ⁻¹ (z − μₖ)
/// ```
///
/// # Errors
///
/// As [`score`](crate::score); [`Error::GradientOutOfRange`] when a value overflows the type of the samples, or a
/// sample is infinitely far from every component. After an error the outputs are unchanged.
///
/// Cost: `2 n k d²` flops.
///
/// ```
/// use gmm_core::{Mixture, Samples, Threads, score_function};
///
/// let mixture = Mixture::new(&[1.0], &[1.0], &[4.0])?;
/// let samples = Samples::from_rows(&[3.0, 1.0], 2, 1)?;
/// let mut scores = [1.0; 2];
/// score_function(&mixture, &samples, &mut scores, &Threads::one())?;
/// assert_eq!(scores, [-0.5, 0.0]);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn score_function<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    scores: &mut [T],
    threads: &Threads,
) -> Result<()> {
    check_features(mixture, samples)?;
    check::output("scores", Some(scores.len()), &[samples.n_samples(), samples.n_features()])?;
    let mixture = &*dense(mixture)?;
    let (samples, d) = (&samples.unweighted(), mixture.n_features());
    let inverses = inverses(full(mixture), threads);
    let limits = Limits::new(mixture, full(mixture), &inverses, samples);
    let factors = Factors::Same(-1.0);
    let pass = Expectation { mixture, inverses: &inverses, factors, wants_moments: false };
    let in_double = |out: &mut [T]| pass.run::<f64>(samples, Some(out), threads).check();
    match limits.precision_of_energy::<T>(1.0, 0.0) {
        Precision::Native => {
            pass.run::<T>(samples, Some(scores), threads);
        }
        Precision::Double => in_double(scores)?,
        Precision::DoubleChecked => {
            let mut staged = vec![T::ZERO; scores.len()];
            in_double(&mut staged)?;
            check_written("log-densities", Some(&staged), d)?;
            scores.copy_from_slice(&staged);
        }
    }
    Ok(())
}

/// Products of the Hessian of every log-density with a vector: `∇² ln p(zₙ) vₙ`, with one vector for each sample
/// (n × d), into `products` (n × d).
///
/// ```text
/// ∇² ln p(z) = Σₖ rₖ (uₖ uₖᵀ − Σₖ⁻¹) − s sᵀ        uₖ = Σₖ⁻¹ (z − μₖ),   s = Σₖ rₖ uₖ
/// ```
///
/// Computed in double for every type of samples.
///
/// # Errors
///
/// As [`score_function`]; [`Error::ShapeMismatch`] when vectors have another shape than samples.
///
/// Cost: `4 n k d²` flops; memory for another n × d values, besides that of scoring.
///
/// ```
/// use gmm_core::{Mixture, Samples, Threads, hessian_vector_products};
///
/// let mixture = Mixture::new(&[1.0], &[0.0, 0.0], &[4.0, 0.0, 0.0, 2.0])?;
/// let (z, v) = ([3.0, 1.0], [1.0, 1.0]);
/// let (samples, vectors) = (Samples::from_rows(&z, 1, 2)?, Samples::from_rows(&v, 1, 2)?);
/// let mut products = [0.0_f64; 2];
/// hessian_vector_products(&mixture, &samples, &vectors, &mut products, &Threads::one())?;
/// assert!((products[0] + 0.25).abs() < 1e-15 && (products[1] + 0.5).abs() < 1e-15);  // −Σ⁻¹ v of one component
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn hessian_vector_products<T: Real>(
    mixture: &Mixture,
    samples: &Samples<'_, T>,
    vectors: &Samples<'_, T>,
    products: &mut [T],
    threads: &Threads,
) -> Result<()> {
    check_features(mixture, samples)?;
    let (n, d) = (samples.n_samples(), samples.n_features());
    check::output("products", Some(products.len()), &[n, d])?;
    let shape = vec![vectors.n_samples(), vectors.n_features()];
    if shape != [n, d] {
        let (left, right, right_shape) = ("vectors", "samples", vec![n, d]);
        return Err(Error::shape(left, shape, right, right_shape));
    }
    let mixture = &*dense(mixture)?;
    let inverses = inverses(full(mixture), threads);
    let scorer = BlockScorer::<f64>::native(mixture);
    let origin = vec![0.0; d];
    let curvature = Curvature {
        // Vectors are whitened without subtracting a mean.
        directions: scorer.dense().iter().map(|whitener| whitener.about(&origin)).collect(),
        unwhiten: unwhiteners(&inverses, d, 1.0, threads),
        scorer,
        n_features: d,
    };
    let mut staged = vec![T::ZERO; products.len()];
    let work = 4 * curvature.scorer.work(n);
    let chunks = chunks_for(work, n);
    let mut rest = Some(&mut staged[..]);
    let items = chunks.into_iter().map(|rows| {
        let out = take(&mut rest, rows.len(), d);
        (rows, out)
    });
    threads.map_in_order(
        items.collect(),
        work,
        |(rows, out)| curvature.chunk(samples, vectors, rows, out),
        |()| {},
    );
    check_written("log-densities", Some(&staged), d)?;
    products.copy_from_slice(&staged);
    Ok(())
}

/// The parts of a mixture that Hessian-vector products need.
struct Curvature<'a> {
    scorer: BlockScorer<'a, f64>,
    directions: Vec<Whitener<f64>>,
    unwhiten: Vec<PackedMatrix<f64>>,
    n_features: usize,
}

impl Curvature<'_> {
    fn chunk<T: Real>(
        &self,
        samples: &Samples<'_, T>,
        vectors: &Samples<'_, T>,
        rows: Range<usize>,
        mut out: Option<&mut [T]>,
    ) {
        let (k, d) = (self.unwhiten.len(), self.n_features);
        let (mut packed, mut copy, mut scratch) = (AlignedBuffer::new(), Vec::new(), AlignedBuffer::new());
        let (mut points, mut directions) = (AlignedBuffer::new(), AlignedBuffer::new());
        let (mut y, mut v) = (AlignedBuffer::new(), AlignedBuffer::new());
        let (mut s, mut product) = (vec![0.0; d * LANES], vec![0.0; d * LANES]);
        let mut squares = vec![0.0; k * LANES];
        let mut block = Block::for_rows(LANES);
        for rows in blocks(rows) {
            pack(samples, rows.clone(), &mut packed, &mut points);
            pack(vectors, rows.clone(), &mut packed, &mut directions);
            for start in (0..rows.len()).step_by(LANES) {
                let n_rows = LANES.min(rows.len() - start);
                let panel = start * d..start * d + panels_len(n_rows, d);
                self.scorer.expect_dense(&points[panel.clone()], n_rows, Some(&mut y), &mut block);
                let v = v.uninit(k * d * LANES);
                let direction = &directions[panel.clone()];
                squared_norms_and_whitened(&self.directions, direction, n_rows, v, &mut squares, LANES);
                let mut add = |operands: &[f64], out: &mut [f64]| {
                    out.fill(0.0);
                    let weights = &block.terms;
                    let results = ProductOutputs { weights, stride: LANES, out: Some(out), forms: None };
                    add_products(&self.unwhiten, Operands::Whitened(operands), n_rows, &mut scratch, results);
                };
                add(&y, &mut s);
                for (y, v) in y.chunks_exact(d * LANES).zip(v.chunks_exact_mut(d * LANES)) {
                    bend(y, v);
                }
                add(v, &mut product);
                let along = dots(&s, direction);
                let columns = product.chunks_exact_mut(LANES).zip(s.chunks_exact(LANES));
                for (product, s) in columns {
                    (0..LANES).for_each(|lane| product[lane] -= s[lane] * along[lane]);
                }
                if let Some(out) = take_block(&mut out, n_rows, d) {
                    write_panels(&product, d, &mut copy, out);
                }
            }
        }
    }
}

/// `v ← y (y · v) − v`, lane by lane.
fn bend(y: &[f64], v: &mut [f64]) {
    let along = dots(y, v);
    for (y, v) in y.chunks_exact(LANES).zip(v.chunks_exact_mut(LANES)) {
        (0..LANES).for_each(|lane| v[lane] = y[lane] * along[lane] - v[lane]);
    }
}

fn dots(a: &[f64], b: &[f64]) -> [f64; LANES] {
    let mut dots = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        (0..LANES).for_each(|lane| dots[lane] += a[lane] * b[lane]);
    }
    dots
}
