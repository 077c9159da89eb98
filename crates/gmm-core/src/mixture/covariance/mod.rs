//! Covariance types: one file for each, with the same functions in the same order.
//!
//! A type owns the covariances of all components *and* their Cholesky factors and log-determinants, so a matrix is
//! always kept with its factor. The functions: `new` and `from_precisions` (factor, or return the first failure),
//! `from_factors` (check a factor that the caller passed), `maximised` (the M-step), `values`, `ridges`, `cholesky`,
//! `log_dets`, `precisions_cholesky`, `to_full` (the dense equivalent), `whiteners` (the form that the kernels read),
//! `unwhiten`, `copied`, `variances`, `pivots`, `n_parameters`. Outside this folder, code matches on a covariance type
//! only to name it.

mod covariance_type;
mod second_moments;
mod ridge;
mod full;
mod diag;
mod spherical;
mod tied;
mod posterior;

use std::borrow::Cow;

use gmm_kernels::{Diagonal, Whitener};

use crate::blocks::Threads;
use crate::check;
use crate::error::{Error, Place, Result};
use crate::real::Real;

pub use covariance_type::CovarianceType;
pub use diag::Diag;
pub use full::Full;
pub(crate) use posterior::WishartPrior;
pub(crate) use ridge::{Raise, Ridge};
pub(crate) use second_moments::SecondMoments;
pub use spherical::Spherical;
pub use tied::Tied;

/// The covariances of a mixture, their factors and log-determinants.
///
/// ```
/// use gmm_core::{Covariances, Mixture, CovarianceType};
///
/// let diag = Covariances::new(CovarianceType::Diag, &[1.0, 4.0, 9.0, 16.0], 2, 2)?;   // variances (k × d)
/// assert_eq!(diag.cholesky(), [1.0, 2.0, 3.0, 4.0]);                             // deviations (k × d)
/// assert_eq!(diag.to_full().values(), [1.0, 0.0, 0.0, 4.0, 9.0, 0.0, 0.0, 16.0]);
/// let mixture = Mixture::from_covariances(&[0.5, 0.5], &[0.0; 4], diag, &[])?;
/// assert_eq!(mixture.covariances().covariance_type(), CovarianceType::Diag);
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Covariances {
    /// Every component has its own matrix.
    Full(Full),
    /// All components share one matrix.
    Tied(Tied),
    /// Every component has its own variances.
    Diag(Diag),
    /// Every component has one variance.
    Spherical(Spherical),
}

/// The same call on the covariances of each type.
macro_rules! each {
    ($covariances:expr, $covariance_type:ident => $call:expr) => {
        match $covariances {
            Covariances::Full($covariance_type) => $call,
            Covariances::Tied($covariance_type) => $call,
            Covariances::Diag($covariance_type) => $call,
            Covariances::Spherical($covariance_type) => $call,
        }
    };
}

impl CovarianceType {
    /// Turns the covariance of each component (k × d × d, or k × d when [`CovarianceType::is_diagonal`]) into the
    /// values of this type: tied covariances are the weighted mean over components, spherical ones the mean over
    /// features, and the others stay as they are.
    pub(crate) fn pool(self, values: Vec<f64>, weights: &[f64], d: usize) -> Vec<f64> {
        match self {
            CovarianceType::Full | CovarianceType::Diag => values,
            CovarianceType::Tied => Tied::pool(&values, weights),
            CovarianceType::Spherical => Spherical::pool(&values, d),
        }
    }
}

impl Covariances {
    /// Covariances of k components in d features from their values, in the [shape](CovarianceType::shape) of
    /// their type, row-major. No ridge is added.
    ///
    /// # Errors
    ///
    /// The shape is not that of the type; a value is not finite; a matrix is not symmetric;
    /// [`Error::NotPositiveDefinite`] naming the component (0 for tied covariances) and the feature.
    pub fn new(
        covariance_type: CovarianceType,
        values: &[f64],
        n_components: usize,
        n_features: usize,
    ) -> Result<Self> {
        let (k, d) = (n_components, n_features);
        let values = checked(covariance_type, "covariances", values, k, d)?;
        Covariances::factored(covariance_type, values, k, d)
    }

    /// Factors values that were checked or computed.
    fn factored(covariance_type: CovarianceType, values: Vec<f64>, k: usize, d: usize) -> Result<Self> {
        Ok(match covariance_type {
            CovarianceType::Full => Covariances::Full(Full::new(values, vec![0.0; k], d, &Threads::one())?),
            CovarianceType::Tied => Covariances::Tied(Tied::new(values, k, d)?),
            CovarianceType::Diag => Covariances::Diag(Diag::new(values, d)?),
            CovarianceType::Spherical => Covariances::Spherical(Spherical::new(values, d)?),
        })
    }

