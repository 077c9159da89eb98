//! What a fit has to say about its components: how much supports them, and what had to be mended.

use crate::em::split::Split;
use crate::mixture::{Mixture, Raise};

/// A pivot of at most so many ridges is held up by nothing else: of two equal features the second has two, and the
/// sum of two others three.
const HELD: f64 = 4.0;

/// One component of a fitted mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentDiagnosis {
    /// How many samples belong to it, in parts: `Sₖ`.
    pub effective_count: f64,
    /// The condition number of its covariance is at least this: the largest squared pivot of its factor over
    /// the smallest. Of diagonal and spherical covariances it is that number.
    pub condition: f64,
    /// What was added to its variances in the last iteration.
    pub ridge: f64,
    /// Features with hardly any variance but the ridge, when those before them are known: constants,
    /// duplicates, sums of others, or more features than samples.
    pub held_by_ridge: Vec<usize>,
}

/// What a fit did so that it could go on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Repair {
    /// A covariance had no factor and got a larger ridge than was asked for.
    RaisedRidge {
        /// In which iteration, from 1; 0 at the start.
        iteration: usize,
        /// Which component; 0 when all share one matrix.
        component: usize,
        /// The ridge.
        ridge: f64,
    },
    /// A component lost its samples and got half of those of another.
    Reseeded {
        /// In which iteration, from 1.
        iteration: usize,
        /// Which component.
        component: usize,
        /// Whose samples it shares.
        from: usize,
    },
}

/// The state of the winner of a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// k.
    pub components: Vec<ComponentDiagnosis>,
    /// In the order in which they were made.
    pub repairs: Vec<Repair>,
}

impl Diagnosis {
    /// `count` is what all samples count; `base` the ridge that every variance has.
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
                    // Nothing of an infinite count is nothing.
                    effective_count: if weight == 0.0 { 0.0 } else { count * weight / total },
                    // At least this, were the quotient beyond the numbers.
                    condition: (most / least).min(f64::MAX),
                    ridge,
                    held_by_ridge: (0..pivots.len()).filter(held).collect(),
                }
            })
            .collect();
        Diagnosis { components, repairs: repairs.all }
    }
}

/// The repairs of a run, as it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repairs {
    all: Vec<Repair>,
    /// Those ridges of the last M-step.
    last: Vec<Raise>,
}

impl Repairs {
    /// Notes what an M-step had to raise. The same ridge iteration after iteration is noted once.
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
