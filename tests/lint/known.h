#ifndef GOLMOK_TESTS_LINT_KNOWN_H
#define GOLMOK_TESTS_LINT_KNOWN_H

#include "proto/base.h"
#include "proto/err.h"

/*
 * What analysers cannot see, since they look at one file at a time: what these
 * return is what they were given, so ERR_OK is not among it.  Included before
 * each file but proto/err.c, by tests/lint/lint.t alone.
 */
#define err_set(code, ...) ((void)err_set(code, __VA_ARGS__), (code))
#define err_wrap(code, ...) ((void)err_wrap(code, __VA_ARGS__), (code))

/* Nor that a test goes on behind an assertion of cmocka only when it holds.
 * cmocka.h has other names that only those who include it expect. */
#ifdef KNOWN_CMOCKA
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void known_end(void) NO_RETURN;
#define _assert_true(holds, ...) ((holds) ? (void)0 : known_end())
#define _assert_int_equal(a, b, ...) ((a) == (b) ? (void)0 : known_end())
#define _assert_int_not_equal(a, b, ...) ((a) != (b) ? (void)0 : known_end())
#define _fail(...) known_end()
#endif

#endif
