/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mode that a Linux guest takes of an EDID of ours is the one that runs on the output, whatever
 * the monitor says: monitors are made up here of everything that decides it, each is asked for many
 * modes, and edid_model.c is the guest. edid-decode finds no fault that the monitor's own had not.
 */
#include <gio/gio.h>
#include <string.h>

#include "edid_model.h"
#include "edid_monitors.h"
#include "edid_seal.h"

static const struct edid_screen screens[] = {
	{1920, 1080, 60000, 520, 290, "DP-1", true},
	{1920, 1080, 59940, 520, 290, "DP-1", true},
	{1920, 1080, 50000, 520, 290, "DP-1", false},
	{1920, 1080, 23976, 520, 290, "DP-1", false},
	{1440, 900, 60070, 520, 290, "DP-1", true},
	{1280, 720, 60000, 520, 290, "DP-1", true},
	{1280, 1024, 74973, 520, 290, "DP-1", true},
	{1366, 768, 59790, 520, 290, "DP-1", true},
	{800, 600, 56250, 520, 290, "DP-1", true},
	{640, 480, 75000, 520, 290, "DP-1", true},
	{3840, 2160, 30000, 520, 290, "DP-1", true},
	{3840, 2160, 29970, 520, 290, "DP-1", true},
	{5120, 1440, 59977, 520, 290, "DP-1", true},
};

static void describe(unsigned int number, const struct edid_screen *screen)
{
	struct recipe recipe;

	recipe_make(&recipe, number);
	g_test_message(
		"monitor %u: revision 1.%u, bit %d, full %d, first %d, extension %d, maker %d; "
		"%ux%u@%u",
		number, recipe.revision, recipe.preferred_bit, recipe.full, recipe.first,
		recipe.extension, recipe.maker, screen->width, screen->height, screen->refresh_mhz);
}

/* ---- the guest's choice ---- */

/* A mode of a monitor's that has it may be off by what a clock of 10 kHz cannot say. */
static bool is_wanted(const struct edid_model *model, const struct edid_screen *screen, bool ours)
{
	const struct edid_model_mode *mode = &model->modes[0];
	double step = 1e7 / ((double)mode->horizontal_total * mode->vertical_total);
	double off = edid_model_refresh(mode) - screen->refresh_mhz;

	return model->count > 0 && mode->preferred && mode->width == screen->width &&
		mode->height == screen->height && ABS(off) <= (ours ? 0.5 : 1 + step / 2);
}

static void test_choice(void)
{
	struct recipe recipe;
	unsigned int untouched = 0;
	unsigned int edited = 0;

	for (unsigned int number = 0; recipe_make(&recipe, number); number++) {
		struct monitor monitor;

		monitor_make(&monitor, &recipe);
		for (size_t i = 0; i < G_N_ELEMENTS(screens); i++) {
			uint8_t edid[EDID_SIZE_MAX];
			size_t size = edid_write(edid, &screens[i], monitor.bytes, monitor.size);
			bool same = memcmp(edid + 54, monitor.bytes + 54, 18) == 0;
			struct edid_model model;
			bool right = edid_valid(edid, size) &&
				edid_model_read(&model, edid, size) &&
				is_wanted(&model, &screens[i], !same);

			if (!right)
				describe(number, &screens[i]);
			g_assert_true(right);
			untouched += same;
			edited += !same;
		}
	}
	g_test_message("%u untouched, %u edited", untouched, edited);
	g_assert_cmpuint(untouched, >, 100);
	g_assert_cmpuint(edited, >, 1000);
}

/* What edid_preferred() says is what the guest takes, of the monitors' own. */
static void test_preferred(void)
{
	struct recipe recipe;
	unsigned int known = 0;

	for (unsigned int number = 0; recipe_make(&recipe, number); number++) {
		struct monitor monitor;
		struct edid_model model;
		uint32_t width;
		uint32_t height;
		uint32_t refresh_mhz;

		monitor_make(&monitor, &recipe);
		if (recipe.extension == EXTENSION_BAD_OTHER)
			continue; /* The host's kernel has dropped it. */
		g_assert_true(edid_model_read(&model, monitor.bytes, monitor.size));
		if (!edid_preferred(monitor.bytes, monitor.size, &width, &height, &refresh_mhz)) {
			if (recipe.maker == MAKER_PLAIN && model.count > 0 &&
				model.modes[0].preferred)
				describe(number, &screens[0]);
			g_assert_true(recipe.maker != MAKER_PLAIN || model.count == 0 ||
				!model.modes[0].preferred);
			continue;
		}
		known++;
		if (width != model.modes[0].width)
			describe(number, &screens[0]);
		g_assert_true(model.modes[0].preferred);
		g_assert_cmpuint(width, ==, model.modes[0].width);
		g_assert_cmpuint(height, ==, model.modes[0].height);
		g_assert_cmpfloat(ABS(edid_model_refresh(&model.modes[0]) - refresh_mhz), <=, 0.5);
	}
	g_assert_cmpuint(known, >, 100);
}

