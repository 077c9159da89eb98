//! Buffers against sums written out.

use super::*;
use crate::{CovarianceType, Covariances, FitOptions};

fn mixture(covariance_type: CovarianceType) -> Mixture {
    let values = match covariance_type {
        CovarianceType::Full => vec![2.0, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0, 3.0],
        CovarianceType::Tied => vec![2.0, 0.5, 0.5, 1.0],
        CovarianceType::Diag => vec![2.0, 1.0, 1.0, 3.0],
        CovarianceType::Spherical => vec![2.0, 3.0],
    };
    let covariances = Covariances::new(covariance_type, &values, 2, 2).unwrap();
    Mixture::from_covariances(&[0.25, 0.75], &[0.0, 1.0, 3.0, -1.0], covariances, &[]).unwrap()
}

const ROWS: [f64; 12] = [0.5, 1.0, 2.5, -0.5, 1.0, 0.0, 4.0, -2.0, -1.0, 2.0, 3.5, -1.5];

#[test]
fn a_buffer_has_the_sums_of_its_layout() {
    let samples =
        Samples::from_rows(&ROWS, 6, 2).unwrap().with_weights(&[2.0, 1.0, 1.0, 0.0, 3.0, 1.0]).unwrap();
    for covariance_type in CovarianceType::ALL {
        let mixture = mixture(covariance_type);
        let shares = crate::responsibilities(&mixture, &samples, &Threads::one()).unwrap();
        let energies = crate::energy(&mixture, &samples, &Threads::one()).unwrap();
        let mut expected = vec![8.0, 0.0];
        for row in 0..6 {
            expected[1] -= samples.weights().unwrap()[row] * energies[row];
        }
        for component in 0..2 {
            let mut own = [0.0; 6];
            for row in 0..6 {
                let weight = samples.weights().unwrap()[row] * shares[row * 2 + component];
                let x = ROWS[2 * row] - mixture.means()[2 * component];
                let y = ROWS[2 * row + 1] - mixture.means()[2 * component + 1];
                let terms = [1.0, x, y, x * x, y * x, y * y];
                own.iter_mut().zip(terms).for_each(|(own, term)| *own += weight * term);
            }
            let diagonal = matches!(covariance_type, CovarianceType::Diag | CovarianceType::Spherical);
            expected
                .extend(own.iter().enumerate().filter(|(at, _)| !(diagonal && *at == 4)).map(|(_, own)| own));
        }
        let buffer = Moments::of(&samples, &mixture, &Threads::one()).unwrap().to_buffer();
        assert_eq!(
            (buffer.len(), buffer.len()),
            (expected.len(), Moments::buffer_len(&mixture)),
            "{covariance_type}"
        );
        for (got, want) in buffer.iter().zip(&expected) {
            assert!((got - want).abs() < 1e-12, "{covariance_type}: {buffer:?} {expected:?}");
        }
        let again = Moments::from_buffer(&mixture, &buffer).unwrap();
        assert_eq!(again.to_buffer(), buffer);
    }
}

/// As on two machines, one of them with samples in single precision.
#[test]
fn sums_of_buffers_are_buffers_of_all_samples() {
    let narrow: Vec<f32> = ROWS[4..].iter().map(|&x| x as f32).collect();
    for covariance_type in CovarianceType::ALL {
        let mixture = mixture(covariance_type);
        let of = |rows: &[f64]| {
            let samples = Samples::from_rows(rows, rows.len() / 2, 2).unwrap();
            Moments::of(&samples, &mixture, &Threads::one()).unwrap()
        };
        let narrow = Samples::from_rows(&narrow, 4, 2).unwrap();
        let parts = [
            of(&ROWS[..4]).to_buffer(),
            Moments::of(&narrow, &mixture, &Threads::one()).unwrap().to_buffer(),
        ];
        let sum: Vec<f64> = parts[0].iter().zip(&parts[1]).map(|(a, b)| a + b).collect();
        for (got, want) in sum.iter().zip(of(&ROWS).to_buffer()) {
            assert!((got - want).abs() < 1e-5, "{covariance_type}");
        }
        let options = FitOptions { covariance_type, ..FitOptions::new(2) };
        let joined = Moments::from_buffer(&mixture, &sum).unwrap().maximise(&mixture, &options).unwrap();
        let whole = of(&ROWS).maximise(&mixture, &options).unwrap();
        for (got, want) in joined.means().iter().zip(whole.means()) {
            assert!((got - want).abs() < 1e-5, "{covariance_type}");
        }
    }
}

#[test]
fn invalid_buffers_are_refused_with_the_position() {
    let mixture = Mixture::new(&[1.0], &[0.0], &[1.0]).unwrap();
    let refusal = |buffer: &[f64]| Moments::from_buffer(&mixture, buffer).unwrap_err().to_string();
    assert_eq!(refusal(&[1.0; 4]), "moments has shape 4 but those of the mixture has shape 5");
    assert_eq!(
        refusal(&[1.0, 0.0, 1.0, f64::NAN, 1.0]),
        "moments is NaN at row 3; remove or impute such values first"
    );
    assert_eq!(refusal(&[1.0, 0.0, -1.0, 0.0, 1.0]), "moments is -1 at row 2; it must not be negative");
    assert_eq!(refusal(&[0.0; 5]), "sample weights are all zero; at least one must be positive");
}

