/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Surfaces that are made elsewhere: who orders is told once, or not at all, and waits for
 * nobody. */
#include "scene/painter.h"

#include <gio/gio.h>

/* An order whose thread waits until the test lets it go on. */
struct job {
	GMutex mutex;
	GCond cond;
	bool open;
	bool fails;
	unsigned int freed; /* with the mutex */
};

static struct surface *make(void *what, GError **error)
{
	struct job *job = what;
	bool fails;

	g_mutex_lock(&job->mutex);
	while (!job->open)
		g_cond_wait(&job->cond, &job->mutex);
	fails = job->fails;
	g_mutex_unlock(&job->mutex);
	if (!fails)
		return surface_create("test", 3, 2, error);
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "no ink");
	return NULL;
}

static void free_job(void *what)
{
	struct job *job = what;

	g_mutex_lock(&job->mutex);
	job->freed++;
	g_cond_broadcast(&job->cond);
	g_mutex_unlock(&job->mutex);
}

static const struct painter_work work = {make, free_job};

static void let_go(struct job *job)
{
	g_mutex_lock(&job->mutex);
	job->open = true;
	g_cond_broadcast(&job->cond);
	g_mutex_unlock(&job->mutex);
}

static void wait_freed(struct job *job, unsigned int count)
{
	g_mutex_lock(&job->mutex);
	while (job->freed < count)
		g_cond_wait(&job->cond, &job->mutex);
	g_mutex_unlock(&job->mutex);
}

struct told {
	unsigned int times;
	unsigned int surfaces;
	char *message;
	GThread *thread;
	struct painter *painter; /* orders again, once; or NULL */
	struct job *job;
};

static void on_made(void *data, struct surface *surface, const GError *error)
{
	struct told *told = data;

	told->times++;
	told->surfaces += surface != NULL;
	told->thread = g_thread_self();
	surface_destroy(surface);
	g_free(told->message);
	told->message = error ? g_strdup(error->message) : NULL;
	if (told->painter)
		painter_order(g_steal_pointer(&told->painter), &work, told->job, on_made, told);
}

static void wait_told(struct told *told, unsigned int times)
{
	while (told->times < times)
		g_main_context_iteration(NULL, TRUE);
}

static bool costs_turns(struct painter *painter)
{
	return g_main_context_find_source_by_user_data(NULL, painter) != NULL;
}

static void test_made(void)
{
	struct painter *painter = painter_create();
	struct job job = {0};
	struct told told = {0};

	/* The main loop hears of it only while there is an order. */
	g_assert_false(costs_turns(painter));
	painter_order(painter, &work, &job, on_made, &told);
	g_assert_true(costs_turns(painter));
	/* Whoever ordered goes on. */
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(told.times, ==, 0);
	let_go(&job);
	wait_told(&told, 1);
	g_assert_cmpuint(told.surfaces, ==, 1);
	g_assert_true(told.thread == g_thread_self());
	g_assert_cmpuint(job.freed, ==, 1);
	g_assert_false(costs_turns(painter));
	painter_destroy(painter);
}

static void test_failed(void)
{
	struct painter *painter = painter_create();
	struct job job = {.open = true, .fails = true};
	struct told told = {0};

	painter_order(painter, &work, &job, on_made, &told);
	wait_told(&told, 1);
	g_assert_cmpuint(told.surfaces, ==, 0);
	g_assert_cmpstr(told.message, ==, "no ink");
	g_free(told.message);
	painter_destroy(painter);
}

/* One that does not get on keeps no other. */
static void test_independent(void)
{
	struct painter *painter = painter_create();
	struct job slow = {0}, quick = {.open = true};
	struct told told_slow = {0}, told_quick = {0};

	painter_order(painter, &work, &slow, on_made, &told_slow);
	painter_order(painter, &work, &quick, on_made, &told_quick);
	wait_told(&told_quick, 1);
	g_assert_cmpuint(told_slow.times, ==, 0);
	let_go(&slow);
	wait_told(&told_slow, 1);
	painter_destroy(painter);
}

static void test_cancelled(void)
{
	struct painter *painter = painter_create();
	struct job job = {0}, next = {.open = true};
	struct told told = {0}, told_next = {0};

	painter_cancel(NULL);
	painter_cancel(painter_order(painter, &work, &job, on_made, &told));
	let_go(&job);
	wait_freed(&job, 0);
	painter_order(painter, &work, &next, on_made, &told_next);
	painter_wait(painter, 60000);
	g_assert_cmpuint(told_next.times, ==, 1);
	g_assert_cmpuint(told.times, ==, 0);
	g_assert_cmpuint(job.freed, ==, 1);
	painter_destroy(painter);
}

/* Ready, and never told. */
static void test_destroyed_ready(void)
{
	struct painter *painter = painter_create();
	struct job job = {.open = true};
	struct told told = {0};

	painter_cancel(painter_order(painter, &work, &job, on_made, &told));
	painter_destroy(painter);
	wait_freed(&job, 1);
	g_assert_cmpuint(told.times, ==, 0);
	painter_destroy(NULL);
}

/* The disk answers when nobody asks any more. */
static void test_destroyed_at_work(void)
{
	struct painter *painter = painter_create();
	struct job job = {0};
	struct told told = {0};

	painter_order(painter, &work, &job, on_made, &told);
	painter_destroy(painter);
	let_go(&job);
	wait_freed(&job, 1);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(told.times, ==, 0);
}

/* Also for what is ordered meanwhile; but not for ever. */
static void test_wait(void)
{
	struct painter *painter = painter_create();
	struct job quick = {.open = true}, slow = {0};
	struct told told = {.painter = painter, .job = &quick}, told_slow = {0};

	painter_wait(painter, 60000);
	painter_order(painter, &work, &quick, on_made, &told);
	painter_wait(painter, 60000);
	g_assert_cmpuint(told.times, ==, 2);
	painter_order(painter, &work, &slow, on_made, &told_slow);
	painter_wait(painter, 1);
	g_assert_cmpuint(told_slow.times, ==, 0);
	let_go(&slow);
	wait_told(&told_slow, 1);
	painter_destroy(painter);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/painter/made", test_made);
	g_test_add_func("/painter/failed", test_failed);
	g_test_add_func("/painter/independent", test_independent);
	g_test_add_func("/painter/cancelled", test_cancelled);
	g_test_add_func("/painter/destroyed-ready", test_destroyed_ready);
	g_test_add_func("/painter/destroyed-at-work", test_destroyed_at_work);
	g_test_add_func("/painter/wait", test_wait);
	return g_test_run();
}
