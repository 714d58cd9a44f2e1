#ifndef GOLMOK_TESTS_SIM_WIRE_H
#define GOLMOK_TESTS_SIM_WIRE_H

#include "proto/msg.h"
#include "tests/sim/sim.h"

/* Wires between nodes, and what passes over them. */

/* Connects `a` and `b`; NULL when no wire is free.  With `once` the sessions
 * end when both have nothing to send. */
struct sim_wire *wire_open(struct sim_node *a, struct sim_node *b, bool once);
/* The wire breaks: what is on its way is lost. */
void wire_break(struct sim_wire *wire);
/* One bit of what comes next flips. */
void wire_damage(struct sim_wire *wire);
/* The end of `side` is gone without a word: what it had sent still comes. */
void wire_half(struct sim_wire *wire, unsigned side);
/* All wires of `node` break. */
void wire_break_all(struct sim_node *node);
/* Up to `bytes_max` bytes from side `from` go onto the wire and arrive. */
void wire_carry(struct sim_wire *wire, unsigned from, size_t bytes_max);
/* Takes in what arrived at `node`, in one transaction over its sessions; with
 * `crash` the process is gone before the commit, in it, or before it could tell
 * anybody. */
void wire_work(struct sim_node *node, bool crash);
/* Lets the sessions of `node` decide what to send. */
void wire_fill(struct sim_node *node);
/* Time has passed. */
void wire_tick(struct sim *sim);
/* Runs the wire until both sides have ended well; false when it broke. */
bool wire_finish(struct sim_wire *wire);
/* For tests/sim/wrap_seals.c: the session at work has opened a frame, which no
 * changed byte may go before. */
void wire_opened(void);
/* For tests/sim/twist.c: the session at work makes a chunk while `queued` bytes
 * wait to be sent, of `most` that may.  Ends the program when it may not. */
void wire_made(size_t queued, size_t most);
/* For tests/sim/wrap.c: `msg` is being sent by the session at work.  Ends the
 * program when its peer may not have what it says. */
void wire_said(const struct msg *msg);
/* The city, when the session at work says what it likes; NULL: it does not. */
struct sim *wire_twister(void);
/* It has said something that no true session says. */
void wire_twisted(void);
/* What wire_said is told from now on `from` says to `to` in a file; NULL: no
 * more. */
void wire_listen(struct sim_node *from, struct sim_node *to);

#endif
