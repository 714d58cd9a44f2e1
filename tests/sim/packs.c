/*
 * Three versions of a small pack for the records of tests/sim/act.c: in the
 * first one fields are missing, the second has all and finds some fast, the
 * third forbids more.  The linker sends pack_embedded here (tests/sim/wrap.c
 * has the list).
 */
#include "tests/sim/packs.h"

#include <string.h>

#include "core/force.h"
#include "core/meta.h"
#include "core/publish.h"
#include "proto/mem.h"
#include "proto/version.h"
#include "tests/sim/court.h"
#include "tests/sim/deed_pack.h"
#include "tests/sim/node.h"
#include "tests/sim/swarm.h"

#define LABEL "\"label\":{\"ko\":\"가\",\"en\":\"a\"}"
#define HEAD(version)                                                   \
	"{\"format\":1,\"name\":\"sim\",\"version\":" version "," LABEL \
	",\"collections\":[{\"name\":\"card\",\"space\":\"x\"," LABEL   \
	",\"fields\":["
#define FIELD(name, kind, class)                            \
	"{\"name\":\"" name "\"," LABEL ",\"kind\":\"" kind \
	"\",\"class\":\"" class "\""
#define TEXT(name, kind, class)  \
	FIELD(name, kind, class) \
	",\"type\":\"text\""
#define STAGES ",\"values\":[\"값0\",\"값1\",\"값2\",\"값3\",\"값4\",\"값5\"]"
#define COMMON                          \
	FIELD("visits", "counter", "N") \
	"}," FIELD("notes", "notes", "P") "},"
#define TAIL "]}]}"

const char packs_name[] = "sim";

static const char *const texts[PACKS_VERSIONS] = {
    HEAD("1") COMMON TEXT("name", "register", "P") "}," TEXT(
	"grade", "register", "N") "}," TEXT("needs", "set",
	"N") "}," FIELD("stage", "state", "N") STAGES "}" TAIL,
    HEAD("2") COMMON TEXT("needs", "set", "N") ",\"index\":\"plain\"}," TEXT(
	"illness", "register",
	"S") ","
	     "\"index\":\"plain\"}," TEXT("income", "register", "F") "}," TEXT(
		 "name", "register", "P") "}," TEXT("grade", "register",
		 "N") ",\"index\":\"plain\"}," FIELD("stage", "state", "N")
		 STAGES "}" TAIL,
    HEAD("3") COMMON TEXT(
	"name", "register", "P") ",\"index\":\"unique\"}," TEXT("grade",
	"register", "N") ",\"required\":true}," TEXT("needs", "set",
	"N") "}," TEXT("illness", "register", "S") "}," TEXT("income",
	"register", "F") ",\"index\":\"plain\"}," FIELD("stage", "state", "N")
	STAGES
    ",\"transitions\":{\"값0\":[\"값1\",\"값2\"],\"값1\":[\"값2\",\"값3\"],"
    "\"값2\":[\"값0\"]}}" TAIL};

