/* gmm without a preprocessor: what ffi.cdef of cffi and LuaJIT and FFI::cdef of PHP read.
 *
 * Generated from include/gmm.h, which documents everything, by `cargo xtask headers`. Do not edit.
 */
enum {
    GMM_OK = 0,
    GMM_NULL_POINTER = 1,
    GMM_INVALID_SHAPE = 2,
    GMM_SIZE_OVERFLOW = 3,
    GMM_NOT_FINITE = 4,
    GMM_NEGATIVE = 5,
    GMM_EMPTY_COMPONENT = 6,
    GMM_NOT_POSITIVE_DEFINITE = 7,
    GMM_OUT_OF_RANGE = 8,
    GMM_INVALID_ARGUMENT = 9,
    GMM_IO = 10,
    GMM_BAD_FILE = 11,
    GMM_INTERNAL = 12,
    GMM_SOURCE = 13,
    GMM_CANCELLED = 14,
    GMM_OUT_OF_TIME = 15,
    GMM_COVARIANCE_OF_START = -1,
    GMM_COVARIANCE_FULL = 0,
    GMM_COVARIANCE_TIED = 1,
    GMM_COVARIANCE_DIAG = 2,
    GMM_COVARIANCE_SPHERICAL = 3,
    GMM_CONVERGENCE_CHANGE = 0,
    GMM_CONVERGENCE_AITKEN = 1,
    GMM_INIT_KMEANS = 0,
    GMM_INIT_KMEANS_PLUS_PLUS = 1,
    GMM_INIT_RANDOM_FROM_DATA = 2,
    GMM_INIT_RANDOM = 3,
    GMM_STOP_CONVERGED = 0,
    GMM_STOP_MAX_ITERATIONS = 1,
    GMM_STOP_CANCELLED = 2,
    GMM_STOP_OUT_OF_TIME = 3,
    GMM_STOP_REFUSED = 4,
    GMM_REPAIR_RAISED_RIDGE = 0,
    GMM_REPAIR_RESEEDED = 1,
    GMM_CRITERION_BIC = 0,
    GMM_CRITERION_AIC = 1,
    GMM_CRITERION_ICL = 2,
    GMM_PARAMETER_WEIGHTS = 0,
    GMM_PARAMETER_MEANS = 1,
    GMM_PARAMETER_COVARIANCES = 2,
    GMM_PARAMETER_DENSE_COVARIANCES = 3,
    GMM_PARAMETER_CHOLESKY = 4,
    GMM_PARAMETER_PRECISIONS_CHOLESKY = 5,
    GMM_PARAMETER_LOG_DETS = 6,
    GMM_LOG_INFO = 0,
    GMM_LOG_WARNING = 1,
};
typedef struct gmm_cancel gmm_cancel;
typedef struct gmm_detector gmm_detector;
typedef struct gmm_mixture gmm_mixture;
typedef struct gmm_running gmm_running;
typedef struct gmm_scorer_f32 gmm_scorer_f32;
typedef struct gmm_scorer_f64 gmm_scorer_f64;
typedef struct gmm_stepwise gmm_stepwise;
typedef struct gmm_sweep gmm_sweep;
typedef struct gmm_threads gmm_threads;
typedef int32_t gmm_status;
typedef struct gmm_matrix_f64 {
    const double *data;
    size_t rows;
    size_t cols;
    ptrdiff_t row_stride;
    ptrdiff_t col_stride;
} gmm_matrix_f64;
typedef struct gmm_matrix_f32 {
    const float *data;
    size_t rows;
    size_t cols;
    ptrdiff_t row_stride;
    ptrdiff_t col_stride;
} gmm_matrix_f32;
typedef struct gmm_error {
    size_t size;
    gmm_status status;
    char message[500];
} gmm_error;
typedef struct gmm_training_options {
    size_t size;
    double eps;
    double w_energy;
    double w_cov_diag;
    double ridge_limit;
    int32_t drop_empty;
    struct gmm_running *running;
    struct gmm_error *error;
} gmm_training_options;
typedef struct gmm_prior {
    size_t size;
    double weight_concentration;
    double mean_precision;
    const double *mean;
    double degrees_of_freedom;
    const double *covariance;
} gmm_prior;
typedef int32_t gmm_covariance_type;
typedef int32_t gmm_convergence;
typedef int32_t gmm_init;
typedef struct gmm_progress {
    size_t size;
    size_t restart;
    size_t iteration;
    double lower_bound;
    double elapsed;
    size_t n_swaps;
} gmm_progress;
typedef int32_t (*gmm_progress_callback)(void *userdata, const struct gmm_progress *progress);
typedef int32_t gmm_log_level;
typedef void (*gmm_log_callback)(void *userdata, gmm_log_level level, const char *message);
typedef struct gmm_fit_options {
    size_t size;
    size_t n_components;
    double tol;
    size_t max_iter;
    double reg_covar;
    size_t n_init;
    uint64_t seed;
    const struct gmm_mixture *start;
    gmm_covariance_type covariance_type;
    gmm_convergence convergence;
    gmm_init init;
    int32_t reg_covar_relative;
    double time_budget;
    const double *sample_weights;
    const double *weights;
    const double *means;
    const double *covariances;
    const double *precisions;
    const struct gmm_prior *prior;
    gmm_progress_callback progress;
    void *userdata;
    const struct gmm_cancel *cancel;
    int64_t max_failed_swaps;
    gmm_log_callback log;
    void *log_userdata;
    struct gmm_error *error;
} gmm_fit_options;
typedef int32_t gmm_stop;
typedef int32_t gmm_repair_kind;
typedef struct gmm_repair {
    gmm_repair_kind kind;
    size_t iteration;
    size_t component;
    size_t from;
    double ridge;
} gmm_repair;
typedef struct gmm_fit_report {
    size_t size;
    double *lower_bounds;
    size_t lower_bounds_capacity;
    int32_t converged;
    size_t n_iter;
    double lower_bound;
    size_t restart;
    gmm_stop stop;
    gmm_status stop_status;
    size_t n_repairs;
    double *effective_counts;
    double *conditions;
    double *ridges;
    uint8_t *held_by_ridge;
    struct gmm_repair *repairs;
    size_t repairs_capacity;
    size_t n_swaps;
} gmm_fit_report;
typedef int32_t (*gmm_rewind_callback)(void *userdata);
typedef ptrdiff_t (*gmm_read_callback_f64)(void *userdata,
                                           size_t max_rows,
                                           double *rows,
                                           double *sample_weights);
