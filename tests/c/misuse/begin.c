/* Fits of samples read by callbacks, and mixtures from labels or responsibilities: misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 6, D = 2, K = 2 };

/* The fault of a callback, and the pass over the source in which it happens, from 1. */
enum fault { NONE, REWIND_FAILS, READ_FAILS, TOO_MANY, NAN_ROW, INFINITE_ROW, NAN_WEIGHT, NEGATIVE_WEIGHT, ENDS_EARLY };

struct tape {
    enum fault fault;
    int pass_of_fault, pass, is_read;
};

static int32_t rewind_tape(void *userdata)
{
    struct tape *tape = userdata;
    tape->pass++, tape->is_read = 0;
    return tape->fault == REWIND_FAILS && tape->pass >= tape->pass_of_fault ? INT32_MIN : 0;
}

#define THIS_FILE "begin.c"
#include "both.h"

int main(void)
{
    streams_f64();
    streams_f32();
    labels_f64();
    labels_f32();
    responsibilities_f64();
    responsibilities_f32();
    return ended();
}

#else

static REAL OF(samples)[N * D] = {0, 0, 1, 3, 2, 1, 10, 12, 11, 10, 12, 14};
#define SAMPLES OF(samples)

static ptrdiff_t OF(read_tape)(void *userdata, size_t max_rows, REAL *rows, double *weights)
{
    struct tape *tape = userdata;
    enum fault fault = tape->pass >= tape->pass_of_fault ? tape->fault : NONE;
    HOLDS(max_rows >= N);
    if (tape->is_read++ || fault == ENDS_EARLY) {
        return 0;
    }
    if (fault == READ_FAILS) {
        return PTRDIFF_MIN;
    }
    memcpy(rows, SAMPLES, sizeof SAMPLES);
    for (int n = 0; weights && n < N; n++) {
        weights[n] = 1;
    }
    if (fault == NAN_ROW || fault == INFINITE_ROW) {
        rows[N * D - 1] = fault == NAN_ROW ? (REAL)NAN : (REAL)INFINITY;
    }
    if (fault == NAN_WEIGHT || fault == NEGATIVE_WEIGHT) {
        weights[N - 1] = fault == NAN_WEIGHT ? NAN : -1;
    }
    return fault == TOO_MANY ? (ptrdiff_t)max_rows + 1 : N;
}

