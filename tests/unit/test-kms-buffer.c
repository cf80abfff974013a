/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers on the double: what an import costs in both regimes, layouts, refusals, the cache, how
 * framebuffers end.
 *
 * A memfd stands for a dma-buf: the double takes any descriptor, and fstatfs() here says that it is
 * one.
 */
#include "card_fixture.h"
#include "device.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool looks_like_dmabuf = true;

int fstatfs(int fd, struct statfs *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->f_type = looks_like_dmabuf ? 0x444d4142 : TMPFS_MAGIC;
	return 0;
}

static int make_dmabuf(void)
{
	int fd = memfd_create("dma-buf", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static struct kms_dmabuf describe(int fd)
{
	return (struct kms_dmabuf){
		.fd = fd,
		.width = 1024,
		.height = 768,
		.stride = 4096,
		.fourcc = DRM_FORMAT_XRGB8888,
		.modifier = KMS_MODIFIER_INVALID,
	};
}

static struct kms_buffer *import(struct card_fixture *card, const struct kms_dmabuf *dmabuf)
{
	g_autoptr(GError) error = NULL;
	struct kms_buffer *buffer = kms_buffer_import(card->device, dmabuf, &error);

	g_assert_no_error(error);
	return buffer;
}

static void import_refused(struct card_fixture *card, const struct kms_dmabuf *dmabuf)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(kms_buffer_import(card->device, dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
}

/* ---- the two regimes ---- */

static void test_same_buffer(struct card_fixture *card)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	const struct kms_device_counters *counters;

	card_start(card);
	counters = kms_device_counters(card->device);
	for (int i = 0; i < 10; i++) {
		struct kms_buffer *buffer = import(card, &dmabuf);

		g_assert_cmpuint(kms_buffer_width(buffer), ==, 1024);
		g_assert_cmpuint(kms_buffer_height(buffer), ==, 768);
		g_assert_null(kms_buffer_pixels(buffer, NULL));
		g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_ACCEPTED);
		kms_buffer_unref(buffer);
		card_flip(0);
	}
	g_assert_cmpuint(double_counters.imports, ==, 1);
	g_assert_cmpuint(double_counters.framebuffers_added, ==, 1);
	g_assert_cmpuint(double_counters.handles_closed, ==, 1);
	g_assert_cmpuint(double_counters.tests, ==, 1);
	g_assert_cmpuint(counters->imports, ==, 1);
	g_assert_cmpuint(counters->cache_hits, ==, 9);
	g_assert_cmpuint(counters->cache_misses, ==, 1);
	close(fd);
}

static void test_new_buffer_every_frame(struct card_fixture *card)
{
	struct kms_dmabuf dmabuf;

	card_start(card);
	for (int i = 0; i < 40; i++) {
		struct kms_buffer *buffer;
		int fd = make_dmabuf();

		if (i == 20)
			memset(&double_counters, 0, sizeof(double_counters));
		dmabuf = describe(fd);
		buffer = import(card, &dmabuf);
		g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_ACCEPTED);
		kms_buffer_unref(buffer);
		close(fd);
		card_flip(0);
	}
	/* One import, one AddFB2, one handle closed, one CLOSEFB, one commit. */
	g_assert_cmpuint(double_counters.imports, ==, 20);
	g_assert_cmpuint(double_counters.framebuffers_added, ==, 20);
	g_assert_cmpuint(double_counters.handles_closed, ==, 20);
	g_assert_cmpuint(double_counters.framebuffers_closed, ==, 20);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpuint(double_counters.ioctls, ==, 20 * 5);
	g_assert_cmpuint(kms_device_counters(card->device)->framebuffers, <=,
		KMS_CACHE_PER_OUTPUT + 1);
}

