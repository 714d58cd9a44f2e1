/*
 * The durability meter in words.  cli/cmd_status.c has it counted; here nothing
 * is read any more.
 */
#include "cli/meter.h"

#include "cli/object.h"
#include "cli/show.h"

enum {
	/* Figures of one space that fit into a table; JSON has all. */
	HELD_SHOWN = 4,
};

static void say_json(struct out *out, const struct safety *safety,
    const struct authority *authority, const struct meter_pack *pack);
static void say_pack(struct out *out, const struct meter_pack *pack);
static void say_spaces(struct out *out, const struct safety *safety);
static void say_peers(struct out *out, const struct safety *safety,
    const struct authority *authority);
static void say_sums(struct out *out, const struct safety *safety);

void
meter_say(struct out *out, const struct safety *safety,
    const struct authority *authority, const struct meter_pack *pack)
{
	if (out->json) {
		say_json(out, safety, authority, pack);
		return;
	}
	say_spaces(out, safety);
	out_say(out, "%s", "");
	say_peers(out, safety, authority);
	out_say(out, "%s", "");
	say_sums(out, safety);
	say_pack(out, pack);
}

/* A time of the wall, for show_time. */
static struct stamp
stamp_at(uint64_t ms)
{
	return (struct stamp){.v = ms << 16};
}

/* 512 B, 3.4 kB, 120 MB */
static void
bytes_add(uint64_t bytes, struct buf *text)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	uint64_t unit = 1000;
	size_t at = 0;

	if (bytes < unit) {
		buf_add_format(text, "%llu B", (unsigned long long)bytes);
		return;
	}
	while (bytes / unit >= 1000 && at + 1 < COUNT_OF(units)) {
		unit *= 1000;
		at++;
	}
	if (bytes / unit < 10)
		buf_add_format(text, "%llu.%llu %s",
		    (unsigned long long)(bytes / unit),
		    (unsigned long long)(bytes % unit / (unit / 10)),
		    units[at]);
	else
		buf_add_format(text, "%llu %s",
		    (unsigned long long)(bytes / unit), units[at]);
}

static const char *
standing_text(enum safety_standing standing)
{
	switch (standing) {
	case SAFETY_COUNTS:
		return "counts";
	case SAFETY_STRANGER:
		return "stranger";
	case SAFETY_REVOKED:
		return "revoked";
	case SAFETY_COMPROMISED:
		return "compromised";
	}
	return "";
}

static void
amount_json(
    struct buf *json, const char *key, const struct safety_amount *amount)
{
	object_begin(json, key);
	object_number(json, "deltas", amount->deltas);
	object_number(json, "bytes", amount->bytes);
	object_end(json);
}

static void
space_json(struct buf *json, const struct safety_space *sum)
{
	object_begin(json, NULL);
	object_text(json, "space", bytes_text(sum->space->text));
	object_number(json, "logs", sum->logs);
	object_number(json, "deltas", sum->deltas);
	object_number(json, "alone", sum->alone);
	object_number(json, "partly", sum->partly);
	object_number(json, "own", sum->own);
	object_number(json, "own_alone", sum->own_alone);
	if (sum->held_n > 0)
		object_number(json, "fewest", safety_fewest(sum));
	object_array(json, "held");
	for (size_t i = 0; i < sum->held_n; i++) {
		object_begin(json, NULL);
		object_number(json, "replicas", sum->held[i].replicas);
		object_number(json, "deltas", sum->held[i].deltas);
		object_end(json);
	}
	object_array_end(json);
	object_end(json);
}

static void
time_json(struct buf *json, const char *key, uint64_t ms)
{
	struct buf text = {0};

	if (ms == 0)
		return;
	show_utc(stamp_at(ms), &text);
	object_text(json, key, buf_bytes(&text));
	buf_fini(&text);
}

