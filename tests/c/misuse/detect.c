/* Thresholds and the detector of outliers, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 8, D = 2 };

#define THIS_FILE "detect.c"
#include "both.h"

int main(void)
{
    thresholds_f64();
    thresholds_f32();
    weighted_threshold_f64();
    weighted_threshold_f32();
    fitted_f64();
    fitted_f32();
    asked_f64();
    asked_f32();
    return ended();
}

#else

static REAL OF(samples)[N * D] = {0, 0, 1, 3, 2, 1, 10, 12, 11, 10, 12, 14, 11, 11, 30, 2};
#define SAMPLES OF(samples)

static void OF(thresholds)(void)
{
    gmm_status (*const of[])(const REAL *, size_t, double, double *) = {
        OF(gmm_threshold_by_percentile), OF(gmm_threshold_by_contamination)};
    for (int i = 0; i < 2; i++) {
        REAL energies_[4] = {3, 1, 2, 10};
        const REAL *energies = energies_;
        double threshold_, *threshold = &threshold_, level = i == 0 ? 50 : 0.5;
        size_t n = 4;
        OUTPUT(threshold_), WATCH(energies_);
#define CALL of[i](energies, n, level, threshold)
        BAD_INPUT(energies, CALL);
        BAD_INPUT(threshold, CALL);
        WITH(n, 0, CALL, GMM_INVALID_SHAPE);
        WITH(n, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
        WITH(n, SIZE_MAX / 8, CALL, GMM_SIZE_OVERFLOW);
        WITH(n, PTRDIFF_MAX, CALL, GMM_SIZE_OVERFLOW);
        NOT_FINITE(level, CALL, GMM_INVALID_ARGUMENT);
        WITH(level, -1, CALL, GMM_INVALID_ARGUMENT);
        WITH(level, 100.5, CALL, GMM_INVALID_ARGUMENT);
        WITH(energies_[2], NAN, CALL, GMM_NOT_FINITE);
        WITH(energies_[2], -INFINITY, CALL, GMM_NOT_FINITE);
        /* An infinite energy is that of an outlier, not an error. */
        WITH(energies_[3], INFINITY, CALL, GMM_OK);
        EXPECT(CALL, GMM_OK);
#undef CALL
        /* Memory for a double that overlaps the energies. */
        double both[2] = {1, 2};
        EXPECT(of[i]((const REAL *)(const void *)both, 2, level, both), GMM_INVALID_ARGUMENT);
        HOLDS(both[0] == 1 && both[1] == 2);
        unwatch();
    }
}

static void OF(weighted_threshold)(void)
{
    REAL energies_[4] = {3, 1, 2, 10};
    double weights_[4] = {1, 2, 1, 1}, threshold_, *threshold = &threshold_, fraction = 0.25;
    const REAL *energies = energies_;
    const double *weights = weights_;
    size_t n = 4;
    OUTPUT(threshold_), WATCH(energies_), WATCH(weights_);
#define CALL OF(gmm_threshold_by_weighted_contamination)(energies, weights, n, fraction, threshold)
    BAD_INPUT(energies, CALL);
    BAD_INPUT(weights, CALL);
    BAD_INPUT(threshold, CALL);
    WITH(n, 0, CALL, GMM_INVALID_SHAPE);
    WITH(n, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    NOT_FINITE(fraction, CALL, GMM_INVALID_ARGUMENT);
    WITH(fraction, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(fraction, 1, CALL, GMM_INVALID_ARGUMENT);
    WITH(energies_[2], NAN, CALL, GMM_NOT_FINITE);
    NOT_FINITE(weights_[1], CALL, GMM_NOT_FINITE);
    WITH(weights_[1], -1, CALL, GMM_NEGATIVE);
    EXPECT(CALL, GMM_OK);
#undef CALL
    HOLDS(threshold_ == 3);
    unwatch();
}

static void OF(fitted)(void)
{
    double weights[N] = {1, 1, 1, 1, 1, 1, 1, 1};
    size_t ks[] = {1, 2};
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    gmm_detector_options options_, *options = &options_;
    gmm_detector *slot, **out = &slot;
    gmm_detector_options_init(&options_);
    options_.n_components = ks, options_.n_components_len = 2, options_.sample_weights = weights;
    OUTPUT(slot), WATCH(SAMPLES);
#define CALL FREED(OF(gmm_detector_fit)(z, options, NULL, out), slot, gmm_detector_free)
    BAD_MATRIX(z_, z, CALL);
    BAD_SLOT(out, weights, CALL);
    BAD_SIZE(gmm_detector_options, options, CALL);
    NOT_FINITE(SAMPLES[2], CALL, GMM_NOT_FINITE);
    NOT_FINITE(options_.contamination, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.contamination, -0.1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.contamination, 1, CALL, GMM_INVALID_ARGUMENT);
    BAD_OPTIONAL_INPUT(options_.n_components, CALL);
    WITH(options_.n_components_len, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components_len, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(ks[1], 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.tol, NAN, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.tol, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.max_iter, 0, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(options_.reg_covar, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.reg_covar, -1, CALL, GMM_INVALID_ARGUMENT);
    BAD_OPTIONAL_INPUT(options_.sample_weights, CALL);
    NOT_FINITE(weights[0], CALL, GMM_NOT_FINITE);
    WITH(weights[0], -1, CALL, GMM_NEGATIVE);
    /* Fewer than two samples, and fewer than every K. */
    WITH(z_.rows, 1, CALL, GMM_INVALID_ARGUMENT);
    options_.n_components_len = 1;
    WITH(ks[0], N + 1, CALL, GMM_INVALID_ARGUMENT);
    WITH(ks[0], SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    memset(weights, 0, sizeof weights);
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
    options_.sample_weights = NULL;
    FROM_THE_END(z_, CALL);
    WITH(options, NULL, CALL, GMM_OK);
#undef CALL
    unwatch();
}

static void OF(asked)(void)
{
    REAL values[N * D], *out = values;
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    gmm_detector *detector = NULL;
    EXPECT(OF(gmm_detector_fit)(z, NULL, NULL, &detector), GMM_OK);
    gmm_status (*const of[])(const gmm_detector *, const OF(gmm_matrix) *, const gmm_threads *, REAL *) = {
        OF(gmm_detector_energies), OF(gmm_detector_attribution)};
    for (int i = 0; i < 2; i++) {
        OUTPUT(values), WATCH(SAMPLES);
#define CALL of[i](detector, z, NULL, out)
        WITH(detector, NULL, CALL, GMM_NULL_POINTER);
        BAD_MATRIX(z_, z, CALL);
        WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
        BAD_OUTPUT(out, SAMPLES, CALL);
        NOT_FINITE(SAMPLES[3], CALL, GMM_NOT_FINITE);
        FROM_THE_END(z_, CALL);
        WITH(z_.row_stride, 0, CALL, GMM_OK);
#undef CALL
        unwatch();
    }
    gmm_mixture *of_it, **slot = &of_it;
    size_t at = gmm_detector_n_mixtures(detector);
    HOLDS(at >= 1 && !isnan(gmm_detector_threshold(detector)));
    unwatch();
    OUTPUT(of_it);
#define CALL FREED(gmm_detector_mixture(detector, at, slot), of_it, gmm_mixture_free)
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
    WITH(at, SIZE_MAX, CALL, GMM_INVALID_ARGUMENT);
    at = 0;
    WITH(detector, NULL, CALL, GMM_NULL_POINTER);
    BAD_INPUT(slot, CALL);
    EXPECT(CALL, GMM_OK);
#undef CALL
    gmm_detector_free(detector);
    unwatch();
}

#undef SAMPLES

#endif
