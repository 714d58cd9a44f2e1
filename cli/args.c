/*
 * The command line: words in, the command and its options out, and the help.
 * main.c calls it first.  Prints nothing, runs nothing, and knows no command.
 */
#include "cli/args.h"

#include <string.h>

#include "cli/similar.h"
#include "proto/ascii.h"
#include "proto/mem.h"

static const struct args_option common[] = {
    {.name = "json", .help = "write JSON, one object a line"},
    {.name = "store", .value = "DIR", .help = "use the store in DIR"},
    {.name = "actor",
	.value = "NAME",
	.help = "the member of staff who does this"},
    {.name = "share",
	.value = "FILE",
	.help = "a share of the split root keys",
	.many = true},
    {.name = "help", .help = "say how it is used (-h)"},
};

/* What is left of argv while it is read. */
struct rest {
	const struct args_table *table;
	char **argv;
	int n;
	bool all_words; /* `--` has been seen */
};

static enum err option_read(
    struct rest *rest, const char *word, struct args *args) MUST_USE;
static enum err command_read(
    struct rest *rest, const char *word, struct args *args) MUST_USE;
static enum err complete(const struct args *args) MUST_USE;
static void given_add(
    struct args *args, const struct args_option *option, const char *value);
static void word_add(struct args *args, const char *word);

/* Is `word` an option?  `-` and negative numbers are none. */
static bool
is_option(const struct rest *rest, const char *word)
{
	if (rest->all_words || word[0] != '-' || word[1] == '\0')
		return false;
	return word[1] < '0' || word[1] > '9';
}

enum err
args_parse(
    const struct args_table *table, int argc, char **argv, struct args *args)
{
	struct rest rest = {.table = table, .argv = argv + 1, .n = argc - 1};
	enum err e = ERR_OK;

	assert(args->words == NULL && args->given == NULL);
	/* Also behind a mistake, so that it is reported in the form wished. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			given_add(args, &common[0], NULL);
			break;
		}
	}
	while (e == ERR_OK && rest.n > 0) {
		const char *word = *rest.argv++;

		rest.n--;
		if (!rest.all_words && strcmp(word, "--") == 0)
			rest.all_words = true;
		else if (is_option(&rest, word))
			e = option_read(&rest, word, args);
		else if (args->command == NULL)
			e = command_read(&rest, word, args);
		else
			word_add(args, word);
	}
	if (e != ERR_OK || args->help || args->version)
		return e;
	return complete(args);
}

static void
given_add(
    struct args *args, const struct args_option *option, const char *value)
{
	mem_room(&args->given, &args->given_room, args->given_n + 1,
	    sizeof(*args->given));
	args->given[args->given_n++] = (struct args_given){
	    .option = option, .value = value};
}

static void
word_add(struct args *args, const char *word)
{
	mem_room(&args->words, &args->words_room, args->words_n + 1,
	    sizeof(*args->words));
	args->words[args->words_n++] = word;
}

/* The option of `command` (which may be NULL) or the common option `name`. */
static const struct args_option *
option_find(const struct args_command *command, struct bytes name)
{
	for (size_t i = 0; i < COUNT_OF(common); i++) {
		if (bytes_is(name, common[i].name))
			return &common[i];
	}
	for (size_t i = 0; command != NULL && i < command->options_n; i++) {
		if (bytes_is(name, command->options[i].name))
			return &command->options[i];
	}
	return NULL;
}

static enum err
option_unknown(const struct args *args, const char *word, struct bytes name)
{
	struct similar best = similar_to(name);
	const struct args_command *command = args->command;

	for (size_t i = 0; i < COUNT_OF(common); i++)
		similar_try(&best, common[i].name);
	for (size_t i = 0; command != NULL && i < command->options_n; i++)
		similar_try(&best, command->options[i].name);
	if (best.name != NULL)
		return err_set(ERR_USAGE,
		    "there is no option '%s'; did you mean --%s?", word,
		    best.name);
	if (command == NULL)
		return err_set(ERR_USAGE,
		    "there is no option '%s' before the name of a command",
		    word);
	return err_set(ERR_USAGE, "there is no option '%s'; see golmok help %s",
	    word, command->name);
}

/* The value of `option`: what stands behind the `=` in `word`, or the word
 * after it; NULL for a flag. */
static enum err
option_value(struct rest *rest, const struct args_option *option,
    const char *inside, const char **value)
{
	*value = inside;
	if (option->value == NULL && inside != NULL)
		return err_set(ERR_USAGE, "--%s is a flag and takes no value",
		    option->name);
	if (option->value == NULL || inside != NULL)
		return ERR_OK;
	/* A forgotten value must not swallow the option behind it. */
	if (rest->n == 0 || strncmp(*rest->argv, "--", 2) == 0)
		return err_set(ERR_USAGE, "--%s needs a value: --%s %s",
		    option->name, option->name, option->value);
	*value = *rest->argv++;
	rest->n--;
	return ERR_OK;
}

static void
scope_add(
    struct rest *rest, struct bytes name, const char *equals, struct args *args)
{
	struct args_scope scope = {.name = name,
	    .is_inside = equals != NULL,
	    .words_n = args->words_n};

	if (equals != NULL) {
		scope.value = equals + 1;
	} else if (rest->n > 0 && !is_option(rest, *rest->argv)) {
		scope.value = *rest->argv++;
		rest->n--;
	}
	mem_room(&args->scopes, &args->scopes_room, args->scopes_n + 1,
	    sizeof(*args->scopes));
	args->scopes[args->scopes_n++] = scope;
}

static enum err
option_read(struct rest *rest, const char *word, struct args *args)
{
	const char *equals = strchr(word, '=');
	struct bytes name = bytes_text(word);
	const struct args_option *option;
	const char *value;
	enum err e;

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
		args->help = true;
		return ERR_OK;
	}
	if (strcmp(word, "--version") == 0 && args->command == NULL) {
		args->version = true;
		return ERR_OK;
	}
	if (equals != NULL)
		name = bytes_first(name, (size_t)(equals - word));
	if (word[1] != '-')
		return option_unknown(args, word, bytes_after(name, 1));
	name = bytes_after(name, 2);
	option = option_find(args->command, name);
	if (option == NULL && args->command != NULL && args->command->scoped) {
		scope_add(rest, name, equals, args);
		return ERR_OK;
	}
	if (option == NULL)
		return option_unknown(args, word, name);
	e = option_value(rest, option, equals ? equals + 1 : NULL, &value);
	if (e != ERR_OK)
		return e;
	if (option == &common[0])
		return ERR_OK;
	if (!option->many && args_count(args, option->name) > 0)
		return err_set(
		    ERR_USAGE, "--%s may be given only once", option->name);
	given_add(args, option, value);
	return ERR_OK;
}

