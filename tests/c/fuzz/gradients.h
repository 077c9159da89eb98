/* Estimates, energies and their gradients, with parameters in the caller's memory. Included by typed.h. */

/* A float result beyond its range may be infinite. */
#define OF_TYPE (IS_FLOAT ? ANY_INFINITE : PLUS_INFINITE)

static void OF(fuzz_params)(void)
{
    SHAPE;
    begin_arguments();
    const MATRIX *z = OF(samples)("z", n, d), *gamma = OF(shares)(n, k);
    REAL *phi = OUT("phi", FINITE, k), *mu = OUT("mu", FINITE, k * d), *cov = OUT("cov", FINITE, k * d * d);
    REAL *chol = OUT("chol", FINITE, k * d * d), *log_det = OUT("log_det", FINITE, k);
    CALL(OF(gmm_params)(PASS(z), PASS(gamma), OF(option)(1e-6), PASS(phi), PASS(mu), PASS(cov), PASS(chol), PASS(log_det)));
}

static void OF(fuzz_energy)(void)
{
    SHAPE;
    const REAL *of[5];
    begin_arguments();
    const MATRIX *z = OF(samples)("z", n, d);
    OF(parameters)(k, d, of);
    REAL *energy = OUT("sample_energy", OF_TYPE, n), *mean = OUT("mean_energy", OF_TYPE, 1);
    REAL *cov_diag = OUT("cov_diag", PLUS_INFINITE, 1);
    size_t told = once_in(60) ? (once_in(2) ? 0 : huge()) : k;
    CALL(OF(gmm_energy)(PASS(z), told, PASS(of[0]), PASS(of[1]), PASS(of[2]), PASS(of[3]), PASS(of[4]),
                        OPTIONAL(energy), OPTIONAL(mean), OPTIONAL(cov_diag)));
}

static void OF(fuzz_energy_vjp)(void)
{
    SHAPE;
    const REAL *of[5];
    begin_arguments();
    const MATRIX *z = OF(samples)("z", n, d);
    OF(parameters)(k, d, of);
    REAL *d_energy = VALUES("d_energy", n, any_flavour(IS_FLOAT));
    REAL *d_z = OUT("d_z", FINITE, n * d), *d_phi = OUT("d_phi", FINITE, k), *d_mu = OUT("d_mu", FINITE, k * d);
    REAL *d_cov = OUT("d_cov", FINITE, k * d * d), *d_chol = OUT("d_chol", FINITE, k * d * d);
    REAL *d_log_det = OUT("d_log_det", FINITE, k);
    CALL(OF(gmm_energy_vjp)(PASS(z), k, PASS(of[0]), PASS(of[1]), PASS(of[2]), PASS(of[3]), PASS(of[4]),
                            PASS(d_energy), OF(option)(once_in(2) ? 0.0 : 1.0), OPTIONAL(d_z), OPTIONAL(d_phi),
                            OPTIONAL(d_mu), OPTIONAL(d_cov), OPTIONAL(d_chol), OPTIONAL(d_log_det)));
    begin_arguments();
    REAL *cov = VALUES("cov", k * d * d, any_flavour(IS_FLOAT));
    d_cov = OUT("d_cov", FINITE, k * d * d);
    CALL(OF(gmm_cov_diag_vjp)(once_in(60) ? huge() : k, d, PASS(cov), any_option(1.0), PASS(d_cov)));
}

static void OF(fuzz_params_vjp)(void)
{
    SHAPE;
    begin_arguments();
    const MATRIX *z = OF(samples)("z", n, d), *gamma = OF(shares)(n, k);
    struct flavour flavour = any_flavour(IS_FLOAT);
    REAL *d_phi = VALUES("d_phi", k, flavour), *d_mu = VALUES("d_mu", k * d, any_flavour(IS_FLOAT));
    REAL *d_cov = VALUES("d_cov", k * d * d, flavour), *d_chol = VALUES("d_chol", k * d * d, flavour);
    REAL *d_log_det = VALUES("d_log_det", k, flavour);
    REAL *d_z = OUT("d_z", FINITE, n * d), *d_gamma = OUT("d_gamma", FINITE, n * k);
    CALL(OF(gmm_params_vjp)(PASS(z), PASS(gamma), OF(option)(1e-6), OPTIONAL(d_phi), OPTIONAL(d_mu), OPTIONAL(d_cov),
                            OPTIONAL(d_chol), OPTIONAL(d_log_det), OPTIONAL(d_z), OPTIONAL(d_gamma)));
}