static void
peer_json(struct buf *json, const struct safety_peer *peer,
    const struct authority *authority)
{
	const struct sign_key *key = &peer->met.key;
	struct buf label = {0};

	show_member(authority, key, &label);
	object_begin(json, NULL);
	object_hex(json, "key", bytes_of(key->b, sizeof(key->b)));
	object_text(json, "label", buf_bytes(&label));
	time_json(json, "met", peer->met.met_ms);
	time_json(json, "file", peer->met.said_ms);
	object_text(
	    json, "standing", bytes_text(standing_text(peer->standing)));
	object_number(json, "held", peer->held);
	amount_json(json, "lacks", &peer->lacks);
	amount_json(json, "ahead", &peer->ahead);
	object_end(json);
	buf_fini(&label);
}

static void
pack_json(struct buf *json, const struct meter_pack *pack)
{
	if (pack->pack == NULL)
		return;
	object_begin(json, "pack");
	object_text(json, "name", bytes_text(pack->pack->name));
	object_number(json, "version", pack->pack->version);
	object_text(json, "refused", pack->refused);
	object_end(json);
}

static void
say_pack(struct out *out, const struct meter_pack *pack)
{
	if (pack->pack == NULL)
		return;
	out_say(out, "pack %s, version %llu%s%.*s", pack->pack->name,
	    (unsigned long long)pack->pack->version,
	    pack->refused.n > 0 ? "\n" : "", (int)pack->refused.n,
	    (const char *)pack->refused.p);
}

static void
say_json(struct out *out, const struct safety *safety,
    const struct authority *authority, const struct meter_pack *pack)
{
	struct buf json = {0};

	object_begin(&json, NULL);
	object_number(&json, "deltas", safety->deltas);
	object_number(&json, "alone", safety->alone);
	object_number(&json, "partly", safety->partly);
	object_number(&json, "forked", safety->forked);
	object_number(&json, "forked_alone", safety->forked_alone);
	amount_json(&json, "send", &safety->send);
	amount_json(&json, "receive", &safety->receive);
	object_array(&json, "spaces");
	for (size_t i = 0; i < safety->spaces_n; i++)
		space_json(&json, &safety->spaces[i]);
	object_array_end(&json);
	object_array(&json, "peers");
	for (size_t i = 0; i < safety->peers_n; i++)
		peer_json(&json, &safety->peers[i], authority);
	object_array_end(&json);
	pack_json(&json, pack);
	object_end(&json);
	out_json(out, buf_bytes(&json));
	buf_fini(&json);
}

/* 0: 12, 1: 300, 2: 9,000; what does not fit is summed up in the last. */
static void
held_add(const struct safety_space *sum, struct buf *text)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < sum->held_n; i++) {
		bool last = i + 1 == HELD_SHOWN && i + 1 < sum->held_n;

		if (i >= HELD_SHOWN - 1)
			rest += sum->held[i].deltas;
		if (i >= HELD_SHOWN)
			continue;
		buf_add_format(text, "%s%llu%s: ", i > 0 ? ", " : "",
		    (unsigned long long)sum->held[i].replicas,
		    last ? " or more" : "");
		if (i + 1 < HELD_SHOWN)
			show_number(sum->held[i].deltas, text);
	}
	if (sum->held_n >= HELD_SHOWN)
		show_number(rest, text);
}

static void
row_end(struct out_table *table, struct buf *cells, size_t n)
{
	struct bytes views[OUT_COLUMNS_MAX] = {0};

	assert(n <= OUT_COLUMNS_MAX);
	for (size_t i = 0; i < n; i++)
		views[i] = buf_bytes(&cells[i]);
	out_table_row(table, views);
	for (size_t i = 0; i < n; i++)
		buf_fini(&cells[i]);
}

