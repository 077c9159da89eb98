/* Training losses: the plain loss by default, repaired batches, running moments; in double and in float. */
#include "check.h"

enum { N = 6, D = 2, K = 2 };

static double z[N * D] = {0, 1, 2, 5, 1, 2, 9, 8, 7, 9, 8, 6.5};
static double g[N * K] = {1, 0.25, 0.75, 0.5, 0.5, 0.125, 0.25, 1, 0, 0.75, 0.125, 0.5};
static const gmm_matrix_f64 samples = {z, N, D, D, 1}, shares = {g, N, K, K, 1};

static gmm_training_options plain(void)
{
    gmm_training_options options;
    CHECK(gmm_training_options_init(&options) == GMM_OK && options.size == sizeof options);
    CHECK(options.eps == 1e-6 && options.w_energy == 1 && options.w_cov_diag == 0.005);
    CHECK(options.ridge_limit == 0 && options.drop_empty == 0 && options.running == NULL);
    return options;
}

/* With the defaults the loss is that of gmm_loss, bit for bit, on any threads. */
static void with_the_defaults(void)
{
    gmm_training_options options = plain();
    gmm_threads *two = NULL;
    double got[3], wanted[3], d_z[N * D], d_g[N * K], of_z[N * D], of_g[N * K], means[K * D], phi[K], mu[K * D];
    double cov[K * D * D], chol[K * D * D], log_det[K];
    gmm_mixture *mixture = NULL;
    CHECK(gmm_threads_create(2, &two) == GMM_OK);
    CHECK(gmm_loss_f64(&samples, &shares, 1e-6, 1, 0.005, &wanted[0], &wanted[1], &wanted[2], of_z, of_g) == GMM_OK);
    for (int given = 0; given < 2; given++) {
        CHECK(gmm_training_loss_f64(&samples, &shares, given ? &options : NULL, given ? two : NULL, &got[0], &got[1],
                                    &got[2], d_z, d_g, given ? &mixture : NULL) == GMM_OK);
        CHECK(memcmp(got, wanted, sizeof got) == 0 && memcmp(d_z, of_z, sizeof d_z) == 0);
        CHECK(memcmp(d_g, of_g, sizeof d_g) == 0);
    }
    CHECK(gmm_params_f64(&samples, &shares, 1e-6, phi, mu, cov, chol, log_det) == GMM_OK);
    CHECK(gmm_mixture_means(mixture, means, K * D) == GMM_OK && memcmp(means, mu, sizeof mu) == 0);
    gmm_mixture_free(mixture);
    gmm_threads_free(two);
}

/* Component 1 has no samples, and feature 1 of the other is constant: without a ridge, no covariance is positive
 * definite. */
static void mended(void)
{
    double flat[3 * D] = {1, 5, 3, 5, 4, 5}, half[3 * K] = {1, 0, 1, 0, 0.5, 0}, alone[3] = {1, 1, 0.5};
    double loss, by_hand, d_z[3 * D], d_g[3 * K], of_z[3 * D], of_g[3], weights[K];
    const gmm_matrix_f64 zm = {flat, 3, D, D, 1}, gm = {half, 3, K, K, 1}, one = {alone, 3, 1, 1, 1};
    gmm_training_options options = plain();
    gmm_mixture *mixture = NULL;
    options.eps = 0, options.w_cov_diag = 0;
    CHECK(gmm_training_loss_f64(&zm, &gm, &options, NULL, &loss, NULL, NULL, d_z, d_g, NULL) == GMM_EMPTY_COMPONENT);
    options.drop_empty = 1;
    CHECK(gmm_training_loss_f64(&zm, &gm, &options, NULL, &loss, NULL, NULL, d_z, d_g, NULL) ==
          GMM_NOT_POSITIVE_DEFINITE);
    options.ridge_limit = 1e-2;
    CHECK(gmm_training_loss_f64(&zm, &gm, &options, NULL, &loss, NULL, NULL, d_z, d_g, &mixture) == GMM_OK);
    CHECK(gmm_mixture_weights(mixture, weights, K) == GMM_OK);
    CLOSE(weights[0], 2.5 / 3);
    CHECK(weights[1] == 0);
    /* The ridge that was needed is visible in the log-determinant: the variance of the other feature is 1.36. */
    double log_dets[K];
    CHECK(gmm_mixture_log_dets(mixture, log_dets, K) == GMM_OK);
    const double variance = (1 * 1.4 * 1.4 + 0.6 * 0.6 + 0.5 * 1.6 * 1.6) / 2.5, ridge = exp(log_dets[0]) / variance;
    CHECK(ridge > 0 && ridge <= 1e-2);
    /* The same component alone, with that ridge from the start; ridge^2 is too small for the compared digits. */
    CHECK(gmm_loss_f64(&zm, &one, ridge, 1, 0, &by_hand, NULL, NULL, of_z, of_g) == GMM_OK);
    close_enough(loss, by_hand, 1e-9, "loss", __LINE__);
    for (int i = 0; i < 3 * D; i++) {
        close_enough(d_z[i], of_z[i], 1e-9, "d_z", __LINE__);
    }
    for (int i = 0; i < 3; i++) {
        close_enough(d_g[i * K], of_g[i], 1e-9, "d_gamma", __LINE__);
        CHECK(d_g[i * K + 1] == 0);
    }
    gmm_mixture_free(mixture);
}

