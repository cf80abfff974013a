#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The dracut module of the image: what it has beside systemd and udev. Called by dracut, which is started by build-image
# with these variables: scanout_stage, a folder that is laid out as the image (the daemon, its configuration, units, the
# guest); scanout_modules, the kernel modules; scanout_programs, what is taken from this system with its libraries;
# scanout_console, yes where there is a shell.

check() {
	return 255
}

depends() {
	echo systemd udev-rules
}

# shellcheck disable=SC2154 # set by build-image and by dracut
installkernel() {
	local module
	for module in $scanout_modules; do
		# Not every kernel has all of them, and some have them built in.
		hostonly='' instmods -s "$module"
	done
}

# What is loaded at run time, of which no `ldd` knows.
scanout_loaded() {
	local folder file
	# The devices' data of libinput.
	for file in /usr/share/libinput/*.quirks; do
		inst_simple "$file"
	done
	# QEMU's display devices are modules of its own.
	for folder in /usr/lib/x86_64-linux-gnu/qemu /usr/lib/qemu; do
		for file in "$folder"/hw-display-virtio-gpu.so "$folder"/hw-display-virtio-gpu-pci.so; do
			[ ! -e "$file" ] || inst "$file"
		done
	done
	# Letters of text cards.
	inst_libdir_file 'libfreetype.so.*'
	inst_simple /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
}

# shellcheck disable=SC2154
install() {
	local file
	# shellcheck disable=SC2086 # words
	inst_multiple $scanout_programs
	for file in /usr/share/seabios/bios-256k.bin /usr/share/qemu/kvmvapic.bin /usr/share/qemu/linuxboot_dma.bin; do
		inst_simple "$file"
	done
	inst_multiple -o /usr/lib/udev/rules.d/60-drm.rules /usr/lib/udev/rules.d/60-evdev.rules \
		/usr/lib/udev/rules.d/60-input-id.rules /usr/lib/udev/rules.d/60-persistent-input.rules \
		/usr/lib/udev/rules.d/70-mouse.rules /usr/lib/udev/rules.d/70-touchpad.rules \
		/usr/lib/udev/rules.d/80-libinput-device-groups.rules /usr/lib/udev/rules.d/90-libinput-fuzz-override.rules \
		/usr/lib/udev/libinput-device-group /usr/lib/udev/libinput-fuzz-extract /usr/lib/udev/libinput-fuzz-to-zero \
		/usr/lib/udev/hwdb.bin /usr/lib/systemd/system/systemd-tmpfiles-setup-dev-early.service \
		/usr/lib/systemd/systemd-executor /usr/lib/sysusers.d/basic.conf
	inst_simple /usr/lib/systemd/system/boot-complete.target
	scanout_loaded
	(cd "$scanout_stage" && find . -type f -o -type l) | sort | while read -r file; do
		file=${file#.}
		if [ -L "$scanout_stage$file" ]; then
			mkdir -p "$initdir${file%/*}"
			cp -d "$scanout_stage$file" "$initdir$file"
		else
			inst "$scanout_stage$file" "$file"
		fi
	done
}
