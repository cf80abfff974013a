/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/dbus/calls.h"

#include "log.h"
#include "turn.h"

/* Each release beyond DBUS_CALLS_WAITING is of another key, button or contact. */
#define CAPACITY (DBUS_CALLS_WAITING + 256 + DBUS_BUTTONS + DBUS_SLOTS_MAX)

/* A wheel that was turned while nobody heard shall not turn for long. */
#define DETENTS_MAX 64

/* Of the time that a QEMU has to take our last releases. */
#define FINISH_MS 2000

struct dbus_calls {
	GDBusConnection *connection;
	char *owner;
	char *guest;
	GCancellable *cancellable;
	struct dbus_call_counters counters;
	unsigned int in_flight;
	bool error_logged;
	guint finish_timer; /* 0: dbus_calls_finish() was not called */

	/* A ring. */
	struct dbus_call waiting[CAPACITY];
	size_t first, count;
};

/* Those that dbus_calls_finish() has left to themselves. */
static unsigned int finishing;

static struct dbus_call *waiting(struct dbus_calls *calls, size_t index)
{
	return &calls->waiting[(calls->first + index) % CAPACITY];
}

/* ---- messages ---- */

static void calls_free(struct dbus_calls *calls)
{
	g_clear_handle_id(&calls->finish_timer, g_source_remove);
	g_object_unref(calls->cancellable);
	g_object_unref(calls->connection);
	g_free(calls->owner);
	g_free(calls->guest);
	g_free(calls);
}

static void finish_now(struct dbus_calls *calls)
{
	finishing--;
	g_cancellable_cancel(calls->cancellable);
	g_dbus_connection_close(calls->connection, NULL, NULL, NULL);
	calls_free(calls);
}

static void pump(struct dbus_calls *calls);

