#ifndef GOLMOK_CLI_ARGS_H
#define GOLMOK_CLI_ARGS_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * The words of a command line.  Each cli/cmd_*.c declares its commands in a
 * table; main.c puts the tables of all together, parses, and runs what was
 * named:
 *
 *	static enum err put_run(const struct args *args, struct out *out)
 *	    MUST_USE;
 *
 *	static const struct args_option put_options[] = {
 *	    {.name = "set", .value = "FIELD=VALUE", .many = true,
 *		.help = "give a field a value"},
 *	    {.name = "dry-run", .help = "say what would happen"},
 *	};
 *
 *	const struct args_command cmd_data_commands[] = {
 *	    {.name = "record put", .words = "SPACE COLLECTION [ID]",
 *		.words_min = 2, .words_max = 3,
 *		.help = "create a record or change it",
 *		.options = put_options, .options_n = COUNT_OF(put_options),
 *		.run = put_run},
 *	};
 *
 * and put_run reads args_word(args, 0), args_text(args, "set", i) and
 * args_has(args, "dry-run").
 *
 * A name may have two words ("record put").  Options are --name VALUE or
 * --name=VALUE, and flags --name; they may stand before, between and behind
 * the other words, up to `--`, behind which everything is a word.  A word may
 * be `-` or a negative number.  Every command takes the common options: --json,
 * --store DIR, --actor NAME, --share FILE and --help (-h).
 */
struct args;
struct out;

/* Carries out a command whose words were accepted. */
typedef enum err args_run(const struct args *args, struct out *out);

struct args_option {
	const char *name; /* without the two dashes */
	const char
	    *value;	  /* what its value is called in the help; NULL: flag */
	const char *help; /* one line */
	bool many;	  /* may be given more than once */
	bool required;
};

struct args_command {
	const char *name;  /* one or two words */
	const char *words; /* the usage line behind the name; NULL: no words */
	const char *help;  /* one line, in the list of commands */
	const char *about; /* more, for `golmok help NAME`; may be NULL */
	const struct args_option *options;
	size_t options_n;
	size_t words_min; /* how many words it takes */
	size_t words_max;
	bool scoped; /* the scopes of the pack are options: cli/scope.h */
	args_run *run;
};

struct args_given {
	const struct args_option *option;
	const char *value; /* NULL for a flag */
};

/* What may be a scope of the pack, which is not known yet: --dong NAME.
 * Whether the word behind it belongs to it, the pack must tell. */
struct args_scope {
	struct bytes name;
	const char *value; /* NULL: nothing stands behind it */
	bool is_inside;	   /* it was --name=value */
	size_t words_n;	   /* how many words stood before it */
};

/* What was said.  Borrows the commands and argv. */
struct args {
	const struct args_command *command; /* NULL: none was named */
	bool help;			    /* help was asked for */
	bool version;			    /* --version, without a command */
	const char **words;		    /* owned array */
	size_t words_n;
	size_t words_room;
	struct args_given *given; /* owned array, in the order given */
	size_t given_n;
	size_t given_room;
	struct args_scope *scopes; /* owned array, in the order given */
	size_t scopes_n;
	size_t scopes_room;
};

/* All commands of the program, in the order of the help. */
struct args_table {
	const struct args_command *commands;
	size_t commands_n;
};

/* Reads `argc` words of `argv`, the first of which is the program's name, into
 * `args` (zeroed by the caller, ended with args_fini in every case).  Words
 * that make no sense: ERR_USAGE, whose text says which, and what may have been
 * meant; args->command and --json are then set if they were understood. */
enum err args_parse(const struct args_table *table, int argc, char **argv,
    struct args *args) MUST_USE;
/* Gives the arrays back; a zeroed struct is fine. */
void args_fini(struct args *args);

/* Was option `name` given?  The command must declare it (asserted), here and
 * below, or it is a common one. */
bool args_has(const struct args *args, const char *name);
/* How often option `name` was given. */
size_t args_count(const struct args *args, const char *name);
/* The value of the `i`-th option `name`, counted from 0; NULL when there are
 * not so many.  Borrowed from argv. */
const char *args_text(const struct args *args, const char *name, size_t i);
/* The value of option `name` as a number of at most `max` into `*number`, which
 * stays when the option was not given.  ERR_USAGE when it is none. */
enum err args_number(const struct args *args, const char *name, uint64_t max,
    uint64_t *number) MUST_USE;
/* The `i`-th word behind the command, counted from 0; NULL when there are not
 * so many.  Borrowed from argv. */
const char *args_word(const struct args *args, size_t i);

/* Appends the help to `text`: of `command`, or the list of all when that is
 * NULL. */
void args_help(const struct args_table *table,
    const struct args_command *command, struct buf *text);

#endif
