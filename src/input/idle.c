/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A timer for each guest, set anew only when it runs out: a mouse moves a thousand times a second,
 * and each time costs no more than to read the clock.
 */
#include "input/idle.h"

#include "turn.h"

struct watch {
	struct idle *idle;
	const char *guest;
	const struct machine *machine;
	int64_t after_us;
	int64_t last_us; /* input */
	guint timer; /* while it counts and the guest is not idle; else 0 */
	bool is_idle;
};

struct idle {
	const struct idle_listener *listener;
	void *data;
	struct watch *watches; /* of guests with idle-off= */
	size_t count;
	bool counts;
};

static gboolean ran_out(gpointer data);

static void arm(struct watch *watch, int64_t now_us)
{
	int64_t left_us = watch->last_us + watch->after_us - now_us;

	watch->timer = turn_name(
		g_timeout_add((guint)MAX((left_us + 999) / 1000, 1), ran_out, watch), "idle");
}

static void set_idle(struct watch *watch, bool is_idle)
{
	watch->is_idle = is_idle;
	watch->idle->listener->changed(watch->idle->data, watch->guest, is_idle);
}

static gboolean ran_out(gpointer data)
{
	struct watch *watch = data;
	int64_t now_us = g_get_monotonic_time();

	turn_note();
	watch->timer = 0;
	if (now_us - watch->last_us < watch->after_us)
		arm(watch, now_us);
	else
		set_idle(watch, true);
	return G_SOURCE_REMOVE;
}

static bool wake(struct watch *watch, int64_t now_us)
{
	bool was_idle = watch->is_idle;

	watch->last_us = now_us;
	if (was_idle)
		set_idle(watch, false);
	if (watch->timer == 0 && watch->idle->counts)
		arm(watch, now_us);
	return was_idle;
}

bool idle_input(struct idle *idle, const struct machine *machine)
{
	int64_t now_us;
	bool woke = false;

	if (idle->count == 0)
		return false;
	now_us = g_get_monotonic_time();
	for (size_t i = 0; i < idle->count; i++) {
		if (idle->watches[i].machine == machine)
			woke |= wake(&idle->watches[i], now_us);
	}
	return woke;
}

void idle_count(struct idle *idle, bool counts)
{
	int64_t now_us = g_get_monotonic_time();

	if (idle->counts == counts)
		return;
	idle->counts = counts;
	for (size_t i = 0; i < idle->count; i++) {
		if (!counts)
			g_clear_handle_id(&idle->watches[i].timer, g_source_remove);
		wake(&idle->watches[i], now_us);
	}
}

static bool is_watched(const struct config_guest *guest)
{
	return guest->idle_off_ms > 0;
}

bool idle_is_wanted(const GPtrArray *guests)
{
	for (guint i = 0; i < guests->len; i++) {
		if (is_watched(g_ptr_array_index(guests, i)))
			return true;
	}
	return false;
}

struct idle *idle_create(const GPtrArray *guests,
	struct machine *(*machine_of)(void *data, const char *guest), void *machine_data,
	const struct idle_listener *listener, void *data)
{
	struct idle *idle = g_new0(struct idle, 1);

	idle->listener = listener;
	idle->data = data;
	idle->watches = g_new0(struct watch, guests->len);
	for (guint i = 0; i < guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(guests, i);

		if (is_watched(guest))
			idle->watches[idle->count++] = (struct watch){
				.idle = idle,
				.guest = guest->name,
				.machine = machine_of(machine_data, guest->name),
				.after_us = guest->idle_off_ms * 1000,
			};
	}
	return idle;
}

void idle_destroy(struct idle *idle)
{
	if (!idle)
		return;
	for (size_t i = 0; i < idle->count; i++)
		g_clear_handle_id(&idle->watches[i].timer, g_source_remove);
	g_free(idle->watches);
	g_free(idle);
}
