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
	local way
	for way in swapped_file swapped_address; do
		it "a08_$way" A08
		control_place
		a08_with_listener
		they_run "$W/attacks" "unix_$way" "$W/host.sock" "$W/own.sock"
		control_worked || true
		a08_end

		place their
		a08_with_listener
		seconds=120 run -p build -- "$W/attacks" "unix_$way" "$W/host.sock" "$W/own.sock"
		held
		must ! -e "$T/reached/workspace"
		a08_end
		end_case
	done
}