/* The least recently used goes first. */
static void test_cache_is_bounded(struct card_fixture *card)
{
	int fds[KMS_CACHE_PER_OUTPUT + 1];

	card_start(card);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct kms_dmabuf dmabuf;

		fds[i] = make_dmabuf();
		dmabuf = describe(fds[i]);
		kms_buffer_unref(import(card, &dmabuf));
		dmabuf = describe(fds[0]);
		kms_buffer_unref(import(card, &dmabuf));
	}
	g_assert_cmpuint(double_counters.imports, ==, G_N_ELEMENTS(fds));
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct kms_dmabuf dmabuf = describe(fds[i]);
		unsigned int before = double_counters.imports;

		/* The second was not used for longest. */
		kms_buffer_unref(import(card, &dmabuf));
		if (i == 0)
			g_assert_cmpuint(double_counters.imports, ==, before);
		if (i == 1)
			g_assert_cmpuint(double_counters.imports, ==, before + 1);
		close(fds[i]);
	}
	/* Nobody holds them: they go when the guest does. */
	kms_device_trim(card->device, 0);
	g_assert_cmpuint(kms_device_counters(card->device)->framebuffers, ==,
		double_framebuffer_count());
	g_assert_cmpuint(double_framebuffer_count(), ==, 1);
}

static void import_of(struct card_fixture *card, int fd, uint32_t owner)
{
	struct kms_dmabuf dmabuf = describe(fd);

	dmabuf.owner = owner;
	kms_buffer_unref(import(card, &dmabuf));
}

/* A guest that brings a new buffer with each frame pushes no other's out. */
static void test_cache_is_fair(struct card_fixture *card)
{
	int fds[2] = {make_dmabuf(), make_dmabuf()};
	unsigned int imports;

	card_start(card);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct kms_dmabuf dmabuf = describe(fds[i]);

		dmabuf.owner = 1;
		kms_buffer_unref(import(card, &dmabuf));
	}
	for (int i = 0; i < 10 * KMS_CACHE_PER_OUTPUT; i++) {
		int fd = make_dmabuf();
		struct kms_dmabuf dmabuf = describe(fd);

		dmabuf.owner = 2;
		kms_buffer_unref(import(card, &dmabuf));
		close(fd);
	}
	imports = double_counters.imports;
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct kms_dmabuf dmabuf = describe(fds[i]);

		dmabuf.owner = 1;
		kms_buffer_unref(import(card, &dmabuf));
		close(fds[i]);
	}
	g_assert_cmpuint(double_counters.imports, ==, imports);
}

/* One that has all places gives up half of them to another, its oldest first, and no more. */
static void test_cache_is_shared_out(struct card_fixture *card)
{
	enum {
		SHARE = KMS_CACHE_PER_OUTPUT / 2,
	};
	int first[2 * SHARE], second[SHARE + 1];
	unsigned int imports;

	card_start(card);
	for (size_t i = 0; i < G_N_ELEMENTS(first); i++) {
		first[i] = make_dmabuf();
		import_of(card, first[i], 1);
	}
	/* The last of these takes the place of their own first. */
	for (size_t i = 0; i < G_N_ELEMENTS(second); i++) {
		second[i] = make_dmabuf();
		import_of(card, second[i], 2);
	}
	imports = double_counters.imports;
	for (size_t i = 0; i < SHARE; i++) {
		import_of(card, first[SHARE + i], 1);
		import_of(card, second[1 + i], 2);
	}
	g_assert_cmpuint(double_counters.imports, ==, imports);
	import_of(card, first[0], 1);
	g_assert_cmpuint(double_counters.imports, ==, imports + 1);
	for (size_t i = 0; i < SHARE; i++)
		import_of(card, second[1 + i], 2);
	g_assert_cmpuint(double_counters.imports, ==, imports + 1);
	/* One that has gone leaves its places to others. */
	kms_device_trim(card->device, 1);
	for (size_t i = 0; i < SHARE; i++)
		import_of(card, first[i], 2);
	for (size_t i = 0; i < SHARE; i++)
		import_of(card, second[1 + i], 2);
	g_assert_cmpuint(double_counters.imports, ==, imports + 1 + SHARE);
	for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
		close(first[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(second); i++)
		close(second[i]);
}

static void test_identity_is_buffer_and_layout(struct card_fixture *card)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	struct kms_buffer *first, *second;

	card_start(card);
	first = import(card, &dmabuf);
	dmabuf.height = 600;
	second = import(card, &dmabuf);
	g_assert_true(first != second);
	g_assert_cmpuint(kms_buffer_height(second), ==, 600);
	kms_buffer_unref(first);
	kms_buffer_unref(second);
	/* Another descriptor of the same buffer is the same buffer. */
	dmabuf.fd = dup(fd);
	second = import(card, &dmabuf);
	g_assert_cmpuint(double_counters.imports, ==, 2);
	kms_buffer_unref(second);
	close(dmabuf.fd);
	close(fd);
}

