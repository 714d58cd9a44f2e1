/*
 * The same question again and again, of a store whose calls of LMDB fail one
 * after another.  Nothing is committed, so nothing has to be put back.
 */
#include "tests/lib/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/lib/fault.h"

/* One of LMDB's codes, whose header belongs to core/env.h alone. */
enum { LMDB_PANIC = -30795 };

static const char calls[] =
    "mdb_get mdb_cursor_get mdb_cursor_open mdb_put mdb_del mdb_stat";

/* True when a call failed. */
static bool
ask(const struct probe *p, unsigned nth, enum err *e, struct buf *text)
{
	bool failed;

	assert_int_equal(store_begin(p->store, p->write), ERR_OK);
	if (p->beside != NULL)
		assert_int_equal(store_begin(p->beside, false), ERR_OK);
	fault_arm((struct fault_plan){.names = calls,
	    .nth = nth,
	    .for_ever = nth % 2 == 0,
	    .number = nth % 3 == 0 ? LMDB_PANIC : EIO});
	*e = p->fn(p->store, p->arg, text);
	failed = fault_disarm();
	store_abort(p->store);
	if (p->beside != NULL)
		store_abort(p->beside);
	return failed;
}

unsigned
probe_run(const struct probe *p)
{
	struct buf wanted = {0};
	struct buf found = {0};
	unsigned nth = 0;
	bool failed;
	enum err e;

	assert_false(ask(p, UINT32_MAX, &e, &wanted));
	if (e != ERR_OK)
		fail_msg("%s", err_text());
	do {
		buf_cut(&found, 0);
		failed = ask(p, ++nth, &e, &found);
		if (e == ERR_OK &&
		    !bytes_equal(buf_bytes(&found), buf_bytes(&wanted)))
			fail_msg("call %u fails: '%s' instead of '%s'", nth,
			    buf_text(&found), buf_text(&wanted));
		assert_true(failed || e == ERR_OK);
	} while (failed);
	buf_fini(&wanted);
	buf_fini(&found);
	return nth - 1;
}
