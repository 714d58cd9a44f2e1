/*
 * Names: spaces, logs, records, deltas, changes and operations, and the forms
 * in which they are written.  Every room names things with these types.  Pure.
 */
#include "proto/id.h"

#include <string.h>

#include "proto/ascii.h"

enum { SPACE_COMPONENTS_MAX = 6 };

const struct space id_authority = {.text = "authority"};

static bool component_byte(uint8_t c);
static enum err hex_part(struct bytes *line, size_t n, uint8_t *out) MUST_USE;

enum err
id_space(struct bytes text, struct space *space)
{
	size_t components = 1;
	size_t length = 0;

	if (text.n == 0 || text.n > LIMIT_SPACE_SIZE)
		return err_set(ERR_INVALID,
		    "space id of %zu bytes: it must have 1 to %d", text.n,
		    LIMIT_SPACE_SIZE);
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != '/') {
			if (!component_byte(text.p[i]))
				return err_set(ERR_INVALID,
				    "space id '%.*s': only a-z, 0-9, '-', '_' "
				    "and '/' are allowed",
				    (int)text.n, (const char *)text.p);
			length++;
			continue;
		}
		if (length == 0)
			return err_set(ERR_INVALID,
			    "space id '%.*s': an empty component", (int)text.n,
			    (const char *)text.p);
		components += i < text.n;
		length = 0;
	}
	if (bytes_begins(text, bytes_text("authority/")))
		return err_set(ERR_INVALID,
		    "space id '%.*s': what begins with 'authority/' is "
		    "reserved",
		    (int)text.n, (const char *)text.p);
	if (components > SPACE_COMPONENTS_MAX)
		return err_set(ERR_INVALID,
		    "space id '%.*s': more than %d components", (int)text.n,
		    (const char *)text.p, SPACE_COMPONENTS_MAX);
	memset(space, 0, sizeof(*space));
	bytes_copy(space->text, text);
	return ERR_OK;
}

static bool
component_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

enum err
id_prefix(struct bytes text, struct space *prefix)
{
	if (text.n == 0) {
		memset(prefix, 0, sizeof(*prefix));
		return ERR_OK;
	}
	return id_space(text, prefix);
}

bool
id_space_equal(const struct space *a, const struct space *b)
{
	return strcmp(a->text, b->text) == 0;
}

bool
id_is_authority(const struct space *space)
{
	return id_space_equal(space, &id_authority);
}

bool
id_covers(const struct space *prefix, const struct space *space)
{
	return !id_is_authority(space) && id_covers_prefix(prefix, space);
}

bool
id_covers_prefix(const struct space *prefix, const struct space *inner)
{
	size_t n = strlen(prefix->text);

	if (n == 0)
		return true;
	return strncmp(inner->text, prefix->text, n) == 0 &&
	       (inner->text[n] == '\0' || inner->text[n] == '/');
}

const char *
id_class(const struct space *space)
{
	const char *slash = strrchr(space->text, '/');

	return slash != NULL ? slash + 1 : space->text;
}

struct bytes
id_above(struct bytes name)
{
	while (name.n > 0 && name.p[name.n - 1] != '/')
		name.n--;
	return name.n > 0 ? bytes_first(name, name.n - 1) : name;
}

bool
id_beside(const struct space *space, const char *class, struct space *beside)
{
	size_t before = (size_t)(id_class(space) - space->text);
	size_t size = strlen(class) + 1;

	*beside = (struct space){0};
	if (size > sizeof(beside->text) - before)
		return false;
	memcpy(beside->text, space->text, before);
	memcpy(beside->text + before, class, size);
	return true;
}

size_t
id_depth(const struct space *prefix)
{
	size_t n = prefix->text[0] != '\0' ? 1 : 0;

	for (const char *p = prefix->text; *p != '\0'; p++)
		n += *p == '/' ? 1 : 0;
	return n;
}

void
id_origin(const struct log_name *name, struct buf *line)
{
	buf_add_text(line, "golmok/");
	ascii_hex(bytes_of(name->city.b, sizeof(name->city.b)), line);
	buf_add_u8(line, '/');
	ascii_hex(bytes_of(name->author.b, sizeof(name->author.b)), line);
	buf_add_u8(line, '/');
	buf_add_text(line, name->space.text);
	buf_add_u8(line, '/');
	ascii_hex(
	    bytes_of(name->incarnation.b, sizeof(name->incarnation.b)), line);
}

void
id_log(const struct log_name *name, struct hash *origin, struct log_id *log)
{
	struct buf line = {0};

	id_origin(name, &line);
	crypto_sha256(buf_bytes(&line), origin);
	memcpy(log->b, origin->b, sizeof(log->b));
	buf_fini(&line);
}

