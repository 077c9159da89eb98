/* A token ends calls, whether requested before, from another thread or from a signal handler; so does a time budget. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static const double rows[] = {0, 1, 10, 11, 0, 1, 10, 11};
static const gmm_matrix_f64 z = {rows, 8, 1, 1, 1};
static gmm_cancel *token;

/* Options of a fit that never ends by itself. */
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
    /* The result so far is a usable mixture. */
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

/* One token for several calls; a cancelled sweep still has its first candidate. */
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

/* Seconds since an arbitrary time. */
static double now(void)
{
    struct timespec at;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* Swaps that fail before their first iteration: once they did not check the time, and a budget of 0.02 s took 7 s. */
static void moves_that_fail(void)
{
    double same[23], weights[23];
    for (int n = 0; n < 23; n++) {
        same[n] = 2.5, weights[n] = n == 22 ? 1e-300 : 1;
    }
    const gmm_matrix_f64 equal = {same, 23, 1, 1, 1};
    gmm_fit_options options = defaults(2);
    options.covariance_type = GMM_COVARIANCE_TIED, options.init = GMM_INIT_RANDOM, options.sample_weights = weights;
    options.max_failed_swaps = 500000, options.time_budget = 0.02;
    gmm_mixture *mixture = NULL;
    const double begun = now();
    CHECK(gmm_mixture_fit_f64(&equal, &options, NULL, &mixture, NULL) == GMM_OK);
    gmm_mixture_free(mixture);
    options.time_budget = 0, options.max_failed_swaps = INT64_MAX, options.cancel = token;
    gmm_cancel_request(token);
    gmm_fit_report report = {.size = sizeof report};
    CHECK(gmm_mixture_fit_f64(&equal, &options, NULL, &mixture, &report) == GMM_OK);
    CHECK(report.stop == GMM_STOP_CANCELLED && now() - begun < 5);
    gmm_mixture_free(mixture);
    gmm_cancel_reset(token);
}

/* The token and the budget end a running candidate, not only the sweep after it. */
static void an_endless_candidate(void)
{
    const size_t ks[] = {2, 3};
    gmm_fit_options of_each = endless();
    gmm_sweep_options options;
    gmm_sweep *sweep = NULL;
    CHECK(gmm_sweep_options_init(&options) == GMM_OK);
    options.n_components = ks, options.n_components_len = 2, options.fit = &of_each;
    pthread_t other;
    CHECK(pthread_create(&other, NULL, ask_soon, token) == 0);
    CHECK(gmm_sweep_f64(&z, &options, NULL, &sweep) == GMM_OK && gmm_sweep_n_candidates(sweep) >= 1);
    CHECK(pthread_join(other, NULL) == 0);
    gmm_sweep_free(sweep);
    gmm_cancel_reset(token);
    of_each.time_budget = 0.03, of_each.cancel = NULL;
    CHECK(gmm_sweep_f64(&z, &options, NULL, &sweep) == GMM_OK);
    gmm_sweep_free(sweep);
}

static void a_detector(void)
{
    double crowd[7 * 6];
    for (int at = 0; at < 7 * 6; at++) {
        crowd[at] = at * 7919 % 11;
    }
    const gmm_matrix_f64 few = {crowd, 7, 6, 6, 1};
    const size_t ks[] = {3, 2, 3};
    gmm_detector_options options;
    gmm_detector *detector = NULL;
    CHECK(gmm_detector_options_init(&options) == GMM_OK && options.cancel == NULL && options.time_budget == 0);
    options.tol = 0, options.max_iter = SIZE_MAX;

    /* Iterations may repeat in a cycle, so that the bound does not rise: the fit then ends by itself. */
    options.n_components = ks, options.n_components_len = 3, options.contamination = 0.3;
    const double begun = now();
    CHECK(gmm_detector_fit_f64(&few, &options, NULL, &detector) == GMM_OK);
    CHECK(gmm_detector_stop(detector) == GMM_STOP_MAX_ITERATIONS && gmm_detector_n_mixtures(detector) == 3);
    gmm_detector_free(detector);

    options.cancel = token;
    gmm_cancel_request(token);
    CHECK(gmm_detector_fit_f64(&few, &options, NULL, &detector) == GMM_OK);
    CHECK(gmm_detector_stop(detector) == GMM_STOP_CANCELLED && gmm_detector_n_mixtures(detector) == 1);
    gmm_detector_free(detector);
    gmm_cancel_reset(token);

    options.time_budget = 1e-9;
    CHECK(gmm_detector_fit_f64(&few, &options, NULL, &detector) == GMM_OK);
    CHECK(gmm_detector_stop(detector) == GMM_STOP_OUT_OF_TIME && now() - begun < 5);
    gmm_detector_free(detector);
    options.time_budget = NAN;
    REFUSED(gmm_detector_fit_f64(&few, &options, NULL, &detector), GMM_INVALID_ARGUMENT,
            "options.time_budget is NaN; it must be seconds, or 0 for no limit");
    CHECK(gmm_detector_stop(NULL) == -1);
}

static int rewound(void *userdata)
{
    (void)userdata;
    return 0;
}

/* A source without an end. */
static ptrdiff_t endless_rows(void *userdata, size_t max_rows, double *rows_, double *weights)
{
    (void)weights;
    size_t *seen = userdata;
    const size_t n = max_rows < 100 ? max_rows : 100;
    for (size_t at = 0; at < n; at++) {
        rows_[at] = (double)((*seen)++ * 7919 % 1009);
    }
    return (ptrdiff_t)n;
}

static void a_source(void)
{
    size_t seen = 0;
    const gmm_source_f64 source = {sizeof source, 1, rewound, endless_rows, &seen, 0};
    gmm_fit_options options = defaults(2);
    gmm_mixture *mixture = NULL;
    options.cancel = token;
    gmm_cancel_request(token);
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_CANCELLED,
            "cancelled before there was a result");
    gmm_cancel_reset(token);
    options.time_budget = 0.01;
    const double begun = now();
    REFUSED(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL), GMM_OUT_OF_TIME,
            "the time budget was spent before there was a result; raise it");
    CHECK(now() - begun < 5 && mixture == NULL);
}

