/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/kept_card.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

struct kept_card {
	const struct fd_keeper *keeper;
	char *name; /* in the store */
	struct device_opener opener;
	int left; /* what a predecessor kept, until it is handed out; else -1 */
	int handed_out; /* the same, from then on; not ours */
	bool has_predecessor;
};

/* ---- the opener ---- */

/* The node's card, whatever the node is called; one that is not there any more is none. */
static bool is_the_one(int fd, const char *path)
{
	struct stat left;
	struct stat node;

	return fstat(fd, &left) == 0 && stat(path, &node) == 0 && S_ISCHR(left.st_mode) &&
		S_ISCHR(node.st_mode) && left.st_rdev == node.st_rdev;
}

static int open_node(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		return -errno;
	return fd;
}

static int open_card(void *data, const char *path, int flags)
{
	struct kept_card *kept = data;
	int fd = kept->left;

	if (fd < 0 || !is_the_one(fd, path))
		return open_node(path, flags);
	kept->left = -1;
	kept->handed_out = fd;
	kms_leftovers_close(fd);
	return fd;
}

static void close_card(void *data, int fd)
{
	struct kept_card *kept = data;

	close(fd);
	if (fd != kept->handed_out)
		return;
	/* It can be of no use to a successor either. */
	kept->handed_out = -1;
	kept->keeper->forget(kept->keeper->data, kept->name);
}

const struct device_opener *kept_card_opener(const struct kept_card *kept)
{
	return &kept->opener;
}

/* ---- who keeps it ---- */

void kept_card_settle(struct kept_card *kept)
{
	if (kept->left < 0)
		return;
	close(kept->left);
	kept->left = -1;
	kept->keeper->forget(kept->keeper->data, kept->name);
}

void kept_card_came(struct kept_card *kept, struct kms_device *device)
{
	int fd;

	kept->has_predecessor = kept->handed_out >= 0;
	if (kept->has_predecessor) {
		log_daemon(G_LOG_LEVEL_INFO,
			"%s: goes on with the card of the scanoutd before this one, and its picture",
			kms_device_path(device));
		kms_device_keep(device);
		return;
	}
	/* Before another one is kept in its place. */
	kept_card_settle(kept);
	fd = kms_device_duplicate(device);
	if (fd < 0)
		return;
	if (kept->keeper->keep(kept->keeper->data, kept->name, fd))
		kms_device_keep(device);
	close(fd);
}

void kept_card_gone(struct kept_card *kept)
{
	kept->has_predecessor = false;
	kept->keeper->forget(kept->keeper->data, kept->name);
}

bool kept_card_has_predecessor(const struct kept_card *kept)
{
	return kept != NULL && kept->has_predecessor;
}

/* ---- life ---- */

struct kept_card *kept_card_create(const struct fd_keeper *keeper, uint32_t number)
{
	struct kept_card *kept = g_new0(struct kept_card, 1);

	kept->keeper = keeper;
	kept->name = g_strdup_printf(KEPT_CARDS "%u", number);
	kept->opener = (struct device_opener){open_card, close_card, kept};
	kept->left = keeper->take(keeper->data, kept->name);
	kept->handed_out = -1;
	return kept;
}

void kept_card_destroy(struct kept_card *kept)
{
	if (kept == NULL)
		return;
	if (kept->left >= 0)
		close(kept->left);
	/* Of a start that failed. Where we end in order it stays, which the keeper knows. */
	kept->keeper->forget(kept->keeper->data, kept->name);
	g_free(kept->name);
	g_free(kept);
}
