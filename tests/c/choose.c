/* Model choice: samples drawn from a mixture, criteria, and sweeps over several mixtures. */
#include "line.h"

static void drawing(void)
{
    enum { N = 4000 };
    const double weights[] = {0.25, 0.75}, means[] = {0, 100}, variances[] = {1, 4};
    gmm_mixture *mixture = one_dimensional(2, weights, means, variances);
    static double rows[N], parts[N];
    static float floats[N];
    static uint32_t labels[N], found[N];
    CHECK(gmm_mixture_sample_f64(mixture, 7, 0, N, rows, labels) == GMM_OK);
    const gmm_matrix_f64 z = {rows, N, 1, 1, 1};
    gmm_scores_f64 scores = {.size = sizeof scores, .labels = found};
    CHECK(gmm_mixture_score_f64(mixture, &z, NULL, &scores) == GMM_OK);
    CHECK(memcmp(labels, found, sizeof labels) == 0);
    double count = 0, sum = 0, squares = 0;
    for (int n = 0; n < N; n++) {
        if (labels[n] == 1) {
            count++, sum += rows[n] - 100, squares += (rows[n] - 100) * (rows[n] - 100);
        }
    }
    /* Within five standard errors of each value. */
    CHECK(fabs(count / N - 0.75) < 0.035 && fabs(sum / count) < 0.19 && fabs(squares / count - 4) < 0.53);
    /* The same rows when drawn in parts, without labels, and as floats. */
    CHECK(gmm_mixture_sample_f64(mixture, 7, 0, 1000, parts, NULL) == GMM_OK);
    CHECK(gmm_mixture_sample_f64(mixture, 7, 1000, N - 1000, parts + 1000, NULL) == GMM_OK);
    CHECK(memcmp(rows, parts, sizeof rows) == 0);
    CHECK(gmm_mixture_sample_f32(mixture, 7, 3, 10, floats, found) == GMM_OK);
    CHECK(floats[0] == (float)rows[3] && found[9] == labels[12]);
    CHECK(gmm_mixture_sample_f64(mixture, 8, 0, 1, parts, NULL) == GMM_OK && parts[0] != rows[0]);

    REFUSED(gmm_mixture_sample_f64(mixture, 7, 0, 0, rows, labels), GMM_INVALID_SHAPE,
            "samples has shape 0 x 1; both must be at least 1");
    REFUSED(gmm_mixture_sample_f64(mixture, 7, 0, N, NULL, labels), GMM_NULL_POINTER, "samples is NULL");
    REFUSED(gmm_mixture_sample_f64(NULL, 7, 0, N, rows, labels), GMM_NULL_POINTER, "mixture is NULL");
    CHECK(gmm_mixture_sample_f64(mixture, 7, 0, SIZE_MAX, rows, labels) == GMM_SIZE_OVERFLOW);
    gmm_mixture_free(mixture);
    const double one = 1, far = 1e300;
    mixture = one_dimensional(1, &one, &far, &one);
    REFUSED(gmm_mixture_sample_f32(mixture, 7, 0, 1, floats, NULL), GMM_OUT_OF_RANGE,
            "a sample of component 0 leaves the range of f32; rescale the features");
    gmm_mixture_free(mixture);
}

