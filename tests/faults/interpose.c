/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <grp.h>
#include <libevdev/libevdev.h>
#include <libinput.h>
#include <libseat.h>
#include <libudev.h>
#include <libxcvt/libxcvt.h>
#include <pixman.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* Sites are told apart by their first few, which are found at once. */
#define SITES_MAX 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const struct faults_call *call;
	const void *site;
	unsigned int count;
} sites[SITES_MAX];
static size_t site_count;
static struct faults_point *recorded;
static size_t *recorded_count;
static struct faults_point armed;
static bool is_armed;
static bool (*asked)(const struct faults_call *call, int *error);
static bool has_struck;
static int paused;

void faults_set_asked(bool (*function)(const struct faults_call *call, int *error))
{
	asked = function;
}

void faults_record(struct faults_point *points, size_t *count)
{
	recorded = points;
	recorded_count = count;
	site_count = 0;
}

void faults_arm(const struct faults_point *point)
{
	armed = *point;
	is_armed = true;
	site_count = 0;
}

void faults_pause(void)
{
	pthread_mutex_lock(&lock);
	paused++;
	pthread_mutex_unlock(&lock);
}

void faults_continue(void)
{
	pthread_mutex_lock(&lock);
	paused--;
	pthread_mutex_unlock(&lock);
}

bool faults_struck(void)
{
	return has_struck;
}

/* How often this call was made from there before. */
static unsigned int count_at(const struct faults_call *call, const void *site)
{
	for (size_t i = 0; i < site_count; i++) {
		if (sites[i].call == call && sites[i].site == site)
			return sites[i].count++;
	}
	g_assert(site_count < SITES_MAX);
	sites[site_count].call = call;
	sites[site_count].site = site;
	sites[site_count].count = 1;
	site_count++;
	return 0;
}

static bool strikes(const struct faults_call *call, const void *site)
{
	int saved = errno;
	bool strike = false;
	unsigned int occurrence;

	if (asked)
		return asked(call, &errno);
	pthread_mutex_lock(&lock);
	if (!paused && (recorded || is_armed)) {
		occurrence = count_at(call, site);
		if (recorded && (*recorded_count)++ < FAULTS_POINTS_MAX)
			recorded[*recorded_count - 1] = (struct faults_point){call, site,
				occurrence, 0};
		strike = is_armed && !has_struck && armed.call == call && armed.site == site &&
			armed.occurrence == occurrence;
		has_struck |= strike;
	}
	pthread_mutex_unlock(&lock);
	errno = strike ? armed.error : saved;
	return strike;
}

/* ---- the table ----
 *
 * FAULTY(symbol, function, type, what it returns when it fails, parameters, arguments, errors…):
 * our objects' calls of `symbol` come here. Names with 64 are what a call is called in a binary
 * whose offsets have 64 bits.
 */

