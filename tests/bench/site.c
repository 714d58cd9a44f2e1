/*
 * Stores to be measured.  Rows found them here, give them members and take bare
 * copies of their data for the limit.
 */
#include "tests/bench/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/founder.h"
#include "core/lookup_keep.h"
#include "core/view_keep.h"
#include "proto/fact.h"

void *
site_writable(const void *p)
{
	void *writable;

	memcpy(&writable, &p, sizeof(p));
	return writable;
}

static uint64_t
host_now_ms(void *arg)
{
	struct site *site = arg;

	return site->now_ms++;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	struct site *site = arg;

	prng_fill(&site->prng, p, n);
}

void
site_must(enum err e)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "bench: %s\n", err_text());
	exit(1);
}

void
site_prepare(struct site *site, uint64_t seed)
{
	*site = (struct site){
	    .prng = {.seed = seed}, .now_ms = UINT64_C(1700000000000)};
	site->host = (struct host){
	    .now_ms = host_now_ms, .random = host_random, .arg = site};
	tempdir_init(&site->dir);
	(void)snprintf(site->path, sizeof(site->path), "%s",
	    tempdir_at(&site->dir, "store"));
}

void
site_found(struct site *site, uint64_t seed)
{
	struct store_plan plan = {.dir = site->path,
	    .host = &site->host,
	    .found = bytes_text("서울"),
	    .label = bytes_text("시청")};

	site_prepare(site, seed);
	site_must(founder_create(&plan));
	site_open(site);
}

void
site_fini(struct site *site)
{
	site_close(site);
	tempdir_fini(&site->dir);
}

void
site_open(struct site *site)
{
	if (site->keeps != NULL)
		site_must(
		    store_open_alone(site->path, &site->host, &site->store));
	else
		site_must(store_open(site->path, &site->host, &site->store));
}

void
site_keep(struct site *site, const struct site_keeps *keeps)
{
	site_close(site);
	site->keeps = keeps;
	site_open(site);
	site_begin(site);
	lookup_keep_reset(store_txn(site->store));
	view_keep_reset(store_txn(site->store));
	site_must(store_commit(site->store));
}

void
site_begin(struct site *site)
{
	struct txn *txn;

	if (site->keeps == NULL) {
		site_must(store_begin(site->store, true));
		return;
	}
	site_must(store_begin_rebuild(site->store, true));
	txn = store_txn(site->store);
	txn->pack = site->keeps->pack;
	txn->lookup = site->keeps->lookup;
	txn->views = site->keeps->views;
}

void
site_close(struct site *site)
{
	store_close(site->store);
	site->store = NULL;
}

struct space
site_space(size_t i)
{
	struct space space;
	char text[32];

	(void)snprintf(text, sizeof(text), "d%02zu/c%03zu/case", i / 17, i);
	site_must(id_space(bytes_text(text), &space));
	return space;
}

void
site_admit(
    struct site *site, size_t first, const struct sign_key *keys, size_t n)
{
	site_must(store_begin(site->store, true));
	for (size_t i = 0; i < n; i++) {
		struct fact_member member = {
		    .key = keys[i], .label = bytes_text("주민센터")};

		site_must(store_admit(site->store, &member));
	}
	site_must(store_commit(site->store));
	site_must(store_begin(site->store, true));
	for (size_t i = 0; i < n; i++) {
		struct fact_grant grant = {.member = keys[i],
		    .prefix = site_space(first + i),
		    .gives = {.bits = RIGHT_WRITE}};

		site_must(store_grant(site->store, &grant));
	}
	site_must(store_commit(site->store));
}

struct tape_env *
site_bare(struct site *site)
{
	const char *bare = tempdir_at(&site->dir, "bare");
	const char *data = tempdir_at(&site->dir, "store/data.mdb");
	const char *copy = tempdir_at(&site->dir, "bare/data.mdb");
	char bytes[64 * 1024];
	FILE *from;
	FILE *to;
	size_t n;

	site_close(site);
	assert(mkdir(bare, 0700) == 0);
	from = fopen(data, "rb");
	to = fopen(copy, "wb");
	assert(from != NULL && to != NULL);
	while ((n = fread(bytes, 1, sizeof(bytes), from)) > 0)
		assert(fwrite(bytes, 1, n, to) == n);
	assert(fclose(to) == 0);
	(void)fclose(from);
	site_open(site);
	return tape_env_open(bare);
}

struct tape_env *
site_data(struct site *site)
{
	assert(site->store == NULL);
	return tape_env_open(site->path);
}
