/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of the host that one guest gets as it is, with all it can do: a gamepad, a steering
 * wheel, a keyboard with keys of its own. Made by machines.c, one for each [device] section with
 * passthrough=yes. libinput leaves such a device alone, and nobody else on the host hears it while
 * the guest does.
 *
 * Its virtual device says what the host's says, so its socket appears when the host's device is
 * seen for the first time. From then on the guest keeps it; the host's can be pulled and plugged in
 * again, also while this process is no more and a guest's VMM waits for the next one.
 */
#ifndef SCANOUTD_INPUT_PASSTHROUGH_H
#define SCANOUTD_INPUT_PASSTHROUGH_H

#include <glib.h>

#include "config/config.h"
#include "input/device.h"
#include "input/seat.h"

struct passthrough;

struct passthrough_options {
	const struct config_device *section; /* outlives it */
	const char *seat; /* of udev; outlives it */
	const struct device_opener *opener; /* the same; NULL: seat_opener_direct */
	const char *guest; /* the machine's name, for the log; outlives it */
	struct account *account; /* of the guest whose socket it is; outlives it; or NULL */
	const struct fd_keeper *keeper; /* of the socket: as door_options.keeper */
	const char *prefix; /* of the socket: PREFIX-SECTION.sock; outlives it */
	const char *group; /* as door_create_path(); outlives it */
	/* Somebody uses it; may be NULL. */
	void (*used)(void *data, const char *guest);
	void *data;
};

/* NULL: udev cannot be asked, or the socket of a device that is there cannot be made. */
struct passthrough *passthrough_create(const struct passthrough_options *options, GError **error);
/* What is pressed is released by passthrough_suspend(), and device_flush() waits for the guest:
 * both before. Takes NULL. */
void passthrough_destroy(struct passthrough *passthrough);

/* The terminal goes away, or is ours again. */
void passthrough_suspend(struct passthrough *passthrough);
void passthrough_resume(struct passthrough *passthrough);

/* A device that could not be opened for a reason that passes may be now; tried by itself, too. */
void passthrough_retry(struct passthrough *passthrough);

/* The machine's and the section's names. */
const char *passthrough_guest(const struct passthrough *passthrough);
const char *passthrough_name(const struct passthrough *passthrough);

/* Appends its virtual device, if there is one, for device_flush(). */
void passthrough_append_device(const struct passthrough *passthrough, GPtrArray *sinks);

/* False: there is no virtual device yet. */
bool passthrough_counters(const struct passthrough *passthrough, struct device_counters *counters);

#endif
