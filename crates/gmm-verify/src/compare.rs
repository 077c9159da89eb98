//! The comparison that every test of numerical results uses.
//!
//! ```text
//! |got − want| ≤ atol + rtol · scale + smallest subnormal of the type
//! ```
//!
//! An infinity equals only the infinity of the same sign. A NaN in either array is a failure. The result is the largest
//! `|got − want| / allowed`, so that a test can also report how much room was left, or a message about the first
//! element outside the tolerance.

use crate::budget::{Dtype, Scale, Tolerance};
use crate::golden::Case;
use crate::golden_em::EmCase;

/// The names of the compared array and its case, for the message of a failure.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The golden case or the law.
    pub case: &'a str,
    /// The array or quantity.
    pub array: &'a str,
    /// The type that it was computed in.
    pub dtype: Dtype,
}

/// Deviations `√(cov_k,ii + eps)` (k × d), which scaled tolerances are relative to.
///
/// They contain the ridge. With it `cov` of `scale_1e-10` uses 7e-16 of the tolerance of the index, as the index itself
/// records; without it a fifteenth.
#[derive(Clone, Debug)]
pub struct Deviations {
    d: usize,
    values: Vec<f64>,
}

impl Deviations {
    /// The deviations of `cov` (k × d × d) with the ridge `eps`.
    pub fn new(cov: &[f64], d: usize, eps: f64) -> Deviations {
        let diagonals = cov.chunks_exact(d * d).flat_map(|matrix| matrix.iter().step_by(d + 1));
        Deviations { d, values: diagonals.map(|variance| (variance + eps).sqrt()).collect() }
    }

    /// The deviation of feature `i` in component `component`.
    fn at(&self, component: usize, i: usize) -> f64 {
        self.values[component * self.d + i]
    }
}

/// The largest `|got − want| / allowed`, or a message naming the first element that exceeds it.
///
/// `deviations` may be absent if the tolerance's scale does not need them. With [`Scale::SqrtSii`] the arrays may be
/// k × d or k × d × d, which follows from their length.
pub fn compare(
    site: Site<'_>,
    got: &[f64],
    want: &[f64],
    tolerance: Tolerance,
    deviations: Option<&Deviations>,
) -> Result<f64, String> {
    let Site { case, array, dtype } = site;
    let place = format!("{case}: {array} ({})", dtype.name());
    if got.len() != want.len() {
        return Err(format!("{place}: got {} values, want {}", got.len(), want.len()));
    }
    let largest = want.iter().filter(|w| w.is_finite()).fold(0.0, |max: f64, w| max.max(w.abs()));
    let deviations = || deviations.unwrap_or_else(|| panic!("{place}: its scale needs deviations"));
    let scale_at = |index: usize| match tolerance.scale {
        Scale::None => want[index].abs(),
        Scale::MaxNorm => largest,
        Scale::SqrtSiiSjj => {
            let (s, [component, i, j]) = (deviations(), matrix_place(index, deviations().d));
            s.at(component, i) * s.at(component, j)
        }
        Scale::SqrtSii if want.len() == deviations().values.len() => deviations().values[index],
        Scale::SqrtSii => {
            let [component, i, _] = matrix_place(index, deviations().d);
            deviations().at(component, i)
        }
        Scale::ValueAndSqrtSii => want[index].abs() + deviations().values[index],
    };

    let mut worst: f64 = 0.0;
    for (index, (&g, &w)) in got.iter().zip(want).enumerate() {
        if w.is_nan() {
            return Err(format!("{place}[{index}]: NaN is not an expectation"));
        }
        // Equal infinities are skipped here too: their difference would be NaN.
        if g == w {
            continue;
        }
        let allowed = tolerance.atol + tolerance.rtol * scale_at(index) + dtype.smallest();
        let difference = (g - w).abs();
        // With this form of the condition NaN fails, and so does a finite number compared with an infinity.
        if !(difference <= allowed && difference.is_finite()) {
            return Err(format!(
                "{place}[{index}]: got {g:e}, want {w:e}, difference {difference:e}, allowed {allowed:e}"
            ));
        }
        worst = worst.max(difference / allowed);
    }
    Ok(worst)
}

/// `[component, i, j]` of an index into k × d × d.
fn matrix_place(index: usize, d: usize) -> [usize; 3] {
    [index / (d * d), index / d % d, index % d]
}

