# Sourced by the driver of the escape tests.
#
# What the kernel itself says of a run: its mounts, groups, cgroup and keys. no_new_privs, missing rights and
# Landlock make most of what these prevent impossible in another way, too, so that no attack would tell
# that one of them is gone.

# Prints what is wrong with the mounts of a run. WRITABLE and EXECUTABLE are places.
judge_mounts() { # WRITABLE EXECUTABLE
	awk -v writable=" $1 " -v executable=" $2 " '
	function has(name) { return index("," $6 ",", "," name ",") > 0 }
	function among(list) { return index(list, " " $5 " ") > 0 }
	{
		if (!has("nosuid")) print $5 " is not nosuid"
		if (!has("nodev") && $5 !~ "^/dev/(null|zero|full|random|urandom|tty|pts)$") print $5 " is not nodev"
		if (!has("ro") && !among(writable)) print $5 " is not read-only"
		if (!has("noexec") && !among(executable) && $5 !~ "^/usr(/|$)" ) print $5 " is not noexec"
		count++
	}
	END { if (count < 10) print "only " count " mounts" }' "$T/out"
}

scenario_a02_mount_flags() {
	local wrong scratch='/tmp /var/tmp /home/user /dev/shm /dev/pts'
	it a02_mount_flags A02
	control_place
	they_run cat /proc/self/mountinfo
	[[ -n $(judge_mounts / /) ]] || trouble "control: nothing is wrong outside"
	place
	touch "$W/AGENTS.md" # a cover is as executable as the workspace; it is not writable
	run -p "$T/profiles/SEES_OUTSIDE.json" -- cat /proc/self/mountinfo
	exits 0
	wrong=$(judge_mounts "$scratch /proc $W" "/tmp /var/tmp /home/user $(awk -v w="$W" 'index($5, w) == 1 { print $5 }' "$T/out" | tr '\n' ' ')")
	[[ -z $wrong ]] || trouble "$wrong"
	grep -q ' /proc .*hidepid=invisible' "$T/out" || trouble "others can be seen: $(grep ' /proc ' "$T/out")"
	grep -q ' /proc .*subset=pid' "$T/out" || trouble "knobs can be seen: $(grep ' /proc ' "$T/out")"
	grep -q " $outside .*[ ,]noexec" "$T/out" || trouble "what is only read can be executed"
	run -p readonly -- cat /proc/self/mountinfo
	wrong=$(judge_mounts "$scratch /proc" "/tmp /var/tmp /home/user $W")
	[[ -z $wrong ]] || trouble "readonly: $wrong"
	run -p strict -- cat /proc/self/mountinfo
	wrong=$(judge_mounts "$scratch /proc $W" '')
	[[ -z $wrong ]] || trouble "strict: $wrong"
	run -p "$T/profiles/PROC_SYSTEM.json" -- cat /proc/self/mountinfo
	grep -q ' /proc ro,.*hidepid=invisible' "$T/out" || trouble "the whole of /proc: $(grep ' /proc ' "$T/out")"
}

# A run is in no cgroup that it could name, and has no groups of root's.
scenario_a14_groups() {
	it a14_groups A14
	place
	run -- sed 's/.*://' /proc/self/cgroup
	[[ $(sort -u <<<"$out") == / ]] || trouble "its cgroup can be seen: $out"
	[[ $pass == root ]] || return 0 # an ordinary user cannot give groups up: user_namespaces(7)
	setpriv --groups 4,27,54321 -- grep '^Groups:' /proc/self/status >"$T/out"
	grep -q 54321 "$T/out" || trouble "control: $(<"$T/out")"
	setpriv --groups 4,27,54321 -- "${me[@]}" "$cordon" run --workspace "$W" -- grep '^Groups:' /proc/self/status \
		>"$T/out" 2>"$T/err" </dev/null || true
	[[ $(tr -d '[:space:]' <"$T/out") == Groups: ]] || trouble "groups are left: $(<"$T/out") $(<"$T/err")"
}

# The caller's session keyring is not the run's: what holds a key of it may use it in calls that no rule is
# about. The system's /proc tells which keys a process has.
scenario_session_keyring() {
	local key=cordon-test-key-$RANDOM
	it session_keyring T-EXEC-005
	they_run "$T/bin/withkey" "$key" cat /proc/keys
	[[ $out == *"$key"* ]] || {
		skip_unless_must "keys cannot be made, or not be seen: $err"
		return 0
	}
	place
	"${me[@]}" "$T/bin/withkey" "$key" "$cordon" run --workspace "$W" -p "$T/profiles/PROC_SYSTEM.json" -- cat /proc/keys \
		>"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
	finish_command
	exits 0
	[[ $out != *"$key"* ]] || trouble "a key of the caller's is there: $out"
}

# Landlock is on: with its sixth version signals stay in a run's domain, which pid 1 is outside of.
scenario_landlock_is_on() {
	it landlock_is_on M2
	control_place
	they_run "$W/attacks" kill_pid "$victim"
	control_worked || true
	cordon doctor
	[[ $out =~ landlock[[:space:]]+ABI\ ([0-9]+) ]] && ((BASH_REMATCH[1] >= 6)) || {
		skip "this kernel's Landlock keeps no signals back"
		return 0
	}
	place
	run -- "$W/attacks" kill_pid 1
	held EPERM
}