static void OF(streams)(void)
{
    struct tape tape = {NONE, 1, 0, 0};
    OF(gmm_source) source_ = {sizeof source_, D, rewind_tape, OF(read_tape), &tape, 1}, *source = &source_;
    gmm_fit_options options_, *options = &options_;
    gmm_fit_report report_ = {0}, *report = &report_;
    gmm_mixture *slot, **out = &slot;
    gmm_fit_options_init(&options_);
    options_.n_components = K, options_.tol = 1e-9, report_.size = sizeof report_;
    OUTPUT(slot), WATCH(report_);

#define CALL \
    (tape.pass = 0, FREED(OF(gmm_mixture_fit_stream)(source, options, NULL, out, report), slot, gmm_mixture_free))
    WITH(source, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(OF(gmm_source), source, CALL);
    WITH(source_.rewind, NULL, CALL, GMM_NULL_POINTER);
    WITH(source_.read, NULL, CALL, GMM_NULL_POINTER);
    WITH(source_.has_weights, 2, CALL, GMM_INVALID_ARGUMENT);
    WITH(source_.has_weights, -1, CALL, GMM_INVALID_ARGUMENT);
    WITH(source_.n_features, 0, CALL, GMM_INVALID_SHAPE);
    WITH(source_.n_features, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(source_.n_features, SIZE_MAX / 8, CALL, GMM_SIZE_OVERFLOW);
    WITH(source_.n_features, PTRDIFF_MAX, CALL, GMM_SIZE_OVERFLOW);
    BAD_SLOT(out, report, CALL);
    WITH(options, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(gmm_fit_options, options, CALL);
    BAD_OPTIONAL_INPUT(report, CALL);
    WITH(report_.size, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(report, NULL, CALL, GMM_OK);
    const double weight = 1;
    WITH(options_.sample_weights, &weight, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, N + 1, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.tol, NAN, CALL, GMM_INVALID_ARGUMENT);
    /* In the first pass, for the start, and in a later one. */
    static const struct {
        enum fault fault;
        gmm_status status;
    } faults[] = {
        {REWIND_FAILS, GMM_SOURCE},     {READ_FAILS, GMM_SOURCE},       {TOO_MANY, GMM_SOURCE},
        {NAN_ROW, GMM_NOT_FINITE},      {INFINITE_ROW, GMM_NOT_FINITE}, {NAN_WEIGHT, GMM_NOT_FINITE},
        {NEGATIVE_WEIGHT, GMM_NEGATIVE}, {ENDS_EARLY, GMM_INVALID_SHAPE},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (tape.pass_of_fault = 1; tape.pass_of_fault <= 3; tape.pass_of_fault++) {
            WITH(tape.fault, faults[i].fault, CALL, faults[i].status);
        }
    }
    source_.has_weights = 0;
    EXPECT(CALL, GMM_OK);
#undef CALL
    unwatch();
}

/* The options that both functions read. */
#define BAD_STEP(call)                                                                 \
    do {                                                                               \
        WITH(options, NULL, call, GMM_NULL_POINTER);                                   \
        BAD_SIZE(gmm_fit_options, options, call);                                      \
        BAD_SLOT(out, z_.data, call);                                                  \
        NOT_FINITE(options_.reg_covar, call, GMM_INVALID_ARGUMENT);                    \
        WITH(options_.reg_covar, -1, call, GMM_INVALID_ARGUMENT);                      \
        WITH(options_.reg_covar_relative, 7, call, GMM_INVALID_ARGUMENT);              \
        WITH(options_.covariance_type, 4, call, GMM_INVALID_ARGUMENT);                      \
        WITH(options_.sample_weights, ASKEW(weights), call, GMM_INVALID_ARGUMENT);     \
        options_.sample_weights = weights;                                             \
        NOT_FINITE(weights[0], call, GMM_NOT_FINITE);                                  \
        WITH(weights[0], -1, call, GMM_NEGATIVE);                                      \
        EXPECT(call, GMM_OK);                                                          \
        options_.sample_weights = NULL;                                                \
        gmm_prior prior;                                                               \
        gmm_prior_init(&prior);                                                        \
        WITH(options_.prior, &prior, call, GMM_INVALID_ARGUMENT);                      \
        WITH(options_.means, weights, call, GMM_INVALID_ARGUMENT);                     \
        const double one = 1, origin[D] = {0, 0}, unit[D * D] = {1, 0, 0, 1};          \
        gmm_mixture *start = NULL;                                                     \
        EXPECT(gmm_mixture_create(1, D, &one, origin, unit, &start), GMM_OK);          \
        WITH(options_.start, start, call, GMM_INVALID_ARGUMENT);                       \
        gmm_mixture_free(start);                                                       \
    } while (0)

static void OF(labels)(void)
{
    uint32_t labels_[N] = {0, 0, 0, 1, 1, 1};
    const uint32_t *labels = labels_;
    double weights[N] = {1, 1, 1, 1, 1, 1};
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    gmm_fit_options options_, *options = &options_;
    gmm_mixture *slot, **out = &slot;
    gmm_fit_options_init(&options_);
    options_.n_components = K;
    OUTPUT(slot);
#define CALL FREED(OF(gmm_mixture_from_labels)(z, labels, options, NULL, out), slot, gmm_mixture_free)
    BAD_MATRIX(z_, z, CALL);
    BAD_INPUT(labels, CALL);
    WITH(labels_[2], K, CALL, GMM_INVALID_ARGUMENT);
    WITH(labels_[2], UINT32_MAX, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, 0, CALL, GMM_INVALID_ARGUMENT);
    WITH(options_.n_components, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    /* More components than labels use: each of the others gets half of another one. */
    WITH(options_.n_components, N + 1, CALL, GMM_OK);
    NOT_FINITE(SAMPLES[0], CALL, GMM_NOT_FINITE);
    BAD_STEP(CALL);
    FROM_THE_END(z_, CALL);
#undef CALL
    unwatch();
}

static void OF(responsibilities)(void)
{
    REAL shares[N * K] = {1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1};
    double weights[N] = {1, 1, 1, 1, 1, 1};
    OF(gmm_matrix) z_ = {SAMPLES, N, D, D, 1}, r_ = {shares, N, K, K, 1};
    const OF(gmm_matrix) *z = &z_, *r = &r_;
    gmm_fit_options options_, *options = &options_;
    gmm_mixture *slot, **out = &slot;
    gmm_fit_options_init(&options_);
    options_.n_components = K;
    OUTPUT(slot);
#define CALL FREED(OF(gmm_mixture_from_responsibilities)(z, r, options, NULL, out), slot, gmm_mixture_free)
    BAD_MATRIX(z_, z, CALL);
    BAD_MATRIX(r_, r, CALL);
    WITH(r_.rows, N - 1, CALL, GMM_INVALID_SHAPE);
    WITH(r_.cols, 1, CALL, GMM_INVALID_SHAPE);
    WITH(options_.n_components, 0, CALL, GMM_INVALID_SHAPE);
    WITH(options_.n_components, SIZE_MAX, CALL, GMM_INVALID_SHAPE);
    NOT_FINITE(SAMPLES[0], CALL, GMM_NOT_FINITE);
    NOT_FINITE(shares[4], CALL, GMM_NOT_FINITE);
    WITH(shares[4], -0.5f, CALL, GMM_NEGATIVE);
    BAD_STEP(CALL);
    FROM_THE_END(z_, CALL);
    FROM_THE_END(r_, CALL);
#undef CALL
    unwatch();
}

#undef BAD_STEP
#undef SAMPLES

#endif
