/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus.h"

#include <string.h>

#include "input/dbus/limit.h"

#define WRAP(name) __asm__("__wrap_" #name)

#define LAST 2

struct bus bus;

/* What is still to be heard by the client, or by QEMU. */
struct event {
	void (*happen)(struct event *event);
	GTask *task; /* the client's question, … */
	GVariant *value; /* … its answer, … */
	GError *error; /* … or why there is none; a signal's parameters are a value */
	GDBusConnection *connection;
	guint id; /* of who wants to hear it */
	char *sender, *path; /* of a signal */
	const char *member;
};

struct dbus_gate {
	guint id;
	dbus_gate_opened opened;
	void *data;
	enum dbus_gate_end end;
	char guid[33];
};

static GQueue events;
static guint turn; /* a source; 0: nothing is to be heard */

static GQueue held; /* struct event, whose turn comes later */
static struct {
	char *path, *interface, *method;
	GVariant *parameters;
} last[LAST];

/* The client's, each at most one: what it has in its hands. */
static struct dbus_gate *gate;
static bool closed, greeted;
/* What it wants to hear of. */
static struct subscription {
	guint id; /* 0: none */
	char *member;
	GDBusSignalCallback callback;
	gpointer data;
} subscriptions[2];
static GDBusMessageFilterFunction filter;
static guint last_id;

/* ---- events ---- */

static void event_free(struct event *event)
{
	g_clear_object(&event->task);
	g_clear_object(&event->connection);
	g_clear_pointer(&event->value, g_variant_unref);
	g_clear_error(&event->error);
	g_free(event->sender);
	g_free(event->path);
	g_free(event);
}

/* As many as there are: what comes of them is for the next turn. */
static gboolean take_turn(gpointer data)
{
	turn = 0;
	for (guint count = events.length; count > 0; count--) {
		struct event *event = g_queue_pop_head(&events);

		event->happen(event);
		event_free(event);
	}
	return G_SOURCE_REMOVE;
}

static void push(struct event event)
{
	g_queue_push_tail(&events, g_memdup2(&event, sizeof(event)));
	if (!turn)
		turn = g_idle_add_full(G_PRIORITY_DEFAULT, take_turn, NULL, NULL);
}

static char *owner_name(void)
{
	return g_strdup_printf(":1.%u", 100 + bus.owners);
}

/* What GDBus' thread does with a message that has a body. */
static bool passes(GVariant *body, GDBusMessageType type, const char *member)
{
	GDBusMessage *message = g_dbus_message_new();
	GDBusMessage *passed;
	bool same;

	g_dbus_message_set_message_type(message, type);
	g_dbus_message_set_serial(message, 2);
	if (type != G_DBUS_MESSAGE_TYPE_SIGNAL)
		g_dbus_message_set_reply_serial(message, 1);
	if (member)
		g_dbus_message_set_member(message, member);
	g_dbus_message_set_body(message, body);
	g_object_ref(message);
	passed = filter(bus.connection, message, TRUE, NULL);
	same = passed == message;
	g_clear_object(&passed);
	g_object_unref(message);
	return same;
}

/* ---- the gate ---- */

