/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   no VMM ──door──▶ connected ──event queue starts──▶ listening ──stops──▶ halted ──▶ no VMM
 *                                                          ▲                  │
 *                                                          └──────starts──────┘
 *
 * Events go into the guest's buffers as long as there are any, else into the backlog, and from
 * there when the guest kicks with new ones. Nothing is kept for a guest that has not listened yet.
 * When the queue stops, nobody says whether the machine is paused or its driver gone, and a guest
 * that broke its ring may mend it: what comes is kept until it starts again, and then goes to the
 * driver that was there before, which knows keys as pressed, or is void for a new one.
 */
#include "input/device.h"

#include <linux/virtio_input.h>
#include <string.h>

#include "config/config.h"
#include "input/device_internal.h"
#include "log.h"
#include "wire/account.h"

/* Buffers of a queue in one turn of the main loop, at most: a guest can offer them as fast as we
 * take them, and the others wait meanwhile. More than the rings of QEMU have. Its guest's share of
 * the turn (wire/turn_share.h) can be used up before. */
#define TURN_BUFFERS 256

/* For so few of them the clock is not asked: a motion of the host's mouse is as many. */
#define TURN_UNTIMED_BUFFERS 4

/* So long the guests have at the end to take what is left. */
#define FLUSH_US 500000

/* ---- queues ---- */

/* A chain can be in pieces, of any sizes. False: it is not as large as that. */
static bool copy_to_chain(const struct ring_chain *chain, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	if (chain->bytes < size)
		return false;
	for (int i = 0; size > 0; i++) {
		size_t part = MIN(size, chain->pieces[i].iov_len);

		memcpy(chain->pieces[i].iov_base, from, part);
		from += part;
		size -= part;
	}
	return true;
}

static bool copy_from_chain(const struct ring_chain *chain, void *bytes, size_t size)
{
	uint8_t *to = bytes;

	if (chain->bytes < size)
		return false;
	for (int i = 0; size > 0; i++) {
		size_t part = MIN(size, chain->pieces[i].iov_len);

		memcpy(to, chain->pieces[i].iov_base, part);
		to += part;
		size -= part;
	}
	return true;
}

/* What a queue is given of a turn. */
struct quantum {
	struct turn_share *share;
	struct turn_work work;
	bool timed; /* work has begun */
	bool over; /* there may be more to do */
	unsigned int used; /* buffers */
};

static struct quantum begin_turn(struct device *device)
{
	return (struct quantum){.share = account_share(device->account)};
}

/* One buffer always: a device whose guest has had its share must not stand still. */
static bool may_go_on(struct quantum *quantum)
{
	if (quantum->used == 0)
		return true;
	if (quantum->used < TURN_UNTIMED_BUFFERS)
		return turn_share_is_left(quantum->share);
	if (quantum->used >= TURN_BUFFERS)
		return false;
	if (!quantum->timed) {
		quantum->work = turn_work_begin(quantum->share);
		quantum->timed = true;
	}
	return turn_work_has_time(&quantum->work);
}

static bool has_turn(struct quantum *quantum)
{
	quantum->over = !may_go_on(quantum);
	return !quantum->over;
}

static void finish_turn(struct device *device, unsigned int ring, const struct quantum *quantum)
{
	if (quantum->timed)
		turn_work_end(&quantum->work);
	if (quantum->used)
		vhost_call(device->vhost, ring);
	if (quantum->over)
		vhost_rest(device->vhost, ring);
}

void device_feed(struct device *device)
{
	const struct input_value *value;
	struct ring_chain chain;
	struct quantum quantum = begin_turn(device);

	while (has_turn(&quantum) && (value = backlog_first(&device->memory->backlog)) != NULL &&
		vhost_look(device->vhost, DEVICE_EVENT_QUEUE, true, &chain)) {
		const struct virtio_input_event event = {
			.type = GUINT16_TO_LE(value->type),
			.code = GUINT16_TO_LE(value->code),
			.value = GUINT32_TO_LE((uint32_t)value->value),
		};

		/* A buffer that is too small goes back empty, and the next one is tried. */
		device->given = true;
		if (copy_to_chain(&chain, &event, sizeof(event))) {
			vhost_use(device->vhost, DEVICE_EVENT_QUEUE, &chain, sizeof(event));
			backlog_take(&device->memory->backlog);
			device->events++;
		} else {
			device->skips = true;
			device_note(device);
			vhost_use(device->vhost, DEVICE_EVENT_QUEUE, &chain, 0);
			device->skips = false;
		}
		device_note(device);
		quantum.used++;
	}
	finish_turn(device, DEVICE_EVENT_QUEUE, &quantum);
}

