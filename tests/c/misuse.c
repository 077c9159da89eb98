/* Every function, misused in every way that has an answer: a status each time, and no output touched.
 *
 * usage: misuse FOLDER (in which nothing may appear)
 */
#include <gmm.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int failures;
static int calls;

static void expect(gmm_status got, gmm_status wanted, const char *what, int line)
{
    calls++;
    if (got != wanted || (wanted != GMM_OK && gmm_last_error_message()[0] == '\0')) {
        fprintf(stderr, "line %d: %s: status %d, wanted %d (%s)\n", line, what, (int)got, (int)wanted,
                gmm_last_error_message());
        failures++;
    }
}

#define EXPECT(call, status) expect(call, status, #call, __LINE__)

enum { N = 4, D = 2, K = 2 };

/* Outputs start as this and must stay so. */
#define MARK 12345

static int touched(const void *begin, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        double value = size == sizeof(double) ? ((const double *)begin)[i] : ((const float *)begin)[i];
        if (value != MARK) {
            return 1;
        }
    }
    return 0;
}

#define MISUSE_FOR(T, F, REAL_EPS)                                                                    \
    static void misuse_##F(void)                                                                       \
    {                                                                                                  \
        T z_[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, g_[N * K] = {1, 0, 0.5f, 0.5f, 0, 1, 0.25f, 0.75f};     \
        T out[K + K * D + K * D * D + K * D * D + K + N + 2];                                           \
        size_t len = sizeof out / sizeof out[0];                                                       \
        for (size_t i = 0; i < len; i++) out[i] = MARK;                                                \
        T *phi = out, *mu = phi + K, *cov = mu + K * D, *chol = cov + K * D * D;                        \
        T *log_det = chol + K * D * D, *energy = log_det + K, *mean = energy + N, *diag = mean + 1;     \
        const gmm_matrix_##F z = {z_, N, D, D, 1}, gamma = {g_, N, K, K, 1};                           \
        const T eps = REAL_EPS;                                                                        \
        /* NULL, one argument at a time. */                                                            \
        EXPECT(gmm_params_##F(NULL, &gamma, eps, phi, mu, cov, chol, log_det), GMM_NULL_POINTER);       \
        EXPECT(gmm_params_##F(&z, NULL, eps, phi, mu, cov, chol, log_det), GMM_NULL_POINTER);           \
        EXPECT(gmm_params_##F(&z, &gamma, eps, NULL, mu, cov, chol, log_det), GMM_NULL_POINTER);        \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, NULL, cov, chol, log_det), GMM_NULL_POINTER);       \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, NULL, chol, log_det), GMM_NULL_POINTER);        \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, NULL, log_det), GMM_NULL_POINTER);         \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, chol, NULL), GMM_NULL_POINTER);            \
        gmm_matrix_##F bad = z;                                                                        \
        bad.data = NULL;                                                                               \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_NULL_POINTER);       \
        /* Zero sizes, with and without data. */                                                       \
        bad = z, bad.rows = 0;                                                                         \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_INVALID_SHAPE);      \
        bad.data = NULL;                                                                               \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_INVALID_SHAPE);      \
        bad = z, bad.cols = 0;                                                                         \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_INVALID_SHAPE);      \
        bad = gamma, bad.cols = 0;                                                                     \
        EXPECT(gmm_params_##F(&z, &bad, eps, phi, mu, cov, chol, log_det), GMM_INVALID_SHAPE);          \
        bad = gamma, bad.rows = N - 1;                                                                 \
        EXPECT(gmm_params_##F(&z, &bad, eps, phi, mu, cov, chol, log_det), GMM_INVALID_SHAPE);          \
        /* Sizes and strides beyond any memory. */                                                     \
        bad = z, bad.rows = SIZE_MAX;                                                                  \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_SIZE_OVERFLOW);      \
        bad = z, bad.cols = SIZE_MAX / 2;                                                              \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_SIZE_OVERFLOW);      \
        bad = z, bad.row_stride = PTRDIFF_MAX;                                                         \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_SIZE_OVERFLOW);      \
        bad = z, bad.row_stride = PTRDIFF_MIN;                                                         \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_SIZE_OVERFLOW);      \
        bad = z, bad.row_stride = -(PTRDIFF_MAX / 64);                                                 \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_SIZE_OVERFLOW);      \
        /* Not aligned; overlapping an input or another output. */                                     \
        bad = z, bad.data = (const T *)(const void *)((const char *)z_ + 1);                            \
        EXPECT(gmm_params_##F(&bad, &gamma, eps, phi, mu, cov, chol, log_det), GMM_INVALID_ARGUMENT);   \
        EXPECT(gmm_params_##F(&z, &gamma, eps, z_, mu, cov, chol, log_det), GMM_INVALID_ARGUMENT);      \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, cov, log_det), GMM_INVALID_ARGUMENT);      \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, cov + 1, log_det), GMM_INVALID_ARGUMENT);  \
        /* Values. */                                                                                  \
        z_[5] = NAN;                                                                                   \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, chol, log_det), GMM_NOT_FINITE);           \
        z_[5] = -INFINITY;                                                                             \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, chol, log_det), GMM_NOT_FINITE);           \
        z_[5] = 1, g_[3] = NAN;                                                                        \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, chol, log_det), GMM_NOT_FINITE);           \
        g_[3] = -0.5f;                                                                                 \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, chol, log_det), GMM_NEGATIVE);             \
        g_[3] = 0.5f;                                                                                  \
        EXPECT(gmm_params_##F(&z, &gamma, NAN, phi, mu, cov, chol, log_det), GMM_INVALID_ARGUMENT);     \
        EXPECT(gmm_params_##F(&z, &gamma, -1, phi, mu, cov, chol, log_det), GMM_INVALID_ARGUMENT);      \
        g_[0] = g_[2] = g_[4] = g_[6] = 0;                                                             \
        EXPECT(gmm_params_##F(&z, &gamma, eps, phi, mu, cov, chol, log_det), GMM_EMPTY_COMPONENT);      \
        g_[0] = 1;                                                                                     \
        EXPECT(gmm_params_##F(&z, &gamma, 0, phi, mu, cov, chol, log_det), GMM_NOT_POSITIVE_DEFINITE);  \
        g_[2] = 0.5f, g_[6] = 0.25f;                                                                   \
        if (touched(out, len, sizeof(T))) failures++, fprintf(stderr, "params_" #F " wrote\n");        \
                                                                                                       \
        /* Parameters to score with, then the same for energy. */                                      \
        T p[K] = {0.5f, 0.5f}, m[K * D] = {0, 0, 1, 1}, c[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1};         \
        T l[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1}, ld[K] = {0, 0};                                      \
        EXPECT(gmm_energy_##F(NULL, K, p, m, c, l, ld, energy, mean, diag), GMM_NULL_POINTER);          \
        EXPECT(gmm_energy_##F(&z, K, NULL, m, c, l, ld, energy, mean, diag), GMM_NULL_POINTER);         \
        EXPECT(gmm_energy_##F(&z, K, p, NULL, c, l, ld, energy, mean, diag), GMM_NULL_POINTER);         \
        EXPECT(gmm_energy_##F(&z, K, p, m, NULL, l, ld, energy, mean, diag), GMM_NULL_POINTER);         \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, NULL, ld, energy, mean, diag), GMM_NULL_POINTER);         \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, NULL, energy, mean, diag), GMM_NULL_POINTER);          \
        EXPECT(gmm_energy_##F(&z, 0, p, m, c, l, ld, energy, mean, diag), GMM_INVALID_SHAPE);           \
        bad = z, bad.rows = 0;                                                                         \
        EXPECT(gmm_energy_##F(&bad, K, p, m, c, l, ld, energy, mean, diag), GMM_INVALID_SHAPE);         \
        bad = z, bad.cols = 0;                                                                         \
        EXPECT(gmm_energy_##F(&bad, K, p, m, c, l, ld, energy, mean, diag), GMM_INVALID_SHAPE);         \
        EXPECT(gmm_energy_##F(&z, SIZE_MAX, p, m, c, l, ld, energy, mean, diag), GMM_SIZE_OVERFLOW);    \
        EXPECT(gmm_energy_##F(&z, SIZE_MAX / 8, p, m, c, l, ld, energy, mean, diag), GMM_SIZE_OVERFLOW); \
        bad = z, bad.rows = SIZE_MAX;                                                                  \
        EXPECT(gmm_energy_##F(&bad, K, p, m, c, l, ld, energy, mean, diag), GMM_SIZE_OVERFLOW);         \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, z_, mean, diag), GMM_INVALID_ARGUMENT);            \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, energy, diag), GMM_INVALID_ARGUMENT);      \
        z_[1] = NAN;                                                                                   \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_FINITE);              \
        z_[1] = 2, p[0] = NAN;                                                                         \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_FINITE);              \
        p[0] = -0.5f;                                                                                  \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NEGATIVE);                \
        p[0] = 0.5f, m[3] = INFINITY;                                                                  \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_FINITE);              \
        m[3] = 1, c[4] = NAN;                                                                          \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_FINITE);              \
        c[4] = 1, l[6] = NAN;                                                                          \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_FINITE);              \
        l[6] = 0, l[3] = 0;                                                                            \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_POSITIVE_DEFINITE);   \
        l[3] = 1, ld[1] = NAN;                                                                         \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_NOT_FINITE);              \
        ld[1] = 0, p[0] = p[1] = 0;                                                                    \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, mean, diag), GMM_INVALID_ARGUMENT);        \
        p[0] = p[1] = 0.5f;                                                                            \
        if (touched(out, len, sizeof(T))) failures++, fprintf(stderr, "energy_" #F " wrote\n");        \
        /* Nothing wanted is nothing wrong; what stands above the diagonal of a factor is not read. */ \
        l[1] = NAN;                                                                                    \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, NULL, NULL, NULL), GMM_OK);                        \
        EXPECT(gmm_energy_##F(&z, K, p, m, c, l, ld, energy, NULL, NULL), GMM_OK);                      \
                                                                                                       \
        /* The same through a handle. */                                                               \
        const double w[1] = {1}, mean1[D] = {0, 0}, unit[D * D] = {1, 0, 0, 1};                         \
        gmm_mixture *mixture = NULL;                                                                   \
        EXPECT(gmm_mixture_create(1, D, w, mean1, unit, &mixture), GMM_OK);                             \
        for (size_t i = 0; i < len; i++) out[i] = MARK;                                                \
        gmm_scores_##F scores = {0};                                                                   \
        scores.size = sizeof scores, scores.energies = energy;                                         \
        EXPECT(gmm_mixture_score_##F(NULL, &z, NULL, &scores), GMM_NULL_POINTER);                       \
        EXPECT(gmm_mixture_score_##F(mixture, NULL, NULL, &scores), GMM_NULL_POINTER);                  \
        EXPECT(gmm_mixture_score_##F(mixture, &z, NULL, NULL), GMM_NULL_POINTER);                       \
        scores.size = 0;                                                                               \
        EXPECT(gmm_mixture_score_##F(mixture, &z, NULL, &scores), GMM_INVALID_ARGUMENT);                \
        scores.size = SIZE_MAX;                                                                        \
        EXPECT(gmm_mixture_score_##F(mixture, &z, NULL, &scores), GMM_INVALID_ARGUMENT);                \
        scores.size = sizeof scores, scores.log_densities = energy;                                    \
        EXPECT(gmm_mixture_score_##F(mixture, &z, NULL, &scores), GMM_INVALID_ARGUMENT);                \
        EXPECT(gmm_mixture_energies_##F(NULL, &z, NULL, energy), GMM_NULL_POINTER);                     \
        EXPECT(gmm_mixture_energies_##F(mixture, NULL, NULL, energy), GMM_NULL_POINTER);                \
        EXPECT(gmm_mixture_energies_##F(mixture, &z, NULL, NULL), GMM_NULL_POINTER);                    \
        EXPECT(gmm_mixture_energies_##F(mixture, &z, NULL, z_), GMM_INVALID_ARGUMENT);                  \
        bad = z, bad.cols = 1;                                                                         \
        EXPECT(gmm_mixture_energies_##F(mixture, &bad, NULL, energy), GMM_INVALID_SHAPE);               \
        bad = z, bad.rows = 0;                                                                         \
        EXPECT(gmm_mixture_energies_##F(mixture, &bad, NULL, energy), GMM_INVALID_SHAPE);               \
        bad = z, bad.rows = SIZE_MAX;                                                                  \
        EXPECT(gmm_mixture_energies_##F(mixture, &bad, NULL, energy), GMM_SIZE_OVERFLOW);               \
        z_[7] = NAN;                                                                                   \
        EXPECT(gmm_mixture_energies_##F(mixture, &z, NULL, energy), GMM_NOT_FINITE);                    \
        EXPECT(gmm_mixture_responsibilities_##F(mixture, &z, NULL, energy), GMM_NOT_FINITE);            \
        z_[7] = 4;                                                                                     \
        EXPECT(gmm_mixture_responsibilities_##F(NULL, &z, NULL, energy), GMM_NULL_POINTER);             \
        EXPECT(gmm_mixture_responsibilities_##F(mixture, NULL, NULL, energy), GMM_NULL_POINTER);        \
        EXPECT(gmm_mixture_responsibilities_##F(mixture, &z, NULL, NULL), GMM_NULL_POINTER);            \
        if (touched(out, len, sizeof(T))) failures++, fprintf(stderr, "mixture_" #F " wrote\n");       \
                                                                                                       \
        /* Fitting: samples, options, report, somewhere to put it. */                                  \
        gmm_fit_options options;                                                                       \
        EXPECT(gmm_fit_options_init(&options), GMM_OK);                                                 \
        gmm_fit_report report = {0};                                                                   \
        report.size = sizeof report;                                                                   \
        gmm_mixture *none = NULL;                                                                      \
        EXPECT(gmm_mixture_fit_##F(NULL, &options, NULL, &none, &report), GMM_NULL_POINTER);            \
        EXPECT(gmm_mixture_fit_##F(&z, NULL, NULL, &none, &report), GMM_NULL_POINTER);                  \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, NULL, &report), GMM_NULL_POINTER);               \
        report.size = 8;                                                                               \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        report.size = sizeof report, report.lower_bounds = &report.lower_bound;                        \
        report.lower_bounds_capacity = SIZE_MAX;                                                       \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_SIZE_OVERFLOW);             \
        report.lower_bounds = NULL, options.size = 0;                                                  \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.n_components = 0;                                      \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        options.n_components = N + 1;                                                                  \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        options.n_components = SIZE_MAX;                                                               \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.tol = NAN;                                             \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.reg_covar = -1;                                        \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.max_iter = 0;                                          \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.n_init = 0;                                            \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.start = mixture, options.n_components = 3;             \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_INVALID_ARGUMENT);          \
        gmm_fit_options_init(&options), options.reg_covar = 0;                                         \
        bad = z, bad.row_stride = 0; /* every row the first: no spread at all */                       \
        EXPECT(gmm_mixture_fit_##F(&bad, &options, NULL, &none, &report), GMM_NOT_POSITIVE_DEFINITE);   \
        z_[0] = NAN;                                                                                   \
        EXPECT(gmm_mixture_fit_##F(&z, &options, NULL, &none, &report), GMM_NOT_FINITE);                \
        if (none || report.n_iter) failures++, fprintf(stderr, "fit_" #F " wrote\n");                  \
        gmm_mixture_free(mixture);                                                                     \
    }

MISUSE_FOR(double, f64, 1e-6)
MISUSE_FOR(float, f32, 1e-6f)

static void misuse_handles(const char *folder)
{
    double w[] = {0.5, 0.5}, m[] = {0, 0, 1, 1}, c[] = {1, 0, 0, 1, 1, 0, 0, 1};
    gmm_mixture *made = NULL;
    for (int precisions = 0; precisions < 2; precisions++) {
        gmm_status (*create)(size_t, size_t, const double *, const double *, const double *, gmm_mixture **) =
            precisions ? gmm_mixture_create_from_precisions : gmm_mixture_create;
        EXPECT(create(0, 2, w, m, c, &made), GMM_INVALID_SHAPE);
        EXPECT(create(2, 0, w, m, c, &made), GMM_INVALID_SHAPE);
        EXPECT(create(SIZE_MAX, 2, w, m, c, &made), GMM_SIZE_OVERFLOW);
        EXPECT(create(2, SIZE_MAX / 4, w, m, c, &made), GMM_SIZE_OVERFLOW);
        EXPECT(create(2, (size_t)1 << 31, w, m, c, &made), GMM_SIZE_OVERFLOW);
        EXPECT(create(2, 2, NULL, m, c, &made), GMM_NULL_POINTER);
        EXPECT(create(2, 2, w, NULL, c, &made), GMM_NULL_POINTER);
        EXPECT(create(2, 2, w, m, NULL, &made), GMM_NULL_POINTER);
        EXPECT(create(2, 2, w, m, c, NULL), GMM_NULL_POINTER);
        w[0] = NAN;
        EXPECT(create(2, 2, w, m, c, &made), GMM_NOT_FINITE);
        w[0] = -0.5;
        EXPECT(create(2, 2, w, m, c, &made), GMM_NEGATIVE);
        w[0] = 0.6;
        EXPECT(create(2, 2, w, m, c, &made), GMM_INVALID_ARGUMENT);
        w[0] = 0.5, m[2] = INFINITY;
        EXPECT(create(2, 2, w, m, c, &made), GMM_NOT_FINITE);
        m[2] = 1, c[5] = NAN;
        EXPECT(create(2, 2, w, m, c, &made), GMM_NOT_FINITE);
        c[5] = 0.5;
        EXPECT(create(2, 2, w, m, c, &made), GMM_NOT_POSITIVE_DEFINITE); /* not symmetric */
        c[5] = c[6] = 2;
        EXPECT(create(2, 2, w, m, c, &made), GMM_NOT_POSITIVE_DEFINITE);
        c[5] = c[6] = 0;
    }
    if (made) {
        failures++, fprintf(stderr, "create wrote\n");
    }
    EXPECT(gmm_mixture_create(2, 2, w, m, c, &made), GMM_OK);

    double out[8];
    gmm_status (*read[])(const gmm_mixture *, double *, size_t) = {
        gmm_mixture_weights,  gmm_mixture_means,    gmm_mixture_covariances,
        gmm_mixture_cholesky, gmm_mixture_log_dets, gmm_mixture_precisions_cholesky,
    };
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++) {
        for (int j = 0; j < 8; j++) {
            out[j] = MARK;
        }
        EXPECT(read[i](NULL, out, 8), GMM_NULL_POINTER);
        EXPECT(read[i](made, NULL, 8), GMM_NULL_POINTER);
        EXPECT(read[i](made, out, 0), GMM_INVALID_SHAPE);
        EXPECT(read[i](made, out, 7), GMM_INVALID_SHAPE);
        EXPECT(read[i](made, out, SIZE_MAX), GMM_SIZE_OVERFLOW);
        if (touched(out, 8, sizeof(double))) {
            failures++, fprintf(stderr, "read %d wrote\n", (int)i);
        }
    }
    if (gmm_mixture_n_components(NULL) != 0 || gmm_mixture_n_features(NULL) != 0) {
        failures++;
    }

    char path[4096];
    gmm_mixture *none = NULL;
    snprintf(path, sizeof path, "%s/no/such/folder/model", folder);
    EXPECT(gmm_mixture_save(NULL, path), GMM_NULL_POINTER);
    EXPECT(gmm_mixture_save(made, NULL), GMM_NULL_POINTER);
    EXPECT(gmm_mixture_save(made, ""), GMM_INVALID_ARGUMENT);
    EXPECT(gmm_mixture_save(made, path), GMM_IO);
    EXPECT(gmm_mixture_save(made, folder), GMM_IO);
    EXPECT(gmm_mixture_load(NULL, &none), GMM_NULL_POINTER);
    EXPECT(gmm_mixture_load(path, NULL), GMM_NULL_POINTER);
    EXPECT(gmm_mixture_load("", &none), GMM_INVALID_ARGUMENT);
    EXPECT(gmm_mixture_load(path, &none), GMM_IO);
    EXPECT(gmm_mixture_load(folder, &none), GMM_IO);
    EXPECT(gmm_mixture_load(__FILE__, &none), GMM_BAD_FILE);
    if (none) {
        failures++, fprintf(stderr, "load wrote\n");
    }

    gmm_threads *threads = NULL;
    EXPECT(gmm_threads_create(1, NULL), GMM_NULL_POINTER);
    EXPECT(gmm_threads_create(SIZE_MAX, &threads), GMM_INVALID_ARGUMENT);
    EXPECT((gmm_fit_options_init)(NULL), GMM_NULL_POINTER);
    EXPECT(gmm_fit_options_init_sized(NULL, sizeof(gmm_fit_options)), GMM_NULL_POINTER);
    EXPECT(gmm_prior_init_sized(NULL, sizeof(gmm_prior)), GMM_NULL_POINTER);
    EXPECT(gmm_stepwise_options_init_sized(NULL, sizeof(gmm_stepwise_options)), GMM_NULL_POINTER);
    EXPECT(gmm_sweep_options_init_sized(NULL, sizeof(gmm_sweep_options)), GMM_NULL_POINTER);
    EXPECT(gmm_cancel_create(NULL), GMM_NULL_POINTER);
    gmm_threads_free(NULL);
    gmm_mixture_free(NULL);
    gmm_mixture_free(made);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    misuse_f64();
    misuse_f32();
    misuse_handles(argv[1]);
    printf("%d calls, %d failures\n", calls, failures);
    return failures != 0;
}
