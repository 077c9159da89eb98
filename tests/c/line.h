/* Mixtures and samples with one feature, for tests whose expected values are worked out by hand. */
#ifndef LINE_H
#define LINE_H

#include "check.h"

static inline gmm_mixture *one_dimensional(size_t k, const double *weights, const double *means,
                                           const double *variances)
{
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(k, 1, weights, means, variances, &mixture) == GMM_OK);
    return mixture;
}

static inline double first_mean(const gmm_mixture *mixture)
{
    double means[4];
    CHECK(gmm_mixture_means(mixture, means, gmm_mixture_n_components(mixture)) == GMM_OK);
    return means[0];
}

static inline double first_variance(const gmm_mixture *mixture)
{
    double values[4];
    CHECK(gmm_mixture_dense_covariances(mixture, values, gmm_mixture_n_components(mixture)) == GMM_OK);
    return values[0];
}

/* Mean 4, variance 14. */
static const double four[] = {0, 2, 4, 10};
static const gmm_matrix_f64 line = {four, 4, 1, 1, 1};
/* Two groups, with values half a unit to each side of 0.5 and 10.5. */
static const double groups[] = {0, 1, 10, 11, 0, 1, 10, 11};
static const gmm_matrix_f64 paired = {groups, 8, 1, 1, 1};

/* Fits, and reads the first `n` means and covariances. */
static inline void fit(const gmm_matrix_f64 *z, const gmm_fit_options *options, gmm_fit_report *report,
                       double *means, double *covariances, size_t n)
{
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_fit_f64(z, options, NULL, &mixture, report) == GMM_OK);
    CHECK(gmm_mixture_means(mixture, means, n) == GMM_OK);
    CHECK(gmm_mixture_dense_covariances(mixture, covariances, n) == GMM_OK);
    gmm_mixture_free(mixture);
}

static inline gmm_status status_of(const gmm_matrix_f64 *z, const gmm_fit_options *options, gmm_fit_report *report)
{
    gmm_mixture *mixture = NULL;
    gmm_status status = gmm_mixture_fit_f64(z, options, NULL, &mixture, report);
    CHECK((mixture == NULL) == (status != GMM_OK));
    gmm_mixture_free(mixture);
    return status;
}

/* Three groups. */
enum { M = 300 };

static inline gmm_matrix_f64 three_groups(void)
{
    static const double centres[] = {0, 20, 50};
    static double rows[M];
    for (int n = 0; n < M; n++) {
        rows[n] = centres[n % 3] + n % 17 * 0.1;
    }
    return (gmm_matrix_f64){rows, M, 1, 1, 1};
}

#endif
