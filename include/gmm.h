/* gmm: Gaussian mixture models. Conventions and promises: docs/abi.md.
 *
 * Generated from crates/gmm-ffi by `cargo xtask headers`. Do not edit.
 */


#ifndef GMM_H
#define GMM_H

#include <stddef.h>
#include <stdint.h>

/**
 * A wish that a fit may end. Any number of threads may use one at the same time. Freed by
 * `gmm_cancel_free`.
 */
typedef struct gmm_cancel gmm_cancel;

/**
 * What tells outliers in data that contain them. Immutable: any number of threads may use one at the same
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
 * Why a call was refused, for the caller who cannot ask the thread that it ran on. Set `size` to `sizeof(gmm_error)`,
 * and a pointer to it as `error` of the options of the call. A call that succeeds leaves it as it is.
 */
typedef struct gmm_error {
    /**
     * `sizeof(gmm_error)`, set by the caller.
     */
    size_t size;
    /**
     * What the call returned.
     */
    gmm_status status;
    /**
     * What was wrong and what to try, in UTF-8, with a NUL at the end; of longer messages the beginning.
     */
    char message[500];
} gmm_error;

/**
 * What a loss adds up, and what happens to batches that make no mixture. Fill it with `gmm_training_options_init`
 * and then change what should differ; fields may be added at the end. With the defaults a loss is that of
 * `gmm_loss_f64`, bit for bit.
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
     * What the mean energy counts. 1 unless changed.
     */
    double w_energy;
    /**
     * What the sum of inverse variances counts. 0.005 unless changed.
     */
    double w_cov_diag;
    /**
     * Where a covariance has no factor, `eps` is multiplied by ten for it until it has one, from 1e-12 on if it is 0,
     * up to this. 0, unless changed, for a refusal instead.
     */
    double ridge_limit;
    /**
     * 1 when a component without responsibility is to have weight 0 and no gradient; 0, unless changed, for a
     * refusal.
     */
    int32_t drop_empty;
    /**
     * Running averages of moments, that take this batch in and make the mixture. NULL, unless changed, for the
     * moments of the batch alone.
     */
    struct gmm_running *running;
    /**
     * Where a refusal is written, beside `gmm_last_error_message`: for callers who cannot ask the thread that the call
     * ran on. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_training_options;

/**
 * A conjugate prior, that fits maximise with the likelihood: it bounds variances from below. Fill it with
 * `gmm_prior_init` and then change what should differ; fields may be added at the end.
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
     * At least 1 and at most 1e100; 1, which is flat, unless changed.
     */
    double weight_concentration;
    /**
     * How many samples `mean` counts for, at most 1e100; 0.01 unless changed.
     */
    double mean_precision;
    /**
     * D; NULL, unless changed, for the mean of the samples.
     */
    const double *mean;
    /**
     * More than D - 1 and at most 1e100; 0, unless changed, or NaN for D + 2.
     */
    double degrees_of_freedom;
    /**
     * D x D for full and tied covariances, D variances for diagonal ones, one for spherical ones; NULL,
     * unless changed, for the covariance of the samples, or the mean of its variances, over K^(2/D).
     */
    const double *covariance;
} gmm_prior;

/**
 * What the covariances of a mixture have in common. New codes may be added at the end.
 */
typedef int32_t gmm_covariance_type;

/**
 * What is held against `tol`. New codes may be added at the end.
 */
typedef int32_t gmm_convergence;

/**
 * Where each restart begins. New codes may be added at the end.
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
     * Which restart, from 0; once swaps have begun, the one that won.
     */
    size_t restart;
    /**
     * Which iteration of it or of the last move, from 1; 0 for a move that failed before it had one.
     */
    size_t iteration;
    /**
     * Its bound, in nats per sample; of a move without iterations, the best so far.
     */
    double lower_bound;
    /**
     * Seconds since the fit began.
     */
    double elapsed;
    /**
     * How many swaps were begun after the restarts; 0 while those run.
     */
    size_t n_swaps;
} gmm_progress;

/**
 * Is told of every iteration, on the thread that called the fit; 0 goes on, anything else ends the
 * fit. `progress` is valid during the call. It must return: no C++ exception and no longjmp.
 */
typedef int32_t (*gmm_progress_callback)(void *userdata, const struct gmm_progress *progress);

/**
 * How much a line matters. New codes may be added at the end.
 */
typedef int32_t gmm_log_level;

/**
 * Is told a line in words, in UTF-8 and without a line feed, valid during the call. It must return: no
 * C++ exception and no longjmp. The wording is for people and may change.
 */
typedef void (*gmm_log_callback)(void *userdata, gmm_log_level level, const char *message);

