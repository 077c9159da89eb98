/* Scores of samples by a mixture, a scorer or a detector. Included by typed.h. */

static void OF(fuzz_scores)(void)
{
    SHAPE;
    gmm_mixture *mixture = any_mixture(k, d);
    OF(gmm_scorer) *scorer = NULL;
    if (mixture != NULL && once_in(3)) {
        begin_arguments();
        OF(gmm_scorer) **slot = SLOT(OF(gmm_scorer));
        size_t room = once_in(20) ? (once_in(2) ? SIZE_MAX : 0) : n;
        scorer = MAKE(slot, OF(gmm_scorer_create)(mixture, room, PASS(slot)));
    }
    for (size_t again = 0; again < 2; again++) {
        begin_arguments();
        const MATRIX *z = OF(samples)("samples", n, once_in(40) ? d + 1 : d);
        OF(gmm_scores) scores = {0};
        scores.size = sizeof scores;
        scores.energies = OPTIONAL(OUT("energies", OF_TYPE, n));
        scores.log_densities = OPTIONAL(OUT("log_densities", IS_FLOAT ? ANY_INFINITE : MINUS_INFINITE, n));
        scores.responsibilities = OPTIONAL(OUT("responsibilities", FINITE, n * k));
        scores.log_responsibilities = OPTIONAL(OUT("log_responsibilities", MINUS_INFINITE, n * k));
        scores.squared_mahalanobis = OPTIONAL(OUT("squared_mahalanobis", PLUS_INFINITE, n * k));
        scores.labels = OPTIONAL(buffer("labels", OUTPUT, BYTES, 1, n * sizeof(uint32_t)));
        scores.mean_energy = OPTIONAL(output("mean_energy", PLUS_INFINITE, 1));
        void *into = sized("scores", INPUT, &scores, sizeof scores);
        if (scorer != NULL) {
            CALL(OF(gmm_scorer_score)(scorer, PASS(z), PASS(into)));
        } else {
            CALL(OF(gmm_mixture_score)(mixture, PASS(z), the_threads, PASS(into)));
        }
    }
    OF(gmm_scorer_free)(scorer);
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    REAL *energies = OUT("energies", OF_TYPE, n);
    CALL(OF(gmm_mixture_energies)(mixture, PASS(z), the_threads, PASS(energies)));
    begin_arguments();
    z = OF(samples)("samples", n, d);
    REAL *shares = OUT("responsibilities", FINITE, n * k);
    CALL(OF(gmm_mixture_responsibilities)(mixture, PASS(z), the_threads, PASS(shares)));
    gmm_mixture_free(mixture);
}

static void OF(fuzz_derivatives)(void)
{
    SHAPE;
    gmm_mixture *mixture = any_mixture(k, d);
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    REAL *scores = OUT("scores", FINITE, n * d);
    CALL(OF(gmm_mixture_score_function)(mixture, PASS(z), the_threads, PASS(scores)));
    begin_arguments();
    z = OF(samples)("samples", n, d);
    const MATRIX *v = OF(samples)("vectors", n, d);
    REAL *products = OUT("products", FINITE, n * d);
    CALL(OF(gmm_mixture_hessian_vector_products)(mixture, PASS(z), PASS(v), the_threads, PASS(products)));
    gmm_mixture_free(mixture);
}

static void OF(fuzz_attribution)(void)
{
    SHAPE;
    gmm_mixture *mixture = any_mixture(k, d);
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    REAL *shares = OUT("shares", ANY_INFINITE, n * d);
    CALL(OF(gmm_mixture_attribution)(mixture, PASS(z), the_threads, PASS(shares)));
    gmm_mixture_free(mixture);
}

static void OF(fuzz_criteria)(void)
{
    SHAPE;
    gmm_mixture *mixture = any_mixture(k, d);
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    gmm_criteria criteria = {0};
    criteria.size = sizeof criteria;
    gmm_criteria *out = sized("criteria", OUTPUT, &criteria, sizeof criteria);
    double *counts = OF(counts)(n);
    if (CALL(OF(gmm_mixture_criteria)(mixture, PASS(z), OPTIONAL(counts), the_threads, PASS(out))) == GMM_OK &&
        out->size == sizeof criteria) {
        HOLDS(is_held(MINUS_INFINITE, out->log_likelihood));
        HOLDS(is_held(PLUS_INFINITE, out->aic) && is_held(PLUS_INFINITE, out->bic) && is_held(PLUS_INFINITE, out->icl));
    }
    gmm_mixture_free(mixture);
}

