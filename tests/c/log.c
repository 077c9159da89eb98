/* Log lines, and the callbacks that receive them. */
#include "check.h"
#include "pool.h"

#include <pthread.h>

enum { N = 8, LINES = 64 };

struct told {
    size_t n_lines, n_elsewhere;
    gmm_log_level levels[LINES];
    char lines[LINES][256];
};

static pthread_t caller;

static void hear(void *userdata, gmm_log_level level, const char *message)
{
    struct told *told = userdata;
    CHECK(told->n_lines < LINES && strchr(message, '\n') == NULL);
    told->n_elsewhere += !pthread_equal(pthread_self(), caller);
    told->levels[told->n_lines] = level;
    snprintf(told->lines[told->n_lines++], sizeof told->lines[0], "%s", message);
}

static int heard(const struct told *told, gmm_log_level level, const char *part)
{
    for (size_t at = 0; at < told->n_lines; at++) {
        if (told->levels[at] == level && strstr(told->lines[at], part)) {
            return 1;
        }
    }
    return 0;
}

/* Two groups on a line; the second feature is a constant. */
static const double rows[N][2] = {{0, 5}, {0.1, 5}, {-0.1, 5}, {0.2, 5}, {9, 5}, {9.1, 5}, {8.9, 5}, {9.2, 5}};

int main(void)
{
    caller = pthread_self();
    const gmm_matrix_f64 samples = {rows[0], N, 2, 2, 1};
    gmm_fit_options options;
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    CHECK(!options.log && !options.log_userdata);
    gmm_mixture *mixture = NULL;
    struct told told = {0}, other = {0};

    /* One line with the result, and one for each component with a feature whose variance is only the ridge. */
    options.n_components = 2, options.log = hear, options.log_userdata = &told;
    CHECK(gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL) == GMM_OK);
    gmm_mixture_free(mixture);
    CHECK(told.n_lines == 3 && told.levels[0] == GMM_LOG_INFO);
    CHECK(heard(&told, GMM_LOG_INFO, "2 components x 2 features"));
    CHECK(heard(&told, GMM_LOG_WARNING, "component 0: hardly any variance beyond the ridge in feature 1"));
    CHECK(heard(&told, GMM_LOG_WARNING, "component 1: hardly any variance beyond the ridge in feature 1"));

    /* Each call has its own log, and a call without one logs nothing. */
    options.log_userdata = &other, options.max_iter = 1, options.tol = 0;
    CHECK(gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL) == GMM_OK);
    gmm_mixture_free(mixture);
    CHECK(told.n_lines == 3 && heard(&other, GMM_LOG_WARNING, "not converged"));
    options.log = NULL, other.n_lines = 0;
    CHECK(gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL) == GMM_OK);
    gmm_mixture_free(mixture);
    CHECK(other.n_lines == 0);

    /* A refused call reports by its status and message only, not by the log. */
    options.log = hear, options.n_components = N + 1;
    CHECK(gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL) == GMM_INVALID_ARGUMENT);
    CHECK(other.n_lines == 0);

    /* A sweep logs every candidate; one without a mixture is a warning. */
    const size_t counts[] = {1, 2, N + 1};
    gmm_sweep_options tried;
    CHECK(gmm_sweep_options_init(&tried) == GMM_OK);
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    options.log = hear, options.log_userdata = &other;
    tried.n_components = counts, tried.n_components_len = 3, tried.fit = &options;
    gmm_sweep *sweep = NULL;
    CHECK(gmm_sweep_f64(&samples, &tried, NULL, &sweep) == GMM_OK);
    gmm_sweep_free(sweep);
    CHECK(heard(&other, GMM_LOG_INFO, "K = 1: bic") && heard(&other, GMM_LOG_INFO, "K = 2: bic"));
    CHECK(heard(&other, GMM_LOG_WARNING, "K = 9: no mixture"));

    /* In a host like Node only one thread may be called: the lines of a sweep on three threads arrive on the
     * calling thread. */
    gmm_threads *three = NULL;
    const size_t many[] = {1, 2, 3, 4, 1, 2, 3};
    struct told here = {0};
    CHECK(gmm_threads_create(pool_of(3), &three) == GMM_OK);
    options.log_userdata = &here;
    tried.n_components = many, tried.n_components_len = 7;
    CHECK(gmm_sweep_f64(&samples, &tried, three, &sweep) == GMM_OK);
    CHECK(here.n_lines >= 7 && here.n_elsewhere == 0);
    gmm_sweep_free(sweep);
    gmm_threads_free(three);
    return 0;
}
