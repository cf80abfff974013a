/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which card is opened, by what name, and what is said of one that cannot be used. What there is in
 * /dev/dri is this test's.
 */
#include "card.h"
#include "drm_double.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	const char *const *names; /* in /dev/dri; NULL: there is no such folder */
	size_t next;
	const char *link; /* the one path that exists below by-path; or NULL */
	GString *opened; /* paths, in order */
	const char *denied; /* may not be opened; or NULL */
	int error; /* that it is denied by */
	const char *old; /* a card without atomic mode setting; or NULL */
	int closed;
} world;

/* ---- /dev/dri ---- */

GDir *g_dir_open(const gchar *path, guint flags, GError **error)
{
	g_assert_cmpstr(path, ==, "/dev/dri");
	world.next = 0;
	return world.names ? (GDir *)&world : NULL;
}

const gchar *g_dir_read_name(GDir *directory)
{
	const char *name = world.names[world.next];

	world.next += name ? 1 : 0;
	return name;
}

void g_dir_close(GDir *directory)
{
	g_assert_true(directory == (GDir *)&world);
}

int access(const char *path, int mode)
{
	if (!g_str_has_prefix(path, "/dev/dri/"))
		return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
	return g_strcmp0(path, world.link) == 0 ? 0 : -1;
}

static int open_card(void *data, const char *path, int flags)
{
	g_assert_cmpint(flags, ==, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	g_string_append_printf(world.opened, "%s ", path);
	if (g_strcmp0(path, world.denied) == 0)
		return -world.error;
	double_card.no_atomic = g_strcmp0(path, world.old) == 0;
	return double_open();
}

static void close_card(void *data, int fd)
{
	close(fd);
	world.closed++;
}

static const struct device_opener opener = {open_card, close_card, NULL};

static void setup(void)
{
	double_reset();
	world.names = NULL;
	world.link = NULL;
	world.denied = NULL;
	world.old = NULL;
	world.closed = 0;
	g_string_truncate(world.opened, 0);
}

/* Opens it, and it is this node; all that were tried are in world.opened. */
static void open_well(const char *name, const char *node)
{
	g_autofree char *opened = NULL;
	g_autoptr(GError) error = NULL;
	int fd = -1;

	g_assert_true(kms_card_open(&opener, name, &fd, &opened, &error));
	g_assert_no_error(error);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpstr(opened, ==, node);
	close(fd);
}

static void open_badly(const char *name, enum kms_error code, const char *message)
{
	g_autofree char *opened = NULL;
	g_autoptr(GError) error = NULL;
	int fd = -1;

	g_assert_false(kms_card_open(&opener, name, &fd, &opened, &error));
	g_assert_error(error, KMS_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
	g_assert_cmpint(fd, ==, -1);
	g_assert_null(opened);
}

/* ---- by name ---- */

static void test_names(void)
{
	setup();
	open_well("/dev/dri/card7", "/dev/dri/card7");
	open_well("card1", "/dev/dri/card1");
	world.link = "/dev/dri/by-path/pci-0000:00:02.0-card";
	open_well("pci-0000:00:02.0", "/dev/dri/by-path/pci-0000:00:02.0-card");
	open_well("pci-0000:00:02.0-card", "/dev/dri/by-path/pci-0000:00:02.0-card");
	g_assert_cmpint(world.closed, ==, 0);
}

static void test_unusable(void)
{
	setup();
	world.denied = "/dev/dri/card0";
	world.error = ENOENT;
	open_badly("card0", KMS_ERROR_NO_CARD, "/dev/dri/card0: No such file or directory");
	world.error = EACCES;
	open_badly("card0", KMS_ERROR_PERMISSION,
		"/dev/dri/card0: permission denied; its group (often \"video\") may open it, as "
		"may root and whom a seat manager (seatd, logind) lets");
	world.error = EPERM;
	open_badly("card0", KMS_ERROR_PERMISSION,
		"/dev/dri/card0: permission denied; its group (often \"video\") may open it, as "
		"may root and whom a seat manager (seatd, logind) lets");
	g_assert_cmpint(world.closed, ==, 0);
	world.denied = NULL;
	world.old = "/dev/dri/card0";
	open_badly("card0", KMS_ERROR_NO_ATOMIC,
		"/dev/dri/card0: its driver has no atomic mode setting (KMS): Operation not "
		"supported");
	g_assert_cmpint(world.closed, ==, 1);
	world.old = NULL;
	double_card.no_universal = true;
	open_badly("card0", KMS_ERROR_NO_ATOMIC,
		"/dev/dri/card0: its driver has no atomic mode setting (KMS): Operation not "
		"supported");
	double_card.no_universal = false;
	double_card.nameless_events = true;
	open_badly("card0", KMS_ERROR_NO_ATOMIC,
		"/dev/dri/card0: the kernel does not say whose page flip an event is");
	double_card.nameless_events = false;
	g_assert_cmpint(world.closed, ==, 3);
}

static void test_no_display(void)
{
	const char *message = "/dev/dri/card0: has no connector: it is no display card";

	setup();
	double_fail(DOUBLE_GET_RESOURCES, EOPNOTSUPP, 0, 1);
	open_badly("card0", KMS_ERROR_NO_ATOMIC, message);
	double_card.no_crtcs = true;
	open_badly("card0", KMS_ERROR_NO_ATOMIC, message);
	double_card.no_crtcs = false;
	open_well("card0", "/dev/dri/card0");
	double_take_connector(0);
	open_badly("card0", KMS_ERROR_NO_ATOMIC, message);
}

/* ---- the first that can be used ---- */

static void test_nodes(void)
{
	static const char *const names[] = {"card10", "by-path", "card2", "renderD128", "card",
		"cardx", "controlD64", "card0", NULL};
	g_auto(GStrv) nodes = NULL;
	g_autofree char *text = NULL;

	setup();
	world.names = names;
	nodes = kms_card_nodes();
	text = g_strjoinv(" ", nodes);
	g_assert_cmpstr(text, ==, "/dev/dri/card0 /dev/dri/card2 /dev/dri/card10");
}

static void test_first(void)
{
	static const char *const names[] = {"card2", "card0", "card3", "card1", NULL};

	setup();
	world.names = names;
	open_well(NULL, "/dev/dri/card0");
	g_string_truncate(world.opened, 0);
	world.denied = "/dev/dri/card0";
	world.error = EACCES;
	world.old = "/dev/dri/card1";
	open_well(NULL, "/dev/dri/card2");
	g_assert_cmpstr(world.opened->str, ==, "/dev/dri/card0 /dev/dri/card1 /dev/dri/card2 ");
	g_assert_cmpint(world.closed, ==, 1);
}

/* Where one of them is only forbidden, that is what can be mended. */
static void test_none_of_them(void)
{
	static const char *const names[] = {"card0", "card1", NULL};

	setup();
	world.names = names;
	world.denied = "/dev/dri/card0";
	world.error = EACCES;
	world.old = "/dev/dri/card1";
	open_badly(NULL, KMS_ERROR_PERMISSION,
		"no card with atomic mode setting and connectors in /dev/dri; /dev/dri/card0: "
		"permission denied; its group (often \"video\") may open it, as may root and whom "
		"a seat manager (seatd, logind) lets; /dev/dri/card1: its driver has no atomic "
		"mode setting (KMS): Operation not supported");
	world.error = EIO;
	open_badly(NULL, KMS_ERROR_NO_CARD,
		"no card with atomic mode setting and connectors in /dev/dri; /dev/dri/card0: "
		"Input/output error; /dev/dri/card1: its driver has no atomic mode setting (KMS): "
		"Operation not supported");
	world.names = NULL;
	open_badly(NULL, KMS_ERROR_NO_CARD,
		"no card with atomic mode setting and connectors in /dev/dri: there is none at all");
}

/* ---- the rest ---- */

static void test_direct_opener(void)
{
	const struct device_opener *direct = &kms_card_direct_opener;
	int fd = direct->open(direct->data, "/dev/null", O_RDWR | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	direct->close(direct->data, fd);
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
	g_assert_cmpint(direct->open(direct->data, "/dev/null/no", O_RDWR), ==, -ENOTDIR);
	/* 0 is as good a descriptor as any. */
	fd = dup(STDIN_FILENO);
	close(STDIN_FILENO);
	g_assert_cmpint(direct->open(direct->data, "/dev/null", O_RDWR), ==, STDIN_FILENO);
	dup2(fd, STDIN_FILENO);
	close(fd);
}

static void test_master(void)
{
	g_autoptr(GError) error = NULL;
	int fd;

	setup();
	fd = double_open();
	g_assert_true(kms_card_become_master(fd, "/dev/dri/card0", &error));
	double_set_master(false);
	g_assert_true(kms_card_become_master(fd, "/dev/dri/card0", &error));
	g_assert_no_error(error);
	/* Whom a manager has made that is it, whatever it may do itself. */
	double_card.manager = true;
	g_assert_true(kms_card_become_master(fd, "/dev/dri/card0", &error));
	double_set_master(false);
	g_assert_false(kms_card_become_master(fd, "/dev/dri/card0", &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	g_assert_true(g_str_has_prefix(error->message,
		"/dev/dri/card0: another program drives the card (DRM master): Permission denied"));
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	world.opened = g_string_new(NULL);
	g_test_add_func("/kms/card/names", test_names);
	g_test_add_func("/kms/card/unusable", test_unusable);
	g_test_add_func("/kms/card/no-display", test_no_display);
	g_test_add_func("/kms/card/nodes", test_nodes);
	g_test_add_func("/kms/card/first", test_first);
	g_test_add_func("/kms/card/none-of-them", test_none_of_them);
	g_test_add_func("/kms/card/direct-opener", test_direct_opener);
	g_test_add_func("/kms/card/master", test_master);
	return g_test_run();
}
