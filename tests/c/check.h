/* Checks that the C tests share. */
#ifndef CHECK_H
#define CHECK_H

#include <gmm.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program unless `condition` holds. */
#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, gmm_last_error_message()); \
            exit(1);                                                                                \
        }                                                                                           \
    } while (0)

/* Ends the program unless two numbers agree to twelve digits. */
#define CLOSE(got, wanted) close_enough(got, wanted, 1e-12, #got, __LINE__)

/* Ends the program unless `call` is refused with this status and message. */
#define REFUSED(call, status, message) refused(call, status, message, #call, __LINE__)

static inline void close_enough(double got, double wanted, double relative, const char *what, int line)
{
    if (!(fabs(got - wanted) <= relative * (1 + fabs(wanted)))) {
        fprintf(stderr, "line %d: %s is %.17g, wanted %.17g\n", line, what, got, wanted);
        exit(1);
    }
}

static inline void refused(gmm_status got, gmm_status wanted, const char *message, const char *call, int line)
{
    const char *said = got == GMM_OK ? "" : gmm_last_error_message();
    if (got != wanted || strcmp(said, message) != 0) {
        fprintf(stderr, "line %d: %s\n  status %d, wanted %d\n  said   %s\n  wanted %s\n", line, call, (int)got,
                (int)wanted, said, message);
        exit(1);
    }
}

/* The defaults of a fit of so many components. */
static inline gmm_fit_options defaults(size_t n_components)
{
    gmm_fit_options options;
    CHECK(gmm_fit_options_init(&options) == GMM_OK && options.size == sizeof options);
    options.n_components = n_components;
    return options;
}

#endif