struct bytes __real_pack_embedded(void);
struct bytes __wrap_pack_embedded(void);
enum err __real_store_open(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
enum err __wrap_store_open(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
enum err __real_store_open_alone(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
enum err __wrap_store_open_alone(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
enum err __real_store_open_empty(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
enum err __wrap_store_open_empty(
    const char *dir, const struct host *host, struct store **store) MUST_USE;
enum err __real_store_begin(struct store *store, bool write) MUST_USE;
enum err __wrap_store_begin(struct store *store, bool write) MUST_USE;
enum err __real_store_begin_rebuild(struct store *store, bool write) MUST_USE;
enum err __wrap_store_begin_rebuild(struct store *store, bool write) MUST_USE;
enum err __real_store_commit(struct store *store) MUST_USE;
enum err __wrap_store_commit(struct store *store) MUST_USE;

/* The program at work, and those that the stores were opened with. */
static unsigned running;
static struct opened {
	const struct store *store;
	unsigned pack;
} * opened; /* kept to the end */
static size_t opened_n;
static size_t opened_room;

void
packs_use(const struct sim_node *node)
{
	running = node->pack;
}

static struct bytes
text_of(unsigned version)
{
	return version >= DEED_PACK_FIRST ? deed_pack(version)
					  : bytes_text(texts[version - 1]);
}

struct bytes
__wrap_pack_embedded(void)
{
	return running == 0 ? __real_pack_embedded() : text_of(running);
}

struct bytes
packs_card(void)
{
	static const char begin[] = "\"collections\":[";
	struct bytes card = bytes_text(
	    strstr(texts[1], begin) + sizeof(begin) - 1);

	return bytes_first(card, card.n - strlen("]}"));
}

unsigned
packs_draw(struct sim *sim)
{
	if (sim->swarm.city == SWARM_NONE)
		return 1 + (unsigned)sim_below(sim, PACKS_VERSIONS);
	return sim->swarm.upgrade != SWARM_NONE && sim_once_in(sim, 2)
		   ? DEED_PACK_LAST
		   : DEED_PACK_FIRST;
}

static struct opened *
opened_find(const struct store *store)
{
	for (size_t i = 0; i < opened_n; i++)
		if (opened[i].store == store)
			return &opened[i];
	return NULL;
}

static enum err
open_note(enum err e, struct store *const *store)
{
	struct opened *found;

	if (e != ERR_OK)
		return e;
	found = opened_find(*store);
	if (found == NULL) {
		mem_room(&opened, &opened_room, opened_n + 1, sizeof(*opened));
		found = &opened[opened_n++];
	}
	*found = (struct opened){.store = *store, .pack = running};
	return e;
}

/* Whose store it is, its program works now. */
static void
run_of(const struct store *store)
{
	const struct opened *found = opened_find(store);

	if (found != NULL)
		running = found->pack;
}

enum err
__wrap_store_open(
    const char *dir, const struct host *host, struct store **store)
{
	return open_note(__real_store_open(dir, host, store), store);
}

enum err
__wrap_store_open_alone(
    const char *dir, const struct host *host, struct store **store)
{
	return open_note(__real_store_open_alone(dir, host, store), store);
}

enum err
__wrap_store_open_empty(
    const char *dir, const struct host *host, struct store **store)
{
	return open_note(__real_store_open_empty(dir, host, store), store);
}

enum err
__wrap_store_begin(struct store *store, bool write)
{
	run_of(store);
	return __real_store_begin(store, write);
}

enum err
__wrap_store_begin_rebuild(struct store *store, bool write)
{
	run_of(store);
	return __real_store_begin_rebuild(store, write);
}

enum err
__wrap_store_commit(struct store *store)
{
	run_of(store);
	return __real_store_commit(store);
}

/* One that loses nothing of the others, as version `number`. */
static void
text_make(struct sim *sim, uint64_t number, struct buf *json)
{
	static const char mark[] = "\"version\":";
	unsigned version = sim->swarm.city != SWARM_NONE
			       ? packs_draw(sim)
			       : 2 + (unsigned)sim_below(
					 sim, PACKS_VERSIONS - 1);
	struct bytes text = text_of(version);
	size_t at = 0;

	/* All have it near the beginning. */
	while (memcmp(text.p + at, mark, sizeof(mark) - 1) != 0)
		at++;
	at += sizeof(mark) - 1;
	buf_add(json, bytes_first(text, at));
	buf_add_format(json, "%llu", (unsigned long long)number);
	/* What stands behind makes several texts of a version. */
	buf_add(json, bytes_after(text, at + 1));
	for (uint64_t n = sim_below(sim, 4); n > 0; n--)
		buf_add_u8(json, '\n');
}

void
packs_publish(struct sim_node *by)
{
	struct sim *sim = by->sim;
	struct buf json = {0};
	uint64_t number;
	enum err e;

	packs_use(by);
	text_make(sim, 2 + sim_below(sim, 8), &json);
	node_begin(by, true);
	e = publish_pack(by->store, buf_bytes(&json), &number);
	if (e != ERR_OK && e != ERR_DENIED && e != ERR_EXISTS &&
	    e != ERR_INVALID)
		sim_must(sim, e, "publish a pack");
	if (e == ERR_OK && node_commit(by) == ERR_OK)
		sim->count.published++;
	store_abort(by->store);
	sim_note(sim, "publish", by->number, (uint64_t)e);
	buf_fini(&json);
}

/* The version that governs by what counts, and its text; 0: what is compiled
 * in. */
static uint64_t
reckon(
    const struct sim_node *node, const struct court *court, struct hash *text)
{
	uint64_t version = node->pack;
	bool found = false;

	for (size_t i = 0; i < court->central.n; i++) {
		const struct leaves_delta *fact = court->central.deltas[i];

		if (fact->delta.kind != DELTA_PACK || !fact->has_fact ||
		    !fact->counts || fact->pack.version < version ||
		    (found && fact->pack.version == version &&
			memcmp(&fact->pack.sha256, text, sizeof(*text)) >= 0))
			continue;
		found = true;
		version = fact->pack.version;
		*text = fact->pack.sha256;
	}
	return found ? version : 0;
}

/* Has this program written down what is in force? */
static bool
is_written(struct sim_node *node)
{
	struct crypto_sha256 all;
	struct hash program;
	struct bytes row;

	crypto_sha256(pack_embedded(), &program);
	crypto_sha256_init(&all);
	crypto_sha256_add(&all, bytes_of("doc", 4));
	crypto_sha256_add(&all, bytes_text(version_text));
	crypto_sha256_add(&all, bytes_of(program.b, sizeof(program.b)));
	crypto_sha256_out(&all, &program);
	return meta_find(store_txn(node->store), meta_pack_force, &row) &&
	       bytes_equal(bytes_first(row, 32), bytes_of(program.b, 32));
}

void
packs_check(struct sim_node *node, const struct court *court)
{
	struct txn *txn = store_txn(node->store);
	const struct authority *authority;
	struct arena arena = {0};
	struct packs packs;
	struct pack *pack;
	struct hash text;
	uint64_t version;

	if (node->pack == 0)
		return;
	packs_use(node);
	version = reckon(node, court, &text);
	sim_must(
	    node->sim, store_authority(node->store, &authority), "read rights");
	packs_gather(txn, authority, &arena, &packs);
	sim_must(
	    node->sim, packs_judge(txn, &arena, &packs, &pack), "judge packs");
	if (pack == NULL ||
	    pack->version != (version == 0 ? node->pack : version) ||
	    (packs.force->source == PACKS_FACT) != (version > 0) ||
	    (version > 0 &&
		memcmp(&packs.force->sha256, &text, sizeof(text)) != 0))
		sim_fail(node->sim,
		    "node %zu: another pack is in force than version %llu",
		    node->number, (unsigned long long)version);
	if (!txn->write && is_written(node) &&
	    (store_pack(node->store)->version != pack->version ||
		!force_is_settled(txn, authority)))
		sim_fail(node->sim,
		    "node %zu: the store follows version %llu, not %llu",
		    node->number,
		    (unsigned long long)store_pack(node->store)->version,
		    (unsigned long long)pack->version);
	pack_free(pack);
	arena_fini(&arena);
}