/**
 * How to fit. Fill it with `gmm_fit_options_init` and then change what should differ; fields may be
 * added at the end.
 *
 * A fit from known labels or responsibilities is one from the `start` that `gmm_mixture_from_labels_f64`
 * or `gmm_mixture_from_responsibilities_f64` makes of them.
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
     * Start from this mixture (of K components) instead of `init`; NULL unless changed.
     */
    const struct gmm_mixture *start;
    /**
     * GMM_COVARIANCE_*. GMM_COVARIANCE_OF_START unless changed; with `start` it must be that of the start.
     */
    gmm_covariance_type covariance_type;
    /**
     * GMM_CONVERGENCE_*: what is held against `tol`. GMM_CONVERGENCE_CHANGE unless changed.
     */
    gmm_convergence convergence;
    /**
     * GMM_INIT_*: where each restart begins. GMM_INIT_KMEANS unless changed.
     */
    gmm_init init;
    /**
     * 1 when `reg_covar` is to be multiplied by the mean variance of the features; 0 unless changed.
     */
    int32_t reg_covar_relative;
    /**
     * Seconds after which no iteration begins; 0, unless changed, for as many as it takes.
     */
    double time_budget;
    /**
     * How much each sample counts (N): 2 is the row twice, 0 is no row at all. NULL unless changed.
     */
    const double *sample_weights;
    /**
     * Weights to start from (K), summing to 1. NULL, unless changed, where they are not known.
     */
    const double *weights;
    /**
     * Means to start from (K x D), in place of those that `init` finds. Weights and covariances are still those of
     * `init`, unless they are given too. NULL unless changed.
     */
    const double *means;
    /**
     * Covariances to start from, in the shape of `covariance_type`. NULL unless changed.
     */
    const double *covariances;
    /**
     * Their inverses, instead of them. NULL unless changed.
     */
    const double *precisions;
    /**
     * A prior on the parameters, instead of `reg_covar`, which then has no part in the result unless the samples have no
     * extent at all. NULL, unless changed, for none.
     */
    const struct gmm_prior *prior;
    /**
     * Is told of every iteration. NULL unless changed.
     */
    gmm_progress_callback progress;
    /**
     * What `progress` is called with. NULL unless changed.
     */
    void *userdata;
    /**
     * Ends the fit when it is asked to. NULL unless changed.
     */
    const struct gmm_cancel *cancel;
    /**
     * Moves in a row that may fail: each takes a component of the best restart away, splits another, and
     * climbs from there. -1, unless changed, for 4 a restart, or none when there is one or `means` are given.
     */
    int64_t max_failed_swaps;
    /**
     * Is told in words what came out, before the call returns, on the thread that called. NULL unless changed.
     */
    gmm_log_callback log;
    /**
     * What `log` is called with. NULL unless changed.
     */
    void *log_userdata;
    /**
     * Where a refusal is written, beside `gmm_last_error_message`: for callers who cannot ask the thread that the call
     * ran on. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_fit_options;

/**
 * Why a fit ended. Whatever it was, the mixture is one to use. New codes may be added at the end.
 */
typedef int32_t gmm_stop;

/**
 * What a fit did so that it could go on. New codes may be added at the end.
 */
typedef int32_t gmm_repair_kind;

/**
 * What a fit did so that it could go on. Does not change, for arrays are made of it.
 */
typedef struct gmm_repair {
    /**
     * GMM_REPAIR_*.
     */
    gmm_repair_kind kind;
    /**
     * In which iteration, from 1; 0 at the start.
     */
    size_t iteration;
    /**
     * Which component; 0 for a ridge when all share one matrix.
     */
    size_t component;
    /**
     * Whose samples it shares, when it was reseeded.
     */
    size_t from;
    /**
     * The ridge, when that was raised.
     */
    double ridge;
} gmm_repair;

/**
 * What a fit came to. Set `size`, and the buffers or NULL; the rest is filled in. Fields may be added at
 * the end.
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
     * 1 when the bound settled within `tol`, 0 when something else came first.
     */
    int32_t converged;
    /**
     * Iterations of the winning restart.
     */
    size_t n_iter;
    /**
     * Its last bound: the mean log-likelihood per sample before the last M-step, in nats. Minus infinity where a sample
     * had no density.
     */
    double lower_bound;
    /**
     * Which restart won, from 0.
     */
    size_t restart;
    /**
     * GMM_STOP_*: why it ended.
     */
    gmm_stop stop;
    /**
     * GMM_OK, or for GMM_STOP_REFUSED why the next parameters were none.
     */
    gmm_status stop_status;
    /**
     * Repairs of the winning restart, those beyond the capacity included.
     */
    size_t n_repairs;
    /**
     * How many samples belong to each component (K), in parts; infinite where the sum of the weights is beyond a
     * double. NULL for nowhere. Set by the caller.
     */
    double *effective_counts;
    /**
     * A lower bound on the condition number of each covariance (K), or NULL. Set by the caller.
     */
    double *conditions;
    /**
     * What was added to the variances of each component in the last iteration (K), or NULL. Set by the
     * caller.
     */
    double *ridges;
    /**
     * 1 for features with hardly any variance but the ridge, when those before them are known, and 0
     * for the others (K x D), or NULL. Set by the caller.
     */
    uint8_t *held_by_ridge;
    /**
     * Where to write repairs, in the order in which they were made, or NULL. Set by the caller.
     */
    struct gmm_repair *repairs;
    /**
     * How many repairs fit there; later ones are left out. Set by the caller.
     */
    size_t repairs_capacity;
    /**
     * How many swaps led on from the restart that won.
     */
    size_t n_swaps;
} gmm_fit_report;

/**
 * Goes back to the first row; 0, or anything else when that failed.
 */
typedef int32_t (*gmm_rewind_callback)(void *userdata);

/**
 * Writes the next rows, at most `max_rows`, to `rows` (row-major, D each), and how much each counts to
 * `sample_weights`, which is NULL for a source without weights. Returns how many there were: 0 is the end,
 * and a negative number a failure.
 */
typedef ptrdiff_t (*gmm_read_callback_f64)(void *userdata,
                                           size_t max_rows,
                                           double *rows,
                                           double *sample_weights);

/**
 * Samples that come block by block, and from the beginning as often as they are asked for. Set `size` and
 * what there is, and the rest to 0. Fields may be added at the end.
 *
 * The callbacks are called on the thread that called the fit, and must return: no C++ exception and no
 * longjmp. Every pass has to give the same rows.
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
     * What both are called with.
     */
    void *userdata;
    /**
     * 1 when `read` says how much each row counts, 0 when each counts 1.
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
     * What both are called with.
     */
    void *userdata;
    /**
     * 1 when `read` says how much each row counts, 0 when each counts 1.
     */
    int32_t has_weights;
} gmm_source_f32;

