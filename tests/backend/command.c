/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a script that make messages, judge what replies say, and keep account of what a
 * scanout must show. What each does is in script.h.
 */
#include "script_internal.h"

#include <drm_fourcc.h>
#include <string.h>

#define script_fail(error, ...) backend_fail((error), BACKEND_ERROR_SCRIPT, __VA_ARGS__)

/* ---- words ---- */

/* Decimal, 0x… or with a minus: kept in 64 bits, cut by the caller. */
static bool parse_number(const char *word, int64_t *number, GError **error)
{
	char *end = NULL;
	bool hex = g_str_has_prefix(word, "0x");

	*number = hex ? (int64_t)g_ascii_strtoull(word, &end, 16) : g_ascii_strtoll(word, &end, 10);
	if (end == word || *end)
		return script_fail(error, "\"%s\" is no number", word);
	return true;
}

static bool parse_u32(const char *word, uint32_t *number, GError **error)
{
	int64_t value;

	if (!parse_number(word, &value, error))
		return false;
	if (value < INT32_MIN || value > UINT32_MAX)
		return script_fail(error, "\"%s\" has more than 32 bits", word);
	*number = (uint32_t)value;
	return true;
}

/* `count` numbers from words[0] on, moving on. */
static bool take_numbers(char ***words, uint32_t *numbers, size_t count, GError **error)
{
	for (size_t i = 0; i < count; i++) {
		if (!(*words)[0])
			return backend_fail(error, BACKEND_ERROR_SCRIPT,
				"%zu more words are needed", count - i);
		if (!parse_u32((*words)[0], &numbers[i], error))
			return false;
		*words += 1;
	}
	return true;
}

static bool no_more(char **words, GError **error)
{
	return words[0] ? script_fail(error, "\"%s\" is one word too many", words[0]) : true;
}

/* "XR24", or a number. */
static bool parse_fourcc(const char *word, uint32_t *fourcc, GError **error)
{
	if (strlen(word) == 4 && !g_ascii_isdigit(word[0])) {
		*fourcc = fourcc_code(word[0], word[1], word[2], word[3]);
		return true;
	}
	return parse_u32(word, fourcc, error);
}

static bool parse_rect(const char *word, uint32_t rect[4], GError **error)
{
	g_auto(GStrv) parts = g_strsplit(word, ",", -1);
	char **part = parts;

	if (g_strv_length(parts) != 4)
		return script_fail(error, "\"%s\" is not X,Y,W,H", word);
	return take_numbers(&part, rect, 4, error);
}

static bool parse_hex(char **words, GByteArray *bytes, GError **error)
{
	for (; *words; words++) {
		size_t length = strlen(*words);
		for (size_t i = 0; i < length; i += 2) {
			int high = g_ascii_xdigit_value((*words)[i]);
			int low = i + 1 < length ? g_ascii_xdigit_value((*words)[i + 1]) : -1;
			if (high < 0 || low < 0)
				return script_fail(error, "\"%s\" is not hex", *words);
			g_byte_array_append(bytes, (const guint8[]){(guint8)(high << 4 | low)}, 1);
		}
	}
	return true;
}

static struct memory *find_memory(struct script *script, const char *name, GError **error)
{
	struct memory *memory = name ? g_hash_table_lookup(script->memories, name) : NULL;

	if (!memory)
		script_fail(error, "there is no buffer \"%s\"", name ? name : "");
	return memory;
}

/* All scanouts that do not exist share one. */
static struct shown *shown_of(struct script *script, uint32_t scanout)
{
	return &script->shown[MIN(scanout, VHOST_USER_GPU_SCANOUTS)];
}

static bool send(struct script *script, uint32_t request, const void *payload, size_t size,
	GError **error)
{
	return wire_send(script->wire, request, payload, size, NULL, 0, NULL, 0, error);
}

/* ---- questions ---- */

static bool features(struct script *script, char **words, GError **error)
{
	return no_more(words, error) &&
		send(script, VHOST_USER_GPU_GET_PROTOCOL_FEATURES, NULL, 0, error);
}