static void happen_opened(struct event *event)
{
	g_autoptr(GError) error = NULL;

	if (!gate || event->id != gate->id)
		return;
	if (bus.running && gate->end == DBUS_GATE_LASTS) {
		/* Nobody looks into it. */
		gate->opened(gate->data, (GIOStream *)&bus, NULL);
		return;
	}
	if (!bus.running)
		gate->end = DBUS_GATE_BUS_GONE;
	error = g_error_new(G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody listens");
	gate->opened(gate->data, NULL, error);
}

struct dbus_gate *wrap_gate_create(const struct dbus_gate_options *options, dbus_gate_opened opened,
	void *data) WRAP(dbus_gate_create);
void wrap_gate_release(struct dbus_gate *released) WRAP(dbus_gate_release);
const char *wrap_gate_guid(const struct dbus_gate *asked) WRAP(dbus_gate_guid);
enum dbus_gate_end wrap_gate_end(const struct dbus_gate *asked) WRAP(dbus_gate_end);

struct dbus_gate *wrap_gate_create(const struct dbus_gate_options *options, dbus_gate_opened opened,
	void *data)
{
	g_assert(!gate);
	gate = g_new0(struct dbus_gate, 1);
	gate->id = ++last_id;
	gate->opened = opened;
	gate->data = data;
	g_snprintf(gate->guid, sizeof(gate->guid), "%032x", bus.starts);
	push((struct event){.happen = happen_opened, .id = gate->id});
	return gate;
}

void wrap_gate_release(struct dbus_gate *released)
{
	g_assert(released == gate);
	g_clear_pointer(&gate, g_free);
}

const char *wrap_gate_guid(const struct dbus_gate *asked)
{
	return asked->guid;
}

enum dbus_gate_end wrap_gate_end(const struct dbus_gate *asked)
{
	return asked->end;
}

/* ---- the connection ---- */

static void happen_closed(struct event *event)
{
	g_signal_emit_by_name(event->connection, "closed", TRUE, NULL);
}

static void forget_calls(void)
{
	struct event *event;

	while ((event = g_queue_pop_head(&held)) != NULL) {
		g_clear_error(&event->error);
		event->error = g_error_new(G_IO_ERROR, G_IO_ERROR_CLOSED,
			"the connection is closed");
		push(*event);
		g_free(event);
	}
}

GDBusConnection *wrap_new_sync(GIOStream *stream, const char *guid, GDBusConnectionFlags flags,
	GDBusAuthObserver *observer, GCancellable *cancellable, GError **error)
	WRAP(g_dbus_connection_new_sync);
guint wrap_add_filter(GDBusConnection *connection, GDBusMessageFilterFunction function,
	gpointer data, GDestroyNotify notify) WRAP(g_dbus_connection_add_filter);
gboolean wrap_is_closed(GDBusConnection *connection) WRAP(g_dbus_connection_is_closed);
void wrap_close(GDBusConnection *connection, GCancellable *cancellable,
	GAsyncReadyCallback callback, gpointer data) WRAP(g_dbus_connection_close);

GDBusConnection *wrap_new_sync(GIOStream *stream, const char *guid, GDBusConnectionFlags flags,
	GDBusAuthObserver *observer, GCancellable *cancellable, GError **error)
{
	/* With one of them it would wait for the bus. */
	g_assert(flags == G_DBUS_CONNECTION_FLAGS_NONE);
	g_clear_object(&bus.connection);
	bus.connection = g_object_new(G_TYPE_DBUS_CONNECTION, NULL);
	closed = false;
	greeted = false;
	return g_object_ref(bus.connection);
}

guint wrap_add_filter(GDBusConnection *connection, GDBusMessageFilterFunction function,
	gpointer data, GDestroyNotify notify)
{
	filter = function;
	return 1;
}

gboolean wrap_is_closed(GDBusConnection *connection)
{
	return connection != bus.connection || closed;
}

/* By the client: it hears of no end. */
void wrap_close(GDBusConnection *connection, GCancellable *cancellable,
	GAsyncReadyCallback callback, gpointer data)
{
	g_assert(connection == bus.connection);
	forget_calls();
	g_clear_object(&bus.connection);
}

/* ---- names and signals ---- */

static struct subscription *find_subscription(guint id)
{
	for (size_t i = 0; i < G_N_ELEMENTS(subscriptions); i++)
		if (subscriptions[i].id == id)
			return &subscriptions[i];
	return NULL;
}

static void happen_signal(struct event *event)
{
	const struct subscription *subscription = find_subscription(event->id);

	if (subscription && passes(event->value, G_DBUS_MESSAGE_TYPE_SIGNAL, event->member))
		subscription->callback(bus.connection, event->sender, event->path, "org.any",
			event->member, event->value, subscription->data);
}

/* Takes `parameters` over; `member` is a literal. */
static void send_signal(const char *sender, const char *path, const char *member,
	GVariant *parameters)
{
	g_autoptr(GVariant) value = g_variant_ref_sink(parameters);

	for (size_t i = 0; i < G_N_ELEMENTS(subscriptions) && !closed; i++)
		if (subscriptions[i].id && g_str_equal(subscriptions[i].member, member))
			push((struct event){.happen = happen_signal,
				.id = subscriptions[i].id,
				.value = g_variant_ref(value),
				.sender = g_strdup(sender),
				.path = g_strdup(path),
				.member = member});
}

static void tell_owner(bool owned)
{
	g_autofree char *owner = owned ? owner_name() : g_strdup("");

	send_signal("org.freedesktop.DBus", "/org/freedesktop/DBus", "NameOwnerChanged",
		g_variant_new("(sss)", "org.qemu", "", owner));
}

guint wrap_subscribe(GDBusConnection *connection, const char *sender, const char *interface,
	const char *member, const char *path, const char *argument, GDBusSignalFlags flags,
	GDBusSignalCallback callback, gpointer data, GDestroyNotify notify)
	WRAP(g_dbus_connection_signal_subscribe);
void wrap_unsubscribe(GDBusConnection *connection, guint id)
	WRAP(g_dbus_connection_signal_unsubscribe);

guint wrap_subscribe(GDBusConnection *connection, const char *sender, const char *interface,
	const char *member, const char *path, const char *argument, GDBusSignalFlags flags,
	GDBusSignalCallback callback, gpointer data, GDestroyNotify notify)
{
	struct subscription *subscription = find_subscription(0);

	g_assert(connection == bus.connection && !sender && subscription);
	subscription->id = ++last_id;
	subscription->member = g_strdup(member);
	subscription->callback = callback;
	subscription->data = data;
	return subscription->id;
}

void wrap_unsubscribe(GDBusConnection *connection, guint id)
{
	struct subscription *subscription = find_subscription(id);

	g_assert(id && subscription);
	g_free(subscription->member);
	*subscription = (struct subscription){0};
}

/* ---- calls ---- */

static void happen_answer(struct event *event)
{
	const GVariantType *type = g_task_get_task_data(event->task);

	if (event->value && !passes(event->value, G_DBUS_MESSAGE_TYPE_METHOD_RETURN, NULL))
		g_task_return_new_error(event->task, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
			"the answer is too large");
	else if (event->error)
		g_task_return_error(event->task, g_steal_pointer(&event->error));
	else if (type && !g_variant_is_of_type(event->value, type))
		g_task_return_new_error(event->task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			"another type");
	else
		g_task_return_pointer(event->task,
			event->value ? g_steal_pointer(&event->value)
				     : g_variant_ref_sink(g_variant_new_tuple(NULL, 0)),
			(GDestroyNotify)g_variant_unref);
}

static GError *refusal(const char *name)
{
	return g_dbus_error_new_for_dbus_error(name, "no");
}

static void happen_hello(struct event *event)
{
	if (bus.lie == BUS_LETS_NOBODY_ON)
		event->error = refusal("org.freedesktop.DBus.Error.LimitsExceeded");
	else
		event->value = g_variant_ref_sink(g_variant_new("(s)", ":1.1"));
	greeted = greeted || !event->error;
	happen_answer(event);
}

static void happen_owner(struct event *event)
{
	g_autofree char *owner = bus.lie == BUS_SAYS_NO_NAME ? g_strdup("x y") : owner_name();

	if (bus.owned || bus.lie == BUS_SAYS_NO_NAME)
		event->value = g_variant_ref_sink(g_variant_new("(s)", owner));
	else
		event->error = refusal("org.freedesktop.DBus.Error.NameHasNoOwner");
	happen_answer(event);
}

/* Without a callback nobody wants to know. */
static void answer_bus(struct event event, const char *method)
{
	if (g_str_equal(method, "Hello"))
		event.happen = happen_hello;
	else if (g_str_equal(method, "GetNameOwner"))
		event.happen = happen_owner;
	push(event);
}

static void answer_manager(struct event event)
{
	bus.asked++;
	if (bus.managed)
		event.value = g_variant_ref_sink(g_variant_new_tuple(&bus.managed, 1));
	else
		event.error = refusal("org.freedesktop.DBus.Error.UnknownMethod");
	push(event);
}

static void record(const char *path, const char *interface, const char *method,
	GVariant *parameters)
{
	g_free(last[1].path);
	g_free(last[1].interface);
	g_free(last[1].method);
	g_clear_pointer(&last[1].parameters, g_variant_unref);
	last[1] = last[0];
	last[0].path = g_strdup(path);
	last[0].interface = g_strdup(interface);
	last[0].method = g_strdup(method);
	last[0].parameters = g_variant_ref_sink(parameters);
	bus.calls++;
}

void wrap_call(GDBusConnection *connection, const char *name, const char *path,
	const char *interface, const char *method, GVariant *parameters,
	const GVariantType *reply_type, GDBusCallFlags flags, int timeout_ms,
	GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
	WRAP(g_dbus_connection_call);
GVariant *wrap_call_finish(GDBusConnection *connection, GAsyncResult *result, GError **error)
	WRAP(g_dbus_connection_call_finish);

void wrap_call(GDBusConnection *connection, const char *name, const char *path,
	const char *interface, const char *method, GVariant *parameters,
	const GVariantType *reply_type, GDBusCallFlags flags, int timeout_ms,
	GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
	struct event event = {.happen = happen_answer,
		.task = g_task_new(connection, cancellable, callback, data)};

	g_task_set_task_data(event.task, (gpointer)reply_type, NULL);
	if (connection != bus.connection || closed) {
		event.error = g_error_new(G_IO_ERROR, G_IO_ERROR_CLOSED,
			"the connection is closed");
		if (parameters)
			g_variant_unref(g_variant_ref_sink(parameters));
		push(event);
	} else if (strcmp(interface, "org.freedesktop.DBus") == 0) {
		if (parameters)
			g_variant_unref(g_variant_ref_sink(parameters));
		answer_bus(event, method);
	} else if (strcmp(method, "GetManagedObjects") == 0) {
		answer_manager(event);
	} else {
		record(path, interface, method, parameters);
		if (bus.refuses)
			event.error = refusal("org.qemu.Display1.Error.Invalid");
		if (bus.holds)
			g_queue_push_tail(&held, g_memdup2(&event, sizeof(event)));
		else
			push(event);
	}
}

GVariant *wrap_call_finish(GDBusConnection *connection, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- what the target does ---- */

bool bus_is_connected(void)
{
	return bus.connection && !closed && greeted;
}

void bus_start(void)
{
	bus.running = true;
	bus.starts++;
}

void bus_stop(void)
{
	bus.running = false;
	bus_lose(DBUS_GATE_BUS_GONE);
}

void bus_lose(enum dbus_gate_end how)
{
	if (gate)
		gate->end = how;
	if (!bus.connection || closed)
		return;
	closed = true;
	forget_calls();
	push((struct event){.happen = happen_closed, .connection = g_object_ref(bus.connection)});
}

void bus_own(bool owned)
{
	/* Another one takes its place. */
	if (bus.owned)
		tell_owner(false);
	if (owned)
		bus.owners++;
	bus.owned = owned;
	if (owned)
		tell_owner(true);
}

void bus_own_oddly(void)
{
	static const char member[] = "NameOwnerChanged";
	static const char path[] = "/org/freedesktop/DBus";
	static const char by_bus[] = "org.freedesktop.DBus";

	send_signal(by_bus, path, member, g_variant_new("(s)", "org.qemu"));
	send_signal(by_bus, path, member, g_variant_new("(ssu)", "org.qemu", "", 7));
	send_signal(by_bus, path, member, g_variant_new("(sss)", "org.qemu", "", "x y"));
	send_signal(":1.66", path, member, g_variant_new("(sss)", "org.qemu", "", ":1.67"));
}

void bus_change(const char *path, const char *interface, GVariant *values)
{
	g_autofree char *owner = owner_name();
	GVariant *children[] = {g_variant_new_string(interface), values,
		g_variant_new_strv(NULL, 0)};

	send_signal(bus.lie == BUS_SPEAKS_FOR_OTHERS ? ":1.66" : owner, path, "PropertiesChanged",
		g_variant_new_tuple(children, 3));
	g_variant_unref(values);
}

void bus_answer(size_t count)
{
	for (; count > 0 && held.length > 0; count--) {
		struct event *event = g_queue_pop_head(&held);

		push(*event);
		g_free(event);
	}
}

char *bus_call(unsigned int before)
{
	g_autofree char *parameters = NULL;

	if (!last[before].path)
		return g_strdup("");
	parameters = g_variant_print(last[before].parameters, FALSE);
	return g_strdup_printf("%s %s.%s %s", strrchr(last[before].path, '_') + 1,
		strrchr(last[before].interface, '.') + 1, last[before].method, parameters);
}
