/*
 * Words about bundles.  cli/cmd_bundle.c does the work and ends here.  Decides
 * the exit status, because that must agree with what is said.
 */
#include "cli/bundle_say.h"

#include "cli/object.h"
#include "cli/show.h"

static void found_json(struct buf *json, const struct bundle_found_in *found);
static void about_json(
    struct opened *work, struct buf *json, const struct bundle_about *about);
static void trouble_json(struct opened *work, struct buf *json,
    const struct bundle_trouble *trouble);
static void say_damages(struct out *out, const struct bundle_found_in *found);
static void say_trouble(
    struct opened *work, const struct bundle_trouble *trouble);
static enum err not_ours(
    const char *path, const struct bundle_found_in *found) MUST_USE;
static enum err outcome(const char *path, const struct bundle_taken *taken,
    const struct bundle_found_in *found) MUST_USE;
static const char *from_name(
    struct opened *work, const struct sign_key *key, struct buf *name);

void
bundle_say_written(struct out *out, const char *path, size_t to_n,
    const struct bundle_written *written)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, "file", bytes_text(path));
	object_number(&json, "receivers", to_n);
	object_number(&json, "parts", written->parts);
	object_number(&json, "deltas", written->deltas);
	object_number(&json, "bodies", written->bodies);
	object_number(&json, "bytes", written->bytes);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	out_say(out, "%s: %llu changes for %zu members, %llu bytes", path,
	    (unsigned long long)written->deltas, to_n,
	    (unsigned long long)written->bytes);
	buf_fini(&json);
}

static const char *
from_name(struct opened *work, const struct sign_key *key, struct buf *name)
{
	const struct authority *authority = NULL;

	buf_cut(name, 0);
	if (store_authority(work->store, &authority) != ERR_OK)
		return "?";
	show_member(authority, key, name);
	return buf_text(name);
}

void
bundle_say_acked(
    struct opened *work, const char *path, const struct sign_key *to)
{
	struct buf name = {0};
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, "file", bytes_text(path));
	object_hex(&json, "to", bytes_of(to->b, sizeof(to->b)));
	object_end(&json);
	out_json(work->out, buf_bytes(&json));
	out_say(work->out, "%s: for %s (golmok bundle import)", path,
	    from_name(work, to, &name));
	buf_fini(&json);
	buf_fini(&name);
}

/* ---- what was taken ----------------------------------------------------- */

static void
found_json(struct buf *json, const struct bundle_found_in *found)
{
	object_number(json, "bytes", found->size_bytes);
	object_number(json, "parts", found->parts);
	object_number(json, "receivers", found->receivers);
	object_number(json, "ours", found->ours);
	object_bool(
	    json, "whole", found->ours > 0 && found->whole == found->ours);
	object_number(json, "cut", found->cut);
	object_number(json, "damages", found->damages_all);
	object_array(json, "damaged");
	for (size_t i = 0; i < found->damages_n; i++) {
		object_begin(json, NULL);
		object_number(json, "at", found->damages[i].at);
		object_number(json, "bytes", found->damages[i].bytes);
		object_number(json, "blocks", found->damages[i].blocks);
		object_end(json);
	}
	object_array_end(json);
}

static void
about_json(
    struct opened *work, struct buf *json, const struct bundle_about *about)
{
	struct buf name = {0};
	struct buf date = {0};

	show_utc((struct stamp){.v = about->date_ms << 16}, &date);
	object_text(json, "kind",
	    bytes_text(about->kind == BUNDLE_ACK ? "ack" : "runs"));
	object_hex(
	    json, "from", bytes_of(about->from.b, sizeof(about->from.b)));
	object_text(json, "from_name",
	    bytes_text(from_name(work, &about->from, &name)));
	object_text(json, "date", buf_bytes(&date));
	buf_fini(&date);
	buf_fini(&name);
}

static void
trouble_json(
    struct opened *work, struct buf *json, const struct bundle_trouble *trouble)
{
	static const char *const kinds[] = {"gap", "refused", "wrong"};
	struct buf name = {0};

	object_begin(json, NULL);
	object_text(json, "kind", bytes_text(kinds[trouble->kind]));
	if (trouble->space.text[0] != '\0') {
		object_text(json, "space", bytes_text(trouble->space.text));
		object_hex(json, "author",
		    bytes_of(trouble->author.b, sizeof(trouble->author.b)));
		object_text(json, "author_name",
		    bytes_text(from_name(work, &trouble->author, &name)));
	}
	if (trouble->kind == BUNDLE_GAP) {
		object_number(json, "from", trouble->from);
		object_number(json, "until", trouble->until);
	} else {
		object_text(json, "text", bytes_text(trouble->text));
	}
	object_end(json);
	buf_fini(&name);
}