static bool set_features(struct script *script, char **words, GError **error)
{
	int64_t bits = VHOST_USER_GPU_FEATURE_EDID | VHOST_USER_GPU_FEATURE_DMABUF2;

	if (words[0] && !parse_number(words[0], &bits, error))
		return false;
	return send(script, VHOST_USER_GPU_SET_PROTOCOL_FEATURES, &bits, sizeof(bits), error);
}

static bool display_info(struct script *script, char **words, GError **error)
{
	return no_more(words, error) &&
		send(script, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, error);
}

static bool edid(struct script *script, char **words, GError **error)
{
	uint32_t scanout = 0;

	return take_numbers(&words, &scanout, 1, error) && no_more(words, error) &&
		send(script, VHOST_USER_GPU_GET_EDID, &scanout, sizeof(scanout), error);
}

static bool expect_display(struct script *script, char **words, GError **error)
{
	uint32_t wanted[5];

	if (!take_numbers(&words, wanted, 5, error) || !no_more(words, error) ||
		!wire_wait(script->wire, 0, error))
		return false;
	if (wanted[0] >= VHOST_USER_GPU_SCANOUTS)
		return script_fail(error, "there is no such scanout");
	struct virtio_gpu_display_one one = script->wire->display_info.pmodes[wanted[0]];
	uint32_t enabled = GUINT32_FROM_LE(one.enabled);
	uint32_t told[4] = {GUINT32_FROM_LE(one.width), GUINT32_FROM_LE(one.height),
		GUINT32_FROM_LE(one.x), GUINT32_FROM_LE(one.y)};
	if (!wanted[1] ? !enabled : enabled == 1 && memcmp(told, wanted + 1, sizeof(told)) == 0)
		return true;
	return backend_fail(error, BACKEND_ERROR_FRONTEND, "scanout %u is %s, %ux%u+%u+%u",
		wanted[0], enabled ? "enabled" : "not enabled", told[0], told[1], told[2], told[3]);
}

static bool save_edid(struct script *script, char **words, GError **error)
{
	const struct virtio_gpu_resp_edid *newest = &script->wire->edid;

	if (!words[0] || words[1])
		return script_fail(error, "a file is wanted");
	if (!wire_wait(script->wire, 0, error))
		return false;
	if (!newest->size)
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "the EDID is empty");
	return g_file_set_contents(words[0], (const char *)newest->edid,
		GUINT32_FROM_LE(newest->size), error);
}

static bool expect_no_edid(struct script *script, char **words, GError **error)
{
	if (!no_more(words, error) || !wire_wait(script->wire, 0, error))
		return false;
	if (!script->wire->edid.hdr.type || script->wire->edid.size)
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "the EDID has %u bytes",
			GUINT32_FROM_LE(script->wire->edid.size));
	return true;
}

/* ---- pixels ---- */

static bool scanout(struct script *script, char **words, GError **error)
{
	struct vhost_user_gpu_scanout set;
	uint32_t numbers[3];

	if (!take_numbers(&words, numbers, 3, error) || !no_more(words, error))
		return false;
	set = (struct vhost_user_gpu_scanout){numbers[0], numbers[1], numbers[2]};
	struct shown *shown = shown_of(script, set.scanout);
	if (set.width <= 16384 && set.height <= 16384) {
		g_free(shown->pixels);
		shown->pixels = g_malloc0((gsize)set.width * set.height * sizeof(uint32_t));
		shown->width = set.width;
		shown->height = set.height;
		shown->memory = NULL;
	}
	return send(script, VHOST_USER_GPU_SCANOUT, &set, sizeof(set), error);
}

static struct picture shown_pixels(const struct shown *shown)
{
	return (struct picture){
		.row = shown->pixels,
		.width = shown->width,
		.height = shown->height,
		.stride = shown->width * (uint32_t)sizeof(uint32_t),
	};
}

