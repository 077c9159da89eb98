/* Functions without a type of real: handles, getters, defaults and files. */
#ifndef FUZZ_HANDLES_H
#define FUZZ_HANDLES_H

#include "fits.h"

#include <fcntl.h>

static const char *the_folder = ".";

/* The same mixture through bytes, some of which are others. */
static void fuzz_bytes(const gmm_mixture *mixture)
{
    begin_arguments();
    unsigned char *bytes = buffer("bytes", OUTPUT, BYTES, 1, 4096);
    size_t *len = buffer("len", OUTPUT, BYTES, 0, sizeof *len), capacity = once_in(2) ? 4096 : below(4096);
    if (CALL(gmm_mixture_to_bytes(mixture, OPTIONAL(bytes), capacity, PASS(len))) != GMM_OK || *len > 4096) {
        return;
    }
    unsigned char kept[4096];
    size_t n = *len;
    memcpy(kept, bytes, sizeof kept);
    begin_arguments();
    bytes = input("bytes", n);
    memcpy(bytes, kept, n);
    for (size_t change = below(3); change > 0; change--) {
        bytes[below(n)] = (unsigned char)bits();
    }
    gmm_mixture **slot = SLOT(gmm_mixture);
    gmm_mixture_free(MAKE(slot, gmm_mixture_from_bytes(bytes, once_in(4) ? below(n) : n, PASS(slot))));
}

/* Of any type, from covariances, precisions or factors that may be none. */
static void fuzz_types(size_t k, size_t d)
{
    gmm_covariance_type type = once_in(60) ? 17 : (gmm_covariance_type)below(4);
    size_t n = len_of(type, k, d);
    begin_arguments();
    double *phi = weights("weights", k), *mu = list("means", k * d, any_flavour(0), 0);
    double *values = list("covariances", n, any_flavour(0), 1), *factors = list("cholesky", n, any_flavour(0), 1);
    double *ridges = list("ridges", k, any_flavour(0), 1);
    for (size_t i = 0; once_in(2) && i < n; i++) {
        factors[i] = sqrt(values[i]);
    }
    gmm_mixture **slot = SLOT(gmm_mixture), *mixture;
    switch (below(3)) {
    case 0:
        mixture = MAKE(slot, gmm_mixture_create_with_type(type, k, d, PASS(phi), PASS(mu), PASS(values), PASS(slot)));
        break;
    case 1:
        mixture = MAKE(slot, gmm_mixture_create_from_precisions_with_type(type, k, d, PASS(phi), PASS(mu), PASS(values),
                                                                          PASS(slot)));
        break;
    default:
        mixture = MAKE(slot, gmm_mixture_create_from_factors(type, k, d, PASS(phi), PASS(mu), PASS(values),
                                                             OPTIONAL(ridges), PASS(factors), PASS(slot)));
        break;
    }
    if (mixture != NULL) {
        inspect(mixture);
        fuzz_bytes(mixture);
    }
    HOLDS(mixture == NULL || gmm_mixture_len(mixture, GMM_PARAMETER_COVARIANCES) == n);
    gmm_mixture_free(mixture);
}

static void fuzz_handles(void)
{
    size_t k = 1 + below(3), d = 1 + below(4);
    fuzz_types(k, d);
    gmm_mixture *mixture = any_mixture(k, d);
    if (mixture != NULL) {
        inspect(mixture);
    }
    /* Lengths that do not match the mixture, and NULL for the mixture. */
    static gmm_status (*const gmm_mixture_readers[])(const gmm_mixture *, double *, size_t) = {
        gmm_mixture_weights,   gmm_mixture_means,    gmm_mixture_dense_covariances,          gmm_mixture_covariances,
        gmm_mixture_cholesky, gmm_mixture_log_dets, gmm_mixture_precisions_cholesky,
    };
    size_t len = once_in(3) ? huge() : below(40);
    begin_arguments();
    double *out = output("out", FINITE, len < 40 ? len : 1);
    CALL(gmm_mixture_readers[below(7)](mixture, PASS(out), len));
    gmm_mixture_free(mixture);

    begin_arguments();
    gmm_threads **threads = SLOT(gmm_threads);
    gmm_threads_free(MAKE(threads, gmm_threads_create(once_in(2) ? huge() : below(9), PASS(threads))));
    begin_arguments();
    gmm_cancel **cancel = SLOT(gmm_cancel), *token = MAKE(cancel, gmm_cancel_create(PASS(cancel)));
    if (token != NULL) {
        gmm_cancel_request(token);
        gmm_cancel_reset(token);
    }
    gmm_cancel_free(token);
    HOLDS(gmm_version()[0] != '\0');
    char said[40];
    size_t room = below(sizeof said), wanted = ASK(gmm_last_error_copy(said, room));
    HOLDS(room == 0 || strlen(said) <= wanted);

    begin_arguments();
    size_t rows = once_in(2) ? huge() : below(4), columns = once_in(2) ? huge() : below(4);
    double *values = list("values", 64, any_flavour(0), 0);
    gmm_mixture **slot = SLOT(gmm_mixture);
    gmm_mixture_free(MAKE(slot, gmm_mixture_create(rows, columns, PASS(values), PASS(values), PASS(values), PASS(slot))));
}

