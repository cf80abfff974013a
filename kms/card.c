/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card.h"

#include <errno.h>
#include <fcntl.h>
#include <kms.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define DRI_DIRECTORY "/dev/dri"

GQuark kms_error_quark(void)
{
	return g_quark_from_static_string("kms-error-quark");
}

static gint compare_numbers(gconstpointer a, gconstpointer b)
{
	const char *const *first = a;
	const char *const *second = b;
	size_t prefix = strlen(DRI_DIRECTORY "/card");
	guint64 x = g_ascii_strtoull(*first + prefix, NULL, 10);
	guint64 y = g_ascii_strtoull(*second + prefix, NULL, 10);

	return x < y ? -1 : x > y;
}

char **kms_card_nodes(void)
{
	GPtrArray *nodes = g_ptr_array_new();
	GDir *directory = g_dir_open(DRI_DIRECTORY, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		if (g_str_has_prefix(name, "card") && g_ascii_isdigit(name[4]))
			g_ptr_array_add(nodes, g_build_filename(DRI_DIRECTORY, name, NULL));
	}
	if (directory)
		g_dir_close(directory);
	g_ptr_array_sort(nodes, compare_numbers);
	g_ptr_array_add(nodes, NULL);
	return (char **)g_ptr_array_free(nodes, FALSE);
}

static bool has_connectors(int fd)
{
	drmModeRes *resources = drmModeGetResources(fd);
	bool found = resources && resources->count_connectors > 0 && resources->count_crtcs > 0;

	if (resources)
		drmModeFreeResources(resources);
	return found;
}

bool kms_card_prepare(int fd, const char *path, GError **error)
{
	uint64_t value = 0;

	if (drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) != 0 ||
		drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1) != 0) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC,
			"%s: its driver has no atomic mode setting (KMS): %s", path,
			g_strerror(errno));
		return false;
	}
	if (drmGetCap(fd, DRM_CAP_CRTC_IN_VBLANK_EVENT, &value) != 0 || !value) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC,
			"%s: the kernel does not say whose page flip an event is", path);
		return false;
	}
	if (!has_connectors(fd)) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC,
			"%s: has no connector: it is no display card", path);
		return false;
	}
	return true;
}

static int open_directly(void *data, const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		return -errno;
	return fd;
}

static void close_directly(void *data, int fd)
{
	close(fd);
}

const struct device_opener kms_card_direct_opener = {open_directly, close_directly, NULL};

static int open_node(const struct device_opener *opener, const char *path, GError **error)
{
	int fd = opener->open(opener->data, path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return fd;
	if (fd == -EACCES || fd == -EPERM)
		g_set_error(error, KMS_ERROR, KMS_ERROR_PERMISSION,
			"%s: permission denied; its group (often \"video\") may open it, as may root "
			"and whom a seat manager (seatd, logind) lets",
			path);
	else
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CARD, "%s: %s", path, g_strerror(-fd));
	return -1;
}

static bool open_and_prepare(const struct device_opener *opener, const char *path, int *fd,
	GError **error)
{
	*fd = open_node(opener, path, error);
	if (*fd < 0)
		return false;
	if (kms_card_prepare(*fd, path, error))
		return true;
	opener->close(opener->data, *fd);
	*fd = -1;
	return false;
}

/* A path, or a name below /dev/dri/by-path or /dev/dri. */
static char *find_node(const char *name)
{
	g_autofree char *by_path = NULL;
	g_autofree char *node = NULL;

	if (strchr(name, '/'))
		return g_strdup(name);
	by_path = g_build_filename(DRI_DIRECTORY "/by-path", name, NULL);
	if (access(by_path, F_OK) == 0)
		return g_steal_pointer(&by_path);
	node = g_strconcat(by_path, "-card", NULL);
	if (access(node, F_OK) == 0)
		return g_steal_pointer(&node);
	return g_build_filename(DRI_DIRECTORY, name, NULL);
}

static bool open_first(const struct device_opener *opener, int *fd, char **opened, GError **error)
{
	g_auto(GStrv) nodes = kms_card_nodes();
	g_autoptr(GString) reasons = g_string_new(NULL);
	bool denied = false;

	for (char **node = nodes; *node; node++) {
		g_autoptr(GError) reason = NULL;

		if (open_and_prepare(opener, *node, fd, &reason)) {
			*opened = g_strdup(*node);
			return true;
		}
		denied |= g_error_matches(reason, KMS_ERROR, KMS_ERROR_PERMISSION);
		g_string_append_printf(reasons, "; %s", reason->message);
	}
	g_set_error(error, KMS_ERROR, denied ? KMS_ERROR_PERMISSION : KMS_ERROR_NO_CARD,
		"no card with atomic mode setting and connectors in " DRI_DIRECTORY "%s",
		nodes[0] ? reasons->str : ": there is none at all");
	return false;
}

bool kms_card_open(const struct device_opener *opener, const char *path, int *fd, char **opened,
	GError **error)
{
	g_autofree char *node = NULL;

	if (!path)
		return open_first(opener, fd, opened, error);
	node = find_node(path);
	if (!open_and_prepare(opener, node, fd, error))
		return false;
	*opened = g_steal_pointer(&node);
	return true;
}

bool kms_card_become_master(int fd, const char *path, GError **error)
{
	/* Who opens a card that has no master is master already. */
	if (drmIsMaster(fd) || drmSetMaster(fd) == 0)
		return true;
	g_set_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER,
		"%s: another program drives the card (DRM master): %s; stop it, or switch to a "
		"free VT",
		path, g_strerror(errno));
	return false;
}
