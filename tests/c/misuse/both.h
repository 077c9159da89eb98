/* Includes THIS_FILE for double and for float. */
#define REAL double
#define SUFFIX f64
#include THIS_FILE
#undef REAL
#undef SUFFIX

#define REAL float
#define SUFFIX f32
#include THIS_FILE