static void criteria(void)
{
    const double halves[] = {0.5, 0.5}, means[] = {-1, 1}, ones[] = {1, 1};
    const double rows[] = {-1, 1, 0}, counts[] = {2, 1, 4};
    const gmm_matrix_f64 z = {rows, 3, 1, 1, 1};
    gmm_mixture *mixture = one_dimensional(2, halves, means, ones);
    gmm_criteria found = {.size = sizeof found};
    CHECK(gmm_mixture_criteria_f64(mixture, &z, counts, NULL, &found) == GMM_OK);
    double root = sqrt(2 * acos(-1)), share = 1 / (1 + exp(-2));
    double ln_l = 3 * log(0.5 * (1 + exp(-2)) / root) + 4 * log(exp(-0.5) / root);
    double entropy = 3 * (-share * log(share) - (1 - share) * log(1 - share)) + 4 * log(2);
    CHECK(found.n_parameters == 5 && gmm_mixture_n_parameters(mixture) == 5 && found.size == sizeof found);
    CLOSE(found.log_likelihood, ln_l);
    CLOSE(found.aic, -2 * ln_l + 10);
    CLOSE(found.bic, -2 * ln_l + 5 * log(7));
    CLOSE(found.icl, -2 * ln_l + 5 * log(7) + 2 * entropy);
    const float floats_[] = {-1, 1, 0};
    const gmm_matrix_f32 floats = {floats_, 3, 1, 1, 1};
    gmm_criteria of_floats = {.size = sizeof of_floats};
    CHECK(gmm_mixture_criteria_f32(mixture, &floats, counts, NULL, &of_floats) == GMM_OK);
    CHECK(fabs(of_floats.icl - found.icl) < 1e-4);

    found.size = 8;
    REFUSED(gmm_mixture_criteria_f64(mixture, &z, NULL, NULL, &found), GMM_INVALID_ARGUMENT,
            "out.size is 8; set it to the sizeof of the struct");
    REFUSED(gmm_mixture_criteria_f64(mixture, &z, NULL, NULL, NULL), GMM_NULL_POINTER, "out is NULL");
    gmm_mixture_free(mixture);
}

