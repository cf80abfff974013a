/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings whose memory can be gone. */
#include "wire/guard.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

/* Mappings that the handler may mend, over all guests: as many as the kernel gives a process
 * (vm.max_map_count); a guest has GUEST_MAPPINGS_MAX of them. Touched by the main thread alone, in
 * which it also runs. */
#define GUARDED_MAX 65536

static struct {
	uint8_t *volatile begin; /* NULL: free */
	size_t size;
	volatile sig_atomic_t lost;
} guarded[GUARDED_MAX];

static struct sigaction before;
static bool is_guarding;

/*
 * System calls alone. All of the mapping goes, as memory of huge pages is not replaced in part.
 * Where that did not help, or is not to be done, the fault comes again, to the handler that was
 * there before.
 */
static void handle_bus_error(int number, siginfo_t *info, void *context)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
	uint8_t *address = info->si_addr;

	for (size_t i = 0; i < GUARDED_MAX; i++) {
		uint8_t *begin = guarded[i].begin;

		if (!begin || address < begin || address >= begin + guarded[i].size)
			continue;
		if (guarded[i].lost)
			break;
		/* cppcheck-suppress invalidFunctionArg ; memory of no file has the number -1 */
		void *zeroes = mmap(begin, guarded[i].size, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (zeroes == MAP_FAILED)
			break;
		guarded[i].lost = 1;
		return;
	}
	sigaction(number, &before, NULL);
}

void guard_install(void)
{
	struct sigaction action = {.sa_sigaction = handle_bus_error, .sa_flags = SA_SIGINFO};

	if (is_guarding)
		return;
	is_guarding = true;
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, &before);
}

size_t guard_add(void *mapping, size_t size)
{
	size_t guard = 0;

	while (guard < GUARDED_MAX && guarded[guard].begin)
		guard++;
	if (guard == GUARDED_MAX)
		return GUARD_NONE;
	guarded[guard].size = size;
	guarded[guard].lost = 0;
	guarded[guard].begin = mapping;
	return guard;
}

void guard_remove(size_t guard)
{
	if (guard != GUARD_NONE)
		guarded[guard].begin = NULL;
}

bool guard_lost(size_t guard)
{
	return guarded[guard].lost != 0;
}
