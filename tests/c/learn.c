/* What stands around a fit: moments, learning from batches, drawing, choosing, streams, labels. */
#include "check.h"

#include <stddef.h>
#include <stdint.h>

static gmm_fit_options defaults(size_t n_components)
{
    gmm_fit_options options;
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    options.n_components = n_components;
    return options;
}

static gmm_mixture *one_dimensional(size_t k, const double *weights, const double *means, const double *variances)
{
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(k, 1, weights, means, variances, &mixture) == GMM_OK);
    return mixture;
}

static double first_mean(const gmm_mixture *mixture)
{
    double means[4];
    CHECK(gmm_mixture_means(mixture, means, gmm_mixture_n_components(mixture)) == GMM_OK);
    return means[0];
}

static double first_variance(const gmm_mixture *mixture)
{
    double values[4];
    CHECK(gmm_mixture_covariances(mixture, values, gmm_mixture_n_components(mixture)) == GMM_OK);
    return values[0];
}

static void moments(void)
{
    const double one = 1, zero = 0, here_[] = {1, 3}, there_[] = {5}, twice[] = {2, 0};
    const float floats_[] = {1, 3};
    const gmm_matrix_f64 here = {here_, 2, 1, 1, 1}, there = {there_, 1, 1, 1, 1};
    const gmm_matrix_f32 floats = {floats_, 2, 1, 1, 1};
    gmm_mixture *mixture = one_dimensional(1, &one, &zero, &one), *next = NULL;
    enum { LEN = 5 };
    double sum[LEN] = {0}, part[LEN];
    CHECK(gmm_moments_len(mixture) == LEN && gmm_moments_len(NULL) == 0);
    CHECK(gmm_moments_of_f64(mixture, &here, NULL, NULL, part, LEN) == GMM_OK);
    CHECK(gmm_moments_add(mixture, part, sum, LEN) == GMM_OK);
    CHECK(gmm_moments_of_f64(mixture, &there, NULL, NULL, part, LEN) == GMM_OK);
    CHECK(gmm_moments_add(mixture, part, sum, LEN) == GMM_OK);
    /* S, ln L, n, sum z, sum z^2. */
    CLOSE(sum[1], -1.5 * log(2 * acos(-1)) - 17.5);
    CHECK(sum[0] == 3 && sum[2] == 3 && sum[3] == 9 && sum[4] == 35);
    gmm_fit_options options = defaults(1);
    CHECK(gmm_moments_maximise(mixture, sum, LEN, &options, &next) == GMM_OK);
    CLOSE(first_mean(next), 3);
    CLOSE(first_variance(next), 35.0 / 3 - 9 + 1e-6);
    gmm_mixture_free(next);

    CHECK(gmm_moments_scale(mixture, 0.5, sum, LEN) == GMM_OK && sum[0] == 1.5 && sum[4] == 17.5);
    CHECK(gmm_moments_of_f64(mixture, &here, twice, NULL, part, LEN) == GMM_OK);
    CHECK(part[0] == 2 && part[3] == 2 && part[4] == 2);
    CHECK(gmm_moments_of_f32(mixture, &floats, NULL, NULL, part, LEN) == GMM_OK && part[3] == 4 && part[4] == 10);

    /* By a prior: mean (9 / 2 + 0) / (1.5 + 1). */
    gmm_prior prior;
    gmm_prior_init(&prior);
    prior.mean_precision = 1, prior.mean = &zero;
    options.prior = &prior, next = NULL;
    CHECK(gmm_moments_maximise(mixture, sum, LEN, &options, &next) == GMM_OK);
    CLOSE(first_mean(next), 1.8);
    gmm_mixture_free(next);

    options = defaults(1), next = NULL;
    double bad[LEN] = {1, 0, 1, NAN, 1}, less[LEN] = {1, 0, -1, 0, 1}, none[LEN] = {0};
    REFUSED(gmm_moments_of_f64(mixture, &here, NULL, NULL, part, 4), GMM_INVALID_SHAPE,
            "moments has shape 4 but those of the mixture has shape 5");
    REFUSED(gmm_moments_of_f64(mixture, &here, NULL, NULL, NULL, LEN), GMM_NULL_POINTER, "moments is NULL");
    REFUSED(gmm_moments_of_f64(NULL, &here, NULL, NULL, part, LEN), GMM_NULL_POINTER, "mixture is NULL");
    REFUSED(gmm_moments_add(mixture, bad, sum, LEN), GMM_NOT_FINITE,
            "moments is NaN at row 3; remove or impute such values first");
    REFUSED(gmm_moments_add(mixture, sum, less, LEN), GMM_NEGATIVE, "moments is -1 at row 2; it must not be negative");
    REFUSED(gmm_moments_add(mixture, sum, sum, LEN), GMM_INVALID_ARGUMENT, "sum overlaps added in memory");
    REFUSED(gmm_moments_scale(mixture, 0, sum, LEN), GMM_INVALID_ARGUMENT,
            "factor is 0; it must be finite and greater than 0");
    REFUSED(gmm_moments_scale(mixture, NAN, sum, LEN), GMM_INVALID_ARGUMENT,
            "factor is NaN; it must be finite and greater than 0");
    REFUSED(gmm_moments_maximise(mixture, none, LEN, &options, &next), GMM_INVALID_ARGUMENT,
            "sample weights are all zero; at least one must be positive");
    options.covariance = GMM_COVARIANCE_DIAG;
    REFUSED(gmm_moments_maximise(mixture, sum, LEN, &options, &next), GMM_INVALID_ARGUMENT,
            "options.covariance is not that of the mixture; leave it GMM_COVARIANCE_OF_START");
    CHECK(sum[0] == 1.5 && less[0] == 1 && next == NULL);
    gmm_mixture_free(mixture);
}

