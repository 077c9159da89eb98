//! The report of a fit: the data, the end of the fit, the criteria, the components, and repairs.

use std::collections::BTreeMap;
use std::path::Path;

use gmm_core::{CovarianceType, Criteria, Diagnosis, Fit, Mixture, Repair, Stop};

use crate::args::{counted, listed, shown};
use crate::fitting::{Fitting, feature};
use crate::messages;
use crate::number::{criterion, rounded, rounded_alike};

/// Largest number of repairs in a report, and of feature names in a line.
const MAX_LISTED: usize = 10;

/// A fit, and the facts for its report.
pub struct Report<'a> {
    pub data: &'a Path,
    /// None if the model is not written.
    pub output: Option<&'a Path>,
    pub fitting: &'a Fitting,
    pub fitted: &'a Fit,
    pub n_rows: usize,
    pub names: Option<&'a [String]>,
    /// Notes of the reader: decisions made and lines skipped.
    pub notes: &'a [String],
    /// The total weight of the rows, and the criteria of the mixture.
    pub criteria: Option<(f64, Criteria)>,
}

impl Report<'_> {
    /// The whole report: facts, components, and notes if there are any.
    pub fn text(&self) -> String {
        let (fitting, fitted) = (self.fitting, self.fitted);
        let stopped = fitting.stopped(&fitted.stop, self.names);
        let mut facts = vec![("read", self.read())];
        facts.extend(self.notes.iter().map(|note| ("", note.clone())));
        facts.push(("iterations", format!("{}, {stopped}", fitted.n_iter)));
        if fitting.n_init > 1 {
            facts.push(("restart", format!("{} of {} was best", fitted.restart + 1, fitting.n_init)));
        }
        if fitted.n_swaps > 0 {
            facts.push(("swaps", format!("{} raised the bound", counted(fitted.n_swaps, "swap"))));
        }
        facts.push(("lower bound", format!("{} nats per sample", rounded(fitted.lower_bound()))));
        if let Some((count, criteria)) = &self.criteria {
            let mean = rounded(criteria.log_likelihood / count);
            facts.extend([
                ("log-likelihood", format!("{mean} nats per sample")),
                ("AIC", criterion(criteria.aic)),
                ("BIC", criterion(criteria.bic)),
                ("ICL", criterion(criteria.icl)),
            ]);
        }
        if let Some(path) = self.output {
            let partial = match fitted.stop {
                Stop::Cancelled | Stop::OutOfTime => ", a partial result",
                _ => "",
            };
            facts.push(("model", format!("{}{partial}", path.display())));
        }
        let mut text =
            format!("{}\n{}", messages::facts(&facts), components(&fitted.mixture, &fitted.diagnosis));
        let notes = notes(fitted, self.names);
        if !notes.is_empty() {
            text.push('\n');
            notes.iter().for_each(|note| text += &format!("  {note}\n"));
        }
        text
    }

    fn read(&self) -> String {
        let rows = counted(self.n_rows, "row");
        let features = counted(self.fitted.mixture.n_features(), "feature");
        let weighed = match &self.criteria {
            Some((count, _)) if *count != self.n_rows as f64 => {
                format!(" with a total weight of {}", amount(*count))
            }
            _ => String::new(),
        };
        format!("{rows} x {features} from {}{weighed}", shown(self.data))
    }
}

/// A total weight; whole numbers without decimals.
fn amount(count: f64) -> String {
    if count.fract() == 0.0 && count < 1e15 { format!("{count:.0}") } else { rounded(count) }
}

/// A table with one line for each component.
fn components(mixture: &Mixture, diagnosis: &Diagnosis) -> String {
    let weights = rounded_alike(mixture.weights());
    let mut rows = vec![["component", "weight", "samples", "condition", "ridge"].map(String::from).to_vec()];
    for (component, (weight, of)) in weights.into_iter().zip(&diagnosis.components).enumerate() {
        let count = of.effective_count;
        let count = if count < 1e12 { format!("{count:.1}") } else { rounded(count) };
        let mut row =
            vec![component.to_string(), weight, count, magnitude(of.condition), magnitude(of.ridge)];
        if mixture.dropped().contains(&component) {
            row.push("dropped: it lost every sample; use fewer components (-k)".into());
        }
        rows.push(row);
    }
    messages::table(&rows)
}

/// Two significant digits with an exponent; moderate numbers as whole numbers.
fn magnitude(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if (1.0..1e4).contains(&value) => format!("{value:.0}"),
        value => format!("{value:.1e}").replace(".0e", "e"),
    }
}

/// Repairs in words, and features whose variance is hardly more than the ridge.
fn notes(fitted: &Fit, names: Option<&[String]>) -> Vec<String> {
    let diagnosis = &fitted.diagnosis;
    let tied = fitted.mixture.covariances().covariance_type() == CovarianceType::Tied;
    let mut notes = Vec::new();
    for (at, repair) in diagnosis.repairs.iter().enumerate() {
        match *repair {
            Repair::Reseeded { iteration, component, from } => notes.push(format!(
                "component {component} was re-seeded from component {from} in iteration {iteration}"
            )),
            Repair::RaisedRidge { iteration, component, ridge } => {
                let again = |other: &Repair| matches!(other, Repair::RaisedRidge { component: of, .. } if *of == component);
                // Of several ridges of one covariance only the last is reported.
                if diagnosis.repairs[at + 1..].iter().any(again) {
                    continue;
                }
                let whose = if tied {
                    "the shared covariance".into()
                } else {
                    format!("covariance of component {component}")
                };
                let when = match iteration {
                    0 => "at the start".into(),
                    iteration => format!("in iteration {iteration}"),
                };
                notes.push(format!("{whose} needed a ridge of {} {when}", magnitude(ridge)));
            }
            _ => notes.push(format!("repaired: {repair:?}")),
        }
    }
    let more = notes.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        notes.truncate(MAX_LISTED);
        notes.push(format!("and {}", counted(more, "more repair")));
    }
    // Components whose lists of such features are equal share a line.
    let mut held: BTreeMap<&[usize], Vec<String>> = BTreeMap::new();
    for (component, of) in diagnosis.components.iter().enumerate() {
        if !of.held_by_ridge.is_empty() {
            held.entry(&of.held_by_ridge).or_default().push(component.to_string());
        }
    }
    for (features, components) in held {
        let whose = match components.len() {
            1 => format!("component {}", components[0]),
            n if n == diagnosis.components.len() => "every component".into(),
            _ => format!("components {}", listed(&components)),
        };
        let mut listed_features: Vec<String> =
            features.iter().take(MAX_LISTED).map(|&at| feature(at, names)).collect();
        if features.len() > MAX_LISTED {
            listed_features.push(format!("{} more", features.len() - MAX_LISTED));
        }
        let noun = if features.len() == 1 { "feature" } else { "features" };
        notes.push(format!(
            "{whose}: hardly any variance beyond the ridge in {noun} {}; constant, or a combination of other features",
            listed(&listed_features)
        ));
    }
    notes
}
