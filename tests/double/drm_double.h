/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A libdrm double: linked in libdrm's place, it is a card of any shape and temper in this process.
 *
 * Its ids tell what they are: CRTC 0xCC……, connector 0xC0……, encoder 0xEC……, plane 0x9A……,
 * framebuffer 0xFB……, blob 0xB1……, GEM handle 0x6E……, property 0x90……. It holds callers to the
 * kernel's rules that vkms has no way to break: a second commit on a CRTC before its event, a
 * handle closed twice, a framebuffer removed from the screen, a TEST_ONLY commit with an event are
 * written to double_faults(), and a test that leaves one there has failed.
 *
 * One card in a process. A test calls double_reset(), changes double_card, opens, and plays the
 * hardware: double_flip() lets a vblank come, double_fail() refuses what the test wants refused.
 */
#ifndef DRM_DOUBLE_H
#define DRM_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drmMode.h>

#define DOUBLE_CRTCS_MAX 32
#define DOUBLE_PLANES_MAX (4 * DOUBLE_CRTCS_MAX)

#define DOUBLE_CRTC(n) (UINT32_C(0xcc000000) + (uint32_t)(n))
#define DOUBLE_CONNECTOR(n) (UINT32_C(0xc0000000) + (uint32_t)(n))
#define DOUBLE_ENCODER(n) (UINT32_C(0xec000000) + (uint32_t)(n))
/* The CRTC's own planes: of CRTC n the primary one, the cursor, the overlay. */
#define DOUBLE_PRIMARY(n) (UINT32_C(0x9a000000) + (uint32_t)(n))
#define DOUBLE_CURSOR(n) (UINT32_C(0x9a000100) + (uint32_t)(n))
#define DOUBLE_OVERLAY(n) (UINT32_C(0x9a000200) + (uint32_t)(n))
/* … and one that scans out compressed buffers alone. */
#define DOUBLE_COMPRESSED(n) (UINT32_C(0x9a000300) + (uint32_t)(n))
/* Overlays that every CRTC can have. */
#define DOUBLE_SHARED(n) (UINT32_C(0x9a000400) + (uint32_t)(n))

/* For double_card.modes: the one mode of a small monitor, 160x120 at 60 Hz. */
#define DOUBLE_SMALL_WIDTH 160
#define DOUBLE_SMALL_HEIGHT 120
extern const drmModeModeInfo double_small_mode;

