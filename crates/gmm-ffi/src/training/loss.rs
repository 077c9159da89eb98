//! The training loss of a deep mixture, with options for batches that would otherwise be refused.

use std::ptr::null_mut;

use gmm_core::{
    CovarianceType, Gradients, LossOptions, ParamsOptions, Real, Responsibilities, RunningMoments, Samples,
    loss, running_loss,
};
use libc::size_t;

use crate::plumbing::memory;
use crate::plumbing::{
    Matrix, Refusal, Regions, flag, give, gmm_error, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture,
    gmm_running, gmm_status, gmm_threads, guard, guard_for, handle, has_error, running_mut, sized,
    write_defaults,
};

/// Options of a training loss: its weights, and how degenerate batches are handled. Fill them with
/// `gmm_training_options_init`, then change the fields that should differ; fields may be added at the end. With the
/// defaults the loss equals that of `gmm_loss_f64`, bit for bit.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_training_options {
    /// `sizeof(gmm_training_options)`.
    pub size: size_t,
    /// Added to every variance before a covariance is factored. 1e-6 unless changed.
    pub eps: f64,
    /// Weight of the mean energy in the loss. 1 unless changed.
    pub w_energy: f64,
    /// Weight of the sum of inverse variances in the loss. 0.005 unless changed.
    pub w_cov_diag: f64,
    /// Largest ridge. While a covariance is not positive definite, its `eps` is multiplied by ten, up to this limit;
    /// an `eps` of 0 is first raised to 1e-12. 0 (the default) means that the batch is refused.
    pub ridge_limit: f64,
    /// 1: a component without responsibility gets weight 0 and no gradient. 0 (the default): the batch is refused.
    pub drop_empty: i32,
    /// Running averages of moments: the batch is added to them, and the mixture is estimated from them. NULL (the
    /// default): the mixture is estimated from the batch alone.
    pub running: *mut gmm_running,
    /// Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
    /// on the thread of the call. NULL unless changed.
    pub error: *mut gmm_error,
}

has_error!(gmm_training_options, default_options());

fn default_options() -> gmm_training_options {
    let LossOptions { energy, cov_diag, params } = LossOptions::default();
    gmm_training_options {
        size: size_of::<gmm_training_options>(),
        eps: params.ridge,
        w_energy: energy,
        w_cov_diag: cov_diag,
        ridge_limit: 0.0,
        drop_empty: 0,
        running: null_mut(),
        error: null_mut(),
    }
}

/// Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
/// `gmm_training_options_init(options)` passes the size that the caller was compiled with.
///
/// # Safety
///
/// `options` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_training_options_init(
    options: *mut gmm_training_options,
    size: size_t,
) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write_defaults("options", options, default_options(), size) })
}

/// The loss of `gmm_loss_f64` and its gradients, for batches that may be too small for the mixture; the options
/// define how such batches are handled.
///
/// ```text
/// gmm_training_options options;
/// gmm_training_options_init(&options);
/// options.ridge_limit = 1e-2, options.drop_empty = 1;
/// gmm_running_create(0.9, &options.running);
/// while (next(&z, &gamma))
///     gmm_training_loss_f64(&z, &gamma, &options, NULL, &loss, NULL, NULL, d_z, d_gamma, NULL);
/// gmm_running_mixture(options.running, &options, &mixture);
/// ```
///
/// Gradients treat the ridge as a constant and are 0 for a dropped component. With running moments, they flow only
/// through the fraction of the moments that is due to this batch: (1 - decay), or 1 for the first batch.
///
/// `z` is N x D, `gamma` N x K, with any strides. `options` may be NULL for the defaults, `threads` for the library's
/// own. `loss`, `mean_energy`, `cov_diag` (1 each), `d_z` (N x D), `d_gamma` (N x K), row-major, and `mixture`, under
/// which the energies are computed, are written unless NULL. Free the mixture with `gmm_mixture_free`.
///
/// Refuses what `gmm_loss_f64` refuses, except what the options allow; options outside their ranges; and a batch
/// whose number of features or components differs from that of the running moments (GMM_INVALID_SHAPE). Outputs and
/// running moments are then untouched.
///
/// # Safety
///
/// `z` and `gamma` describe readable memory; `options` is NULL or readable, and its `running` NULL or a live handle
/// that no other call is using; `threads` is NULL or a live handle; outputs are NULL or writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_training_loss_f64(
    z: *const gmm_matrix_f64,
    gamma: *const gmm_matrix_f64,
    options: *const gmm_training_options,
    threads: *const gmm_threads,
    loss: *mut f64,
    mean_energy: *mut f64,
    cov_diag: *mut f64,
    d_z: *mut f64,
    d_gamma: *mut f64,
    mixture: *mut *mut gmm_mixture,
) -> gmm_status {
    let outputs = ([loss, mean_energy, cov_diag], d_z, d_gamma, mixture);
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || training_loss_into(z, gamma, options, threads, outputs)) }
}