typedef struct gmm_source_f64 {
    size_t size;
    size_t n_features;
    gmm_rewind_callback rewind;
    gmm_read_callback_f64 read;
    void *userdata;
    int32_t has_weights;
} gmm_source_f64;
typedef ptrdiff_t (*gmm_read_callback_f32)(void *userdata,
                                           size_t max_rows,
                                           float *rows,
                                           double *sample_weights);
typedef struct gmm_source_f32 {
    size_t size;
    size_t n_features;
    gmm_rewind_callback rewind;
    gmm_read_callback_f32 read;
    void *userdata;
    int32_t has_weights;
} gmm_source_f32;
typedef struct gmm_stepwise_options {
    size_t size;
    double decay;
    double reg_covar;
    int32_t reg_covar_relative;
    const struct gmm_prior *prior;
    const struct gmm_cancel *cancel;
    struct gmm_error *error;
} gmm_stepwise_options;
typedef struct gmm_criteria {
    size_t size;
    size_t n_parameters;
    double log_likelihood;
    double aic;
    double bic;
    double icl;
} gmm_criteria;
typedef int32_t gmm_criterion;
typedef struct gmm_sweep_options {
    size_t size;
    const size_t *n_components;
    size_t n_components_len;
    const gmm_covariance_type *covariance_types;
    size_t covariance_types_len;
    gmm_criterion criterion;
    const struct gmm_fit_options *fit;
    struct gmm_error *error;
} gmm_sweep_options;
typedef struct gmm_candidate {
    size_t size;
    size_t n_components;
    gmm_covariance_type covariance_type;
    gmm_status status;
    gmm_stop stop;
    size_t n_iter;
    size_t n_parameters;
    double log_likelihood;
    double aic;
    double bic;
    double icl;
} gmm_candidate;
typedef int32_t gmm_parameter;
typedef struct gmm_scores_f64 {
    size_t size;
    double *energies;
    double *log_densities;
    double *responsibilities;
    double *log_responsibilities;
    double *squared_mahalanobis;
    uint32_t *labels;
    double *mean_energy;
    struct gmm_error *error;
} gmm_scores_f64;
typedef struct gmm_scores_f32 {
    size_t size;
    float *energies;
    float *log_densities;
    float *responsibilities;
    float *log_responsibilities;
    float *squared_mahalanobis;
    uint32_t *labels;
    double *mean_energy;
    struct gmm_error *error;
} gmm_scores_f32;
typedef struct gmm_detector_options {
    size_t size;
    double contamination;
    const size_t *n_components;
    size_t n_components_len;
    double tol;
    size_t max_iter;
    double reg_covar;
    uint64_t seed;
    const double *sample_weights;
    const struct gmm_cancel *cancel;
    double time_budget;
    struct gmm_error *error;
} gmm_detector_options;
const char *gmm_version(void);
const char *gmm_last_error_message(void);
size_t gmm_last_error_copy(char *buffer,
                           size_t len);