static void tell_leds(struct device *device, uint32_t said, uint32_t leds)
{
	if (!said)
		return;
	device->leds = leds;
	device_note(device);
	device->listener->leds(device->data, said, leds);
}

/* What one event says of them. */
static void read_led(const struct virtio_input_event *event, uint32_t *said, uint32_t *leds)
{
	uint16_t code = GUINT16_FROM_LE(event->code);

	if (GUINT16_FROM_LE(event->type) != EV_LED || code > LED_MAX)
		return;
	*said |= UINT32_C(1) << code;
	*leds &= ~(UINT32_C(1) << code);
	*leds |= (uint32_t)(event->value != 0) << code;
}

static void take_status(struct device *device)
{
	struct ring_chain chain;
	struct quantum quantum = begin_turn(device);
	uint32_t said = 0;
	uint32_t leds = device->leds;

	while (has_turn(&quantum) &&
		vhost_look(device->vhost, DEVICE_STATUS_QUEUE, false, &chain)) {
		struct virtio_input_event event;

		if (copy_from_chain(&chain, &event, sizeof(event)))
			read_led(&event, &said, &leds);
		/* Before the guest has it back: it says so once. */
		device->leds = leds;
		device_note(device);
		vhost_use(device->vhost, DEVICE_STATUS_QUEUE, &chain, 0);
		quantum.used++;
	}
	finish_turn(device, DEVICE_STATUS_QUEUE, &quantum);
	tell_leds(device, said, leds);
}

/* ---- the VMM ---- */

static void queue_kicked(void *data, unsigned int ring)
{
	if (ring == DEVICE_EVENT_QUEUE)
		device_feed(data);
	else
		take_status(data);
}

/*
 * The driver that was there before a pause goes on with what it knows. One that begins anew, at 0,
 * knows of nothing. One that is further than we know has known another scanoutd, and may hold what
 * nobody has released; so may one that has got a multiple of 65536 buffers, or is new: that cannot
 * be told.
 */
void device_begin_listening(struct device *device, uint16_t position)
{
	bool same = device->state == DEVICE_HALTED && position == device->position;
	bool wrapped = same && device->given && position == 0;
	uint32_t leds = device->leds;

	device->state = DEVICE_LISTENS;
	if (same && position != 0) {
		device_note(device);
		return;
	}
	backlog_reset(&device->memory->backlog);
	if (position != 0 || wrapped)
		backlog_release(&device->memory->backlog, &device->memory->description);
	device->given = false;
	device->leds = 0;
	device_note(device);
	/* A driver begins with all of them off, and says nothing of that. */
	tell_leds(device, leds, 0);
}

static void queue_started(void *data, unsigned int ring)
{
	struct device *device = data;

	if (ring != DEVICE_EVENT_QUEUE) {
		take_status(device);
		return;
	}
	device_begin_listening(device, vhost_position(device->vhost, ring));
	device->listener->connected(device->data, true);
	device_feed(device);
}

static void queue_stopped(void *data, unsigned int ring)
{
	struct device *device = data;

	if (ring != DEVICE_EVENT_QUEUE)
		return;
	device->state = DEVICE_HALTED;
	device->position = vhost_position(device->vhost, ring);
	device_note(device);
	device->listener->connected(device->data, false);
}

static void vmm_closed(void *data)
{
	struct device *device = data;

	log_guest(G_LOG_LEVEL_INFO, device->guest, "%s: the VMM has disconnected", device->name);
	g_clear_pointer(&device->vhost, vhost_destroy);
	device->state = DEVICE_WAITS;
	device->given = false;
	device_forget(device);
	tell_leds(device, device->leds, 0);
	door_release(device->door);
}

static bool get_config(void *data, uint32_t offset, uint32_t size, uint8_t *bytes)
{
	return device_get_config(data, offset, size, bytes);
}

static bool set_config(void *data, uint32_t offset, uint32_t size, const uint8_t *bytes)
{
	return device_set_config(data, offset, size, bytes);
}

const struct vhost_listener device_vhost_listener = {
	.get_config = get_config,
	.set_config = set_config,
	.started = queue_started,
	.stopped = queue_stopped,
	.kicked = queue_kicked,
	.closed = vmm_closed,
};

