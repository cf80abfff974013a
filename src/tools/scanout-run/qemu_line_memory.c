/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's memory on a QEMU command line: how much the machine has, and whether the back-end can
 * map all of it. That must come from a file and be shared, wherever the guest's memory comes from:
 * the machine's own, NUMA nodes', and what memory devices add.
 */
#include <string.h>

#include "tools/scanout-run/qemu_line_internal.h"

#define MEBIBYTE (UINT64_C(1) << 20)

/* QEMU's, where the line has no -m; and the granule it rounds to. */
#define MEMORY_DEFAULT (128 * MEBIBYTE)
#define MEMORY_GRANULE UINT64_C(8192)

/* An -object. */
struct object {
	struct word *word;
	struct properties *properties;
};

enum memory_user {
	MEMORY_OF_MACHINE,
	MEMORY_OF_NODE, /* NUMA nodes' is in the machine's place */
	MEMORY_OF_DEVICE, /* is beside it */
};

/* Somebody whose memory is an -object. */
struct memory_use {
	enum memory_user user;
	char *id;
	char *name; /* of the user: "-device pc-dimm" */
};

static void object_clear(gpointer data)
{
	struct object *object = data;

	properties_destroy(object->properties);
}

static void use_clear(gpointer data)
{
	struct memory_use *use = data;

	g_free(use->id);
	g_free(use->name);
}

void reading_memory_begin(struct reading *reading)
{
	reading->objects = g_array_new(FALSE, FALSE, sizeof(struct object));
	g_array_set_clear_func(reading->objects, object_clear);
	reading->uses = g_array_new(FALSE, FALSE, sizeof(struct memory_use));
	g_array_set_clear_func(reading->uses, use_clear);
}

void reading_memory_finish(struct reading *reading)
{
	g_array_unref(reading->objects);
	g_array_unref(reading->uses);
}

static struct memory_use *use_at(const struct reading *reading, guint index)
{
	return &g_array_index(reading->uses, struct memory_use, index);
}

/* Takes `name` over. */
static void add_use(struct reading *reading, enum memory_user user, const char *id, char *name)
{
	struct memory_use use = {user, g_strdup(id), name};

	g_array_append_val(reading->uses, use);
}

void read_memory_size(struct reading *reading, struct word *word)
{
	struct properties *properties = reading_properties(reading, word, "size");

	if (!properties)
		return;
	const char *size = properties_get(properties, "size");
	if (size && !properties_parse_size(size, MEBIBYTE, &reading->line->memory))
		reading_refuse(reading, NULL, "-m %s: not a valid size", word->value);
	properties_destroy(properties);
}

void read_mem_path(struct reading *reading, struct word *word)
{
	reading_refuse(reading, reading_drop(word),
		"-mem-path %s: this memory is not shared: remove it, and scanout-run adds shared "
		"memory; or use memory-backend-file with share=on",
		word->value);
}

void read_object(struct reading *reading, struct word *word)
{
	struct object object = {word, reading_properties(reading, word, "qom-type")};

	if (object.properties)
		g_array_append_val(reading->objects, object);
}

void read_numa(struct reading *reading, struct word *word)
{
	struct properties *properties = reading_properties(reading, word, "type");

	if (!properties)
		return;
	const char *memory = properties_get(properties, "memdev");
	if (memory)
		add_use(reading, MEMORY_OF_NODE, memory, g_strdup("-numa node"));
	properties_destroy(properties);
}

/* A later -machine adds to an earlier one, and replaces what both say. */
static void forget_machine_memory(struct reading *reading)
{
	for (guint i = reading->uses->len; i > 0; i--)
		if (use_at(reading, i - 1)->user == MEMORY_OF_MACHINE)
			g_array_remove_index(reading->uses, i - 1);
}

void read_machine_memory(struct reading *reading, struct word *word,
	const struct properties *properties)
{
	const char *memory = properties_get(properties, "memory-backend");
	const char *size = properties_get(properties, "memory.size");

	if (size && !properties_parse_size(size, MEBIBYTE, &reading->line->memory))
		reading_refuse(reading, NULL, "-machine memory.size=%s: not a valid size", size);
	if (!memory)
		return;
	forget_machine_memory(reading);
	add_use(reading, MEMORY_OF_MACHINE, memory, g_strdup("the machine"));
}

void read_device_memory(struct reading *reading, struct word *word,
	const struct properties *properties)
{
	static const char *const names[] = {"memdev", "volatile-memdev", "persistent-memdev", NULL};
	const char *driver = properties_get(properties, "driver");

	/* The memory of a device, which the guest does not take for its own. */
	if (!driver || g_str_has_prefix(driver, "ivshmem"))
		return;
	for (const char *const *name = names; *name; name++) {
		const char *memory = properties_get(properties, *name);

		if (memory)
			add_use(reading, MEMORY_OF_DEVICE, memory,
				g_strdup_printf("-device %s", driver));
	}
}

