/* Sixty-four threads at once: one mixture for all, a fit for each, messages that stay with their thread.
 *
 * usage: many ROUNDS
 */
#include "host.h"

#include <pthread.h>

enum { THREADS = 64, ROWS = 4000 };

static const gmm_matrix_f64 z = {samples, ROWS, D, D, 1};
static int rounds;
static gmm_mixture *shared;
static gmm_threads *pool;
static double wanted[ROWS], wanted_shares[ROWS * K], wanted_means[K * D], wanted_draws[100 * D];
static pthread_barrier_t start;

static gmm_mixture *fit(const gmm_threads *threads, const gmm_cancel *cancel)
{
    gmm_fit_options options;
    gmm_mixture *fitted = NULL;
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    options.n_components = K;
    options.max_iter = 2;
    options.cancel = cancel;
    CHECK(gmm_mixture_fit_f64(&z, &options, threads, &fitted, NULL) == GMM_OK);
    return fitted;
}

static void *work(void *argument)
{
    const size_t me = *(const size_t *)argument;
    const gmm_threads *threads = me % 2 ? pool : NULL;
    double *energies = malloc(sizeof wanted), *shares = malloc(sizeof wanted_shares);
    double means[K * D], draws[100 * D];
    char message[64];
    CHECK(energies && shares && strcmp(gmm_last_error_message(), "") == 0);
    pthread_barrier_wait(&start);
    for (int round = 0; round < rounds; round++) {
        /* The thread's own failure, whose message must survive failures of others. */
        gmm_threads *none = NULL;
        CHECK(gmm_threads_create(5000 + me, &none) == GMM_INVALID_ARGUMENT && none == NULL);
        const char *said = gmm_last_error_message();

        const gmm_scores_f64 scores = {.size = sizeof scores, .energies = energies, .responsibilities = shares};
        CHECK(gmm_mixture_score_f64(shared, &z, threads, &scores) == GMM_OK);
        CHECK(memcmp(energies, wanted, sizeof wanted) == 0);
        CHECK(memcmp(shares, wanted_shares, sizeof wanted_shares) == 0);
        CHECK(gmm_mixture_sample_f64(shared, 7, 0, 100, draws, NULL) == GMM_OK);
        CHECK(memcmp(draws, wanted_draws, sizeof draws) == 0);
        gmm_mixture *own = fit(threads, NULL);
        CHECK(gmm_mixture_means(own, means, K * D) == GMM_OK);
        CHECK(memcmp(means, wanted_means, sizeof means) == 0);
        gmm_mixture_free(own);

        snprintf(message, sizeof message, "count is %zu; it must be at most 4096", 5000 + me);
        CHECK(gmm_last_error_message() == said && strcmp(said, message) == 0);
    }
    free(energies);
    free(shares);
    /* The message is still set here: the end of the thread frees it. */
    return NULL;
}

static void *asks_for_the_end(void *token)
{
    gmm_cancel_request(token);
    return NULL;
}

static void ends_from_another_thread(void)
{
    gmm_cancel *token = NULL;
    pthread_t other;
    CHECK(gmm_cancel_create(&token) == GMM_OK);
    CHECK(pthread_create(&other, NULL, asks_for_the_end, token) == 0);
    gmm_mixture_free(fit(pool, token));
    CHECK(pthread_join(other, NULL) == 0);
    gmm_cancel_free(token);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    rounds = atoi(argv[1]);
    draw();
    gmm_threads *one = NULL;
    CHECK(gmm_threads_create(1, &one) == GMM_OK && gmm_threads_create(pool_of(3), &pool) == GMM_OK);
    /* The expected results are those of one thread, with a mixture that no other thread uses. */
    gmm_mixture *alone = fit(one, NULL);
    const gmm_scores_f64 scores = {.size = sizeof scores, .energies = wanted, .responsibilities = wanted_shares};
    CHECK(gmm_mixture_score_f64(alone, &z, one, &scores) == GMM_OK);
    CHECK(gmm_mixture_sample_f64(alone, 7, 0, 100, wanted_draws, NULL) == GMM_OK);
    CHECK(gmm_mixture_means(alone, wanted_means, K * D) == GMM_OK);
    gmm_mixture_free(alone);

    shared = fit(one, NULL);
    pthread_t threads[THREADS];
    static size_t numbers[THREADS];
    CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
    for (size_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(strcmp(gmm_last_error_message(), "") == 0);
    for (int i = 0; i < 8; i++) {
        ends_from_another_thread();
    }
    pthread_barrier_destroy(&start);
    gmm_mixture_free(shared);
    /* A leak checker sees a thread that ends with the process only by a pointer into its handle, so this waits for
     * it. */
    const int left = n_threads() - (pool_of(3) == 3 ? 3 : 0);
    gmm_threads_free(pool);
    wait_for_threads(left);
    gmm_threads_free(one);
    return 0;
}
