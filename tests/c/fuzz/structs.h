/* Structs with a size field, and handles for calls. */
#ifndef FUZZ_STRUCTS_H
#define FUZZ_STRUCTS_H

#include "memory.h"

/* A copy of a struct with the size of this program, of an older or a newer caller, or an invalid size. The bytes
 * that only a newer caller knows are zero, as they must be, or not. */
static inline void *sized(const char *name, enum role role, const void *from, size_t size)
{
    size_t told = size, held = size;
    if (once_in(8)) {
        told = 8 * (1 + below(size / 8 + 6));
        held = told > size ? told : size;
    } else if (once_in(60)) {
        static const size_t none[] = {0, 1, 7, 12, 1 << 17, SIZE_MAX, SIZE_MAX - 7};
        told = none[below(7)];
        held = size;
    }
    unsigned char *at = buffer(name, role, BYTES, 0, told < held && told >= 8 && told % 8 == 0 ? told : held);
    size_t room = memory.buffers[memory.n_buffers - 1].size;
    memcpy(at, from, room < size ? room : size);
    if (room > size) {
        memset(at + size, once_in(4), room - size);
    }
    memcpy(at, &told, sizeof told);
    return at;
}

/* A list of doubles that a call reads. */
static inline double *list(const char *name, size_t n, struct flavour flavour, int are_positive)
{
    double *values = input(name, n * sizeof *values);
    for (size_t i = 0; i < n; i++) {
        double value = value_of(flavour, 0);
        values[i] = are_positive && !once_in(200) ? fabs(value) : value;
    }
    return values;
}

/* Weights that sum to one, some of them zero; or arbitrary values. */
static inline double *weights(const char *name, size_t k)
{
    if (once_in(12)) {
        return list(name, k, any_flavour(0), 1);
    }
    double *values = input(name, k * sizeof *values), sum = 0.0;
    for (size_t i = 0; i < k; i++) {
        sum += values[i] = once_in(8) ? 0.0 : once_in(12) ? 1e-300 : uniform();
    }
    for (size_t i = 0; i < k; i++) {
        values[i] = sum > 0.0 ? values[i] / sum : 1.0 / (double)k;
    }
    return values;
}

/* A number of things: mostly few, sometimes more than a block, or none. */
static inline size_t some(size_t usual, size_t many)
{
    return once_in(100) ? 0 : once_in(25) ? 1 + below(many) : 1 + below(usual);
}

/* Above 8 and 16 features, other code factors and multiplies. */
enum { MOST_FEATURES = 20 };

/* L L^T of a random L, with a random unit for each feature; or an invalid covariance. */
static inline void covariance(double *out, size_t d)
{
    double factor[MOST_FEATURES][MOST_FEATURES] = {{0}}, units[MOST_FEATURES], unit = once_in(3) ? any_size(0) : 1.0;
    struct flavour junk = any_flavour(0);
    int is_junk = once_in(15), is_wild = once_in(6);
    for (size_t i = 0; i < d; i++) {
        units[i] = is_wild ? any_size(0) : unit;
        for (size_t j = 0; j <= i; j++) {
            factor[i][j] = i == j ? 0.1 + uniform() : once_in(2) ? 0.0 : normal();
        }
    }
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            double sum = 0.0;
            for (size_t m = 0; m < d; m++) {
                sum += factor[i][m] * factor[j][m];
            }
            /* Not the root of the product, which may overflow where the product of the roots does not. */
            sum *= i == j ? units[i] : sqrt(units[i]) * sqrt(units[j]);
            out[i * d + j] = is_junk ? value_of(junk, 0) : sum;
        }
    }
}