gmm_status gmm_threads_create(size_t count, struct gmm_threads **out);
void gmm_threads_free(struct gmm_threads *threads);
gmm_status gmm_cancel_create(struct gmm_cancel **out);
void gmm_cancel_request(const struct gmm_cancel *token);
void gmm_cancel_reset(const struct gmm_cancel *token);
void gmm_cancel_free(struct gmm_cancel *token);
gmm_status gmm_params_f64(const struct gmm_matrix_f64 *z,
                          const struct gmm_matrix_f64 *gamma,
                          double eps,
                          double *phi,
                          double *mu,
                          double *cov,
                          double *chol,
                          double *log_det);
gmm_status gmm_params_f32(const struct gmm_matrix_f32 *z,
                          const struct gmm_matrix_f32 *gamma,
                          float eps,
                          float *phi,
                          float *mu,
                          float *cov,
                          float *chol,
                          float *log_det);
gmm_status gmm_energy_f64(const struct gmm_matrix_f64 *z,
                          size_t k,
                          const double *phi,
                          const double *mu,
                          const double *cov,
                          const double *chol,
                          const double *log_det,
                          double *sample_energy,
                          double *mean_energy,
                          double *cov_diag);
gmm_status gmm_energy_f32(const struct gmm_matrix_f32 *z,
                          size_t k,
                          const float *phi,
                          const float *mu,
                          const float *cov,
                          const float *chol,
                          const float *log_det,
                          float *sample_energy,
                          float *mean_energy,
                          float *cov_diag);
gmm_status gmm_loss_f64(const struct gmm_matrix_f64 *z,
                        const struct gmm_matrix_f64 *gamma,
                        double eps,
                        double w_energy,
                        double w_cov_diag,
                        double *loss,
                        double *mean_energy,
                        double *cov_diag,
                        double *d_z,
                        double *d_gamma);
gmm_status gmm_loss_f32(const struct gmm_matrix_f32 *z,
                        const struct gmm_matrix_f32 *gamma,
                        float eps,
                        float w_energy,
                        float w_cov_diag,
                        float *loss,
                        float *mean_energy,
                        float *cov_diag,
                        float *d_z,
                        float *d_gamma);
