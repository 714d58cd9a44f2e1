/*
 * member revoke: takes back one grant of a member, or all of them, and says
 * what that cuts off here and what it may cut off elsewhere.  The door decides
 * whether this node may.
 */
#include "cli/cmd_revoke.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/explain.h"
#include "cli/name.h"
#include "cli/object.h"
#include "cli/show.h"
#include "proto/ascii.h"
#include "proto/text.h"

/* What is to be done. */
struct task {
	struct opened *work; /* borrowed, as authority and member */
	const struct authority *authority;
	const struct member *member;
	struct store_revoke revoke;
	struct ref *refs; /* arena of the work: grants, and what came of each */
	struct store_revoked *done;
	size_t n;
	bool writes; /* some of them lets its holder write */
};

/* Does the grant that `ref` names let its holder write anything? */
static bool
is_writing(const struct authority *authority, const struct ref *ref)
{
	const unsigned writes = RIGHT_WRITE | RIGHT_ADMIN | RIGHT_ERASE;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (id_ref_compare(&grant->fact, ref) == 0)
			return (grant->what.gives.bits & writes) != 0;
	}
	return false;
}

static bool
is_theirs(const struct task *task, const struct grant *grant)
{
	return memcmp(&grant->what.member, &task->member->key,
		   sizeof(grant->what.member)) == 0;
}

static enum err
grants_all(struct task *task)
{
	const struct authority *authority = task->authority;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!is_theirs(task, grant) || !grant->counts)
			continue;
		/* That a key is in other hands may turn out afterwards. */
		if (!grant->revoked || task->revoke.compromised)
			task->refs[task->n++] = grant->fact;
	}
	if (task->n == 0)
		return err_set(ERR_NOT_FOUND,
		    "%.*s has no grant that could be revoked",
		    (int)task->member->label.n, task->member->label.p);
	return ERR_OK;
}

static enum err
grant_named(struct task *task, const char *word)
{
	const struct authority *authority = task->authority;
	struct log *log;
	struct ref ref;
	enum err e = name_ref(task->work, word, &ref, &log);

	for (size_t i = 0; e == ERR_OK && i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!is_theirs(task, grant) ||
		    id_ref_compare(&grant->fact, &ref) != 0)
			continue;
		task->refs[task->n++] = ref;
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	return err_set(ERR_NOT_FOUND,
	    "%s is no grant of %.*s: golmok member show lists its grants", word,
	    (int)task->member->label.n, task->member->label.p);
}

/* Without --grant there must be one alone. */
static enum err
grants_choose(struct task *task)
{
	const char *word = args_text(task->work->args, "grant", 0);
	struct buf list = {0};
	enum err e;

	task->refs = arena_array(
	    &task->work->arena, task->authority->grants_n, sizeof(*task->refs));
	task->done = arena_array(
	    &task->work->arena, task->authority->grants_n, sizeof(*task->done));
	if (word != NULL && strcmp(word, "all") != 0)
		return grant_named(task, word);
	e = grants_all(task);
	if (e != ERR_OK || word != NULL || task->n == 1)
		return e;
	for (size_t i = 0; i < task->n; i++) {
		buf_add_text(&list, i > 0 ? ", " : "");
		show_ref(&task->refs[i], &list);
	}
	e = err_set(ERR_INVALID,
	    "%.*s has %zu grants (%s): say --grant and one of them, or --grant "
	    "all; golmok member show tells what each gives",
	    (int)task->member->label.n, task->member->label.p, task->n,
	    buf_text(&list));
	buf_fini(&list);
	return e;
}

/* A time as show_time writes it, or a part of it from the left. */
static enum err
time_read(const char *word, struct stamp *stamp)
{
	struct tm wall = {.tm_isdst = -1, .tm_mday = 1};
	int end = 0;
	int n = sscanf(word, "%4d-%2d-%2d%n%*1[ T]%2d:%2d%n:%2d%n",
	    &wall.tm_year, &wall.tm_mon, &wall.tm_mday, &end, &wall.tm_hour,
	    &wall.tm_min, &end, &wall.tm_sec, &end);
	time_t seconds;

	if (n < 3 || n == 4 || word[end] != '\0' || wall.tm_mon < 1 ||
	    wall.tm_mon > 12 || wall.tm_mday < 1 || wall.tm_mday > 31 ||
	    wall.tm_hour > 23 || wall.tm_min > 59 || wall.tm_sec > 60)
		return err_set(ERR_USAGE,
		    "--since %s is no time: write 2026-03-02 or \"2026-03-02 "
		    "14:05\"",
		    word);
	wall.tm_year -= 1900;
	wall.tm_mon--;
	seconds = mktime(&wall);
	if (seconds <= 0)
		return err_set(ERR_USAGE, "--since %s is before 1970", word);
	stamp->v = (uint64_t)seconds * 1000 << 16;
	return ERR_OK;
}

