/* gmm: Gaussian mixture models. Conventions and promises: docs/abi.md.
 *
 * Generated from crates/gmm-ffi by `cargo xtask headers`. Do not edit.
 */


#ifndef GMM_H
#define GMM_H

#include <stddef.h>
#include <stdint.h>

/**
 * A request that calls end. Any number of threads may use one at the same time. Freed by `gmm_cancel_free`.
 */
typedef struct gmm_cancel gmm_cancel;

/**
 * A detector of outliers, fitted to data that contain them. Immutable: any number of threads may use one at the same
 * time. Freed by `gmm_detector_free`.
 */
typedef struct gmm_detector gmm_detector;

/**
 * A mixture. Immutable: any number of threads may use one at the same time. Freed by
 * `gmm_mixture_free`.
 */
typedef struct gmm_mixture gmm_mixture;

/**
 * Running averages of the moments of mini-batches. One thread may use one at a time. Freed by `gmm_running_free`.
 */
typedef struct gmm_running gmm_running;

/**
 * `gmm_scorer_f64` for floats. Freed by `gmm_scorer_free_f32`.
 */
typedef struct gmm_scorer_f32 gmm_scorer_f32;

/**
 * A mixture with the memory that scoring takes. One thread may use one at a time. Freed by
 * `gmm_scorer_free_f64`.
 */
typedef struct gmm_scorer_f64 gmm_scorer_f64;

/**
 * A mixture that learns from batches. One thread may use one at a time. Freed by `gmm_stepwise_free`.
 */
typedef struct gmm_stepwise gmm_stepwise;

/**
 * Fits of several numbers of components and covariance structures. Immutable: any number of threads may
 * use one at the same time. Freed by `gmm_sweep_free`.
 */
typedef struct gmm_sweep gmm_sweep;

/**
 * A thread budget and its pool. Any number of threads may use one at the same time. Freed by `gmm_threads_free`.
 */
typedef struct gmm_threads gmm_threads;

/**
 * The result of a call: `GMM_OK` or the reason for refusal. New codes may be added at the end, so treat an unknown
 * code as a failure.
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
 * Why a call was refused, for a caller who cannot call `gmm_last_error_message` on the thread of the call. Set
 * `size` to `sizeof(gmm_error)`, and set `error` of the call's options to its address. A call that succeeds leaves
 * it unchanged.
 */
typedef struct gmm_error {
    /**
     * `sizeof(gmm_error)`, set by the caller.
     */
    size_t size;
    /**
     * The status that the call returned.
     */
    gmm_status status;
    /**
     * What was wrong and what to try, in UTF-8, with a NUL at the end; longer messages are cut.
     */
    char message[500];
} gmm_error;

/**
 * Options of a training loss: its weights, and how degenerate batches are handled. Fill them with
 * `gmm_training_options_init`, then change the fields that should differ; fields may be added at the end. With the
 * defaults the loss equals that of `gmm_loss_f64`, bit for bit.
 */