static bool update(struct script *script, char **words, GError **error)
{
	struct vhost_user_gpu_update head;
	uint32_t numbers[5];
	struct content content;
	struct picture part;

	if (!take_numbers(&words, numbers, 5, error) || !content_parse(&content, &words, error) ||
		!no_more(words, error))
		return false;
	head = (struct vhost_user_gpu_update){numbers[0], numbers[1], numbers[2], numbers[3],
		numbers[4]};
	uint64_t size = (uint64_t)head.width * head.height * sizeof(uint32_t);
	if (size / sizeof(uint32_t) > 16384u * 16384u)
		return script_fail(error, "too large; use \"message\"");

	g_autofree uint8_t *pixels = g_malloc(size + 1);
	struct picture picture = {
		.row = pixels,
		.width = head.width,
		.height = head.height,
		.stride = head.width * (uint32_t)sizeof(uint32_t),
	};
	picture_draw(&picture, &content, head.x, head.y);
	const struct shown *shown = shown_of(script, head.scanout);
	if (shown->pixels) {
		struct picture all = shown_pixels(shown);
		if (picture_part(&all, head.x, head.y, head.width, head.height, &part))
			picture_draw(&part, &content, head.x, head.y);
	}
	return wire_send(script->wire, VHOST_USER_GPU_UPDATE, &head, sizeof(head), pixels, size,
		NULL, 0, error);
}

/* ---- dma-bufs ---- */

/* KEY=VALUE words; returns whether the key is this one, and where its value begins. */
static bool is_key(const char *word, const char *key, const char **value)
{
	size_t length = strlen(key);

	if (strncmp(word, key, length) != 0 || word[length] != '=')
		return false;
	*value = word + length + 1;
	return true;
}

static bool buffer(struct script *script, char **words, GError **error)
{
	const char *name = words[0];
	const char *kind = "udmabuf";
	uint32_t size[2], stride, fourcc = DRM_FORMAT_XRGB8888;

	if (!name)
		return script_fail(error, "a name is missing");
	words++;
	if (!take_numbers(&words, size, 2, error))
		return false;
	stride = size[0] * (uint32_t)sizeof(uint32_t);
	for (; *words; words++) {
		const char *value;
		bool good = true;
		if (is_key(*words, "kind", &value))
			kind = value;
		else if (is_key(*words, "stride", &value))
			good = parse_u32(value, &stride, error);
		else if (is_key(*words, "fourcc", &value))
			good = parse_fourcc(value, &fourcc, error);
		else
			good = script_fail(error, "\"%s\" is not understood", *words);
		if (!good)
			return false;
	}
	struct memory *memory = memory_create(name, kind, size[0], size[1], stride, fourcc, error);
	if (!memory)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(script->shown); i++)
		if (script->shown[i].memory == g_hash_table_lookup(script->memories, name))
			script->shown[i].memory = NULL;
	g_hash_table_replace(script->memories, memory->name, memory);
	return true;
}

static bool fill(struct script *script, char **words, GError **error)
{
	const struct memory *memory = find_memory(script, words[0], error);
	struct content content;
	struct picture picture, part;
	uint32_t rect[4] = {0, 0, 0, 0};

	if (!memory)
		return false;
	if (!memory_picture(memory, &picture))
		return script_fail(error, "buffer \"%s\" has no pixels", memory->name);
	rect[2] = picture.width;
	rect[3] = picture.height;
	words++;
	if (!content_parse(&content, &words, error) ||
		(words[0] && !take_numbers(&words, rect, 4, error)) || !no_more(words, error))
		return false;
	if (!picture_part(&picture, rect[0], rect[1], rect[2], rect[3], &part))
		return script_fail(error, "not inside buffer \"%s\"", memory->name);
	picture_draw(&part, &content, rect[0], rect[1]);
	return true;
}

static bool busy(struct script *script, char **words, GError **error)
{
	struct memory *memory = find_memory(script, words[0], error);

	return memory && no_more(words + 1, error) && memory_busy(memory, error);
}

static bool done(struct script *script, char **words, GError **error)
{
	struct memory *memory = find_memory(script, words[0], error);

	return memory && no_more(words + 1, error) && memory_done(memory, error);
}

/* What the keys of dmabuf and dmabuf2 say, before they go into the message. */
struct dmabuf_words {
	uint32_t rect[4];
	uint32_t width, height, stride, fourcc, flags, fds;
	int64_t modifier;
};

