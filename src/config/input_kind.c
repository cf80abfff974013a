/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/input_kind.h"

static const char *const kind_names[INPUT_KINDS] = {
	[INPUT_KEYBOARD] = "keyboard",
	[INPUT_POINTER] = "pointer",
	[INPUT_ABSOLUTE] = "absolute",
	[INPUT_TOUCH] = "touch",
	[INPUT_PEN] = "pen",
	[INPUT_PASSTHROUGH] = "passthrough",
};

const char *input_kind_name(enum input_kind kind)
{
	return kind_names[kind];
}

G_DEFINE_QUARK(scanoutd_input_kinds_error_quark, input_kinds_error)

bool input_kinds_parse(const char *text, unsigned int *kinds, GError **error)
{
	g_auto(GStrv) parts = g_strsplit_set(text, ";,", -1);

	*kinds = 0;
	if (g_str_equal(text, "none"))
		return true;
	for (char **part = parts; *part != NULL; part++) {
		enum input_kind kind = INPUT_KEYBOARD;

		if (*g_strstrip(*part) == '\0')
			continue;
		while (kind < INPUT_PASSTHROUGH && !g_str_equal(kind_names[kind], *part))
			kind++;
		if (kind == INPUT_PASSTHROUGH) {
			g_set_error_literal(error, INPUT_KINDS_ERROR, INPUT_KINDS_ERROR_WORD,
				"must be none, or some of keyboard, pointer, absolute, touch and "
				"pen, separated by semicolons");
			return false;
		}
		*kinds |= 1u << kind;
	}
	return true;
}
