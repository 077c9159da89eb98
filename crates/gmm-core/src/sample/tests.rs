//! Draws, compared with numbers of another program, with each other, and with the mixture they are from.

use super::*;
use crate::{CovarianceType, Covariances};

/// Three components in two features, the second of weight 0; the literals are the factors L.
fn mixture() -> Mixture {
    let factors = [[2.0, 0.0, 0.5, 1.0], [1.0, 0.0, 0.0, 1.0], [1.0, 0.0, -0.75, 0.25]];
    let product = |[a, _, b, c]: [f64; 4]| [a * a, a * b, a * b, b * b + c * c];
    let covariances: Vec<f64> = factors.iter().flat_map(|&factor| product(factor)).collect();
    let means = [-4.0, 2.0, 100.0, 100.0, 1.0, 0.5];
    Mixture::from_factors(&[0.25, 0.0, 0.75], &means, &covariances, &[0.0; 3], &factors.concat(), &[])
        .unwrap()
}

/// Computed by an independent program: PCG XSL RR 128/64 in Python's integers, `statistics.NormalDist().inv_cdf` of
/// CPython for the quantiles, and `z = μ + L x`.
#[test]
fn the_first_values_are_those_of_another_program() {
    for (seed, labels, rows) in [
        (
            0,
            [0, 0, 2, 2, 2, 2],
            [
                [-4.492947412623564, 0.6383006527209807],
                [-3.079237028023565, 3.3132195502412154],
                [-0.24940117191300515, 1.72875881938492],
                [0.9386858717697073, 0.4655053582302246],
                [1.8303305975366007, 0.30157311255373614],
                [2.2146812070997837, -0.5615827776805151],
            ],
        ),
        (
            u64::MAX,
            [2, 0, 0, 2, 2, 2],
            [
                [0.9422320293202414, 0.4635404520897012],
                [-4.451720897033606, 1.1322457377177562],
                [-6.219215967978977, 1.239921289085915],
                [0.6483259766019728, 0.49624417750987965],
                [-0.8122965925734584, 2.011597397620106],
                [1.092252822480791, 0.38533805987340214],
            ],
        ),
    ] {
        let (drawn, components) = sample(&mixture(), 6, seed).unwrap();
        assert_eq!((drawn, components), (rows.concat(), labels.to_vec()), "seed {seed}");
    }
}

#[test]
fn blocks_of_any_size_and_rows_drawn_alone_are_those_of_one_call() {
    let (mixture, n) = (mixture(), 1000);
    let (rows, labels) = sample(&mixture, n, 5).unwrap();
    assert_eq!(sample(&mixture, n, 5).unwrap(), (rows.clone(), labels.clone()));
    assert_ne!(sample(&mixture, n, 6).unwrap().0, rows);
    for size in [1, 7, 240, 1000] {
        let mut sampler = Sampler::new(&mixture, 5).unwrap();
        let (mut in_blocks, mut of_blocks) = (vec![0.0; 2 * n], vec![9; n]);
        for (block, of_block) in in_blocks.chunks_mut(2 * size).zip(of_blocks.chunks_mut(size)) {
            sampler.fill(block, of_block).unwrap();
        }
        assert!(in_blocks == rows && of_blocks == labels, "{size}");
        let (mut row, mut label) = ([0.0_f32; 2], [9]);
        let mut sampler = Sampler::new(&mixture, 5).unwrap();
        sampler.skip(size as u64 - 1);
        sampler.fill(&mut row, &mut label).unwrap();
        assert_eq!(row, [rows[2 * size - 2] as f32, rows[2 * size - 1] as f32]);
        assert_eq!(label[0], labels[size - 1]);
    }
}

/// The seed is fixed, so the result is deterministic. With five standard errors a correct sampler would fail for one
/// seed in a hundred thousand.
#[test]
fn frequencies_means_and_covariances_are_within_five_standard_errors() {
    let (mixture, n, d) = (mixture(), 400_000, 2);
    let (rows, labels) = sample(&mixture, n, 11).unwrap();
    for component in 0..3 {
        let of_component: Vec<&[f64]> = rows
            .chunks(d)
            .zip(&labels)
            .filter(|(_, label)| **label == component)
            .map(|(row, _)| row)
            .collect();
        let count = of_component.len() as f64;
        let weight = mixture.weights()[component as usize];
        let error = (weight * (1.0 - weight) * n as f64).sqrt();
        assert!((count - weight * n as f64).abs() <= 5.0 * error, "{component}: {count}");
        if weight == 0.0 {
            continue;
        }
        let mean = &mixture.means()[component as usize * d..][..d];
        let covariance = &mixture.covariances().values()[component as usize * d * d..][..d * d];
        for i in 0..d {
            let found = of_component.iter().map(|row| row[i]).sum::<f64>() / count;
            let error = (covariance[i * d + i] / count).sqrt();
            assert!((found - mean[i]).abs() <= 5.0 * error, "{component}: mean {i}");
            for j in 0..d {
                let product = |row: &&[f64]| (row[i] - mean[i]) * (row[j] - mean[j]);
                let found = of_component.iter().map(product).sum::<f64>() / count;
                // The variance of a product of two normals: Σᵢᵢ Σⱼⱼ + Σᵢⱼ².
                let variance = covariance[i * d + i] * covariance[j * d + j] + covariance[i * d + j].powi(2);
                let error = (variance / count).sqrt();
                assert!((found - covariance[i * d + j]).abs() <= 5.0 * error, "{component}: {i}, {j}");
            }
        }
    }
}