#define FAULTY(symbol, function, type, failure, parameters, arguments, ...) \
	type faulty_##symbol parameters; \
	type faulty_##symbol parameters \
	{ \
		static const struct faults_call call = {#function, {__VA_ARGS__}}; \
		if (strikes(&call, __builtin_return_address(0))) \
			return failure; \
		return function arguments; \
	}

/* Of libdrm: it returns the number, and leaves it in errno. */
#define FAULTY_DRM(function, parameters, arguments, ...) \
	FAULTY(function, function, int, -errno, parameters, arguments, __VA_ARGS__)
#define FAULTY_DRM_GET(function, type, parameters, arguments) \
	FAULTY(function, function, type, NULL, parameters, arguments, ENOMEM, EIO, EINVAL)

/* What a process or a machine has too much of: of the moment. */
#define NO_FD EMFILE, ENFILE, ENOMEM
#define NO_FILE EACCES, ENOENT, EIO

/* ---- files ---- */

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int faulty_open64(const char *path, int flags, ...);
int faulty_open64(const char *path, int flags, ...)
{
	static const struct faults_call call = {"open", {NO_FD, NO_FILE, EINTR}};
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return strikes(&call, __builtin_return_address(0)) ? -1 : open(path, flags, mode);
}

int faulty_openat64(int folder, const char *path, int flags, ...);
int faulty_openat64(int folder, const char *path, int flags, ...)
{
	static const struct faults_call call = {"openat", {NO_FD, NO_FILE, EINTR}};
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return strikes(&call, __builtin_return_address(0)) ? -1 : openat(folder, path, flags, mode);
}

FAULTY(__open64_2, open, int, -1, (const char *path, int flags), (path, flags), NO_FD, NO_FILE,
	EINTR)
FAULTY(access, access, int, -1, (const char *path, int mode), (path, mode), EACCES, EIO)
FAULTY(chmod, chmod, int, -1, (const char *path, mode_t mode), (path, mode), EPERM, EROFS)
FAULTY(fchmod, fchmod, int, -1, (int fd, mode_t mode), (fd, mode), EPERM, EROFS)
FAULTY(fchownat, fchownat, int, -1,
	(int folder, const char *path, uid_t user, gid_t group, int flags),
	(folder, path, user, group, flags), EPERM, EIO)
FAULTY(flock, flock, int, -1, (int fd, int operation), (fd, operation), EWOULDBLOCK, EINTR, ENOLCK)
FAULTY(fstat64, fstat, int, -1, (int fd, struct stat *status), (fd, status), EIO, ENOMEM)
FAULTY(stat64, stat, int, -1, (const char *path, struct stat *status), (path, status), NO_FILE)
FAULTY(lstat64, lstat, int, -1, (const char *path, struct stat *status), (path, status), NO_FILE)
FAULTY(fstatfs64, fstatfs, int, -1, (int fd, struct statfs *status), (fd, status), EIO, EINTR)
FAULTY(ftruncate64, ftruncate, int, -1, (int fd, off_t size), (fd, size), ENOSPC, EINTR, EIO)
FAULTY(lseek64, lseek, off_t, -1, (int fd, off_t offset, int whence), (fd, offset, whence), EINVAL)
FAULTY(unlink, unlink, int, -1, (const char *path), (path), EACCES, EROFS)
FAULTY(rename, rename, int, -1, (const char *from, const char *to), (from, to), ENOSPC, EACCES)
FAULTY(readlink, readlink, ssize_t, -1, (const char *path, char *target, size_t size),
	(path, target, size), ENOMEM, EACCES)
FAULTY(read, read, ssize_t, -1, (int fd, void *bytes, size_t size), (fd, bytes, size), EINTR,
	EAGAIN, EIO)
FAULTY(pread64, pread, ssize_t, -1, (int fd, void *bytes, size_t size, off_t offset),
	(fd, bytes, size, offset), EINTR, EIO)
FAULTY(preadv64v2, preadv2, ssize_t, -1,
	(int fd, const struct iovec *iov, int count, off_t offset, int flags),
	(fd, iov, count, offset, flags), EINTR, EAGAIN)
FAULTY(write, write, ssize_t, -1, (int fd, const void *bytes, size_t size), (fd, bytes, size),
	EINTR, EAGAIN, ENOSPC, EPIPE, EIO)
FAULTY(pwrite64, pwrite, ssize_t, -1, (int fd, const void *bytes, size_t size, off_t offset),
	(fd, bytes, size, offset), EINTR, ENOSPC, EIO)
/* Of a fortified build, as clang makes them with later C libraries; `room` has been looked at by
 * then. */
FAULTY(__openat64_2, openat, int, -1, (int folder, const char *path, int flags),
	(folder, path, flags), NO_FD, NO_FILE, EINTR)
FAULTY(__read_chk, read, ssize_t, -1, (int fd, void *bytes, size_t size, size_t room),
	(fd, bytes, size), EINTR, EAGAIN, EIO)
FAULTY(__pread64_chk, pread, ssize_t, -1,
	(int fd, void *bytes, size_t size, off_t offset, size_t room), (fd, bytes, size, offset),
	EINTR, EIO)
FAULTY(__readlink_chk, readlink, ssize_t, -1,
	(const char *path, char *target, size_t size, size_t room), (path, target, size), ENOMEM,
	EACCES)
FAULTY(getgrnam, getgrnam, struct group *, NULL, (const char *name), (name), EMFILE, EINTR, EIO)
/* Says by its value what went wrong, and leaves its result as it was. */
FAULTY(getgrnam_r, getgrnam_r, int, errno,
	(const char *name, struct group *entry, char *text, size_t size, struct group **found),
	(name, entry, text, size, found), EMFILE, EINTR, EIO)

/* ---- fds ---- */

int faulty_fcntl64(int fd, int command, ...);
int faulty_fcntl64(int fd, int command, ...)
{
	static const struct faults_call duplicate = {"fcntl F_DUPFD", {EMFILE}};
	static const struct faults_call seals = {"fcntl F_GET_SEALS", {EINVAL}};
	static const struct faults_call other = {"fcntl", {EINVAL}};
	const struct faults_call *call = &other;
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (command == F_DUPFD_CLOEXEC)
		call = &duplicate;
	else if (command == F_GET_SEALS)
		call = &seals;
	return strikes(call, __builtin_return_address(0)) ? -1 : fcntl(fd, command, argument);
}

int faulty_ioctl(int fd, unsigned long request, ...);
int faulty_ioctl(int fd, unsigned long request, ...)
{
	static const struct faults_call call = {"ioctl", {EINTR, EIO, EINVAL, ENOTTY}};
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return strikes(&call, __builtin_return_address(0)) ? -1 : ioctl(fd, request, argument);
}

FAULTY(dup3, dup3, int, -1, (int from, int to, int flags), (from, to, flags), EBUSY, EMFILE)
FAULTY(pipe2, pipe2, int, -1, (int fds[2], int flags), (fds, flags), NO_FD)
FAULTY(eventfd, eventfd, int, -1, (unsigned int value, int flags), (value, flags), NO_FD)
FAULTY(timerfd_create, timerfd_create, int, -1, (int clock, int flags), (clock, flags), NO_FD,
	ENOMEM)
FAULTY(timerfd_settime, timerfd_settime, int, -1,
	(int fd, int flags, const struct itimerspec *value, struct itimerspec *old),
	(fd, flags, value, old), EINVAL)
FAULTY(inotify_init1, inotify_init1, int, -1, (int flags), (flags), NO_FD)
FAULTY(inotify_add_watch, inotify_add_watch, int, -1,
	(int inotify, const char *path, uint32_t mask), (inotify, path, mask), ENOSPC, ENOMEM)
FAULTY(signalfd, signalfd, int, -1, (int fd, const sigset_t *set, int flags), (fd, set, flags),
	NO_FD)
FAULTY(memfd_create, memfd_create, int, -1, (const char *name, unsigned int flags), (name, flags),
	NO_FD)
FAULTY(epoll_create1, epoll_create1, int, -1, (int flags), (flags), NO_FD)
FAULTY(epoll_ctl, epoll_ctl, int, -1, (int epoll, int operation, int fd, struct epoll_event *event),
	(epoll, operation, fd, event), ENOMEM, ENOSPC)
FAULTY(epoll_wait, epoll_wait, int, -1,
	(int epoll, struct epoll_event *events, int count, int timeout_ms),
	(epoll, events, count, timeout_ms), EINTR)
FAULTY(poll, poll, int, -1, (struct pollfd * fds, nfds_t count, int timeout_ms),
	(fds, count, timeout_ms), EINTR, ENOMEM)
FAULTY(__poll_chk, poll, int, -1, (struct pollfd * fds, nfds_t count, int timeout_ms, size_t room),
	(fds, count, timeout_ms), EINTR, ENOMEM)
FAULTY(mmap64, mmap, void *, MAP_FAILED,
	(void *address, size_t size, int protection, int flags, int fd, off_t offset),
	(address, size, protection, flags, fd, offset), ENOMEM, EAGAIN, ENODEV)
FAULTY(getrlimit64, getrlimit, int, -1, (__rlimit_resource_t what, struct rlimit *limit),
	(what, limit), EPERM)
FAULTY(setrlimit64, setrlimit, int, -1, (__rlimit_resource_t what, const struct rlimit *limit),
	(what, limit), EPERM)

long faulty_syscall(long number, ...);
/* io_setup, io_submit */
long faulty_syscall(long number, ...)
{
	static const struct faults_call call = {"syscall", {EAGAIN, ENOMEM, EINTR}};
	va_list arguments;
	long argument[4];

	va_start(arguments, number);
	for (size_t i = 0; i < G_N_ELEMENTS(argument); i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);
	if (strikes(&call, __builtin_return_address(0)))
		return -1;
	return syscall(number, argument[0], argument[1], argument[2], argument[3]);
}

/* ---- sockets ---- */

FAULTY(socket, socket, int, -1, (int domain, int type, int protocol), (domain, type, protocol),
	NO_FD, ENOBUFS)
FAULTY(socketpair, socketpair, int, -1, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds), NO_FD)
FAULTY(accept4, accept4, int, -1, (int fd, struct sockaddr *address, socklen_t *size, int flags),
	(fd, address, size, flags), NO_FD, ENOBUFS, ECONNABORTED, EINTR, EAGAIN)
