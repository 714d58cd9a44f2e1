/*
 * The program: reads the words, runs the command that they name, and turns its
 * outcome into an exit status.  The only file that ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cmd_bundle.h"
#include "cli/cmd_check.h"
#include "cli/cmd_conflicts.h"
#include "cli/cmd_due.h"
#include "cli/cmd_duplicates.h"
#include "cli/cmd_events.h"
#include "cli/cmd_export.h"
#include "cli/cmd_find.h"
#include "cli/cmd_import.h"
#include "cli/cmd_inbox.h"
#include "cli/cmd_invite.h"
#include "cli/cmd_join.h"
#include "cli/cmd_keys.h"
#include "cli/cmd_list.h"
#include "cli/cmd_log.h"
#include "cli/cmd_match.h"
#include "cli/cmd_may.h"
#include "cli/cmd_member.h"
#include "cli/cmd_net.h"
#include "cli/cmd_pack.h"
#include "cli/cmd_pair.h"
#include "cli/cmd_peer.h"
#include "cli/cmd_read.h"
#include "cli/cmd_report.h"
#include "cli/cmd_revoke.h"
#include "cli/cmd_root.h"
#include "cli/cmd_space.h"
#include "cli/cmd_status.h"
#include "cli/cmd_store.h"
#include "cli/cmd_synth.h"
#include "cli/cmd_upkeep.h"
#include "cli/cmd_write.h"
#include "cli/exit.h"
#include "cli/out.h"
#include "cli/stop.h"
#include "core/aside.h"
#include "proto/crypto.h"
#include "proto/mem.h"
#include "proto/text.h"
#include "proto/version.h"

static const char environment[] =
    "\nWithout --store the store is in $GOLMOK_STORE, else in golmok-store;\n"
    "without --actor the actor is $GOLMOK_ACTOR, else the name of the "
    "account;\n"
    "$GOLMOK_ROLE is the role where a command takes --role.\n"
    "\n";

static const char damaged[] =
    "golmok: the data of the store cannot be read in one place: it is damaged, "
    "or its disk is; restore a backup\n";
static const char damaged_json[] =
    "{\"error\":{\"code\":\"corrupt\",\"text\":\"the data of the store cannot "
    "be read in one place: it is damaged, or its disk is; restore a backup\"}}"
    "\n";
static volatile sig_atomic_t wants_json;

/* Files that are opened take the lowest free number.  Were one of the three
 * free, results could be printed into the store, or the store read as input;
 * so they are filled with what cannot be read from, or written to. */
static void
fill_standard_files(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)!open("/dev/null",
			    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

/* The data file is mapped: a page that the disk cannot give, or that a damaged
 * page wrongly refers to, arrives as a signal.  What was not committed has not
 * happened. */
static void
on_bus(int number)
{
	(void)number;
	(void)!(
	    wants_json != 0
		? write(STDERR_FILENO, damaged_json, sizeof(damaged_json) - 1)
		: write(STDERR_FILENO, damaged, sizeof(damaged) - 1));
	_exit(exit_status(ERR_CORRUPT));
}

/* A page of noise can make LMDB follow a number to nowhere, which it does not
 * check.  So can a mistake of ours: the default action follows, and leaves what
 * is needed to tell one from the other. */
static void
on_segv(int number)
{
	static const char text[] =
	    "golmok: memory was read that is not there: the store is damaged "
	    "(restore a backup), or this program is wrong\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	aside_crashed();
}

/* The default action follows. */
static void
on_fault(int number)
{
	(void)number;
	aside_crashed();
}

static void
watch_signals(void)
{
	static const int faults[] = {SIGABRT, SIGILL, SIGFPE};
	struct sigaction old = {0};

	(void)sigaction(
	    SIGBUS, &(struct sigaction){.sa_handler = on_bus}, NULL);
	/* A file that may not get larger is a full disk, and no reason to die
	 * and leave half of it. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Sanitisers have a better one. */
	(void)sigaction(SIGSEGV, NULL, &old);
	if (old.sa_handler == SIG_DFL)
		(void)sigaction(SIGSEGV,
		    &(struct sigaction){
			.sa_handler = on_segv, .sa_flags = (int)SA_RESETHAND},
		    NULL);
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		(void)sigaction(faults[i],
		    &(struct sigaction){
			.sa_handler = on_fault, .sa_flags = (int)SA_RESETHAND},
		    NULL);
}

/* All tables of commands in one; owned by the caller. */
static struct args_command *
gather(size_t *n)
{
	const struct {
		const struct args_command *commands;
		size_t n;
	} parts[] = {
	    {cmd_store_commands, cmd_store_commands_n},
	    {cmd_write_commands, cmd_write_commands_n},
	    {cmd_read_commands, cmd_read_commands_n},
	    {cmd_conflicts_commands, cmd_conflicts_commands_n},
	    {cmd_match_commands, cmd_match_commands_n},
	    {cmd_list_commands, cmd_list_commands_n},
	    {cmd_find_commands, cmd_find_commands_n},
	    {cmd_due_commands, cmd_due_commands_n},
	    {cmd_duplicates_commands, cmd_duplicates_commands_n},
	    {cmd_pair_commands, cmd_pair_commands_n},
	    {cmd_report_commands, cmd_report_commands_n},
	    {cmd_import_commands, cmd_import_commands_n},
	    {cmd_export_commands, cmd_export_commands_n},
	    {cmd_member_commands, cmd_member_commands_n},
	    {cmd_invite_commands, cmd_invite_commands_n},
	    {cmd_join_commands, cmd_join_commands_n},
	    {cmd_root_commands, cmd_root_commands_n},
	    {cmd_keys_commands, cmd_keys_commands_n},
	    {cmd_revoke_commands, cmd_revoke_commands_n},
	    {cmd_may_commands, cmd_may_commands_n},
	    {cmd_space_commands, cmd_space_commands_n},
	    {cmd_pack_commands, cmd_pack_commands_n},
	    {cmd_inbox_commands, cmd_inbox_commands_n},
	    {cmd_log_commands, cmd_log_commands_n},
	    {cmd_net_commands, cmd_net_commands_n},
	    {cmd_peer_commands, cmd_peer_commands_n},
	    {cmd_bundle_commands, cmd_bundle_commands_n},
	    {cmd_status_commands, cmd_status_commands_n},
	    {cmd_events_commands, cmd_events_commands_n},
	    {cmd_check_commands, cmd_check_commands_n},
	    {cmd_upkeep_commands, cmd_upkeep_commands_n},
	    {cmd_synth_commands, cmd_synth_commands_n},
	};
	struct args_command *all;

	*n = 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		*n += parts[i].n;
	all = mem_zeros(*n, sizeof(*all));
	*n = 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		for (size_t at = 0; at < parts[i].n; at++)
			all[(*n)++] = parts[i].commands[at];
	}
	return all;
}

