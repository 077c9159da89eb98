/* gmm: Gaussian mixture models. Conventions and promises: docs/abi.md.
 *
 * Generated from crates/gmm-ffi by `cargo xtask headers`. Do not edit.
 */


#ifndef GMM_H
#define GMM_H

#include <stddef.h>
#include <stdint.h>

/**
 * A mixture. Immutable: any number of threads may use one at the same time. Freed by
 * `gmm_mixture_free`.
 */
typedef struct gmm_mixture gmm_mixture;

/**
 * A number of threads, and the pool they come from. Any number of threads may use one at the same
 * time. Freed by `gmm_threads_free`.
 */
typedef struct gmm_threads gmm_threads;

/**
 * What a call came to. `GMM_OK` or the reason for refusal; new codes may be added at the end, so
 * treat an unknown one as a failure.
 */
typedef int32_t gmm_status;

/**
 * A matrix of doubles that the caller owns: element (i, j) is `data[i * row_stride + j * col_stride]`.
 *
 * Strides count elements, not bytes, and may be negative or zero; `data` points at element (0, 0).
 * Row-major: `row_stride = cols, col_stride = 1`. Column-major: `row_stride = 1, col_stride = rows`.
 */
typedef struct gmm_matrix_f64 {
    /**
     * Element (0, 0).
     */
    const double *data;
    /**
     * Rows.
     */
    size_t rows;
    /**
     * Columns.
     */
    size_t cols;
    /**
     * Elements from one row to the next.
     */
    ptrdiff_t row_stride;
    /**
     * Elements from one column to the next.
     */
    ptrdiff_t col_stride;
} gmm_matrix_f64;

/**
 * A matrix of floats that the caller owns; as `gmm_matrix_f64`.
 */
typedef struct gmm_matrix_f32 {
    /**
     * Element (0, 0).
     */
    const float *data;
    /**
     * Rows.
     */
    size_t rows;
    /**
     * Columns.
     */
    size_t cols;
    /**
     * Elements from one row to the next.
     */
    ptrdiff_t row_stride;
    /**
     * Elements from one column to the next.
     */
    ptrdiff_t col_stride;
} gmm_matrix_f32;

/**
 * How to fit. Fill it with `gmm_fit_options_init` and then change what should differ; fields may be
 * added at the end.
 */
typedef struct gmm_fit_options {
    /**
     * `sizeof(gmm_fit_options)`.
     */
    size_t size;
    /**
     * K. 1 unless changed.
     */
    size_t n_components;
    /**
     * Stop when the bound changes by less than this, in nats per sample. 1e-3 unless changed.
     */
    double tol;
    /**
     * Iterations at most. 100 unless changed.
     */
    size_t max_iter;
    /**
     * Added to every variance, and part of the covariances that come out. 1e-6 unless changed.
     */
    double reg_covar;
    /**
     * Restarts; the best bound wins. 1 unless changed.
     */
    size_t n_init;
    /**
     * Fixes every random choice. 0 unless changed.
     */
    uint64_t seed;
    /**
     * Start from this mixture (of K components) instead of k-means; NULL unless changed.
     */
    const struct gmm_mixture *start;
} gmm_fit_options;

/**
 * What a fit came to. Set `size`, and the buffer for the bounds or NULL; the rest is filled in.
 */
typedef struct gmm_fit_report {
    /**
     * `sizeof(gmm_fit_report)`, set by the caller.
     */
    size_t size;
    /**
     * Where to write the bound of each iteration; NULL for nowhere. Set by the caller.
     */
    double *lower_bounds;
    /**
     * How many doubles fit there; bounds of later iterations are left out. Set by the caller.
     */
    size_t lower_bounds_capacity;
    /**
     * 1 when the bound settled within `tol`, 0 when `max_iter` came first.
     */
    int32_t converged;
    /**
     * Iterations of the winning restart.
     */
    size_t n_iter;
    /**
     * Its last bound: the mean log-likelihood per sample before the last M-step, in nats.
     */
    double lower_bound;
    /**
     * Which restart won, from 0.
     */
    size_t restart;
} gmm_fit_report;

