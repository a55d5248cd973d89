# Sourced by the driver of the escape tests.
#
# A42: a workspace with files of several owners, when root starts the run: other owners' files cannot be
# read or taken, and the message says why.

scenario_a42_other_owners() {
	it a42_other_owners A42
	[[ $pass == root ]] || {
		skip "an ordinary user has no mapped owners"
		return 0
	}
	place their
	printf 'foreign-text\n' >"$W/foreign"
	chmod 600 "$W/foreign"
	chown 54321:54321 "$W/foreign"
	mkdir -m 777 "$W/foreign-directory"
	chown 54321:54321 "$W/foreign-directory"
	run -v -- sh -c 'cat foreign; echo x >foreign-directory/new; echo own >own; chown 0 own; true'
	[[ $out != *foreign-text* ]] || trouble "another owner's private file was read"
	must "$(stat -c %u "$W/own" 2>/dev/null)" = "$their_uid"
	must "$(stat -c %u "$W/foreign")" = 54321
	run -- cat foreign
	[[ $status != 0 ]] || trouble "it was read"
	[[ $err == *"cordon: "*owner* ]] || trouble "cordon does not say that it is another owner's: $err"
}

# Nodes that root has put into a workspace are no devices inside.
scenario_device_in_workspace() {
	it device_in_workspace T-EXEC-005
	((EUID == 0)) || {
		skip "only root of the host makes device nodes"
		return 0
	}
	control_place
	mknod -m 666 "$W/null" c 1 3
	they_run "$W/attacks" open_device "$W/null"
	control_worked || true
	place their
	mknod -m 666 "$W/null" c 1 3
	chown "$their_uid" "$W/null"
	run -- "$W/attacks" open_device "$W/null"
	held
}

# Set-user-id programs in a workspace, made by the operator, gain nothing inside.
scenario_setuid_in_workspace() {
	it setuid_in_workspace A38
	place
	cp /usr/bin/id "$W/id"
	chown "$my_uid" "$W/id"
	chmod 4755 "$W/id"
	run -- sh -c '[ "$(./id -u)" = "$(/usr/bin/id -u)" ] && [ "$(./id -u)" = "$(./id -ru)" ] && [ "$(./id -u)" != 0 ] && echo same'
	[[ $out == same ]] || trouble "a set-user-id program gains something: $out $err"
}