/**
 * How to learn. Fill it with `gmm_stepwise_options_init` and then change what should differ; fields may be
 * added at the end.
 */
typedef struct gmm_stepwise_options {
    /**
     * `sizeof(gmm_stepwise_options)`.
     */
    size_t size;
    /**
     * How fast old batches fade, greater than 0.5 and at most 1: batch t, from 0, counts (t + 2)^(-decay)
     * of all. 0.7 unless changed.
     */
    double decay;
    /**
     * Added to every variance. 1e-6 unless changed.
     */
    double reg_covar;
    /**
     * 1 when `reg_covar` is to be multiplied by the mean variance of the features; 0 unless changed.
     */
    int32_t reg_covar_relative;
    /**
     * A prior on the parameters, instead of `reg_covar`, which then has no part in the result unless the samples have no
     * extent at all. NULL, unless changed, for none.
     */
    const struct gmm_prior *prior;
    /**
     * Ends updates when it is asked to: they are refused (GMM_CANCELLED) and change nothing. The learner keeps its own
     * hold on the token, which may be freed before it. NULL unless changed.
     */
    const struct gmm_cancel *cancel;
    /**
     * Where a refusal of `gmm_stepwise_create` is written, beside `gmm_last_error_message`. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_stepwise_options;

/**
 * What a mixture explains of samples, and what it costs; of mixtures the one with the smallest criterion
 * is to be preferred. Set `size`; the rest is filled in. Fields may be added at the end.
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
     * p.
     */
    size_t n_parameters;
    /**
     * ln L = sum_n s_n ln p(z_n), in nats.
     */
    double log_likelihood;
    /**
     * Akaike's.
     */
    double aic;
    /**
     * Schwarz's.
     */
    double bic;
    /**
     * The integrated completed likelihood's.
     */
    double icl;
} gmm_criteria;

/**
 * What decides between mixtures; the smallest wins. New codes may be added at the end.
 */
typedef int32_t gmm_criterion;

/**
 * What to try. Fill it with `gmm_sweep_options_init` and then set what there is to choose from; fields may
 * be added at the end.
 */
typedef struct gmm_sweep_options {
    /**
     * `sizeof(gmm_sweep_options)`.
     */
    size_t size;
    /**
     * Numbers of components. Required.
     */
    const size_t *n_components;
    /**
     * How many those are.
     */
    size_t n_components_len;
    /**
     * GMM_COVARIANCE_*, each a structure to try. NULL, unless changed, for full covariances alone.
     */
    const gmm_covariance_type *covariance_types;
    /**
     * How many those are.
     */
    size_t covariance_types_len;
    /**
     * GMM_CRITERION_*: what decides. GMM_CRITERION_BIC unless changed.
     */
    gmm_criterion criterion;
    /**
     * Everything else of a fit; NULL, unless changed, for the defaults. Its `n_components` and
     * `covariance_type` are not read. Its `time_budget` and `cancel` are those of the whole sweep: they end
     * candidates that were begun, and those that were not are left out. `progress`, `start` and other parameters to
     * start from, and the covariance of a prior where structures of different shapes are tried, must not be set.
     */
    const struct gmm_fit_options *fit;
    /**
     * Where a refusal is written, beside `gmm_last_error_message`: for callers who cannot ask the thread that the call
     * ran on. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_sweep_options;

/**
 * One number of components and one structure. Set `size`; the rest is filled in. Fields may be added at
 * the end.
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
     * GMM_OK, or why there is no mixture, as `gmm_sweep_mixture` says in words; what follows is then 0 or
     * NaN.
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
     * The sum of its log-densities, in nats.
     */
    double log_likelihood;
    /**
     * Akaike's criterion.
     */
    double aic;
    /**
     * Schwarz's.
     */
    double bic;
    /**
     * The integrated completed likelihood's.
     */
    double icl;
} gmm_candidate;

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
    /**
     * Where a refusal is written, beside `gmm_last_error_message`: for callers who cannot ask the thread that the call
     * ran on.
     */
    struct gmm_error *error;
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
    /**
     * Where a refusal is written, beside `gmm_last_error_message`: for callers who cannot ask the thread that the call
     * ran on.
     */
    struct gmm_error *error;
} gmm_scores_f32;

/**
 * How to find outliers. Fill it with `gmm_detector_options_init` and then change what should differ; fields
 * may be added at the end.
 */
typedef struct gmm_detector_options {
    /**
     * `sizeof(gmm_detector_options)`.
     */
    size_t size;
    /**
     * The share of the samples that are outliers, at least 0 and less than 1. It draws the line; and no more
     * than a third, it is trimmed. 0.1 unless changed.
     */
    double contamination;
    /**
     * K of each mixture. NULL, unless changed, for 1, 2, 4 and 8.
     */
    const size_t *n_components;
    /**
     * How many those are.
     */
    size_t n_components_len;
    /**
     * Stop when the mean log-density of the samples that are kept changes by less than this, in nats. 1e-3
     * unless changed.
     */
    double tol;
    /**
     * Iterations of each mixture at most. 100 unless changed.
     */
    size_t max_iter;
    /**
     * Added to every variance, of features scaled to variance 1. 1e-6 unless changed.
     */
    double reg_covar;
    /**
     * Fixes every random choice. 0 unless changed.
     */
    uint64_t seed;
    /**
     * How much each sample counts (N): 2 is the row twice, 0 is no row at all. NULL unless changed.
     */
    const double *sample_weights;
    /**
     * Ends the fit when it is asked to. NULL unless changed.
     */
    const struct gmm_cancel *cancel;
    /**
     * Seconds after which no iteration begins; 0, unless changed, for as many as it takes.
     */
    double time_budget;
    /**
     * Where a refusal is written, beside `gmm_last_error_message`: for callers who cannot ask the thread that the call
     * ran on. NULL unless changed.
     */
    struct gmm_error *error;
} gmm_detector_options;

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
 * Sizes or strides whose product no memory could hold, or more than this system has.
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

