/* Every option of a fit and every field of its report, against values worked out by hand. */
#include "line.h"

static void what_defaults_are(void)
{
    gmm_fit_options options = defaults(1);
    CHECK(options.tol == 1e-3 && options.max_iter == 100 && options.reg_covar == 1e-6 && options.n_init == 1);
    CHECK(options.seed == 0 && options.start == NULL && options.covariance_type == GMM_COVARIANCE_OF_START);
    CHECK(options.convergence == GMM_CONVERGENCE_CHANGE && options.init == GMM_INIT_KMEANS);
    CHECK(options.reg_covar_relative == 0 && options.time_budget == 0 && !options.sample_weights);
    CHECK(!options.weights && !options.means && !options.covariances && !options.precisions);
    CHECK(!options.prior && !options.progress && !options.userdata && !options.cancel && options.max_failed_swaps == -1);

    /* A program of the first version has a struct that ends with `start`: later fields are neither written nor read. */
    const size_t first = offsetof(gmm_fit_options, start) + sizeof options.start;
    memset(&options, 0xff, sizeof options);
    CHECK((gmm_fit_options_init)(&options, first) == GMM_OK && options.size == first);
    CHECK(options.n_components == 1 && options.start == NULL && options.covariance_type == -1);
    CHECK(((const unsigned char *)&options)[first] == 0xff);
    CHECK(status_of(&line, &options, NULL) == GMM_OK);

    /* A program of a later version has fields unknown to this one: they are set to zero. */
    struct {
        gmm_fit_options known;
        double added;
    } newer;
    newer.added = 1;
    CHECK((gmm_fit_options_init)(&newer.known, sizeof newer) == GMM_OK);
    CHECK(newer.known.size == sizeof newer && newer.added == 0);
    CHECK(status_of(&line, &newer.known, NULL) == GMM_OK);
    newer.added = 1;
    REFUSED(status_of(&line, &newer.known, NULL), GMM_INVALID_ARGUMENT,
            "options sets fields that version 0.1.0 does not have");
    REFUSED((gmm_fit_options_init)(&options, 7), GMM_INVALID_ARGUMENT,
            "size is 7; pass sizeof of the struct that options points at");
    REFUSED((gmm_fit_options_init)(NULL, 64), GMM_NULL_POINTER, "options is NULL");
}

/* Hosts that load functions by name have no macros: the function itself must set all defaults. */
static void the_function_fills_the_whole_struct(void)
{
    gmm_fit_options options;
    memset(&options, 0xff, sizeof options);
    CHECK((gmm_fit_options_init)(&options, sizeof options) == GMM_OK && options.size == sizeof options);
    options.covariance_type = GMM_COVARIANCE_DIAG;
    gmm_mixture *mixture = NULL;
    CHECK(gmm_mixture_fit_f64(&line, &options, NULL, &mixture, NULL) == GMM_OK);
    CHECK(gmm_mixture_covariance_type(mixture) == GMM_COVARIANCE_DIAG);
    gmm_mixture_free(mixture);

    gmm_prior prior;
    memset(&prior, 0xff, sizeof prior);
    CHECK((gmm_prior_init)(&prior, sizeof prior) == GMM_OK && prior.size == sizeof prior);
    CHECK(prior.weight_concentration == 1 && prior.mean == NULL && prior.covariance == NULL);
    gmm_training_options training;
    memset(&training, 0xff, sizeof training);
    CHECK((gmm_training_options_init)(&training, sizeof training) == GMM_OK && training.size == sizeof training);
    gmm_stepwise_options steps;
    memset(&steps, 0xff, sizeof steps);
    CHECK((gmm_stepwise_options_init)(&steps, sizeof steps) == GMM_OK && steps.size == sizeof steps);
    CHECK(steps.prior == NULL);
    gmm_sweep_options tried;
    memset(&tried, 0xff, sizeof tried);
    CHECK((gmm_sweep_options_init)(&tried, sizeof tried) == GMM_OK && tried.size == sizeof tried);
    CHECK(tried.fit == NULL && tried.n_components == NULL);
    gmm_detector_options outliers;
    memset(&outliers, 0xff, sizeof outliers);
    CHECK((gmm_detector_options_init)(&outliers, sizeof outliers) == GMM_OK && outliers.size == sizeof outliers);
    CHECK(outliers.seed == 0);
}