/* ---- what is kept ---- */

static bool has_descriptor(const uint8_t *edid, const void *descriptor)
{
	for (size_t i = 0; i < 4; i++) {
		if (memcmp(edid + 54 + 18 * i, descriptor, 18) == 0)
			return true;
	}
	return false;
}

static void test_identity(void)
{
	struct recipe recipe;

	for (unsigned int number = 0; recipe_make(&recipe, number); number++) {
		struct monitor monitor;
		uint8_t edid[EDID_SIZE_MAX];

		monitor_make(&monitor, &recipe);
		for (size_t i = 0; i < G_N_ELEMENTS(screens); i++) {
			edid_write(edid, &screens[i], monitor.bytes, monitor.size);
			/* Linux's replacing of timings goes by the product code. */
			if (recipe.maker == MAKER_CLOCK || recipe.maker == MAKER_REDUCED)
				edid[11] ^= 0x80;
			g_assert_cmpmem(edid, 20, monitor.bytes, 20);
			g_assert_true(has_descriptor(edid, monitor_name));
			g_assert_true(has_descriptor(edid, monitor_serial) ==
				has_descriptor(monitor.bytes, monitor_serial));
		}
	}
}

/* Detailed timings that an EDID calls native are the first ones; ours is, and nothing else. */
static void test_native(void)
{
	const struct recipe recipe = {.revision = 3, .preferred_bit = true};
	struct recipe with_cta = recipe;
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	const uint8_t *cta = edid + EDID_BLOCK_SIZE;

	with_cta.extension = EXTENSION_ONE_CTA;
	monitor_make(&monitor, &with_cta);
	g_assert_cmpuint(edid_write(edid, &screens[5], monitor.bytes, monitor.size), ==,
		2 * EDID_BLOCK_SIZE);
	g_assert_cmphex(cta[3], ==, 0x81);
	/* The preference of formats is gone, and what followed has moved up. */
	g_assert_cmphex(cta[2], ==, 4 + 10);
	g_assert_cmpmem(cta + 4, 10, "\x46\x10\x01\x04\x13\x1f\x61\xe2\x00\x4a", 10);
	g_assert_cmpmem(cta + 14, 18, monitor_720p60, 18);
	/* Left alone where nothing else is. */
	g_assert_cmpuint(edid_write(edid, &screens[0], monitor.bytes, monitor.size), ==,
		2 * EDID_BLOCK_SIZE);
	g_assert_cmpmem(edid, 2 * EDID_BLOCK_SIZE, monitor.bytes, monitor.size);
}

/* Linux reads a CTA block with a wrong checksum: a guest of ours too, with a right one. */
static void test_bad_checksum(void)
{
	struct recipe recipe = {.revision = 3,
		.preferred_bit = true,
		.extension = EXTENSION_BAD_CTA};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_make(&monitor, &recipe);
	g_assert_false(edid_valid(monitor.bytes, monitor.size));
	size = edid_write(edid, &screens[0], monitor.bytes, monitor.size);
	g_assert_true(edid_valid(edid, size));
	g_assert_cmpmem(edid, size - 1, monitor.bytes, monitor.size - 1);
	size = edid_write(edid, &screens[5], monitor.bytes, monitor.size);
	g_assert_true(edid_valid(edid, size));
	g_assert_cmpuint(size, ==, monitor.size);
	g_assert_cmphex(edid[EDID_BLOCK_SIZE], ==, 0x02);
	/* Any other goes. */
	recipe.extension = EXTENSION_BAD_OTHER;
	monitor_make(&monitor, &recipe);
	size = edid_write(edid, &screens[0], monitor.bytes, monitor.size);
	g_assert_true(edid_valid(edid, size));
	g_assert_cmpuint(size, ==, 2 * EDID_BLOCK_SIZE);
	g_assert_cmpuint(edid[126], ==, 1);
}

/* ---- rates ---- */