/* NULL where the line has no -object of that id. */
static const struct object *find_object(const struct reading *reading, const char *id)
{
	for (guint i = 0; i < reading->objects->len; i++) {
		const struct object *object = &g_array_index(reading->objects, struct object, i);

		if (!g_strcmp0(properties_get(object->properties, "id"), id))
			return object;
	}
	return NULL;
}

static bool is_shared(const struct object *object, const char *type)
{
	static const struct {
		const char *type;
		bool shared; /* without share= */
	} types[] = {
		{"memory-backend-memfd", true},
		{"memory-backend-shm", true},
		{"memory-backend-file", false},
		/* With share=on QEMU makes it a memfd. */
		{"memory-backend-ram", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(type, types[i].type))
			return properties_get_switch(object->properties, "share", types[i].shared);
	return false;
}

/* The machine's memory becomes scanout-run's. `object` may be NULL. */
static char *drop_machine_memory(const struct reading *reading, const struct object *object,
	const char *id)
{
	const struct words *words = reading->line->words;

	for (guint i = 0; i < words_count(words); i++) {
		struct word *word = words_at(words, i);

		if (word_is(word, "machine") && word->value)
			word_change(word,
				properties_change(word_value(word), "type", "memory-backend",
					NULL));
	}
	if (!object)
		return g_strdup_printf("removed memory-backend=%s of -machine", id);
	g_autofree char *text = word_text(object->word);
	object->word->dropped = true;
	return g_strdup_printf("removed memory-backend=%s of -machine, and %s", id, text);
}

/* A file is left alone: what the guest writes would then be in it. */
static char *share_object(const struct object *object, const char *type)
{
	g_autofree char *memfd = NULL;

	if (g_str_equal(type, "memory-backend-ram"))
		memfd = properties_change(object->word->value, "qom-type", "qom-type",
			"memory-backend-memfd");
	else if (g_str_equal(type, "memory-backend-memfd"))
		memfd = g_strdup(object->word->value);
	else
		return NULL;
	g_autofree char *before = word_text(object->word);
	word_change(object->word, properties_change(memfd, "qom-type", "share", "on"));
	return g_strdup_printf("replaced %s by -object %s", before, word_value(object->word));
}

static void refuse_missing(struct reading *reading, const struct memory_use *use)
{
	char *fix = use->user == MEMORY_OF_MACHINE ? drop_machine_memory(reading, NULL, use->id)
						   : NULL;

	reading_refuse(reading, fix, "the memory \"%s\" of %s has no -object on the line", use->id,
		use->name);
}

static void refuse_private(struct reading *reading, const struct memory_use *use,
	const struct object *object, const char *type)
{
	char *fix = use->user == MEMORY_OF_MACHINE ? drop_machine_memory(reading, object, use->id)
						   : share_object(object, type);
	g_autofree char *advice = NULL;

	if (use->user == MEMORY_OF_MACHINE)
		advice = g_strdup_printf("remove both its -object and memory-backend=%s of "
					 "-machine, and scanout-run adds shared memory; or ",
			use->id);
	reading_refuse(reading, fix,
		"the memory \"%s\" (%s) of %s is not shared: %suse memory-backend-memfd (or "
		"memory-backend-file with share=on)",
		use->id, type, use->name, advice ? advice : "");
}

static bool was_judged(const struct reading *reading, guint index)
{
	for (guint i = 0; i < index; i++)
		if (g_str_equal(use_at(reading, i)->id, use_at(reading, index)->id))
			return true;
	return false;
}

/* Returns whether the back-end can map it. */
static bool judge_use(struct reading *reading, guint index)
{
	const struct memory_use *use = use_at(reading, index);
	const struct object *object = find_object(reading, use->id);
	const char *type = object ? properties_get(object->properties, "qom-type") : NULL;

	if (type && is_shared(object, type))
		return true;
	if (was_judged(reading, index))
		return false;
	if (type)
		refuse_private(reading, use, object, type);
	else
		refuse_missing(reading, use);
	return false;
}

void judge_memory(struct reading *reading)
{
	struct qemu_line *line = reading->line;

	if (!line->memory)
		line->memory = MEMORY_DEFAULT;
	line->memory = (line->memory + MEMORY_GRANULE - 1) / MEMORY_GRANULE * MEMORY_GRANULE;
	for (guint i = 0; i < reading->uses->len; i++) {
		bool shared = judge_use(reading, i);
		const struct memory_use *use = use_at(reading, i);

		if (use->user == MEMORY_OF_MACHINE)
			line->memory_is_shared |= shared;
		else if (use->user == MEMORY_OF_NODE)
			line->memory_is_shared = true;
	}
}
