# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds scanoutd, its tools and its tests. `make help` lists the targets.
#
# Adding a source file needs no change here: every room is a folder, and its *.c are found. The rooms' borders are
# kept by the include paths: objects of kms/ see include/ and their own folder only, objects of src/ see include/ and
# src/ but not kms/. What an include path cannot keep (src/ must not use libdrm's mode setting) `make lint` checks.

PREFIX ?= /usr/local
BUILD ?= build
CFLAGS ?= -O2 -g
WERROR ?= -Werror
PKG_CONFIG ?= pkg-config
CLANG_TIDY ?= clang-tidy
RELEASE ?= $(if $(shell grep -xs VERSION_CODENAME=trixie /etc/os-release),bookworm,trixie)

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:

ifeq ($(origin CC),default)
CC := gcc
endif
CC ?= gcc
AR ?= ar
ifeq ($(origin AR),default)
AR := ar
endif

# A comma that make does not take for its own.
comma := ,

# A sanitized build has its own folder, so that both can stand side by side; two for the fuzzers (FUZZING=1, -many), too. One name for a
# folder of the tree, however it was given: what depends on what is kept by that.
out := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))$(if $(SANITIZE),-sanitize)$(if $(FUZZING),-fuzz$(FUZZING:1=))

# ---------------------------------------------------------------------------------------------------------------- flags

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wformat=2 -Wpointer-arith \
	-Wwrite-strings -Wvla -Wnested-externs -Wold-style-definition -Wredundant-decls -Wno-unused-parameter \
	-Wno-missing-field-initializers

# GLib 2.74 is Debian 12's: what is newer is not used, what is deprecated later does not warn.
defines := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DG_LOG_DOMAIN='"scanoutd"' -DG_LOG_USE_STRUCTURED=1 \
	-DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74 -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74

ifeq ($(FUZZING),-many)
# Neither ASan nor a profile nor a look at each comparison: several times as many inputs a second, of which a fault stops
# the program where it is.
hardening := -fsanitize=fuzzer-no-link,undefined -fsanitize-trap=undefined -fno-sanitize-coverage=trace-cmp,stack-depth
link_hardening :=
else ifdef FUZZING
# A profile is written where LLVM_PROFILE_FILE says (tests/fuzz/run), and by a target that is run by hand nowhere.
hardening := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	-fprofile-instr-generate=/dev/null -fcoverage-mapping
link_hardening := -fsanitize=address,undefined -fprofile-instr-generate
else ifdef SANITIZE
hardening := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
link_hardening := -fsanitize=address,undefined
else
hardening := -fstack-protector-strong $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
link_hardening := -Wl,-z,relro,-z,now
endif

plain_cflags := -std=gnu11 $(warnings) $(WERROR) $(defines) $(CFLAGS)
all_cflags := $(plain_cflags) $(hardening)
all_ldflags := $(link_hardening) -Wl,--as-needed $(LDFLAGS)

# Libraries' headers are system headers: our warnings are for our code.
package_cflags = $(patsubst -I%,-isystem%,$(shell $(PKG_CONFIG) --cflags $(1)))
package_libs = $(shell $(PKG_CONFIG) --libs $(1))

# Goals that install what is missing call make again for the rest, and work where pkg-config is still to come.
outer_goals := bench check check-filter check-release clean deb demo deps disk fuzz fuzz-build help image image-check lab lint simpledrm-check soak
ifneq ($(filter-out $(outer_goals),$(or $(MAKECMDGOALS),all)),)
ifeq ($(shell command -v $(PKG_CONFIG)),)
$(error $(PKG_CONFIG) is not there: `make deps` installs what is needed to build and test)
endif
glib_cflags := $(call package_cflags,glib-2.0 gio-2.0 gio-unix-2.0)
glib_libs := $(call package_libs,glib-2.0 gio-2.0 gio-unix-2.0)
drm_cflags := $(call package_cflags,libdrm)
drm_libs := $(call package_libs,libdrm)
kms_extra_cflags := $(call package_cflags,libudev libxcvt gbm)
kms_extra_libs := $(call package_libs,libudev libxcvt) -lm
src_extra_cflags := $(call package_cflags,pixman-1 json-glib-1.0 libsystemd gbm libevdev libinput libseat libudev libpng zlib freetype2)
src_extra_libs := $(call package_libs,pixman-1 json-glib-1.0 libsystemd libevdev libinput libseat libudev libpng zlib) -ldl -lm
png_cflags := $(call package_cflags,libpng)
png_libs := $(call package_libs,libpng)
evdev_cflags := $(call package_cflags,libevdev)
evdev_libs := $(call package_libs,libevdev)
endif