/* Does the command `name` consist of `first` and, if not NULL, `second`? */
static bool
is_named(const char *name, const char *first, const char *second)
{
	size_t n = strlen(first);

	if (strncmp(name, first, n) != 0)
		return false;
	if (second == NULL)
		return name[n] == '\0';
	return name[n] == ' ' && strcmp(name + n + 1, second) == 0;
}

static const struct args_command *
command_find(
    const struct args_table *table, const char *first, const char *second)
{
	for (size_t i = 0; i < table->commands_n; i++) {
		if (is_named(table->commands[i].name, first, second))
			return &table->commands[i];
	}
	return NULL;
}

/* ERR_USAGE for words that name no command: `first` alone may begin several
 * names of two words. */
static enum err
command_unknown(
    const struct args_table *table, const char *first, const char *second)
{
	struct buf said = {0};
	struct buf family = {0};
	struct similar best;
	enum err e;

	buf_add_text(&said, first);
	for (size_t i = 0; i < table->commands_n; i++) {
		const char *name = table->commands[i].name;
		size_t n = strlen(first);

		if (strncmp(name, first, n) == 0 && name[n] == ' ')
			buf_add_format(&family, "%s%s",
			    family.n > 0 ? ", " : "", name + n + 1);
	}
	if (family.n > 0 && second != NULL)
		buf_add_format(&said, " %s", second);
	best = similar_to(buf_bytes(&said));
	for (size_t i = 0; i < table->commands_n; i++)
		similar_try(&best, table->commands[i].name);
	if (family.n > 0 && second == NULL)
		e = err_set(ERR_USAGE, "'%s' needs one word more: %s", first,
		    buf_text(&family));
	else if (best.name != NULL)
		e = err_set(ERR_USAGE,
		    "there is no command '%s'; did you mean '%s'?",
		    buf_text(&said), best.name);
	else
		e = err_set(ERR_USAGE,
		    "there is no command '%s'; golmok help lists them all",
		    buf_text(&said));
	buf_fini(&family);
	buf_fini(&said);
	return e;
}

static enum err
command_read(struct rest *rest, const char *word, struct args *args)
{
	const char *second = NULL;

	if (strcmp(word, "help") == 0 && !args->help) {
		args->help = true;
		return ERR_OK;
	}
	if (rest->n > 0 && !is_option(rest, *rest->argv))
		second = *rest->argv;
	if (second != NULL) {
		args->command = command_find(rest->table, word, second);
		if (args->command != NULL) {
			rest->argv++;
			rest->n--;
			return ERR_OK;
		}
	}
	args->command = command_find(rest->table, word, NULL);
	if (args->command == NULL)
		return command_unknown(rest->table, word, second);
	return ERR_OK;
}

