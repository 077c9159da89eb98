/* Options, priors and reports of fits. */
#ifndef FUZZ_FITS_H
#define FUZZ_FITS_H

#include "structs.h"

static gmm_threads *the_threads;

struct shape {
    size_t n, k, d;
};

/* The structs that the options of a fit point at. */
struct fit {
    gmm_prior prior;
    gmm_fit_options options;
    size_t iterations_left;
};

static inline size_t len_of(gmm_covariance_type kind, size_t k, size_t d)
{
    return kind == GMM_COVARIANCE_TIED ? d * d : kind == GMM_COVARIANCE_DIAG ? k * d : kind == GMM_COVARIANCE_SPHERICAL ? k : k * d * d;
}

static inline const gmm_prior *any_prior(struct fit *fit, size_t d, gmm_covariance_type kind)
{
    gmm_prior *prior = &fit->prior;
    gmm_prior_init(prior);
    prior->weight_concentration = any_option(once_in(2) ? 1.0 : 1.0 + uniform());
    prior->mean_precision = any_option(0.01);
    prior->degrees_of_freedom = any_option(once_in(2) ? 0.0 : (double)d + 5.0 * uniform());
    prior->mean = once_in(3) ? list("prior.mean", d, any_flavour(0), 0) : NULL;
    if (once_in(3)) {
        double *matrix = input("prior.covariance", d * d * sizeof *matrix);
        covariance(matrix, d);
        for (size_t i = 0; len_of(kind, 1, d) < d * d && i < d; i++) {
            matrix[i] = matrix[i * d + i];
        }
        prior->covariance = matrix;
    }
    return sized("prior", INPUT, prior, sizeof *prior);
}

static inline int32_t watch(void *userdata, const gmm_progress *progress)
{
    struct fit *fit = userdata;
    HOLDS(!isnan(progress->lower_bound) && progress->elapsed >= 0.0);
    /* An older caller's struct has no field for it. */
    return fit != NULL && fit->iterations_left-- == 0;
}

static inline void listen(void *userdata, gmm_log_level level, const char *message)
{
    (void)userdata;
    HOLDS(level >= GMM_LOG_INFO && message[0] != '\0');
}

/* Options of a fit; most of them are valid. */
static inline const gmm_fit_options *any_fit(struct fit *fit, struct shape shape, const gmm_mixture *start)
{
    gmm_fit_options *it = &fit->options;
    gmm_fit_options_init(it);
    size_t k = shape.k, d = shape.d;
    /* More components than samples: lists of this length must not be read. */
    int is_too_many = once_in(60);
    it->n_components = !is_too_many ? k : once_in(2) ? huge() : shape.n + 1 + below(1000);
    it->tol = any_option(1e-3);
    it->max_iter = below(12);
    it->reg_covar = any_option(once_in(3) ? 0.0 : 1e-6);
    it->reg_covar_relative = once_in(4);
    it->n_init = once_in(4) && start == NULL ? below(4) : 1;
    it->seed = bits();
    it->covariance_type = once_in(60) ? 17 : start != NULL ? GMM_COVARIANCE_OF_START : (gmm_covariance_type)below(4);
    it->convergence = once_in(60) ? 17 : (gmm_convergence)below(2);
    it->init = once_in(60) ? 17 : (gmm_init)below(4);
    it->start = start;
    it->max_failed_swaps = once_in(4) && start == NULL ? (int64_t)below(6) - 2 : -1;
    int is_endless = once_in(40);
    if (is_endless) {
        it->max_iter = SIZE_MAX, it->n_init = start == NULL && once_in(2) ? SIZE_MAX : it->n_init;
        it->time_budget = 0.01;
    }
    it->sample_weights = once_in(4) ? list("sample_weights", shape.n, any_flavour(0), 1) : NULL;
    it->prior = once_in(4) ? any_prior(fit, d, it->covariance_type) : NULL;
    if (is_too_many) {
        return memcpy(input("options", sizeof *it), it, sizeof *it);
    }
    it->weights = once_in(12) ? weights("options.weights", k) : NULL;
    it->means = once_in(12) ? list("options.means", k * d, any_flavour(0), 0) : NULL;
    if (once_in(12)) {
        double *values = input("options.covariances", k * d * d * sizeof *values);
        for (size_t i = 0; i < k; i++) {
            covariance(values + i * d * d, d);
        }
        *(once_in(2) ? &it->covariances : &it->precisions) = values;
    }
    if (once_in(4)) {
        fit->iterations_left = below(20);
        it->progress = watch, it->userdata = fit;
    }
    it->log = once_in(6) ? listen : NULL;
    if (is_endless) {
        /* The struct of an older caller ends before the time budget. */
        return memcpy(input("options", sizeof *it), it, sizeof *it);
    }
    return sized("options", INPUT, it, sizeof *it);
}

/* A report with buffers of the lengths that it states. */
static inline gmm_fit_report *any_report(struct shape shape)
{
    size_t k = shape.k, d = shape.d;
    gmm_fit_report report = {0};
    report.size = sizeof report;
    report.lower_bounds_capacity = below(12);
    report.lower_bounds = OPTIONAL(output("lower_bounds", ANY_INFINITE, report.lower_bounds_capacity));
    report.effective_counts = OPTIONAL(output("effective_counts", PLUS_INFINITE, k));
    report.conditions = OPTIONAL(output("conditions", FINITE, k));
    report.ridges = OPTIONAL(output("ridges", FINITE, k));
    /* A byte has no alignment, so this pointer is never misaligned. */
    unsigned char *held = buffer("held_by_ridge", OUTPUT, BYTES, 0, k * d);
    report.held_by_ridge = once_in(4) ? NULL : held;
    report.repairs_capacity = below(5);
    report.repairs = OPTIONAL(buffer("repairs", OUTPUT, BYTES, 0, report.repairs_capacity * sizeof(gmm_repair)));
    return passed(sized("report", OUTPUT, &report, sizeof report));
}

static inline void inspect_report(const gmm_fit_report *report)
{
    if (report == NULL || report->size < sizeof *report) {
        return;
    }
    HOLDS(!isnan(report->lower_bound) && report->n_iter > 0);
    HOLDS(report->stop >= GMM_STOP_CONVERGED && report->stop <= GMM_STOP_REFUSED);
}

#endif
