/*
 * Promises of cli/args.h, cli/similar.h and cli/exit.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"
#include "cli/exit.h"
#include "cli/similar.h"

static const struct args_option put_options[] = {
    {.name = "set",
	.value = "FIELD=VALUE",
	.many = true,
	.help = "give a field a value"},
    {.name = "dry-run", .help = "change nothing"},
    {.name = "limit", .value = "N", .help = "how many"},
};

static const struct args_option order_options[] = {
    {.name = "ground",
	.value = "TEXT",
	.required = true,
	.help = "the legal ground"},
};

static const struct args_command commands[] = {
    {.name = "record put",
	.words = "SPACE [ID]",
	.words_min = 1,
	.words_max = 2,
	.help = "create or change a record",
	.about = "Fields that are not named stay.",
	.options = put_options,
	.options_n = COUNT_OF(put_options)},
    {.name = "record get",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "show a record"},
    {.name = "status", .help = "how things stand"},
    {.name = "erase",
	.words = "ID",
	.words_min = 1,
	.words_max = 1,
	.help = "order an erasure",
	.options = order_options,
	.options_n = COUNT_OF(order_options)},
};

static const struct args_table table = {
    .commands = commands,
    .commands_n = COUNT_OF(commands),
};

/* Parses the words of `line`, which are separated by one space each. */
static enum err
parse(const char *line, struct args *args)
{
	static char program[] = "golmok";
	static char copy[256];
	static char *argv[32];
	int argc = 0;

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	argv[argc++] = program;
	for (char *at = copy; at != NULL && *at != '\0';) {
		argv[argc++] = at;
		at = strchr(at, ' ');
		if (at != NULL)
			*at++ = '\0';
	}
	*args = (struct args){0};
	return args_parse(&table, argc, argv, args);
}

static void
refused(const char *line, const char *text)
{
	struct args args;

	assert_int_equal(parse(line, &args), ERR_USAGE);
	assert_string_equal(err_text(), text);
	args_fini(&args);
}

static void
accepted(const char *line, struct args *args)
{
	assert_int_equal(parse(line, args), ERR_OK);
}

static void
a_command_has_one_word_or_two(void **state)
{
	struct args args;

	(void)state;
	accepted("status", &args);
	assert_string_equal(args.command->name, "status");
	args_fini(&args);
	accepted("record get r1", &args);
	assert_string_equal(args.command->name, "record get");
	assert_string_equal(args_word(&args, 0), "r1");
	assert_null(args_word(&args, 1));
	args_fini(&args);
}

static void
options_stand_anywhere_in_both_forms(void **state)
{
	struct args args;

	(void)state;
	accepted("--store /s record put --set 이름=김 d03/c017/case "
		 "--set=memo=a=b r9 --dry-run --actor kim",
	    &args);
	assert_string_equal(args_text(&args, "store", 0), "/s");
	assert_string_equal(args_text(&args, "actor", 0), "kim");
	assert_int_equal(args_count(&args, "set"), 2);
	assert_string_equal(args_text(&args, "set", 0), "이름=김");
	assert_string_equal(args_text(&args, "set", 1), "memo=a=b");
	assert_null(args_text(&args, "set", 2));
	assert_true(args_has(&args, "dry-run"));
	assert_false(args_has(&args, "json"));
	assert_null(args_text(&args, "limit", 0));
	assert_int_equal(args.words_n, 2);
	assert_string_equal(args_word(&args, 1), "r9");
	args_fini(&args);
	args_fini(&args);
}

static void
an_empty_value_is_a_value(void **state)
{
	struct args args;

	(void)state;
	accepted("record put s --set=", &args);
	assert_string_equal(args_text(&args, "set", 0), "");
	args_fini(&args);
}

static void
behind_two_dashes_all_is_words(void **state)
{
	struct args args;

	(void)state;
	accepted("record put -- --set --json", &args);
	assert_string_equal(args_word(&args, 0), "--set");
	assert_string_equal(args_word(&args, 1), "--json");
	assert_false(args_has(&args, "json"));
	args_fini(&args);
}