static void
say_damages(struct out *out, const struct bundle_found_in *found)
{
	for (size_t i = 0; i < found->damages_n; i++) {
		const struct bundle_damage *damage = &found->damages[i];

		if (damage->bytes > 0)
			out_say(out, "damaged: %llu bytes from byte %llu on",
			    (unsigned long long)damage->bytes,
			    (unsigned long long)damage->at);
		else if (damage->blocks > 0)
			out_say(out, "missing: %llu blocks before byte %llu",
			    (unsigned long long)damage->blocks,
			    (unsigned long long)damage->at);
		else
			out_say(out, "out of order: what stands at byte %llu",
			    (unsigned long long)damage->at);
	}
	if (found->damages_all > found->damages_n)
		out_say(out, "damaged: %llu more places",
		    (unsigned long long)(found->damages_all -
					 found->damages_n));
	if (found->cut > 0)
		out_say(out, "cut short: it ends before its last block");
}

static void
say_trouble(struct opened *work, const struct bundle_trouble *trouble)
{
	struct buf name = {0};

	if (trouble->kind == BUNDLE_GAP)
		out_say(work->out,
		    "gap: needs deltas %llu to %llu of the log of %s in %s "
		    "first",
		    (unsigned long long)trouble->from,
		    (unsigned long long)trouble->until - 1,
		    from_name(work, &trouble->author, &name),
		    trouble->space.text);
	else if (trouble->space.text[0] != '\0')
		out_say(work->out, "not taken: a log of %s in %s: %s",
		    from_name(work, &trouble->author, &name),
		    trouble->space.text, trouble->text);
	else
		out_say(work->out, "not taken: %s", trouble->text);
	buf_fini(&name);
}

static enum err
not_ours(const char *path, const struct bundle_found_in *found)
{
	return err_set(ERR_DENIED,
	    "%s: this bundle is not for this node: it is sealed to %llu "
	    "other%s%s",
	    path, (unsigned long long)found->receivers,
	    found->receivers == 1 ? "" : "s",
	    found->damages_all > 0 ? ", or its beginning is damaged" : "");
}

static enum err
outcome(const char *path, const struct bundle_taken *taken,
    const struct bundle_found_in *found)
{
	bool whole = found->ours > 0 && found->whole == found->ours;
	bool some = taken->good > 0 || taken->heard;

	if (found->ours == 0 && found->parts == 0)
		return err_set(ERR_MALFORMED,
		    "%s: its beginning is damaged, and nothing can be read "
		    "without that: make it again",
		    path);
	if (found->ours == 0)
		return not_ours(path, found);
	if (taken->parts_refused == found->ours)
		return err_wrap(err_raise(&taken->refused), "%s", path);
	if (whole && taken->troubles_all == 0 && taken->parts_refused == 0)
		return ERR_OK;
	if (some)
		return err_set(ERR_PART, "%s: not all of it could be taken: %s",
		    path,
		    whole ? "see above"
			  : "it is damaged or cut short; import it again from "
			    "a good copy");
	if (!whole && taken->troubles_all == 0)
		return err_set(ERR_MALFORMED,
		    "%s: nothing could be taken: it is damaged or cut short",
		    path);
	if (taken->gaps == taken->troubles_all)
		return err_set(ERR_NOT_FOUND,
		    "%s: nothing could be taken: what comes before it is "
		    "missing here",
		    path);
	return err_set(taken->wrongs > 0 ? ERR_MALFORMED : ERR_DENIED,
	    "%s: nothing could be taken: see above", path);
}

enum err
bundle_say_taken(struct opened *work, const char *path,
    const struct bundle_taken *taken, const struct bundle_found_in *found)
{
	struct out *out = work->out;
	struct buf name = {0};
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, "file", bytes_text(path));
	object_number(&json, "deltas", taken->deltas);
	if (taken->has_about)
		about_json(work, &json, &taken->about);
	object_bool(&json, "heard", taken->heard);
	found_json(&json, found);
	object_number(&json, "troubles", taken->troubles_all);
	object_array(&json, "not_taken");
	for (size_t i = 0; i < taken->troubles_n; i++)
		trouble_json(work, &json, &taken->troubles[i]);
	object_array_end(&json);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	if (taken->has_about && taken->parts_refused < found->ours) {
		from_name(work, &taken->about.from, &name);
		if (taken->about.kind == BUNDLE_RUNS)
			out_say(out, "from %s: %llu new changes",
			    buf_text(&name), (unsigned long long)taken->deltas);
		out_say(out,
		    taken->heard ? "what %s holds is known now"
				 : "what %s holds was known already",
		    buf_text(&name));
	}
	if (found->ours > 0)
		say_damages(out, found);
	for (size_t i = 0; i < taken->troubles_n; i++)
		say_trouble(work, &taken->troubles[i]);
	if (taken->troubles_all > taken->troubles_n)
		out_say(out, "not taken: %llu more",
		    (unsigned long long)(taken->troubles_all -
					 taken->troubles_n));
	buf_fini(&json);
	buf_fini(&name);
	return outcome(path, taken, found);
}