gmm_status gmm_energy_vjp_f64(const struct gmm_matrix_f64 *z,
                              size_t k,
                              const double *phi,
                              const double *mu,
                              const double *cov,
                              const double *chol,
                              const double *log_det,
                              const double *d_energy,
                              double d_cov_diag,
                              double *d_z,
                              double *d_phi,
                              double *d_mu,
                              double *d_cov,
                              double *d_chol,
                              double *d_log_det);
gmm_status gmm_energy_vjp_f32(const struct gmm_matrix_f32 *z,
                              size_t k,
                              const float *phi,
                              const float *mu,
                              const float *cov,
                              const float *chol,
                              const float *log_det,
                              const float *d_energy,
                              float d_cov_diag,
                              float *d_z,
                              float *d_phi,
                              float *d_mu,
                              float *d_cov,
                              float *d_chol,
                              float *d_log_det);
gmm_status gmm_params_vjp_f64(const struct gmm_matrix_f64 *z,
                              const struct gmm_matrix_f64 *gamma,
                              double eps,
                              const double *d_phi,
                              const double *d_mu,
                              const double *d_cov,
                              const double *d_chol,
                              const double *d_log_det,
                              double *d_z,
                              double *d_gamma);
gmm_status gmm_params_vjp_f32(const struct gmm_matrix_f32 *z,
                              const struct gmm_matrix_f32 *gamma,
                              float eps,
                              const float *d_phi,
                              const float *d_mu,
                              const float *d_cov,
                              const float *d_chol,
                              const float *d_log_det,
                              float *d_z,
                              float *d_gamma);
gmm_status gmm_cov_diag_vjp_f64(size_t k,
                                size_t d,
                                const double *cov,
                                double d_cov_diag,
                                double *d_cov);
gmm_status gmm_cov_diag_vjp_f32(size_t k,
                                size_t d,
                                const float *cov,
                                double d_cov_diag,
                                float *d_cov);
gmm_status gmm_training_options_init(struct gmm_training_options *options,
                                     size_t size);
gmm_status gmm_training_loss_f64(const struct gmm_matrix_f64 *z,
                                 const struct gmm_matrix_f64 *gamma,
                                 const struct gmm_training_options *options,
                                 const struct gmm_threads *threads,
                                 double *loss,
                                 double *mean_energy,
                                 double *cov_diag,
                                 double *d_z,
                                 double *d_gamma,
                                 struct gmm_mixture **mixture);
gmm_status gmm_training_loss_f32(const struct gmm_matrix_f32 *z,
                                 const struct gmm_matrix_f32 *gamma,
                                 const struct gmm_training_options *options,
                                 const struct gmm_threads *threads,
                                 float *loss,
                                 float *mean_energy,
                                 float *cov_diag,
                                 float *d_z,
                                 float *d_gamma,
                                 struct gmm_mixture **mixture);
gmm_status gmm_running_create(double decay,
                              struct gmm_running **out);
gmm_status gmm_running_mixture(const struct gmm_running *handle,
                               const struct gmm_training_options *options,
                               struct gmm_mixture **out);
uint64_t gmm_running_n_batches(const struct gmm_running *handle);
void gmm_running_free(struct gmm_running *handle);
gmm_status gmm_mixture_score_function_f64(const struct gmm_mixture *mixture,
                                          const struct gmm_matrix_f64 *samples,
                                          const struct gmm_threads *threads,
                                          double *scores);
gmm_status gmm_mixture_score_function_f32(const struct gmm_mixture *mixture,
                                          const struct gmm_matrix_f32 *samples,
                                          const struct gmm_threads *threads,
                                          float *scores);
gmm_status gmm_mixture_hessian_vector_products_f64(const struct gmm_mixture *mixture,
                                                   const struct gmm_matrix_f64 *samples,
                                                   const struct gmm_matrix_f64 *vectors,
                                                   const struct gmm_threads *threads,
                                                   double *products);