static void batches(void)
{
    const double one = 1, five = 5, seen[] = {1, 2, 6};
    const float six = 6;
    gmm_mixture *start = one_dimensional(1, &one, &five, &one), *learnt = NULL;
    gmm_stepwise_options options;
    CHECK(gmm_stepwise_options_init(&options) == GMM_OK && options.size == sizeof options && options.decay == 0.7);
    options.decay = 1;
    gmm_stepwise *learner = NULL;
    CHECK(gmm_stepwise_create(start, &options, &learner) == GMM_OK);
    double mean_log_likelihood;
    for (int i = 0; i < 2; i++) {
        const gmm_matrix_f64 batch = {seen + i, 1, 1, 1, 1};
        CHECK(gmm_stepwise_update_f64(learner, &batch, NULL, NULL, i == 0 ? &mean_log_likelihood : NULL) == GMM_OK);
    }
    const gmm_matrix_f32 last = {&six, 1, 1, 1, 1};
    CHECK(gmm_stepwise_update_f32(learner, &last, NULL, NULL, NULL) == GMM_OK);
    /* Every sample counts the same, and one that is like the start. */
    CLOSE(mean_log_likelihood, -0.5 * log(2 * acos(-1)) - 8);
    CHECK(gmm_stepwise_mixture(learner, &learnt) == GMM_OK && gmm_stepwise_n_updates(learner) == 3);
    CLOSE(first_mean(learnt), 14.0 / 4);
    /* The last of them was a float, and so were its products. */
    CHECK(fabs(first_variance(learnt) - (67.0 / 4 - 3.5 * 3.5 + 1e-6)) < 1e-7);
    gmm_mixture_free(learnt);

    const double wide_[] = {1, 2}, weights[] = {-1};
    const gmm_matrix_f64 wide = {wide_, 1, 2, 2, 1}, batch = {seen, 1, 1, 1, 1};
    CHECK(gmm_stepwise_update_f64(learner, &wide, NULL, NULL, NULL) == GMM_INVALID_SHAPE);
    REFUSED(gmm_stepwise_update_f64(learner, &batch, weights, NULL, NULL), GMM_NEGATIVE,
            "sample weights is -1 at row 0; it must not be negative");
    REFUSED(gmm_stepwise_update_f64(NULL, &batch, NULL, NULL, NULL), GMM_NULL_POINTER, "stepwise is NULL");
    CHECK(gmm_stepwise_n_updates(learner) == 3 && gmm_stepwise_n_updates(NULL) == 0);
    REFUSED(gmm_stepwise_mixture(NULL, &learnt), GMM_NULL_POINTER, "stepwise is NULL");

    gmm_stepwise *none = NULL;
    options.decay = 0.5;
    REFUSED(gmm_stepwise_create(start, &options, &none), GMM_INVALID_ARGUMENT,
            "decay is 0.5; it must be greater than 0.5 and at most 1");
    options.decay = 1, options.reg_covar = -1;
    REFUSED(gmm_stepwise_create(start, &options, &none), GMM_INVALID_ARGUMENT,
            "reg_covar is -1; it must be finite and not negative");
    options.size = 3;
    CHECK(gmm_stepwise_create(start, &options, &none) == GMM_INVALID_ARGUMENT && none == NULL);
    gmm_stepwise_free(learner);
    gmm_stepwise_free(NULL);
    gmm_mixture_free(start);
}

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
    /* Five standard errors of each. */
    CHECK(fabs(count / N - 0.75) < 0.035 && fabs(sum / count) < 0.19 && fabs(squares / count - 4) < 0.53);
    /* The same rows, however they are cut; without labels; and as floats. */
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

