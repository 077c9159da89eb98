/* A scorer in a loop: the same bits as the mixture's scores, without a single allocation. */
#include "check.h"

#include <stddef.h>

/* A sanitizer replaces the allocator, so the program cannot. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

/* Under glibc, the library uses the program's malloc: its allocations are counted here. */
#if defined(__GLIBC__) && !defined(IS_SANITIZED)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
static volatile size_t n_allocations;

void *malloc(size_t size) { n_allocations++; return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { n_allocations++; return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { n_allocations++; return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { n_allocations++; return __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size)
{
    n_allocations++;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}
#define ALLOCATIONS n_allocations
#else
#define ALLOCATIONS ((size_t)0)
#endif

enum { N = 300, D = 3, K = 2 };

static const double weights[K] = {0.25, 0.75};
static const double means[K * D] = {0, 1, 2, -1, 0, 3};

static gmm_mixture *two(double variance)
{
    const double covariances[K * D * D] = {variance, 0, 0, 0, 2, 0.5, 0, 0.5, 1, 3, 1, 0, 1, 2, 0, 0, 0, 1};
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_create(K, D, weights, means, covariances, &mixture) == GMM_OK);
    return mixture;
}

static double rows[N * D];
static float floats[N * D];

static void doubles(void)
{
    static double energies[N], wanted[N], shares[N * K], wanted_shares[N * K];
    gmm_mixture *mixture = two(1);
    gmm_scorer_f64 *scorer = NULL;
    CHECK(gmm_scorer_create_f64(mixture, N, &scorer) == GMM_OK);
    const size_t sizes[] = {1, N, 7, 240, 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const gmm_matrix_f64 z = {rows, sizes[i], D, D, 1};
        const gmm_scores_f64 scores = {.size = sizeof scores, .energies = energies, .responsibilities = shares};
        const gmm_scores_f64 same = {.size = sizeof same, .energies = wanted, .responsibilities = wanted_shares};
        CHECK(gmm_mixture_score_f64(mixture, &z, NULL, &same) == GMM_OK);
        size_t before = ALLOCATIONS;
        for (int round = 0; round < 100; round++) {
            CHECK(gmm_scorer_score_f64(scorer, &z, &scores) == GMM_OK);
        }
        CHECK(ALLOCATIONS == before);
        CHECK(memcmp(energies, wanted, sizes[i] * sizeof *wanted) == 0);
        CHECK(memcmp(shares, wanted_shares, sizes[i] * K * sizeof *shares) == 0);
    }
    const gmm_matrix_f64 one = {rows, 1, D, D, 1}, narrow = {rows, 1, 2, 2, 1};
    const gmm_scores_f64 over = {.size = sizeof over, .energies = rows}, none = {.size = sizeof none};
    REFUSED(gmm_scorer_score_f64(scorer, &one, &over), GMM_INVALID_ARGUMENT, "energies overlaps samples in memory");
    CHECK(gmm_scorer_score_f64(scorer, &narrow, &none) == GMM_INVALID_SHAPE);
    CHECK(gmm_scorer_score_f64(scorer, &one, &none) == GMM_OK);
    REFUSED(gmm_scorer_score_f64(NULL, &one, &none), GMM_NULL_POINTER, "scorer is NULL");
    REFUSED(gmm_scorer_score_f64(scorer, NULL, &none), GMM_NULL_POINTER, "samples is NULL");
    REFUSED(gmm_scorer_score_f64(scorer, &one, NULL), GMM_NULL_POINTER, "scores is NULL");
    REFUSED(gmm_scorer_create_f64(NULL, 1, &scorer), GMM_NULL_POINTER, "mixture is NULL");
    REFUSED(gmm_scorer_create_f64(mixture, 1, NULL), GMM_NULL_POINTER, "out is NULL");
    /* The mixture may be freed before the scorer. */
    gmm_mixture_free(mixture);
    CHECK(gmm_scorer_score_f64(scorer, &one, &none) == GMM_OK);
    gmm_scorer_free_f64(scorer);
    gmm_scorer_free_f64(NULL);
}

/* A refused frame is as fast as a scored one: once, 1 000 frames of NaN took 8 002 allocations. */
static void refused_frames(void)
{
    gmm_mixture *mixture = two(1);
    gmm_scorer_f64 *scorer = NULL;
    gmm_scorer_f32 *single = NULL;
    CHECK(gmm_scorer_create_f64(mixture, 1, &scorer) == GMM_OK && gmm_scorer_create_f32(mixture, 1, &single) == GMM_OK);
    double frame[D] = {0, NAN, 0}, energy = 7;
    float float_frame[D] = {0, 0, INFINITY}, float_energy = 7;
    gmm_error error = {.size = sizeof error};
    const gmm_matrix_f64 z = {frame, 1, D, D, 1}, narrow = {rows, 1, 2, 2, 1}, none = {frame, 0, D, D, 1},
                         nowhere = {NULL, 1, D, D, 1}, vast = {frame, SIZE_MAX / 2, D, PTRDIFF_MAX, 1};
    const gmm_matrix_f32 f = {float_frame, 1, D, D, 1};
    const gmm_scores_f64 scores = {.size = sizeof scores, .energies = &energy, .error = &error};
    const gmm_scores_f64 over = {.size = sizeof over, .energies = frame}, unset = {.size = 3};
    const gmm_scores_f32 float_scores = {.size = sizeof float_scores, .energies = &float_energy};
    /* The first refusal on a thread may set up memory of the thread. */
    CHECK(gmm_scorer_score_f64(scorer, &z, &scores) == GMM_NOT_FINITE);
    size_t before = ALLOCATIONS;
    for (int round = 0; round < 1000; round++) {
        CHECK(gmm_scorer_score_f64(scorer, &z, &scores) == GMM_NOT_FINITE);
        CHECK(gmm_scorer_score_f32(single, &f, &float_scores) == GMM_NOT_FINITE);
        CHECK(gmm_scorer_score_f64(scorer, &narrow, &scores) == GMM_INVALID_SHAPE);
        CHECK(gmm_scorer_score_f64(scorer, &none, &scores) == GMM_INVALID_SHAPE);
        CHECK(gmm_scorer_score_f64(scorer, &nowhere, &scores) == GMM_NULL_POINTER);
        CHECK(gmm_scorer_score_f64(scorer, &vast, &scores) == GMM_SIZE_OVERFLOW);
        CHECK(gmm_scorer_score_f64(scorer, &z, &over) == GMM_INVALID_ARGUMENT);
        CHECK(gmm_scorer_score_f64(scorer, &z, &unset) == GMM_INVALID_ARGUMENT);
        CHECK(gmm_scorer_score_f64(scorer, NULL, &scores) == GMM_NULL_POINTER);
        CHECK(gmm_scorer_score_f64(NULL, &z, &scores) == GMM_NULL_POINTER);
    }
    CHECK(ALLOCATIONS == before && energy == 7 && float_energy == 7);
    REFUSED(gmm_scorer_score_f64(scorer, &z, &scores), GMM_NOT_FINITE,
            "samples is NaN at row 0, column 1; remove or impute such values first");
    CHECK(error.status == GMM_NOT_FINITE && strcmp(error.message, gmm_last_error_message()) == 0);
    REFUSED(gmm_scorer_score_f64(scorer, &narrow, &scores), GMM_INVALID_SHAPE,
            "samples have 2 features, the mixture has 3");
    gmm_scorer_free_f64(scorer);
    gmm_scorer_free_f32(single);
    gmm_mixture_free(mixture);
}

/* A variance whose square root is exact in float, and one that makes the library score in double. */
static void singles(double variance)
{
    static float energies[N], wanted[N];
    gmm_mixture *mixture = two(variance);
    gmm_scorer_f32 *scorer = NULL;
    CHECK(gmm_scorer_create_f32(mixture, N, &scorer) == GMM_OK);
    const gmm_matrix_f32 z = {floats, N, D, D, 1};
    const gmm_scores_f32 scores = {.size = sizeof scores, .energies = energies};
    CHECK(gmm_mixture_energies_f32(mixture, &z, NULL, wanted) == GMM_OK);
    size_t before = ALLOCATIONS;
    CHECK(gmm_scorer_score_f32(scorer, &z, &scores) == GMM_OK);
    CHECK(ALLOCATIONS == before && memcmp(energies, wanted, sizeof wanted) == 0);
    REFUSED(gmm_scorer_score_f32(NULL, &z, &scores), GMM_NULL_POINTER, "scorer is NULL");
    gmm_scorer_free_f32(scorer);
    gmm_scorer_free_f32(NULL);
    gmm_mixture_free(mixture);
}

int main(void)
{
    for (int i = 0; i < N * D; i++) {
        rows[i] = i * 7919 % 1201 / 300.0 - 2;
        floats[i] = (float)rows[i];
    }
#if defined(__GLIBC__) && !defined(IS_SANITIZED)
    size_t before = n_allocations;
    void *volatile some = malloc(1);
    free(some);
    CHECK(n_allocations == before + 1);
#endif
    doubles();
    singles(1);
    singles(1e-84);
    refused_frames();
    return 0;
}