    /// Covariances from their inverses, of the same shape.
    ///
    /// # Errors
    ///
    /// As [`Covariances::new`]; [`Error::PrecisionNotPositiveDefinite`]; [`Error::OutOfRange`].
    pub fn from_precisions(
        covariance_type: CovarianceType,
        precisions: &[f64],
        n_components: usize,
        n_features: usize,
    ) -> Result<Self> {
        let (k, d) = (n_components, n_features);
        let precisions = checked(covariance_type, "precisions", precisions, k, d)?;
        Ok(match covariance_type {
            CovarianceType::Full => Covariances::Full(Full::from_precisions(&precisions, d)?),
            CovarianceType::Tied => Covariances::Tied(Tied::from_precisions(&precisions, k, d)?),
            CovarianceType::Diag => Covariances::Diag(Diag::from_precisions(&precisions, d)?),
            CovarianceType::Spherical => Covariances::Spherical(Spherical::from_precisions(&precisions, d)?),
        })
    }

    /// Covariances that were stored with the results of [`Covariances::ridges`] and [`Covariances::cholesky`]. Scores
    /// are the same to the last bit as with the covariances that were stored.
    ///
    /// # Errors
    ///
    /// As [`Covariances::new`]; [`Error::BadFactor`]; [`Error::InvalidOption`] for a ridge other than zero unless the
    /// covariances are full.
    pub fn from_factors(
        covariance_type: CovarianceType,
        values: &[f64],
        ridges: &[f64],
        cholesky: &[f64],
        n_components: usize,
        n_features: usize,
    ) -> Result<Self> {
        let (k, d) = (n_components, n_features);
        let values = checked(covariance_type, "covariances", values, k, d)?;
        check::len("ridges", ridges.len(), "covariances of this type", &[k])?;
        check::len(
            "cholesky factors",
            cholesky.len(),
            "covariances of this type",
            &covariance_type.shape(k, d),
        )?;
        check::finite("cholesky factors", cholesky, |at| covariance_type.place(at, d))?;
        check::non_negative("ridges", ridges, Place::Component)?;
        if let Some(ridge) =
            ridges.iter().find(|&&ridge| covariance_type != CovarianceType::Full && ridge != 0.0)
        {
            let requirement = "0 unless covariances are full";
            return Err(Error::option("ridge", ridge, requirement));
        }
        let cholesky = cholesky.to_vec();
        Ok(match covariance_type {
            CovarianceType::Full => {
                Covariances::Full(Full::from_factors(values, ridges.to_vec(), cholesky, d)?)
            }
            CovarianceType::Tied => Covariances::Tied(Tied::from_factors(values, cholesky, k, d)?),
            CovarianceType::Diag => Covariances::Diag(Diag::from_factors(values, cholesky, d)?),
            CovarianceType::Spherical => {
                Covariances::Spherical(Spherical::from_factors(values, cholesky, d)?)
            }
        })
    }

    /// Unit variances.
    pub(crate) fn unit(
        covariance_type: CovarianceType,
        n_components: usize,
        n_features: usize,
    ) -> Result<Self> {
        let (k, d) = (n_components, n_features);
        let mut values = vec![1.0; covariance_type.shape(k, d).iter().product()];
        if !covariance_type.is_diagonal() {
            values.iter_mut().enumerate().for_each(|(at, value)| {
                *value = f64::from(at % (d * d) % (d + 1) == 0);
            });
        }
        Covariances::factored(covariance_type, values, k, d)
    }

    /// The M-step: covariances of the same type from `values` in its [shape](CovarianceType::shape). The ridge is added
    /// to every variance and is part of the result. Components in `absent` keep their covariances. Every ridge that had
    /// to be larger than requested is appended to `raises`.
    ///
    /// # Errors
    ///
    /// [`Error::NotPositiveDefinite`] when no ridge helps; [`Error::OutOfRange`].
    pub(crate) fn maximised(
        &self,
        values: Vec<f64>,
        absent: &[usize],
        ridge: Ridge,
        raises: &mut Vec<Raise>,
        threads: &Threads,
    ) -> Result<Self> {
        Ok(match self {
            Covariances::Full(full) => {
                Covariances::Full(full.maximised(values, absent, ridge, raises, threads)?)
            }
            Covariances::Tied(tied) => Covariances::Tied(tied.maximised(values, ridge, raises)?),
            Covariances::Diag(diag) => Covariances::Diag(diag.maximised(values, absent, ridge, raises)?),
            Covariances::Spherical(spherical) => {
                Covariances::Spherical(spherical.maximised(values, absent, ridge, raises)?)
            }
        })
    }

    /// The covariance type.
    pub fn covariance_type(&self) -> CovarianceType {
        match self {
            Covariances::Full(_) => CovarianceType::Full,
            Covariances::Tied(_) => CovarianceType::Tied,
            Covariances::Diag(_) => CovarianceType::Diag,
            Covariances::Spherical(_) => CovarianceType::Spherical,
        }
    }

    /// k.
    pub fn n_components(&self) -> usize {
        self.ridges().len()
    }

    /// d.
    pub fn n_features(&self) -> usize {
        each!(self, covariances => covariances.n_features())
    }

    /// The covariances in the [shape](CovarianceType::shape) of their type, without ridges: scikit-learn's
    /// `covariances_`.
    pub fn values(&self) -> &[f64] {
        each!(self, covariances => covariances.values())
    }

