/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What [lease NAME] sections leave open, and what of them must agree with the rest. */
#include <grp.h>
#include <string.h>
#include <sys/un.h>

#include "config/resolve_internal.h"
#include "kms_lease.h"

static bool fail(GError **error, const struct config_lease *lease, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, const struct config_lease *lease, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: [lease %s]: %s", lease->origin,
		lease->name, message);
	return false;
}

GStrv config_lease_outputs(const struct config_lease *lease)
{
	return resolve_split(lease->outputs);
}

bool config_lends_the_same(const struct config *a, const struct config *b)
{
	if (a->leases->len != b->leases->len)
		return false;
	for (guint i = 0; i < a->leases->len; i++) {
		const struct config_lease *one = g_ptr_array_index(a->leases, i);
		const struct config_lease *other = g_ptr_array_index(b->leases, i);

		if (!g_str_equal(one->name, other->name) ||
			!g_str_equal(one->outputs, other->outputs) || one->planes != other->planes)
			return false;
	}
	return true;
}

static bool names(const char *list, const char *name)
{
	g_auto(GStrv) all = resolve_split(list);

	return g_strv_contains((const char *const *)all, name);
}

/* Nothing of ours is shown there, nor watched. */
static bool check_layers(const struct config *config, const struct config_lease *lease,
	const char *name, GError **error)
{
	for (guint i = 0; i < config->layers->len; i++) {
		const struct config_layer *layer = g_ptr_array_index(config->layers, i);

		if (names(layer->output, name))
			return fail(error, lease, "outputs=%s: [layer %s] lies on %s",
				lease->outputs, layer->name, name);
	}
	for (guint i = 0; i < config->regions->len; i++) {
		const struct config_region *region = g_ptr_array_index(config->regions, i);

		if (names(region->output, name))
			return fail(error, lease, "outputs=%s: [region %s] watches %s",
				lease->outputs, region->name, name);
	}
	return true;
}

/* The card whose name it begins with, where there are several; else the first. */
static uint32_t find_card(const struct config *config, const char *name)
{
	char *const *cards = config->daemon.cards;
	const char *colon = strrchr(name, ':');

	for (uint32_t i = 1; colon != NULL && cards != NULL && cards[0] != NULL && cards[i] != NULL;
		i++) {
		const char *card = config_card_name(cards[i]);

		if (strlen(card) == (size_t)(colon - name) && g_str_has_prefix(name, card))
			return i;
	}
	return 0;
}

/* A lease is of one card. */
static bool check_card(const struct config *config, struct config_lease *lease, const char *first,
	const char *name, GError **error)
{
	uint32_t card = find_card(config, name);

	lease->card = find_card(config, first);
	return card == lease->card ||
		fail(error, lease,
			"outputs=%s: %s is of %s, and %s of %s; all must be of one card, so that needs a "
			"section of its own",
			lease->outputs, first, config_card_name(config->daemon.cards[lease->card]),
			name, config_card_name(config->daemon.cards[card]));
}

/* What a guest would be shown on cannot be lent. */
static bool reserve(struct config *config, const struct config_lease *lease, const char *name,
	GError **error)
{
	struct config_output *output = config_find_output(config, name, NULL);

	for (guint i = 0; i < config->outputs->len; i++) {
		const struct config_output *other = g_ptr_array_index(config->outputs, i);

		if (other == output || !names(other->name, name))
			continue;
		if (other->layouts != NULL)
			return fail(error, lease,
				"outputs=%s: [output %s] has layout=; leave it out: an output is "
				"lent in all layouts",
				lease->outputs, other->name);
		else
			return fail(error, lease,
				"outputs=%s: [output %s] names %s with others; give it a section of "
				"its own, or none",
				lease->outputs, other->name, name);
	}
	if (output == NULL)
		output = config_add_output(config, name, lease->origin);
	if (output->lent)
		return fail(error, lease, "outputs=%s: %s is lent already", lease->outputs, name);
	if (output->guest != NULL || output->scanout >= 0 || output->off)
		return fail(error, lease,
			"outputs=%s: [output %s] has %s; leave it out: another program shows "
			"something there",
			lease->outputs, name,
			output->off			? "mode=off"
				: output->guest != NULL ? "guest="
							: "scanout=");
	output->lent = true;
	output->pictured = true;
	return true;
}