/**
 * A callback that samples come from failed.
 */
#define GMM_SOURCE 13

/**
 * The token ended a call that had nothing to return yet.
 */
#define GMM_CANCELLED 14

/**
 * The time budget of a call was spent before it had anything to return.
 */
#define GMM_OUT_OF_TIME 15

/**
 * That of the mixture that a fit starts from; full without one.
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
 * By how much an iteration changes the bound.
 */
#define GMM_CONVERGENCE_CHANGE 0

/**
 * What all further iterations would add to the bound, by Aitken's extrapolation.
 */
#define GMM_CONVERGENCE_AITKEN 1

/**
 * Centres by k-means, started by k-means++; every sample belongs to the nearest.
 */
#define GMM_INIT_KMEANS 0

/**
 * Centres by k-means++ alone; every sample belongs to the nearest.
 */
#define GMM_INIT_KMEANS_PLUS_PLUS 1

/**
 * Centres that are different rows drawn at random; every sample belongs to the nearest.
 */
#define GMM_INIT_RANDOM_FROM_DATA 2

/**
 * Random responsibilities.
 */
#define GMM_INIT_RANDOM 3

/**
 * The bound settled within `tol`.
 */
#define GMM_STOP_CONVERGED 0

/**
 * `max_iter` came first.
 */
#define GMM_STOP_MAX_ITERATIONS 1

/**
 * The callback or the cancel token asked for it.
 */
#define GMM_STOP_CANCELLED 2

/**
 * The time budget was spent.
 */
#define GMM_STOP_OUT_OF_TIME 3

/**
 * The next parameters were none; those before them are the result.
 */
#define GMM_STOP_REFUSED 4

/**
 * A covariance had no factor and got a larger ridge than was asked for.
 */
#define GMM_REPAIR_RAISED_RIDGE 0

/**
 * A component lost its samples and got half of those of another.
 */
#define GMM_REPAIR_RESEEDED 1

/**
 * Schwarz's, the Bayesian criterion: the most plausible of the mixtures.
 */
#define GMM_CRITERION_BIC 0

/**
 * Akaike's: the best predictions.
 */
#define GMM_CRITERION_AIC 1

/**
 * The integrated completed likelihood's: components that do not overlap.
 */
#define GMM_CRITERION_ICL 2

/**
 * What came out.
 */
#define GMM_LOG_INFO 0

/**
 * What somebody should look at: a fit that did not converge, a repair, a feature without variance.
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
 * What this thread's last failed call said was wrong and what to try, in UTF-8; empty when none has
 * failed. Never NULL. Valid until the next call that fails on the same thread; do not free it.
 */
const char *gmm_last_error_message(void);

/**
 * Copies what `gmm_last_error_message` has into `buffer`, as much as `len` bytes hold with a NUL at the end; returns
 * how many bytes the whole message has without it. With `len` 0 nothing is written.
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
 * Frees a thread budget; NULL is nothing to free. No call may be using it.
 *
 * The caller promises:
 *
 * `threads` is NULL, or a live handle that is not used again.
 */
void gmm_threads_free(struct gmm_threads *threads);

/**
 * A token that ends the calls it is passed to, into `*out`. Free it with `gmm_cancel_free`.
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
 * Asks every call that `token` was passed to, those that have not begun included, to end: a fit, a candidate of a
 * sweep and a detector after its iteration, a search for centres at once. May be called from any thread, and from a
 * signal handler; does nothing for NULL.
 *
 * The caller promises:
 *
 * `token` is NULL or a live handle.
 */
void gmm_cancel_request(const struct gmm_cancel *token);

/**
 * Makes `token` as it was when it was made; does nothing for NULL. As safe as `gmm_cancel_request`.
 *
 * The caller promises:
 *
 * `token` is NULL or a live handle.
 */
void gmm_cancel_reset(const struct gmm_cancel *token);

