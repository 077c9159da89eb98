/* Outliers: thresholds, contributions of features, and the robust detector, against values known by hand. */
#include "check.h"

static void thresholds(void)
{
    const double energies[] = {3, 1, 2, 10, 2.5}, nan[] = {1, NAN};
    const float floats[] = {3, 1, 2, 10};
    double threshold = 77;
    CHECK(gmm_threshold_by_percentile_f64(energies, 4, 50, &threshold) == GMM_OK && threshold == 2.5);
    CHECK(gmm_threshold_by_percentile_f32(floats, 4, 100, &threshold) == GMM_OK && threshold == 10);
    CHECK(gmm_threshold_by_contamination_f64(energies, 5, 0.4, &threshold) == GMM_OK && threshold == 2.5);
    CHECK(gmm_threshold_by_contamination_f32(floats, 4, 0.25, &threshold) == GMM_OK && threshold == 3);
    const double twice[] = {1, 2, 1, 1, 0}, negative[] = {1, -1, 1, 1}, absent[4] = {0};
    CHECK(gmm_threshold_by_weighted_contamination_f64(energies, twice, 5, 0.4, &threshold) == GMM_OK && threshold == 2);
    REFUSED(gmm_threshold_by_weighted_contamination_f64(energies, negative, 4, 0.4, &threshold), GMM_NEGATIVE,
            "sample weights is -1 at row 1; it must not be negative");
    CHECK(gmm_threshold_by_weighted_contamination_f64(energies, absent, 4, 0.4, &threshold) == GMM_INVALID_ARGUMENT);
    CHECK(gmm_threshold_by_weighted_contamination_f32(floats, twice, 4, 0.2, &threshold) == GMM_OK && threshold == 3);
    REFUSED(gmm_threshold_by_percentile_f64(energies, 4, 101, &threshold), GMM_INVALID_ARGUMENT,
            "percent is 101; it must be within 0 and 100");
    REFUSED(gmm_threshold_by_contamination_f64(energies, 4, 1, &threshold), GMM_INVALID_ARGUMENT,
            "fraction is 1; it must be at least 0 and less than 1");
    REFUSED(gmm_threshold_by_percentile_f64(nan, 2, 50, &threshold), GMM_NOT_FINITE,
            "energies is NaN at row 1, column 0; remove or impute such values first");
    REFUSED(gmm_threshold_by_percentile_f64(NULL, 0, 50, &threshold), GMM_INVALID_SHAPE,
            "energies has shape 0 x 1; both must be at least 1");
    REFUSED(gmm_threshold_by_percentile_f64(NULL, 2, 50, &threshold), GMM_NULL_POINTER, "energies is NULL");
    REFUSED(gmm_threshold_by_percentile_f64(energies, 4, 50, NULL), GMM_NULL_POINTER, "threshold is NULL");
    CHECK(threshold == 3);

    const double one = 1, origin[] = {0, 0}, covariance[] = {1, 0, 0, 4}, row[] = {3, 2};
    const float float_row[] = {3, 2};
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(1, 2, &one, origin, covariance, &mixture) == GMM_OK);
    const gmm_matrix_f64 z = {row, 1, 2, 2, 1};
    const gmm_matrix_f32 f = {float_row, 1, 2, 2, 1};
    double shares[2];
    float float_shares[2];
    CHECK(gmm_mixture_attribution_f64(mixture, &z, NULL, shares) == GMM_OK && shares[0] == 4.5 && shares[1] == 0.5);
    CHECK(gmm_mixture_attribution_f32(mixture, &f, NULL, float_shares) == GMM_OK && float_shares[0] == 4.5f);
    REFUSED(gmm_mixture_attribution_f64(mixture, &z, NULL, NULL), GMM_NULL_POINTER, "shares is NULL");
    REFUSED(gmm_mixture_attribution_f64(NULL, &z, NULL, shares), GMM_NULL_POINTER, "mixture is NULL");
    gmm_mixture_free(mixture);
}

