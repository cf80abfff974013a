/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The import of fds that may be no dma-bufs at all, on the double: whoever serves the file behind
 * one need not answer, so that nothing is asked of it before the driver has taken it. And whose the
 * fd is that was given.
 *
 * A memfd stands for a dma-buf, and for what is none. fstat(), fstatfs(), fcntl() and close() are
 * this program's own: they write down what is asked of one fd.
 */
#include "card_fixture.h"
#include "device.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int watched_fd = -1;
static unsigned int questions; /* that were asked of it */

static void note(int fd)
{
	questions += fd >= 0 && fd == watched_fd;
}

int fstat(int fd, struct stat *answer)
{
	note(fd);
	return fstatat(fd, "", answer, AT_EMPTY_PATH);
}

int fstatfs(int fd, struct statfs *answer)
{
	note(fd);
	memset(answer, 0, sizeof(*answer));
	answer->f_type = 0x444d4142;
	return 0;
}

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	note(fd);
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

int close(int fd)
{
	note(fd);
	return (int)syscall(SYS_close, fd);
}

static bool is_open(int fd)
{
	return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

static struct kms_dmabuf describe(int fd)
{
	return (struct kms_dmabuf){
		.fd = fd,
		.unknown = true,
		.given = true,
		.width = 1024,
		.height = 768,
		.stride = 4096,
		.fourcc = DRM_FORMAT_XRGB8888,
		.modifier = KMS_MODIFIER_INVALID,
	};
}

static struct kms_dmabuf make(void)
{
	int fd = memfd_create("any file", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	return describe(fd);
}

static struct kms_buffer *import(struct card_fixture *card, const struct kms_dmabuf *dmabuf)
{
	g_autoptr(GError) error = NULL;
	struct kms_buffer *buffer = kms_buffer_import(card->device, dmabuf, &error);

	g_assert_no_error(error);
	return buffer;
}

static void refuse(struct card_fixture *card, const struct kms_dmabuf *dmabuf, int error_number)
{
	g_autoptr(GError) error = NULL;

	double_fail(DOUBLE_IMPORT, error_number, 0, 1);
	g_assert_null(kms_buffer_import(card->device, dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
}

/* Of what the driver does not take, nothing at all: it is still the caller's, as it was. */
static void test_refused(struct card_fixture *card)
{
	struct kms_dmabuf dmabuf = make();
	struct kms_dmabuf sound = make();

	card_start(card);
	watched_fd = dmabuf.fd;
	refuse(card, &dmabuf, EINVAL);
	dmabuf.given = false;
	refuse(card, &dmabuf, EINVAL);
	g_assert_cmpuint(questions, ==, 0);
	g_assert_cmpuint(double_counters.imports, ==, 2);
	g_assert_cmpuint(kms_device_counters(card->device)->imports_refused, ==, 2);
	watched_fd = -1;
	g_assert_true(is_open(dmabuf.fd));
	close(dmabuf.fd);
	/* It says nothing of dma-bufs of that layout. */
	kms_buffer_unref(import(card, &sound));
	g_assert_cmpuint(double_counters.framebuffers_added, ==, 1);
}

/* A card that imports nothing does not even ask. */
static void test_no_import(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;
	struct kms_dmabuf dmabuf = make();

	double_card.import = false;
	card_start(card);
	watched_fd = dmabuf.fd;
	g_assert_null(kms_buffer_import(card->device, &dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	g_assert_cmpuint(questions, ==, 0);
	g_assert_cmpuint(double_counters.imports, ==, 0);
	watched_fd = -1;
	close(dmabuf.fd);
}

/* One that was made for this frame: the fd is the buffer's, and costs no other one. */
static void test_new(struct card_fixture *card)
{
	struct kms_dmabuf dmabuf = make();
	struct kms_buffer *buffer;

	card_start(card);
	buffer = import(card, &dmabuf);
	g_assert_cmpint(kms_buffer_dmabuf(buffer), ==, dmabuf.fd);
	g_assert_cmpuint(double_counters.handles_closed, ==, 1);
	kms_device_trim(card->device, 0);
	g_assert_true(is_open(dmabuf.fd));
	kms_buffer_unref(buffer);
	g_assert_false(is_open(dmabuf.fd));
}

/* One that was borrowed stays whole when the buffer goes. */
static void test_borrowed(struct card_fixture *card)
{
	struct kms_dmabuf dmabuf = make();
	struct kms_buffer *buffer;
	int copy;

	card_start(card);
	dmabuf.given = false;
	buffer = import(card, &dmabuf);
	copy = kms_buffer_dmabuf(buffer);
	g_assert_cmpint(copy, !=, dmabuf.fd);
	g_assert_true(is_open(copy));
	kms_device_trim(card->device, 0);
	kms_buffer_unref(buffer);
	g_assert_false(is_open(copy));
	g_assert_true(is_open(dmabuf.fd));
	close(dmabuf.fd);
}

/* One that is in the cache is found there, though it was imported in vain; what was given is
 * closed, and so is the handle. */
static void test_in_the_cache(struct card_fixture *card)
{
	struct kms_dmabuf dmabuf = make();
	struct kms_buffer *first, *second;
	int again;

	card_start(card);
	again = dup(dmabuf.fd);
	first = import(card, &dmabuf);
	dmabuf.fd = again;
	second = import(card, &dmabuf);
	g_assert_true(first == second);
	g_assert_false(is_open(again));
	g_assert_true(is_open(kms_buffer_dmabuf(first)));
	g_assert_cmpuint(double_counters.imports, ==, 2);
	g_assert_cmpuint(double_counters.handles_closed, ==, 2);
	g_assert_cmpuint(double_counters.framebuffers_added, ==, 1);
	g_assert_cmpuint(kms_device_counters(card->device)->imports, ==, 1);
	g_assert_cmpuint(kms_device_counters(card->device)->cache_hits, ==, 1);
	g_assert_cmpuint(kms_device_counters(card->device)->cache_misses, ==, 1);
	kms_buffer_unref(first);
	kms_buffer_unref(second);
}

/* Taken as a dma-buf, but no framebuffer: the handle is closed, the fd stays the caller's. */
static void test_no_framebuffer(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;
	struct kms_dmabuf dmabuf = make();

	card_start(card);
	double_fail(DOUBLE_ADD_FB, EINVAL, 0, 1);
	g_assert_null(kms_buffer_import(card->device, &dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	g_assert_cmpuint(double_counters.handles_closed, ==, 1);
	g_assert_true(is_open(dmabuf.fd));
	close(dmabuf.fd);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/import/refused", test_refused);
	card_add_test("/kms/import/no-import", test_no_import);
	card_add_test("/kms/import/new", test_new);
	card_add_test("/kms/import/borrowed", test_borrowed);
	card_add_test("/kms/import/in-the-cache", test_in_the_cache);
	card_add_test("/kms/import/no-framebuffer", test_no_framebuffer);
	return g_test_run();
}
