//! What a fit reports about each component: the samples that support it, and the repairs.

use crate::em::split::Split;
use crate::mixture::{Mixture, Raise};

/// A pivot of at most this many ridges comes from the ridge alone: the second of two equal features has a pivot of two
/// ridges, and a feature that is the sum of two others has one of three.
const HELD: f64 = 4.0;

/// One component of a fitted mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentDiagnosis {
    /// How many samples belong to it, counted by responsibility: `Sₖ`.
    pub effective_count: f64,
    /// A lower bound of the condition number of its covariance: the largest squared pivot of its factor over the
    /// smallest. For diagonal and spherical covariances it is the condition number.
    pub condition: f64,
    /// The ridge that was added to its variances in the last iteration.
    pub ridge: f64,
    /// Features that have hardly any variance but the ridge, given the features before them: constants,
    /// duplicates, sums of others, or more features than samples.
    pub held_by_ridge: Vec<usize>,
}

/// A repair: what a fit changed so that it could go on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Repair {
    /// A covariance could not be factored and got a larger ridge than requested.
    RaisedRidge {
        /// In which iteration, from 1; 0 for the start.
        iteration: usize,
        /// Which component; 0 when all share one matrix.
        component: usize,
        /// The ridge that it got.
        ridge: f64,
    },
    /// A component lost its samples and got half of those of another.
    Reseeded {
        /// In which iteration, from 1.
        iteration: usize,
        /// Which component.
        component: usize,
        /// Which component the samples came from.
        from: usize,
    },
}

/// The state of the mixture that a fit returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// k.
    /// One for each component (k).
    pub components: Vec<ComponentDiagnosis>,
    /// The repairs, in the order in which they were made.
    pub repairs: Vec<Repair>,
}

impl Diagnosis {
    /// `count` is the total weight of the samples; `base` is the ridge that every variance has.
    pub(crate) fn new(mixture: &Mixture, count: f64, base: f64, repairs: Repairs) -> Self {
        let total: f64 = mixture.weights().iter().sum();
        let components = (0..mixture.n_components())
            .map(|component| {
                let pivots = mixture.covariances().pivots(component);
                let most = pivots.iter().copied().fold(0.0, f64::max);
                let least = pivots.iter().copied().fold(f64::INFINITY, f64::min);
                let raised = repairs.last.iter().find(|raise| raise.component == component);
                let ridge = raised.map_or(base, |raise| raise.ridge);
                let held = |&feature: &usize| ridge > 0.0 && pivots[feature] <= HELD * ridge;
                let weight = mixture.weights()[component];
                ComponentDiagnosis {
                    // 0 also when the total weight is infinite.
                    effective_count: if weight == 0.0 { 0.0 } else { count * weight / total },
                    // A lower bound, so the largest finite value is correct when the quotient overflows.
                    condition: (most / least).min(f64::MAX),
                    ridge,
                    held_by_ridge: (0..pivots.len()).filter(held).collect(),
                }
            })
            .collect();
        Diagnosis { components, repairs: repairs.all }
    }
}

/// The repairs of a run so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repairs {
    all: Vec<Repair>,
    /// The raised ridges of the last M-step.
    last: Vec<Raise>,
}

impl Repairs {
    /// Notes the ridges that an M-step raised. A ridge that stays the same in the next iterations is noted once.
    pub(crate) fn note_raises(&mut self, iteration: usize, raises: Vec<Raise>) {
        for &raise in &raises {
            let Raise { component, ridge } = raise;
            if !self.last.contains(&raise) {
                self.all.push(Repair::RaisedRidge { iteration, component, ridge });
            }
        }
        self.last = raises;
    }

    /// Notes splits that were kept.
    pub(crate) fn note_splits(&mut self, iteration: usize, splits: &[Split]) {
        let reseeded = |&Split { component, from }: &Split| Repair::Reseeded { iteration, component, from };
        self.all.extend(splits.iter().map(reseeded));
    }
}