/* Every width and every rate: what a guest's vblank timer counts is the mode's rate. */
static void test_rates(void)
{
	static const uint32_t rates[] = {23976, 24000, 25000, 29970, 30000, 47952, 48000, 50000,
		56250, 59790, 59940, 59951, 60000, 60004, 60070, 70069, 72188, 74973, 75000, 75025,
		84997, 99946, 119880, 119982, 143847, 143998, 164997};

	for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
		for (uint32_t width = 640; width < 4000; width += 111) {
			const struct edid_screen screen = {
				.width = width,
				.height = width * 9 / 16,
				.refresh_mhz = rates[i],
			};
			uint8_t edid[EDID_SIZE_MAX];
			size_t size = edid_write(edid, &screen, NULL, 0);
			struct edid_model model;
			double off;

			g_assert_true(edid_model_read(&model, edid, size));
			off = edid_model_refresh(&model.modes[0]) - rates[i];
			if (ABS(off) > 0.5)
				g_test_message("%ux%u@%u", width, screen.height, rates[i]);
			g_assert_cmpfloat(ABS(off), <=, 0.5);
		}
	}
}

/* The least and the most that a screen can be: the size is right, the rate as far as bytes go. */
static void test_extremes(void)
{
	static const uint32_t sides[] = {64, 65, 4095, 4096, 16384};
	static const uint32_t rates[] = {0, 1, 1000, 24000, 240000, 1000000, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(sides) * G_N_ELEMENTS(sides); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(rates); j++) {
			const struct edid_screen screen = {
				.width = sides[i / G_N_ELEMENTS(sides)],
				.height = sides[i % G_N_ELEMENTS(sides)],
				.refresh_mhz = rates[j],
				.width_mm = UINT32_MAX,
				.height_mm = 1,
				.scaled = true,
			};
			uint8_t edid[EDID_SIZE_MAX];
			size_t size = edid_write(edid, &screen, NULL, 0);
			struct edid_model model;

			g_assert_true(edid_valid(edid, size));
			g_assert_true(edid_model_read(&model, edid, size));
			g_assert_cmpuint(model.modes[0].width, ==, screen.width);
			g_assert_cmpuint(model.modes[0].height, ==, screen.height);
			if (rates[j] >= 1000 && rates[j] <= 240000)
				g_assert_cmpfloat(
					ABS(edid_model_refresh(&model.modes[0]) - rates[j]), <=,
					0.5);
		}
	}
}

/* ---- usual sizes ---- */

static void test_usual_sizes(void)
{
	static const uint16_t usual[][2] = {{640, 480}, {800, 600}, {1024, 768}, {1280, 720},
		{1280, 1024}, {1920, 1080}};

	for (size_t i = 0; i < G_N_ELEMENTS(screens); i++) {
		struct edid_screen screen = screens[i];
		uint8_t edid[EDID_SIZE_MAX];
		struct edid_model model;

		screen.scaled = true;
		g_assert_true(edid_model_read(&model, edid, edid_write(edid, &screen, NULL, 0)));
		g_assert_true(is_wanted(&model, &screen, true));
		for (size_t j = 0; j < G_N_ELEMENTS(usual); j++)
			g_assert_true(edid_model_has(&model, usual[j][0], usual[j][1]) ==
				(j == 0 ||
					(usual[j][0] <= screen.width &&
						usual[j][1] <= screen.height)));
		for (size_t j = 0; j < model.count; j++) {
			g_assert_cmpuint(model.modes[j].width, <=, screen.width);
			g_assert_cmpuint(model.modes[j].height, <=, screen.height);
		}
		/* Not where a smaller picture would be shown as it is. */
		screen.scaled = false;
		g_assert_true(edid_model_read(&model, edid, edid_write(edid, &screen, NULL, 0)));
		if (screen.width > 800)
			g_assert_false(edid_model_has(&model, 800, 600));
	}
}

/* ---- edid-decode ---- */

/* The faults that it names, without their numbers. */
static GHashTable *decode_faults(const uint8_t *edid, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE |
			G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
		&error, "edid-decode", "--check", NULL);
	g_autoptr(GBytes) input = g_bytes_new(edid, size);
	g_autoptr(GBytes) output = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	GHashTable *faults = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	bool failures = false;

	g_assert_no_error(error);
	g_assert_true(g_subprocess_communicate(process, input, NULL, &output, NULL, &error));
	g_assert_no_error(error);
	text = g_strndup(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
	g_assert_nonnull(strstr(text, "EDID conformity: "));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (g_str_equal(*line, "Failures:"))
			failures = true;
		if (failures && g_str_has_prefix(*line, "  "))
			g_hash_table_add(faults,
				g_strcanon(g_strdup(*line),
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,",
					'#'));
	}
	return faults;
}

