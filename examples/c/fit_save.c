/* Fits a mixture to columns of a CSV file and saves it as a model file: with restarts, a time budget and progress
 * on standard error. Ctrl-C ends the fit early, and its result so far is saved. score_csv.c scores with the model.
 *
 *     cargo build --release -p gmm-ffi
 *     cc -I include examples/c/fit_save.c -L target/release -lgmm -Wl,-rpath,$PWD/target/release -o fit_save
 *     ./fit_save examples/data/breast_cancer.csv 2-31 2 model.safetensors
 */
#include <gmm.h>

#include "csv.h"

#include <signal.h>

static gmm_cancel *token;

/* Requesting a token's end is the only call that a signal handler may make. */
static void on_interrupt(int signal)
{
    (void)signal;
    gmm_cancel_request(token);
}

/* Any value but 0 would end the fit, as the token does. */
static int32_t print_progress(void *userdata, const gmm_progress *progress)
{
    fprintf(userdata, "restart %zu, iteration %zu: %.6f nats a sample\n", progress->restart, progress->iteration,
            progress->lower_bound);
    return 0;
}

static int refused(const char *what)
{
    fprintf(stderr, "fit_save: %s: %s\n", what, gmm_last_error_message());
    return 1;
}

static const char *why(gmm_stop stop)
{
    switch (stop) {
    case GMM_STOP_CONVERGED: return "converged";
    case GMM_STOP_MAX_ITERATIONS: return "ran out of iterations";
    case GMM_STOP_CANCELLED: return "was interrupted";
    case GMM_STOP_OUT_OF_TIME: return "ran out of time";
    default: return "ended"; /* Codes may be added. */
    }
}

/* Fits, saves, and loads the saved model, whose energies equal the original's bit for bit. */
static int fit_and_save(const gmm_matrix_f64 *samples, size_t n_components, const char *path)
{
    gmm_fit_options options;
    gmm_fit_report report = {.size = sizeof report};
    gmm_mixture *fitted = NULL, *loaded = NULL;
    double *energies = malloc(2 * samples->rows * sizeof *energies);
    int failed = 1;

    gmm_fit_options_init(&options);
    options.n_components = n_components;
    options.covariance_type = GMM_COVARIANCE_DIAG;
    /* The features have different units, so the ridge is relative to their variances. */
    options.reg_covar_relative = 1;
    options.n_init = 4;
    options.time_budget = 60;
    options.progress = print_progress;
    options.userdata = stderr;
    options.cancel = token;
    if (!energies) {
        perror("fit_save");
    } else if (gmm_mixture_fit_f64(samples, &options, NULL, &fitted, &report) != GMM_OK) {
        refused("fit");
    } else if (gmm_mixture_save(fitted, path) != GMM_OK || gmm_mixture_load(path, &loaded) != GMM_OK) {
        refused("model file");
    } else if (gmm_mixture_energies_f64(fitted, samples, NULL, energies) != GMM_OK ||
               gmm_mixture_energies_f64(loaded, samples, NULL, energies + samples->rows) != GMM_OK) {
        refused("scores");
    } else if (memcmp(energies, energies + samples->rows, samples->rows * sizeof *energies) != 0) {
        fprintf(stderr, "fit_save: %s does not hold what was saved\n", path);
    } else {
        printf("%zu samples of %zu features, %zu components\n", samples->rows, samples->cols,
               gmm_mixture_n_components(loaded));
        printf("the fit %s after %zu iterations of restart %zu\n", why(report.stop), report.n_iter, report.restart);
        printf("log-likelihood %.6f nats a sample\n", report.lower_bound);
        printf("saved to %s\n", path);
        failed = 0;
    }
    gmm_mixture_free(loaded);
    gmm_mixture_free(fitted);
    free(energies);
    return failed;
}

int main(int argc, char **argv)
{
    struct table table;
    size_t first, last, n_components;
    char end;
    if (argc != 5 || !parse_columns(argv[2], &first, &last) || sscanf(argv[3], "%zu%c", &n_components, &end) != 1) {
        fprintf(stderr, "usage: fit_save DATA.csv FIRST-LAST COMPONENTS MODEL\n");
        return 2;
    }
    if (read_csv(argv[1], first, last, &table) != 0) {
        return 1;
    }
    if (gmm_cancel_create(&token) != GMM_OK) {
        free(table.values);
        return refused("token");
    }
    signal(SIGINT, on_interrupt);
    const gmm_matrix_f64 samples = {table.values, table.n_rows, table.n_columns, (ptrdiff_t)table.n_columns, 1};
    int failed = fit_and_save(&samples, n_components, argv[4]);
    /* The handler must not use a token that was freed. */
    signal(SIGINT, SIG_DFL);
    gmm_cancel_free(token);
    free(table.values);
    return failed;
}
