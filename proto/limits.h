#ifndef GOLMOK_PROTO_LIMITS_H
#define GOLMOK_PROTO_LIMITS_H

#include "proto/base.h"

/*
 * Every limit of the product, and why it has its value.  What a peer or a
 * person sends is measured against these before anything is allocated.
 */

/* Bytes. */
enum {
	/* A header is one leaf of a tile bundle, whose entries carry a 16-bit
	 * length, and one frame's worth. */
	LIMIT_HEADER_SIZE = 60 * 1024,
	/* One record's change in one data class: a long note of 80,000
	 * Hangul syllables still fits, a photo does not belong here. */
	LIMIT_BODY_SIZE = 256 * 1024,
	/* Sealed, a body carries its padding, its compression's worst case and
	 * a tag. */
	LIMIT_SEALED_SIZE = LIMIT_BODY_SIZE + LIMIT_BODY_SIZE / 8 + 1024,
	/* One text value; bounded by the body. */
	LIMIT_TEXT_SIZE = 240 * 1024,
	/* JSON text of one value: a body of text with escapes fits, and what
	 * its parser builds from it stays below 100 MiB. */
	LIMIT_JSON_SIZE = 1024 * 1024,
	/* A data file of so much is looked through whenever it is opened: 25
	 * ms, at 1.5 ms for a MiB.  Larger ones when a command works alone, and
	 * by `fsck`. */
	LIMIT_SCRUB_BYTES = 16 * 1024 * 1024,
	/* A space id such as d03/c017/case; keeps every LMDB key short. */
	LIMIT_SPACE_SIZE = 60,
	/* Names of collections and fields. */
	LIMIT_NAME_SIZE = 64,
	/* A name that a person gives to a city, a member, an actor. */
	LIMIT_LABEL_SIZE = 256,
	/* HOST:PORT of a node: a name of the DNS, or numbers in brackets. */
	LIMIT_ADDRESS_SIZE = 262,
	/* What an event says: one sentence. */
	LIMIT_EVENT_TEXT = 300,
	/* Authority in a file, which is held in memory: 4,096 members with
	 * several facts each, many times over. */
	LIMIT_PARCEL_SIZE = 64 * 1024 * 1024,
	/* golmok/<64 hex>/<64 hex>/<space>/<16 hex>. */
	LIMIT_ORIGIN_SIZE = 7 + 64 + 1 + 64 + 1 + LIMIT_SPACE_SIZE + 1 + 16,
	/* A checkpoint note: origin line, size, root, and up to 16 signature
	 * lines. */
	LIMIT_NOTE_SIZE = 8 * 1024,
	/* A secret that is split into shares: a key or the seed of one, or two
	 * of them. */
	LIMIT_SPLIT_SIZE = 64,
	/* LMDB of Debian 12 is used with keys far below its own 511. */
	LIMIT_KEY_SIZE = 128,
	/* But for rows of views: the groups of a view stand in its key, some
	 * of them names of things. */
	LIMIT_VIEW_KEY_SIZE = 300,
	/* What of one text stands in the key of a view; the rest only counts
	 * when two are told apart. */
	LIMIT_VIEW_TEXT_SIZE = 64,
	/* The JSON text of a pack: a domain with labels, lists and reports in
	 * two languages takes 160 KiB. */
	LIMIT_PACK_SIZE = LIMIT_JSON_SIZE,
	/* What of it one fact carries: a body, without what stands beside. */
	LIMIT_PACK_PIECE = LIMIT_BODY_SIZE - 1024,
	/* One row of a CSV file becomes one record: a body in each of the four
	 * data classes. */
	LIMIT_ROW_SIZE = 4 * LIMIT_BODY_SIZE,
	/* A file to be imported, which is held in memory while it is checked
	 * and written: some two million records. */
	LIMIT_IMPORT_SIZE = 1024 * 1024 * 1024,
};

