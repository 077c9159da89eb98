/* Sizes beyond any memory are refused before anything is allocated, by every function that takes sizes. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <time.h>

static const double rows[] = {0, 1, 10, 11};
static const float floats[] = {0, 1, 10, 11};
static const gmm_matrix_f64 z = {rows, 4, 1, 1, 1};
static const gmm_matrix_f32 f = {floats, 4, 1, 1, 1};
/* Strides of zero repeat one row and column: a matrix of any size in the memory of one number. */
static const gmm_matrix_f64 wide = {rows, 3, 100000, 0, 0}, shares = {rows + 1, 4, (size_t)1 << 40, 0, 0};
static const gmm_matrix_f32 float_wide = {floats, 3, 100000, 0, 0};
static const size_t many = 1000000000000;

static double now(void)
{
    struct timespec at;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static int rewound(void *userdata)
{
    (void)userdata;
    return 0;
}

static ptrdiff_t nothing(void *userdata, size_t max_rows, double *to, double *weights)
{
    (void)userdata, (void)max_rows, (void)to, (void)weights;
    return 0;
}

static void begins(const char *part)
{
    CHECK(strstr(gmm_last_error_message(), part) != NULL);
}

int main(void)
{
    const double begun = now();
    gmm_mixture *mixture = NULL;
    double values[8] = {0};

    /* More components than samples, and more than fit in any memory. */
    for (int at = 0; at < 2; at++) {
        gmm_fit_options options = defaults(at ? SIZE_MAX : many);
        CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL) == GMM_INVALID_ARGUMENT);
        begins("4 samples cannot support");
        CHECK(gmm_mixture_fit_f32(&f, &options, NULL, &mixture, NULL) == GMM_INVALID_ARGUMENT);
        options.means = rows;
        CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL) == GMM_SIZE_OVERFLOW);
        options.means = NULL;
        const uint32_t labels[] = {0, 0, 0, 0};
        CHECK(gmm_mixture_from_labels_f64(&z, labels, &options, NULL, &mixture) == GMM_SIZE_OVERFLOW);
        CHECK(gmm_mixture_from_labels_f32(&f, labels, &options, NULL, &mixture) == GMM_SIZE_OVERFLOW);
        CHECK(gmm_mixture_create(options.n_components, 1, rows, rows, rows, &mixture) == GMM_SIZE_OVERFLOW);
        CHECK(gmm_mixture_create_from_precisions(options.n_components, 1, rows, rows, rows, &mixture) ==
              GMM_SIZE_OVERFLOW);
        CHECK(gmm_energy_f64(&z, options.n_components, rows, rows, rows, rows, rows, values, NULL, NULL) ==
              GMM_SIZE_OVERFLOW);
    }
    gmm_fit_options vast = defaults((size_t)1 << 40);
    CHECK(gmm_mixture_from_responsibilities_f64(&z, &shares, &vast, NULL, &mixture) == GMM_SIZE_OVERFLOW);
    CHECK(gmm_loss_f64(&z, &shares, 1e-6, 1, 1, NULL, NULL, NULL, NULL, NULL) == GMM_SIZE_OVERFLOW);

    /* A covariance of 100 000 features takes 80 GB: once, the process was aborted. */
    gmm_fit_options options = defaults(1);
    CHECK(gmm_mixture_fit_f64(&wide, &options, NULL, &mixture, NULL) == GMM_SIZE_OVERFLOW);
    begins("full covariances of 1 components x 100000 features are K D^2 = 10000000000 numbers");
    begins("use diagonal covariances, fewer components or fewer features");
    CHECK(gmm_mixture_fit_f32(&float_wide, &options, NULL, &mixture, NULL) == GMM_SIZE_OVERFLOW);
    options.covariance_type = GMM_COVARIANCE_TIED;
    CHECK(gmm_mixture_fit_f64(&wide, &options, NULL, &mixture, NULL) == GMM_SIZE_OVERFLOW);
    options.covariance_type = GMM_COVARIANCE_SPHERICAL;
    CHECK(gmm_mixture_fit_f64(&wide, &options, NULL, &mixture, NULL) == GMM_OK);

    gmm_detector *detector = NULL;
    CHECK(gmm_detector_fit_f64(&wide, NULL, NULL, &detector) == GMM_SIZE_OVERFLOW);

    /* In a sweep, the candidate that does not fit in memory has no mixture. */
    const size_t one = 1;
    const gmm_covariance_type structures[] = {GMM_COVARIANCE_FULL, GMM_COVARIANCE_SPHERICAL};
    gmm_sweep_options tried;
    gmm_sweep *sweep = NULL;
    gmm_candidate candidate = {.size = sizeof candidate};
    CHECK(gmm_sweep_options_init(&tried) == GMM_OK);
    tried.n_components = &one, tried.n_components_len = 1;
    tried.covariance_types = structures, tried.covariance_types_len = 2;
    CHECK(gmm_sweep_f64(&wide, &tried, NULL, &sweep) == GMM_OK && gmm_sweep_n_candidates(sweep) == 2);
    CHECK(gmm_sweep_candidate(sweep, 0, &candidate) == GMM_OK && candidate.status == GMM_SIZE_OVERFLOW);
    gmm_sweep_free(sweep);

    /* A block of rows of 10^9 features takes 8 GB, although the source has no rows. */
    const gmm_source_f64 source = {sizeof source, 1000000000, rewound, nothing, NULL, 0};
    options.covariance_type = GMM_COVARIANCE_FULL;
    CHECK(gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL) == GMM_SIZE_OVERFLOW);

    /* More samples than there are addresses. */
    CHECK(gmm_mixture_sample_f64(mixture, 0, 0, SIZE_MAX / 8, values, NULL) == GMM_SIZE_OVERFLOW);
    gmm_mixture_free(mixture);
    CHECK(now() - begun < 60);
    return 0;
}