static void
a_dash_and_negative_numbers_are_words(void **state)
{
	struct args args;

	(void)state;
	accepted("record put - -12", &args);
	assert_string_equal(args_word(&args, 0), "-");
	assert_string_equal(args_word(&args, 1), "-12");
	args_fini(&args);
	accepted("record put s --limit -1", &args);
	args_fini(&args);
}

static void
a_slip_of_the_finger_gets_a_hint(void **state)
{
	(void)state;
	refused("statsu", "there is no command 'statsu'; did you mean "
			  "'status'?");
	refused("record gte r", "there is no command 'record gte'; did you "
				"mean 'record get'?");
	refused("recrod get r", "there is no command 'recrod'; golmok help "
				"lists them all");
	refused("record put s --dryrun",
	    "there is no option '--dryrun'; did you mean --dry-run?");
	refused(
	    "status -json", "there is no option '-json'; did you mean --json?");
	refused("status --zzzz",
	    "there is no option '--zzzz'; see golmok help status");
	refused("--set=1 status",
	    "there is no option '--set=1' before the name of a command");
	refused("record", "'record' needs one word more: put, get");
}

static void
missing_and_superfluous_words_are_refused(void **state)
{
	(void)state;
	refused("", "no command given; golmok help lists them all");
	refused("record put", "words are missing: golmok record put SPACE "
			      "[ID]");
	refused("record put a b c", "'c' is one word too many: golmok record "
				    "put SPACE [ID]");
	refused("status now", "'now' is one word too many: golmok status");
	refused("erase r1", "--ground TEXT is needed");
}

static void
options_are_used_as_declared(void **state)
{
	(void)state;
	refused("record put s --limit", "--limit needs a value: --limit N");
	refused(
	    "record put s --limit --json", "--limit needs a value: --limit N");
	refused("record put s --dry-run=yes",
	    "--dry-run is a flag and takes no value");
	refused("record put s --limit 1 --limit 2",
	    "--limit may be given only once");
	refused("record get r1 --limit 3",
	    "there is no option '--limit'; see golmok help record get");
}

static void
json_is_known_even_when_the_words_are_wrong(void **state)
{
	struct args args;

	(void)state;
	assert_int_equal(parse("nonsense --json", &args), ERR_USAGE);
	assert_true(args_has(&args, "json"));
	args_fini(&args);
	assert_int_equal(parse("status --bad --json", &args), ERR_USAGE);
	assert_true(args_has(&args, "json"));
	args_fini(&args);
	accepted("status --json --json", &args);
	assert_int_equal(args_count(&args, "json"), 1);
	args_fini(&args);
}

static void
numbers_are_checked(void **state)
{
	struct args args;
	uint64_t n = 7;

	(void)state;
	accepted("record put s", &args);
	assert_int_equal(args_number(&args, "limit", 10, &n), ERR_OK);
	assert_true(n == 7);
	args_fini(&args);
	accepted("record put s --limit 10", &args);
	assert_int_equal(args_number(&args, "limit", 10, &n), ERR_OK);
	assert_true(n == 10);
	assert_int_equal(args_number(&args, "limit", 9, &n), ERR_USAGE);
	assert_string_equal(
	    err_text(), "--limit 10 is not a number from 0 to 9");
	args_fini(&args);
	accepted("record put s --limit 1x", &args);
	assert_int_equal(args_number(&args, "limit", 9, &n), ERR_USAGE);
	assert_true(n == 10);
	args_fini(&args);
}

static void
help_is_asked_for_in_three_ways(void **state)
{
	static const char *const lines[] = {"help record put",
	    "record put --help", "record put -h", "--help record put a b c d"};
	struct args args;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		accepted(lines[i], &args);
		assert_true(args.help);
		assert_string_equal(args.command->name, "record put");
		args_fini(&args);
	}
	accepted("help", &args);
	assert_true(args.help);
	assert_null(args.command);
	args_fini(&args);
	accepted("--version", &args);
	assert_true(args.version);
	args_fini(&args);
	refused("help statsu", "there is no command 'statsu'; did you mean "
			       "'status'?");
}

