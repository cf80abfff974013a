# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of this folder share: the real QEMU, the real back-end and a real Linux guest (initramfs) in front of
# the daemon, in the lab. A command to the guest is answered by the guest, so nothing here sleeps either.
# shellcheck source-path=SCRIPTDIR source=../lab/library.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/library.sh"

qemu=${QEMU:-qemu-system-x86_64}

# What the lab shall not spend time on. Who boots no Linux has said linux_guest=no.
[ -n "${LAB_TEST:-}" ] || [ "${linux_guest:-}" = no ] || "$top/tests/guest/initramfs" "$BUILD/guest" || exit 1

# What a back-end is started with besides its socket, and what a Linux guest boots. A test may set them.
backend_options=()
guest_initramfs=$BUILD/guest/initramfs

backend_start() {
	rm -f "$run/$1.backend"
	"${VHOST_USER_GPU:-/usr/lib/qemu/vhost-user-gpu}" --socket-path="$run/$1.backend" \
		${backend_options[@]+"${backend_options[@]}"} >>"$out/$1-backend.log" 2>&1 &
	pid[$1-backend]=$!
}

# vmm_start NAME OUTPUTS [options of QEMU]: with -kernel, the Linux guest with its painter, else what the options say.
vmm_start() {
	local name=$1 outputs=$2
	shift 2
	rm -f "$run/$name.in" "$run/$name.out"
	mkfifo "$run/$name.in" "$run/$name.out"
	"$qemu" -accel tcg -machine q35,memory-backend=mem -m 256 \
		-object memory-backend-memfd,id=mem,size=256M,share=on \
		-nodefaults -vga none -display none -no-user-config \
		-chardev "socket,id=vg,path=$run/$name.vmm" \
		-device "vhost-user-gpu-pci,chardev=vg,max_outputs=$outputs" \
		-chardev "file,id=log,path=$out/$name-console.log,append=on" -serial chardev:log \
		-chardev "pipe,id=control,path=$run/$name" -serial chardev:control \
		"$@" >>"$out/$name-vmm.log" 2>&1 &
	pid[$name-vmm]=$!
	# QEMU opens both for reading and writing, so neither end blocks here.
	eval "exec {control_${name}_in}<>\"$run/$name.in\" {control_${name}_out}<>\"$run/$name.out\""
}

# linux_start NAME OUTPUTS [noconsole|"" [options of QEMU]]: returns when its painter is ready. With several outputs, without
# a console in any case (see initramfs).
linux_start() {
	local name=$1 outputs=$2 console=${3:-}
	[ "$outputs" -eq 1 ] || console=noconsole
	shift $(($# < 3 ? $# : 3))
	backend_start "$name"
	vmm_start "$name" "$outputs" -kernel "$BUILD/guest/vmlinuz" -initrd "$guest_initramfs" \
		-append "console=tty0 console=ttyS0 no_timer_check loglevel=4 $console" "$@"
	guest_ready "$name"
}

# bus_start NAME: a bus for one guest's QEMU, at the address in $bus.
bus_start() {
	local ready line=''
	bus=unix:path=$run/$1.bus
	rm -f "$run/$1.bus.ready"
	mkfifo "$run/$1.bus.ready"
	exec {ready}<>"$run/$1.bus.ready"
	dbus-daemon --session --nofork --nosyslog --address="$bus" --print-address=3 3>"$run/$1.bus.ready" \
		2>>"$out/$1-bus.log" &
	pid[$1-bus]=$!
	read -r -t "$patience" -u "$ready" line || bail_out "there is no bus: $line"
	exec {ready}<&-
}

guest_ready() {
	local line='' fd="control_$1_out"
	until [ "$line" = ready ]; do
		read -r -t "$patience" -u "${!fd}" line || bail_out "guest $1 did not come up"
	done
}

# tell NAME COMMAND…: without waiting; hear NAME: the painter's answer without its "ok", in $answer.
tell() {
	local in="control_$1_in"
	shift
	echo "$*" >&"${!in}"
}

hear() {
	local line='' from="control_$1_out"
	read -r -t "$patience" -u "${!from}" line || bail_out "guest $1 does not answer"
	[ "${line%% *}" = ok ] || bail_out "guest $1 says: $line"
	answer=${line#ok}
	answer=${answer# }
}

ask() {
	tell "$@"
	hear "$1"
}

# Each DMABUF_UPDATE has one answer. QEMU may have ended, and its back-end, in front of the last flip of a guest that has
# switched itself off.
each_answered() {
	counter '[.guests[] | {frames, unanswered: .frames_unanswered, answers: ([.replies[]] | add)}]'
	counter '.guests | all((.frames == ([.replies[]] | add) + .frames_unanswered) and .frames_unanswered <= 1)' |
		grep -qx true
}

# flips FIRST LAST: guest one, which shows picture FIRST - 1 in 1024x768 on Virtual-1, flips to these pictures, while the
# camera notes what is on the glass at each vblank. It was those and no other, in this order, each once.
#
# A flip waits until the camera had a steady look at the one before: a guest that is left alone does not wait for an
# answer longer than 50 ms, and on a slow machine draws into what is on the glass.
flips() {
	local line='' from seed wanted
	rm -f "$run/watch"
	mkfifo "$run/watch"
	"$camera" --connector Virtual-1 --watch $((patience * 2)) >"$run/watch" &
	pid[watch]=$!
	# A line for each change only: bash takes longer than a vblank to read one.
	exec {from}< <(grep --line-buffered -o 'checksum=[0-9a-f]* stable=yes' <"$run/watch" | stdbuf -oL uniq)
	: >"$out/wanted"
	for ((seed = $1 - 1; seed <= $2; seed++)); do
		expected frame 1024 768 pattern "$seed" 1024 768 0 0
		wanted="checksum=$("$camera" --checksum-of "$out/frame-expected.png") stable=yes"
		echo "$wanted" >>"$out/wanted"
		[ "$seed" -lt "$1" ] || ask one flip "$seed"
		until [ "$line" = "$wanted" ]; do
			read -r -t "$patience" -u "$from" line || return 1
			echo "$line"
		done
	done >"$out/seen"
	kill -TERM "${pid[watch]}"
	process_wait watch
	cat <&"$from" >>"$out/seen"
	exec {from}<&-
	diff "$out/wanted" "$out/seen"
}
