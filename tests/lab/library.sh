# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the shell tests share that run with the real daemon, in the lab (tests/lab/run) on a vkms card or in the driver VM
# (tests/lab/driver-vm) on one of QEMU's: TAP, processes, pictures, counters. Sourced by tests of tests/daemon and, through
# their own libraries, of tests/guest and tests/driver.
#
# A test begins with `in_lab [options of tests/lab/run]` or `in_driver_vm [options of tests/lab/driver-vm]`, which starts it
# anew inside; what follows runs there.
# In the environment: LAB_LOGS, a folder in the place of $BUILD/logs, and LAB_FILTER, a list of system calls that the daemon
# is started under (tests/lab/filtered.c), whose record is in $out/refused.
# Nothing here sleeps: readiness comes on a pipe, a process's end is waited for, and pictures are awaited by the camera, vblank
# by vblank. Photographs and logs are left in $BUILD/logs/ROOM/TEST/.
set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
test_program=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
BUILD=${BUILD:-$top/build}
out=${LAB_LOGS:-$BUILD/logs}/$(basename "$(dirname "$test_program")")/$(basename "$0")
camera=$BUILD/scanout-screenshot
# A guest's answer, or a picture, must be there by then; TCG inside UML is slow on a busy machine.
patience=${PATIENCE:-240}

# in_lab, in_driver_vm [options of run, driver-vm]: goes on in there, with an empty $run for sockets and files.
in_lab() {
	if [ -n "${LAB_TEST:-}" ]; then
		mkdir -p "$run"
		return
	fi
	rm -rf "$out"
	mkdir -p "$out"
	[ -z "${LAB_FILTER:-}" ] || install -m 666 /dev/null "$out/refused"
	LAB_TEST=1 exec "$top/tests/lab/run" --env BUILD --env LAB_TEST --env PATIENCE --out "$out" --console "$out/kernel.log" \
		"$@" -- "$test_program"
}

in_driver_vm() {
	if [ -n "${LAB_TEST:-}" ]; then
		mkdir -p "$run"
		return
	fi
	rm -rf "$out"
	mkdir -p "$out"
	LAB_TEST=1 exec "$top/tests/lab/driver-vm" --env BUILD --env LAB_TEST --env PATIENCE --out "$out" --console "$out/kernel.log" \
		"$@" -- "$test_program"
}

# install_build DESTDIR PREFIX: `make install` of this build.
install_build() {
	make -s -C "$top" BUILD="${BUILD%"${SANITIZE:+-sanitize}"}" DESTDIR="$1" PREFIX="$2" install
}

# ---- TAP ----

tap_log=$out/check.log
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. "$top/tests/tap.sh"

# Also from a check, which has its output elsewhere.
exec {report}>&1
bail_out() {
	for log in "$out"/*.log; do
		tail -n 15 "$log" | sed "s/^/# ${log##*/}: /" >&"$report"
	done
	echo "Bail out! $*" >&"$report"
	exit 1
}

# ---- processes ----

run=/run/scanoutd-test
declare -A pid=()
trap 'kill -KILL "${pid[@]}" 2>/dev/null' EXIT

# What the daemon is started by: setpriv and its options, then a filter; and where its standard error goes, if not to
# $out/daemon.log.
daemon_user=()
daemon_filter=()
[ -z "${LAB_FILTER:-}" ] || daemon_filter=("$BUILD/lab/filtered" "$LAB_FILTER" "$out/refused")
daemon_program=$BUILD/scanoutd
daemon_log=

# daemon_start [options of scanoutd]: returns when the outputs are lit and the doors are open.
daemon_start() {
	mkdir -p "$run"
	rm -f "$run/ready"
	mkfifo "$run/ready"
	${daemon_user[@]+"${daemon_user[@]}"} ${daemon_filter[@]+"${daemon_filter[@]}"} "$daemon_program" --stats "$out/stats.json" --ready-fd 7 "$@" \
		7>"$run/ready" 2>>"${daemon_log:-$out/daemon.log}" &
	pid[daemon]=$!
	# Nothing but the end of the file comes when the daemon dies. When it lives, that end comes too: its descriptors are
	# those that it will have.
	[ "$(timeout "$patience" cat "$run/ready")" = ready ] || bail_out "the daemon did not become ready"
}

# daemon_says PATTERN [options of scanoutd]: it starts and stops in order, and a line of its log matches.
daemon_says() {
	local pattern=$1
	shift
	: >"$out/daemon.log"
	daemon_start "$@" && daemon_stop && cat "$out/daemon.log" && grep -q -e "$pattern" "$out/daemon.log"
}

# Stops it in order; its exit status. The counters are in stats.json then.
daemon_stop() {
	kill -TERM "${pid[daemon]}"
	process_wait daemon
}

# backend_run [options of the scripted back-end]: plays the script on standard input to the daemon.
backend_run() {
	"$BUILD/tests/scripted-backend" --summary "$out/summary.json" "$@"
}

