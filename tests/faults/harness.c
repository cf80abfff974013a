/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpose.h"

/* Processes at one time: most of them wait. */
#define CHILDREN_MAX 8

/* Occurrences at one site that fail with each errno. */
#define THOROUGH 2

/* What is still being closed may take so long, and is looked at so often. */
#define CLOSING_S 5
#define CLOSING_TURN_MS 2

/* Failures whose output is told. */
#define TOLD_MAX 12

/* Of what a failed process wrote, the last assertion. */
#define REASON_MAX 400

/* What a failed process wrote last. */
#define OUTPUT_MAX 3000

struct scenario {
	const char *path;
	void (*run)(void);
	unsigned int seconds;
	bool logs; /* it sets a writer of its own, which can be done once */
};

struct child {
	pid_t pid; /* 0: this place is free */
	struct faults_point point;
	FILE *output;
};

/* Of one scenario; what children count is shared with them. */
struct round {
	const struct scenario *scenario;
	struct faults_point *points;
	size_t *point_count;
	size_t *struck;
	struct child children[CHILDREN_MAX];
	size_t running;
	size_t faults;
	size_t failures;
};

static const struct faults_point *current;
static GString *warnings;
static GMutex warnings_lock;
static bool (*is_usual)(const char *line);

/* ---- for scenarios ---- */

bool faults_is_hang_up(void)
{
	return current && (current->error == EPIPE || current->error == ECONNRESET);
}

bool faults_is_in(const char *call)
{
	return current && g_str_equal(current->call->name, call);
}

void faults_set_usual(bool (*function)(const char *line))
{
	is_usual = function;
}

void faults_expect_told(const char *told, unsigned int closed)
{
	g_auto(GStrv) lines = NULL;
	g_autoptr(GString) unusual = g_string_new(told);
	unsigned int count = told != NULL;

	g_mutex_lock(&warnings_lock);
	lines = g_strsplit(warnings->str, "\n", -1);
	g_mutex_unlock(&warnings_lock);
	for (char **line = lines; *line; line++) {
		if (strstr(*line, "(null)"))
			g_error("ERROR: told nothing: %s", *line);
		/* What is said of a state when it is looked at again is no second word. */
		if (!**line || (is_usual && is_usual(*line)) || strstr(unusual->str, *line))
			continue;
		g_string_append_printf(unusual, "%s%s", count ? " | " : "", *line);
		count++;
	}
	if (count > 1)
		g_error("ERROR: told %u times: %s", count, unusual->str);
	g_assert_cmpuint(closed, <=, 1);
	g_assert_true(closed == 0 || count == 1 || faults_is_hang_up());
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	return remove(path);
}

void faults_remove_folder(const char *path)
{
	g_assert_cmpint(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), ==, 0);
}

gboolean faults_tire(gpointer tired)
{
	*(bool *)tired = true;
	return G_SOURCE_CONTINUE;
}

char *faults_list_fds(void)
{
	GString *text = g_string_new(NULL);
	DIR *directory;
	struct dirent *entry;

	directory = opendir("/proc/self/fd");
	g_assert_nonnull(directory);
	while ((entry = readdir(directory))) {
		g_autofree char *path = g_build_filename("/proc/self/fd", entry->d_name, NULL);
		g_autofree char *target = g_file_read_link(path, NULL);

		/* The process's own, for good. */
		if (target && strstr(target, "scanoutd signaller"))
			continue;
		if (target && atoi(entry->d_name) != dirfd(directory))
			g_string_append_printf(text, "%s\n", target);
	}
	closedir(directory);
	return g_string_free(text, FALSE);
}

