/* Calls every function with arguments of every kind, and checks the effects of each call.
 *
 * usage: fuzz FOLDER CALLS (to write in; how many calls)
 *
 *     fuzz FOLDER 100000 --seed 7         other calls
 *     fuzz FOLDER 1 --seed 7 --call 345   only that call, as a finding names it
 *
 * Here a call is one of the cases below, which makes several calls of the library. The findings are: a crash; an
 * access beside a buffer; a NaN, or an undocumented infinity, after GMM_OK; a changed input; an output changed by a
 * refused call; a call that does not end. Any finding ends the program with 1.
 */
#define _GNU_SOURCE
#include "fits.h"

#include <signal.h>

#define REAL double
#define SUFFIX f64
#define IS_FLOAT 0
#include "typed.h"
#undef REAL
#undef SUFFIX
#undef IS_FLOAT

#define REAL float
#define SUFFIX f32
#define IS_FLOAT 1
#include "typed.h"

#include "handles.h"

/* A case and its frequency: some cases take a thousand times as long as others. */
#define BOTH(name, often) {name##_f64, often}, {name##_f32, often}
static const struct {
    void (*run)(void);
    unsigned often;
} cases[] = {
    BOTH(fuzz_params, 8),      BOTH(fuzz_energy, 8),      BOTH(fuzz_energy_vjp, 12), BOTH(fuzz_params_vjp, 12),
    BOTH(fuzz_loss, 12),       BOTH(fuzz_training_loss, 5), BOTH(fuzz_scores, 8),    BOTH(fuzz_derivatives, 8),
    BOTH(fuzz_attribution, 5), BOTH(fuzz_criteria, 5),    BOTH(fuzz_sample, 3),      BOTH(fuzz_thresholds, 3),
    BOTH(fuzz_detector, 1),    BOTH(fuzz_fit, 5),         BOTH(fuzz_fit_stream, 3),  BOTH(fuzz_known, 5),
    BOTH(fuzz_moments, 6),     BOTH(fuzz_stepwise, 4),    BOTH(fuzz_sweep, 1),       {fuzz_handles, 4},
    {fuzz_options, 2},         {fuzz_files, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void run_case(uint64_t call)
{
    unsigned all = 0;
    for (size_t i = 0; i < CASES; i++) {
        all += cases[i].often;
    }
    the_call = call;
    begin_random(the_seed, call);
    size_t at = below(all), i = 0;
    while (at >= cases[i].often) {
        at -= cases[i++].often;
    }
    begin_arguments();
    cases[i].run();
}

/* Reports a crash or a call that does not end, with the arguments that repeat it. Without streams, which may be
 * broken. */
static void tell(const char *what)
{
    char line[256];
    int len = snprintf(line, sizeof line, "%.*s: %s (--seed %llu --call %llu)\n", (int)strcspn(the_function, "()"),
                       the_function, what, (unsigned long long)the_seed, (unsigned long long)the_call);
    if (write(STDOUT_FILENO, line, (size_t)len) != len) {
        _exit(4);
    }
}

static void on_signal(int signal)
{
    tell(signal == SIGVTALRM || signal == SIGALRM ? "has no end" : strsignal(signal));
    _exit(2);
}

/* Set under AddressSanitizer only, which has its own handlers. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void on_death(void)
{
    tell("is what AddressSanitizer reports");
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc % 2 == 0) {
        fprintf(stderr, "usage: %s FOLDER CALLS [--seed S] [--call I] [--limit SECONDS]\n", argv[0]);
        return 3;
    }
    uint64_t calls = strtoull(argv[2], NULL, 10), first = 0;
    for (int i = 3; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0) {
            the_seed = value;
        } else if (strcmp(argv[i], "--call") == 0) {
            first = value;
        } else if (strcmp(argv[i], "--limit") == 0) {
            seconds = (long)value;
        } else {
            fprintf(stderr, "fuzz: %s is no option\n", argv[i]);
            return 3;
        }
    }
    the_folder = argv[1];
    make_memory();
    signal(SIGVTALRM, on_signal), signal(SIGALRM, on_signal);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(on_death);
    } else {
        signal(SIGSEGV, on_signal), signal(SIGBUS, on_signal), signal(SIGFPE, on_signal);
        signal(SIGILL, on_signal), signal(SIGABRT, on_signal);
    }
    if (gmm_threads_create(2, &the_threads) != GMM_OK) {
        return 3;
    }
    for (uint64_t i = 0; i < calls && n_findings < MOST_TOLD; i++) {
        run_case(first + i);
    }
    gmm_threads_free(the_threads);
    printf("%llu calls of the library, %llu of them accepted, %llu findings\n", (unsigned long long)n_calls,
           (unsigned long long)n_accepted, (unsigned long long)n_findings);
    return n_findings > 0;
}
