#ifndef GOLMOK_CLI_WHERE_H
#define GOLMOK_CLI_WHERE_H

#include "core/expr.h"

/*
 * Conditions as they are typed: in the language of core/expr.h, in one word or
 * in many; or as short forms, which hold together.
 *
 *	state=done        as expression: state = done
 *	name=김철수        the value needs no quotes: name = '김철수'
 *	due_on>=2016-07-01
 *	kinds=나눔이웃     of a set: kinds has '나눔이웃'
 *	phone=            phone is nothing
 */

/* Makes one condition of the `n` words into `*expr`, from `arena`; NULL when
 * there are none.  ERR_INVALID names the word and the column in it. */
enum err where_read(const struct expr_scope *scope, const char *const *words,
    size_t n, struct arena *arena, const struct expr **expr) MUST_USE;

#endif
