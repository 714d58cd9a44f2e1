/*
 * Logs of the invented city: stores are made for its office and its centres,
 * filled by hand (tests/bench/hand.h), and cut into chunks (core/extract.h).
 */
#include "tests/bench/town.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/extract.h"
#include "core/founder.h"
#include "core/parcel.h"
#include "core/space.h"
#include "proto/fact.h"
#include "proto/mem.h"
#include "tests/bench/hand.h"
#include "tests/bench/take.h"

enum {
	LOGS_MAX = 128, /* of one centre */
	LOGS_OFFICE = 4 * SYNTH_DONGS,
	SEED = 1,
	KEYS_SEED = 20150701,
};
/* Before anything of the city was written. */
#define BEGIN_MS UINT64_C(1420070400000)

static const char pack_name[] = "chatdong";

/* A centre that writes, in a child. */
struct writing {
	const struct town *town;
	const struct synth_dong *dong; /* NULL: the office */
	struct site site;
	struct hand hand;
	struct town_load *out;
};

/* ---- the city ----------------------------------------------------------- */

static void
site_member(const struct town *town, struct site *site, size_t number)
{
	const struct identity *node = &town->nodes[number];
	struct store_plan plan = {.dir = site->path,
	    .host = &site->host,
	    .join = &node->city,
	    .keys = node,
	    .pack = pack_name};

	site_prepare(site, KEYS_SEED + number);
	site->now_ms = BEGIN_MS;
	site_must(founder_create(&plan));
	site_open(site);
}

static void
site_bring(struct site *site, const char *pack)
{
	struct store_plan plan = {.dir = site->path,
	    .host = &site->host,
	    .found = bytes_text("서울"),
	    .label = bytes_text("시청"),
	    .pack = pack};

	site_prepare(site, SEED);
	site->now_ms = BEGIN_MS;
	site_must(founder_create(&plan));
	site_open(site);
}

static void
member_admit(struct site *site, const struct identity *node)
{
	struct fact_member member = {
	    .key = node->key, .label = bytes_text("주민센터")};

	site_must(store_admit(site->store, &member));
}

static void
prefix_grant(struct site *site, const struct identity *node, const char *prefix)
{
	struct fact_grant grant = {
	    .member = node->key, .gives = {.bits = RIGHT_WRITE}};

	site_must(id_space(bytes_text(prefix), &grant.prefix));
	site_must(store_grant(site->store, &grant));
}

void
town_found(const struct town *town, bool packed, struct site *site)
{
	const struct synth_city *city = town->city;

	site_bring(site, packed ? pack_name : NULL);
	site_must(store_begin(site->store, true));
	for (size_t i = 0; i <= town->plan.n; i++)
		member_admit(site, &town->nodes[i]);
	site_must(store_commit(site->store));
	site_must(store_begin(site->store, true));
	prefix_grant(site, &town->nodes[0], "city");
	for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
		prefix_grant(site, &town->nodes[0], city->districts[i].prefix);
	for (size_t i = 0; i < town->plan.n; i++)
		prefix_grant(site, &town->nodes[1 + i],
		    city->dongs[town->plan.first + i].prefix);
	site_must(store_commit(site->store));
}

static void run(const struct town *town, const struct synth_dong *dong,
    struct town_load *out);

static struct town_load *
load_new(size_t logs)
{
	struct town_load *load = load_memory(sizeof(*load));

	load->load.centres = load_memory(logs * sizeof(*load->load.centres));
	load->logs_most = logs;
	return load;
}

void
town_init(struct town *town, const struct town_plan *plan)
{
	struct site site;
	struct prng prng = {.seed = KEYS_SEED};

	*town = (struct town){.plan = *plan, .city = synth_city_new(SEED)};
	assert(plan->n > 0 && plan->first + plan->n <= SYNTH_DONGS);
	town->nodes = mem_zeros(plan->n + 1, sizeof(*town->nodes));
	site_bring(&site, NULL);
	for (size_t i = 0; i <= plan->n; i++) {
		site.prng = prng;
		identity_make(&site.host, &store_identity(site.store)->city,
		    &town->nodes[i]);
		prng = site.prng;
	}
	site_fini(&site);
	town_found(town, false, &site);
	site_must(store_begin(site.store, false));
	site_must(parcel_put(site.store, &town->parcel));
	store_abort(site.store);
	site_fini(&site);
	town->office = load_new(LOGS_OFFICE);
	run(town, NULL, town->office);
}

void
town_fini(struct town *town)
{
	synth_city_free(town->city);
	mem_free(town->nodes);
	buf_fini(&town->parcel);
	*town = (struct town){0};
}

/* ---- a centre writes ---------------------------------------------------- */

