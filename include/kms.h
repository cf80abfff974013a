/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that src/ may ask of kms/: cards, outputs, buffers and frames. kms/ answers the question "how
 * do pixels reach a CRTC?" and knows no guest, no socket and no protocol.
 *
 * One thread: every function is called from the GLib main loop's thread (default context), and
 * every callback of struct kms_listener runs there. Nothing blocks, but kms_device_create(),
 * the first kms_device_configure() and kms_device_destroy() (start and stop); for a card that comes
 * beside others see kms_device_options.nonblocking.
 *
 * A frame's life, per output: pending ▶ queued ▶ current. Submitting makes a frame the newest
 * pending one; with no commit in flight it is committed (queued) at once, else by the page-flip
 * handler, which alone moves frames on. The newest pending frame wins, the one it replaces is
 * superseded and its damage is carried over. Each layer of an output has frames of its own.
 */
#ifndef SCANOUTD_KMS_H
#define SCANOUTD_KMS_H

#include <device_opener.h>
#include <errno.h>
#include <glib.h>
#include <kms_settings.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A card has at most 32 CRTCs (the kernel's possible_crtcs is a 32-bit mask). */
#define KMS_OUTPUTS_MAX 32

/* So many cards are used at once, at most, each a struct kms_device of its own. */
#define KMS_CARDS_MAX 4

/* Damage is given as at most so many rectangles; a caller with more gives their bounding box. */
#define KMS_DAMAGE_MAX 16

/* So many layers can lie above an output's own picture, at most; the cursor is not among them. */
#define KMS_LAYERS_MAX 6

/* DRM_FORMAT_MOD_INVALID: the layout is what the driver assumes; no modifier is passed on. */
#define KMS_MODIFIER_INVALID UINT64_C(0x00ffffffffffffff)
#define KMS_MODIFIER_LINEAR UINT64_C(0)

#define KMS_CURSOR_SIZE 64

/* How long a frame may take to be shown, and a guest to finish it, unless something else is
 * configured; milliseconds. */
#define KMS_FLIP_TIMEOUT_MS 5000

#define KMS_ERROR (kms_error_quark())
GQuark kms_error_quark(void);

/* Each is a situation in which a user does something else; the message says what. */
enum kms_error {
	KMS_ERROR_NO_CARD, /* no such card, or no card with atomic KMS and connectors */
	KMS_ERROR_PERMISSION, /* the card may not be opened */
	KMS_ERROR_NO_ATOMIC, /* the driver has no atomic KMS, or the device is no KMS device */
	KMS_ERROR_OTHER_MASTER, /* another DRM master holds the card */
	KMS_ERROR_NO_CONNECTOR, /* a wanted connector is not there; the message names those that are */
	KMS_ERROR_NO_MODE, /* the connector has no such mode; the message names those it has */
	KMS_ERROR_NO_CRTC, /* more outputs are wanted than the card can drive at once */
	KMS_ERROR_REFUSED, /* the driver refuses a buffer or a commit; errno is in the message */
	KMS_ERROR_GONE, /* the card was unplugged */
	KMS_ERROR_NO_UDEV, /* udev cannot be reached: what comes later is not seen */
};

/* One card. Created and destroyed by main. */
struct kms_device;

/*
 * A connector, the CRTC that drives it and that CRTC's planes, as one thing. Owned by the device;
 * the pointer stays valid until kms_device_destroy(), also while the monitor is unplugged.
 */
struct kms_output;

/* A framebuffer and the memory behind it: a dumb buffer or an imported dma-buf. Counted. */
struct kms_buffer;

struct kms_rect {
	int32_t x;
	int32_t y;
	int32_t width;
	int32_t height;
};