gmm_status gmm_mixture_hessian_vector_products_f32(const struct gmm_mixture *mixture,
                                                   const struct gmm_matrix_f32 *samples,
                                                   const struct gmm_matrix_f32 *vectors,
                                                   const struct gmm_threads *threads,
                                                   float *products);
gmm_status gmm_prior_init(struct gmm_prior *prior,
                          size_t size);
gmm_status gmm_fit_options_init(struct gmm_fit_options *options, size_t size);
gmm_status gmm_mixture_fit_f64(const struct gmm_matrix_f64 *samples,
                               const struct gmm_fit_options *options,
                               const struct gmm_threads *threads,
                               struct gmm_mixture **out,
                               struct gmm_fit_report *report);
gmm_status gmm_mixture_fit_f32(const struct gmm_matrix_f32 *samples,
                               const struct gmm_fit_options *options,
                               const struct gmm_threads *threads,
                               struct gmm_mixture **out,
                               struct gmm_fit_report *report);
gmm_status gmm_mixture_fit_stream_f64(const struct gmm_source_f64 *source,
                                      const struct gmm_fit_options *options,
                                      const struct gmm_threads *threads,
                                      struct gmm_mixture **out,
                                      struct gmm_fit_report *report);
gmm_status gmm_mixture_fit_stream_f32(const struct gmm_source_f32 *source,
                                      const struct gmm_fit_options *options,
                                      const struct gmm_threads *threads,
                                      struct gmm_mixture **out,
                                      struct gmm_fit_report *report);
gmm_status gmm_mixture_from_labels_f64(const struct gmm_matrix_f64 *samples,
                                       const uint32_t *labels,
                                       const struct gmm_fit_options *options,
                                       const struct gmm_threads *threads,
                                       struct gmm_mixture **out);
gmm_status gmm_mixture_from_labels_f32(const struct gmm_matrix_f32 *samples,
                                       const uint32_t *labels,
                                       const struct gmm_fit_options *options,
                                       const struct gmm_threads *threads,
                                       struct gmm_mixture **out);
gmm_status gmm_mixture_from_responsibilities_f64(const struct gmm_matrix_f64 *samples,
                                                 const struct gmm_matrix_f64 *responsibilities,
                                                 const struct gmm_fit_options *options,
                                                 const struct gmm_threads *threads,
                                                 struct gmm_mixture **out);
gmm_status gmm_mixture_from_responsibilities_f32(const struct gmm_matrix_f32 *samples,
                                                 const struct gmm_matrix_f32 *responsibilities,
                                                 const struct gmm_fit_options *options,
                                                 const struct gmm_threads *threads,
                                                 struct gmm_mixture **out);
size_t gmm_moments_len(const struct gmm_mixture *handle);
gmm_status gmm_moments_of_f64(const struct gmm_mixture *handle,
                              const struct gmm_matrix_f64 *samples,
                              const double *sample_weights,
                              const struct gmm_threads *threads,
                              double *moments,
                              size_t len);
gmm_status gmm_moments_of_f32(const struct gmm_mixture *handle,
                              const struct gmm_matrix_f32 *samples,
                              const double *sample_weights,
                              const struct gmm_threads *threads,
                              double *moments,
                              size_t len);
gmm_status gmm_moments_add(const struct gmm_mixture *handle,
                           const double *added,
                           double *sum,
                           size_t len);
gmm_status gmm_moments_scale(const struct gmm_mixture *handle,
                             double factor,
                             double *moments,
                             size_t len);
gmm_status gmm_moments_maximise(const struct gmm_mixture *handle,
                                const double *moments,
                                size_t len,
                                const struct gmm_fit_options *options,
                                struct gmm_mixture **out);
gmm_status gmm_stepwise_options_init(struct gmm_stepwise_options *options,
                                     size_t size);
gmm_status gmm_stepwise_create(const struct gmm_mixture *start,
                               const struct gmm_stepwise_options *options,
                               struct gmm_stepwise **out);
