/* Reads THIS_FILE once for double and once for float: what it says is said of both. */
#define REAL double
#define SUFFIX f64
#include THIS_FILE
#undef REAL
#undef SUFFIX

#define REAL float
#define SUFFIX f32
#include THIS_FILE