static void weights_and_ridges(void)
{
    const double weights[] = {2, 1, 1, 0};
    double mean, variance, count, ridge, condition;
    uint8_t held;
    gmm_fit_report report = {.size = sizeof report,
                             .effective_counts = &count,
                             .ridges = &ridge,
                             .conditions = &condition,
                             .held_by_ridge = &held};
    gmm_fit_options options = defaults(1);
    options.reg_covar = 0, options.sample_weights = weights;
    fit(&line, &options, &report, &mean, &variance, 1);
    CLOSE(mean, 1.5);
    CLOSE(variance, 2.75);
    CLOSE(count, 4);
    CHECK(ridge == 0 && condition == 1 && held == 0 && report.n_repairs == 0);
    CHECK(report.stop == GMM_STOP_CONVERGED && report.stop_status == GMM_OK && report.converged == 1);

    options.sample_weights = NULL, options.reg_covar = 0.5, options.reg_covar_relative = 1;
    fit(&line, &options, &report, &mean, &variance, 1);
    CLOSE(variance, 21);
    CLOSE(ridge, 7);

    const double negative[] = {1, 1, -1, 1}, none[] = {0, 0, 0, 0}, nan[] = {1, NAN, 1, 1};
    options.sample_weights = negative;
    REFUSED(status_of(&line, &options, NULL), GMM_NEGATIVE, "sample weights is -1 at row 2; it must not be negative");
    options.sample_weights = none;
    REFUSED(status_of(&line, &options, NULL), GMM_INVALID_ARGUMENT,
            "sample weights are all zero; at least one must be positive");
    options.sample_weights = nan;
    REFUSED(status_of(&line, &options, NULL), GMM_NOT_FINITE,
            "sample weights is NaN at row 1; remove or impute such values first");
    options.sample_weights = NULL, options.reg_covar_relative = 2;
    REFUSED(status_of(&line, &options, NULL), GMM_INVALID_ARGUMENT,
            "options.reg_covar_relative is 2; it must be 0 or 1");
}

static void structures(void)
{
    const double rows[] = {0, 0, 2, 0, 0, 6, 2, 6};
    const gmm_matrix_f64 z = {rows, 4, 2, 2, 1};
    /* Variances 1 and 9, uncorrelated; a single variance for both is their mean. */
    const double wanted[][4] = {{1, 0, 0, 9}, {1, 0, 0, 9}, {1, 9}, {5}};
    const size_t lens[] = {4, 4, 2, 1}, n_parameters[] = {5, 5, 4, 3};
    for (gmm_covariance_type code = GMM_COVARIANCE_FULL; code <= GMM_COVARIANCE_SPHERICAL; code++) {
        gmm_fit_options options = defaults(1);
        options.reg_covar = 0, options.covariance_type = code;
        gmm_mixture *mixture = NULL, *again = NULL;
        double values[4];
        CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &mixture, NULL) == GMM_OK);
        CHECK(gmm_mixture_covariance_type(mixture) == code);
        CHECK(gmm_mixture_n_parameters(mixture) == n_parameters[code]);
        CHECK(gmm_mixture_covariances(mixture, values, lens[code]) == GMM_OK);
        for (size_t i = 0; i < lens[code]; i++) {
            CLOSE(values[i], wanted[code][i]);
        }
        CHECK(gmm_mixture_covariances(mixture, values, lens[code] - 1) == GMM_INVALID_SHAPE);
        /* A fit takes the structure of its start, unless the options set another. */
        options.start = mixture, options.covariance_type = GMM_COVARIANCE_OF_START;
        CHECK(gmm_mixture_fit_f64(&z, &options, NULL, &again, NULL) == GMM_OK);
        CHECK(gmm_mixture_covariance_type(again) == code);
        gmm_mixture_free(again);
        options.covariance_type = (code + 1) % 4;
        CHECK(status_of(&z, &options, NULL) == GMM_INVALID_ARGUMENT);
        CHECK(strstr(gmm_last_error_message(), "it must be that of the start"));
        gmm_mixture_free(mixture);
    }
    CHECK(gmm_mixture_covariance_type(NULL) == -1 && gmm_mixture_n_parameters(NULL) == 0);

    gmm_fit_options options = defaults(1);
    options.covariance_type = 4;
    REFUSED(status_of(&z, &options, NULL), GMM_INVALID_ARGUMENT,
            "options.covariance_type is 4; it must be one of GMM_COVARIANCE_*");
    options = defaults(1), options.convergence = 2;
    REFUSED(status_of(&z, &options, NULL), GMM_INVALID_ARGUMENT,
            "options.convergence is 2; it must be one of GMM_CONVERGENCE_*");
    options = defaults(1), options.init = -1;
    REFUSED(status_of(&z, &options, NULL), GMM_INVALID_ARGUMENT, "options.init is -1; it must be one of GMM_INIT_*");
}

