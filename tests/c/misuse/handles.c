/* Misuse of mixtures from parameters, their getters, model files, threads, tokens, defaults, and of NULL in
 * functions without a status.
 *
 * usage: handles FOLDER (in which nothing may appear)
 */
#include "misuse.h"

enum { D = 2, K = 2 };

static void created(void)
{
    gmm_status (*const of[])(size_t, size_t, const double *, const double *, const double *, gmm_mixture **) = {
        gmm_mixture_create, gmm_mixture_create_from_precisions};
    for (int i = 0; i < 2; i++) {
        double w[K] = {0.5, 0.5}, m[K * D] = {0, 0, 1, 1}, c[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1};
        const double *weights = w, *means = m, *matrices = c;
        gmm_mixture *slot, **out = &slot;
        size_t k = K, d = D;
        OUTPUT(slot);
#define CALL of[i](k, d, weights, means, matrices, out)
        WITH(k, 0, CALL, GMM_INVALID_SHAPE);
        WITH(d, 0, CALL, GMM_INVALID_SHAPE);
        const size_t vast[] = {SIZE_MAX, SIZE_MAX / 4, PTRDIFF_MAX, (size_t)1 << 62, PTRDIFF_MAX / 8};
        for (int size = 0; size < 5; size++) {
            WITH(k, vast[size], CALL, GMM_SIZE_OVERFLOW);
            WITH(d, vast[size], CALL, GMM_SIZE_OVERFLOW);
        }
        /* K and K D fit in memory, but K D D does not. */
        WITH(d, (size_t)1 << 31, CALL, GMM_SIZE_OVERFLOW);
        BAD_INPUT(weights, CALL);
        BAD_INPUT(means, CALL);
        BAD_INPUT(matrices, CALL);
        BAD_SLOT(out, w, CALL);
        NOT_FINITE(w[0], CALL, GMM_NOT_FINITE);
        NOT_FINITE(m[2], CALL, GMM_NOT_FINITE);
        NOT_FINITE(c[4], CALL, GMM_NOT_FINITE);
        NOT_FINITE(c[5], CALL, GMM_NOT_FINITE);
        WITH(w[0], -0.5, CALL, GMM_NEGATIVE);
        WITH(w[0], 0.6, CALL, GMM_INVALID_ARGUMENT);
        WITH(c[5], 0.5, CALL, GMM_NOT_POSITIVE_DEFINITE); /* not symmetric */
        WITH(c[4], -1, CALL, GMM_NOT_POSITIVE_DEFINITE);
        WITH(c[4], 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
        c[5] = c[6] = 1;
        EXPECT(CALL, GMM_NOT_POSITIVE_DEFINITE);
        c[5] = c[6] = 0;
        EXPECT(CALL, GMM_OK);
        gmm_mixture_free(slot);
#undef CALL
        unwatch();
    }
}

static void created_with_a_type(void)
{
    double w[K] = {0.5, 0.5}, m[K * D] = {0, 0, 1, 1}, c[K * D] = {4, 4, 1, 1}, l[K * D] = {2, 2, 1, 1}, r[K] = {0, 0};
    const double *weights = w, *means = m, *variances = c, *cholesky = l, *ridges = r;
    gmm_mixture *slot, **out = &slot;
    gmm_covariance_type type = GMM_COVARIANCE_DIAG;
    size_t k = K, d = D;
    OUTPUT(slot);
    for (int i = 0; i < 3; i++) {
#define MADE                                                                                          \
    (i == 0   ? gmm_mixture_create_with_type(type, k, d, weights, means, variances, out)              \
     : i == 1 ? gmm_mixture_create_from_precisions_with_type(type, k, d, weights, means, variances, out) \
              : gmm_mixture_create_from_factors(type, k, d, weights, means, variances, ridges, cholesky, out))
#define CALL FREED(MADE, slot, gmm_mixture_free)
        WITH(type, GMM_COVARIANCE_OF_START, CALL, GMM_INVALID_ARGUMENT);
        WITH(type, 4, CALL, GMM_INVALID_ARGUMENT);
        WITH(k, 0, CALL, GMM_INVALID_SHAPE);
        WITH(d, 0, CALL, GMM_INVALID_SHAPE);
        WITH(k, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
        WITH(d, PTRDIFF_MAX, CALL, GMM_SIZE_OVERFLOW);
        BAD_INPUT(weights, CALL);
        BAD_INPUT(means, CALL);
        BAD_INPUT(variances, CALL);
        BAD_SLOT(out, w, CALL);
        NOT_FINITE(w[0], CALL, GMM_NOT_FINITE);
        NOT_FINITE(m[2], CALL, GMM_NOT_FINITE);
        NOT_FINITE(c[3], CALL, GMM_NOT_FINITE);
        WITH(w[0], -0.5, CALL, GMM_NEGATIVE);
        WITH(w[0], 0.6, CALL, i == 2 ? GMM_OK : GMM_INVALID_ARGUMENT);
        WITH(c[2], -1, CALL, GMM_NOT_POSITIVE_DEFINITE);
        if (i == 2) {
            BAD_INPUT(cholesky, CALL);
            BAD_OPTIONAL_INPUT(ridges, CALL);
            WITH(ridges, NULL, CALL, GMM_OK);
            NOT_FINITE(l[0], CALL, GMM_NOT_FINITE);
            WITH(l[0], 3, CALL, GMM_NOT_POSITIVE_DEFINITE);
            WITH(r[1], 1, CALL, GMM_INVALID_ARGUMENT);
        }
        EXPECT(CALL, GMM_OK);
        memset(&slot, 0xa5, sizeof slot);
#undef CALL
#undef MADE
    }
    unwatch();
}

static gmm_mixture *two_components(void)
{
    const double weights[K] = {0.5, 0.5}, means[K * D] = {0, 0, 1, 1};
    const double covariances[K * D * D] = {1, 0, 0, 1, 2, 0.5, 0.5, 1};
    gmm_mixture *mixture = NULL;
    EXPECT(gmm_mixture_create(K, D, weights, means, covariances, &mixture), GMM_OK);
    return mixture;
}

static void readers(void)
{
    static const struct {
        gmm_status (*read)(const gmm_mixture *, double *, size_t);
        size_t len;
    } of[] = {
        {gmm_mixture_weights, K},
        {gmm_mixture_means, K * D},
        {gmm_mixture_dense_covariances, K * D * D},
        {gmm_mixture_covariances, K * D * D},
        {gmm_mixture_cholesky, K * D * D},
        {gmm_mixture_precisions_cholesky, K * D * D},
        {gmm_mixture_log_dets, K},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        double values[K * D * D], *out = values;
        gmm_mixture *mixture = two_components();
        size_t len = of[i].len;
        OUTPUT(values);
#define CALL of[i].read(mixture, out, len)
        WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
        BAD_INPUT(out, CALL);
        WITH(len, 0, CALL, GMM_INVALID_SHAPE);
        WITH(len, of[i].len - 1, CALL, GMM_INVALID_SHAPE);
        WITH(len, of[i].len + 1, CALL, GMM_INVALID_SHAPE);
        WITH(len, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
        WITH(len, SIZE_MAX / 8, CALL, GMM_SIZE_OVERFLOW);
        WITH(len, PTRDIFF_MAX, CALL, GMM_SIZE_OVERFLOW);
        EXPECT(CALL, GMM_OK);
#undef CALL
        gmm_mixture_free(mixture);
        unwatch();
    }
}

/* Metadata: invalid text, or too little room. The one file that is written is removed. */
static void metadata(const char *folder)
{
    char model[4096], none[4096];
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(none, sizeof none, "%s/no/such/folder/model", folder);
    gmm_mixture *mixture = two_components();
    const char *k[2] = {"a", "b"}, *v[2] = {"one", "two"}, *file = none;
    const char *const *keys = k, *const *values = v;
    size_t n = 2;
#define SAVE gmm_mixture_save_with_metadata(mixture, keys, values, n, file)
    WITH(mixture, NULL, SAVE, GMM_NULL_POINTER);
    WITH(file, NULL, SAVE, GMM_NULL_POINTER);
    WITH(file, "", SAVE, GMM_INVALID_ARGUMENT);
    BAD_INPUT(keys, SAVE);
    BAD_INPUT(values, SAVE);
    WITH(k[1], NULL, SAVE, GMM_NULL_POINTER);
    WITH(v[1], NULL, SAVE, GMM_NULL_POINTER);
    WITH(n, SIZE_MAX, SAVE, GMM_SIZE_OVERFLOW);
    WITH(n, PTRDIFF_MAX, SAVE, GMM_SIZE_OVERFLOW);
    WITH(k[1], "", SAVE, GMM_INVALID_ARGUMENT);
    WITH(k[1], "a", SAVE, GMM_INVALID_ARGUMENT); /* twice */
    WITH(k[1], "gmm", SAVE, GMM_INVALID_ARGUMENT);
    WITH(k[1], "\xff", SAVE, GMM_INVALID_ARGUMENT);
    WITH(v[1], "\xff", SAVE, GMM_INVALID_ARGUMENT);
    WITH(k[1], "feature_names", SAVE, GMM_INVALID_ARGUMENT); /* of the value "two" */
    EXPECT(SAVE, GMM_IO);
    file = model;
    EXPECT(SAVE, GMM_OK);
#undef SAVE
    char text[8], *out = text;
    size_t length, *len = &length, capacity = sizeof text;
    const char *key = "a";
    OUTPUT(text);
    OUTPUT(length);
#define READ gmm_model_metadata(file, key, out, capacity, len)
#define KEYS gmm_model_metadata_keys(file, out, capacity, len)
    WITH(file, NULL, READ, GMM_NULL_POINTER);
    WITH(file, "", READ, GMM_INVALID_ARGUMENT);
    WITH(file, none, READ, GMM_IO);
    WITH(file, folder, READ, GMM_IO);
    WITH(file, __FILE__, READ, GMM_BAD_FILE);
    WITH(key, NULL, READ, GMM_NULL_POINTER);
    WITH(key, "c", READ, GMM_INVALID_ARGUMENT);
    WITH(key, "\xff", READ, GMM_INVALID_ARGUMENT);
    WITH(len, NULL, READ, GMM_NULL_POINTER);
    WITH(len, ASKEW(len), READ, GMM_INVALID_ARGUMENT);
    WITH(out, (char *)len, READ, GMM_INVALID_ARGUMENT);
    WITH(capacity, 0, READ, GMM_INVALID_SHAPE);
    WITH(capacity, 3, READ, GMM_INVALID_SHAPE);
    WITH(capacity, SIZE_MAX, READ, GMM_SIZE_OVERFLOW);
    WITH(file, NULL, KEYS, GMM_NULL_POINTER);
    WITH(file, none, KEYS, GMM_IO);
    WITH(len, NULL, KEYS, GMM_NULL_POINTER);
    WITH(out, (char *)len, KEYS, GMM_INVALID_ARGUMENT);
    WITH(capacity, 7, KEYS, GMM_INVALID_SHAPE); /* a, b and gmm take 9 */
    WITH(capacity, 8, KEYS, GMM_INVALID_SHAPE);
    WITH(out, NULL, KEYS, GMM_OK);
    WITH(capacity, 4, READ, GMM_OK);
#undef KEYS
#undef READ
    gmm_mixture_free(mixture);
    unwatch();
    HOLDS(strcmp(text, "one") == 0 && length == 3 && remove(model) == 0);
}

static void files(const char *folder)
{
    char missing[4096];
    snprintf(missing, sizeof missing, "%s/no/such/folder/model", folder);
    gmm_mixture *mixture = two_components(), *slot, **out = &slot;
    const char *file = missing;
    OUTPUT(slot);
#define SAVE gmm_mixture_save(mixture, file)
    WITH(mixture, NULL, SAVE, GMM_NULL_POINTER);
    WITH(file, NULL, SAVE, GMM_NULL_POINTER);
    WITH(file, "", SAVE, GMM_INVALID_ARGUMENT);
    WITH(file, folder, SAVE, GMM_IO);
    EXPECT(SAVE, GMM_IO);
#undef SAVE
#define LOAD gmm_mixture_load(file, out)
    BAD_INPUT(out, LOAD);
    WITH(file, NULL, LOAD, GMM_NULL_POINTER);
    WITH(file, "", LOAD, GMM_INVALID_ARGUMENT);
    WITH(file, folder, LOAD, GMM_IO);
    WITH(file, __FILE__, LOAD, GMM_BAD_FILE);
    EXPECT(LOAD, GMM_IO);
#undef LOAD
    unsigned char bytes_[2048], *bytes = bytes_;
    size_t len_, *len = &len_, capacity = sizeof bytes_;
    OUTPUT(len_);
#define CALL gmm_mixture_to_bytes(mixture, bytes, capacity, len)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_INPUT(len, CALL);
    WITH(capacity, 100, CALL, GMM_INVALID_SHAPE);
    WITH(bytes, NULL, CALL, GMM_OK);
    EXPECT(CALL, GMM_OK);
#undef CALL
    size_t n = len_;
#define CALL FREED(gmm_mixture_from_bytes(bytes, n, out), slot, gmm_mixture_free)
    WITH(bytes, NULL, CALL, GMM_NULL_POINTER);
    WITH(n, 0, CALL, GMM_INVALID_SHAPE);
    WITH(n, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(n, n - 1, CALL, GMM_BAD_FILE);
    BAD_INPUT(out, CALL);
    EXPECT(CALL, GMM_OK);
#undef CALL
    gmm_mixture_free(mixture);
    unwatch();
    metadata(folder);
}

static void threads_and_tokens(void)
{
    gmm_threads *slot, **out = &slot;
    gmm_cancel *token, **token_out = &token;
    OUTPUT(slot), OUTPUT(token);
    BAD_INPUT(out, gmm_threads_create(1, out));
    EXPECT(gmm_threads_create(SIZE_MAX, out), GMM_INVALID_ARGUMENT);
    EXPECT(gmm_threads_create(4097, out), GMM_INVALID_ARGUMENT);
    BAD_INPUT(token_out, gmm_cancel_create(token_out));

    EXPECT(gmm_threads_create(4096, out), GMM_OK);
    gmm_threads_free(slot);
    EXPECT(gmm_cancel_create(token_out), GMM_OK);
    gmm_cancel_request(token), gmm_cancel_request(token);
    gmm_cancel_reset(token), gmm_cancel_reset(token);
    gmm_cancel_free(token);
    unwatch();
}

/* Defaults of a struct with this size, which is smaller or larger than the library's. */
#define BAD_INIT(type, init)                                                               \
    do {                                                                                   \
        union {                                                                            \
            type known;                                                                    \
            unsigned char bytes[sizeof(type) + 16];                                        \
        } filled;                                                                          \
        size_t size = sizeof filled;                                                       \
        OUTPUT(filled);                                                                    \
        type *known = &filled.known;                                                       \
        WITH(known, NULL, (init)(known, size), GMM_NULL_POINTER);                          \
        WITH(known, ASKEW(known), (init)(known, size), GMM_INVALID_ARGUMENT);              \
        static const size_t sizes[] = {0, sizeof(size_t) - 1, sizeof(size_t) + 1, 65537, SIZE_MAX}; \
        for (int i = 0; i < 5; i++) {                                                      \
            WITH(size, sizes[i], (init)(known, size), GMM_INVALID_ARGUMENT);               \
        }                                                                                  \
        /* Only the given size is written, and unknown fields are zero. */                 \
        WITH(size, sizeof(size_t), (init)(known, size), GMM_OK);                           \
        HOLDS(filled.known.size == sizeof(size_t) && filled.bytes[sizeof(size_t)] == 0xa5); \
        EXPECT((init)(known, size), GMM_OK);                                               \
        HOLDS(filled.known.size == sizeof filled && filled.bytes[sizeof filled - 1] == 0); \
        unwatch();                                                                         \
    } while (0)

static void defaults(void)
{
    BAD_INIT(gmm_fit_options, gmm_fit_options_init);
    BAD_INIT(gmm_prior, gmm_prior_init);
    BAD_INIT(gmm_stepwise_options, gmm_stepwise_options_init);
    BAD_INIT(gmm_sweep_options, gmm_sweep_options_init);
    BAD_INIT(gmm_training_options, gmm_training_options_init);
    BAD_INIT(gmm_detector_options, gmm_detector_options_init);
}

/* Functions without a status: getters return 0 or NaN for NULL, and NULL can be freed. */
static void without_a_status(void)
{
    char text[2] = {'x', 'y'};
    HOLDS(gmm_last_error_copy(NULL, 0) == 0 && gmm_last_error_copy(NULL, 9) == 0);
    HOLDS(gmm_last_error_copy(text, 0) == 0 && text[0] == 'x');
    HOLDS(gmm_last_error_copy(text, 1) == 0 && text[0] == 0 && text[1] == 'y');
    HOLDS(gmm_detector_stop(NULL) == -1);
    HOLDS(gmm_mixture_n_components(NULL) == 0 && gmm_mixture_n_features(NULL) == 0);
    HOLDS(gmm_mixture_covariance_type(NULL) == -1 && gmm_mixture_n_parameters(NULL) == 0);
    HOLDS(gmm_mixture_len(NULL, GMM_PARAMETER_MEANS) == 0);
    HOLDS(gmm_moments_len(NULL) == 0 && gmm_stepwise_n_updates(NULL) == 0);
    HOLDS(gmm_sweep_n_candidates(NULL) == 0 && gmm_sweep_best(NULL) == 0);
    HOLDS(gmm_detector_n_mixtures(NULL) == 0 && isnan(gmm_detector_threshold(NULL)));
    HOLDS(gmm_last_error_message()[0] == '\0' && strchr(gmm_version(), '.') != NULL);
    gmm_cancel_request(NULL), gmm_cancel_reset(NULL);
    for (int twice = 0; twice < 2; twice++) {
        gmm_mixture_free(NULL), gmm_threads_free(NULL), gmm_cancel_free(NULL), gmm_stepwise_free(NULL);
        gmm_sweep_free(NULL), gmm_detector_free(NULL), gmm_scorer_free_f64(NULL), gmm_scorer_free_f32(NULL);
    }
    HOLDS(gmm_last_error_message()[0] == '\0');
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    without_a_status();
    created();
    created_with_a_type();
    readers();
    files(argv[1]);
    threads_and_tokens();
    defaults();
    return ended();
}
