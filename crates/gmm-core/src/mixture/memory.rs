//! The memory that a mixture and a fit need, known before any of it is allocated.
//!
//! ```text
//! a mixture   k d means; m covariances, m factors and m / 2 packed      m = k d², d² of tied, k d of diagonal,
//! a fit       5 k d; 4.5 m; 2 k d² or 2 k d second moments of a             k of spherical covariances
//!             thread and of all
//! ```
//!
//! An allocation that fails ends the process. A system that promises more memory than it has ends the process later. So
//! the sum is first compared with the limit that the caller passes. Then it is allocated once, as one piece, which is
//! freed untouched.

use crate::error::{Error, Result};
use crate::mixture::covariance::CovarianceType;

/// Sizes below this are not allocated in advance: 64 MiB.
const SMALL: u64 = 1 << 26;

/// Refuses k components in d features if a fit needs more memory than the address space, more than `limit` bytes, or
/// more than the allocator provides. The allocator knows the limits of the process.
///
/// A system without such limits may promise more memory than it has. A caller who knows the size of the memory passes
/// it as `limit`.
///
/// # Errors
///
/// [`Error::SizeOverflow`] beyond the address space; otherwise [`Error::OutOfMemory`].
///
/// ```
/// use gmm_core::{Error, CovarianceType, check_memory};
///
/// assert!(check_memory(8, 64, CovarianceType::Full, None).is_ok());
/// // A covariance of 100 000 features is 80 GB.
/// let refused = check_memory(1, 100_000, CovarianceType::Full, Some(16_000_000_000));
/// assert!(matches!(refused, Err(Error::OutOfMemory { .. })));
/// assert!(check_memory(1, 100_000, CovarianceType::Diag, Some(16_000_000_000)).is_ok());
/// ```
pub fn check_memory(k: usize, d: usize, covariance_type: CovarianceType, limit: Option<u64>) -> Result<()> {
    check((k, d, covariance_type), "a fit", bytes_of_fit(k as u128, d as u128, covariance_type), limit)
}

/// As [`check_memory`], for a mixture that is only kept and scored with. It needs about half the memory of a fit.
///
/// # Errors
///
/// As [`check_memory`].
pub fn check_mixture_memory(
    k: usize,
    d: usize,
    covariance_type: CovarianceType,
    limit: Option<u64>,
) -> Result<()> {
    check(
        (k, d, covariance_type),
        "a mixture",
        bytes_of_mixture(k as u128, d as u128, covariance_type),
        limit,
    )
}

fn check(
    (n_components, n_features, covariance_type): (usize, usize, CovarianceType),
    purpose: &'static str,
    bytes: Option<u128>,
    limit: Option<u64>,
) -> Result<()> {
    let bytes = addressable(bytes, (n_components, n_features, covariance_type))?;
    if limit.is_some_and(|limit| bytes > limit) || !can_be_allocated(bytes) {
        let covariance = covariance_type.name();
        return Err(Error::OutOfMemory { n_components, n_features, covariance, purpose, bytes, limit });
    }
    Ok(())
}

/// The number of bytes, if it is within the address space.
fn addressable(bytes: Option<u128>, (k, d, covariance_type): (usize, usize, CovarianceType)) -> Result<u64> {
    let bytes = bytes.filter(|&bytes| bytes <= isize::MAX as u128 / 2);
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).ok_or_else(|| {
        let shape = if covariance_type.is_diagonal() { vec![k, d] } else { vec![k, d, d] };
        Error::SizeOverflow { what: "covariances", shape }
    })
}

/// The memory of a fit of k components in d features, in bytes; an error beyond the address space.
pub(crate) fn addressed(k: usize, d: usize, covariance_type: CovarianceType) -> Result<u64> {
    addressable(bytes_of_fit(k as u128, d as u128, covariance_type), (k, d, covariance_type))
}

/// Zeros (`n_rows` × `n_columns`), or an error that names `what` if they do not fit in memory.
pub(crate) fn zeros(what: &'static str, n_rows: usize, n_columns: usize) -> Result<Vec<f64>> {
    let mut values = Vec::new();
    let len = n_rows.checked_mul(n_columns).filter(|&len| values.try_reserve_exact(len).is_ok());
    let len = len.ok_or_else(|| Error::SizeOverflow { what, shape: vec![n_rows, n_columns] })?;
    values.resize(len, 0.0);
    Ok(values)
}