static bool resolve_socket(struct config_lease *lease, const char *folder, GHashTable *seen,
	GError **error)
{
	g_autofree char *use = g_strdup_printf("socket of [lease %s]", lease->name);
	const char *other;

	if (lease->socket == NULL)
		lease->socket = g_strdup_printf("%s/lease-%s", folder, lease->name);
	if (strlen(lease->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return fail(error, lease, "socket=%s: a socket's path has at most %zu bytes",
			lease->socket, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	other = resolve_claim_socket(seen, lease->socket, use);
	return other == NULL || fail(error, lease, "socket=%s is %s already", lease->socket, other);
}

/* 0: no such word. */
static uint32_t find_planes(const char *word)
{
	static const struct {
		const char *word;
		uint32_t planes;
	} words[] = {
		{"primary", KMS_LEASE_PRIMARY},
		{"cursor", KMS_LEASE_CURSOR},
		{"overlays", KMS_LEASE_OVERLAYS},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_str_equal(word, words[i].word))
			return words[i].planes;
	}
	return 0;
}

static bool resolve_planes(struct config_lease *lease, GError **error)
{
	g_auto(GStrv) words = resolve_split(lease->plane_list);

	lease->planes = lease->plane_list == NULL ? KMS_LEASE_ALL_PLANES : 0;
	for (char **word = words; *word != NULL; word++) {
		uint32_t planes = find_planes(*word);

		if (planes == 0)
			return fail(error, lease,
				"planes=%s: \"%s\" is not one of primary, cursor and overlays",
				lease->plane_list, *word);
		lease->planes |= planes;
	}
	return lease->planes != 0 ||
		fail(error, lease,
			"planes=: at least one of primary, cursor and overlays, with semicolons "
			"between them");
}

static bool resolve_lease(struct config *config, struct config_lease *lease, const char *folder,
	GHashTable *seen, GError **error)
{
	g_auto(GStrv) outputs = config_lease_outputs(lease);

	if (outputs[0] == NULL)
		return fail(error, lease, "outputs= is needed: the connectors that are lent");
	if (g_strv_length(outputs) > KMS_OUTPUTS_MAX)
		return fail(error, lease, "outputs=%s: more than %d", lease->outputs,
			KMS_OUTPUTS_MAX);
	for (char **name = outputs; *name != NULL; name++) {
		if (!check_card(config, lease, outputs[0], *name, error) ||
			!check_layers(config, lease, *name, error) ||
			!reserve(config, lease, *name, error))
			return false;
	}
	return resolve_planes(lease, error) && resolve_socket(lease, folder, seen, error);
}

bool resolve_leases(struct config *config, const char *folder, GHashTable *seen, GError **error)
{
	for (guint i = 0; i < config->leases->len; i++) {
		if (!resolve_lease(config, g_ptr_array_index(config->leases, i), folder, seen,
			    error))
			return false;
	}
	return true;
}

bool resolve_check_leases(const struct config *config, GError **error)
{
	for (guint i = 0; i < config->leases->len; i++) {
		const struct config_lease *lease = g_ptr_array_index(config->leases, i);
		g_autofree char *fault = resolve_folder_fault(lease->socket);

		if (fault != NULL)
			return fail(error, lease, "socket=%s: %s", lease->socket, fault);
		if (lease->socket_group != NULL && getgrnam(lease->socket_group) == NULL)
			return fail(error, lease, "socket-group=%s: there is no group of that name",
				lease->socket_group);
	}
	return true;
}
