/* Offsets of fields on 64-bit systems: compiled programs rely on them, so they never change. Fields may be added at
 * the end of structs that begin with their size; then only the sizes here grow. */
#include <gmm.h>

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)

#if UINTPTR_MAX == UINT64_MAX

SIZE(gmm_prior, 48);
AT(gmm_prior, size, 0);
AT(gmm_prior, weight_concentration, 8);
AT(gmm_prior, mean_precision, 16);
AT(gmm_prior, mean, 24);
AT(gmm_prior, degrees_of_freedom, 32);
AT(gmm_prior, covariance, 40);

SIZE(gmm_progress, 48);
AT(gmm_progress, size, 0);
AT(gmm_progress, restart, 8);
AT(gmm_progress, iteration, 16);
AT(gmm_progress, lower_bound, 24);
AT(gmm_progress, elapsed, 32);
AT(gmm_progress, n_swaps, 40);

SIZE(gmm_fit_options, 192);
AT(gmm_fit_options, size, 0);
AT(gmm_fit_options, n_components, 8);
AT(gmm_fit_options, tol, 16);
AT(gmm_fit_options, max_iter, 24);
AT(gmm_fit_options, reg_covar, 32);
AT(gmm_fit_options, n_init, 40);
AT(gmm_fit_options, seed, 48);
AT(gmm_fit_options, start, 56);
AT(gmm_fit_options, covariance_type, 64);
AT(gmm_fit_options, convergence, 68);
AT(gmm_fit_options, init, 72);
AT(gmm_fit_options, reg_covar_relative, 76);
AT(gmm_fit_options, time_budget, 80);
AT(gmm_fit_options, sample_weights, 88);
AT(gmm_fit_options, weights, 96);
AT(gmm_fit_options, means, 104);
AT(gmm_fit_options, covariances, 112);
AT(gmm_fit_options, precisions, 120);
AT(gmm_fit_options, prior, 128);
AT(gmm_fit_options, progress, 136);
AT(gmm_fit_options, userdata, 144);
AT(gmm_fit_options, cancel, 152);
AT(gmm_fit_options, max_failed_swaps, 160);
AT(gmm_fit_options, log, 168);
AT(gmm_fit_options, log_userdata, 176);
AT(gmm_fit_options, error, 184);

SIZE(gmm_error, 512);
AT(gmm_error, size, 0);
AT(gmm_error, status, 8);
AT(gmm_error, message, 12);

SIZE(gmm_matrix_f64, 40);
AT(gmm_matrix_f64, data, 0);
AT(gmm_matrix_f64, rows, 8);
AT(gmm_matrix_f64, cols, 16);
AT(gmm_matrix_f64, row_stride, 24);
AT(gmm_matrix_f64, col_stride, 32);

SIZE(gmm_matrix_f32, 40);
AT(gmm_matrix_f32, data, 0);
AT(gmm_matrix_f32, rows, 8);
AT(gmm_matrix_f32, cols, 16);
AT(gmm_matrix_f32, row_stride, 24);
AT(gmm_matrix_f32, col_stride, 32);

SIZE(gmm_repair, 40);
AT(gmm_repair, kind, 0);
AT(gmm_repair, iteration, 8);
AT(gmm_repair, component, 16);
AT(gmm_repair, from, 24);
AT(gmm_repair, ridge, 32);

SIZE(gmm_fit_report, 128);
AT(gmm_fit_report, size, 0);
AT(gmm_fit_report, lower_bounds, 8);
AT(gmm_fit_report, lower_bounds_capacity, 16);
AT(gmm_fit_report, converged, 24);
AT(gmm_fit_report, n_iter, 32);
AT(gmm_fit_report, lower_bound, 40);
AT(gmm_fit_report, restart, 48);
AT(gmm_fit_report, stop, 56);
AT(gmm_fit_report, stop_status, 60);
AT(gmm_fit_report, n_repairs, 64);
AT(gmm_fit_report, effective_counts, 72);
AT(gmm_fit_report, conditions, 80);
AT(gmm_fit_report, ridges, 88);
AT(gmm_fit_report, held_by_ridge, 96);
AT(gmm_fit_report, repairs, 104);
AT(gmm_fit_report, repairs_capacity, 112);
AT(gmm_fit_report, n_swaps, 120);

SIZE(gmm_source_f64, 48);
AT(gmm_source_f64, size, 0);
AT(gmm_source_f64, n_features, 8);
AT(gmm_source_f64, rewind, 16);
AT(gmm_source_f64, read, 24);
AT(gmm_source_f64, userdata, 32);
AT(gmm_source_f64, has_weights, 40);

