/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration and the command line: any text either becomes a configuration or one error.
 *
 * Not reached: folders that root cannot write into, and what depends on the environment
 * ($RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR) and makes folders.
 *
 * Covers: src/config/
 * Reaches: 95
 * Of each file: 93
 */
#include "config/config.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/input.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/changes.h"
#include "config/combination.h"
#include "config/options.h"
#include "fuzz.h"

#define WORDS_MAX 20

/* The file, and one that is dropped in beside it. */
enum { MAIN, DROP_IN, FILES };

static struct {
	char *path; /* of MAIN; NULL: not made yet */
	int fds[FILES]; /* memfds that the names lead to: nothing is made for an input */
	struct config *running; /* as if it was read again */
} files;

static int make_file(const char *path)
{
	int fd = memfd_create("scanoutd.conf", MFD_CLOEXEC);
	g_autofree char *target = g_strdup_printf("/proc/self/fd/%d", fd);

	if (fd < 0 || symlink(target, path) != 0)
		g_error("%s: %s", path, g_strerror(errno));
	return fd;
}

static void check_unreadable(const char *path)
{
	g_autoptr(GError) error = NULL;

	g_assert(!config_load(path, &error));
	g_assert(error);
}

static void make_files(void)
{
	g_autofree char *folder = NULL;
	g_autofree char *drop_in = NULL;
	g_autofree char *editors = NULL;
	g_autofree char *empty = NULL;

	files.path = g_build_filename(fuzz_folder(), "scanoutd.conf", NULL);
	folder = g_strconcat(files.path, ".d", NULL);
	drop_in = g_build_filename(folder, "10-more.conf", NULL);
	editors = g_build_filename(folder, "10-more.conf~", NULL);
	empty = g_build_filename(folder, "20-empty.conf", NULL);
	check_unreadable(files.path);
	check_unreadable("/");
	files.fds[MAIN] = make_file(files.path);
	/* A folder that is not there, and one that leads to itself. */
	config_destroy(config_load(files.path, NULL));
	if (symlink(folder, folder) != 0)
		g_error("%s: %s", folder, g_strerror(errno));
	check_unreadable(files.path);
	g_unlink(folder);
	if (g_mkdir(folder, 0700) != 0 || symlink("nowhere", editors) != 0 ||
		symlink("/dev/null", empty) != 0)
		g_error("%s: %s", folder, g_strerror(errno));
	files.fds[DROP_IN] = make_file(drop_in);
}

static void write_file(int fd, const uint8_t *text, size_t size)
{
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, size, 0) != (ssize_t)size)
		g_error("memfd: %s", g_strerror(errno));
}

/* What is behind a 0 byte is in the second one. */
static void write_files(const uint8_t *text, size_t size)
{
	size_t first = size > 0 ? strnlen((const char *)text, size) : 0;
	size_t rest = MIN(first + 1, size);

	write_file(files.fds[MAIN], text, first);
	write_file(files.fds[DROP_IN], text + rest, size - rest);
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

/* Each word of the command line as keys, too; a modifier is one at most. */
static void check_combinations(char *const *words)
{
	for (; *words; words++) {
		struct combination combination;
		unsigned int modifier;

		if (!combination_parse(*words, &combination, NULL))
			continue;
		g_assert(combination.key < KEY_MAX);
		modifier = combination_modifier_of(combination.key);
		g_assert((modifier & (modifier - 1)) == 0);
	}
}

/* Against one that runs. */
static void check_changes(const struct config *config)
{
	static const char text[] = "[daemon]\ncard=x\nstats=y\n[guest a]\nvm=z\n[output DP-1]\n";
	g_autofree char *changes = NULL;

	if (!files.running) {
		write_files((const uint8_t *)text, sizeof(text) - 1);
		files.running = config_load(files.path, NULL);
		g_assert(files.running);
	}
	changes = config_changes(files.running->texts, config->texts);
	g_assert(!changes || changes[0] != '\0');
	g_assert(!config_changes(config->texts, config->texts));
	/* The one that runs has none. */
	g_assert(config_lends_the_same(config, config));
	g_assert(config_lends_the_same(files.running, config) == (config->leases->len == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	g_auto(GStrv) words = read_words(&fuzz);
	g_autoptr(GError) error = NULL;
	struct config *config = NULL;
	struct options options;
	bool sound;

	check_combinations(words);
	if (ends(words))
		return 0;
	if (!files.path)
		make_files();
	write_files(fuzz.data, fuzz.size);
	sound = options_init(&options, words, &error);
	if (!sound) {
		g_assert(error);
		return 0;
	}
	config = config_load(files.path, &error);
	sound = config && options_apply(&options, config, &error) && config_resolve(config, &error);
	g_assert(sound == !error);
	/* What this machine has may be anything, but is asked without harm. */
	if (sound) {
		config_check_system(config, NULL);
		check_changes(config);
	}
	config_destroy(config);
	options_finish(&options);
	return 0;
}
