/* Random choices. Those of a call depend only on the seed and the number of the call, so that a finding can be
 * repeated by itself.
 */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t state;

/* SplitMix64. */
static inline uint64_t bits(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void begin_random(uint64_t seed, uint64_t call)
{
    state = seed * 0xd1342543de82ef95u + call;
    state = bits() ^ call;
}

/* One of 0 .. n - 1. */
static inline size_t below(size_t n)
{
    return (size_t)(bits() % n);
}

/* From 0 to less than 1. */
static inline double uniform(void)
{
    return (double)(bits() >> 11) * 0x1p-53;
}

/* True once in n times. */
static inline int once_in(size_t n)
{
    return below(n) == 0;
}

/* Roughly normal: a sum of uniform numbers. */
static inline double normal(void)
{
    return (uniform() + uniform() + uniform() + uniform() - 2.0) * 1.7;
}

/* Kinds of lists of values. */
enum kind { PLAIN, SCALED, SHIFTED, CONSTANT, ZERO, FEW, EXTREME, SPRINKLED, BAD, KINDS };

struct flavour {
    enum kind kind;
    double scale, shift;
};

/* Largest power of ten of a type. */
static inline int most(int is_float)
{
    return is_float ? 38 : 308;
}

/* Any magnitude of the type, including subnormal numbers. */
static inline double any_size(int is_float)
{
    return pow(10.0, (2.0 * uniform() - 1.0) * (most(is_float) + 5));
}

static inline struct flavour any_flavour(int is_float)
{
    static const unsigned char often[KINDS] = {30, 15, 8, 7, 4, 10, 13, 8, 5};
    size_t at = below(100), kind = 0;
    while (at >= often[kind]) {
        at -= often[kind++];
    }
    struct flavour flavour = {(enum kind)kind, 1.0, 0.0};
    if (kind != PLAIN && kind != ZERO) {
        flavour.scale = once_in(2) ? any_size(is_float) : 1.0;
        flavour.shift = normal() * (once_in(2) ? any_size(is_float) : 1e4);
    }
    return flavour;
}

/* Values at the ends of the range, and in its middle. */
static inline double extreme(int is_float)
{
    static const double doubles[] = {0.0, 4.9e-324, 1e-310, DBL_MIN, 1e-300, 1e-160, 1.0, 1e154, 1e300, DBL_MAX};
    static const double floats[] = {0.0, 1.4e-45, 1e-40, FLT_MIN, 1e-30, 1e-20, 1.0, 1e18, 1e30, FLT_MAX};
    double magnitude = (is_float ? floats : doubles)[below(10)];
    return once_in(3) ? -magnitude : magnitude;
}

static inline double no_number(void)
{
    return once_in(2) ? NAN : once_in(2) ? INFINITY : -INFINITY;
}

static inline double value_of(struct flavour flavour, int is_float)
{
    double value = normal() * flavour.scale;
    switch (flavour.kind) {
    case SHIFTED:
        value = flavour.shift + normal() * fabs(flavour.shift) * 1e-6;
        break;
    case CONSTANT:
        value = flavour.shift;
        break;
    case ZERO:
        value = once_in(20) ? -0.0 : 0.0;
        break;
    case FEW:
        value = flavour.scale * (double)below(3);
        break;
    case EXTREME:
        value = extreme(is_float);
        break;
    case SPRINKLED:
        value = once_in(6) ? extreme(is_float) : normal();
        break;
    default:
        break;
    }
    double largest = is_float ? FLT_MAX : DBL_MAX;
    value = fmax(-largest, fmin(largest, value));
    return flavour.kind == BAD && once_in(5) ? no_number() : value;
}

/* An option: a usual value, a value at the ends of the range, or NaN. */
static inline double any_option(double usual)
{
    return !once_in(4) ? usual : once_in(4) ? no_number() : once_in(2) ? extreme(0) : any_size(0);
}

/* Sizes that exceed any memory, for floats too. */
static inline size_t huge(void)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 4 + 1};
    return sizes[below(5)];
}

#endif
