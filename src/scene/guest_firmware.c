/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who draws: the guest's firmware, whose pictures are not to be seen (guest_options.firmware), or
 * its system. The display socket does not say it; but OVMF's driver, which a boot loader draws by,
 * too, sets 640×480 on scanout 0, draws nothing there, and sets another picture. A system draws
 * what it sets, and asks for the EDID before. Called by guest.c for each message that tells, before
 * that is obeyed, and by guest_kept.c. The phase is the state's, for a successor of this process.
 *
 *   | phase   | 640×480 set | another set | drawn on | EDID asked | device stopped | time is up
 *   |---------|-------------|-------------|----------|------------|----------------|-----------
 *   | UNKNOWN | SIZED       | OVER        | OVER     | OVER       |                |
 *   | SIZED   | HIDDEN      | HIDDEN      | OVER     | OVER       | UNKNOWN        |
 *   | HIDDEN  |             |             |          | LEAVING    | LEAVING        | WAITING
 *   | LEAVING | SIZED       | OVER        |          |            |                | WAITING
 *   | WAITING |             |             |          | OVER       | UNKNOWN        |
 *   | OVER    |             |             |          |            | UNKNOWN        |
 *
 * A display socket begins with UNKNOWN. A driver that sets another scanout than the first is a
 * system's. Out of LEAVING by a picture that is set, all that the firmware has drawn is forgotten:
 * what is next to be seen is the system's first frame. When the time is up, the firmware waits for
 * somebody, for a password or a disk, and its picture is shown; but nobody is told that the guest
 * has been seen.
 */
#include "log.h"
#include "scene/guest_internal.h"
#include "turn.h"

#define FIRST_WIDTH 640u
#define FIRST_HEIGHT 480u

/* Firmware and boot loader of a machine that is well take seconds. */
#define PATIENCE_S 60

static bool is_hidden(const struct guest *guest)
{
	return guest->state->firmware == FIRMWARE_HIDDEN ||
		guest->state->firmware == FIRMWARE_LEAVING;
}

static void tell(struct guest *guest)
{
	if (guest->display)
		guest->display->hidden(guest->display_data, guest, is_hidden(guest));
}

static void set_foreign(struct guest *guest)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		source_set_foreign(&guest->scanouts[i].source,
			guest->state->firmware == FIRMWARE_WAITING);
}

static void enter(struct guest *guest, enum firmware_phase phase)
{
	bool hidden = is_hidden(guest);

	guest->state->firmware = phase;
	set_foreign(guest);
	if (hidden == is_hidden(guest))
		return;
	g_clear_handle_id(&guest->patience, g_source_remove);
	tell(guest);
}

static gboolean time_is_up(gpointer data)
{
	struct guest *guest = data;

	turn_note();
	guest->patience = 0;
	log_guest(G_LOG_LEVEL_MESSAGE, guest->name,
		"its firmware is shown, as no system has taken its place for %u s", PATIENCE_S);
	enter(guest, FIRMWARE_WAITING);
	return G_SOURCE_REMOVE;
}

static void wait_for_system(struct guest *guest)
{
	guest->patience = turn_name_of(g_timeout_add(guest->patience_ms, time_is_up, guest),
		"firmware", guest->name);
}

static void hide(struct guest *guest)
{
	enter(guest, FIRMWARE_HIDDEN);
	wait_for_system(guest);
	log_guest(G_LOG_LEVEL_INFO, guest->name, "its firmware draws, which is not shown");
}

/* Another driver begins where the firmware has ended. */
static void begin_anew(struct guest *guest)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_release(&guest->scanouts[i]);
	guest_firmware_begin(guest);
}

void guest_firmware_begin(struct guest *guest)
{
	enter(guest, guest->shows_firmware ? FIRMWARE_OVER : FIRMWARE_UNKNOWN);
}

void guest_firmware_look(struct guest *guest, uint32_t scanout, uint32_t width, uint32_t height)
{
	bool first = scanout == 0 && width == FIRST_WIDTH && height == FIRST_HEIGHT;

	if (guest->state->firmware == FIRMWARE_LEAVING ||
		(guest->state->firmware == FIRMWARE_HIDDEN && scanout != 0))
		begin_anew(guest);
	if (guest->state->firmware == FIRMWARE_UNKNOWN)
		enter(guest, first ? FIRMWARE_SIZED : FIRMWARE_OVER);
	else if (guest->state->firmware == FIRMWARE_SIZED && scanout != 0)
		enter(guest, FIRMWARE_OVER);
	else if (guest->state->firmware == FIRMWARE_SIZED)
		hide(guest);
}

void guest_firmware_end(struct guest *guest)
{
	enter(guest, FIRMWARE_OVER);
}

void guest_firmware_edid(struct guest *guest)
{
	guest_firmware_drawn(guest);
	if (guest->state->firmware == FIRMWARE_HIDDEN)
		enter(guest, FIRMWARE_LEAVING);
	else if (guest->state->firmware == FIRMWARE_WAITING)
		enter(guest, FIRMWARE_OVER);
}

void guest_firmware_stopped(struct guest *guest)
{
	if (guest->shows_firmware)
		return;
	enter(guest, is_hidden(guest) ? FIRMWARE_LEAVING : FIRMWARE_UNKNOWN);
}

void guest_firmware_adopt(struct guest *guest)
{
	if (guest->shows_firmware || guest->state->firmware > FIRMWARE_OVER)
		guest->state->firmware = FIRMWARE_OVER;
	set_foreign(guest);
	if (!is_hidden(guest))
		return;
	tell(guest);
	wait_for_system(guest);
}

void guest_firmware_init(struct guest *guest, const struct guest_options *options)
{
	guest->shows_firmware = options->firmware == FIRMWARE_SHOW;
	guest->patience_ms = options->firmware_patience_ms ? options->firmware_patience_ms
							   : PATIENCE_S * 1000;
}

void guest_firmware_finish(struct guest *guest)
{
	g_clear_handle_id(&guest->patience, g_source_remove);
}