static inline bool kms_rect_equal(const struct kms_rect *a, const struct kms_rect *b)
{
	return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

/* Also of a previous master's, which can be anything. */
static inline bool kms_rect_contains(const struct kms_rect *outer, const struct kms_rect *inner)
{
	return inner->x >= outer->x && inner->y >= outer->y &&
		(int64_t)inner->x + inner->width <= (int64_t)outer->x + outer->width &&
		(int64_t)inner->y + inner->height <= (int64_t)outer->y + outer->height;
}

/*
 * How a plane turns its picture: the numbers of the kernel's "rotation" property
 * (DRM_MODE_ROTATE_*, DRM_MODE_REFLECT_*; rotation is counter-clockwise). Exactly one of the
 * rotations, and any of the reflections, which are applied first.
 */
enum kms_transform {
	KMS_ROTATE_0 = 1 << 0,
	KMS_ROTATE_90 = 1 << 1,
	KMS_ROTATE_180 = 1 << 2,
	KMS_ROTATE_270 = 1 << 3,
	KMS_REFLECT_X = 1 << 4,
	KMS_REFLECT_Y = 1 << 5,
};

/* What the alpha in a buffer's pixels means: the kernel's "pixel blend mode". */
enum kms_blend {
	KMS_BLEND_PREMULTIPLIED, /* colours are multiplied with it already */
	KMS_BLEND_NONE, /* nothing: opaque */
	KMS_BLEND_COVERAGE, /* colours are to be multiplied with it */
};
#define KMS_BLENDS 3

/* What a page-flip event said. */
struct kms_presentation {
	int64_t time_us; /* CLOCK_MONOTONIC, as g_get_monotonic_time() */
	uint32_t sequence; /* vblank counter of the CRTC; 0 where the driver has none */
	bool vblank; /* false: no vblank here, the event came at once; pace by a timer */
};

/*
 * The one way back up. Callbacks come from the main loop, never from inside a call of the caller's;
 * they may call any function of this header but kms_device_destroy(). Any member may be NULL.
 */
struct kms_listener {
	/*
	 * The frame `serial` and with it every frame submitted to this output before it is on the
	 * glass, or was superseded by it. A pending frame has been committed already when this is
	 * called, so that kms_output_busy() tells whether the next one can go at once.
	 */
	void (*presented)(void *data, struct kms_output *output, uint64_t serial,
		const struct kms_presentation *presentation);
	/* A commit without a frame of the caller's (a cursor or a mode set went alone) is done, and
	 * the output is no longer busy: for callers who held something back since
	 * kms_output_busy(). */
	void (*idle)(void *data, struct kms_output *output);
	/*
	 * The frames up to `serial` will never be shown: the commit was refused with `error` (an
	 * errno), no event came within the flip timeout (ETIMEDOUT), the mode changed under them
	 * (ECANCELED), its buffer's fences did not signal for as long (ETIME), or the output
	 * went away (ENODEV, EACCES). EBUSY and ENOMEM come only after the frame was tried again
	 * for about 100 ms, and are refusals then. The last picture stays. Logged by kms/.
	 */
	void (*commit_failed)(void *data, struct kms_output *output, uint64_t serial, int error);
	/* Something that the kms_output_*() questions below answer has changed, or the driver now
	 * refuses the cursor: ask again, set the cursor again, arrange layers again, submit the
	 * picture again. */
	void (*output_changed)(void *data, struct kms_output *output);
	/* A round of probing is over, and every output that it changed was told: there may be new
	 * outputs, and monitors may have other names, or be on other connectors. */
	void (*probed)(void *data);
	/* The card is gone (ENODEV, or a udev "remove"). No further callback comes. */
	void (*device_gone)(void *data);
};

/* Is it a word on the frame itself? Else it says something of the card, and the same frame may be
 * taken another time. For errors of commit_failed. */
static inline bool kms_is_refusal(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case ENODEV:
	case ETIME:
	case ETIMEDOUT:
	case ECANCELED:
		return false;
	default:
		return true;
	}
}

/* ---- the card (kms/device.c) ---- */

/* Who guards mappings of the card's memory: touching them when it has gone raises SIGBUS. `add`
 * gives a number, which `remove` takes before the mapping goes. */
struct kms_mapping_guard {
	size_t (*add)(void *mapping, size_t size);
	void (*remove)(size_t number);
};