gmm_status gmm_stepwise_update_f64(struct gmm_stepwise *learner,
                                   const struct gmm_matrix_f64 *batch,
                                   const double *sample_weights,
                                   const struct gmm_threads *threads,
                                   double *mean_log_likelihood);
gmm_status gmm_stepwise_update_f32(struct gmm_stepwise *learner,
                                   const struct gmm_matrix_f32 *batch,
                                   const double *sample_weights,
                                   const struct gmm_threads *threads,
                                   double *mean_log_likelihood);
gmm_status gmm_stepwise_mixture(const struct gmm_stepwise *learner, struct gmm_mixture **out);
uint64_t gmm_stepwise_n_updates(const struct gmm_stepwise *learner);
void gmm_stepwise_free(struct gmm_stepwise *learner);
size_t gmm_mixture_n_parameters(const struct gmm_mixture *handle);
gmm_status gmm_mixture_criteria_f64(const struct gmm_mixture *handle,
                                    const struct gmm_matrix_f64 *samples,
                                    const double *sample_weights,
                                    const struct gmm_threads *threads,
                                    struct gmm_criteria *out);
gmm_status gmm_mixture_criteria_f32(const struct gmm_mixture *handle,
                                    const struct gmm_matrix_f32 *samples,
                                    const double *sample_weights,
                                    const struct gmm_threads *threads,
                                    struct gmm_criteria *out);
gmm_status gmm_sweep_options_init(struct gmm_sweep_options *options,
                                  size_t size);
gmm_status gmm_sweep_f64(const struct gmm_matrix_f64 *samples,
                         const struct gmm_sweep_options *options,
                         const struct gmm_threads *threads,
                         struct gmm_sweep **out);
gmm_status gmm_sweep_f32(const struct gmm_matrix_f32 *samples,
                         const struct gmm_sweep_options *options,
                         const struct gmm_threads *threads,
                         struct gmm_sweep **out);
size_t gmm_sweep_n_candidates(const struct gmm_sweep *sweep);
size_t gmm_sweep_best(const struct gmm_sweep *sweep);
gmm_status gmm_sweep_candidate(const struct gmm_sweep *sweep, size_t at, struct gmm_candidate *out);
gmm_status gmm_sweep_mixture(const struct gmm_sweep *sweep,
                             size_t at,
                             struct gmm_mixture **out);
gmm_status gmm_sweep_report(const struct gmm_sweep *sweep,
                            size_t at,
                            struct gmm_fit_report *report);
void gmm_sweep_free(struct gmm_sweep *sweep);
gmm_status gmm_mixture_create(size_t k,
                              size_t d,
                              const double *weights,
                              const double *means,
                              const double *covariances,
                              struct gmm_mixture **out);
gmm_status gmm_mixture_create_from_precisions(size_t k,
                                              size_t d,
                                              const double *weights,
                                              const double *means,
                                              const double *precisions,
                                              struct gmm_mixture **out);
void gmm_mixture_free(struct gmm_mixture *mixture);
size_t gmm_mixture_n_components(const struct gmm_mixture *handle);
size_t gmm_mixture_n_features(const struct gmm_mixture *handle);
gmm_covariance_type gmm_mixture_covariance_type(const struct gmm_mixture *handle);
gmm_status gmm_mixture_weights(const struct gmm_mixture *handle, double *out, size_t len);
gmm_status gmm_mixture_means(const struct gmm_mixture *handle, double *out, size_t len);
gmm_status gmm_mixture_dense_covariances(const struct gmm_mixture *handle, double *out, size_t len);
gmm_status gmm_mixture_covariances(const struct gmm_mixture *handle,
                                   double *out,
                                   size_t len);
gmm_status gmm_mixture_cholesky(const struct gmm_mixture *handle,
                                double *out,
                                size_t len);
gmm_status gmm_mixture_precisions_cholesky(const struct gmm_mixture *handle,
                                           double *out,
                                           size_t len);
