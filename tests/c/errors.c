/* The error of a refused call stays available on other threads and after later failures on its thread. */
#include "check.h"

#include <pthread.h>

static const double rows[] = {0, 1, 10, 11, NAN};
static const gmm_matrix_f64 z = {rows, 4, 1, 1, 1}, bad = {rows, 5, 1, 1, 1};

/* A call of an asynchronous host: made on one thread, examined on another. */
struct job {
    size_t n_components;
    gmm_status status;
    gmm_error error;
};

static void *work(void *job_)
{
    struct job *job = job_;
    gmm_fit_options options = defaults(job->n_components);
    gmm_mixture *mixture = NULL;
    job->error.size = sizeof job->error;
    options.error = &job->error;
    job->status = gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL);
    /* The thread then fails in another call. */
    gmm_threads *threads = NULL;
    CHECK(gmm_threads_create(SIZE_MAX, &threads) == GMM_INVALID_ARGUMENT);
    return NULL;
}

static void jobs(void)
{
    enum { N_JOBS = 16 };
    static struct job all[N_JOBS];
    pthread_t threads[N_JOBS];
    for (int at = 0; at < N_JOBS; at++) {
        all[at].n_components = (size_t)at + 5;
        CHECK(pthread_create(&threads[at], NULL, work, &all[at]) == 0);
    }
    for (int at = 0; at < N_JOBS; at++) {
        char wanted[128];
        CHECK(pthread_join(threads[at], NULL) == 0);
        snprintf(wanted, sizeof wanted, "4 samples cannot support %d components; use at most 4", at + 5);
        CHECK(all[at].status == GMM_INVALID_ARGUMENT && all[at].error.status == GMM_INVALID_ARGUMENT);
        CHECK(strcmp(all[at].error.message, wanted) == 0);
    }
    /* None of these failures was on this thread. */
    CHECK(gmm_last_error_message()[0] == 0);
    char text[4] = "abc";
    CHECK(gmm_last_error_copy(text, sizeof text) == 0 && text[0] == 0);
}

static const char *const nan_at_4 = "samples is NaN at row 4, column 0; remove or impute such values first";

/* Every struct of options has the field `error`, and so do the structs of scores. */
#define TOLD(call, wanted)                                                            \
    do {                                                                              \
        memset(&error, 0x55, sizeof error);                                           \
        error.size = sizeof error;                                                    \
        const gmm_status status = (call);                                             \
        CHECK(status != GMM_OK && error.status == status);                            \
        CHECK(strcmp(error.message, wanted) == 0);                                    \
        CHECK(strcmp(gmm_last_error_message(), wanted) == 0);                         \
    } while (0)

static void every_door(void)
{
    static gmm_error error;
    gmm_mixture *mixture = NULL, *made = NULL;
    gmm_fit_options options = defaults(2);
    options.error = &error;
    TOLD(gmm_mixture_fit_f64(&bad, &options, NULL, &made, NULL), nan_at_4);
    TOLD(gmm_mixture_fit_f64(NULL, &options, NULL, &made, NULL), "samples is NULL");
    const uint32_t labels[] = {0, 0, 1, 2};
    TOLD(gmm_mixture_from_labels_f64(&z, labels, &options, NULL, &made),
         "labels is 2 at row 3; it must be below n_components");
    const gmm_source_f64 source = {.size = sizeof source, .n_features = 1};
    TOLD(gmm_mixture_fit_stream_f64(&source, &options, NULL, &made, NULL), "source.rewind is NULL");

    /* A call that succeeds leaves the error unchanged. */
    memset(&error, 0x55, sizeof error);
    error.size = sizeof error;
    CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL) == GMM_OK && error.status == 0x55555555);
    TOLD(gmm_moments_maximise(mixture, rows, 1, &options, &made),
         "moments has shape 1 but those of the mixture has shape 8");

    gmm_sweep_options tried;
    gmm_sweep *sweep = NULL;
    CHECK(gmm_sweep_options_init(&tried) == GMM_OK);
    tried.error = &error;
    TOLD(gmm_sweep_f64(&z, &tried, NULL, &sweep),
         "options.n_components_len is 0; there must be at least one number of components");
    gmm_detector_options outliers;
    gmm_detector *detector = NULL;
    CHECK(gmm_detector_options_init(&outliers) == GMM_OK);
    outliers.error = &error;
    TOLD(gmm_detector_fit_f64(&bad, &outliers, NULL, &detector), nan_at_4);
    gmm_stepwise_options steps;
    gmm_stepwise *learner = NULL;
    CHECK(gmm_stepwise_options_init(&steps) == GMM_OK);
    steps.error = &error, steps.decay = 0;
    TOLD(gmm_stepwise_create(mixture, &steps, &learner), "decay is 0; it must be greater than 0.5 and at most 1");
    gmm_training_options training;
    CHECK(gmm_training_options_init(&training) == GMM_OK);
    training.error = &error;
    TOLD(gmm_training_loss_f64(&bad, &z, &training, NULL, NULL, NULL, NULL, NULL, NULL, NULL), nan_at_4);
    TOLD(gmm_running_mixture(NULL, &training, &made), "running is NULL");
    double energies[5];
    const gmm_scores_f64 scores = {.size = sizeof scores, .energies = energies, .error = &error};
    TOLD(gmm_mixture_score_f64(mixture, &bad, NULL, &scores), nan_at_4);

    /* A short struct gets the beginning of the message, cut between two characters, with a NUL; an invalid size is
     * refused. */
    union {
        gmm_error error;
        char bytes[32];
    } shorter;
    memset(&shorter, 0x55, sizeof shorter);
    shorter.error.size = 24, options.error = &shorter.error;
    CHECK(gmm_mixture_fit_f64(&bad, &options, NULL, &made, NULL) == GMM_NOT_FINITE);
    CHECK(strcmp(shorter.error.message, "samples is ") == 0 && shorter.bytes[24] == 0x55);
    shorter.error.size = 3;
    REFUSED(gmm_mixture_fit_f64(&bad, &options, NULL, &made, NULL), GMM_INVALID_ARGUMENT,
            "options.error says it is 3 bytes long; set its size");

    /* Copies of the message of this thread. */
    char text[8];
    memset(text, 0x55, sizeof text);
    CHECK(gmm_last_error_copy(NULL, 0) == strlen(gmm_last_error_message()));
    CHECK(gmm_last_error_copy(text, 5) == strlen(gmm_last_error_message()));
    CHECK(strcmp(text, "opti") == 0 && text[5] == 0x55);
    CHECK(made == NULL && sweep == NULL && detector == NULL && learner == NULL);
    gmm_mixture_free(mixture);
}

int main(void)
{
    jobs();
    every_door();
    return 0;
}
