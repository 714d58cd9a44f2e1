/*
 * Acknowledgements: what a node believes of its peer, and so counts as safe
 * elsewhere, was durable there, and is taken back at the next hello when the
 * peer went back (docs/sync.md §4 and §7, net/peer/ack.c, opening.c).
 *
 * Two nodes, a log of each.  Of a node there is what its store holds (how much
 * of each log, what it believes of the peer, what it told the peer) and what its
 * session knows.  Clocks are the sizes of the two logs; a digest is the clock
 * itself.  The line keeps the order of messages, and may go at any moment with
 * all that is on it; a process may end at any moment, before a commit, after it
 * and before what follows; a store may go back to what it was once, with its
 * beliefs.  Beliefs are written down some time after they were heard, at the
 * latest before a session ends well.
 *
 * Left out: roots and forks (who went back goes on in a new log, see
 * incarnation.pml, and so writes no more here), bodies, rights, credit; two
 * sessions of one pair at a time; numbers instead of digests.
 *
 * Proved:
 *   1  Whatever stands in a store as belief was once durable at the peer.
 *   2  When the clocks of a session are known, until it ends: what a side
 *      believes is durable at the peer now; in the store too, once written.
 *   3  And then nothing that the peer acknowledged before is missing from it,
 *      if the peer did not go back.  (While a whole clock is under way less may
 *      be believed, never more.)
 *   4  When nothing can happen any more, both hold the same and believe exactly
 *      that; so no session gets stuck.
 *
 * Breaks, each of which is found: ACK_EARLY (an acknowledgement is said before
 * the commit), SENT_IS_HELD (what was sent is believed to be there), NO_HELLO
 * (digests are not compared), NO_FORGET (a whole clock raises what is believed
 * and lowers nothing), NEWS_ONLY (a clock is never said whole).
 */
#ifndef SIZE
#define SIZE 2		/* of a log, at most */
#endif
#ifndef TROUBLES
#define TROUBLES 2	/* broken lines, ended processes, restores */
#endif

mtype = { HELLO, CLOCK, CHUNK };
#define WHOLE 1
#define LAST 2

typedef store {
	byte size[2];	/* of each log, durable */
	byte has[2];	/* the peer, as is believed */
	byte told[2];	/* to the peer */
	bit closed	/* it went back: its log is written no more */
}

typedef session {
	bit said;	/* our clock is known to the peer */
	bit heard;	/* and its clock to us */
	byte mine[2];	/* as the hello said */
	byte has[2];
	byte told[2];
	byte sent[2];
	byte taken[2];	/* in the open transaction; durable at its commit */
	bit dirty;	/* beliefs are not written down */
	bit forget	/* nor is that older ones are void */
}

store d[2];
store kept[2];
bit has_kept[2];
session t[2];
bit linked = 0;
byte troubles = 0;

/* Of the two logs each message carries a size, or NONE. */
#define NONE 15
chan to[2] = [5] of { mtype, byte, byte, byte, byte };

byte high0[2];	/* the most that was ever durable: log 0 at each node */
byte high1[2];
byte floor0[2];	/* the least that each must believe of log 0 */
byte floor1[2];

#define PEER (1 - n)
#define LIVE(n) (linked && t[n].said && t[n].heard)
#define LESS(n) (t[n].has[0] <= d[1 - n].size[0] && t[n].has[1] <= d[1 - n].size[1])
#define ONCE(n) (d[n].has[0] <= high0[1 - n] && d[n].has[1] <= high1[1 - n])

inline look(n)
{
	assert(ONCE(n));	/* 1 */
	if
	:: linked && t[n].heard ->
		assert(LESS(n));	/* 2 */
		if
		:: !t[n].dirty ->
			assert(d[n].has[0] <= d[PEER].size[0] &&
			    d[n].has[1] <= d[PEER].size[1]);
			assert(d[n].has[0] >= floor0[n] &&
			    d[n].has[1] >= floor1[n])	/* 3 */
		:: else
		fi
	:: else
	fi
}

inline cut_line()
{
	linked = 0;
	do
	:: len(to[0]) > 0 -> to[0]?_, _, _, _, _
	:: len(to[1]) > 0 -> to[1]?_, _, _, _, _
	:: else -> break
	od;
	session_clear(0);
	session_clear(1)
}

inline session_clear(m)
{
	t[m].said = 0;
	t[m].heard = 0;
	t[m].dirty = 0;
	t[m].forget = 0;
	for (i : 0 .. 1) {
		t[m].mine[i] = 0;
		t[m].has[i] = 0;
		t[m].told[i] = 0;
		t[m].sent[i] = 0;
		t[m].taken[i] = 0
	}
	i = 0
}