static void expect_no_new_fault(unsigned int number, const struct edid_screen *screen,
	const struct monitor *monitor, GHashTable *own)
{
	uint8_t edid[EDID_SIZE_MAX];
	size_t size = edid_write(edid, screen, monitor->bytes, monitor->size);
	g_autoptr(GHashTable) faults = decode_faults(edid, size);
	GHashTableIter iterator;
	gpointer fault;

	g_hash_table_iter_init(&iterator, faults);
	while (g_hash_table_iter_next(&iterator, &fault, NULL)) {
		if (!g_hash_table_contains(own, fault)) {
			describe(number, screen);
			g_test_message("new fault: %s", (char *)fault);
		}
		g_assert_true(g_hash_table_contains(own, fault));
	}
}

/* A prime number of monitors and modes apart, so that all kinds meet. */
static void test_decode(void)
{
	const unsigned int step = g_test_slow() ? 1 : 31;
	struct recipe recipe;
	size_t screen = 0;

	for (unsigned int number = 0; recipe_make(&recipe, number); number += step) {
		g_autoptr(GHashTable) own = NULL;
		struct monitor monitor;

		monitor_make(&monitor, &recipe);
		own = decode_faults(monitor.bytes, monitor.size);
		for (int i = 0; i < 2; i++) {
			expect_no_new_fault(number, &screens[screen], &monitor, own);
			screen = (screen + 5) % G_N_ELEMENTS(screens);
		}
	}
}

/* ---- anything at all ---- */

static void test_random(void)
{
	for (int i = 0; i < 30000; i++) {
		struct monitor monitor;
		struct recipe recipe;
		g_autofree uint8_t *exact = NULL;
		const struct edid_screen *screen =
			&screens[g_test_rand_int_range(0, G_N_ELEMENTS(screens))];
		g_autofree uint8_t *edid = g_malloc(EDID_SIZE_MAX);
		size_t size;
		struct edid_model model;
		bool right;
		unsigned int number = (unsigned int)g_test_rand_int_range(0, RECIPES);

		g_assert_true(recipe_make(&recipe, number));
		monitor_make(&monitor, &recipe);
		/* Some bytes of a good one, or all of an extension; sealed, or it would be over. */
		for (int j = g_test_rand_int_range(0, 20); j > 0; j--)
			monitor.bytes[g_test_rand_int_range(20, (int32_t)monitor.size)] =
				(uint8_t)g_test_rand_int();
		for (size_t j = EDID_BLOCK_SIZE + 1; i % 4 == 0 && j < monitor.size; j++)
			monitor.bytes[j] = (uint8_t)g_test_rand_int();
		for (size_t j = 0; j < monitor.size; j += EDID_BLOCK_SIZE) {
			if (i % 8 != 7)
				edid_seal(monitor.bytes + j);
		}
		exact = g_memdup2(monitor.bytes, monitor.size);
		size = edid_write(edid, screen, exact, monitor.size);
		g_assert_cmpuint(size, >=, EDID_BLOCK_SIZE);
		g_assert_cmpuint(size, <=, EDID_SIZE_MAX);
		right = edid_model_read(&model, edid, size) && is_wanted(&model, screen, false);
		if (!right)
			describe(number, screen);
		g_assert_true(right);
	}
}

/* Not even a monitor. */
static void test_noise(void)
{
	for (int i = 0; i < 20000; i++) {
		size_t size = (size_t)g_test_rand_int_range(0, 1300);
		g_autofree uint8_t *noise = g_malloc(size);
		uint8_t edid[EDID_SIZE_MAX];
		uint32_t width;
		uint32_t height;
		uint32_t refresh_mhz;

		for (size_t j = 0; j < size; j++)
			noise[j] = (uint8_t)g_test_rand_int();
		if (i % 2 == 0 && size >= EDID_BLOCK_SIZE) {
			noise[18] = 1;
			edid_seal_base(noise);
		}
		edid_preferred(noise, size, &width, &height, &refresh_mhz);
		edid_valid(noise, size);
		g_assert_cmpuint(edid_write(edid, &screens[i % G_N_ELEMENTS(screens)], noise, size),
			>=, EDID_BLOCK_SIZE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/edid/linux/choice", test_choice);
	g_test_add_func("/edid/linux/preferred", test_preferred);
	g_test_add_func("/edid/linux/identity", test_identity);
	g_test_add_func("/edid/linux/native", test_native);
	g_test_add_func("/edid/linux/bad-checksum", test_bad_checksum);
	g_test_add_func("/edid/linux/rates", test_rates);
	g_test_add_func("/edid/linux/extremes", test_extremes);
	g_test_add_func("/edid/linux/usual-sizes", test_usual_sizes);
	g_test_add_func("/edid/linux/decode", test_decode);
	g_test_add_func("/edid/linux/random", test_random);
	g_test_add_func("/edid/linux/noise", test_noise);
	return g_test_run();
}
