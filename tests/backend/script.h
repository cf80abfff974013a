/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script: one command a line, words separated by blanks, "#" begins a comment. N is a scanout,
 * X Y W H a rectangle, numbers are decimal (0x… where hex is usual). In a repeat, $i is the number
 * of the round, from 0. A CONTENT is RRGGBB or "pattern SEED" (tests/pattern.h); a part that is
 * drawn at X, Y shows that part of the content's picture.
 *
 * Requests                      sent as soon as the line is reached; what a reply must be is known
 *   features                    GET_PROTOCOL_FEATURES; the reply must offer EDID and DMABUF2
 *   set-features [0xBITS]       SET_PROTOCOL_FEATURES, by default both
 *   display-info                GET_DISPLAY_INFO
 *   edid N                      GET_EDID
 *   scanout N W H               SCANOUT
 *   update N X Y W H CONTENT    UPDATE
 *   buffer NAME W H [KEY=…]     makes memory for the commands below. kind=udmabuf (default), memfd,
 *                               short (one page), null, pipe, socket; stride=BYTES; fourcc=XR24
 *   fill NAME CONTENT [X Y W H] draws into it
 *   busy NAME                   gives it a fence that has not signalled, as if a GPU still drew
 *   done NAME                   it signals
 *   dmabuf N NAME|none [KEY=…]  DMABUF_SCANOUT. rect=X,Y,W,H, flags=1 (Y_0_TOP), fds=0 (none at all);
 *                               width= height= stride= fourcc=: lies about the buffer
 *   dmabuf2 N NAME|none [KEY=…] DMABUF_SCANOUT2. The same, and modifier=0x…
 *   post N [X Y W H]            DMABUF_UPDATE, by default of all that is shown; does not wait
 *   flip N [X Y W H]            the same, and waits for every reply, as real back-ends do
 *   cursor N X Y                CURSOR_POS
 *   hide N X Y                  CURSOR_POS_HIDE
 *   cursor-image N X Y HX HY CONTENT|none   CURSOR_UPDATE; none: all zero, as a guest hides it
 *   message REQUEST [HEX…]      header and payload, whatever they are; no reply is expected
 *   raw HEX…                    bytes without a header
 *
 * The next request              (several may be said of the same one)
 *   split N                     is sent in pieces of N bytes
 *   partial N                   only its first N bytes are sent; the others by …
 *   rest                        … this
 *   size N                      its header says so many bytes of payload
 *   flags 0xBITS                its header has these flags
 *   surplus-fds N               carries so many fds of /dev/null besides its own
 *   lingering-fds N             and so many sockets whose last close() waits as long as we live
 *
 * Replies
 *   wait [N]                    until no more than N (0) are outstanding
 *   settle                      the same, and proves that no surplus one is in the socket
 *   owe REQUEST                 from now on a reply to this is due, whoever asked for it
 *   deaf | hear                 reads no replies | reads them again
 *   expect-display N W H X Y    what the newest reply to display-info says; W 0: not enabled
 *   save-edid FILE              the newest EDID; it must not be empty
 *   expect-no-edid              the newest EDID is empty
 *
 * Pictures
 *   model N FILE                the picture that scanout N must show, its cursor included, as a PNG
 *   png NAME FILE               a buffer, as a PNG
 *
 * Flow
 *   repeat N … end              may be nested
 *   until FILE … end            as often as it takes until that file is there, looked for each time
 *   remove FILE                 which must be there
 *   again N                     should the front-end close the socket, whatever is owed, it is connected to again, up to N
 *                               times in all, and the script goes on behind this line; outside
 *                               loops
 *   run COMMAND                 by the shell; must exit with 0
 *   mark TEXT                   prints it
 *   time                        prints CLOCK_MONOTONIC in seconds
 *   sleep MS                    to make a load; never to wait for something
 *   wait-eof                    until the front-end closes the socket, which it must
 *   close                       we close it
 *   vmm reboot|exit             with --vmm: message 33 again, which must not reach us; or it goes
 *
 * At the end of the script every reply must have come, and no other.
 */
#ifndef SCRIPTED_BACKEND_SCRIPT_H
#define SCRIPTED_BACKEND_SCRIPT_H

#include "wire.h"

struct script;

struct script_vmm {
	bool (*reboot)(void *data, GError **error);
	bool (*exit)(void *data, GError **error);
	void *data;
};

/* Another connection in the place of one that the front-end has closed. False: that one has been
 * closed, too. */
struct script_door {
	bool (*reopen)(void *data, GError **error);
	void *data;
};

/* `vmm` may be NULL. All must outlive the script. */
struct script *script_create(const char *text, struct wire *wire, const struct script_vmm *vmm,
	const struct script_door *door);
void script_destroy(struct script *script);

/* Whether another connection may follow. */
bool script_may_begin_again(const struct script *script);

/* The error begins with the line's number. */
bool script_run(struct script *script, GError **error);

#endif
