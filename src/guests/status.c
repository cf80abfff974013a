/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guests/status.h"

#include <time.h>

static gint64 now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

void status_init(struct status *status)
{
	*status = (struct status){.kind = STATUS_WAITING, .since = now()};
}

void status_finish(struct status *status)
{
	g_clear_pointer(&status->fault, g_free);
	g_clear_pointer(&status->notice, g_free);
}

/* There is no VMM, nor a back-end that comes by itself. */
static bool is_gone(enum status_kind kind)
{
	switch (kind) {
	case STATUS_WAITING:
	case STATUS_STOPPED:
	case STATUS_BACKEND_GONE:
	case STATUS_FAULT:
		return true;
	case STATUS_NO_BACKEND:
	case STATUS_STARTING:
	case STATUS_RESTARTING:
		break;
	}
	return false;
}

bool status_set(struct status *status, enum status_kind kind, const char *fault)
{
	/* Each time that it begins again is a new one. */
	if (status->kind == kind && kind != STATUS_RESTARTING &&
		g_strcmp0(status->fault, fault) == 0)
		return false;
	/* Its starter may know of its end before we do. */
	if (!is_gone(kind))
		g_clear_pointer(&status->notice, g_free);
	g_free(status->fault);
	status->kind = kind;
	status->fault = g_strdup(fault);
	status->since = now();
	return true;
}

bool status_notice(struct status *status, const char *notice)
{
	if (g_strcmp0(status->notice, notice) == 0)
		return false;
	g_free(status->notice);
	status->notice = g_strdup(notice);
	return true;
}

bool status_is_failure(const struct status *status)
{
	return status->kind == STATUS_BACKEND_GONE || status->kind == STATUS_FAULT ||
		(status->notice != NULL && is_gone(status->kind));
}

static const char *headline(const struct status *status, const struct config_guest *config)
{
	switch (status->kind) {
	case STATUS_WAITING:
		return config->vmm_socket ? "Waiting for the virtual machine"
					  : "Waiting for the back-end";
	case STATUS_NO_BACKEND:
		return "Waiting for the back-end";
	case STATUS_STARTING:
		return "Starting";
	case STATUS_RESTARTING:
		return "Paused, or starting again";
	case STATUS_STOPPED:
		return config->vmm_socket ? "The virtual machine has stopped"
					  : "The back-end has disconnected";
	case STATUS_BACKEND_GONE:
		return "The back-end has gone";
	case STATUS_FAULT:
		break;
	}
	return "Stopped by an error";
}

/* What comes next, or what a person can do. */
static char *outlook(const struct status *status, const struct config_guest *config)
{
	if (status->notice != NULL && is_gone(status->kind))
		return g_strdup(status->notice);
	switch (status->kind) {
	case STATUS_WAITING:
	case STATUS_STOPPED:
		if (!config->vmm_socket && config->display_socket)
			return g_strdup_printf("It is to connect to %s.", config->display_socket);
		return g_strdup(config->vmm_socket ? "The picture appears when it starts."
						   : "The picture appears when it connects.");
	case STATUS_NO_BACKEND:
		return g_strdup_printf("It is to listen at %s.", config->backend_socket);
	case STATUS_STARTING:
	case STATUS_RESTARTING:
		return g_strdup("The guest has not drawn its picture yet.");
	case STATUS_BACKEND_GONE:
		return g_strdup("The picture comes back when the virtual machine is started "
				"again.");
	case STATUS_FAULT:
		break;
	}
	return g_strdup("The log says more.");
}

/* "The VMM closed …" of a fault that a log line goes on with. */
static char *sentence(const char *fault)
{
	return g_strdup_printf("%c%s%s", g_ascii_toupper(fault[0]), fault + 1,
		g_str_has_suffix(fault, ".") ? "" : ".");
}

/* As the wall clock here has it: "12:34:56". Each start asks, before the first picture, and GDateTime
 * would be the first to need its own reading of the time zones. */
static char *clock_of(gint64 since)
{
	time_t seconds = (time_t)since;
	char text[sizeof("00:00:00")] = "?";
	struct tm local;

	/* Another time zone since the last time? */
	tzset();
	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%H:%M:%S", &local);
	return g_strdup(text);
}

char **status_lines(const struct status *status, const struct config_guest *config)
{
	g_autofree char *clock = clock_of(status->since);
	g_autofree char *next = outlook(status, config);
	GPtrArray *lines = g_ptr_array_new();

	g_ptr_array_add(lines, g_strdup(config->name));
	g_ptr_array_add(lines, g_strdup(headline(status, config)));
	if (status->fault && *status->fault)
		g_ptr_array_add(lines, sentence(status->fault));
	g_ptr_array_add(lines, g_steal_pointer(&next));
	g_ptr_array_add(lines, g_strdup_printf("Since %s", clock));
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(lines, FALSE);
}