/* ---- layouts ---- */

static const struct double_framebuffer *import_as(struct card_fixture *card, uint32_t fourcc,
	uint64_t modifier)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	const struct double_framebuffer *framebuffer;
	struct kms_buffer *buffer;

	dmabuf.fourcc = fourcc;
	dmabuf.modifier = modifier;
	buffer = kms_buffer_import(card->device, &dmabuf, NULL);
	close(fd);
	if (!buffer)
		return NULL;
	framebuffer = double_framebuffer(buffer->framebuffer);
	kms_buffer_unref(buffer);
	return framebuffer;
}

static void test_modifiers(struct card_fixture *card)
{
	double_card.tiled = true;
	card_start(card);
	g_assert_cmphex(import_as(card, DRM_FORMAT_XRGB8888, KMS_MODIFIER_INVALID)->modifier, ==,
		KMS_MODIFIER_INVALID);
	g_assert_cmphex(import_as(card, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR)->modifier, ==,
		KMS_MODIFIER_LINEAR);
	g_assert_cmphex(import_as(card, DRM_FORMAT_XRGB8888, DOUBLE_TILED)->modifier, ==,
		DOUBLE_TILED);
	g_assert_null(import_as(card, DRM_FORMAT_XRGB8888, DOUBLE_TILED + 1));
	/* The modifier is the picture: another one, or none, would show garbage. */
	g_assert_cmpuint(double_counters.framebuffers_refused, ==, 1);
}

static void test_linear_without_modifier(struct card_fixture *card)
{
	double_card.linear_implicit = true;
	card_start(card);
	g_assert_cmphex(import_as(card, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR)->modifier, ==,
		KMS_MODIFIER_INVALID);
}

static void test_card_without_modifiers(struct card_fixture *card)
{
	double_card.modifiers = false;
	card_start(card);
	g_assert_nonnull(import_as(card, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR));
	g_assert_null(import_as(card, DRM_FORMAT_XRGB8888, DOUBLE_TILED));
}

static void test_alpha(struct card_fixture *card)
{
	card_start(card);
	/* Guests leave garbage in it. */
	g_assert_cmphex(import_as(card, DRM_FORMAT_ARGB8888, KMS_MODIFIER_INVALID)->fourcc, ==,
		DRM_FORMAT_XRGB8888);
	g_assert_null(import_as(card, DRM_FORMAT_NV12, KMS_MODIFIER_INVALID));
}

static void test_alpha_only(struct card_fixture *card)
{
	const struct double_framebuffer *framebuffer;

	double_card.no_opaque = true;
	card_open(card);
	framebuffer = import_as(card, DRM_FORMAT_ARGB8888, KMS_MODIFIER_INVALID);
	g_assert_cmphex(framebuffer->fourcc, ==, DRM_FORMAT_ARGB8888);
	g_assert_cmpuint(double_counters.framebuffers_refused, ==, 0);
}

/* ---- refusals ---- */

static void test_refusal_is_remembered(struct card_fixture *card)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	card_start(card);
	double_fail(DOUBLE_IMPORT, ENODEV, 0, 1);
	import_refused(card, &dmabuf);
	g_assert_cmpuint(double_handle_count(), ==, 1);
	for (int i = 0; i < 5; i++) {
		/* Another buffer of that layout, from the same guest. */
		dmabuf.fd = make_dmabuf();
		import_refused(card, &dmabuf);
		close(dmabuf.fd);
	}
	g_assert_cmpuint(double_counters.imports, ==, 1);
	g_assert_cmpuint(kms_device_counters(card->device)->imports_refused, ==, 6);
	/* Another guest, or another layout, is asked for. */
	dmabuf.fd = fd;
	dmabuf.owner = 1;
	kms_buffer_unref(import(card, &dmabuf));
	dmabuf.owner = 0;
	dmabuf.stride = 8192;
	kms_buffer_unref(import(card, &dmabuf));
	close(fd);
}

