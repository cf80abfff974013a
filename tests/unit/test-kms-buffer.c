/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers on the double: what an import costs in both regimes, layouts, refusals, the cache, how
 * framebuffers end.
 *
 * A memfd stands for a dma-buf: the double takes any descriptor, and fstatfs() here says that it is
 * one.
 */
#include "buffer.h"
#include "card_fixture.h"

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

static struct kms_buffer *import(struct card_fixture *fixture, const struct kms_dmabuf *dmabuf)
{
	g_autoptr(GError) error = NULL;
	struct kms_buffer *buffer = kms_buffer_import(fixture->device, dmabuf, &error);

	g_assert_no_error(error);
	return buffer;
}

static void import_refused(struct card_fixture *fixture, const struct kms_dmabuf *dmabuf)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(kms_buffer_import(fixture->device, dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
}

/* ---- the two regimes ---- */

static void test_same_buffer(void)
{
	struct card_fixture fixture;
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	const struct kms_device_counters *counters;

	double_reset();
	card_start(&fixture);
	counters = kms_device_counters(fixture.device);
	for (int i = 0; i < 10; i++) {
		struct kms_buffer *buffer = import(&fixture, &dmabuf);

		g_assert_cmpuint(kms_buffer_width(buffer), ==, 1024);
		g_assert_cmpuint(kms_buffer_height(buffer), ==, 768);
		g_assert_null(kms_buffer_pixels(buffer, NULL));
		g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
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
	card_finish(&fixture);
}

static void test_new_buffer_every_frame(void)
{
	struct card_fixture fixture;
	struct kms_dmabuf dmabuf;

	double_reset();
	card_start(&fixture);
	for (int i = 0; i < 40; i++) {
		struct kms_buffer *buffer;
		int fd = make_dmabuf();

		if (i == 20)
			memset(&double_counters, 0, sizeof(double_counters));
		dmabuf = describe(fd);
		buffer = import(&fixture, &dmabuf);
		g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
		kms_buffer_unref(buffer);
		close(fd);
		card_flip(0);
	}
	/* One import, one AddFB2, one handle closed, one CLOSEFB, one commit and its event. */
	g_assert_cmpuint(double_counters.imports, ==, 20);
	g_assert_cmpuint(double_counters.framebuffers_added, ==, 20);
	g_assert_cmpuint(double_counters.handles_closed, ==, 20);
	g_assert_cmpuint(double_counters.framebuffers_closed, ==, 20);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpuint(double_counters.ioctls, ==, 20 * 6);
	g_assert_cmpuint(kms_device_counters(fixture.device)->framebuffers, <=,
		KMS_CACHE_PER_OUTPUT + 1);
	card_finish(&fixture);
}

/* The least recently used goes first. */
static void test_cache_is_bounded(void)
{
	struct card_fixture fixture;
	int fds[KMS_CACHE_PER_OUTPUT + 1];

	double_reset();
	card_start(&fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct kms_dmabuf dmabuf;

		fds[i] = make_dmabuf();
		dmabuf = describe(fds[i]);
		kms_buffer_unref(import(&fixture, &dmabuf));
		dmabuf = describe(fds[0]);
		kms_buffer_unref(import(&fixture, &dmabuf));
	}
	g_assert_cmpuint(double_counters.imports, ==, G_N_ELEMENTS(fds));
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct kms_dmabuf dmabuf = describe(fds[i]);
		unsigned int before = double_counters.imports;

		/* The second was not used for longest. */
		kms_buffer_unref(import(&fixture, &dmabuf));
		if (i == 0)
			g_assert_cmpuint(double_counters.imports, ==, before);
		if (i == 1)
			g_assert_cmpuint(double_counters.imports, ==, before + 1);
		close(fds[i]);
	}
	/* Nobody holds them: they go when the guest does. */
	kms_device_trim(fixture.device, 0);
	g_assert_cmpuint(kms_device_counters(fixture.device)->framebuffers, ==,
		double_framebuffer_count());
	g_assert_cmpuint(double_framebuffer_count(), ==, 1);
	card_finish(&fixture);
}

static void test_identity_is_buffer_and_layout(void)
{
	struct card_fixture fixture;
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	struct kms_buffer *first, *second;

	double_reset();
	card_start(&fixture);
	first = import(&fixture, &dmabuf);
	dmabuf.height = 600;
	second = import(&fixture, &dmabuf);
	g_assert_true(first != second);
	g_assert_cmpuint(kms_buffer_height(second), ==, 600);
	kms_buffer_unref(first);
	kms_buffer_unref(second);
	/* Another descriptor of the same buffer is the same buffer. */
	dmabuf.fd = dup(fd);
	second = import(&fixture, &dmabuf);
	g_assert_cmpuint(double_counters.imports, ==, 2);
	kms_buffer_unref(second);
	close(dmabuf.fd);
	close(fd);
	card_finish(&fixture);
}

/* ---- layouts ---- */

static const struct double_framebuffer *import_as(struct card_fixture *fixture, uint32_t fourcc,
	uint64_t modifier)
{
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);
	const struct double_framebuffer *framebuffer;
	struct kms_buffer *buffer;

	dmabuf.fourcc = fourcc;
	dmabuf.modifier = modifier;
	buffer = kms_buffer_import(fixture->device, &dmabuf, NULL);
	close(fd);
	if (!buffer)
		return NULL;
	framebuffer = double_framebuffer(buffer->framebuffer);
	kms_buffer_unref(buffer);
	return framebuffer;
}