/**
 * Frees a token; NULL is nothing to free. No call may be using it.
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
 * The loss of a deep mixture, and its gradients.
 *
 *     loss = w_energy * mean energy + w_cov_diag * cov_diag      phi, mu, cov as gmm_params_f64 makes them of z, gamma
 *
 * `z` is N x D, `gamma` N x K, with any strides. `loss`, `mean_energy`, `cov_diag` (1 each), `d_z` (N x D) and
 * `d_gamma` (N x K), row-major, are written unless NULL, and must not overlap each other or the inputs. What is NULL
 * is not computed. A term whose weight is 0 is left out of the loss; `cov_diag` is +inf when a variance is exactly
 * zero.
 *
 * Refuses what `gmm_params_f64` refuses, weights that are not finite, and gradients beyond the range of the type
 * (GMM_OUT_OF_RANGE). Outputs are then untouched. Uses the library's threads; results do not depend on how many
 * those are. Any number of threads may call it at the same time.
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
 * beyond the largest float is +inf; a gradient is refused.
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
 * `d_chol` and `d_log_det` take factors and log-determinants for inputs of their own; `d_cov` takes them for
 * functions of `cov`, and so has what those two would add. Pass on one or the others.
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
 * Gradients through `gmm_params_f64`: from those of a function of its outputs to those with respect to its inputs,
 * its vector-Jacobian product.
 *
 * `z` is N x D, `gamma` N x K, with any strides. `d_phi` (K), `d_mu` (K x D), `d_cov` and `d_chol` (K x D x D; of
 * `d_chol` the lower triangle is read) and `d_log_det` (K) are inputs, row-major; NULL is zero. `d_z` (N x D) and
 * `d_gamma` (N x K), row-major, are written unless NULL, and must not overlap each other or the inputs. Every entry
 * of `cov` counts as a variable of its own, so `d_cov` need not be symmetric.
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
 * Fills the `size` bytes of `options` with the defaults, and its `size` with that. In C and C++ the
 * macro `gmm_training_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_training_options_init(struct gmm_training_options *options, size_t size);

/**
 * The loss of `gmm_loss_f64` and its gradients, from a batch that may be too small for its mixture, with a say in
 * what happens then.
 *
 *     gmm_training_options options;
 *     gmm_training_options_init(&options);
 *     options.ridge_limit = 1e-2, options.drop_empty = 1;
 *     gmm_running_create(0.9, &options.running);
 *     while (next(&z, &gamma))
 *         gmm_training_loss_f64(&z, &gamma, &options, NULL, &loss, NULL, NULL, d_z, d_gamma, NULL);
 *     gmm_running_mixture(options.running, &options, &mixture);
 *
 * Gradients take the ridge that was used for a constant, are 0 for a component that was dropped, and with running
 * moments flow through the share that this batch has in them: (1 - decay), or all of the first batch.
 *
 * `z` is N x D, `gamma` N x K, with any strides. `options` may be NULL for the defaults, `threads` for the library's
 * own. `loss`, `mean_energy`, `cov_diag` (1 each), `d_z` (N x D), `d_gamma` (N x K), row-major, and `mixture`, what
 * the energies are of, are written unless NULL. Free the mixture with `gmm_mixture_free`.
 *
 * Refuses what `gmm_loss_f64` refuses, less what the options allow; options outside their ranges; and a batch of
 * another number of features or components than the running moments (GMM_INVALID_SHAPE). Outputs and running moments
 * are then untouched.
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
 * `gmm_training_loss_f64` for floats. Batches of both kinds may follow each other.
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
 * Running averages of the moments of mini-batches, none yet, into `*out`: what `gmm_training_options.running` points
 * at. Free it with `gmm_running_free`.
 *
 *     s <- decay s + (1 - decay) s(batch)      s: moments per sample; the first batch is taken whole
 *
 * `decay` is what remains of the past at every batch, from 0 (nothing) to less than 1. Memory is O(K D^2).
 *
 * The caller promises:
 *
 * `out` is writable.
 */
gmm_status gmm_running_create(double decay,
                              struct gmm_running **out);

/**
 * The mixture that they make, a copy, into `*out`: what to score with after training. Free it with
 * `gmm_mixture_free`.
 *
 * Of `options`, which may be NULL for the defaults, `eps`, `ridge_limit` and `drop_empty` are read. Covariances are
 * without `eps`; scores are with it. Refuses moments of no batch (GMM_INVALID_ARGUMENT), and what
 * `gmm_training_loss_f64` refuses of a mixture.
 *
 * The caller promises:
 *
 * `handle` is a live handle that no call is changing; `options` is NULL or readable; `out` is writable.
 */
gmm_status gmm_running_mixture(const struct gmm_running *handle,
                               const struct gmm_training_options *options,
                               struct gmm_mixture **out);

/**
 * Batches so far, or 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL, or a live handle that no call is changing.
 */
uint64_t gmm_running_n_batches(const struct gmm_running *handle);

/**
 * Frees running moments; NULL is nothing to free. No call may be using them.
 *
 * The caller promises:
 *
 * `handle` is NULL, or a live handle that is not used again.
 */
void gmm_running_free(struct gmm_running *handle);