static gboolean go_on(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static bool fds_are(const char *before)
{
	g_autofree char *now = faults_list_fds();

	return g_str_equal(now, before);
}

void faults_expect_fds(const char *before)
{
	g_autofree char *after = NULL;
	/* Looked at again and again, since a thread that closes tells nobody. */
	guint turn = g_timeout_add(CLOSING_TURN_MS, go_on, NULL);

	FAULTS_AWAIT(fds_are(before), CLOSING_S);
	g_source_remove(turn);
	after = faults_list_fds();
	g_assert_cmpstr(after, ==, before);
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++) {
		if (!g_str_equal(fields[i].key, "MESSAGE"))
			continue;
		fprintf(stderr, "log %x: %s\n", (unsigned int)level, (const char *)fields[i].value);
		if (level & G_LOG_LEVEL_MASK &
			~(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_ERROR))
			continue;
		g_mutex_lock(&warnings_lock);
		g_string_append_printf(warnings, "%s\n", (const char *)fields[i].value);
		g_mutex_unlock(&warnings_lock);
	}
	return G_LOG_WRITER_HANDLED;
}

/* ---- one process ---- */

static void *share(size_t size)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS;
	/* cppcheck-suppress invalidFunctionArg ; memory of no file has the number -1 */
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	g_assert_true(memory != MAP_FAILED);
	return memory;
}

/* Does not return in the child. */
static void start(struct round *round, struct child *child)
{
	child->output = tmpfile();
	g_assert_nonnull(child->output);
	fflush(NULL);
	child->pid = fork();
	g_assert_cmpint(child->pid, >=, 0);
	if (child->pid > 0)
		return;
	dup2(fileno(child->output), STDOUT_FILENO);
	dup2(fileno(child->output), STDERR_FILENO);
	fclose(child->output);
	if (!round->scenario->logs)
		g_log_set_writer_func(write_log, NULL, NULL);
	alarm(round->scenario->seconds);
	if (child->point.call) {
		current = &child->point;
		faults_arm(current);
	} else {
		faults_record(round->points, round->point_count);
	}
	round->scenario->run();
	if (faults_struck())
		__atomic_add_fetch(round->struck, 1, __ATOMIC_RELAXED);
	/* A sanitizer looks for leaks here. */
	exit(EXIT_SUCCESS);
}

static char *read_output(FILE *output)
{
	char *text = g_malloc0(OUTPUT_MAX + 1);
	long size;

	fseek(output, 0, SEEK_END);
	size = ftell(output);
	fseek(output, MAX(0, size - OUTPUT_MAX), SEEK_SET);
	text[fread(text, 1, OUTPUT_MAX, output)] = '\0';
	return text;
}

static int find_base(struct dl_phdr_info *info, size_t size, void *data)
{
	*(uintptr_t *)data = info->dlpi_addr;
	/* The program is the first. */
	return 1;
}

/* "door.c:153" where addr2line is there, else the offset for it. */
static char *name_of_site(const void *site)
{
	g_autofree char *line = NULL;
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	char *text = NULL;
	uintptr_t base = 0;

	dl_iterate_phdr(find_base, &base);
	line = g_strdup_printf("addr2line -s -e '%s' 0x%" G_GINTPTR_MODIFIER "x", program,
		(uintptr_t)site - base - 1);
	if (!g_spawn_command_line_sync(line, &text, NULL, NULL, NULL))
		return g_steal_pointer(&line);
	return g_strchomp(text);
}

/* What is written of a failed assertion, or of a sanitizer's word. */
static char *find_reason(const char *output)
{
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	const char *reason = "";

	for (char **line = lines; *line; line++) {
		if (strstr(*line, "ERROR") && !g_str_has_prefix(*line, "Bail out!"))
			reason = *line;
	}
	return g_strndup(reason, REASON_MAX);
}

static void tell_failure(struct round *round, const struct child *child, int status)
{
	const struct faults_point *point = &child->point;
	g_autofree char *output = read_output(child->output);
	g_autofree char *reason = find_reason(output);
	g_autofree char *site = NULL;
	g_autofree char *end = NULL;

	round->failures++;
	if (!WIFSIGNALED(status))
		end = g_strdup_printf("exit status %d", WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGALRM)
		end = g_strdup_printf("no end in %u s", round->scenario->seconds);
	else
		end = g_strdup_printf("signal %d", WTERMSIG(status));
	if (point->call)
		site = name_of_site(point->site);
	g_test_message("%s: %s at %s, call %u, with %s: %s", end,
		point->call ? point->call->name : "no fault", point->call ? site : "all",
		point->occurrence + 1, g_strerror(point->error), reason);
	if (round->failures <= TOLD_MAX)
		g_test_message("%s", output);
}

