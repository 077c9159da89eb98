/* gmm_params_* and gmm_energy_*, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 4, D = 2, K = 2 };

#define THIS_FILE "params.c"
#include "both.h"

int main(void)
{
    params_f64();
    params_f32();
    energy_f64();
    energy_f32();
    return ended();
}

#else

static void OF(params)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, shares[N * K] = {1, 0, 0.5f, 0.5f, 0, 1, 0.25f, 0.75f};
    REAL phi_[K], mu_[K * D], cov_[K * D * D], chol_[K * D * D], log_det_[K], eps = (REAL)1e-6;
    REAL *phi = phi_, *mu = mu_, *cov = cov_, *chol = chol_, *log_det = log_det_;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1}, gamma_ = {shares, N, K, K, 1};
    const OF(gmm_matrix) *z = &z_, *gamma = &gamma_;
    OUTPUT(phi_), OUTPUT(mu_), OUTPUT(cov_), OUTPUT(chol_), OUTPUT(log_det_), WATCH(samples), WATCH(shares);

#define CALL OF(gmm_params)(z, gamma, eps, phi, mu, cov, chol, log_det)
    BAD_MATRIX(z_, z, CALL);
    BAD_MATRIX(gamma_, gamma, CALL);
    BAD_OUTPUT(phi, shares, CALL);
    BAD_OUTPUT(mu, samples, CALL);
    BAD_OUTPUT(cov, samples + N * D - 1, CALL);
    BAD_OUTPUT(chol, cov_ + 1, CALL);
    BAD_OUTPUT(log_det, chol_ + K * D * D - 1, CALL);
    WITH(gamma_.rows, N - 1, CALL, GMM_INVALID_SHAPE);
    NOT_FINITE(samples[5], CALL, GMM_NOT_FINITE);
    NOT_FINITE(shares[3], CALL, GMM_NOT_FINITE);
    WITH(shares[3], -0.5f, CALL, GMM_NEGATIVE);
    NOT_FINITE(eps, CALL, GMM_INVALID_ARGUMENT);
    WITH(eps, -1, CALL, GMM_INVALID_ARGUMENT);
    /* All rows equal the first, so their mean is exact; and a component without samples. */
    eps = 0;
    WITH(z_.row_stride, 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
    shares[0] = shares[2] = shares[6] = 0;
    EXPECT(CALL, GMM_EMPTY_COMPONENT);
    shares[0] = 1, shares[2] = 0.5f, shares[6] = 0.25f;
    eps = (REAL)1e-6;
    FROM_THE_END(z_, CALL);
    FROM_THE_END(gamma_, CALL);
    EXPECT(CALL, GMM_OK);
#undef CALL
    unwatch();
}

static void OF(energy)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, weights[K] = {0.5f, 0.5f}, means[K * D] = {0, 0, 1, 1};
    REAL matrices[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1}, factors[K * D * D] = {1, 0, 0, 1, 1, 0, 0, 1}, dets[K] = {0};
    REAL energy_[N], mean_, diag_, *energy = energy_, *mean = &mean_, *diag = &diag_;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1};
    const OF(gmm_matrix) *z = &z_;
    const REAL *phi = weights, *mu = means, *cov = matrices, *chol = factors, *log_det = dets;
    size_t k = K;
    OUTPUT(energy_), OUTPUT(mean_), OUTPUT(diag_), WATCH(samples), WATCH(weights), WATCH(factors);

#define CALL OF(gmm_energy)(z, k, phi, mu, cov, chol, log_det, energy, mean, diag)
    BAD_MATRIX(z_, z, CALL);
    BAD_INPUT(phi, CALL);
    BAD_INPUT(mu, CALL);
    BAD_INPUT(cov, CALL);
    BAD_INPUT(chol, CALL);
    BAD_INPUT(log_det, CALL);
    BAD_OPTIONAL_OUTPUT(energy, samples, CALL);
    BAD_OPTIONAL_OUTPUT(mean, energy_ + N - 1, CALL);
    BAD_OPTIONAL_OUTPUT(diag, dets, CALL);
    WITH(k, 0, CALL, GMM_INVALID_SHAPE);
    WITH(k, SIZE_MAX, CALL, GMM_SIZE_OVERFLOW);
    WITH(k, SIZE_MAX / 8, CALL, GMM_SIZE_OVERFLOW);
    WITH(k, PTRDIFF_MAX / D / D, CALL, GMM_SIZE_OVERFLOW);
    NOT_FINITE(samples[1], CALL, GMM_NOT_FINITE);
    NOT_FINITE(weights[0], CALL, GMM_NOT_FINITE);
    NOT_FINITE(means[3], CALL, GMM_NOT_FINITE);
    NOT_FINITE(matrices[4], CALL, GMM_NOT_FINITE);
    NOT_FINITE(factors[6], CALL, GMM_NOT_FINITE);
    NOT_FINITE(dets[1], CALL, GMM_NOT_FINITE);
    WITH(weights[0], -0.5f, CALL, GMM_NEGATIVE);
    WITH(factors[3], 0, CALL, GMM_NOT_POSITIVE_DEFINITE);
    WITH(factors[3], -1, CALL, GMM_NOT_POSITIVE_DEFINITE);
    weights[1] = 0;
    WITH(weights[0], 0, CALL, GMM_INVALID_ARGUMENT);
    weights[1] = 0.5f;
    /* Elements above the diagonal are not read, and outputs may be NULL. */
    WITH(factors[1], NAN, CALL, GMM_OK);
    WITH(energy, NULL, CALL, GMM_OK);
    WITH(mean, NULL, CALL, GMM_OK);
    WITH(diag, NULL, CALL, GMM_OK);
    EXPECT(OF(gmm_energy)(z, k, phi, mu, cov, chol, log_det, NULL, NULL, NULL), GMM_OK);
    /* One row, repeated. */
    WITH(z_.row_stride, 0, CALL, GMM_OK);
    HOLDS(energy_[0] == energy_[N - 1]);
    FROM_THE_END(z_, CALL);
#undef CALL
    unwatch();
}

#endif
