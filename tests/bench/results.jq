# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `run` makes of its samples (jq -s --argjson vblanks N): one row a figure, medians over the rounds. A group that
# was not measured has no rows; a sample that measured nothing is an error.

def median: sort | .[length / 2 | floor];

def samples($group; $side; $devices; $way):
	[.[] | select(.group == $group and .side == $side and .devices == $devices and .way == $way)];

# The median of a key of these samples.
def of($group; $side; $devices; $way; $key):
	samples($group; $side; $devices; $way) | map(.[$key]) |
	if length == 0 then null
	elif any(. == null or . <= 0) then error("\($group), \($side), \($way): \($key) was not measured")
	else median end;

def total($group; $side; $way; $key):
	samples($group; $side; 1; $way) | map(.[$key]) |
	if length == 0 then null elif add <= 0 then error("\($group): no \($key)") else add end;

def over($a; $b): if $a == null or $b == null then null else $a / $b end;
def minus($a; $b): if $a == null or $b == null then null else $a - $b end;

def row($name; $value; $unit; $goal):
	if $value == null then empty
	else {
		name: $name,
		value: ($value * 1000 | round / 1000),
		unit: $unit,
		goal: $goal,
		met: (if $goal == null then null else $value <= $goal end)
	} end;

# Three rows: the daemon, what it is compared with, their ratio.
def against($name; $ours; $other; $other_name; $unit; $goal):
	row("\($name): scanoutd"; $ours; $unit; null),
	row("\($name): \($other_name)"; $other; $unit; null),
	row("\($name): ratio"; over($ours; $other); "ratio"; $goal);

def both($group; $devices; $way; $key; $name; $unit; $goal):
	against($name; of($group; "ours"; $devices; $way; $key); of($group; "bare"; $devices; $way; $key); "bare";
		$unit; $goal);

def ratio($group; $devices; $way; $key):
	over(of($group; "ours"; $devices; $way; $key); of($group; "bare"; $devices; $way; $key));

def of_hotplug($side; $way; $key): of("hotplug"; $side; 1; $way; $key);
def of_layout($side; $way; $key): of("layout"; $side; 1; $way; $key);
def hotplug($way; $name; $key; $unit; $other):
	against($name; of_hotplug("ours"; $way; $key); of_hotplug("bare"; $way; $key); "bare: \($other)"; $unit; null);

# Vblanks without a new frame, over $vblanks of them.
def missed($side; $way):
	total("vblanks"; $side; $way; "vblanks") as $all | total("vblanks"; $side; $way; "frames") as $frames |
	if $all == null then null else ($all - $frames) * $vblanks / $all | round end;

def outputs($n): if $n == 1 then "1 output" else "\($n) outputs" end;