static void beginnings_and_ends(void)
{
    for (gmm_init init = GMM_INIT_KMEANS; init <= GMM_INIT_RANDOM; init++) {
        for (gmm_convergence rule = GMM_CONVERGENCE_CHANGE; rule <= GMM_CONVERGENCE_AITKEN; rule++) {
            gmm_fit_options options = defaults(2);
            options.init = init, options.convergence = rule, options.n_init = 5, options.tol = 1e-9;
            /* A component of two equal samples has only the ridge as variance. */
            options.reg_covar = 0.05;
            double means[2], variances[2];
            gmm_fit_report report = {.size = sizeof report};
            fit(&paired, &options, &report, means, variances, 2);
            CHECK(report.stop == GMM_STOP_CONVERGED && report.restart < 5);
            /* Random responsibilities make nearly equal components, which may stay so. */
            if (init != GMM_INIT_RANDOM) {
                double low = fmin(means[0], means[1]), high = fmax(means[0], means[1]);
                CHECK(fabs(low - 0.5) < 1e-6 && fabs(high - 10.5) < 1e-6 && fabs(variances[0] - 0.3) < 1e-4);
            }
        }
    }
    gmm_fit_options options = defaults(2);
    options.tol = 0, options.max_iter = 3;
    gmm_fit_report report = {.size = sizeof report};
    CHECK(status_of(&paired, &options, &report) == GMM_OK);
    CHECK(report.stop == GMM_STOP_MAX_ITERATIONS && report.converged == 0 && report.n_iter == 3);

    options.max_iter = SIZE_MAX, options.time_budget = 0.02;
    CHECK(status_of(&paired, &options, &report) == GMM_OK);
    CHECK(report.stop == GMM_STOP_OUT_OF_TIME && report.n_iter > 0);
    options.time_budget = -1;
    REFUSED(status_of(&paired, &options, &report), GMM_INVALID_ARGUMENT,
            "options.time_budget is -1; it must be seconds, or 0 for no limit");
    options.time_budget = NAN;
    REFUSED(status_of(&paired, &options, &report), GMM_INVALID_ARGUMENT,
            "options.time_budget is NaN; it must be seconds, or 0 for no limit");
}

struct watch {
    size_t calls, end_at;
    double bounds[8];
};

static int32_t watch(void *userdata, const gmm_progress *progress)
{
    struct watch *watch = userdata;
    CHECK(progress->size == sizeof *progress && progress->restart == 0 && progress->elapsed >= 0);
    watch->bounds[watch->calls++] = progress->lower_bound;
    CHECK(progress->iteration == watch->calls);
    return watch->calls == watch->end_at;
}

static void who_is_told(void)
{
    struct watch seen = {.end_at = 3};
    double bounds[2];
    gmm_fit_report report = {.size = sizeof report, .lower_bounds = bounds, .lower_bounds_capacity = 2};
    gmm_fit_options options = defaults(2);
    options.tol = 0, options.n_init = 4, options.progress = watch, options.userdata = &seen;
    CHECK(status_of(&paired, &options, &report) == GMM_OK);
    CHECK(report.stop == GMM_STOP_CANCELLED && report.n_iter == 3 && seen.calls == 3 && report.restart == 0);
    CHECK(seen.bounds[0] == bounds[0] && seen.bounds[1] == bounds[1] && seen.bounds[2] == report.lower_bound);
}

/* Ten pairs, and a start with two centres in one of them and one centre for two of them. */
static void moves(void)
{
    double rows[20], bound;
    for (int n = 0; n < 20; n++) {
        rows[n] = n / 2 * 100 + n % 2;
    }
    const gmm_matrix_f64 pairs = {rows, 20, 1, 1, 1};
    gmm_fit_report report = {.size = sizeof report};
    gmm_fit_options options = defaults(10);
    options.init = GMM_INIT_RANDOM_FROM_DATA, options.reg_covar = 0.05, options.max_failed_swaps = 0;
    CHECK(status_of(&pairs, &options, &report) == GMM_OK && report.n_swaps == 0);
    bound = report.lower_bound;
    options.max_failed_swaps = 200;
    CHECK(status_of(&pairs, &options, &report) == GMM_OK && report.n_swaps > 0 && report.lower_bound > bound);
    /* With a component for each pair: ln 0.1 - (1 + ln(2 pi 0.3)) / 2, where 0.25 / 0.3 replaces 1. */
    CHECK(fabs(report.lower_bound - (log(0.1) - 0.5 * (0.25 / 0.3 + log(2 * acos(-1) * 0.3)))) < 1e-6);

    options.max_failed_swaps = -2;
    REFUSED(status_of(&pairs, &options, NULL), GMM_INVALID_ARGUMENT,
            "options.max_failed_swaps is -2; it must be at least 0, or -1 for 4 a restart");
    options = defaults(10), options.max_failed_swaps = 3, options.means = rows;
    REFUSED(status_of(&pairs, &options, NULL), GMM_INVALID_ARGUMENT,
            "max_failed_swaps is 3; it must be 0 when the start or its means are given, because a swap does not keep them");
}

