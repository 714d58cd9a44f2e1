/*
 * Where mappings come from: some are compiled in (proto/packs/maps), others are
 * files.
 */
#include "cli/map_open.h"

#include "core/file.h"
#include "core/pack.h"
#include "proto/limits.h"

extern const unsigned char embed_alley_proposals[];
extern const size_t embed_alley_proposals_size;
extern const unsigned char embed_call_120[];
extern const size_t embed_call_120_size;
extern const unsigned char embed_card_app[];
extern const size_t embed_card_app_size;
extern const unsigned char embed_crisis_list[];
extern const size_t embed_crisis_list_size;

struct bytes
map_open_embedded(size_t i)
{
	switch (i) {
	case 0:
		return bytes_of(embed_card_app, embed_card_app_size);
	case 1:
		return bytes_of(
		    embed_alley_proposals, embed_alley_proposals_size);
	case 2:
		return bytes_of(embed_call_120, embed_call_120_size);
	case 3:
		return bytes_of(embed_crisis_list, embed_crisis_list_size);
	default:
		return (struct bytes){0};
	}
}

/* The mapping compiled in under `name`; NULL when there is none.  One for
 * another pack than is in force has no name here. */
static struct map *
embedded_find(const struct pack *pack, const char *name)
{
	for (size_t i = 0; map_open_embedded(i).n > 0; i++) {
		struct map *map;

		if (map_parse(pack, map_open_embedded(i), &map) != ERR_OK)
			continue;
		if (bytes_is(bytes_text(name), map->name))
			return map;
		map_free(map);
	}
	return NULL;
}

enum err
map_open_named(const struct pack *pack, const char *word, struct map **map)
{
	struct buf json = {0};
	enum err e;

	*map = embedded_find(pack, word);
	if (*map != NULL)
		return ERR_OK;
	e = file_read(word, LIMIT_JSON_SIZE, &json);
	if (e == ERR_OK)
		e = map_parse(pack, buf_bytes(&json), map);
	if (e == ERR_NOT_FOUND)
		e = err_wrap(e,
		    "'%s' is no mapping of this program (import --maps lists "
		    "them), and no file",
		    word);
	else if (e != ERR_OK)
		e = err_wrap(e, "%s", word);
	buf_fini(&json);
	return e;
}

enum err
map_open_list(struct out *out)
{
	static const struct out_column columns[] = {
	    {"mapping", "Mapping", OUT_TEXT}, {"what", "What", OUT_TEXT},
	    {"records", "Records", OUT_TEXT}};
	struct out_table *table = out_table_new(
	    out, columns, COUNT_OF(columns));
	struct pack *pack = NULL;
	enum err e = pack_parse(pack_embedded(), &pack);

	for (size_t i = 0; e == ERR_OK && map_open_embedded(i).n > 0; i++) {
		struct buf records = {0};
		struct map *map;

		e = map_parse(pack, map_open_embedded(i), &map);
		if (e != ERR_OK)
			break;
		for (size_t k = 0; k < map->records_n; k++)
			buf_add_format(&records, "%s%s", k > 0 ? ", " : "",
			    map->records[k].collection->name);
		out_table_row(
		    table, (const struct bytes[]){bytes_text(map->name),
			       bytes_text(map->label.ko), buf_bytes(&records)});
		buf_fini(&records);
		map_free(map);
	}
	out_table_end(table, "No mapping is compiled in.");
	pack_free(pack);
	return e;
}
