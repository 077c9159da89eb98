/* After every kind of failure, the next call with the same handles succeeds as usual.
 *
 * usage: recover FOLDER (to write a model file in)
 */
#include "host.h"

#include <math.h>
#include <stdint.h>

static gmm_mixture *unit;
static double points[4] = {0, 1, 2, 3};
static const gmm_matrix_f64 z = {points, 4, 1, 1, 1};
static int failed_with[64];

/* A standard normal: half the square, plus half of ln 2 pi. Mean 1.5, variance 1.25. */
static void succeeds(void)
{
    double energies[4], mean, variance;
    gmm_fit_options options;
    gmm_mixture *fitted = NULL;
    CHECK(gmm_mixture_energies_f64(unit, &z, NULL, energies) == GMM_OK);
    for (int i = 0; i < 4; i++) {
        CHECK(fabs(energies[i] - (0.5 * i * i + 0.5 * log(2 * acos(-1)))) < 1e-14);
    }
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    options.reg_covar = 0;
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &fitted, NULL) == GMM_OK);
    CHECK(gmm_mixture_means(fitted, &mean, 1) == GMM_OK && fabs(mean - 1.5) < 1e-14);
    CHECK(gmm_mixture_dense_covariances(fitted, &variance, 1) == GMM_OK && fabs(variance - 1.25) < 1e-14);
    gmm_mixture_free(fitted);
}

static void after(gmm_status status, gmm_status wanted)
{
    CHECK(status == wanted && gmm_last_error_message()[0] != '\0');
    char before[512];
    snprintf(before, sizeof before, "%s", gmm_last_error_message());
    succeeds();
    /* A call that succeeds does not clear the message. */
    CHECK(strncmp(before, gmm_last_error_message(), sizeof before - 1) == 0);
    failed_with[wanted] = 1;
}

static int32_t rewinds(void *unused)
{
    (void)unused;
    return 0;
}

static ptrdiff_t breaks(void *unused, size_t max_rows, double *rows, double *weights)
{
    (void)unused, (void)max_rows, (void)rows, (void)weights;
    return -1;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    const double one = 1, zero = 0, minus = -1;
    double energies[4], parameters[5];
    gmm_mixture *none = NULL;
    CHECK(gmm_mixture_create(1, 1, &one, &zero, &one, &unit) == GMM_OK);
    succeeds();

    for (int round = 0; round < 3; round++) {
        after(gmm_mixture_energies_f64(unit, NULL, NULL, energies), GMM_NULL_POINTER);
        after(gmm_mixture_energies_f64(NULL, &z, NULL, energies), GMM_NULL_POINTER);

        gmm_matrix_f64 bad = z;
        bad.rows = 0;
        after(gmm_mixture_energies_f64(unit, &bad, NULL, energies), GMM_INVALID_SHAPE);
        bad.rows = SIZE_MAX;
        after(gmm_mixture_energies_f64(unit, &bad, NULL, energies), GMM_SIZE_OVERFLOW);

        /* Refused in the middle of a fit, and of scoring that has begun to write. */
        points[3] = NAN;
        gmm_fit_options options;
        CHECK(gmm_fit_options_init(&options) == GMM_OK);
        gmm_status score = gmm_mixture_energies_f64(unit, &z, NULL, energies);
        CHECK(score == GMM_NOT_FINITE);
        gmm_status fit = gmm_mixture_fit_f64(&z, &options, NULL, &none, NULL);
        points[3] = 3;
        after(fit, GMM_NOT_FINITE);

        const double negative[4] = {1, -1, 1, 1}, nobody[4] = {0, 0, 0, 0};
        const gmm_matrix_f64 shares = {negative, 4, 1, 1, 1}, empty = {nobody, 4, 1, 1, 1};
        double *p = parameters;
        after(gmm_params_f64(&z, &shares, 0, p, p + 1, p + 2, p + 3, p + 4), GMM_NEGATIVE);
        after(gmm_params_f64(&z, &empty, 0, p, p + 1, p + 2, p + 3, p + 4), GMM_EMPTY_COMPONENT);
        after(gmm_mixture_create(1, 1, &one, &zero, &minus, &none), GMM_NOT_POSITIVE_DEFINITE);

        /* A mixture whose samples may exceed the range of float. */
        const double huge = 1e300;
        gmm_mixture *wide = NULL;
        float drawn;
        CHECK(gmm_mixture_create(1, 1, &one, &zero, &huge, &wide) == GMM_OK);
        after(gmm_mixture_sample_f32(wide, 1, 0, 1, &drawn, NULL), GMM_OUT_OF_RANGE);
        gmm_mixture_free(wide);

        options.tol = NAN;
        after(gmm_mixture_fit_f64(&z, &options, NULL, &none, NULL), GMM_INVALID_ARGUMENT);

        char path[4096];
        snprintf(path, sizeof path, "%s/absent/model", argv[1]);
        after(gmm_mixture_save(unit, path), GMM_IO);
        after(gmm_mixture_load(path, &none), GMM_IO);
        snprintf(path, sizeof path, "%s/broken", argv[1]);
        FILE *file = fopen(path, "w");
        CHECK(file && fputs("this is no model", file) >= 0 && fclose(file) == 0);
        after(gmm_mixture_load(path, &none), GMM_BAD_FILE);

        const gmm_source_f64 source = {.size = sizeof source, .n_features = 1, .rewind = rewinds, .read = breaks};
        CHECK(gmm_fit_options_init(&options) == GMM_OK);
        after(gmm_mixture_fit_stream_f64(&source, &options, NULL, &none, NULL), GMM_SOURCE);
        CHECK(none == NULL);
    }
    /* All codes except that of a bug in the library, which no call can cause on purpose. */
    for (int status = GMM_NULL_POINTER; status <= GMM_SOURCE; status++) {
        CHECK(failed_with[status] || status == GMM_INTERNAL);
    }
    gmm_mixture_free(unit);
    return 0;
}
