//! A prior on the parameters of a fit.

use std::ptr::null;

use gmm_core::{CovarianceType, Prior};
use libc::size_t;

use crate::plumbing::{Regions, gmm_status, guard, sized, write_defaults};

/// A conjugate prior: the fit maximises likelihood times prior, which bounds variances from below. Fill it with
/// `gmm_prior_init`, then change the fields that should differ; fields may be added at the end.
///
/// ```text
/// phi ~ Dirichlet(weight_concentration)
/// mu_k | cov_k ~ N(mean, cov_k / mean_precision)
/// cov_k ~ inverse Wishart(degrees_of_freedom, covariance)
/// ```
///
/// ```text
/// gmm_prior prior;
/// gmm_prior_init(&prior);
/// prior.mean_precision = 0.1;
/// options.prior = &prior;
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_prior {
    /// `sizeof(gmm_prior)`.
    pub size: size_t,
    /// At least 1 and at most 1e100; 1 (a flat prior) unless changed.
    pub weight_concentration: f64,
    /// Weight of `mean` as a number of samples, at most 1e100; 0.01 unless changed.
    pub mean_precision: f64,
    /// D values; NULL (the default) means the mean of the samples.
    pub mean: *const f64,
    /// More than D - 1 and at most 1e100; 0 (the default) or NaN means D + 2.
    pub degrees_of_freedom: f64,
    /// D x D for full and tied covariances, D variances for diagonal ones, one for spherical ones. NULL (the default)
    /// means the covariance of the samples (its mean variance for spherical ones), divided by K^(2/D).
    pub covariance: *const f64,
}

fn default_prior() -> gmm_prior {
    let Prior { weight_concentration, mean_precision, .. } = Prior::default();
    gmm_prior {
        size: size_of::<gmm_prior>(),
        weight_concentration,
        mean_precision,
        mean: null(),
        degrees_of_freedom: 0.0,
        covariance: null(),
    }
}

/// Writes the defaults, those of Fraley & Raftery (2007), to the `size` bytes of `prior`, and `size` to its field
/// `size`. In C and C++ the macro `gmm_prior_init(prior)` passes the size that the caller was compiled with.
///
/// # Safety
///
/// `prior` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_prior_init(prior: *mut gmm_prior, size: size_t) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write_defaults("prior", prior, default_prior(), size) })
}

/// The prior behind a pointer, for covariances of `covariance_type` in D = `d` features.
///
/// # Safety
///
/// `prior` is null, or a struct whose pointers are null or readable for their shapes.
pub(crate) unsafe fn open_prior(
    prior: *const gmm_prior,
    (covariance_type, d): (CovarianceType, usize),
    regions: &mut Regions,
) -> Result<Option<Prior>, crate::plumbing::Refusal> {
    if prior.is_null() {
        return Ok(None);
    }
    // SAFETY: readable for its size, as promised, and valid whatever its bytes are.
    let prior = unsafe { sized("prior", prior, default_prior()) }?;
    // SAFETY: null or readable for these shapes, as promised.
    let (mean, covariance) = unsafe {
        (
            regions.optional_input("prior.mean", prior.mean, &[d])?,
            regions.optional_input("prior.covariance", prior.covariance, &covariance_type.shape(1, d))?,
        )
    };
    let degrees_of_freedom = prior.degrees_of_freedom;
    Ok(Some(Prior {
        weight_concentration: prior.weight_concentration,
        mean_precision: prior.mean_precision,
        mean: mean.map(<[f64]>::to_vec),
        degrees_of_freedom: (degrees_of_freedom != 0.0 && !degrees_of_freedom.is_nan())
            .then_some(degrees_of_freedom),
        covariance: covariance.map(<[f64]>::to_vec),
    }))
}