/**
 * The gradient of the log-density with respect to each of `samples` (N x D), into `scores` (N x D, row-major,
 * required): the score function.
 *
 * `threads` may be NULL for the library's own. Refuses what scoring refuses, and values beyond the range of the type
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
 * `gmm_mixture_hessian_vector_products_f64` for floats; formed in double.
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
 * Fills the `size` bytes of `prior` with the defaults, those of Fraley & Raftery (2007), and its `size`
 * with that. In C and C++ the macro `gmm_prior_init(prior)` passes the size that the caller was compiled
 * with.
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
 *     M-step   the parameters that these make most likely, or most plausible under the prior
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
 * `threads` may be NULL for the library's own, `report` NULL when it is not wanted. Refuses what is
 * wrong with the samples or the options, and data that no covariance can be made of
 * (GMM_NOT_POSITIVE_DEFINITE). `*out` and `*report` are then untouched. A fit that the callback, the token or
 * the time budget of the options ends is a fit: GMM_OK, and the best that was reached. Free the mixture with
 * `gmm_mixture_free`.
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
 * `gmm_mixture_fit_f64` over a source, whose rows are read once for the start and once an iteration; of
 * them a block and at most 65 536 drawn ones are kept. The result is that of the same rows in memory but
 * for rounding and, beyond 65 536 rows, for that draw.
 *
 *     gmm_source_f64 source = {.size = sizeof source, .n_features = 2, .rewind = to_the_beginning, .read = next,
 *                              .userdata = file};
 *     gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL);
 *
 * A callback that fails, or returns more rows than it was asked for, gets GMM_SOURCE. The token of the options, and
 * their time budget, end a pass between two blocks. A source that was still being read for the first iteration then has
 * nothing to return: GMM_CANCELLED, or GMM_OUT_OF_TIME once twice the budget and a second are over. Of `options`,
 * `sample_weights` must not be set: the source gives them. Rows in messages are counted from the beginning
 * of the source.
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
 * The mixture that `labels` (N), each below K, make of `samples` (N x D), into `*out`: one M-step of a
 * fit, and a `start` for one. A component without samples has half of the heaviest. A label that is not below K gets
 * GMM_INVALID_ARGUMENT.
 *
 *     options.n_components = 2;
 *     gmm_mixture_from_labels_f64(&samples, labels, &options, NULL, &start);
 *     options.start = start;
 *     gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL);
 *
 * Of `options`, `n_components`, `covariance_type`, `reg_covar`, `reg_covar_relative` and `sample_weights` are
 * read; `start`, what else a fit is told to start from, and `prior` must not be set. `threads` may be NULL
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
 * As `gmm_mixture_from_labels_f64`, from `responsibilities` (N x K), with any strides, whose rows should
 * sum to one. `gmm_params_f64` is the estimate of a deep mixture's layer: without repairs of components
 * that lost their samples, and its eps is not part of the covariances.
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
 * How many doubles the moments of `handle` are: 2 + K (1 + D + D (D + 1) / 2), and under diagonal and
 * spherical covariances 2 + K (1 + 2 D); 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_moments_len(const struct gmm_mixture *handle);

/**
 * The E-step: what `samples` (N x D) leave behind under a mixture, into `moments` of `len` =
 * `gmm_moments_len(handle)` doubles. Buffers that were made with the same mixture may be added element by
 * element, by `gmm_moments_add`, `MPI_SUM` or a loop: they are then the moments of all samples.
 *
 *     [ S  l  |  n_1  a_1 (D)  B_1 (D (D + 1) / 2, or D)  |  n_2  a_2  B_2  |  ... ]
 *
 *     S   = sum_n s_n               l   = sum_n s_n ln p(z_n)
 *     n_k = sum_n s_n r_nk          a_k = sum_n s_n r_nk delta_nk          delta_nk = z_n - mu_k
 *     B_k = sum_n s_n r_nk delta_nk delta_nk^T    its lower triangle, row by row, or its diagonal under
 *                                                 diagonal and spherical covariances
 *
 * `sample_weights` s (N) say how much each sample counts; NULL for 1 each. `threads` may be NULL for the
 * library's own. One iteration of a fit over samples in pieces:
 *
 *     gmm_moments_of_f64(mixture, &piece, NULL, NULL, moments, len);      for each piece
 *     gmm_moments_add(mixture, moments, all, len);                        all = 0 before the first
 *     gmm_moments_maximise(mixture, all, len, &options, &next);
 *
 * Refuses sums that leave the range of a double (GMM_OUT_OF_RANGE), such as the square of a sample that is infinitely
 * far. `l` may be minus infinity, where a sample has no density.
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
 * Adds `added` to `sum`, moments that were made with the mixture, both of `len` doubles. A `sum` of zeros
 * is one of no samples. Refuses moments that no samples leave behind, in either and in what comes out, as
 * `gmm_moments_maximise` does; `sum` is then as it was.
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
 * Makes the samples behind `moments`, of `len` doubles, count `factor` times each: old ones fade when it
 * is less than 1. Refuses a factor that is not positive and finite, and moments that no samples leave behind, before
 * or after; `moments` is then as it was.
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
 * The M-step: the mixture that `moments`, of `len` doubles and made with the mixture of `handle`, come to,
 * into `*out`. Its covariances have the structure of that mixture. Of `options`, `reg_covar`,
 * `reg_covar_relative` and `prior` are read. A component without samples keeps its shape, with weight 0.
 *
 * Refuses moments that no samples leave behind: values that are not finite (GMM_NOT_FINITE), negative counts
 * (GMM_NEGATIVE), counts that do not add up to S, and second moments of a negative variance
 * (GMM_INVALID_ARGUMENT), each by more than 1e-4 of the larger number; and those that no covariance can be made of.
 * Free the mixture with `gmm_mixture_free`.
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
 * Fills the `size` bytes of `options` with the defaults, and its `size` with that. In C and C++ the
 * macro `gmm_stepwise_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_stepwise_options_init(struct gmm_stepwise_options *options, size_t size);

/**
 * A learner that begins as the mixture `start`, which is copied, into `*out`: a fit of the first batch,
 * one that was loaded, one that was guessed. Free it with `gmm_stepwise_free`.
 *
 *     s <- (1 - eta_t) s + eta_t s(batch)      theta <- M-step(s)      eta_t = (t + 2)^(-decay)
 *
 * s are moments per sample. Memory is that of the mixture, whatever has been seen. Refuses options outside
 * of their ranges (GMM_INVALID_ARGUMENT).
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
 * Learns from a batch (N x D): one E-step of it, one M-step. `mean_log_likelihood` (1) is that of the batch
 * under the mixture as it was, in nats per sample; NULL when it is not wanted. `sample_weights` (N) may be
 * NULL, `threads` NULL for the library's own. A batch that is refused changes nothing.
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
 * `gmm_stepwise_update_f64` for floats. Batches of both kinds may follow each other.
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
 * What was learnt so far, a copy, into `*out`. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `learner` is a live handle that no call is changing; `out` is writable.
 */
gmm_status gmm_stepwise_mixture(const struct gmm_stepwise *learner, struct gmm_mixture **out);

/**
 * Batches so far, or 0 for NULL.
 *
 * The caller promises:
 *
 * `learner` is NULL, or a live handle that no call is changing.
 */
uint64_t gmm_stepwise_n_updates(const struct gmm_stepwise *learner);

/**
 * Frees a learner; NULL is nothing to free. No call may be using it.
 *
 * The caller promises:
 *
 * `learner` is NULL, or a live handle that is not used again.
 */
