/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file system whose server does not do its work, by the kernel's FUSE protocol (linux/fuse.h).
 * What it does not answer is waited for beyond SIGKILL. Each request that is held is a line on
 * standard error, with the thread that waits.
 */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE (1u << 20)
#define FILE_NODE 2
#define VALID_S 3600
#define BUFFER_SIZE (1u << 17)
#define MAX_WRITE 65536

struct answer {
	struct fuse_out_header header;
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct fuse_attr_out attributes;
		struct fuse_open_out open;
	};
};

static struct fuse_attr attributes_of(uint64_t node)
{
	const bool folder = node == FUSE_ROOT_ID;
	struct fuse_attr attributes = {
		.ino = node,
		.size = folder ? 0 : FILE_SIZE,
		.mode = folder ? S_IFDIR | 0777 : S_IFREG | 0666,
		.nlink = 1,
		.blksize = 4096,
	};

	return attributes;
}

/* The size of the answer behind its header; -1: there is none and will be none. */
static int answer_request(const struct fuse_in_header *in, struct answer *answer)
{
	switch (in->opcode) {
	case FUSE_INIT:
		answer->init.major = FUSE_KERNEL_VERSION;
		answer->init.minor = 31;
		answer->init.max_write = MAX_WRITE;
		return sizeof(answer->init);
	case FUSE_LOOKUP:
		/* One file. */
		if (strcmp((const char *)(in + 1), "f") != 0) {
			answer->header.error = -ENOENT;
			return 0;
		}
		answer->entry.nodeid = FILE_NODE;
		answer->entry.attr_valid = answer->entry.entry_valid = VALID_S;
		answer->entry.attr = attributes_of(FILE_NODE);
		return sizeof(answer->entry);
	case FUSE_GETATTR:
		answer->attributes.attr_valid = VALID_S;
		answer->attributes.attr = attributes_of(in->nodeid);
		return sizeof(answer->attributes);
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return sizeof(answer->open);
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		return 0;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return -1;
	case FUSE_FLUSH:
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_STATFS:
	case FUSE_CREATE:
	case FUSE_LSEEK:
		fprintf(stderr, "held: request %u of thread %u\n", in->opcode, in->pid);
		return -1;
	default:
		answer->header.error = -ENOSYS;
		return 0;
	}
}

static void serve(int device)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));

	for (;;) {
		const struct fuse_in_header *in = (const struct fuse_in_header *)buffer;
		struct answer answer = {.header = {.len = 0}};
		ssize_t got = read(device, buffer, sizeof(buffer));
		int size;

		if (got < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (got < (ssize_t)sizeof(*in))
			return; /* aborted, or no longer mounted */
		size = answer_request(in, &answer);
		if (size < 0)
			continue;
		answer.header.unique = in->unique;
		answer.header.len = (uint32_t)sizeof(answer.header) + (uint32_t)size;
		/* Who asked may be gone. */
		if (write(device, &answer, answer.header.len) < 0 && errno != ENOENT)
			attack_fail("fuse");
	}
}

void attack_fuse(char **arguments)
{
	char options[128];
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (device < 0)
		attack_fail("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (mount("attack", arguments[0], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		attack_fail(arguments[0]);
	attack_done();
	serve(device);
}
