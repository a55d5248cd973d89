# Sourced by the driver of the escape tests.
#
# M1, T-IMPACT-001: where a part of the floor cannot be had, nothing runs, and what is said has the way on. Red when a
# run goes on without its user namespace, or without a limit that the profile says must be enforced.

scenario_floor_userns_off() {
	it floor_userns_off M1
	place
	# The limit is the namespace's own: the machine's stays. Root tries it as root of one, too.
	local inside='echo 0 >/proc/sys/user/max_user_namespaces || exit 99; exec "$@"'
	they_run unshare --user --map-root-user --mount -- sh -c "$inside" sh unshare --user true
	[[ $status != 99 ]] || {
		skip_unless_must "user namespaces cannot be limited here"
		return 0
	}
	((status != 0)) || trouble "the control could make a user namespace"
	they_run unshare --user --map-root-user --mount -- sh -c "$inside" sh \
		"$cordon" run --workspace "$W" -- echo started
	exits 125
	says "user namespaces"
	says "user.max_user_namespaces"
	[[ $out != *started* ]] || trouble "it ran without a user namespace of its own"
	they_run unshare --user --map-root-user --mount -- sh -c "$inside" sh "$cordon" doctor
	((status == 1)) || trouble "doctor's status is $status: $out"
	[[ $out == *missing*user-namespace* && $out == *"NOT possible"* ]] || trouble "doctor says: $out"
	they_run unshare --user --map-root-user --mount -- sh -c "$inside" sh \
		"$cordon" serve --workspace "$W"
	exits 125
	says "floor.userns"
}

scenario_floor_cgroups_read_only() {
	it floor_cgroups_read_only M1
	place
	[[ $pass == root ]] || return 0 # an ordinary user has none to begin with
	local readonly='for m in $(awk "\$3 ~ /^cgroup/ { print \$2 }" /proc/mounts); do
		mount -o remount,bind,ro "$m" || exit 99
	done; exec "$@"'
	local profile=$T/profiles/ENFORCED.json
	printf '{"cordonProfile": 1, "name": "enforced", "limits": {"memory": "64M", "memoryEnforced": true}}\n' \
		>"$profile"
	status=0
	"${me[@]}" "$cordon" run --workspace "$W" -p "$profile" -- echo started >"$T/out" 2>"$T/err" </dev/null ||
		status=$?
	finish_command
	[[ $status == 0 ]] || {
		skip "no cgroup limits memory here even where they can be written"
		return 0
	}
	status=0
	unshare --mount -- sh -c "$readonly" sh "${me[@]}" "$cordon" run --workspace "$W" -p "$profile" -- \
		echo started >"$T/out" 2>"$T/err" </dev/null || status=$?
	finish_command
	exits 125
	says memoryEnforced
	[[ $out != *started* ]] || trouble "it ran without an enforced limit"
	# Where the profile does not ask for it, the result says what there is.
	status=0
	unshare --mount -- sh -c "$readonly" sh "${me[@]}" "$cordon" run --json --workspace "$W" -- true \
		>"$T/out" 2>"$T/err" </dev/null || status=$?
	finish_command
	exits 0
	says '"memory":"sampled"'
}
