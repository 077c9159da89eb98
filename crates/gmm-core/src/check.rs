//! Checks of arguments that more than one room makes: lengths, finite values, signs.
//!
//! A check that only one function needs is next to that function. Each error names the argument in the caller's words
//! and the first invalid position.

use crate::error::{Error, Place, Result};
use crate::real::Real;

/// An output, or an optional input, has as many elements as `shape`. An absent one passes.
pub(crate) fn output(what: &'static str, len: Option<usize>, shape: &[usize]) -> Result<()> {
    let expected = product(shape);
    // An absent argument gets the expected length, so that one comparison serves both cases.
    let len = len.or(expected);
    if len == expected {
        return Ok(());
    }
    Err(Error::shape(what, len.into_iter().collect::<Vec<_>>(), "its rows and columns", shape))
}

/// `len` is the number of elements of `shape`, the shape of `of`.
pub(crate) fn len(what: &'static str, len: usize, of: &'static str, shape: &[usize]) -> Result<()> {
    if product(shape) == Some(len) {
        return Ok(());
    }
    Err(Error::shape(what, [len], of, shape))
}

/// Every value is finite. `place` maps the index of the first value that is not to its position in the argument.
pub(crate) fn finite(what: &'static str, values: &[f64], place: impl Fn(usize) -> Place) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::NotFinite { what, at: place(at), value: values[at] }),
    }
}

/// Every value is finite, and none is negative. `place` maps the index of the first invalid value to its position.
pub(crate) fn non_negative(what: &'static str, values: &[f64], place: impl Fn(usize) -> Place) -> Result<()> {
    for (at, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(Error::NotFinite { what, at: place(at), value });
        }
        if value < 0.0 {
            return Err(Error::Negative { what, at: place(at), value });
        }
    }
    Ok(())
}

/// Every value of a gradient is finite in `T`. `place` maps the index of the first that is not to its position.
pub(crate) fn gradient<T: Real>(
    what: &'static str,
    values: &[f64],
    place: impl Fn(usize) -> Place,
) -> Result<()> {
    match values.iter().position(|&value| !Real::is_finite(T::from_f64(value))) {
        None => Ok(()),
        Some(at) => Err(Error::GradientOutOfRange { what, at: place(at), real: T::NAME }),
    }
}

/// Every covariance is finite; a component has `len` elements. Squares of samples beyond 1e154 are infinite.
pub(crate) fn covariances(values: &[f64], len: usize) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::OutOfRange { what: "covariance", component: at / len, real: "f64" }),
    }
}

/// An option that will be added to a variance is finite and not negative.
pub(crate) fn addend(option: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::option(option, value, "finite and not negative"))
}

/// An option that is a number of things is at least 1.
pub(crate) fn count(option: &'static str, value: usize) -> Result<()> {
    if value == 0 { Err(Error::option(option, value, "at least 1")) } else { Ok(()) }
}

fn product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_that_of_its_shape_or_refused_with_both() {
        assert!(output("energies", None, &[3]).is_ok() && output("energies", Some(3), &[3]).is_ok());
        let refused = output("responsibilities", Some(5), &[2, 3]).unwrap_err().to_string();
        assert_eq!(refused, "responsibilities has shape 5 but its rows and columns has shape 2 x 3");
        let refused = len("ridges", 2, "weights", &[3]).unwrap_err().to_string();
        assert_eq!(refused, "ridges has shape 2 but weights has shape 3");
        assert!(len("means", 0, "weights", &[usize::MAX, 2]).is_err());
    }

    #[test]
    fn the_first_invalid_value_is_reported() {
        let at = |row| Error::Negative { what: "weights", at: Place::Component(row), value: -1.0 };
        assert_eq!(non_negative("weights", &[0.0, -1.0, f64::NAN], Place::Component), Err(at(1)));
        assert!(finite("means", &[0.0, -1.0], Place::Component).is_ok());
        assert!(finite("means", &[0.0, f64::NAN], Place::Component).is_err());
    }
}
