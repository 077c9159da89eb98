//! A mixture in the form that the kernels read, packed once for all calls.

use std::any::Any;
use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use gmm_kernels::LogWeightedNormalizers;
use once_cell::race::OnceBox;

use crate::mixture::covariance::{Covariances, Whiteners};
use crate::real::Real;

/// The parameters that scoring reads, for samples of one type.
pub(crate) struct Packed<T> {
    pub(crate) whiteners: Whiteners<T>,
    /// Whether all values of the whiteners are in the range of `T`.
    pub(crate) fits: bool,
    /// `ln φₖ − ½ (d ln 2π + ln det Σₖ)`; −∞ for an absent component.
    pub(crate) log_weighted_normalizers: LogWeightedNormalizers<T>,
    /// `−½ (d ln 2π + ln det Σₖ)` (k): the logarithm of each density where it is largest.
    pub(crate) log_normalizers: Vec<f64>,
    /// The weighted and the unweighted normalizers in `T`, relative to the largest weighted one: pruning compares them.
    pub(crate) relative: [Vec<T>; 2],
    /// `ln φₖ − ln Σ φ` (k): the responsibilities of a sample that is infinitely far from everything.
    pub(crate) log_weights: Vec<f64>,
}

impl<T: Real> Packed<T> {
    /// Cost: `k d²` steps and memory for half the covariances in `T`; `d²` for tied covariances and `k d` for diagonal
    /// ones.
    pub(crate) fn new(weights: &[f64], means: &[f64], covariances: &Covariances) -> Self {
        let d = means.len() / weights.len();
        let whiteners = covariances.whiteners(means);
        let sum: f64 = weights.iter().sum();
        let log_normalizer = |log_det: &f64| -0.5 * (d as f64 * TAU.ln() + log_det);
        let log_normalizers: Vec<f64> = covariances.log_dets().iter().map(log_normalizer).collect();
        let weighted: Vec<f64> = weights
            .iter()
            .zip(&log_normalizers)
            .map(|(weight, log_normalizer)| weight.ln() + log_normalizer)
            .collect();
        let highest = weighted.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Packed {
            fits: whiteners.fits(),
            whiteners,
            relative: [&weighted, &log_normalizers]
                .map(|values| values.iter().map(|value| T::from_f64(value - highest)).collect()),
            log_weighted_normalizers: LogWeightedNormalizers::new(&weighted),
            log_normalizers,
            log_weights: weights.iter().map(|weight| (weight / sum).ln()).collect(),
        }
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.whiteners.n_features()
    }
}

/// The packed parameters of a mixture for each sample type, made by the first call that scores a sample of that type.
/// They are kept because a call with few samples would spend most of its time on packing. Clones of the mixture share
/// them; equality ignores them.
#[derive(Clone, Default)]
pub(crate) struct PackedOnce(Arc<Slots>);

#[derive(Default)]
struct Slots {
    single: OnceBox<Packed<f32>>,
    double: OnceBox<Packed<f64>>,
}

impl PackedOnce {
    pub(crate) fn get_or_pack<T: Real>(&self, pack: impl FnOnce() -> Packed<T>) -> &Packed<T> {
        let slots: [&dyn Any; 2] = [&self.0.single, &self.0.double];
        let slot = slots.into_iter().find_map(|slot| slot.downcast_ref::<OnceBox<Packed<T>>>());
        let slot = slot.expect("a sample type is f32 or f64");
        // No lock: a child that is forked while another thread packs would wait for ever. Several threads may pack at
        // the same time; the result of one of them is kept.
        slot.get_or_init(|| Box::new(pack()))
    }
}

impl PartialEq for PackedOnce {
    fn eq(&self, _: &PackedOnce) -> bool {
        true
    }
}

impl fmt::Debug for PackedOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedOnce").finish_non_exhaustive()
    }
}
