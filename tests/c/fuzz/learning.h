/* Fits of every kind, and their parts. Included by typed.h. */

static void OF(fuzz_fit)(void)
{
    SHAPE;
    struct fit fit;
    gmm_mixture *start = once_in(6) ? any_mixture(k, d) : NULL;
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    const gmm_fit_options *options = any_fit(&fit, (struct shape){n, k, d}, start);
    gmm_fit_report *report = once_in(2) ? any_report((struct shape){n, k, d}) : NULL;
    gmm_mixture **slot = SLOT(gmm_mixture);
    gmm_mixture *mixture = MAKE(slot, OF(gmm_mixture_fit)(PASS(z), OPTIONAL(options), the_threads, PASS(slot), report));
    if (mixture != NULL) {
        inspect_report(report);
    }
    gmm_mixture_free(inspected(mixture));
    gmm_mixture_free(start);
}

/* Rows that a source gives in every pass. */
struct OF(rows) {
    const REAL *values;
    size_t n, d, at, fails_after;
};

static int32_t OF(rewind_rows)(void *userdata)
{
    struct OF(rows) *rows = userdata;
    /* The struct of an older caller has no field for userdata. */
    if (rows == NULL) {
        return 1;
    }
    rows->at = 0;
    return rows->fails_after == 0;
}

static ptrdiff_t OF(read_rows)(void *userdata, size_t max_rows, REAL *out, double *sample_weights)
{
    struct OF(rows) *rows = userdata;
    size_t left = rows->n - rows->at, n = left < max_rows ? left : max_rows;
    if (rows->at >= rows->fails_after) {
        return rows->fails_after % 2 ? -1 : (ptrdiff_t)max_rows + 1;
    }
    n = n > 7 ? 7 : n;
    memcpy(out, rows->values + rows->at * rows->d, n * rows->d * sizeof *out);
    for (size_t i = 0; sample_weights != NULL && i < n; i++) {
        sample_weights[i] = 1.0 + (double)(i % 3);
    }
    rows->at += n;
    return (ptrdiff_t)n;
}

static void OF(fuzz_fit_stream)(void)
{
    SHAPE;
    struct fit fit;
    begin_arguments();
    REAL *values = VALUES("rows", n * d, any_flavour(IS_FLOAT));
    struct OF(rows) rows = {values, n, d, 0, once_in(12) ? below(30) : SIZE_MAX};
    OF(gmm_source) source = {sizeof source, d, OF(rewind_rows), OF(read_rows), &rows, (int32_t)once_in(3)};
    const gmm_fit_options *options = any_fit(&fit, (struct shape){n, k, d}, NULL);
    if (once_in(60)) {
        source.n_features = huge();
        options = NULL;
    }
    void *from = sized("source", INPUT, &source, sizeof source);
    gmm_mixture **slot = SLOT(gmm_mixture);
    gmm_fit_report *report = once_in(2) ? any_report((struct shape){n, k, d}) : NULL;
    gmm_mixture *mixture =
        MAKE(slot, OF(gmm_mixture_fit_stream)(PASS(from), OPTIONAL(options), the_threads, PASS(slot), report));
    if (mixture != NULL) {
        inspect_report(report);
    }
    gmm_mixture_free(inspected(mixture));
}

static void OF(fuzz_known)(void)
{
    SHAPE;
    struct fit fit;
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    const gmm_fit_options *options = any_fit(&fit, (struct shape){n, k, d}, NULL);
    gmm_mixture **slot = SLOT(gmm_mixture);
    if (once_in(2)) {
        uint32_t *labels = buffer("labels", INPUT, BYTES, 1, n * sizeof *labels);
        for (size_t i = 0; i < n; i++) {
            labels[i] = once_in(300) ? UINT32_MAX : (uint32_t)below(k);
        }
        gmm_mixture_free(inspected(
            MAKE(slot, OF(gmm_mixture_from_labels)(PASS(z), PASS(labels), PASS(options), the_threads, PASS(slot)))));
        return;
    }
    const MATRIX *gamma = OF(shares)(n, k);
    gmm_mixture_free(inspected(MAKE(
        slot, OF(gmm_mixture_from_responsibilities)(PASS(z), PASS(gamma), PASS(options), the_threads, PASS(slot)))));
}

/* The steps of a fit one by one, and buffers that no samples can have as moments. */
static void OF(fuzz_moments)(void)
{
    SHAPE;
    struct fit fit;
    gmm_mixture *mixture = any_mixture(k, d);
    size_t len = ASK(gmm_moments_len(mixture));
    double *sum = calloc(2 * len + 1, sizeof *sum), *piece = sum + len;
    for (size_t pieces = 1 + below(3); pieces > 0; pieces--) {
        begin_arguments();
        const MATRIX *z = OF(samples)("samples", n, d);
        double *counts = OF(counts)(n), *moments = output("moments", MINUS_INFINITE, len);
        int is_made =
            CALL(OF(gmm_moments_of)(mixture, PASS(z), OPTIONAL(counts), the_threads, PASS(moments), len)) == GMM_OK;
        struct flavour flavour = any_flavour(0);
        for (size_t i = 0; i < len; i++) {
            HOLDS(!is_made || moments[i] > -INFINITY || i == 1);
            piece[i] = is_made && !once_in(100) ? moments[i] : value_of(flavour, 0);
        }
        begin_arguments();
        double *added = memcpy(input("added", len * sizeof *added), piece, len * sizeof *added);
        double *both = memcpy(output("sum", MINUS_INFINITE, len), sum, len * sizeof *both);
        if (CALL(gmm_moments_add(mixture, PASS(added), PASS(both), len)) == GMM_OK) {
            memcpy(sum, both, len * sizeof *sum);
        }
    }
    begin_arguments();
    double *moments = memcpy(output("moments", MINUS_INFINITE, len), sum, len * sizeof *moments);
    if (once_in(2) &&
        CALL(gmm_moments_scale(mixture, any_option(uniform()), PASS(moments), once_in(60) ? huge() : len)) == GMM_OK) {
        memcpy(sum, moments, len * sizeof *sum);
    }
    begin_arguments();
    const double *read = memcpy(input("moments", len * sizeof *read), sum, len * sizeof *sum);
    const gmm_fit_options *options = any_fit(&fit, (struct shape){n, k, d}, NULL);
    gmm_mixture **slot = SLOT(gmm_mixture);
    gmm_mixture *next = MAKE(slot, gmm_moments_maximise(mixture, PASS(read), len, PASS(options), PASS(slot)));
    if (next != NULL) {
        inspect(next);
    }
    gmm_mixture_free(next);
    gmm_mixture_free(mixture);
    free(sum);
}

