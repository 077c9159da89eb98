/* Watches frames that arrive one at a time, as a control loop would. Each is scored on the calling thread, without
 * an allocation, a lock or a system call, and an unlikely frame raises an alarm. In every thousandth frame, one
 * feature is stuck.
 *
 *     cargo build --release -p gmm-ffi
 *     cc -I include examples/c/realtime.c -L target/release -lgmm -Wl,-rpath,$PWD/target/release -o realtime
 *     ./realtime 20000 100
 *
 * Prints the alarms, and the median and the largest time of a score, compared with a deadline in microseconds.
 */
#define _POSIX_C_SOURCE 200809L
#include <gmm.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { D = 8, K = 2, N_USUAL = 5000 };

static void check(gmm_status status)
{
    if (status != GMM_OK) {
        fprintf(stderr, "realtime: %s\n", gmm_last_error_message());
        exit(1);
    }
}

static double microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The watched machine: two states, with correlated neighbouring features. */
static gmm_mixture *machine(void)
{
    const double weights[K] = {0.75, 0.25};
    double means[K * D], covariances[K * D * D];
    for (int k = 0; k < K; k++) {
        for (int i = 0; i < D; i++) {
            means[k * D + i] = 10 * k + i;
            for (int j = 0; j < D; j++) {
                covariances[(k * D + i) * D + j] = i == j ? 1 : abs(i - j) == 1 ? 0.4 : 0;
            }
        }
    }
    gmm_mixture *mixture = NULL;
    check(gmm_mixture_create(K, D, weights, means, covariances, &mixture));
    return mixture;
}

/* A threshold that no usual frame exceeds: the largest energy of many, with a margin. */
static double greatest_usual(const gmm_mixture *mixture)
{
    static double frames[N_USUAL * D], energies[N_USUAL];
    const gmm_matrix_f64 usual = {frames, N_USUAL, D, D, 1};
    double greatest;
    check(gmm_mixture_sample_f64(mixture, 1, 0, N_USUAL, frames, NULL));
    check(gmm_mixture_energies_f64(mixture, &usual, NULL, energies));
    check(gmm_threshold_by_percentile_f64(energies, N_USUAL, 100, &greatest));
    return greatest + 10;
}

int main(int argc, char **argv)
{
    size_t n_frames;
    double deadline;
    char end;
    if (argc != 3 || sscanf(argv[1], "%zu%c", &n_frames, &end) != 1 || n_frames < 1 ||
        sscanf(argv[2], "%lf%c", &deadline, &end) != 1) {
        fprintf(stderr, "usage: realtime FRAMES DEADLINE_IN_MICROSECONDS\n");
        return 2;
    }
    gmm_mixture *mixture = machine();
    const double threshold = greatest_usual(mixture);

    /* All memory that the loop needs is allocated before it: the scorer, its output, and the lists. */
    double frame[D], energy, *times = malloc(n_frames * sizeof *times);
    size_t *alarms = malloc(n_frames * sizeof *alarms), n_alarms = 0, n_late = 0;
    if (!times || !alarms) {
        perror("realtime");
        return 1;
    }
    const gmm_matrix_f64 sample = {frame, 1, D, D, 1};
    const gmm_scores_f64 scores = {.size = sizeof scores, .energies = &energy};
    gmm_scorer_f64 *scorer = NULL;
    check(gmm_scorer_create_f64(mixture, 1, &scorer));

    for (size_t n = 0; n < n_frames; n++) {
        /* A real program would wait for its sensors here. The threshold is from another seed, so from other frames. */
        check(gmm_mixture_sample_f64(mixture, 2, n, 1, frame, NULL));
        if ((n + 1) % 1000 == 0) {
            frame[3] = 99;
        }
        double before = microseconds();
        gmm_status status = gmm_scorer_score_f64(scorer, &sample, &scores);
        times[n] = microseconds() - before;
        check(status);
        n_late += times[n] > deadline;
        if (energy > threshold) {
            alarms[n_alarms++] = n;
        }
    }

    for (size_t i = 0; i < n_alarms; i++) {
        printf("alarm in frame %zu\n", alarms[i]);
    }
    /* The first score fills the caches; on a busy machine, the largest time is mostly due to the scheduler. */
    qsort(times, n_frames, sizeof *times, ascending);
    printf("%zu frames, %zu later than %g us\n", n_frames, n_late, deadline);
    printf("median %.3f us, worst %.3f us\n", times[n_frames / 2], times[n_frames - 1]);
    gmm_scorer_free_f64(scorer);
    gmm_mixture_free(mixture);
    free(alarms);
    free(times);
    return 0;
}