struct kms_device_options {
	/* /dev/dri/cardN, a by-path name, or NULL: the first card with atomic KMS and
	 * connectors. */
	const char *path;
	/* NULL: open(2). Copied. */
	const struct device_opener *opener;
	/* Where several cards are used, what this one's outputs are called by: "NAME:DP-1". NULL:
	 * "DP-1". Copied. */
	const char *name;
	/* A DRM fd that was opened elsewhere (a lease), or -1. Taken over. */
	int fd;
	/* Frames of other cards must not wait for this one: its connectors are probed beside the
	 * main loop, see kms_device_await(), and the first kms_device_configure() does not wait for
	 * its commit. */
	bool nonblocking;
	/* No event for so long after a commit: the flip is stuck. 0 = KMS_FLIP_TIMEOUT_MS. */
	unsigned int flip_timeout_ms;
	struct kms_mapping_guard guard; /* of NULLs: nobody does */
};

/*
 * Opens the card, becomes DRM master, reads connectors, CRTCs and planes, listens to udev, and
 * attaches its sources to the default main context. Changes nothing on the screen.
 * `listener` is copied; `data` is handed to each callback.
 */
struct kms_device *kms_device_create(const struct kms_device_options *options,
	const struct kms_listener *listener, void *data, GError **error);

/*
 * True: its outputs are known, or what of them can be. False, of a nonblocking one: there are none
 * so far, and `read` is called once, from the main loop, when there are, unless the card goes
 * before. It is not to be configured until then.
 */
bool kms_device_await(struct kms_device *device, void (*read)(void *data), void *data);

/*
 * Turns nothing off: closing the fd gives the console back. Not from inside a callback; after
 * device_gone from an idle callback at the earliest. Buffers may outlive it: of those only
 * kms_buffer_unref() may be called then, and their size and pixels asked.
 */
void kms_device_destroy(struct kms_device *device);

/* A second descriptor of the card is kept elsewhere and gone on with: when the device is destroyed
 * DRM master is not given up, as it is else where something of ours may have the card open for
 * longer. */
void kms_device_keep(struct kms_device *device);

const char *kms_device_path(const struct kms_device *device);

/* It was a lease, and has gone since its owner has taken that back: no fault of the card's, and
 * what it showed is the owner's to show again. */
bool kms_device_revoked(const struct kms_device *device);

/* kms_listener.device_gone was called, or is about to be. */
bool kms_device_gone(const struct kms_device *device);

/* All connectors in the kernel's order, writeback and non-desktop ones left out. */
size_t kms_device_output_count(const struct kms_device *device);
struct kms_output *kms_device_output(const struct kms_device *device, size_t index);

/* By connector name ("DP-1"), or "MAKE MODEL SERIAL" of the EDID. NULL and an error that names
 * those that are there. */
struct kms_output *kms_device_find_output(const struct kms_device *device, const char *name,
	GError **error);

/* What one output is asked to do. */
struct kms_output_request {
	struct kms_output *output;
	/* "preferred" (also NULL), "current", "WIDTHxHEIGHT", "WIDTHxHEIGHT@HERTZ", a modeline or
	 * another form that kms_mode_valid() takes; or several, separated by semicolons. */
	const char *mode;
	/* Keep the picture that the previous master left, where the mode stays; else black. */
	bool keep_picture;
	/* And with it what lies above it on planes, until layers of the output take its place, or
	 * kms_output_await_layers() says that none will: all of it is awaited so far. */
	bool keep_layers;
	/* And its cursor, as far as that is on a cursor plane, until a picture or a cursor of the
	 * output's is shown, or kms_output_forget_cursor(). */
	bool keep_cursor;
	/* Not lit for now: only its mode is settled, for kms_output_mode(). */
	bool off;
	/* A monitor is there although the kernel does not detect it. */
	bool force;
	/*
	 * Draws the picture that it is lit with, where none is kept and there is none to come back
	 * to: into a buffer of the mode's size that is black so far. NULL: black. Called from
	 * inside of kms_device_configure(), and from the main loop when it is lit again; may ask of
	 * kms/ what there is to know of the buffer and of the output, and nothing more.
	 */
	void (*paint)(void *data, struct kms_output *output, struct kms_buffer *buffer);
	void *paint_data;
	struct kms_settings settings;
};

/*
 * Takes the card over in one joint commit: the requested outputs that are connected go on, black,
 * painted, or with the picture they have; everything else on the card is turned off, and every
 * property that a previous master can leak is set to its default. ALLOW_MODESET only where
 * TEST_ONLY without it says no. Requests for unplugged outputs are kept: they go on when a monitor
 * comes. May be called again (blocking only the first time).
 */
