/*
 * What a pack says, in tables.  `golmok pack show` asks.  Shows what
 * core/pack.h has and decides nothing.
 */
#include "cli/pack_page.h"

#include "proto/limits.h"

static const struct out_column all_columns[] = {
    {.key = "collection", .title = "COLLECTION"},
    {.key = "ko", .title = "KO"},
    {.key = "en", .title = "EN"},
    {.key = "space", .title = "SPACE"},
    {.key = "fields", .title = "FIELDS", .kind = OUT_NUMBER},
    {.key = "indexes", .title = "INDEXES", .kind = OUT_NUMBER},
    {.key = "retention", .title = "KEPT"},
};
static const struct out_column field_columns[] = {
    {.key = "field", .title = "FIELD"},
    {.key = "ko", .title = "KO"},
    {.key = "en", .title = "EN"},
    {.key = "kind", .title = "KIND"},
    {.key = "type", .title = "TYPE"},
    {.key = "class", .title = "CLASS"},
    {.key = "rules", .title = "RULES"},
    {.key = "values", .title = "VALUES"},
};

void
pack_page_all(struct out *out, const struct pack *pack)
{
	struct out_table *table = out_table_new(
	    out, all_columns, COUNT_OF(all_columns));

	out_say(out, "%s (%s): pack %s, version %llu, format %u",
	    pack->label.ko, pack->label.en, pack->name,
	    (unsigned long long)pack->version, pack->format);
	for (size_t i = 0; i < pack->collections_n; i++) {
		const struct pack_collection *c = &pack->collections[i];
		struct bytes cells[COUNT_OF(all_columns)] = {
		    bytes_text(c->name), bytes_text(c->label.ko),
		    bytes_text(c->label.en), bytes_text(c->space)};
		struct buf fields = {0};
		struct buf indexes = {0};

		buf_add_format(&fields, "%zu", c->fields_n);
		buf_add_format(&indexes, "%zu", c->indexes_n);
		cells[4] = buf_bytes(&fields);
		cells[5] = buf_bytes(&indexes);
		if (c->retention != NULL)
			cells[6] = bytes_text(c->retention->label.ko);
		out_table_row(table, cells);
		buf_fini(&fields);
		buf_fini(&indexes);
	}
	out_table_end(table, "no collections");
	out_say(out,
	    "%zu lists of codes, %zu roles, %zu views, %zu due lists, %zu "
	    "figures, %zu reports",
	    pack->codes_n, pack->roles_n, pack->views_n, pack->due_n,
	    pack->figures_n, pack->reports_n);
}

static void
add_word(struct buf *text, const char *word)
{
	if (text->n > 0)
		buf_add_text(text, ", ");
	buf_add_text(text, word);
}

static void
rules_text(const struct pack_field *field, struct buf *text)
{
	if (field->derived)
		add_word(text, "derived");
	if (field->required)
		add_word(text, "required");
	if (field->index == PACK_INDEX_PLAIN)
		add_word(text, "index");
	if (field->index == PACK_INDEX_UNIQUE)
		add_word(text, "unique");
	if (field->search)
		add_word(text, "search");
	if (field->grows)
		add_word(text, "grows");
	if (field->match != NULL) {
		add_word(text, "match of ");
		buf_add_text(text, field->match->of->name);
	}
	if (field->unit != NULL)
		add_word(text, field->unit);
}

/* Of what a value can be: the name of a list, the words themselves, or where a
 * reference leads. */
static void
values_text(const struct pack_field *field, struct buf *text)
{
	if (field->codes != NULL) {
		buf_add_format(text, "%s: ", field->codes->name);
	}
	for (size_t i = 0; i < field->values_n; i++)
		buf_add_format(
		    text, "%s%s", i > 0 ? ", " : "", field->values[i]);
	for (size_t i = 0; i < field->targets_n; i++)
		buf_add_format(
		    text, "%s%s", i > 0 ? ", " : "-> ", field->targets[i]);
}

