# Sourced by the driver of the escape tests.
#
# The attacks that need nothing around them. One row each:
#
#	row NAME THREAT PROFILE CONTROL EXPECTED ATTACK [ARGUMENT]...
#
# CONTROL: they (as the ordinary user), root-of-their-own (in a user namespace of the ordinary user's),
# terminal and controlling-terminal (the same as they, with one, and the run has one too); with "?" the
# machine may lack what is attacked: a loud skip. "none:REASON": no unprivileged control can exist.
# EXPECTED: held, held:REGEX, or permitted for what the profile is meant to let.
# In arguments: @W the workspace, @O a directory of the host's, @V a process of the host's, @T the outer
# terminal. Profiles in capitals are made in profiles.bash.

table() {
	row leaked_descriptor A02 default they held leaked_descriptor
	row leaked_directory A02 default they held leaked_directory secret
	row leaked_cwd A02 default they held leaked_cwd secret
	row parent_environment T-DISC-004 default they held parent_environment "$CORDON_TEST_SECRET"
	row read_file T-EXFIL-003 default they held:ENOENT read_file @O/secret
	row sysv_memory T-DISC-002 default they held sysv_memory "$memory_key"
	row posix_memory T-DISC-002 default they held posix_memory "/${T##*/}"

	row proc_root A02 default they held proc_root @O/secret
	row proc_sys_write A40 default root-of-their-own held proc_open /proc/sys/net/ipv4/ip_forward
	row proc_sys_write_system A40 PROC_SYSTEM root-of-their-own held proc_open /proc/sys/net/ipv4/ip_forward
	row proc_exe A11 default none:'every other program outside belongs to somebody else' held proc_exe
	row a11_pid_1 A11 default they:child held proc_inspect 1
	row a11_pid_1_of_build A11 build they:child held proc_inspect 1

	row unshare_user T-EXEC-005 default they held:EPERM unshare_user
	row unshare_user_in_build T-EXEC-005 build they held:EPERM unshare_user
	row unshare_any T-EXEC-005 default root-of-their-own held:EPERM unshare_any
	row clone_user T-EXEC-005 default they held:EPERM clone_user
	row clone_user_high_bits T-EXEC-005 default they held:EPERM clone_user_high_bits
	row clone3_user T-EXEC-005 default they held:ENOSYS clone3_user
	row setns T-EXEC-005 default root-of-their-own held:EPERM setns

	row mount_tmpfs T-EXEC-005 default root-of-their-own held:EPERM mount_tmpfs @W
	row mount_bind T-EXEC-005 default root-of-their-own held:EPERM mount_bind @W
	row mount_remount T-EXEC-005 default root-of-their-own held:EPERM mount_remount
	row mount_unmount T-EXEC-005 default mounted held:EPERM mount_unmount @W
	row mount_pivot T-EXEC-005 default mounted held:EPERM mount_pivot @W
	row mount_chroot T-EXEC-005 default root-of-their-own held:EPERM mount_chroot @W
	row mount_fsopen T-EXEC-005 default root-of-their-own held:EPERM mount_fsopen
	row mount_open_tree T-EXEC-005 default root-of-their-own held:EPERM mount_open_tree @W
	row mount_setattr T-EXEC-005 default root-of-their-own held:EPERM mount_setattr

	row foreign_int80 T-EXEC-005 default 'they?' held:SIG foreign_int80
	row foreign_x32 T-EXEC-005 default 'they?' held foreign_x32

	row io_uring T-EXEC-005 default 'they?' held:ENOSYS io_uring
	row bpf T-EXEC-005 default they held:EPERM bpf
	row perf_event T-EXEC-005 default they held:EPERM perf_event
	row userfaultfd T-EXEC-005 default they held:EPERM userfaultfd
	row add_key T-EXEC-005 default they held:EPERM add_key
	row keyctl T-EXEC-005 default they held:EPERM keyctl
	row request_key T-EXEC-005 default they held:EPERM request_key
	row name_to_handle T-EXEC-005 default they held:EPERM name_to_handle @W
	row fanotify T-EXEC-005 default 'they?' held:EPERM fanotify
	row old_personality T-EXEC-005 default they held:EPERM old_personality
	row hostname T-EXEC-005 default root-of-their-own held:EPERM hostname

	row ptrace_outside T-EXEC-005 default 'they?' held ptrace_pid @V
	row ptrace_outside_from_build T-EXEC-005 build 'they?' held ptrace_pid @V
	row memory_outside T-EXEC-005 default 'they?' held read_memory_of_pid @V
	row descriptor_outside T-EXEC-005 default 'they?' held descriptor_of_pid @V
	row kill_outside T-EXEC-005 default they held kill_pid @V

	row tiocsti A26 default 'terminal?' held:EPERM tiocsti
	row tiocsti_high_bits A26 default 'terminal?' held:EPERM tiocsti_high_bits
	row tioclinux A26 default terminal held:EPERM tioclinux
	row tioclinux_high_bits A26 default terminal held:EPERM tioclinux_high_bits
	row controlling_terminal A26 default controlling-terminal held controlling_terminal @T

	row a08_stream A08 default they held:EAFNOSUPPORT unix_stream @O/stream
	row a39_datagram A39 default they held:EAFNOSUPPORT unix_datagram @O/datagram
	row a39_seqpacket A39 default they held:EAFNOSUPPORT unix_seqpacket @O/seqpacket
	row a39_pair A39 default they held unix_pair_datagram @O/datagram
	row a39_abstract_pair A39 default they held unix_pair_datagram "@${T##*/}-datagram"
	row a08_abstract A08 default they held:EAFNOSUPPORT unix_stream "@${T##*/}-stream"
	local profile
	for profile in build python node; do
		row "a08_stream_$profile" A08 "$profile" they held unix_stream @O/stream
		row "a08_abstract_$profile" A08 "$profile" they held unix_stream "@${T##*/}-stream"
		row "a39_datagram_$profile" A39 "$profile" they held unix_datagram @O/datagram
		row "a39_seqpacket_$profile" A39 "$profile" they held unix_seqpacket @O/seqpacket
		row "a39_pair_$profile" A39 "$profile" they held unix_pair_datagram @O/datagram
		row "a08_own_listener_$profile" A08 "$profile" they permitted unix_own_listener @W/own
		row "a08_own_abstract_$profile" A08 "$profile" they permitted unix_own_listener "@own-${T##*/}"
		row "a08_own_full_queue_$profile" A08 "$profile" they permitted unix_full_queue @W/full @W/other
	done
	row a08_visible_stream A08 SEES_OUTSIDE they held unix_stream @O/stream
	row a39_visible_datagram A39 SEES_OUTSIDE they held unix_datagram @O/datagram
	row a39_visible_pair A39 SEES_OUTSIDE they held unix_pair_datagram @O/datagram
	row a08_visible_stream_pair A08 SEES_OUTSIDE_PAIR they held unix_stream @O/stream
	row a39_visible_datagram_pair A39 SEES_OUTSIDE_PAIR they held unix_pair_datagram @O/datagram

	row vsock T-EXEC-005 default 'they?' held:EAFNOSUPPORT socket_of_family 40 1 0
	row vsock_high_bits T-EXEC-005 default 'they?' held:EAFNOSUPPORT socket_high_bits 40 1 0
	row alg T-EXEC-005 default 'they?' held:EAFNOSUPPORT socket_of_family 38 5 0
	row packet T-EXEC-005 default root-of-their-own held:EAFNOSUPPORT socket_of_family 17 3 768
	row netlink_uevent T-EXEC-005 default they held:EAFNOSUPPORT socket_of_family 16 3 15
	row netlink_generic T-EXEC-005 default they held:EAFNOSUPPORT socket_of_family 16 3 16
	row netlink_netfilter T-EXEC-005 default 'they?' held:EAFNOSUPPORT socket_of_family 16 3 12
	row netlink_diag T-EXEC-005 default they held:EAFNOSUPPORT socket_of_family 16 3 4
	row netlink_high_bits T-EXEC-005 default they held:EAFNOSUPPORT socket_high_bits 16 3 15
	row netlink_route T-EXEC-005 default they permitted socket_of_family 16 3 0
	row netlink_write T-EXEC-005 default root-of-their-own held:EPERM netlink_write
	row raw_socket T-EXEC-005 default root-of-their-own held:EPERM socket_of_family 2 3 1
	row any_family T-EXEC-005 default 'root-of-their-own' held socket_any_family
	row any_family_in_build T-EXEC-005 build 'root-of-their-own' held socket_any_family
	row host_loopback M5 default they held tcp_connect 127.0.0.1 "$port"

	row setuid_su T-EXEC-005 default they held setuid_program /usr/bin/su -c true
	row setuid_su_in_build T-EXEC-005 build they held setuid_program /usr/bin/su -c true

	local call
	for call in open openat openat2 creat mknod mknodat chmod fchmod fchmodat; do
		row "a38_$call" A38 default they held "set_id_$call" @W/set-id
	done
	row a38_tmpfile A38 default 'they?' held set_id_tmpfile @W/set-id
	row a38_fchmodat2 A38 default 'they?' held:ENOSYS set_id_fchmodat2 @W/set-id
	row a38_capability A38 default root-of-their-own held set_id_capability @W/set-id
	row a38_chmod_in_build A38 build they held set_id_chmod @W/set-id

	row through_loader M2 STRICT they held through_loader @W/true
	row through_loader_in_default M2 default they permitted through_loader @W/true
	row mapped_executable M2 STRICT they held mapped_executable @W/true
	row memory_file M2 STRICT they held:EPERM memory_file @W/true
	row memory_file_in_default M2 default they permitted memory_file @W/true
	row run_workspace M2 STRICT they held copied_program @W/true @W/copy
	row run_workspace_in_default M2 default they permitted copied_program @W/true @W/copy
	row run_tmp M2 STRICT they held copied_program @W/true "/tmp/${T##*/}.copy"
	row run_tmp_in_default M2 default they permitted copied_program @W/true "/tmp/${T##*/}.copy"
	row run_shm M2 STRICT they held copied_program @W/true "/dev/shm/${T##*/}.copy"

	row device_open T-EXEC-005 default 'they?' held open_device /dev/net/tun /dev/autofs /dev/kvm /dev/fuse /dev/kmsg
	row device_make T-EXEC-005 default none:'only root of the host makes device nodes' held:'EPERM|EACCES' make_device @W/node c 1 3
	row device_make_disk T-EXEC-005 default none:'only root of the host makes device nodes' held:'EPERM|EACCES' make_device @W/node b 8 0

	row flood_forks M10 SMALL they held:EAGAIN forks 300
	row flood_tmp M10 SMALL_TMP they:@W held:ENOSPC fill /tmp 8388608
	row flood_shm M10 SMALL_TMP they:@W held:ENOSPC fill /dev/shm 8388608
	row flood_home M10 SMALL_TMP they:@W held:ENOSPC fill /home/user 8388608
	row flood_inodes M10 SMALL_TMP they:@W held:ENOSPC inodes /tmp 4000
	row flood_file_size M10 SMALL they:@W held:EFBIG fill @W 8388608
	row flood_descriptors M10 SMALL they held:EMFILE descriptors 200
	row a17_descriptors A17 default they held:EMFILE descriptors 600
}

