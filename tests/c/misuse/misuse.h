/* Checks of every refusal in this folder: the status is the documented one, there is a new message, and no byte of
 * an output has changed.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include <gmm.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Padding of a struct that the library wrote is undefined; memcmp accepts that, but valgrind would report it. */
#ifdef __has_include
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define PADDING_TOO(at, size) VALGRIND_MAKE_MEM_DEFINED(at, size)
#endif
#endif
#ifndef PADDING_TOO
#define PADDING_TOO(at, size) ((void)0)
#endif

/* Names for the type that a file is included for: OF(gmm_params) is gmm_params_f64. See both.h. */
#define OF(name) PASTE(name, SUFFIX)
#define PASTE(name, suffix) PASTE_(name, suffix)
#define PASTE_(name, suffix) name##_##suffix

static int calls, failures;
/* The fault in the next call, for the message of a failed check. */
static const char *wrong = "";

/* The status of a call that makes a handle, which is then freed: for calls that may succeed. */
#define FREED(call, slot, free_it) ((made = (call)) == GMM_OK ? (free_it(slot), made) : made)
static gmm_status made;

/* Outputs: a refused call must not change their bytes. */
enum { MAX_WATCHED = 24, MAX_BYTES = 256 };
static struct {
    const void *at;
    size_t size;
    unsigned char before[MAX_BYTES];
} watched[MAX_WATCHED];
static size_t n_watched;

static inline void watch(const void *at, size_t size)
{
    if (n_watched == MAX_WATCHED || size > MAX_BYTES) {
        fprintf(stderr, "misuse.h: there is no room to watch %d bytes\n", (int)size);
        exit(3);
    }
    watched[n_watched].at = at;
    watched[n_watched++].size = size;
}

/* Called before the watched memory goes out of scope. */
static inline void unwatch(void)
{
    n_watched = 0;
}

/* An output filled with a pattern, so that a written zero is noticed; and one whose contents must stay. */
#define OUTPUT(object) (memset(&(object), 0xa5, sizeof(object)), watch(&(object), sizeof(object)))
#define WATCH(object) watch(&(object), sizeof(object))

/* A number that appears in no message but this one's. */
#define STAMP "987654321"

static inline void before_call(void)
{
    static gmm_threads *none;
    made = gmm_threads_create(987654321, &none);
    if (made != GMM_INVALID_ARGUMENT || none != NULL) {
        fprintf(stderr, "misuse.h: so many threads were not refused\n");
        failures++;
    }
    for (size_t i = 0; i < n_watched; i++) {
        (void)PADDING_TOO(watched[i].at, watched[i].size);
        memcpy(watched[i].before, watched[i].at, watched[i].size);
    }
}

static inline void after_call(gmm_status got, gmm_status wanted, const char *call, const char *file, int line)
{
    const char *message = gmm_last_error_message(), *name = strstr(call, "gmm_") ? strstr(call, "gmm_") : call;
    int is_new = message[0] != '\0' && strstr(message, STAMP) == NULL, len = (int)strcspn(name, "(");
    calls++;
    if (got != wanted || is_new != (wanted != GMM_OK)) {
        fprintf(stderr, "%s:%d: %.*s%s: status %d, wanted %d (%s)\n", file, line, len, name, wrong, (int)got,
                (int)wanted, message);
        failures++;
    }
    for (size_t i = 0; got != GMM_OK && i < n_watched; i++) {
        if (memcmp(watched[i].before, watched[i].at, watched[i].size) != 0) {
            fprintf(stderr, "%s:%d: %.*s%s: wrote to output %d\n", file, line, len, name, wrong, (int)i);
            failures++;
        }
    }
}

/* A condition that is not about a status. */
#define HOLDS(condition)                                                                \
    do {                                                                                \
        if (!(condition)) {                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), failures++; \
        }                                                                               \
    } while (0)

/* The call returns this status: a refusal, or GMM_OK, which does not change the last message. */
#define EXPECT(call, status) (before_call(), after_call((call), (status), #call, __FILE__, __LINE__))

/* The call returns this status while `place` holds `value`. */
#define WITH(place, value, call, status)           \
    do {                                           \
        unsigned char kept_[sizeof(place)];        \
        memcpy(kept_, &(place), sizeof kept_);     \
        (place) = (value);                         \
        wrong = ", " #place " = " #value;          \
        EXPECT(call, status);                      \
        wrong = "";                                \
        memcpy(&(place), kept_, sizeof kept_);     \
    } while (0)

/* The same address, one byte on. */
#define ASKEW(pointer) ((void *)((char *)(uintptr_t)(const void *)(pointer) + 1))

/* A required input or struct, an optional one, a required output, an optional one; `taken` is an input's memory. */
#define BAD_OPTIONAL_INPUT(pointer, call) WITH(pointer, ASKEW(pointer), call, GMM_INVALID_ARGUMENT)
#define BAD_INPUT(pointer, call)                   \
    WITH(pointer, NULL, call, GMM_NULL_POINTER);   \
    BAD_OPTIONAL_INPUT(pointer, call)
#define BAD_OPTIONAL_OUTPUT(pointer, taken, call)             \
    WITH(pointer, ASKEW(pointer), call, GMM_INVALID_ARGUMENT); \
    WITH(pointer, (void *)(uintptr_t)(const void *)(taken), call, GMM_INVALID_ARGUMENT)
