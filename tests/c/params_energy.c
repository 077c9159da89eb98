/* Estimates and scores the shipped data through the C ABI, in double or float, and prints every
 * output as the hexadecimal bits of its values, an array a line, for another program to compare.
 *
 * usage: params_energy breast_cancer.csv f64|f32
 */
#include <gmm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 569, D = 30, K = 2 };

static double samples[N * D];
static double gamma_[N * K];

/* Rows are `diagnosis,30 numbers`. Malignant samples belong mostly to the first component. */
static void read_csv(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) {
        exit(10);
    }
    for (int n = 0; n < N; n++) {
        if (!fgets(line, sizeof line, file)) {
            exit(11);
        }
        double share = strncmp(line, "malignant", 9) == 0 ? 0.75 : 0.125;
        gamma_[n * K] = share;
        gamma_[n * K + 1] = 1.0 - share;
        char *at = strchr(line, ',');
        for (int d = 0; d < D; d++) {
            samples[n * D + d] = strtod(at + 1, &at);
        }
    }
    fclose(file);
}

static void check(gmm_status status)
{
    if (status != GMM_OK) {
        fprintf(stderr, "status %d: %s\n", (int)status, gmm_last_error_message());
        exit(1);
    }
}

static void print_f64(const double *values, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        printf("%016llx ", (unsigned long long)bits);
    }
    printf("\n");
}

static void print_f32(const float *values, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        printf("%08lx ", (unsigned long)bits);
    }
    printf("\n");
}

static void run_f64(void)
{
    static double phi[K], mu[K * D], cov[K * D * D], chol[K * D * D], log_det[K], energy[N];
    double mean_energy, cov_diag;
    gmm_matrix_f64 z = {samples, N, D, D, 1};
    gmm_matrix_f64 gamma = {gamma_, N, K, K, 1};
    check(gmm_params_f64(&z, &gamma, 1e-6, phi, mu, cov, chol, log_det));
    check(gmm_energy_f64(&z, K, phi, mu, cov, chol, log_det, energy, &mean_energy, &cov_diag));
    print_f64(phi, K);
    print_f64(mu, K * D);
    print_f64(cov, K * D * D);
    print_f64(chol, K * D * D);
    print_f64(log_det, K);
    print_f64(energy, N);
    print_f64(&mean_energy, 1);
    print_f64(&cov_diag, 1);
}

static void run_f32(void)
{
    static float z_[N * D], g_[N * K];
    static float phi[K], mu[K * D], cov[K * D * D], chol[K * D * D], log_det[K], energy[N];
    float mean_energy, cov_diag;
    for (int i = 0; i < N * D; i++) {
        z_[i] = (float)samples[i];
    }
    for (int i = 0; i < N * K; i++) {
        g_[i] = (float)gamma_[i];
    }
    gmm_matrix_f32 z = {z_, N, D, D, 1};
    gmm_matrix_f32 gamma = {g_, N, K, K, 1};
    check(gmm_params_f32(&z, &gamma, 1e-6f, phi, mu, cov, chol, log_det));
    check(gmm_energy_f32(&z, K, phi, mu, cov, chol, log_det, energy, &mean_energy, &cov_diag));
    print_f32(phi, K);
    print_f32(mu, K * D);
    print_f32(cov, K * D * D);
    print_f32(chol, K * D * D);
    print_f32(log_det, K);
    print_f32(energy, N);
    print_f32(&mean_energy, 1);
    print_f32(&cov_diag, 1);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    read_csv(argv[1]);
    if (strcmp(argv[2], "f64") == 0) {
        run_f64();
    } else {
        run_f32();
    }
    return 0;
}
