/* Memory that a call reads or writes. Each buffer ends or begins at a page without access; the rest of its own
 * pages holds a pattern. Each call is checked by its effects on all of these.
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include "random.h"

#include <gmm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum role { INPUT, OUTPUT };
/* Allowed values of an output after a call that succeeded. */
enum holds { BYTES, FINITE, PLUS_INFINITE, MINUS_INFINITE, ANY_INFINITE };

enum { BUFFERS = 48, AREA = 1 << 17, CANARY = 64, FILLED = 0xa5, SPARE = 0xc7, MOST_TOLD = 20 };

struct buffer {
    const char *name;
    enum role role;
    enum holds holds;
    /* Every call with this buffer reads it: the elements of a matrix. */
    int is_read;
    int is_float;
    unsigned char *at;
    size_t size;
    unsigned char *before;
};

static struct {
    unsigned char *areas[BUFFERS], *copies[BUFFERS];
    struct buffer buffers[BUFFERS];
    size_t n_buffers;
} memory;

static uint64_t the_seed, the_call, n_calls, n_accepted, n_findings;
static const char *the_function = "nothing";
static long seconds = 20;

/* Reports a finding: what happened, and how to repeat it. */
static inline void finding(const char *what, const char *where)
{
    n_findings++;
    if (n_findings <= MOST_TOLD) {
        printf("%.*s: %s %s (--seed %llu --call %llu)\n", (int)strcspn(the_function, "()"), the_function, what, where,
               (unsigned long long)the_seed, (unsigned long long)the_call);
        fflush(stdout);
    }
}

static inline void make_memory(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < BUFFERS; i++) {
        unsigned char *pages =
            mmap(NULL, AREA + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory.copies[i] = malloc(AREA);
        if (pages == MAP_FAILED || memory.copies[i] == NULL || mprotect(pages, page, PROT_NONE) != 0 ||
            mprotect(pages + page + AREA, page, PROT_NONE) != 0) {
            fprintf(stderr, "fuzz: no memory\n");
            exit(3);
        }
        memory.areas[i] = pages + page;
    }
}

/* Begins the arguments of the next call. */
static inline void begin_arguments(void)
{
    memory.n_buffers = 0;
}

/* A buffer filled with a pattern; NULL if it is too large. */
static inline void *buffer(const char *name, enum role role, enum holds holds, int is_float, size_t size)
{
    if (size > AREA || memory.n_buffers == BUFFERS) {
        fprintf(stderr, "fuzz: %s of %llu bytes has no room\n", name, (unsigned long long)size);
        exit(3);
    }
    size_t index = memory.n_buffers++;
    unsigned char *area = memory.areas[index], *at = once_in(2) ? area + AREA - size : area;
    /* The sizes of some structs are not a multiple of their alignment. */
    at -= (uintptr_t)at % (is_float || size % 8 == 4 ? 4 : 8);
    struct buffer it = {name, role, holds, 0, is_float, at, size, memory.copies[index]};
    memory.buffers[index] = it;
    memset(at, FILLED, size);
    return at;
}

/* The pattern before or after a buffer, up to the end of its pages. */
static inline size_t canary(const struct buffer *it, int is_after, unsigned char **at)
{
    unsigned char *area = memory.areas[it - memory.buffers], *end = area + AREA;
    size_t room = is_after ? (size_t)(end - (it->at + it->size)) : (size_t)(it->at - area);
    size_t len = room < CANARY ? room : CANARY;
    *at = is_after ? it->at + it->size : it->at - len;
    return len;
}

static inline void *input(const char *name, size_t size)
{
    return buffer(name, INPUT, BYTES, 0, size);
}

static inline void *output(const char *name, enum holds holds, size_t n)
{
    return buffer(name, OUTPUT, holds, 0, n * sizeof(double));
}

/* Memory that receives a handle. */
#define SLOT(type) ((type **)buffer("out", OUTPUT, BYTES, 0, sizeof(type *)))

/* A pointer argument: nearly always valid; sometimes NULL or misaligned, or, for an output, the address of the
 * samples. */