static bool dmabuf_key(const char *word, struct dmabuf_words *said, GError **error)
{
	const struct {
		const char *key;
		uint32_t *number;
	} numbers[] = {
		{"width", &said->width},
		{"height", &said->height},
		{"stride", &said->stride},
		{"flags", &said->flags},
		{"fds", &said->fds},
	};
	const char *value;

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		if (is_key(word, numbers[i].key, &value))
			return parse_u32(value, numbers[i].number, error);
	if (is_key(word, "rect", &value))
		return parse_rect(value, said->rect, error);
	if (is_key(word, "fourcc", &value))
		return parse_fourcc(value, &said->fourcc, error);
	if (is_key(word, "modifier", &value))
		return parse_number(value, &said->modifier, error);
	return script_fail(error, "\"%s\" is not understood", word);
}

static void show_memory(struct script *script, const struct memory *memory,
	const struct vhost_user_gpu_dmabuf_scanout *set)
{
	struct shown *shown = shown_of(script, set->scanout);
	const uint32_t rect[4] = {set->x, set->y, set->width, set->height};

	shown->memory = memory;
	memcpy(shown->rect, rect, sizeof(rect));
	shown->upside_down = set->fd_flags & VHOST_USER_GPU_DMABUF_Y_0_TOP;
}

static bool send_dmabuf(struct script *script, uint32_t request, size_t size, char **words,
	GError **error)
{
	struct dmabuf_words said = {.modifier = DRM_FORMAT_MOD_LINEAR, .fds = 1};
	const struct memory *memory = NULL;
	uint32_t number = 0;

	if (!take_numbers(&words, &number, 1, error))
		return false;
	if (g_strcmp0(words[0], "none") != 0) {
		memory = find_memory(script, words[0], error);
		if (!memory)
			return false;
		said.rect[2] = said.width = memory->width;
		said.rect[3] = said.height = memory->height;
		said.stride = memory->stride;
		said.fourcc = memory->fourcc;
	}
	for (char **word = words + 1; *word; word++)
		if (!dmabuf_key(*word, &said, error))
			return false;
	const struct vhost_user_gpu_dmabuf_scanout2 set = {
		{number, said.rect[0], said.rect[1], said.rect[2], said.rect[3], said.width,
			said.height, said.stride, said.flags, (int32_t)said.fourcc},
		(uint64_t)said.modifier,
	};
	bool with_fd = memory && said.fds;
	if (with_fd)
		script->wire->next.surplus_fds += said.fds - 1;
	show_memory(script, with_fd ? memory : NULL, &set.dmabuf_scanout);
	return wire_send(script->wire, request, &set, size, NULL, 0, with_fd ? &memory->fd : NULL,
		with_fd ? 1 : 0, error);
}

static bool dmabuf(struct script *script, char **words, GError **error)
{
	return send_dmabuf(script, VHOST_USER_GPU_DMABUF_SCANOUT,
		sizeof(struct vhost_user_gpu_dmabuf_scanout), words, error);
}

static bool dmabuf2(struct script *script, char **words, GError **error)
{
	return send_dmabuf(script, VHOST_USER_GPU_DMABUF_SCANOUT2,
		sizeof(struct vhost_user_gpu_dmabuf_scanout2), words, error);
}

static bool post(struct script *script, char **words, GError **error)
{
	struct vhost_user_gpu_update head;
	uint32_t scanout_number, rect[4] = {0, 0, 0, 0};

	if (!take_numbers(&words, &scanout_number, 1, error))
		return false;
	const struct shown *shown = shown_of(script, scanout_number);
	if (words[0]) {
		if (!take_numbers(&words, rect, 4, error) || !no_more(words, error))
			return false;
	} else if (shown->memory) {
		memcpy(rect, shown->rect, sizeof(rect));
	}
	head = (struct vhost_user_gpu_update){scanout_number, rect[0], rect[1], rect[2], rect[3]};
	return send(script, VHOST_USER_GPU_DMABUF_UPDATE, &head, sizeof(head), error);
}

static bool flip(struct script *script, char **words, GError **error)
{
	return post(script, words, error) && wire_wait(script->wire, 0, error);
}

/* ---- the cursor ---- */

