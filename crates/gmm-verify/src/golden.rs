//! The golden values: the index entry of each case, and its arrays.
//!
//! - [`Case`]   — parameters, energies and gradients, computed with 256 bits and rounded to f64
//! - [`EmCase`] — fits of scikit-learn's `GaussianMixture` from given starts
//!
//! Loading panics with the name of the file and the field: a golden value that cannot be read means a broken checkout.
//! Comparisons are in `compare.rs`.

use crate::budget::{Dtype, Scale, Tolerance};
use crate::golden_em;
use crate::index::{Entry, values_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use crate::golden_em::{CovarianceType, EmCase};
pub use crate::index::Array;

/// The folder of the committed golden values.
pub fn golden_dir() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden")).to_path_buf()
}

/// The inputs of a case, and what is to be computed from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Given `in.z` and `in.gamma`: parameters first, then energies under them.
    ParamsAndEnergy,
    /// Given `in.z` and the parameters `in.phi`, `in.mu`, `in.cov`, `in.L`, `in.log_det_cov`: energies under them. Each
    /// array was rounded to float32 independently, so `in.L` is the factor of `in.cov + eps I` only to float32
    /// precision. Energies must be computed from `in.L` and `in.log_det_cov` as given.
    Energy,
}

/// A case of `index.json`.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name in the index.
    pub name: String,
    /// What is given and what is expected.
    pub kind: Kind,
    /// Samples.
    pub n: usize,
    /// Features.
    pub d: usize,
    /// Components.
    pub k: usize,
    /// The ridge, which is contained in `L` and `log_det_cov` but not in `cov`.
    pub eps: f64,
    /// The purpose of the case.
    pub note: String,
    /// The case records results of the reference for input that this library refuses; they are not expected values.
    pub doc_only: bool,
    /// Every input is a float32 number, so f32 results can be compared.
    pub inputs_are_float32: bool,
    /// Quantities that depend on how an exact zero was rounded; they are not compared.
    pub unstable: BTreeSet<String>,
    /// Quantities whose `ref.*` is not finite.
    pub ref_nonfinite: BTreeSet<String>,
    /// Quantities that the float32 reference implementation could not hold.
    pub upstream_nonfinite: BTreeSet<String>,
    /// `in.*`, `ref.*` and `tf32.*` by name.
    pub arrays: BTreeMap<String, Array>,
    tolerances: BTreeMap<(&'static str, String), Tolerance>,
}

impl Case {
    /// The values of the array `name` (`in.z`, `ref.mu`, …); panics if the case has none.
    pub fn array(&self, name: &str) -> &[f64] {
        values_of(&self.arrays, &self.name, name)
    }

    /// The tolerance of `quantity` (`mu`, `sample_energy`, …) in `dtype`. `None` if the index has none: the quantity is
    /// unstable, or out of the range of f32.
    pub fn tolerance(&self, dtype: Dtype, quantity: &str) -> Option<Tolerance> {
        self.tolerances.get(&(dtype.name(), quantity.to_string())).copied()
    }

    /// `cov` of the case (k × d × d), given or expected; [`Scale`] uses its deviations.
    pub fn covariances(&self) -> &[f64] {
        match self.kind {
            Kind::ParamsAndEnergy => self.array("ref.cov"),
            Kind::Energy => self.array("in.cov"),
        }
    }
}

/// The golden cases of `dir/index.json`, in its order.
pub fn golden_cases(dir: &Path) -> Vec<Case> {
    let index = Entry::of_file(dir, "index.json");
    let eps = index.get("eps").number();
    index.get("cases").list().iter().map(|entry| case(dir, entry, eps)).collect()
}

/// The golden fits of `dir/em_index.json`, in its order.
pub fn golden_fits(dir: &Path) -> Vec<EmCase> {
    golden_em::load(dir)
}

