/* Losses in training and running moments, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 4, D = 2, K = 2 };

static void running_moments(void)
{
    gmm_running *slot, **out = &slot, *live = NULL;
    gmm_training_options options_, *options = &options_;
    gmm_mixture *mixture_slot, **mixture_out = &mixture_slot;
    double decay = 0.5;
    EXPECT(gmm_training_options_init(&options_), GMM_OK);
    WITH(options, NULL, (gmm_training_options_init)(options, sizeof *options), GMM_NULL_POINTER);
    EXPECT((gmm_training_options_init)(ASKEW(options), sizeof *options), GMM_INVALID_ARGUMENT);
    EXPECT((gmm_training_options_init)(options, 0), GMM_INVALID_ARGUMENT);
    EXPECT((gmm_training_options_init)(options, sizeof *options - 1), GMM_INVALID_ARGUMENT);
    EXPECT((gmm_training_options_init)(options, SIZE_MAX), GMM_INVALID_ARGUMENT);
    OUTPUT(slot), OUTPUT(mixture_slot);

#define CALL FREED(gmm_running_create(decay, out), slot, gmm_running_free)
    BAD_INPUT(out, CALL);
    NOT_FINITE(decay, CALL, GMM_INVALID_ARGUMENT);
    WITH(decay, -0.1, CALL, GMM_INVALID_ARGUMENT);
    WITH(decay, 1, CALL, GMM_INVALID_ARGUMENT);
    WITH(decay, 0, CALL, GMM_OK);
#undef CALL

    EXPECT(gmm_running_create(decay, &live), GMM_OK);
    const gmm_running *running = live;
#define CALL FREED(gmm_running_mixture(running, options, mixture_out), mixture_slot, gmm_mixture_free)
    WITH(running, NULL, CALL, GMM_NULL_POINTER);
    /* No batch was added. */
    EXPECT(CALL, GMM_INVALID_ARGUMENT);
    const double z_[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, gamma_[N] = {1, 1, 1, 1};
    const gmm_matrix_f64 z = {z_, N, D, D, 1}, gamma = {gamma_, N, 1, 1, 1};
    options->running = live;
    EXPECT(gmm_training_loss_f64(&z, &gamma, options, NULL, NULL, NULL, NULL, NULL, NULL, NULL), GMM_OK);
    BAD_INPUT(mixture_out, CALL);
    BAD_SIZE(gmm_training_options, options, CALL);
    NOT_FINITE(options->eps, CALL, GMM_INVALID_ARGUMENT);
    WITH(options->eps, -1, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(options->ridge_limit, CALL, GMM_INVALID_ARGUMENT);
    WITH(options->drop_empty, 2, CALL, GMM_INVALID_ARGUMENT);
    WITH(options, NULL, CALL, GMM_OK);
#undef CALL
    HOLDS(gmm_running_n_batches(live) == 1 && gmm_running_n_batches(NULL) == 0);
    gmm_running_free(live);
    gmm_running_free(NULL);
    unwatch();
}

#define THIS_FILE "training.c"
#include "both.h"

int main(void)
{
    running_moments();
    losses_f64();
    losses_f32();
    return ended();
}

#else

static void OF(losses)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, shares[N * K] = {1, 0, 0.5f, 0.5f, 0, 1, 0.25f, 0.75f};
    REAL loss_, mean_, diag_, d_z_[N * D], d_gamma_[N * K];
    REAL *loss = &loss_, *mean = &mean_, *diag = &diag_, *d_z = d_z_, *d_gamma = d_gamma_;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1}, gamma_ = {shares, N, K, K, 1};
    const OF(gmm_matrix) *z = &z_, *gamma = &gamma_;
    gmm_training_options options_, *options = &options_;
    gmm_running *running = NULL;
    gmm_mixture *slot, **out = &slot;
    gmm_training_options_init(&options_);
    EXPECT(gmm_running_create(0.5, &running), GMM_OK);
    OUTPUT(loss_), OUTPUT(mean_), OUTPUT(diag_), OUTPUT(d_z_), OUTPUT(d_gamma_), OUTPUT(slot);
    WATCH(samples), WATCH(shares);

#define CALL                                                                                            \
    FREED(OF(gmm_training_loss)(z, gamma, options, NULL, loss, mean, diag, d_z, d_gamma, out),          \
          out == NULL ? NULL : *out, gmm_mixture_free)
    for (int remembers = 0; remembers < 2; remembers++) {
        options_.running = remembers ? running : NULL;
        BAD_MATRIX(z_, z, CALL);
        BAD_MATRIX(gamma_, gamma, CALL);
        BAD_OPTIONAL_OUTPUT(loss, samples, CALL);
        BAD_OPTIONAL_OUTPUT(mean, shares + N * K - 1, CALL);
        BAD_OPTIONAL_OUTPUT(diag, d_z_, CALL);
        BAD_OPTIONAL_OUTPUT(d_z, samples, CALL);
        BAD_OPTIONAL_OUTPUT(d_gamma, d_z_ + N * D - 1, CALL);
        WITH(out, ASKEW(out), OF(gmm_training_loss)(z, gamma, options, NULL, loss, mean, diag, d_z, d_gamma, out),
             GMM_INVALID_ARGUMENT);
        WITH(out, (void *)samples, OF(gmm_training_loss)(z, gamma, options, NULL, loss, mean, diag, d_z, d_gamma, out),
             GMM_INVALID_ARGUMENT);
        WITH(gamma_.rows, N - 1, CALL, GMM_INVALID_SHAPE);
        NOT_FINITE(samples[5], CALL, GMM_NOT_FINITE);
        NOT_FINITE(shares[3], CALL, GMM_NOT_FINITE);
        WITH(shares[3], -0.5f, CALL, GMM_NEGATIVE);
        NOT_FINITE(options_.eps, CALL, GMM_INVALID_ARGUMENT);
        WITH(options_.eps, -1, CALL, GMM_INVALID_ARGUMENT);
        NOT_FINITE(options_.ridge_limit, CALL, GMM_INVALID_ARGUMENT);
        WITH(options_.ridge_limit, -1, CALL, GMM_INVALID_ARGUMENT);
        NOT_FINITE(options_.w_energy, CALL, GMM_INVALID_ARGUMENT);
        NOT_FINITE(options_.w_cov_diag, CALL, GMM_INVALID_ARGUMENT);
        WITH(options_.drop_empty, -1, CALL, GMM_INVALID_ARGUMENT);
        WITH(options_.drop_empty, 2, CALL, GMM_INVALID_ARGUMENT);
        /* No refused batch was counted. */
        HOLDS(gmm_running_n_batches(running) == 0);
    }
    options_.running = NULL;
    BAD_SIZE(gmm_training_options, options, CALL);
    WITH(options, NULL, CALL, GMM_OK);
    WITH(out, NULL, CALL, GMM_OK);
    WITH(d_z, NULL, CALL, GMM_OK);
    EXPECT(OF(gmm_training_loss)(z, gamma, options, NULL, NULL, NULL, NULL, NULL, NULL, NULL), GMM_OK);
    FROM_THE_END(z_, CALL);
    options_.running = running;
    EXPECT(CALL, GMM_OK);
    HOLDS(gmm_running_n_batches(running) == 1);
    /* A batch of another shape than the batches before. */
    gamma_.cols = 1;
    EXPECT(CALL, GMM_INVALID_SHAPE);
    gamma_.cols = K, z_.cols = 1;
    EXPECT(CALL, GMM_INVALID_SHAPE);
    HOLDS(gmm_running_n_batches(running) == 1);
#undef CALL
    gmm_running_free(running);
    unwatch();
}

#endif
