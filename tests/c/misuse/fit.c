/* Fits of samples in memory, misused: samples, options, report. Streams and labels are in begin.c. */
#ifndef REAL

#include "misuse.h"

enum { N = 6, D = 2, K = 2 };

static int32_t end_at_once(void *userdata, const gmm_progress *progress)
{
    HOLDS(userdata == &failures && progress->iteration == 1);
    return -7;
}

#define THIS_FILE "fit.c"
#include "both.h"

int main(void)
{
    samples_and_slots_f64();
    samples_and_slots_f32();
    options_f64();
    options_f32();
    starts_f64();
    starts_f32();
    priors_f64();
    priors_f32();
    reports_f64();
    reports_f32();
    return ended();
}

#else

static REAL OF(samples)[N * D] = {0, 0, 1, 3, 2, 1, 10, 12, 11, 10, 12, 14};
#define SAMPLES OF(samples)

#define CALL FREED(OF(gmm_mixture_fit)(z, options, NULL, out, report), slot, gmm_mixture_free)

/* Local variables of every function here. */
#define ARGUMENTS                                           \
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1};              \
    const OF(gmm_matrix) *z = &z_;                          \
    gmm_fit_options options_, *options = &options_;         \
    gmm_fit_report report_ = {0}, *report = &report_;       \
    gmm_mixture *slot, **out = &slot;                       \
    gmm_fit_options_init(&options_);                        \
    options_.n_components = K, report_.size = sizeof report_; \
    OUTPUT(slot), WATCH(report_), WATCH(SAMPLES)

