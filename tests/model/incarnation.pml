/*
 * Incarnations: a store that went back, or was copied, never uses a place of a
 * log again (docs/decisions/07-mark.md, core/mark.c, core/own.c); where it can
 * not notice that, the log is left at the next contact.
 *
 * One author, whose store may be copied to a second seat, and one peer.  A leaf
 * is a number; `parent` says what it follows, 0 that it opens a new log.  Two
 * leaves that follow one leaf are two deltas for one place of one log.  Of the
 * author's store there is what LMDB holds (leaves, the one that the next leaf
 * follows, whether a new log is due, a random id, the number of the last
 * transaction), its inode, and its mark, in the system's cache and, some time
 * later, on the disk.
 *
 * What happens, in any order: transactions that append a leaf or take one in
 * from the peer, cut off before the commit, or between the commit and the mark;
 * a mark that cannot be written; the process or the power goes; a backup; the
 * backup in the place of a store, in its inode or in another, beside the mark,
 * with that of the backup, or without one; a copy at the other seat; and a whole
 * machine that is set back or copied with its mark, so that nothing on it tells.
 *
 * Left out: bytes, heads and proofs (who holds two leaves behind one leaf has
 * the proof), spaces and grants, clocks, two processes at one store.
 *
 * Proved:
 *   1  Two leaves follow one leaf only where a whole machine went back, or a
 *      store went back before anybody opened it again, to a state that was left
 *      after its mark was last written (`blind`).
 *   2  Nobody writes behind a leaf when it holds one that follows it, nor in a
 *      log of which it holds two branches, whatever went back.
 *
 * Breaks, each of which is found: NO_ID, NO_INODE, NO_NUMBER (that is not
 * compared), NO_CATCH_UP (a mark that is older than its store stays so when the
 * store is opened), NO_RETURN (what comes back from a peer opens no new log),
 * NO_RENEW (a store that does not fit its mark is adopted, and that is all).
 */
#ifndef LEAVES
#define LEAVES 4	/* that are ever written */
#endif
#ifndef TROUBLES
#define TROUBLES 3	/* crashes, restores and copies */
#endif

#define DOWN 0	/* no process has the store open */
#define OPEN 1
#define BEGUN 2	/* a write transaction, not committed */
#define DONE 3	/* committed, the mark not written */

typedef store {
	byte held;	/* bit l: leaf l */
	byte tip;	/* the next leaf follows it */
	bit renew;	/* or opens a new log */
	byte id;
	byte inode;
	byte number
}

typedef mark {
	byte id;	/* 0: there is none */
	byte inode;
	byte number
}

typedef seat {
	byte phase;
	store data;
	mark cache;
	mark disk;
	bit looked;	/* a writer compared the store with its mark */
	bit writable;	/* the mark is open for writing */
	byte take;	/* in BEGUN: the leaf to take in; 0: an own one */
	byte name;	/* in BEGUN: new id of a store that does not fit */
	/* For `blind`: */
	bit lagged;	/* the mark was left behind, and no open since */
	bit soft	/* went back while the mark was not on the disk */
}

seat s[2];
store kept;	/* a backup */
mark kept_mark;
bit has_kept;
byte peer = 0;	/* leaves that the peer holds */

byte leaves = 0;
byte parent[LEAVES + 1];
byte origin[LEAVES + 1];	/* the leaf that opened its log */
byte names = 2;		/* ids and inodes that were given */
byte troubles = 0;
bit whole = 0;
bit blind = 0;

byte i;		/* scratch, 0 between steps */
byte j;
bit found;

#define has(set, l) (((set) >> (l)) & 1)

/* found: two leaves of `set` in the log of `l` follow one leaf. */
inline find_fork(set, l)
{
	found = 0;
	for (i : 1 .. LEAVES) {
		for (j : 1 .. LEAVES) {
			found = found || (i < j && has(set, i) && 
			    has(set, j) && parent[i] != 0 && 
			    parent[i] == parent[j] && 
			    origin[i] == origin[l])
		}
	}
	i = 0;
	j = 0
}

/* found: a leaf of `set` follows `l`. */
inline find_next(set, l)
{
	found = 0;
	for (i : 1 .. LEAVES) {
		found = found || (has(set, i) && parent[i] == l)
	}
	i = 0
}

