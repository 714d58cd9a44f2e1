/*
 * pack ls, show, check, publish, use.  What is in force core/packs.c says;
 * here it is told, and files are read.
 */
#include "cli/cmd_pack.h"

#include <string.h>

#include "cli/object.h"
#include "cli/open.h"
#include "cli/pack_page.h"
#include "cli/show.h"
#include "core/file.h"
#include "core/pack_compare.h"
#include "core/publish.h"
#include "proto/ascii.h"

static const struct out_column columns[] = {
    {.key = "pack", .title = "PACK"},
    {.key = "version", .title = "VERSION", .kind = OUT_NUMBER},
    {.key = "from", .title = "FROM"},
    {.key = "by", .title = "BY"},
    {.key = "since", .title = "SINCE"},
    {.key = "size", .title = "BYTES", .kind = OUT_NUMBER},
    {.key = "sha256", .title = "SHA-256"},
    {.key = "state", .title = "STATE"},
    {.key = "why", .title = "WHY"},
};

/* All versions, judged, and the pack that is in force, for the caller to free.
 */
static enum err
versions_get(struct opened *work, struct packs *packs, struct pack **pack)
{
	const struct authority *authority;
	struct txn *txn = store_txn(work->store);
	enum err e = store_authority(work->store, &authority);

	*pack = NULL;
	if (e != ERR_OK)
		return e;
	packs_gather(txn, authority, &work->arena, packs);
	return packs_judge(txn, &work->arena, packs, pack);
}

static void
version_row(struct out *out, const struct authority *authority,
    const struct packs_version *version, struct out_table *table)
{
	struct buf texts[COUNT_OF(columns)] = {0};

	buf_add(&texts[0], version->name);
	buf_add_format(&texts[1], "%llu", (unsigned long long)version->version);
	buf_add_text(&texts[2], packs_source_text(version->source));
	if (version->source == PACKS_FACT) {
		show_member(authority, &version->by, &texts[3]);
		(out->json ? show_utc : show_time)(version->since, &texts[4]);
	}
	buf_add_format(&texts[5], "%llu", (unsigned long long)version->size);
	ascii_hex(bytes_of(version->sha256.b, out->json ? 32 : 4), &texts[6]);
	buf_add_text(&texts[7], packs_why_name(version->why));
	if (version->why != PACKS_IN_FORCE)
		buf_add_text(&texts[8], packs_why_text(version->why));
	if (version->detail.n > 0) {
		buf_add_text(&texts[8], ": ");
		buf_add(&texts[8], version->detail);
	}
	out_table_take(table, texts);
}

static enum err
ls_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	const struct authority *authority;
	struct pack *pack = NULL;
	struct packs packs = {0};
	struct out_table *table;
	enum err e = open_begin(args, out, false, &work);

	if (e == ERR_OK)
		e = versions_get(&work, &packs, &pack);
	if (e == ERR_OK)
		e = store_authority(work.store, &authority);
	if (e == ERR_OK) {
		table = out_table_new(out, columns, COUNT_OF(columns));
		for (size_t i = 0; i < packs.n; i++)
			version_row(out, authority, &packs.versions[i], table);
		out_table_end(table, "no packs");
	}
	if (e == ERR_OK && packs.force == NULL)
		out_say(out, "this store follows no pack");
	pack_free(pack);
	open_end(&work);
	return e;
}

/* The version that the word `name` names: NAME or NAME@VERSION. */
static enum err
version_find(const struct packs *packs, const char *word,
    const struct packs_version **found)
{
	struct bytes text = bytes_text(word);
	size_t at = bytes_find(text, '@');
	struct bytes name = bytes_first(text, at);
	struct buf version = {0};

	*found = NULL;
	if (at < text.n)
		buf_add(&version, bytes_after(text, at + 1));
	for (size_t i = 0; i < packs->n; i++) {
		const struct packs_version *p = &packs->versions[i];
		struct buf number = {0};

		buf_add_format(&number, "%llu", (unsigned long long)p->version);
		if (bytes_equal(p->name, name) &&
		    (version.n == 0 ||
			bytes_equal(buf_bytes(&number), buf_bytes(&version))) &&
		    (*found == NULL || (*found)->why != PACKS_IN_FORCE))
			*found = p;
		buf_fini(&number);
	}
	buf_fini(&version);
	if (*found == NULL)
		return err_set(ERR_NOT_FOUND,
		    "no version of a pack %s is known here: see `golmok pack "
		    "ls`",
		    word);
	return ERR_OK;
}

