# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's modules in a guest's initramfs. Sourced by the scripts that make one: initramfs, and tests/gl/initramfs.

# add_modules KERNEL ROOT LIST MODULE…: puts these modules of a kernel (tests/lab/debian-kernel prints its folder), and what
# they need, into ROOT/modules, and their files' names into ROOT/modules/LIST, in the order in which insmod takes them.
add_modules() {
	local kernel=$1 root=$2 list=$3 version module path name
	shift 3
	version=$(basename "$kernel"/lib/modules/*)
	mkdir -p "$root/modules"
	# What the kernel has built in is passed over by modprobe --show-depends as "builtin".
	for module; do
		modprobe -d "$kernel" -S "$version" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$root/modules/paths"
	while read -r path; do
		name=$(basename "$path")
		case $name in
		*.xz) xz -dc "$path" >"$root/modules/${name%.xz}" ;;
		*.zst) zstd -qdc "$path" >"$root/modules/${name%.zst}" ;;
		*) cp "$path" "$root/modules/$name" ;;
		esac
		echo "${name%%.ko*}.ko" >>"$root/modules/$list"
	done <"$root/modules/paths"
	rm "$root/modules/paths"
}