/**
 * What `gmm_mixture_score_f64` writes, all from one pass over the samples: every field that is not
 * NULL. Matrices are row-major, N x K. Fields may be added at the end: set `size` to
 * `sizeof(gmm_scores_f64)` and the rest to NULL (`= {sizeof(gmm_scores_f64)}` does both).
 */
typedef struct gmm_scores_f64 {
    /**
     * `sizeof(gmm_scores_f64)`.
     */
    size_t size;
    /**
     * Negative log-likelihood of each sample (N), in nats.
     */
    double *energies;
    /**
     * Log-density of each sample (N), in nats.
     */
    double *log_densities;
    /**
     * Responsibilities (N x K); rows sum to one.
     */
    double *responsibilities;
    /**
     * Their logarithms (N x K); -inf where a weight is zero.
     */
    double *log_responsibilities;
    /**
     * Squared Mahalanobis distances (N x K).
     */
    double *squared_mahalanobis;
    /**
     * The most likely component of each sample (N).
     */
    uint32_t *labels;
    /**
     * The mean energy (1), in nats.
     */
    double *mean_energy;
} gmm_scores_f64;

/**
 * What `gmm_mixture_score_f32` writes; as `gmm_scores_f64`.
 */
typedef struct gmm_scores_f32 {
    /**
     * `sizeof(gmm_scores_f32)`.
     */
    size_t size;
    /**
     * Negative log-likelihood of each sample (N), in nats.
     */
    float *energies;
    /**
     * Log-density of each sample (N), in nats.
     */
    float *log_densities;
    /**
     * Responsibilities (N x K); rows sum to one.
     */
    float *responsibilities;
    /**
     * Their logarithms (N x K); -inf where a weight is zero.
     */
    float *log_responsibilities;
    /**
     * Squared Mahalanobis distances (N x K).
     */
    float *squared_mahalanobis;
    /**
     * The most likely component of each sample (N).
     */
    uint32_t *labels;
    /**
     * The mean energy (1), in nats.
     */
    double *mean_energy;
} gmm_scores_f32;

/**
 * Done; outputs are written.
 */
#define GMM_OK 0

/**
 * A pointer that must not be NULL is.
 */
#define GMM_NULL_POINTER 1

/**
 * A size is zero, or the shapes of two arguments do not belong together.
 */
#define GMM_INVALID_SHAPE 2

/**
 * Sizes or strides whose product no memory could hold.
 */
#define GMM_SIZE_OVERFLOW 3

/**
 * NaN or an infinity.
 */
#define GMM_NOT_FINITE 4

/**
 * A negative responsibility or weight.
 */
#define GMM_NEGATIVE 5

/**
 * A component that no sample belongs to.
 */
#define GMM_EMPTY_COMPONENT 6

/**
 * A covariance, precision or factor that is not one.
 */
#define GMM_NOT_POSITIVE_DEFINITE 7

/**
 * A result outside the range of its type.
 */
#define GMM_OUT_OF_RANGE 8

/**
 * An option or parameter outside its range.
 */
#define GMM_INVALID_ARGUMENT 9

/**
 * A file could not be read or written.
 */
#define GMM_IO 10

/**
 * A file is not a model, or not one this version reads.
 */
#define GMM_BAD_FILE 11

/**
 * A mistake in this library, and not in the call. Please report its message.
 */
#define GMM_INTERNAL 12

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What this thread's last failed call said was wrong and what to try, in UTF-8; empty when none has
 * failed. Never NULL. Valid until the next call that fails on the same thread; do not free it.
 */
const char *gmm_last_error_message(void);