static void test_modifiers(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.tiled = true;
	card_start(&fixture);
	g_assert_cmphex(import_as(&fixture, DRM_FORMAT_XRGB8888, KMS_MODIFIER_INVALID)->modifier,
		==, KMS_MODIFIER_INVALID);
	g_assert_cmphex(import_as(&fixture, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR)->modifier, ==,
		KMS_MODIFIER_LINEAR);
	g_assert_cmphex(import_as(&fixture, DRM_FORMAT_XRGB8888, DOUBLE_TILED)->modifier, ==,
		DOUBLE_TILED);
	g_assert_null(import_as(&fixture, DRM_FORMAT_XRGB8888, DOUBLE_TILED + 1));
	/* The modifier is the picture: another one, or none, would show garbage. */
	g_assert_cmpuint(double_counters.framebuffers_refused, ==, 1);
	card_finish(&fixture);
}

static void test_linear_without_modifier(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.linear_implicit = true;
	card_start(&fixture);
	g_assert_cmphex(import_as(&fixture, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR)->modifier, ==,
		KMS_MODIFIER_INVALID);
	card_finish(&fixture);
}

static void test_card_without_modifiers(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.modifiers = false;
	card_start(&fixture);
	g_assert_nonnull(import_as(&fixture, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR));
	g_assert_null(import_as(&fixture, DRM_FORMAT_XRGB8888, DOUBLE_TILED));
	card_finish(&fixture);
}

static void test_alpha(void)
{
	struct card_fixture fixture;

	double_reset();
	card_start(&fixture);
	/* Guests leave garbage in it. */
	g_assert_cmphex(import_as(&fixture, DRM_FORMAT_ARGB8888, KMS_MODIFIER_INVALID)->fourcc, ==,
		DRM_FORMAT_XRGB8888);
	g_assert_null(import_as(&fixture, DRM_FORMAT_NV12, KMS_MODIFIER_INVALID));
	card_finish(&fixture);
}

static void test_alpha_only(void)
{
	struct card_fixture fixture;
	const struct double_framebuffer *framebuffer;

	double_reset();
	double_card.no_opaque = true;
	card_open(&fixture);
	framebuffer = import_as(&fixture, DRM_FORMAT_ARGB8888, KMS_MODIFIER_INVALID);
	g_assert_cmphex(framebuffer->fourcc, ==, DRM_FORMAT_ARGB8888);
	g_assert_cmpuint(double_counters.framebuffers_refused, ==, 0);
	card_finish(&fixture);
}

/* ---- refusals ---- */

