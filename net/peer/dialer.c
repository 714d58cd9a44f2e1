/*
 * One attempt to reach a place.  net/peer/caller.c makes one for each call that
 * the book gives, and whoever wants the events of the links gets them as if it
 * had dialled itself.
 */
#include "net/peer/dialer.h"

#include "proto/mem.h"

struct dialer {
	struct dialer_config config;
	struct loop_timer *timer;  /* owned; until it begins */
	struct place_query *query; /* while the resolver is asked */
	struct link *link;	   /* while there is one */
	bool is_useful;		   /* something became durable over it */
};

static void dialer_on_timer(void *arg);
static void dialer_on_address(void *arg, enum err e, const char *address);
static void dialer_on_link(void *arg, struct link *link, enum link_event event);
static void dialer_end(struct dialer *dialer, bool tried, bool is_self);

struct dialer *
dialer_new(const struct dialer_config *config)
{
	struct dialer *dialer = mem_zeros(1, sizeof(*dialer));

	dialer->config = *config;
	dialer->timer = loop_timer_new(
	    hub_loop(config->link.hub), dialer_on_timer, dialer);
	loop_timer_set(dialer->timer, 0);
	return dialer;
}

uint64_t
dialer_number(const struct dialer *dialer)
{
	return dialer->config.call.number;
}

void
dialer_stop(struct dialer *dialer, const char *why)
{
	if (dialer->link != NULL) {
		link_end(dialer->link, ERR_OK, why);
		return;
	}
	(void)!err_set(ERR_PEER, "%s", why);
	dialer_end(dialer, false, false);
}

static void
dialer_on_timer(void *arg)
{
	struct dialer *dialer = arg;
	const struct book_call *call = &dialer->config.call;
	struct place_asker asker = {.fn = dialer_on_address, .arg = dialer};

	if (place_is_number(&call->place))
		dialer_on_address(dialer, ERR_OK, call->place.host);
	else if (place_find(hub_loop(dialer->config.link.hub), &call->place,
		     call->turn, &asker, &dialer->query) != ERR_OK)
		dialer_end(dialer, false, false);
}

static void
dialer_on_address(void *arg, enum err e, const char *address)
{
	struct dialer *dialer = arg;
	struct link_config config = dialer->config.link;

	dialer->query = NULL;
	config.on_event = dialer_on_link;
	config.arg = dialer;
	if (e == ERR_OK)
		e = link_dial(&config, address, dialer->config.call.place.port,
		    &dialer->link);
	if (e != ERR_OK)
		dialer_end(dialer, false, false);
}

static void
dialer_on_link(void *arg, struct link *link, enum link_event event)
{
	struct dialer *dialer = arg;
	const struct dialer_config *config = &dialer->config;
	struct session_status status;

	link_status(link, &status);
	dialer->is_useful = status.useful;
	if (event == LINK_UP)
		config->on_up(config->arg, config->call.number, &status.peer);
	config->link.on_event(config->link.arg, link, event);
	if (event == LINK_ENDED)
		dialer_end(dialer, true,
		    !link_is_up(link) && link_why(link)->code == ERR_EXISTS);
}

static void
dialer_end(struct dialer *dialer, bool tried, bool is_self)
{
	const struct dialer_config *config = &dialer->config;
	struct dialer_end end = {.number = config->call.number,
	    .place = config->call.place,
	    .tried = tried,
	    .is_useful = dialer->is_useful,
	    .is_self = is_self};

	loop_timer_free(dialer->timer);
	place_forget(dialer->query);
	config->on_ended(config->arg, dialer, &end);
	mem_free(dialer);
}
