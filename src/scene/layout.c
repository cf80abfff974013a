/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which scanout is shown where. An entry here is an output that shows something; the entries are
 * found by the output's pointer, of which there are at most 32.
 */
#include "scene/layout.h"

#include <string.h>

#include "log.h"
#include "scene/edid.h"
#include "scene/source.h"
#include "scene/view.h"

struct entry {
	struct kms_output *output;
	struct view *view;
	struct guest *guest;
	uint32_t scanout;
	char *mode;
	enum place_policy policy;
	bool keep_picture;
	bool positioned;
	int32_t x;
	int32_t y;
	bool surplus; /* the guest's device has no such scanout: off */
	bool unused; /* nobody asked for it, nor did the guest use it yet: off until then */
};

struct layout {
	void (*device_gone)(void *data);
	void *data;
	struct kms_device *device;
	struct entry entries[KMS_OUTPUTS_MAX];
	size_t count;
};

G_DEFINE_QUARK(scanoutd - layout - error - quark, layout_error)

/* ---- what the card reports ---- */

static struct view *find_view(const struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].output == output)
			return layout->entries[i].view;
	}
	return NULL;
}

static void on_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct view *view = find_view(data, output);

	if (view)
		view_presented(view, serial, presentation);
}

static void on_idle(void *data, struct kms_output *output)
{
	struct view *view = find_view(data, output);

	if (view)
		view_resume(view);
}

static void on_commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct view *view = find_view(data, output);

	if (view)
		view_commit_failed(view, serial, error);
}

static void on_output_changed(void *data, struct kms_output *output)
{
	struct view *view = find_view(data, output);

	if (view)
		view_output_changed(view);
}

static void on_device_gone(void *data)
{
	struct layout *layout = data;

	layout->device_gone(layout->data);
}

static const struct kms_listener kms_listener = {
	.presented = on_presented,
	.idle = on_idle,
	.commit_failed = on_commit_failed,
	.output_changed = on_output_changed,
	.device_gone = on_device_gone,
};

const struct kms_listener *layout_kms_listener(void)
{
	return &kms_listener;
}

/* ---- what guests are told ---- */

/* The output that stands for a scanout: of several that show it, the first. */
static const struct entry *find_scanout(const struct layout *layout, const struct guest *guest,
	uint32_t scanout)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct entry *entry = &layout->entries[i];

		if (entry->guest == guest && entry->scanout == scanout && !entry->surplus)
			return entry;
	}
	return NULL;
}

/* From left to right in the order of scanouts, but for those that the user placed. */
static void on_info(void *data, struct guest *guest, struct virtio_gpu_resp_display_info *info)
{
	const struct layout *layout = data;
	int64_t right = 0;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct entry *entry = find_scanout(layout, guest, i);
		const struct kms_mode_info *mode;
		int64_t x, y;

		if (!entry)
			continue;
		mode = kms_output_mode(entry->output);
		x = entry->positioned ? entry->x : right;
		y = entry->positioned ? entry->y : 0;
		right = MAX(right, x + mode->width);
		info->pmodes[i] = (struct virtio_gpu_display_one){
			.x = GUINT32_TO_LE((uint32_t)x),
			.y = GUINT32_TO_LE((uint32_t)y),
			.width = GUINT32_TO_LE(mode->width),
			.height = GUINT32_TO_LE(mode->height),
			.enabled = GUINT32_TO_LE(1),
		};
	}
}

static uint32_t on_edid(void *data, struct guest *guest, uint32_t scanout, uint8_t *edid)
{
	const struct entry *entry = find_scanout(data, guest, scanout);
	const struct kms_mode_info *mode;
	const uint8_t *monitor;
	size_t monitor_size = 0;
	struct edid_screen screen;

	if (!entry)
		return 0;
	mode = kms_output_mode(entry->output);
	screen = (struct edid_screen){
		.width = mode->width,
		.height = mode->height,
		.refresh_mhz = mode->refresh_mhz,
		.name = kms_output_name(entry->output),
		.scaled = entry->policy != PLACE_CENTER && entry->policy != PLACE_NONE,
	};
	kms_output_physical_size(entry->output, &screen.width_mm, &screen.height_mm);
	monitor = kms_output_edid(entry->output, &monitor_size);
	return (uint32_t)edid_write(edid, &screen, monitor, monitor_size);
}

static bool configure_card(struct layout *layout, GError **error);

static void on_used(void *data, struct guest *guest, uint32_t scanout)
{
	struct layout *layout = data;
	g_autoptr(GError) error = NULL;
	bool changed = false;

	for (size_t i = 0; i < layout->count; i++) {
		struct entry *entry = &layout->entries[i];

		if (entry->guest != guest || entry->scanout != scanout || !entry->unused)
			continue;
		entry->unused = false;
		changed = true;
	}
	if (changed && !configure_card(layout, &error))
		log_guest(G_LOG_LEVEL_WARNING, guest_name(guest), "scanout %u: %s", scanout,
			error->message);
}

static const struct guest_display guest_display = {
	.info = on_info,
	.edid = on_edid,
	.used = on_used,
};