void gmm_stepwise_free(struct gmm_stepwise *learner);

/**
 * p, the free parameters of a mixture, or 0 for NULL.
 *
 * The caller promises:
 *
 * `handle` is NULL or a live handle.
 */
size_t gmm_mixture_n_parameters(const struct gmm_mixture *handle);

/**
 * The criteria of a mixture and `samples` (N x D), by one pass over them. `sample_weights` s (N) say how
 * much each counts, NULL for 1 each, and sum to S. `threads` may be NULL for the library's own. Refuses
 * samples of another number of features (GMM_INVALID_SHAPE).
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
 * Fills the `size` bytes of `options` with the defaults, and its `size` with that. In C and C++ the
 * macro `gmm_sweep_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_sweep_options_init(struct gmm_sweep_options *options, size_t size);

/**
 * Fits every number of components with every structure to `samples` (N x D) and compares them, into
 * `*out`. Free it with `gmm_sweep_free`.
 *
 * A candidate that cannot be fitted is one of the table with its status. Refuses empty lists, and a
 * sweep of which no candidate could be fitted, with the refusal of the first; `*out` is then untouched.
 * `threads` may be NULL for the library's own; results do not depend on them.
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
 * How many candidates there are: every structure of the first number of components first, and so on; or 0
 * for NULL.
 *
 * The caller promises:
 *
 * `sweep` is NULL or a live handle.
 */
size_t gmm_sweep_n_candidates(const struct gmm_sweep *sweep);

/**
 * The candidate with the smallest criterion, from 0, the first of equals; 0 for NULL.
 *
 * The caller promises:
 *
 * `sweep` is NULL or a live handle.
 */
size_t gmm_sweep_best(const struct gmm_sweep *sweep);

/**
 * Candidate `at`, from 0, into `out`, whose size is set.
 *
 * The caller promises:
 *
 * `sweep` is a live handle; `out` is writable for its size.
 */
gmm_status gmm_sweep_candidate(const struct gmm_sweep *sweep, size_t at, struct gmm_candidate *out);

/**
 * The mixture of candidate `at`, from 0, a copy, into `*out`. Of a candidate without one, the status and
 * the message are those of its fit. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `sweep` is a live handle; `out` is writable.
 */
gmm_status gmm_sweep_mixture(const struct gmm_sweep *sweep,
                             size_t at,
                             struct gmm_mixture **out);

/**
 * What the fit of candidate `at`, from 0, came to, as `gmm_mixture_fit_f64` reports it, into `report`, whose
 * size and buffers are set. Of a candidate without a mixture, the status and the message are those of its
 * fit, and `*report` is untouched.
 *
 * The caller promises:
 *
 * `sweep` is a live handle; `report` is writable, and its buffers for the shapes of the candidate.
 */
gmm_status gmm_sweep_report(const struct gmm_sweep *sweep,
                            size_t at,
                            struct gmm_fit_report *report);

/**
 * Frees a sweep; NULL is nothing to free. No call may be using it.
 *
 * The caller promises:
 *
 * `sweep` is NULL, or a live handle that is not used again.
 */
void gmm_sweep_free(struct gmm_sweep *sweep);

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
 * GMM_COVARIANCE_*: what its covariances have in common; -1 for NULL.
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
 * Covariances in the shape of their structure, as `gmm_fit_options.covariances` takes them, into `out`:
 * of `len` = K D D doubles full, D D tied, K D diagonal, K spherical.
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
 * Upper factors of the precisions, the inverse transposes of the Cholesky factors (K x D x D,
 * row-major), into `out` of `len` = K D D doubles. An element beyond the range of double is `GMM_OUT_OF_RANGE`.
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
 * As `gmm_mixture_save`, with `n` pairs of text beside the mixture: `values[i]` under `keys[i]`, all UTF-8.
 *
 * Keys are not empty, not repeated and not `gmm`. The key `feature_names` holds the names of the features as a
 * JSON list of as many strings, as in `["height","width"]`; the program `gmm` and Python's classes read it. All
 * other keys and values are the caller's. A bad key or value is `GMM_INVALID_ARGUMENT`, and nothing is written.
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
 * Reads the text that the model file `file` holds under `key`, into `out`, of `capacity` bytes, with a NUL after
 * it. `*len` is its length without that NUL. With `out` NULL only `*len` is written: ask so for the capacity.
 *
 * A key that the file does not have is `GMM_INVALID_ARGUMENT`, and a capacity of `*len` or less `GMM_INVALID_SHAPE`.
 * The key `gmm` says what the file is. The mixture is not read.
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
 * Reads the keys of all text that the model file `file` holds, into `out`, of `capacity` bytes: in ascending order,
 * each with a NUL after it, and one more NUL after the last. `*len` is the length without that last NUL. Otherwise as
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
 * Draws samples from a mixture: rows `first` to `first + n` of the endless list that `seed` stands for,
 * into `samples` (n x D, row-major), and the component that each came from into `labels` (n), or NULL.
 *
 *     z = mu_k + L_k x      k by the weights, x standard normal, L_k the Cholesky factor, ridge included
 *
 *     double samples[100 * 2];
 *     uint32_t labels[100];
 *     gmm_mixture_sample_f64(mixture, 7, 0, 100, samples, labels);      D = 2, seed 7
 *
 * The same mixture and seed give the same bits on every platform, however the rows are cut into calls.
 * Refuses n = 0 (GMM_INVALID_SHAPE), and a mixture that could give a sample beyond the range of the type
 * (GMM_OUT_OF_RANGE).
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
 * A copy of `mixture` with the memory that scoring at most `max_samples` samples in a call takes, into
 * `*out`. Free it with `gmm_scorer_free_f64`.
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
 * `gmm_mixture_score_f64` on the calling thread and without an allocation, as long as there are no more
 * samples than the scorer was made for. The same bits.
 *
 * A refusal allocates nothing either: its message is written into memory of the thread. One thread may use a scorer
 * at a time; every thread needs its own.
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
 * Frees a scorer; NULL is nothing to free. No call may be using it.
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
 * The energy that `percent` of the `n` energies are at or below, into `threshold`: between two of them by
 * linear interpolation. An outlier is a sample whose energy is greater.
 *
 * With energies in ascending order, h = (n - 1) percent / 100, i = floor(h) and t = h - i:
 *
 *     threshold = E_i + t (E_(i+1) - E_i)
 *
 *     gmm_mixture_energies_f64(mixture, &usual, NULL, energies);
 *     gmm_threshold_by_percentile_f64(energies, n, 99, &threshold);
 *
 * Refuses n = 0 (GMM_INVALID_SHAPE), a percentage that is not within 0 and 100 (GMM_INVALID_ARGUMENT), and
 * energies that are NaN or -infinity (GMM_NOT_FINITE).
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
 * The least threshold that no more than a share `fraction` of the `n` energies are above, into
 * `threshold`: the (m + 1)-th largest of them, m = floor(fraction n).
 *
 * Refuses a fraction that is not at least 0 and less than 1; otherwise as
 * `gmm_threshold_by_percentile_f64`.
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
 * What each feature contributes to the energy of each sample, into `shares` (N x D, row-major, required):
 *
 *     delta_k = z_n - mu_k      u_k = (cov_k + ridge I)^-1 delta_k      share_ni = 1/2 sum_k r_nk delta_ki u_ki
 *
 * A row sums to what there is in the energy beside weights, determinants and the entropy of the
 * responsibilities. A share may be negative: where features are correlated, one may make the others less
 * surprising. `threads` may be NULL for the library's own.
 *
 * A share beyond the range of the type is infinite. Refuses a sample so far away that a share has no value, neither a
 * number nor an infinity (GMM_OUT_OF_RANGE), naming its row.
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
 * Fills the `size` bytes of `options` with the defaults, and its `size` with that. In C and C++ the
 * macro `gmm_detector_options_init(options)` passes the size that the caller was compiled with.
 *
 * The caller promises:
 *
 * `options` is NULL or writable for `size` bytes.
 */