static void test_refusal_is_remembered(void)
{
	struct card_fixture fixture;
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	double_reset();
	card_start(&fixture);
	double_fail(DOUBLE_IMPORT, ENODEV, 0, 1);
	import_refused(&fixture, &dmabuf);
	g_assert_cmpuint(double_handle_count(), ==, 1);
	for (int i = 0; i < 5; i++) {
		/* Another buffer of that layout, from the same guest. */
		dmabuf.fd = make_dmabuf();
		import_refused(&fixture, &dmabuf);
		close(dmabuf.fd);
	}
	g_assert_cmpuint(double_counters.imports, ==, 1);
	g_assert_cmpuint(kms_device_counters(fixture.device)->imports_refused, ==, 6);
	/* Another guest, or another layout, is asked for. */
	dmabuf.fd = fd;
	dmabuf.owner = 1;
	kms_buffer_unref(import(&fixture, &dmabuf));
	dmabuf.owner = 0;
	dmabuf.stride = 8192;
	kms_buffer_unref(import(&fixture, &dmabuf));
	close(fd);
	card_finish(&fixture);
}

static void test_refusal_is_forgotten(void)
{
	struct card_fixture fixture;
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	double_reset();
	card_start(&fixture);
	double_fail(DOUBLE_ADD_FB, EINVAL, 0, 1);
	import_refused(&fixture, &dmabuf);
	/* The handle was closed all the same. */
	g_assert_cmpuint(double_counters.handles_closed, ==, 1);
	import_refused(&fixture, &dmabuf);
	kms_device_trim(fixture.device, 0);
	kms_buffer_unref(import(&fixture, &dmabuf));
	close(fd);
	card_finish(&fixture);
}

/* A guest that comes and goes takes nothing of another's with it. */
static void test_trim_is_one_owners(void)
{
	struct card_fixture fixture;
	int fds[2] = {make_dmabuf(), make_dmabuf()};
	struct kms_dmabuf strange = describe(fds[0]);
	unsigned int imports;

	double_reset();
	card_start(&fixture);
	strange.stride = 8192;
	for (uint32_t owner = 0; owner < 2; owner++) {
		struct kms_dmabuf dmabuf = describe(fds[owner]);

		dmabuf.owner = owner;
		kms_buffer_unref(import(&fixture, &dmabuf));
		strange.owner = owner;
		double_fail(DOUBLE_IMPORT, EINVAL, 0, 1);
		import_refused(&fixture, &strange);
	}

	kms_device_trim(fixture.device, 0);
	imports = double_counters.imports;
	for (uint32_t owner = 2; owner-- > 0;) {
		struct kms_dmabuf dmabuf = describe(fds[owner]);

		dmabuf.owner = owner;
		kms_buffer_unref(import(&fixture, &dmabuf));
		g_assert_cmpuint(double_counters.imports, ==, imports + (owner == 0));
	}
	strange.owner = 1;
	import_refused(&fixture, &strange);
	strange.owner = 0;
	kms_buffer_unref(import(&fixture, &strange));
	close(fds[0]);
	close(fds[1]);
	card_finish(&fixture);
}

/* A descriptor that is no dma-buf, and a shortage of our own, say nothing of the next buffer. */
static void test_refusal_of_the_moment(void)
{
	static const int moments[] = {EMFILE, ENFILE, EBADF};
	struct card_fixture fixture;
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	double_reset();
	card_start(&fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
		double_fail(DOUBLE_IMPORT, moments[i], 0, 1);
		import_refused(&fixture, &dmabuf);
	}
	looks_like_dmabuf = false;
	double_fail(DOUBLE_IMPORT, EINVAL, 0, 1);
	import_refused(&fixture, &dmabuf);
	looks_like_dmabuf = true;
	kms_buffer_unref(import(&fixture, &dmabuf));
	dmabuf.fd = -1;
	import_refused(&fixture, &dmabuf);
	close(fd);
	card_finish(&fixture);
}

static void test_no_import(void)
{
	struct card_fixture fixture;
	int fd = make_dmabuf();
	struct kms_dmabuf dmabuf = describe(fd);

	double_reset();
	double_card.import = false;
	card_start(&fixture);
	import_refused(&fixture, &dmabuf);
	g_assert_cmpuint(double_counters.imports, ==, 0);
	close(fd);
	card_finish(&fixture);
}