static inline void *passed(void *at)
{
    if (!once_in(60) || at == NULL) {
        return at;
    }
    const struct buffer *first = &memory.buffers[0];
    for (size_t i = 1; first->is_read && once_in(3) && i < memory.n_buffers; i++) {
        const struct buffer *it = &memory.buffers[i];
        if (it->at == at && it->role == OUTPUT && it->size <= first->size) {
            return first->at;
        }
    }
    return once_in(2) ? NULL : (unsigned char *)at + 1;
}

/* As `passed`, for an optional pointer. */
static inline void *optional(void *at)
{
    return once_in(4) ? NULL : passed(at);
}

#define PASS(pointer) passed((void *)(pointer))
#define OPTIONAL(pointer) optional((void *)(pointer))

static inline void before_call(const char *call)
{
    the_function = strstr(call, "gmm_") ? strstr(call, "gmm_") : call;
    for (size_t i = 0; i < memory.n_buffers; i++) {
        struct buffer *it = &memory.buffers[i];
        memcpy(it->before, it->at, it->size);
        for (int is_after = 0; is_after < 2; is_after++) {
            unsigned char *at;
            size_t len = canary(it, is_after, &at);
            memset(at, SPARE, len);
        }
    }
    struct itimerval limit = {{0, 0}, {seconds, 0}};
    setitimer(ITIMER_VIRTUAL, &limit, NULL);
    alarm((unsigned)(10 * seconds));
}

static inline int is_held(enum holds holds, double value)
{
    return isfinite(value) || (value == INFINITY && (holds == PLUS_INFINITE || holds == ANY_INFINITE)) ||
           (value == -INFINITY && (holds == MINUS_INFINITE || holds == ANY_INFINITE));
}

static inline void look_at_values(const struct buffer *it)
{
    for (size_t at = 0; at < it->size; at += it->is_float ? sizeof(float) : sizeof(double)) {
        double value;
        float narrow;
        if (it->is_float) {
            memcpy(&narrow, it->at + at, sizeof narrow);
            value = narrow;
        } else {
            memcpy(&value, it->at + at, sizeof value);
        }
        if (!is_held(it->holds, value)) {
            finding(isnan(value) ? "GMM_OK and NaN in" : "GMM_OK and an infinity in", it->name);
            return;
        }
    }
}

/* Checks a call: nothing beside its outputs changed, no output changed if it was refused, and no NaN otherwise. */
static inline gmm_status after_call(gmm_status status)
{
    n_calls++;
    n_accepted += status == GMM_OK;
    if (status == GMM_INTERNAL || status < 0 || status > GMM_OUT_OF_TIME) {
        finding("came to", status == GMM_INTERNAL ? gmm_last_error_message() : "no status that there is");
    }
    if (status != GMM_OK && gmm_last_error_message()[0] == '\0') {
        finding("was refused", "without a message");
    }
    for (size_t i = 0; i < memory.n_buffers; i++) {
        struct buffer *it = &memory.buffers[i];
        for (int is_after = 0; is_after < 2; is_after++) {
            unsigned char *at;
            size_t len = canary(it, is_after, &at), same = 0;
            while (same < len && at[same] == SPARE) {
                same++;
            }
            if (same < len) {
                finding("wrote beside", it->name);
            }
        }
        int is_same = memcmp(it->at, it->before, it->size) == 0;
        if (it->role == INPUT && !is_same) {
            finding("changed its input", it->name);
        }
        if (it->role == OUTPUT && status != GMM_OK && !is_same) {
            finding("was refused and wrote to", it->name);
        }
        if (it->role == OUTPUT && status == GMM_OK && it->holds != BYTES && !is_same) {
            look_at_values(it);
        }
    }
    return status;
}

/* A checked call. Its buffers are made before it, since an expression in an argument is not checked. */
#define CALL(call) (before_call(#call), after_call((call)))

/* A call that makes a handle; NULL if it was refused. */
#define MAKE(slot, call) (CALL(call) == GMM_OK ? *(slot) : NULL)

/* A checked call of a function without a status. */
#define ASK(call) (before_call(#call), (call))

/* A condition on results that are not numbers. */
#define HOLDS(condition) ((condition) ? (void)0 : finding("breaks", #condition))

#endif
