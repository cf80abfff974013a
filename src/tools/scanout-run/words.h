/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU command line as options with their arguments, and what is to become of each: kept, changed
 * or left out. Used by qemu_line.c and its parts, while they read a line and write it again. Knows
 * which of QEMU's options have an argument, and nothing of what they mean.
 */
#ifndef SCANOUTD_TOOLS_WORDS_H
#define SCANOUTD_TOOLS_WORDS_H

#include <glib.h>
#include <stdbool.h>

/* An option with its argument, or what stands alone (a disk image). The texts are the caller's of
 * words_create(), but for `changed`. */
struct word {
	const char *text; /* as it is on the line: "-device", "disk.img" */
	const char *name; /* "device"; NULL: what stands alone */
	const char *value; /* its argument, or NULL */
	bool is_switch; /* one that has no argument */
	bool dropped; /* words_write() leaves it out */
	char *changed; /* what words_write() writes as its argument, or NULL */
};

struct words {
	GArray *list; /* of struct word */
	const char *program;
};

/* `arguments` is NULL-terminated, the program first, and must outlive the words. */
struct words *words_create(char *const *arguments);
void words_destroy(struct words *words);

guint words_count(const struct words *words);
struct word *words_at(const struct words *words, guint index);

/* QEMU's -M is -machine's short form. */
bool word_is(const struct word *word, const char *name);

/* What its argument is now. */
const char *word_value(const struct word *word);

/* Takes `value` over; an empty one drops the word. */
void word_change(struct word *word, char *value);

/* "-display sdl,gl=on": as it was on the line. The caller frees it. */
char *word_text(const struct word *word);

/* The line asks QEMU to print something and to end: -version, -device help, … */
bool words_only_ask(const struct words *words);

/* Adds copies of all words that are kept, the program first. */
void words_write(const struct words *words, GPtrArray *command);

#endif
