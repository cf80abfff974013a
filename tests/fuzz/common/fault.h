/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that fail because the input says so: of those that the product's own objects make,
 * one kind, after so many that work, with an errno that the kernel can give there, or cut short.
 * The linker puts the functions of fault.c in the calls' places (fuzz_faults in the Makefile); GLib
 * and libFuzzer are not touched, nor is any other thread. Used by the targets with sockets.
 */
#ifndef SCANOUTD_TESTS_FUZZ_FAULT_H
#define SCANOUTD_TESTS_FUZZ_FAULT_H

#include "fuzz.h"

enum fault_call {
	FAULT_RECVMSG,
	FAULT_SENDMSG, /* send, too */
	FAULT_IOCTL,
	FAULT_SETSOCKOPT,
	FAULT_FCNTL, /* F_SETFL */
	FAULT_FSTAT,
	FAULT_MMAP,
	FAULT_EPOLL_CREATE,
	FAULT_EPOLL_ADD,
	FAULT_SOCKETPAIR,
	FAULT_SOCKET,
	FAULT_ACCEPT,
	FAULT_MEMFD,
	FAULT_FTRUNCATE,
	FAULT_PREADV,
	FAULT_AIO, /* io_setup, io_submit */
	FAULT_CALLS,
};

/* From now until fault_disarm(), `times` calls of this thread fail, after `skip` that do not;
 * `error` 0 cuts a recvmsg or sendmsg short. */
void fault_set(enum fault_call call, int error, unsigned int skip, unsigned int times);

/* The same as the input says. */
void fault_arm(struct fuzz *fuzz);
void fault_disarm(void);

/* Is it this call that is to fail? */
bool fault_is(enum fault_call call);

/* Did one of these calls fail, of what was armed last? Not where it was cut short or is tried
 * again. */
bool fault_struck(enum fault_call call);

/* Turns of the main loop while it is armed. */
void fault_turns(struct fuzz *fuzz, unsigned int turns);

#endif
