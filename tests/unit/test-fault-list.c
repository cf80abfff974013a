/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --list says of two cards on the double of libdrm, with one call that fails: it says
 * something of each card, what it cannot ask is left out, and nothing is left open. Only without
 * any card it fails.
 */
#include <fcntl.h>
#include <glib.h>
#include <kms.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drm_double.h"
#include "harness.h"
#include "interpose.h"

/* ---- /dev/dri ---- */

static const char *const nodes[] = {"card0", "by-path", "renderD128", "card1", NULL};
static size_t next_node;

GDir *g_dir_open(const gchar *path, guint flags, GError **error)
{
	next_node = 0;
	return (GDir *)&next_node;
}

const gchar *g_dir_read_name(GDir *directory)
{
	return nodes[next_node] ? nodes[next_node++] : NULL;
}

void g_dir_close(GDir *directory)
{
}

int openat(int folder, const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, folder, path, flags, 0);
}

/* The double is one card at a time, as the list has them. */
int open(const char *path, int flags, ...)
{
	if (g_str_has_prefix(path, "/dev/dri/card"))
		return double_open();
	return openat(AT_FDCWD, path, flags);
}

/* ---- the scenario ---- */

static void set_up(void)
{
	double_reset();
	double_card.crtcs = 2;
	double_card.connected[1] = true;
	double_card.zpos = true;
	double_light(0);
}

/* As it is said of the card without a fault; the caller's. */
static char *section_of(const char *text, const char *card)
{
	const char *begin = strstr(text, card);
	const char *end;

	g_assert_nonnull(begin);
	end = strstr(begin + 1, "/dev/dri/card");
	return end ? g_strndup(begin, (gsize)(end - begin)) : g_strdup(begin);
}

static char *list_all(void)
{
	g_autoptr(GString) text = g_string_new(NULL);

	set_up();
	g_assert_true(kms_list(text, NULL));
	double_reset();
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* One of the two at least is told as ever, and the other one lacks something alone. */
static void expect_cards(const char *text, const char *whole)
{
	static const char *const cards[] = {"/dev/dri/card0: ", "/dev/dri/card1: "};
	unsigned int the_same = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
		g_autofree char *now = section_of(text, cards[i]);
		g_autofree char *ever = section_of(whole, cards[i]);

		the_same += g_str_equal(now, ever);
		/* What is no property is told without a word. */
		g_assert_true(g_str_equal(now, ever) || strstr(now, "cannot be asked: ") ||
			strstr(now, "not usable: ") || strstr(now, "unknown driver") ||
			faults_is_in("open") || strlen(now) <= strlen(ever));
	}
	g_assert_cmpuint(the_same, >=, G_N_ELEMENTS(cards) - faults_struck());
}

static void list(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *whole = NULL;
	g_autofree char *before = NULL;
	bool listed;

	g_main_context_default();
	faults_pause();
	whole = list_all();
	faults_continue();
	before = faults_list_fds();
	set_up();
	listed = kms_list(text, &error);
	g_assert_true(listed == (error == NULL));
	/* Where the folder cannot be read there is no card. */
	g_assert_true(listed || faults_is_in("g_dir_open"));
	if (listed)
		expect_cards(text->str, whole);
	g_assert_cmpstr(double_faults(), ==, NULL);
	double_reset();
	faults_expect_told(NULL, 0);
	faults_expect_fds(before);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/list/cards", list, 20);
	return g_test_run();
}