FAULTY(bind, bind, int, -1, (int fd, const struct sockaddr *address, socklen_t size),
	(fd, address, size), EADDRINUSE, EACCES, ENOSPC)
FAULTY(connect, connect, int, -1, (int fd, const struct sockaddr *address, socklen_t size),
	(fd, address, size), ECONNREFUSED, EAGAIN, EACCES, ENOENT, EINTR)
FAULTY(listen, listen, int, -1, (int fd, int backlog), (fd, backlog), EADDRINUSE)
FAULTY(getpeername, getpeername, int, -1, (int fd, struct sockaddr *address, socklen_t *size),
	(fd, address, size), ENOBUFS)
FAULTY(getsockopt, getsockopt, int, -1, (int fd, int level, int name, void *value, socklen_t *size),
	(fd, level, name, value, size), ENOBUFS)
FAULTY(setsockopt, setsockopt, int, -1,
	(int fd, int level, int name, const void *value, socklen_t size),
	(fd, level, name, value, size), ENOMEM)
/* A peer that has gone stays so. */
static void hang_up(int socket)
{
	int saved = errno;

	if (saved == EPIPE || saved == ECONNRESET)
		shutdown(socket, SHUT_RDWR);
	errno = saved;
}

FAULTY(recvmsg, recvmsg, ssize_t, (hang_up(fd), -1), (int fd, struct msghdr *message, int flags),
	(fd, message, flags), EINTR, EAGAIN, ENOMEM, ECONNRESET)