static void
the_help_of_a_command_is_complete(void **state)
{
	struct buf text = {0};

	(void)state;
	args_help(&table, &commands[0], &text);
	assert_string_equal(buf_text(&text),
	    "usage: golmok record put SPACE [ID] [OPTION]...\n"
	    "\n"
	    "create or change a record\n"
	    "\n"
	    "Fields that are not named stay.\n"
	    "\n"
	    "Options:\n"
	    "  --set FIELD=VALUE       give a field a value "
	    "(may be repeated)\n"
	    "  --dry-run               change nothing\n"
	    "  --limit N               how many\n"
	    "\n"
	    "Every command takes:\n"
	    "  --json                  write JSON, one object a line\n"
	    "  --store DIR             use the store in DIR\n"
	    "  --actor NAME            the member of staff who does this\n"
	    "  --share FILE            a share of the split root keys (may be "
	    "repeated)\n"
	    "  --help                  say how it is used (-h)\n");
	buf_fini(&text);
}

static void
the_list_of_commands_names_each(void **state)
{
	struct buf text = {0};

	(void)state;
	args_help(&table, NULL, &text);
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		assert_non_null(strstr(buf_text(&text), commands[i].name));
		assert_non_null(strstr(buf_text(&text), commands[i].help));
	}
	buf_fini(&text);
}

static void
likeness_is_counted_in_slips(void **state)
{
	char long_word[200];
	struct similar best = similar_to(bytes_text("conflcit"));

	(void)state;
	similar_try(&best, "contact");
	similar_try(&best, "conflict");
	similar_try(&best, "conflicts");
	assert_string_equal(best.name, "conflict");
	assert_int_equal(best.distance, 1);
	best = similar_to(bytes_text(""));
	similar_try(&best, "a");
	assert_null(best.name);
	best = similar_to(bytes_text("x"));
	similar_try(&best, "y");
	assert_null(best.name);
	memset(long_word, 'a', sizeof(long_word));
	long_word[sizeof(long_word) - 1] = '\0';
	best = similar_to(bytes_text(long_word));
	similar_try(&best, "aaaa");
	assert_null(best.name);
	best = similar_to(bytes_text("aaaaaaaaaa"));
	similar_try(&best, long_word);
	assert_null(best.name);
}

static void
every_outcome_has_its_own_exit_status(void **state)
{
	bool seen[ERR_PART + 1] = {false};

	(void)state;
	for (enum err e = ERR_OK; e <= ERR_PART; e++) {
		int status = exit_status(e);

		assert_in_range(status, 0, ERR_PART);
		assert_false(seen[status]);
		seen[status] = true;
	}
	assert_int_equal(exit_status(ERR_OK), 0);
	assert_int_equal(exit_status(ERR_IO), 1);
	assert_int_equal(exit_status(ERR_USAGE), 2);
	assert_int_equal(exit_status(ERR_CORRUPT), 8);
	assert_int_equal(exit_status(ERR_PEER), 13);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_has_one_word_or_two),
	    cmocka_unit_test(options_stand_anywhere_in_both_forms),
	    cmocka_unit_test(an_empty_value_is_a_value),
	    cmocka_unit_test(behind_two_dashes_all_is_words),
	    cmocka_unit_test(a_dash_and_negative_numbers_are_words),
	    cmocka_unit_test(a_slip_of_the_finger_gets_a_hint),
	    cmocka_unit_test(missing_and_superfluous_words_are_refused),
	    cmocka_unit_test(options_are_used_as_declared),
	    cmocka_unit_test(json_is_known_even_when_the_words_are_wrong),
	    cmocka_unit_test(numbers_are_checked),
	    cmocka_unit_test(help_is_asked_for_in_three_ways),
	    cmocka_unit_test(the_help_of_a_command_is_complete),
	    cmocka_unit_test(the_list_of_commands_names_each),
	    cmocka_unit_test(likeness_is_counted_in_slips),
	    cmocka_unit_test(every_outcome_has_its_own_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