/* Three batches of one component in one feature, by hand: means and variances are 1/2 of the past plus 1/2 of the
 * batch. */
static void running(void)
{
    static const float batches[3][2] = {{0, 2}, {4, 6}, {1, 3}};
    static const double means[3] = {1, 3, 2.5}, seconds[3] = {2, 14, 9.5};
    const float ones[2] = {1, 1};
    gmm_training_options options = plain();
    gmm_running *running = NULL;
    gmm_mixture *mixture = NULL;
    CHECK(gmm_running_create(0.5, &running) == GMM_OK && gmm_running_n_batches(running) == 0);
    options.running = running;
    for (int batch = 0; batch < 3; batch++) {
        const gmm_matrix_f32 zf = {batches[batch], 2, 1, 1, 1}, gf = {ones, 2, 1, 1, 1};
        double in_double[2] = {batches[batch][0], batches[batch][1]}, weights[2] = {1, 1}, mean, variance;
        const gmm_matrix_f64 zd = {in_double, 2, 1, 1, 1}, gd = {weights, 2, 1, 1, 1};
        float energy_f;
        double energy_d;
        /* Batches of floats and doubles may be mixed. */
        if (batch == 1) {
            CHECK(gmm_training_loss_f64(&zd, &gd, &options, NULL, NULL, &energy_d, NULL, NULL, NULL, NULL) == GMM_OK);
        } else {
            CHECK(gmm_training_loss_f32(&zf, &gf, &options, NULL, NULL, &energy_f, NULL, NULL, NULL, NULL) == GMM_OK);
            energy_d = energy_f;
        }
        CHECK(gmm_running_n_batches(running) == (uint64_t)batch + 1);
        CHECK(gmm_running_mixture(running, &options, &mixture) == GMM_OK);
        CHECK(gmm_mixture_means(mixture, &mean, 1) == GMM_OK);
        CHECK(gmm_mixture_dense_covariances(mixture, &variance, 1) == GMM_OK);
        CLOSE(mean, means[batch]);
        CLOSE(variance, seconds[batch] - means[batch] * means[batch]);
        double total = 0;
        for (int i = 0; i < 2; i++) {
            total += 0.5 * (log(2 * acos(-1) * (variance + 1e-6)) + pow(in_double[i] - mean, 2) / (variance + 1e-6));
        }
        close_enough(energy_d, total / 2, 1e-6, "energy", __LINE__);
        gmm_mixture_free(mixture);
    }
    gmm_running_free(running);
}

/* Gradients are compared with differences; each difference starts from the running state before the batch. */
static double value_after(const double *first)
{
    gmm_training_options options = plain();
    gmm_matrix_f64 before = samples;
    double loss;
    before.data = first;
    CHECK(gmm_running_create(0.75, &options.running) == GMM_OK);
    CHECK(gmm_training_loss_f64(&before, &shares, &options, NULL, NULL, NULL, NULL, NULL, NULL, NULL) == GMM_OK);
    CHECK(gmm_training_loss_f64(&samples, &shares, &options, NULL, &loss, NULL, NULL, NULL, NULL, NULL) == GMM_OK);
    gmm_running_free(options.running);
    return loss;
}

static void gradients_of_running_losses(void)
{
    double first[N * D], d_z[N * D];
    gmm_training_options options = plain();
    for (int i = 0; i < N * D; i++) {
        first[i] = z[i] + (i % 3) * 0.5 - 0.25;
    }
    gmm_matrix_f64 before = samples;
    before.data = first;
    CHECK(gmm_running_create(0.75, &options.running) == GMM_OK);
    CHECK(gmm_training_loss_f64(&before, &shares, &options, NULL, NULL, NULL, NULL, NULL, NULL, NULL) == GMM_OK);
    CHECK(gmm_training_loss_f64(&samples, &shares, &options, NULL, NULL, NULL, NULL, d_z, NULL, NULL) == GMM_OK);
    gmm_running_free(options.running);
    for (int i = 0; i < N * D; i++) {
        const double was = z[i], h = 1e-5;
        z[i] = was + h;
        const double above = value_after(first);
        z[i] = was - h;
        const double below = value_after(first);
        z[i] = was;
        close_enough(d_z[i], (above - below) / (2 * h), 1e-8, "d_z", __LINE__);
    }
}

int main(void)
{
    with_the_defaults();
    mended();
    running();
    gradients_of_running_losses();
    return 0;
}
