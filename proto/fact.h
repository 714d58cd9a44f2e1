#ifndef GOLMOK_PROTO_FACT_H
#define GOLMOK_PROTO_FACT_H

#include "proto/delta.h"

/*
 * What the space `authority` says (docs/format.md §8): the founding record of a
 * city, and facts, each the class N body of one delta.
 */
enum right {
	RIGHT_READ = 1,	  /* bodies of some data classes, always of N */
	RIGHT_HOLD = 2,	  /* sealed bodies */
	RIGHT_AUDIT = 4,  /* headers and heads */
	RIGHT_WRITE = 8,  /* changes count */
	RIGHT_ADMIN = 16, /* may grant on */
	RIGHT_ERASE = 32,
	RIGHTS_ALL = 63,
};
enum { CLASSES_ALL = (1 << CLASS_COUNT) - 1 };

/* What a grant gives, or allows to pass on. */
struct rights {
	unsigned bits;	  /* enum right */
	unsigned classes; /* bit 1 << class, for RIGHT_READ */
};

struct fact_founding {
	struct sign_key root;
	struct hash next_root; /* SHA-256 of the next root key */
	struct bytes name;     /* text, at most LIMIT_LABEL_SIZE */
};

struct fact_member {
	struct sign_key key;
	struct bytes label; /* text, at most LIMIT_LABEL_SIZE */
	/* HOST:PORT where it may be dialled, in the order to try: hints, who
	 * answers there is proved by the handshake. */
	size_t addresses_n; /* at most LIMIT_ADDRESSES; often 0 */
	struct bytes addresses[LIMIT_ADDRESSES];
};

struct fact_grant {
	struct sign_key member;
	struct space prefix; /* empty: all data spaces */
	struct rights gives;
	struct rights passes; /* what its holder may grant on (ADMIN) */
};

/* Takes a grant back: logs written under it count up to the cuts, those that
 * are not named not at all. */
struct fact_revoke {
	struct ref grant;
	bool compromised;    /* its holder's key is in other hands */
	struct bytes reason; /* text for people, at most LIMIT_LABEL_SIZE */
	size_t cuts_n;	     /* at most LIMIT_CUTS */
	const struct log_cut *cuts; /* by rising log */
};

/* The record in the open of the root key that follows another. */
struct fact_rotation {
	struct sign_key before; /* the key that it follows */
	struct hash next_root;	/* SHA-256 of the one after */
	size_t cuts_n;		/* of `before`'s logs; <= LIMIT_ROTATION_CUTS */
	const struct log_cut *cuts; /* by rising log */
};

/* The class N body of an adopt or a void: why, in a person's words. */
struct fact_reason {
	struct bytes text; /* at most LIMIT_LABEL_SIZE; may be empty */
};

/* Appends the only encoding of `founding`, the founding record, to `out`.  Its
 * name is UTF-8 of at most LIMIT_LABEL_SIZE. */
void fact_founding_put(const struct fact_founding *founding, struct buf *out);
/* Appends the only encoding of `member`, the body of a DELTA_MEMBER, to `out`.
 * Its label is UTF-8 of at most LIMIT_LABEL_SIZE; its addresses are such that
 * fact_address_is_sound (asserted), at most LIMIT_ADDRESSES. */
void fact_member_put(const struct fact_member *member, struct buf *out);
/* Appends the only encoding of `grant`, the body of a DELTA_GRANT, to `out`. */
void fact_grant_put(const struct fact_grant *grant, struct buf *out);
/* Appends the only encoding of `revoke`, the body of a DELTA_REVOKE, to `out`.
 * Asserted: at most LIMIT_CUTS cuts, which rise; a reason in UTF-8 of at most
 * LIMIT_LABEL_SIZE. */
void fact_revoke_put(const struct fact_revoke *revoke, struct buf *out);
/* Appends the only encoding of `rotation`, the record in delta_open.rotation,
 * to `out`.  Asserted: at most LIMIT_ROTATION_CUTS cuts, which rise. */
void fact_rotation_put(const struct fact_rotation *rotation, struct buf *out);
/* Appends the only encoding of `reason`, the body of a DELTA_ADOPT or
 * DELTA_VOID, to `out`.  Asserted: UTF-8 of at most LIMIT_LABEL_SIZE. */
void fact_reason_put(const struct fact_reason *reason, struct buf *out);

/* Reads the founding record `in`; its name is a view into `in`.  As with all
 * that follow: ERR_MALFORMED for anything but what the functions above write
 * (keys from 128 on are passed over), ERR_VERSION for a format or critical key
 * of a newer program. */
enum err fact_founding_get(
    struct bytes in, struct fact_founding *founding) MUST_USE;
/* May `address` stand in a member fact: one line of text without controls, of 1
 * to LIMIT_ADDRESS_SIZE bytes?  Whether it leads anywhere is found by dialling.
 */
bool fact_address_is_sound(struct bytes address);
/* Reads the member fact `in`; its label and addresses are views into `in`. */
enum err fact_member_get(struct bytes in, struct fact_member *member) MUST_USE;
/* Reads the grant fact `in`. */
enum err fact_grant_get(struct bytes in, struct fact_grant *grant) MUST_USE;
/* Reads the revocation `in`; its reason is a view into `in`, its cuts are
 * allocated from `arena`. */
enum err fact_revoke_get(
    struct bytes in, struct arena *arena, struct fact_revoke *revoke) MUST_USE;
/* Reads the rotation record `in`; its cuts are allocated from `arena`. */
enum err fact_rotation_get(struct bytes in, struct arena *arena,
    struct fact_rotation *rotation) MUST_USE;
/* Reads the reason `in` of an adopt or void; its text is a view into `in`. */
enum err fact_reason_get(struct bytes in, struct fact_reason *reason) MUST_USE;

/* The city that a founding record founds. */
void fact_city(struct bytes founding, struct city_id *city);

/* Is all of `inner` within `outer`? */
bool fact_rights_within(struct rights inner, struct rights outer);
/* Rights as text, "read:NPS,write", and back; ERR_INVALID names the word that
 * is no right.  "all" is every right with every class. */
void fact_rights_text(struct rights rights, struct buf *text);
enum err fact_rights(struct bytes text, struct rights *rights) MUST_USE;

#endif
