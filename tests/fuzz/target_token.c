/*
 * What somebody types or pastes as a token, and files of requests to be let in.
 */
#include "proto/request.h"
#include "proto/text.h"
#include "proto/token.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

static bool
is_same(const struct token *a, const struct token *b)
{
	if (a->addresses_n != b->addresses_n || a->expires_s != b->expires_s ||
	    memcmp(&a->city, &b->city, sizeof(a->city)) != 0 ||
	    memcmp(&a->root, &b->root, sizeof(a->root)) != 0 ||
	    memcmp(&a->secret, &b->secret, sizeof(a->secret)) != 0 ||
	    !bytes_equal(a->label, b->label))
		return false;
	for (size_t i = 0; i < a->addresses_n; i++) {
		if (!bytes_equal(a->addresses[i], b->addresses[i]))
			return false;
	}
	return true;
}

/* Its text, and what a camera reads, are that token again. */
static void
token_again(const struct token *token, struct arena *arena)
{
	struct buf text = {0};
	struct buf code = {0};
	struct token other;

	struct token_id id;
	struct secret psk;

	assert(token_check(token) == ERR_OK);
	token_name(token, &id);
	token_psk(token, &psk);
	assert(memcmp(id.b, token->secret.b, sizeof(id)) != 0);
	token_put(token, &text);
	assert(token_get(buf_bytes(&text), arena, &other) == ERR_OK);
	assert(is_same(token, &other));
	token_code(buf_bytes(&text), &code);
	assert(token_get(buf_bytes(&code), arena, &other) == ERR_OK);
	assert(is_same(token, &other));
	buf_fini(&text);
	buf_fini(&code);
}

/* A token with texts and times of the input's making is one exactly when
 * token_check says so. */
static void
token_made(struct bytes in, struct arena *arena)
{
	struct fuzz_input input = {.left = in};
	struct token token = {
	    .addresses_n = fuzz_below(&input, LIMIT_ADDRESSES + 2)};

	token.expires_s = fuzz_number(&input);
	fuzz_fill(&input, &token.secret, sizeof(token.secret));
	token.label = fuzz_bytes(&input, LIMIT_LABEL_SIZE + 8);
	for (size_t i = 0; i < token.addresses_n && i < LIMIT_ADDRESSES; i++)
		token.addresses[i] = fuzz_bytes(&input, LIMIT_ADDRESS_SIZE + 8);
	if (token_check(&token) == ERR_OK)
		token_again(&token, arena);
}

static void
requests(struct bytes in, struct arena *arena)
{
	static const struct sign_seed seed = {{9}};
	struct request request;
	struct request other;
	struct buf text = {0};

	if (request_get(in, arena, &request) == ERR_OK)
		assert(request.label.n <= LIMIT_LABEL_SIZE);
	if (in.n > LIMIT_LABEL_SIZE || !text_is_plain(in))
		return;
	request = (struct request){.label = in};
	crypto_sign_key(&seed, &request.key);
	request_put(&request, &seed, &text);
	assert(request_get(buf_bytes(&text), arena, &other) == ERR_OK);
	assert(bytes_equal(other.label, in));
	buf_fini(&text);
}

void
target_token(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 96,
		.allocated_bytes = 256 * 1024,
		.largest_bytes = COST_ARENA,
		.hashes = 600,
		.hashed_bytes = 64 * 1024,
		.curves = 8},
	    {.allocations = 1,
		.allocated_bytes = 64,
		.largest_bytes = 16,
		.hashes = 1,
		.hashed_bytes = 64}};
	struct arena arena = {0};
	struct token token = {0};
	enum err e;

	fuzz_start();
	cost_begin();
	e = token_get(in, &arena, &token);
	assert(e == ERR_OK || e == ERR_USAGE || e == ERR_VERSION ||
	       e == ERR_MALFORMED || e == ERR_INVALID);
	if (e == ERR_OK)
		token_again(&token, &arena);
	token_made(in, &arena);
	token_fini(&token);
	requests(in, &arena);
	cost_assert(&limit, in.n);
	arena_fini(&arena);
}
