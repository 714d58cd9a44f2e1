/*
 * The event loop over libuv, and the clock that it waits by.  Used by
 * net/ and by the commands that run a node.  It knows no socket and takes no
 * decision.
 */
#include "net/loop.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <uv.h>

#include "proto/mem.h"

struct loop {
	uv_loop_t uv;
	uint8_t read_buffer[LOOP_READ_SIZE];
};

struct loop_timer {
	uv_timer_t uv;
	uint64_t at_ms; /* UINT64_MAX: at rest */
	loop_timer_fn *fn;
	void *arg; /* borrowed from the owner */
};

struct loop_soon {
	uv_idle_t uv;
	loop_timer_fn *fn;
	void *arg; /* borrowed from the owner */
};

struct loop_signal {
	uv_signal_t uv;
	loop_signal_fn *fn;
	void *arg; /* borrowed from the owner */
};

struct loop_task {
	uv_work_t uv;
	loop_work_fn *run;
	loop_work_fn *done;
	void *arg; /* borrowed from the owner */
};

static void task_run(uv_work_t *uv);
static void task_done(uv_work_t *uv, int status);
static void timer_arm(struct loop_timer *timer);
static void timer_on_fire(uv_timer_t *uv);
static void timer_on_close(uv_handle_t *uv);
static void soon_on_fire(uv_idle_t *uv);
static void soon_on_close(uv_handle_t *uv);
static void signal_on_arrive(uv_signal_t *uv, int number);
static void signal_on_close(uv_handle_t *uv);
static void must_be_closing(uv_handle_t *uv, void *arg);