process_wait() {
	local status=0
	# The shell's own remarks on who was killed are none of a test's output.
	wait "${pid[$1]}" 2>/dev/null || status=$?
	unset "pid[$1]"
	return "$status"
}

# ---- input devices of the host ----

# hands_start: then `hands LINE…` is one line to the devices by uinput (tests/lab/hands.c) and its answer, in $answer, without
# "ok". What it plugs in is known to udev when it returns.
hands_start() {
	mkfifo "$run/hands.in" "$run/hands.out"
	exec {hands_in}<>"$run/hands.in" {hands_out}<>"$run/hands.out"
	"$BUILD/lab/hands" <"$run/hands.in" >"$run/hands.out" 2>>"$out/hands.log" &
	pid[hands]=$!
}

hands() {
	hands_say "$@"
	[ "$1" != plug ] || udevadm settle
}

# The same where no udev answers.
hands_say() {
	local line=''
	echo "$*" >&"$hands_in"
	read -r -t "$patience" -u "$hands_out" line || bail_out "the host's hands do not answer"
	[ "${line%% *}" = ok ] || bail_out "the host's hands say: $line"
	answer=${line#ok}
	answer=${answer# }
}

# type_keys KEY…: pressed on the host's keyboard in this order, and let go in the other.
type_keys() {
	press_keys "$@"
	release_keys "$@"
}

press_keys() {
	local key
	for key; do
		hands send keyboard "$key" 1
	done
}

# In the other order.
release_keys() {
	local i
	for ((i = $#; i > 0; i--)); do
		hands send keyboard "${!i}" 0
	done
}

# ---- a guest that listens, without a machine (tests/input/listening-guest.c) ----

# listener_start SOCKET: returns when the daemon knows of it.
listener_start() {
	rm -f "$run/listener.in" "$run/listener.out"
	mkfifo "$run/listener.in" "$run/listener.out"
	exec {listener_in}<>"$run/listener.in" {listener_out}<>"$run/listener.out"
	"$BUILD/input/listening-guest" "$1" <"$run/listener.in" >"$run/listener.out" 2>>"$out/listener.log" &
	pid[listener]=$!
	heard ready
}

# In order, when the daemon knows that it is gone.
listener_stop() {
	echo >&"$listener_in"
	process_wait listener
}

# heard LINE: it comes, whatever came before it.
heard() {
	local line=''
	until [ "$line" = "$1" ]; do
		read -r -t "$patience" -u "$listener_out" line || bail_out "the guest does not hear: $1"
		echo "$line"
	done
}

# heard_all LINE…: they come, in whatever order.
heard_all() {
	local line
	declare -A missing=()
	for line; do
		missing[$line]=1
	done
	while [ ${#missing[@]} -gt 0 ]; do
		read -r -t "$patience" -u "$listener_out" line || bail_out "the guest does not hear: ${!missing[*]}"
		echo "$line"
		unset "missing[$line]"
	done
}

# ---- pictures ----

# expected NAME WIDTH HEIGHT WHAT…: the picture that ought to be on a CRTC (tests/lab/picture.c).
expected() {
	local name=$1
	shift
	"$BUILD/lab/picture" "$out/$name-expected.png" "$@"
}

# checksum RRGGBB PIXELS: of so many of that colour, as gzip keeps it at its end.
checksum() {
	local i
	for ((i = 0; i < $2; i++)); do
		printf '%b' "\\x${1:0:2}\\x${1:2:2}\\x${1:4:2}"
	done | gzip -1 -c | tail -c 8 | head -c 4 | od -A n -t x4 --endian=little | tr -d ' '
}

# shown NAME CONNECTOR: it comes within the time that a slow machine needs.
shown() {
	"$camera" --connector "$2" --wait-picture "$out/$1-expected.png" --timeout "$patience" \
		--output "$out/$1.png"
}

# stays NAME CONNECTOR: it is there now.
stays() {
	"$camera" --connector "$2" --output "$out/$1.png" &&
		"$camera" --compare "$out/$1-expected.png" "$out/$1.png"
}

# ---- counters ----

# Has the daemon write its counters now.
stats() {
	local name=''
	coproc watch { inotifywait -m -e moved_to --format %f "$out" 2>&1; }
	pid[watch]=$!
	until [[ $name == *established* ]]; do
		read -r -t "$patience" -u "${watch[0]}" name || bail_out "inotifywait does not start"
	done
	kill -USR1 "${pid[daemon]}"
	until [ "$name" = stats.json ]; do
		read -r -t "$patience" -u "${watch[0]}" name || bail_out "the daemon writes no counters"
	done
	kill "${pid[watch]}"
	process_wait watch || true
}

# counter FILTER: a number from stats.json, by jq's filter.
counter() {
	jq "$1" "$out/stats.json"
}
