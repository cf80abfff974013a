# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The host's side of input without the daemon (tests/input/seat-monitor.c): what the seat tells of the devices by uinput.
# shellcheck source-path=SCRIPTDIR source=library.sh
. "$(dirname "${BASH_SOURCE[0]}")/library.sh"

# seat_start [options of seat-monitor]: returns when the devices that are there have been told; the lines of that are in $out/seat.
seat_start() {
	rm -f "$run/seat.in" "$run/seat.out"
	mkfifo "$run/seat.in" "$run/seat.out"
	exec {seat_in}<>"$run/seat.in" {seat_out}<>"$run/seat.out"
	"$BUILD/input/seat-monitor" "$@" <"$run/seat.in" >"$run/seat.out" 2>>"$out/seat.log" {seat_in}>&- {seat_out}>&- &
	pid[seat]=$!
	told_until ready >"$out/seat"
}

# Ends with its input; what it still tells is for the caller to hear, who closes $seat_out.
seat_end() {
	exec {seat_in}>&-
}

seat_stop() {
	seat_end
	process_wait seat
	exec {seat_out}>&-
}

# told LINE…: these are the next lines, and no others.
told() {
	local line expected
	for expected in "$@"; do
		read -r -t "$patience" -u "$seat_out" line || bail_out "the seat told nothing, instead of: $expected"
		echo "$line"
		[ "$line" = "$expected" ] || return 1
	done
}

# told_until LINE: prints what comes before it.
told_until() {
	local line=''
	while true; do
		read -r -t "$patience" -u "$seat_out" line || bail_out "the seat does not tell: $1"
		[ "$line" != "$1" ] || return 0
		echo "$line"
	done
}
