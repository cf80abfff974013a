# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of this folder share: the host's devices by uinput, the daemon, the real QEMU and a real Linux guest that
# records what its input devices give (tests/guest/recorder.c), in the lab.
# shellcheck source-path=SCRIPTDIR source=../guest/library.sh
. "$(dirname "${BASH_SOURCE[0]}")/../guest/library.sh"

# input_devices NAME DEVICE…: QEMU's options for them, in ${input_options[@]}.
input_devices() {
	local name=$1 device
	shift
	input_options=()
	for device in "$@"; do
		input_options+=(-chardev "socket,id=$device,path=$run/$name-$device.sock"
			-device "vhost-user-input-pci,chardev=$device")
	done
}

# recorder_start NAME DEVICE…: a guest with these virtual devices; what it says of them is in $out/NAME-devices.
recorder_start() {
	local name=$1 line=''
	shift
	input_devices "$name" "$@"
	backend_start "$name"
	vmm_start "$name" 1 "${input_options[@]}" -kernel "$BUILD/guest/vmlinuz" -initrd "$BUILD/guest/initramfs" \
		-append "console=tty0 console=ttyS0 no_timer_check loglevel=4 recorder"
	recorder_ready "$name"
}

# Until the recorder has said what devices there are.
recorder_ready() {
	local line='' fd="control_$1_out"
	: >"$out/$1-devices"
	until [ "$line" = ready ]; do
		read -r -t "$patience" -u "${!fd}" line || bail_out "guest $1 did not come up"
		echo "$line" >>"$out/$1-devices"
	done
}

# What the daemon, the back-end and the VMM of guest NAME need: sockets in $run, named after it.
guest_section() {
	printf '[guest %s]\nvmm-socket=%s/%s.vmm\nbackend-socket=%s/%s.backend\ninput-prefix=%s/%s\n' \
		"$1" "$run" "$1" "$run" "$1" "$run" "$1"
}

# recorded NAME LINE…: these are the next lines of the recorder, and no others.
recorded() {
	local fd="control_$1_out" line expected
	shift
	for expected in "$@"; do
		read -r -t "$patience" -u "${!fd}" line || bail_out "the guest heard nothing, instead of: $expected"
		echo "$line"
		[ "$line" = "$expected" ] || return 1
	done
}

# Nothing has come since: a key of the host's keyboard is the next thing that is heard, in order with all that went before.
nothing_else() {
	hands send keyboard KEY_F12 1
	hands send keyboard KEY_F12 0
	recorded "$1" "scanoutd_keyboard 1 88 1" "scanoutd_keyboard 0 0 0" \
		"scanoutd_keyboard 1 88 0" "scanoutd_keyboard 0 0 0"
}