# What each room sees. libdrm's headers are in src/ for drm_fourcc.h alone.
kms_cflags := -Iinclude $(glib_cflags) $(drm_cflags) $(kms_extra_cflags)
src_cflags := -Iinclude -Isrc $(glib_cflags) $(drm_cflags) $(src_extra_cflags)
unit_cflags := -Iinclude -Isrc -Itests/unit $(glib_cflags) $(drm_cflags) $(src_extra_cflags)
unit_kms_cflags := -Iinclude -Ikms -Itests/unit -Itests/double $(glib_cflags) $(drm_cflags) $(kms_extra_cflags)
double_cflags := -Iinclude -Itests/double $(glib_cflags) $(drm_cflags) $(kms_extra_cflags)
# The screenshot tool judges the daemon, so it sees nothing of it but include/.
screenshot_cflags := -Iinclude $(glib_cflags) $(drm_cflags) $(png_cflags)
backend_cflags := -Iinclude $(glib_cflags) $(drm_cflags) $(png_cflags)
lab_cflags := -Iinclude $(glib_cflags) $(drm_cflags) $(png_cflags) $(evdev_cflags)
bench_cflags := -Iinclude -Isrc -Itests/double $(glib_cflags) $(drm_cflags) $(kms_extra_cflags) $(src_extra_cflags)
# Programs of the guest's initramfs: static, so never sanitized; libc and libdrm alone.
guest_cflags := -Iinclude $(drm_cflags)

# The dynamic linker looks for each symbol, of the libraries' own too, in one after the other: first in those that have
# most of them.
daemon_libs := -lc $(if $(glib_libs),$(call package_libs,glib-2.0)) $(glib_libs) $(drm_libs) $(kms_extra_libs) $(src_extra_libs)

# -------------------------------------------------------------------------------------------------------------- sources

kms_sources := $(wildcard kms/*.c)
src_sources := $(filter-out src/main.c src/tools/%,$(wildcard src/*.c src/*/*.c src/*/*/*.c))
# Doubles of the libraries that find devices: for the tests alone that have no real ones, one of the two in a test.
device_double_sources := tests/unit/libinput_double.c tests/unit/udev_double.c
# Calls of libc's are doubled by it, for these alone.
netlink_double_sources := tests/unit/netlink_double.c
logind_double_sources := tests/unit/logind_double.c
own_double_sources := $(netlink_double_sources) $(logind_double_sources)
own_double_parts = $(if $(filter $(1),test-cut-events test-kms-cut-udev),$(netlink_double_sources)) \
	$(if $(filter $(1),test-cut-logind),$(logind_double_sources))
