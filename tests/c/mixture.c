/* The life of a mixture handle: made, fitted, read, used from several threads, saved, loaded, freed.
 *
 * usage: mixture FOLDER (to write a model file in)
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "pool.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 60000, D = 3, K = 2 };

static double samples[N * D];
static double before[N], after[N];

/* Two groups ten apart, drawn by a linear congruential generator. */
static void draw(void)
{
    unsigned long long state = 1;
    for (int i = 0; i < N * D; i++) {
        double sum = 0;
        for (int j = 0; j < 4; j++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            sum += (double)(state >> 11) / 9007199254740992.0;
        }
        samples[i] = sum + (i / D % 2 ? 10.0 : 0.0);
    }
}

static void known_parameters(void)
{
    const double weights[] = {0.25, 0.75};
    const double means[] = {0, 0, 4, -4};
    const double covariances[] = {2, 0, 0, 0.5, 1, 0.5, 0.5, 1};
    const double precisions[] = {0.5, 0, 0, 2, 4.0 / 3, -2.0 / 3, -2.0 / 3, 4.0 / 3};
    gmm_mixture *mixture = NULL, *other = NULL;
    CHECK(gmm_mixture_create(2, 2, weights, means, covariances, &mixture) == GMM_OK);
    CHECK(gmm_mixture_n_components(mixture) == 2 && gmm_mixture_n_features(mixture) == 2);
    double w[2], m[4], c[8], l[8], p[8], d[2];
    CHECK(gmm_mixture_weights(mixture, w, 2) == GMM_OK && memcmp(w, weights, sizeof w) == 0);
    CHECK(gmm_mixture_means(mixture, m, 4) == GMM_OK && memcmp(m, means, sizeof m) == 0);
    CHECK(gmm_mixture_dense_covariances(mixture, c, 8) == GMM_OK && memcmp(c, covariances, sizeof c) == 0);
    CHECK(gmm_mixture_cholesky(mixture, l, 8) == GMM_OK && l[5] == 0 && l[6] == 0.5);
    CHECK(gmm_mixture_precisions_cholesky(mixture, p, 8) == GMM_OK && p[2] == 0);
    CHECK(gmm_mixture_log_dets(mixture, d, 2) == GMM_OK && fabs(d[1] - log(0.75)) < 1e-15);

    /* -ln sum_k w_k N(0; m_k, S_k), by hand: the second component's distance is 32 / 0.5. */
    gmm_matrix_f64 origin = {means, 1, 2, 2, 1};
    double energy, first = 0.25 / (2 * acos(-1)), second = 0.75 / (2 * acos(-1) * sqrt(0.75)) * exp(-32);
    CHECK(gmm_mixture_energies_f64(mixture, &origin, NULL, &energy) == GMM_OK);
    CHECK(fabs(energy + log(first + second)) < 1e-14);

    CHECK(gmm_mixture_create_from_precisions(2, 2, weights, means, precisions, &other) == GMM_OK);
    CHECK(gmm_mixture_dense_covariances(other, c, 8) == GMM_OK);
    for (int i = 0; i < 8; i++) {
        CHECK(fabs(c[i] - covariances[i]) < 1e-14);
    }
    gmm_mixture_free(other);
    gmm_mixture_free(mixture);
}

/* Every type from covariances, precisions and factors; lengths; and through bytes. */
static void of_every_type(void)
{
    enum { MAX = 8 };
    static const size_t lens[] = {8, 4, 4, 2};
    static const double weights[] = {0.25, 0.75}, means[] = {0, 0, 4, -4};
    static const double matrices[] = {4, 0, 0, 4, 4, 0, 0, 4}, inverses[] = {0.25, 0, 0, 0.25, 0.25, 0, 0, 0.25};
    static const double roots[] = {2, 0, 0, 2, 2, 0, 0, 2};
    static const double fours[] = {4, 4, 4, 4}, quarters[] = {0.25, 0.25, 0.25, 0.25}, twos[] = {2, 2, 2, 2};
    for (gmm_covariance_type type = GMM_COVARIANCE_FULL; type <= GMM_COVARIANCE_SPHERICAL; type++) {
        const int dense = type <= GMM_COVARIANCE_TIED;
        const double *values = dense ? matrices : fours, *precisions = dense ? inverses : quarters;
        const double *factors = dense ? roots : twos, ridges[] = {0, 0};
        gmm_mixture *of[5] = {NULL};
        CHECK(gmm_mixture_create_with_type(type, 2, 2, weights, means, values, &of[0]) == GMM_OK);
        CHECK(gmm_mixture_create_from_precisions_with_type(type, 2, 2, weights, means, precisions, &of[1]) == GMM_OK);
        CHECK(gmm_mixture_create_from_factors(type, 2, 2, weights, means, values, NULL, factors, &of[2]) == GMM_OK);
        CHECK(gmm_mixture_create_from_factors(type, 2, 2, weights, means, values, ridges, factors, &of[3]) == GMM_OK);
        unsigned char bytes[4096];
        size_t len = 0, again = 0;
        CHECK(gmm_mixture_to_bytes(of[0], NULL, 0, &len) == GMM_OK && len > 100 && len < sizeof bytes);
        memset(bytes, 7, sizeof bytes);
        CHECK(gmm_mixture_to_bytes(of[0], bytes, len - 1, &again) == GMM_INVALID_SHAPE && again == 0 && bytes[0] == 7);
        CHECK(gmm_mixture_to_bytes(of[0], bytes, sizeof bytes, &again) == GMM_OK && again == len && bytes[len] == 7);
        CHECK(gmm_mixture_from_bytes(bytes, len, &of[4]) == GMM_OK);
        gmm_mixture *none = NULL;
        CHECK(gmm_mixture_from_bytes(bytes, len - 1, &none) == GMM_BAD_FILE && none == NULL);
        const size_t want[] = {2, 4, lens[type], 8, 8, 8, 2};
        for (int i = 0; i < 5; i++) {
            double c[MAX], l[MAX];
            CHECK(gmm_mixture_covariance_type(of[i]) == type);
            CHECK(gmm_mixture_covariances(of[i], c, lens[type]) == GMM_OK);
            CHECK(gmm_mixture_cholesky(of[i], l, MAX) == GMM_OK);
            for (size_t j = 0; j < MAX; j++) {
                CHECK(fabs(l[j] - roots[j]) < 1e-15 && (j >= lens[type] || fabs(c[j] - values[j]) < 1e-15));
                CHECK(i == 1 || (l[j] == roots[j] && (j >= lens[type] || c[j] == values[j])));
            }
            for (gmm_parameter what = GMM_PARAMETER_WEIGHTS; what <= GMM_PARAMETER_LOG_DETS; what++) {
                CHECK(gmm_mixture_len(of[i], what) == want[what]);
            }
            CHECK(gmm_mixture_len(of[i], -1) == 0 && gmm_mixture_len(of[i], 7) == 0);
            gmm_mixture_free(of[i]);
        }
    }
}

