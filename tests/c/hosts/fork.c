/* Processes that fork: a child starts its own threads and computes the same bits as its parent.
 *
 * usage: fork ROUNDS
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* Seconds after which a child counts as waiting for a thread that exists only in its parent. */
enum { LIMIT = 300 };

static const gmm_matrix_f64 z = {samples, N, D, D, 1};
static gmm_threads *one, *four;
static gmm_mixture *mixture;
static double wanted_energies[N], wanted_means[K * D];

static gmm_mixture *fit(const gmm_threads *threads)
{
    gmm_fit_options options;
    gmm_mixture *fitted = NULL;
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    options.n_components = K;
    options.max_iter = 3;
    CHECK(gmm_mixture_fit_f64(&z, &options, threads, &fitted, NULL) == GMM_OK);
    return fitted;
}

static void scores(const gmm_threads *threads)
{
    double *energies = malloc(sizeof wanted_energies);
    CHECK(energies && gmm_mixture_energies_f64(mixture, &z, threads, energies) == GMM_OK);
    CHECK(memcmp(energies, wanted_energies, sizeof wanted_energies) == 0);
    free(energies);
}

static void fits(const gmm_threads *threads)
{
    double means[K * D];
    gmm_mixture *fitted = fit(threads);
    CHECK(gmm_mixture_means(fitted, means, K * D) == GMM_OK);
    CHECK(memcmp(means, wanted_means, sizeof means) == 0);
    gmm_mixture_free(fitted);
}

static void everything(void)
{
    scores(four);
    scores(NULL);
    fits(four);
    fits(NULL);
}

/* Waits for a child, which exits with 0 if all its checks held. */
static void ends_well(pid_t child)
{
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "a child was ended by signal %d\n", WTERMSIG(status));
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static pid_t start(void (*work)(void))
{
    pid_t child = fork();
    if (child == 0) {
        alarm(LIMIT);
        work();
        _exit(0);
    }
    return child;
}

static void with_a_child_of_its_own(void)
{
    everything();
    CHECK(n_threads() > 1);
    ends_well(start(everything));
    everything();
}

/* A child may free the handles of its parent. */
static void frees_what_it_inherits(void)
{
    scores(four);
    gmm_threads_free(four);
    gmm_threads_free(one);
    gmm_mixture_free(mixture);
}

static void frees_a_pool_that_it_never_used(void)
{
    gmm_threads_free(four);
}

static atomic_int stop;

static void *keep_calling(void *threads)
{
    while (!atomic_load(&stop)) {
        scores(threads);
        /* Pools are created and freed too. */
        gmm_threads *own = NULL;
        CHECK(gmm_threads_create(2, &own) == GMM_OK);
        scores(own);
        gmm_threads_free(own);
    }
    return NULL;
}

static void *first_call(void *unused)
{
    (void)unused;
    gmm_mixture *fitted = fit(NULL);
    gmm_mixture_free(fitted);
    return NULL;
}

static void calls_first(void)
{
    first_call(NULL);
}

/* A thread makes the first call of this process while another forks. */
static void forks_during_the_first_call(void)
{
    static int round;
    pthread_t caller;
    CHECK(pthread_create(&caller, NULL, first_call, NULL) == 0);
    struct timespec delay = {0, round * 20000};
    nanosleep(&delay, NULL);
    ends_well(start(calls_first));
    CHECK(pthread_join(caller, NULL) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    const int rounds = atoi(argv[1]);
    draw();
    for (int i = 0; i < rounds; i++) {
        ends_well(start(forks_during_the_first_call));
    }

    CHECK(gmm_threads_create(1, &one) == GMM_OK && gmm_threads_create(4, &four) == GMM_OK);
    mixture = fit(one);
    CHECK(gmm_mixture_energies_f64(mixture, &z, one, wanted_energies) == GMM_OK);
    CHECK(gmm_mixture_means(mixture, wanted_means, K * D) == GMM_OK);
    CHECK(n_threads() == 1);
    /* The child creates the first pool, then both have one. */
    ends_well(start(with_a_child_of_its_own));
    everything();
    CHECK(n_threads() >= 5);
    ends_well(start(with_a_child_of_its_own));
    ends_well(start(frees_what_it_inherits));
    ends_well(start(frees_a_pool_that_it_never_used));
    everything();

    pthread_t callers[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&callers[i], NULL, keep_calling, i == 0 ? NULL : four) == 0);
    }
    for (int i = 0; i < rounds; i++) {
        sleep_ms(i % 7);
        ends_well(start(everything));
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_join(callers[i], NULL) == 0);
    }
    everything();
    gmm_mixture_free(mixture);
    gmm_threads_free(four);
    gmm_threads_free(one);
    return 0;
}