/* Whatever a guest says of its buffer, the driver has the last word, and nothing is left of it. */
static void test_hostile_layouts(void)
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
	struct card_fixture fixture;
	int fd = make_dmabuf();
	unsigned int handles, framebuffers;

	double_reset();
	card_start(&fixture);
	handles = double_handle_count();
	framebuffers = double_framebuffer_count();
	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		struct kms_dmabuf dmabuf = hostile[i];

		dmabuf.fd = fd;
		import_refused(&fixture, &dmabuf);
	}
	g_assert_cmpuint(double_handle_count(), ==, handles);
	g_assert_cmpuint(double_framebuffer_count(), ==, framebuffers);
	close(fd);
	card_finish(&fixture);
}

/* ---- ends ---- */

static void test_no_closefb(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.closefb = false;
	card_start(&fixture);
	for (int i = 0; i < 5; i++) {
		struct kms_buffer *buffer = card_buffer(&fixture, 0);

		card_submit(&fixture, 0, buffer, NULL, 0);
		kms_buffer_unref(buffer);
		card_flip(0);
	}
	/* Each after the flip away from it: the double says so if one was on the screen. */
	g_assert_cmpuint(double_counters.framebuffers_removed, ==, 5);
	g_assert_cmpuint(double_framebuffer_count(), ==, 1);
	card_finish(&fixture);
}

static void test_dumb(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	uint32_t stride;
	uint8_t *pixels;

	double_reset();
	card_start(&fixture);
	buffer = kms_buffer_create_dumb(fixture.device, 100, 50, NULL);
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
	card_finish(&fixture);
}

static void test_dumb_refused(void)
{
	struct card_fixture fixture;
	g_autoptr(GError) error = NULL;

	double_reset();
	card_start(&fixture);
	double_fail(DOUBLE_CREATE_DUMB, ENOMEM, 0, 1);
	g_assert_null(kms_buffer_create_dumb(fixture.device, 100, 50, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, "100x50"));
	double_fail(DOUBLE_ADD_FB, EINVAL, 0, 1);
	g_assert_null(kms_buffer_create_dumb(fixture.device, 100, 50, NULL));
	g_assert_cmpuint(double_handle_count(), ==, 1);
	g_assert_cmpuint(kms_device_counters(fixture.device)->framebuffers, ==, 1);
	card_finish(&fixture);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/buffer/same-buffer", test_same_buffer);
	g_test_add_func("/kms/buffer/new-buffer-every-frame", test_new_buffer_every_frame);
	g_test_add_func("/kms/buffer/cache-is-bounded", test_cache_is_bounded);
	g_test_add_func("/kms/buffer/trim-is-one-owners", test_trim_is_one_owners);
	g_test_add_func("/kms/buffer/identity", test_identity_is_buffer_and_layout);
	g_test_add_func("/kms/buffer/layout/modifiers", test_modifiers);
	g_test_add_func("/kms/buffer/layout/linear-without", test_linear_without_modifier);
	g_test_add_func("/kms/buffer/layout/card-without-modifiers", test_card_without_modifiers);
	g_test_add_func("/kms/buffer/layout/alpha", test_alpha);
	g_test_add_func("/kms/buffer/layout/alpha-only", test_alpha_only);
	g_test_add_func("/kms/buffer/refused/remembered", test_refusal_is_remembered);
	g_test_add_func("/kms/buffer/refused/forgotten", test_refusal_is_forgotten);
	g_test_add_func("/kms/buffer/refused/moment", test_refusal_of_the_moment);
	g_test_add_func("/kms/buffer/refused/no-import", test_no_import);
	g_test_add_func("/kms/buffer/refused/hostile", test_hostile_layouts);
	g_test_add_func("/kms/buffer/no-closefb", test_no_closefb);
	g_test_add_func("/kms/buffer/dumb", test_dumb);
	g_test_add_func("/kms/buffer/dumb-refused", test_dumb_refused);
	return g_test_run();
}
