/* Starts of fits: known parameters, known labels or responsibilities, and priors. */
#include "line.h"

static void known_starts(void)
{
    const double weights[] = {0.25, 0.75}, means[] = {1, 9}, covariances[] = {4, 0.5}, precisions[] = {0.25, 2};
    gmm_mixture *start = NULL;
    double by_start[2], variances[2], mean[2], variance[2], energies[8], bound, sum = 0;
    CHECK(gmm_mixture_create(2, 1, weights, means, covariances, &start) == GMM_OK);
    CHECK(gmm_mixture_energies_f64(start, &paired, NULL, energies) == GMM_OK);
    for (int n = 0; n < 8; n++) {
        sum += energies[n];
    }
    gmm_fit_report report = {.size = sizeof report, .lower_bounds = &bound, .lower_bounds_capacity = 1};
    gmm_fit_options options = defaults(2);
    options.max_iter = 1, options.start = start;
    fit(&paired, &options, &report, by_start, variances, 2);
    CLOSE(bound, -sum / 8);

    /* The same parameters one by one; then precisions instead of covariances. */
    options.start = NULL, options.weights = weights, options.means = means, options.covariances = covariances;
    fit(&paired, &options, &report, mean, variance, 2);
    CLOSE(bound, -sum / 8);
    CHECK(memcmp(mean, by_start, sizeof mean) == 0 && memcmp(variance, variances, sizeof variance) == 0);
    options.covariances = NULL, options.precisions = precisions;
    fit(&paired, &options, &report, mean, variance, 2);
    CLOSE(bound, -sum / 8);
    CLOSE(variance[0], variances[0]);

    options.n_init = 2;
    REFUSED(status_of(&paired, &options, NULL), GMM_INVALID_ARGUMENT,
            "n_init is 2; it must be 1 when the start is given, because all restarts would be equal");

    /* Only means are given: weights and covariances come from init, and other restarts get other ones. */
    options.precisions = NULL, options.weights = NULL;
    for (options.n_init = 2; options.n_init > 0; options.n_init--) {
        fit(&paired, &options, &report, mean, variance, 2);
        CHECK(fabs(mean[0] - 0.5) < 1e-9 && fabs(mean[1] - 10.5) < 1e-9 && report.n_swaps == 0);
    }
    options.n_init = 1;
    const double off[] = {0.25, 0.5}, nan[] = {1, NAN}, negative[] = {0.25, -2};
    options.weights = off;
    REFUSED(status_of(&paired, &options, NULL), GMM_INVALID_ARGUMENT,
            "weights sum to 0.75 and not to 1; divide each by their sum");
    options.weights = NULL, options.means = nan;
    REFUSED(status_of(&paired, &options, NULL), GMM_NOT_FINITE,
            "given.means is NaN at row 1, column 0; remove or impute such values first");
    options.means = means, options.precisions = negative;
    REFUSED(status_of(&paired, &options, NULL), GMM_NOT_POSITIVE_DEFINITE,
            "precision of component 1 is not positive definite at feature 0; is it the inverse of a covariance?");
    options.precisions = precisions, options.covariances = covariances;
    REFUSED(status_of(&paired, &options, NULL), GMM_INVALID_ARGUMENT,
            "options.covariances and options.precisions are both set; set one of them");
    options = defaults(2), options.start = start, options.init = GMM_INIT_RANDOM;
    REFUSED(status_of(&paired, &options, NULL), GMM_INVALID_ARGUMENT,
            "options.init and options.start are both set; set one of them");
    gmm_mixture_free(start);
}

