/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Displays and graphics cards of a QEMU command line: the guest that scanoutd shows has no other.
 * Each that is on the line is a reason, and can be removed.
 */
#include <string.h>

#include "tools/scanout-run/qemu_line_internal.h"

/* `advice`, which is taken over: which option of scanout-run's does the same; or NULL. `also`: what
 * is removed with it; or NULL. */
static void refuse_display(struct reading *reading, struct word *word, char *advice,
	const char *also)
{
	g_autofree char *text = word_text(word);
	g_autofree char *taken = advice;
	g_autofree char *drop = reading_drop(word);

	reading_refuse(reading, g_strjoin(", and ", drop, also, NULL),
		"%s conflicts with scanoutd, which is the guest's display: remove it%s%s", text,
		taken ? "; " : "", taken ? taken : "");
}

/* For a display that draws, or lets the guest draw, with the host's GPU. */
static char *advise_3d(const struct properties *properties, bool is_3d)
{
	const char *node = properties_get(properties, "rendernode");

	if (!is_3d)
		return NULL;
	if (node)
		return g_strdup_printf("for 3D, use scanout-run --virgl --render-node=%s", node);
	return g_strdup("for 3D, use scanout-run --virgl");
}

static bool has_gl(const struct properties *properties)
{
	const char *gl = properties_get(properties, "gl");

	/* "core" and "es" are kinds of on. */
	return gl && properties_get_switch(properties, "gl", true);
}

void read_vga(struct reading *reading, struct word *word)
{
	if (g_str_equal(word->value, "none"))
		reading->line->has_vga_none = true;
	else
		refuse_display(reading, word,
			g_str_equal(word->value, "virtio")
				? g_strdup("for firmware that needs a VGA card, use "
					   "scanout-run --vga")
				: NULL,
			NULL);
}

void read_display(struct reading *reading, struct word *word)
{
	struct properties *properties = reading_properties(reading, word, "type");

	if (!properties)
		return;
	const char *type = properties_get(properties, "type");
	/* D-Bus shows nothing by itself, and is a way to tell the guest of another monitor. */
	if (type && (g_str_equal(type, "none") || g_str_equal(type, "dbus")))
		reading->line->has_display = true;
	else
		refuse_display(reading, word,
			advise_3d(properties,
				has_gl(properties) || !g_strcmp0(type, "egl-headless")),
			NULL);
	properties_destroy(properties);
}

void read_vnc(struct reading *reading, struct word *word)
{
	if (!g_str_equal(word->value, "none"))
		refuse_display(reading, word, NULL, NULL);
}

void read_spice(struct reading *reading, struct word *word)
{
	struct properties *properties = reading_properties(reading, word, NULL);

	if (!properties)
		return;
	refuse_display(reading, word, advise_3d(properties, has_gl(properties)), NULL);
	properties_destroy(properties);
}

void read_display_switch(struct reading *reading, struct word *word)
{
	refuse_display(reading, word, NULL, NULL);
}

static bool is_display_device(const char *driver)
{
	static const char *const exact[] = {"VGA", "ati-vga", "bochs-display", "cirrus-vga",
		"isa-cirrus-vga", "isa-vga", "ramfb", "secondary-vga", "sm501", "vmware-svga",
		NULL};
	static const char *const prefixes[] = {"virtio-gpu", "virtio-vga", "vhost-user-gpu",
		"vhost-user-vga", "qxl", NULL};

	if (g_strv_contains(exact, driver))
		return true;
	for (const char *const *prefix = prefixes; *prefix; prefix++)
		if (g_str_has_prefix(driver, *prefix))
			return true;
	return false;
}

/* Of scanout-run's options, those that make of our device what this one is. */
static char *advise_device(const struct properties *properties, const char *driver)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	const char *outputs = properties_get(properties, "max_outputs");

	if (strstr(driver, "-gl") || strstr(driver, "-rutabaga") ||
		properties_get_switch(properties, "virgl", false))
		g_ptr_array_add(options, g_strdup("--virgl (3D)"));
	if (outputs && !g_str_equal(outputs, "1"))
		g_ptr_array_add(options, g_strdup_printf("--max-outputs=%s", outputs));
	if (g_str_has_prefix(driver, "virtio-vga") || g_str_has_prefix(driver, "vhost-user-vga"))
		g_ptr_array_add(options, g_strdup("--vga (firmware that needs a VGA card)"));
	if (!options->len)
		return NULL;
	g_ptr_array_add(options, NULL);
	g_autofree char *list = g_strjoinv(", ", (char **)options->pdata);
	return g_strdup_printf("scanout-run has %s", list);
}

/* The socket of a device that is removed has nobody to connect to. Returns the word as it was, or
 * NULL where there is none; the caller's. */
static char *drop_chardev(struct reading *reading, const char *id)
{
	for (guint i = 0; id && i < words_count(reading->line->words); i++) {
		struct word *word = words_at(reading->line->words, i);

		if (!word_is(word, "chardev") || !word->value)
			continue;
		struct properties *properties = properties_create(word->value, "backend", NULL);
		bool is_it = properties && !g_strcmp0(properties_get(properties, "id"), id);
		properties_destroy(properties);
		if (is_it) {
			word->dropped = true;
			return word_text(word);
		}
	}
	return NULL;
}

void read_device_display(struct reading *reading, struct word *word,
	const struct properties *properties)
{
	const char *driver = properties_get(properties, "driver");
	const char *chardev = properties_get(properties, "chardev");

	if (!driver || !is_display_device(driver))
		return;
	g_autofree char *socket = drop_chardev(reading, chardev);
	refuse_display(reading, word, advise_device(properties, driver), socket);
}