/* Are all the words and options there that the command needs? */
static enum err
complete(const struct args *args)
{
	const struct args_command *command = args->command;

	if (command == NULL)
		return err_set(
		    ERR_USAGE, "no command given; golmok help lists them all");
	/* What stands behind a scope may turn out to be a word. */
	if (args->words_n + args->scopes_n < command->words_min)
		return err_set(ERR_USAGE, "words are missing: golmok %s %s",
		    command->name,
		    command->words != NULL ? command->words : "");
	if (args->words_n > command->words_max)
		return err_set(ERR_USAGE,
		    "'%s' is one word too many: golmok %s%s%s",
		    args->words[command->words_max], command->name,
		    command->words != NULL ? " " : "",
		    command->words != NULL ? command->words : "");
	for (size_t i = 0; i < command->options_n; i++) {
		const struct args_option *option = &command->options[i];

		if (option->required && args_count(args, option->name) == 0)
			return err_set(ERR_USAGE, "--%s %s is needed",
			    option->name, option->value);
	}
	return ERR_OK;
}

void
args_fini(struct args *args)
{
	mem_free(args->words);
	mem_free(args->given);
	mem_free(args->scopes);
	*args = (struct args){0};
}

size_t
args_count(const struct args *args, const char *name)
{
	const struct args_option *option = option_find(
	    args->command, bytes_text(name));
	size_t n = 0;

	/* Without a command only what was said in vain can be asked. */
	assert(option != NULL || args->command == NULL);
	for (size_t i = 0; i < args->given_n; i++)
		n += args->given[i].option == option;
	return n;
}

bool
args_has(const struct args *args, const char *name)
{
	return args_count(args, name) > 0;
}

const char *
args_text(const struct args *args, const char *name, size_t i)
{
	const struct args_option *option = option_find(
	    args->command, bytes_text(name));

	assert(option != NULL || args->command == NULL);
	for (size_t at = 0; at < args->given_n; at++) {
		if (args->given[at].option == option && i-- == 0)
			return args->given[at].value;
	}
	return NULL;
}

enum err
args_number(
    const struct args *args, const char *name, uint64_t max, uint64_t *number)
{
	const char *text = args_text(args, name, 0);
	uint64_t v;

	if (text == NULL)
		return ERR_OK;
	if (ascii_from_decimal(bytes_text(text), &v) != ERR_OK || v > max)
		return err_set(ERR_USAGE,
		    "--%s %s is not a number from 0 to %llu", name, text,
		    (unsigned long long)max);
	*number = v;
	return ERR_OK;
}

const char *
args_word(const struct args *args, size_t i)
{
	return i < args->words_n ? args->words[i] : NULL;
}

/* Appends the options, their helps below each other from `column`. */
static void
options_help(const struct args_option *options, size_t n, struct buf *text)
{
	enum { COLUMN = 26 };

	for (size_t i = 0; i < n; i++) {
		size_t start = text->n;

		buf_add_format(text, "  --%s", options[i].name);
		if (options[i].value != NULL)
			buf_add_format(text, " %s", options[i].value);
		do
			buf_add_u8(text, ' ');
		while (text->n - start < COLUMN);
		buf_add_format(text, "%s%s%s\n", options[i].help,
		    options[i].required ? " (needed)" : "",
		    options[i].many ? " (may be repeated)" : "");
	}
}

static void
command_help(const struct args_command *command, struct buf *text)
{
	buf_add_format(text, "usage: golmok %s%s%s%s\n\n%s\n", command->name,
	    command->words != NULL ? " " : "",
	    command->words != NULL ? command->words : "",
	    command->options_n > 0 ? " [OPTION]..." : "", command->help);
	if (command->about != NULL)
		buf_add_format(text, "\n%s\n", command->about);
	if (command->options_n > 0)
		buf_add_text(text, "\nOptions:\n");
	options_help(command->options, command->options_n, text);
}

void
args_help(const struct args_table *table, const struct args_command *command,
    struct buf *text)
{
	size_t longest = 0;

	if (command != NULL) {
		command_help(command, text);
	} else {
		buf_add_text(text,
		    "usage: golmok COMMAND [WORD]... [OPTION]...\n\n"
		    "Commands:\n");
		for (size_t i = 0; i < table->commands_n; i++) {
			size_t n = strlen(table->commands[i].name);

			longest = n > longest ? n : longest;
		}
		for (size_t i = 0; i < table->commands_n; i++)
			buf_add_format(text, "  %-*s  %s\n", (int)longest,
			    table->commands[i].name, table->commands[i].help);
	}
	buf_add_text(text, "\nEvery command takes:\n");
	options_help(common, COUNT_OF(common), text);
	if (command == NULL)
		buf_add_text(text, "\ngolmok help COMMAND says more.\n");
}
