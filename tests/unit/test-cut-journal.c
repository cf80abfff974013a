/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal that is killed, stopped, short of memory or begun anew before each line of a dialogue,
 * with and without what standard error leads to: nobody waits, each line comes once, in order, at
 * one of the two, or is counted as lost in the next that comes; and the journal is used again as
 * soon as it takes one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "report/log_writer.h"

/* Of a dialogue; and how many of them come while the journal is away. */
#define LINES 8
#define AWAY 3

enum cut {
	CUT_KILLED, /* its socket is there, and nobody has it */
	CUT_GONE, /* … with the name of its socket */
	CUT_STOPPED, /* it reads no more */
	CUT_ALL_KILLED, /* nor is standard error read by anybody: as with the real one, which has both */
	CUT_REFUSING, /* sending fails with an errno, for one line */
};

static struct {
	char *folder, *path;
	int socket; /* -1: there is none */
	int standard_error; /* the reader's end; -1: there is none */
	int error; /* of what is sent next; else 0 */
	GString *
		got; /* numbers of lines in the order of their coming: "J0 E1 L2 …", by whom; L: so many lost */
} journal = {.socket = -1, .standard_error = -1};

/* ---- in the system's place ---- */

gboolean g_log_writer_is_journald(gint fd)
{
	return TRUE;
}

static struct sockaddr_un address_of_journal(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_assert_cmpuint(g_strlcpy(address.sun_path, journal.path, sizeof(address.sun_path)), <,
		sizeof(address.sun_path));
	return address;
}

/* What is for the system's journal is for this one. */
ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to,
	socklen_t to_size)
{
	static ssize_t (*call)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	struct sockaddr_un address = address_of_journal();

	if (!call)
		*(void **)&call = dlsym(RTLD_NEXT, "sendto");
	g_assert_cmpint(to->sa_family, ==, AF_UNIX);
	g_assert_cmpint(flags & MSG_DONTWAIT, !=, 0);
	errno = journal.error;
	journal.error = 0;
	return errno ? -1
		     : call(fd, bytes, size, flags, (struct sockaddr *)&address, sizeof(address));
}

/* ---- the journal ---- */

static void begin(void)
{
	struct sockaddr_un address = address_of_journal();

	g_unlink(journal.path);
	journal.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(journal.socket, (struct sockaddr *)&address, sizeof(address)), ==, 0);
}

/* Standard error of this process, from now on: another one's stream. */
static void begin_standard_error(void)
{
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	g_assert_cmpint(dup2(ends[1], STDERR_FILENO), ==, STDERR_FILENO);
	close(ends[1]);
	journal.standard_error = ends[0];
}

/* "line 7" is J7; "12 log lines were lost here" is J!12. */
static void note(char by, const char *text)
{
	const char *line = strstr(text, "line ");
	const char *lost = strstr(text, " log lines were lost here");

	if (lost) {
		while (lost > text && g_ascii_isdigit(lost[-1]))
			lost--;
		g_string_append_printf(journal.got, "%c!%d ", by, atoi(lost));
	} else if (line) {
		g_string_append_printf(journal.got, "%c%d ", by, atoi(line + strlen("line ")));
	}
}

/* All that has come. */
static void read_all(void)
{
	char bytes[8192];
	ssize_t size;

	while (journal.socket >= 0 &&
		(size = recv(journal.socket, bytes, sizeof(bytes) - 1, MSG_DONTWAIT)) >= 0) {
		bytes[size] = '\0';
		note('J', bytes);
	}
	while (journal.standard_error >= 0 &&
		(size = recv(journal.standard_error, bytes, sizeof(bytes) - 1, MSG_DONTWAIT)) > 0) {
		g_auto(GStrv) lines = NULL;

		bytes[size] = '\0';
		lines = g_strsplit(bytes, "\n", -1);
		for (size_t i = 0; lines[i]; i++)
			note('E', lines[i]);
	}
}

/* ---- the dialogue ---- */