#define BAD_OUTPUT(pointer, taken, call)          \
    WITH(pointer, NULL, call, GMM_NULL_POINTER);  \
    BAD_OPTIONAL_OUTPUT(pointer, taken, call)

/* The pointer that receives a handle must not overlap an array of the call. */
#define BAD_SLOT(pointer, taken, call) BAD_OUTPUT(pointer, taken, call)

/* A matrix of at least 2 x 2, and the pointer argument for it. */
#define BAD_MATRIX(matrix, pointer, call)                                                  \
    do {                                                                                   \
        BAD_INPUT(pointer, call);                                                          \
        WITH((matrix).data, NULL, call, GMM_NULL_POINTER);                                 \
        WITH((matrix).data, ASKEW((matrix).data), call, GMM_INVALID_ARGUMENT);             \
        WITH((matrix).rows, 0, call, GMM_INVALID_SHAPE);                                   \
        WITH((matrix).cols, 0, call, GMM_INVALID_SHAPE);                                   \
        WITH((matrix).rows, SIZE_MAX, call, GMM_SIZE_OVERFLOW);                            \
        WITH((matrix).rows, SIZE_MAX / 8, call, GMM_SIZE_OVERFLOW);                        \
        WITH((matrix).rows, PTRDIFF_MAX, call, GMM_SIZE_OVERFLOW);                         \
        WITH((matrix).cols, SIZE_MAX, call, GMM_SIZE_OVERFLOW);                            \
        WITH((matrix).cols, SIZE_MAX / 2, call, GMM_SIZE_OVERFLOW);                        \
        WITH((matrix).row_stride, PTRDIFF_MAX, call, GMM_SIZE_OVERFLOW);                   \
        WITH((matrix).row_stride, PTRDIFF_MIN, call, GMM_SIZE_OVERFLOW);                   \
        WITH((matrix).row_stride, -(PTRDIFF_MAX / 64), call, GMM_SIZE_OVERFLOW);           \
        WITH((matrix).col_stride, PTRDIFF_MAX, call, GMM_SIZE_OVERFLOW);                   \
        WITH((matrix).col_stride, -(PTRDIFF_MAX / 16), call, GMM_SIZE_OVERFLOW);           \
        /* A matrix without elements is not read. */                                       \
        void *kept_data_ = (void *)(uintptr_t)(matrix).data;                               \
        (matrix).data = NULL;                                                              \
        WITH((matrix).rows, 0, call, GMM_INVALID_SHAPE);                                   \
        (matrix).data = kept_data_;                                                        \
    } while (0)

/* Strides that stay within the memory: rows and columns in reverse order. */
#define FROM_THE_END(matrix, call)                                                         \
    do {                                                                                   \
        void *kept_data_ = (void *)(uintptr_t)(matrix).data;                               \
        (matrix).data += (ptrdiff_t)((matrix).rows - 1) * (matrix).row_stride;             \
        WITH((matrix).row_stride, -(matrix).row_stride, call, GMM_OK);                     \
        (matrix).data = kept_data_;                                                        \
        (matrix).data += (ptrdiff_t)((matrix).cols - 1) * (matrix).col_stride;             \
        WITH((matrix).col_stride, -(matrix).col_stride, call, GMM_OK);                     \
        (matrix).data = kept_data_;                                                        \
    } while (0)

/* A number that must be finite, with the status for NaN and infinities. */
#define NOT_FINITE(place, call, status)       \
    do {                                      \
        WITH(place, NAN, call, status);       \
        WITH(place, INFINITY, call, status);  \
        WITH(place, -INFINITY, call, status); \
    } while (0)

/* A struct with a size field; `pointer` is the argument for it. */
#define BAD_SIZE(type, pointer, call)                                                 \
    do {                                                                              \
        struct {                                                                      \
            type known;                                                               \
            double added;                                                             \
        } newer_;                                                                     \
        memset(&newer_, 0, sizeof newer_);                                            \
        newer_.known = *(pointer);                                                    \
        WITH(pointer, &newer_.known, call, GMM_OK);                                   \
        static const size_t sizes_[] = {0, 1, sizeof(size_t) - 1, sizeof(size_t) + 1, \
                                        sizeof(type) - 1, 65537, SIZE_MAX};           \
        for (size_t i_ = 0; i_ < sizeof sizes_ / sizeof sizes_[0]; i_++) {            \
            newer_.known.size = sizes_[i_];                                           \
            WITH(pointer, &newer_.known, call, GMM_INVALID_ARGUMENT);                 \
        }                                                                             \
        /* Of a later version: fields left at zero are ignored. */                    \
        newer_.known.size = sizeof newer_;                                            \
        WITH(pointer, &newer_.known, call, GMM_OK);                                   \
        newer_.added = 1;                                                             \
        WITH(pointer, &newer_.known, call, GMM_INVALID_ARGUMENT);                     \
        BAD_OPTIONAL_INPUT(pointer, call);                                            \
    } while (0)

static inline int ended(void)
{
    printf("%d calls, %d failures\n", calls, failures);
    return failures != 0;
}

#endif