bool kms_device_configure(struct kms_device *device, const struct kms_output_request *requests,
	size_t count, GError **error);

/*
 * The VT goes away or master is given up: commits stop at once, frames in flight are reported by
 * commit_failed with EACCES, outputs report output_changed and are inactive, master is dropped (a
 * seat manager has dropped it already, where there is one).
 * Loss of master that kms/ finds by itself (EACCES of a commit) has the same effect, and
 * is retried every second.
 */
void kms_device_pause(struct kms_device *device);

/* A second descriptor of the card for kms_master_drop(), the caller's: to be closed before the
 * device is destroyed, or we stay master. -1: no descriptor is left. */
int kms_device_duplicate(const struct kms_device *device);

/* Drops master by the card's fd, from any thread: what is committed from then on is refused, as if
 * another had taken it (kms_device_pause()). Waits for nothing. */
void kms_master_drop(int fd);

/*
 * Of a card's descriptor that was kept for us by a process which has died: closes what that one had
 * open on it, framebuffers, buffers, leases, so that nothing grows with each start. What is on the
 * screen stays there, also where the kernel cannot close it without that (before Linux 6.8): then
 * the next one does. To be called before a device is made of it. (kms/leftovers.c)
 */
void kms_leftovers_close(int fd);

/* Becomes master again, if a seat manager has not made us that already, and makes a full mode set
 * of what was configured. */
bool kms_device_resume(struct kms_device *device, GError **error);

/*
 * The machine was suspended: its driver has set what it had, or not, and monitors may be others.
 * Makes a full mode set of what was configured, with the frames that are shown, and asks for the
 * monitors again. Frames in flight have the full time for their event again. Nothing while the card
 * is not ours: kms_device_resume() does it then.
 */
void kms_device_renew(struct kms_device *device);

/* ---- cards that come and go (kms/watch.c) ---- */

/* Looks out for cards, with or without one. */
struct kms_watch;

/*
 * Calls `changed` from the main loop whenever a card may have come, gone or changed, or events were
 * lost: ask kms_device_create() again. Events within 100 ms make one call. The callback may destroy
 * the watch. Asks nothing at start: ask first, or what came before is missed. NULL only where udev
 * cannot be reached.
 */
struct kms_watch *kms_watch_create(void (*changed)(void *data), void *data, GError **error);

/* Takes NULL. No call comes after it. */
void kms_watch_destroy(struct kms_watch *watch);

/* Probes of connectors that are under way, also of cards that were destroyed meanwhile: those are
 * left to themselves, for they can take seconds. (kms/hotplug.c) */
unsigned int kms_probes(void);

/* Cards, connectors, modes, planes with their formats, and what is in use, for `scanoutd --list`.
 * Opens every card by itself, becomes master of none. False if there is no card. */
bool kms_list(GString *text, GError **error);

/* Is it a mode, or a list of modes, as kms_output_request.mode has it? For checking a configuration
 * without a card. The message says which part is none, and what to write. (kms/mode_parse.c) */
bool kms_mode_valid(const char *text, GError **error);

/* ---- an output (kms/output.c) ---- */

/* "DP-1"; or "CARD:DP-1", see kms_device_options.name. */
const char *kms_output_name(const struct kms_output *output);

/*
 * "MAKE MODEL SERIAL" of the monitor, from its EDID, or NULL: by it a monitor is named whatever
 * connector it is on. Printable ASCII without []; and backslash, single blanks between words; the
 * last word is the serial number ("0x00000000" where the monitor has none). Two monitors can have
 * the same. Belongs to the output, changes at output_changed.
 */
const char *kms_output_monitor(const struct kms_output *output);

/* Is that monitor meant by `name`, which may leave out the serial number? `monitor` may be NULL;
 * `name` has `length` bytes. */
static inline bool kms_monitor_matches(const char *monitor, const char *name, size_t length)
{
	const char *serial = monitor ? strrchr(monitor, ' ') : NULL;

	return serial && strncmp(monitor, name, length) == 0 &&
		(monitor[length] == '\0' || monitor + length == serial);
}

