/*
 * Cuts of revocations: what lies beyond one does not count, on every node, and
 * whether a fact or a delta came early or late makes no difference
 * (docs/format.md §8, docs/decisions/13-strata-and-cuts.md, core/cuts.c,
 * core/authority_settle.c).
 *
 * Three logs of facts and one of data, leaf by leaf in any order that keeps each
 * log's own:
 *
 *     root      R1 admits E as admin · R2 admits D as admin · R3 takes back the
 *               grant of C with the cut `by_root` · R4 takes back that of D, with
 *               a cut of D's log at `left` leaves
 *     D         D1 grants C the right to write · D2 takes that back with the cut
 *               `by_d`
 *     E         E1 takes back the grant of D, its equal, with D's log cut at 0
 *     C, data   P, then A1 and A2 in one branch and B1 in another
 *
 * A cut is a size and the root there: that of A, of B, or of a branch that
 * nobody holds.  All sizes and roots, and all orders, are tried.
 *
 * The node judges as things come: a leaf when it arrives, by what it worked out
 * of the facts before; all leaves of the log when it is cut, because a new
 * branch may match a cut that none did; and everything when facts came, at the
 * end of the transaction, in which any number of leaves may have come.  Of the
 * cuts it computes how far they reach into each tip and spreads that over what
 * tips share, as core/cuts.c does.
 *
 * Proved: at each commit every leaf counts for the node exactly if it counts by
 * the text of §8, put into COUNTS below leaf by leaf, from what is held and
 * nothing else.  So two nodes that hold the same judge the same.
 *
 * Left out: adopts and voids, strata below the second, forks of D's log,
 * prefixes; tests/unit/test_authority_settle.c has them, on random histories.
 *
 * Breaks, each of which is found: IGNORED (cuts leave everything), NOT_AGAIN (a
 * late revocation leaves what is there as it was), LATE_GRANT (what came before
 * its grant stays outside), BY_ARRIVAL (a cut leaves what is held when it
 * comes), EQUALS (E1 counts), BRANCH_ALONE (another branch changes nothing of
 * the first), FIRST_HOLDS (of two revocations the one that came first holds),
 * DEEP (what D took back counts, though D's log is cut before it).
 */
#define ROOT_OF_A 0
#define ROOT_OF_B 1
#define ROOT_OF_NONE 2

/* What is held: leading leaves of each. */
byte r = 0;
byte d = 0;
byte e = 0;
bit p = 0;
byte a = 0;	/* A1, A2 */
byte b = 0;	/* B1 */

/* What the facts say. */
byte left = 0;
byte root_size = 0;
byte root_root = 0;
byte d_size = 0;
byte d_root = 0;

/* What counts for the node, and by what it was judged last. */
bit is_p = 0;
bit is_a1 = 0;
bit is_a2 = 0;
bit is_b1 = 0;
bit granted = 0;	/* the grant of C counts */
bit root_cuts = 0;
bit d_cuts = 0;
bit due = 0;	/* facts came in this transaction */

/* For breaks alone. */
bit old_p = 0;
bit old_a1 = 0;
bit old_a2 = 0;
bit old_b1 = 0;
byte had_a = 0;
byte had_b = 0;
byte first = 0;

/* Scratch. */
bit right;
byte speaks;
byte end_a;
byte end_b;
byte cut_a;
byte cut_b;
bit fits_a;
bit fits_b;

#define SIZE_A (p + a)
#define SIZE_B (p + b)

/* The root of the first `size` leaves of a tip, which has so many, fits. */
#define FITS(tip, size, root) ((size) < 2 || (root) == (tip))

/* How far a cut reaches into both tips.  That of B is there when B1 is, that of
 * A when A1 is or when P stands alone. */
inline cut_ends(size, root)
{
	fits_a = (a > 0 || b == 0) && SIZE_A >= size &&
	    FITS(ROOT_OF_A, size, root);
	fits_b = b > 0 && SIZE_B >= size && FITS(ROOT_OF_B, size, root);
	if
	:: fits_a || fits_b ->
		end_a = fits_a * size;
		end_b = fits_b * size
	:: else ->
		end_a = ((a > 0 || b == 0) && SIZE_A < size -> size : 0);
		end_b = (b > 0 && SIZE_B < size -> size : 0)
	fi;
	/* Both share P. */
	if
	:: a > 0 && b > 0 ->
		end_a = (end_a == 0 && end_b > 0 -> 1 : end_a);
		end_b = (end_b == 0 && end_a > 0 -> 1 : end_b)
	:: else
	fi;
#ifdef IGNORED
	end_a = 9;
	end_b = 9;
#endif
#ifdef BY_ARRIVAL
	end_a = had_a;
	end_b = had_b;
#endif
	cut_a = (end_a < cut_a -> end_a : cut_a);
	cut_b = (end_b < cut_b -> end_b : cut_b);
	fits_a = 0;
	fits_b = 0;
	end_a = 0;
	end_b = 0
}