    /// The ridge that was added to each diagonal before factoring (k); zero unless the covariances are full.
    pub fn ridges(&self) -> &[f64] {
        each!(self, covariances => covariances.ridges())
    }

    /// Lower factors (full, tied) or standard deviations (diag, spherical), in the
    /// [shape](CovarianceType::shape) of the type.
    pub fn cholesky(&self) -> &[f64] {
        each!(self, covariances => covariances.cholesky())
    }

    /// `ln det(Σₖ + ridgeₖ I)` (k).
    pub fn log_dets(&self) -> &[f64] {
        each!(self, covariances => covariances.log_dets())
    }

    /// scikit-learn's `precisions_cholesky_`: `Lₖ⁻ᵀ`, upper triangular (full, tied), or inverse standard deviations
    /// (diag, spherical), in the [shape](CovarianceType::shape) of the type.
    pub fn precisions_cholesky(&self) -> Vec<f64> {
        each!(self, covariances => covariances.precisions_cholesky())
    }

    /// These covariances, if they are full.
    pub(crate) fn as_full(&self) -> Option<&Full> {
        match self {
            Covariances::Full(full) => Some(full),
            _ => None,
        }
    }

    /// The same covariances as a matrix for each component.
    ///
    /// Cost: `k d²` numbers to write, unless they are full.
    pub fn to_full(&self) -> Cow<'_, Full> {
        each!(self, covariances => covariances.to_full())
    }

    /// The components, with their means (k × d), in the form that the whitening kernels read.
    pub(crate) fn whiteners<T: Real>(&self, means: &[f64]) -> Whiteners<T> {
        each!(self, covariances => covariances.whiteners(means))
    }

    /// A copy in which component `to` has the covariance and factor of component `from`.
    pub(crate) fn copied(&self, from: usize, to: usize) -> Self {
        match self {
            Covariances::Full(full) => Covariances::Full(full.copied(from, to)),
            Covariances::Tied(tied) => Covariances::Tied(tied.copied(from, to)),
            Covariances::Diag(diag) => Covariances::Diag(diag.copied(from, to)),
            Covariances::Spherical(spherical) => Covariances::Spherical(spherical.copied(from, to)),
        }
    }

    /// `x ← Lₖ x` (d): turns standard normal numbers into a vector with the covariance of the component.
    pub(crate) fn unwhiten(&self, component: usize, x: &mut [f64]) {
        each!(self, covariances => covariances.unwhiten(component, x));
    }

    /// The diagonal of `Σₖ` (d) of one component, without the ridge.
    pub fn variances(&self, component: usize) -> Vec<f64> {
        each!(self, covariances => covariances.variances(component))
    }

    /// The squares of the diagonal of `Lₖ`: the part of each variance that the features before it do not explain. One
    /// value for spherical covariances, d for the others.
    pub(crate) fn pivots(&self, component: usize) -> Vec<f64> {
        each!(self, covariances => covariances.pivots(component))
    }

    /// The number of free parameters.
    pub(crate) fn n_parameters(&self) -> usize {
        each!(self, covariances => covariances.n_parameters())
    }
}

impl From<Full> for Covariances {
    fn from(full: Full) -> Self {
        Covariances::Full(full)
    }
}

/// Every component in the form that the whitening kernels read.
pub(crate) enum Whiteners<T> {
    /// A triangular factor for each component; tied components share one.
    Dense(Vec<Whitener<T>>),
    /// Standard deviations.
    Diagonal(Diagonal<T>),
}

impl<T: Real> Whiteners<T> {
    /// Whether all values are in the range of `T`.
    pub(crate) fn fits(&self) -> bool {
        match self {
            Whiteners::Dense(whiteners) => whiteners.iter().all(Whitener::fits),
            Whiteners::Diagonal(diagonal) => diagonal.fits(),
        }
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        match self {
            Whiteners::Dense(whiteners) => whiteners[0].n_features(),
            Whiteners::Diagonal(diagonal) => diagonal.n_features(),
        }
    }
}

/// A copy of the values after checks: the shape is that of the type, all are finite, and matrices are made exactly
/// symmetric.
fn checked(
    covariance_type: CovarianceType,
    what: &'static str,
    values: &[f64],
    k: usize,
    d: usize,
) -> Result<Vec<f64>> {
    if k == 0 || d == 0 {
        return Err(Error::Empty { what, rows: k, cols: d });
    }
    check::len(what, values.len(), "covariances of this type", &covariance_type.shape(k, d))?;
    check::finite(what, values, |at| covariance_type.place(at, d))?;
    let mut values = values.to_vec();
    if !covariance_type.is_diagonal() {
        Full::symmetrise(what, &mut values, d)?;
    }
    Ok(values)
}

/// Copies the `len` values of component `from` to component `to`.
fn copy_part(values: &mut [f64], len: usize, from: usize, to: usize) {
    values.copy_within(from * len..(from + 1) * len, to * len);
}

#[cfg(test)]
mod tests;