static void reports(void)
{
    /* A component that starts without weight gets half of the other's samples. */
    const double weights[] = {1, 0}, means[] = {5, 6};
    gmm_repair repairs[2] = {{-7, 0, 0, 0, 0}, {-7, 0, 0, 0, 0}};
    double counts[2], conditions[2];
    uint8_t held[2];
    gmm_fit_report report = {.size = sizeof report,
                             .effective_counts = counts,
                             .conditions = conditions,
                             .held_by_ridge = held,
                             .repairs = repairs,
                             .repairs_capacity = 2};
    gmm_fit_options options = defaults(2);
    options.weights = weights, options.means = means, options.tol = 1e-9;
    CHECK(status_of(&paired, &options, &report) == GMM_OK && report.n_repairs == 1);
    CHECK(repairs[0].kind == GMM_REPAIR_RESEEDED && repairs[0].iteration == 1);
    CHECK(repairs[0].component == 1 && repairs[0].from == 0 && repairs[1].kind == -7);
    CHECK(fabs(counts[0] - 4) < 1e-3 && fabs(counts[1] - 4) < 1e-3 && held[0] == 0);

    /* Two equal features and no ridge: the fit goes on with the smallest ridge that gives a covariance. */
    const double same_[] = {0, 0, 4, 4};
    const gmm_matrix_f64 same = {same_, 2, 2, 2, 1};
    double ridge, covariance[4];
    gmm_mixture *mixture = NULL;
    options = defaults(1), options.reg_covar = 0, report.ridges = &ridge;
    CHECK(gmm_mixture_fit_f64(&same, &options, NULL, &mixture, &report) == GMM_OK && report.n_repairs > 0);
    CHECK(repairs[0].kind == GMM_REPAIR_RAISED_RIDGE && repairs[0].component == 0 && repairs[0].ridge > 0);
    CHECK(ridge > 0 && ridge < 1e-10 && ridge == repairs[0].ridge);
    CHECK(gmm_mixture_dense_covariances(mixture, covariance, 4) == GMM_OK && covariance[0] == 4 + ridge);
    gmm_mixture_free(mixture);
    report.ridges = NULL;

    /* The variance of a constant feature is its ridge alone. */
    const double rows[] = {0, 3, 1, 3, 2, 3, 3, 3};
    const gmm_matrix_f64 flat = {rows, 4, 2, 2, 1};
    options = defaults(1);
    report.repairs = NULL;
    CHECK(status_of(&flat, &options, &report) == GMM_OK && held[0] == 0 && held[1] == 1);
    CHECK(fabs(conditions[0] / 1.25e6 - 1) < 1e-3);

    /* A program of the first version: fields after `restart` are neither read nor written. */
    report.size = offsetof(gmm_fit_report, restart) + sizeof report.restart;
    report.stop = 77, report.effective_counts = (double *)1;
    CHECK(status_of(&line, &options, &report) == GMM_OK && report.stop == 77);

    report = (gmm_fit_report){.size = sizeof report, .conditions = counts, .ridges = counts};
    REFUSED(status_of(&line, &options, &report), GMM_INVALID_ARGUMENT,
            "report.ridges overlaps report.conditions in memory");
    report.size = 24;
    REFUSED(status_of(&line, &options, &report), GMM_INVALID_ARGUMENT,
            "report.size is 24; set it to the sizeof of the struct");
}

static void floats(void)
{
    const float rows[] = {0, 2, 4, 10};
    const gmm_matrix_f32 z = {rows, 4, 1, 1, 1};
    const double weights[] = {2, 1, 1, 0};
    struct watch seen = {.end_at = 1};
    gmm_fit_options options = defaults(1);
    options.sample_weights = weights, options.reg_covar = 0;
    options.progress = watch, options.userdata = &seen;
    gmm_mixture *mixture = NULL;
    double mean, variance;
    CHECK(gmm_mixture_fit_f32(&z, &options, NULL, &mixture, NULL) == GMM_OK && seen.calls == 1);
    CHECK(gmm_mixture_means(mixture, &mean, 1) == GMM_OK && gmm_mixture_dense_covariances(mixture, &variance, 1) == GMM_OK);
    CHECK(fabs(mean - 1.5) < 1e-6 && fabs(variance - 2.75) < 1e-6);
    gmm_mixture_free(mixture);
}

int main(void)
{
    what_defaults_are();
    the_function_fills_the_whole_struct();
    weights_and_ridges();
    structures();
    beginnings_and_ends();
    who_is_told();
    moves();
    reports();
    floats();
    return 0;
}
