/* A program that knows gmm as it is installed and nothing else of the project. */
#include <gmm.h>

#include <math.h>
#include <stdio.h>

int main(void)
{
    /* The density of N(0, 1) at 0 is 1 / sqrt(2 pi). */
    const double weights[1] = {1.0}, means[1] = {0.0}, covariances[1] = {1.0}, sample[1] = {0.0};
    gmm_matrix_f64 samples = {sample, 1, 1, 1, 1};
    gmm_mixture *mixture = NULL;
    double energy = 0.0;

    if (gmm_mixture_create(1, 1, weights, means, covariances, &mixture) != GMM_OK ||
        gmm_mixture_energies_f64(mixture, &samples, NULL, &energy) != GMM_OK) {
        fprintf(stderr, "gmm: %s\n", gmm_last_error_message());
        return 1;
    }
    gmm_mixture_free(mixture);
    printf("%s %.15f\n", gmm_version(), energy);
    return fabs(energy - 0.91893853320467274) < 1e-15 ? 0 : 1;
}
