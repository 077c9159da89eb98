/* Calls the library in loops and times them, as a C program would.
 *
 * usage: calls FILE N D K
 *
 * FILE holds doubles, one array after the other: z (N x D), gamma (N x K), phi, mu, cov, chol and log_det.
 * Every line of the input requests calls, such as "energy 1000". Every line of the output is the total time of
 * those calls in nanoseconds. The program ends at the end of its input.
 */
#define _POSIX_C_SOURCE 200809L
#include <gmm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, gmm_last_error_message()); \
            exit(1);                                                                                \
        }                                                                                           \
    } while (0)

/* The same ridge as on the Rust side of the comparison. */
static const double ridge = 1e-3;

static size_t n, d, k;
static gmm_matrix_f64 z, gamma_nk;
static const double *phi, *mu, *cov, *chol, *log_det;
static double *energies, *d_z, *d_gamma, *out_phi, *out_mu, *out_cov, *out_chol, *out_log_det;
static gmm_mixture *mixture;

/* Parameters that the caller holds. */
static void energy(void)
{
    CHECK(gmm_energy_f64(&z, k, phi, mu, cov, chol, log_det, energies, NULL, NULL) == GMM_OK);
}

/* A mixture that was created before. */
static void score(void)
{
    CHECK(gmm_mixture_energies_f64(mixture, &z, NULL, energies) == GMM_OK);
}

static void params(void)
{
    CHECK(gmm_params_f64(&z, &gamma_nk, ridge, out_phi, out_mu, out_cov, out_chol, out_log_det) == GMM_OK);
}

/* Value and gradients of the loss of a deep mixture. */
static void grad(void)
{
    double loss;
    CHECK(gmm_loss_f64(&z, &gamma_nk, ridge, 1, 0.005, &loss, NULL, NULL, d_z, d_gamma) == GMM_OK);
}

static double *doubles(size_t count)
{
    double *values = malloc(count * sizeof *values);
    CHECK(values != NULL);
    return values;
}

static const double *read_doubles(FILE *file, size_t count)
{
    double *values = doubles(count);
    CHECK(fread(values, sizeof *values, count, file) == count);
    return values;
}

static double nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    CHECK(argc == 5);
    n = strtoul(argv[2], NULL, 10);
    d = strtoul(argv[3], NULL, 10);
    k = strtoul(argv[4], NULL, 10);
    FILE *file = fopen(argv[1], "rb");
    CHECK(file != NULL);
    z = (gmm_matrix_f64){read_doubles(file, n * d), n, d, (ptrdiff_t)d, 1};
    gamma_nk = (gmm_matrix_f64){read_doubles(file, n * k), n, k, (ptrdiff_t)k, 1};
    phi = read_doubles(file, k);
    mu = read_doubles(file, k * d);
    cov = read_doubles(file, k * d * d);
    chol = read_doubles(file, k * d * d);
    log_det = read_doubles(file, k);
    fclose(file);
    CHECK(gmm_mixture_create(k, d, phi, mu, cov, &mixture) == GMM_OK);
    energies = doubles(n);
    d_z = doubles(n * d);
    d_gamma = doubles(n * k);
    out_phi = doubles(k);
    out_mu = doubles(k * d);
    out_cov = doubles(k * d * d);
    out_chol = doubles(k * d * d);
    out_log_det = doubles(k);

    char op[16];
    unsigned long long calls;
    while (scanf("%15s %llu", op, &calls) == 2) {
        void (*call)(void) = strcmp(op, "energy") == 0   ? energy
                             : strcmp(op, "score") == 0  ? score
                             : strcmp(op, "params") == 0 ? params
                             : strcmp(op, "grad") == 0   ? grad
                                                         : NULL;
        CHECK(call != NULL);
        double begin = nanoseconds();
        for (unsigned long long i = 0; i < calls; i++) {
            call();
        }
        printf("%.0f\n", nanoseconds() - begin);
        fflush(stdout);
    }
    return 0;
}