inline mark_copy(to, from)
{
	to.id = from.id;
	to.inode = from.inode;
	to.number = from.number
}

inline store_copy(to, from)
{
	to.held = from.held;
	to.tip = from.tip;
	to.renew = from.renew;
	to.id = from.id;
	to.inode = from.inode;
	to.number = from.number
}

#ifdef NO_ID
#define SAME_ID(me) true
#else
#define SAME_ID(me) (me.cache.id == me.data.id)
#endif
#ifdef NO_INODE
#define SAME_INODE(me) true
#else
#define SAME_INODE(me) (me.cache.inode == me.data.inode)
#endif
#ifdef NO_NUMBER
#define NOT_OLDER(me) true
#else
#define NOT_OLDER(me) (me.cache.number <= me.data.number)
#endif
/* mark_check */
#define FITS(me) (me.cache.id != 0 && SAME_ID(me) && SAME_INODE(me) && \
	NOT_OLDER(me))

inline close(me)
{
	me.phase = DOWN;
	me.looked = 0;
	me.writable = 0;
	me.take = 0;
	me.name = 0
}

inline crash(me)
{
	me.lagged = me.lagged || me.cache.number < me.data.number;
	close(me)
}

inline open(me)
{
	me.phase = OPEN;
	me.lagged = 0;
#ifndef NO_CATCH_UP
	if
	:: FITS(me) -> me.cache.number = me.data.number
	:: else
	fi
#endif
}

/* A write transaction: mark_settle and own_renew. */
inline begin(me)
{
	me.phase = BEGUN;
	if
	:: !me.looked ->
		if
		:: FITS(me)
		:: else ->
			names++;
			me.name = names;
			me.cache.id = names;
			me.cache.inode = me.data.inode;
			me.cache.number = me.data.number + 1;
			mark_copy(me.disk, me.cache);
			me.soft = 0
		fi;
		me.writable = 1
	:: else
	fi
}

inline write_own(me)
{
	find_fork(me.data.held, me.data.tip);
	leaves++;
	if
	:: me.data.renew || found || me.data.tip == 0 ->
		origin[leaves] = leaves
	:: else ->
		find_next(me.data.held, me.data.tip);
		assert(!found);			/* 2 */
		find_next(255, me.data.tip);
		assert(!found || whole || blind);	/* 1 */
		parent[leaves] = me.data.tip;
		origin[leaves] = origin[me.data.tip]
	fi;
	me.data.held = me.data.held | (1 << leaves);
	me.data.tip = leaves;
	me.data.renew = 0;
	found = 0
}

/* own_received: what we lost of our own comes back. */
inline take_in(me)
{
	me.data.held = me.data.held | (1 << me.take);
#ifndef NO_RETURN
	me.data.renew = me.data.renew || (me.data.tip != 0 &&
	    origin[me.take] == origin[me.data.tip])
#endif
}

inline commit(me)
{
	me.phase = DONE;
	me.looked = 1;
	me.data.number++;
	if
	:: me.name != 0 ->
		me.data.id = me.name;
#ifndef NO_RENEW
		me.data.renew = 1;
#endif
		me.name = 0
	:: else
	fi;
	if
	:: me.take == 0 -> write_own(me)
	:: else -> take_in(me)
	fi;
	me.take = 0
}

/* A backup in the place of what is there. */
inline restore(me, in_place, with_mark)
{
	i = me.data.inode;
	/* Nothing tells a store from itself some transactions ago when its mark
	 * was left behind them too. */
	blind = blind || (me.lagged && in_place && kept.id == me.cache.id &&
	    kept.number >= me.cache.number);
	me.soft = in_place && kept.id == me.disk.id &&
	    kept.number >= me.disk.number;
	store_copy(me.data, kept);
	if
	:: in_place -> me.data.inode = i
	:: else -> names++; me.data.inode = names
	fi;
	i = 0;
	if
	:: with_mark ->
		/* Its own mark, in the inode that it names: as if the whole
		 * machine went back. */
		mark_copy(me.cache, kept_mark);
		mark_copy(me.disk, kept_mark);
		whole = whole || me.data.inode == kept_mark.inode
	:: else
	fi;
	me.lagged = me.lagged && in_place
}

