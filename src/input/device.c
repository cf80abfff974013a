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
#include "input/backlog.h"
#include "log.h"
#include "vhost/vhost.h"
#include "wire/account.h"
#include "wire/door.h"

#define EVENT_QUEUE 0
#define STATUS_QUEUE 1

/* Buffers of a queue in one turn of the main loop, at most: a guest can offer them as fast as we take
 * them, and the others wait meanwhile. More than the rings of QEMU have. Its guest's share of the turn
 * (wire/turn_share.h) can be used up before. */
#define TURN_BUFFERS 256

/* For so few of them the clock is not asked: a motion of the host's mouse is as many. */
#define TURN_UNTIMED_BUFFERS 4

/* So long the guests have at the end to take what is left. */
#define FLUSH_US 500000

enum device_state {
	DEVICE_WAITS, /* no VMM, or its guest has not listened yet */
	DEVICE_LISTENS,
	DEVICE_HALTED,
};

struct device {
	struct input_sink sink;
	char *guest;
	char *name;
	struct input_description description;
	const struct input_sink_listener *listener;
	void *data;
	struct door *door;
	struct account *account; /* borrowed, or NULL */
	struct vhost *vhost; /* NULL: no VMM */
	/* What the VMM has selected of the configuration. */
	uint8_t select;
	uint8_t subselect;
	uint64_t events;
	uint32_t leds; /* bit LED_*, that the guest has on */
	bool given; /* the driver that is there, or was, has got something */
	enum device_state state;
	uint16_t position; /* where the event queue was halted */
	struct backlog backlog;
};

/* ---- configuration: virtio 1.2, 5.8.4 and 5.8.5 ---- */

static void put_text(struct virtio_input_config *config, const char *text)
{
	config->size = (uint8_t)strlen(text);
	memcpy(config->u.string, text, config->size);
}

/* Up to the last byte with a bit; a set without bits has no bytes, which means: no such type. */
static void put_bits(struct virtio_input_config *config, const uint8_t *bits, size_t size)
{
	while (size > 0 && bits[size - 1] == 0)
		size--;
	config->size = (uint8_t)size;
	memcpy(config->u.bitmap, bits, size);
}

static void put_type_bits(struct virtio_input_config *config,
	const struct input_description *description, uint8_t type)
{
	static const uint8_t repeat = 1 << REP_DELAY | 1 << REP_PERIOD;

	switch (type) {
	case EV_KEY:
		put_bits(config, description->keys, sizeof(description->keys));
		break;
	case EV_REL:
		put_bits(config, description->relative, sizeof(description->relative));
		break;
	case EV_ABS:
		put_bits(config, description->absolute, sizeof(description->absolute));
		break;
	case EV_MSC:
		put_bits(config, description->misc, sizeof(description->misc));
		break;
	case EV_SW:
		put_bits(config, description->switches, sizeof(description->switches));
		break;
	case EV_LED:
		put_bits(config, description->leds, sizeof(description->leds));
		break;
	case EV_REP:
		put_bits(config, &repeat, description->repeats ? 1 : 0);
		break;
	}
}

static void put_axis(struct virtio_input_config *config,
	const struct input_description *description, uint8_t axis)
{
	const struct input_absinfo *info;

	if (axis > ABS_MAX || !input_bit(description->absolute, axis))
		return;
	info = &description->axes[axis];
	config->size = sizeof(config->u.abs);
	config->u.abs.min = GUINT32_TO_LE((uint32_t)info->minimum);
	config->u.abs.max = GUINT32_TO_LE((uint32_t)info->maximum);
	config->u.abs.fuzz = GUINT32_TO_LE((uint32_t)info->fuzz);
	config->u.abs.flat = GUINT32_TO_LE((uint32_t)info->flat);
	config->u.abs.res = GUINT32_TO_LE((uint32_t)info->resolution);
}

