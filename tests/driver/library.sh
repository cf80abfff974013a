# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests in the driver VM share beside tests/lab/library.sh: the one card that the machine has, and pictures as QEMU
# shows them, which is what a monitor on that card would show (without a hardware cursor: QEMU hands that to its windows).
#
# A test begins with `in_driver_vm --card DEVICE [options of tests/lab/driver-vm]`.
# shellcheck source-path=SCRIPTDIR source=../lab/library.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/library.sh"

# card_look: sets card, connector and, of its preferred mode, width and height.
card_look() {
	local folder mode
	card=$(echo /dev/dri/card[0-9]*)
	[ -c "$card" ] || bail_out "the machine has not one card: $card"
	folder=$(echo "/sys/class/drm/${card##*/}"-*)
	connector=${folder##*/card[0-9]-}
	read -r mode <"$folder/modes" || bail_out "$connector has no mode"
	width=${mode%x*} height=${mode#*x}
	cat "$folder/edid" >"$out/monitor.edid"
}

# outside NAME [CARD]: QEMU shows $out/NAME-expected.png, on its card of that number (0). Asked again until then: what a
# driver sends is a queue away.
outside() {
	local end=$((SECONDS + patience))
	until "$top/tests/lab/screendump" "$1" "${2:-0}" && "$camera" --compare "$out/$1-expected.png" "$out/$1.png"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

# driver NAME bind|unbind: of the one device that it is for.
driver() {
	local device folder
	case $1 in
	bochs-drm) device=$(grep -l 0x1234 /sys/bus/pci/devices/*/vendor) folder=/sys/bus/pci/drivers/$1 ;;
	virtio_gpu) device=$(grep -l 0x0010 /sys/bus/virtio/devices/*/device) folder=/sys/bus/virtio/drivers/$1 ;;
	esac
	basename "${device%/*}" >"$folder/$2"
}

# reload NAME: unloads a driver, as soon as the kernel lets it go, and loads it again.
reload() {
	local end=$((SECONDS + patience))
	until modprobe -r "$1"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
	modprobe "$1"
}

# plane_state FILTER: until the planes of the CRTC (src/tools/scanout-screenshot/json.h) are so, by jq's filter.
plane_state() {
	local end=$((SECONDS + patience))
	until "$camera" --card "$card" --connector "$connector" --json >"$out/state.json" &&
		jq -e ".crtcs[0].planes | $1" "$out/state.json"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

# play SCRIPT: by the scripted back-end.
play() {
	backend_run --connect "$run/display.sock" <<<"$1"
}

# console_photograph: clears the console in front, without its blinking cursor, and keeps what QEMU shows once it has text.
console_photograph() {
	local end=$((SECONDS + patience))
	expected blank "$width" "$height"
	printf '\033[2J\033[H\033[?25lThe console.\n' >/dev/tty0
	until "$top/tests/lab/screendump" console-expected &&
		! "$camera" --compare "$out/blank-expected.png" "$out/console-expected.png"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

# cursor_at X Y HOT-X HOT-Y: until the cursor plane is lit there, with that hotspot.
cursor_at() {
	plane_state "any(.type == \"cursor\" and .crtc[0] == $1 and .crtc[1] == $2 and .hotspot == [$3, $4])"
}

cursor_gone() {
	plane_state 'any(.type == "cursor") | not'
}

# inside NAME: until all planes together are $out/NAME-expected.png, the hardware cursor included.
inside() {
	local end=$((SECONDS + patience))
	until "$camera" --card "$card" --connector "$connector" --output "$out/$1.png" &&
		"$camera" --compare "$out/$1-expected.png" "$out/$1.png"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

# A test calls `step "$@"` before it begins: the scripts of the back-end run the functions above as "run TEST FUNCTION …".
step() {
	[ $# -eq 0 ] || {
		"$@"
		exit
	}
	card_look
	export card connector
}

# paced COUNT REFRESH: so many DMABUF_UPDATE, 15 at a time without waiting, take at least that many periods
# less one of a mode of REFRESH mHz.
paced() {
	local begin end
	play "buffer paced $width $height
		dmabuf 0 paced
		time
		repeat $(($1 / 15))
		$(yes 'post 0' | head -n 15)
		wait
		end
		settle
		time" >"$out/times" || return 1
	{ read -r begin && read -r end; } <"$out/times"
	echo "$1 answers from $begin to $end s at $2 mHz"
	jq -en "($end - $begin) * $2 >= ($1 - 1) * 1000"
}
