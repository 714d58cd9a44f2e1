/*
 * Packs: a domain read from its JSON.  The store and all that people use ask
 * here what a record may hold.  Nothing in this file knows any domain.
 */
#include "core/pack.h"

#include "core/pack_file.h"
#include "core/pack_near.h"
#include "proto/buf.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/mem.h"
#include "proto/text.h"

const char *const pack_kind_names[KIND_COUNT] = {[KIND_REGISTER] = "register",
    [KIND_SET] = "set",
    [KIND_COUNTER] = "counter",
    [KIND_NOTES] = "notes",
    [KIND_STATE] = "state"};
const char *const pack_type_names[PACK_TYPE_COUNT] = {[PACK_TEXT] = "text",
    [PACK_INT] = "int",
    [PACK_BOOL] = "bool",
    [PACK_ENUM] = "enum",
    [PACK_DATE] = "date",
    [PACK_DATETIME] = "datetime",
    [PACK_MONEY] = "money",
    [PACK_GEO] = "geo",
    [PACK_REF] = "ref",
    [PACK_HASH] = "hash",
    [PACK_BYTES] = "bytes",
    [PACK_MAP] = "map"};
const char *const pack_normal_names[PACK_NORMAL_COUNT] = {
    [PACK_NORMAL_TEXT] = "text",
    [PACK_NORMAL_NAME] = "name",
    [PACK_NORMAL_ADDRESS] = "address",
    [PACK_NORMAL_PHONE] = "phone",
    [PACK_NORMAL_DATE] = "date"};
const char *const pack_class_names[CLASS_COUNT] = {
    [CLASS_N] = "N", [CLASS_P] = "P", [CLASS_S] = "S", [CLASS_F] = "F"};
/* Made by tests/lib/embed.sh from proto/packs/chatdong.json. */
extern const unsigned char embed_chatdong[];
extern const size_t embed_chatdong_size;

static enum err parse(
    struct bytes json, struct pack **pack, struct buf *errors) MUST_USE;
static enum err doc_read(
    struct bytes doc, struct pack **pack, struct buf *errors) MUST_USE;

struct bytes
pack_embedded(void)
{
	return bytes_of(embed_chatdong, embed_chatdong_size);
}

enum err
pack_parse(struct bytes json, struct pack **pack)
{
	return parse(json, pack, NULL);
}

enum err
pack_parse_all(struct bytes json, struct pack **pack, struct buf *errors)
{
	size_t before = errors->n;
	enum err e = parse(json, pack, errors);

	if (e != ERR_OK && errors->n == before)
		buf_add_format(errors, "%s\n", err_text());
	return e;
}

static enum err
parse(struct bytes json, struct pack **pack, struct buf *errors)
{
	struct buf doc = {0};
	enum err e;

	*pack = NULL;
	e = json_decode(json, &doc);
	if (e == ERR_OK)
		e = doc_read(buf_bytes(&doc), pack, errors);
	buf_fini(&doc);
	return e == ERR_OK ? e : err_wrap(e, "pack");
}

enum err
pack_parse_doc(struct bytes doc, struct pack **pack)
{
	enum err e = codec_check(doc);

	*pack = NULL;
	if (e == ERR_OK)
		e = doc_read(doc, pack, NULL);
	return e == ERR_OK ? e : err_wrap(e, "pack");
}

/* Of a document that is known to be canonical. */
static enum err
doc_read(struct bytes doc, struct pack **pack, struct buf *errors)
{
	enum err e;

	*pack = mem_zeros(1, sizeof(**pack));
	e = pack_file_read(doc, *pack, errors);
	if (e == ERR_OK)
		return e;
	pack_free(*pack);
	*pack = NULL;
	return e;
}

void
pack_free(struct pack *pack)
{
	if (pack == NULL)
		return;
	arena_fini(&pack->arena);
	mem_free(pack);
}

const struct pack_collection *
pack_collection(const struct pack *pack, struct bytes name)
{
	for (size_t i = 0; pack != NULL && i < pack->collections_n; i++) {
		if (bytes_is(name, pack->collections[i].name))
			return &pack->collections[i];
	}
	return NULL;
}

const struct pack_field *
pack_field(const struct pack_collection *collection, struct bytes name)
{
	for (size_t i = 0; i < collection->fields_n; i++) {
		if (bytes_is(name, collection->fields[i].name))
			return &collection->fields[i];
	}
	return NULL;
}

const struct pack_code *
pack_code(const struct pack_field *field, struct bytes value)
{
	for (size_t i = 0; field->codes != NULL && i < field->codes->values_n;
	     i++) {
		if (bytes_is(value, field->codes->words[i]))
			return &field->codes->values[i];
	}
	return NULL;
}

struct bytes
pack_word(const struct pack_field *field, struct bytes value, bool english)
{
	const struct pack_code *code = pack_code(field, value);

	if (code == NULL)
		return value;
	return bytes_text(english ? code->label.en : code->label.ko);
}

bool
pack_is_urgent(const struct pack *pack, const struct space *space)
{
	const char *class = id_class(space);

	for (size_t i = 0; pack != NULL && i < pack->spaces_n; i++) {
		if (strcmp(class, pack->spaces[i].name) == 0)
			return pack->spaces[i].urgent;
	}
	return false;
}

enum err
pack_get_collection(const struct pack *pack, struct bytes name,
    const struct pack_collection **collection)
{
	struct buf near = {0};

	*collection = pack_collection(pack, name);
	if (*collection != NULL)
		return ERR_OK;
	for (size_t i = 0; i < pack->collections_n; i++)
		pack_near_add(name, pack->collections[i].name,
		    &pack->collections[i].label, &near);
	return pack_near_unknown("collection", name, &near);
}

enum err
pack_get_field(const struct pack_collection *collection, struct bytes name,
    const struct pack_field **field)
{
	struct buf near = {0};
	enum err e;

	*field = pack_field(collection, name);
	if (*field != NULL)
		return ERR_OK;
	for (size_t i = 0; i < collection->derived_n; i++) {
		if (bytes_is(name, collection->derived[i].name))
			return err_set(ERR_INVALID,
			    "%s.%s is computed from other fields and cannot "
			    "be written",
			    collection->name, collection->derived[i].name);
	}
	for (size_t i = 0; i < collection->fields_n; i++)
		pack_near_add(name, collection->fields[i].name,
		    &collection->fields[i].label, &near);
	e = pack_near_unknown("field", name, &near);
	return err_wrap(e, "%s", collection->name);
}