SIZE(gmm_source_f32, 48);
AT(gmm_source_f32, size, 0);
AT(gmm_source_f32, n_features, 8);
AT(gmm_source_f32, rewind, 16);
AT(gmm_source_f32, read, 24);
AT(gmm_source_f32, userdata, 32);
AT(gmm_source_f32, has_weights, 40);

SIZE(gmm_training_options, 64);
AT(gmm_training_options, size, 0);
AT(gmm_training_options, eps, 8);
AT(gmm_training_options, w_energy, 16);
AT(gmm_training_options, w_cov_diag, 24);
AT(gmm_training_options, ridge_limit, 32);
AT(gmm_training_options, drop_empty, 40);
AT(gmm_training_options, running, 48);
AT(gmm_training_options, error, 56);

SIZE(gmm_stepwise_options, 56);
AT(gmm_stepwise_options, size, 0);
AT(gmm_stepwise_options, decay, 8);
AT(gmm_stepwise_options, reg_covar, 16);
AT(gmm_stepwise_options, reg_covar_relative, 24);
AT(gmm_stepwise_options, prior, 32);
AT(gmm_stepwise_options, cancel, 40);
AT(gmm_stepwise_options, error, 48);

SIZE(gmm_criteria, 48);
AT(gmm_criteria, size, 0);
AT(gmm_criteria, n_parameters, 8);
AT(gmm_criteria, log_likelihood, 16);
AT(gmm_criteria, aic, 24);
AT(gmm_criteria, bic, 32);
AT(gmm_criteria, icl, 40);

SIZE(gmm_sweep_options, 64);
AT(gmm_sweep_options, size, 0);
AT(gmm_sweep_options, n_components, 8);
AT(gmm_sweep_options, n_components_len, 16);
AT(gmm_sweep_options, covariance_types, 24);
AT(gmm_sweep_options, covariance_types_len, 32);
AT(gmm_sweep_options, criterion, 40);
AT(gmm_sweep_options, fit, 48);
AT(gmm_sweep_options, error, 56);

SIZE(gmm_candidate, 80);
AT(gmm_candidate, size, 0);
AT(gmm_candidate, n_components, 8);
AT(gmm_candidate, covariance_type, 16);
AT(gmm_candidate, status, 20);
AT(gmm_candidate, stop, 24);
AT(gmm_candidate, n_iter, 32);
AT(gmm_candidate, n_parameters, 40);
AT(gmm_candidate, log_likelihood, 48);
AT(gmm_candidate, aic, 56);
AT(gmm_candidate, bic, 64);
AT(gmm_candidate, icl, 72);

SIZE(gmm_scores_f64, 72);
AT(gmm_scores_f64, size, 0);
AT(gmm_scores_f64, energies, 8);
AT(gmm_scores_f64, log_densities, 16);
AT(gmm_scores_f64, responsibilities, 24);
AT(gmm_scores_f64, log_responsibilities, 32);
AT(gmm_scores_f64, squared_mahalanobis, 40);
AT(gmm_scores_f64, labels, 48);
AT(gmm_scores_f64, mean_energy, 56);
AT(gmm_scores_f64, error, 64);

SIZE(gmm_scores_f32, 72);
AT(gmm_scores_f32, size, 0);
AT(gmm_scores_f32, energies, 8);
AT(gmm_scores_f32, log_densities, 16);
AT(gmm_scores_f32, responsibilities, 24);
AT(gmm_scores_f32, log_responsibilities, 32);
AT(gmm_scores_f32, squared_mahalanobis, 40);
AT(gmm_scores_f32, labels, 48);
AT(gmm_scores_f32, mean_energy, 56);
AT(gmm_scores_f32, error, 64);

SIZE(gmm_detector_options, 96);
AT(gmm_detector_options, size, 0);
AT(gmm_detector_options, contamination, 8);
AT(gmm_detector_options, n_components, 16);
AT(gmm_detector_options, n_components_len, 24);
AT(gmm_detector_options, tol, 32);
AT(gmm_detector_options, max_iter, 40);
AT(gmm_detector_options, reg_covar, 48);
AT(gmm_detector_options, seed, 56);
AT(gmm_detector_options, sample_weights, 64);
AT(gmm_detector_options, cancel, 72);
AT(gmm_detector_options, time_budget, 80);
AT(gmm_detector_options, error, 88);
#endif

int main(void)
{
    return 0;
}
