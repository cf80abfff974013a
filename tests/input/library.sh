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

# recorder_boot NAME DEVICE…: a guest with these virtual devices, and a monitor for qmp. Its interrupts have threads, so that
# they cannot keep the recorder, whose priority is higher, from reading what they bring.
recorder_boot() {
	local name=$1
	shift
	input_devices "$name" "$@"
	rm -f "$run/$name-monitor.in" "$run/$name-monitor.out"
	mkfifo "$run/$name-monitor.in" "$run/$name-monitor.out"
	backend_start "$name"
	vmm_start "$name" 1 "${input_options[@]}" -chardev "pipe,id=monitor,path=$run/$name-monitor" \
		-mon chardev=monitor,mode=control -kernel "$BUILD/guest/vmlinuz" -initrd "$BUILD/guest/initramfs" \
		-append "console=tty0 console=ttyS0 no_timer_check loglevel=4 threadirqs preempt=full recorder"
	eval "exec {monitor_${name}_in}<>\"$run/$name-monitor.in\" {monitor_${name}_out}<>\"$run/$name-monitor.out\""
}

# The same, until it is there; what it says of its devices is in $out/NAME-devices.
recorder_start() {
	recorder_boot "$@"
	recorder_ready "$1"
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

# recorder_line NAME WANTED: the next line of the recorder, in $line, without what the guest's kernel repeats of held keys.
repeats='^[^ ]+ (1 [0-9]+ 2|0 0 1)$'
recorder_line() {
	local fd="control_$1_out"
	while true; do
		read -r -t "$patience" -u "${!fd}" line || bail_out "guest $1 says nothing, instead of: $2"
		[[ $line =~ $repeats ]] || return 0
	done
}

# recorded NAME LINE…: these are the next lines of the recorder, and no others.
recorded() {
	local name=$1 line expected
	shift
	for expected in "$@"; do
		recorder_line "$name" "$expected"
		echo "$line"
		[ "$line" = "$expected" ] || return 1
	done
}

# The same, where what devices give at the same time has no order.
recorded_in_any_order() {
	local name=$1 line count
	shift
	printf '%s\n' "$@" >"$out/wanted"
	for ((count = 0; count < $#; count++)); do
		recorder_line "$name" "$*"
		echo "$line"
	done >"$out/seen"
	diff <(sort "$out/wanted") <(sort "$out/seen")
}

# asked NAME COMMAND…: the recorder's answer without its "ok", in $answer.
asked() {
	local name=$1 line
	tell "$@"
	recorder_line "$name" "an answer"
	[ "${line%% *}" = ok ] || bail_out "guest $name says: $line"
	answer=${line#ok}
	answer=${answer# }
}

# qmp NAME COMMAND: the guest's VMM has done that.
qmp() {
	local name=$1 command line='' in="monitor_$1_in" from="monitor_$1_out"
	# The first of these opens the monitor, and may come again.
	for command in qmp_capabilities "$2"; do
		echo "{\"execute\": \"$command\"}" >&"${!in}"
		line=''
		until [[ $line == '{"return"'* ]] || [[ $command == qmp_* && $line == '{"error"'* ]]; do
			read -r -t "$patience" -u "${!from}" line || bail_out "guest $name's VMM does not $command"
		done
	done
}

# kept NAME: what the recorder's "keep" has gathered, in $out/NAME-kept.
kept() {
	local line='' from="control_$1_out"
	: >"$out/$1-kept"
	while true; do
		read -r -t "$patience" -u "${!from}" line ||
			bail_out "the guest tells no more than: $(tail -n 3 "$out/$1-kept" | tr '\n' ';')"
		[ "$line" != ok ] || return 0
		[ "${line%% *}" != error ] || bail_out "the guest says: $line"
		echo "$line" >>"$out/$1-kept"
	done
}

# Nothing has come since: a key of the host's keyboard is the next thing that is heard, in order with all that went before.
nothing_else() {
	hands send keyboard KEY_F12 1
	hands send keyboard KEY_F12 0
	recorded "$1" "scanoutd_keyboard 1 88 1" "scanoutd_keyboard 0 0 0" \
		"scanoutd_keyboard 1 88 0" "scanoutd_keyboard 0 0 0"
}