static void OF(fuzz_stepwise)(void)
{
    SHAPE;
    struct fit fit;
    gmm_mixture *start = any_mixture(k, d);
    begin_arguments();
    gmm_stepwise_options options;
    gmm_stepwise_options_init(&options);
    options.decay = any_option(0.5 + 0.5 * uniform());
    options.reg_covar = any_option(once_in(3) ? 0.0 : 1e-6);
    options.reg_covar_relative = (int32_t)once_in(3);
    options.prior = once_in(4) ? any_prior(&fit, d, start ? gmm_mixture_covariance_type(start) : 0) : NULL;
    void *with = sized("options", INPUT, &options, sizeof options);
    gmm_stepwise **slot = SLOT(gmm_stepwise), *learner;
    learner = MAKE(slot, gmm_stepwise_create(start, OPTIONAL(with), PASS(slot)));
    for (size_t batch = 0, batches = 1 + below(4); batch < batches; batch++, n = some(12, 300)) {
        begin_arguments();
        const MATRIX *z = OF(samples)("batch", n, d);
        double *counts = OF(counts)(n), *bound = output("mean_log_likelihood", MINUS_INFINITE, 1);
        CALL(OF(gmm_stepwise_update)(learner, PASS(z), OPTIONAL(counts), the_threads, OPTIONAL(bound)));
    }
    begin_arguments();
    gmm_mixture **copy = SLOT(gmm_mixture);
    (void)ASK(gmm_stepwise_n_updates(learner));
    gmm_mixture_free(inspected(MAKE(copy, gmm_stepwise_mixture(learner, PASS(copy)))));
    gmm_stepwise_free(learner);
    gmm_mixture_free(start);
}

static void OF(fuzz_sweep)(void)
{
    SHAPE;
    struct fit fit;
    begin_arguments();
    const MATRIX *z = OF(samples)("samples", n, d);
    gmm_sweep_options options;
    gmm_sweep_options_init(&options);
    size_t *numbers = input("n_components", 2 * sizeof *numbers);
    numbers[0] = once_in(40) ? huge() : k, numbers[1] = some(4, 20);
    gmm_covariance_type *kinds = buffer("covariances", INPUT, BYTES, 1, 2 * sizeof *kinds);
    kinds[0] = (gmm_covariance_type)below(4), kinds[1] = once_in(30) ? 9 : (gmm_covariance_type)below(4);
    options.n_components = numbers, options.n_components_len = 1 + below(2);
    options.covariance_types = once_in(3) ? NULL : kinds;
    options.covariance_types_len = options.covariance_types == NULL && !once_in(20) ? 0 : 1 + below(2);
    options.criterion = once_in(30) ? -3 : (gmm_criterion)below(3);
    const gmm_fit_options *of_fits = any_fit(&fit, (struct shape){n, k, d}, NULL);
    options.fit = OPTIONAL(of_fits);
    void *with = sized("options", INPUT, &options, sizeof options);
    gmm_sweep **slot = SLOT(gmm_sweep);
    gmm_sweep *sweep = MAKE(slot, OF(gmm_sweep)(PASS(z), PASS(with), the_threads, PASS(slot)));
    size_t candidates = ASK(gmm_sweep_n_candidates(sweep)), best = ASK(gmm_sweep_best(sweep));
    HOLDS(sweep == NULL || best < candidates);
    for (size_t at = 0; at < candidates + 1; at++) {
        begin_arguments();
        gmm_candidate candidate = {0};
        size_t fitted = 0;
        candidate.size = sizeof candidate;
        gmm_candidate *out = sized("candidate", OUTPUT, &candidate, sizeof candidate);
        if (CALL(gmm_sweep_candidate(sweep, at, PASS(out))) == GMM_OK && out->size == sizeof candidate &&
            out->status == GMM_OK) {
            fitted = out->n_components;
            HOLDS(is_held(MINUS_INFINITE, out->log_likelihood));
            HOLDS(is_held(PLUS_INFINITE, out->aic) && is_held(PLUS_INFINITE, out->bic) &&
                  is_held(PLUS_INFINITE, out->icl));
        }
        begin_arguments();
        gmm_mixture **copy = SLOT(gmm_mixture);
        gmm_mixture_free(inspected(MAKE(copy, gmm_sweep_mixture(sweep, at, PASS(copy)))));
        /* Only for a candidate with a known K, which determines the lengths of the buffers. */
        begin_arguments();
        gmm_fit_report *report = any_report((struct shape){n, fitted, d});
        if ((fitted > 0 || at == candidates) && CALL(gmm_sweep_report(sweep, at, PASS(report))) == GMM_OK) {
            inspect_report(report);
        }
    }
    gmm_sweep_free(sweep);
}