static void
field_row(const struct pack_field *field, struct out_table *table)
{
	struct bytes cells[COUNT_OF(field_columns)] = {bytes_text(field->name),
	    bytes_text(field->label.ko), bytes_text(field->label.en)};
	struct buf rules = {0};
	struct buf values = {0};

	rules_text(field, &rules);
	values_text(field, &values);
	if (!field->derived)
		cells[3] = bytes_text(pack_kind_names[field->kind]);
	cells[4] = bytes_text(pack_type_names[field->type]);
	cells[5] = bytes_text(pack_class_names[field->data_class]);
	cells[6] = buf_bytes(&rules);
	cells[7] = buf_bytes(&values);
	out_table_row(table, cells);
	buf_fini(&rules);
	buf_fini(&values);
}

/* One line for each state: which may follow, and what is asked. */
static void
flow_say(struct out *out, const struct pack_field *field)
{
	out_say(out, "\nWays of %s (%s):", field->name, field->label.ko);
	for (size_t i = 0; i < field->values_n; i++) {
		struct bytes word = pack_word(
		    field, bytes_text(field->values[i]), false);
		struct buf line = {0};

		for (size_t k = 0; k < field->values_n; k++)
			if (field->moves == NULL ||
			    (field->moves[i] >> k & 1) != 0)
				add_word(&line, field->values[k]);
		if (field->moves == NULL)
			buf_cut(&line, 0);
		out_say(out, "  %s (%.*s)%s%s -> %s", field->values[i],
		    (int)word.n, (const char *)word.p,
		    (field->starts >> i & 1) != 0 ? " [start]" : "",
		    (field->ends >> i & 1) != 0 ? " [end]" : "",
		    field->moves == NULL ? "any"
		    : line.n > 0	 ? buf_text(&line)
					 : "nothing");
		buf_fini(&line);
	}
	for (size_t i = 0; i < field->guards_n; i++) {
		const struct pack_guard *guard = &field->guards[i];
		struct buf to = {0};
		struct buf who = {0};

		for (size_t k = 0; k < field->values_n; k++)
			if ((guard->to >> k & 1) != 0)
				add_word(&to, field->values[k]);
		for (size_t k = 0; k < guard->who_n; k++)
			add_word(&who, guard->who[k]->name);
		out_say(out, "  to %s: %s%s%s%s (%.*s)", buf_text(&to),
		    guard->say.ko, who.n > 0 ? " [" : "", buf_text(&who),
		    who.n > 0 ? "]" : "", (int)guard->need.text.n,
		    (const char *)guard->need.text.p);
		buf_fini(&to);
		buf_fini(&who);
	}
}

void
pack_page_collection(struct out *out, const struct pack_collection *collection)
{
	struct out_table *table = out_table_new(
	    out, field_columns, COUNT_OF(field_columns));

	out_say(out, "%s (%s, %s), in spaces .../%s", collection->name,
	    collection->label.ko, collection->label.en, collection->space);
	for (size_t i = 0; i < collection->fields_n; i++)
		field_row(&collection->fields[i], table);
	for (size_t i = 0; i < collection->derived_n; i++)
		field_row(&collection->derived[i], table);
	out_table_end(table, "no fields");
	for (size_t i = 0; i < collection->indexes_n; i++) {
		const struct pack_compound *index = &collection->indexes[i];
		struct buf fields = {0};

		for (size_t k = 0; k < index->fields_n; k++)
			add_word(&fields, index->fields[k]->name);
		out_say(out, "index %s: %s%s", index->name, buf_text(&fields),
		    index->unique ? " (unique)" : "");
		buf_fini(&fields);
	}
	for (size_t i = 0; i < collection->fields_n; i++)
		if (collection->fields[i].kind == KIND_STATE)
			flow_say(out, &collection->fields[i]);
}