inline judge()
{
	cut_a = granted * 9;
	cut_b = granted * 9;
	if
#ifdef FIRST_HOLDS
	:: root_cuts && !(d_cuts && first == 2) ->
#else
	:: root_cuts ->
#endif
		cut_ends(root_size, root_root)
	:: else
	fi;
	if
#ifdef FIRST_HOLDS
	:: d_cuts && !(root_cuts && first == 1) ->
#else
	:: d_cuts ->
#endif
		cut_ends(d_size, d_root)
	:: else
	fi;
	is_p = p && (((a > 0 || b == 0) && cut_a > 0) || (b > 0 && cut_b > 0));
	is_a1 = a > 0 && cut_a > 1;
	is_a2 = a > 1 && cut_a > 2;
	is_b1 = b > 0 && cut_b > 1;
	cut_a = 0;
	cut_b = 0
}

/* One leaf of data came. */
inline judge_new(which)
{
#ifdef BRANCH_ALONE
	old_p = is_p;
	old_a1 = is_a1;
	old_a2 = is_a2;
	old_b1 = is_b1;
	judge();
	is_p = (which == 0 -> is_p : old_p);
	is_a1 = (which == 1 && a == 1 -> is_a1 : old_a1);
	is_a2 = (which == 1 && a == 2 -> is_a2 : old_a2);
	is_b1 = (which == 2 -> is_b1 : old_b1);
	old_p = 0;
	old_a1 = 0;
	old_a2 = 0;
	old_b1 = 0
#else
	judge()
#endif
}

inline evaluate()
{
	/* How many leaves of D's log speak. */
	speaks = (r >= 2 -> (r >= 4 -> left : 9) : 0);
#ifdef EQUALS
	speaks = (e > 0 && r >= 2 -> 0 : speaks);
#endif
	granted = d >= 1 && speaks >= 1;
	root_cuts = r >= 3 && granted;
#ifdef DEEP
	d_cuts = d >= 2 && granted;
#else
	d_cuts = d >= 2 && speaks >= 2 && granted;
#endif
	speaks = 0;
#ifdef BY_ARRIVAL
	if
	:: (root_cuts || d_cuts) && first == 0 ->
		had_a = SIZE_A;
		had_b = SIZE_B;
		first = 3
	:: else
	fi;
#endif
#ifdef FIRST_HOLDS
	first = (first == 0 && root_cuts -> 1 : (first == 0 && d_cuts -> 2 :
	    first));
#endif
	skip
}

/* The text of §8, for one leaf of C's log with `n` leaves up to it and with it:
 * in which tips it lies, and which tips there are. */
#define TIP_A (p && (a > 0 || b == 0))
#define TIP_B (p && b > 0)
#define HAS_A(size, root) (TIP_A && SIZE_A >= (size) && \
	FITS(ROOT_OF_A, size, root))
#define HAS_B(size, root) (TIP_B && SIZE_B >= (size) && \
	FITS(ROOT_OF_B, size, root))
#define IF(condition, yes, no) (((condition) && (yes)) || (!(condition) && (no)))
#define LEAVES(in_a, in_b, n, size, root) \
	IF(HAS_A(size, root) || HAS_B(size, root), \
	(n) <= (size) && (((in_a) && HAS_A(size, root)) || \
	((in_b) && HAS_B(size, root))), \
	((in_a) && TIP_A && SIZE_A < (size)) || \
	((in_b) && TIP_B && SIZE_B < (size)))

/* D's leaf number n speaks: its grant is held and was not taken back before. */
#define D_SPEAKS(n) (d >= (n) && r >= 2 && (r < 4 || (n) <= left))
#define C_MAY (D_SPEAKS(1))
#define COUNTS(in_a, in_b, n) (C_MAY && \
	(r < 3 || LEAVES(in_a, in_b, n, root_size, root_root)) && \
	(!D_SPEAKS(2) || LEAVES(in_a, in_b, n, d_size, d_root)))

inline check()
{
	right = p && COUNTS(true, b > 0, 1);
	assert(is_p == right);
	right = a > 0 && COUNTS(true, false, 2);
	assert(is_a1 == right);
	right = a > 1 && COUNTS(true, false, 3);
	assert(is_a2 == right);
	right = b > 0 && COUNTS(false, true, 2);
	assert(is_b1 == right);
	right = 0
}

inline commit()
{
	if
	:: due ->
#ifdef NOT_AGAIN
		right = granted;
		evaluate();
		if
		:: !right || !(root_cuts || d_cuts) -> judge()
		:: else
		fi;
		right = 0;
#else
#ifdef LATE_GRANT
		right = granted;
		evaluate();
		if
		:: right || !granted -> judge()
		:: else
		fi;
		right = 0;
#else
		evaluate();
		judge();
#endif
#endif
		due = 0
	:: else
	fi;
	check()
}

init
{
	select (left : 0 .. 2);
	select (root_size : 0 .. 3);
	select (root_root : 0 .. 2);
	select (d_size : 0 .. 3);
	select (d_root : 0 .. 2);
	do
	:: d_step { r < 4 -> r++; due = 1 }
	:: d_step { d < 2 -> d++; due = 1 }
	:: d_step { e < 1 -> e++; due = 1 }
	:: d_step { !p -> p = 1; judge_new(0) }
	:: d_step { p && a < 2 -> a++; judge_new(1) }
	:: d_step { p && b < 1 -> b++; judge_new(2) }
	:: d_step { commit() }
	:: r == 4 && d == 2 && e == 1 && p && a == 2 && b == 1 && !due -> break
	od
}