/* Counts. */
enum {
	LIMIT_CHANGES = 1000,	 /* in one delta: one import batch row by row */
	LIMIT_SEEN = 1000,	 /* dots seen, over all operations of a delta */
	LIMIT_PARENTS = 1000,	 /* over all changes of a delta */
	LIMIT_REFERENCES = 2048, /* of one header; they are 32 bytes each */
	LIMIT_OPERATIONS = 1000, /* in one change, over all its bodies */
	/* Operation numbers carry their data class in the lowest two bits. */
	LIMIT_OPERATION_NUMBER = 4 * LIMIT_OPERATIONS,
	LIMIT_FIELDS = 256, /* of one record */
	/* Names, logs and staff that rows say by number.  All that a city has
	 * in some years; what a hostile writer adds costs 2 MiB at most, and
	 * later words are said in full. */
	LIMIT_WORDS = 16 * 1024,
	/* In a row of CSV: each field of a record, and the importer's own. */
	LIMIT_ROW_CELLS = LIMIT_FIELDS + 16,
	LIMIT_COLLECTIONS = 256, /* of one pack */
	/* Of an enum or a map that stands in a field of a pack; and of any
	 * state, whose moves are bits of one word. */
	LIMIT_VALUES = 64,
	/* Lists of codes of one pack, and values of one: the kinds of benefit
	 * of a country are some hundreds. */
	LIMIT_CODE_LISTS = 256,
	LIMIT_CODES = 1000,
	/* Of one pack.  Each view is a row or more that every change has to
	 * keep; lists and reports are read by people. */
	LIMIT_VIEWS = 256,
	LIMIT_DUE = 64,
	/* On one list of a whole city: a tenth of all its homes. */
	LIMIT_DUE_ITEMS = 500000,
	/* Of one figure: a city's homes in each month of ten years are
	 * fewer; they are 80 bytes each. */
	LIMIT_FIGURE_PARTS = 8000000,
	LIMIT_FIGURES = 512,
	LIMIT_REPORTS = 64,
	LIMIT_ROLES = 64,
	LIMIT_SCOPES = 8, /* levels of an administration */
	LIMIT_RETENTION = 64,
	LIMIT_MIRRORS = 16,
	LIMIT_FOLDS = 64,   /* texts that search leaves out */
	LIMIT_INDEXES = 16, /* over several fields, of one collection */
	/* Of one such index: their values share one key. */
	LIMIT_INDEX_FIELDS = 4,
	/* Rows that one record has in one index over several fields, or one of
	 * its texts in search: each is written with the record.  Who has more
	 * is met in every walk. */
	LIMIT_INDEX_ROWS = 1024,
	LIMIT_VIEW_PARTS = 8, /* groups, sums, distincts: each of one view */
	/* Of one record in one view: sets of groups and elements multiply, and
	 * a peer chooses how large they are.  A course of 250 people counted
	 * by 4 subjects needs a quarter. */
	LIMIT_VIEW_ROWS = 4096,
	LIMIT_PACK_PIECES = (LIMIT_PACK_SIZE + LIMIT_PACK_PIECE - 1) /
			    LIMIT_PACK_PIECE,
	LIMIT_GUARDS = 64,  /* of one state */
	LIMIT_COLUMNS = 32, /* of one list, table of a report or filter */
	LIMIT_TABLES = 16,  /* of one report */
	/* Fields by which duplicates are found: their subsets are walked. */
	LIMIT_WEIGHTS = 8,
	/* A value that more than so many have in common tells nothing, and
	 * would make more pairs than people can look at; which ones were left
	 * out is said. */
	LIMIT_TWINS_ALIKE = 100,
	LIMIT_TWINS_KEYS = 4096, /* of one whole, for one set of fields */
	/* Bytes of an expression: a screen full. */
	LIMIT_EXPRESSION_SIZE = 4096,
	LIMIT_EXPRESSION_NODES = 512, /* of one expression of a pack */
	LIMIT_EXPRESSION_DEPTH = 32,  /* brackets and operators in each other */
	LIMIT_EXPRESSION_QUERIES = 2, /* sub-queries in each other */
	LIMIT_DEPTH = 8,	      /* of nested arrays and maps */
	LIMIT_ELEMENTS = 65535,	      /* of one array, pairs of one map */
	LIMIT_SPACES = 4096,   /* in one store: 424 centres with 5 classes */
	LIMIT_LOGS = 65536,    /* in one store */
	LIMIT_MEMBERS = 4096,  /* of one city */
	LIMIT_GRANT_DEPTH = 3, /* strata below root */
	LIMIT_LOGS_OF_MEMBER = 1024, /* incarnations and spaces of one author */
	LIMIT_BRANCHES = 64, /* of one log: each is a store that was set back */
	LIMIT_CUTS = 1024,   /* logs of one grant that a revocation names */
	/* Logs that a rotation names: at 62 bytes each they take half of the
	 * header that carries them, where LIMIT_CUTS would take more than all
	 * of it.  Root writes one log of `authority` for each restore or
	 * copy of its key's store. */
	LIMIT_ROTATION_CUTS = 512,
	LIMIT_SHARES = 16,   /* of one secret: each lies with a person */
	LIMIT_ADDRESSES = 4, /* in one token: of nodes that can let in */
	/* Invitations that one store keeps: one for each possible member. */
	LIMIT_TOKENS = LIMIT_MEMBERS,
	LIMIT_TOKEN_GRANTS = 8, /* that one invitation promises */
	/* Nodes that one part of a bundle is sealed to: all centres and some to
	 * spare, at 48 bytes each. */
	LIMIT_BUNDLE_RECEIVERS = 512,
	/* Events that a node keeps for those who run it: some weeks of trouble;
	 * of one peer so few that it takes 64 of them to fill the table. */
	LIMIT_EVENTS = 4096,
	LIMIT_EVENTS_OF_PEER = 64,
	/* Records that are put in an order at once: all homes of a city
	 * several times over, in 200 MiB. */
	LIMIT_SORTED = 1000000,
	LIMIT_NOTE_SIGNATURES = 16, /* as C2SP signed-note asks at the least */
};