proctype author(byte n)
{
	byte l;

	do
	:: d_step { s[n].phase == DOWN && s[n].data.id != 0 -> open(s[n]) }
	:: d_step { s[n].phase == OPEN && leaves < LEAVES -> begin(s[n]) }
	:: atomic { s[n].phase == OPEN && (peer & ~s[n].data.held) != 0 ->
		l = 1;
		do
		:: l < LEAVES -> l++
		:: has(peer, l) && !has(s[n].data.held, l) &&
		    (parent[l] == 0 || has(s[n].data.held, parent[l])) -> break
		:: l == LEAVES -> break
		od;
		if
		:: has(peer, l) && !has(s[n].data.held, l) &&
		    (parent[l] == 0 || has(s[n].data.held, parent[l])) ->
			d_step { begin(s[n]); s[n].take = l; l = 0 }
		:: else -> l = 0
		fi }
	:: d_step { s[n].phase == BEGUN &&
	    (s[n].take != 0 || leaves < LEAVES) -> commit(s[n]) }
	:: d_step { s[n].phase == DONE ->
		s[n].phase = OPEN;
		if
		:: s[n].writable -> s[n].cache.number = s[n].data.number
		:: else
		fi }
	/* The mark cannot be written, and nobody tries again. */
	:: d_step { s[n].phase == DONE && troubles < TROUBLES ->
		troubles++;
		s[n].phase = OPEN;
		s[n].writable = 0;
		s[n].lagged = 1 }
	/* The process ends, however. */
	:: d_step { s[n].phase == OPEN -> close(s[n]) }
	:: d_step { s[n].phase >= BEGUN && troubles < TROUBLES ->
		troubles++;
		crash(s[n]) }
	/* The power goes. */
	:: d_step { s[n].data.id != 0 && troubles < TROUBLES ->
		troubles++;
		mark_copy(s[n].cache, s[n].disk);
		blind = blind || s[n].soft;
		s[n].soft = 0;
		crash(s[n]) }
	/* What is committed can be read, and so handed on. */
	:: d_step { s[n].phase != DOWN && (s[n].data.held & ~peer) != 0 ->
		peer = peer | s[n].data.held }
	od
}

proctype world()
{
	do
	/* The system writes the mark to the disk when it likes. */
	:: d_step { s[0].disk.number != s[0].cache.number ->
		mark_copy(s[0].disk, s[0].cache);
		s[0].soft = 0 }
	:: d_step { !has_kept && s[0].data.id != 0 ->
		has_kept = 1;
		store_copy(kept, s[0].data);
		mark_copy(kept_mark, s[0].cache) }
	/* Somebody takes the copy for the first. */
	:: d_step { s[1].data.id != 0 && kept.id != s[1].data.id ->
		store_copy(kept, s[1].data);
		mark_copy(kept_mark, s[1].cache) }
	:: atomic { has_kept && s[0].phase == DOWN && troubles < TROUBLES ->
		troubles++;
		if
		:: d_step { restore(s[0], 1, 0) }
		:: d_step { restore(s[0], 0, 0) }
		:: d_step { restore(s[0], 1, 1) }
		:: d_step { restore(s[0], 0, 1) }
		:: d_step { restore(s[0], 1, 0); s[0].cache.id = 0;
			s[0].disk.id = 0 }
		fi }
	/* A copy beside the first, with its mark or without; once in a while of
	 * the whole machine. */
	:: atomic { has_kept && s[1].data.id == 0 && troubles < TROUBLES ->
		troubles++;
		store_copy(s[1].data, kept);
		if
		:: d_step { names++; s[1].data.inode = names }
		:: d_step { names++; s[1].data.inode = names;
			mark_copy(s[1].cache, kept_mark);
			mark_copy(s[1].disk, kept_mark) }
		:: d_step { mark_copy(s[1].cache, kept_mark);
			mark_copy(s[1].disk, kept_mark);
			whole = 1 }
		fi }
	od
}

init
{
	atomic {
		s[0].data.id = 1;
		s[0].data.inode = 2;
		s[0].cache.id = 1;
		s[0].cache.inode = 2;
		mark_copy(s[0].disk, s[0].cache);
		run author(0);
		run author(1);
		run world()
	}
}
