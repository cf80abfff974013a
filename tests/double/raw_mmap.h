/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmap() past the one that a test has put in libc's place. */
#ifndef RAW_MMAP_H
#define RAW_MMAP_H

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* As mmap(). The kernel's call of 32-bit processes counts in pages of 4 KiB. */
static inline void *raw_mmap(void *address, size_t size, int protection, int flags, int fd,
	off_t offset)
{
#ifdef SYS_mmap2
	return (void *)syscall(SYS_mmap2, address, size, protection, flags, fd,
		(unsigned long)(offset / 4096));
#else
	return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
#endif
}

#endif
