/* Criteria, sweeps and drawing of samples, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 6, D = 2 };

static gmm_mixture *unit(double mean)
{
    const double one = 1, means[D] = {mean, 0}, covariance[D * D] = {1, 0, 0, 1};
    gmm_mixture *mixture = NULL;
    EXPECT(gmm_mixture_create(1, D, &one, means, covariance, &mixture), GMM_OK);
    return mixture;
}

static int32_t go_on(void *userdata, const gmm_progress *progress)
{
    (void)userdata, (void)progress;
    return 0;
}

#define THIS_FILE "choose.c"
#include "both.h"

int main(void)
{
    criteria_f64();
    criteria_f32();
    drawn_f64();
    drawn_f32();
    sweep_f64();
    sweep_f32();
    of_each_f64();
    of_each_f32();
    return ended();
}

#else

static REAL OF(samples)[N * D] = {0, 0, 1, 3, 2, 1, 10, 12, 11, 10, 12, 14};
#define SAMPLES OF(samples)

static void OF(criteria)(void)
{
    double weights_[N] = {1, 1, 0, 2, 1, 1};
    const double *weights = weights_;
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    gmm_criteria found_ = {0}, *found = &found_;
    gmm_mixture *mixture = unit(0);
    found_.size = sizeof found_;
    WATCH(found_), WATCH(SAMPLES);
#define CALL OF(gmm_mixture_criteria)(mixture, z, weights, NULL, found)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(z_, z, CALL);
    WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
    BAD_OPTIONAL_INPUT(weights, CALL);
    WITH(weights, (const double *)(const void *)found, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(SAMPLES[4], CALL, GMM_NOT_FINITE);
    NOT_FINITE(weights_[4], CALL, GMM_NOT_FINITE);
    WITH(weights_[4], -1, CALL, GMM_NEGATIVE);
    WITH(found, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(gmm_criteria, found, CALL);
    WITH(found_.size, sizeof(size_t), CALL, GMM_INVALID_ARGUMENT);
    memset(weights_, 0, sizeof weights_);
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
    WITH(weights, NULL, CALL, GMM_OK);
#undef CALL
    gmm_mixture_free(mixture);
    unwatch();
}

static void OF(drawn)(void)
{
    REAL samples_[N * D], *samples = samples_;
    uint32_t labels_[N], *labels = labels_;
    gmm_mixture *mixture = unit(0), *far = unit(1e300);
    uint64_t seed = 1, first = 0;
    size_t n = N;
    OUTPUT(samples_), OUTPUT(labels_);
#define CALL OF(gmm_mixture_sample)(mixture, seed, first, n, samples, labels)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_INPUT(samples, CALL);
    WITH(labels, ASKEW(labels_), CALL, GMM_INVALID_ARGUMENT);
    WITH(labels, (uint32_t *)(void *)samples_, CALL, GMM_INVALID_ARGUMENT);
    WITH(n, 0, CALL, GMM_INVALID_SHAPE);
    WITH(n, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(n, SIZE_MAX / 8, CALL, GMM_SIZE_OVERFLOW);
    WITH(n, PTRDIFF_MAX / D, CALL, GMM_SIZE_OVERFLOW);
    if (sizeof(REAL) == sizeof(float)) {
        WITH(mixture, far, CALL, GMM_OUT_OF_RANGE);
    }
    /* The sequence of samples has no end. */
    WITH(first, UINT64_MAX, CALL, GMM_OK);
    WITH(seed, UINT64_MAX, CALL, GMM_OK);
    WITH(labels, NULL, CALL, GMM_OK);
#undef CALL
    gmm_mixture_free(far);
    gmm_mixture_free(mixture);
    unwatch();
}

#define CALL FREED(OF(gmm_sweep)(z, options, NULL, out), slot, gmm_sweep_free)

#define ARGUMENTS                                                                   \
    size_t ks[] = {1, 2, N + 1};                                                    \
    gmm_covariance_type structures[] = {GMM_COVARIANCE_FULL, GMM_COVARIANCE_DIAG};       \
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1};                                      \
    const OF(gmm_matrix) *z = &z_;                                                  \
    gmm_sweep_options options_, *options = &options_;                               \
    gmm_sweep *slot, **out = &slot;                                                 \
    gmm_sweep_options_init(&options_);                                              \
    options_.n_components = ks, options_.n_components_len = 3;                      \
    options_.covariance_types = structures, options_.covariance_types_len = 2;                \
    OUTPUT(slot)

