# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manifest: what guest.conf says. Sourced by build-image, which calls manifest_read once and then writes with the rest
# what the image has of it: the daemon's configuration and the guest's unit.
#
# Owns: the array `manifest`, a value a key, the default where the file has none. Everything wrong in the file is named by
# file and line, all of it at once; nothing of it reaches a unit or a command line unquoted.

declare -A manifest=(
	[name]=guest [kernel]='' [initramfs]='' [cmdline]='' [disk]='' [block-device]='' [firmware]=uefi
	[firmware-pictures]=''
	[memory]=512M [processors]=1 [screens]=1 [outputs]='' [input]='keyboard pointer' [qemu]=''
	[splash]=last [mode]=preferred [scaling]=fit [at-end]=restart
	[hardware]=virtual [firmware-folder]=/lib/firmware [suite]=trixie [host-cmdline]='' [console]=no
	[version]='' [trial]=300 [key]='' [certificate]=''
)
declare -A manifest_line=()
manifest_file=
manifest_faults=0
disk_format=raw

# manifest_wrong KEY TEXT: one fault, at the line that has the key.
manifest_wrong() {
	echo "$manifest_file:${manifest_line[$1]:-1}: $2" >&2
	manifest_faults=$((manifest_faults + 1))
}

# manifest_matches KEY PATTERN WHAT: a value of another form is a fault.
manifest_matches() {
	[[ ${manifest[$1]} =~ ^($2)$ ]] || manifest_wrong "$1" "$1=${manifest[$1]}: this is to be $3"
}

# manifest_number KEY LEAST MOST
manifest_number() {
	local value=${manifest[$1]}
	[[ $value =~ ^[1-9][0-9]{0,3}$ ]] && [ "$value" -ge "$2" ] && [ "$value" -le "$3" ] ||
		manifest_wrong "$1" "$1=$value: this is to be a number from $2 to $3"
}

