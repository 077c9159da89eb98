/* Moments and learning from batches, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 4, D = 2, LEN = 2 + 1 + D + D * (D + 1) / 2 };

static gmm_mixture *unit(void)
{
    const double one = 1, mean[D] = {0, 0}, covariance[D * D] = {1, 0, 0, 1};
    gmm_mixture *mixture = NULL;
    EXPECT(gmm_mixture_create(1, D, &one, mean, covariance, &mixture), GMM_OK);
    return mixture;
}

/* A length, for which other values are refused. */
#define BAD_LEN(len, call)                               \
    do {                                                 \
        WITH(len, 0, call, GMM_INVALID_SHAPE);           \
        WITH(len, LEN - 1, call, GMM_INVALID_SHAPE);     \
        WITH(len, SIZE_MAX, call, GMM_SIZE_OVERFLOW);    \
        WITH(len, SIZE_MAX / 8, call, GMM_SIZE_OVERFLOW); \
        WITH(len, PTRDIFF_MAX, call, GMM_SIZE_OVERFLOW); \
    } while (0)

static void added_and_scaled(void)
{
    double added_[LEN] = {1, -2, 1, 1, 1, 1, 0, 1}, sum_[LEN] = {2, -3, 2, 1, 1, 2, 0, 2}, *sum = sum_, factor = 2;
    const double *added = added_;
    size_t len = LEN;
    gmm_mixture *mixture = unit();
    WATCH(sum_), WATCH(added_);

#define CALL gmm_moments_add(mixture, added, sum, len)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_INPUT(added, CALL);
    BAD_OUTPUT(sum, added_ + 1, CALL);
    BAD_LEN(len, CALL);
    for (int i = 0; i < LEN; i++) {
        WITH(added_[i], NAN, CALL, GMM_NOT_FINITE);
        WITH(sum_[i], INFINITY, CALL, GMM_NOT_FINITE);
        /* The log-likelihood may be minus infinity. */
        if (i != 1) {
            WITH(added_[i], -INFINITY, CALL, GMM_NOT_FINITE);
            WITH(sum_[i], -INFINITY, CALL, GMM_NOT_FINITE);
        }
    }
    WITH(added_[0], -1, CALL, GMM_NEGATIVE);
    WITH(added_[2], -1, CALL, GMM_NEGATIVE);
    WITH(sum_[2], -1, CALL, GMM_NEGATIVE);
    /* Both are finite, but their sum is not. */
    added_[5] = 1e308;
    WITH(sum_[5], 1e308, CALL, GMM_NOT_FINITE);
    added_[5] = 1;
    EXPECT(CALL, GMM_OK);
    HOLDS(sum_[0] == 3 && sum_[LEN - 1] == 3);
#undef CALL

    double *moments = sum_;
#define CALL gmm_moments_scale(mixture, factor, moments, len)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_INPUT(moments, CALL);
    BAD_LEN(len, CALL);
    NOT_FINITE(factor, CALL, GMM_INVALID_ARGUMENT);
    WITH(factor, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(factor, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(factor, 1e308, CALL, GMM_NOT_FINITE);
    NOT_FINITE(sum_[3], CALL, GMM_NOT_FINITE);
    WITH(sum_[0], -1, CALL, GMM_NEGATIVE);
    EXPECT(CALL, GMM_OK);
#undef CALL
    gmm_mixture_free(mixture);
    unwatch();
}

static void maximised(void)
{
    double sum[LEN] = {2, -3, 2, 1, 1, 2, 0, 2}, prior_mean[D] = {0, 0};
    const double *moments = sum, skewed[D * D] = {2, 0.5, 0, 2};
    size_t len = LEN;
    gmm_fit_options options_, *options = &options_;
    gmm_prior prior;
    gmm_mixture *mixture = unit(), *slot, **out = &slot;
    gmm_fit_options_init(&options_);
    gmm_prior_init(&prior);
    OUTPUT(slot), WATCH(sum);

#define CALL FREED(gmm_moments_maximise(mixture, moments, len, options, out), slot, gmm_mixture_free)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_INPUT(moments, CALL);
    BAD_LEN(len, CALL);
    BAD_SLOT(out, sum, CALL);
    BAD_INPUT(options, CALL);
    NOT_FINITE(sum[4], CALL, GMM_NOT_FINITE);
    WITH(sum[2], -2, CALL, GMM_NEGATIVE);
    NOT_FINITE(options_.reg_covar, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar_relative, 2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.covariance_type, GMM_COVARIANCE_TIED, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.covariance_type, 17, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.prior, ASKEW(&prior), CALL, GMM_INVALID_ARGUMENT);
    options_.prior = &prior;
    WITH(prior.size, 0, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(prior.mean_precision, CALL, GMM_INVALID_ARGUMENT);
    WITH(prior.mean_precision, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(prior.weight_concentration, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(prior.degrees_of_freedom, 0.5, CALL, GMM_INVALID_ARGUMENT);
    WITH(prior.degrees_of_freedom, INFINITY, CALL, GMM_INVALID_ARGUMENT);
    prior.mean = prior_mean;
    WITH(prior.mean, ASKEW(prior_mean), CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(prior_mean[1], CALL, GMM_INVALID_ARGUMENT);
    prior.covariance = skewed;
    EXPECT(CALL, GMM_NOT_POSITIVE_DEFINITE);
    options_.prior = NULL;
    memset(sum, 0, sizeof sum);
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
#undef CALL
    gmm_mixture_free(mixture);
    unwatch();
}

static void stepwise(void)
{
    gmm_mixture *start = unit(), *mixture, **mixture_out = &mixture;
    gmm_stepwise_options options_, *options = &options_;
    gmm_prior prior;
    gmm_stepwise *slot, **out = &slot;
    gmm_stepwise_options_init(&options_);
    gmm_prior_init(&prior);
    OUTPUT(slot), OUTPUT(mixture);

#define CALL FREED(gmm_stepwise_create(start, options, out), slot, gmm_stepwise_free)
    WITH(start, NULL, CALL, GMM_NULL_POINTER);
    WITH(options, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(gmm_stepwise_options, options, CALL);
    BAD_INPUT(out, CALL);
    NOT_FINITE(options_.decay, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.decay, 0.5, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.decay, 1.1, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(options_.reg_covar, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar_relative, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.prior, ASKEW(&prior), CALL, GMM_INVALID_ARGUMENT);
    options_.prior = &prior;
    WITH(prior.size, 3, CALL, GMM_INVALID_ARGUMENT);
    WITH(prior.weight_concentration, NAN, CALL, GMM_INVALID_ARGUMENT);
    options_.prior = NULL;
#undef CALL
    EXPECT(gmm_stepwise_mixture(NULL, mixture_out), GMM_NULL_POINTER);
    EXPECT(gmm_stepwise_create(start, options, out), GMM_OK);
    BAD_INPUT(mixture_out, gmm_stepwise_mixture(slot, mixture_out));
    gmm_stepwise_free(slot);
    gmm_mixture_free(start);
    unwatch();
}

#define THIS_FILE "learn.c"
#include "both.h"

int main(void)
{
    added_and_scaled();
    maximised();
    stepwise();
    moments_f64();
    moments_f32();
    updates_f64();
    updates_f32();
    return ended();
}

#else

static void OF(moments)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4};
    double weights_[N] = {1, 2, 0, 1}, moments_[LEN], *moments = moments_;
    const double *weights = weights_;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    gmm_mixture *mixture = unit();
    size_t len = LEN;
    OUTPUT(moments_), WATCH(samples), WATCH(weights_);

#define CALL OF(gmm_moments_of)(mixture, z, weights, NULL, moments, len)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(z_, z, CALL);
    WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
    BAD_OPTIONAL_INPUT(weights, CALL);
    WITH(weights, NULL, CALL, GMM_OK);
    BAD_OUTPUT(moments, weights_ + N - 1, CALL);
    WITH(moments, (double *)(void *)samples, CALL, GMM_INVALID_ARGUMENT);
    BAD_LEN(len, CALL);
    NOT_FINITE(samples[6], CALL, GMM_NOT_FINITE);
    NOT_FINITE(weights_[1], CALL, GMM_NOT_FINITE);
    WITH(weights_[1], -1, CALL, GMM_NEGATIVE);
    FROM_THE_END(z_, CALL);
    WITH(z_.row_stride, 0, CALL, GMM_OK);
    HOLDS(moments_[0] == 4);
#undef CALL
    gmm_mixture_free(mixture);
    unwatch();
}

static void OF(updates)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4};
    double weights_[N] = {1, 2, 0, 1}, mean_, *mean = &mean_;
    const double *weights = weights_;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    gmm_stepwise_options options;
    gmm_stepwise *learner = NULL;
    gmm_mixture *start = unit();
    gmm_stepwise_options_init(&options);
    EXPECT(gmm_stepwise_create(start, &options, &learner), GMM_OK);
    OUTPUT(mean_), WATCH(samples), WATCH(weights_);

#define CALL OF(gmm_stepwise_update)(learner, z, weights, NULL, mean)
    WITH(learner, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(z_, z, CALL);
    WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
    BAD_OPTIONAL_INPUT(weights, CALL);
    BAD_OPTIONAL_OUTPUT(mean, weights_, CALL);
    NOT_FINITE(samples[6], CALL, GMM_NOT_FINITE);
    NOT_FINITE(weights_[1], CALL, GMM_NOT_FINITE);
    WITH(weights_[1], -1, CALL, GMM_NEGATIVE);
    /* No refused batch was counted. */
    HOLDS(gmm_stepwise_n_updates(learner) == 0);
    gmm_mixture *learnt = NULL;
    double means[D];
    EXPECT(gmm_stepwise_mixture(learner, &learnt), GMM_OK);
    EXPECT(gmm_mixture_means(learnt, means, D), GMM_OK);
    HOLDS(means[0] == 0 && means[1] == 0);
    gmm_mixture_free(learnt);
    WITH(weights, NULL, CALL, GMM_OK);
    WITH(mean, NULL, CALL, GMM_OK);
    FROM_THE_END(z_, CALL);
    HOLDS(gmm_stepwise_n_updates(learner) == 4);
#undef CALL
    gmm_stepwise_free(learner);
    gmm_mixture_free(start);
    unwatch();
}

#endif