/**
 * Energies of samples under parameters that the caller holds.
 *
 *     l_nk = log phi_k - 1/2 ( || chol_k^-1 (z_n - mu_k) ||^2 + D log(2 pi) + log_det_k )
 *     sample_energy_n = - log sum_k exp l_nk                  in nats
 *     mean_energy     = (1/N) sum_n sample_energy_n
 *     cov_diag        = sum_k sum_d 1 / (cov_k)_dd            +inf when a variance is exactly zero
 *
 * `z` is N x D with any strides; `phi` K, `mu` K x D, `cov` and `chol` K x D x D (of `chol` the lower
 * triangle is read), `log_det` K, row-major, all required. `sample_energy` (N), `mean_energy` (1) and
 * `cov_diag` (1) are written unless NULL, and must not overlap each other or the inputs. A component
 * with phi_k = 0 is absent from the energies; the weights may have any positive sum.
 *
 * Refuses NULL, zero and overflowing sizes, NaN and infinities, negative weights and factors without
 * a positive diagonal. Outputs are then untouched.
 *
 * The caller promises:
 *
 * `z` describes readable memory; parameters are readable and outputs writable for their shapes.
 */
gmm_status gmm_energy_f64(const struct gmm_matrix_f64 *z,
                          size_t k,
                          const double *phi,
                          const double *mu,
                          const double *cov,
                          const double *chol,
                          const double *log_det,
                          double *sample_energy,
                          double *mean_energy,
                          double *cov_diag);

/**
 * `gmm_energy_f64` for floats. Samples are whitened in float; sums are carried in double.
 *
 * The caller promises:
 *
 * As `gmm_energy_f64`.
 */
gmm_status gmm_energy_f32(const struct gmm_matrix_f32 *z,
                          size_t k,
                          const float *phi,
                          const float *mu,
                          const float *cov,
                          const float *chol,
                          const float *log_det,
                          float *sample_energy,
                          float *mean_energy,
                          float *cov_diag);

/**
 * Mixture parameters from samples and responsibilities.
 *
 *     S_k     = sum_n gamma_nk
 *     phi_k   = S_k / N
 *     mu_k    = sum_n gamma_nk z_n / S_k
 *     cov_k   = sum_n gamma_nk (z_n - mu_k)(z_n - mu_k)^T / S_k     exactly symmetric, without eps
 *     chol_k  = lower Cholesky factor of cov_k + eps I              zeros above the diagonal
 *     log_det = 2 sum_d log chol_dd
 *
 * `z` is N x D, `gamma` N x K, with any strides. Outputs are row-major, all required, and must not
 * overlap each other or the inputs: `phi` K, `mu` K x D, `cov` and `chol` K x D x D, `log_det` K.
 * `eps` is 1e-6 by convention. Rows of `gamma` need not sum to one.
 *
 * Refuses NULL, zero and overflowing sizes, NaN and infinities, negative responsibilities, a
 * component whose S_k is zero, and a cov_k + eps I that is not positive definite. Outputs are then
 * untouched. Uses the library's threads; results do not depend on how many those are.
 *
 * The caller promises:
 *
 * `z` and `gamma` describe readable memory; outputs are writable for their shapes.
 */
gmm_status gmm_params_f64(const struct gmm_matrix_f64 *z,
                          const struct gmm_matrix_f64 *gamma,
                          double eps,
                          double *phi,
                          double *mu,
                          double *cov,
                          double *chol,
                          double *log_det);

/**
 * `gmm_params_f64` for floats. Sums and factors are computed in double and rounded once; values that
 * a float cannot hold are refused.
 *
 * The caller promises:
 *
 * As `gmm_params_f64`.
 */
gmm_status gmm_params_f32(const struct gmm_matrix_f32 *z,
                          const struct gmm_matrix_f32 *gamma,
                          float eps,
                          float *phi,
                          float *mu,
                          float *cov,
                          float *chol,
                          float *log_det);

/**
 * Fills `options` with the defaults.
 *
 * The caller promises:
 *
 * `options` is writable.
 */
gmm_status gmm_fit_options_init(struct gmm_fit_options *options);