/// `gmm_training_loss_f64` for floats. Batches of both types may be mixed.
///
/// # Safety
///
/// As `gmm_training_loss_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_training_loss_f32(
    z: *const gmm_matrix_f32,
    gamma: *const gmm_matrix_f32,
    options: *const gmm_training_options,
    threads: *const gmm_threads,
    loss: *mut f32,
    mean_energy: *mut f32,
    cov_diag: *mut f32,
    d_z: *mut f32,
    d_gamma: *mut f32,
    mixture: *mut *mut gmm_mixture,
) -> gmm_status {
    let outputs = ([loss, mean_energy, cov_diag], d_z, d_gamma, mixture);
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || training_loss_into(z, gamma, options, threads, outputs)) }
}

/// The outputs: three values, two gradients, the mixture.
type Outputs<R> = ([*mut R; 3], *mut R, *mut R, *mut *mut gmm_mixture);

/// # Safety
///
/// As [`gmm_training_loss_f64`].
unsafe fn training_loss_into<M: Matrix>(
    z: *const M,
    gamma: *const M,
    options: *const gmm_training_options,
    threads: *const gmm_threads,
    ([value, mean_energy, cov_diag], d_z, d_gamma, mixture): Outputs<M::Real>,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: readable memory and live handles, as the caller promised.
    let (z, gamma, threads, (options, running)) = unsafe {
        (
            regions.matrix("z", z)?,
            regions.matrix("gamma", gamma)?,
            handle::threads(threads),
            open_training(options)?,
        )
    };
    let ((n, d), k) = (z.shape(), gamma.ncols());
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let (values, gradients, has_slot) = unsafe {
        (
            [
                regions.optional_output("loss", value, &[1])?,
                regions.optional_output("mean_energy", mean_energy, &[1])?,
                regions.optional_output("cov_diag", cov_diag, &[1])?,
            ],
            Gradients {
                samples: regions.optional_output("d_z", d_z, &[n, d])?,
                responsibilities: regions.optional_output("d_gamma", d_gamma, &[n, k])?,
            },
            regions.optional_output("mixture", mixture, &[1])?.is_some(),
        )
    };
    memory::check(k, d, CovarianceType::Full)?;
    let (samples, gamma) = (Samples::new_on(z, threads)?, Responsibilities::new_on(gamma, threads)?);
    let loss = match running {
        None => loss(&samples, &gamma, &options, gradients, threads)?,
        Some(running) => running_loss(&samples, &gamma, &options, running, gradients, threads)?,
    };
    for (out, value) in values.into_iter().zip([loss.value, loss.mean_energy, loss.cov_diag]) {
        if let Some(out) = out {
            out[0] = Real::from_f64(value);
        }
    }
    if has_slot {
        // SAFETY: not null and aligned, or it would have been refused, and writable as the caller promised.
        unsafe { give(mixture, gmm_mixture(loss.mixture)) };
    }
    Ok(())
}

/// The options and their running moments; the defaults for a null pointer.
///
/// # Safety
///
/// `options` is null or readable, and its `running` null or a live handle that no other call is using.
pub(crate) unsafe fn open_training<'a>(
    options: *const gmm_training_options,
) -> Result<(LossOptions, Option<&'a mut RunningMoments>), Refusal> {
    if options.is_null() {
        return Ok((LossOptions::default(), None));
    }
    // SAFETY: not null, so readable for its size, as the caller promised.
    let options = unsafe { sized("options", options, default_options()) }?;
    let params = ParamsOptions {
        ridge: options.eps,
        ridge_limit: (options.ridge_limit != 0.0).then_some(options.ridge_limit),
        drop_empty: flag("options.drop_empty", options.drop_empty)?,
    };
    // SAFETY: null or a live handle that no other call uses, as the caller promised.
    let running = unsafe { running_mut(options.running) };
    Ok((LossOptions { energy: options.w_energy, cov_diag: options.w_cov_diag, params }, running))
}
