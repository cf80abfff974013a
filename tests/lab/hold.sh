# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # what it has of the library, and gives to the tests
#
# What the tests share in which the daemon is killed and scanout-hold starts it again: after tests/lab/library.sh.

# close_others FD: all of this shell's files but that one and the first three. What scanout-hold inherits limits what it keeps.
close_others() {
	local file
	for file in /proc/self/fd/*; do
		file=${file##*/}
		[ "$file" -le 2 ] || [ "$file" -eq "$1" ] || eval "exec $file>&-"
	done
}

# hold_start [options of scanout-hold]: with the daemon on $run/scanoutd.conf. Each start of it writes a line.
hold_start() {
	rm -f "$run/ready"
	mkfifo "$run/ready"
	exec {ready}<>"$run/ready"
	start_as "$BUILD/scanoutd"
	(
		close_others 99
		exec "$BUILD/scanout-hold" "$@" -- "$run/scanoutd" --stats "$out/stats.json" --ready-fd 99 \
			--config "$run/scanoutd.conf"
	) 99>"$run/ready" 2>>"$out/daemon.log" &
	pid[hold]=$!
	await_daemon
}

# start_as PROGRAM: the next daemon is this one.
start_as() {
	ln -sfn "$1" "$run/scanoutd"
}

await_daemon() {
	local line=''
	read -r -t "$patience" -u "$ready" line || bail_out "the daemon did not become ready"
	daemon=$(pgrep -P "${pid[hold]}" -x scanoutd)
}

hold_stop() {
	kill -TERM "${pid[hold]}"
	process_wait hold
}

kill_daemon() {
	kill -KILL "$daemon" && await_daemon
}

kill_times() {
	local i
	for ((i = 0; i < $1; i++)); do
		kill_daemon || return
	done
}

# unseen N COMMAND…: while the command runs, and for ten vblanks after it, each vblank has the picture of this number. A photograph in
# which a flip comes is no whole picture, and says so.
unseen() {
	local wanted
	wanted=$("$camera" --checksum-of "$out/$1-expected.png")
	shift
	: >"$out/watch.log"
	"$camera" --connector Virtual-1 --watch $((4 * patience)) >"$out/watch.log" 2>&1 &
	pid[watch]=$!
	timeout "$patience" sh -c "tail -n +1 -f '$out/watch.log' | grep -q -m 1 'checksum=$wanted'" && "$@" &&
		"$camera" --connector Virtual-1 --frames 10 >"$out/after.log"
	local status=$?
	kill "${pid[watch]}"
	process_wait watch || true
	grep -h '^sequence' "$out/watch.log" "$out/after.log" | grep -v -e "checksum=$wanted" -e stable=no >"$out/others.log"
	head -n 5 "$out/others.log"
	[ "$status" -eq 0 ] && [ ! -s "$out/others.log" ] && grep -q "checksum=$wanted stable=yes" "$out/after.log"
}
