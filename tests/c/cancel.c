/* A token ends fits: from before they begin, from another thread, from a signal handler, and a sweep between two of
 * its candidates.
 */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static const double rows[] = {0, 1, 10, 11, 0, 1, 10, 11};
static const gmm_matrix_f64 z = {rows, 8, 1, 1, 1};
static gmm_cancel *token;

/* A fit that would never end by itself. */
static gmm_fit_options endless(void)
{
    gmm_fit_options options = defaults(2);
    options.tol = 0, options.max_iter = SIZE_MAX, options.cancel = token;
    return options;
}

static gmm_fit_report fit(void)
{
    const gmm_fit_options options = endless();
    gmm_fit_report report = {.size = sizeof report};
    gmm_mixture *mixture = NULL;
    double means[2];
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, &report) == GMM_OK);
    /* What was reached is a mixture to use. */
    CHECK(gmm_mixture_means(mixture, means, 2) == GMM_OK && fabs(means[0] + means[1] - 11) < 1e-6);
    gmm_mixture_free(mixture);
    return report;
}

static void before_it_begins(void)
{
    gmm_cancel_request(token);
    for (int twice = 0; twice < 2; twice++) {
        const gmm_fit_report report = fit();
        CHECK(report.stop == GMM_STOP_CANCELLED && report.n_iter == 1 && report.converged == 0);
    }
    gmm_cancel_reset(token);
}

static void *ask_soon(void *asked)
{
    const struct timespec soon = {0, 30000000};
    nanosleep(&soon, NULL);
    gmm_cancel_request(asked);
    return NULL;
}

static void from_another_thread(void)
{
    pthread_t other;
    CHECK(pthread_create(&other, NULL, ask_soon, token) == 0);
    CHECK(fit().stop == GMM_STOP_CANCELLED);
    CHECK(pthread_join(other, NULL) == 0);
    gmm_cancel_reset(token);
}

static void on_alarm(int number)
{
    (void)number;
    gmm_cancel_request(token);
}

static void from_a_signal_handler(void)
{
    const struct sigaction ask = {.sa_handler = on_alarm}, standard = {.sa_handler = SIG_DFL};
    CHECK(sigaction(SIGALRM, &ask, NULL) == 0);
    const struct itimerval soon = {{0, 0}, {0, 30000}};
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(fit().stop == GMM_STOP_CANCELLED);
    CHECK(sigaction(SIGALRM, &standard, NULL) == 0);
    gmm_cancel_reset(token);
}

/* One token for several calls, and a sweep that has its first candidate all the same. */
static void a_sweep(void)
{
    const size_t ks[] = {1, 2, 3};
    gmm_fit_options of_each = defaults(1);
    gmm_sweep_options options;
    gmm_threads *one = NULL;
    gmm_sweep *sweep = NULL;
    CHECK(gmm_sweep_options_init(&options) == GMM_OK && gmm_threads_create(1, &one) == GMM_OK);
    of_each.cancel = token;
    options.n_components = ks, options.n_components_len = 3, options.fit = &of_each;
    gmm_cancel_request(token);
    CHECK(gmm_sweep_f64(&z, &options, one, &sweep) == GMM_OK && gmm_sweep_n_candidates(sweep) == 1);
    gmm_sweep_free(sweep);
    gmm_cancel_reset(token);
    CHECK(gmm_sweep_f64(&z, &options, one, &sweep) == GMM_OK && gmm_sweep_n_candidates(sweep) == 3);
    gmm_sweep_free(sweep);
    gmm_threads_free(one);
}

int main(void)
{
    REFUSED(gmm_cancel_create(NULL), GMM_NULL_POINTER, "out is NULL");
    CHECK(gmm_cancel_create(&token) == GMM_OK);
    before_it_begins();
    from_another_thread();
    from_a_signal_handler();
    a_sweep();
    gmm_cancel_free(token);
    gmm_cancel_request(NULL);
    gmm_cancel_reset(NULL);
    gmm_cancel_free(NULL);
    return 0;
}