static void test_refusal_is_forgotten(struct card_fixture *card)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	card_start(card);
	double_fail(DOUBLE_ADD_FB, EINVAL, 0, 1);
	import_refused(card, &dmabuf);
	/* The handle was closed all the same. */
	g_assert_cmpuint(double_counters.handles_closed, ==, 1);
	import_refused(card, &dmabuf);
	kms_device_trim(card->device, 0);
	kms_buffer_unref(import(card, &dmabuf));
	close(fd);
}

/* The last picture of a guest that went is on the screen for a while, and in no cache then. */
static void test_trim_while_shown(struct card_fixture *card)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	struct kms_buffer *shown;
	size_t before;

	card_start(card);
	before = double_framebuffer_count();
	shown = import(card, &dmabuf);
	kms_device_trim(card->device, 0);
	g_assert_cmpuint(double_framebuffer_count(), ==, before + 1);
	kms_buffer_unref(shown);
	g_assert_cmpuint(double_framebuffer_count(), ==, before);
	close(fd);
}

/* A guest that comes and goes takes nothing of another's with it. */
static void test_trim_is_one_owners(struct card_fixture *card)
{
	int fds[2] = {make_dmabuf(), make_dmabuf()};
	struct kms_dmabuf strange = describe(fds[0]);
	unsigned int imports;

	card_start(card);
	strange.stride = 8192;
	for (uint32_t owner = 0; owner < 2; owner++) {
		struct kms_dmabuf dmabuf = describe(fds[owner]);

		dmabuf.owner = owner;
		kms_buffer_unref(import(card, &dmabuf));
		strange.owner = owner;
		double_fail(DOUBLE_IMPORT, EINVAL, 0, 1);
		import_refused(card, &strange);
	}

	kms_device_trim(card->device, 0);
	imports = double_counters.imports;
	for (uint32_t owner = 2; owner-- > 0;) {
		struct kms_dmabuf dmabuf = describe(fds[owner]);

		dmabuf.owner = owner;
		kms_buffer_unref(import(card, &dmabuf));
		g_assert_cmpuint(double_counters.imports, ==, imports + (owner == 0));
	}
	strange.owner = 1;
	import_refused(card, &strange);
	strange.owner = 0;
	kms_buffer_unref(import(card, &strange));
	close(fds[0]);
	close(fds[1]);
}

/* A descriptor that is no dma-buf, and a shortage of our own, say nothing of the next buffer. */
static void test_refusal_of_the_moment(struct card_fixture *card)
{
	static const int moments[] = {EMFILE, ENFILE, EBADF};
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	card_start(card);
	for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
		double_fail(DOUBLE_IMPORT, moments[i], 0, 1);
		import_refused(card, &dmabuf);
	}
	looks_like_dmabuf = false;
	double_fail(DOUBLE_IMPORT, EINVAL, 0, 1);
	import_refused(card, &dmabuf);
	looks_like_dmabuf = true;
	kms_buffer_unref(import(card, &dmabuf));
	dmabuf.fd = -1;
	import_refused(card, &dmabuf);
	close(fd);
}

static void test_no_import(struct card_fixture *card)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	double_card.import = false;
	card_start(card);
	import_refused(card, &dmabuf);
	g_assert_cmpuint(double_counters.imports, ==, 0);
	close(fd);
}

/* Whatever a guest says of its buffer, the driver has the last word, and nothing is left of it. */
static void test_hostile_layouts(struct card_fixture *card)
{
	static const struct kms_dmabuf hostile[] = {
		{.width = 0, .height = 768, .stride = 4096, .fourcc = DRM_FORMAT_XRGB8888},
		{.width = 1024, .height = 0, .stride = 4096, .fourcc = DRM_FORMAT_XRGB8888},
		{.width = 1024, .height = 768, .stride = 0, .fourcc = DRM_FORMAT_XRGB8888},
		{.width = UINT32_MAX,
			.height = UINT32_MAX,
			.stride = 4,
			.fourcc = DRM_FORMAT_XRGB8888},
		{.width = 1024, .height = 768, .stride = 4096, .fourcc = 0},
	};
	int fd = make_dmabuf();
	unsigned int handles, framebuffers;

	card_start(card);
	handles = double_handle_count();
	framebuffers = double_framebuffer_count();
	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		struct kms_dmabuf dmabuf = hostile[i];

		dmabuf.fd = fd;
		import_refused(card, &dmabuf);
	}
	g_assert_cmpuint(double_handle_count(), ==, handles);
	g_assert_cmpuint(double_framebuffer_count(), ==, framebuffers);
	close(fd);
}

