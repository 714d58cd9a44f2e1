#ifndef GOLMOK_PROTO_BASE_H
#define GOLMOK_PROTO_BASE_H

/*
 * What every file may count on: exact-width integers, bool, assert that stays
 * on in release builds, and the three attributes we use.
 */
#undef NDEBUG

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller must look at the result. */
#define MUST_USE __attribute__((warn_unused_result))
/* Argument `f` is a printf format, the values start at argument `a`. */
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
/* The function does not come back. */
#define NO_RETURN __attribute__((noreturn))

/* How many elements the array `a` (not a pointer) has. */
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Puts a + b, a - b, a * b at `to`, and says whether it did not fit there. */
#define ADD_OVERFLOWS(a, b, to) __builtin_add_overflow(a, b, to)
#define SUBTRACT_OVERFLOWS(a, b, to) __builtin_sub_overflow(a, b, to)
#define MULTIPLY_OVERFLOWS(a, b, to) __builtin_mul_overflow(a, b, to)

#endif