/// Compares `got` with `ref.<quantity>` of a golden case, under the tolerance of its index.
///
/// `Ok(None)` if the index has no tolerance: the quantity is unstable, or out of the range of `dtype`.
pub fn compare_case(case: &Case, quantity: &str, dtype: Dtype, got: &[f64]) -> Result<Option<f64>, String> {
    let Some(tolerance) = case.tolerance(dtype, quantity) else { return Ok(None) };
    let site = Site { case: &case.name, array: quantity, dtype };
    let deviations = Deviations::new(case.covariances(), case.d, case.eps);
    let want = case.array(&format!("ref.{quantity}"));
    compare(site, got, want, tolerance, Some(&deviations)).map(Some)
}

/// Compares `got` with the array `name` of a golden fit: `max |got − want| ≤ tol · max |want|`.
///
/// An array without a tolerance (`lower_bounds`, `labels`, `n_iter`, …) takes that of the array
/// named by `like`, or must be equal if that is `None`.
pub fn compare_em(case: &EmCase, name: &str, like: Option<&str>, got: &[f64]) -> Result<f64, String> {
    let own = case.tolerances.get(name).or_else(|| case.tolerances.get(like?));
    let rtol = own.copied().unwrap_or(0.0);
    let tolerance = Tolerance { rtol, atol: 0.0, scale: Scale::MaxNorm };
    let site = Site { case: &case.name, array: name, dtype: Dtype::F64 };
    compare(site, got, case.array(name), tolerance, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: Site<'_> = Site { case: "a case", array: "mu", dtype: Dtype::F64 };

    fn check(got: &[f64], want: &[f64], rtol: f64, atol: f64, scale: Scale) -> Result<f64, String> {
        // Two components of two features with deviations 1, 2 and 3, 4.
        let cov = [1.0, 0.0, 0.0, 4.0, 9.0, 0.0, 0.0, 16.0];
        let deviations = Deviations::new(&cov, 2, 0.0);
        compare(SITE, got, want, Tolerance { rtol, atol, scale }, Some(&deviations))
    }

    #[test]
    fn the_result_is_the_part_of_the_tolerance_that_was_used() {
        let share = check(&[2.0, 4.5], &[2.0, 4.0], 0.0, 2.0, Scale::None).unwrap();
        assert_eq!(share, 0.25);
        assert_eq!(check(&[1.0], &[1.0], 0.0, 0.0, Scale::None), Ok(0.0));
    }

    #[test]
    fn each_scale_has_its_documented_value() {
        let zeros = [0.0; 8];
        let room = |scale, index: usize, want: &[f64]| {
            let mut got = want.to_vec();
            got[index] += 1.0;
            1.0 / check(&got, want, 1e3, 0.0, scale).unwrap() / 1e3
        };
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-12, "{got} {want}");
        close(room(Scale::SqrtSiiSjj, 1, &zeros), 1.0 * 2.0);
        close(room(Scale::SqrtSiiSjj, 6, &zeros), 4.0 * 3.0);
        close(room(Scale::SqrtSii, 6, &zeros), 4.0);
        close(room(Scale::SqrtSii, 2, &zeros[..4]), 3.0);
        close(room(Scale::ValueAndSqrtSii, 1, &[0.0, 5.0, 0.0, 0.0]), 7.0);
        close(room(Scale::None, 1, &[0.0, -5.0]), 5.0);
        close(room(Scale::MaxNorm, 0, &[0.5, -5.0, f64::INFINITY]), 5.0);
    }

    #[test]
    fn infinities_equal_themselves_and_nothing_else() {
        let inf = f64::INFINITY;
        assert!(check(&[inf, -inf], &[inf, -inf], 0.0, 0.0, Scale::None).is_ok());
        for (got, want) in [(inf, -inf), (inf, 1.0), (1.0, inf)] {
            assert!(check(&[got], &[want], 1.0, 1.0, Scale::None).is_err(), "{got} {want}");
        }
    }

    #[test]
    fn nan_is_never_right() {
        for (got, want) in [(f64::NAN, 1.0), (f64::NAN, f64::NAN), (1.0, f64::NAN), (f64::NAN, f64::INFINITY)]
        {
            assert!(check(&[got], &[want], 1.0, f64::INFINITY, Scale::None).is_err(), "{got} {want}");
        }
    }

    #[test]
    fn the_message_has_case_array_index_values_and_difference() {
        let message = check(&[1.0, 2.5], &[1.0, 2.0], 0.0, 0.125, Scale::None).unwrap_err();
        for part in ["a case", "mu", "f64", "[1]", "2.5e0", "2e0", "1.25e-1"] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(check(&[1.0], &[1.0, 2.0], 0.0, 0.0, Scale::None).unwrap_err().contains("got 1 values"));
    }
}
