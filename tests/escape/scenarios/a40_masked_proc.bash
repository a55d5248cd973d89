# Sourced by the driver of the escape tests.
#
# A40: where parts of /proc are masked, as in containers, an ordinary user's run is refused with a
# remedy; it does not go on without a /proc, or with the host's. Red when the refusal is missing.

scenario_a40_masked_proc() {
	it a40_masked_proc A40
	place
	# A user namespace that masks, and inside it an ordinary user again.
	they_run unshare --user --map-root-user --mount --pid --fork --mount-proc -- true
	[[ $status == 0 ]] || {
		skip_unless_must "user namespaces cannot be made"
		return 0
	}
	[[ $pass == user ]] || {
		a40_as_root
		return 0
	}
	they_run unshare --user --map-root-user --mount -- sh -c \
		'mount --bind /dev/null /proc/kcore 2>/dev/null || mount --bind /dev/null /proc/version
		exec unshare --user --map-user=1000 --map-group=1000 -- "$@"' sh \
		"$cordon" run --workspace "$W" -- echo started
	exits 125
	says /proc
	[[ $out != *started* ]] || trouble "it ran without a proc of its own"
}

# Root's run works there, and has a proc of its own.
a40_as_root() {
	status=0
	unshare --mount -- sh -c 'mount --bind /dev/null /proc/version && exec "$@"' sh \
		"${me[@]}" "$cordon" run --workspace "$W" -- sh -c 'test -d /proc/self && ! test -e /proc/sys && echo fine' \
		>"$T/out" 2>"$T/err" </dev/null || status=$?
	finish_command
	[[ $status == 0 && $out == fine ]] || trouble "status $status: $out $err"
}