/* ---- ends ---- */

static void test_no_closefb(struct card_fixture *card)
{
	double_card.closefb = false;
	card_start(card);
	for (int i = 0; i < 5; i++) {
		card_submit(card, 0);
		card_release(card, card_picture(card, 0));
		card_flip(0);
	}
	/* Each after the flip away from it: the double says so if one was on the screen. */
	g_assert_cmpuint(double_counters.framebuffers_removed, ==, 5);
	g_assert_cmpuint(double_framebuffer_count(), ==, 1);
}

static void test_dumb(struct card_fixture *card)
{
	struct kms_buffer *buffer;
	uint32_t stride;
	uint8_t *pixels;

	card_start(card);
	buffer = kms_buffer_create_dumb(card->device, 100, 50, NULL);
	pixels = kms_buffer_pixels(buffer, &stride);
	g_assert_nonnull(pixels);
	g_assert_cmpuint(stride, ==, 448);
	memset(pixels, 0x5a, (size_t)stride * 50);
	g_assert_cmphex(double_pixels(buffer->framebuffer)[0], ==, 0x5a5a5a5a);
	g_assert_cmphex(double_framebuffer(buffer->framebuffer)->fourcc, ==, DRM_FORMAT_XRGB8888);
	kms_buffer_ref(buffer);
	kms_buffer_unref(buffer);
	g_assert_cmpuint(double_framebuffer_count(), ==, 2);
	kms_buffer_unref(buffer);
	g_assert_cmpuint(double_framebuffer_count(), ==, 1);
	g_assert_cmpuint(double_handle_count(), ==, 1);
	kms_buffer_unref(NULL);
}

static void test_dumb_refused(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_start(card);
	double_fail(DOUBLE_CREATE_DUMB, ENOMEM, 0, 1);
	g_assert_null(kms_buffer_create_dumb(card->device, 100, 50, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, "100x50"));
	double_fail(DOUBLE_ADD_FB, EINVAL, 0, 1);
	g_assert_null(kms_buffer_create_dumb(card->device, 100, 50, NULL));
	g_assert_cmpuint(double_handle_count(), ==, 1);
	g_assert_cmpuint(kms_device_counters(card->device)->framebuffers, ==, 1);
}

/* What the driver does not show from there it may show from our memory, where we copy it to. */
static void test_refused_where_it_lies(struct card_fixture *card)
{
	int fd = make_dmabuf();
	const struct kms_dmabuf dmabuf = describe(fd);
	struct kms_buffer *theirs;

	card_start(card);
	theirs = import(card, &dmabuf);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
	g_assert_cmpint(card_submit_buffer(card, 0, theirs), ==, KMS_SUBMIT_REFUSED);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpint(card_submit_buffer(card, 0, theirs), ==, KMS_SUBMIT_REFUSED);
	card_flip(0);
	kms_buffer_unref(theirs);
	close(fd);
}

/* One that failed for the moment is asked again after a while, and not at every frame. */
static void test_refused_for_the_moment(struct card_fixture *card)
{
	int fd = make_dmabuf();
	const struct kms_dmabuf dmabuf = describe(fd);
	struct kms_refusal *refusal;

	card_start(card);
	refusal = &card->device->imports.refusals[0];
	for (unsigned int i = 0; i < 3; i++) {
		int64_t before_us = g_get_monotonic_time();

		double_fail(DOUBLE_ADD_FB, ENOMEM, 0, 1);
		import_refused(card, &dmabuf);
		import_refused(card, &dmabuf);
		g_assert_cmpuint(double_counters.framebuffers_refused, ==, i + 1);
		g_assert_cmpint(refusal->until_us, >=, before_us + (G_USEC_PER_SEC << i));
		refusal->until_us = 1;
	}
	kms_buffer_unref(import(card, &dmabuf));
	/* It counts from the beginning then. */
	g_assert_cmpint(refusal->error, ==, 0);
	close(fd);
}

