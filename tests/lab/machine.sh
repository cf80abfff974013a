# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What run (the lab) and driver-vm share: a machine that sees this machine's files, runs one command and is gone.
#
# Owns: the machine's folder (what init reads: options, shapes, outs, command; what it writes: status; the kernel's
# messages: console), the way of the command's output, and the end, of the machine and of the script that sources this.
# The caller parses its options into the variables below, then calls machine_prepare, and machine_run, which calls the
# caller's `boot` to become the machine.

# shellcheck disable=SC2154 # $here is the caller's

# What the caller fills.
timeout='' udmabuf=1 console='' shapes=() outs=() variables=()
# What machine_prepare fills, for boot: the folder.
work=
machine=

say() {
	echo "${0##*/}: $*" >&2
}

fail() {
	say "$*"
	exit 125
}

# needs TOOL…
needs() {
	local tool
	for tool in "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || fail "$tool is not there: run make deps"
	done
}

# machine_option OPTION VALUE: one of the options that both have; false when it is none.
machine_option() {
	case $1 in
	--out) mkdir -p "$2" && outs+=("$(cd "$2" && pwd -P)") ;;
	--timeout) timeout=$2 ;;
	--env) variables+=("$2") ;;
	--console) console=$2 ;;
	*) return 1 ;;
	esac
}

# shellcheck disable=SC2317 # called by the trap
machine_finish() {
	trap '' INT TERM HUP
	[ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null || true
	[ -z "$console" ] || cp "$work/console" "$console" || true
	rm -rf "$work"
}

machine_write_command() {
	local pair name
	while IFS= read -r -d '' pair; do
		name=${pair%%=*}
		case $name in
		PATH | HOME | USER | LOGNAME | TERM | LANG | LC_* | TZ | TMPDIR | BUILD | SANITIZE | LD_LIBRARY_PATH | \
			*SAN_OPTIONS | LAB_* | SCANOUTD_* | G_* | LIBGL_* | MESA_* | LIBINPUT_* | QEMU_* | VALGRIND_*)
			printf 'export %s=%q\n' "$name" "${pair#*=}"
			;;
		esac
	done < <(env -0)
	for pair in ${variables[@]+"${variables[@]}"}; do
		name=${pair%%=*}
		[ "$name" = "$pair" ] && pair=$name=${!name-}
		printf 'export %s=%q\n' "$name" "${pair#*=}"
	done
	printf 'cd %q || exit 125\nexec' "$PWD"
	printf ' %q' "$@"
	echo
}

# machine_prepare COMMAND…: makes the folder, and sees to it that nothing outlives this script.
machine_prepare() {
	local folder base=${TMPDIR:-/tmp} one_output=''
	# Folders of machines whose script was killed: their lock is free.
	for folder in "$base"/scanoutd-lab.*; do
		if [ -O "$folder/lock" ]; then
			flock -n "$folder/lock" rm -rf "$folder" || true
		fi
	done
	work=$(mktemp -d "$base/scanoutd-lab.XXXXXXXX")
	trap machine_finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	exec {lock}>"$work/lock.new"
	flock "$lock"
	mv "$work/lock.new" "$work/lock"

	# Two ways out of the machine would lose the order of what goes to one place.
	[ ! /proc/self/fd/1 -ef /proc/self/fd/2 ] || one_output=yes
	cp "$here/init" "$work/init"
	printf 'lab_udmabuf=%q\nlab_tools=%q\nlab_one_output=%s\n' "$udmabuf" "$here" "$one_output" >"$work/options"
	printf '%s\n' ${shapes[@]+"${shapes[@]}"} >"$work/shapes"
	printf '%s\n' ${outs[@]+"${outs[@]}"} >"$work/outs"
	machine_write_command "$@" >"$work/command"
}

# machine_run: boots, waits, and exits as the command did. `boot` finds the command's output in the fds 3 and 4.
machine_run() {
	local out err out_cat err_cat alive ended=0 status
	local trouble='WARNING: |BUG: |Oops|Kernel panic|INFO: task .* blocked|rcu: INFO|^lab: '
	# A machine may make what it is given non-blocking: never our caller's files.
	exec {out}> >(exec cat)
	out_cat=$!
	exec {err}> >(exec cat >&2)
	err_cat=$!

	# The machine asks for a signal at this shell's death. When the last of its processes has gone, `alive` ends.
	exec {alive}< <(
		# shellcheck disable=SC2034,SC2261 # held open, not used
		exec {still}>&1 3>&"$out" 4>&"$err" {out}>&- {err}>&- {lock}>&- </dev/null >"$work/console" 2>&1
		boot
	)
	machine=$!
	exec {out}>&- {err}>&-

	read -r ${timeout:+-t "$timeout"} -u "$alive" || ended=$?
	if [ "$ended" -gt 128 ]; then
		say "killed after $timeout s"
		exit 124
	fi
	machine=
	wait "$out_cat" "$err_cat" || true

	if [ ! -s "$work/status" ]; then
		tail -n 40 "$work/console" >&2
		fail "the machine died before the command's end; above are its last messages"
	fi
	status=$(cat "$work/status")
	if grep -qaE "$trouble" "$work/console"; then
		say "the machine's kernel complained:"
		grep -a -B 3 -A 25 -E -m 3 "$trouble" "$work/console" >&2
		[ "$status" -ne 0 ] || status=125
	fi
	exit "$status"
}
