/* Gradients against central differences of the loss itself, in double and in float. */
#include "check.h"

enum { N = 40, D = 3, K = 2 };

static const double EPS = 1e-6, W_ENERGY = 0.75, W_COV_DIAG = 0.05;

static double z[N * D], g[N * K];

/* Two groups, and responsibilities that favour one of them. */
static void draw(void)
{
    unsigned state = 7;
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < D; i++) {
            state = state * 1664525u + 1013904223u;
            z[n * D + i] = (float)((double)(state >> 8) / (1 << 24) * (1 + i) + 3.0 * (n % K));
        }
        for (int k = 0; k < K; k++) {
            state = state * 1664525u + 1013904223u;
            g[n * K + k] = (float)(0.1 + (double)(state >> 8) / (1 << 24) + (n % K == k));
        }
    }
}

static const gmm_matrix_f64 samples = {z, N, D, D, 1}, shares = {g, N, K, K, 1};

static double value_of(double w_energy, double w_cov_diag)
{
    double loss;
    CHECK(gmm_loss_f64(&samples, &shares, EPS, w_energy, w_cov_diag, &loss, NULL, NULL, NULL, NULL) == GMM_OK);
    return loss;
}

/* Differences with step h have a truncation error of h^2 and a rounding error of 1e-16 / h: eight digits agree. */
static double difference(double *at, double w_energy, double w_cov_diag)
{
    const double was = *at, h = 1e-5;
    *at = was + h;
    double above = value_of(w_energy, w_cov_diag);
    *at = was - h;
    double below = value_of(w_energy, w_cov_diag);
    *at = was;
    return (above - below) / (2 * h);
}

static void doubles(void)
{
    double loss, energy, diag, d_z[N * D], d_g[N * K], alone[N * K];
    CHECK(gmm_loss_f64(&samples, &shares, EPS, W_ENERGY, W_COV_DIAG, &loss, &energy, &diag, d_z, d_g) == GMM_OK);
    CLOSE(loss, W_ENERGY * energy + W_COV_DIAG * diag);
    CLOSE(loss, value_of(W_ENERGY, W_COV_DIAG));
    for (int i = 0; i < N * D; i++) {
        close_enough(d_z[i], difference(&z[i], W_ENERGY, W_COV_DIAG), 1e-8, "d_z", __LINE__);
    }
    for (int i = 0; i < N * K; i++) {
        close_enough(d_g[i], difference(&g[i], W_ENERGY, W_COV_DIAG), 1e-8, "d_gamma", __LINE__);
    }
    /* Each gradient alone. */
    CHECK(gmm_loss_f64(&samples, &shares, EPS, W_ENERGY, W_COV_DIAG, NULL, NULL, NULL, NULL, alone) == GMM_OK);
    for (int i = 0; i < N * K; i++) {
        CLOSE(alone[i], d_g[i]);
    }
    /* In two steps: through the covariances, and through the factors. */
    double phi[K], mu[K * D], cov[K * D * D], chol[K * D * D], log_det[K], e[N];
    CHECK(gmm_params_f64(&samples, &shares, EPS, phi, mu, cov, chol, log_det) == GMM_OK);
    for (int n = 0; n < N; n++) {
        e[n] = W_ENERGY / N;
    }
    double direct[N * D], d_phi[K], d_mu[K * D], d_cov[K * D * D], d_chol[K * D * D], d_log_det[K];
    CHECK(gmm_energy_vjp_f64(&samples, K, phi, mu, cov, chol, log_det, e, W_COV_DIAG, direct, d_phi, d_mu, d_cov, NULL,
                             NULL) == GMM_OK);
    double by_z[N * D], by_g[N * K];
    CHECK(gmm_params_vjp_f64(&samples, &shares, EPS, d_phi, d_mu, d_cov, NULL, NULL, by_z, by_g) == GMM_OK);
    for (int i = 0; i < N * D; i++) {
        close_enough(direct[i] + by_z[i], d_z[i], 1e-11, "d_z by d_cov", __LINE__);
    }
    for (int i = 0; i < N * K; i++) {
        close_enough(by_g[i], d_g[i], 1e-11, "d_gamma by d_cov", __LINE__);
    }
    CHECK(gmm_energy_vjp_f64(&samples, K, phi, mu, cov, chol, log_det, e, 0, direct, d_phi, d_mu, NULL, d_chol,
                             d_log_det) == GMM_OK);
    CHECK(gmm_params_vjp_f64(&samples, &shares, EPS, d_phi, d_mu, NULL, d_chol, d_log_det, by_z, by_g) == GMM_OK);
    CHECK(gmm_loss_f64(&samples, &shares, EPS, W_ENERGY, 0, NULL, NULL, NULL, d_z, d_g) == GMM_OK);
    for (int i = 0; i < N * D; i++) {
        close_enough(direct[i] + by_z[i], d_z[i], 1e-11, "d_z by d_chol", __LINE__);
    }
    /* Strides change no bit. */
    double columns[N * D], strided[N * D];
    for (int i = 0; i < N * D; i++) {
        columns[i % D * N + i / D] = z[i];
    }
    const gmm_matrix_f64 by_columns = {columns, N, D, 1, N};
    CHECK(gmm_loss_f64(&by_columns, &shares, EPS, W_ENERGY, 0, NULL, NULL, NULL, strided, NULL) == GMM_OK);
    CHECK(memcmp(strided, d_z, sizeof d_z) == 0);
    /* The score function is the negative gradient of the energies; its Jacobian is compared with these differences. */
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(K, D, (double[]){0.25, 0.75}, mu, cov, &mixture) == GMM_OK);
    double scores[N * D], above[N * D], products[N * D], v[N * D], moved[N * D];
    const gmm_matrix_f64 vectors = {v, N, D, D, 1}, near = {moved, N, D, D, 1};
    CHECK(gmm_mixture_score_function_f64(mixture, &samples, NULL, scores) == GMM_OK);
    for (int i = 0; i < N * D; i++) {
        v[i] = (i * 5 % 7) - 3.0;
    }
    CHECK(gmm_mixture_hessian_vector_products_f64(mixture, &samples, &vectors, NULL, products) == GMM_OK);
    const double h = 1e-6;
    for (int i = 0; i < N * D; i++) {
        moved[i] = z[i] + h * v[i];
    }
    CHECK(gmm_mixture_score_function_f64(mixture, &near, NULL, above) == GMM_OK);
    for (int i = 0; i < N * D; i++) {
        moved[i] = z[i] - h * v[i];
    }
    double below[N * D];
    CHECK(gmm_mixture_score_function_f64(mixture, &near, NULL, below) == GMM_OK);
    for (int i = 0; i < N * D; i++) {
        close_enough(products[i], (above[i] - below[i]) / (2 * h), 1e-6, "product", __LINE__);
    }
    gmm_mixture_free(mixture);
}