inline session_open(m)
{
	for (i : 0 .. 1) {
		t[m].mine[i] = d[m].size[i];
		t[m].has[i] = d[m].has[i];
		t[m].told[i] = d[m].told[i];
		t[m].sent[i] = 0;
		t[m].taken[i] = d[m].size[i]
	}
	i = 0;
	to[1 - m]!HELLO, d[m].size[0], d[m].size[1], d[m].has[0], d[m].has[1]
}

byte i = 0;
byte whole = 0;

/* What of its clock the peer does not know is said, in a message for each log.
 */
inline clock_say(n)
{
	to[PEER]!CLOCK, (whole || d[n].size[0] != t[n].told[0] -> d[n].size[0] :
	    NONE), NONE, whole, 0;
	to[PEER]!CLOCK, NONE, (whole || d[n].size[1] != t[n].told[1] ->
	    d[n].size[1] : NONE), 0, LAST;
	t[n].told[0] = d[n].size[0];
	t[n].told[1] = d[n].size[1];
	t[n].dirty = 1;
	t[n].said = 1
}

inline believe(n, l, amount)
{
	if
	:: amount != NONE ->
#ifdef NO_FORGET
		t[n].has[l] = (amount > t[n].has[l] || t[n].heard -> amount :
		    t[n].has[l]);
#else
		t[n].has[l] = amount;
#endif
		t[n].dirty = 1
	:: else
	fi
}

/* Beliefs are written down, in the transaction of whatever else is. */
inline flush(n)
{
	for (i : 0 .. 1) {
		d[n].has[i] = t[n].has[i];
		d[n].told[i] = t[n].told[i]
	}
	i = 0;
	t[n].dirty = 0;
	t[n].forget = 0;
	if
	:: t[n].heard ->
		floor0[n] = t[n].has[0];
		floor1[n] = t[n].has[1]
	:: else
	fi
}

inline commit(n)
{
	for (i : 0 .. 1) {
		if
		:: t[n].taken[i] > d[n].size[i] ->
			d[n].size[i] = t[n].taken[i];
			t[n].told[i] = d[n].size[i]
		:: else
		fi
	}
	i = 0;
	durable(n);
	flush(n)
}

inline durable(n)
{
	high0[n] = (d[n].size[0] > high0[n] -> d[n].size[0] : high0[n]);
	high1[n] = (d[n].size[1] > high1[n] -> d[n].size[1] : high1[n])
}