{results: [
	((1, 4, 16) as $n |
		both("frames\($n)"; $n; "same"; "active_us"; "DMABUF path, \(outputs($n)), lab"; "us/frame"; 1.3)),
	row("DMABUF path, lab: ratio at 16 outputs over ratio at 1";
		over(ratio("frames16"; 16; "same"; "active_us"); ratio("frames1"; 1; "same"; "active_us")); "ratio"; 1.1),
	((1, 4, 16) as $n |
		both("latency"; $n; "same"; "frame_ns"; "DMABUF path, \(outputs($n)), native"; "ns/frame"; 1.3)),
	row("DMABUF path, native: ratio at 16 outputs over ratio at 1";
		over(ratio("latency"; 16; "same"; "frame_ns"); ratio("latency"; 1; "same"; "frame_ns")); "ratio"; 1.1),
	# Without the kernel's part, which is most of a frame.
	((1, 4, 16) as $n |
		both("instructions"; $n; "same"; "instructions"; "DMABUF path, \(outputs($n)), user space";
			"instructions/frame"; 1.3)),
	row("DMABUF path, user space: ratio at 16 outputs over ratio at 1";
		over(ratio("instructions"; 16; "same"; "instructions");
			ratio("instructions"; 1; "same"; "instructions")); "ratio"; 1.1),
	row("DMABUF path, user space: scanoutd at 16 outputs over scanoutd at 1";
		over(of("instructions"; "ours"; 16; "same"; "instructions");
			of("instructions"; "ours"; 1; "same"; "instructions")); "ratio"; null),
	row("DMABUF path, user space: bare at 16 outputs over bare at 1";
		over(of("instructions"; "bare"; 16; "same"; "instructions");
			of("instructions"; "bare"; 1; "same"; "instructions")); "ratio"; null),

	both("frames1"; 1; "new"; "active_us"; "new dma-buf at every frame, lab"; "us/frame"; 1.3),
	both("instructions"; 1; "new"; "instructions"; "new dma-buf at every frame, user space"; "instructions/frame"; 1.3),
	((1, 4, 16) as $n |
		row("DMABUF path, \(outputs($n)), user space: scanoutd with its stall meter";
			of("instructions"; "metered"; $n; "same"; "instructions"); "instructions/frame"; null)),

	row("frames shown in \($vblanks) vblanks, without cursor"; minus($vblanks; missed("ours"; "same")); "frames"; null),
	row("frames shown in \($vblanks) vblanks, cursor at 1000 Hz"; minus($vblanks; missed("ours"; "cursor")); "frames";
		null),
	row("cursor moves a second meanwhile"; over(total("vblanks"; "ours"; "cursor"; "cursor_moves");
		over(total("vblanks"; "ours"; "cursor"; "cursor_ms"); 1000)); "moves"; null),
	row("fewer frames shown with the cursor"; minus(missed("ours"; "cursor"); missed("ours"; "same")); "frames"; 0),

	both("pixels"; 1; "pixels"; "active_us"; "pixel path 1920x1080, full, lab"; "us/frame"; 1.25),
	both("pixels"; 1; "dirty"; "active_us"; "pixel path 1920x1080, 5 % dirty, lab"; "us/frame"; 1.25),
	row("pixel path, last byte to glass, lab, p99"; of("glass"; "ours"; 1; "glass"; "vblanks_p99"); "vblanks"; 2),
	row("dead guest, its sign due to its cover's flip, lab, longest of ten"; of("cover"; "ours"; 1; "cover"; "cover_vblanks");
		"vblanks"; 2),
	row("pixel path, last byte to glass, lab, most"; of("glass"; "ours"; 1; "glass"; "vblanks_most"); "vblanks"; null),
	both("copies"; 1; "pixels"; "cpu_us"; "pixel path 1920x1080, full, native CPU"; "us/frame"; 1.25),
	both("copies"; 1; "dirty"; "cpu_us"; "pixel path 1920x1080, 5 % dirty, native CPU"; "us/frame"; 1.25),
	against("pixel path 1920x1080, shown, native CPU"; of("qemu"; "ours"; 1; "pixels"; "cpu_us");
		of("qemu"; "qemu"; 1; "pixels"; "cpu_us"); "QEMU, which shows nothing"; "us/frame"; 1),

	(("flip", "copied") as $side |
		row("4 outputs of one device at 60 Hz, answers=\($side), each";
			of("answers"; $side; 4; "answers"; "frames_a_second"); "frames/s"; null)),
	row("4 outputs of one device, answers=copied, less than 60"; minus(60; of("answers"; "copied"; 4; "answers"; "frames_a_second"));
		"frames/s"; 1),
	against("early answers, 1920x1080, native CPU"; of("answers"; "copied"; 4; "answers"; "frame_us");
		of("answers"; "bare"; 4; "answers"; "frame_us"); "one copy"; "us/frame"; 1.15),

	both("composed"; 1; "turned"; "frame_us"; "1080x1920 turned by pixman, native CPU"; "us/frame"; 1.15),
	both("composed"; 1; "scaled"; "frame_us"; "1280x720 scaled by pixman, native CPU"; "us/frame"; 1.15),
	both("composed"; 1; "layers"; "frame_us"; "a layer drawn into the picture, both new, native CPU"; "us/frame"; 1.2),
	against("a frame of each of two layers on planes, native CPU"; over(of("composed"; "ours"; 1; "planes"; "frame_us"); 2);
		of("composed"; "ours"; 1; "one"; "frame_us"); "of one alone"; "us/frame"; 1.2),

	both("frames1"; 1; "same"; "commit_us"; "DMABUF_UPDATE to commit, lab, median"; "us"; 1.5),
	both("frames1"; 1; "same"; "reply_us"; "event to reply, lab, median"; "us"; 1.5),
	both("latency"; 1; "same"; "commit_ns"; "DMABUF_UPDATE to commit, native, median"; "ns"; 1.5),
	both("latency"; 1; "same"; "commit_p99_ns"; "DMABUF_UPDATE to commit, native, p99"; "ns"; 1.5),
	both("latency"; 1; "same"; "reply_ns"; "event to reply, native, median"; "ns"; 1.5),
	both("latency"; 1; "same"; "reply_p99_ns"; "event to reply, native, p99"; "ns"; 1.5),

	row("vblanks missed in \($vblanks) frames: scanoutd"; missed("ours"; "same"); "vblanks"; null),
	row("vblanks missed in \($vblanks) frames: bare"; missed("bare"; "same"); "vblanks"; null),
	row("vblanks missed more than bare"; minus(missed("ours"; "same"); missed("bare"; "same")); "vblanks"; 0),

	against("exec to first commit, lab"; of("start"; "ours"; 1; "start"; "first_commit_us");
		of("start"; "modeset"; 1; "start"; "first_commit_us"); "mode set alone, same libraries"; "us"; 1.5),
	row("exec to first commit, lab: mode set alone, libdrm only"; of("start"; "modeset-drm"; 1; "start"; "first_commit_us");
		"us"; null),
	row("exec to first commit, lab: scanoutd over libdrm only";
		over(of("start"; "ours"; 1; "start"; "first_commit_us");
			of("start"; "modeset-drm"; 1; "start"; "first_commit_us")); "ratio"; null),

	both("input"; 1; "motion"; "event_ns"; "uinput write to the guest's queue, lab, median"; "ns"; 1.5),
	row("uinput write to the guest's queue, lab, median: libinput alone"; of("input"; "libinput"; 1; "motion"; "event_ns");
		"ns"; null),
	row("uinput write to the guest's queue, lab, median: scanoutd over libinput alone";
		over(of("input"; "ours"; 1; "motion"; "event_ns"); of("input"; "libinput"; 1; "motion"; "event_ns"));
		"ratio"; null),
	both("input"; 1; "motion"; "event_p99_ns"; "uinput write to the guest's queue, lab, p99"; "ns"; 1.5),
	row("uinput write to the guest's queue, lab, p99: libinput alone"; of("input"; "libinput"; 1; "motion"; "event_p99_ns");
		"ns"; null),
	both("motion"; 1; "motion"; "event_ns"; "seat event to the guest's call, native, median"; "ns"; null),
	both("motion"; 1; "motion"; "event_p99_ns"; "seat event to the guest's call, native, p99"; "ns"; null),

	row("RssAnon, one idle guest"; over(of("idle"; "ours"; 1; "idle"; "rss_anon_kib"); 1024); "MiB"; 8),

	hotplug("black"; "a black scanout's first frame to its picture, lab"; "vblanks"; "vblanks"; "a flip"),
	row("a black scanout's first frame to its picture, lab, p99"; of_hotplug("ours"; "black"; "vblanks_p99"); "vblanks"; 2),
	hotplug("unlit"; "an unlit output's first frame to its picture, lab"; "vblanks"; "vblanks"; "a mode set"),
	row("an unlit output's first frame to its picture, lab, p99 less a mode set's";
		minus(of_hotplug("ours"; "unlit"; "vblanks_p99"); of_hotplug("bare"; "unlit"; "vblanks_p99")); "vblanks"; 2),
	hotplug("plug"; "a monitor's uevent to its picture, lab"; "ms"; "ms"; "udev, a probe and a mode set"),
	hotplug("storm"; "the last of 1000 uevents to the picture, lab"; "ms"; "ms"; "the same"),
	((["plug", "a monitor's uevent to its picture"], ["storm", "the last of 1000 uevents to the picture"]) as [$way, $name] |
		row("\($name), lab, p99"; of_hotplug("ours"; $way; "ms_p99"); "ms"; null),
		row("\($name), lab, p99: a bare mode set alone"; of_hotplug("bare"; $way; "mode_set_ms_p99"); "ms"; null),
		row("\($name), lab, p99 less the mode set"; minus(of_hotplug("ours"; $way; "ms_p99");
			of_hotplug("bare"; $way; "mode_set_ms_p99")); "ms"; 500)),

	((["layout", "another layout's SIGHUP to its picture", "a buffer filled, a flip"],
	  ["layout-mode", "another layout's SIGHUP to its picture in another mode", "a buffer filled, a mode set"]) as [$way, $name, $other] |
		against("\($name), lab"; of_layout("ours"; $way; "vblanks"); of_layout("bare"; $way; "vblanks");
			"bare: \($other)"; "vblanks"; null),
		row("\($name), lab, p99"; of_layout("ours"; $way; "vblanks_p99"); "vblanks"; null),
		row("\($name), lab, p99: bare: \($other)"; of_layout("bare"; $way; "vblanks_p99"); "vblanks"; null)),

	([["card_ms", "the card is open"], ["ready_ms", "the daemon is ready"], ["backend_ms", "the back-end is ready"]][] as [$key, $name] |
		row("the image, kernel start until \($name)"; of("boot"; "ours"; 1; "boot"; $key); "ms"; null)),
	both("boot"; 1; "boot"; "splash_ms"; "the image, kernel start until the splash is on the screen"; "ms"; 1.15),
	both("boot"; 1; "boot"; "frame_ms"; "the image, kernel start until the guest is on the screen"; "ms"; null),
	row("the image, share of that way that is not the bare one's";
		over(minus(of("boot"; "ours"; 1; "boot"; "frame_ms"); of("boot"; "bare"; 1; "boot"; "frame_ms"));
			of("boot"; "ours"; 1; "boot"; "frame_ms")); "ratio"; 0.05),

	both("region"; 1; "read"; "megapixel_us"; "watched region, native"; "us/megapixel"; null),
	row("GLib's loop: a turn"; of("loop"; "glib"; 1; "loop"; "turn_ns"); "ns"; null),
	row("poll: a turn"; of("loop"; "poll"; 1; "loop"; "turn_ns"); "ns"; null),
	row("GLib's loop with the stall meter over without"; over(of("loop"; "measured"; 1; "loop"; "turn_ns");
		of("loop"; "glib"; 1; "loop"; "turn_ns")); "ratio"; null),
	row("GLib's loop over poll"; over(of("loop"; "glib"; 1; "loop"; "turn_ns"); of("loop"; "poll"; 1; "loop"; "turn_ns"));
		"ratio"; null)
]} | if .results == [] then error("nothing was measured") else . end
