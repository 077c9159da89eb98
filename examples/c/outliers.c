/* Fits a mixture to points in the plane and prints how unusual each of a few others is.
 *
 *     cargo build --release -p gmm-ffi
 *     cc -I include examples/c/outliers.c -L target/release -lgmm -Wl,-rpath,$PWD/target/release -o outliers
 *     ./outliers
 */
#include <gmm.h>

#include <stdio.h>

static const double points[][2] = {
    {0.9, 1.1}, {1.2, 0.8}, {1.0, 1.3}, {0.7, 0.9}, {1.1, 1.0}, {0.8, 1.2},
    {4.9, 5.2}, {5.3, 4.8}, {5.0, 5.1}, {4.7, 4.9}, {5.1, 5.4}, {5.2, 5.0},
};
static const double others[][2] = {{1.0, 1.0}, {5.0, 5.0}, {3.0, 3.0}, {9.0, 0.0}};

int main(void)
{
    gmm_matrix_f64 samples = {points[0], 12, 2, 2, 1};
    gmm_matrix_f64 questions = {others[0], 4, 2, 2, 1};
    gmm_fit_options options;
    gmm_mixture *mixture = NULL;
    double energies[4];

    gmm_fit_options_init(&options);
    options.n_components = 2;
    options.reg_covar = 1e-3;
    if (gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL) != GMM_OK ||
        gmm_mixture_energies_f64(mixture, &questions, NULL, energies) != GMM_OK) {
        fprintf(stderr, "%s\n", gmm_last_error_message());
        return 1;
    }
    for (int i = 0; i < 4; i++) {
        printf("(%g, %g) has energy %.1f nats\n", others[i][0], others[i][1], energies[i]);
    }
    gmm_mixture_free(mixture);
    return 0;
}