/* Is every word and value text?  The names of directories alone may be any
 * bytes. */
static enum err
check_text(const struct args *args)
{
	for (size_t i = 0; i < args->words_n; i++) {
		struct bytes word = bytes_text(args->words[i]);

		if (!text_is_utf8(word))
			return err_set(ERR_INVALID,
			    "word %zu behind '%s' is not text in UTF-8 (byte "
			    "%zu): set the terminal to UTF-8 and type it anew",
			    i + 1, args->command->name, text_utf8_size(word));
	}
	for (size_t i = 0; i < args->given_n; i++) {
		const struct args_given *given = &args->given[i];
		struct bytes value = bytes_text(
		    given->value != NULL ? given->value : "");

		if (!text_is_utf8(value) &&
		    !bytes_is(bytes_text(given->option->name), "store"))
			return err_set(ERR_INVALID,
			    "the value of --%s is not text in UTF-8 (byte "
			    "%zu): set the terminal to UTF-8 and type it anew",
			    given->option->name, text_utf8_size(value));
	}
	return ERR_OK;
}

static void
say_help(
    const struct args_table *table, const struct args *args, struct out *out)
{
	struct buf text = {0};

	args_help(table, args->command, &text);
	if (args->command == NULL ||
	    bytes_is(bytes_text(args->command->name), "exit")) {
		buf_add_text(&text, environment);
		cmd_store_exit_text(&text);
	} else if (text.n > 0) {
		buf_cut(&text, text.n - 1);
	}
	/* Help is for people also where results are JSON. */
	out->json = false;
	out_say(out, "%s", buf_text(&text));
	buf_fini(&text);
}

static enum err
run(const struct args_table *table, const struct args *args, struct out *out)
{
	enum err e;

	if (args->help) {
		say_help(table, args, out);
		return ERR_OK;
	}
	if (args->version) {
		out_say(out, "%s", version_text);
		return ERR_OK;
	}
	e = check_text(args);
	if (e == ERR_OK)
		e = crypto_start();
	return e == ERR_OK ? args->command->run(args, out) : e;
}

int
main(int argc, char **argv)
{
	struct args_table table = {0};
	struct args_command *commands = gather(&table.commands_n);
	struct args args = {0};
	struct out out;
	enum err e;

	fill_standard_files();
	watch_signals();
	table.commands = commands;
	e = args_parse(&table, argc, argv, &args);
	out_init(&out, args_has(&args, "json"));
	wants_json = args_has(&args, "json");
	if (e == ERR_OK)
		e = run(&table, &args, &out);
	if (e == ERR_OK)
		e = out_end(&out);
	if (e != ERR_OK)
		out_error(&out, e);
	/* What was found before the failure is still worth seeing. */
	(void)fflush(stdout);
	args_fini(&args);
	mem_free(commands);
	stop_leave();
	return exit_status(e);
}