static void floats(void)
{
    static float zf[N * D], gf[N * K];
    float loss, energy, diag, d_zf[N * D], d_gf[N * K];
    double d_z[N * D], d_g[N * K], in_double;
    for (int i = 0; i < N * D; i++) {
        zf[i] = (float)z[i];
    }
    for (int i = 0; i < N * K; i++) {
        gf[i] = (float)g[i];
    }
    const gmm_matrix_f32 samples_f = {zf, N, D, D, 1}, shares_f = {gf, N, K, K, 1};
    CHECK(gmm_loss_f32(&samples_f, &shares_f, EPS, 1, 0.05, &loss, &energy, &diag, d_zf, d_gf) == GMM_OK);
    CHECK(gmm_loss_f64(&samples, &shares, EPS, 1, 0.05, &in_double, NULL, NULL, d_z, d_g) == GMM_OK);
    close_enough(loss, in_double, 1e-5, "loss", __LINE__);
    for (int i = 0; i < N * D; i++) {
        close_enough(d_zf[i], d_z[i], 1e-5, "d_z", __LINE__);
    }
    for (int i = 0; i < N * K; i++) {
        close_enough(d_gf[i], d_g[i], 1e-5, "d_gamma", __LINE__);
    }
}

/* Outputs begin with this value, and a refused call must not change it. */
#define MARK 12345

/* A gradient beyond the range of float is refused: 1 / deviation^3 for deviations near 1e-14. */
static void out_of_range(void)
{
    float tiny[2] = {1e-14f, -1e-14f}, ones[2] = {1, 1}, d_z[2] = {MARK, MARK}, loss = MARK;
    const gmm_matrix_f32 zm = {tiny, 2, 1, 1, 1}, gm = {ones, 2, 1, 1, 1};
    REFUSED(gmm_loss_f32(&zm, &gm, 1e-6, 0, 1, &loss, NULL, NULL, d_z, NULL), GMM_OUT_OF_RANGE,
            "gradient of samples leaves the range of f32 at row 0, column 0; rescale the features or use a larger ridge");
    CHECK(loss == MARK && d_z[0] == MARK && d_z[1] == MARK);
}

