/*
 * Three versions of a small pack for the records of tests/sim/act.c: in the
 * first one fields are missing, the second has all and finds some fast, the
 * third forbids more.  The linker sends pack_embedded here (tests/sim/wrap.c
 * has the list).
 */
#include "tests/sim/packs.h"

#include "core/pack.h"

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

static unsigned version;

void
packs_use(const struct sim_node *node)
{
	version = node->pack;
}

struct bytes
__wrap_pack_embedded(void)
{
	return version == 0 ? __real_pack_embedded()
			    : bytes_text(texts[version - 1]);
}