static void known_labels(void)
{
    const double rows[] = {0, 2, 10, 14}, shares_[] = {1, 0, 1, 0, 0, 1, 0, 1}, counts[] = {3, 1, 1, 1};
    const float floats_[] = {0, 2, 10, 14}, float_shares_[] = {1, 0, 1, 0, 0, 1, 0, 1};
    uint32_t labels[] = {0, 0, 1, 1};
    const gmm_matrix_f64 z = {rows, 4, 1, 1, 1}, shares = {shares_, 4, 2, 2, 1};
    const gmm_matrix_f32 f = {floats_, 4, 1, 1, 1}, f_shares = {float_shares_, 4, 2, 2, 1};
    gmm_fit_options options = defaults(2);
    options.reg_covar = 0, options.covariance_type = GMM_COVARIANCE_DIAG;
    gmm_mixture *made[4] = {NULL};
    CHECK(gmm_mixture_from_labels_f64(&z, labels, &options, NULL, &made[0]) == GMM_OK);
    CHECK(gmm_mixture_from_labels_f32(&f, labels, &options, NULL, &made[1]) == GMM_OK);
    CHECK(gmm_mixture_from_responsibilities_f64(&z, &shares, &options, NULL, &made[2]) == GMM_OK);
    CHECK(gmm_mixture_from_responsibilities_f32(&f, &f_shares, &options, NULL, &made[3]) == GMM_OK);
    for (int i = 0; i < 4; i++) {
        double weights[2], means[2], values[2];
        CHECK(gmm_mixture_weights(made[i], weights, 2) == GMM_OK && gmm_mixture_means(made[i], means, 2) == GMM_OK);
        CHECK(gmm_mixture_covariances(made[i], values, 2) == GMM_OK);
        CHECK(gmm_mixture_covariance_type(made[i]) == GMM_COVARIANCE_DIAG);
        CHECK(weights[0] == 0.5 && means[0] == 1 && means[1] == 12 && values[0] == 1 && values[1] == 4);
        /* The mixture can be a start. */
        gmm_fit_options from = defaults(2);
        gmm_mixture *fitted = NULL;
        from.start = made[i];
        CHECK(gmm_mixture_fit_f64(&z, &from, NULL, &fitted, NULL) == GMM_OK);
        gmm_mixture_free(fitted);
        gmm_mixture_free(made[i]);
    }
    gmm_mixture *mixture = NULL;
    options.sample_weights = counts;
    CHECK(gmm_mixture_from_labels_f64(&z, labels, &options, NULL, &mixture) == GMM_OK);
    CLOSE(first_mean(mixture), 0.5);
    CLOSE(first_variance(mixture), 0.75);
    gmm_mixture_free(mixture);

    options.sample_weights = NULL, mixture = NULL, labels[3] = 2;
    REFUSED(gmm_mixture_from_labels_f64(&z, labels, &options, NULL, &mixture), GMM_INVALID_ARGUMENT,
            "labels is 2 at row 3; it must be below n_components");
    REFUSED(gmm_mixture_from_labels_f64(&z, NULL, &options, NULL, &mixture), GMM_NULL_POINTER, "labels is NULL");
    options.n_components = 3;
    REFUSED(gmm_mixture_from_responsibilities_f64(&z, &shares, &options, NULL, &mixture), GMM_INVALID_SHAPE,
            "responsibilities has shape 4 x 2 but options.n_components has shape 3");
    options.n_components = 2, options.means = rows;
    REFUSED(gmm_mixture_from_responsibilities_f64(&z, &shares, &options, NULL, &mixture), GMM_INVALID_ARGUMENT,
            "options give a start; labels or responsibilities are one already");
    gmm_prior prior;
    gmm_prior_init(&prior);
    options.means = NULL, options.prior = &prior;
    REFUSED(gmm_mixture_from_responsibilities_f64(&z, &shares, &options, NULL, &mixture), GMM_INVALID_ARGUMENT,
            "options.prior is set; one step from labels or responsibilities takes none");
    CHECK(mixture == NULL);
}

static void priors(void)
{
    gmm_prior prior;
    CHECK(gmm_prior_init(&prior) == GMM_OK && prior.size == sizeof prior);
    gmm_fit_options options = defaults(1);
    options.prior = &prior;
    double mean, variance, of_mean = 0, lambda = 2;
    /* The defaults: mean 4 and variance 14 of the data, 3 degrees of freedom; reg_covar is ignored. */
    fit(&line, &options, NULL, &mean, &variance, 1);
    CLOSE(mean, 4);
    CLOSE(variance, (14.0 + 56) / (4 + 3 + 1 + 2));
    prior.degrees_of_freedom = NAN;
    fit(&line, &options, NULL, &mean, &variance, 1);
    CLOSE(variance, (14.0 + 56) / (4 + 3 + 1 + 2));
    /* Everything given. */
    prior.mean_precision = 1, prior.mean = &of_mean, prior.degrees_of_freedom = 4, prior.covariance = &lambda;
    fit(&line, &options, NULL, &mean, &variance, 1);
    CLOSE(mean, 16.0 / 5);
    CLOSE(variance, (2 + 56 + 4.0 / 5 * 16) / (4 + 4 + 1 + 2));

    prior.weight_concentration = 0.5;
    REFUSED(status_of(&line, &options, NULL), GMM_INVALID_ARGUMENT,
            "prior.weight_concentration is 0.5; it must be finite and at least 1");
    prior.weight_concentration = 1, prior.degrees_of_freedom = -1;
    REFUSED(status_of(&line, &options, NULL), GMM_INVALID_ARGUMENT,
            "prior.degrees_of_freedom is -1; it must be finite and more than n_features - 1");
    prior.degrees_of_freedom = 0, lambda = -2;
    REFUSED(status_of(&line, &options, NULL), GMM_INVALID_ARGUMENT,
            "prior.covariance is -2; it must be positive in every variance");
    prior.size = 0;
    REFUSED(status_of(&line, &options, NULL), GMM_INVALID_ARGUMENT,
            "prior says it is 0 bytes long; set its size, or call its _init function");
}

int main(void)
{
    known_starts();
    known_labels();
    priors();
    return 0;
}
