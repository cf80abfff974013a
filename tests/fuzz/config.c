/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration and the command line: any text either becomes a configuration or one error.
 *
 * Covers: src/config/
 * Reaches: 85
 */
#include "config/config.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/options.h"
#include "fuzz.h"

#define WORDS_MAX 12

static int file = -1;

static void write_file(const uint8_t *text, size_t size)
{
	if (file < 0)
		file = memfd_create("scanoutd.conf", MFD_CLOEXEC);
	if (ftruncate(file, 0) != 0 || pwrite(file, text, size, 0) != (ssize_t)size)
		g_error("memfd: %s", g_strerror(errno));
}

/* Words of a command line, with 0 bytes between them, up to the first empty one. */
static char **read_words(struct fuzz *fuzz)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	g_ptr_array_add(words, g_strdup("scanoutd"));
	while (words->len < WORDS_MAX && fuzz->size > 0 && fuzz->data[0] != '\0') {
		size_t length = strnlen((const char *)fuzz->data, fuzz->size);

		g_ptr_array_add(words, g_strndup((const char *)fuzz->data, length));
		fuzz->data += MIN(length + 1, fuzz->size);
		fuzz->size -= MIN(length + 1, fuzz->size);
	}
	if (fuzz->size > 0) {
		fuzz->data++;
		fuzz->size--;
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

/* --help ends the process, which is no fault; of one-letter options there is only that one. */
static bool ends(char *const *words)
{
	for (words++; *words; words++) {
		if (g_str_has_prefix(*words, "--h") ||
			(g_str_has_prefix(*words, "-") && !g_str_has_prefix(*words, "--")))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	g_auto(GStrv) words = read_words(&fuzz);
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;
	struct config *config = NULL;
	struct options options;
	bool sound;

	if (ends(words))
		return 0;
	write_file(fuzz.data, fuzz.size);
	path = g_strdup_printf("/proc/self/fd/%d", file);
	sound = options_init(&options, words, &error);
	if (!sound) {
		g_assert(error);
		return 0;
	}
	config = config_load(path, &error);
	sound = config && options_apply(&options, config, &error) && config_resolve(config, &error);
	g_assert(sound == !error);
	/* What this machine has may be anything, but is asked without harm. */
	if (sound)
		config_check_system(config, NULL);
	config_destroy(config);
	options_finish(&options);
	return 0;
}
