/* Model files: every structure is restored bit for bit, files are replaced whole, and invalid files are refused.
 *
 * usage: model FOLDER (to write files in)
 */
#include "check.h"

enum { N = 40, D = 2, K = 2, MAX = K * D * D };

static double samples[N * D];
static const gmm_matrix_f64 z = {samples, N, D, D, 1};

/* Two clouds of different spread. */
static void spread(void)
{
    for (int n = 0; n < N; n++) {
        samples[n * D] = n % 2 * 20 + n * 7 % 11 * 0.3;
        samples[n * D + 1] = n % 2 * 5 + n * 5 % 13 * (1 + n % 2) * 0.1;
    }
}

static gmm_mixture *fitted(gmm_covariance_type covariance)
{
    gmm_fit_options options = defaults(K);
    gmm_mixture *mixture = NULL;
    options.covariance_type = covariance, options.seed = 3;
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL) == GMM_OK);
    return mixture;
}

/* The same numbers, and the same scores. */
static void same(const gmm_mixture *left, const gmm_mixture *right, size_t n_values)
{
    double a[N > MAX ? N : MAX], b[N > MAX ? N : MAX];
    CHECK(gmm_mixture_covariance_type(left) == gmm_mixture_covariance_type(right));
    CHECK(gmm_mixture_weights(left, a, K) == GMM_OK && gmm_mixture_weights(right, b, K) == GMM_OK);
    CHECK(memcmp(a, b, K * sizeof *a) == 0);
    CHECK(gmm_mixture_means(left, a, K * D) == GMM_OK && gmm_mixture_means(right, b, K * D) == GMM_OK);
    CHECK(memcmp(a, b, K * D * sizeof *a) == 0);
    CHECK(gmm_mixture_covariances(left, a, n_values) == GMM_OK);
    CHECK(gmm_mixture_covariances(right, b, n_values) == GMM_OK);
    CHECK(memcmp(a, b, n_values * sizeof *a) == 0);
    CHECK(gmm_mixture_cholesky(left, a, MAX) == GMM_OK && gmm_mixture_cholesky(right, b, MAX) == GMM_OK);
    CHECK(memcmp(a, b, MAX * sizeof *a) == 0);
    CHECK(gmm_mixture_energies_f64(left, &z, NULL, a) == GMM_OK);
    CHECK(gmm_mixture_energies_f64(right, &z, NULL, b) == GMM_OK);
    CHECK(memcmp(a, b, N * sizeof *a) == 0);
}

/* Copies the first `len` bytes of a file. */
static size_t copy(const char *from, const char *to, size_t len)
{
    static char bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    CHECK(in && out);
    size_t n = fread(bytes, 1, len < sizeof bytes ? len : sizeof bytes, in);
    CHECK(fwrite(bytes, 1, n, out) == n && fclose(out) == 0 && fclose(in) == 0);
    return n;
}

/* Metadata is restored by key, and the mixture is the same as without metadata. */
static void text(const char *path)
{
    const char *keys[] = {"threshold", "feature_names", "a"};
    const char *values[] = {"29.7", "[\"h\xc3\xb6he\",\"w\"]", ""};
    gmm_mixture *saved = fitted(GMM_COVARIANCE_FULL), *loaded = NULL;
    CHECK(gmm_mixture_save_with_metadata(saved, keys, values, 3, path) == GMM_OK);
    CHECK(gmm_mixture_load(path, &loaded) == GMM_OK);
    same(saved, loaded, K * D * D);
    gmm_mixture_free(loaded);
    char out[64];
    size_t len = 99;
    for (int i = 0; i < 3; i++) {
        CHECK(gmm_model_metadata(path, keys[i], NULL, 0, &len) == GMM_OK && len == strlen(values[i]));
        memset(out, 'x', sizeof out);
        CHECK(gmm_model_metadata(path, keys[i], out, len + 1, &len) == GMM_OK && len == strlen(values[i]));
        CHECK(strcmp(out, values[i]) == 0 && out[len + 1] == 'x');
    }
    static const char all[] = "a\0feature_names\0gmm\0threshold\0";
    CHECK(gmm_model_metadata_keys(path, out, sizeof out, &len) == GMM_OK);
    CHECK(len == sizeof all - 1 && memcmp(out, all, sizeof all) == 0);
    /* Saving without pairs writes the bytes of a plain save; and a plain save removes earlier metadata. */
    CHECK(gmm_mixture_save_with_metadata(saved, NULL, NULL, 0, path) == GMM_OK);
    CHECK(gmm_model_metadata_keys(path, out, sizeof out, &len) == GMM_OK && len == 4 && strcmp(out, "gmm") == 0);
    REFUSED(gmm_model_metadata("no such file", "gmm", NULL, 0, &len), GMM_IO,
            "cannot read no such file: No such file or directory (os error 2)");
    gmm_mixture_free(saved);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    char path[4096], cut[4096];
    snprintf(path, sizeof path, "%s/a model with spaces \xc3\xa4.safetensors", argv[1]);
    snprintf(cut, sizeof cut, "%s/cut", argv[1]);
    spread();
    /* One file for all: each save replaces the one before. */
    const size_t n_values[] = {K * D * D, D * D, K * D, K};
    for (gmm_covariance_type code = GMM_COVARIANCE_FULL; code <= GMM_COVARIANCE_SPHERICAL; code++) {
        gmm_mixture *saved = fitted(code), *loaded = NULL;
        CHECK(gmm_mixture_save(saved, path) == GMM_OK);
        CHECK(gmm_mixture_load(path, &loaded) == GMM_OK);
        same(saved, loaded, n_values[code]);
        gmm_mixture_free(loaded);
        gmm_mixture_free(saved);
    }
    text(path);
    /* A file that is cut off anywhere is refused. */
    const size_t len = copy(path, cut, SIZE_MAX);
    gmm_mixture *none = NULL;
    CHECK(len > 100 && gmm_mixture_load(cut, &none) == GMM_OK);
    gmm_mixture_free(none);
    none = NULL;
    for (size_t n = 0; n < len; n++) {
        CHECK(copy(path, cut, n) == n && gmm_mixture_load(cut, &none) == GMM_BAD_FILE && none == NULL);
    }
    CHECK(remove(path) == 0 && gmm_mixture_load(path, &none) == GMM_IO && none == NULL);
    CHECK(strstr(gmm_last_error_message(), "a model with spaces") != NULL);
    CHECK(remove(cut) == 0);
    return 0;
}