static enum err
task_read(
    const struct args *args, struct store_revoke *revoke, struct buf *reason)
{
	const char *since = args_text(args, "since", 0);
	const char *words = args_text(args, "reason", 0);
	enum err e = ERR_OK;

	revoke->compromised = args_has(args, "compromised");
	if (since != NULL && !revoke->compromised)
		return err_set(ERR_USAGE,
		    "--since goes with --compromised: without it, all that has "
		    "arrived here stays");
	if (since != NULL)
		e = time_read(since, &revoke->since);
	if (e == ERR_OK && words != NULL)
		e = text_nfc(bytes_text(words), reason);
	if (e == ERR_OK && reason->n > LIMIT_LABEL_SIZE)
		e = err_set(ERR_LIMIT,
		    "the reason has %zu bytes, and %d at most", reason->n,
		    LIMIT_LABEL_SIZE);
	revoke->reason = buf_bytes(reason);
	return e;
}

static void
say_json(const struct task *task)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_hex(&json, "revoked", bytes_of(task->member->key.b, 32));
	object_text(&json, "label", task->member->label);
	object_bool(&json, "compromised", task->revoke.compromised);
	object_array(&json, "grants");
	for (size_t i = 0; i < task->n; i++) {
		struct buf text = {0};

		show_ref(&task->refs[i], &text);
		object_begin(&json, NULL);
		object_text(&json, "ref", buf_bytes(&text));
		object_number(&json, "logs", task->done[i].logs);
		object_number(&json, "kept", task->done[i].kept);
		object_number(&json, "outside", task->done[i].outside);
		object_end(&json);
		buf_fini(&text);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(task->work->out, buf_bytes(&json));
	buf_fini(&json);
}

static void
say_done(const struct task *task)
{
	struct out *out = task->work->out;
	struct buf text = {0};

	say_json(task);
	for (size_t i = 0; i < task->n; i++) {
		const struct store_revoked *done = &task->done[i];

		buf_cut(&text, 0);
		show_ref(&task->refs[i], &text);
		out_say(out,
		    "revoked grant %s of %.*s: of %zu logs written under it, "
		    "%llu changes stay and %llu are outside now",
		    buf_text(&text), (int)task->member->label.n,
		    task->member->label.p, done->logs,
		    (unsigned long long)done->kept,
		    (unsigned long long)done->outside);
	}
	buf_fini(&text);
	if (!task->writes)
		return;
	out_notice(out,
	    task->revoke.compromised
		? "what the member wrote elsewhere, and anything that whoever "
		  "has its key writes from now on, waits outside when it "
		  "arrives: golmok inbox ls"
		: "what the member wrote and has not reached this node yet "
		  "waits outside when it arrives: golmok inbox ls; sync first "
		  "with the nodes that may hold more, if that matters");
}

static enum err
revoke_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct task task = {.work = &work};
	struct buf reason = {0};
	struct buf label = {0};
	struct member member;
	enum err e = task_read(args, &task.revoke, &reason);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = store_authority(work.store, &task.authority);
	if (e == ERR_OK)
		e = name_member(
		    task.authority, args_word(args, 0), &task.member);
	if (e == ERR_OK)
		e = grants_choose(&task);
	if (e == ERR_OK) {
		/* Each revocation makes the authority anew. */
		member = *task.member;
		buf_add(&label, member.label);
		member.label = buf_bytes(&label);
		task.member = &member;
	}
	for (size_t i = 0; i < task.n && e == ERR_OK; i++) {
		task.revoke.grant = task.refs[i];
		task.writes = task.writes ||
			      is_writing(task.authority, &task.refs[i]);
		e = store_revoke(work.store, &task.revoke, &task.done[i]);
	}
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		say_done(&task);
	open_end(&work);
	buf_fini(&label);
	buf_fini(&reason);
	return e;
}

static const struct args_option options[] = {
    {.name = "grant",
	.value = "GRANT",
	.help = "which one (member show names them), or all"},
    {.name = "compromised", .help = "the key is in other hands: no session"},
    {.name = "since",
	.value = "TIME",
	.help = "with --compromised: what was written before that stays"},
    {.name = "reason", .value = "TEXT", .help = "for people, kept for ever"},
};

const struct args_command cmd_revoke_commands[] = {
    {.name = "member revoke",
	.words = "MEMBER",
	.words_min = 1,
	.words_max = 1,
	.help = "take grants back",
	.about =
	    "Everything that the member wrote and that has arrived here goes\n"
	    "on to count; what arrives later is kept outside (golmok inbox).\n"
	    "With --compromised nothing of it counts, or with --since what "
	    "was\n"
	    "written before that time, and no node has a session with that\n"
	    "key any more.  A revocation cannot be taken back: grant anew.",
	.options = options,
	.options_n = COUNT_OF(options),
	.run = revoke_run},
};
const size_t cmd_revoke_commands_n = COUNT_OF(cmd_revoke_commands);
