# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What demo-linux and demo-firmware share: the steps that the user reads, and the judgement. Sourced by them alone.
# shellcheck source-path=SCRIPTDIR source=library.sh
. "$(dirname "${BASH_SOURCE[0]}")/library.sh"
out=$BUILD/demo
patience=${PATIENCE:-600}
export DEMO_BEGAN

step() {
	printf '%4d s  %s\n' $(($(date +%s) - DEMO_BEGAN)) "$*"
}

# is_black FILE.png
is_black() {
	local width height
	read -r width height < <(od --address-radix=n --format=u4 --endian=big --skip-bytes=16 --read-bytes=8 "$1")
	"$BUILD/lab/picture" "$out/black.png" "$width" "$height" || bail_out "no black picture"
	[ "$("$camera" --checksum-of "$1")" = "$("$camera" --checksum-of "$out/black.png")" ]
}

# taken NAME: says where $out/NAME.png is; a black one ends the demo.
taken() {
	step "screenshot: $out/$1.png"
	! is_black "$out/$1.png" || bail_out "it is black"
	rm "$out/black.png"
}

daemon_end() {
	daemon_stop || bail_out "the daemon failed"
	step "$(jq -r '"done: \([.outputs[].frames_shown] | add) frames shown, \([.guests[].frames_copied[]] | add) copied, " +
		"\([.guests[].replies[]] | add) of \([.guests[].frames] | add) updates answered"' "$out/stats.json")"
}

# What must be so on a card that takes a guest's memory, as vkms and bochs do. Another's driver may refuse what makes
# copies necessary.
judge() {
	local copied frames
	copied=$(counter '[.guests[].frames_copied[]] | add')
	frames=$(counter '[.guests[].frames] | add')
	[ "$frames" -gt 0 ] || bail_out "no frame came"
	[ "$copied" -eq 0 ] || bail_out "$copied frames were copied"
	each_answered >"$out/answers.log" || bail_out "frames are without an answer"
}