/* Three groups on a line. */
enum { M = 300 };
static double groups_[M];
static const gmm_matrix_f64 groups = {groups_, M, 1, 1, 1};

static void make_groups(void)
{
    static const double centres[] = {0, 20, 50};
    for (int n = 0; n < M; n++) {
        groups_[n] = centres[n % 3] + n % 17 * 0.1;
    }
}

static void sweeps(void)
{
    const size_t ks[] = {1, 2, 3, 500};
    const gmm_covariance all[] = {GMM_COVARIANCE_FULL, GMM_COVARIANCE_TIED, GMM_COVARIANCE_DIAG,
                                  GMM_COVARIANCE_SPHERICAL};
    gmm_fit_options of_each = defaults(1);
    of_each.seed = 3, of_each.n_init = 2;
    gmm_sweep_options options;
    CHECK(gmm_sweep_options_init(&options) == GMM_OK && options.criterion == GMM_CRITERION_BIC && !options.fit);
    options.n_components = ks, options.n_components_len = 4, options.fit = &of_each;
    options.covariances = all, options.covariances_len = 4;
    gmm_sweep *sweep = NULL;
    CHECK(gmm_sweep_f64(&groups, &options, NULL, &sweep) == GMM_OK);
    CHECK(gmm_sweep_n_candidates(sweep) == 16 && gmm_sweep_n_candidates(NULL) == 0 && gmm_sweep_best(NULL) == 0);
    double least = INFINITY;
    size_t best = 99;
    for (size_t at = 0; at < 16; at++) {
        gmm_candidate candidate = {.size = sizeof candidate};
        gmm_mixture *mixture = NULL, *alone = NULL;
        CHECK(gmm_sweep_candidate(sweep, at, &candidate) == GMM_OK);
        CHECK(candidate.n_components == ks[at / 4] && candidate.covariance == all[at % 4]);
        if (at >= 12) {
            CHECK(candidate.status == GMM_INVALID_ARGUMENT && isnan(candidate.bic));
            REFUSED(gmm_sweep_mixture(sweep, at, &mixture), GMM_INVALID_ARGUMENT,
                    "300 samples cannot support 500 components; use at most 300");
            continue;
        }
        /* It is the fit that one would have made of it, to the last bit. */
        CHECK(candidate.status == GMM_OK && candidate.stop == GMM_STOP_CONVERGED);
        CHECK(gmm_sweep_mixture(sweep, at, &mixture) == GMM_OK);
        CHECK(candidate.n_parameters == gmm_mixture_n_parameters(mixture));
        gmm_fit_options single = of_each;
        single.n_components = ks[at / 4], single.covariance = all[at % 4];
        gmm_fit_report report = {.size = sizeof report};
        CHECK(gmm_mixture_fit_f64(&groups, &single, NULL, &alone, &report) == GMM_OK);
        CHECK(first_mean(alone) == first_mean(mixture) && candidate.n_iter == report.n_iter);
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

    /* A token that was used before the sweep ends it after the first candidate. */
    gmm_cancel *token = NULL;
    gmm_threads *one = NULL;
    CHECK(gmm_cancel_create(&token) == GMM_OK && gmm_threads_create(1, &one) == GMM_OK);
    gmm_cancel_request(token);
    of_each.cancel = token;
    CHECK(gmm_sweep_f64(&groups, &options, one, &sweep) == GMM_OK && gmm_sweep_n_candidates(sweep) == 1);
    gmm_sweep_free(sweep);
    gmm_cancel_free(token);
    gmm_threads_free(one);
    of_each.cancel = NULL;

    const gmm_covariance unknown = 9;
    const double mean[] = {0}, lambda[] = {1};
    gmm_sweep *none = NULL;
    of_each.means = mean;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.fit gives a start; a sweep has as many as candidates");
    of_each.means = NULL;
    options.criterion = 3;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.criterion is 3; it must be one of GMM_CRITERION_*");
    options.criterion = GMM_CRITERION_ICL, options.covariances = &unknown, options.covariances_len = 1;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.covariances is 9; it must be one of GMM_COVARIANCE_*");
    options.covariances_len = 0;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.covariances_len is 0; there must be at least one structure");
    options.covariances = NULL, options.n_components_len = 0;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.n_components_len is 0; there must be at least one number of components");
    options.n_components = ks + 3, options.n_components_len = 1;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "300 samples cannot support 500 components; use at most 300");
    options.n_components = NULL;
    REFUSED(gmm_sweep_f64(&groups, &options, NULL, &none), GMM_NULL_POINTER, "options.n_components is NULL");

    /* A prior's covariance has one shape. */
    const double plane_[] = {0, 0, 1, 3, 2, 1, 4, 4};
    const gmm_matrix_f64 plane = {plane_, 4, 2, 2, 1};
    gmm_prior prior;
    gmm_prior_init(&prior);
    prior.covariance = lambda, of_each.prior = &prior;
    options.n_components = ks, options.covariances = all + 2, options.covariances_len = 2;
    const double two[] = {1, 1};
    prior.covariance = two;
    REFUSED(gmm_sweep_f64(&plane, &options, NULL, &none), GMM_INVALID_ARGUMENT,
            "options.fit.prior.covariance is set, but the structures differ in its shape");
    options.covariances_len = 1, options.fit = &of_each;
    CHECK(gmm_sweep_f64(&plane, &options, NULL, &none) == GMM_OK);
    gmm_sweep_free(none);
    const float floats_[] = {0, 1, 20, 21};
    const gmm_matrix_f32 floats = {floats_, 4, 1, 1, 1};
    options.fit = NULL, options.covariances = NULL;
    CHECK(gmm_sweep_f32(&floats, &options, NULL, &none) == GMM_OK && gmm_sweep_n_candidates(none) == 1);
    gmm_sweep_free(none);
}