FAULTY(sendmsg, sendmsg, ssize_t, (hang_up(fd), -1),
	(int fd, const struct msghdr *message, int flags), (fd, message, flags), EINTR, EAGAIN,
	ENOMEM, ENOBUFS, ETOOMANYREFS, EPIPE, ECONNRESET)
FAULTY(recvmmsg, recvmmsg, int, (hang_up(fd), -1),
	(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout),
	(fd, messages, count, flags, timeout), EINTR, EAGAIN, ENOMEM, ECONNRESET)
FAULTY(sendmmsg, sendmmsg, int, (hang_up(fd), -1),
	(int fd, struct mmsghdr *messages, unsigned int count, int flags),
	(fd, messages, count, flags), EINTR, EAGAIN, ENOMEM, ENOBUFS, ETOOMANYREFS, EPIPE,
	ECONNRESET)
FAULTY(send, send, ssize_t, (hang_up(fd), -1), (int fd, const void *bytes, size_t size, int flags),
	(fd, bytes, size, flags), EINTR, EAGAIN, ENOMEM, ENOBUFS, EPIPE, ECONNRESET)
FAULTY(sendto, sendto, ssize_t, -1,
	(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *address,
		socklen_t address_size),
	(fd, bytes, size, flags, address, address_size), EINTR, EAGAIN, ENOBUFS, ECONNREFUSED)

/* ---- GLib, where it hands the failure on ---- */