static void OF(sweep)(void)
{
    ARGUMENTS;
    BAD_MATRIX(z_, z, CALL);
    BAD_SLOT(out, SAMPLES, CALL);
    WITH(options, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(gmm_sweep_options, options, CALL);
    BAD_INPUT(options_.n_components, CALL);
    BAD_OPTIONAL_INPUT(options_.covariance_types, CALL);
    WITH(options_.n_components_len, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components_len, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(options_.covariance_types_len, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.covariance_types_len, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(options_.criterion, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.criterion, 3, CALL, GMM_INVALID_ARGUMENT);
    WITH(structures[1], -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(structures[0], 4, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(SAMPLES[4], CALL, GMM_NOT_FINITE);
    /* None of the candidates can be fitted. */
    options_.n_components = ks + 2, options_.n_components_len = 1;
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
    WITH(ks[2], 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(ks[2], SIZE_MAX, CALL, GMM_INVALID_ARGUMENT);
    options_.n_components = ks, options_.n_components_len = 3;

    /* Getters of an existing sweep, misused. */
    gmm_sweep *sweep = NULL;
    EXPECT(OF(gmm_sweep)(z, options, NULL, &sweep), GMM_OK);
    HOLDS(gmm_sweep_n_candidates(sweep) == 6 && gmm_sweep_best(sweep) < 4);
    gmm_candidate candidate_ = {0}, *candidate = &candidate_;
    gmm_mixture *of, **mixture = &of;
    size_t at = 0;
    candidate_.size = sizeof candidate_;
    unwatch();
    WATCH(candidate_), OUTPUT(of);
#undef CALL
#define CALL gmm_sweep_candidate(sweep, at, candidate)
    WITH(sweep, NULL, CALL, GMM_NULL_POINTER);
    WITH(at, 6, CALL, GMM_INVALID_ARGUMENT);
    WITH(at, SIZE_MAX, CALL, GMM_INVALID_ARGUMENT);
    WITH(candidate, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(gmm_candidate, candidate, CALL);
#undef CALL
#define CALL FREED(gmm_sweep_mixture(sweep, at, mixture), of, gmm_mixture_free)
    WITH(sweep, NULL, CALL, GMM_NULL_POINTER);
    WITH(at, 6, CALL, GMM_INVALID_ARGUMENT);
    WITH(at, SIZE_MAX, CALL, GMM_INVALID_ARGUMENT);
    /* More components than samples: returns the refusal of the fit. */
    WITH(at, 5, CALL, GMM_INVALID_ARGUMENT);
    BAD_INPUT(mixture, CALL);
    EXPECT(CALL, GMM_OK);
    gmm_fit_report report_ = {0}, *report = &report_;
    double counts[8];
    report_.size = sizeof report_, report_.effective_counts = counts;
    WATCH(report_), OUTPUT(counts);
#undef CALL
#define CALL gmm_sweep_report(sweep, at, report)
    WITH(sweep, NULL, CALL, GMM_NULL_POINTER);
    WITH(at, 6, CALL, GMM_INVALID_ARGUMENT);
    WITH(at, 5, CALL, GMM_INVALID_ARGUMENT);
    WITH(report, NULL, CALL, GMM_NULL_POINTER);
    WITH(report_.effective_counts, ASKEW(counts), CALL, GMM_INVALID_ARGUMENT);
    BAD_SIZE(gmm_fit_report, report, CALL);
#undef CALL
    gmm_sweep_free(sweep);
    unwatch();
}

#define CALL FREED(OF(gmm_sweep)(z, options, NULL, out), slot, gmm_sweep_free)

/* Getters of each candidate. */
static void OF(of_each)(void)
{
    ARGUMENTS;
    double weights[N] = {1, 1, 1, 1, 1, 1}, covariance[D * D] = {1, 0, 0, 1};
    gmm_fit_options fit;
    gmm_prior prior;
    gmm_mixture *start = unit(0);
    gmm_fit_options_init(&fit);
    gmm_prior_init(&prior);
    WITH(options_.fit, ASKEW(&fit), CALL, GMM_INVALID_ARGUMENT);
    options_.fit = &fit;
    WITH(fit.size, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.size, SIZE_MAX, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.start, start, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.weights, weights, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.means, weights, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.covariances, weights, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.precisions, weights, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.progress, go_on, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.tol, NAN, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.max_iter, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.n_init, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.reg_covar, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.init, 9, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.max_failed_swaps, -2, CALL, GMM_INVALID_ARGUMENT);
    WITH(fit.time_budget, NAN, CALL, GMM_INVALID_ARGUMENT);
    fit.sample_weights = weights;
    BAD_OPTIONAL_INPUT(fit.sample_weights, CALL);
    NOT_FINITE(weights[0], CALL, GMM_NOT_FINITE);
    WITH(weights[0], -1, CALL, GMM_NEGATIVE);
    fit.prior = &prior;
    WITH(prior.size, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(prior.mean_precision, -1, CALL, GMM_INVALID_ARGUMENT);
    /* It has the shape for one structure, but there are two. */
    WITH(prior.covariance, covariance, CALL, GMM_INVALID_ARGUMENT);
    /* Neither field is read. */
    fit.n_components = SIZE_MAX, fit.covariance_type = 99;
    EXPECT(CALL, GMM_OK);
    gmm_mixture_free(start);
    unwatch();
}

#undef CALL
#undef ARGUMENTS
#undef SAMPLES

#endif
