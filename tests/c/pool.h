/* The number of threads in the tests' pools. */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdlib.h>

/* One thread if `cargo xtask sanitize thread` sets the variable: it then watches only the host's own threads. */
static inline size_t pool_of(size_t count)
{
    return getenv("GMM_TESTS_WITHOUT_POOLS") != NULL ? 1 : count;
}

#endif
