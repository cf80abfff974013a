# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests of scanoutd.service share: it is installed, and the lab's systemd runs it. Sourced by them in the place of systemd.sh, before
# `in_lab`, as what `make install` makes is made outside of the lab, where that takes less time.
# shellcheck source-path=SCRIPTDIR source=../lab/library.sh
# shellcheck source-path=SCRIPTDIR source=systemd.sh
. "$(dirname "${BASH_SOURCE[0]}")/systemd.sh"

installed=$BUILD/installed-$(basename "$0")
if [ -z "${LAB_TEST:-}" ]; then
	rm -rf "$installed"
	install_build "$installed" /usr/local >/dev/null || exit 1
fi

# Seconds, the unit's own: where a machine is busy, with half of them one that draws a card at its start was killed.
watchdog=10

# As a user would have it: installed, with the unit as it is but for what tells this test that the daemon is up.
install_daemon() {
	cp -R "$installed/usr/local/." /usr/local/
	systemd-sysusers || bail_out "no users"
	mkdir -p /etc/systemd/system/scanoutd.service.d /etc/scanoutd /var/lib/private/kiosk
	cat >/etc/systemd/system/scanoutd.service.d/test.conf <<-UNIT
		[Service]
		ExecStartPost=/bin/sh -c 'echo started >$run/events'
		WatchdogSec=$watchdog
		ReadWritePaths=$run
	UNIT
	# The back-end's way in, for the guest of that name.
	cat >/etc/systemd/system/kiosk-display.socket <<-UNIT
		[Socket]
		ListenStream=$run/kiosk.sock
		FileDescriptorName=kiosk
		Service=scanoutd.service
	UNIT
	# The lab has its own udevd.
	unit_masked systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket
}

property() {
	inside systemctl show scanoutd.service --property "$1" --value
}

# drop_in [EXAMPLE]: what a user has put beside the unit, or nothing.
drop_in() {
	rm -f /etc/systemd/system/scanoutd.service.d/user.conf
	[ $# -eq 0 ] || cp "/usr/local/share/doc/scanoutd/examples/$1" /etc/systemd/system/scanoutd.service.d/user.conf
	inside systemctl daemon-reload
}

# said TEXT: how often the daemon has.
said() {
	inside journalctl --sync
	inside journalctl --unit scanoutd.service --output cat | grep -c "$1"
}

# journal FIELD: the values of a field in what the daemon said.
journal() {
	inside journalctl --sync
	inside journalctl --unit scanoutd.service --output json | jq -r "select(.$1).$1" | sort -u
}

# watched PICTURE COMMAND…: while the command runs no vblank has another picture than this one, which is there.
watched() {
	local status=0 wanted
	wanted="checksum=$("$camera" --checksum-of "$out/$1-expected.png")"
	shift
	: >"$out/watch.log"
	"$camera" --connector Virtual-1 --watch $((4 * patience)) >"$out/watch.log" 2>&1 &
	pid[watch]=$!
	timeout "$patience" sh -c "tail -n +1 -f '$out/watch.log' | grep -q -m 1 '$wanted stable=yes'" && "$@" &&
		"$camera" --connector Virtual-1 --frames 10 >"$out/after.log" || status=$?
	kill "${pid[watch]}"
	process_wait watch || true
	grep -h '^sequence' "$out/watch.log" "$out/after.log" | grep -v -e "$wanted" -e stable=no >"$out/others.log"
	head -n 5 "$out/others.log"
	[ "$status" -eq 0 ] && [ ! -s "$out/others.log" ]
}

# kept_while NAME PICTURE COMMAND: a back-end draws it, systemd says in NAME.kept how much it keeps, and the command is run.
kept_while() {
	backend_run --connect "$run/kiosk.sock" --timeout "$patience" <<-SCRIPT
		features
		set-features
		scanout 0 1024 768
		update 0 0 0 1024 768 pattern $2
		settle
		run $camera --connector Virtual-1 --timeout $patience --output $out/seen.png --wait-picture $out/$2-expected.png
		run nsenter --target $systemd --pid --mount --cgroup systemctl show scanoutd.service --property NFileDescriptorStore >$out/$1.kept
		run $3
		display-info
		wait
	SCRIPT
}