typedef struct gmm_training_options {
    /**
     * `sizeof(gmm_training_options)`.
     */
    size_t size;
    /**
     * Added to every variance before a covariance is factored. 1e-6 unless changed.
     */
    double eps;
    /**
     * Weight of the mean energy in the loss. 1 unless changed.
     */
    double w_energy;
    /**
     * Weight of the sum of inverse variances in the loss. 0.005 unless changed.
     */
    double w_cov_diag;
    /**
     * Largest ridge. While a covariance is not positive definite, its `eps` is multiplied by ten, up to this limit;
     * an `eps` of 0 is first raised to 1e-12. 0 (the default) means that the batch is refused.
     */
    double ridge_limit;
    /**
     * 1: a component without responsibility gets weight 0 and no gradient. 0 (the default): the batch is refused.
     */
    int32_t drop_empty;
    /**
     * Running averages of moments: the batch is added to them, and the mixture is estimated from them. NULL (the
     * default): the mixture is estimated from the batch alone.
     */
    struct gmm_running *running;
    /**
     * Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
     * on the thread of the call. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_training_options;

/**
 * A conjugate prior: the fit maximises likelihood times prior, which bounds variances from below. Fill it with
 * `gmm_prior_init`, then change the fields that should differ; fields may be added at the end.
 *
 *     phi ~ Dirichlet(weight_concentration)
 *     mu_k | cov_k ~ N(mean, cov_k / mean_precision)
 *     cov_k ~ inverse Wishart(degrees_of_freedom, covariance)
 *
 *     gmm_prior prior;
 *     gmm_prior_init(&prior);
 *     prior.mean_precision = 0.1;
 *     options.prior = &prior;
 */
typedef struct gmm_prior {
    /**
     * `sizeof(gmm_prior)`.
     */
    size_t size;
    /**
     * At least 1 and at most 1e100; 1 (a flat prior) unless changed.
     */
    double weight_concentration;
    /**
     * Weight of `mean` as a number of samples, at most 1e100; 0.01 unless changed.
     */
    double mean_precision;
    /**
     * D values; NULL (the default) means the mean of the samples.
     */
    const double *mean;
    /**
     * More than D - 1 and at most 1e100; 0 (the default) or NaN means D + 2.
     */
    double degrees_of_freedom;
    /**
     * D x D for full and tied covariances, D variances for diagonal ones, one for spherical ones. NULL (the default)
     * means the covariance of the samples (its mean variance for spherical ones), divided by K^(2/D).
     */
    const double *covariance;
} gmm_prior;

/**
 * Covariance structure of a mixture. New codes may be added at the end.
 */
typedef int32_t gmm_covariance_type;

/**
 * The quantity compared with `tol`. New codes may be added at the end.
 */
typedef int32_t gmm_convergence;

/**
 * How each restart is initialised. New codes may be added at the end.
 */
typedef int32_t gmm_init;

/**
 * One iteration of a fit. Fields may be added at the end.
 */
typedef struct gmm_progress {
    /**
     * `sizeof(gmm_progress)` as the library knows it.
     */
    size_t size;
    /**
     * Restart of this iteration, from 0; during swaps, the restart that won.
     */
    size_t restart;
    /**
     * Iteration of the restart or of the last swap, from 1; 0 for a swap that failed before its first iteration.
     */
    size_t iteration;
    /**
     * Lower bound of this iteration, in nats per sample; for a swap without iterations, the best bound so far.
     */
    double lower_bound;
    /**
     * Seconds since the fit began.
     */
    double elapsed;
    /**
     * Swaps begun after the restarts; 0 during the restarts.
     */
    size_t n_swaps;
} gmm_progress;

/**
 * Called after every iteration, on the thread that called the fit. Return 0 to go on; any other value ends the fit.
 * `progress` is valid during the call. It must return normally: no C++ exception and no longjmp.
 */
typedef int32_t (*gmm_progress_callback)(void *userdata, const struct gmm_progress *progress);

/**
 * Severity of a log line. New codes may be added at the end.
 */
typedef int32_t gmm_log_level;

/**
 * Receives one log line, in UTF-8, without a line feed, valid during the call. It must return normally: no C++
 * exception and no longjmp. The wording is for people and may change.
 */
typedef void (*gmm_log_callback)(void *userdata, gmm_log_level level, const char *message);

/**
 * Options of a fit. Fill them with `gmm_fit_options_init`, then change the fields that should differ; fields may be
 * added at the end.
 *
 * To fit from known labels or responsibilities, pass as `start` the mixture that `gmm_mixture_from_labels_f64` or
 * `gmm_mixture_from_responsibilities_f64` makes of them.
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
     * Largest number of iterations. 100 unless changed.
     */
    size_t max_iter;
    /**
     * Added to every variance, and included in the resulting covariances. 1e-6 unless changed.
     */
    double reg_covar;
    /**
     * Number of restarts; the one with the best bound wins. 1 unless changed.
     */
    size_t n_init;
    /**
     * Fixes every random choice. 0 unless changed.
     */
    uint64_t seed;
    /**
     * Start from this mixture (of K components) instead of `init`; NULL unless changed.
     */
    const struct gmm_mixture *start;
    /**
     * GMM_COVARIANCE_*. GMM_COVARIANCE_OF_START unless changed; when `start` is set, any other value must be its
     * structure.
     */
    gmm_covariance_type covariance_type;
    /**
     * GMM_CONVERGENCE_*: the quantity compared with `tol`. GMM_CONVERGENCE_CHANGE unless changed.
     */
    gmm_convergence convergence;
    /**
     * GMM_INIT_*: how each restart is initialised. GMM_INIT_KMEANS unless changed.
     */
    gmm_init init;
    /**
     * 1 if `reg_covar` is multiplied by the mean variance of the features; 0 unless changed.
     */
    int32_t reg_covar_relative;
    /**
     * Seconds after which no iteration begins; 0 (the default) means no limit.
     */
    double time_budget;
    /**
     * Weight of each sample (N): weight 2 is the same as two copies of the row, and a row of weight 0 is ignored.
     * NULL unless changed.
     */
    const double *sample_weights;
    /**
     * Starting weights (K), summing to 1. NULL (the default) leaves them to `init`.
     */
    const double *weights;
    /**
     * Starting means (K x D), which replace those of `init`. Weights and covariances are still those of `init`,
     * unless they are given too. NULL unless changed.
     */
    const double *means;
    /**
     * Starting covariances, in the shape of `covariance_type`. NULL unless changed.
     */
    const double *covariances;
    /**
     * Starting precisions, the inverses of the covariances; give one or the other. NULL unless changed.
     */
    const double *precisions;
    /**
     * A prior on the parameters, which replaces `reg_covar`: that then affects the result only when the samples have
     * no variance at all. NULL (the default) means no prior.
     */
    const struct gmm_prior *prior;
    /**
     * Called after every iteration. NULL unless changed.
     */
    gmm_progress_callback progress;
    /**
     * First argument of `progress`. NULL unless changed.
     */
    void *userdata;
    /**
     * A token that may cancel the fit. NULL unless changed.
     */
    const struct gmm_cancel *cancel;
    /**
     * The search for a better optimum ends after this number of swaps in a row have failed. Each swap removes a
     * component of the best mixture, splits another and runs EM from there. -1 (the default) means 4 for each
     * restart, but none with a single restart or with given `means`.
     */
    int64_t max_failed_swaps;
    /**
     * Receives the result in words, before the call returns, on the thread that called. NULL unless changed.
     */
    gmm_log_callback log;
    /**
     * First argument of `log`. NULL unless changed.
     */
    void *log_userdata;
    /**
     * Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
     * on the thread of the call. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_fit_options;

/**
 * Why a fit ended. The mixture is usable in every case. New codes may be added at the end.
 */
typedef int32_t gmm_stop;

/**
 * A repair that let a fit go on. New codes may be added at the end.
 */
typedef int32_t gmm_repair_kind;

/**
 * A repair that let a fit go on. This struct never grows, since callers pass arrays of it.
 */
typedef struct gmm_repair {
    /**
     * GMM_REPAIR_*.
     */
    gmm_repair_kind kind;
    /**
     * Iteration of the repair, from 1; 0 at the start.
     */
    size_t iteration;
    /**
     * The repaired component; 0 for a ridge when all components share one matrix.
     */
    size_t component;
    /**
     * For a reseeded component, the component whose samples it now shares.
     */
    size_t from;
    /**
     * For a raised ridge, its new value.
     */
    double ridge;
} gmm_repair;

/**
 * Results of a fit beside the mixture. Set `size`, and each buffer or NULL; the call writes the rest. Fields may be
 * added at the end.
 */
typedef struct gmm_fit_report {
    /**
     * `sizeof(gmm_fit_report)`, set by the caller.
     */
    size_t size;
    /**
     * Receives the bound of each iteration, or NULL. Set by the caller.
     */
    double *lower_bounds;
    /**
     * Length of `lower_bounds`; bounds of later iterations are left out. Set by the caller.
     */
    size_t lower_bounds_capacity;
    /**
     * 1 if the bound changed by less than `tol`, 0 if the fit ended for another reason.
     */
    int32_t converged;
    /**
     * Iterations of the winning restart.
     */
    size_t n_iter;
    /**
     * The last bound of the winning restart: the mean log-likelihood per sample before the last M-step, in nats.
     * Minus infinity where a sample had density zero.
     */
    double lower_bound;
    /**
     * The restart that won, from 0.
     */
    size_t restart;
    /**
     * GMM_STOP_*: why the winning restart ended.
     */
    gmm_stop stop;
    /**
     * For GMM_STOP_REFUSED why the next parameters were invalid; otherwise GMM_OK.
     */
    gmm_status stop_status;
    /**
     * Number of repairs of the winning restart, including those beyond `repairs_capacity`.
     */
    size_t n_repairs;
    /**
     * Receives the sum of the responsibilities of each component (K), or NULL; infinite where the sum of the weights
     * is beyond the range of a double. Set by the caller.
     */
    double *effective_counts;
    /**
     * Receives a lower bound on the condition number of each covariance (K), or NULL. Set by the caller.
     */
    double *conditions;
    /**
     * Receives the ridge added to the variances of each component in the last iteration (K), or NULL. Set by the
     * caller.
     */
    double *ridges;
    /**
     * Receives flags (K x D), or NULL: 1 for a feature whose variance, given the features before it, is hardly more
     * than the ridge, 0 for the others. Set by the caller.
     */
    uint8_t *held_by_ridge;
    /**
     * Receives repairs, in the order in which they were made, or NULL. Set by the caller.
     */
    struct gmm_repair *repairs;
    /**
     * Length of `repairs`; later repairs are left out. Set by the caller.
     */
    size_t repairs_capacity;
    /**
     * Number of successful swaps after the restart that won.
     */
    size_t n_swaps;
} gmm_fit_report;

/**
 * Goes back to the first row. Returns 0, or any other value for a failure.
 */
typedef int32_t (*gmm_rewind_callback)(void *userdata);

/**
 * Writes the next rows, at most `max_rows`, to `rows` (row-major, D each), and their weights to `sample_weights`,
 * which is NULL for a source without weights. Returns the number of rows written: 0 at the end of the source,
 * negative for a failure.
 */
typedef ptrdiff_t (*gmm_read_callback_f64)(void *userdata,
                                           size_t max_rows,
                                           double *rows,
                                           double *sample_weights);

/**
 * Samples that callbacks read block by block, in one or more passes. Set `size` and the fields that apply, and the
 * rest to 0. Fields may be added at the end.
 *
 * The callbacks are called on the thread that called the fit, and must return normally: no C++ exception and no
 * longjmp. Every pass must give the same rows.
 */
typedef struct gmm_source_f64 {
    /**
     * `sizeof(gmm_source_f64)`.
     */
    size_t size;
    /**
     * D.
     */
    size_t n_features;
    /**
     * Called before every pass. Required.
     */
    gmm_rewind_callback rewind;
    /**
     * Called until it returns 0. Required.
     */
    gmm_read_callback_f64 read;
    /**
     * First argument of both callbacks.
     */
    void *userdata;
    /**
     * 1 if `read` writes a weight for each row, 0 if every row has weight 1.
     */
    int32_t has_weights;
} gmm_source_f64;

/**
 * `gmm_read_callback_f64` for floats; the weights are double.
 */
typedef ptrdiff_t (*gmm_read_callback_f32)(void *userdata,
                                           size_t max_rows,
                                           float *rows,
                                           double *sample_weights);

/**
 * `gmm_source_f64` for floats.
 */
typedef struct gmm_source_f32 {
    /**
     * `sizeof(gmm_source_f32)`.
     */
    size_t size;
    /**
     * D.
     */
    size_t n_features;
    /**
     * Called before every pass. Required.
     */
    gmm_rewind_callback rewind;
    /**
     * Called until it returns 0. Required.
     */
    gmm_read_callback_f32 read;
    /**
     * First argument of both callbacks.
     */
    void *userdata;
    /**
     * 1 if `read` writes a weight for each row, 0 if every row has weight 1.
     */
    int32_t has_weights;
} gmm_source_f32;

/**
 * Options of a learner. Fill them with `gmm_stepwise_options_init`, then change the fields that should differ;
 * fields may be added at the end.
 */
typedef struct gmm_stepwise_options {
    /**
     * `sizeof(gmm_stepwise_options)`.
     */
    size_t size;
    /**
     * How fast old batches fade, greater than 0.5 and at most 1: batch t, from 0, gets the fraction (t + 2)^(-decay)
     * of the moments. 0.7 unless changed.
     */
    double decay;
    /**
     * Added to every variance. 1e-6 unless changed.
     */
    double reg_covar;
    /**
     * 1 if `reg_covar` is multiplied by the mean variance of the features; 0 unless changed.
     */
    int32_t reg_covar_relative;
    /**
     * A prior on the parameters, which replaces `reg_covar`: that then affects the result only when the samples have
     * no variance at all. NULL (the default) means no prior.
     */
    const struct gmm_prior *prior;
    /**
     * A token that cancels updates: they are then refused (GMM_CANCELLED) and change nothing. The learner holds its
     * own reference to the token, so the token may be freed before the learner. NULL unless changed.
     */
    const struct gmm_cancel *cancel;
    /**
     * Where a refusal of `gmm_stepwise_create` is written, in addition to `gmm_last_error_message`. NULL unless
     * changed.
     */
    struct gmm_error *error;
} gmm_stepwise_options;

/**
 * Information criteria of a mixture for given samples; prefer the mixture with the smallest value. Set `size`; the
 * call writes the rest. Fields may be added at the end.
 *
 *     AIC = -2 ln L + 2 p      BIC = -2 ln L + p ln S      ICL = BIC - 2 sum_n s_n sum_k r_nk ln r_nk
 *     p   = K - 1 + K D + covariance parameters: K D (D + 1) / 2 full, D (D + 1) / 2 tied, K D diagonal,
 *           K spherical
 */
typedef struct gmm_criteria {
    /**
     * `sizeof(gmm_criteria)`, set by the caller.
     */
    size_t size;
    /**
     * p, the number of free parameters.
     */
    size_t n_parameters;
    /**
     * ln L = sum_n s_n ln p(z_n), in nats.
     */
    double log_likelihood;
    /**
     * The Akaike information criterion.
     */
    double aic;
    /**
     * The Bayesian information criterion (Schwarz).
     */
    double bic;
    /**
     * The integrated completed likelihood.
     */
    double icl;
} gmm_criteria;

/**
 * The criterion that selects a mixture; the smallest value wins. New codes may be added at the end.
 */
typedef int32_t gmm_criterion;

/**
 * Options of a sweep. Fill them with `gmm_sweep_options_init`, then set the candidates; fields may be added at the
 * end.
 */
typedef struct gmm_sweep_options {
    /**
     * `sizeof(gmm_sweep_options)`.
     */
    size_t size;
    /**
     * Numbers of components to try. Required.
     */
    const size_t *n_components;
    /**
     * Length of `n_components`.
     */
    size_t n_components_len;
    /**
     * Covariance structures to try, GMM_COVARIANCE_*. NULL (the default) means full covariances only.
     */
    const gmm_covariance_type *covariance_types;
    /**
     * Length of `covariance_types`.
     */
    size_t covariance_types_len;
    /**
     * GMM_CRITERION_*: the criterion that selects the best. GMM_CRITERION_BIC unless changed.
     */
    gmm_criterion criterion;
    /**
     * All other options of the fits; NULL (the default) means their defaults. Its `n_components` and
     * `covariance_type` are not read. Its `time_budget` and `cancel` apply to the whole sweep: they end candidates
     * that have begun; candidates that have not begun are left out. `progress`, `start` and other starting
     * parameters must not be set, nor the covariance of a prior when the structures have different shapes.
     */
    const struct gmm_fit_options *fit;
    /**
     * Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
     * on the thread of the call. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_sweep_options;

/**
 * Results for one number of components and one structure. Set `size`; the call writes the rest. Fields may be added
 * at the end.
 */
typedef struct gmm_candidate {
    /**
     * `sizeof(gmm_candidate)`, set by the caller.
     */
    size_t size;
    /**
     * K.
     */
    size_t n_components;
    /**
     * GMM_COVARIANCE_*.
     */
    gmm_covariance_type covariance_type;
    /**
     * GMM_OK, or why the fit failed; `gmm_sweep_mixture` gives its message. After a failure the fields below are 0
     * or NaN.
     */
    gmm_status status;
    /**
     * GMM_STOP_*: why the fit ended.
     */
    gmm_stop stop;
    /**
     * Iterations of the winning restart.
     */
    size_t n_iter;
    /**
     * Free parameters of the mixture.
     */
    size_t n_parameters;
    /**
     * The sum of the log-densities of the samples, in nats.
     */
    double log_likelihood;
    /**
     * The Akaike information criterion.
     */
    double aic;
    /**
     * The Bayesian information criterion (Schwarz).
     */
    double bic;
    /**
     * The integrated completed likelihood.
     */
    double icl;
} gmm_candidate;

/**
 * An array of a mixture, for `gmm_mixture_len`. New codes may be added at the end.
 */
typedef int32_t gmm_parameter;

/**
 * Outputs of `gmm_mixture_score_f64`. One pass over the samples writes every field that is not NULL. Matrices are
 * row-major, N x K. Fields may be added at the end: set `size` to `sizeof(gmm_scores_f64)` and the rest to NULL (`=
 * {sizeof(gmm_scores_f64)}` does both).
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
     * Logarithms of the responsibilities (N x K); -inf where a weight is zero.
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
    /**
     * Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
     * on the thread of the call.
     */
    struct gmm_error *error;
} gmm_scores_f64;

/**
 * Outputs of `gmm_mixture_score_f32`; as `gmm_scores_f64`.
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
     * Logarithms of the responsibilities (N x K); -inf where a weight is zero.
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
    /**
     * Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
     * on the thread of the call.
     */
    struct gmm_error *error;
} gmm_scores_f32;

/**
 * Options of a detector. Fill them with `gmm_detector_options_init`, then change the fields that should differ;
 * fields may be added at the end.
 */