/**
 * Fits a mixture to `samples` (N x D) by expectation-maximisation, into `*out`. Its covariances are full, or
 * have the structure of the `start` in `options`.
 *
 * `threads` may be NULL for the library's own, `report` NULL when it is not wanted. Refuses what is
 * wrong with the samples or the options, and data that no covariance can be made of. `*out` and
 * `*report` are then untouched. Free the mixture with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `samples` describes readable memory; `options` is readable, and its `start` NULL or a live handle;
 * `threads` is NULL or a live handle; `out` is writable; `report` is NULL, or writable and its buffer
 * writable for its capacity.
 */
gmm_status gmm_mixture_fit_f64(const struct gmm_matrix_f64 *samples,
                               const struct gmm_fit_options *options,
                               const struct gmm_threads *threads,
                               struct gmm_mixture **out,
                               struct gmm_fit_report *report);

/**
 * `gmm_mixture_fit_f64` for floats; the mixture is in double.
 *
 * The caller promises:
 *
 * As `gmm_mixture_fit_f64`.
 */
gmm_status gmm_mixture_fit_f32(const struct gmm_matrix_f32 *samples,
                               const struct gmm_fit_options *options,
                               const struct gmm_threads *threads,
                               struct gmm_mixture **out,
                               struct gmm_fit_report *report);

/**
 * A mixture of `k` components in `d` features from known parameters, into `*out`.
 *
 * `weights` K, `means` K x D, `covariances` K x D x D, row-major; all are copied. Refuses values that
 * are not finite, a negative weight, weights that do not sum to 1 within 1e-6, a covariance that is
 * not symmetric or not positive definite. `*out` is then untouched. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * Parameters are readable for their shapes; `out` is writable.
 */
gmm_status gmm_mixture_create(size_t k,
                              size_t d,
                              const double *weights,
                              const double *means,
                              const double *covariances,
                              struct gmm_mixture **out);

/**
 * As `gmm_mixture_create`, from `precisions` (K x D x D), the inverses of the covariances.
 *
 * The caller promises:
 *
 * As `gmm_mixture_create`.
 */
gmm_status gmm_mixture_create_from_precisions(size_t k,
                                              size_t d,
                                              const double *weights,
                                              const double *means,
                                              const double *precisions,
                                              struct gmm_mixture **out);

/**
 * Frees a mixture; NULL is nothing to free. No call may be using it.
 *
 * The caller promises:
 *
 * `mixture` is NULL, or a live handle that is not used again.
 */
void gmm_mixture_free(struct gmm_mixture *mixture);

/**
 * K, or 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_n_components(const struct gmm_mixture *handle);

/**
 * D, or 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_n_features(const struct gmm_mixture *handle);

/**
 * Mixing weights, into `out` of `len` = K doubles.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `out` is writable for `len` doubles.
 */
gmm_status gmm_mixture_weights(const struct gmm_mixture *handle, double *out, size_t len);

/**
 * Means (K x D, row-major), into `out` of `len` = K D doubles.
 *
 * The caller promises:
 *
 * As `gmm_mixture_weights`.
 */
gmm_status gmm_mixture_means(const struct gmm_mixture *handle, double *out, size_t len);

/**
 * Covariances (K x D x D, row-major), into `out` of `len` = K D D doubles.
 *
 * The caller promises:
 *
 * As `gmm_mixture_weights`.
 */
gmm_status gmm_mixture_covariances(const struct gmm_mixture *handle, double *out, size_t len);

/**
 * Lower Cholesky factors of the covariances (K x D x D, row-major), into `out` of `len` = K D D doubles.
 *
 * The caller promises:
 *
 * As `gmm_mixture_weights`.
 */
gmm_status gmm_mixture_cholesky(const struct gmm_mixture *handle,
                                double *out,
                                size_t len);

/**
 * Upper factors of the precisions, the inverse transposes of the Cholesky factors (K x D x D,
 * row-major), into `out` of `len` = K D D doubles.
 *
 * The caller promises:
 *
 * As `gmm_mixture_weights`.
 */
gmm_status gmm_mixture_precisions_cholesky(const struct gmm_mixture *handle,
                                           double *out,
                                           size_t len);