static void OF(samples_and_slots)(void)
{
    ARGUMENTS;
    BAD_MATRIX(z_, z, CALL);
    BAD_SLOT(out, SAMPLES, CALL);
    WITH(out, (void *)(&report_.lower_bound), CALL, GMM_INVALID_ARGUMENT);
    WITH(options, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(gmm_fit_options, options, CALL);
    NOT_FINITE(SAMPLES[5], CALL, GMM_NOT_FINITE);
    FROM_THE_END(z_, CALL);
    /* All rows equal the first: no variance, so a ridge is needed. */
    WITH(z_.row_stride, 0, CALL, GMM_OK);
    options_.reg_covar = 0;
    WITH(z_.row_stride, 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
    WITH(report, NULL, CALL, GMM_OK);
    unwatch();
}

static void OF(options)(void)
{
    ARGUMENTS;
    WITH(options_.n_components, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, N + 1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, SIZE_MAX, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, SIZE_MAX / 8, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.tol, NAN, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.tol, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.tol, -INFINITY, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(options_.reg_covar, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar_relative, 2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar_relative, INT32_MIN, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.max_iter, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_init, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.covariance_type, -2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.covariance_type, 4, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.convergence, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.convergence, 2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.init, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.init, 4, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.max_failed_swaps, -2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.max_failed_swaps, INT64_MIN, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(options_.time_budget, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.time_budget, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.time_budget, 1e308, CALL, GMM_INVALID_ARGUMENT);

    double weights[N] = {1, 2, 1, 0, 1, 1};
    options_.sample_weights = weights;
    BAD_OPTIONAL_INPUT(options_.sample_weights, CALL);
    NOT_FINITE(weights[4], CALL, GMM_NOT_FINITE);
    WITH(weights[4], -1, CALL, GMM_NEGATIVE);
    memset(weights, 0, sizeof weights);
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
    options_.sample_weights = NULL;

    /* A callback that ends the fit and a requested token work; NULL for either is valid. */
    options_.userdata = &failures;
    WITH(options_.progress, end_at_once, CALL, GMM_OK);
    HOLDS(report_.stop == GMM_STOP_CANCELLED && report_.n_iter == 1);
    WITH(options_.progress, NULL, CALL, GMM_OK);
    gmm_cancel *token = NULL;
    EXPECT(gmm_cancel_create(&token), GMM_OK);
    gmm_cancel_request(token);
    WITH(options_.cancel, token, CALL, GMM_OK);
    HOLDS(report_.stop == GMM_STOP_CANCELLED && report_.n_iter == 1);
    gmm_cancel_free(token);
    unwatch();
}

static void OF(starts)(void)
{
    double weights[K] = {0.25, 0.75}, means[K * D] = {0, 0, 11, 11};
    double covariances[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1};
    gmm_mixture *start = NULL, *narrow = NULL;
    EXPECT(gmm_mixture_create(K, D, weights, means, covariances, &start), GMM_OK);
    EXPECT(gmm_mixture_create(K, 1, weights, means, covariances + 3, &narrow), GMM_OK);

    ARGUMENTS;
    options_.start = start;
    WITH(options_.n_components, 3, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.start, narrow, CALL, GMM_INVALID_SHAPE);
    WITH(options_.covariance_type, GMM_COVARIANCE_TIED, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.init, GMM_INIT_RANDOM, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_init, 2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.max_failed_swaps, 1, CALL, GMM_INVALID_ARGUMENT);
    EXPECT(CALL, GMM_OK);
    options_.start = NULL;

    options_.weights = weights, options_.means = means, options_.covariances = covariances;
    WATCH(weights), WATCH(means), WATCH(covariances);
    BAD_OPTIONAL_INPUT(options_.weights, CALL);
    BAD_OPTIONAL_INPUT(options_.means, CALL);
    BAD_OPTIONAL_INPUT(options_.covariances, CALL);
    NOT_FINITE(weights[1], CALL, GMM_NOT_FINITE);
    WITH(weights[1], -0.75, CALL, GMM_NEGATIVE);
    WITH(weights[1], 0.5, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(means[3], CALL, GMM_NOT_FINITE);
    NOT_FINITE(covariances[7], CALL, GMM_NOT_FINITE);
    WITH(covariances[7], -1, CALL, GMM_NOT_POSITIVE_DEFINITE);
    WITH(covariances[6], 0.5, CALL, GMM_NOT_POSITIVE_DEFINITE);
    WITH(options_.precisions, covariances, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_init, 2, CALL, GMM_INVALID_ARGUMENT);
    /* Arrays of K, K x D and K x D x D for a K beyond any memory. */
    WITH(options_.n_components, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(options_.n_components, PTRDIFF_MAX / 8 / D, CALL, GMM_SIZE_OVERFLOW);
    WITH(options_.n_components, 0, CALL, GMM_INVALID_ARGUMENT);
    EXPECT(CALL, GMM_OK);
    options_.precisions = covariances, options_.covariances = NULL;
    BAD_OPTIONAL_INPUT(options_.precisions, CALL);
    NOT_FINITE(covariances[0], CALL, GMM_NOT_FINITE);
    WITH(covariances[0], 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
    EXPECT(CALL, GMM_OK);
    gmm_mixture_free(narrow);
    gmm_mixture_free(start);
    unwatch();
}

static void OF(priors)(void)
{
    double mean[D] = {1, 1}, covariance[D * D] = {1, 0, 0, 1};
    gmm_prior prior_, *prior = &prior_;
    gmm_prior_init(&prior_);
    prior_.mean = mean, prior_.covariance = covariance;
    ARGUMENTS;
    /* Through a non-constant pointer, since the options hold a constant one. */
#define PRIOR_CALL (options_.prior = prior, CALL)
    BAD_SIZE(gmm_prior, prior, PRIOR_CALL);
    BAD_OPTIONAL_INPUT(prior_.mean, PRIOR_CALL);
    BAD_OPTIONAL_INPUT(prior_.covariance, PRIOR_CALL);
    NOT_FINITE(prior_.weight_concentration, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(prior_.weight_concentration, 0.5, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(prior_.mean_precision, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(prior_.mean_precision, -1, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(prior_.degrees_of_freedom, INFINITY, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(prior_.degrees_of_freedom, D - 1, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(prior_.degrees_of_freedom, -1, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(mean[1], PRIOR_CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(covariance[3], PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(covariance[3], -1, PRIOR_CALL, GMM_INVALID_ARGUMENT);
    WITH(covariance[2], 0.5, PRIOR_CALL, GMM_NOT_POSITIVE_DEFINITE);
    EXPECT(PRIOR_CALL, GMM_OK);
#undef PRIOR_CALL
    unwatch();
}

static void OF(reports)(void)
{
    double bounds[3], counts[K], conditions[K], ridges[K];
    uint8_t held[K * D];
    gmm_repair repairs[2];
    ARGUMENTS;
    report_.lower_bounds = bounds, report_.lower_bounds_capacity = 3;
    report_.effective_counts = counts, report_.conditions = conditions, report_.ridges = ridges;
    report_.held_by_ridge = held, report_.repairs = repairs, report_.repairs_capacity = 2;
    OUTPUT(bounds), OUTPUT(counts), OUTPUT(conditions), OUTPUT(ridges), OUTPUT(held), OUTPUT(repairs);
    BAD_OPTIONAL_INPUT(report, CALL);
    static const size_t sizes[] = {0, sizeof(size_t), sizeof(size_t) + 1, sizeof report_ - 1, 65537, SIZE_MAX};
    for (int i = 0; i < 6; i++) {
        WITH(report_.size, sizes[i], CALL, GMM_INVALID_ARGUMENT);
    }
    BAD_OPTIONAL_OUTPUT(report_.lower_bounds, counts, CALL);
    BAD_OPTIONAL_OUTPUT(report_.effective_counts, bounds + 2, CALL);
    BAD_OPTIONAL_OUTPUT(report_.conditions, SAMPLES, CALL);
    BAD_OPTIONAL_OUTPUT(report_.ridges, conditions + K - 1, CALL);
    BAD_OPTIONAL_OUTPUT(report_.repairs, ridges, CALL);
    WITH(report_.lower_bounds, &report_.lower_bound, CALL, GMM_INVALID_ARGUMENT);
    WITH(report_.held_by_ridge, (uint8_t *)(void *)ridges, CALL, GMM_INVALID_ARGUMENT);
    WITH(report_.lower_bounds_capacity, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(report_.lower_bounds_capacity, PTRDIFF_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(report_.repairs_capacity, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(report_.repairs_capacity, PTRDIFF_MAX / 8, CALL, GMM_SIZE_OVERFLOW);
    /* A capacity of 0 means that nothing is written. */
    report_.repairs_capacity = 0;
    WITH(report_.lower_bounds_capacity, 0, CALL, GMM_OK);
    EXPECT(CALL, GMM_OK);
    gmm_fit_report nowhere = {0};
    nowhere.size = sizeof nowhere, nowhere.lower_bounds_capacity = nowhere.repairs_capacity = SIZE_MAX;
    WITH(report, &nowhere, CALL, GMM_OK);
    unwatch();
}

#undef SAMPLES
#undef CALL
#undef ARGUMENTS

#endif