static void vmm_attached(void *data, int fd)
{
	struct device *device = data;
	g_autoptr(GError) error = NULL;

	device_keep(device, fd);
	device->memory->select = VIRTIO_INPUT_CFG_UNSET;
	device->memory->subselect = 0;
	device->vhost = vhost_create(device->guest, device->name, fd, device->account,
		&device_vhost_listener, device, &error);
	if (device->vhost) {
		if (device->kept)
			vhost_keep(device->vhost, &device->memory->vhost,
				kept_vmm_fds(device->kept));
		log_guest(G_LOG_LEVEL_INFO, device->guest, "%s: a VMM has connected", device->name);
		return;
	}
	device_forget(device);
	log_guest(G_LOG_LEVEL_WARNING, device->guest, "%s", error->message);
	door_release(device->door);
}

/* ---- the sink ---- */

static void device_send(struct input_sink *sink, const struct input_value *values, size_t count)
{
	struct device *device = (struct device *)sink;

	if (device->state == DEVICE_WAITS)
		return;
	backlog_push(&device->memory->backlog, values, count);
	device_note(device);
	if (device->state == DEVICE_LISTENS)
		device_feed(device);
}

static void device_destroy(struct input_sink *sink)
{
	struct device *device = (struct device *)sink;
	bool stays = kept_vmm_stays(device->kept);

	door_destroy(device->door);
	if (device->vhost && stays)
		vhost_leave(device->vhost);
	else
		vhost_destroy(device->vhost);
	device_close_memory(device);
	g_free(device->name);
	g_free(device->guest);
	g_free(device);
}

static const struct input_sink_interface device_interface = {
	.send = device_send,
	.destroy = device_destroy,
};

struct input_sink *device_create(const struct device_options *options,
	const struct input_description *description, const struct input_sink_listener *listener,
	void *data, GError **error)
{
	struct device *device = g_new0(struct device, 1);
	struct door_options door;

	device->sink.interface = &device_interface;
	device->guest = g_strdup(options->guest);
	device->name = g_strdup(options->device);
	device->listener = listener;
	device->data = data;
	device->account = options->account;
	if (!device_open_memory(device, options, description)) {
		device_destroy(&device->sink);
		return NULL;
	}
	door = (struct door_options){
		.path = options->path,
		.group = options->group,
		.prepare = config_make_runtime_folder,
		.keeper = options->keeper,
		.guest = device->guest,
		.account = device->account,
		.fds = ACCOUNT_FDS_DEVICE,
	};
	device->door = door_create_path(&door, vmm_attached, device, error);
	if (!device->door) {
		device_destroy(&device->sink);
		return NULL;
	}
	device_adopt(device);
	return &device->sink;
}

/* Those whose guest has something to take, after what it can take now. */
static size_t feed_all(struct input_sink *const *sinks, size_t count, struct vhost **waiting)
{
	size_t waiting_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct device *device = (struct device *)sinks[i];

		if (device->state != DEVICE_LISTENS)
			continue;
		device_feed(device);
		if (vhost_runs(device->vhost, DEVICE_EVENT_QUEUE) &&
			backlog_first(&device->memory->backlog))
			waiting[waiting_count++] = device->vhost;
	}
	return waiting_count;
}

void device_flush(struct input_sink *const *sinks, size_t count)
{
	gint64 end_us = g_get_monotonic_time() + FLUSH_US;
	g_autofree struct vhost **waiting = g_new(struct vhost *, count);
	gint64 left_us = FLUSH_US;

	while (left_us > 0) {
		size_t waiting_count = feed_all(sinks, count, waiting);

		if (waiting_count == 0 ||
			!vhost_wait(waiting, waiting_count, DEVICE_EVENT_QUEUE,
				(int)(left_us / 1000)))
			return;
		left_us = end_us - g_get_monotonic_time();
	}
}

const struct input_description *device_description(const struct input_sink *sink)
{
	const struct device *device = (const struct device *)sink;

	return &device->memory->description;
}

void device_counters(const struct input_sink *sink, struct device_counters *counters)
{
	const struct device *device = (const struct device *)sink;

	*counters = (struct device_counters){
		.groups = device->memory->backlog.counters.groups,
		.events = device->events,
		.merged = device->memory->backlog.counters.merged,
		.dropped = device->memory->backlog.counters.dropped,
	};
}