# What a profile names in capitals stands for.
profile_of() {
	if [[ $1 == [A-Z]* ]]; then
		printf '%s\n' "$T/profiles/$1.json"
	else
		printf '%s\n' "$1"
	fi
}

expand() { # ARGUMENT...: into the array expanded
	local a
	expanded=()
	for a in "$@"; do
		a=${a//@W/$W} a=${a//@O/$outside} a=${a//@V/$victim} a=${a//@T/@TTY@}
		expanded+=("$a")
	done
}

declare -A controls # NAME: "worked", or why not

row_control() { # CONTROL ATTACK [ARGUMENT]...
	local control=$1 program
	shift
	control_place
	case $control in
	they:*)
		expand "${control#they:}"
		set -- "$1" "${expanded[0]}" "${@:3}"
		;;
	esac
	expand "$@"
	program=("$W/attacks" "${expanded[@]}")
	case ${control%\?} in
	they | they:*) they_run "${program[@]}" ;;
	root-of-their-own) they_run_as_root_of_their_own "${program[@]}" ;;
	mounted)
		they_run_as_root_of_their_own sh -c 'cp "$1" /tmp/attacks.$$ && mount -t tmpfs none "$2" &&
			shift 2 && "/tmp/attacks.$$" "$@"; s=$?; rm -f "/tmp/attacks.$$"; exit "$s"' \
			sh "$W/attacks" "$W" "${expanded[@]}"
		;;
	terminal)
		they_run "$T/bin/onpty" "${program[@]}"
		out=${out##*$'\n'} # the line before is what was typed
		;;
	controlling-terminal) they_run "$T/bin/onpty" -n "${program[@]}" ;;
	*) trouble "no such control: $control" ;;
	esac
	rm -f "/tmp/${T##*/}.copy" "/dev/shm/${T##*/}.copy"
	wait_for_reached
	rm -f "$T"/reached/*
}

# A datagram may still be on its way.
wait_for_reached() {
	[[ $status == 0 && $case_name == a@(08|39)_* && $case_name != *own* ]] || return 0
	wait_until 'compgen -G "$T/reached/*" >/dev/null' || trouble "the control did not reach the listener"
}

row() {
	local test=$1 threat=$2 profile=$3 control=$4 expected=$5
	shift 5
	wanted "$test" || return 0
	it "$test" "$threat"
	if [[ $control == none:* ]]; then
		skip "held as it should, but without a control: ${control#none:}"
	elif [[ -z ${controls[$test]:-} ]]; then
		case $control in *\?) row_control "$control" "$@" && { control_worked '?' || true; } ;;
		*) row_control "$control" "$@" && { control_worked || true; } ;; esac
		controls[$test]=${skip_reason:-worked}
	elif [[ ${controls[$test]} != worked ]]; then
		skip "${controls[$test]}"
	fi
	[[ $test == setuid_* && ! -u $2 ]] && skip "no set-user-id $2"

	place
	expand "$@"
	pty=()
	case ${control%\?} in
	terminal) run_on_terminal -p "$(profile_of "$profile")" -- "$W/attacks" "${expanded[@]}" ;;
	controlling-terminal)
		pty=(-n)
		run_on_terminal -p "$(profile_of "$profile")" -- "$W/attacks" "${expanded[@]}"
		;;
	*)
		if [[ $profile == STRICT ]]; then
			run -p "$(profile_of "$profile")" -- "$T/attack/attacks" "${expanded[@]}"
		else
			run -p "$(profile_of "$profile")" -- "$W/attacks" "${expanded[@]}"
		fi
		;;
	esac
	# Where the control could not be had, any way of being refused will do.
	[[ -n $skip_reason && $expected == held:* && $control == *\? ]] && expected=held
	case $expected in
	held) held ;;
	held:*) held "${expected#held:}" ;;
	permitted) permitted ;;
	esac
	compgen -G "$T/reached/*" >/dev/null && {
		trouble "a listener of the host was reached: $(ls "$T/reached")"
		rm -f "$T"/reached/*
	}
	[[ ${control%\?} == terminal ]] && { grep -qx pending=0 "$W/terminal" || trouble "something was typed into the terminal"; }
	[[ -n $(find "$W" -perm /6000) ]] && trouble "set-id file on the host: $(find "$W" -perm /6000 -ls)"
	outside_is_untouched
	rm -rf "$W"
	true
}
