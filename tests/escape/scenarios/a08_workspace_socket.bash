# Sourced by the driver of the escape tests.
#
# A08: a socket file of the host's in the workspace, in profiles that have sockets inside. Red when the
# listener's origin is not looked at.

a08_with_listener() { # ATTACK ARGUMENT...: with host.sock in W
	background a08_fd "${they[@]}" "$T/bin/listener" stream "$W/host.sock" "$T/reached/workspace"
	wait_until '[[ -S $W/host.sock ]]' || trouble "no listener: $(<"$T/background.err")"
}

a08_end() {
	exec {a08_fd}>&-
	rm -f "$T"/reached/*
}

scenario_a08_workspace_socket() {
	local profile
	for profile in build python node; do
		it "a08_workspace_socket_$profile" A08
		control_place
		a08_with_listener
		they_run "$W/attacks" unix_stream "$W/host.sock"
		control_worked || true
		a08_end

		place their
		a08_with_listener
		run -p "$profile" -- "$W/attacks" unix_stream "$W/host.sock"
		held
		ln -s host.sock "$W/link.sock"
		run -p "$profile" -- "$W/attacks" unix_stream "$W/link.sock"
		held
		ln "$W/host.sock" "$W/second.sock"
		run -p "$profile" -- "$W/attacks" unix_stream "$W/second.sock"
		held
		run -p "$profile" -- sh -c 'cd sub 2>/dev/null; exec ./attacks unix_stream host.sock'
		held
		must ! -e "$T/reached/workspace"
		a08_end
		end_case
	done
}

scenario_a08_races() {
	local way _
	for way in swapped_file swapped_address; do
		it "a08_$way" A08
		for _ in {1..10}; do # a race is not always won
			control_place
			a08_with_listener
			they_run "$W/attacks" "unix_$way" "$W/host.sock" "$W/own.sock"
			a08_end
			[[ $status == 10 ]] || break
		done
		control_worked || true

		place their
		a08_with_listener
		seconds=120 run -p build -- "$W/attacks" "unix_$way" "$W/host.sock" "$W/own.sock"
		held
		must ! -e "$T/reached/workspace"
		a08_end
		end_case
	done
}

# Inode numbers repeat on other file systems: a file is its device, too. In memory the host's number is
# a small one, which a run can reach by making files.
scenario_a08_same_inode() {
	local shm=/dev/shm/${T##*/}.w
	it a08_same_inode A08
	place their
	mkdir "$shm" && chown "$their_uid:$their_gid" "$shm" || {
		skip_unless_must "there is no /dev/shm"
		return 0
	}
	W=$shm a08_with_listener
	if (($(stat -c %i "$shm/host.sock") > 1000000)); then
		skip "the inode of the host's socket is too high a number to be reached"
	else
		they_run "$W/attacks" unix_stream "$shm/host.sock"
		control_worked || true
		rm -f "$T"/reached/*
		W=$shm seconds=120 run -p "$T/profiles/SEES_ATTACK.json" -- "$T/attack/attacks" unix_same_inode "$shm/host.sock"
		held
		must ! -e "$T/reached/workspace"
	fi
	a08_end
	rm -rf "$shm"
}
