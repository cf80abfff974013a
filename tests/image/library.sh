# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of the image share: TAP, a folder of their own in which they stand, and the program that builds it. Sourced by
# the tests here.
set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$top/build}
export BUILD PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

# check NAME COMMAND…: the test passes when the command does; what it prints is shown when it does not.
check() {
	local name=$1
	shift
	count=$((count + 1))
	if "$@" >"$work/check.log" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$work/check.log"
		failed=$((failed + 1))
	fi
}

finish() {
	[ "$failed" -eq 0 ]
	exit
}

build_image() {
	"$top/initramfs/build-image" "$@"
}
