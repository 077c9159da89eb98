/* Gradients, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 4, D = 2, K = 2 };

#define THIS_FILE "grad.c"
#include "both.h"

int main(void)
{
    loss_f64();
    loss_f32();
    through_params_f64();
    through_params_f32();
    through_energy_f64();
    through_energy_f32();
    of_density_f64();
    of_density_f32();
    of_cov_diag_f64();
    of_cov_diag_f32();
    return ended();
}

#else

static void OF(loss)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, shares[N * K] = {1, 0, 0.5f, 0.5f, 0, 1, 0.25f, 0.75f};
    REAL loss_, mean_, diag_, d_z_[N * D], d_gamma_[N * K];
    REAL *loss = &loss_, *mean = &mean_, *diag = &diag_, *d_z = d_z_, *d_gamma = d_gamma_;
    double eps = 1e-6, w_energy = 1, w_cov_diag = 0.5;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1}, gamma_ = {shares, N, K, K, 1};
    const OF(gmm_matrix) *z = &z_, *gamma = &gamma_;
    OUTPUT(loss_), OUTPUT(mean_), OUTPUT(diag_), OUTPUT(d_z_), OUTPUT(d_gamma_), WATCH(samples), WATCH(shares);

#define CALL OF(gmm_loss)(z, gamma, eps, w_energy, w_cov_diag, loss, mean, diag, d_z, d_gamma)
    BAD_MATRIX(z_, z, CALL);
    BAD_MATRIX(gamma_, gamma, CALL);
    BAD_OPTIONAL_OUTPUT(loss, samples, CALL);
    BAD_OPTIONAL_OUTPUT(mean, shares + N * K - 1, CALL);
    BAD_OPTIONAL_OUTPUT(diag, d_z_, CALL);
    BAD_OPTIONAL_OUTPUT(d_z, samples, CALL);
    BAD_OPTIONAL_OUTPUT(d_gamma, d_z_ + N * D - 1, CALL);
    WITH(gamma_.rows, N - 1, CALL, GMM_INVALID_SHAPE);
    NOT_FINITE(samples[5], CALL, GMM_NOT_FINITE);
    NOT_FINITE(shares[3], CALL, GMM_NOT_FINITE);
    WITH(shares[3], -0.5f, CALL, GMM_NEGATIVE);
    NOT_FINITE(eps, CALL, GMM_INVALID_ARGUMENT);
    WITH(eps, -1, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(w_energy, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(w_cov_diag, CALL, GMM_INVALID_ARGUMENT);
    /* A feature without variance: the gradient of its inverse is not finite. */
    REAL kept[N] = {samples[1], samples[3], samples[5], samples[7]};
    samples[1] = samples[3] = samples[5] = samples[7] = 7;
    EXPECT(CALL, GMM_OUT_OF_RANGE);
    samples[1] = kept[0], samples[3] = kept[1], samples[5] = kept[2], samples[7] = kept[3];
    /* All rows equal the first; and a component without samples. */
    eps = 0;
    WITH(z_.row_stride, 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
    shares[0] = shares[2] = shares[6] = 0;
    EXPECT(CALL, GMM_EMPTY_COMPONENT);
    shares[0] = 1, shares[2] = 0.5f, shares[6] = 0.25f, eps = 1e-6;
    WITH(d_z, NULL, CALL, GMM_OK);
    WITH(d_gamma, NULL, CALL, GMM_OK);
    EXPECT(OF(gmm_loss)(z, gamma, eps, w_energy, w_cov_diag, NULL, NULL, NULL, NULL, NULL), GMM_OK);
    FROM_THE_END(z_, CALL);
    FROM_THE_END(gamma_, CALL);
#undef CALL
    unwatch();
}

static void OF(through_params)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, shares[N * K] = {1, 0, 0.5f, 0.5f, 0, 1, 0.25f, 0.75f};
    REAL of_phi[K] = {1, 2}, of_mu[K * D] = {1}, of_cov[K * D * D] = {1}, of_chol[K * D * D] = {1}, of_det[K] = {1};
    REAL d_z_[N * D], d_gamma_[N * K], *d_z = d_z_, *d_gamma = d_gamma_;
    const REAL *d_phi = of_phi, *d_mu = of_mu, *d_cov = of_cov, *d_chol = of_chol, *d_log_det = of_det;
    REAL eps = (REAL)1e-6;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1}, gamma_ = {shares, N, K, K, 1};
    const OF(gmm_matrix) *z = &z_, *gamma = &gamma_;
    OUTPUT(d_z_), OUTPUT(d_gamma_), WATCH(samples), WATCH(shares), WATCH(of_mu), WATCH(of_cov);