/// The number of elements of the covariances of a type; `None` beyond 128 bits.
fn matrices(k: u128, d: u128, covariance_type: CovarianceType) -> Option<u128> {
    match covariance_type {
        CovarianceType::Full => k.checked_mul(d)?.checked_mul(d),
        CovarianceType::Tied => d.checked_mul(d),
        CovarianceType::Diag => k.checked_mul(d),
        CovarianceType::Spherical => Some(k),
    }
}

/// The least memory that a fit uses at once, in bytes.
fn bytes_of_fit(k: u128, d: u128, covariance_type: CovarianceType) -> Option<u128> {
    let means = k.checked_mul(d)?;
    let sums = if covariance_type.is_diagonal() { means } else { means.checked_mul(d)? };
    let held = matrices(k, d, covariance_type)?.checked_mul(9)? / 2;
    let numbers = means.checked_mul(5)?.checked_add(held)?.checked_add(sums.checked_mul(2)?)?;
    numbers.checked_mul(size_of::<f64>() as u128)
}

/// The memory of a mixture that is packed for scoring, in bytes.
fn bytes_of_mixture(k: u128, d: u128, covariance_type: CovarianceType) -> Option<u128> {
    let held = matrices(k, d, covariance_type)?.checked_mul(5)? / 2;
    k.checked_mul(d)?.checked_add(held)?.checked_mul(size_of::<f64>() as u128)
}

/// Whether the allocator provides `bytes` in one piece. The piece is freed at once and never touched.
fn can_be_allocated(bytes: u64) -> bool {
    let mut piece = Vec::<u8>::new();
    // `black_box` keeps the allocation: a compiler may remove an unused one and assume that it succeeded.
    bytes < SMALL
        || usize::try_from(bytes)
            .is_ok_and(|bytes| std::hint::black_box(&mut piece).try_reserve_exact(bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_beyond_any_memory_are_refused_in_words_that_help() {
        let refused = |k, d, covariance_type, limit| {
            check_memory(k, d, covariance_type, limit).unwrap_err().to_string()
        };
        // 8 (5 + 4.5 × 10⁵ + 2 × 10⁵) × 10⁵ bytes.
        assert_eq!(
            refused(1, 100_000, CovarianceType::Full, Some(24_000_000_000)),
            "full covariances of 1 components x 100000 features are K D^2 = 10000000000 numbers, and a fit takes \
             520.0 GB of memory, but 24.0 GB are available; use diagonal covariances, fewer components or fewer \
             features"
        );
        assert_eq!(
            refused(1_000_000_000_000, 1, CovarianceType::Diag, Some(1 << 34)),
            "diag covariances of 1000000000000 components x 1 features are K D = 1000000000000 numbers, and a fit \
             takes 92000.0 GB of memory, but 17.2 GB are available; use fewer components or fewer features"
        );
        assert_eq!(
            refused(usize::MAX, 3, CovarianceType::Full, None),
            "covariances of shape 18446744073709551615 x 3 x 3 would not fit in memory"
        );
        // 8 (10⁵ + 2.5 × 10¹⁰) bytes.
        let held = check_mixture_memory(1, 100_000, CovarianceType::Full, Some(24_000_000_000));
        assert!(
            held.unwrap_err().to_string().contains("and a mixture takes 200.0 GB of memory, but 24.0 GB are")
        );
        assert!(check_mixture_memory(1, 10_000, CovarianceType::Full, Some(2_100_000_000)).is_ok());
        assert!(check_memory(1, 10_000, CovarianceType::Full, Some(2_100_000_000)).is_err());
        for covariance_type in CovarianceType::ALL {
            for (k, d) in [(usize::MAX, 1), (1, usize::MAX), (usize::MAX, usize::MAX), (1 << 40, 1 << 40)] {
                assert!(check_memory(k, d, covariance_type, None).is_err(), "{covariance_type} {k} {d}");
            }
            assert!(check_memory(1000, 30, covariance_type, None).is_ok());
        }
        assert!(zeros("samples", usize::MAX / 8, 1).is_err() && zeros("samples", 1 << 40, 1 << 40).is_err());
    }
}
