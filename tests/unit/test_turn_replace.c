/*
 * Promises of core/turn_replace.h: of fields with several values each cell
 * that is not in both records, or not so in both, leaves and comes; cells that
 * are the same stay where they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/turn_replace.h"

enum { VALUES = 3 };

/* A record with one field of three values, each from a change of its own. */
struct made {
	struct record record;
	struct record_field field;
	struct record_value values[VALUES];
	struct record_source sources[VALUES];
};

static void
make(struct made *made)
{
	static const char *const texts[VALUES] = {"가", "나", "다"};

	memset(made, 0, sizeof(*made));
	for (size_t i = 0; i < VALUES; i++) {
		made->sources[i] = (struct record_source){
		    .stamp.v = 10 + i, .has_actor = true, .actor.b = {1}};
		made->sources[i].at.delta.seq = i;
		made->values[i] = (struct record_value){.source = (uint32_t)i,
		    .class = CLASS_P,
		    .value = bytes_text(texts[i])};
	}
	made->field = (struct record_field){.name = bytes_text("name"),
	    .kind = KIND_REGISTER,
	    .n = VALUES,
	    .values = made->values};
	made->record = (struct record){.exists = true,
	    .sources_n = VALUES,
	    .sources = made->sources,
	    .fields_n = 1,
	    .fields = &made->field};
}

/* Which values go and come, by the numbers of their changes. */
static void
turns(const struct made *old, const struct made *next, const char *gone,
    const char *come)
{
	struct arena arena = {0};
	struct turn turn;
	struct buf text = {0};

	turn_replace_all(&old->record, &next->record, &arena, &turn);
	assert_ptr_equal(turn.old, &old->record);
	assert_ptr_equal(turn.next, &next->record);
	for (size_t i = 0; i < turn.gone_n; i++)
		buf_add_format(&text, "%llu",
		    (unsigned long long)turn.gone[i].dot.at.delta.seq);
	assert_string_equal(buf_text(&text), gone);
	buf_cut(&text, 0);
	for (size_t i = 0; i < turn.come_n; i++)
		buf_add_format(&text, "%llu",
		    (unsigned long long)turn.come[i].dot.at.delta.seq);
	assert_string_equal(buf_text(&text), come);
	buf_fini(&text);
	arena_fini(&arena);
}

static void
what_is_the_same_stays(void **state)
{
	struct made old;
	struct made next;

	(void)state;
	make(&old);
	make(&next);
	turns(&old, &next, "", "");
	/* Sources may stand in another order. */
	next.sources[0] = old.sources[2];
	next.sources[2] = old.sources[0];
	next.values[0].source = 2;
	next.values[2].source = 0;
	turns(&old, &next, "", "");
}

static void
what_is_new_comes_and_what_is_not_there_leaves(void **state)
{
	struct made old;
	struct made next;

	(void)state;
	make(&old);
	make(&next);
	next.sources[1].at.delta.seq = 7;
	next.sources[2].at.delta.seq = 8;
	turns(&old, &next, "12", "78");
	/* One value alone lies in the row of the record. */
	next.field.n = 1;
	turns(&old, &next, "012", "");
	turns(&next, &old, "", "012");
	next.record.fields_n = 0;
	turns(&old, &next, "012", "");
	/* Of another kind it is another field. */
	make(&next);
	next.field.kind = KIND_SET;
	turns(&old, &next, "012", "012");
}

/* A body that came late tells what its change says, and by whom. */
static void
what_is_not_the_same_any_more_is_made_anew(void **state)
{
	struct made old;
	struct made next;

	(void)state;
	make(&old);
	make(&next);
	next.values[1].value = bytes_text("라");
	turns(&old, &next, "1", "1");
	make(&next);
	next.values[0].class = CLASS_N;
	turns(&old, &next, "0", "0");
	make(&next);
	next.sources[2].stamp.v++;
	turns(&old, &next, "2", "2");
	make(&next);
	next.sources[2].has_actor = false;
	turns(&old, &next, "2", "2");
	make(&next);
	next.sources[0].actor.b[0]++;
	turns(&old, &next, "0", "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_the_same_stays),
	    cmocka_unit_test(what_is_new_comes_and_what_is_not_there_leaves),
	    cmocka_unit_test(what_is_not_the_same_any_more_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
