/* The library loaded by dlopen and dlsym, in a program that is not linked with it. */
#ifndef LOADED_H
#define LOADED_H

#include "host.h"

#include <dlfcn.h>

#define FUNCTIONS(each)              \
    each(gmm_version)                \
    each(gmm_last_error_message)     \
    each(gmm_threads_create)         \
    each(gmm_threads_free)           \
    each(gmm_fit_options_init)       \
    each(gmm_mixture_create)         \
    each(gmm_mixture_fit_f64)        \
    each(gmm_mixture_energies_f64)   \
    each(gmm_mixture_means)          \
    each(gmm_mixture_save)           \
    each(gmm_mixture_load)           \
    each(gmm_mixture_free)

typedef struct gmm {
    void *library;
#define POINTER(name) __typeof__(name) *name;
    FUNCTIONS(POINTER)
#undef POINTER
} gmm;

static inline gmm load(const char *path, int flags)
{
    gmm loaded = {.library = dlopen(path, flags)};
    if (loaded.library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        _exit(1);
    }
    /* ISO C has no conversion for the result of dlsym; POSIX prescribes this one. */
#define FIND(name)                                            \
    *(void **)(&loaded.name) = dlsym(loaded.library, #name); \
    CHECK(loaded.name != NULL);
    FUNCTIONS(FIND)
#undef FIND
    return loaded;
}

/* Fits and scores; `energies` gets N of them. */
static inline void use(const gmm *gmm, const gmm_threads *threads, double *energies)
{
    const gmm_matrix_f64 z = {samples, N, D, D, 1};
    gmm_fit_options options;
    gmm_mixture *mixture = NULL;
    CHECK((gmm->gmm_fit_options_init)(&options, sizeof options) == GMM_OK);
    options.n_components = K;
    options.max_iter = 3;
    CHECK(gmm->gmm_mixture_fit_f64(&z, &options, threads, &mixture, NULL) == GMM_OK);
    CHECK(gmm->gmm_mixture_energies_f64(mixture, &z, threads, energies) == GMM_OK);
    gmm->gmm_mixture_free(mixture);
}

/* A call that is refused, with a message of `size` components. */
static inline void refused(const gmm *gmm, size_t size)
{
    char wanted[64];
    gmm_threads *threads = NULL;
    snprintf(wanted, sizeof wanted, "count is %zu; it must be at most 4096", size);
    CHECK(gmm->gmm_threads_create(size, &threads) == GMM_INVALID_ARGUMENT && threads == NULL);
    CHECK(strcmp(gmm->gmm_last_error_message(), wanted) == 0);
}

#endif