static void a_learner(void)
{
    const double weight = 1, mean = 5, variance = 1;
    gmm_mixture *start = NULL;
    gmm_stepwise *learner = NULL;
    gmm_stepwise_options options;
    CHECK(gmm_mixture_create(1, 1, &weight, &mean, &variance, &start) == GMM_OK);
    CHECK(gmm_stepwise_options_init(&options) == GMM_OK && options.cancel == NULL);
    options.cancel = token;
    CHECK(gmm_stepwise_create(start, &options, &learner) == GMM_OK);
    CHECK(gmm_stepwise_update_f64(learner, &z, NULL, NULL, NULL) == GMM_OK);
    gmm_cancel_request(token);
    REFUSED(gmm_stepwise_update_f64(learner, &z, NULL, NULL, NULL), GMM_CANCELLED,
            "cancelled before there was a result");
    CHECK(gmm_stepwise_n_updates(learner) == 1);
    gmm_cancel_reset(token);
    CHECK(gmm_stepwise_update_f64(learner, &z, NULL, NULL, NULL) == GMM_OK);
    gmm_stepwise_free(learner);
    gmm_mixture_free(start);
}

int main(void)
{
    REFUSED(gmm_cancel_create(NULL), GMM_NULL_POINTER, "out is NULL");
    CHECK(gmm_cancel_create(&token) == GMM_OK);
    before_it_begins();
    from_another_thread();
    from_a_signal_handler();
    a_sweep();
    moves_that_fail();
    an_endless_candidate();
    a_detector();
    a_source();
    a_learner();
    gmm_cancel_free(token);
    gmm_cancel_request(NULL);
    gmm_cancel_reset(NULL);
    gmm_cancel_free(NULL);
    return 0;
}