/* Kernels before 6.8: the framebuffer is removed, when the next frame is on its way. */
static void test_removed_out_of_the_way(struct card_fixture *card)
{
	struct kms_buffer *buffer;
	uint32_t framebuffer;

	double_card.closefb = false;
	card_start(card);
	buffer = card_buffer(card, 0);
	framebuffer = buffer->framebuffer;
	card_submit_buffer(card, 0, buffer);
	card_release(card, buffer);
	card_flip(0);
	card_submit(card, 0);
	g_assert_true(double_flip(0));
	g_assert_nonnull(double_framebuffer(framebuffer));
	card_turn();
	g_assert_null(double_framebuffer(framebuffer));
	/* From outside of the loop, too. */
	buffer = card_buffer(card, 0);
	framebuffer = buffer->framebuffer;
	card_release(card, buffer);
	g_assert_nonnull(double_framebuffer(framebuffer));
	card_turn();
	g_assert_null(double_framebuffer(framebuffer));
}

/* ---- mappings ---- */

static unsigned int guarded;

static size_t add_guard(void *mapping, size_t size)
{
	g_assert_nonnull(mapping);
	g_assert_cmpuint(size, ==, 64 * 64 * 4);
	guarded++;
	return 77;
}

static void remove_guard(size_t number)
{
	g_assert_cmpuint(number, ==, 77);
	guarded--;
}

/* A card can go while its memory is drawn into: all that is mapped of it is guarded, as long as
 * that. */
static void test_guarded(struct card_fixture *card)
{
	struct kms_buffer *buffer;
	g_autoptr(GError) error = NULL;

	card_start(card);
	g_assert_cmpuint(guarded, ==, 0);
	card->device->card->guard = (struct kms_mapping_guard){add_guard, remove_guard};
	buffer = kms_buffer_create_dumb(card->device, 64, 64, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(guarded, ==, 1);
	kms_buffer_unref(buffer);
	g_assert_cmpuint(guarded, ==, 0);
	card->device->card->guard = (struct kms_mapping_guard){NULL, NULL};
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/buffer/same-buffer", test_same_buffer);
	card_add_test("/kms/buffer/new-buffer-every-frame", test_new_buffer_every_frame);
	card_add_test("/kms/buffer/cache-is-bounded", test_cache_is_bounded);
	card_add_test("/kms/buffer/cache-is-fair", test_cache_is_fair);
	card_add_test("/kms/buffer/cache-is-shared-out", test_cache_is_shared_out);
	card_add_test("/kms/buffer/guarded", test_guarded);
	card_add_test("/kms/buffer/trim-while-shown", test_trim_while_shown);
	card_add_test("/kms/buffer/trim-is-one-owners", test_trim_is_one_owners);
	card_add_test("/kms/buffer/identity", test_identity_is_buffer_and_layout);
	card_add_test("/kms/buffer/layout/modifiers", test_modifiers);
	card_add_test("/kms/buffer/layout/linear-without", test_linear_without_modifier);
	card_add_test("/kms/buffer/layout/card-without-modifiers", test_card_without_modifiers);
	card_add_test("/kms/buffer/layout/alpha", test_alpha);
	card_add_test("/kms/buffer/layout/alpha-only", test_alpha_only);
	card_add_test("/kms/buffer/refused/remembered", test_refusal_is_remembered);
	card_add_test("/kms/buffer/refused/forgotten", test_refusal_is_forgotten);
	card_add_test("/kms/buffer/refused/moment", test_refusal_of_the_moment);
	card_add_test("/kms/buffer/refused/no-import", test_no_import);
	card_add_test("/kms/buffer/refused/hostile", test_hostile_layouts);
	card_add_test("/kms/buffer/no-closefb", test_no_closefb);
	card_add_test("/kms/buffer/dumb", test_dumb);
	card_add_test("/kms/buffer/dumb-refused", test_dumb_refused);
	card_add_test("/kms/buffer/refused/where-it-lies", test_refused_where_it_lies);
	card_add_test("/kms/buffer/refused-for-the-moment", test_refused_for_the_moment);
	card_add_test("/kms/buffer/removed-out-of-the-way", test_removed_out_of_the_way);
	return g_test_run();
}
