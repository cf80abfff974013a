/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/painter.h"

#include "turn.h"

struct painter {
	/* Due when an order is ready. There while there are orders: each source costs every turn of
	 * the loop. */
	GSource *source;
	GMutex mutex; /* of all that follows, and of orders but for what their threads have */
	GCond ready;
	GQueue orders; /* that are not ready */
	GQueue done; /* that are, and nobody was told */
	bool closed; /* who is still at work is nobody's */
	unsigned int references; /* one a thread, and the owner's */
};

struct painter_order {
	struct painter *painter;
	const struct painter_work *work;
	void *what;
	painter_func func; /* NULL: cancelled */
	void *data;
	struct surface *surface;
	GError *error;
};

static void free_order(struct painter_order *order)
{
	order->work->free(order->what);
	surface_destroy(order->surface);
	g_clear_error(&order->error);
	g_free(order);
}

/* With the mutex held, which is no more then where it was the last one. */
static void unlock_and_unref(struct painter *painter)
{
	bool last = --painter->references == 0;

	g_mutex_unlock(&painter->mutex);
	if (!last)
		return;
	g_mutex_clear(&painter->mutex);
	g_cond_clear(&painter->ready);
	g_free(painter);
}

/* With the mutex held. */
static void finish(struct painter *painter, struct painter_order *order)
{
	if (painter->closed) {
		free_order(order);
		return;
	}
	g_queue_remove(&painter->orders, order);
	g_queue_push_tail(&painter->done, order);
	g_source_set_ready_time(painter->source, 0);
	g_cond_signal(&painter->ready);
}

static gpointer run(gpointer data)
{
	struct painter_order *order = data;
	struct painter *painter = order->painter;

	order->surface = order->work->make(order->what, &order->error);
	g_mutex_lock(&painter->mutex);
	finish(painter, order);
	unlock_and_unref(painter);
	return NULL;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data);

static GSourceFuncs source_funcs = {.dispatch = dispatch};

/* A source without a callback is taken for a removed one. */
static gboolean source_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

/* With the mutex held, in the main thread. */
static void listen_for_orders(struct painter *painter)
{
	if (painter->source)
		return;
	painter->source = g_source_new(&source_funcs, sizeof(GSource));
	g_source_set_static_name(painter->source, "painter");
	g_source_set_callback(painter->source, source_callback, painter, NULL);
	g_source_attach(painter->source, NULL);
}

static void stop_listening(struct painter *painter)
{
	if (!painter->source)
		return;
	g_source_destroy(painter->source);
	g_clear_pointer(&painter->source, g_source_unref);
}

/* Tells of all that are ready now. What is called may order more. */
static void tell(struct painter *painter)
{
	struct painter_order *order;

	g_mutex_lock(&painter->mutex);
	while ((order = g_queue_pop_head(&painter->done))) {
		painter_func func = order->func;

		g_mutex_unlock(&painter->mutex);
		if (func)
			func(order->data, g_steal_pointer(&order->surface), order->error);
		free_order(order);
		g_mutex_lock(&painter->mutex);
	}
	if (g_queue_is_empty(&painter->orders))
		stop_listening(painter);
	g_mutex_unlock(&painter->mutex);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	turn_note();
	g_source_set_ready_time(source, -1);
	tell(data);
	return G_SOURCE_CONTINUE;
}

struct painter *painter_create(void)
{
	struct painter *painter = g_new0(struct painter, 1);

	painter->references = 1;
	g_mutex_init(&painter->mutex);
	g_cond_init(&painter->ready);
	return painter;
}

void painter_destroy(struct painter *painter)
{
	struct painter_order *order;

	if (!painter)
		return;
	g_mutex_lock(&painter->mutex);
	painter->closed = true;
	stop_listening(painter);
	while ((order = g_queue_pop_head(&painter->done)))
		free_order(order);
	g_queue_clear(&painter->orders);
	unlock_and_unref(painter);
}

struct painter_order *painter_order(struct painter *painter, const struct painter_work *work,
	void *what, painter_func func, void *data)
{
	struct painter_order *order = g_new0(struct painter_order, 1);
	GThread *thread;

	*order = (struct painter_order){.painter = painter,
		.work = work,
		.what = what,
		.func = func,
		.data = data};
	g_mutex_lock(&painter->mutex);
	listen_for_orders(painter);
	g_queue_push_tail(&painter->orders, order);
	thread = g_thread_try_new("painter", run, order, &order->error);
	if (thread)
		painter->references++;
	else
		finish(painter, order);
	g_mutex_unlock(&painter->mutex);
	if (thread)
		g_thread_unref(thread);
	return order;
}

void painter_cancel(struct painter_order *order)
{
	if (!order)
		return;
	g_mutex_lock(&order->painter->mutex);
	order->func = NULL;
	g_mutex_unlock(&order->painter->mutex);
}

void painter_wait(struct painter *painter, unsigned int timeout_ms)
{
	gint64 end_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	bool in_time = true;

	g_mutex_lock(&painter->mutex);
	while (!g_queue_is_empty(&painter->orders) && in_time) {
		in_time = g_cond_wait_until(&painter->ready, &painter->mutex, end_us);
		/* What one is told may be the next order. */
		g_mutex_unlock(&painter->mutex);
		tell(painter);
		g_mutex_lock(&painter->mutex);
	}
	g_mutex_unlock(&painter->mutex);
	tell(painter);
}