/* A monitor is there (or forced on). */
bool kms_output_connected(const struct kms_output *output);

/* The kernel sees one, whatever is forced. */
bool kms_output_detected(const struct kms_output *output);

/* Lit and ours: a frame submitted now gets to the glass. */
bool kms_output_active(const struct kms_output *output);

/* Its picture is still the one that the previous master left (kms_output_request.keep_picture). */
bool kms_output_keeps_former(const struct kms_output *output);

/* It has no CRTC, of ours or of whoever was there before: what is on the glass all the same, such
 * as the firmware's framebuffer, stays there until the output is lit. As the kernel said last. */
bool kms_output_without_crtc(const struct kms_output *output);

/* Its mode is being set, which may take a monitor seconds: nothing of ours is on the glass so far.
 * Over by the next event of the output. */
bool kms_output_setting_mode(const struct kms_output *output);

struct kms_mode_info {
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz; /* thousandths of a hertz; never 0 */
	char name[32];
};

/* The mode that runs, or else the one that last ran or would be chosen: never NULL, 1024×768 at
 * 60 Hz where nothing is known. */
const struct kms_mode_info *kms_output_mode(const struct kms_output *output);

/* The monitor's EDID as the kernel gives it, or NULL. Belongs to the output, changes at
 * output_changed. */
const uint8_t *kms_output_edid(const struct kms_output *output, size_t *size);

/* Millimetres; 0 where not known. */
void kms_output_physical_size(const struct kms_output *output, uint32_t *width_mm,
	uint32_t *height_mm);

/* How pictures must be turned to stand upright on it, as it is mounted in its casing: KMS_ROTATE_0
 * where the driver does not know (the connector's "panel orientation"), as of all that is no
 * built-in panel. */
enum kms_transform kms_output_panel_transform(const struct kms_output *output);

/* A frame submitted now has to wait: a commit is in flight on it; or, where it has other layers,
 * which have commits of their own, a frame of this picture is on its way. */
bool kms_output_busy(const struct kms_output *output);

/* A commit is in flight on it, or a frame is pending that nothing of its guest's holds back (its
 * buffer's fences): something must come of it, and soon. */
bool kms_output_due(const struct kms_output *output);

struct kms_frame {
	/* Grows with every frame that the caller submits to this output; never 0. */
	uint64_t serial;
	/* Referenced as long as the frame lives. */
	struct kms_buffer *buffer;
	/* Part of the buffer, in its pixels. */
	struct kms_rect source;
	/* Where on the CRTC. Outside it the CRTC is black. */
	struct kms_rect destination;
	enum kms_transform transform;
	/* In buffer coordinates; count 0 means all of it. */
	const struct kms_rect *damage;
	size_t damage_count;
};

enum kms_submit {
	KMS_SUBMIT_ACCEPTED, /* queued or pending: presented or commit_failed will follow */
	KMS_SUBMIT_REFUSED, /* the driver cannot show it so; use another buffer or placement */
	KMS_SUBMIT_OFF, /* the output is not active: nothing will follow */
};

/* Never blocks; copies what it needs. Only TEST_ONLY verdicts and the commit itself refuse. */
enum kms_submit kms_output_submit(struct kms_output *output, const struct kms_frame *frame);

/*
 * Would the driver show this frame? By TEST_ONLY, remembered by size, stride, fourcc, modifier,
 * placement and transform, not by buffer: no ioctl for a question asked before.
 */
bool kms_output_test(struct kms_output *output, const struct kms_frame *frame);

/* Does a frame that is pending, queued or current on this output use the buffer? */
bool kms_output_holds(const struct kms_output *output, const struct kms_buffer *buffer);

/* ---- layers above an output's picture (kms/output_layer.c, kms/output_planes.c) ---- */

/*
 * A picture of its own above the one of kms_output_submit() and below the cursor, on a plane of its
 * own. Its frames are submitted, shown and answered for themselves. All that are there in time flip
 * in one commit: while another layer has shown frames lately and has none yet, those that are there
 * wait for it, but never so long that they would miss the vblank; one that comes later is shown by
 * the next. Belongs to the caller, and may not outlive the device; stays while its output is off.
 */
