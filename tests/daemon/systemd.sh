# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of this folder share that need a real service manager: systemd, as the first process of its own process
# namespace in the lab, with what `make install` has installed. Sourced by them, after `in_lab`.
# shellcheck source-path=SCRIPTDIR source=../lab/library.sh

# unit NAME: the text on standard input becomes a unit, or a part of one, below /etc/systemd/system.
unit() {
	mkdir -p "$(dirname "/etc/systemd/system/$1")"
	cat >"/etc/systemd/system/$1"
}

# unit_masked NAME…: is not to be started by anybody.
unit_masked() {
	local unit
	for unit; do
		ln -sf /dev/null "/etc/systemd/system/$unit"
	done
}

# systemd_start: up when it returns, and its process is $systemd. It takes itself for a container's, and leaves the machine's
# devices and file systems alone. Units write what the test waits for to $run/events, line by line.
systemd_start() {
	unit lab-up.service <<-UNIT
		[Unit]
		After=basic.target
		Requires=basic.target
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'echo up >$run/events'
	UNIT
	# What is started at a soft reboot, too, which goes by no option.
	unit default.target <<-UNIT
		[Unit]
		Requires=lab-up.service
	UNIT
	# Not those of the machine that this one has its files of; and what is in /tmp may be this build.
	unit_masked systemd-udev-trigger.service systemd-tmpfiles-setup.service
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mkfifo "$run/events"
	exec {events}<>"$run/events"
	container=lab unshare --pid --fork --mount --cgroup --mount-proc \
		/lib/systemd/systemd --system --log-target=kmsg --show-status=no &
	pid[unshare]=$!
	event up
	systemd=$(pgrep -x -P "${pid[unshare]}" systemd)
}

# event NAME: comes.
event() {
	local line=''
	until [ "$line" = "$1" ]; do
		read -r -t "$patience" -u "$events" line || bail_out "systemd: no event $1"
	done
}

# inside COMMAND…: as one of its machine's processes.
inside() {
	nsenter --target "$systemd" --pid --mount --cgroup "$@"
}