static enum err
file_text(const char *path, struct buf *json)
{
	enum err e = file_read(path, LIMIT_PACK_SIZE, json);

	return e == ERR_OK ? e : err_wrap(e, "%s", path);
}

/* Shows the pack, or one collection of it. */
static enum err
page_show(const struct args *args, struct out *out, const struct pack *pack)
{
	const char *name = args_text(args, "collection", 0);
	const struct pack_collection *collection;
	enum err e;

	if (name == NULL) {
		pack_page_all(out, pack);
		return ERR_OK;
	}
	e = pack_get_collection(pack, bytes_text(name), &collection);
	if (e == ERR_OK)
		pack_page_collection(out, collection);
	return e;
}

static enum err
file_show(const struct args *args, struct out *out, const char *path)
{
	struct buf json = {0};
	struct pack *pack = NULL;
	enum err e = file_text(path, &json);

	if (e == ERR_OK)
		e = pack_parse(buf_bytes(&json), &pack);
	if (e == ERR_OK)
		e = page_show(args, out, pack);
	pack_free(pack);
	buf_fini(&json);
	return e;
}

static enum err
show_run(const struct args *args, struct out *out)
{
	const char *path = args_text(args, "file", 0);
	const char *word = args_word(args, 0);
	struct opened work = {0};
	struct packs packs = {0};
	const struct packs_version *version = NULL;
	struct pack *pack = NULL;
	struct bytes json;
	enum err e;

	if (path != NULL && word != NULL)
		return err_set(ERR_USAGE, "say either a name or --file");
	if (path != NULL)
		return file_show(args, out, path);
	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = versions_get(&work, &packs, &pack);
	if (e == ERR_OK && word != NULL) {
		e = version_find(&packs, word, &version);
		pack_free(pack);
		pack = NULL;
		if (e == ERR_OK)
			e = packs_text(
			    store_txn(work.store), version, &work.arena, &json);
		if (e == ERR_OK)
			e = pack_parse(json, &pack);
	}
	if (e == ERR_OK && pack == NULL)
		e = err_set(ERR_NOT_FOUND, "this store follows no pack");
	if (e == ERR_OK)
		e = page_show(args, out, pack);
	pack_free(pack);
	open_end(&work);
	return e;
}

/* Each line of `lines` behind `what`; in JSON as an array. */
static void
lines_say(struct out *out, const char *what, struct bytes lines,
    const char *key, struct buf *json)
{
	object_array(json, key);
	while (lines.n > 0) {
		struct bytes line = bytes_first(lines, bytes_find(lines, '\n'));

		out_say(out, "%s%.*s", what, (int)line.n, (const char *)line.p);
		object_text(json, NULL, line);
		lines = bytes_after(
		    lines, line.n < lines.n ? line.n + 1 : line.n);
	}
	object_array_end(json);
}

static size_t
lines_count(struct bytes lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines.n; i++)
		n += lines.p[i] == '\n';
	return n;
}

/* The pack to compare with: a file, or what is in force. */
static enum err
other_get(const struct args *args, struct out *out, struct pack **pack)
{
	const char *against = args_text(args, "against", 0);
	struct opened work = {0};
	struct packs packs;
	struct buf json = {0};
	enum err e;

	*pack = NULL;
	if (against == NULL)
		return ERR_OK;
	if (strcmp(against, "force") != 0) {
		e = file_text(against, &json);
		if (e == ERR_OK)
			e = pack_parse(buf_bytes(&json), pack);
		buf_fini(&json);
		return e == ERR_OK ? e : err_wrap(e, "--against");
	}
	e = open_begin(args, out, false, &work);
	if (e == ERR_OK)
		e = versions_get(&work, &packs, pack);
	if (e == ERR_OK && *pack == NULL)
		e = err_set(ERR_NOT_FOUND, "this store follows no pack");
	open_end(&work);
	return e;
}

/* Reads `path` and tells all that is wrong with it, also beside `other` (NULL:
 * none). */
static enum err
check(struct out *out, const char *path, const struct pack *other,
    struct buf *text)
{
	struct buf errors = {0};
	struct buf losses = {0};
	struct buf json = {0};
	struct pack *pack = NULL;
	size_t wrong;
	enum err e = file_text(path, text);