G_STATIC_ASSERT(EDID_SIZE_MAX <= VIRTIO_GPU_EDID_MAX);

/* ---- assignment ---- */

static struct entry *find_entry(struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].output == output)
			return &layout->entries[i];
	}
	return NULL;
}

static const struct layout_guest *find_guest(const struct layout_options *options, const char *name)
{
	for (size_t i = 0; i < options->guest_count; i++) {
		if (g_str_equal(guest_name(options->guests[i].guest), name))
			return &options->guests[i];
	}
	return NULL;
}

/* A section that switches its output off keeps it from the default order, too. */
static bool switched_off(const struct layout *layout, const struct layout_options *options,
	const struct kms_output *output)
{
	for (size_t i = 0; i < options->output_count; i++) {
		if (options->outputs[i].off &&
			kms_device_find_output(layout->device, options->outputs[i].name, NULL) ==
				output)
			return true;
	}
	return false;
}

static bool is_free(struct layout *layout, const struct layout_options *options,
	const struct kms_output *output)
{
	return !find_entry(layout, output) && !switched_off(layout, options, output);
}

/* The names of the outputs that show nothing yet, for messages. */
static char *free_outputs(struct layout *layout, const struct layout_options *options)
{
	GString *names = g_string_new(NULL);

	for (size_t i = 0; i < kms_device_output_count(layout->device); i++) {
		const struct kms_output *output = kms_device_output(layout->device, i);

		if (is_free(layout, options, output))
			g_string_append_printf(names, "%s%s", names->len ? ", " : "",
				kms_output_name(output));
	}
	if (names->len == 0)
		g_string_append(names, "none");
	return g_string_free(names, FALSE);
}

static struct entry *add_entry(struct layout *layout, struct kms_output *output,
	const struct layout_guest *guest, uint32_t scanout, enum place_policy policy,
	const char *mode)
{
	struct entry *entry = &layout->entries[layout->count++];

	*entry = (struct entry){
		.output = output,
		.guest = guest->guest,
		.scanout = scanout,
		.mode = g_strdup(mode),
		.policy = policy,
		.keep_picture = guest->keep_picture,
	};
	return entry;
}

static uint32_t lowest_scanout(const struct layout *layout, const struct guest *guest)
{
	uint32_t scanout = 0;

	while (scanout < VHOST_USER_GPU_SCANOUTS - 1 && find_scanout(layout, guest, scanout))
		scanout++;
	return scanout;
}

/* Outputs that show a scanout, so far. */
static size_t count_mirrors(const struct layout *layout, const struct guest *guest,
	uint32_t scanout)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->count; i++)
		count += layout->entries[i].guest == guest && layout->entries[i].scanout == scanout;
	return count;
}

static bool assign_section(struct layout *layout, const struct layout_options *options,
	const struct layout_output *section, GError **error)
{
	struct kms_output *output = kms_device_find_output(layout->device, section->name, error);
	const struct layout_guest *guest;
	const struct entry *taken;
	struct entry *entry;

	if (!output)
		return false;
	/* Without a guest only its mode and place are meant, for the default order. */
	if (section->off || !section->guest)
		return true;
	guest = find_guest(options, section->guest);
	if (!guest) {
		g_set_error(error, LAYOUT_ERROR, LAYOUT_ERROR_GUEST,
			"output %s: there is no guest \"%s\"", section->name, section->guest);
		return false;
	}
	taken = find_entry(layout, output);
	if (taken) {
		g_autofree char *free_ones = free_outputs(layout, options);

		g_set_error(error, LAYOUT_ERROR, LAYOUT_ERROR_TAKEN,
			"output %s cannot show guest %s: it shows scanout %u of guest %s; free "
			"outputs: %s",
			kms_output_name(output), section->guest, taken->scanout,
			guest_name(taken->guest), free_ones);
		return false;
	}

	uint32_t scanout = section->scanout >= 0 ? (uint32_t)section->scanout
						 : lowest_scanout(layout, guest->guest);

	if (count_mirrors(layout, guest->guest, scanout) == GUEST_VIEWS_MAX) {
		g_set_error(error, LAYOUT_ERROR, LAYOUT_ERROR_MIRRORS,
			"output %s: scanout %u of guest %s is shown on %d outputs already, which "
			"is as many as can be",
			kms_output_name(output), scanout, section->guest, GUEST_VIEWS_MAX);
		return false;
	}
	entry = add_entry(layout, output, guest, scanout, section->policy, section->mode);
	entry->positioned = section->positioned;
	entry->x = section->x;
	entry->y = section->y;
	return true;
}

static const struct layout_output *find_section(const struct layout *layout,
	const struct layout_options *options, const struct kms_output *output)
{
	for (size_t i = 0; i < options->output_count; i++) {
		if (kms_device_find_output(layout->device, options->outputs[i].name, NULL) ==
			output)
			return &options->outputs[i];
	}
	return NULL;
}