proctype node(byte n)
{
	byte a;
	byte b;
	byte c;
	byte e;
	byte was0;
	byte was1;

end_rest:
	do
	/* A local write. */
	:: d_step { !d[n].closed && d[n].size[n] < SIZE &&
	    t[n].taken[1 - n] <= d[n].size[1 - n] ->
		d[n].size[n]++;
		t[n].taken[n] = d[n].size[n] * linked;
		durable(n);
		look(n) }
	:: d_step { linked && to[n]?[HELLO] && len(to[PEER]) < 3 ->
		to[n]?HELLO, a, b, c, e;
#ifdef NO_HELLO
		t[n].heard = 1;
		t[n].said = 1;
#else
		t[n].heard = (a == t[n].has[0] && b == t[n].has[1]);
		t[n].said = (c == t[n].mine[0] && e == t[n].mine[1]);
#endif
		whole = (c != t[n].told[0] || e != t[n].told[1] -> WHOLE : 0);
#ifdef NEWS_ONLY
		whole = 0;
#endif
		if
		:: !t[n].said -> clock_say(n)
		:: else
		fi;
		whole = 0;
		a = 0; b = 0; c = 0; e = 0;
		look(n) }
	:: d_step { linked && to[n]?[CLOCK] ->
		to[n]?CLOCK, a, b, c, e;
		if
		:: c == WHOLE ->
#ifndef NO_FORGET
			t[n].has[0] = 0;
			t[n].has[1] = 0;
#endif
			t[n].forget = 1;
			t[n].dirty = 1
		:: else
		fi;
		believe(n, 0, a);
		believe(n, 1, b);
		t[n].heard = t[n].heard || e == LAST;
		a = 0; b = 0; c = 0; e = 0;
		look(n) }
	/* Sends what the peer lacks; that tells what is here, too. */
	:: d_step { LIVE(n) && len(to[PEER]) < 4 && d[n].size[0] > t[n].has[0] &&
	    d[n].size[0] > t[n].sent[0] ->
		to[PEER]!CHUNK, 0, (t[n].sent[0] > t[n].has[0] -> t[n].sent[0] :
		    t[n].has[0]), d[n].size[0], 0;
		t[n].sent[0] = d[n].size[0];
		t[n].told[0] = d[n].size[0];
		t[n].dirty = 1;
#ifdef SENT_IS_HELD
		believe(n, 0, d[n].size[0]);
#endif
		look(n) }
	:: d_step { LIVE(n) && len(to[PEER]) < 4 && d[n].size[1] > t[n].has[1] &&
	    d[n].size[1] > t[n].sent[1] ->
		to[PEER]!CHUNK, 1, (t[n].sent[1] > t[n].has[1] -> t[n].sent[1] :
		    t[n].has[1]), d[n].size[1], 0;
		t[n].sent[1] = d[n].size[1];
		t[n].told[1] = d[n].size[1];
		t[n].dirty = 1;
#ifdef SENT_IS_HELD
		believe(n, 1, d[n].size[1]);
#endif
		look(n) }
	/* Takes it in, in a transaction; it never begins beyond what is held. */
	:: d_step { linked && to[n]?[CHUNK] && len(to[PEER]) < 4 ->
		to[n]?CHUNK, a, b, c, e;
		assert(b <= t[n].taken[a]);
		/* Who sends it has it. */
		believe(n, a, c);
		t[n].taken[a] = (c > t[n].taken[a] -> c : t[n].taken[a]);
#ifdef ACK_EARLY
		was0 = (a == 0 -> c : NONE);
		was1 = (a == 1 -> c : NONE);
		to[PEER]!CLOCK, was0, was1, 0, 0;
		was0 = 0;
		was1 = 0;
#endif
		a = 0; b = 0; c = 0; e = 0;
		look(n) }
	/* Commits, and then says so; may end between the two. */
	:: atomic { linked && len(to[PEER]) < 4 &&
	    (t[n].taken[0] > d[n].size[0] || t[n].taken[1] > d[n].size[1]) ->
		d_step {
			was0 = d[n].size[0];
			was1 = d[n].size[1];
			commit(n);
			look(n)
		};
		if
		:: d_step {
#ifndef ACK_EARLY
			was0 = (d[n].size[0] > was0 -> d[n].size[0] : NONE);
			was1 = (d[n].size[1] > was1 -> d[n].size[1] : NONE);
			to[PEER]!CLOCK, was0, was1, 0, 0;
#endif
			was0 = 0;
			was1 = 0 }
		:: troubles < TROUBLES -> d_step { troubles++;
			was0 = 0;
			was1 = 0;
			cut_line() }
		fi }
	:: d_step { linked && t[n].dirty -> flush(n); look(n) }
	:: d_step { !linked && !has_kept[n] && troubles < TROUBLES ->
		has_kept[n] = 1;
		for (i : 0 .. 1) {
			kept[n].size[i] = d[n].size[i];
			kept[n].has[i] = d[n].has[i];
			kept[n].told[i] = d[n].told[i]
		}
		i = 0 }
	/* The store goes back. */
	:: d_step { !linked && has_kept[n] && troubles < TROUBLES ->
		troubles++;
		for (i : 0 .. 1) {
			d[n].size[i] = kept[n].size[i];
			d[n].has[i] = kept[n].has[i];
			d[n].told[i] = kept[n].told[i]
		}
		i = 0;
		d[n].closed = 1;
		floor0[0] = 0; floor0[1] = 0;
		floor1[0] = 0; floor1[1] = 0;
		look(n) }
	od
}

proctype line()
{
end_line:
	do
	:: d_step { !linked ->
		linked = 1;
		session_open(0);
		session_open(1) }
	/* The line goes, or a process. */
	:: d_step { linked && troubles < TROUBLES ->
		troubles++;
		cut_line() }
	:: timeout ->
		assert(linked && t[0].said && t[0].heard && t[1].said &&
		    t[1].heard && !t[0].dirty && !t[1].dirty);
		assert(d[0].size[0] == d[1].size[0] &&
		    d[0].size[1] == d[1].size[1]);	/* 4 */
		assert(d[0].has[0] == d[1].size[0] &&
		    d[0].has[1] == d[1].size[1] &&
		    d[1].has[0] == d[0].size[0] &&
		    d[1].has[1] == d[0].size[1]);
		break
	od
}

init
{
	atomic {
		run node(0);
		run node(1);
		run line()
	}
}