enum err
id_from_origin(struct bytes line, struct log_name *name)
{
	struct bytes start = bytes_text("golmok/");
	size_t tail = 2 * sizeof(name->incarnation.b) + 1;
	struct bytes space;
	enum err e;

	memset(name, 0, sizeof(*name));
	if (!bytes_begins(line, start))
		return err_set(
		    ERR_MALFORMED, "origin line does not begin with golmok/");
	line = bytes_after(line, start.n);
	e = hex_part(&line, sizeof(name->city.b), name->city.b);
	if (e == ERR_OK)
		e = hex_part(&line, sizeof(name->author.b), name->author.b);
	if (e != ERR_OK)
		return e;
	if (line.n <= tail || line.p[line.n - tail] != '/')
		return err_set(ERR_MALFORMED, "origin line is cut short");
	space = bytes_first(line, line.n - tail);
	line = bytes_after(line, space.n + 1);
	if (id_space(space, &name->space) != ERR_OK)
		return err_wrap(ERR_MALFORMED, "origin line");
	e = id_from_hex(line, "incarnation", name->incarnation.b,
	    sizeof(name->incarnation.b));
	return e == ERR_OK ? e : err_wrap(ERR_MALFORMED, "origin line");
}

/* Takes 2 * n hex digits and a '/' from the front of `line`. */
static enum err
hex_part(struct bytes *line, size_t n, uint8_t *out)
{
	enum err e;

	if (line->n <= 2 * n || line->p[2 * n] != '/')
		return err_set(ERR_MALFORMED, "origin line is cut short");
	e = id_from_hex(
	    bytes_first(*line, 2 * n), "key of an origin line", out, n);
	*line = bytes_after(*line, 2 * n + 1);
	return e == ERR_OK ? e : err_wrap(ERR_MALFORMED, "origin line");
}

void
id_record(uint64_t now_ms, const uint8_t random[10], struct record_id *record)
{
	uint8_t ms[8];

	bytes_put_be64(ms, now_ms);
	memcpy(record->b, ms + 2, 6);
	memcpy(record->b + 6, random, 10);
}

void
id_derive(const struct city_id *city, uint64_t at_ms, const struct bytes *parts,
    size_t n, struct record_id *record)
{
	struct buf all = {0};
	struct hash hash;

	buf_add_text(&all, "golmok import 1");
	buf_add(&all, bytes_of(city->b, sizeof(city->b)));
	for (size_t i = 0; i < n; i++) {
		buf_add_be32(&all, (uint32_t)parts[i].n);
		buf_add(&all, parts[i]);
	}
	crypto_sha256(buf_bytes(&all), &hash);
	id_record(at_ms, hash.b, record);
	buf_fini(&all);
}

enum err
id_from_hex(struct bytes text, const char *what, uint8_t *out, size_t n)
{
	struct buf bin = {0};
	enum err e;

	if (text.n != 2 * n)
		return err_set(ERR_INVALID,
		    "%s: %zu characters where %zu hex digits are needed", what,
		    text.n, 2 * n);
	e = ascii_from_hex(text, &bin);
	if (e == ERR_OK)
		bytes_copy(out, buf_bytes(&bin));
	buf_fini(&bin);
	return e == ERR_OK ? e : err_wrap(ERR_INVALID, "%s", what);
}

int
id_ref_compare(const struct ref *a, const struct ref *b)
{
	int order = memcmp(a->log.b, b->log.b, sizeof(a->log.b));

	if (order != 0)
		return order;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return memcmp(a->leaf, b->leaf, sizeof(a->leaf));
}

int
id_change_compare(const struct change_ref *a, const struct change_ref *b)
{
	int order = id_ref_compare(&a->delta, &b->delta);

	return order != 0 ? order : (int)a->change - (int)b->change;
}

int
id_dot_compare(const struct dot *a, const struct dot *b)
{
	int order = id_change_compare(&a->at, &b->at);

	return order != 0 ? order : (int)a->op - (int)b->op;
}

void
id_ref_put(const struct ref *ref, uint8_t out[ID_REF_SIZE])
{
	memcpy(out, ref->log.b, 16);
	bytes_put_be64(out + 16, ref->seq);
	memcpy(out + 24, ref->leaf, 8);
}

void
id_change_put(const struct change_ref *change, uint8_t out[ID_CHANGE_SIZE])
{
	id_ref_put(&change->delta, out);
	bytes_put_be16(out + ID_REF_SIZE, change->change);
}

void
id_dot_put(const struct dot *dot, uint8_t out[ID_DOT_SIZE])
{
	id_change_put(&dot->at, out);
	id_dot_put_op(dot->op, out);
}

void
id_dot_put_op(uint16_t op, uint8_t out[ID_DOT_SIZE])
{
	bytes_put_be16(out + ID_CHANGE_SIZE, op);
}

void
id_ref_get(const uint8_t in[ID_REF_SIZE], struct ref *ref)
{
	memcpy(ref->log.b, in, 16);
	ref->seq = bytes_be64(in + 16);
	memcpy(ref->leaf, in + 24, 8);
}

void
id_change_get(const uint8_t in[ID_CHANGE_SIZE], struct change_ref *change)
{
	id_ref_get(in, &change->delta);
	change->change = bytes_be16(in + ID_REF_SIZE);
}

void
id_dot_get(const uint8_t in[ID_DOT_SIZE], struct dot *dot)
{
	id_change_get(in, &dot->at);
	dot->op = bytes_be16(in + ID_CHANGE_SIZE);
}
