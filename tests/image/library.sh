# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of the image share: TAP, a folder of their own in which they stand, the program that builds it, and a guest and a
# machine that it runs on. Sourced by the tests here.
set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$top/build}
export BUILD PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
cd "$work" || exit 1
tap_log=$work/check.log
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. "$top/tests/tap.sh"

build_image() {
	"$top/initramfs/build-image" "$@"
}

# unpack IMAGE FOLDER: its sections into the folder, and what is in its initramfs into FOLDER/root.
unpack() {
	local section
	mkdir -p "$2/root"
	for section in osrel cmdline uname initrd linux; do
		objcopy -O binary --only-section=".$section" "$1" "$2/$section" || return
	done
	zstd -dqc "$2/initrd" | cpio --quiet -idm -D "$2/root"
}

# write_examples: the examples of initramfs/README.md, as example.1 and so on, with the files that they name.
write_examples() {
	printf 'a kernel' >vmlinuz
	printf 'its initramfs' >initrd.img
	sed -n 's/^    //p; t; s/.*/%/p' "$top/initramfs/README.md" | awk '
		$0 == "%" { open = 0; next }
		!open { open = 1; count++ }
		{ print >("example." count) }'
}

# need NAME COMMAND…: a check without which nothing that follows can be.
need() {
	local failed=$tests_failed
	check "$@"
	[ "$tests_failed" -eq "$failed" ] || { echo "Bail out! $1: no" && exit 1; }
}

# build_guest FILE: the guest of guest.S and guest.c, as a kernel.
build_guest() {
	local flags=(-m32 -march=i686 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none)
	gcc "${flags[@]}" -Os -Wall -Wextra -Werror -c -o guest-body.o "$top/tests/image/guest.c" &&
		gcc "${flags[@]}" -c -o guest-head.o "$top/tests/image/guest.S" &&
		ld -m elf_i386 -static -nostdlib --build-id=none --section-start=.setup=0x10000 -Ttext=0x100000 -e entry -o guest.elf \
			guest-head.o guest-body.o &&
		objcopy -O binary -j .setup guest.elf guest-setup &&
		objcopy -O binary -R .setup -R .note.GNU-stack guest.elf guest-rest && cat guest-setup guest-rest >"$1"
}

firmware=/usr/share/OVMF/OVMF_CODE_4M.fd
logs=$BUILD/logs/image/$(basename "$0")
# Seconds for all that is waited for, together.
patience=${PATIENCE:-5000}
# For the kernel of a machine that may be as slow as an emulator on a busy processor: nothing in it is given up for that.
patient="no_timer_check systemd.default_timeout_start_sec=infinity systemd.service_watchdogs=no systemd.journald.forward_to_console=1"
accelerator=
machine=
watcher=

# machine_boots DISK: as a machine would, by its firmware and from its only disk.
machine_boots() {
	cp /usr/share/OVMF/OVMF_VARS_4M.fd variables
	machine_start -drive "if=pflash,unit=0,format=raw,readonly=on,file=$firmware" \
		-drive if=pflash,unit=1,format=raw,file=variables -drive "if=virtio,format=raw,file=$1"
}

# machine_start [options of QEMU]: a machine whose first card ($card, or virtio-gpu-pci) and keyboard are a virtual one's, looked at by `watch`. Its serial port
# is logged in $logs. KVM where it works, else TCG; what is in it has QEMU's TCG in any case where nothing nests.
machine_start() {
	local line cpu=max
	[ -n "$accelerator" ] || accelerator=$("$top/tests/lab/accelerator") || return
	# Its emulator has SVM, by which a KVM in it would emulate once more.
	[ "$accelerator" = kvm ] || cpu+=,svm=off
	mkdir -p "$logs"
	rm -f orders qmp serial
	mkfifo orders
	exec {orders}<>orders
	exec {answers}< <(exec "$top/tests/image/watch" "$work" "$patience" "$logs/notes" <orders {orders}>&-)
	watcher=$!
	read -r -u "$answers" line && [ "$line" = ready ] || return
	qemu-system-x86_64 -nodefaults -no-user-config -display none -machine q35 -accel "$accelerator" -cpu "$cpu" -smp 2 -m 2G \
		"$@" -device "${card:-virtio-gpu-pci}" -device virtio-keyboard-pci -device virtio-tablet-pci \
		-chardev "socket,id=serial,path=$work/serial,logfile=$logs/serial.log" -serial chardev:serial \
		-qmp "unix:$work/qmp" >"$logs/qemu.log" 2>&1 {orders}>&- &
	machine=$!
}

# order VERB…: see `watch`. What the screen showed meanwhile is printed, and added to the file `pictures`.
order() {
	local line
	echo "$*" >&"$orders"
	while read -r -u "$answers" line; do
		[ "$line" != ok ] || return 0
		echo "$line" | tee -a pictures
	done
	echo "What its serial port said last:"
	tail -n 60 "$logs/serial.log"
	return 1
}

# machine_gone: QEMU has ended, and well.
machine_gone() {
	wait "$machine" || return
	machine=
}

machine_end() {
	[ -z "$watcher" ] || { kill -KILL "$watcher" && wait "$watcher"; } 2>/dev/null
	[ -z "$machine" ] || { kill -KILL "$machine" && wait "$machine"; } 2>/dev/null
	watcher='' machine=''
}
trap 'machine_end; rm -rf "$work"' EXIT