/* A factor with 2^-23 on its diagonal beside ones, exactly: each feature makes its inverse eight million times
 * larger. */
static void precisions_beyond_a_double(void)
{
    enum { WIDE = 48 };
    static double covariance[WIDE * WIDE], means[WIDE], out[WIDE * WIDE];
    const double weight = 1;
    for (int j = 0; j < WIDE; j++) {
        covariance[j * WIDE + j] = (j > 0) + ldexp(1, -46);
        if (j > 0) {
            covariance[j * WIDE + j - 1] = covariance[(j - 1) * WIDE + j] = ldexp(1, -23);
        }
        out[j] = 7;
    }
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(1, WIDE, &weight, means, covariance, &mixture) == GMM_OK);
    CHECK(gmm_mixture_precisions_cholesky(mixture, out, WIDE * WIDE) == GMM_OUT_OF_RANGE);
    CHECK(strstr(gmm_last_error_message(), "precisions_cholesky leaves the range of f64") != NULL);
    for (int j = 0; j < WIDE; j++) {
        CHECK(out[j] == 7);
    }
    gmm_mixture_free(mixture);
}

static void *score(void *mixture)
{
    gmm_matrix_f64 z = {samples, N, D, D, 1};
    double *energies = malloc(N * sizeof *energies);
    gmm_status status = gmm_mixture_energies_f64(mixture, &z, NULL, energies);
    int same = status == GMM_OK && memcmp(energies, before, sizeof before) == 0;
    free(energies);
    return same ? mixture : NULL;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    CHECK(strcmp(gmm_version(), "0.1.0") == 0);
    CHECK(strcmp(gmm_last_error_message(), "") == 0);
    known_parameters();
    of_every_type();
    precisions_beyond_a_double();
    draw();

    gmm_matrix_f64 z = {samples, N, D, D, 1};
    gmm_fit_options options;
    CHECK(gmm_fit_options_init(&options) == GMM_OK && options.size == sizeof options);
    options.n_components = K;
    double bounds[100];
    gmm_fit_report report = {.size = sizeof report, .lower_bounds = bounds, .lower_bounds_capacity = 100};
    gmm_threads *threads = NULL;
    gmm_mixture *mixture = NULL;
    CHECK(gmm_threads_create(pool_of(2), &threads) == GMM_OK);
    CHECK(gmm_mixture_fit_f64(&z, &options, threads, &mixture, &report) == GMM_OK);
    CHECK(report.converged == 1 && report.n_iter >= 2 && bounds[report.n_iter - 1] == report.lower_bound);
    double weights[K];
    CHECK(gmm_mixture_weights(mixture, weights, K) == GMM_OK && fabs(weights[0] - 0.5) < 1e-6);

    /* One pass writes all outputs, and the short functions give the same values. */
    static double r[N * K], log_r[N * K], squares[N * K], log_densities[N], short_r[N * K];
    static uint32_t labels[N];
    double mean_energy, sum = 0;
    gmm_scores_f64 scores = {sizeof scores, before, log_densities, r, log_r, squares, labels, &mean_energy, NULL};
    CHECK(gmm_mixture_score_f64(mixture, &z, threads, &scores) == GMM_OK);
    for (int n = 0; n < N; n++) {
        CHECK(log_densities[n] == -before[n]);
        CHECK(r[n * K + labels[n]] > 0.5 && fabs(r[n * K] + r[n * K + 1] - 1) < 1e-14);
        CHECK(labels[n] == labels[n % 2]);
        sum += before[n];
    }
    CHECK(fabs(sum / N - mean_energy) < 1e-12);
    CHECK(gmm_mixture_responsibilities_f64(mixture, &z, NULL, short_r) == GMM_OK);
    CHECK(memcmp(r, short_r, sizeof r) == 0);

    /* A fit that starts from the result changes nothing. */
    gmm_mixture *again = NULL;
    options.start = mixture;
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &again, &report) == GMM_OK && report.n_iter == 2);
    gmm_mixture_free(again);

    /* A caller that was compiled before `start` was added. */
    options.size = offsetof(gmm_fit_options, start);
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &again, NULL) == GMM_OK);
    gmm_mixture_free(again);
    options.size = sizeof options, options.start = NULL;

    /* A caller compiled with later fields: they must be zero. */
    struct {
        gmm_fit_options known;
        double added;
    } newer;
    gmm_fit_options_init(&newer.known);
    newer.known.n_components = K;
    newer.known.size = sizeof newer, newer.added = 0;
    CHECK(gmm_mixture_fit_f64(&z, &newer.known, NULL, &again, NULL) == GMM_OK);
    gmm_mixture_free(again);
    newer.added = 1;
    CHECK(gmm_mixture_fit_f64(&z, &newer.known, NULL, &again, NULL) == GMM_INVALID_ARGUMENT);

    /* Threads may share a mixture, and a forked child starts threads of its own. */
    pthread_t workers[8];
    for (int i = 0; i < 8; i++) {
        CHECK(pthread_create(&workers[i], NULL, score, mixture) == 0);
    }
    for (int i = 0; i < 8; i++) {
        void *same;
        CHECK(pthread_join(workers[i], &same) == 0 && same != NULL);
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(score(mixture) ? 0 : 1);
    }
    int ended;
    CHECK(waitpid(child, &ended, 0) == child && WIFEXITED(ended) && WEXITSTATUS(ended) == 0);

    /* A saved and loaded mixture gives the same bits. */
    char path[4096];
    gmm_mixture *loaded = NULL;
    snprintf(path, sizeof path, "%s/model.safetensors", argv[1]);
    CHECK(gmm_mixture_save(mixture, path) == GMM_OK);
    CHECK(gmm_mixture_load(path, &loaded) == GMM_OK);
    CHECK(gmm_mixture_energies_f64(loaded, &z, NULL, after) == GMM_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);
    gmm_mixture_free(loaded);

    /* Samples stored by columns, and from the last row to the first: the same energies. */
    static double columns[N * D];
    for (int n = 0; n < N; n++) {
        for (int d = 0; d < D; d++) {
            columns[d * N + n] = samples[n * D + d];
        }
    }
    gmm_matrix_f64 transposed = {columns, N, D, 1, N};
    CHECK(gmm_mixture_energies_f64(mixture, &transposed, NULL, after) == GMM_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);
    gmm_matrix_f64 upside_down = {samples + (N - 1) * D, N, D, -D, 1};
    CHECK(gmm_mixture_energies_f64(mixture, &upside_down, NULL, after) == GMM_OK);
    for (int n = 0; n < N; n++) {
        CHECK(before[n] == after[N - 1 - n]);
    }

    /* Floats: other samples, the same mixture. */
    static float floats[N * D], energies[N];
    for (int i = 0; i < N * D; i++) {
        floats[i] = (float)samples[i];
    }
    gmm_matrix_f32 f = {floats, N, D, D, 1};
    CHECK(gmm_mixture_energies_f32(mixture, &f, NULL, energies) == GMM_OK);
    for (int n = 0; n < N; n++) {
        CHECK(fabs(energies[n] - before[n]) < 1e-4 * (1 + fabs(before[n])));
    }
    static float float_r[N * K], float_densities[N], float_short[N * K];
    static uint32_t float_labels[N];
    const gmm_scores_f32 float_scores = {.size = sizeof float_scores,
                                         .log_densities = float_densities,
                                         .responsibilities = float_r,
                                         .labels = float_labels,
                                         .mean_energy = &mean_energy};
    CHECK(gmm_mixture_score_f32(mixture, &f, NULL, &float_scores) == GMM_OK);
    CHECK(gmm_mixture_responsibilities_f32(mixture, &f, NULL, float_short) == GMM_OK);
    CHECK(memcmp(float_r, float_short, sizeof float_r) == 0 && memcmp(labels, float_labels, sizeof labels) == 0);
    CHECK(fabs(mean_energy - sum / N) < 1e-4 * sum / N);
    for (int n = 0; n < N; n++) {
        CHECK(float_densities[n] == -energies[n] && fabsf(float_r[n * K + labels[n]] - (float)r[n * K + labels[n]]) < 1e-5f);
    }

    gmm_mixture_free(mixture);
    gmm_threads_free(threads);
    gmm_mixture_free(NULL);
    gmm_threads_free(NULL);
    return 0;
}