gmm_status gmm_mixture_log_dets(const struct gmm_mixture *handle, double *out, size_t len);
gmm_status gmm_mixture_create_with_type(gmm_covariance_type covariance_type,
                                        size_t k,
                                        size_t d,
                                        const double *weights,
                                        const double *means,
                                        const double *covariances,
                                        struct gmm_mixture **out);
gmm_status gmm_mixture_create_from_precisions_with_type(gmm_covariance_type covariance_type,
                                                        size_t k,
                                                        size_t d,
                                                        const double *weights,
                                                        const double *means,
                                                        const double *precisions,
                                                        struct gmm_mixture **out);
gmm_status gmm_mixture_create_from_factors(gmm_covariance_type covariance_type,
                                           size_t k,
                                           size_t d,
                                           const double *weights,
                                           const double *means,
                                           const double *covariances,
                                           const double *ridges,
                                           const double *cholesky,
                                           struct gmm_mixture **out);
size_t gmm_mixture_len(const struct gmm_mixture *handle,
                       gmm_parameter parameter);
gmm_status gmm_mixture_save(const struct gmm_mixture *handle,
                            const char *file);
gmm_status gmm_mixture_save_with_metadata(const struct gmm_mixture *handle,
                                          const char *const *keys,
                                          const char *const *values,
                                          size_t n,
                                          const char *file);
gmm_status gmm_model_metadata(const char *file,
                              const char *key,
                              char *out,
                              size_t capacity,
                              size_t *len);
gmm_status gmm_model_metadata_keys(const char *file,
                                   char *out,
                                   size_t capacity,
                                   size_t *len);
gmm_status gmm_mixture_load(const char *file,
                            struct gmm_mixture **out);
gmm_status gmm_mixture_to_bytes(const struct gmm_mixture *handle,
                                uint8_t *out,
                                size_t capacity,
                                size_t *len);
gmm_status gmm_mixture_from_bytes(const uint8_t *bytes,
                                  size_t len,
                                  struct gmm_mixture **out);
gmm_status gmm_mixture_sample_f64(const struct gmm_mixture *handle,
                                  uint64_t seed,
                                  uint64_t first,
                                  size_t n,
                                  double *samples,
                                  uint32_t *labels);
gmm_status gmm_mixture_sample_f32(const struct gmm_mixture *handle,
                                  uint64_t seed,
                                  uint64_t first,
                                  size_t n,
                                  float *samples,
                                  uint32_t *labels);
gmm_status gmm_mixture_score_f64(const struct gmm_mixture *mixture,
                                 const struct gmm_matrix_f64 *samples,
                                 const struct gmm_threads *threads,
                                 const struct gmm_scores_f64 *scores);
gmm_status gmm_mixture_score_f32(const struct gmm_mixture *mixture,
                                 const struct gmm_matrix_f32 *samples,
                                 const struct gmm_threads *threads,
                                 const struct gmm_scores_f32 *scores);
gmm_status gmm_mixture_energies_f64(const struct gmm_mixture *mixture,
                                    const struct gmm_matrix_f64 *samples,
                                    const struct gmm_threads *threads,
                                    double *energies);
gmm_status gmm_mixture_energies_f32(const struct gmm_mixture *mixture,
                                    const struct gmm_matrix_f32 *samples,
                                    const struct gmm_threads *threads,
                                    float *energies);
gmm_status gmm_mixture_responsibilities_f64(const struct gmm_mixture *mixture,
                                            const struct gmm_matrix_f64 *samples,
                                            const struct gmm_threads *threads,
                                            double *responsibilities);
gmm_status gmm_mixture_responsibilities_f32(const struct gmm_mixture *mixture,
                                            const struct gmm_matrix_f32 *samples,
                                            const struct gmm_threads *threads,
                                            float *responsibilities);
gmm_status gmm_scorer_create_f64(const struct gmm_mixture *mixture,
                                 size_t max_samples,
                                 struct gmm_scorer_f64 **out);