/**
 * Log-determinants of the covariances, into `out` of `len` = K doubles.
 *
 * The caller promises:
 *
 * As `gmm_mixture_weights`.
 */
gmm_status gmm_mixture_log_dets(const struct gmm_mixture *handle, double *out, size_t len);

/**
 * Writes `mixture` to the file `file` (NUL-terminated; bytes as the system takes them, UTF-8 on
 * Windows), in the safetensors layout of docs/model-file.md.
 *
 * The file appears whole or not at all: whatever fails, an earlier file of that name stays as it was.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `file` is NULL or NUL-terminated.
 */
gmm_status gmm_mixture_save(const struct gmm_mixture *handle,
                            const char *file);

/**
 * Reads a mixture from the file `file`, into `*out`. Every value is checked. Scores are those of the
 * mixture that was saved, to the last bit. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `file` is NULL or NUL-terminated; `out` is writable.
 */
gmm_status gmm_mixture_load(const char *file,
                            struct gmm_mixture **out);

/**
 * Scores `samples` (N x D) under `mixture`: one pass, every output that `scores` names.
 *
 * `threads` may be NULL for the library's own. On any status but GMM_OK outputs are untouched.
 *
 * The caller promises:
 *
 * `mixture` is a live handle, `threads` one or NULL; `samples` describes readable memory; `scores` is
 * readable, and its outputs writable for their shapes.
 */
gmm_status gmm_mixture_score_f64(const struct gmm_mixture *mixture,
                                 const struct gmm_matrix_f64 *samples,
                                 const struct gmm_threads *threads,
                                 const struct gmm_scores_f64 *scores);

/**
 * `gmm_mixture_score_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_f64`.
 */
gmm_status gmm_mixture_score_f32(const struct gmm_mixture *mixture,
                                 const struct gmm_matrix_f32 *samples,
                                 const struct gmm_threads *threads,
                                 const struct gmm_scores_f32 *scores);

/**
 * Energies of `samples` (N x D) under `mixture`, into `energies` (N, required).
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_f64`.
 */
gmm_status gmm_mixture_energies_f64(const struct gmm_mixture *mixture,
                                    const struct gmm_matrix_f64 *samples,
                                    const struct gmm_threads *threads,
                                    double *energies);

/**
 * `gmm_mixture_energies_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_f64`.
 */
gmm_status gmm_mixture_energies_f32(const struct gmm_mixture *mixture,
                                    const struct gmm_matrix_f32 *samples,
                                    const struct gmm_threads *threads,
                                    float *energies);

/**
 * Responsibilities of `samples` (N x D) under `mixture`, into `responsibilities` (N x K, required).
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_f64`.
 */
gmm_status gmm_mixture_responsibilities_f64(const struct gmm_mixture *mixture,
                                            const struct gmm_matrix_f64 *samples,
                                            const struct gmm_threads *threads,
                                            double *responsibilities);

/**
 * `gmm_mixture_responsibilities_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_f64`.
 */
gmm_status gmm_mixture_responsibilities_f32(const struct gmm_mixture *mixture,
                                            const struct gmm_matrix_f32 *samples,
                                            const struct gmm_threads *threads,
                                            float *responsibilities);

/**
 * The version of this library, "major.minor.patch". Static; never NULL; never freed.
 */
const char *gmm_version(void);

/**
 * A budget of `count` threads (0: as many as the machine runs at once), into `*out`.
 *
 * No thread is started before a call has work for it. Results do not depend on the number of
 * threads. After fork() the child starts threads of its own.
 *
 * The caller promises:
 *
 * `out` is writable.
 */
gmm_status gmm_threads_create(size_t count, struct gmm_threads **out);

/**
 * Frees a thread budget; NULL is nothing to free. No call may be using it.
 *
 * The caller promises:
 *
 * `threads` is NULL, or a live handle that is not used again.
 */
void gmm_threads_free(struct gmm_threads *threads);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GMM_H */