/* ---- what it is --------------------------------------------------------- */

static void
shown_json(struct opened *work, const char *path,
    const struct bundle_shown *shown, const struct bundle_found_in *found)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_text(&json, "file", bytes_text(path));
	if (shown->has_about) {
		about_json(work, &json, &shown->about);
		object_bool(&json, "signed", shown->is_signed);
	}
	found_json(&json, found);
	object_number(&json, "clock", shown->clock_n);
	object_number(&json, "logs", shown->logs);
	object_number(&json, "deltas", shown->deltas);
	object_number(&json, "bodies", shown->bodies);
	object_bool(&json, "verified", shown->wrongs == 0);
	object_array(&json, "spaces");
	for (size_t i = 0; i < shown->spaces_n; i++) {
		object_begin(&json, NULL);
		object_text(
		    &json, "space", bytes_text(shown->spaces[i].space.text));
		object_number(&json, "logs", shown->spaces[i].logs);
		object_number(&json, "deltas", shown->spaces[i].deltas);
		object_end(&json);
	}
	object_array_end(&json);
	object_end(&json);
	out_json(work->out, buf_bytes(&json));
	buf_fini(&json);
}

static void
say_spaces(struct out *out, const struct bundle_shown *shown)
{
	static const struct out_column columns[] = {
	    {.key = "space", .title = "SPACE"},
	    {.key = "logs", .title = "LOGS", .kind = OUT_NUMBER},
	    {.key = "deltas", .title = "DELTAS", .kind = OUT_NUMBER},
	};
	struct out_table *table = out_table_new(
	    out, columns, COUNT_OF(columns));

	for (size_t i = 0; i < shown->spaces_n; i++) {
		const struct bundle_space *space = &shown->spaces[i];
		struct buf logs = {0};
		struct buf deltas = {0};

		buf_add_format(&logs, "%llu", (unsigned long long)space->logs);
		buf_add_format(
		    &deltas, "%llu", (unsigned long long)space->deltas);
		out_table_row(
		    table, (const struct bytes[]){bytes_text(space->space.text),
			       buf_bytes(&logs), buf_bytes(&deltas)});
		buf_fini(&deltas);
		buf_fini(&logs);
	}
	out_table_end(table, "no changes");
}

static void
say_about(struct opened *work, const struct bundle_shown *shown,
    const struct bundle_found_in *found)
{
	struct out *out = work->out;
	struct buf name = {0};
	struct buf date = {0};

	show_time((struct stamp){.v = shown->about.date_ms << 16}, &date);
	out_say(out, "%s of %s, %s%s",
	    shown->about.kind == BUNDLE_ACK ? "acknowledgement" : "bundle",
	    from_name(work, &shown->about.from, &name), buf_text(&date),
	    shown->is_signed ? "" : " (NOT SIGNED BY IT)");
	out_say(out, "for this node%s; it speaks of %llu logs",
	    found->receivers > found->ours ? " and others" : "",
	    (unsigned long long)shown->clock_n);
	buf_fini(&date);
	buf_fini(&name);
}

enum err
bundle_say_shown(struct opened *work, const char *path,
    const struct bundle_shown *shown, const struct bundle_found_in *found)
{
	struct out *out = work->out;
	bool whole = found->ours > 0 && found->whole == found->ours;

	if (out->json)
		shown_json(work, path, shown, found);
	else if (shown->has_about)
		say_about(work, shown, found);
	if (found->ours == 0)
		return found->parts > 0
			   ? not_ours(path, found)
			   : err_set(ERR_MALFORMED,
				 "%s: its beginning is damaged", path);
	if (!out->json) {
		say_spaces(out, shown);
		say_damages(out, found);
		out_say(out, "%llu changes, %llu bodies, %llu bytes: %s",
		    (unsigned long long)shown->deltas,
		    (unsigned long long)shown->bodies,
		    (unsigned long long)found->size_bytes,
		    whole ? "whole" : "NOT WHOLE");
		out_say(out, "%s",
		    shown->wrongs == 0
			? "all that is there leads to signed heads"
			: shown->wrong.text);
	}
	if (shown->wrongs > 0 || (shown->has_about && !shown->is_signed))
		return err_set(ERR_MALFORMED,
		    "%s: something in it is not what it claims to be", path);
	if (whole)
		return ERR_OK;
	return err_set(shown->has_about ? ERR_PART : ERR_MALFORMED,
	    "%s: it is damaged or cut short", path);
}