/* Checks the properties that every mixture must have. */
static inline void inspect(const gmm_mixture *mixture)
{
    size_t k = ASK(gmm_mixture_n_components(mixture)), d = ASK(gmm_mixture_n_features(mixture)), nk = k * d * d;
    if (k * d * d > 4096 || k == 0) {
        HOLDS(k > 0 && d > 0);
        return;
    }
    HOLDS(ASK(gmm_mixture_covariance_type(mixture)) >= GMM_COVARIANCE_FULL);
    HOLDS(ASK(gmm_mixture_n_parameters(mixture)) >= k + d - 1);
    begin_arguments();
    double *phi = output("weights", FINITE, k), *mu = output("means", FINITE, k * d);
    double *cov = output("covariances", FINITE, nk), *chol = output("cholesky", FINITE, nk);
    double *roots = output("precisions_cholesky", FINITE, nk), *log_dets = output("log_dets", FINITE, k);
    if (CALL(gmm_mixture_weights(mixture, phi, k)) == GMM_OK) {
        double sum = 0.0;
        for (size_t i = 0; i < k; i++) {
            HOLDS(phi[i] >= 0.0);
            sum += phi[i];
        }
        HOLDS(sum > 0.0);
    }
    CALL(gmm_mixture_means(mixture, mu, k * d));
    CALL(gmm_mixture_cholesky(mixture, chol, nk));
    CALL(gmm_mixture_precisions_cholesky(mixture, roots, nk));
    CALL(gmm_mixture_log_dets(mixture, log_dets, k));
    if (CALL(gmm_mixture_dense_covariances(mixture, cov, nk)) == GMM_OK) {
        for (size_t i = 0; i < nk; i += i / (d * d) == (i + d + 1) / (d * d) ? d + 1 : 1) {
            HOLDS(i % (d * d) % (d + 1) != 0 || cov[i] >= 0.0);
        }
    }
    size_t lens[] = {nk, d * d, k * d, k};
    size_t len = lens[(size_t)ASK(gmm_mixture_covariance_type(mixture)) % 4];
    double *values = output("covariance_values", FINITE, len);
    CALL(gmm_mixture_covariances(mixture, values, len));
}

static inline gmm_mixture *inspected(gmm_mixture *mixture)
{
    if (mixture != NULL && once_in(4)) {
        inspect(mixture);
    }
    return mixture;
}

/* A mixture of k components in d features, of any structure; NULL when its parameters are refused. */
static inline gmm_mixture *any_mixture(size_t k, size_t d)
{
    begin_arguments();
    double *phi = weights("weights", k), *mu = list("means", k * d, any_flavour(0), 0);
    double *cov = input("covariances", k * d * d * sizeof *cov);
    for (size_t i = 0; i < k; i++) {
        covariance(cov + i * d * d, d);
    }
    gmm_mixture **slot = SLOT(gmm_mixture), *mixture;
    if (once_in(8)) {
        return inspected(MAKE(slot, gmm_mixture_create_from_precisions(k, d, PASS(phi), PASS(mu), PASS(cov), PASS(slot))));
    }
    mixture = MAKE(slot, gmm_mixture_create(k, d, PASS(phi), PASS(mu), PASS(cov), PASS(slot)));
    if (mixture == NULL || once_in(2)) {
        return inspected(mixture);
    }
    /* The mixture in another structure: one M-step of samples with its moments. */
    begin_arguments();
    size_t n = 2 * k + 6;
    double *samples = output("samples", FINITE, n * d);
    uint32_t *labels = buffer("labels", OUTPUT, BYTES, 1, n * sizeof *labels);
    gmm_status drawn = CALL(gmm_mixture_sample_f64(mixture, bits(), 0, n, samples, labels));
    gmm_mixture_free(mixture);
    if (drawn != GMM_OK) {
        return NULL;
    }
    gmm_matrix_f64 rows = {samples, n, d, (ptrdiff_t)d, 1};
    gmm_fit_options options;
    gmm_fit_options_init(&options);
    options.n_components = k;
    options.covariance_type = (gmm_covariance_type)below(4);
    options.reg_covar = once_in(2) ? 0.0 : any_size(0);
    slot = SLOT(gmm_mixture);
    return inspected(MAKE(slot, gmm_mixture_from_labels_f64(&rows, labels, &options, NULL, slot)));
}

#endif