/* Sixty values around 0 and 10, and a group of three at 5, for which a plain fit makes a component. */
static void detectors(void)
{
    enum { N = 63 };
    double rows[N], energies[N], of_mixture[N], shares[N], sum[N] = {0};
    float floats[N], float_energies[N], float_shares[N];
    for (int n = 0; n < N; n++) {
        rows[n] = n < 60 ? n % 2 * 10 + n * 7 % 11 * 0.1 : 5 + (n - 60) * 0.001;
        floats[n] = (float)rows[n];
    }
    const gmm_matrix_f64 z = {rows, N, 1, 1, 1};
    const gmm_matrix_f32 f = {floats, N, 1, 1, 1};
    gmm_detector_options options;
    CHECK(gmm_detector_options_init(&options) == GMM_OK && options.size == sizeof options);
    CHECK(options.contamination == 0.1 && options.n_components == NULL && options.n_components_len == 0);
    CHECK(options.tol == 1e-3 && options.max_iter == 100 && options.reg_covar == 1e-6 && options.seed == 0);
    CHECK(options.sample_weights == NULL);
    options.contamination = 0.05;
    gmm_detector *detector = NULL;
    CHECK(gmm_detector_fit_f64(&z, &options, NULL, &detector) == GMM_OK);
    CHECK(gmm_detector_energies_f64(detector, &z, NULL, energies) == GMM_OK);
    double threshold = gmm_detector_threshold(detector);
    for (int n = 0; n < N; n++) {
        CHECK((energies[n] > threshold) == (n >= 60));
    }
    /* The mean over the mixtures. */
    CHECK(gmm_detector_n_mixtures(detector) == 4);
    for (size_t at = 0; at < 4; at++) {
        gmm_mixture *mixture = NULL;
        CHECK(gmm_detector_mixture(detector, at, &mixture) == GMM_OK);
        CHECK(gmm_mixture_covariance_type(mixture) == GMM_COVARIANCE_TIED);
        CHECK(gmm_mixture_energies_f64(mixture, &z, NULL, of_mixture) == GMM_OK);
        for (int n = 0; n < N; n++) {
            sum[n] += of_mixture[n];
        }
        gmm_mixture_free(mixture);
    }
    for (int n = 0; n < N; n++) {
        CLOSE(energies[n], sum[n] / 4);
    }
    CHECK(gmm_detector_attribution_f64(detector, &z, NULL, shares) == GMM_OK && shares[60] > 0);
    CHECK(gmm_detector_energies_f32(detector, &f, NULL, float_energies) == GMM_OK);
    CHECK(fabs(float_energies[61] - energies[61]) < 1e-3 * energies[61]);
    CHECK(gmm_detector_attribution_f32(detector, &f, NULL, float_shares) == GMM_OK);
    CHECK(fabs(float_shares[60] - shares[60]) < 1e-3 * shares[60]);
    gmm_mixture *mixture = NULL;
    REFUSED(gmm_detector_mixture(detector, 4, &mixture), GMM_INVALID_ARGUMENT, "at is 4; it must be below 4");
    REFUSED(gmm_detector_energies_f64(detector, &z, NULL, NULL), GMM_NULL_POINTER, "energies is NULL");
    REFUSED(gmm_detector_energies_f64(detector, &z, NULL, rows), GMM_INVALID_ARGUMENT,
            "energies overlaps samples in memory");
    const gmm_matrix_f64 wide = {rows, 3, 2, 2, 1};
    CHECK(gmm_detector_attribution_f64(detector, &wide, NULL, shares) == GMM_INVALID_SHAPE);
    gmm_detector_free(detector);

    /* One Gaussian of all samples: -ln N(z; 1, 0.5 + ridge), ridge in units of the variance. */
    const size_t one = 1;
    const double two[] = {0, 1, 9}, counts[] = {1, 1, 0};
    const gmm_matrix_f64 few = {two, 3, 1, 1, 1};
    options.contamination = 0, options.n_components = &one, options.n_components_len = 1;
    options.sample_weights = counts, options.reg_covar = 0;
    CHECK(gmm_detector_fit_f64(&few, &options, NULL, &detector) == GMM_OK);
    CHECK(gmm_detector_energies_f64(detector, &few, NULL, energies) == GMM_OK);
    CLOSE(energies[0], 0.5 * log(2 * acos(-1) * 0.25) + 0.5);
    CLOSE(gmm_detector_threshold(detector), energies[0]);
    gmm_detector_free(detector);
    CHECK(gmm_detector_fit_f32(&f, NULL, NULL, &detector) == GMM_OK);
    gmm_detector_free(detector);

    detector = NULL;
    options.n_components_len = 0, options.sample_weights = NULL;
    REFUSED(gmm_detector_fit_f64(&z, &options, NULL, &detector), GMM_INVALID_ARGUMENT,
            "options.n_components_len is 0; there must be at least one number of components");
    options.n_components_len = 1, options.contamination = 1;
    REFUSED(gmm_detector_fit_f64(&z, &options, NULL, &detector), GMM_INVALID_ARGUMENT,
            "contamination is 1; it must be at least 0 and less than 1");
    REFUSED(gmm_detector_fit_f64(NULL, NULL, NULL, &detector), GMM_NULL_POINTER, "samples is NULL");
    REFUSED(gmm_detector_fit_f64(&z, NULL, NULL, NULL), GMM_NULL_POINTER, "out is NULL");
    REFUSED(gmm_detector_energies_f64(NULL, &z, NULL, energies), GMM_NULL_POINTER, "detector is NULL");
    REFUSED((gmm_detector_options_init)(NULL, 8), GMM_NULL_POINTER, "options is NULL");
    CHECK(detector == NULL && isnan(gmm_detector_threshold(NULL)) && gmm_detector_n_mixtures(NULL) == 0);
    gmm_detector_free(NULL);
}

int main(void)
{
    thresholds();
    detectors();
    return 0;
}