	if (e != ERR_OK)
		return e;
	e = pack_parse_all(buf_bytes(text), &pack, &errors);
	if (e == ERR_OK && other != NULL)
		e = pack_compare_versions(other, pack, &losses);
	wrong = lines_count(buf_bytes(&errors)) +
		lines_count(buf_bytes(&losses));
	object_begin(&json, NULL);
	object_bool(&json, "sound", wrong == 0);
	if (pack != NULL) {
		object_text(&json, "pack", bytes_text(pack->name));
		object_number(&json, "version", pack->version);
	}
	lines_say(out, "error: ", buf_bytes(&errors), "errors", &json);
	lines_say(out, "loses: ", buf_bytes(&losses), "losses", &json);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	if (wrong > 0)
		e = err_set(
		    e, "%s: %zu error%s", path, wrong, wrong == 1 ? "" : "s");
	else
		out_say(out, "%s is sound: version %llu of the pack %s", path,
		    (unsigned long long)pack->version, pack->name);
	buf_fini(&errors);
	buf_fini(&losses);
	buf_fini(&json);
	pack_free(pack);
	return e;
}

static enum err
check_run(const struct args *args, struct out *out)
{
	struct pack *other = NULL;
	struct buf text = {0};
	enum err e = other_get(args, out, &other);

	if (e == ERR_OK)
		e = check(out, args_word(args, 0), other, &text);
	pack_free(other);
	buf_fini(&text);
	return e;
}

static enum err
publish_run(const struct args *args, struct out *out)
{
	struct opened work = {0};
	struct buf text = {0};
	uint64_t version = 0;
	enum err e = check(out, args_word(args, 0), NULL, &text);

	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = publish_pack(work.store, buf_bytes(&text), &version);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK)
		out_say(out,
		    "version %llu is published: it reaches all members with "
		    "the next sync",
		    (unsigned long long)version);
	open_end(&work);
	buf_fini(&text);
	return e;
}

static enum err
use_run(const struct args *args, struct out *out)
{
	const char *path = args_word(args, 0);
	struct opened work = {0};
	struct buf text = {0};
	struct packs packs;
	struct pack *pack = NULL;
	enum err e = ERR_OK;

	if ((path != NULL) == args_has(args, "none"))
		return err_set(ERR_USAGE, "say either a file or --none");
	if (path != NULL)
		e = check(out, path, NULL, &text);
	if (e == ERR_OK)
		e = open_begin(args, out, true, &work);
	if (e == ERR_OK)
		e = publish_file(work.store, buf_bytes(&text));
	if (e == ERR_OK)
		e = versions_get(&work, &packs, &pack);
	if (e == ERR_OK)
		e = open_commit(&work);
	if (e == ERR_OK && pack != NULL)
		out_say(out,
		    "in force is version %llu of the pack %s, from the %s",
		    (unsigned long long)pack->version, pack->name,
		    packs_source_text(packs.force->source));
	pack_free(pack);
	open_end(&work);
	buf_fini(&text);
	return e;
}

static const struct args_option show_options[] = {
    {.name = "file", .value = "FILE", .help = "a file, without any store"},
    {.name = "collection",
	.value = "NAME",
	.help = "the fields of one collection, and the ways of its states"},
};
static const struct args_option check_options[] = {
    {.name = "against",
	.value = "FILE",
	.help = "would it lose something of that version? `force`: of the one "
		"in force"},
};
static const struct args_option use_options[] = {
    {.name = "none", .help = "without a file again"},
};

const struct args_command cmd_pack_commands[] = {
    {.name = "pack ls",
	.help = "versions of the pack that are known here, and which governs",
	.about =
	    "FROM is the program itself, a file given by `golmok pack use`, "
	    "or the\n"
	    "city, which published it.  The highest version that this program\n"
	    "can read and that loses nothing of what was written is in "
	    "force.\n",
	.run = ls_run},
    {.name = "pack show",
	.words = "[NAME[@VERSION]]",
	.words_max = 1,
	.help = "what a pack says; without a name the one in force",
	.options = show_options,
	.options_n = COUNT_OF(show_options),
	.run = show_run},
    {.name = "pack check",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "look for all errors in the file of a pack",
	.options = check_options,
	.options_n = COUNT_OF(check_options),
	.run = check_run},
    {.name = "pack publish",
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.help = "give a new version to the whole city; for root, or an admin "
		"over all",
	.run = publish_run},
    {.name = "pack use",
	.words = "[FILE]",
	.words_max = 1,
	.help = "let this node alone follow a file, if its version is the "
		"highest",
	.options = use_options,
	.options_n = COUNT_OF(use_options),
	.run = use_run},
};
const size_t cmd_pack_commands_n = COUNT_OF(cmd_pack_commands);