gmm_status gmm_detector_options_init(struct gmm_detector_options *options, size_t size);

/**
 * Fits a detector to `samples` (N x D) that contain the outliers it is to find, into `*out`. Free it with
 * `gmm_detector_free`.
 *
 * For every K a mixture with one covariance for all components is fitted, each M-step without the share of
 * the samples that is least likely under the current mixture; components that may be all outliers are
 * dropped; and the energy of a sample is the mean of its energies under the mixtures. Unlike a plain fit,
 * none of this can adapt to a tight group of outliers. `options` may be NULL for the defaults, `threads`
 * for the library's own; results do not depend on them.
 *
 *     gmm_detector_options options;
 *     gmm_detector_options_init(&options);
 *     options.contamination = 0.02;
 *     if (gmm_detector_fit_f64(&samples, &options, NULL, &detector) == GMM_OK &&
 *         gmm_detector_energies_f64(detector, &samples, NULL, energies) == GMM_OK)
 *         threshold = gmm_detector_threshold(detector);
 *
 * A fit that the token or the time budget ends is a fit: GMM_OK, and `gmm_detector_stop` says so. Its last mixture is as
 * it was reached, and the Ks after it are left out; the first has its start in any case. An iteration after which the
 * bound was no higher for a hundred in a row is the last.
 *
 * Refuses fewer than two samples, fewer that are kept than the smallest K, and options outside their ranges
 * (GMM_INVALID_ARGUMENT); values that are NaN or infinite (GMM_NOT_FINITE); samples
 * whose squares leave the range of a double (GMM_OUT_OF_RANGE).
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
 * Energies of `samples` (N x D), in nats, into `energies` (N, required): the larger, the less there is like
 * the sample. `threads` may be NULL for the library's own.
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
 * What each feature contributes to the energy of each sample, into `shares` (N x D, row-major, required):
 * the mean over the mixtures of what `gmm_mixture_attribution_f64` gives.
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
 * The energy above which a sample is an outlier, in nats: no more than the contamination of the samples of
 * the fit, by weight, are above it. NaN for NULL.
 *
 * The caller promises:
 *
 * `detector` is NULL or a live handle.
 */
double gmm_detector_threshold(const struct gmm_detector *detector);

/**
 * Why the fit of a detector ended, GMM_STOP_*: cancelled or out of time, and there may be fewer mixtures than Ks; or else
 * whether every mixture converged. -1 for NULL.
 *
 * The caller promises:
 *
 * `detector` is NULL or a live handle.
 */
gmm_stop gmm_detector_stop(const struct gmm_detector *detector);

/**
 * How many mixtures a detector has: one for each K that was fitted; 0 for NULL.
 *
 * The caller promises:
 *
 * `detector` is NULL or a live handle.
 */
size_t gmm_detector_n_mixtures(const struct gmm_detector *detector);

/**
 * Mixture `at` of a detector, from 0, a copy, into `*out`: the components that were kept, heaviest first,
 * tied, in the units of the samples. Free it with `gmm_mixture_free`.
 *
 * The caller promises:
 *
 * `detector` is a live handle; `out` is writable.
 */
gmm_status gmm_detector_mixture(const struct gmm_detector *detector,
                                size_t at,
                                struct gmm_mixture **out);

/**
 * Frees a detector; NULL is nothing to free. No call may be using it.
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