static void make_config(const struct device *device, struct virtio_input_config *config)
{
	const struct input_description *description = &device->description;

	memset(config, 0, sizeof(*config));
	config->select = device->select;
	config->subsel = device->subselect;
	/* Only sets and axes have parts. */
	if (device->subselect && device->select < VIRTIO_INPUT_CFG_EV_BITS)
		return;
	switch (device->select) {
	case VIRTIO_INPUT_CFG_ID_NAME:
		put_text(config, description->name);
		break;
	case VIRTIO_INPUT_CFG_ID_SERIAL:
		put_text(config, description->serial);
		break;
	case VIRTIO_INPUT_CFG_ID_DEVIDS:
		config->size = sizeof(config->u.ids);
		config->u.ids.bustype = GUINT16_TO_LE(description->id.bustype);
		config->u.ids.vendor = GUINT16_TO_LE(description->id.vendor);
		config->u.ids.product = GUINT16_TO_LE(description->id.product);
		config->u.ids.version = GUINT16_TO_LE(description->id.version);
		break;
	case VIRTIO_INPUT_CFG_PROP_BITS:
		put_bits(config, description->properties, sizeof(description->properties));
		break;
	case VIRTIO_INPUT_CFG_EV_BITS:
		put_type_bits(config, description, device->subselect);
		break;
	case VIRTIO_INPUT_CFG_ABS_INFO:
		put_axis(config, description, device->subselect);
		break;
	}
}

static bool get_config(void *data, uint32_t offset, uint32_t size, uint8_t *bytes)
{
	struct virtio_input_config config;

	if (offset > sizeof(config) || size > sizeof(config) - offset)
		return false;
	make_config(data, &config);
	memcpy(bytes, (const uint8_t *)&config + offset, size);
	return true;
}

/* A driver writes select and subsel, and a VMM may hand all of the space on; the rest is ours. */
static bool set_config(void *data, uint32_t offset, uint32_t size, const uint8_t *bytes)
{
	struct device *device = data;
	struct virtio_input_config config = {
		.select = device->select,
		.subsel = device->subselect,
	};

	if (offset > sizeof(config) || size > sizeof(config) - offset)
		return false;
	memcpy((uint8_t *)&config + offset, bytes, size);
	device->select = config.select;
	device->subselect = config.subsel;
	return true;
}

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

static void feed(struct device *device)
{
	const struct input_value *value;
	struct ring_chain chain;
	struct quantum quantum = begin_turn(device);

	while (has_turn(&quantum) && (value = backlog_first(&device->backlog)) != NULL &&
		vhost_look(device->vhost, EVENT_QUEUE, true, &chain)) {
		const struct virtio_input_event event = {
			.type = GUINT16_TO_LE(value->type),
			.code = GUINT16_TO_LE(value->code),
			.value = GUINT32_TO_LE((uint32_t)value->value),
		};

		/* A buffer that is too small goes back empty, and the next one is tried. */
		device->given = true;
		if (copy_to_chain(&chain, &event, sizeof(event))) {
			vhost_use(device->vhost, EVENT_QUEUE, &chain, sizeof(event));
			backlog_take(&device->backlog);
			device->events++;
		} else {
			vhost_use(device->vhost, EVENT_QUEUE, &chain, 0);
		}
		quantum.used++;
	}
	finish_turn(device, EVENT_QUEUE, &quantum);
}

static void tell_leds(struct device *device, uint32_t said, uint32_t leds)
{
	if (!said)
		return;
	device->leds = leds;
	device->listener->leds(device->data, said, leds);
}

/* A driver begins with all of them off, and says nothing of that. */
static void put_out_leds(struct device *device)
{
	tell_leds(device, device->leds, 0);
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

	while (has_turn(&quantum) && vhost_look(device->vhost, STATUS_QUEUE, false, &chain)) {
		struct virtio_input_event event;

		if (copy_from_chain(&chain, &event, sizeof(event)))
			read_led(&event, &said, &leds);
		vhost_use(device->vhost, STATUS_QUEUE, &chain, 0);
		quantum.used++;
	}
	finish_turn(device, STATUS_QUEUE, &quantum);
	tell_leds(device, said, leds);
}