static bool send_cursor(struct script *script, uint32_t request, char **words, GError **error)
{
	struct vhost_user_gpu_cursor_pos pos;
	uint32_t numbers[3];

	if (!take_numbers(&words, numbers, 3, error) || !no_more(words, error))
		return false;
	pos = (struct vhost_user_gpu_cursor_pos){numbers[0], (int32_t)numbers[1],
		(int32_t)numbers[2]};
	struct shown_cursor *shown = &shown_of(script, pos.scanout)->cursor;
	shown->x = pos.x;
	shown->y = pos.y;
	shown->visible = request == VHOST_USER_GPU_CURSOR_POS;
	return send(script, request, &pos, sizeof(pos), error);
}

static bool cursor(struct script *script, char **words, GError **error)
{
	return send_cursor(script, VHOST_USER_GPU_CURSOR_POS, words, error);
}

static bool hide(struct script *script, char **words, GError **error)
{
	return send_cursor(script, VHOST_USER_GPU_CURSOR_POS_HIDE, words, error);
}

static bool cursor_image(struct script *script, char **words, GError **error)
{
	struct vhost_user_gpu_cursor_update set = {.hot_x = 0};
	struct content content = {.is_pattern = false};
	uint32_t numbers[5] = {0};

	if (!take_numbers(&words, numbers, 5, error))
		return false;
	set.pos = (struct vhost_user_gpu_cursor_pos){numbers[0], (int32_t)numbers[1],
		(int32_t)numbers[2]};
	set.hot_x = numbers[3];
	set.hot_y = numbers[4];
	if (g_strcmp0(words[0], "none") != 0) {
		if (!content_parse(&content, &words, error) || !no_more(words, error))
			return false;
		for (uint32_t i = 0; i < G_N_ELEMENTS(set.data); i++)
			set.data[i] = content_cursor_pixel(&content, i % VHOST_USER_GPU_CURSOR_SIZE,
				i / VHOST_USER_GPU_CURSOR_SIZE);
	}
	struct shown_cursor *shown = &shown_of(script, set.pos.scanout)->cursor;
	memcpy(shown->pixels, set.data, sizeof(shown->pixels));
	shown->x = set.pos.x;
	shown->y = set.pos.y;
	shown->visible = true;
	return send(script, VHOST_USER_GPU_CURSOR_UPDATE, &set, sizeof(set), error);
}

/* ---- anything at all ---- */

static bool message(struct script *script, char **words, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	uint32_t request = 0;

	if (!take_numbers(&words, &request, 1, error) || !parse_hex(words, bytes, error))
		return false;
	/* What a faulty request is answered with is said by "owe". */
	guint owed = script->wire->owed->len;
	bool sent = send(script, request, bytes->data, bytes->len, error);
	if (script->wire->owed->len > owed)
		g_array_set_size(script->wire->owed, owed);
	return sent;
}

static bool raw(struct script *script, char **words, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	return parse_hex(words, bytes, error) &&
		wire_send_raw(script->wire, bytes->data, bytes->len, NULL, 0, error);
}

static bool next_number(char **words, uint32_t *number, bool *flag, GError **error)
{
	if (!take_numbers(&words, number, 1, error) || !no_more(words, error))
		return false;
	if (flag)
		*flag = true;
	return true;
}

static bool split(struct script *script, char **words, GError **error)
{
	return next_number(words, &script->wire->next.split, NULL, error);
}

static bool partial(struct script *script, char **words, GError **error)
{
	struct wire_next *next = &script->wire->next;

	return next_number(words, &next->partial, &next->is_partial, error);
}

static bool rest(struct script *script, char **words, GError **error)
{
	return no_more(words, error) && wire_send_rest(script->wire, error);
}

static bool size(struct script *script, char **words, GError **error)
{
	struct wire_next *next = &script->wire->next;

	return next_number(words, &next->size, &next->has_size, error);
}

static bool flags(struct script *script, char **words, GError **error)
{
	struct wire_next *next = &script->wire->next;

	return next_number(words, &next->flags, &next->has_flags, error);
}

static bool surplus_fds(struct script *script, char **words, GError **error)
{
	return next_number(words, &script->wire->next.surplus_fds, NULL, error);
}

static bool lingering_fds(struct script *script, char **words, GError **error)
{
	return next_number(words, &script->wire->next.lingering_fds, NULL, error);
}

/* ---- replies ---- */