#[test]
fn moving_the_reference_points_does_not_change_the_m_step() {
    let near = mixture(CovarianceType::Full);
    let means: Vec<f64> = near.means().iter().map(|mean| mean + 0.5).collect();
    let far = Mixture::from_covariances(near.weights(), &means, near.covariances().clone(), &[]).unwrap();
    let samples = Samples::from_rows(&ROWS, 6, 2).unwrap();
    let mut moments = Moments::of(&samples, &near, &Threads::one()).unwrap();
    let options = FitOptions::new(2);
    let before = moments.maximise(&near, &options).unwrap();
    moments.move_to(far.means());
    let after = moments.maximise(&far, &options).unwrap();
    let pairs = before.means().iter().zip(after.means());
    for (before, after) in pairs.chain(before.covariances().values().iter().zip(after.covariances().values()))
    {
        assert!((before - after).abs() < 1e-12, "{before} {after}");
    }
}

/// Once a count of 5 with a total of 1 gave a weight of 5, and a count of 1e308 with a total of 1e-300 an infinite one.
#[test]
fn counts_that_do_not_add_up_are_refused_by_name() {
    let mixture = Mixture::new(&[1.0], &[0.0], &[1.0]).unwrap();
    let refusal = |buffer: [f64; 5]| Moments::from_buffer(&mixture, &buffer).unwrap_err().to_string();
    assert_eq!(
        refusal([1.0, 0.0, 5.0, 0.0, 1.0]),
        "moments have the total weight 1e0, but the weights of their components add up to 5e0; \
         pass moments that were computed from samples, or a sum of such moments"
    );
    assert!(refusal([1e-300, 0.0, 1e308, 0.0, 1.0]).contains("add up to 1e308"));
    assert!(refusal([5.0, 0.0, 1.0, 0.0, 1.0]).contains("add up to 1e0"));
    assert!(refusal([1.0, 0.0, 0.999, 0.0, 1.0]).contains("add up to 9.99e-1"));
}

#[test]
fn a_negative_variance_is_refused_by_name() {
    let mixture = Mixture::new(&[1.0], &[0.0], &[1.0]).unwrap();
    let refusal = |buffer: [f64; 5]| Moments::from_buffer(&mixture, &buffer).unwrap_err().to_string();
    let expected = "moments give feature 0 of component 0 a negative variance; \
                    pass moments that were computed from samples, or a sum of such moments";
    // The squares of two samples with mean 5 add up to at least 50.
    for second in [-1.0, 0.0, 49.0] {
        assert_eq!(refusal([2.0, 0.0, 2.0, 10.0, second]), expected);
    }
    assert!(Moments::from_buffer(&mixture, &[2.0, 0.0, 2.0, 10.0, 50.0]).is_ok());
}

/// Samples of any scale, far from the means, with weights of any size, in pieces that are added in any order.
#[test]
fn moments_of_samples_always_pass_the_consistency_checks() {
    fn check<T: Real>(scale: f64, weight: f64) {
        for covariance_type in CovarianceType::ALL {
            let mixture = mixture(covariance_type);
            let rows: Vec<T> =
                (0..2000).map(|at| T::from_f64(scale * (1.0 + ((at * 7919) % 997) as f64 * 1e-6))).collect();
            let weights: Vec<f64> = (0..1000).map(|row| weight * (1.0 + (row % 3) as f64)).collect();
            let mut sum = vec![0.0; Moments::buffer_len(&mixture)];
            // The last piece first.
            for piece in (0..4).rev() {
                let samples = Samples::from_rows(&rows[500 * piece..][..500], 250, 2).unwrap();
                let samples = samples.with_weights(&weights[250 * piece..][..250]).unwrap();
                let moments = Moments::of(&samples, &mixture, &Threads::one()).unwrap().to_buffer();
                sum.iter_mut().zip(&moments).for_each(|(sum, part)| *sum += part);
                let checked = Moments::from_buffer(&mixture, &sum);
                assert!(checked.is_ok(), "{covariance_type} {scale:e} {weight:e}: {checked:?}");
            }
            let faded: Vec<f64> = sum.iter().map(|value| value * 1e-3).collect();
            assert!(Moments::from_buffer(&mixture, &faded).is_ok(), "{covariance_type} {scale:e} {weight:e}");
        }
    }
    for scale in [0.0, 1e-160, 1e-20, 1.0, 1e6, 1e17] {
        for weight in [5e-324, 1e-310, 1e-300, 1.0, 1e250] {
            check::<f32>(scale, weight);
            check::<f64>(scale, weight);
        }
    }
    check::<f64>(1e140, 1.0);
}

/// The square of the distance overflows, so the moments were not finite.
#[test]
fn moments_of_a_sample_that_is_infinitely_far_are_refused_by_name() {
    let tiny = [1e-234, 0.0, 0.0, 0.0, 1e-234, 0.0, 0.0, 0.0, 1e-234];
    let mixture = Mixture::new(&[1.0], &[0.0; 3], &tiny).unwrap();
    let samples = Samples::from_rows(&[1e226, 0.0, 1.0], 1, 3).unwrap();
    let refused = Moments::of(&samples, &mixture, &Threads::one());
    assert_eq!(refused, Err(Error::OutOfRange { what: "a moment", component: 0, real: "f64" }));
}
