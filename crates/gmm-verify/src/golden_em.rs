//! The golden fits: scikit-learn's `GaussianMixture` from given starts, case by case.
//!
//! Parameters, the lower bound of every iteration, scores and criteria; log-densities and
//! responsibilities of the first [`EmCase::n_rows`] samples only. Panics as `golden.rs` does.

use crate::index::{Array, Entry, values_of};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The covariance type of a fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CovarianceType {
    /// `covariances` is k × d × d.
    Full,
    /// `covariances` is d × d.
    Tied,
    /// `covariances` is k × d.
    Diag,
    /// `covariances` is k.
    Spherical,
}

/// A case of `em_index.json`: a fit from `weights_init`, `means_init`, `precisions_init`.
#[derive(Clone, Debug)]
pub struct EmCase {
    /// The name in the index.
    pub name: String,
    /// The name of the data set.
    pub data: String,
    /// The data set (n × d), shared by its cases.
    pub samples: Arc<[f64]>,
    /// Samples.
    pub n: usize,
    /// Features.
    pub d: usize,
    /// Components.
    pub k: usize,
    /// The covariance type; it determines the shape of `covariances` and of both kinds of precisions.
    pub covariance_type: CovarianceType,
    /// The change of the lower bound at which the fit stops.
    pub tol: f64,
    /// Added to the diagonal; the returned covariances contain it.
    pub reg_covar: f64,
    /// The most iterations.
    pub max_iter: usize,
    /// The number of iterations of the fit.
    pub n_iter: usize,
    /// Whether the change fell below `tol`.
    pub converged: bool,
    /// Whether `n_iter` does not depend on rounding: only the last change was near `tol`.
    pub n_iter_stable: bool,
    /// For each array, the allowed difference relative to its largest value.
    pub tolerances: BTreeMap<String, f64>,
    /// Starts and results by name, without prefix.
    pub arrays: BTreeMap<String, Array>,
}

impl EmCase {
    /// The values of the array `name` (`weights_init`, `means`, …); panics if the case has none.
    pub fn array(&self, name: &str) -> &[f64] {
        values_of(&self.arrays, &self.name, name)
    }

    /// The number of samples, from the first on, that `proba_rows` and `score_samples_rows` cover.
    pub fn n_rows(&self) -> usize {
        self.array("score_samples_rows").len()
    }
}

/// Samples and their shape (n, d).
type DataSet = (Arc<[f64]>, [usize; 2]);

fn data_set(dir: &Path, entry: &Entry) -> DataSet {
    let shape = <[usize; 2]>::try_from(entry.shape());
    let [n, d] = shape.unwrap_or_else(|shape| panic!("{}: shape {shape:?} is not n × d", entry.place));
    let samples = entry.numbers(dir);
    assert_eq!(samples.len(), n * d, "{}: shape and file differ", entry.place);
    (samples.into(), [n, d])
}

/// The fits of `dir/em_index.json`, in its order.
pub fn load(dir: &Path) -> Vec<EmCase> {
    let index = Entry::of_file(dir, "em_index.json");
    let data = index.get("data").fields().into_iter().map(|(name, entry)| (name, data_set(dir, &entry)));
    let data = data.collect();
    index.get("cases").list().iter().map(|entry| em_case(dir, entry, &data)).collect()
}

fn em_case(dir: &Path, entry: &Entry, data: &BTreeMap<String, DataSet>) -> EmCase {
    let data_name = entry.get("data").text();
    let (samples, [n, d]) =
        data.get(&data_name).unwrap_or_else(|| panic!("{}: no data {data_name}", entry.place));
    EmCase {
        name: entry.get("name").text(),
        samples: Arc::clone(samples),
        n: *n,
        d: *d,
        k: entry.get("K").count(),
        covariance_type: match entry.get("covariance_type").text().as_str() {
            "full" => CovarianceType::Full,
            "tied" => CovarianceType::Tied,
            "diag" => CovarianceType::Diag,
            "spherical" => CovarianceType::Spherical,
            other => panic!("{}: covariance_type {other}", entry.place),
        },
        tol: entry.get("tol").number(),
        reg_covar: entry.get("reg_covar").number(),
        max_iter: entry.get("max_iter").count(),
        n_iter: entry.get("n_iter").count(),
        converged: entry.get("converged").flag(),
        n_iter_stable: entry.get("n_iter_stable").flag(),
        tolerances: entry
            .get("tol_max_norm_relative")
            .fields()
            .into_iter()
            .map(|(name, row)| (name, row.number()))
            .collect(),
        arrays: entry.arrays(dir),
        data: data_name,
    }
}
