/* Arguments of one type: included for double and for float, with REAL, SUFFIX and IS_FLOAT set. */

#define PASTE_(name, suffix) name##_##suffix
#define PASTE(name, suffix) PASTE_(name, suffix)
/* OF(gmm_params) is gmm_params_f64 or gmm_params_f32. */
#define OF(name) PASTE(name, SUFFIX)
#define MATRIX OF(gmm_matrix)

/* An output of n values. */
static REAL *OF(out)(const char *name, enum holds holds, size_t n)
{
    return buffer(name, OUTPUT, holds, IS_FLOAT, n * sizeof(REAL));
}
#define OUT(name, holds, n) OF(out)(name, holds, n)

/* Values of an input. */
static REAL *OF(values)(const char *name, size_t n, struct flavour flavour)
{
    REAL *at = buffer(name, INPUT, BYTES, IS_FLOAT, n * sizeof(REAL));
    for (size_t i = 0; i < n; i++) {
        at[i] = (REAL)value_of(flavour, IS_FLOAT);
    }
    return at;
}
#define VALUES(name, n, flavour) OF(values)(name, n, flavour)

/* A struct of a matrix, as an input. */
static const MATRIX *OF(described)(MATRIX matrix)
{
    MATRIX *at = input("a matrix", sizeof matrix);
    if (once_in(40)) {
        switch (below(6)) {
        case 0:
            /* A matrix whose rows all share memory may have any number of them. */
            matrix.rows = huge(), matrix.row_stride += matrix.row_stride == 0;
            break;
        case 1:
            matrix.cols = huge(), matrix.col_stride += matrix.col_stride == 0;
            break;
        case 2:
            matrix.rows = 0;
            break;
        case 3:
            matrix.cols = 0;
            break;
        case 4:
            matrix.row_stride = once_in(2) ? PTRDIFF_MAX : PTRDIFF_MIN;
            break;
        default:
            matrix.col_stride = once_in(2) ? PTRDIFF_MAX : PTRDIFF_MIN;
            break;
        }
    }
    *at = matrix;
    return at;
}

/* The elements of a matrix of any layout, with NaN in the gaps. */
static MATRIX OF(laid_out)(const char *name, size_t n, size_t d)
{
    ptrdiff_t rows = (ptrdiff_t)(n ? n : 1), cols = (ptrdiff_t)(d ? d : 1), row = cols, col = 1;
    switch (below(14)) {
    case 0:
        row = 1, col = rows;
        break;
    case 1:
        row = cols + (ptrdiff_t)below(3), col = 1;
        break;
    case 2:
        row = -cols;
        break;
    case 3:
        col = -1;
        break;
    case 4:
        row = once_in(2) ? 0 : (ptrdiff_t)below(5) - 2, col = (ptrdiff_t)below(5) - 2;
        break;
    case 5:
        row = 2 * cols, col = -2;
        break;
    default:
        break;
    }
    ptrdiff_t down = (rows - 1) * row, across = (cols - 1) * col;
    ptrdiff_t least = (down < 0 ? down : 0) + (across < 0 ? across : 0), last = down + across - 2 * least;
    last = (down < 0 ? -down : down) + (across < 0 ? -across : across);
    REAL *at = buffer(name, INPUT, BYTES, IS_FLOAT, (size_t)(last + 1) * sizeof(REAL));
    memory.buffers[memory.n_buffers - 1].is_read = 1;
    memset(at, 0xff, (size_t)(last + 1) * sizeof(REAL));
    MATRIX matrix = {at - least, n, d, row, col};
    return matrix;
}

static REAL *OF(cell)(MATRIX matrix, size_t i, size_t j)
{
    return (REAL *)matrix.data + (ptrdiff_t)i * matrix.row_stride + (ptrdiff_t)j * matrix.col_stride;
}

