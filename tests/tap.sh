# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TAP for the shell tests. Sourced by what tests of a room share, or by a test itself, which has set tap_log: the file that takes
# what a check prints, which is shown when the check fails.

tap_log=${tap_log:?}
tests_run=0
tests_failed=0

plan() {
	echo "1..$1"
}

# check NAME COMMAND…: one test, passed when the command succeeds.
check() {
	local name=$1
	shift
	tests_run=$((tests_run + 1))
	if "$@" >"$tap_log" 2>&1; then
		echo "ok $tests_run - $name"
	else
		echo "not ok $tests_run - $name"
		echo "# $*"
		sed 's/^/# /' "$tap_log"
		tests_failed=$((tests_failed + 1))
	fi
}

# equal NAME EXPECTED SEEN
equal() {
	check "$1 (expected $2, seen ${3:-nothing})" test "$2" = "${3:-}"
}

finish() {
	[ "$tests_failed" -eq 0 ]
	exit
}