/* ---- the VMM ---- */

static void queue_kicked(void *data, unsigned int ring)
{
	if (ring == EVENT_QUEUE)
		feed(data);
	else
		take_status(data);
}

/*
 * The driver that was there before a pause goes on with what it knows. One that begins anew, at 0,
 * knows of nothing. One that is further than we know has known another scanoutd, and may hold what
 * nobody has released; so may one that has got a multiple of 65536 buffers, or is new: that cannot
 * be told.
 */
static void begin_listening(struct device *device, uint16_t position)
{
	bool same = device->state == DEVICE_HALTED && position == device->position;
	bool wrapped = same && device->given && position == 0;

	if (same && position != 0)
		return;
	backlog_reset(&device->backlog);
	put_out_leds(device);
	if (position != 0 || wrapped)
		backlog_release(&device->backlog, &device->description);
	device->given = false;
}

static void queue_started(void *data, unsigned int ring)
{
	struct device *device = data;

	if (ring != EVENT_QUEUE) {
		take_status(device);
		return;
	}
	begin_listening(device, vhost_position(device->vhost, ring));
	device->state = DEVICE_LISTENS;
	device->listener->connected(device->data, true);
	feed(device);
}

static void queue_stopped(void *data, unsigned int ring)
{
	struct device *device = data;

	if (ring != EVENT_QUEUE)
		return;
	device->state = DEVICE_HALTED;
	device->position = vhost_position(device->vhost, ring);
	device->listener->connected(device->data, false);
}

static void vmm_closed(void *data)
{
	struct device *device = data;

	log_guest(G_LOG_LEVEL_INFO, device->guest, "%s: the VMM has disconnected", device->name);
	g_clear_pointer(&device->vhost, vhost_destroy);
	device->state = DEVICE_WAITS;
	device->given = false;
	put_out_leds(device);
	door_release(device->door);
}

static const struct vhost_listener vhost_listener = {
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

	device->select = VIRTIO_INPUT_CFG_UNSET;
	device->subselect = 0;
	device->vhost = vhost_create(device->guest, device->name, fd, device->account,
		&vhost_listener, device, &error);
	if (device->vhost) {
		log_guest(G_LOG_LEVEL_INFO, device->guest, "%s: a VMM has connected", device->name);
		return;
	}
	log_guest(G_LOG_LEVEL_WARNING, device->guest, "%s", error->message);
	door_release(device->door);
}

/* ---- the sink ---- */

static void device_send(struct input_sink *sink, const struct input_value *values, size_t count)
{
	struct device *device = (struct device *)sink;

	if (device->state == DEVICE_WAITS)
		return;
	backlog_push(&device->backlog, values, count);
	if (device->state == DEVICE_LISTENS)
		feed(device);
}

static void device_destroy(struct input_sink *sink)
{
	struct device *device = (struct device *)sink;

	door_destroy(device->door);
	vhost_destroy(device->vhost);
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
	device->description = *description;
	device->listener = listener;
	device->data = data;
	device->account = options->account;
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
		feed(device);
		if (vhost_runs(device->vhost, EVENT_QUEUE) && backlog_first(&device->backlog))
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
			!vhost_wait(waiting, waiting_count, EVENT_QUEUE, (int)(left_us / 1000)))
			return;
		left_us = end_us - g_get_monotonic_time();
	}
}

void device_counters(const struct input_sink *sink, struct device_counters *counters)
{
	const struct device *device = (const struct device *)sink;

	*counters = (struct device_counters){
		.groups = device->backlog.counters.groups,
		.events = device->events,
		.merged = device->backlog.counters.merged,
		.dropped = device->backlog.counters.dropped,
	};
}