/* An array that is read seven rows at a time. */
struct tape {
    const double *rows, *weights;
    size_t n, at, n_passes;
    int fail_at;
};

static int32_t rewind_tape(void *userdata)
{
    struct tape *tape = userdata;
    tape->at = 0, tape->n_passes++;
    return tape->fail_at == -1 ? 5 : 0;
}

static ptrdiff_t read_tape(void *userdata, size_t max_rows, double *rows, double *weights)
{
    struct tape *tape = userdata;
    CHECK(max_rows >= 7 && (weights != NULL) == (tape->weights != NULL));
    if (tape->fail_at == -2) {
        return -3;
    }
    if (tape->fail_at == -3) {
        return (ptrdiff_t)max_rows + 1;
    }
    size_t n = tape->n - tape->at < 7 ? tape->n - tape->at : 7;
    for (size_t i = 0; i < n; i++) {
        rows[i] = tape->rows[tape->at + i];
        if (weights) {
            weights[i] = tape->weights[tape->at + i];
        }
    }
    tape->at += n;
    return (ptrdiff_t)n;
}

static ptrdiff_t read_floats(void *userdata, size_t max_rows, float *rows, double *weights)
{
    struct tape *tape = userdata;
    size_t n = tape->n - tape->at;
    CHECK(n <= max_rows && weights == NULL);
    for (size_t i = 0; i < n; i++) {
        rows[i] = (float)tape->rows[tape->at + i];
    }
    tape->at = tape->n;
    return (ptrdiff_t)n;
}