unit_helper_sources := $(filter-out tests/unit/test-% $(device_double_sources) $(own_double_sources),$(wildcard tests/unit/*.c))
fake_sources := $(wildcard tests/unit/fake/*.c)
double_sources := $(wildcard tests/double/*.c)

# The name of a program is its file's, or its folder's where it has parts.
programs_in = $(patsubst $(1)/%.c,%,$(wildcard $(1)/*.c)) $(patsubst $(1)/%/,%,$(sort $(dir $(wildcard $(1)/*/*.c))))
sources_of = $(wildcard $(1).c $(1)/*.c)
object = $(patsubst %.c,$(out)/obj/%.o,$(1))

tools := $(call programs_in,src/tools)
unit_tests := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test-*.c))
guest_programs := $(call programs_in,tests/guest)
lab_programs := $(call programs_in,tests/lab)
image_programs := $(call programs_in,initramfs)
kms_test_programs := $(filter-out common,$(call programs_in,tests/kms))
# The meter is a library that the benches preload; common is what they share.
bench_programs := $(filter-out meter common modeset,$(call programs_in,tests/bench))
relay_programs := $(call programs_in,tests/relay)
input_programs := $(call programs_in,tests/input)
hostile_programs := $(call programs_in,tests/hostile)
daemon_test_libraries := $(patsubst tests/%.c,$(out)/%.so,$(wildcard tests/daemon/*.c))

kms_archive := $(if $(kms_sources),$(out)/libkms.a)
src_archive := $(if $(src_sources),$(out)/libsrc.a)
double_archive := $(if $(double_sources),$(out)/libdouble.a)
unit_helper_archive := $(if $(unit_helper_sources),$(out)/libunit.a)
device_double_archive := $(out)/libdevices.a
fake_archive := $(if $(fake_sources),$(out)/libfake.a)

# ---------------------------------------------------------------------------------------------------------------- rules

programs := $(if $(wildcard src/main.c),$(out)/scanoutd) $(addprefix $(out)/,$(tools)) $(addprefix $(out)/initramfs/,$(image_programs))
test_programs := $(addprefix $(out)/tests/,$(unit_tests)) \
	$(if $(wildcard tests/backend/*.c),$(out)/tests/scripted-backend) \
	$(addprefix $(out)/guest/,$(guest_programs)) $(addprefix $(out)/lab/,$(lab_programs)) \
	$(addprefix $(out)/relay/,$(relay_programs)) \
	$(addprefix $(out)/input/,$(input_programs)) \
	$(addprefix $(out)/hostile/,$(hostile_programs)) \
	$(addprefix $(out)/kms/,$(kms_test_programs)) \
	$(daemon_test_libraries) $(out)/faults/scanoutd $(out)/version/scanoutd \
	$(addprefix $(out)/bench/,$(bench_programs) $(if $(bench_programs),meter.so modeset modeset-drm))

.PHONY: all programs tests
all: programs tests
programs: $(programs)
tests: $(test_programs)

# $(call compile,SOURCES,FLAGS[,BASE FLAGS]): objects of one room, and what they depend on.
define compile_rule
$(call object,$(1)): $(out)/obj/%.o: %.c $(out)/flags
	@mkdir -p $$(@D)
	@echo "  CC      $$<"
	@$$(CC) $(2) $(or $(3),$$(all_cflags)) -MMD -MP -c -o $$@ $$<
objects += $(call object,$(1))
# The analyser follows the object, and so the headers.
$(patsubst %.c,$(out)/tidy/%.ok,$(1)): $(out)/tidy/%.ok: %.c $(out)/obj/%.o .clang-tidy
	@mkdir -p $$(@D)
	@echo "  TIDY    $$<"
	@$$(CLANG_TIDY) --quiet $$< -- $(2) $$(plain_cflags) >$$(@:.ok=.log) 2>&1 || \
		{ grep -A 2 -E '(error|warning): ' $$(@:.ok=.log); exit 1; }
	@touch $$@
tidy_marks += $(patsubst %.c,$(out)/tidy/%.ok,$(1))
endef
compile = $(if $(strip $(1)),$(eval $(call compile_rule,$(1),$(2),$(3))))

# $(call archive,FILE,SOURCES)
define archive_rule
$(1): $(call object,$(2))
	@echo "  AR      $$@"
	@rm -f $$@ && $$(AR) rcs $$@ $$^
endef
archive = $(if $(strip $(1)),$(eval $(call archive_rule,$(1),$(2))))

# $(call program,FILE,SOURCES,ARCHIVES,LIBRARIES[,BASE FLAGS])
define program_rule
$(1): $(call object,$(2)) $(3)
	@mkdir -p $$(@D)
	@echo "  LINK    $$@"
	@$$(CC) $(or $(5),$$(all_cflags) $$(all_ldflags)) -o $$@ $$^ $(4)
endef
program = $(if $(strip $(2)),$(eval $(call program_rule,$(1),$(2),$(3),$(4),$(5))))

$(call compile,$(kms_sources),$(kms_cflags))
$(call archive,$(kms_archive),$(kms_sources))
$(call compile,$(src_sources) $(wildcard src/main.c),$(src_cflags))
$(call archive,$(src_archive),$(src_sources))
$(call program,$(out)/scanoutd,$(wildcard src/main.c),$(src_archive) $(kms_archive),$(daemon_libs))

# A tool is no display server: it links what it uses of src/, never kms/. The screenshot tool reads the kernel's state by
# itself and links nothing of ours.
src_tools := $(filter-out scanout-screenshot,$(tools))
# What a tool has of another one.
shared_parts_scanout-gpu := $(addprefix src/tools/scanout-run/,backend.c properties.c)
screenshot_sources := $(wildcard src/tools/scanout-screenshot/*.c)
$(call compile,$(foreach t,$(src_tools),$(call sources_of,src/tools/$(t))),$(src_cflags))
$(foreach t,$(src_tools),$(call program,$(out)/$(t),$(call sources_of,src/tools/$(t)) $(shared_parts_$(t)),$(src_archive),$(src_extra_libs) $(glib_libs)))
$(call compile,$(screenshot_sources),$(screenshot_cflags))
$(call program,$(out)/scanout-screenshot,$(screenshot_sources),,$(drm_libs) $(png_libs) $(glib_libs) -lm)

# What the image has of its own, of libc alone; never sanitized, as it carries no more libraries than it needs.
$(call compile,$(foreach t,$(image_programs),$(call sources_of,initramfs/$(t))),,$$(plain_cflags))
$(foreach t,$(image_programs),$(call program,$(out)/initramfs/$(t),$(call sources_of,initramfs/$(t)),,,$$(plain_cflags) $$(LDFLAGS)))

# Unit tests. test-kms-* are of kms/, with the link-time double of libdrm in libdrm's place, test-daemon-* of all rooms over the
# same, test-screenshot-* of the screenshot tool; all others are of src/, and have what stands in kms/'s place in tests/unit/fake,
# pulled in where it is called.
unit_kms_tests := $(filter test-kms-%,$(unit_tests))
unit_screenshot_tests := $(filter test-screenshot-%,$(unit_tests))
unit_fault_tests := $(filter test-fault-%,$(unit_tests))
unit_daemon_tests := $(filter test-daemon-%,$(unit_tests))
unit_src_tests := $(filter-out test-kms-% test-screenshot-% test-fault-% test-daemon-%,$(unit_tests))
$(call compile,$(unit_kms_tests:%=tests/unit/%.c),$(unit_kms_cflags))
$(call compile,$(unit_src_tests:%=tests/unit/%.c) $(unit_helper_sources) $(device_double_sources) $(own_double_sources) $(fake_sources),$(unit_cflags))
$(call compile,$(double_sources),$(double_cflags))
$(call archive,$(double_archive),$(double_sources))
$(call archive,$(unit_helper_archive),$(unit_helper_sources))
$(call archive,$(device_double_archive),$(device_double_sources))
$(call archive,$(fake_archive),$(fake_sources))
$(foreach t,$(unit_kms_tests),$(call program,$(out)/tests/$(t),tests/unit/$(t).c $(call own_double_parts,$(t)),$(unit_helper_archive) $(double_archive) $(kms_archive),$(double_archive) $(kms_extra_libs) $(glib_libs)))
# test-TOOL and test-TOOL-* are of a tool: linked with its parts, less its main. test-fuzz-record is of what tests/fuzz/record
# preloads.
$(call compile,tests/fuzz/record/recorder.c,,$$(plain_cflags))
tool_parts = $(if $(filter test-fuzz-record,$(1)),tests/fuzz/record/recorder.c) $(foreach tool,$(tools),$(if $(filter test-$(tool) test-$(tool)-%,$(1)),$(filter-out %/main.c,$(wildcard src/tools/$(tool)/*.c)) $(shared_parts_$(tool))))
# Where in ours a test's process dies.
src_test_wraps_test-device-kept := device_note vhost_note ring_use kept_fds_add kept_fds_remove kept_fds_tidy
$(foreach t,$(unit_src_tests),$(call program,$(out)/tests/$(t),tests/unit/$(t).c $(call tool_parts,$(t)) $(call own_double_parts,$(t)),$(unit_helper_archive) $(device_double_archive) $(src_archive) $(fake_archive),$(addprefix -Wl$(comma)--wrap=,$(src_test_wraps_$(t))) $(src_extra_libs) $(glib_libs)))

# What of the daemon a test puts out of order, and its peers, which are those of the faults.
daemon_test_wraps_test-daemon-watchdog := kms_watchdog_run
daemon_test_wraps_test-daemon-leave := session_leaves session_destroy
$(call compile,$(unit_daemon_tests:%=tests/unit/%.c),-Itests/faults -Itests/double $(unit_cflags))
$(foreach t,$(unit_daemon_tests),$(call program,$(out)/tests/$(t),tests/unit/$(t).c $(filter tests/faults/peers.c,$(wildcard tests/faults/*.c)),$(src_archive) $(kms_archive) $(double_archive) $(fake_archive),$(addprefix -Wl$(comma)--wrap=,$(daemon_test_wraps_$(t))) $(kms_extra_libs) $(src_extra_libs) $(glib_libs)))

# test-fault-* are of all rooms, over the double: with objects whose calls that can fail go through tests/faults/interpose.c.
fault_cflags := -Itests/faults -Itests/double $(kms_extra_cflags) $(unit_cflags)
fault_harness := $(out)/libfaults.a
fault_archives := $(addprefix $(out)/faults/,$(notdir $(src_archive) $(kms_archive)))
$(call compile,tests/faults/interpose.c,$(fault_cflags),$$(plain_cflags))
$(call compile,tests/faults/remote/remote.c $(filter-out tests/faults/interpose.c,$(wildcard tests/faults/*.c)) $(unit_fault_tests:%=tests/unit/%.c),$(fault_cflags))
$(call archive,$(fault_harness),$(wildcard tests/faults/*.c))
$(out)/faults/symbols: $(call object,tests/faults/interpose.c)
	@mkdir -p $(@D)
	@nm --defined-only $< | awk '$$2 == "T" && sub(/^faulty_/, "", $$3) { print $$3, "faulty_" $$3 }' >$@
$(fault_archives): $(out)/faults/%: $(out)/% $(out)/faults/symbols
	@echo "  OBJCOPY $@"
	@objcopy --redefine-syms=$(out)/faults/symbols $< $@
$(out)/faults/checked: $(src_archive) $(kms_archive) $(out)/faults/symbols tests/faults/check-calls tests/faults/calls.list
	@tests/faults/check-calls $(out)/faults/symbols $(src_archive) $(kms_archive)
	@touch $@
$(foreach t,$(unit_fault_tests),$(call program,$(out)/tests/$(t),tests/unit/$(t).c,$(unit_helper_archive) $(device_double_archive) $(fault_harness) $(fault_archives) $(fault_harness) $(double_archive) $(fake_archive),$(kms_extra_libs) $(src_extra_libs) $(glib_libs)))
$(addprefix $(out)/tests/,$(unit_fault_tests)) $(out)/faults/scanoutd: | $(out)/faults/checked
# And a daemon whose calls fail when a test in the lab says so.
$(call program,$(out)/faults/scanoutd,src/main.c,$(call object,tests/faults/remote/remote.c tests/faults/interpose.c) $(fault_archives),$(daemon_libs))

# And one that stands for another release: it takes no guest's state of this one, nor this one of it. Its object comes before the
# archive that has the same.
other_state := $(out)/obj/version/state.o
$(other_state): src/scene/state.c $(out)/flags
	@mkdir -p $(@D)
	@echo "  CC      $< (version)"
	@$(CC) $(src_cflags) $(all_cflags) -DSTATE_VERSION=1000u -MMD -MP -c -o $@ $<
objects += $(other_state)
$(out)/version/scanoutd: $(call object,src/main.c) $(other_state) $(src_archive) $(kms_archive)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(all_cflags) $(all_ldflags) -o $@ $^ $(daemon_libs)

$(call compile,$(unit_screenshot_tests:%=tests/unit/%.c),-Isrc/tools/scanout-screenshot $(screenshot_cflags))
$(foreach t,$(unit_screenshot_tests),$(call program,$(out)/tests/$(t),tests/unit/$(t).c $(filter-out %/main.c,$(screenshot_sources)),,$(drm_libs) $(png_libs) $(glib_libs) -lm))
$(call compile,$(wildcard tests/backend/*.c),$(backend_cflags))
$(call program,$(out)/tests/scripted-backend,$(wildcard tests/backend/*.c),,$(png_libs) $(glib_libs) -lm)
# It runs it.
$(out)/tests/test-scripted-backend: | $(out)/tests/scripted-backend
$(call compile,$(foreach t,$(lab_programs),$(call sources_of,tests/lab/$(t))),$(lab_cflags))
$(foreach t,$(lab_programs),$(call program,$(out)/lab/$(t),$(call sources_of,tests/lab/$(t)),,$(drm_libs) $(png_libs) $(glib_libs) $(evdev_libs) -lm))
# Programs that the tests in tests/kms run in the lab. Those named kms-* are of kms/ itself, and share common.
kms_common_archive := $(out)/libkmscommon.a
$(call compile,$(wildcard tests/kms/common/*.c) $(foreach t,$(kms_test_programs),$(call sources_of,tests/kms/$(t))),$(lab_cflags))
$(call archive,$(kms_common_archive),$(wildcard tests/kms/common/*.c))
$(foreach t,$(kms_test_programs),$(call program,$(out)/kms/$(t),$(call sources_of,tests/kms/$(t)),$(if $(filter kms-%,$(t)),$(kms_common_archive) $(kms_archive)),$(drm_libs) $(if $(filter kms-%,$(t)),$(kms_extra_libs)) $(png_libs) $(glib_libs) -lm))
$(call compile,$(foreach t,$(guest_programs),$(call sources_of,tests/guest/$(t))),$(guest_cflags),$$(plain_cflags))
$(foreach t,$(guest_programs),$(call program,$(out)/guest/$(t),$(call sources_of,tests/guest/$(t)),,$(drm_libs) -lm,$$(plain_cflags) $$(LDFLAGS) -static))

# The relay between real programs: as unit tests are linked, but what they need is a VMM and a back-end.
$(call compile,$(foreach t,$(relay_programs),$(call sources_of,tests/relay/$(t))),$(unit_cflags))
$(foreach t,$(relay_programs),$(call program,$(out)/relay/$(t),$(call sources_of,tests/relay/$(t)),$(src_archive),$(src_extra_libs) $(glib_libs)))

# What the tests of input run on the host's side.
$(call compile,$(foreach t,$(input_programs),$(call sources_of,tests/input/$(t))),$(unit_cflags))
$(foreach t,$(input_programs),$(call program,$(out)/input/$(t),$(call sources_of,tests/input/$(t)),$(src_archive),$(src_extra_libs) $(glib_libs)))

# Peers that mean harm: they know the protocols, and nothing of the daemon.
$(call compile,$(foreach t,$(hostile_programs),$(call sources_of,tests/hostile/$(t))),-Iinclude $(glib_cflags))
$(foreach t,$(hostile_programs),$(call program,$(out)/hostile/$(t),$(call sources_of,tests/hostile/$(t)),,$(glib_libs)))

# Libraries that the tests in tests/daemon preload into the daemon.
$(call compile,$(wildcard tests/daemon/*.c),$(drm_cflags),$$(plain_cflags) -fPIC)
$(foreach l,$(daemon_test_libraries),$(call program,$(l),$(l:$(out)/%.so=tests/%.c),,-ldl,$$(plain_cflags) -shared $$(LDFLAGS)))

$(call compile,$(wildcard tests/bench/meter/*.c),$(drm_cflags),$$(plain_cflags) -fPIC)
$(call program,$(out)/bench/meter.so,$(wildcard tests/bench/meter/*.c),,-ldl,$$(plain_cflags) -shared $$(LDFLAGS))

# Benches named native-* run on the double, the others on the kernel.
native_benches := $(filter native-%,$(bench_programs))
bench_common_archive := $(out)/libbench.a
$(call compile,$(wildcard tests/bench/common/*.c) $(foreach t,$(bench_programs),$(call sources_of,tests/bench/$(t))),$(bench_cflags))
$(call archive,$(bench_common_archive),$(wildcard tests/bench/common/*.c))
$(foreach t,$(filter-out $(native_benches),$(bench_programs)),$(call program,$(out)/bench/$(t),$(call sources_of,tests/bench/$(t)),$(bench_common_archive) $(src_archive) $(kms_archive),$(daemon_libs)))
$(foreach t,$(native_benches),$(call program,$(out)/bench/$(t),$(call sources_of,tests/bench/$(t)),$(bench_common_archive) $(src_archive) $(kms_archive) $(double_archive),$(kms_extra_libs) $(src_extra_libs) $(glib_libs)))
# What a mode set alone takes: with the libraries that the daemon's uses come down to, and with libdrm alone.
$(call compile,tests/bench/modeset/modeset.c,$(drm_cflags))
$(call program,$(out)/bench/modeset,tests/bench/modeset/modeset.c,,-Wl$(comma)--no-as-needed $(daemon_libs))
$(call program,$(out)/bench/modeset-drm,tests/bench/modeset/modeset.c,,$(drm_libs))

# Fuzz targets, which only clang makes (`make fuzz`): the product's own objects, instrumented. kms-* are of kms/, over the
# double of libdrm; all others are of src/, over what stands in kms/'s place.
ifdef FUZZING
fuzz_targets := $(filter-out common record,$(call programs_in,tests/fuzz))
fuzz_kms_targets := $(filter kms-%,$(fuzz_targets))
fuzz_src_targets := $(filter-out kms-%,$(fuzz_targets))
fuzz_common_archive := $(out)/libfuzz.a
fuzz_sources = $(foreach t,$(1),$(call sources_of,tests/fuzz/$(t)))
# Calls of the product's objects that tests/fuzz/common answers: those that can fail, and the clock.
fuzz_faults := recvmsg sendmsg send ioctl setsockopt fcntl64 fstat64 mmap64 epoll_create1 epoll_ctl socketpair socket accept4 \
	memfd_create ftruncate64 preadv64v2 syscall g_thread_try_new spare_fds
fuzz_clock := g_timeout_add g_get_monotonic_time g_source_get_time
fuzz_wraps_dbus := $(fuzz_clock) $(addprefix dbus_gate_,create release guid end) \
	$(addprefix g_dbus_connection_,new_sync add_filter is_closed close signal_subscribe signal_unsubscribe call call_finish)
fuzz_wraps_dbus-gate := $(fuzz_faults) $(fuzz_clock) g_dbus_address_get_stream g_dbus_address_get_stream_finish
fuzz_wraps_display := $(fuzz_faults)
fuzz_wraps_input-device := $(fuzz_faults) $(fuzz_clock)
fuzz_wraps_relay := $(fuzz_faults) $(fuzz_clock)
fuzz_wraps_state := $(fuzz_faults)
# What has no archive: the parts of a tool.
fuzz_parts_qemu-line := $(filter-out %/main.c,$(wildcard src/tools/scanout-run/*.c))
$(call compile,$(wildcard tests/fuzz/common/*.c) $(call fuzz_sources,$(fuzz_src_targets)),-Itests/fuzz/common $(unit_cflags))
$(call compile,$(call fuzz_sources,$(fuzz_kms_targets)),-Itests/fuzz/common $(unit_kms_cflags))
$(call archive,$(fuzz_common_archive),$(wildcard tests/fuzz/common/*.c))
$(foreach t,$(fuzz_src_targets),$(call program,$(out)/fuzz/$(t),$(call fuzz_sources,$(t)) $(fuzz_parts_$(t)),$(fuzz_common_archive) $(unit_helper_archive) $(src_archive) $(fake_archive),-fsanitize=fuzzer $(addprefix -Wl$(comma)--wrap=,$(fuzz_wraps_$(t))) $(src_extra_libs) $(glib_libs)))
$(foreach t,$(fuzz_kms_targets),$(call program,$(out)/fuzz/$(t),$(call fuzz_sources,$(t)),$(fuzz_common_archive) $(unit_helper_archive) $(double_archive) $(kms_archive),-fsanitize=fuzzer $(double_archive) $(kms_extra_libs) $(glib_libs)))
.PHONY: fuzz-targets fuzz-tidy
fuzz-targets: $(addprefix $(out)/fuzz/,$(fuzz_targets))
fuzz-tidy: $(filter $(out)/tidy/tests/fuzz/%,$(tidy_marks))
endif

# Objects are rebuilt when compiler or flags change: the file's content is what they were built with.
.PHONY: force
$(out)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(all_cflags) $(all_ldflags) $(src_cflags) $(kms_cflags))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(CC) $(all_cflags) $(all_ldflags) $(src_cflags) $(kms_cflags))' > $@

-include $(objects:.o=.d)

# -------------------------------------------------------------------------------------------------------------- install

image_page := config/man/scanout-image.8
man_pages := $(filter-out $(image_page),$(wildcard config/man/*.[1-8]))
units := $(wildcard $(addprefix config/systemd/*.,service socket path target))
guides := $(wildcard config/doc/deployment.md)
examples := $(wildcard config/*.conf config/systemd/*.conf config/sysctl.d/*.conf)
udev_rules := $(wildcard config/udev/*.rules)
sysusers := $(wildcard config/sysusers.d/*.conf)
tmpfiles := $(wildcard config/tmpfiles.d/*.conf)
buses := $(wildcard config/dbus/*.conf)
descriptions := $(wildcard config/vhost-user/*.json)
# Debian's packages have a folder of their own for it.
ZSH_FUNCTIONS ?= $(PREFIX)/share/zsh/site-functions

# The shells' completions, by the names that the shells look for.
completed := $(if $(wildcard src/main.c),scanoutd) $(tools)
bash_completions := $(completed:%=$(out)/completions/%)
zsh_completions := $(completed:%=$(out)/completions/_%)
fish_completions := $(completed:%=$(out)/completions/%.fish)
complete = @mkdir -p $(@D) && echo "  GEN     $@" && config/completions/generate $(1) $< >$@
$(bash_completions): $(out)/completions/%: $(out)/% config/completions/generate
	$(call complete,bash)
$(zsh_completions): $(out)/completions/_%: $(out)/% config/completions/generate
	$(call complete,zsh)
$(fish_completions): $(out)/completions/%.fish: $(out)/% config/completions/generate
	$(call complete,fish)

.PHONY: completions install
completions: $(bash_completions) $(zsh_completions) $(fish_completions)

install: programs completions
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	$(if $(wildcard src/main.c),install -m 755 $(out)/scanoutd $(DESTDIR)$(PREFIX)/sbin/)
	$(if $(tools),install -m 755 $(addprefix $(out)/,$(tools)) $(DESTDIR)$(PREFIX)/bin/)
	$(foreach page,$(man_pages),install -D -m 644 $(page) \
		$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)) &&) true
	$(foreach file,$(examples),install -D -m 644 $(file) \
		$(DESTDIR)$(PREFIX)/share/doc/scanoutd/examples/$(notdir $(file)) &&) true
	$(foreach file,$(guides),install -D -m 644 $(file) $(DESTDIR)$(PREFIX)/share/doc/scanoutd/$(notdir $(file)) &&) true
	$(foreach unit,$(units),install -D -m 644 $(unit) \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/$(notdir $(unit)) &&) true
	install -D -m 755 config/systemd/restart-delay $(DESTDIR)$(PREFIX)/share/scanoutd/restart-delay
	sed -i 's,\([= ]\)/usr/share/scanoutd/,\1$(PREFIX)/share/scanoutd/,' \
		$(addprefix $(DESTDIR)$(PREFIX)/lib/systemd/system/,$(notdir $(filter %.service,$(units))))
	$(foreach file,$(buses),install -D -m 644 $(file) \
		$(DESTDIR)$(PREFIX)/share/scanoutd/$(notdir $(file)) &&) true
	$(foreach file,$(descriptions),install -D -m 644 $(file) \
		$(DESTDIR)$(PREFIX)/share/qemu/vhost-user/$(notdir $(file)) &&) true
	sed -i 's,"/usr/bin/,"$(PREFIX)/bin/,' $(addprefix $(DESTDIR)$(PREFIX)/share/qemu/vhost-user/,$(notdir $(descriptions)))
	$(foreach file,$(udev_rules),install -D -m 644 $(file) \
		$(DESTDIR)$(PREFIX)/lib/udev/rules.d/$(notdir $(file)) &&) true
	$(foreach file,$(sysusers) $(tmpfiles),install -D -m 644 $(file) \
		$(DESTDIR)$(PREFIX)/lib/$(patsubst config/%,%,$(file)) &&) true
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions fish/vendor_completions.d) \
		$(DESTDIR)$(ZSH_FUNCTIONS)
	install -m 644 $(bash_completions) $(DESTDIR)$(PREFIX)/share/bash-completion/completions/
	install -m 644 $(zsh_completions) $(DESTDIR)$(ZSH_FUNCTIONS)/
	install -m 644 $(fish_completions) $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/

# What scanout-image needs to build an image from what is installed: parts of the tree, laid out as there, and in lib/ what is
# built of them.
image_share = $(DESTDIR)$(PREFIX)/share/scanout-image
image_parts = $(filter-out %/README.md %/scanout-image %.c,$(shell find initramfs -type f)) \
	$(sysusers) $(tmpfiles) $(udev_rules) $(wildcard config/systemd/*) tests/deps tests/lab/debian-kernel tests/lab/fetch-package
.PHONY: install-image
install-image: programs
	install -D -m 755 initramfs/scanout-image $(DESTDIR)$(PREFIX)/bin/scanout-image
	install -D -m 644 $(image_page) $(DESTDIR)$(PREFIX)/share/man/man8/scanout-image.8
	$(foreach part,$(image_parts),mkdir -p $(image_share)/$(dir $(part)) && cp $(part) $(image_share)/$(part) &&) true
	install -d $(DESTDIR)$(PREFIX)/lib/scanout-image
	ln -sfn ../../sbin/scanoutd $(DESTDIR)$(PREFIX)/lib/scanout-image/scanoutd
	$(foreach program,$(filter $(out)/initramfs/%,$(programs)),install -D -m 755 $(program) \
		$(DESTDIR)$(PREFIX)/lib/scanout-image/$(program:$(out)/%=%) &&) true

# Debian packages of this tree, in $(out)/deb. tests/deps sees to what they need; their packaging is looked for at the top of
# a source tree, where ours has no place for it.
.PHONY: deb
deb:
	@tests/deps build deb
	@rm -rf '$(out)/deb' && mkdir -p '$(out)/deb/scanoutd'
	@cp -R Makefile include kms src config initramfs config/debian '$(out)/deb/scanoutd/'
	@mkdir -p '$(out)/deb/scanoutd/tests/lab' && cp tests/deps '$(out)/deb/scanoutd/tests/'
	@cp tests/lab/debian-kernel tests/lab/fetch-package '$(out)/deb/scanoutd/tests/lab/'
	@cd '$(out)/deb/scanoutd' && $(clean_environment) dpkg-buildpackage --build=binary --no-sign --no-check-builddeps
	@ls $(out)/deb/*.deb

# ---------------------------------------------------------------------------------------------------------------- tests

# Tests and the kernel's build get none of this make's flags and variables.
clean_environment = env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL
run = $(clean_environment) BUILD='$(abspath $(out))' $(if $(SANITIZE),SANITIZE=1)
again = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
kernel = $(run) tests/lab/build-kernel

.PHONY: bench check check-filter check-unit check-release soak lint tidy demo demo-programs
check-unit: $(addprefix $(out)/tests/,$(unit_tests))
	@$(run) tests/run-tests unit

check:
	@tests/deps build run demo lab test image clang
	@$(kernel)
	@$(again) all
	@$(if $(filter fuzz%,$(or $(TESTS),fuzz)),$(again) fuzz-build)
	@$(run) tests/run-tests $(TESTS)

# KILLS: how often the daemon dies; SEED: of what is drawn.
soak:
	@tests/deps build run demo lab test
	@$(kernel)
	@$(again) all
	@KILLS='$(or $(KILLS),1000)' SEED='$(or $(SEED),$(shell date +%s))' $(run) tests/run-tests daemon/test-soak
	@cat '$(out)/logs/daemon-test-soak.log'

# All tests of the daemon in the lab, with a daemon under its unit's filter of system calls; `check` has some of them.
check-filter:
	@tests/deps build run demo lab test clang
	@$(kernel)
	@$(again) all
	@FILTERED=all $(run) tests/run-tests daemon/test-filter

# The root of the other release has no kernel of its own: it finds this one in the cache.
check-release:
	@tests/deps build demo lab release
	@$(kernel)
	@$(run) tests/check-release '$(RELEASE)' $(TESTS)

lint:
	@tests/deps build demo lint clang
	@$(run) CC='$(CC)' CFLAGS='$(CFLAGS)' tests/lint $(CHECKS)

tidy: $(tidy_marks)

demo:
	@tests/deps build run demo $(filter lab,$(DEMO))
	@$(again) demo-programs
	@$(run) DEMO='$(DEMO)' tests/guest/demo

demo-programs: $(out)/scanoutd $(out)/scanout-screenshot $(addprefix $(out)/lab/,hands picture) \
	$(addprefix $(out)/guest/,$(guest_programs))

# GUEST: its manifest, by default initramfs/guest.conf.
.PHONY: image disk image-check
image:
	@tests/deps build run demo image
	@$(again) $(out)/scanoutd $(addprefix $(out)/initramfs/,$(image_programs))
	@$(run) initramfs/build-image $(if $(GUEST),--guest '$(GUEST)')

disk: image
	@$(run) initramfs/build-disk

# All tests of the image, also those that `check` leaves out.
image-check:
	@tests/deps build run demo test image
	@$(again) $(out)/scanoutd $(addprefix $(out)/initramfs/,$(image_programs))
	@$(run) tests/run-tests image/test-manifest image/test-disk image/test-image image/test-examples image/test-boot \
		image/test-splash image/test-update

# The firmware's card, and the driver that takes its place.
.PHONY: simpledrm-check
simpledrm-check:
	@tests/deps build run demo lab test
	@$(again) $(out)/scanoutd $(out)/scanout-screenshot $(addprefix $(out)/lab/,picture terminal) \
		$(out)/tests/scripted-backend
	@$(run) tests/run-tests driver/test-simpledrm

# BENCHES="--quick copies": options and groups of tests/bench/run.
bench:
	@tests/deps build run demo lab test
	@$(kernel)
	@$(again) all
	@$(run) tests/bench/run $(BENCHES)

# ASan, UBSan and a profile are in a fuzz target; MANY=1 leaves out all but the checks of UBSan.
.PHONY: fuzz-build fuzz
fuzz-build:
	@$(again) CC=clang FUZZING='$(if $(MANY),-many,1)' SANITIZE= BUILD='$(out)' fuzz-targets

# FUZZ: one target of tests/fuzz; TIME: seconds.
FUZZ ?= relay
TIME ?= 60
fuzz: deps fuzz-build
	@BUILD='$(abspath $(out))-fuzz$(if $(MANY),-many)' tests/fuzz/run $(if $(MANY),--many) '$(FUZZ)' '$(TIME)'

.PHONY: deps lab clean help
deps:
	@tests/deps $(FOR)

lab:
	@tests/deps build demo lab
	@$(kernel)

clean:
	rm -rf -- '$(out)'

help:
	@echo 'all (default)    build the daemon, its tools and its tests into $(BUILD)/'
	@echo 'install          install programs, man pages, completions, examples, units, udev rules, groups and folders (DESTDIR, PREFIX)'
	@echo 'install-image    install scanout-image, which does what image and disk do, from what is installed'
	@echo 'deb              build Debian packages into $(BUILD)/deb/'
	@echo 'deps             install the packages that are missing (FOR="build run": of these sections only)'
	@echo 'lab              build the lab kernel, once (kept in the user cache)'
	@echo 'check            all tests (TESTS="unit guest/test-reboot": these only)'
	@echo 'check-unit       the quick ones'
	@echo 'check-filter     all tests of the daemon under the filter of system calls of its unit; for many minutes'
	@echo 'check-release    the demo, all tests and our packages in a root of the other Debian release (RELEASE=trixie|bookworm|bookworm-i386, TESTS=demo|package)'
	@echo 'soak             kill the daemon a thousand times under load, and look whether anything is seen of it (KILLS=1000, SEED=1)'
	@echo 'lint             formatting, static analysis, the rules of the house (CHECKS="shell rooms": these only)'
	@echo 'demo             the main job, to be looked at: a guest on the screen, with screenshots (DEMO=card|lab|vm: there)'
	@echo 'bench            what a frame costs, as a table and $(BUILD)/bench.json (BENCHES="--quick copies": less of it)'
	@echo 'image            a kernel image that boots into a guest: $(BUILD)/image/scanout.efi (GUEST=FILE: its manifest, see initramfs/README.md)'
	@echo 'disk             the image on a disk: $(BUILD)/image/disk.img, to be written to a whole one'
	@echo 'image-check      all tests of the image, which is booted, too: an emulator in an emulator, for some minutes where there is no KVM'
	@echo 'simpledrm-check  the firmware'"'"'s card (simpledrm), and the driver that takes its place; downloads 150 MB the first time'
	@echo 'fuzz             feed one part with anything (FUZZ=relay, a target of tests/fuzz; TIME=60, seconds; MANY=1: fast), and say what it reached'
	@echo 'clean            remove the build folder'
	@echo 'Variables: BUILD, CC, CFLAGS, LDFLAGS, WERROR, SANITIZE=1 (ASan, UBSan), DESTDIR, PREFIX'