struct kms_output_layer;

/* As the callbacks of struct kms_listener of the same names, of one layer. */
struct kms_layer_listener {
	void (*presented)(void *data, uint64_t serial, const struct kms_presentation *presentation);
	void (*commit_failed)(void *data, uint64_t serial, int error);
};

/* Shows nothing yet. NULL: the output has KMS_LAYERS_MAX of them. `listener` is copied, and may be
 * one of NULLs. */
struct kms_output_layer *kms_output_layer_create(struct kms_output *output,
	const struct kms_layer_listener *listener, void *data);

/* Takes NULL. It goes from the screen with the next commit; no callback comes. */
void kms_output_layer_destroy(struct kms_output_layer *layer);

/*
 * Of its next frames: what alpha in their pixels means (premultiplied, until it is set), and the
 * opacity of all of it, 0xffff opaque. Opaque or not at all is part of what kms_output_arrange() is
 * asked; how much is not, so that a layer can fade.
 */
void kms_output_layer_set_blending(struct kms_output_layer *layer, enum kms_blend blend,
	uint16_t alpha);

struct kms_layer_wish {
	struct kms_output_layer
		*layer; /* NULL: the output's own picture, which is the first wish */
	const struct kms_frame *frame; /* what it is to show; serial and damage do not matter */
};

/*
 * Would the hardware show these at once, from the bottom to the top? Bit n of the answer: it shows
 * wish n. A layer without its bit is to be drawn into the picture by the caller, with all that lies
 * between: so none that it covers has a bit. Without bit 0 there is none: the picture cannot be
 * shown so; ask with another one. At most 1 + KMS_LAYERS_MAX wishes.
 *
 * By what planes say that they can do, then by TEST_ONLY values, at most a few dozen; remembered by
 * the whole set (sizes, strides, formats, modifiers, places, transforms), not by buffers. A layer
 * keeps the plane that it has where that is possible. Frames have to be of this kind from now on.
 * Layers with a bit keep their planes until the next call, until the output gets another mode, or
 * another CRTC (output_changed); all others go from the screen with the next commit, also those
 * that are not named. output_changed also comes when planes have become free that were wanting
 * here, or when the driver refuses a set that it took: ask again. 0 while the output is not active.
 */
uint32_t kms_output_arrange(struct kms_output *output, const struct kms_layer_wish *wishes,
	size_t count);

/*
 * Of what a previous master left above the picture (kms_output_request.keep_layers) only what lies
 * in one of these areas (of the CRTC, pixels) stays for now, besides what is on a plane that
 * kms_output_arrange() has given to a layer, until that has its frame there. The rest goes from the
 * screen with the first frame of the picture, or with a commit of its own where that was shown. Its
 * planes are nobody's but that of a layer in the same place while it is awaited.
 */
void kms_output_await_layers(struct kms_output *output, const struct kms_rect *areas, size_t count);

/* As kms_output_submit(). Refused, too, where the layer has no plane, or the frame is of another
 * kind than that of the last kms_output_arrange(). Serials are the layer's own. */
enum kms_submit kms_output_layer_submit(struct kms_output_layer *layer,
	const struct kms_frame *frame);

/* A frame of it is on its way: another one has to wait. */
bool kms_output_layer_busy(const struct kms_output_layer *layer);

/* As kms_output_current(), of the layer. */
const struct kms_buffer *kms_output_layer_current(const struct kms_output_layer *layer);

/* What is arranged and submitted between the two goes in one commit, if no buffer is still drawn
 * into. Not nested; nothing is committed before the end, which comes in the same turn of the
 * loop. */
void kms_output_begin(struct kms_output *output);
void kms_output_end(struct kms_output *output);

/* The buffer of the output's own picture that is on the glass, and not only on its way there; NULL:
 * none of the caller's. */
const struct kms_buffer *kms_output_current(const struct kms_output *output);

/* ---- the cursor: moves with the next frame; alone only late in the frame (design 8) ---- */

/*
 * `pixels`: 64×64 ARGB8888, premultiplied, copied; NULL hides. hot_x, hot_y: inside the image, for
 * drivers with HOTSPOT properties. False: no plane takes it, blend it yourself.
 */