/* The card's shape and what its driver can do; read at open and at each call. */
struct double_card {
	unsigned int crtcs; /* as many connectors, each reachable by every CRTC */
	bool cursor_planes; /* one a CRTC */
	bool overlay_planes; /* one a CRTC, without scaling */
	bool compressed_overlays; /* one more before each of them, that knows DOUBLE_TILED alone */
	unsigned int shared_overlays; /* so many that are no CRTC's own, without scaling */
	unsigned int overlays_max; /* that can be on at once, of all: else ENOSPC; 0: all */
	bool in_fences; /* planes have IN_FENCE_FD */
	bool hotspot; /* cursor planes are hidden until the client says that it knows hotspots */
	bool scaler; /* primary planes scale */
	bool rotation; /* primary planes turn */
	bool panels; /* connectors have "panel orientation" */
	uint64_t panel_orientation; /* its value */
	bool settings; /* connectors have "content type", "underscan", margins and so on */
	bool headset[DOUBLE_CRTCS_MAX]; /* the connector's monitor is "non-desktop" */
	bool vrr; /* CRTCs can vary their refresh rate, and connectors say whether the monitor can */
	bool vrr_incapable[DOUBLE_CRTCS_MAX];
	bool vrr_by_mode_set; /* a commit that changes it without a mode set is EINVAL */
	const char *refused_value; /* a commit that sets this property to … */
	uint64_t refuses_value; /* … this value is EINVAL */
	bool zpos; /* planes can be put above each other: 0 to 7 */
	bool zpos_fixed; /* or have their places: primary 0, shared overlays 1 …, cursors 100 */
	bool blend_modes; /* planes have "pixel blend mode" */
	bool no_alpha; /* they have no "alpha" */
	bool damage_clips; /* primary planes and shared overlays have FB_DAMAGE_CLIPS */
	bool modifiers; /* AddFB2 takes modifiers */
	bool tiled; /* and knows DOUBLE_TILED */
	bool linear_implicit; /* and takes linear buffers only without a modifier */
	bool no_opaque; /* planes know ARGB8888 only */
	bool import;
	bool closefb;
	bool no_getfb2; /* GETFB2 is EINVAL */
	bool vblank; /* else events come at once */
	bool events_at_once; /* as if each commit hit a vblank: for benches */
	bool needs_mode_set; /* what is on at the start runs with other timings */
	bool refuse_cursor; /* a commit that lights a cursor plane (TEST_ONLY too) is EINVAL */
	bool refuse_cursor_commit; /* the same, but TEST_ONLY says yes */
	bool cursor_unscaled; /* a cursor above a primary plane that scales is EINVAL */
	bool cursor_without_overlays; /* a cursor while an overlay is on is EINVAL */
	bool refuse_damage; /* a commit with FB_DAMAGE_CLIPS is EINVAL */
	bool refuse_resets; /* a commit that sets "max bpc" is EINVAL */
	unsigned int width_max; /* of a mode: else EINVAL; 0: any */
	bool no_odd_modes; /* a mode that the connector has not is EINVAL */
	bool primary_needed; /* an active CRTC without its primary plane is EINVAL */
	unsigned int active_max; /* CRTCs that can be on at once: else ENOSPC; 0: all */
	uint32_t cursor_size;
	bool other_master; /* another program is master: commits are EACCES */
	bool manager; /* a seat manager makes us master (double_set_master()): ourselves we may not */
	bool revoked; /* it was a lease, whose owner has taken it back: no object of it is there */
	bool gone; /* unplugged: everything is ENODEV */
	bool no_universal, no_atomic; /* the client may not say that it knows these: EOPNOTSUPP */
	bool nameless_events; /* page flips do not say whose they are */
	bool no_crtcs; /* GetResources names none */
	const char *driver; /* its name; NULL: it does not tell */
	bool connected[DOUBLE_CRTCS_MAX];
	uint32_t reaches[DOUBLE_CRTCS_MAX]; /* the connector: a bit a CRTC; 0: all */
	bool undetected[DOUBLE_CRTCS_MAX]; /* nobody can say whether a monitor is there */
	uint32_t connector_type; /* DRM_MODE_CONNECTOR_* of all */
	const drmModeModeInfo *modes; /* of every monitor; NULL: see double_reset() */
	size_t mode_count;
	bool small[DOUBLE_CRTCS_MAX]; /* the connector's monitor has 640×480 alone */
};

/* What drmModeGetConnector() does first, in whichever thread asks: waits, as for a slow monitor.
 * NULL: nothing. */
extern void (*double_ask_monitor)(void);

extern struct double_card double_card;

/* A vendor's modifier that double_card.tiled knows. */
#define DOUBLE_TILED UINT64_C(0x0100000000000001)

/* Everything as new: one CRTC with cursor plane and vblank, one connector with 1024×768, 800×600
 * and 640×480; PRIME import, modifiers and CLOSEFB; the screen dark. */
void double_reset(void);

/* A descriptor of the card; the card is opened once at a time. Ends as any fd, by close(). */
int double_open(void);

/* As firmware leaves it: CRTC n runs 1024×768 with a framebuffer of the previous master's. Returns
 * that one's id. */
uint32_t double_light(unsigned int n);

/* And one of its layers on a plane, which lies there. Returns that framebuffer's id. */
uint32_t double_light_plane(unsigned int n, uint32_t plane, int32_t x, int32_t y, uint32_t width,
	uint32_t height);

/* As another master leaves a CRTC that it turned off. */
void double_darken(unsigned int n);

/* ---- the hardware's part ---- */

/* The link to connector n fails: "link-status" is bad, until a commit says that it is good. */
void double_break_link(unsigned int n);

/* The EDID that the kernel read from the monitor at connector n, which is open; `size` 0: none. */
void double_set_edid(unsigned int n, const void *edid, size_t size);

/* The part of a monitor that connector n, which is open, has: "GROUP:SINGLE:COLUMNS:ROWS:…"; `size`
 * 0: all of it. */
void double_set_tile(unsigned int n, const void *tile, size_t size);

