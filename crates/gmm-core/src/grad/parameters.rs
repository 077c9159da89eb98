//! Gradients of parameters, from the moments of a pass over the samples.
//!
//! ```text
//! n = Σ w      a = Σ w δ      B = Σ w δ δᵀ      X = L⁻¹ B L⁻ᵀ  ( = Σ w y yᵀ )
//! dφ = −n / φ      dμ = −L⁻ᵀ L⁻¹ a      dL = −tril(L⁻ᵀ X)      d ln det = n / 2
//! dΣ = ½ L⁻ᵀ (n I − X) L⁻¹ − c diag(1 / Σⱼⱼ²)
//! ```

use super::linear::{times_vector, transposed_times, transposed_times_vector, unwhitened, whitened};
use crate::blocks::Threads;
use crate::mixture::{Mixture, mirror};
use crate::moments::Moments;

/// `(n, a, B)` of one component about its mean, with the factors applied; B is symmetric.
pub(super) struct Sums {
    pub(super) weight: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

/// The sums of every component.
pub(super) fn sums_about_means(
    moments: &[(Moments, f64)],
    mixture: &Mixture,
    threads: &Threads,
) -> Vec<Sums> {
    let (k, d) = (mixture.n_components(), mixture.n_features());
    let of_one = |component: usize| {
        let range = component * d..(component + 1) * d;
        let mean = &mixture.means()[range.clone()];
        let mut out = Sums { weight: 0.0, first: vec![0.0; d], second: vec![0.0; d * d] };
        for (moments, scale) in moments {
            let (weight, first, second) =
                moments.components().nth(component).expect("one of every component");
            let references = moments.references()[range.clone()].iter();
            // With e = c − μ:  a + n e  and  B + a eᵀ + e aᵀ + n e eᵀ.
            let e: Vec<f64> = references.zip(mean).map(|(reference, mean)| reference - mean).collect();
            out.weight += scale * weight;
            for i in 0..d {
                out.first[i] += scale * (first[i] + weight * e[i]);
                let row = out.second[i * d..][..=i].iter_mut().zip(&second[i * d..]);
                for ((out, second), (first_j, e_j)) in row.zip(first.iter().zip(&e)) {
                    let moved = first[i] * e_j + e[i] * first_j + weight * e[i] * e_j;
                    *out += scale * (second + moved);
                }
            }
        }
        mirror(&mut out.second, d);
        out
    };
    let mut all = Vec::with_capacity(k);
    threads.map_in_order((0..k).collect(), moments.len() * k * d * d, of_one, |sums| all.push(sums));
    all
}

/// Which of the larger gradients to compute.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Requested {
    pub(super) covariances: bool,
    pub(super) factors: bool,
}

/// Gradients with respect to parameters, in double: k, k × d, k × d × d, k × d × d and k values. A gradient that was
/// not requested is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct OfParameters {
    pub(super) weights: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) covariances: Vec<f64>,
    pub(super) factors: Vec<f64>,
    pub(super) log_dets: Vec<f64>,
}

/// The gradients of one component, except that of its weight.
struct OfComponent {
    mean: Vec<f64>,
    covariance: Vec<f64>,
    factor: Vec<f64>,
}

/// Gradients of `Σₙ eₙ Eₙ + c cov_diag`.
pub(super) fn of_parameters(
    mixture: &Mixture,
    inverses: &[f64],
    sums: &[Sums],
    cov_diag: f64,
    requested: Requested,
    threads: &Threads,
) -> OfParameters {
    let (k, d) = (mixture.n_components(), mixture.n_features());
    let mut out = OfParameters::default();
    for (sums, &weight) in sums.iter().zip(mixture.weights()) {
        // A component of weight 0 has no responsibilities.
        out.weights.push(if weight == 0.0 { 0.0 } else { -sums.weight / weight });
        out.log_dets.push(0.5 * sums.weight);
    }
    threads.map_in_order(
        (0..k).collect(),
        k * 2 * d * d * d,
        |component: usize| {
            let inverse = &inverses[component * d * d..][..d * d];
            let penalty = if mixture.dropped().contains(&component) { 0.0 } else { cov_diag };
            let variances = mixture.covariances().variances(component);
            of_component(inverse, &sums[component], penalty, &variances, requested)
        },
        |of_component| {
            out.means.extend(of_component.mean);
            out.covariances.extend(of_component.covariance);
            out.factors.extend(of_component.factor);
        },
    );
    out
}

fn of_component(
    inverse: &[f64],
    sums: &Sums,
    cov_diag: f64,
    variances: &[f64],
    requested: Requested,
) -> OfComponent {
    let d = variances.len();
    let mut mean = transposed_times_vector(inverse, &times_vector(inverse, &sums.first));
    mean.iter_mut().for_each(|value| *value = -*value);
    let (mut covariance, mut factor) = (Vec::new(), Vec::new());
    let has_part = sums.weight != 0.0 || sums.second.iter().any(|&value| value != 0.0);
    let mut x = if has_part && (requested.covariances || requested.factors) {
        whitened(inverse, &sums.second, d)
    } else {
        vec![0.0; d * d]
    };
    if requested.factors {
        factor = transposed_times(inverse, &x, d);
        for (index, value) in factor.iter_mut().enumerate() {
            *value = if index % d > index / d { 0.0 } else { -*value };
        }
    }
    if requested.covariances {
        x.iter_mut().for_each(|value| *value *= -0.5);
        x.iter_mut().step_by(d + 1).for_each(|value| *value += 0.5 * sums.weight);
        covariance = if has_part { unwhitened(inverse, &x, d) } else { x };
        if cov_diag != 0.0 {
            for (value, variance) in covariance.iter_mut().step_by(d + 1).zip(variances) {
                *value -= cov_diag / (variance * variance);
            }
        }
    }
    OfComponent { mean, covariance, factor }
}
