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
tap_log=$work/check.log
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. "$top/tests/tap.sh"

build_image() {
	"$top/initramfs/build-image" "$@"
}