static void await_one(struct round *round)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	g_assert_cmpint(pid, >, 0);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &round->children[i];

		if (child->pid != pid)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			tell_failure(round, child, status);
		fclose(child->output);
		child->pid = 0;
		round->running--;
	}
}

static void run(struct round *round, const struct faults_point *point)
{
	struct child *child = round->children;

	if (round->running == CHILDREN_MAX)
		await_one(round);
	while (child->pid)
		child++;
	child->point = *point;
	round->running++;
	start(round, child);
}

/* ---- all of them ---- */

static void run_point(struct round *round, struct faults_point point)
{
	const int *errors = point.call->errors;
	bool each = point.occurrence < THOROUGH || g_strcmp0(g_getenv("FAULTS"), "all") == 0;
	size_t count = 0;

	while (count < FAULTS_ERRORS_MAX && errors[count])
		count++;
	for (size_t i = 0; i < count; i++) {
		if (!each && i != point.occurrence % count)
			continue;
		point.error = errors[i];
		run(round, &point);
		round->faults++;
	}
}

/* "12 recvmsg, 3 open": how many calls of each kind there were. */
static char *list_calls(const struct round *round)
{
	GString *text = g_string_new(NULL);
	GHashTable *counts = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GList) names = NULL;

	for (size_t i = 0; i < *round->point_count; i++) {
		char *name = (char *)round->points[i].call->name;

		g_hash_table_insert(counts, name,
			GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(counts, name)) + 1));
	}
	names = g_list_sort(g_hash_table_get_keys(counts), (GCompareFunc)strcmp);
	for (const GList *name = names; name; name = name->next)
		g_string_append_printf(text, "%s%u %s", text->len ? ", " : "",
			GPOINTER_TO_UINT(g_hash_table_lookup(counts, name->data)),
			(const char *)name->data);
	g_hash_table_destroy(counts);
	return g_string_free(text, FALSE);
}

static void run_round(gconstpointer data)
{
	const struct faults_point none = {NULL};
	struct round round = {.scenario = data};
	g_autofree char *calls = NULL;

	round.points = share(sizeof(*round.points) * FAULTS_POINTS_MAX);
	round.point_count = share(sizeof(*round.point_count));
	round.struck = share(sizeof(*round.struck));
	run(&round, &none);
	await_one(&round);
	g_assert_cmpuint(round.failures, ==, 0);
	g_assert_cmpuint(*round.point_count, >, 0);
	g_assert_cmpuint(*round.point_count, <=, FAULTS_POINTS_MAX);
	for (size_t i = 0; i < *round.point_count; i++)
		run_point(&round, round.points[i]);
	while (round.running)
		await_one(&round);
	calls = list_calls(&round);
	g_test_message("%zu faults, of which %zu came about, in %zu calls: %s", round.faults,
		*round.struck, *round.point_count, calls);
	if (round.failures)
		g_test_message("%zu of %zu faults did harm", round.failures, round.faults);
	g_assert_cmpuint(round.failures, ==, 0);
	munmap(round.points, sizeof(*round.points) * FAULTS_POINTS_MAX);
	munmap(round.point_count, sizeof(*round.point_count));
	munmap(round.struck, sizeof(*round.struck));
}

void faults_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	warnings = g_string_new(NULL);
}

static void add(struct scenario scenario)
{
	g_test_add_data_func_full(scenario.path, g_memdup2(&scenario, sizeof(scenario)), run_round,
		g_free);
}

void faults_add(const char *path, void (*scenario)(void), unsigned int seconds)
{
	add((struct scenario){path, scenario, seconds, false});
}

void faults_add_logging(const char *path, void (*scenario)(void), unsigned int seconds)
{
	add((struct scenario){path, scenario, seconds, true});
}
