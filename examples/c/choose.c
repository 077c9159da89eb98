/* Draws points from a known mixture and selects, among several mixtures, the one that fits them best: every number
 * of components is fitted with every covariance structure, and BIC decides. The winner is then fitted once more,
 * with a prior and a progress callback.
 *
 *     cargo build --release -p gmm-ffi
 *     cc -I include examples/c/choose.c -L target/release -lgmm -Wl,-rpath,$PWD/target/release -o choose
 *     ./choose
 */
#include <gmm.h>

#include <stdio.h>
#include <stdlib.h>

enum { N = 600, D = 2 };

static void check(gmm_status status)
{
    if (status != GMM_OK) {
        fprintf(stderr, "%s\n", gmm_last_error_message());
        exit(1);
    }
}

/* Called after every iteration; any value but 0 would end the fit. */
static int32_t print_progress(void *userdata, const gmm_progress *progress)
{
    fprintf(userdata, "iteration %zu: %.6f nats a sample\n", progress->iteration, progress->lower_bound);
    return 0;
}

int main(void)
{
    static const char *const names[] = {"full", "tied", "diag", "spherical"};
    static const double weights[] = {0.3, 0.3, 0.4};
    static const double means[] = {0, 0, 8, 0, 4, 7};
    static const double covariances[] = {1, 0, 0, 0.25, 0.25, 0, 0, 1, 1, 0, 0, 1};
    static const size_t ks[] = {1, 2, 3, 4, 5};
    static const gmm_covariance_type structures[] = {GMM_COVARIANCE_FULL, GMM_COVARIANCE_TIED, GMM_COVARIANCE_DIAG,
                                                GMM_COVARIANCE_SPHERICAL};
    static double points[N * D];
    gmm_matrix_f64 samples = {points, N, D, D, 1};
    gmm_mixture *truth = NULL, *fitted = NULL;
    gmm_sweep *sweep = NULL;
    gmm_sweep_options options;
    gmm_fit_options again;
    gmm_fit_report report = {.size = sizeof report};
    gmm_candidate candidate = {.size = sizeof candidate};
    gmm_prior prior;

    check(gmm_mixture_create(3, D, weights, means, covariances, &truth));
    check(gmm_mixture_sample_f64(truth, 1, 0, N, points, NULL));

    gmm_sweep_options_init(&options);
    options.n_components = ks;
    options.n_components_len = sizeof ks / sizeof ks[0];
    options.covariance_types = structures;
    options.covariance_types_len = 4;
    check(gmm_sweep_f64(&samples, &options, NULL, &sweep));
    for (size_t at = 0; at < gmm_sweep_n_candidates(sweep); at++) {
        check(gmm_sweep_candidate(sweep, at, &candidate));
        printf("%zu components, %-9s  BIC %8.1f\n", candidate.n_components, names[candidate.covariance_type],
               candidate.bic);
    }
    check(gmm_sweep_candidate(sweep, gmm_sweep_best(sweep), &candidate));
    printf("best: %zu components, %s\n", candidate.n_components, names[candidate.covariance_type]);

    gmm_prior_init(&prior);
    gmm_fit_options_init(&again);
    again.n_components = candidate.n_components;
    again.covariance_type = candidate.covariance_type;
    again.prior = &prior;
    again.progress = print_progress;
    again.userdata = stdout;
    check(gmm_mixture_fit_f64(&samples, &again, NULL, &fitted, &report));
    printf("%s after %zu iterations\n", report.stop == GMM_STOP_CONVERGED ? "settled" : "ended", report.n_iter);

    gmm_mixture_free(fitted);
    gmm_sweep_free(sweep);
    gmm_mixture_free(truth);
    return 0;
}
