# Sourced by the driver of the escape tests.
#
# M10, A17, T-IMPACT-002: floods that end a run, or that must not be felt outside.

# Reaching the output limit is the end, and no more than that comes out.
scenario_flood_output() {
	local size
	it flood_output M10
	control_place
	they_run head -c 4194304 /dev/zero
	[[ $(stat -c %s "$T/out") == 4194304 ]] || trouble "control: $(stat -c %s "$T/out")"
	place
	run -p "$T/profiles/SMALL.json" --report "$T/$pass/report" -- cat /dev/zero
	size=$(stat -c %s "$T/out")
	((size >= 1 && size <= 131072)) || trouble "$size bytes came out of a run with 64K"
	[[ $status != 0 ]] || trouble "exit status 0"
	reason_is "$T/$pass/report" output
}

scenario_flood_memory() {
	it flood_memory M10
	control_place
	they_run "$W/attacks" memory 268435456
	control_worked || return 0
	place
	run -p "$T/profiles/SMALL.json" --report "$T/$pass/report" -- "$W/attacks" memory 268435456
	if [[ $status == 10 ]]; then
		held
	else
		reason_is "$T/$pass/report" memory
	fi
	[[ $(jq -r .limits.memory "$T/$pass/report") == @(cgroup1|cgroup2|sampled) ]] ||
		trouble "enforced by: $(jq -c .limits "$T/$pass/report")"
}

# A tmpfs is memory of the run as well.
scenario_flood_memory_by_tmp() {
	it flood_memory_by_tmp M10
	cat >"$T/profiles/TMP_MEMORY.json" <<J
{"cordonProfile": 1, "name": "tmp-memory", "extends": ["default"], "limits": {"memory": "64M"}}
J
	chmod 644 "$T/profiles/TMP_MEMORY.json"
	place
	run -p "$T/profiles/TMP_MEMORY.json" --report "$T/$pass/report" -- head -c 268435456 /dev/zero
	exits 0
	run -p "$T/profiles/TMP_MEMORY.json" --report "$T/$pass/report" -- sh -c 'head -c 268435456 /dev/zero >/tmp/x'
	if [[ $(jq -r .limits.memory "$T/$pass/report") == sampled ]]; then
		skip "memory is only sampled for this user, which does not see a tmpfs"
	else
		[[ $status != 0 ]] || trouble "256M in /tmp with a limit of 64M"
	fi
}

scenario_flood_time() {
	it flood_time M10
	place
	run --timeout 300ms --report "$T/$pass/report" -- sh -c 'trap "" TERM INT HUP; while :; do sleep 1; done'
	exits 124
	reason_is "$T/$pass/report" timeout
}

# A17: the kernel counts per user. A run that has as many descriptors under way as it can must not keep
# other programs of the same user from passing one.
scenario_a17_descriptors_in_flight() {
	local fd pid
	it a17_descriptors_in_flight A17
	control_place
	background fd "${they[@]}" bash -c 'ulimit -n 1024 && exec "$0" descriptors_in_flight' "$W/attacks"
	pid=$background_pid
	wait_until 'grep -qs sent "$T/background.err"' || trouble "control: nothing was sent"
	they_run "$T/bin/passfd"
	[[ $status == 1 ]] || trouble "control: a descriptor could be passed: $status $out"
	exec {fd}>&-
	gone "$pid"

	place
	background fd "${me[@]}" "$cordon" run --workspace "$W" -- "$W/attacks" descriptors_in_flight
	pid=$background_pid
	wait_until 'grep -qs sent "$T/background.err"' || trouble "nothing was sent: $(<"$T/background.err")"
	they_run "$T/bin/passfd"
	exits 0
	run -- true # cordon itself still works meanwhile
	exits 0
	exec {fd}>&-
	gone "$pid"
}

# Other programs of the user may have more under way than the soft limit that cordon is started with:
# it takes what it may. Root is not counted.
scenario_a17_soft_limit() {
	local fd pid
	it a17_soft_limit A17
	place
	background fd "${me[@]}" "$cordon" run --workspace "$W" -- "$W/attacks" descriptors_in_flight
	pid=$background_pid
	wait_until 'grep -qs sent "$T/background.err"' || trouble "nothing was sent: $(<"$T/background.err")"
	"${me[@]}" bash -c 'ulimit -Sn 64 && exec "$0" run --workspace "$1" -- true' "$cordon" "$W" \
		>"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
	finish_command
	exits 0
	exec {fd}>&-
	gone "$pid"
}

scenario_flood_cpu() {
	it flood_cpu M10
	cat >"$T/profiles/CPU.json" <<J
{"cordonProfile": 1, "name": "cpu", "extends": ["default"], "limits": {"cpu": "1s"}}
J
	chmod 644 "$T/profiles/CPU.json"
	control_place
	they_run timeout 2 sh -c 'while :; do :; done'
	exits 124
	place
	run --timeout 30s -p "$T/profiles/CPU.json" -- sh -c 'while :; do :; done'
	exits 152 # SIGXCPU
	run --timeout 30s -p "$T/profiles/CPU.json" -- sh -c 'trap "" XCPU; while :; do :; done'
	exits 137
}

# What a process may do is never more than the caller may, and no core is written: the pattern may name
# a program, or a file in the workspace.
scenario_limits_of_the_caller() {
	it limits_of_the_caller M10
	control_place
	they_run bash -c 'ulimit -c'
	[[ $out != 0 ]] || "${they[@]}" bash -c 'ulimit -c unlimited' || skip "no core is written outside either"
	place
	"${me[@]}" bash -c 'ulimit -c unlimited; ulimit -n 128; exec "$0" run --workspace "$1" -- bash -c "ulimit -Hc; ulimit -Hn"' \
		"$cordon" "$W" >"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
	finish_command
	[[ $status == 0 && $out == $'0\n128' ]] || trouble "limits inside: $status $out $err"
}