typedef struct gmm_detector_options {
    /**
     * `sizeof(gmm_detector_options)`.
     */
    size_t size;
    /**
     * The fraction of the samples that are outliers, at least 0 and less than 1. It sets the threshold; the same
     * fraction, but at most a third, is trimmed in every M-step. 0.1 unless changed.
     */
    double contamination;
    /**
     * K of each mixture. NULL (the default) means 1, 2, 4 and 8.
     */
    const size_t *n_components;
    /**
     * Length of `n_components`.
     */
    size_t n_components_len;
    /**
     * Stop when the mean log-density of the samples that are not trimmed changes by less than this, in nats. 1e-3
     * unless changed.
     */
    double tol;
    /**
     * Largest number of iterations of each mixture. 100 unless changed.
     */
    size_t max_iter;
    /**
     * Added to every variance; the features are scaled to variance 1 first. 1e-6 unless changed.
     */
    double reg_covar;
    /**
     * Fixes every random choice. 0 unless changed.
     */
    uint64_t seed;
    /**
     * Weight of each sample (N): weight 2 is the same as two copies of the row, and a row of weight 0 is ignored.
     * NULL unless changed.
     */
    const double *sample_weights;
    /**
     * A token that may cancel the fit. NULL unless changed.
     */
    const struct gmm_cancel *cancel;
    /**
     * Seconds after which no iteration begins; 0 (the default) means no limit.
     */
    double time_budget;
    /**
     * Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
     * on the thread of the call. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_detector_options;

/**
 * Done; outputs are written.
 */
#define GMM_OK 0

/**
 * A required pointer is NULL.
 */
#define GMM_NULL_POINTER 1

/**
 * A size is zero, or the shapes of two arguments do not match.
 */
#define GMM_INVALID_SHAPE 2

/**
 * Sizes or strides that exceed the address space, or more memory than this system has.
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
 * A component without samples.
 */
#define GMM_EMPTY_COMPONENT 6

/**
 * A covariance, precision or factor is not positive definite.
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
 * A file is not a model, or has a version that this library does not read.
 */
#define GMM_BAD_FILE 11

/**
 * A bug in this library, not in the call. Please report its message.
 */
#define GMM_INTERNAL 12

/**
 * A callback that samples are read from failed.
 */
#define GMM_SOURCE 13

/**
 * The cancel token ended a call before it had a result.
 */
#define GMM_CANCELLED 14

/**
 * The time budget of a call was spent before it had a result.
 */
#define GMM_OUT_OF_TIME 15

/**
 * The structure of the mixture that a fit starts from; full without one.
 */
#define GMM_COVARIANCE_OF_START -1

/**
 * Every component has its own matrix: K x D x D.
 */
#define GMM_COVARIANCE_FULL 0

/**
 * All components share one matrix: D x D.
 */
#define GMM_COVARIANCE_TIED 1

/**
 * Every component has its own variances: K x D.
 */
#define GMM_COVARIANCE_DIAG 2

/**
 * Every component has one variance, the same for all features: K.
 */
#define GMM_COVARIANCE_SPHERICAL 3

/**
 * The change of the bound in one iteration.
 */
#define GMM_CONVERGENCE_CHANGE 0

/**
 * The estimated gain of the bound over all further iterations, by Aitken's extrapolation.
 */
#define GMM_CONVERGENCE_AITKEN 1

/**
 * Centres by k-means, started by k-means++; each sample is assigned to the nearest.
 */
#define GMM_INIT_KMEANS 0

/**
 * Centres by k-means++ alone; each sample is assigned to the nearest.
 */
#define GMM_INIT_KMEANS_PLUS_PLUS 1

/**
 * Centres that are different rows drawn at random; each sample is assigned to the nearest.
 */
#define GMM_INIT_RANDOM_FROM_DATA 2

/**
 * Random responsibilities.
 */
#define GMM_INIT_RANDOM 3

/**
 * The bound changed by less than `tol`.
 */
#define GMM_STOP_CONVERGED 0

/**
 * `max_iter` iterations were made.
 */
#define GMM_STOP_MAX_ITERATIONS 1

/**
 * The callback or the cancel token requested it.
 */
#define GMM_STOP_CANCELLED 2

/**
 * The time budget was spent.
 */
#define GMM_STOP_OUT_OF_TIME 3

/**
 * The next parameters were invalid; the result is the parameters before them.
 */
#define GMM_STOP_REFUSED 4

/**
 * A covariance was not positive definite and got a larger ridge than requested.
 */
#define GMM_REPAIR_RAISED_RIDGE 0

/**
 * A component lost its samples and got half of those of another component.
 */
#define GMM_REPAIR_RESEEDED 1

/**
 * Bayesian information criterion (Schwarz): favours the most plausible mixture.
 */
#define GMM_CRITERION_BIC 0

/**
 * Akaike information criterion: favours the best predictions.
 */
#define GMM_CRITERION_AIC 1

/**
 * Integrated completed likelihood: favours components that do not overlap.
 */
#define GMM_CRITERION_ICL 2

/**
 * Mixing weights: K.
 */
#define GMM_PARAMETER_WEIGHTS 0

/**
 * Means: K D.
 */
#define GMM_PARAMETER_MEANS 1

/**
 * Covariances in the shape of their type: K D D full, D D tied, K D diagonal, K spherical.
 */
#define GMM_PARAMETER_COVARIANCES 2

/**
 * Covariances as a matrix for each component: K D D.
 */
#define GMM_PARAMETER_DENSE_COVARIANCES 3

/**
 * Lower Cholesky factors of the covariances: K D D.
 */
#define GMM_PARAMETER_CHOLESKY 4

/**
 * Upper factors of the precisions: K D D.
 */
#define GMM_PARAMETER_PRECISIONS_CHOLESKY 5

/**
 * Log-determinants of the covariances: K.
 */
#define GMM_PARAMETER_LOG_DETS 6

/**
 * The result.
 */
#define GMM_LOG_INFO 0

/**
 * Something to check: a fit that did not converge, a repair, a feature without variance.
 */
#define GMM_LOG_WARNING 1

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * The version of this library, "major.minor.patch". Static; never NULL; never freed.
 */
const char *gmm_version(void);

/**
 * The message of the last failed call on this thread: what was wrong and what to try, in UTF-8. Empty before the
 * first failure; never NULL. Valid until the next call that fails on the same thread; do not free it.
 */
const char *gmm_last_error_message(void);

/**
 * Copies the message of `gmm_last_error_message` into `buffer`, cut to fit `len` bytes with a NUL at the end.
 * Returns the length of the whole message in bytes, without the NUL. With `len` 0 nothing is written.
 *
 * The caller promises:
 *
 * `buffer` is writable for `len` bytes, or NULL and `len` 0.
 */
size_t gmm_last_error_copy(char *buffer,
                           size_t len);

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
 * Frees a thread budget; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `threads` is NULL, or a live handle that is not used again.
 */
void gmm_threads_free(struct gmm_threads *threads);

/**
 * A token that cancels the calls it is passed to, into `*out`. Free it with `gmm_cancel_free`.
 *
 *     gmm_cancel_create(&token);
 *     options.cancel = token;                                             in one thread
 *     gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, &report);
 *     gmm_cancel_request(token);                                          in another: the fit ends, GMM_OK,
 *                                                                         with GMM_STOP_CANCELLED
 *
 * The caller promises:
 *
 * `out` is writable.
 */
gmm_status gmm_cancel_create(struct gmm_cancel **out);

/**
 * Requests the end of every call that `token` was or will be passed to. A fit, a candidate of a sweep and a detector
 * end after their current iteration; a search for centres ends at once. May be called from any thread and from a
 * signal handler; does nothing for NULL.
 *
 * The caller promises:
 *
 * `token` is NULL or a live handle.
 */
void gmm_cancel_request(const struct gmm_cancel *token);

/**
 * Withdraws the request, so that `token` can be used again; does nothing for NULL. As safe as `gmm_cancel_request`.
 *
 * The caller promises:
 *
 * `token` is NULL or a live handle.
 */
void gmm_cancel_reset(const struct gmm_cancel *token);

/**
 * Frees a token; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `token` is NULL, or a live handle that is not used again.
 */
void gmm_cancel_free(struct gmm_cancel *token);

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
 * untouched. Uses the library's threads; results do not depend on their number.
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
 * Energies of samples under parameters in the caller's memory.
 *
 *     l_nk = log phi_k - 1/2 ( || chol_k^-1 (z_n - mu_k) ||^2 + D log(2 pi) + log_det_k )
 *     sample_energy_n = - log sum_k exp l_nk                  in nats
 *     mean_energy     = (1/N) sum_n sample_energy_n
 *     cov_diag        = sum_k sum_d 1 / (cov_k)_dd            +inf when a variance is exactly zero
 *
 * `z` is N x D with any strides; `phi` K, `mu` K x D, `cov` and `chol` K x D x D (of `chol` the lower
 * triangle is read), `log_det` K, row-major, all required. `sample_energy` (N), `mean_energy` (1) and
 * `cov_diag` (1) are written unless NULL, and must not overlap each other or the inputs. A component with phi_k = 0
 * does not contribute to the energies; the weights may have any positive sum.
 *
 * Refuses NULL inputs, zero and overflowing sizes, NaN and infinities, negative weights, and factors without a
 * positive diagonal. Outputs are then untouched.
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
 * `gmm_energy_f64` for floats. Samples are whitened in float; sums are computed in double.
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
 * The loss of a deep mixture, and its gradients.
 *
 *     loss = w_energy * mean energy + w_cov_diag * cov_diag      phi, mu, cov as gmm_params_f64 makes them of z, gamma
 *
 * `z` is N x D, `gamma` N x K, with any strides. `loss`, `mean_energy`, `cov_diag` (1 each), `d_z` (N x D) and
 * `d_gamma` (N x K), row-major, are written unless NULL, and must not overlap each other or the inputs. Outputs that
 * are NULL are not computed. A term whose weight is 0 is left out of the loss; `cov_diag` is +inf when a variance is
 * exactly zero.
 *
 * Refuses what `gmm_params_f64` refuses, weights that are not finite, and gradients beyond the range of the type
 * (GMM_OUT_OF_RANGE). Outputs are then untouched. Uses the library's threads; results do not depend on their number.
 * Any number of threads may call it at the same time.
 *
 * The caller promises:
 *
 * `z` and `gamma` describe readable memory; outputs are NULL or writable for their shapes.
 */
gmm_status gmm_loss_f64(const struct gmm_matrix_f64 *z,
                        const struct gmm_matrix_f64 *gamma,
                        double eps,
                        double w_energy,
                        double w_cov_diag,
                        double *loss,
                        double *mean_energy,
                        double *cov_diag,
                        double *d_z,
                        double *d_gamma);

/**
 * `gmm_loss_f64` for floats. Samples are whitened and multiplied in float; sums and factors are double. A loss
 * beyond the largest float becomes +inf; such a gradient is refused.
 *
 * The caller promises:
 *
 * As `gmm_loss_f64`.
 */
gmm_status gmm_loss_f32(const struct gmm_matrix_f32 *z,
                        const struct gmm_matrix_f32 *gamma,
                        float eps,
                        float w_energy,
                        float w_cov_diag,
                        float *loss,
                        float *mean_energy,
                        float *cov_diag,
                        float *d_z,
                        float *d_gamma);

/**
 * Gradients of `sum_n d_energy_n sample_energy_n + d_cov_diag cov_diag` of `gmm_energy_f64`: its vector-Jacobian
 * product.
 *
 * `z` is N x D with any strides; `phi` K, `mu` K x D, `cov` and `chol` K x D x D (of `chol` the lower triangle is
 * read), `log_det` K and `d_energy` N, row-major, all required. `d_z` (N x D), `d_phi` (K), `d_mu` (K x D), `d_cov`
 * and `d_chol` (K x D x D) and `d_log_det` (K) are written unless NULL, and must not overlap each other or the
 * inputs.
 *
 * There are two ways to pass gradients on, and only one may be used. `d_chol` and `d_log_det` treat factors and
 * log-determinants as independent inputs. `d_cov` treats them as functions of `cov`, so it already contains their
 * gradients.
 *
 * Refuses what `gmm_energy_f64` refuses, cotangents that are not finite, and gradients beyond the range of the type
 * (GMM_OUT_OF_RANGE). Outputs are then untouched. Any number of threads may call it at the same time.
 *
 * The caller promises:
 *
 * `z` describes readable memory; parameters and cotangents are readable, outputs NULL or writable, for their shapes.
 */
gmm_status gmm_energy_vjp_f64(const struct gmm_matrix_f64 *z,
                              size_t k,
                              const double *phi,
                              const double *mu,
                              const double *cov,
                              const double *chol,
                              const double *log_det,
                              const double *d_energy,
                              double d_cov_diag,
                              double *d_z,
                              double *d_phi,
                              double *d_mu,
                              double *d_cov,
                              double *d_chol,
                              double *d_log_det);

/**
 * `gmm_energy_vjp_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_energy_vjp_f64`.
 */
gmm_status gmm_energy_vjp_f32(const struct gmm_matrix_f32 *z,
                              size_t k,
                              const float *phi,
                              const float *mu,
                              const float *cov,
                              const float *chol,
                              const float *log_det,
                              const float *d_energy,
                              float d_cov_diag,
                              float *d_z,
                              float *d_phi,
                              float *d_mu,
                              float *d_cov,
                              float *d_chol,
                              float *d_log_det);

/**
 * The vector-Jacobian product of `gmm_params_f64`: turns gradients with respect to its outputs into gradients with
 * respect to its inputs.
 *
 * `z` is N x D, `gamma` N x K, with any strides. `d_phi` (K), `d_mu` (K x D), `d_cov` and `d_chol` (K x D x D; of
 * `d_chol` the lower triangle is read) and `d_log_det` (K) are inputs, row-major; NULL is zero. `d_z` (N x D) and
 * `d_gamma` (N x K), row-major, are written unless NULL, and must not overlap each other or the inputs. Every entry
 * of `cov` is a separate variable, so `d_cov` need not be symmetric.
 *
 * Refuses what `gmm_params_f64` refuses, cotangents that are not finite, and gradients beyond the range of the type
 * (GMM_OUT_OF_RANGE). Outputs are then untouched. Any number of threads may call it at the same time.
 *
 * The caller promises:
 *
 * `z` and `gamma` describe readable memory; cotangents are NULL or readable, outputs NULL or writable, for their
 * shapes.
 */
gmm_status gmm_params_vjp_f64(const struct gmm_matrix_f64 *z,
                              const struct gmm_matrix_f64 *gamma,
                              double eps,
                              const double *d_phi,
                              const double *d_mu,
                              const double *d_cov,
                              const double *d_chol,
                              const double *d_log_det,
                              double *d_z,
                              double *d_gamma);

/**
 * `gmm_params_vjp_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_params_vjp_f64`.
 */
gmm_status gmm_params_vjp_f32(const struct gmm_matrix_f32 *z,
                              const struct gmm_matrix_f32 *gamma,
                              float eps,
                              const float *d_phi,
                              const float *d_mu,
                              const float *d_cov,
                              const float *d_chol,
                              const float *d_log_det,
                              float *d_z,
                              float *d_gamma);

/**
 * The gradient of `cov_diag` with respect to covariances (K x D x D), into `d_cov` (K x D x D). Automatic
 * differentiation takes the arguments of `gmm_energy_f64` one by one; it needs this gradient in place of the `d_cov`
 * of `gmm_energy_vjp_f64`, in which factors and log-determinants follow the covariances.
 *
 *     cov_diag = sum_k sum_i 1 / cov_kii      d_cov_kii = -d_cov_diag / cov_kii^2      d_cov_kij = 0 for i != j
 *
 * The gradient is computed in double. If `d_cov_diag` is 0, all elements are 0, even for a variance of 0. Refuses K or
 * D of 0 (GMM_INVALID_SHAPE), and a gradient beyond the range of the type, such as that of a variance of 0
 * (GMM_OUT_OF_RANGE); the message names the place.
 *
 * Cost: 2 K D divisions, and K D^2 numbers to write.
 *
 * The caller promises:
 *
 * `cov` is readable and `d_cov` writable for K D D elements.
 */
gmm_status gmm_cov_diag_vjp_f64(size_t k,
                                size_t d,
                                const double *cov,
                                double d_cov_diag,
                                double *d_cov);

/**
 * `gmm_cov_diag_vjp_f64` for floats; `d_cov_diag` is a double.
 *
 * The caller promises:
 *
 * As `gmm_cov_diag_vjp_f64`.
 */
gmm_status gmm_cov_diag_vjp_f32(size_t k,
                                size_t d,
                                const float *cov,
                                double d_cov_diag,
                                float *d_cov);

/**
 * Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
 * `gmm_training_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_training_options_init(struct gmm_training_options *options,
                                     size_t size);

/**
 * The loss of `gmm_loss_f64` and its gradients, for batches that may be too small for the mixture; the options
 * define how such batches are handled.
 *
 *     gmm_training_options options;
 *     gmm_training_options_init(&options);
 *     options.ridge_limit = 1e-2, options.drop_empty = 1;
 *     gmm_running_create(0.9, &options.running);
 *     while (next(&z, &gamma))
 *         gmm_training_loss_f64(&z, &gamma, &options, NULL, &loss, NULL, NULL, d_z, d_gamma, NULL);
 *     gmm_running_mixture(options.running, &options, &mixture);
 *
 * Gradients treat the ridge as a constant and are 0 for a dropped component. With running moments, they flow only
 * through the fraction of the moments that is due to this batch: (1 - decay), or 1 for the first batch.
 *
 * `z` is N x D, `gamma` N x K, with any strides. `options` may be NULL for the defaults, `threads` for the library's
 * own. `loss`, `mean_energy`, `cov_diag` (1 each), `d_z` (N x D), `d_gamma` (N x K), row-major, and `mixture`, under
 * which the energies are computed, are written unless NULL. Free the mixture with `gmm_mixture_free`.
 *
 * Refuses what `gmm_loss_f64` refuses, except what the options allow; options outside their ranges; and a batch
 * whose number of features or components differs from that of the running moments (GMM_INVALID_SHAPE). Outputs and
 * running moments are then untouched.
 *
 * The caller promises:
 *
 * `z` and `gamma` describe readable memory; `options` is NULL or readable, and its `running` NULL or a live handle
 * that no other call is using; `threads` is NULL or a live handle; outputs are NULL or writable for their shapes.
 */
gmm_status gmm_training_loss_f64(const struct gmm_matrix_f64 *z,
                                 const struct gmm_matrix_f64 *gamma,
                                 const struct gmm_training_options *options,
                                 const struct gmm_threads *threads,
                                 double *loss,
                                 double *mean_energy,
                                 double *cov_diag,
                                 double *d_z,
                                 double *d_gamma,
                                 struct gmm_mixture **mixture);

/**
 * `gmm_training_loss_f64` for floats. Batches of both types may be mixed.
 *
 * The caller promises:
 *
 * As `gmm_training_loss_f64`.
 */
gmm_status gmm_training_loss_f32(const struct gmm_matrix_f32 *z,
                                 const struct gmm_matrix_f32 *gamma,
                                 const struct gmm_training_options *options,
                                 const struct gmm_threads *threads,
                                 float *loss,
                                 float *mean_energy,
                                 float *cov_diag,
                                 float *d_z,
                                 float *d_gamma,
                                 struct gmm_mixture **mixture);

/**
 * Running averages of the moments of mini-batches, without any batch yet, into `*out`, for use as
 * `gmm_training_options.running`. Free it with `gmm_running_free`.
 *
 *     s <- decay s + (1 - decay) s(batch)      s: moments per sample; the first batch is taken whole
 *
 * `decay` is the fraction of the past that is kept at every batch, from 0 to less than 1. Memory is O(K D^2).
 *
 * The caller promises:
 *
 * `out` is writable.
 */
gmm_status gmm_running_create(double decay,
                              struct gmm_running **out);

/**
 * A copy of the mixture estimated from the running moments, into `*out`, for scoring after training. Free it with
 * `gmm_mixture_free`.
 *
 * Of `options`, which may be NULL for the defaults, only `eps`, `ridge_limit` and `drop_empty` are read. The
 * mixture's covariances do not include `eps`; its scores do. Refuses moments of no batch (GMM_INVALID_ARGUMENT), and
 * mixtures that `gmm_training_loss_f64` refuses.
 *
 * The caller promises:
 *
 * `handle` is a live handle that no call is changing; `options` is NULL or readable; `out` is writable.
 */
gmm_status gmm_running_mixture(const struct gmm_running *handle,
                               const struct gmm_training_options *options,
                               struct gmm_mixture **out);

/**
 * The number of batches so far; 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL, or a live handle that no call is changing.
 */
uint64_t gmm_running_n_batches(const struct gmm_running *handle);

/**
 * Frees running moments; does nothing for NULL. No other call may be using them.
 *
 * The caller promises:
 *
 * `handle` is NULL, or a live handle that is not used again.
 */
void gmm_running_free(struct gmm_running *handle);

/**
 * The score function: the gradient of the log-density with respect to each of `samples` (N x D), into `scores` (N x
 * D, row-major, required).
 *
 * `threads` may be NULL for the library's own. Refuses what scoring refuses, values beyond the range of the type
 * (GMM_OUT_OF_RANGE), and a sample that is infinitely far from every component. `scores` is then untouched.
 *
 * The caller promises:
 *
 * `mixture` is a live handle, `threads` one or NULL; `samples` describes readable memory; `scores` is writable for
 * its shape.
 */
gmm_status gmm_mixture_score_function_f64(const struct gmm_mixture *mixture,
                                          const struct gmm_matrix_f64 *samples,
                                          const struct gmm_threads *threads,
                                          double *scores);

/**
 * `gmm_mixture_score_function_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_function_f64`.
 */
gmm_status gmm_mixture_score_function_f32(const struct gmm_mixture *mixture,
                                          const struct gmm_matrix_f32 *samples,
                                          const struct gmm_threads *threads,
                                          float *scores);

/**
 * Products of the Hessian of the log-density at each of `samples` (N x D) with the vector in the same row of
 * `vectors` (N x D), into `products` (N x D, row-major, required).
 *
 * `threads` may be NULL for the library's own. Refuses as `gmm_mixture_score_function_f64`; `products` is then
 * untouched.
 *
 * The caller promises:
 *
 * As `gmm_mixture_score_function_f64`; `vectors` describes readable memory.
 */
gmm_status gmm_mixture_hessian_vector_products_f64(const struct gmm_mixture *mixture,
                                                   const struct gmm_matrix_f64 *samples,
                                                   const struct gmm_matrix_f64 *vectors,
                                                   const struct gmm_threads *threads,
                                                   double *products);

/**
 * `gmm_mixture_hessian_vector_products_f64` for floats; the products are computed in double.
 *
 * The caller promises:
 *
 * As `gmm_mixture_hessian_vector_products_f64`.
 */
gmm_status gmm_mixture_hessian_vector_products_f32(const struct gmm_mixture *mixture,
                                                   const struct gmm_matrix_f32 *samples,
                                                   const struct gmm_matrix_f32 *vectors,
                                                   const struct gmm_threads *threads,
                                                   float *products);

/**
 * Writes the defaults, those of Fraley & Raftery (2007), to the `size` bytes of `prior`, and `size` to its field
 * `size`. In C and C++ the macro `gmm_prior_init(prior)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `prior` is NULL or writable for `size` bytes.
 */
gmm_status gmm_prior_init(struct gmm_prior *prior,
                          size_t size);

/**
 * Fills the `size` bytes of `options` with the defaults, and its `size` with that. In C and C++ the
 * macro `gmm_fit_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_fit_options_init(struct gmm_fit_options *options, size_t size);

/**
 * Fits a mixture to `samples` (N x D) by expectation-maximisation, into `*out`.
 *
 *     E-step   r_nk, and the bound (1 / S) (sum_n s_n ln p(z_n) + ln p(theta)), S = sum_n s_n
 *     M-step   the parameters with the largest expected likelihood, or posterior under the prior
 *
 *     gmm_fit_options options;
 *     gmm_fit_options_init(&options);
 *     options.n_components = 3;
 *     options.covariance_type = GMM_COVARIANCE_DIAG;
 *     options.time_budget = 60;
 *     gmm_fit_report report = {.size = sizeof report};
 *     if (gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, &report) == GMM_OK &&
 *         report.stop == GMM_STOP_CONVERGED) ...
 *
 * `threads` may be NULL for the library's own; `report` may be NULL. Refuses invalid samples and options, and data
 * that give no positive definite covariance (GMM_NOT_POSITIVE_DEFINITE). `*out` and `*report` are then untouched. A
 * fit that the callback, the token or the time budget of the options ends returns GMM_OK and its best mixture so
 * far. Free the mixture with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `samples` describes readable memory; `options` is readable, its handles NULL or live, its arrays NULL or
 * readable for their shapes, and its callback NULL or callable with its `userdata`; `threads` is NULL or a
 * live handle; `out` is writable; `report` is NULL, or writable and its buffers writable for their shapes.
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
 * As `gmm_mixture_fit_f64`, over a source. Its rows are read once for the start and once in each iteration; one
 * block and a random draw of at most 65 536 rows are kept in memory. The result equals that of the same rows in
 * memory up to rounding, and for more than 65 536 rows up to the effect of that draw on the start.
 *
 *     gmm_source_f64 source = {.size = sizeof source, .n_features = 2, .rewind = to_the_beginning, .read = next,
 *                              .userdata = file};
 *     gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL);
 *
 * A callback that fails, or returns more than `max_rows` rows, is GMM_SOURCE. The token and the time budget of the
 * options end a pass between two blocks. A fit that is still in its first iteration then has no result: it returns
 * GMM_CANCELLED, or GMM_OUT_OF_TIME once twice the budget and a second are over. In `options`, `sample_weights` must
 * not be set: the weights come from the source. Row numbers in messages count from the beginning of the source.
 *
 * The caller promises:
 *
 * `source` is readable for its size, and its callbacks can be called with its `userdata`; otherwise as
 * `gmm_mixture_fit_f64`.
 */
gmm_status gmm_mixture_fit_stream_f64(const struct gmm_source_f64 *source,
                                      const struct gmm_fit_options *options,
                                      const struct gmm_threads *threads,
                                      struct gmm_mixture **out,
                                      struct gmm_fit_report *report);

/**
 * `gmm_mixture_fit_stream_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_fit_stream_f64`.
 */
gmm_status gmm_mixture_fit_stream_f32(const struct gmm_source_f32 *source,
                                      const struct gmm_fit_options *options,
                                      const struct gmm_threads *threads,
                                      struct gmm_mixture **out,
                                      struct gmm_fit_report *report);

/**
 * Estimates a mixture from `labels` (N), each below K, and `samples` (N x D), into `*out`, by one M-step; it can be
 * the `start` of a fit. A component without samples gets half of those of the heaviest one. A label of K or more is
 * GMM_INVALID_ARGUMENT.
 *
 *     options.n_components = 2;
 *     gmm_mixture_from_labels_f64(&samples, labels, &options, NULL, &start);
 *     options.start = start;
 *     gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL);
 *
 * Of `options`, only `n_components`, `covariance_type`, `reg_covar`, `reg_covar_relative` and `sample_weights` are
 * read; `start`, `weights`, `means`, `covariances`, `precisions` and `prior` must not be set. `threads` may be NULL
 * for the library's own. Free the mixture with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `samples` describes readable memory; `labels` is readable for N; `options` is as `gmm_mixture_fit_f64`
 * has it; `threads` is NULL or a live handle; `out` is writable.
 */
gmm_status gmm_mixture_from_labels_f64(const struct gmm_matrix_f64 *samples,
                                       const uint32_t *labels,
                                       const struct gmm_fit_options *options,
                                       const struct gmm_threads *threads,
                                       struct gmm_mixture **out);

/**
 * `gmm_mixture_from_labels_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_from_labels_f64`.
 */
gmm_status gmm_mixture_from_labels_f32(const struct gmm_matrix_f32 *samples,
                                       const uint32_t *labels,
                                       const struct gmm_fit_options *options,
                                       const struct gmm_threads *threads,
                                       struct gmm_mixture **out);

/**
 * As `gmm_mixture_from_labels_f64`, from `responsibilities` (N x K), with any strides, whose rows should sum to one.
 * In contrast, `gmm_params_f64`, the estimate for a layer of a deep mixture, does not repair components that lost
 * their samples, and does not include its eps in the covariances.
 *
 * The caller promises:
 *
 * As `gmm_mixture_from_labels_f64`; `responsibilities` describes readable memory.
 */
gmm_status gmm_mixture_from_responsibilities_f64(const struct gmm_matrix_f64 *samples,
                                                 const struct gmm_matrix_f64 *responsibilities,
                                                 const struct gmm_fit_options *options,
                                                 const struct gmm_threads *threads,
                                                 struct gmm_mixture **out);

/**
 * `gmm_mixture_from_responsibilities_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_from_responsibilities_f64`.
 */
gmm_status gmm_mixture_from_responsibilities_f32(const struct gmm_matrix_f32 *samples,
                                                 const struct gmm_matrix_f32 *responsibilities,
                                                 const struct gmm_fit_options *options,
                                                 const struct gmm_threads *threads,
                                                 struct gmm_mixture **out);

/**
 * The number of doubles in the moments of `handle`: 2 + K (1 + D + D (D + 1) / 2), and for diagonal and spherical
 * covariances 2 + K (1 + 2 D); 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_moments_len(const struct gmm_mixture *handle);

/**
 * The E-step: the moments of `samples` (N x D) under a mixture, into `moments` of `len` = `gmm_moments_len(handle)`
 * doubles. Buffers made with the same mixture may be added element by element, by `gmm_moments_add`, `MPI_SUM` or a
 * loop: the sum is the moments of all their samples.
 *
 *     [ S  l  |  n_1  a_1 (D)  B_1 (D (D + 1) / 2, or D)  |  n_2  a_2  B_2  |  ... ]
 *
 *     S   = sum_n s_n               l   = sum_n s_n ln p(z_n)
 *     n_k = sum_n s_n r_nk          a_k = sum_n s_n r_nk delta_nk          delta_nk = z_n - mu_k
 *     B_k = sum_n s_n r_nk delta_nk delta_nk^T    its lower triangle, row by row; for diagonal and spherical
 *                                                 covariances its diagonal
 *
 * `sample_weights` s (N) are the weights of the samples; NULL means 1 each. `threads` may be NULL for the library's
 * own. One iteration of a fit over samples in pieces:
 *
 *     gmm_moments_of_f64(mixture, &piece, NULL, NULL, moments, len);      for each piece
 *     gmm_moments_add(mixture, moments, all, len);                        all = 0 before the first
 *     gmm_moments_maximise(mixture, all, len, &options, &next);
 *
 * Refuses sums beyond the range of a double (GMM_OUT_OF_RANGE), such as the square of a sample that is too far away.
 * `l` is minus infinity where a sample has density zero.
 *
 * The caller promises:
 *
 * `handle` is a live handle, `threads` one or NULL; `samples` describes readable memory; `sample_weights`
 * is NULL or readable for N; `moments` is writable for `len` doubles.
 */
gmm_status gmm_moments_of_f64(const struct gmm_mixture *handle,
                              const struct gmm_matrix_f64 *samples,
                              const double *sample_weights,
                              const struct gmm_threads *threads,
                              double *moments,
                              size_t len);

/**
 * `gmm_moments_of_f64` for floats; the moments are double.
 *
 * The caller promises:
 *
 * As `gmm_moments_of_f64`.
 */
gmm_status gmm_moments_of_f32(const struct gmm_mixture *handle,
                              const struct gmm_matrix_f32 *samples,
                              const double *sample_weights,
                              const struct gmm_threads *threads,
                              double *moments,
                              size_t len);

/**
 * Adds `added` to `sum`, both moments of `len` doubles made with the same mixture. A `sum` of zeros stands for no
 * samples. Refuses input or a result that no samples can have as moments, as `gmm_moments_maximise` does; `sum` is
 * then untouched.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `added` is readable and `sum` writable for `len` doubles.
 */
gmm_status gmm_moments_add(const struct gmm_mixture *handle,
                           const double *added,
                           double *sum,
                           size_t len);

/**
 * Multiplies the weights of the samples behind `moments`, of `len` doubles, by `factor`: a factor below 1 fades old
 * samples. Refuses a factor that is not positive and finite, and input or a result that no samples can have as
 * moments; `moments` is then untouched.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `moments` is writable for `len` doubles.
 */
gmm_status gmm_moments_scale(const struct gmm_mixture *handle,
                             double factor,
                             double *moments,
                             size_t len);

/**
 * The M-step: the mixture estimated from `moments`, of `len` doubles, made with the mixture of `handle`, into
 * `*out`. It has the covariance structure of that mixture. Of `options`, only `reg_covar`, `reg_covar_relative` and
 * `prior` are read. A component without samples keeps its mean and covariance, with weight 0.
 *
 * Refuses moments that no samples can have: non-finite values (GMM_NOT_FINITE), negative counts (GMM_NEGATIVE),
 * counts that do not add up to S, and second moments that imply a negative variance (GMM_INVALID_ARGUMENT), the last
 * three only when off by more than 1e-4 of the larger number. Refuses also moments that give no positive definite
 * covariance. Free the mixture with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `moments` is readable for `len` doubles; `options` is readable, and its prior
 * NULL or as the header says; `out` is writable.
 */
gmm_status gmm_moments_maximise(const struct gmm_mixture *handle,
                                const double *moments,
                                size_t len,
                                const struct gmm_fit_options *options,
                                struct gmm_mixture **out);

/**
 * Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
 * `gmm_stepwise_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_stepwise_options_init(struct gmm_stepwise_options *options,
                                     size_t size);

/**
 * A learner that starts from a copy of the mixture `start`, into `*out`. `start` may be a fit of the first batch, a
 * loaded mixture or a guess. Free it with `gmm_stepwise_free`.
 *
 *     s <- (1 - eta_t) s + eta_t s(batch)      theta <- M-step(s)      eta_t = (t + 2)^(-decay)
 *
 * s are moments per sample. The memory is that of the mixture, however many batches were seen. Refuses options
 * outside their ranges (GMM_INVALID_ARGUMENT).
 *
 *     gmm_stepwise_options_init(&options);
 *     gmm_stepwise_create(start, &options, &learner);
 *     while (next(&batch))
 *         gmm_stepwise_update_f64(learner, &batch, NULL, NULL, NULL);
 *     gmm_stepwise_mixture(learner, &mixture);
 *
 * The caller promises:
 *
 * `start` is a live handle; `options` is readable, and its prior NULL or as the header says; `out` is
 * writable.
 */
gmm_status gmm_stepwise_create(const struct gmm_mixture *start,
                               const struct gmm_stepwise_options *options,
                               struct gmm_stepwise **out);

/**
 * Learns from a batch (N x D): one E-step and one M-step. `mean_log_likelihood` (1) receives that of the batch under
 * the mixture before the update, in nats per sample; it may be NULL. `sample_weights` (N) may be NULL, `threads`
 * NULL for the library's own. A refused batch changes nothing.
 *
 * The caller promises:
 *
 * `learner` is a live handle that no other call is using, `threads` a live handle or NULL; `batch`
 * describes readable memory; `sample_weights` is NULL or readable for N; `mean_log_likelihood` is NULL or
 * writable.
 */
gmm_status gmm_stepwise_update_f64(struct gmm_stepwise *learner,
                                   const struct gmm_matrix_f64 *batch,
                                   const double *sample_weights,
                                   const struct gmm_threads *threads,
                                   double *mean_log_likelihood);

/**
 * `gmm_stepwise_update_f64` for floats. Batches of both types may be mixed.
 *
 * The caller promises:
 *
 * As `gmm_stepwise_update_f64`.
 */
gmm_status gmm_stepwise_update_f32(struct gmm_stepwise *learner,
                                   const struct gmm_matrix_f32 *batch,
                                   const double *sample_weights,
                                   const struct gmm_threads *threads,
                                   double *mean_log_likelihood);

/**
 * A copy of the current mixture, into `*out`. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `learner` is a live handle that no call is changing; `out` is writable.
 */
gmm_status gmm_stepwise_mixture(const struct gmm_stepwise *learner, struct gmm_mixture **out);

/**
 * The number of batches so far; 0 for NULL.
 *
 * The caller promises:
 *
 * `learner` is NULL, or a live handle that no call is changing.
 */
uint64_t gmm_stepwise_n_updates(const struct gmm_stepwise *learner);

/**
 * Frees a learner; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `learner` is NULL, or a live handle that is not used again.
 */
void gmm_stepwise_free(struct gmm_stepwise *learner);

/**
 * p, the number of free parameters of a mixture; 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_n_parameters(const struct gmm_mixture *handle);

/**
 * The criteria of a mixture for `samples` (N x D), in one pass over them. `sample_weights` s (N) are the weights of
 * the samples, with sum S; NULL means 1 each. `threads` may be NULL for the library's own. Refuses samples with
 * another number of features (GMM_INVALID_SHAPE).
 *
 *     gmm_criteria criteria = {.size = sizeof criteria};
 *     gmm_mixture_criteria_f64(mixture, &samples, NULL, NULL, &criteria);
 *
 * The caller promises:
 *
 * `handle` is a live handle, `threads` one or NULL; `samples` describes readable memory; `sample_weights`
 * is NULL or readable for N; `out` is writable for its size.
 */
gmm_status gmm_mixture_criteria_f64(const struct gmm_mixture *handle,
                                    const struct gmm_matrix_f64 *samples,
                                    const double *sample_weights,
                                    const struct gmm_threads *threads,
                                    struct gmm_criteria *out);

/**
 * `gmm_mixture_criteria_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_criteria_f64`.
 */
gmm_status gmm_mixture_criteria_f32(const struct gmm_mixture *handle,
                                    const struct gmm_matrix_f32 *samples,
                                    const double *sample_weights,
                                    const struct gmm_threads *threads,
                                    struct gmm_criteria *out);

/**
 * Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
 * `gmm_sweep_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_sweep_options_init(struct gmm_sweep_options *options,
                                  size_t size);

/**
 * Fits a mixture to `samples` (N x D) for every number of components and every structure, and compares them, into
 * `*out`. Free it with `gmm_sweep_free`.
 *
 * A candidate that cannot be fitted stays in the table with its status. Refuses empty lists. When no candidate can
 * be fitted, returns the refusal of the first; `*out` is then untouched. `threads` may be NULL for the library's
 * own; results do not depend on them.
 *
 *     size_t ks[] = {1, 2, 3, 4, 5};
 *     gmm_sweep_options options;
 *     gmm_sweep_options_init(&options);
 *     options.n_components = ks, options.n_components_len = 5;
 *     if (gmm_sweep_f64(&samples, &options, NULL, &sweep) == GMM_OK)
 *         gmm_sweep_mixture(sweep, gmm_sweep_best(sweep), &mixture);
 *
 * The caller promises:
 *
 * `samples` describes readable memory; `options` is readable, its lists for their lengths, and its `fit`
 * NULL or as `gmm_mixture_fit_f64` has it; `threads` is NULL or a live handle; `out` is writable.
 */
gmm_status gmm_sweep_f64(const struct gmm_matrix_f64 *samples,
                         const struct gmm_sweep_options *options,
                         const struct gmm_threads *threads,
                         struct gmm_sweep **out);

/**
 * `gmm_sweep_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_sweep_f64`.
 */
gmm_status gmm_sweep_f32(const struct gmm_matrix_f32 *samples,
                         const struct gmm_sweep_options *options,
                         const struct gmm_threads *threads,
                         struct gmm_sweep **out);

/**
 * The number of candidates, ordered by number of components and, within one, by structure; 0 for NULL.
 *
 * The caller promises:
 *
 * `sweep` is NULL or a live handle.
 */
size_t gmm_sweep_n_candidates(const struct gmm_sweep *sweep);

/**
 * The index, from 0, of the candidate with the smallest criterion, the first of equals; 0 for NULL.
 *
 * The caller promises:
 *
 * `sweep` is NULL or a live handle.
 */
size_t gmm_sweep_best(const struct gmm_sweep *sweep);

/**
 * Copies the results of candidate `at`, from 0, into `out`, whose `size` must be set.
 *
 * The caller promises:
 *
 * `sweep` is a live handle; `out` is writable for its size.
 */
gmm_status gmm_sweep_candidate(const struct gmm_sweep *sweep, size_t at, struct gmm_candidate *out);

/**
 * A copy of the mixture of candidate `at`, from 0, into `*out`. For a candidate without a mixture, returns the
 * status and the message of its fit. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `sweep` is a live handle; `out` is writable.
 */
gmm_status gmm_sweep_mixture(const struct gmm_sweep *sweep,
                             size_t at,
                             struct gmm_mixture **out);

/**
 * Writes the report of the fit of candidate `at`, from 0, as `gmm_mixture_fit_f64` does, into `report`, whose size
 * and buffers must be set. For a candidate without a mixture, returns the status and the message of its fit, and
 * `*report` is untouched.
 *
 * The caller promises:
 *
 * `sweep` is a live handle; `report` is writable, and its buffers for the shapes of the candidate.
 */
gmm_status gmm_sweep_report(const struct gmm_sweep *sweep,
                            size_t at,
                            struct gmm_fit_report *report);

/**
 * Frees a sweep; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `sweep` is NULL, or a live handle that is not used again.
 */
void gmm_sweep_free(struct gmm_sweep *sweep);

/**
 * A mixture of `k` components in `d` features from known parameters, into `*out`.
 *
 * `weights` K, `means` K x D, `covariances` K x D x D, row-major; all are copied. Refuses non-finite values, a
 * negative weight, weights that do not sum to 1 within 1e-6, and a covariance that is not symmetric or not positive
 * definite; `*out` is then untouched. Free it with `gmm_mixture_free`.
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
 * Frees a mixture; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `mixture` is NULL, or a live handle that is not used again.
 */
void gmm_mixture_free(struct gmm_mixture *mixture);

/**
 * The number of components K; 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_n_components(const struct gmm_mixture *handle);

/**
 * The number of features D; 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_n_features(const struct gmm_mixture *handle);

/**
 * The covariance structure of a mixture, GMM_COVARIANCE_*; -1 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
gmm_covariance_type gmm_mixture_covariance_type(const struct gmm_mixture *handle);

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
gmm_status gmm_mixture_dense_covariances(const struct gmm_mixture *handle, double *out, size_t len);

/**
 * Covariances in the shape of their structure, as `gmm_fit_options.covariances` takes them, into `out`: `len` is K D
 * D doubles for full covariances, D D for tied, K D for diagonal and K for spherical ones.
 *
 * The caller promises:
 *
 * As `gmm_mixture_weights`.
 */
gmm_status gmm_mixture_covariances(const struct gmm_mixture *handle,
                                   double *out,
                                   size_t len);

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
 * Upper factors of the precisions, the inverse transposes of the Cholesky factors (K x D x D, row-major), into `out`
 * of `len` = K D D doubles. Returns `GMM_OUT_OF_RANGE` where an element is beyond the range of double.
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
 * A mixture of `k` components in `d` features with covariances of the type GMM_COVARIANCE_*, into `*out`.
 *
 * `weights` has K elements and `means` K x D. `covariances` has the shape of the type: K x D x D for full, D x D for
 * tied, K x D for diagonal, K for spherical. All are row-major and are copied. With GMM_COVARIANCE_FULL the function
 * equals `gmm_mixture_create`. It refuses the same for the other types: a variance that is not positive is
 * GMM_NOT_POSITIVE_DEFINITE. An unknown type is GMM_INVALID_ARGUMENT. Free the mixture with `gmm_mixture_free`.
 *
 * Cost: D^3 / 3 flops for each matrix; for diagonal and spherical covariances, a square root of each variance.
 *
 * The caller promises:
 *
 * Parameters are readable for their shapes; `out` is writable.
 */
gmm_status gmm_mixture_create_with_type(gmm_covariance_type covariance_type,
                                        size_t k,
                                        size_t d,
                                        const double *weights,
                                        const double *means,
                                        const double *covariances,
                                        struct gmm_mixture **out);

/**
 * As `gmm_mixture_create_with_type`, from `precisions` in the shape of the type: the inverses of the covariances.
 *
 * The caller promises:
 *
 * As `gmm_mixture_create_with_type`.
 */
gmm_status gmm_mixture_create_from_precisions_with_type(gmm_covariance_type covariance_type,
                                                        size_t k,
                                                        size_t d,
                                                        const double *weights,
                                                        const double *means,
                                                        const double *precisions,
                                                        struct gmm_mixture **out);

/**
 * As `gmm_mixture_create_with_type`, from covariances and their Cholesky factors. The factors are not computed again,
 * so scores are, to the last bit, those of the mixture that parameters and factors were read from.
 *
 *     L_k L_k^T = cov_k + ridge_k I
 *
 * `covariances` and `cholesky` are in the shape of the type; the factors of diagonal and spherical covariances are
 * their square roots. `ridges` (K) are zeros when NULL, and must be zeros unless covariances are full. The weights may
 * have any sum. A factor that does not belong to its covariance is GMM_NOT_POSITIVE_DEFINITE.
 *
 * Cost: D^3 / 3 flops for the check of each matrix.
 *
 * The caller promises:
 *
 * As `gmm_mixture_create_with_type`; `ridges` is NULL or readable for K.
 */
gmm_status gmm_mixture_create_from_factors(gmm_covariance_type covariance_type,
                                           size_t k,
                                           size_t d,
                                           const double *weights,
                                           const double *means,
                                           const double *covariances,
                                           const double *ridges,
                                           const double *cholesky,
                                           struct gmm_mixture **out);

/**
 * The number of doubles of the array `parameter`, GMM_PARAMETER_*, of a mixture: the `len` to pass to the function
 * that reads it, such as `gmm_mixture_weights`. 0 for NULL and for an unknown code.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_len(const struct gmm_mixture *handle,
                       gmm_parameter parameter);

/**
 * Writes `mixture` to the file `file` (NUL-terminated; the system's bytes, UTF-8 on Windows), in the safetensors
 * layout of docs/model-file.md.
 *
 * The file is replaced only once it is complete: after any failure, an earlier file of that name is unchanged.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `file` is NULL or NUL-terminated.
 */
gmm_status gmm_mixture_save(const struct gmm_mixture *handle,
                            const char *file);

/**
 * As `gmm_mixture_save`, with `n` pairs of text as metadata: `values[i]` under `keys[i]`, all UTF-8.
 *
 * Keys must be non-empty, unique and different from `gmm`. The key `feature_names` holds the names of the features
 * as a JSON list of D strings, as in `["height","width"]`; the program `gmm` and Python's classes read it. All other
 * keys and values are the caller's. An invalid key or value is `GMM_INVALID_ARGUMENT`, and nothing is written.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `keys` and `values` are readable for `n` strings, each NUL-terminated, and may be NULL
 * when `n` is 0; `file` is NULL or NUL-terminated.
 */
gmm_status gmm_mixture_save_with_metadata(const struct gmm_mixture *handle,
                                          const char *const *keys,
                                          const char *const *values,
                                          size_t n,
                                          const char *file);

/**
 * Reads the metadata text that the model file `file` holds under `key`, into `out`, of `capacity` bytes, followed by
 * a NUL. `*len` is its length without that NUL. With `out` NULL only `*len` is written, which tells the capacity to
 * allocate.
 *
 * Returns `GMM_INVALID_ARGUMENT` for a key that the file does not have, and `GMM_INVALID_SHAPE` for a capacity of
 * `*len` or less. The key `gmm` holds the file's format. The mixture is not read.
 *
 * The caller promises:
 *
 * `file` and `key` are NULL or NUL-terminated; `out` is NULL or writable for `capacity` bytes; `len` is writable.
 */
gmm_status gmm_model_metadata(const char *file,
                              const char *key,
                              char *out,
                              size_t capacity,
                              size_t *len);

/**
 * Reads the keys of all metadata of the model file `file` into `out`, of `capacity` bytes: in ascending order, each
 * followed by a NUL, and one more NUL after the last. `*len` is the length without that last NUL. Otherwise as
 * `gmm_model_metadata`.
 *
 * The caller promises:
 *
 * As `gmm_model_metadata`.
 */
gmm_status gmm_model_metadata_keys(const char *file,
                                   char *out,
                                   size_t capacity,
                                   size_t *len);

/**
 * Reads a mixture from the file `file`, into `*out`. Every value is checked. Its scores equal those of the mixture
 * that was saved, bit for bit. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `file` is NULL or NUL-terminated; `out` is writable.
 */
gmm_status gmm_mixture_load(const char *file,
                            struct gmm_mixture **out);

/**
 * Writes the bytes of a model file, as `gmm_mixture_save` writes it, into `out`, which has `capacity` bytes, and their
 * number into `*len`. If `out` is NULL, only `*len` is written; a first call can thus find the capacity.
 *
 * The same mixture gives the same bytes on every machine. Bytes of `out` after the first `*len` are not written. A
 * capacity that is too small is GMM_INVALID_SHAPE, and then nothing is written.
 *
 *     gmm_mixture_to_bytes(mixture, NULL, 0, &len);
 *     bytes = malloc(len);
 *     gmm_mixture_to_bytes(mixture, bytes, len, &len);
 *
 * Cost: two copies of the parameters, and one check of each factor, D^3 / 3 flops for a matrix; the same with `out`
 * NULL.
 *
 * The caller promises:
 *
 * `handle` is a live handle; `out` is NULL or writable for `capacity` bytes; `len` is writable.
 */
gmm_status gmm_mixture_to_bytes(const struct gmm_mixture *handle,
                                uint8_t *out,
                                size_t capacity,
                                size_t *len);

/**
 * A mixture from the `len` bytes of a model file, into `*out`. Every value is checked. Scores are, to the last bit,
 * those of the mixture that was written. The metadata of the file is not read. Bytes that are not a model are
 * GMM_BAD_FILE. Free the mixture with `gmm_mixture_free`.
 *
 * Cost: one copy of the parameters, and one check of each factor, D^3 / 3 flops for a matrix.
 *
 * The caller promises:
 *
 * `bytes` is readable for `len` bytes; `out` is writable.
 */
gmm_status gmm_mixture_from_bytes(const uint8_t *bytes,
                                  size_t len,
                                  struct gmm_mixture **out);

/**
 * Draws samples from a mixture: rows `first` to `first + n` of the endless sequence that `seed` defines, into
 * `samples` (n x D, row-major), and the component of each row into `labels` (n), unless that is NULL.
 *
 *     z = mu_k + L_k x      k by the weights, x standard normal, L_k the Cholesky factor, ridge included
 *
 *     double samples[100 * 2];
 *     uint32_t labels[100];
 *     gmm_mixture_sample_f64(mixture, 7, 0, 100, samples, labels);      D = 2, seed 7
 *
 * The same mixture and seed give the same bits on every platform, and splitting the rows into several calls does not
 * change them. Refuses n = 0 (GMM_INVALID_SHAPE), and a mixture that could give a sample beyond the range of the
 * type (GMM_OUT_OF_RANGE).
 *
 * The caller promises:
 *
 * `handle` is a live handle; `samples` is writable for n D elements, `labels` for n or NULL.
 */
gmm_status gmm_mixture_sample_f64(const struct gmm_mixture *handle,
                                  uint64_t seed,
                                  uint64_t first,
                                  size_t n,
                                  double *samples,
                                  uint32_t *labels);

/**
 * `gmm_mixture_sample_f64` for floats: the same values, rounded.
 *
 * The caller promises:
 *
 * As `gmm_mixture_sample_f64`.
 */
gmm_status gmm_mixture_sample_f32(const struct gmm_mixture *handle,
                                  uint64_t seed,
                                  uint64_t first,
                                  size_t n,
                                  float *samples,
                                  uint32_t *labels);

/**
 * Scores `samples` (N x D) under `mixture`: one pass writes every output that `scores` requests.
 *
 * `threads` may be NULL for the library's own. On any status but GMM_OK, all outputs except `scores->error` are
 * untouched.
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
 * A copy of `mixture` with the memory for scoring up to `max_samples` samples in a call, into `*out`. Free it with
 * `gmm_scorer_free_f64`.
 *
 *     gmm_scorer_create_f64(mixture, 1, &scorer);
 *     for (;;) {
 *         gmm_matrix_f64 sample = {next(), 1, d, d, 1};
 *         gmm_scores_f64 scores = {.size = sizeof scores, .energies = &energy};
 *         if (gmm_scorer_score_f64(scorer, &sample, &scores) != GMM_OK) ...
 *     }
 *
 * The caller promises:
 *
 * `mixture` is a live handle; `out` is writable.
 */
gmm_status gmm_scorer_create_f64(const struct gmm_mixture *mixture,
                                 size_t max_samples,
                                 struct gmm_scorer_f64 **out);

/**
 * `gmm_scorer_create_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_scorer_create_f64`.
 */
gmm_status gmm_scorer_create_f32(const struct gmm_mixture *mixture,
                                 size_t max_samples,
                                 struct gmm_scorer_f32 **out);

/**
 * As `gmm_mixture_score_f64`, on the calling thread and without an allocation, for at most `max_samples` samples.
 * More samples are scored with allocations. Results have the same bits.
 *
 * A refusal allocates nothing either: its message is written into memory of the thread. Only one thread may use a
 * scorer at a time, so every thread needs its own.
 *
 * The caller promises:
 *
 * `scorer` is a live handle that no other call is using; `samples` describes readable memory; `scores` is
 * readable, and its outputs writable for their shapes.
 */
gmm_status gmm_scorer_score_f64(struct gmm_scorer_f64 *scorer,
                                const struct gmm_matrix_f64 *samples,
                                const struct gmm_scores_f64 *scores);

/**
 * `gmm_scorer_score_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_scorer_score_f64`.
 */
gmm_status gmm_scorer_score_f32(struct gmm_scorer_f32 *scorer,
                                const struct gmm_matrix_f32 *samples,
                                const struct gmm_scores_f32 *scores);

/**
 * Frees a scorer; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `scorer` is NULL, or a live handle that is not used again.
 */
void gmm_scorer_free_f64(struct gmm_scorer_f64 *scorer);

/**
 * `gmm_scorer_free_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_scorer_free_f64`.
 */
void gmm_scorer_free_f32(struct gmm_scorer_f32 *scorer);

/**
 * The `percent`-th percentile of the `n` energies, into `threshold`, by linear interpolation between two of them. A
 * sample is an outlier when its energy is greater.
 *
 * With energies in ascending order, h = (n - 1) percent / 100, i = floor(h) and t = h - i:
 *
 *     threshold = E_i + t (E_(i+1) - E_i)
 *
 *     gmm_mixture_energies_f64(mixture, &usual, NULL, energies);
 *     gmm_threshold_by_percentile_f64(energies, n, 99, &threshold);
 *
 * Refuses n = 0 (GMM_INVALID_SHAPE), a percentage outside 0 to 100 (GMM_INVALID_ARGUMENT), and energies that are NaN
 * or -infinity (GMM_NOT_FINITE).
 *
 * The caller promises:
 *
 * `energies` is readable for `n`; `threshold` is writable.
 */
gmm_status gmm_threshold_by_percentile_f64(const double *energies,
                                           size_t n,
                                           double percent,
                                           double *threshold);

/**
 * `gmm_threshold_by_percentile_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_threshold_by_percentile_f64`.
 */
gmm_status gmm_threshold_by_percentile_f32(const float *energies,
                                           size_t n,
                                           double percent,
                                           double *threshold);

/**
 * The smallest threshold with at most the fraction `fraction` of the `n` energies above it, into `threshold`: the (m
 * + 1)-th largest energy, m = floor(fraction n).
 *
 * Refuses a fraction below 0 or of 1 and more; otherwise as `gmm_threshold_by_percentile_f64`.
 *
 * The caller promises:
 *
 * As `gmm_threshold_by_percentile_f64`.
 */
gmm_status gmm_threshold_by_contamination_f64(const double *energies,
                                              size_t n,
                                              double fraction,
                                              double *threshold);

/**
 * `gmm_threshold_by_contamination_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_threshold_by_percentile_f64`.
 */
gmm_status gmm_threshold_by_contamination_f32(const float *energies,
                                              size_t n,
                                              double fraction,
                                              double *threshold);

/**
 * The smallest threshold with at most the fraction `fraction` of the total weight above it, into `threshold`. Each of
 * the `n` energies has a weight in `weights` (N): a weight of 2 equals two equal energies, and an energy of weight 0
 * is ignored.
 *
 * Energies are skipped from the largest down, as long as the skipped weights sum to at most fraction S (1 + 1e-12),
 * where S is the sum of all weights. The first energy that is not skipped is the threshold. The factor allows for
 * rounding. Refuses weights that are not finite (GMM_NOT_FINITE), negative (GMM_NEGATIVE) or all zero
 * (GMM_INVALID_ARGUMENT); otherwise as `gmm_threshold_by_contamination_f64`.
 *
 * Cost: a copy of the energies, and N log N comparisons.
 *
 * The caller promises:
 *
 * `energies` and `weights` are readable for `n`; `threshold` is writable.
 */
gmm_status gmm_threshold_by_weighted_contamination_f64(const double *energies,
                                                       const double *weights,
                                                       size_t n,
                                                       double fraction,
                                                       double *threshold);

/**
 * `gmm_threshold_by_weighted_contamination_f64` for floats; weights are doubles.
 *
 * The caller promises:
 *
 * As `gmm_threshold_by_weighted_contamination_f64`.
 */
gmm_status gmm_threshold_by_weighted_contamination_f32(const float *energies,
                                                       const double *weights,
                                                       size_t n,
                                                       double fraction,
                                                       double *threshold);

/**
 * The contribution of each feature to the energy of each sample, into `shares` (N x D, row-major, required):
 *
 *     delta_k = z_n - mu_k      u_k = (cov_k + ridge I)^-1 delta_k      share_ni = 1/2 sum_k r_nk delta_ki u_ki
 *
 * The sum of a row is the energy without its terms for weights, determinants and the entropy of the
 * responsibilities. A contribution may be negative: with correlated features, the value of one feature may make
 * those of others less surprising. `threads` may be NULL for the library's own.
 *
 * A contribution beyond the range of the type is infinite. Refuses a sample so far away that a contribution would be
 * NaN (GMM_OUT_OF_RANGE); the message names its row.
 *
 * The caller promises:
 *
 * `handle` is a live handle, `threads` one or NULL; `samples` describes readable memory; `shares` is
 * writable for N D elements.
 */
gmm_status gmm_mixture_attribution_f64(const struct gmm_mixture *handle,
                                       const struct gmm_matrix_f64 *samples,
                                       const struct gmm_threads *threads,
                                       double *shares);

/**
 * `gmm_mixture_attribution_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_mixture_attribution_f64`.
 */
gmm_status gmm_mixture_attribution_f32(const struct gmm_mixture *handle,
                                       const struct gmm_matrix_f32 *samples,
                                       const struct gmm_threads *threads,
                                       float *shares);

/**
 * Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
 * `gmm_detector_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_detector_options_init(struct gmm_detector_options *options,
                                     size_t size);

/**
 * Fits a detector to `samples` (N x D) that contain the outliers to be found, into `*out`. Free it with
 * `gmm_detector_free`.
 *
 * For every K a mixture with tied covariances is fitted. Each M-step leaves out the given fraction of the samples,
 * those least likely under the current mixture. Components that may consist of outliers only are dropped. The energy
 * of a sample is the mean of its energies under the mixtures. A plain fit may adapt to a tight group of outliers;
 * these rules prevent it. `options` may be NULL for the defaults, `threads` for the library's own.
 *
 *     gmm_detector_options options;
 *     gmm_detector_options_init(&options);
 *     options.contamination = 0.02;
 *     if (gmm_detector_fit_f64(&samples, &options, NULL, &detector) == GMM_OK &&
 *         gmm_detector_energies_f64(detector, &samples, NULL, energies) == GMM_OK)
 *         threshold = gmm_detector_threshold(detector);
 *
 * A fit that the token or the time budget ends returns GMM_OK, and `gmm_detector_stop` gives the reason. The mixture
 * in progress is kept in its current state, and the Ks after it are left out; the first mixture has at least its
 * start. A fit also ends when the bound has not risen in a hundred successive iterations.
 *
 * Refuses fewer than two samples, fewer untrimmed samples than the smallest K, and options outside their ranges
 * (GMM_INVALID_ARGUMENT); values that are NaN or infinite (GMM_NOT_FINITE); samples whose squares leave the range of
 * a double (GMM_OUT_OF_RANGE).
 *
 * The caller promises:
 *
 * `samples` describes readable memory; `options` is NULL or readable, its lists for their lengths;
 * `threads` is NULL or a live handle; `out` is writable.
 */
gmm_status gmm_detector_fit_f64(const struct gmm_matrix_f64 *samples,
                                const struct gmm_detector_options *options,
                                const struct gmm_threads *threads,
                                struct gmm_detector **out);

/**
 * `gmm_detector_fit_f64` for floats; everything is computed in double.
 *
 * The caller promises:
 *
 * As `gmm_detector_fit_f64`.
 */
gmm_status gmm_detector_fit_f32(const struct gmm_matrix_f32 *samples,
                                const struct gmm_detector_options *options,
                                const struct gmm_threads *threads,
                                struct gmm_detector **out);

/**
 * Energies of `samples` (N x D), in nats, into `energies` (N, required): the larger the energy, the more unusual the
 * sample. `threads` may be NULL for the library's own.
 *
 * The caller promises:
 *
 * `detector` is a live handle, `threads` one or NULL; `samples` describes readable memory; `energies` is
 * writable for N elements.
 */
gmm_status gmm_detector_energies_f64(const struct gmm_detector *detector,
                                     const struct gmm_matrix_f64 *samples,
                                     const struct gmm_threads *threads,
                                     double *energies);

/**
 * `gmm_detector_energies_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_detector_energies_f64`.
 */
gmm_status gmm_detector_energies_f32(const struct gmm_detector *detector,
                                     const struct gmm_matrix_f32 *samples,
                                     const struct gmm_threads *threads,
                                     float *energies);

/**
 * The contribution of each feature to the energy of each sample, into `shares` (N x D, row-major, required): the
 * mean over the mixtures of the contributions that `gmm_mixture_attribution_f64` gives.
 *
 * The caller promises:
 *
 * As `gmm_detector_energies_f64`, and `shares` is writable for N D elements.
 */
gmm_status gmm_detector_attribution_f64(const struct gmm_detector *detector,
                                        const struct gmm_matrix_f64 *samples,
                                        const struct gmm_threads *threads,
                                        double *shares);

/**
 * `gmm_detector_attribution_f64` for floats.
 *
 * The caller promises:
 *
 * As `gmm_detector_attribution_f64`.
 */
gmm_status gmm_detector_attribution_f32(const struct gmm_detector *detector,
                                        const struct gmm_matrix_f32 *samples,
                                        const struct gmm_threads *threads,
                                        float *shares);

/**
 * The energy above which a sample is an outlier, in nats. At most the fraction `contamination` of the samples of the
 * fit, by weight, are above it. NaN for NULL.
 *
 * The caller promises:
 *
 * `detector` is NULL or a live handle.
 */
double gmm_detector_threshold(const struct gmm_detector *detector);

/**
 * Why the fit of a detector ended, GMM_STOP_*. Cancelled or out of time means that there may be fewer mixtures than
 * Ks; the other codes say whether every mixture converged. -1 for NULL.
 *
 * The caller promises:
 *
 * `detector` is NULL or a live handle.
 */
gmm_stop gmm_detector_stop(const struct gmm_detector *detector);

/**
 * The number of mixtures of a detector, one for each fitted K; 0 for NULL.
 *
 * The caller promises:
 *
 * `detector` is NULL or a live handle.
 */
size_t gmm_detector_n_mixtures(const struct gmm_detector *detector);

/**
 * A copy of mixture `at` of a detector, counted from 0, into `*out`: the components that were kept, heaviest first,
 * with tied covariances, in the units of the samples. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `detector` is a live handle; `out` is writable.
 */
gmm_status gmm_detector_mixture(const struct gmm_detector *detector,
                                size_t at,
                                struct gmm_mixture **out);

/**
 * Frees a detector; does nothing for NULL. No other call may be using it.
 *
 * The caller promises:
 *
 * `detector` is NULL, or a live handle that is not used again.
 */
void gmm_detector_free(struct gmm_detector *detector);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */


/* Fill in the defaults, with the size of the struct that this program was compiled with. */
#define gmm_fit_options_init(options) (gmm_fit_options_init)((options), sizeof *(options))
#define gmm_prior_init(prior) (gmm_prior_init)((prior), sizeof *(prior))
#define gmm_stepwise_options_init(options) (gmm_stepwise_options_init)((options), sizeof *(options))
#define gmm_training_options_init(options) (gmm_training_options_init)((options), sizeof *(options))
#define gmm_sweep_options_init(options) (gmm_sweep_options_init)((options), sizeof *(options))
#define gmm_detector_options_init(options) (gmm_detector_options_init)((options), sizeof *(options))

#endif  /* GMM_H */
