/* Scores of a mixture or a scorer, and attributions, misused. */
#ifndef REAL

#include "misuse.h"

enum { N = 4, D = 2, K = 2 };

static gmm_mixture *two_components(void)
{
    const double weights[K] = {0.5, 0.5}, means[K * D] = {0, 0, 1, 1};
    const double covariances[K * D * D] = {1, 0, 0, 1, 2, 0.5, 0.5, 1};
    gmm_mixture *mixture = NULL;
    EXPECT(gmm_mixture_create(K, D, weights, means, covariances, &mixture), GMM_OK);
    return mixture;
}

#define THIS_FILE "score.c"
#include "both.h"

int main(void)
{
    scores_f64();
    scores_f32();
    scorer_f64();
    scorer_f32();
    short_forms_f64();
    short_forms_f32();
    return ended();
}

#else

/* A field with a pointer to an output, and its faults. */
#define BAD_FIELD(field, call)                         \
    do {                                               \
        BAD_OPTIONAL_OUTPUT(field, samples, call);     \
        WITH(field, NULL, call, GMM_OK);               \
    } while (0)

static void OF(scores)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4};
    REAL energies[N], densities[N], r[N * K], log_r[N * K], squares[N * K];
    uint32_t labels[N];
    double mean;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1};
    OF(gmm_scores) scores_ = {sizeof scores_, energies, densities, r, log_r, squares, labels, &mean, NULL};
    const OF(gmm_matrix) *z = &z_;
    const OF(gmm_scores) *scores = &scores_;
    gmm_mixture *mixture = two_components();
    OUTPUT(energies), OUTPUT(densities), OUTPUT(r), OUTPUT(log_r), OUTPUT(squares), OUTPUT(labels), OUTPUT(mean);
    WATCH(samples);

#define CALL OF(gmm_mixture_score)(mixture, z, NULL, scores)
    WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(z_, z, CALL);
    WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
    WITH(scores, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(OF(gmm_scores), scores, CALL);
    BAD_FIELD(scores_.energies, CALL);
    BAD_FIELD(scores_.log_densities, CALL);
    BAD_FIELD(scores_.responsibilities, CALL);
    BAD_FIELD(scores_.log_responsibilities, CALL);
    BAD_FIELD(scores_.squared_mahalanobis, CALL);
    BAD_FIELD(scores_.labels, CALL);
    BAD_FIELD(scores_.mean_energy, CALL);
    WITH(scores_.log_densities, energies + N - 1, CALL, GMM_INVALID_ARGUMENT);
    WITH(scores_.squared_mahalanobis, r + 1, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(samples[7], CALL, GMM_NOT_FINITE);
    /* One row, repeated; rows and columns in reverse order. */
    WITH(z_.row_stride, 0, CALL, GMM_OK);
    HOLDS(energies[0] == energies[N - 1] && memcmp(r, r + K * (N - 1), K * sizeof *r) == 0);
    EXPECT(CALL, GMM_OK);
    REAL first = energies[0], last = energies[N - 1];
    z_.data = samples + (N - 1) * D;
    WITH(z_.row_stride, -D, CALL, GMM_OK);
    HOLDS(energies[0] == last && energies[N - 1] == first);
    z_.data = samples;
    FROM_THE_END(z_, CALL);
#undef CALL
    gmm_mixture_free(mixture);
    unwatch();
}

static void OF(scorer)(void)
{
    REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, energies[N];
    double mean;
    OF(gmm_matrix) z_ = {samples, N, D, D, 1};
    OF(gmm_scores) scores_ = {0};
    const OF(gmm_matrix) *z = &z_;
    const OF(gmm_scores) *scores = &scores_;
    OF(gmm_scorer) *scorer = NULL, *slot, **out = &slot;
    gmm_mixture *mixture = two_components();
    scores_.size = sizeof scores_, scores_.energies = energies, scores_.mean_energy = &mean;
    OUTPUT(slot);
    EXPECT(OF(gmm_scorer_create)(NULL, 1, out), GMM_NULL_POINTER);
    BAD_INPUT(out, OF(gmm_scorer_create)(mixture, 1, out));
    /* Any number of samples is accepted, since a scorer allocates for a block at most. */
    const size_t sizes[] = {0, SIZE_MAX, 1};
    for (int i = 0; i < 3; i++) {
        OF(gmm_scorer_free)(scorer);
        EXPECT(OF(gmm_scorer_create)(mixture, sizes[i], &scorer), GMM_OK);
    }

    unwatch();
    OUTPUT(energies), OUTPUT(mean), WATCH(samples);
#define CALL OF(gmm_scorer_score)(scorer, z, scores)
    WITH(scorer, NULL, CALL, GMM_NULL_POINTER);
    BAD_MATRIX(z_, z, CALL);
    WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
    WITH(scores, NULL, CALL, GMM_NULL_POINTER);
    BAD_SIZE(OF(gmm_scores), scores, CALL);
    BAD_FIELD(scores_.energies, CALL);
    BAD_FIELD(scores_.mean_energy, CALL);
    WITH(scores_.log_densities, energies + 1, CALL, GMM_INVALID_ARGUMENT);
    NOT_FINITE(samples[0], CALL, GMM_NOT_FINITE);
    FROM_THE_END(z_, CALL);
    /* More samples than the scorer was made for; and after every refusal it works as before. */
    REAL wanted[N];
    EXPECT(OF(gmm_mixture_energies)(mixture, z, NULL, wanted), GMM_OK);
    EXPECT(CALL, GMM_OK);
    HOLDS(memcmp(energies, wanted, sizeof wanted) == 0);
#undef CALL
    OF(gmm_scorer_free)(scorer);
    OF(gmm_scorer_free)(NULL);
    gmm_mixture_free(mixture);
    unwatch();
}

static void OF(short_forms)(void)
{
    gmm_status (*const of[])(const gmm_mixture *, const OF(gmm_matrix) *, const gmm_threads *, REAL *) = {
        OF(gmm_mixture_energies), OF(gmm_mixture_responsibilities), OF(gmm_mixture_attribution)};
    for (int i = 0; i < 3; i++) {
        REAL samples[N * D] = {1, 2, 3, 5, 2, 1, 4, 4}, values[N * D], *out = values;
        OF(gmm_matrix) z_ = {samples, N, D, D, 1};
        const OF(gmm_matrix) *z = &z_;
        gmm_mixture *mixture = two_components();
        OUTPUT(values), WATCH(samples);
#define CALL of[i](mixture, z, NULL, out)
        WITH(mixture, NULL, CALL, GMM_NULL_POINTER);
        BAD_MATRIX(z_, z, CALL);
        WITH(z_.cols, 1, CALL, GMM_INVALID_SHAPE);
        BAD_OUTPUT(out, samples, CALL);
        NOT_FINITE(samples[3], CALL, GMM_NOT_FINITE);
        FROM_THE_END(z_, CALL);
        WITH(z_.row_stride, 0, CALL, GMM_OK);
#undef CALL
        gmm_mixture_free(mixture);
        unwatch();
    }
}

#undef BAD_FIELD

#endif
