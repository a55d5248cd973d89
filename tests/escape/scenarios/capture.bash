# Sourced by the driver of the escape tests.
#
# M5, T-EXFIL-001: a run whose network is captured. What it sends arrives at its monitor, or nowhere. The monitor is
# tools/captured.c.

captured() { # COMMAND...: what the monitor has seen is in $seen
	status=0
	timeout --foreground -s KILL 60 "${me[@]}" "${before[@]}" "$T/bin/captured" "${cordon%/*}/cordon-launcher" "$W" \
		"$T/$pass/seen" "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
	finish_command
	seen=$(<"$T/$pass/seen")
}
before=()

sees() { # LINE...
	local expected
	expected=$(printf '%s\n' "$@")
	[[ $seen == "$expected" ]] || trouble "the monitor saw: $seen"
}

# A service of the host's, by the host's own name for it, and by another of its addresses.
scenario_capture_host_service() {
	local address
	it capture_host_service T-EXFIL-001
	control_place
	they_run "$W/attacks" tcp_connect 127.0.0.1 "$port"
	control_worked || true
	wait_until '[[ -e $T/reached/tcp ]]' || trouble "the control did not reach the listener"
	rm -f "$T"/reached/*
	place
	captured "$W/attacks" tcp_connect 127.0.0.1 "$port"
	held ECONNREFUSED
	sees ''
	for address in $(hostname -I 2>/dev/null | tr ' ' '\n' | grep -v :) 10.0.0.1 169.254.169.254; do
		captured "$W/attacks" tcp_connect "$address" "$port"
		permitted # by the monitor, whose connection it is
		sees "tcp $address $port"
	done
	must ! -e "$T/reached/tcp"
}

scenario_capture_any_port() {
	it capture_any_port M5
	control_place
	they_run "$W/attacks" any_port 127.0.0.1 53
	control_worked || true
	rm -f "$T"/reached/*
	place
	captured "$W/attacks" any_port 127.0.0.1 53
	held 'no port answers'
	sees ''
	captured "$W/attacks" any_port ::1 53
	held 'no port answers'
	sees ''
}

scenario_capture_datagrams() {
	local to
	it capture_datagrams T-EXFIL-001
	control_place
	they_run "$W/attacks" datagram 127.0.0.1 443 17
	control_worked || true
	place
	# QUIC, time, names of a local network, all of one; UDP-Lite, which has ports at the same place, also the
	# one for names.
	for to in '8.8.8.8 443 17' '8.8.8.8 123 17' '224.0.0.251 5353 17' '2001:db8::1 443 17' '8.8.8.8 53 136' \
		'127.0.0.1 5000 136'; do
		captured "$W/attacks" datagram $to
		held 'EPERM|EPROTONOSUPPORT'
		sees ''
	done
	captured "$W/attacks" datagram 8.8.8.8 53 17
	permitted
	captured sh -c '"$1"/attacks datagram 8.8.4.4 53 17; sleep 0.2' sh "$W"
	sees 'dns 8.8.4.4'
}

scenario_capture_rules_stay() {
	it capture_rules_stay M5
	control_place
	they_run_as_root_of_their_own "$W/attacks" flush_rules
	control_worked '?' || true
	place
	captured "$W/attacks" flush_rules
	held EAFNOSUPPORT
	captured "$W/attacks" netlink_write
	held EPERM
	captured "$W/attacks" transparent 127.0.0.1 1
	held EPERM
	captured "$W/attacks" socket_of_family 2 3 255
	held EPERM
	captured "$W/attacks" socket_of_family 17 3 768
	held EAFNOSUPPORT
	captured "$W/attacks" unshare_any
	held EPERM
}

# A step of it that the kernel refuses refuses the run.
scenario_capture_refused() {
	local call
	for call in listen:1 listen:3 bind:2 setsockopt:1 sendto:1 sendto:2 recvfrom:1; do
		it "capture_refused_$call" M1
		place
		before=("$T/bin/failsys" "$call" EPERM --)
		captured echo started
		before=()
		exits 125
		says "of the run's network"
		says floor.network
		[[ $out != *started* ]] || trouble "it ran"
		sees ''
	done
}