fn case(dir: &Path, entry: &Entry, eps: f64) -> Case {
    let kind = match entry.get("kind").text().as_str() {
        "params+energy" => Kind::ParamsAndEnergy,
        "energy" => Kind::Energy,
        other => panic!("{}: kind {other}", entry.place),
    };
    // `doc_only` cases have no `tol`: there is nothing to compare.
    let mut tolerances = BTreeMap::new();
    if let Some(tol) = entry.find("tol") {
        for dtype in [Dtype::F32, Dtype::F64] {
            let rows = tol.get(dtype.name()).fields().into_iter();
            tolerances.extend(rows.map(|(quantity, row)| ((dtype.name(), quantity), tolerance(&row))));
        }
    }
    Case {
        name: entry.get("name").text(),
        kind,
        n: entry.get("N").count(),
        d: entry.get("D").count(),
        k: entry.get("K").count(),
        eps,
        note: entry.get("note").text(),
        doc_only: entry.get("doc_only").flag(),
        inputs_are_float32: entry.get("inputs_are_float32").flag(),
        unstable: entry.get("unstable").texts(),
        ref_nonfinite: entry.get("ref_nonfinite").texts(),
        upstream_nonfinite: entry
            .get("upstream_nonfinite")
            .fields()
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        arrays: entry.arrays(dir),
        tolerances,
    }
}

fn tolerance(row: &Entry) -> Tolerance {
    let scale = match row.find("scale").map(|scale| scale.text()).as_deref() {
        None => Scale::None,
        Some("sqrt_SiiSjj") => Scale::SqrtSiiSjj,
        Some("sqrt_Sii") => Scale::SqrtSii,
        Some(other) => panic!("{}: scale {other}", row.place),
    };
    Tolerance { rtol: row.get("rtol").number(), atol: row.get("atol").number(), scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantities whose value is out of the range of f32, or subnormal in it.
    const WITHOUT_F32_TOLERANCE: [(&str, &[&str]); 3] = [
        ("resp_1e-40", &["g_covdiag_gamma"]),
        ("scale_1e-22", &["cov", "cov_diag", "g_covdiag_gamma", "g_covdiag_z"]),
        ("scale_1e20", &["cov", "cov_diag", "g_covdiag_gamma", "g_covdiag_z", "vjp_cov"]),
    ];

    #[test]
    fn every_stable_value_has_a_tolerance() {
        for case in golden_cases(&golden_dir()).iter().filter(|case| !case.doc_only) {
            let listed = WITHOUT_F32_TOLERANCE.iter().find(|(name, _)| *name == case.name);
            for quantity in case.arrays.keys().filter_map(|name| name.strip_prefix("ref.")) {
                let stable = !case.unstable.contains(quantity);
                let in_f32 = stable && !listed.is_some_and(|(_, without)| without.contains(&quantity));
                let has = |dtype| case.tolerance(dtype, quantity).is_some();
                assert_eq!(has(Dtype::F64), stable, "{} {quantity} f64", case.name);
                assert_eq!(has(Dtype::F32), in_f32, "{} {quantity} f32", case.name);
            }
        }
    }

    #[test]
    fn every_non_finite_array_is_listed() {
        for case in golden_cases(&golden_dir()) {
            for (name, array) in &case.arrays {
                let finite = array.values.iter().all(|value| value.is_finite());
                match name.strip_prefix("ref.") {
                    Some(quantity) => {
                        assert_eq!(!finite, case.ref_nonfinite.contains(quantity), "{} {name}", case.name);
                        assert!(finite || case.doc_only || case.unstable.contains(quantity));
                    }
                    None => assert!(finite || case.doc_only || name.starts_with("tf32."), "{name}"),
                }
            }
        }
    }

    #[test]
    fn every_entry_of_both_indices_is_read() {
        assert_eq!(golden_cases(&golden_dir()).len(), 49);
        let fits = golden_fits(&golden_dir());
        assert_eq!(fits.len(), 4 * 4 * 4, "data sets, structures, kinds of run");
        for fit in &fits {
            assert_eq!(fit.array("means").len(), fit.k * fit.d, "{}", fit.name);
            assert_eq!(fit.array("lower_bounds").len(), fit.n_iter, "{}", fit.name);
            assert!(fit.n_iter_stable && fit.samples.iter().all(|value| value.is_finite()), "{}", fit.name);
        }
    }
}