static bool wait_replies(struct script *script, char **words, GError **error)
{
	uint32_t left = 0;

	if (words[0] && !take_numbers(&words, &left, 1, error))
		return false;
	return no_more(words, error) && wire_wait(script->wire, left, error);
}

static bool settle(struct script *script, char **words, GError **error)
{
	return no_more(words, error) && wire_settle(script->wire, error);
}

static bool owe(struct script *script, char **words, GError **error)
{
	uint32_t request = 0;

	if (!take_numbers(&words, &request, 1, error) || !no_more(words, error))
		return false;
	wire_owe(script->wire, request);
	return true;
}

static bool deaf(struct script *script, char **words, GError **error)
{
	script->wire->deaf = true;
	return no_more(words, error);
}

static bool hear(struct script *script, char **words, GError **error)
{
	script->wire->deaf = false;
	return no_more(words, error);
}

static bool wait_eof(struct script *script, char **words, GError **error)
{
	return no_more(words, error) && wire_wait_eof(script->wire, error);
}

static bool close_socket(struct script *script, char **words, GError **error)
{
	wire_close(script->wire);
	return no_more(words, error);
}

/* ---- pictures ---- */

/* What is shown of a buffer, or of our image; false if there is none. */
static bool shown_picture(const struct shown *shown, struct picture *part)
{
	struct picture picture;

	if (shown->memory)
		return memory_picture(shown->memory, &picture) &&
			picture_part(&picture, shown->rect[0], shown->rect[1], shown->rect[2],
				shown->rect[3], part);
	*part = shown_pixels(shown);
	return shown->pixels;
}

static bool model(struct script *script, char **words, GError **error)
{
	struct picture part;
	uint32_t number = 0;

	if (!take_numbers(&words, &number, 1, error))
		return false;
	if (!words[0] || words[1])
		return script_fail(error, "a file is wanted");
	const struct shown *shown = shown_of(script, number);
	if (!shown_picture(shown, &part))
		return script_fail(error, "no picture is shown there");
	struct picture copy = picture_copy(&part, shown->memory && shown->upside_down);
	if (shown->cursor.visible)
		picture_put_cursor(&copy, shown->cursor.pixels, shown->cursor.x, shown->cursor.y);
	bool written = picture_write_png(&copy, words[0], error);
	g_free(copy.row);
	return written;
}

static bool png(struct script *script, char **words, GError **error)
{
	const struct memory *memory = find_memory(script, words[0], error);
	struct picture picture;

	if (!memory)
		return false;
	if (!words[1] || words[2])
		return script_fail(error, "a file is wanted");
	if (!memory_picture(memory, &picture))
		return script_fail(error, "buffer \"%s\" has no pixels", memory->name);
	struct picture copy = picture_copy(&picture, false);
	bool written = picture_write_png(&copy, words[1], error);
	g_free(copy.row);
	return written;
}

static const struct {
	const char *name;
	bool (*run)(struct script *script, char **words, GError **error);
} commands[] = {
	{"features", features},
	{"set-features", set_features},
	{"display-info", display_info},
	{"edid", edid},
	{"expect-display", expect_display},
	{"save-edid", save_edid},
	{"expect-no-edid", expect_no_edid},
	{"scanout", scanout},
	{"update", update},
	{"buffer", buffer},
	{"fill", fill},
	{"busy", busy},
	{"done", done},
	{"dmabuf", dmabuf},
	{"dmabuf2", dmabuf2},
	{"post", post},
	{"flip", flip},
	{"cursor", cursor},
	{"hide", hide},
	{"cursor-image", cursor_image},
	{"message", message},
	{"raw", raw},
	{"split", split},
	{"partial", partial},
	{"rest", rest},
	{"size", size},
	{"flags", flags},
	{"surplus-fds", surplus_fds},
	{"lingering-fds", lingering_fds},
	{"wait", wait_replies},
	{"settle", settle},
	{"owe", owe},
	{"deaf", deaf},
	{"hear", hear},
	{"wait-eof", wait_eof},
	{"close", close_socket},
	{"model", model},
	{"png", png},
};

bool command_run(struct script *script, char **words, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		if (g_str_equal(words[0], commands[i].name))
			return commands[i].run(script, words + 1, error);
	return backend_fail(error, BACKEND_ERROR_SCRIPT, "there is no such command");
}
