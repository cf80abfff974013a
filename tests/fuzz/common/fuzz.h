/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets of this folder share: bytes as a script of decisions, fds of all kinds, and
 * turns of the main loop. A target is one file with LLVMFuzzerTestOneInput(); its first comment has
 * a line "Covers: FILE…", the sources whose lines tests/fuzz/run reports.
 */
#ifndef SCANOUTD_TESTS_FUZZ_H
#define SCANOUTD_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The input that is left. Behind its end everything is 0. */
struct fuzz {
	const uint8_t *data;
	size_t size;
};

uint8_t fuzz_u8(struct fuzz *fuzz);
uint16_t fuzz_u16(struct fuzz *fuzz);
uint32_t fuzz_u32(struct fuzz *fuzz);
uint64_t fuzz_u64(struct fuzz *fuzz);

/* 0 to `count` - 1. */
uint32_t fuzz_pick(struct fuzz *fuzz, uint32_t count);

/* Mostly one of the numbers that checks go wrong at, as 0, 16384 or 0xffffffff. */
uint32_t fuzz_odd(struct fuzz *fuzz);

/* So many of the bytes that are left, at most; `*taken` says how many. Borrowed. */
const uint8_t *fuzz_bytes(struct fuzz *fuzz, size_t size, size_t *taken);

/* A copy of so many bytes, zeroes behind the end. */
void fuzz_copy(struct fuzz *fuzz, void *to, size_t size);

/* What one recvmsg took of a real peer's stream, or a part of that. */
struct fuzz_piece {
	const uint8_t *bytes; /* borrowed, until the next one */
	size_t size;
	unsigned int
		fds; /* that came along, 0 to 7; what they were the target knows by the bytes */
};

#define FUZZ_RUN_MAX 65536

/* Does the input begin with pieces of a stream, which tests/fuzz/record/record has written? What is
 * behind the last one is a script as others are. */
bool fuzz_is_recorded(struct fuzz *fuzz);

/* False: there is no more. */
bool fuzz_next_piece(struct fuzz *fuzz, struct fuzz_piece *piece);

/* An fd of a kind that the input chooses: memfd (64 KiB), eventfd, pipe, socket, file. The
 * caller's; the open file is the same for all of a kind. */
int fuzz_fd(struct fuzz *fuzz);

/* A connected pair of non-blocking stream sockets. */
void fuzz_pair(int pair[2]);

/* Sends what the socket takes, with the fds at its first byte; the fds stay the caller's. False: it
 * takes nothing. */
bool fuzz_send(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count);

/* Reads and throws away what the other side has sent, and closes what came with it. */
void fuzz_drain(int socket);

/* At most so many turns of the main loop, none of which waits. */
void fuzz_turns(unsigned int turns);

/* The same while this process can have no more fds. In targets whose calls fail (fault.h)
 * spare_fds(), which would make and close some hundred to find out, knows that by this; else it has
 * enough. */
void fuzz_turns_without_fds(unsigned int turns);

/* All that is to be closed (wire/closer.h) is closed now, and not before. */
void fuzz_close(void);

struct pollfd;
struct timespec;

/* The kernel's ppoll(): the C library's poll() and ppoll() are the fakes' or the clock's. NULL is
 * no timeout. */
int fuzz_ppoll(struct pollfd *fds, unsigned int count, const struct timespec *timeout);

struct account;

/* What a guest's peers took has been given back. */
void fuzz_check_account(const struct account *account);

/* How many fds this process has after that: the same after each input, or one was leaked. */
unsigned int fuzz_open_fds(void);

/* The next of them after `fd`, or -1; after -1 the first, of those that are there then. */
int fuzz_next_open_fd(int fd);

/* A folder for sockets, which is removed with what is in it when the process ends in good order. */
const char *fuzz_folder(void);

/* Called by libFuzzer once. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