#[test]
fn normals_have_the_distribution_of_kolmogorov_s_test() {
    let (n, standard) = (100_000, Mixture::new(&[1.0], &[0.0], &[1.0]).unwrap());
    let (mut values, _) = sample(&standard, n, 2).unwrap();
    values.sort_unstable_by(f64::total_cmp);
    // At tabulated quantiles, an empirical distribution is within 1.95 / √n of Φ in 999 of 1000 cases.
    for (x, p) in
        [(-2.326_347_87, 0.01), (-1.281_551_57, 0.1), (0.0, 0.5), (0.674_489_75, 0.75), (1.959_963_98, 0.975)]
    {
        let found = values.partition_point(|&value| value <= x) as f64 / n as f64;
        assert!((found - p).abs() < 1.95 / (n as f64).sqrt(), "{x}: {found}");
    }
}

#[test]
fn samples_that_no_buffer_could_hold_are_refused() {
    let mixture = mixture();
    assert!(matches!(sample(&mixture, 0, 0), Err(Error::Empty { rows: 0, cols: 2, .. })));
    assert!(matches!(sample(&mixture, usize::MAX / 2, 0), Err(Error::SizeOverflow { .. })));
    let mut sampler = Sampler::new(&mixture, 0).unwrap();
    assert!(matches!(sampler.fill(&mut [0.0; 3], &mut [0; 2]), Err(Error::ShapeMismatch { .. })));
    // Refused calls draw nothing.
    let (mut row, mut label) = ([0.0; 2], [0]);
    sampler.fill(&mut row, &mut label).unwrap();
    assert_eq!(row, sample(&mixture, 1, 0).unwrap().0[..]);
}

#[test]
fn samples_beyond_the_range_of_their_type_are_refused() {
    let wide = Mixture::new(&[0.0, 1.0], &[1e300, 0.0], &[1.0, 1e76]).unwrap();
    let mut sampler = Sampler::new(&wide, 0).unwrap();
    let message = "a sample of component 1 leaves the range of f32; rescale the features";
    assert_eq!(sampler.fill(&mut [0.0_f32], &mut [0]).unwrap_err().to_string(), message);
    assert!(sampler.fill(&mut [0.0], &mut [0]).is_ok());
    let far = Mixture::from_independent(&[1.0], &[1e308], &[1.0], &[1e308], &[0.0]).unwrap();
    assert!(matches!(sample(&far, 1, 0), Err(Error::OutOfRange { component: 0, real: "f64", .. })));
}

/// A diagonal mixture draws the same samples as the same covariances stored as matrices.
#[test]
fn every_structure_draws_what_its_matrices_draw() {
    let (weights, means) = ([0.5, 0.5], [0.0, 1.0, 5.0, -5.0]);
    let dense = Mixture::new(&weights, &means, &[4.0, 0.0, 0.0, 9.0, 1.0, 0.0, 0.0, 16.0]).unwrap();
    let diag = Covariances::new(CovarianceType::Diag, &[4.0, 9.0, 1.0, 16.0], 2, 2).unwrap();
    let diag = Mixture::from_covariances(&weights, &means, diag, &[]).unwrap();
    assert_eq!(sample(&diag, 50, 3).unwrap(), sample(&dense, 50, 3).unwrap());
    let rows = sample(&dense, 50, 3).unwrap().0;
    let samples = crate::Samples::from_rows(&rows, 50, 2).unwrap();
    let shares = |mixture: &Mixture| crate::attribution(mixture, &samples, &crate::Threads::one()).unwrap();
    for (some, all) in shares(&diag).iter().zip(shares(&dense)) {
        assert!((some - all).abs() <= 1e-12 * all.abs().max(1.0));
    }
}