/* n samples of d features. */
static const MATRIX *OF(samples)(const char *name, size_t n, size_t d)
{
    MATRIX matrix = OF(laid_out)(name, n, d);
    struct flavour flavour = any_flavour(IS_FLOAT);
    int is_mixed = once_in(6);
    for (size_t j = 0; j < d; j++) {
        flavour = is_mixed ? any_flavour(IS_FLOAT) : flavour;
        for (size_t i = 0; i < n; i++) {
            *OF(cell)(matrix, i, j) = (REAL)value_of(flavour, IS_FLOAT);
        }
    }
    return OF(described)(matrix);
}

/* Responsibilities (n x k): rows that sum to one, one of them concentrated; or arbitrary values. */
static const MATRIX *OF(shares)(size_t n, size_t k)
{
    MATRIX matrix = OF(laid_out)("gamma", n, k);
    struct flavour flavour = any_flavour(IS_FLOAT);
    size_t kind = below(8);
    for (size_t i = 0; i < n; i++) {
        size_t whole = below(k);
        double sum = 0.0;
        for (size_t j = 0; j < k; j++) {
            double share = kind < 4 ? uniform() : kind < 6 ? (double)(j == whole) : fabs(value_of(flavour, IS_FLOAT));
            sum += share;
            *OF(cell)(matrix, i, j) = (REAL)share;
        }
        for (size_t j = 0; kind < 4 && j < k; j++) {
            *OF(cell)(matrix, i, j) = (REAL)((double)*OF(cell)(matrix, i, j) / sum);
        }
    }
    return OF(described)(matrix);
}

/* Independent parameters: k, phi, mu, cov, chol and log_det of gmm_energy. */
static void OF(parameters)(size_t k, size_t d, const REAL *out[5])
{
    REAL *phi = buffer("phi", INPUT, BYTES, IS_FLOAT, k * sizeof(REAL));
    REAL *mu = VALUES("mu", k * d, any_flavour(IS_FLOAT));
    REAL *cov = buffer("cov", INPUT, BYTES, IS_FLOAT, k * d * d * sizeof(REAL));
    REAL *chol = buffer("chol", INPUT, BYTES, IS_FLOAT, k * d * d * sizeof(REAL));
    REAL *log_det = VALUES("log_det", k, any_flavour(IS_FLOAT));
    struct flavour flavour = any_flavour(IS_FLOAT), of_weights = any_flavour(IS_FLOAT);
    double unit = once_in(2) ? any_size(IS_FLOAT) : 1.0;
    int is_any = once_in(4), is_wild = once_in(6);
    for (size_t i = 0; i < k; i++) {
        phi[i] = (REAL)(once_in(12) ? 0.0 : is_wild ? fabs(value_of(of_weights, IS_FLOAT)) : uniform());
    }
    for (size_t at = 0; at < k * d * d; at++) {
        size_t i = at / d % d, j = at % d;
        double entry = i == j ? unit * (0.1 + uniform()) : i > j ? unit * normal() : value_of(flavour, IS_FLOAT);
        double junk = value_of(flavour, IS_FLOAT);
        chol[at] = (REAL)(is_any ? (i == j ? fabs(junk) : junk) : i < j && !once_in(8) ? 0.0 : entry);
        cov[at] = (REAL)(is_any ? fabs(junk) : i == j ? unit * uniform() : 0.0);
    }
    const REAL *all[5] = {phi, mu, cov, chol, log_det};
    memcpy(out, all, sizeof all);
}

/* Weights of samples, or NULL. */
static double *OF(counts)(size_t n)
{
    return once_in(3) ? list("sample_weights", n, any_flavour(0), 1) : NULL;
}

static REAL OF(option)(double usual)
{
    return (REAL)any_option(usual);
}

#define SHAPE size_t n = some(12, 300), k = 1 + below(3), d = 1 + below(once_in(20) ? MOST_FEATURES : 4)

#include "gradients.h"
#include "scores.h"
#include "learning.h"
