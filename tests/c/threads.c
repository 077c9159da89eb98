/* The number of threads changes no bit of any result, and several callers may share one budget of threads. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

/* Large enough that several threads are used. */
enum { N = 20000, D = 8, K = 3, LEN = 2 + K * (1 + D + D * (D + 1) / 2) };

static double samples[N * D];
static float floats[N * D];
static const gmm_matrix_f64 z = {samples, N, D, D, 1};
static const gmm_matrix_f32 f = {floats, N, D, D, 1};

/* All results that are computed by threads, compared as bytes. */
struct answers {
    double energies[N], responsibilities[N * K], shares[N * D], moments[LEN], means[K * D], outlying[N];
    double mean_log_likelihood, bound, bic, best_bic, threshold;
    float float_energies[N];
};

static void draw(void)
{
    const double weights[K] = {0.5, 0.25, 0.25};
    double means[K * D], covariances[K * D * D] = {0};
    for (int k = 0; k < K; k++) {
        for (int i = 0; i < D; i++) {
            means[k * D + i] = 3 * k + 0.1 * i;
            covariances[(k * D + i) * D + i] = 1 + k;
        }
    }
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(K, D, weights, means, covariances, &mixture) == GMM_OK);
    CHECK(gmm_mixture_sample_f64(mixture, 5, 0, N, samples, NULL) == GMM_OK);
    gmm_mixture_free(mixture);
    for (int i = 0; i < N * D; i++) {
        floats[i] = (float)samples[i];
    }
}

static void answer(const gmm_threads *threads, struct answers *to)
{
    gmm_fit_options options = defaults(K);
    gmm_fit_report report = {.size = sizeof report};
    gmm_mixture *mixture = NULL;
    options.max_iter = 5;
    CHECK(gmm_mixture_fit_f64(&z, &options, threads, &mixture, &report) == GMM_OK);
    CHECK(gmm_mixture_means(mixture, to->means, K * D) == GMM_OK);
    to->bound = report.lower_bound;

    CHECK(gmm_mixture_energies_f64(mixture, &z, threads, to->energies) == GMM_OK);
    CHECK(gmm_mixture_energies_f32(mixture, &f, threads, to->float_energies) == GMM_OK);
    CHECK(gmm_mixture_responsibilities_f64(mixture, &z, threads, to->responsibilities) == GMM_OK);
    CHECK(gmm_mixture_attribution_f64(mixture, &z, threads, to->shares) == GMM_OK);
    CHECK(gmm_moments_of_f64(mixture, &z, NULL, threads, to->moments, LEN) == GMM_OK);
    gmm_criteria criteria = {.size = sizeof criteria};
    CHECK(gmm_mixture_criteria_f64(mixture, &z, NULL, threads, &criteria) == GMM_OK);
    to->bic = criteria.bic;

    gmm_stepwise_options steps;
    gmm_stepwise *learner = NULL;
    CHECK(gmm_stepwise_options_init(&steps) == GMM_OK);
    CHECK(gmm_stepwise_create(mixture, &steps, &learner) == GMM_OK);
    CHECK(gmm_stepwise_update_f64(learner, &z, NULL, threads, NULL) == GMM_OK);
    CHECK(gmm_stepwise_update_f32(learner, &f, NULL, threads, &to->mean_log_likelihood) == GMM_OK);
    gmm_stepwise_free(learner);
    gmm_mixture_free(mixture);

    const size_t ks[] = {1, 2};
    gmm_sweep_options tried;
    gmm_sweep *sweep = NULL;
    gmm_candidate best = {.size = sizeof best};
    CHECK(gmm_sweep_options_init(&tried) == GMM_OK);
    tried.n_components = ks, tried.n_components_len = 2, tried.fit = &options;
    CHECK(gmm_sweep_f64(&z, &tried, threads, &sweep) == GMM_OK);
    CHECK(gmm_sweep_candidate(sweep, gmm_sweep_best(sweep), &best) == GMM_OK);
    to->best_bic = best.bic;
    gmm_sweep_free(sweep);

    gmm_detector_options outliers;
    gmm_detector *detector = NULL;
    CHECK(gmm_detector_options_init(&outliers) == GMM_OK);
    outliers.n_components = ks, outliers.n_components_len = 2, outliers.max_iter = 3;
    CHECK(gmm_detector_fit_f64(&z, &outliers, threads, &detector) == GMM_OK);
    CHECK(gmm_detector_energies_f64(detector, &z, threads, to->outlying) == GMM_OK);
    to->threshold = gmm_detector_threshold(detector);
    gmm_detector_free(detector);
}

/* All are zero at first, so that padding between their fields is equal too. */
static struct answers one, other, at_once[4];

struct caller {
    const gmm_threads *threads;
    struct answers *to;
};

static void *answer_beside_others(void *caller)
{
    answer(((struct caller *)caller)->threads, ((struct caller *)caller)->to);
    return NULL;
}

int main(void)
{
    draw();
    gmm_threads *threads = NULL;
    CHECK(gmm_threads_create(1, &threads) == GMM_OK);
    answer(threads, &one);
    gmm_threads_free(threads);
    const size_t counts[] = {0, 2, 3, 7};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        CHECK(gmm_threads_create(counts[i], &threads) == GMM_OK);
        answer(threads, &other);
        CHECK(memcmp(&one, &other, sizeof one) == 0);
        gmm_threads_free(threads);
    }
    answer(NULL, &other);
    CHECK(memcmp(&one, &other, sizeof one) == 0);

    CHECK(gmm_threads_create(3, &threads) == GMM_OK);
    pthread_t callers[4];
    struct caller of[4];
    for (int i = 0; i < 4; i++) {
        of[i] = (struct caller){threads, &at_once[i]};
        CHECK(pthread_create(&callers[i], NULL, answer_beside_others, &of[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_join(callers[i], NULL) == 0 && memcmp(&one, &at_once[i], sizeof one) == 0);
    }
    gmm_threads_free(threads);
    return 0;
}