static void answered(GObject *source, GAsyncResult *result, gpointer data)
{
	struct dbus_calls *calls = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	/* It is this error also where an answer came first, and then `calls` are gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	calls->in_flight--;
	if (!answer) {
		calls->counters.refused++;
		if (!calls->error_logged)
			log_guest(G_LOG_LEVEL_INFO, calls->guest, "D-Bus display: %s",
				error->message);
		calls->error_logged = true;
	}
	pump(calls);
	if (calls->finish_timer && calls->in_flight == 0)
		finish_now(calls);
}

/* `parameters` are taken over. No time limit: a QEMU that is stopped goes on where it was. */
static void send(struct dbus_calls *calls, uint32_t console, const char *interface,
	const char *method, GVariant *parameters)
{
	char path[sizeof("/org/qemu/Display1/Console_4294967295")];

	g_snprintf(path, sizeof(path), "/org/qemu/Display1/Console_%u", console);
	g_dbus_connection_call(calls->connection, calls->owner, path, interface, method, parameters,
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, calls->cancellable, answered,
		calls);
	calls->in_flight++;
	calls->counters.calls++;
}

static void send_button(struct dbus_calls *calls, uint32_t console, uint32_t button, bool pressed)
{
	send(calls, console, "org.qemu.Display1.Mouse", pressed ? "Press" : "Release",
		g_variant_new("(u)", button));
}

static void send_key(struct dbus_calls *calls, const struct dbus_call *call, const char *method)
{
	send(calls, call->console, "org.qemu.Display1.Keyboard", method,
		g_variant_new("(u)", call->code));
}

static void send_touch(struct dbus_calls *calls, const struct dbus_call *call)
{
	/* Cancel (3) lifts nothing in QEMU: it is left out. */
	static const guint32 kinds[] = {
		[DBUS_TOUCH_BEGIN] = 0,
		[DBUS_TOUCH_UPDATE] = 1,
		[DBUS_TOUCH_END] = 2,
	};

	send(calls, call->console, "org.qemu.Display1.MultiTouch", "SendEvent",
		g_variant_new("(utdd)", kinds[call->kind], (guint64)call->code, call->x, call->y));
}

static gint32 to_pixels(double value)
{
	return (gint32)CLAMP(value, G_MININT32, G_MAXINT32);
}

/* One detent. */
static void send_wheel(struct dbus_calls *calls, struct dbus_call *call)
{
	uint32_t button = call->y > 0 ? DBUS_BUTTON_WHEEL_UP : DBUS_BUTTON_WHEEL_DOWN;

	if (call->y == 0)
		return;
	send_button(calls, call->console, button, true);
	send_button(calls, call->console, button, false);
	call->y += call->y > 0 ? -1 : 1;
}

static void make_call(struct dbus_calls *calls, struct dbus_call *call)
{
	switch (call->kind) {
	case DBUS_KEY_PRESS:
		send_key(calls, call, "Press");
		break;
	case DBUS_KEY_RELEASE:
		send_key(calls, call, "Release");
		break;
	case DBUS_BUTTON_PRESS:
	case DBUS_BUTTON_RELEASE:
		send_button(calls, call->console, call->code, call->kind == DBUS_BUTTON_PRESS);
		break;
	case DBUS_WHEEL:
		send_wheel(calls, call);
		break;
	case DBUS_MOVE:
		send(calls, call->console, "org.qemu.Display1.Mouse", "RelMotion",
			g_variant_new("(ii)", to_pixels(call->x), to_pixels(call->y)));
		break;
	case DBUS_PLACE:
		send(calls, call->console, "org.qemu.Display1.Mouse", "SetAbsPosition",
			g_variant_new("(uu)", (guint32)call->x, (guint32)call->y));
		break;
	case DBUS_TOUCH_BEGIN:
	case DBUS_TOUCH_UPDATE:
	case DBUS_TOUCH_END:
		send_touch(calls, call);
		break;
	}
}

static void pump(struct dbus_calls *calls)
{
	while (calls->in_flight < DBUS_CALLS_IN_FLIGHT && calls->count) {
		struct dbus_call *call = waiting(calls, 0);

		make_call(calls, call);
		if (call->kind == DBUS_WHEEL && call->y != 0)
			continue;
		calls->first = (calls->first + 1) % CAPACITY;
		calls->count--;
	}
}

/* ---- waiting ---- */

static bool is_motion(const struct dbus_call *call)
{
	return call->kind == DBUS_WHEEL || call->kind == DBUS_MOVE || call->kind == DBUS_PLACE ||
		call->kind == DBUS_TOUCH_UPDATE;
}

static bool is_release(const struct dbus_call *call)
{
	return call->kind == DBUS_KEY_RELEASE || call->kind == DBUS_BUTTON_RELEASE ||
		call->kind == DBUS_TOUCH_END;
}

static bool is_same_thing(const struct dbus_call *known, const struct dbus_call *call)
{
	return known->console == call->console && known->code == call->code;
}

static void add(struct dbus_call *known, const struct dbus_call *call)
{
	switch (call->kind) {
	case DBUS_MOVE:
		known->x += call->x;
		known->y += call->y;
		break;
	case DBUS_WHEEL:
		known->y = CLAMP(known->y + call->y, -DETENTS_MAX, DETENTS_MAX);
		break;
	default:
		known->x = call->x;
		known->y = call->y;
		break;
	}
}

/* Motion before which nothing but motion waits, seen from the end. */
static bool merge(struct dbus_calls *calls, const struct dbus_call *call)
{
	for (size_t i = calls->count; i-- > 0;) {
		struct dbus_call *known = waiting(calls, i);

		if (!is_motion(known))
			return false;
		if (known->kind == call->kind && is_same_thing(known, call)) {
			add(known, call);
			return true;
		}
	}
	return false;
}

/* Any motion, where there is no room: it comes before its time, but it comes. A contact moves where
 * it begins. */
static bool merge_early(struct dbus_calls *calls, const struct dbus_call *call)
{
	for (size_t i = calls->count; i-- > 0;) {
		struct dbus_call *known = waiting(calls, i);
		bool begins = known->kind == DBUS_TOUCH_BEGIN && call->kind == DBUS_TOUCH_UPDATE;

		if ((known->kind == call->kind || begins) && is_same_thing(known, call)) {
			add(known, call);
			return true;
		}
	}
	return false;
}

bool dbus_calls_push(struct dbus_calls *calls, const struct dbus_call *call)
{
	bool full = calls->count >= (is_release(call) ? CAPACITY : DBUS_CALLS_WAITING);

	if (is_motion(call) && (merge(calls, call) || (full && merge_early(calls, call)))) {
		calls->counters.merged++;
		return true;
	}
	if (full) {
		calls->counters.dropped++;
		return false;
	}
	*waiting(calls, calls->count++) = *call;
	pump(calls);
	return true;
}

void dbus_calls_count(const struct dbus_calls *calls, struct dbus_call_counters *counters)
{
	counters->calls += calls->counters.calls;
	counters->refused += calls->counters.refused;
	counters->merged += calls->counters.merged;
	counters->dropped += calls->counters.dropped;
}

/* ---- life ---- */

struct dbus_calls *dbus_calls_create(GDBusConnection *connection, const char *owner,
	const char *guest)
{
	struct dbus_calls *calls = g_new0(struct dbus_calls, 1);

	calls->connection = g_object_ref(connection);
	calls->owner = g_strdup(owner);
	calls->guest = g_strdup(guest);
	calls->cancellable = g_cancellable_new();
	return calls;
}

void dbus_calls_abandon(struct dbus_calls *calls)
{
	if (!calls)
		return;
	g_cancellable_cancel(calls->cancellable);
	calls_free(calls);
}

static gboolean finish_late(gpointer data)
{
	struct dbus_calls *calls = data;

	turn_note();
	calls->finish_timer = 0;
	finish_now(calls);
	return G_SOURCE_REMOVE;
}

void dbus_calls_finish(struct dbus_calls *calls)
{
	finishing++;
	if (calls->in_flight == 0)
		finish_now(calls);
	else
		calls->finish_timer = turn_name(g_timeout_add(FINISH_MS, finish_late, calls),
			"dbus calls");
}

unsigned int dbus_calls_finishing(void)
{
	return finishing;
}
