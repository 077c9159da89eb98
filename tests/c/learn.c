/* Learning in pieces: moments that are added up, batches that are not kept, samples read by callbacks. */
#include "line.h"

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
    options.covariance_type = GMM_COVARIANCE_DIAG;
    REFUSED(gmm_moments_maximise(mixture, sum, LEN, &options, &next), GMM_INVALID_ARGUMENT,
            "options.covariance_type is not that of the mixture; leave it GMM_COVARIANCE_OF_START");
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
    /* All samples have the same weight, and each is like the start. */
    CLOSE(mean_log_likelihood, -0.5 * log(2 * acos(-1)) - 8);
    CHECK(gmm_stepwise_mixture(learner, &learnt) == GMM_OK && gmm_stepwise_n_updates(learner) == 3);
    CLOSE(first_mean(learnt), 14.0 / 4);
    /* The last batch was of floats, and so were its products. */
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
    const gmm_matrix_f64 groups = three_groups();
    for (int n = 0; n < M; n++) {
        weights[n] = n % 4;
    }
    for (int weighted = 0; weighted < 2; weighted++) {
        struct tape tape = {groups.data, weighted ? weights : NULL, M, 0, 0, 0};
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
    struct tape tape = {groups.data, NULL, M, 0, 0, 0};
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
            "source.read returned 1048577 rows; at most 1048576 were requested");
    tape.fail_at = 0, tape.n = 0;
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_INVALID_SHAPE,
            "samples has shape 0 x 1; both must be at least 1");
    static double spoilt[M];
    memcpy(spoilt, groups.data, sizeof spoilt);
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

int main(void)
{
    moments();
    batches();
    streams();
    return 0;
}