static void streams(void)
{
    static double weights[M];
    for (int n = 0; n < M; n++) {
        weights[n] = n % 4;
    }
    for (int weighted = 0; weighted < 2; weighted++) {
        struct tape tape = {groups_, weighted ? weights : NULL, M, 0, 0, 0};
        gmm_source_f64 source = {sizeof source, 1, rewind_tape, read_tape, &tape, weighted};
        gmm_fit_options options = defaults(3);
        options.tol = 1e-9;
        gmm_fit_report report = {.size = sizeof report}, in_memory = report;
        gmm_mixture *streamed = NULL, *held = NULL;
        CHECK(gmm_mixture_fit_stream_f64(&source, &options, NULL, &streamed, &report) == GMM_OK);
        CHECK(tape.n_passes == report.n_iter + 1 && report.stop == GMM_STOP_CONVERGED);
        options.sample_weights = tape.weights;
        CHECK(gmm_mixture_fit_f64(&groups, &options, NULL, &held, &in_memory) == GMM_OK);
        double s[3], h[3];
        CHECK(gmm_mixture_means(streamed, s, 3) == GMM_OK && gmm_mixture_means(held, h, 3) == GMM_OK);
        for (int i = 0; i < 3; i++) {
            CHECK(fabs(s[i] - h[i]) < 1e-9);
        }
        CHECK(fabs(report.lower_bound - in_memory.lower_bound) < 1e-9 && report.n_iter == in_memory.n_iter);
        gmm_mixture_free(streamed);
        gmm_mixture_free(held);
    }
    struct tape tape = {groups_, NULL, M, 0, 0, 0};
    gmm_source_f32 floats = {sizeof floats, 1, rewind_tape, read_floats, &tape, 0};
    gmm_fit_options options = defaults(3);
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_fit_stream_f32(&floats, &options, NULL, &mixture, NULL) == GMM_OK);
    CHECK(gmm_mixture_n_components(mixture) == 3);
    gmm_mixture_free(mixture);

    mixture = NULL;
    gmm_source_f64 source = {sizeof source, 1, rewind_tape, read_tape, &tape, 0};
    tape.fail_at = -1;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_SOURCE,
            "source.rewind returned 5");
    tape.fail_at = -2;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_SOURCE,
            "source.read returned -3");
    tape.fail_at = -3;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_SOURCE,
            "source.read returned 1048577 rows; it was asked for at most 1048576");
    tape.fail_at = 0, tape.n = 0;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_INVALID_SHAPE,
            "samples has shape 0 x 1; both must be at least 1");
    static double spoilt[M];
    memcpy(spoilt, groups_, sizeof spoilt);
    spoilt[9] = NAN;
    tape = (struct tape){spoilt, NULL, M, 0, 0, 0};
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_NOT_FINITE,
            "samples is NaN at row 9, column 0; remove or impute such values first");
    options.sample_weights = weights;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_INVALID_ARGUMENT,
            "options.sample_weights is set; here the source gives the weights");
    source.has_weights = 7;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_INVALID_ARGUMENT,
            "source.has_weights is 7; it must be 0 or 1");
    source.has_weights = 0, source.n_features = 0;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_INVALID_SHAPE,
            "source.n_features is 0; it must be at least 1");
    source.n_features = SIZE_MAX, options.sample_weights = NULL;
    CHECK(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL) == GMM_SIZE_OVERFLOW);
    source.n_features = 1, source.read = NULL;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_NULL_POINTER,
            "source.read is NULL");
    source.rewind = NULL;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_NULL_POINTER,
            "source.rewind is NULL");
    REFUSED(gmm_mixture_fit_stream_f64(NULL, &options, NULL, &mixture, NULL), GMM_NULL_POINTER, "source is NULL");
    CHECK(mixture == NULL);
}

static void known_labels(void)
{
    const double rows[] = {0, 2, 10, 14}, shares_[] = {1, 0, 1, 0, 0, 1, 0, 1}, counts[] = {3, 1, 1, 1};
    const float floats_[] = {0, 2, 10, 14}, float_shares_[] = {1, 0, 1, 0, 0, 1, 0, 1};
    uint32_t labels[] = {0, 0, 1, 1};
    const gmm_matrix_f64 z = {rows, 4, 1, 1, 1}, shares = {shares_, 4, 2, 2, 1};
    const gmm_matrix_f32 f = {floats_, 4, 1, 1, 1}, f_shares = {float_shares_, 4, 2, 2, 1};
    gmm_fit_options options = defaults(2);
    options.reg_covar = 0, options.covariance = GMM_COVARIANCE_DIAG;
    gmm_mixture *made[4] = {NULL};
    CHECK(gmm_mixture_from_labels_f64(&z, labels, &options, NULL, &made[0]) == GMM_OK);
    CHECK(gmm_mixture_from_labels_f32(&f, labels, &options, NULL, &made[1]) == GMM_OK);
    CHECK(gmm_mixture_from_responsibilities_f64(&z, &shares, &options, NULL, &made[2]) == GMM_OK);
    CHECK(gmm_mixture_from_responsibilities_f32(&f, &f_shares, &options, NULL, &made[3]) == GMM_OK);
    for (int i = 0; i < 4; i++) {
        double weights[2], means[2], values[2];
        CHECK(gmm_mixture_weights(made[i], weights, 2) == GMM_OK && gmm_mixture_means(made[i], means, 2) == GMM_OK);
        CHECK(gmm_mixture_covariance_values(made[i], values, 2) == GMM_OK);
        CHECK(gmm_mixture_covariance(made[i]) == GMM_COVARIANCE_DIAG);
        CHECK(weights[0] == 0.5 && means[0] == 1 && means[1] == 12 && values[0] == 1 && values[1] == 4);
        /* It is a start. */
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

int main(void)
{
    make_groups();
    moments();
    batches();
    drawing();
    criteria();
    sweeps();
    streams();
    known_labels();
    return 0;
}