/* Defaults, into structs of any size. */
static void fuzz_options(void)
{
    static const size_t none[] = {0, 1, 7, 12, 1 << 17, SIZE_MAX};
    size_t size = once_in(3) ? none[below(6)] : 8 * below(60);
    begin_arguments();
    void *at = buffer("options", OUTPUT, BYTES, 0, size < 4096 ? size : 8);
    switch (below(6)) {
    case 0:
        CALL((gmm_fit_options_init)(PASS(at), size));
        break;
    case 1:
        CALL((gmm_prior_init)(PASS(at), size));
        break;
    case 2:
        CALL((gmm_stepwise_options_init)(PASS(at), size));
        break;
    case 3:
        CALL((gmm_training_options_init)(PASS(at), size));
        break;
    case 4:
        CALL((gmm_sweep_options_init)(PASS(at), size));
        break;
    default:
        CALL((gmm_detector_options_init)(PASS(at), size));
        break;
    }
}

/* Text for metadata, valid or invalid. */
static const char *any_text(void)
{
    static const char *const texts[] = {"note", "", "gmm", "feature_names", "[\"a\",\"b\"]", "\xff\xfe", "threshold", "1e-3"};
    return once_in(40) ? NULL : texts[below(8)];
}

static void read_text(const char *path)
{
    const char *key = any_text();
    size_t capacity = below(40);
    begin_arguments();
    char *text = buffer("text", OUTPUT, BYTES, 1, capacity);
    size_t *len = buffer("len", OUTPUT, BYTES, 0, sizeof *len);
    if (CALL(gmm_model_metadata(path, key, once_in(4) ? NULL : text, capacity, PASS(len))) == GMM_OK) {
        HOLDS(*len < 4096);
    }
    begin_arguments();
    text = buffer("text", OUTPUT, BYTES, 1, capacity);
    len = buffer("len", OUTPUT, BYTES, 0, sizeof *len);
    CALL(gmm_model_metadata_keys(path, once_in(4) ? NULL : text, capacity, PASS(len)));
}

static gmm_status save(const gmm_mixture *mixture, const char *path)
{
    begin_arguments();
    if (once_in(2)) {
        return CALL(gmm_mixture_save(mixture, path));
    }
    size_t n = below(3);
    const char **keys = input("keys", 2 * sizeof *keys), **values = input("values", 2 * sizeof *values);
    for (size_t i = 0; i < 2; i++) {
        keys[i] = any_text(), values[i] = any_text();
    }
    return CALL(gmm_mixture_save_with_metadata(mixture, PASS(keys), PASS(values), n, path));
}

/* A model file with some bytes changed before it is read. */
static void fuzz_files(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/fuzz-%ld.safetensors", the_folder, (long)getpid());
    gmm_mixture *mixture = any_mixture(1 + below(3), 1 + below(3));
    gmm_status saved = save(mixture, once_in(40) ? "" : path);
    gmm_mixture_free(mixture);
    if (saved != GMM_OK) {
        return;
    }
    for (size_t again = 0; again < 20; again++) {
        int file = open(path, O_RDWR);
        off_t len = file < 0 ? 0 : lseek(file, 0, SEEK_END);
        for (size_t change = again == 0 ? 0 : 1 + below(3); len > 0 && change > 0; change--) {
            unsigned char byte = (unsigned char)bits();
            off_t at = (off_t)below(once_in(2) && len > 400 ? 400 : (size_t)len);
            HOLDS(pwrite(file, &byte, 1, at) == 1);
        }
        HOLDS(again == 0 || !once_in(10) || file < 0 || ftruncate(file, (off_t)below((size_t)len + 1)) == 0);
        close(file);
        begin_arguments();
        gmm_mixture **slot = SLOT(gmm_mixture);
        mixture = MAKE(slot, gmm_mixture_load(path, again == 0 ? slot : PASS(slot)));
        HOLDS(again > 0 || mixture != NULL);
        if (mixture != NULL) {
            inspect(mixture);
        }
        gmm_mixture_free(mixture);
        if (once_in(3)) {
            read_text(path);
        }
    }
    unlink(path);
}

#endif