static void OF(fuzz_sample)(void)
{
    size_t n = some(30, 500), k = 1 + below(3), d = 1 + below(4);
    gmm_mixture *mixture = any_mixture(k, d);
    begin_arguments();
    REAL *samples = OUT("samples", FINITE, n * d);
    uint32_t *labels = buffer("labels", OUTPUT, BYTES, 1, n * sizeof *labels);
    uint64_t first = once_in(10) ? UINT64_MAX - below(40) : below(100);
    CALL(OF(gmm_mixture_sample)(mixture, bits(), first, once_in(60) ? huge() : n, PASS(samples), OPTIONAL(labels)));
    gmm_mixture_free(mixture);
}

static void OF(fuzz_thresholds)(void)
{
    size_t n = some(20, 500);
    struct flavour flavour = any_flavour(IS_FLOAT);
    enum holds holds = flavour.kind == BAD ? PLUS_INFINITE : FINITE;
    begin_arguments();
    REAL *energies = VALUES("energies", n, flavour);
    size_t told = once_in(60) ? huge() : n;
    double *threshold = output("threshold", holds, 1);
    CALL(OF(gmm_threshold_by_percentile)(PASS(energies), told, any_option(100.0 * uniform()), PASS(threshold)));
    begin_arguments();
    energies = VALUES("energies", n, flavour);
    threshold = output("threshold", holds, 1);
    CALL(OF(gmm_threshold_by_contamination)(PASS(energies), n, any_option(uniform()), PASS(threshold)));
    begin_arguments();
    energies = VALUES("energies", n, flavour);
    double *counts = list("weights", n, any_flavour(0), 1);
    threshold = output("threshold", holds, 1);
    CALL(OF(gmm_threshold_by_weighted_contamination)(PASS(energies), PASS(counts), n, any_option(uniform()),
                                                     PASS(threshold)));
}

static void OF(fuzz_detector)(void)
{
    size_t n = some(40, 200), d = 1 + below(3);
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    gmm_detector_options options;
    gmm_detector_options_init(&options);
    size_t *numbers = input("n_components", 3 * sizeof *numbers);
    for (size_t i = 0; i < 3; i++) {
        numbers[i] = once_in(40) ? huge() : some(4, 10);
    }
    options.n_components = numbers;
    options.n_components_len = 1 + below(3);
    options.contamination = any_option(0.4 * uniform());
    options.tol = any_option(1e-3);
    options.max_iter = below(20);
    options.reg_covar = any_option(once_in(3) ? 0.0 : 1e-6);
    options.seed = bits();
    options.sample_weights = OF(counts)(n);
    options.time_budget = once_in(20) ? any_option(1e-6) : 0;
    int is_endless = once_in(40);
    if (is_endless) {
        options.max_iter = SIZE_MAX, options.tol = 0, options.time_budget = 0.01;
    }
    /* The struct of an older caller ends before the time budget. */
    void *with = is_endless ? memcpy(input("options", sizeof options), &options, sizeof options)
                            : sized("options", INPUT, &options, sizeof options);
    gmm_detector **slot = SLOT(gmm_detector);
    gmm_detector *detector = MAKE(slot, OF(gmm_detector_fit)(PASS(z), OPTIONAL(with), the_threads, PASS(slot)));
    if (detector != NULL) {
        HOLDS(!isnan(ASK(gmm_detector_threshold(detector))));
        HOLDS(ASK(gmm_detector_stop(detector)) >= GMM_STOP_CONVERGED);
        size_t m = ASK(gmm_detector_n_mixtures(detector));
        begin_arguments();
        gmm_mixture **copy = SLOT(gmm_mixture);
        gmm_mixture_free(inspected(MAKE(copy, gmm_detector_mixture(detector, below(m + 1), PASS(copy)))));
    }
    for (size_t again = 0; again < 2; again++) {
        n = some(12, 300);
        begin_arguments();
        z = OF(samples)("samples", n, d);
        REAL *energies = OUT("energies", OF_TYPE, n);
        CALL(OF(gmm_detector_energies)(detector, PASS(z), the_threads, PASS(energies)));
        begin_arguments();
        z = OF(samples)("samples", n, d);
        REAL *shares = OUT("shares", ANY_INFINITE, n * d);
        CALL(OF(gmm_detector_attribution)(detector, PASS(z), the_threads, PASS(shares)));
    }
    gmm_detector_free(detector);
}
