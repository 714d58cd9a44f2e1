#ifndef GOLMOK_TESTS_LIB_PACK_SAMPLE_H
#define GOLMOK_TESTS_LIB_PACK_SAMPLE_H

#define LABEL "\"label\":{\"ko\":\"가\",\"en\":\"a\"}"
/* A pack with one collection that has the field list `fields`, and with
 * `more` behind it. */
#define PACK(fields, more)                                         \
	"{\"format\":1,\"name\":\"p\",\"version\":1," LABEL        \
	",\"collections\":[{\"name\":\"c\",\"space\":\"s\"," LABEL \
	",\"fields\":[" fields "]" more "}]}"
#define FIELD(name, rest) \
	"{\"name\":\"" name "\",\"class\":\"N\"," LABEL "," rest "}"

/* One field of each type and kind, in this order, and a derived one.  The
 * layout is by hand: one field a line is what makes it readable. */
/* clang-format off */
static const char pack_sample[] = PACK(
    FIELD("text", "\"kind\":\"register\",\"type\":\"text\"") ","
    FIELD("int", "\"kind\":\"register\",\"type\":\"int\"") ","
    FIELD("bool", "\"kind\":\"register\",\"type\":\"bool\"") ","
    FIELD("enum", "\"kind\":\"set\",\"type\":\"enum\",\"values\":[\"정기\",\"안부\"]") ","
    FIELD("date", "\"kind\":\"register\",\"type\":\"date\"") ","
    FIELD("datetime", "\"kind\":\"register\",\"type\":\"datetime\"") ","
    FIELD("geo", "\"kind\":\"register\",\"type\":\"geo\"") ","
    FIELD("ref", "\"kind\":\"register\",\"type\":\"ref\",\"targets\":[\"c\",\"elsewhere\"]") ","
    FIELD("hash", "\"kind\":\"register\",\"type\":\"hash\"") ","
    FIELD("bytes", "\"kind\":\"register\",\"type\":\"bytes\"") ","
    FIELD("map", "\"kind\":\"register\",\"type\":\"map\",\"values\":[\"systolic\",\"gds\"]") ","
    FIELD("counter", "\"kind\":\"counter\",\"unit\":\"minutes\",\"required\":true") ","
    FIELD("notes", "\"kind\":\"notes\"") ","
    FIELD("state", "\"kind\":\"state\",\"required\":true,"
	"\"values\":[\"open\",\"doing\",\"done\"],\"transitions\":"
	"{\"open\":[\"doing\",\"done\"],\"doing\":[\"open\"]}"),
    ",\"derived\":[" FIELD("age", "\"type\":\"int\"") "]");
/* clang-format on */

#endif