uint64_t
loop_now_ms(void)
{
	struct timespec now;
	int status;

	status = clock_gettime(CLOCK_BOOTTIME, &now);
	assert(status == 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum err
loop_open(struct loop **loop)
{
	struct loop *opened = mem_new(sizeof(*opened));
	int status;

	*loop = NULL;
	status = uv_loop_init(&opened->uv);
	if (status != 0) {
		mem_free(opened);
		return err_set(ERR_IO, "event loop: %s", uv_strerror(status));
	}
	(void)signal(SIGPIPE, SIG_IGN);
	*loop = opened;
	return ERR_OK;
}

void
loop_run(struct loop *loop)
{
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

bool
loop_step(struct loop *loop)
{
	return uv_run(&loop->uv, UV_RUN_ONCE) != 0;
}

void
loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

uint64_t
loop_turn_ms(const struct loop *loop)
{
	return uv_now(&loop->uv);
}

size_t
loop_descriptors(size_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max
							 : wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0 &&
		    getrlimit(RLIMIT_NOFILE, &limit) != 0)
			return 0;
	}
	return limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

void
loop_close(struct loop *loop)
{
	int status;

	if (loop == NULL)
		return;
	uv_walk(&loop->uv, must_be_closing, NULL);
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
		;
	status = uv_loop_close(&loop->uv);
	assert(status == 0);
	mem_free(loop);
}

static void
must_be_closing(uv_handle_t *uv, void *arg)
{
	(void)arg;
	assert(uv_is_closing(uv));
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *timer = mem_new(sizeof(*timer));
	int status;

	timer->at_ms = UINT64_MAX;
	timer->fn = fn;
	timer->arg = arg;
	status = uv_timer_init(&loop->uv, &timer->uv);
	assert(status == 0);
	timer->uv.data = timer;
	return timer;
}

void
loop_timer_set(struct loop_timer *timer, uint64_t at_ms)
{
	int status;

	timer->at_ms = at_ms;
	if (at_ms != UINT64_MAX) {
		timer_arm(timer);
		return;
	}
	status = uv_timer_stop(&timer->uv);
	assert(status == 0);
}

/* libuv counts from the start of this turn of the loop, by a clock that stops
 * while the machine sleeps; both make it early or late, never lost.  It runs
 * all timers that are due before it looks at sockets, so one that is set to
 * the past by its own callback must wait for the next millisecond, or nothing
 * else would ever run. */
static void
timer_arm(struct loop_timer *timer)
{
	uint64_t now_ms = loop_now_ms();
	uint64_t wait_ms = timer->at_ms > now_ms ? timer->at_ms - now_ms : 1;
	int status;

	status = uv_timer_start(&timer->uv, timer_on_fire, wait_ms, 0);
	assert(status == 0);
}

static void
timer_on_fire(uv_timer_t *uv)
{
	struct loop_timer *timer = uv->data;

	if (timer->at_ms > loop_now_ms()) {
		timer_arm(timer);
		return;
	}
	timer->at_ms = UINT64_MAX;
	timer->fn(timer->arg);
}

void
loop_timer_free(struct loop_timer *timer)
{
	if (timer != NULL)
		uv_close((uv_handle_t *)&timer->uv, timer_on_close);
}

static void
timer_on_close(uv_handle_t *uv)
{
	mem_free(uv->data);
}

struct loop_soon *
loop_soon_new(struct loop *loop, loop_timer_fn *fn, void *arg)
{
	struct loop_soon *soon = mem_new(sizeof(*soon));
	int status;

	soon->fn = fn;
	soon->arg = arg;
	status = uv_idle_init(&loop->uv, &soon->uv);
	assert(status == 0);
	soon->uv.data = soon;
	return soon;
}

/* libuv looks at sockets, without waiting, between two calls of an idle
 * handle. */
void
loop_soon_set(struct loop_soon *soon)
{
	int status = uv_idle_start(&soon->uv, soon_on_fire);

	assert(status == 0);
}

static void
soon_on_fire(uv_idle_t *uv)
{
	struct loop_soon *soon = uv->data;

	(void)uv_idle_stop(uv);
	soon->fn(soon->arg);
}

void
loop_soon_free(struct loop_soon *soon)
{
	if (soon != NULL)
		uv_close((uv_handle_t *)&soon->uv, soon_on_close);
}

static void
soon_on_close(uv_handle_t *uv)
{
	mem_free(uv->data);
}

enum err
loop_signal_open(struct loop *loop, int number, loop_signal_fn *fn, void *arg,
    struct loop_signal **opened)
{
	struct loop_signal *signal = mem_new(sizeof(*signal));
	int status;

	*opened = NULL;
	signal->fn = fn;
	signal->arg = arg;
	status = uv_signal_init(&loop->uv, &signal->uv);
	if (status != 0) {
		mem_free(signal);
		return err_set(ERR_IO, "signals: %s", uv_strerror(status));
	}
	signal->uv.data = signal;
	status = uv_signal_start(&signal->uv, signal_on_arrive, number);
	if (status != 0) {
		loop_signal_close(signal);
		return err_set(
		    ERR_IO, "signal %d: %s", number, uv_strerror(status));
	}
	*opened = signal;
	return ERR_OK;
}

static void
signal_on_arrive(uv_signal_t *uv, int number)
{
	struct loop_signal *signal = uv->data;

	signal->fn(signal->arg, number);
}

void
loop_signal_close(struct loop_signal *signal)
{
	if (signal != NULL)
		uv_close((uv_handle_t *)&signal->uv, signal_on_close);
}

static void
signal_on_close(uv_handle_t *uv)
{
	mem_free(uv->data);
}

void
loop_work(struct loop *loop, loop_work_fn *run, loop_work_fn *done, void *arg)
{
	struct loop_task *task = mem_new(sizeof(*task));
	int status;

	task->run = run;
	task->done = done;
	task->arg = arg;
	task->uv.data = task;
	status = uv_queue_work(&loop->uv, &task->uv, task_run, task_done);
	assert(status == 0);
}

unsigned
loop_cores(void)
{
	unsigned n = uv_available_parallelism();

	return n > 0 ? n : 1;
}

static void
task_run(uv_work_t *uv)
{
	struct loop_task *task = uv->data;

	task->run(task->arg);
}

static void
task_done(uv_work_t *uv, int status)
{
	struct loop_task *task = uv->data;

	/* Nobody takes work back. */
	assert(status == 0);
	task->done(task->arg);
	mem_free(task);
}

struct uv_loop_s *
loop_uv(struct loop *loop)
{
	return &loop->uv;
}

uint8_t *
loop_read_buffer(struct loop *loop)
{
	return loop->read_buffer;
}