/* With what others send, until there is no room. */
static void fill(void)
{
	struct sockaddr_un address = address_of_journal();
	int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(other, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	while (send(other, "X=1\n", 4, MSG_DONTWAIT) >= 0)
		;
	g_assert_cmpint(errno, ==, EAGAIN);
	close(other);
}

static void close_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

static void go_away(enum cut cut, int error)
{
	switch (cut) {
	case CUT_STOPPED:
		fill();
		break;
	case CUT_REFUSING:
		journal.error = error;
		break;
	case CUT_ALL_KILLED:
		close_end(&journal.standard_error);
		close_end(&journal.socket);
		break;
	case CUT_GONE:
		g_unlink(journal.path);
		close_end(&journal.socket);
		break;
	case CUT_KILLED:
		close_end(&journal.socket);
		break;
	}
}

/* Nobody gives a process its standard error back: that stays as it is. */
static void come_back(enum cut cut)
{
	if (cut == CUT_STOPPED)
		read_all();
	else if (cut != CUT_REFUSING)
		begin();
}

/* Each is read as it comes, unless nobody reads. */
static void say(unsigned int first, unsigned int end, bool stopped)
{
	for (unsigned int i = first; i < end; i++) {
		log_daemon(G_LOG_LEVEL_MESSAGE, "line %u", i);
		if (!stopped)
			read_all();
	}
}

/* Who has which of the lines, of which those from `first` on were said while it was away. */
static char *expected(enum cut cut, int error, unsigned int first, unsigned int end)
{
	bool lost = cut == CUT_STOPPED || cut == CUT_ALL_KILLED || error == ENOBUFS;
	GString *all = g_string_new(NULL);

	for (unsigned int i = 0; i <= LINES; i++) {
		bool away = i >= first && i < end;

		if (i == end && lost)
			g_string_append_printf(all, "J!%u ", end - first);
		if (i < LINES && !(away && lost))
			g_string_append_printf(all, "%c%u ", away ? 'E' : 'J', i);
	}
	return g_string_free(all, FALSE);
}

static void cut_before(enum cut cut, int error, unsigned int first)
{
	unsigned int end = MIN(first + (cut == CUT_REFUSING ? 1 : AWAY), LINES);
	g_autofree char *whole = expected(cut, error, first, end);

	g_string_truncate(journal.got, 0);
	say(0, first, false);
	go_away(cut, error);
	say(first, end, cut == CUT_STOPPED);
	come_back(cut);
	say(end, LINES, false);
	/* What was lost at the end is told of by what comes next. */
	log_daemon(G_LOG_LEVEL_MESSAGE, "the end");
	read_all();
	g_assert_cmpstr(journal.got->str, ==, whole);
	if (journal.standard_error < 0)
		begin_standard_error();
}

static void test_cut(gconstpointer data)
{
	for (unsigned int first = 0; first < LINES; first++)
		cut_before((enum cut)GPOINTER_TO_UINT(data), 0, first);
}

/* Of the moment, or not: the line is counted, or goes the other way. */
static void test_refusing(void)
{
	static const int errors[] = {ENOBUFS, ENOMEM, EACCES, EPERM, EMSGSIZE, ENOTCONN};

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++)
		for (unsigned int first = 0; first < LINES; first++)
			cut_before(CUT_REFUSING, errors[i], first);
}

int main(int argc, char **argv)
{
	int said = dup(STDERR_FILENO);
	int status;

	g_test_init(&argc, &argv, NULL);
	journal.folder = g_dir_make_tmp("journal-XXXXXX", NULL);
	journal.path = g_build_filename(journal.folder, "socket", NULL);
	journal.got = g_string_new(NULL);
	begin();
	begin_standard_error();
	log_writer_install(G_LOG_LEVEL_MESSAGE);
	g_test_add_data_func("/cut/journal/killed", GUINT_TO_POINTER(CUT_KILLED), test_cut);
	g_test_add_data_func("/cut/journal/gone", GUINT_TO_POINTER(CUT_GONE), test_cut);
	g_test_add_data_func("/cut/journal/stopped", GUINT_TO_POINTER(CUT_STOPPED), test_cut);
	g_test_add_data_func("/cut/journal/all-killed", GUINT_TO_POINTER(CUT_ALL_KILLED), test_cut);
	g_test_add_func("/cut/journal/refusing", test_refusing);
	status = g_test_run();
	dup2(said, STDERR_FILENO);
	close(said);
	close(journal.socket);
	close(journal.standard_error);
	g_unlink(journal.path);
	g_rmdir(journal.folder);
	g_string_free(journal.got, TRUE);
	g_free(journal.path);
	g_free(journal.folder);
	return status;
}