static void of_mixtures(void)
{
    gmm_mixture *mixture = NULL;
    const double one[1] = {1}, zero[2] = {0, 0}, unit[4] = {1, 0, 0, 1};
    double row[4] = {1, 2, 3, 4}, out[4] = {MARK, MARK, MARK, MARK};
    CHECK(gmm_mixture_create(1, 2, one, zero, unit, &mixture) == GMM_OK);
    const gmm_matrix_f64 zm = {row, 2, 2, 2, 1};
    row[2] = 1e300;
    REFUSED(gmm_mixture_score_function_f64(mixture, &zm, NULL, out), GMM_OUT_OF_RANGE,
            "gradient of an infinite energy leaves the range of f64 at row 1; rescale the features or use a larger ridge");
    row[2] = 3;
    row[0] = NAN;
    CHECK(gmm_mixture_score_function_f64(mixture, &zm, NULL, out) == GMM_NOT_FINITE);
    CHECK(out[0] == MARK && out[1] == MARK && out[2] == MARK && out[3] == MARK);
    row[0] = 1;
    CHECK(gmm_mixture_score_function_f64(mixture, &zm, NULL, out) == GMM_OK);
    /* For a unit normal: minus the sample, and minus the vector. */
    CHECK(out[0] == -1 && out[1] == -2 && out[2] == -3 && out[3] == -4);
    CHECK(gmm_mixture_hessian_vector_products_f64(mixture, &zm, &zm, NULL, out) == GMM_OK);
    CHECK(out[0] == -1 && out[1] == -2 && out[2] == -3 && out[3] == -4);
    gmm_mixture_free(mixture);
}

/* One unit normal, in float: every result is exact. */
static void unit_normal_in_floats(void)
{
    float rows[4] = {1, 2, 3, -4}, along[4] = {1, 0, 0.5f, 2}, out[4], phi[1] = {1}, mu[2] = {0}, unit[4] = {1, 0, 0, 1};
    float log_det[1] = {0}, of_energy[2] = {1, 2}, d_z[4], d_mu[2], ones[2] = {1, 1}, of_mu[2] = {2, 4}, d_gamma[2];
    const gmm_matrix_f32 zm = {rows, 2, 2, 2, 1}, vm = {along, 2, 2, 2, 1}, gm = {ones, 2, 1, 1, 1};
    const double one[1] = {1}, origin[2] = {0, 0}, matrix[4] = {1, 0, 0, 1};
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(1, 2, one, origin, matrix, &mixture) == GMM_OK);
    CHECK(gmm_mixture_score_function_f32(mixture, &zm, NULL, out) == GMM_OK);
    CHECK(out[0] == -1 && out[1] == -2 && out[2] == -3 && out[3] == 4);
    CHECK(gmm_mixture_hessian_vector_products_f32(mixture, &zm, &vm, NULL, out) == GMM_OK);
    CHECK(out[0] == -1 && out[1] == 0 && out[2] == -0.5f && out[3] == -2);
    gmm_mixture_free(mixture);

    /* The energy is |z - mu|^2 / 2 plus a constant: its gradient in z is e z, and that in mu minus their sum. */
    CHECK(gmm_energy_vjp_f32(&zm, 1, phi, mu, unit, unit, log_det, of_energy, 0, d_z, NULL, d_mu, NULL, NULL, NULL) ==
          GMM_OK);
    CHECK(d_z[0] == 1 && d_z[1] == 2 && d_z[2] == 6 && d_z[3] == -8 && d_mu[0] == -7 && d_mu[1] == 6);

    /* mu is the mean of the samples: each gets half of the cotangent. A responsibility gets half the product of the
     * cotangent with the sample's deviation from (2, -1), which is (-1, 3) or (1, -3). */
    CHECK(gmm_params_vjp_f32(&zm, &gm, 0.5f, NULL, of_mu, NULL, NULL, NULL, d_z, d_gamma) == GMM_OK);
    CHECK(d_z[0] == 1 && d_z[1] == 2 && d_z[2] == 1 && d_z[3] == 2);
    CHECK(d_gamma[0] == 5 && d_gamma[1] == -5);
}

/* By hand; and a variance without a gradient. */
static void of_variances(void)
{
    const double cov[] = {2, 0.5, 0.5, 1}, none[] = {1, 0, 0, 0};
    const float floats[] = {2, 0.5f, 0.5f, 1};
    double out[4] = {7, 7, 7, 7};
    float float_out[4];
    CHECK(gmm_cov_diag_vjp_f64(1, 2, cov, 4, out) == GMM_OK && out[0] == -1 && out[1] == 0 && out[3] == -4);
    CHECK(gmm_cov_diag_vjp_f32(1, 2, floats, 4, float_out) == GMM_OK && float_out[0] == -1 && float_out[3] == -4);
    CHECK(gmm_cov_diag_vjp_f64(1, 2, none, 1, out) == GMM_OUT_OF_RANGE && out[0] == -1);
    CHECK(gmm_cov_diag_vjp_f64(1, 2, none, 0, out) == GMM_OK && out[0] == 0 && out[3] == 0);
}

int main(void)
{
    draw();
    of_variances();
    doubles();
    floats();
    out_of_range();
    of_mixtures();
    unit_normal_in_floats();
    return 0;
}