gmm_status gmm_scorer_create_f32(const struct gmm_mixture *mixture,
                                 size_t max_samples,
                                 struct gmm_scorer_f32 **out);
gmm_status gmm_scorer_score_f64(struct gmm_scorer_f64 *scorer,
                                const struct gmm_matrix_f64 *samples,
                                const struct gmm_scores_f64 *scores);
gmm_status gmm_scorer_score_f32(struct gmm_scorer_f32 *scorer,
                                const struct gmm_matrix_f32 *samples,
                                const struct gmm_scores_f32 *scores);
void gmm_scorer_free_f64(struct gmm_scorer_f64 *scorer);
void gmm_scorer_free_f32(struct gmm_scorer_f32 *scorer);
gmm_status gmm_threshold_by_percentile_f64(const double *energies,
                                           size_t n,
                                           double percent,
                                           double *threshold);
gmm_status gmm_threshold_by_percentile_f32(const float *energies,
                                           size_t n,
                                           double percent,
                                           double *threshold);
gmm_status gmm_threshold_by_contamination_f64(const double *energies,
                                              size_t n,
                                              double fraction,
                                              double *threshold);
gmm_status gmm_threshold_by_contamination_f32(const float *energies,
                                              size_t n,
                                              double fraction,
                                              double *threshold);
gmm_status gmm_threshold_by_weighted_contamination_f64(const double *energies,
                                                       const double *weights,
                                                       size_t n,
                                                       double fraction,
                                                       double *threshold);
gmm_status gmm_threshold_by_weighted_contamination_f32(const float *energies,
                                                       const double *weights,
                                                       size_t n,
                                                       double fraction,
                                                       double *threshold);
gmm_status gmm_mixture_attribution_f64(const struct gmm_mixture *handle,
                                       const struct gmm_matrix_f64 *samples,
                                       const struct gmm_threads *threads,
                                       double *shares);
gmm_status gmm_mixture_attribution_f32(const struct gmm_mixture *handle,
                                       const struct gmm_matrix_f32 *samples,
                                       const struct gmm_threads *threads,
                                       float *shares);
gmm_status gmm_detector_options_init(struct gmm_detector_options *options,
                                     size_t size);
gmm_status gmm_detector_fit_f64(const struct gmm_matrix_f64 *samples,
                                const struct gmm_detector_options *options,
                                const struct gmm_threads *threads,
                                struct gmm_detector **out);
gmm_status gmm_detector_fit_f32(const struct gmm_matrix_f32 *samples,
                                const struct gmm_detector_options *options,
                                const struct gmm_threads *threads,
                                struct gmm_detector **out);
gmm_status gmm_detector_energies_f64(const struct gmm_detector *detector,
                                     const struct gmm_matrix_f64 *samples,
                                     const struct gmm_threads *threads,
                                     double *energies);
gmm_status gmm_detector_energies_f32(const struct gmm_detector *detector,
                                     const struct gmm_matrix_f32 *samples,
                                     const struct gmm_threads *threads,
                                     float *energies);
gmm_status gmm_detector_attribution_f64(const struct gmm_detector *detector,
                                        const struct gmm_matrix_f64 *samples,
                                        const struct gmm_threads *threads,
                                        double *shares);
gmm_status gmm_detector_attribution_f32(const struct gmm_detector *detector,
                                        const struct gmm_matrix_f32 *samples,
                                        const struct gmm_threads *threads,
                                        float *shares);
double gmm_detector_threshold(const struct gmm_detector *detector);
gmm_stop gmm_detector_stop(const struct gmm_detector *detector);
size_t gmm_detector_n_mixtures(const struct gmm_detector *detector);
gmm_status gmm_detector_mixture(const struct gmm_detector *detector,
                                size_t at,
                                struct gmm_mixture **out);
void gmm_detector_free(struct gmm_detector *detector);