static void
say_spaces(struct out *out, const struct safety *safety)
{
	static const struct out_column columns[] = {
	    {.title = "SPACE"},
	    {.title = "DELTAS", .kind = OUT_NUMBER},
	    {.title = "ONLY HERE", .kind = OUT_NUMBER},
	    {.title = "OF THESE OURS", .kind = OUT_NUMBER},
	    {.title = "FEWEST", .kind = OUT_NUMBER},
	    {.title = "HELD BY SO MANY OTHERS"},
	};
	struct out_table *table = out_table_new(
	    out, columns, COUNT_OF(columns));

	for (size_t i = 0; i < safety->spaces_n; i++) {
		const struct safety_space *sum = &safety->spaces[i];
		struct buf cells[COUNT_OF(columns)] = {0};

		buf_add_text(&cells[0], sum->space->text);
		show_number(sum->deltas, &cells[1]);
		show_number(sum->alone, &cells[2]);
		show_number(sum->own_alone, &cells[3]);
		if (sum->held_n > 0)
			show_number(safety_fewest(sum), &cells[4]);
		held_add(sum, &cells[5]);
		row_end(table, cells, COUNT_OF(cells));
	}
	out_table_end(table, "nothing is held yet");
}

static void
say_peers(struct out *out, const struct safety *safety,
    const struct authority *authority)
{
	static const struct out_column columns[] = {
	    {.title = "PEER"},
	    {.title = "LAST CONTACT"},
	    {.title = "NEWEST FILE OF IT"},
	    {.title = "IT LACKS", .kind = OUT_NUMBER},
	    {.title = "ABOUT", .kind = OUT_NUMBER},
	    {.title = "WE LACK", .kind = OUT_NUMBER},
	    {.title = "COUNTS"},
	};
	struct out_table *table = out_table_new(
	    out, columns, COUNT_OF(columns));

	for (size_t i = 0; i < safety->peers_n; i++) {
		const struct safety_peer *peer = &safety->peers[i];
		struct buf cells[COUNT_OF(columns)] = {0};

		show_member(authority, &peer->met.key, &cells[0]);
		if (peer->met.met_ms > 0)
			show_time(stamp_at(peer->met.met_ms), &cells[1]);
		if (peer->met.said_ms > 0)
			show_time(stamp_at(peer->met.said_ms), &cells[2]);
		show_number(peer->lacks.deltas, &cells[3]);
		bytes_add(peer->lacks.bytes, &cells[4]);
		show_number(peer->ahead.deltas, &cells[5]);
		buf_add_text(&cells[6], peer->standing == SAFETY_COUNTS
					    ? "yes"
					    : standing_text(peer->standing));
		row_end(table, cells, COUNT_OF(cells));
	}
	out_table_end(table, "no peer was met yet");
}

static void
amount_add(const struct safety_amount *amount, struct buf *text)
{
	show_number(amount->deltas, text);
	buf_add_text(text, " changes");
	if (amount->deltas == 0)
		return;
	buf_add_text(text, ", about ");
	bytes_add(amount->bytes, text);
}

static void
say_sums(struct out *out, const struct safety *safety)
{
	struct buf text = {0};
	uint64_t own = 0;

	for (size_t i = 0; i < safety->spaces_n; i++)
		own += safety->spaces[i].own_alone;
	buf_add_text(&text, "to send: ");
	amount_add(&safety->send, &text);
	buf_add_text(&text, "; to receive: ");
	amount_add(&safety->receive, &text);
	out_say(out, "%s", buf_text(&text));
	buf_cut(&text, 0);
	if (safety->alone > 0) {
		buf_add_text(&text, "not yet safe elsewhere: ");
		show_number(safety->alone, &text);
		buf_add_text(&text, " changes, ");
		show_number(own, &text);
		buf_add_text(&text, " of them in logs of this node");
	} else {
		buf_add_text(&text, "all of it is held elsewhere too");
	}
	out_say(out, "%s", buf_text(&text));
	if (safety->partly > 0)
		out_say(out,
		    "of these, %llu are held in part, by who may read part of "
		    "them",
		    (unsigned long long)safety->partly);
	if (safety->forked > 0)
		out_say(out,
		    "%llu logs are FORKED (golmok log ls); of these, up to "
		    "%llu changes are held only here",
		    (unsigned long long)safety->forked,
		    (unsigned long long)safety->forked_alone);
	buf_fini(&text);
}