static void
parts_write(struct writing *w)
{
	int year = w->town->plan.year;
	const enum synth_kind kinds[] = {
	    SYNTH_PART_STANDING, SYNTH_PART_STOCK, SYNTH_PART_YEAR};

	if (w->dong == NULL) {
		hand_write(
		    &w->hand, &(struct synth_part){.kind = SYNTH_PART_CITY});
		for (size_t i = 0; i < SYNTH_DISTRICTS; i++)
			hand_write(&w->hand,
			    &(struct synth_part){.kind = SYNTH_PART_DISTRICT,
				.district = i,
				.year = year});
		return;
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		hand_write(&w->hand,
		    &(struct synth_part){
			.kind = kinds[i], .dong = w->dong, .year = year});
}

/* ---- what it sends ------------------------------------------------------ */

static struct bytes
kept(struct bytes b)
{
	uint8_t *p = load_memory(b.n);

	bytes_copy(p, b);
	return bytes_of(p, b.n);
}

static void
changes_count(struct writing *w, struct bytes header)
{
	struct arena arena = {0};
	struct delta delta;

	delta_decode(header, &arena, &delta, NULL);
	w->out->deltas++;
	w->out->changes += delta.changes_n;
	arena_fini(&arena);
}

static void
chunk_keep(struct writing *w, const struct extract_chunk *cut,
    struct load_centre *centre)
{
	struct load_chunk *chunk = &centre->chunks[centre->chunks_n++];
	struct bytes *headers = load_memory(cut->headers_n * sizeof(*headers));
	struct msg_body *bodies = load_memory(cut->bodies.n * sizeof(*bodies));
	struct merkle_proof *proof = load_memory(sizeof(*proof));

	for (size_t i = 0; i < cut->headers_n; i++) {
		headers[i] = kept(cut->headers[i]);
		changes_count(w, headers[i]);
	}
	for (size_t i = 0; i < cut->bodies.n; i++) {
		bodies[i] = cut->bodies.p[i];
		bodies[i].sealed = kept(bodies[i].sealed);
	}
	*proof = cut->proof;
	*chunk = (struct load_chunk){.bytes = cut->bytes,
	    .chunk = {.run = centre->runs,
		.from = cut->from,
		.headers = headers,
		.headers_n = cut->headers_n,
		.proof = proof,
		.bodies = bodies,
		.bodies_n = cut->bodies.n,
		.accept = {.hold = true, .classes = CLASSES_ALL}}};
}

static void
log_keep(struct writing *w, const struct log *log)
{
	struct load *load = &w->out->load;
	struct load_centre *centre = &load->centres[load->plan.centres++];
	struct extract_depth depth = {
	    .depth = {.any = true, .hold = true, .classes = CLASSES_ALL}};
	struct arena arena = {0};
	uint64_t from = 0;

	assert(load->plan.centres <= w->out->logs_most);
	centre->name = log->name;
	centre->runs = load_memory(sizeof(*centre->runs));
	*centre->runs = (struct msg_run){.name = log->name,
	    .head_size = log->head_size,
	    .head_root = log->head_root,
	    .head_signature = log->head_signature};
	centre->chunks = load_memory(
	    (size_t)log->frontier.size * sizeof(*centre->chunks));
	while (from < log->frontier.size) {
		struct extract_chunk chunk = {
		    .arena = &arena, .from = from, .bodies.arena = &arena};

		site_must(
		    extract_cut(store_txn(w->site.store), log, &depth, &chunk));
		chunk_keep(w, &chunk, centre);
		from = chunk.end;
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

/* Its own logs, all of them. */
static void
logs_keep(struct writing *w)
{
	const struct sign_key *me = &store_identity(w->site.store)->key;
	struct space_state **spaces;
	struct txn *txn;
	size_t n;

	site_must(store_begin(w->site.store, false));
	txn = store_txn(w->site.store);
	site_must(space_all(txn, &spaces, &n));
	for (size_t i = 0; i < n; i++) {
		struct log **logs;
		size_t logs_n;

		site_must(oplog_all(txn, spaces[i], &logs, &logs_n));
		for (size_t k = 0; k < logs_n; k++)
			if (memcmp(&logs[k]->name.author, me, sizeof(*me)) == 0)
				log_keep(w, logs[k]);
	}
	store_abort(w->site.store);
}

/* What the office has written for all, for the district, and for the dong. */
static void
office_take(struct writing *w)
{
	const struct load *all = &w->town->office->load;
	const char *own = w->dong->prefix;
	size_t district_n = strcspn(own, "/");
	struct load some = {
	    .centres = mem_zeros(all->plan.centres, sizeof(*some.centres))};
	size_t n = 0;

	for (size_t i = 0; i < all->plan.centres; i++) {
		const char *space = all->centres[i].name.space.text;

		if (strncmp(space, "city/", 5) == 0 ||
		    strncmp(space, own, strlen(own)) == 0 ||
		    (strncmp(space, own, district_n) == 0 &&
			strncmp(space + district_n, "/all", 4) == 0))
			some.centres[n++] = all->centres[i];
	}
	(void)take_centres(&w->site, &some, 0, n, NULL, NULL);
	mem_free(some.centres);
}

static void
child(const struct town *town, const struct synth_dong *dong,
    struct town_load *out)
{
	struct writing *w = mem_zeros(1, sizeof(*w));
	struct parcel_taken taken;
	size_t number = dong != NULL ? 1 + dong->number - town->plan.first : 0;

	w->town = town;
	w->dong = dong;
	w->out = out;
	site_member(town, &w->site, number);
	site_must(store_begin(w->site.store, true));
	site_must(parcel_take(w->site.store, buf_bytes(&town->parcel), &taken));
	site_must(store_commit(w->site.store));
	if (dong != NULL)
		office_take(w);
	w->hand = (struct hand){
	    .city = town->city, .site = &w->site, .apart = town->plan.apart};
	parts_write(w);
	logs_keep(w);
	site_fini(&w->site);
}

static void
run(const struct town *town, const struct synth_dong *dong,
    struct town_load *out)
{
	pid_t pid;
	int status;

	(void)fflush(stdout);
	pid = fork();
	assert(pid >= 0);
	if (pid == 0) {
		child(town, dong, out);
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct town_load *
town_make(const struct town *town, size_t first, size_t n)
{
	struct town_load *load = load_new(n * LOGS_MAX);

	for (size_t i = 0; i < n; i++)
		run(town, &town->city->dongs[first + i], load);
	return load;
}