# manifest_path KEY [folder]: makes it absolute; there has to be a readable file, or a folder.
manifest_path() {
	local path=${manifest[$1]}
	[ -n "$path" ] || return 0
	[[ $path == /* ]] || path=$(cd "$(dirname "$manifest_file")" && pwd)/$path
	manifest[$1]=$path
	if [ -n "${2:-}" ]; then
		[ -d "$path" ] || manifest_wrong "$1" "$1=$path: there is no such folder"
	else
		[ -f "$path" ] && [ -r "$path" ] || manifest_wrong "$1" "$1=$path: there is no such file that can be read"
	fi
}

manifest_parse() {
	local line key value number=0
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		[[ $line =~ ^[[:space:]]*(#|$) ]] && continue
		key=${line%%=*}
		key=${key//[[:space:]]/}
		manifest_line[.]=$number
		if [[ $line != *=* ]]; then
			manifest_wrong . "this is no KEY=VALUE: $line"
		elif [ -z "$key" ] || [ -z "${manifest[$key]+known}" ]; then
			manifest_wrong . "there is no key $key=; there are: $(printf '%s\n' "${!manifest[@]}" | sort | paste -sd' ')"
		elif [ -n "${manifest_line[$key]:-}" ]; then
			manifest_wrong . "$key= is given twice, first in line ${manifest_line[$key]}"
		else
			manifest_line[$key]=$number
			value=${line#*=}
			value=${value#"${value%%[![:space:]]*}"}
			value=${value%"${value##*[![:space:]]}"}
			if [ -n "$value" ]; then
				manifest[$key]=$value
			else
				manifest_wrong "$key" "$key= has no value"
			fi
		fi
	done <"$manifest_file"
}

# Words of a list that are not among those allowed, and words given twice.
manifest_words() {
	local key=$1 word seen=' '
	for word in ${manifest[$key]}; do
		[[ " $2 " == *" $word "* ]] || manifest_wrong "$key" "$key=: $word is none of $2"
		[[ $seen != *" $word "* ]] || manifest_wrong "$key" "$key=: $word is there twice"
		seen+="$word "
	done
}

# A list of drivers is one of hardware/, or a file by its path.
manifest_hardware() {
	local word lists=''
	for word in ${manifest[hardware]}; do
		case $word in
		*/*) [[ $word == /* ]] || word=$(cd "$(dirname "$manifest_file")" && pwd)/$word ;;
		*) word=$manifest_lists/$word ;;
		esac
		if [ -f "$word" ] && [ -r "$word" ]; then
			lists+="$word "
		else
			manifest_wrong hardware "hardware=: there is no list $word"
		fi
	done
	manifest[hardware]=$lists
}

# One output a screen, each once. A name is one word: a connector's.
manifest_outputs() {
	local output
	for output in ${manifest[outputs]}; do
		[[ $output =~ ^[A-Za-z0-9][A-Za-z0-9:.-]*$ ]] || manifest_wrong outputs "outputs=: $output is no connector's name"
	done
	manifest_words outputs "${manifest[outputs]}"
	[ "$(wc -w <<<"${manifest[outputs]}")" -eq "${manifest[screens]}" ] ||
		manifest_wrong outputs "outputs=${manifest[outputs]}: there is to be one for each of the ${manifest[screens]} screens"
}

# manifest_disk: fills disk_format. What a qcow2 image is based on would not be in ours: its header says at byte 8 where the name is.
manifest_disk() {
	local disk=${manifest[disk]}
	disk_format=raw
	[ -f "$disk" ] || return 0
	[ "$(head -c 4 "$disk" | od -An -tx1 | tr -d ' ')" = 514649fb ] || return 0
	disk_format=qcow2
	[ "$(od -An -tu8 -j8 -N8 "$disk" | tr -d ' ')" = 0 ] ||
		manifest_wrong disk "disk=$disk: this is based on another image; qemu-img convert makes it whole"
}

# manifest_read FILE LISTS: reads and judges; fails where the file has a fault. LISTS is the folder of the drivers' lists.
manifest_read() {
	local key sources=0
	manifest_file=$1 manifest_lists=$2
	[ -f "$manifest_file" ] && [ -r "$manifest_file" ] || {
		echo "$manifest_file: there is no such manifest that can be read" >&2
		return 1
	}
	manifest_parse
	for key in kernel disk block-device; do
		[ -z "${manifest[$key]}" ] || sources=$((sources + 1))
	done
	[ "$sources" -le 1 ] || manifest_wrong kernel "use only one of kernel=, disk= and block-device="
	for key in initramfs cmdline; do
		[ -z "${manifest[$key]}" ] || [ -n "${manifest[kernel]}" ] || manifest_wrong "$key" "$key= is for a guest with kernel="
	done
	[ -z "${manifest_line[firmware]:-}" ] || [ -z "${manifest[kernel]}" ] ||
		manifest_wrong firmware "firmware= is for a guest without kernel="
	[ -z "${manifest[firmware-pictures]}" ] || [ -z "${manifest[kernel]}" ] ||
		manifest_wrong firmware-pictures "firmware-pictures= is for a guest without kernel="
	# There is nothing else to see.
	[ -n "${manifest[firmware-pictures]}" ] || [ "$sources" -gt 0 ] || manifest[firmware-pictures]=show
	for key in kernel initramfs disk key certificate; do
		manifest_path "$key"
	done
	[ -z "${manifest[key]}" ] || [ -n "${manifest[certificate]}" ] || manifest_wrong key "key= needs certificate="
	[ -z "${manifest[certificate]}" ] || [ -n "${manifest[key]}" ] || manifest_wrong certificate "certificate= needs key="
	manifest_disk
	# Not every system has the default one.
	[ -z "${manifest_line[firmware-folder]:-}" ] || manifest_path firmware-folder folder
	[[ ${manifest[splash]} != *.png ]] || manifest_path splash
	manifest_hardware
	manifest_matches name '[A-Za-z0-9][A-Za-z0-9_.]{0,31}' "a name of letters, digits, dots and underscores"
	[ -z "${manifest[block-device]}" ] ||
		manifest_matches block-device '/dev/[A-Za-z0-9._/:+@-]+' "the path of a device below /dev"
	manifest_matches firmware 'uefi|bios' "uefi or bios"
	[ -z "${manifest[firmware-pictures]}" ] || manifest_matches firmware-pictures 'hide|show' "hide or show"
	manifest_matches memory '[1-9][0-9]{0,4}[MG]' "a number with M or G"
	manifest_matches splash 'black|card|last|#[0-9A-Fa-f]{6}|.*\.png' "black, a colour as #1a2b3c, card, last or a PNG"
	manifest_matches mode '[A-Za-z0-9@. ;]+' "a mode as in scanoutd.conf(5)"
	manifest_matches scaling 'none|center|fit|fill|integer' "none, center, fit, fill or integer"
	manifest_matches at-end 'restart|poweroff' "restart or poweroff"
	manifest_matches console 'yes|no' "yes or no"
	[ -z "${manifest[version]}" ] ||
		manifest_matches version '[A-Za-z0-9][A-Za-z0-9.~^-]{0,31}' "a version of letters, digits, dots, dashes, ~ and ^"
	manifest_matches suite '[a-z][a-z-]*' "a release of Debian"
	manifest_number processors 1 64
	manifest_number screens 1 16
	manifest_number trial 10 9999
	[ -z "${manifest[outputs]}" ] || manifest_outputs
	manifest_words input "keyboard pointer absolute touch pen none"
	[ "$manifest_faults" -eq 0 ]
}

# quoted WORD…: as one command line of a unit; nothing in it is special there.
quoted() {
	local word
	for word in "$@"; do
		word=${word//\\/\\\\}
		word=${word//\"/\\\"}
		word=${word//%/%%}
		word=${word//$/\$\$}
		printf ' "%s"' "$word"
	done
}

# manifest_configuration: prints the daemon's scanoutd.conf. A screen of the guest is an output: those that are named, or the card's in
# its order.
manifest_configuration() {
	local output number=0 name=${manifest[name]} before=${manifest[splash]} input=${manifest[input]}
	[[ $before != *.png ]] || before=/usr/share/scanout-image/splash.png
	cat <<-END
		[daemon]
		vt=1
		stats=/run/scanoutd/stats.json

		[input]
		vt-switch=none

		[guest $name]
		vmm-socket=/run/scanoutd/$name.sock
		backend-socket=/run/scanout-backend/$name/socket
		socket-group=scanoutd
		input=${input// /;}
		shown-file=/run/scanoutd/scanout-image.shown
		before=$before
		after=last
		failed=card
		firmware=${manifest[firmware-pictures]:-hide}
		mode=${manifest[mode]}
		scaling=${manifest[scaling]}
	END
	for output in ${manifest[outputs]}; do
		printf '%s\n' '' "[output $output]" "guest=$name" "scanout=$number"
		number=$((number + 1))
	done
}

# manifest_devices: prints the input devices as their sockets are called. A panel is an output that is named; else the first one's
# alone is there for sure.
manifest_devices() {
	local kind output number
	for kind in ${manifest[input]}; do
		number=0
		case $kind in
		none) ;;
		touch)
			for output in ${manifest[outputs]:-first}; do
				echo "touch$number"
				number=$((number + 1))
			done
			;;
		*) echo "$kind" ;;
		esac
	done
}

# manifest_qemu: fills `qemu`, the guest's command line. The paths are those in the image.
manifest_qemu() {
	local name=${manifest[name]} memory=${manifest[memory]} share=/usr/share/scanout-image kind words
	qemu=(/usr/bin/qemu-system-x86_64 -nodefaults -no-user-config -vga none -display none
		-accel kvm -accel tcg -machine "q35,memory-backend=memory" -cpu max
		-smp "${manifest[processors]}" -m "$memory" -object "memory-backend-memfd,id=memory,size=$memory,share=on"
		-chardev "socket,id=gpu,path=/run/scanoutd/$name.sock"
		-device "vhost-user-gpu-pci,chardev=gpu,max_outputs=${manifest[screens]}"
		-serial stdio -monitor none -device pvpanic-pci -action panic=exit-failure)
	# As in the unit. With at-end=poweroff it would switch the machine off.
	[ "${manifest[at-end]}" = poweroff ] || qemu+=(-no-reboot)
	for kind in $(manifest_devices); do
		qemu+=(-chardev "socket,id=$kind,path=/run/scanoutd/$name-$kind.sock"
			-device "vhost-user-input-pci,chardev=$kind")
	done
	if [ -n "${manifest[kernel]}" ]; then
		qemu+=(-kernel "$share/kernel")
		[ -z "${manifest[initramfs]}" ] || qemu+=(-initrd "$share/initramfs")
		[ -z "${manifest[cmdline]}" ] || qemu+=(-append "${manifest[cmdline]}")
	elif [ "${manifest[firmware]}" = uefi ]; then
		qemu+=(-drive "if=pflash,unit=0,format=raw,readonly=on,file=$share/firmware.code"
			-drive "if=pflash,unit=1,format=raw,snapshot=on,file=$share/firmware.variables")
	fi
	if [ -n "${manifest[disk]}" ]; then
		qemu+=(-drive "if=virtio,format=$disk_format,snapshot=on,file=$share/disk")
	elif [ -n "${manifest[block-device]}" ]; then
		qemu+=(-drive "if=virtio,format=raw,cache=none,file=${manifest[block-device]}")
	fi
	read -ra words <<<"${manifest[qemu]}"
	qemu+=("${words[@]}")
}

# manifest_unit: prints what the guest's unit has beside config/systemd/scanout-guest@.service, as a drop-in: its command line, and
# what follows from block-device= and at-end=. It waits for KVM, and not for the rest of the system.
manifest_unit() {
	local device=${manifest[block-device]} qemu own=/usr/lib/scanout-image
	manifest_qemu
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'Conflicts=shutdown.target' 'Before=shutdown.target' \
		'Wants=scanout-drivers@processor.service' 'After=scanout-drivers@processor.service'
	[ -z "$device" ] || printf 'Wants=%s\nAfter=%s\n' "$(unit_of "$device")" "$(unit_of "$device")"
	[ "${manifest[at-end]}" != poweroff ] || echo "SuccessAction=poweroff"
	# What the unit says at the end, and waits for at its start, is done by a shell, which is not in the image.
	printf '%s\n' '' '[Service]' 'ExecStartPre=' "ExecStartPre=-+$own/restart-delay await %n" 'ExecStopPost=' \
		"ExecStopPost=-+$own/restart-delay ended %n /run/scanoutd/%i.status" 'ExecStart=' "ExecStart=$(quoted "${qemu[@]}" | sed 's/^ //')"
	[ -z "$device" ] || printf '%s\n' 'SupplementaryGroups=disk' "DeviceAllow=$device rw"
	[ "${manifest[at-end]}" != poweroff ] || echo "Restart=on-failure"
}

# unit_of PATH: the unit by which systemd knows a device.
unit_of() {
	systemd-escape --path --suffix=device "$1"
}
