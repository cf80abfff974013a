/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three children that live and die together: back-end, daemon and QEMU. QEMU is started when the
 * daemon says that it is ready. When one of them ends, all do; signals go to QEMU; nothing survives
 * scanout-run, however it ends. A fourth, the bus on which the daemon tells QEMU of monitors, is
 * there before them and ends with them; where it ends first, they go on without.
 */
#ifndef SCANOUTD_TOOLS_SESSION_H
#define SCANOUTD_TOOLS_SESSION_H

/* The daemon gets this option added, with the fd that it writes a line to. */
#define SESSION_READY_OPTION "--ready-fd=3"

/* The bus has this one already: it writes its address there. */
#define SESSION_BUS_READY_OPTION "--print-address=3"

/* NULL-terminated commands. */
struct session_commands {
	char *const *bus; /* NULL: there is none */
	char *const *backend;
	char *const *daemon;
	char *const *qemu;
};

/*
 * Returns when the last child is gone: with QEMU's exit status, 128 and the signal's number where
 * one ended QEMU or came before it was started, and EXIT_FAILURE where another child could not be
 * started or ended first.
 */
int session_run(const struct session_commands *commands);

#endif
