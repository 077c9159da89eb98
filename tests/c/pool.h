/* How many threads a pool of the tests has. */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdlib.h>

/* One where only the threads of the host are watched, for which `cargo xtask sanitize thread` sets the variable. */
static inline size_t pool_of(size_t count)
{
    return getenv("GMM_TESTS_WITHOUT_POOLS") != NULL ? 1 : count;
}

#endif