#define CALL OF(gmm_params_vjp)(z, gamma, eps, d_phi, d_mu, d_cov, d_chol, d_log_det, d_z, d_gamma)
    BAD_MATRIX(z_, z, CALL);
    BAD_MATRIX(gamma_, gamma, CALL);
    BAD_OPTIONAL_INPUT(d_phi, CALL);
    BAD_OPTIONAL_INPUT(d_mu, CALL);
    BAD_OPTIONAL_INPUT(d_cov, CALL);
    BAD_OPTIONAL_INPUT(d_chol, CALL);
    BAD_OPTIONAL_INPUT(d_log_det, CALL);
    BAD_OPTIONAL_OUTPUT(d_z, of_mu, CALL);
    BAD_OPTIONAL_OUTPUT(d_gamma, d_z_ + 1, CALL);
    WITH(gamma_.rows, N - 1, CALL, GMM_INVALID_SHAPE);
    NOT_FINITE(samples[5], CALL, GMM_NOT_FINITE);
    NOT_FINITE(shares[3], CALL, GMM_NOT_FINITE);
    NOT_FINITE(of_phi[1], CALL, GMM_NOT_FINITE);
    NOT_FINITE(of_mu[3], CALL, GMM_NOT_FINITE);
    NOT_FINITE(of_cov[7], CALL, GMM_NOT_FINITE);
    NOT_FINITE(of_chol[7], CALL, GMM_NOT_FINITE);
    NOT_FINITE(of_det[1], CALL, GMM_NOT_FINITE);
    WITH(shares[3], -0.5f, CALL, GMM_NEGATIVE);
    NOT_FINITE(eps, CALL, GMM_INVALID_ARGUMENT);
    WITH(eps, -1, CALL, GMM_INVALID_ARGUMENT);
    /* Elements above the diagonal of a factor are not read. */
    WITH(of_chol[1], NAN, CALL, GMM_OK);
    WITH(d_mu, NULL, CALL, GMM_OK);
    /* Without gradients to pass on, the result is zero. */
    EXPECT(OF(gmm_params_vjp)(z, gamma, eps, NULL, NULL, NULL, NULL, NULL, d_z, d_gamma), GMM_OK);
    HOLDS(d_z_[0] == 0 && d_z_[N * D - 1] == 0 && d_gamma_[0] == 0 && d_gamma_[N * K - 1] == 0);
    FROM_THE_END(z_, CALL);
#undef CALL
    unwatch();
}

static void OF(through_energy)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, weights[K] = {0.5f, 0.5f}, means[K * D] = {0, 0, 1, 1};
    REAL matrices[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1}, factors[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1}, dets[K] = {0};
    REAL of_energy[N] = {1, -1, 0, 2};
    REAL d_z_[N * D], d_phi_[K], d_mu_[K * D], d_cov_[K * D * D], d_chol_[K * D * D], d_det_[K];
    REAL *d_z = d_z_, *d_phi = d_phi_, *d_mu = d_mu_, *d_cov = d_cov_, *d_chol = d_chol_, *d_log_det = d_det_;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    const REAL *phi = weights, *mu = means, *cov = matrices, *chol = factors, *log_det = dets, *d_energy = of_energy;
    double d_cov_diag = 1;
    size_t k = K;
    OUTPUT(d_z_), OUTPUT(d_phi_), OUTPUT(d_mu_), OUTPUT(d_cov_), OUTPUT(d_chol_), OUTPUT(d_det_), WATCH(samples);