static void sweeps(void)
{
    const size_t ks[] = {1, 2, 3, 500};
    const gmm_covariance_type all[] = {GMM_COVARIANCE_FULL, GMM_COVARIANCE_TIED, GMM_COVARIANCE_DIAG,
                                  GMM_COVARIANCE_SPHERICAL};
    const gmm_matrix_f64 groups = three_groups();
    gmm_fit_options of_each = defaults(1);
    of_each.seed = 3, of_each.n_init = 2;
    gmm_sweep_options options;
    CHECK(gmm_sweep_options_init(&options) == GMM_OK && options.criterion == GMM_CRITERION_BIC && !options.fit);
    options.n_components = ks, options.n_components_len = 4, options.fit = &of_each;
    options.covariance_types = all, options.covariance_types_len = 4;
    gmm_sweep *sweep = NULL;
    CHECK(gmm_sweep_f64(&groups, &options, NULL, &sweep) == GMM_OK);
    CHECK(gmm_sweep_n_candidates(sweep) == 16 && gmm_sweep_n_candidates(NULL) == 0 && gmm_sweep_best(NULL) == 0);
    double least = INFINITY;
    size_t best = 99;
    for (size_t at = 0; at < 16; at++) {
        gmm_candidate candidate = {.size = sizeof candidate};
        gmm_mixture *mixture = NULL, *alone = NULL;
        CHECK(gmm_sweep_candidate(sweep, at, &candidate) == GMM_OK);
        CHECK(candidate.n_components == ks[at / 4] && candidate.covariance_type == all[at % 4]);
        if (at >= 12) {
            CHECK(candidate.status == GMM_INVALID_ARGUMENT && isnan(candidate.bic));
            REFUSED(gmm_sweep_mixture(sweep, at, &mixture), GMM_INVALID_ARGUMENT,
                    "300 samples cannot support 500 components; use at most 300");
            gmm_fit_report untouched = {.size = sizeof untouched, .n_iter = 77};
            REFUSED(gmm_sweep_report(sweep, at, &untouched), GMM_INVALID_ARGUMENT,
                    "300 samples cannot support 500 components; use at most 300");
            CHECK(untouched.n_iter == 77);
            continue;
        }
        /* The candidate equals a fit with the same options, bit for bit. */
        CHECK(candidate.status == GMM_OK && candidate.stop == GMM_STOP_CONVERGED);
        CHECK(gmm_sweep_mixture(sweep, at, &mixture) == GMM_OK);
        CHECK(candidate.n_parameters == gmm_mixture_n_parameters(mixture));
        gmm_fit_options single = of_each;
        single.n_components = ks[at / 4], single.covariance_type = all[at % 4];
        gmm_fit_report report = {.size = sizeof report};
        CHECK(gmm_mixture_fit_f64(&groups, &single, NULL, &alone, &report) == GMM_OK);
        CHECK(first_mean(alone) == first_mean(mixture) && candidate.n_iter == report.n_iter);
        double counts[3], count[3];
        gmm_fit_report again = {.size = sizeof again, .effective_counts = counts};
        report.effective_counts = count;
        gmm_mixture_free(alone);
        CHECK(gmm_mixture_fit_f64(&groups, &single, NULL, &alone, &report) == GMM_OK);
        CHECK(gmm_sweep_report(sweep, at, &again) == GMM_OK);
        CHECK(again.lower_bound == report.lower_bound && again.stop == report.stop);
        CHECK(again.converged == 1 && again.n_iter == report.n_iter && again.restart == report.restart);
        CHECK(memcmp(counts, count, ks[at / 4] * sizeof *counts) == 0);
        gmm_criteria found = {.size = sizeof found};
        CHECK(gmm_mixture_criteria_f64(alone, &groups, NULL, NULL, &found) == GMM_OK);
        CLOSE(candidate.bic, found.bic);
        CLOSE(candidate.icl, found.icl);
        if (candidate.bic < least) {
            least = candidate.bic, best = at;
        }
        gmm_mixture_free(alone);
        gmm_mixture_free(mixture);
    }
    CHECK(gmm_sweep_best(sweep) == best && ks[best / 4] == 3);
    gmm_candidate candidate = {.size = sizeof candidate};
    REFUSED(gmm_sweep_candidate(sweep, 16, &candidate), GMM_INVALID_ARGUMENT, "at is 16; it must be below 16");
    candidate.size = 8;
    REFUSED(gmm_sweep_candidate(sweep, 0, &candidate), GMM_INVALID_ARGUMENT,
            "out.size is 8; set it to the sizeof of the struct");
    gmm_sweep_free(sweep);
    gmm_sweep_free(NULL);

    const gmm_covariance_type unknown = 9;
    const double mean[] = {0}, lambda[] = {1};
    gmm_sweep *none = NULL;
    of_each.means = mean;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.fit gives a start; every candidate of a sweep finds its own");
    of_each.means = NULL;
    options.criterion = 3;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.criterion is 3; it must be one of GMM_CRITERION_*");
    options.criterion = GMM_CRITERION_ICL, options.covariance_types = &unknown, options.covariance_types_len = 1;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.covariance_types is 9; it must be one of GMM_COVARIANCE_*");
    options.covariance_types_len = 0;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.covariance_types_len is 0; there must be at least one structure");
    options.covariance_types = NULL, options.n_components_len = 0;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.n_components_len is 0; there must be at least one number of components");
    options.n_components = ks + 3, options.n_components_len = 1;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "300 samples cannot support 500 components; use at most 300");
    options.n_components = NULL;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_NULL_POINTER, "options.n_components is NULL");

    /* The covariance of a prior has one shape, so all structures must share it. */
    const double plane_[] = {0, 0, 1, 3, 2, 1, 4, 4};
    const gmm_matrix_f64 plane = {plane_, 4, 2, 2, 1};
    gmm_prior prior;
    gmm_prior_init(&prior);
    prior.covariance = lambda, of_each.prior = &prior;
    options.n_components = ks, options.covariance_types = all + 2, options.covariance_types_len = 2;
    const double two[] = {1, 1};
    prior.covariance = two;
    REFUSED(gmm_sweep_f64(&plane, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.fit.prior.covariance is set, but the structures differ in its shape");
    options.covariance_types_len = 1, options.fit = &of_each;
    CHECK(gmm_sweep_f64(&plane, &options, NULL, &none) == GMM_OK);
    gmm_sweep_free(none);
    const float floats_[] = {0, 1, 20, 21};
    const gmm_matrix_f32 floats = {floats_, 4, 1, 1, 1};
    options.fit = NULL, options.covariance_types = NULL;
    CHECK(gmm_sweep_f32(&floats, &options, NULL, &none) == GMM_OK && gmm_sweep_n_candidates(none) == 1);
    gmm_sweep_free(none);
}

int main(void)
{
    drawing();
    criteria();
    sweeps();
    return 0;
}