static void OF(fuzz_loss)(void)
{
    SHAPE;
    begin_arguments();
    const MATRIX *z = OF(samples)("z", n, d), *gamma = OF(shares)(n, k);
    REAL *loss = OUT("loss", ANY_INFINITE, 1), *mean = OUT("mean_energy", OF_TYPE, 1);
    REAL *cov_diag = OUT("cov_diag", PLUS_INFINITE, 1);
    REAL *d_z = OUT("d_z", FINITE, n * d), *d_gamma = OUT("d_gamma", FINITE, n * k);
    CALL(OF(gmm_loss)(PASS(z), PASS(gamma), OF(option)(once_in(4) ? 0.0 : 1e-6), OF(option)(1.0), OF(option)(0.005),
                      OPTIONAL(loss), OPTIONAL(mean), OPTIONAL(cov_diag), OPTIONAL(d_z), OPTIONAL(d_gamma)));
}

/* Several training batches, with running averages or without. */
static void OF(fuzz_training_loss)(void)
{
    size_t k = 1 + below(3), d = 1 + below(4);
    gmm_running *running = NULL;
    begin_arguments();
    if (once_in(2)) {
        gmm_running **slot = SLOT(gmm_running);
        running = MAKE(slot, gmm_running_create(any_option(uniform()), PASS(slot)));
    }
    gmm_training_options options;
    gmm_training_options_init(&options);
    options.eps = any_option(once_in(4) ? 0.0 : 1e-6);
    options.w_energy = any_option(1.0);
    options.w_cov_diag = any_option(0.005);
    options.ridge_limit = any_option(once_in(2) ? 0.0 : 1e-2);
    options.drop_empty = once_in(20) ? 7 : (int32_t)below(2);
    options.running = running;
    for (size_t batch = 0, batches = 1 + below(4); batch < batches; batch++) {
        size_t n = some(12, 300);
        begin_arguments();
        const MATRIX *z = OF(samples)("z", n, d), *gamma = OF(shares)(n, once_in(30) ? 1 + below(3) : k);
        void *with = sized("options", INPUT, &options, sizeof options);
        REAL *loss = OUT("loss", ANY_INFINITE, 1), *mean = OUT("mean_energy", OF_TYPE, 1);
        REAL *cov_diag = OUT("cov_diag", PLUS_INFINITE, 1);
        REAL *d_z = OUT("d_z", FINITE, n * d), *d_gamma = OUT("d_gamma", FINITE, n * k);
        gmm_mixture **slot = once_in(2) ? SLOT(gmm_mixture) : NULL;
        if (gamma->cols != k) {
            d_gamma = NULL;
        }
        gmm_status status = CALL(OF(gmm_training_loss)(PASS(z), PASS(gamma), PASS(with), the_threads, OPTIONAL(loss),
                                                       OPTIONAL(mean), OPTIONAL(cov_diag), OPTIONAL(d_z),
                                                       OPTIONAL(d_gamma), slot));
        if (status == GMM_OK && slot != NULL) {
            gmm_mixture_free(inspected(*slot));
        }
    }
    if (running != NULL) {
        begin_arguments();
        gmm_mixture **slot = SLOT(gmm_mixture);
        (void)ASK(gmm_running_n_batches(running));
        gmm_mixture_free(inspected(MAKE(slot, gmm_running_mixture(running, OPTIONAL(&options), PASS(slot)))));
    }
    gmm_running_free(running);
}