#define FAULTY_GLIB(function, type, failure, parameters, arguments, ...) \
	type faulty_##function parameters; \
	type faulty_##function parameters \
	{ \
		static const struct faults_call call = {#function, {__VA_ARGS__}}; \
		if (strikes(&call, __builtin_return_address(0))) { \
			g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s", \
				g_strerror(errno)); \
			return failure; \
		} \
		return function arguments; \
	}

FAULTY_GLIB(g_thread_try_new, GThread *, NULL,
	(const char *name, GThreadFunc run, gpointer data, GError **error),
	(name, run, data, error), EAGAIN)
FAULTY_GLIB(g_file_get_contents, gboolean, FALSE,
	(const char *path, char **text, gsize *size, GError **error), (path, text, size, error),
	NO_FD, NO_FILE)
FAULTY_GLIB(g_dir_open, GDir *, NULL, (const char *path, guint flags, GError **error),
	(path, flags, error), NO_FD, NO_FILE)
FAULTY(g_mkstemp_full, g_mkstemp_full, gint, -1, (char *path, int flags, int mode),
	(path, flags, mode), NO_FD, EROFS, ENOSPC)
FAULTY(g_mkdir_with_parents, g_mkdir_with_parents, gint, -1, (const char *path, int mode),
	(path, mode), EACCES, EROFS, ENOSPC)

/* ---- GDBus, whose answers come later: what came is thrown away ---- */

static void set_io_error(GError **error)
{
	g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "%s", g_strerror(errno));
}

GDBusConnection *faulty_g_dbus_connection_new_sync(GIOStream *stream, const char *guid,
	GDBusConnectionFlags flags, GDBusAuthObserver *observer, GCancellable *cancellable,
	GError **error);
GDBusConnection *faulty_g_dbus_connection_new_sync(GIOStream *stream, const char *guid,
	GDBusConnectionFlags flags, GDBusAuthObserver *observer, GCancellable *cancellable,
	GError **error)
{
	static const struct faults_call call = {"g_dbus_connection_new_sync", {EACCES, EMFILE}};

	if (!strikes(&call, __builtin_return_address(0)))
		return g_dbus_connection_new_sync(stream, guid, flags, observer, cancellable,
			error);
	set_io_error(error);
	return NULL;
}

GIOStream *faulty_g_dbus_address_get_stream_finish(GAsyncResult *result, char **guid,
	GError **error);
GIOStream *faulty_g_dbus_address_get_stream_finish(GAsyncResult *result, char **guid,
	GError **error)
{
	static const struct faults_call call = {"g_dbus_address_get_stream_finish",
		{ECONNREFUSED, EACCES, EMFILE}};
	GIOStream *stream = g_dbus_address_get_stream_finish(result, guid, error);

	if (!stream || !strikes(&call, __builtin_return_address(0)))
		return stream;
	set_io_error(error);
	g_object_unref(stream);
	return NULL;
}

GSocket *faulty_g_socket_new_from_fd(gint fd, GError **error);
GSocket *faulty_g_socket_new_from_fd(gint fd, GError **error)
{
	static const struct faults_call call = {"g_socket_new_from_fd", {ENOBUFS}};

	if (!strikes(&call, __builtin_return_address(0)))
		return g_socket_new_from_fd(fd, error);
	set_io_error(error);
	return NULL;
}

GVariant *faulty_g_dbus_connection_call_finish(GDBusConnection *connection, GAsyncResult *result,
	GError **error);
GVariant *faulty_g_dbus_connection_call_finish(GDBusConnection *connection, GAsyncResult *result,
	GError **error)
{
	static const struct faults_call call = {"g_dbus_connection_call_finish",
		{ETIMEDOUT, EACCES, ENOMEM}};
	GVariant *answer = g_dbus_connection_call_finish(connection, result, error);

	if (!answer || !strikes(&call, __builtin_return_address(0)))
		return answer;
	set_io_error(error);
	g_variant_unref(answer);
	return NULL;
}

/* ---- other libraries ---- */

FAULTY(pixman_image_create_bits, pixman_image_create_bits, pixman_image_t *, NULL,
	(pixman_format_code_t format, int width, int height, uint32_t *bits, int stride),
	(format, width, height, bits, stride), ENOMEM)
FAULTY(pixman_image_create_bits_no_clear, pixman_image_create_bits_no_clear, pixman_image_t *, NULL,
	(pixman_format_code_t format, int width, int height, uint32_t *bits, int stride),
	(format, width, height, bits, stride), ENOMEM)
FAULTY(libxcvt_gen_mode_info, libxcvt_gen_mode_info, struct libxcvt_mode_info *, NULL,
	(int width, int height, float refresh, bool reduced, bool interlaced),
	(width, height, refresh, reduced, interlaced), ENOMEM)
FAULTY(sd_notify, sd_notify, int, -errno, (int unset, const char *state), (unset, state),
	ECONNREFUSED, ENOENT, EMFILE)
FAULTY(sd_watchdog_enabled, sd_watchdog_enabled, int, -errno, (int unset, uint64_t *time_us),
	(unset, time_us), EINVAL)
FAULTY(sd_listen_fds_with_names, sd_listen_fds_with_names, int, -errno, (int unset, char ***names),
	(unset, names), ENOMEM, EINVAL)
FAULTY(udev_new, udev_new, struct udev *, NULL, (void), (), ENOMEM)
FAULTY(udev_monitor_new_from_netlink, udev_monitor_new_from_netlink, struct udev_monitor *, NULL,
	(struct udev * udev, const char *name), (udev, name), EMFILE, ENOMEM)
FAULTY(udev_monitor_filter_add_match_subsystem_devtype,
	udev_monitor_filter_add_match_subsystem_devtype, int, -errno,
	(struct udev_monitor * monitor, const char *subsystem, const char *type),
	(monitor, subsystem, type), ENOMEM)
FAULTY(udev_monitor_enable_receiving, udev_monitor_enable_receiving, int, -errno,
	(struct udev_monitor * monitor), (monitor), ENOMEM, EPERM)
FAULTY(udev_enumerate_new, udev_enumerate_new, struct udev_enumerate *, NULL, (struct udev * udev),
	(udev), ENOMEM)
FAULTY(udev_enumerate_scan_devices, udev_enumerate_scan_devices, int, -errno,
	(struct udev_enumerate * enumerate), (enumerate), ENOMEM, EMFILE)
FAULTY(udev_device_new_from_syspath, udev_device_new_from_syspath, struct udev_device *, NULL,
	(struct udev * udev, const char *path), (udev, path), ENOMEM, ENODEV)
FAULTY(udev_device_new_from_devnum, udev_device_new_from_devnum, struct udev_device *, NULL,
	(struct udev * udev, char type, dev_t number), (udev, type, number), ENOMEM, ENODEV)

FAULTY(udev_monitor_receive_device, udev_monitor_receive_device, struct udev_device *, NULL,
	(struct udev_monitor * monitor), (monitor), ENOBUFS, ENOMEM)
FAULTY(dlopen, dlopen, void *, NULL, (const char *name, int flags), (name, flags), ENOENT)
FAULTY(dlsym, dlsym, void *, NULL, (void *library, const char *name), (library, name), ENOENT)
FAULTY(libevdev_new_from_fd, libevdev_new_from_fd, int, -errno, (int fd, struct libevdev **device),
	(fd, device), ENOMEM, ENODEV)
FAULTY(libevdev_grab, libevdev_grab, int, -errno,
	(struct libevdev * device, enum libevdev_grab_mode mode), (device, mode), EBUSY, ENODEV)
FAULTY(libevdev_next_event, libevdev_next_event, int, -errno,
	(struct libevdev * device, unsigned int flags, struct input_event *event),
	(device, flags, event), EINTR, ENODEV)
FAULTY(libinput_udev_create_context, libinput_udev_create_context, struct libinput *, NULL,
	(const struct libinput_interface *interface, void *data, struct udev *udev),
	(interface, data, udev), ENOMEM)
FAULTY(libinput_path_create_context, libinput_path_create_context, struct libinput *, NULL,
	(const struct libinput_interface *interface, void *data), (interface, data), ENOMEM)
FAULTY(libinput_path_add_device, libinput_path_add_device, struct libinput_device *, NULL,
	(struct libinput * libinput, const char *path), (libinput, path), ENODEV)
FAULTY(libinput_udev_assign_seat, libinput_udev_assign_seat, int, -1,
	(struct libinput * libinput, const char *seat), (libinput, seat), ENOMEM)
FAULTY(libinput_resume, libinput_resume, int, -1, (struct libinput * libinput), (libinput), ENOMEM)
FAULTY(libseat_open_seat, libseat_open_seat, struct libseat *, NULL,
	(const struct libseat_seat_listener *listener, void *data), (listener, data), ENOENT,
	EMFILE)
FAULTY(libseat_open_device, libseat_open_device, int, -1,
	(struct libseat * seat, const char *path, int *fd), (seat, path, fd), EMFILE, EACCES)
FAULTY(libseat_dispatch, libseat_dispatch, int, -1, (struct libseat * seat, int timeout_ms),
	(seat, timeout_ms), EINTR, EPIPE)
FAULTY(libseat_switch_session, libseat_switch_session, int, -1,
	(struct libseat * seat, int session), (seat, session), EIO)

/* ---- libdrm ---- */

FAULTY_DRM(drmIoctl, (int fd, unsigned long request, void *argument), (fd, request, argument),
	ENOMEM, EINVAL, EIO)
FAULTY_DRM(drmGetCap, (int fd, uint64_t capability, uint64_t *value), (fd, capability, value),
	EINVAL)
FAULTY_DRM(drmSetClientCap, (int fd, uint64_t capability, uint64_t value), (fd, capability, value),
	EINVAL, EOPNOTSUPP)
FAULTY_DRM(drmSetMaster, (int fd), (fd), EBUSY, EACCES, EINVAL)
FAULTY_DRM(drmDropMaster, (int fd), (fd), EACCES, EINVAL)
FAULTY_DRM(drmCrtcGetSequence, (int fd, uint32_t crtc, uint64_t *sequence, uint64_t *time_ns),
	(fd, crtc, sequence, time_ns), EINVAL, EOPNOTSUPP)
FAULTY_DRM(drmPrimeFDToHandle, (int fd, int prime, uint32_t *handle), (fd, prime, handle), ENOMEM,
	EMFILE, EINVAL, ENODEV)
FAULTY_DRM(drmPrimeHandleToFD, (int fd, uint32_t handle, uint32_t flags, int *prime),
	(fd, handle, flags, prime), NO_FD)
FAULTY_DRM(drmModeCreateDumbBuffer,
	(int fd, uint32_t width, uint32_t height, uint32_t bits, uint32_t flags, uint32_t *handle,
		uint32_t *pitch, uint64_t *size),
	(fd, width, height, bits, flags, handle, pitch, size), ENOMEM, ENOSPC)
FAULTY_DRM(drmModeMapDumbBuffer, (int fd, uint32_t handle, uint64_t *offset), (fd, handle, offset),
	ENOMEM, ENOENT)
FAULTY_DRM(drmModeAddFB2,
	(int fd, uint32_t width, uint32_t height, uint32_t format, const uint32_t handles[4],
		const uint32_t pitches[4], const uint32_t offsets[4], uint32_t *id, uint32_t flags),
	(fd, width, height, format, handles, pitches, offsets, id, flags), ENOMEM, EINVAL, ENOSPC)
FAULTY_DRM(drmModeAddFB2WithModifiers,
	(int fd, uint32_t width, uint32_t height, uint32_t format, const uint32_t handles[4],
		const uint32_t pitches[4], const uint32_t offsets[4], const uint64_t modifiers[4],
		uint32_t *id, uint32_t flags),
	(fd, width, height, format, handles, pitches, offsets, modifiers, id, flags), ENOMEM,
	EINVAL, ENOSPC)
FAULTY_DRM(drmModeRmFB, (int fd, uint32_t id), (fd, id), ENOENT)
FAULTY_DRM(drmModeCreatePropertyBlob, (int fd, const void *data, size_t size, uint32_t *id),
	(fd, data, size, id), ENOMEM)
FAULTY_DRM(drmModeCreateLease,
	(int fd, const uint32_t *objects, int count, int flags, uint32_t *lessee),
	(fd, objects, count, flags, lessee), ENOMEM, EMFILE, EINVAL, EBUSY, EACCES)
FAULTY_DRM(drmModeAtomicAddProperty,
	(drmModeAtomicReqPtr request, uint32_t object, uint32_t property, uint64_t value),
	(request, object, property, value), ENOMEM)
FAULTY_DRM(drmModeAtomicCommit, (int fd, drmModeAtomicReqPtr request, uint32_t flags, void *data),
	(fd, request, flags, data), ENOMEM, EBUSY, EINVAL, EACCES, ERANGE)
FAULTY_DRM_GET(drmModeAtomicAlloc, drmModeAtomicReqPtr, (void), ())
FAULTY_DRM_GET(drmModeGetResources, drmModeResPtr, (int fd), (fd))
FAULTY_DRM_GET(drmModeGetPlaneResources, drmModePlaneResPtr, (int fd), (fd))
FAULTY_DRM_GET(drmModeGetConnector, drmModeConnectorPtr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmModeGetEncoder, drmModeEncoderPtr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmModeGetCrtc, drmModeCrtcPtr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmModeGetPlane, drmModePlanePtr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmModeGetProperty, drmModePropertyPtr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmModeGetPropertyBlob, drmModePropertyBlobPtr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmModeObjectGetProperties, drmModeObjectPropertiesPtr,
	(int fd, uint32_t object, uint32_t type), (fd, object, type))
FAULTY_DRM_GET(drmModeGetFB2, drmModeFB2Ptr, (int fd, uint32_t id), (fd, id))
FAULTY_DRM_GET(drmGetDeviceNameFromFd2, char *, (int fd), (fd))
FAULTY_DRM_GET(drmGetVersion, drmVersionPtr, (int fd), (fd))