/* In the kernel's order; where no monitor is there at all, one may come to any of them. */
static struct kms_output *next_free_output(struct layout *layout,
	const struct layout_options *options)
{
	struct kms_output *unplugged = NULL;

	for (size_t i = 0; i < kms_device_output_count(layout->device); i++) {
		struct kms_output *output = kms_device_output(layout->device, i);

		if (!is_free(layout, options, output))
			continue;
		if (kms_output_connected(output))
			return output;
		if (!unplugged)
			unplugged = output;
	}
	return layout->count == 0 ? unplugged : NULL;
}

static void assign_next(struct layout *layout, const struct layout_options *options,
	const struct layout_guest *guest, struct kms_output *output)
{
	const struct layout_output *section = find_section(layout, options, output);
	struct entry *entry = add_entry(layout, output, guest, lowest_scanout(layout, guest->guest),
		section ? section->policy : guest->policy, section ? section->mode : guest->mode);

	/* Every device has a scanout 0; whether it has more, QEMU tells nobody. */
	entry->unused = !section && entry->scanout > 0;
	if (section) {
		entry->positioned = section->positioned;
		entry->x = section->x;
		entry->y = section->y;
	}
}

static bool has_output(const struct layout *layout, const struct guest *guest)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].guest == guest)
			return true;
	}
	return false;
}

/* Guests that no section names: all connected outputs for the only one, one for each of several. */
static bool assign_rest(struct layout *layout, const struct layout_options *options, GError **error)
{
	for (size_t i = 0; i < options->guest_count; i++) {
		const struct layout_guest *guest = &options->guests[i];
		struct kms_output *output;

		if (has_output(layout, guest->guest))
			continue;
		output = next_free_output(layout, options);
		if (!output) {
			g_set_error(error, LAYOUT_ERROR, LAYOUT_ERROR_NO_OUTPUT,
				"guest %s: no connected output is left to show it on",
				guest_name(guest->guest));
			return false;
		}
		do {
			assign_next(layout, options, guest, output);
			output = next_free_output(layout, options);
		} while (output && options->guest_count == 1 &&
			layout->count < VHOST_USER_GPU_SCANOUTS);
	}
	return true;
}

/* Everything that shows a scanout on, all else off. */
static bool configure_card(struct layout *layout, GError **error)
{
	struct kms_output_request requests[KMS_OUTPUTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct entry *entry = &layout->entries[i];

		if (entry->surplus)
			continue;
		requests[count++] = (struct kms_output_request){
			.output = entry->output,
			.mode = entry->mode,
			.keep_picture = entry->keep_picture,
			.off = entry->unused,
		};
	}
	return kms_device_configure(layout->device, requests, count, error);
}

bool layout_configure(struct layout *layout, struct kms_device *device,
	const struct layout_options *options, GError **error)
{
	layout->device = device;
	for (size_t i = 0; i < options->output_count; i++) {
		if (!assign_section(layout, options, &options->outputs[i], error))
			return false;
	}
	if (!assign_rest(layout, options, error))
		return false;

	for (size_t i = 0; i < options->guest_count; i++)
		guest_set_display(options->guests[i].guest, &guest_display, layout);
	for (size_t i = 0; i < layout->count; i++) {
		struct entry *entry = &layout->entries[i];
		struct view_options view = {
			.device = device,
			.output = entry->output,
			.policy = entry->policy,
		};

		entry->view = view_create(&view);
		source_add_view(guest_source(entry->guest, entry->scanout), entry->view);
	}
	return configure_card(layout, error);
}

void layout_set_scanout_count(struct layout *layout, struct guest *guest, uint32_t count)
{
	g_autoptr(GError) error = NULL;
	bool changed = false;

	for (size_t i = 0; i < layout->count; i++) {
		struct entry *entry = &layout->entries[i];
		bool surplus = entry->guest == guest && entry->scanout >= count;

		if (entry->guest != guest || (entry->surplus == surplus && !entry->unused))
			continue;
		entry->surplus = surplus;
		entry->unused = false;
		changed = true;
		log_output(G_LOG_LEVEL_INFO, kms_output_name(entry->output),
			"%s: guest %s has %u scanouts, this is number %u", surplus ? "off" : "on",
			guest_name(guest), count, entry->scanout);
	}
	if (changed && !configure_card(layout, &error))
		log_guest(G_LOG_LEVEL_WARNING, guest_name(guest), "%s", error->message);
}

/* ---- life ---- */

struct layout *layout_create(void (*device_gone)(void *data), void *data)
{
	struct layout *layout = g_new0(struct layout, 1);

	layout->device_gone = device_gone;
	layout->data = data;
	return layout;
}

void layout_destroy(struct layout *layout)
{
	if (!layout)
		return;
	for (size_t i = 0; i < layout->count; i++) {
		view_destroy(layout->entries[i].view);
		g_free(layout->entries[i].mode);
	}
	g_free(layout);
}

size_t layout_view_count(const struct layout *layout)
{
	return layout->count;
}

struct view *layout_view(const struct layout *layout, size_t index)
{
	return layout->entries[index].view;
}

struct guest *layout_view_guest(const struct layout *layout, size_t index, uint32_t *scanout)
{
	*scanout = layout->entries[index].scanout;
	return layout->entries[index].guest;
}
