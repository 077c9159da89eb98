/* A program linked with the library loads a plug-in that brings its own copy of it.
 *
 * usage: beside COPY
 */
#include "loaded.h"

static double wanted[N], energies[N];

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    draw();
    const gmm_matrix_f64 z = {samples, N, D, D, 1};
    gmm_fit_options options;
    gmm_mixture *mixture = NULL;
    gmm_threads *none = NULL;
    CHECK(gmm_fit_options_init(&options) == GMM_OK);
    options.n_components = K, options.max_iter = 3;
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL) == GMM_OK);
    CHECK(gmm_mixture_energies_f64(mixture, &z, NULL, wanted) == GMM_OK);
    CHECK(gmm_threads_create(7000, &none) == GMM_INVALID_ARGUMENT);

    for (int global = 0; global < 2; global++) {
        gmm copy = load(argv[1], RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
        CHECK(copy.gmm_version != gmm_version);
        use(&copy, NULL, energies);
        CHECK(memcmp(energies, wanted, sizeof wanted) == 0);
        refused(&copy, 5000);
        CHECK(strncmp(gmm_last_error_message(), "count is 7000;", 14) == 0);
        CHECK(dlclose(copy.library) == 0);
    }
    CHECK(gmm_mixture_energies_f64(mixture, &z, NULL, energies) == GMM_OK);
    CHECK(memcmp(energies, wanted, sizeof wanted) == 0);
    gmm_mixture_free(mixture);
    return 0;
}