bool kms_output_set_cursor(struct kms_output *output, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y);

/* The image's top-left on the CRTC; may be negative. */
void kms_output_move_cursor(struct kms_output *output, int32_t x, int32_t y);

/* One that a previous master left goes although its picture stays (keep_cursor of
 * kms_output_request). */
void kms_output_forget_cursor(struct kms_output *output);

/* ---- buffers (kms/buffer.c) ---- */

struct kms_dmabuf {
	int fd; /* borrowed: not closed, not kept … */
	/* … but if it is given: then it goes to the buffer, where there is one, and what that has
	 * is kms_buffer_dmabuf(): this one, or of a buffer that was found again the one from
	 * then. */
	bool given;
	/* It may be no dma-buf at all: nothing is asked of the fd but whether the driver imports
	 * it, which says so, waits for nobody, and is in vain for a buffer that is in the cache. */
	bool unknown;
	uint32_t width;
	uint32_t height;
	uint32_t stride; /* bytes */
	uint32_t offset; /* bytes */
	uint32_t fourcc;
	uint64_t modifier; /* KMS_MODIFIER_INVALID: the driver's own idea */
	/*
	 * Any number that tells one guest from another. A refusal is remembered for its owner
	 * alone, so that a guest with strange buffers costs no other guest its direct path; and
	 * what is kept goes when its owner does.
	 */
	uint32_t owner;
};

/*
 * Imports a dma-buf and makes a framebuffer of it. A buffer that was seen lately is found again by
 * its identity (st_dev, st_ino and layout): a cache hit. NULL where the driver refuses, which
 * is remembered by layout. The caller gets a reference.
 */
struct kms_buffer *kms_buffer_import(struct kms_device *device, const struct kms_dmabuf *dmabuf,
	GError **error);

/* Its dma-buf, which is closed with it, also where the device is gone; -1: it is no imported
 * one. */
int kms_buffer_dmabuf(const struct kms_buffer *buffer);

/* A dumb XRGB8888 buffer, mapped, black. Write-combined in general: write it, never read it. */
struct kms_buffer *kms_buffer_create_dumb(struct kms_device *device, uint32_t width,
	uint32_t height, GError **error);

struct kms_buffer *kms_buffer_ref(struct kms_buffer *buffer);
/* Takes NULL. The framebuffer is closed (CLOSEFB) once no frame and no cache holds it. */
void kms_buffer_unref(struct kms_buffer *buffer);

/* The owner has gone: the cache gives up its framebuffers, of which those that are still shown go
 * with their frames, and its refusals are forgotten. */
void kms_device_trim(struct kms_device *device, uint32_t owner);

uint32_t kms_buffer_width(const struct kms_buffer *buffer);
uint32_t kms_buffer_height(const struct kms_buffer *buffer);

/* The mapping of a dumb buffer; NULL for an imported one. `stride` in bytes. */
uint8_t *kms_buffer_pixels(struct kms_buffer *buffer, uint32_t *stride);

/* ---- counters, for --stats; they only grow ---- */

struct kms_output_counters {
	uint64_t commits; /* accepted by the kernel, TEST_ONLY not counted */
	uint64_t frames_shown; /* frames that a page-flip event confirmed */
	uint64_t frames_superseded;
	uint64_t commits_failed;
	uint64_t commits_slow; /* a NONBLOCK commit that took more than 4 ms */
	uint64_t cursor_commits; /* without a frame */
	uint64_t mode_sets;
	uint64_t vblanks_missed; /* events later than the first vblank after their commit */
	uint64_t tests; /* TEST_ONLY ioctls */
	uint64_t flip_timeouts;
	uint64_t leases; /* times that it was lent to another program */
};

struct kms_device_counters {
	uint64_t imports; /* dma-bufs that became a framebuffer */
	uint64_t imports_refused;
	uint64_t cache_hits;
	uint64_t cache_misses;
	uint64_t framebuffers; /* that exist now */
};

const struct kms_output_counters *kms_output_counters(const struct kms_output *output);
const struct kms_device_counters *kms_device_counters(const struct kms_device *device);

#endif