#define CALL                                                                                             \
    OF(gmm_energy_vjp)(z, k, phi, mu, cov, chol, log_det, d_energy, d_cov_diag, d_z, d_phi, d_mu, d_cov, \
                       d_chol, d_log_det)
    BAD_MATRIX(z_, z, CALL);
    BAD_INPUT(phi, CALL);
    BAD_INPUT(mu, CALL);
    BAD_INPUT(cov, CALL);
    BAD_INPUT(chol, CALL);
    BAD_INPUT(log_det, CALL);
    BAD_INPUT(d_energy, CALL);
    BAD_OPTIONAL_OUTPUT(d_z, samples, CALL);
    BAD_OPTIONAL_OUTPUT(d_phi, weights, CALL);
    BAD_OPTIONAL_OUTPUT(d_mu, of_energy, CALL);
    BAD_OPTIONAL_OUTPUT(d_cov, d_chol_, CALL);
    BAD_OPTIONAL_OUTPUT(d_chol, factors, CALL);
    BAD_OPTIONAL_OUTPUT(d_log_det, d_z_ + N * D - 1, CALL);
    WITH(k, 0, CALL, GMM_INVALID_SHAPE);
    WITH(k, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(k, PTRDIFF_MAX / D / D, CALL, GMM_SIZE_OVERFLOW);
    NOT_FINITE(samples[1], CALL, GMM_NOT_FINITE);
    NOT_FINITE(weights[0], CALL, GMM_NOT_FINITE);
    NOT_FINITE(means[3], CALL, GMM_NOT_FINITE);
    NOT_FINITE(matrices[4], CALL, GMM_NOT_FINITE);
    NOT_FINITE(factors[6], CALL, GMM_NOT_FINITE);
    NOT_FINITE(dets[1], CALL, GMM_NOT_FINITE);
    NOT_FINITE(of_energy[2], CALL, GMM_NOT_FINITE);
    NOT_FINITE(d_cov_diag, CALL, GMM_INVALID_ARGUMENT);
    WITH(weights[0], -0.5f, CALL, GMM_NEGATIVE);
    WITH(factors[3], 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
    WITH(factors[1], NAN, CALL, GMM_OK);
    WITH(d_z, NULL, CALL, GMM_OK);
    WITH(d_cov, NULL, CALL, GMM_OK);
    FROM_THE_END(z_, CALL);
#undef CALL
    unwatch();
}

static void OF(of_cov_diag)(void)
{
    REAL cov_[D * D] = {2, 0.5, 0.5, 1}, out_[D * D], *out = out_;
    const REAL *cov = cov_;
    size_t k = 1, d = D;
    double cotangent = 1;
    OUTPUT(out_), WATCH(cov_);
#define CALL OF(gmm_cov_diag_vjp)(k, d, cov, cotangent, out)
    BAD_INPUT(cov, CALL);
    BAD_OUTPUT(out, cov_, CALL);
    WITH(k, 0, CALL, GMM_INVALID_SHAPE);
    WITH(d, 0, CALL, GMM_INVALID_SHAPE);
    WITH(k, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(cov_[0], 0, CALL, GMM_OUT_OF_RANGE);
    EXPECT(CALL, GMM_OK);
#undef CALL
    HOLDS(out_[0] == (REAL)-0.25 && out_[1] == 0 && out_[2] == 0 && out_[3] == -1);
    unwatch();
}

static void OF(of_density)(void)
{
    const double one[1] = {1}, origin[D] = {0, 0}, unit[D * D] = {1, 0, 0, 1};
    REAL rows[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, along[N * D] = {1, 0, 0, 1, 1, 1, 2, 2}, out_[N * D], *out = out_;
    OF(gmm_matrix) samples_ = {rows, N, D, D, 1}, vectors_ = {along, N, D, D, 1};
    const OF(gmm_matrix) *samples = &samples_, *vectors = &vectors_;
    gmm_mixture *live = NULL;
    EXPECT(gmm_mixture_create(1, D, one, origin, unit, &live), GMM_OK);
    const gmm_mixture *mixture = live;
    OUTPUT(out_), WATCH(rows), WATCH(along);

#define CALL OF(gmm_mixture_score_function)(mixture, samples, NULL, out)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(samples_, samples, CALL);
    BAD_OUTPUT(out, rows, CALL);
    WITH(samples_.cols, 1, CALL, GMM_INVALID_SHAPE);
    NOT_FINITE(rows[7], CALL, GMM_NOT_FINITE);
    FROM_THE_END(samples_, CALL);
#undef CALL

#define CALL OF(gmm_mixture_hessian_vector_products)(mixture, samples, vectors, NULL, out)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(samples_, samples, CALL);
    BAD_MATRIX(vectors_, vectors, CALL);
    BAD_OUTPUT(out, along, CALL);
    WITH(samples_.cols, 1, CALL, GMM_INVALID_SHAPE);
    WITH(vectors_.rows, N - 1, CALL, GMM_INVALID_SHAPE);
    NOT_FINITE(rows[7], CALL, GMM_NOT_FINITE);
    NOT_FINITE(along[7], CALL, GMM_NOT_FINITE);
    FROM_THE_END(vectors_, CALL);
#undef CALL
    unwatch();
    gmm_mixture_free(live);
}

#endif