/* What the driver says of the formats of a plane: any bytes, which need be no IN_FORMATS blob. */
void double_set_in_formats(uint32_t plane, const void *bytes, size_t size);

/*
 * Connector n goes, as one of MST does: without a monitor as long as a CRTC drives it, and then it
 * is no more. And it comes back under the same name as a new object: `id` is any of
 * DOUBLE_CONNECTOR().
 */
void double_take_connector(unsigned int n);
void double_give_connector(unsigned int n, uint32_t id);

/* A vblank on CRTC n: its sequence advances by `vblanks`, a commit in flight completes and its
 * event becomes readable. False if none was in flight. */
bool double_flip_after(unsigned int n, unsigned int vblanks);
bool double_flip(unsigned int n);

/* Lets each commit in flight complete without an event: a flip that is stuck, for ever. */
void double_lose_flips(void);

/* ---- who leased objects ---- */

/* Leases that were made and not revoked. What is leased is named in no commit of ours: a fault. */
unsigned int double_lessees(void);
bool double_is_leased(uint32_t object);

/* The holder shows a framebuffer of its own, whose number this is, on CRTC n; by a mode set of the
 * connector's last mode, or in that which is there. */
uint32_t double_lessee_show(unsigned int n, bool other_mode);
/* The same on the CRTC's own overlay. */
void double_lessee_show_overlay(unsigned int n);

/* Its last commit on CRTC n is in flight: ours are EBUSY there, and no fault, until it is done. */
void double_lessee_commit(unsigned int n, bool in_flight);

/* The commit that is in flight on CRTC n never completes: others are EBUSY there, and no fault. */
void double_stall(unsigned int n);

/* The event of the flip that was lost on CRTC n comes after all. */
void double_find_flip(unsigned int n);

enum double_call {
	DOUBLE_COMMIT, /* not TEST_ONLY */
	DOUBLE_TEST,
	DOUBLE_ADD_FB,
	DOUBLE_IMPORT,
	DOUBLE_CREATE_DUMB,
	DOUBLE_CREATE_BLOB,
	DOUBLE_SET_MASTER,
	DOUBLE_GET_RESOURCES,
	DOUBLE_GET_CONNECTOR,
	DOUBLE_GET_ENCODER,
	DOUBLE_CREATE_LEASE,
	DOUBLE_CALLS,
};

/* The next `times` calls fail with `error`, after `skip` that do not. */
void double_fail(enum double_call call, int error, unsigned int skip, unsigned int times);

/* ---- what was done to the card ---- */

struct double_counters {
	unsigned int commits; /* accepted */
	unsigned int commits_refused;
	unsigned int tests;
	unsigned int modeset_commits; /* accepted ones with ALLOW_MODESET */
	unsigned int blocking_commits;
	unsigned int imports;
	unsigned int handles_closed;
	unsigned int framebuffers_added; /* accepted */
	unsigned int framebuffers_refused;
	unsigned int framebuffers_closed; /* by CLOSEFB */
	unsigned int framebuffers_removed; /* by RMFB */
	unsigned int blobs_created;
	unsigned int ioctls; /* of all kinds */
};

extern struct double_counters double_counters;

/* Lines of what a caller did against the kernel's rules; NULL if nothing. */
const char *double_faults(void);

/* The committed value of an object's property; 0 for one that it does not have. */
uint64_t double_value(uint32_t object, const char *property);

/* Was the property in the last commit that was accepted? */
bool double_committed(uint32_t object, const char *property);

/* The contents of a blob that lives (or that a committed state holds); NULL for none. */
const void *double_blob(uint32_t id, size_t *size);

struct double_framebuffer {
	uint32_t id;
	uint32_t width;
	uint32_t height;
	uint32_t fourcc;
	uint32_t stride;
	uint64_t modifier; /* DRM_FORMAT_MOD_INVALID: added without */
	uint32_t handle;
};

/* A framebuffer that exists, or NULL. */
const struct double_framebuffer *double_framebuffer(uint32_t id);
unsigned int double_framebuffer_count(void);
unsigned int double_handle_count(void);

/* The pixels of the dumb buffer behind a framebuffer. */
const uint32_t *double_pixels(uint32_t framebuffer);

bool double_is_master(void);

/* The seat manager makes us that, or no longer. */
void double_set_master(bool master);

#endif
