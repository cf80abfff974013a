/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's D-Bus display, cut off anywhere in what it says: in the handshake, between two of its
 * messages and inside them. Killed, stopped for a while, or silent for ever: another guest's keys
 * go on, nobody waits, and the key that was held is released, once.
 */
#include "channel_fixture.h"
#include "dbus_fixture.h"
#include "valve.h"

/* Places at which it is cut, all at the same time: what is waited for is waited for once. */
#define PLACES 40

enum cut { CUT_KILLED, CUT_STOPPED, CUT_SILENT };

struct place {
	struct dbus_fixture *fixture;
	struct valve *valve;
	char *address;
	bool pressed; /* the host's user holds a key */
};

static void place_begin(struct place *place, size_t limit, bool kills)
{
	place->fixture = dbus_fixture_new();
	place->valve = valve_new(place->fixture->bus->path);
	place->address = g_strdup_printf("unix:path=%s", place->valve->path);
	place->fixture->address = place->address;
	valve_set(place->valve, limit, kills);
	dbus_fixture_start_all(place->fixture);
}

/* All at once: what a display has left to say, a bus that is silent gets some time for. */
static void end_all(struct place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dbus_fixture_end(places[i].fixture);
	dbus_display_finish_all();
	for (size_t i = 0; i < count; i++) {
		valve_free(places[i].valve);
		dbus_fixture_free(places[i].fixture);
		g_free(places[i].address);
	}
}

/* The user does what there is to do; false: there is more to come, and it is not cut yet. */
static bool place_done(struct place *place)
{
	struct dbus_fixture *fixture = place->fixture;

	if (fixture->connected[INPUT_KEYBOARD][0] && !place->pressed) {
		dbus_fixture_key(fixture, KEY_A, 1);
		place->pressed = true;
	}
	return place->valve->cut || (place->pressed && fixture->bus->calls->len > 0);
}

/* How many bytes come back for all of it. */
static size_t measure(void)
{
	struct place place = {0};
	size_t bytes;

	place_begin(&place, VALVE_OPEN, false);
	UNTIL(place_done(&place));
	dbus_fixture_expect(place.fixture, "0 Keyboard.Press (30,)\n");
	bytes = place.valve->passed;
	end_all(&place, 1);
	return bytes;
}

/* `bytes` come back in all. */
static void begin_all(struct place *places, size_t bytes, enum cut cut)
{
	for (size_t i = 0; i < PLACES; i++)
		place_begin(&places[i], 1 + i * bytes / PLACES, cut == CUT_KILLED);
	for (size_t i = 0; i < PLACES; i++) {
		UNTIL(place_done(&places[i]));
		if (!places[i].valve->cut)
			valve_cut(places[i].valve);
	}
}

static void release_all(struct place *places)
{
	for (size_t i = 0; i < PLACES; i++)
		if (places[i].pressed)
			dbus_fixture_key(places[i].fixture, KEY_A, 0);
}

/* The display finds QEMU again, and nothing is held by what was told on the old connection. */
static void killed(struct place *places)
{
	for (size_t i = 0; i < PLACES; i++)
		UNTIL(!places[i].fixture->connected[INPUT_KEYBOARD][0]);
	release_all(places);
	for (size_t i = 0; i < PLACES; i++)
		valve_open(places[i].valve);
	for (size_t i = 0; i < PLACES; i++) {
		UNTIL(places[i].valve->connections == 2);
		g_ptr_array_set_size(places[i].fixture->bus->calls, 0);
	}
	for (size_t i = 0; i < PLACES; i++) {
		dbus_fixture_wait(places[i].fixture);
		dbus_fixture_expect(places[i].fixture,
			places[i].pressed ? "0 Keyboard.Release (30,)\n" : "");
	}
}

/* It goes on where it was. */
static void stopped(struct place *places)
{
	release_all(places);
	for (size_t i = 0; i < PLACES; i++) {
		valve_open(places[i].valve);
		dbus_fixture_wait(places[i].fixture);
		g_assert_cmpuint(places[i].valve->connections, ==, 1);
		dbus_fixture_expect(places[i].fixture,
			places[i].pressed ? "0 Keyboard.Press (30,)\n0 Keyboard.Release (30,)\n"
					  : "");
	}
}

/* One that never came to say what it has is told of; `told` were before. Whatever is done
 * meanwhile, nothing grows without end, and the end does not wait for it. */
static void silent(struct place *places, unsigned int told)
{
	unsigned int mute = 0;

	for (size_t i = 0; i < PLACES; i++) {
		if (!places[i].fixture->connected[INPUT_KEYBOARD][0])
			mute++;
		for (int round = 0; round < 500; round++)
			dbus_fixture_key(places[i].fixture, KEY_B, round % 2 == 0);
	}
	g_assert_cmpuint(mute, >, PLACES / 2);
	UNTIL(dbus_fixture_times_logged("does not answer") >= told + mute);
}

static void test_cut(gconstpointer data)
{
	enum cut cut = (enum cut)GPOINTER_TO_UINT(data);
	size_t bytes = measure();
	struct dbus_fixture *other = dbus_fixture_new_connected(false);
	size_t fds = fixture_count_fds();
	struct place places[PLACES] = {0};
	unsigned int told = dbus_fixture_times_logged("does not answer");

	begin_all(places, bytes, cut);
	dbus_fixture_expect(other, "");
	if (cut == CUT_KILLED)
		killed(places);
	else if (cut == CUT_STOPPED)
		stopped(places);
	else
		silent(places, told);
	dbus_fixture_expect(other, "");
	end_all(places, PLACES);
	/* GDBus closes in a thread of its own. */
	while (fixture_count_fds() != fds)
		g_main_context_iteration(NULL, FALSE);
	dbus_fixture_free(other);
}

/* Let go between the end of the connection and our notice of it: the call goes nowhere. */
static void test_release_lost(void)
{
	struct place place = {0};

	place_begin(&place, VALVE_OPEN, true);
	UNTIL(place_done(&place));
	SEND(place.fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_settle(place.fixture, "0 Mouse.Press (0,)");
	g_ptr_array_set_size(place.fixture->bus->calls, 0);
	valve_cut(place.valve);
	dbus_fixture_key(place.fixture, KEY_A, 0);
	SEND(place.fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	UNTIL(!place.fixture->connected[INPUT_KEYBOARD][0]);
	valve_open(place.valve);
	dbus_fixture_wait(place.fixture);
	dbus_fixture_expect(place.fixture, "0 Keyboard.Release (30,)\n0 Mouse.Release (0,)\n");
	/* All is as at the beginning. */
	dbus_fixture_key(place.fixture, KEY_A, 1);
	SEND(place.fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_key(place.fixture, KEY_A, 0);
	SEND(place.fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_expect(place.fixture,
		"0 Keyboard.Press (30,)\n0 Mouse.Press (0,)\n0 Keyboard.Release (30,)\n"
		"0 Mouse.Release (0,)\n");
	end_all(&place, 1);
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_data_func("/cut/dbus/killed", GUINT_TO_POINTER(CUT_KILLED), test_cut);
	g_test_add_data_func("/cut/dbus/stopped", GUINT_TO_POINTER(CUT_STOPPED), test_cut);
	g_test_add_data_func("/cut/dbus/silent", GUINT_TO_POINTER(CUT_SILENT), test_cut);
	g_test_add_func("/cut/dbus/release-lost", test_release_lost);
	return g_test_run();
}