/* Time. */
enum {
	/* A peer's clock pulls ours forward by at most this much: a broken
	 * clock somewhere must not spoil everybody's. */
	LIMIT_CLOCK_PULL_MS = 5 * 60 * 1000,
	/* A log of our own whose clock ran ahead of a repaired wall clock by
	 * more than this is closed. */
	LIMIT_CLOCK_AHEAD_MS = 24 * 60 * 60 * 1000,
};

/* Frames and sessions. */
enum {
	/* The largest Noise message. */
	LIMIT_NOISE_MESSAGE_SIZE = 65535,
	/* A message of the handshake, which strangers may send: keys, tags and
	 * a certificate. */
	LIMIT_NOISE_HANDSHAKE_SIZE = 4096,
	/* Messages of one direction under one key: a key that is stolen from
	 * memory opens little of what was recorded before. */
	LIMIT_NOISE_REKEY = 1024,
	/* Keys of one direction before a new handshake is due: 2^32 messages,
	 * far below the 2^64 nonces. */
	LIMIT_NOISE_EPOCHS = 4 * 1024 * 1024,
	/* What a compressed frame may unpack to. */
	LIMIT_FRAME_SIZE = 512 * 1024,
	/* zstd window of one frame: small enough for 424 links. */
	LIMIT_FRAME_WINDOW_LOG = 16,
	/* Whole headers in one chunk of a run. */
	LIMIT_CHUNK_SIZE = 16 * 1024,
	/* Unsent bytes of one session before it stops making more. */
	LIMIT_QUEUE_SIZE = 256 * 1024,
	/* Bytes that a peer may send beyond what we have acknowledged. */
	LIMIT_CREDIT_SIZE = 1024 * 1024,
	/* Bytes a second to which a node can be held: 8 Gbit/s are as good as
	 * no limit. */
	LIMIT_RATE = 1000 * 1000 * 1000,
	/* Links of one node: an aggregator with 424 centres and some to spare;
	 * each may hold a few megabytes while it is busy. */
	LIMIT_SESSIONS = 512,
	/* Besides, accepted ones whose peer is not known yet, which whoever
	 * can reach the port can open.  When one more comes, that one has to
	 * go which has come no further for the longest time.  A handshake
	 * takes two round trips, so with 600 ms each an honest node gets in
	 * beside 850 strangers a second. */
	LIMIT_HALF_OPEN = 1024,
	/* Of these, from one address: 424 centres behind one of a provider or
	 * a gateway may all come back in one second.  A stranger with few
	 * addresses pushes out nobody but himself. */
	LIMIT_HALF_OPEN_OF_SOURCE = 512,
	/* Reads from these in one turn of the loop: each may compute for a
	 * handshake, a fifth of a millisecond, while members wait. */
	LIMIT_KNOCKS_OF_TURN = 16,
	/* Connections that are accepted in one turn of the loop; the system
	 * queues what comes besides. */
	LIMIT_ACCEPTS_OF_TURN = 64,
	/* Descriptors that no link may take: the store, the loop, listeners,
	 * and links that are being closed. */
	LIMIT_DESCRIPTORS_ASIDE = 128,
	/* Places that one store keeps to be dialled: more are a matter of
	 * member records. */
	LIMIT_DIALS = 64,
	/* Members with addresses that a node thinks of dialling, those with
	 * the broadest common right first; and how many of them it wants to be
	 * linked with.  424 centres thus make some 1,700 links, not 90,000: a
	 * city's aggregator, a district's, and two neighbours. */
	LIMIT_KIN = 16,
	LIMIT_KIN_LINKS = 4,
	/* Places heard of on the local network, where whoever is on it can
	 * say anything: kept, of one address, links that come of them at a
	 * time, and attempts within any minute. */
	LIMIT_HINTS = 64,
	LIMIT_HINTS_OF_SOURCE = 4,
	LIMIT_HINT_LINKS = 8,
	LIMIT_HINT_DIALS = 12,
	/* Of one peer at a time: its service, a sync by hand beside it, and
	 * those that died without a word. */
	LIMIT_SESSIONS_OF_PEER = 4,
};

#endif
