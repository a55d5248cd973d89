# Sourced by the driver of the escape tests.
#
# A01: what cannot be a workspace, and where cwd can be. Red when the place is not judged.

refused_without_starting() { # WHAT
	[[ $status == 125 || $status == 126 ]] || trouble "$1: exit status $status: $out $err"
	[[ $out != *started* ]] || trouble "$1: the command was started"
	[[ $err == "cordon: "* ]] || trouble "$1: no sentence: $err"
}

scenario_a01_wrong_workspaces() {
	local home configuration directory
	it a01_wrong_workspaces A01
	place
	run -- echo started
	[[ $status == 0 && $out == started ]] || trouble "control: $status $out $err"

	home=$T/home
	[[ $pass == root ]] && home=$T/home-root
	cordon run --workspace / -- echo started
	refused_without_starting /
	cordon run --workspace "$home" -- echo started
	refused_without_starting "the home directory"
	cordon run --workspace "$T" -- echo started
	refused_without_starting "a directory above the home directory"
	ln -sfn "$home" "$W/link"
	cordon run --workspace "$W/link" -- echo started
	refused_without_starting "a link to the home directory"
	cordon run --workspace "$W/../../${home##*/}" -- echo started
	refused_without_starting "the home directory by another way"
	if [[ $pass == root ]]; then
		cordon run --workspace /root -- echo started
		refused_without_starting "the home directory of the user database"
	fi
	cordon run --workspace "$(dirname "$cordon")" -- echo started
	refused_without_starting "the directory of cordon's program files"
	# Above them, as in a build tree, they are there but cannot be changed (docs/decisions/0002).
	mkdir "$W/tree" "$W/tree/bin"
	cp "$(dirname "$cordon")"/cordon* "$W/tree/bin/"
	chown -R "$my_uid:$my_gid" "$W/tree"
	"${me[@]}" "$W/tree/bin/${cordon##*/}" run --workspace "$W/tree" -- sh -c \
		'for p in bin/cordon*; do echo x >>"$p"; rm -f "$p"; mv "$p" away; done; mv bin other; touch bin/new; touch here' \
		>"$T/out" 2>"$T/err" </dev/null || true
	cmp -s "$W/tree/bin/${cordon##*/}" "$cordon" || trouble "cordon's program below a workspace was changed"
	must ! -e "$W/tree/bin/new"
	must -e "$W/tree/here"

	for directory in config state; do
		configuration=$W/$directory/cordon
		mkdir -p "$configuration"
		chmod 700 "$configuration"
		chown -R "$my_uid:$my_gid" "$W/$directory"
		status=0
		case $directory in
		config) set -- "XDG_CONFIG_HOME=$W/config" ;;
		state) set -- "XDG_STATE_HOME=$W/state" ;;
		esac
		"${me[@]}" env "$1" "$cordon" run --workspace "$W" -- echo started >"$T/out" 2>"$T/err" </dev/null || status=$?
		finish_command
		refused_without_starting "a directory with cordon's $directory in it"
		"${me[@]}" env "$1" "$cordon" run --workspace "$configuration" -- echo started >"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
		finish_command
		refused_without_starting "cordon's $directory directory"
	done
}

scenario_a01_cwd() {
	it a01_cwd A01
	place
	mkdir -p "$W/sub/deeper"
	ln -s "$outside" "$W/link"
	ln -s /etc "$W/sub/link"
	ln -s deeper "$W/sub/inner"
	chown -hR "$my_uid:$my_gid" "$W"
	run --cwd "$W/sub/deeper" -- pwd
	[[ $status == 0 && $out == "$W/sub/deeper" ]] || trouble "control: $status $out $err"
	for directory in /etc "$outside" "$W/.." "$W/link" "$W/sub/link" "$W/sub/inner" "$W/sub/../.." "$W/link/directory"; do
		run --cwd "$directory" -- sh -c 'echo started; pwd'
		refused_without_starting "cwd $directory"
	done
	rm -rf "$W/sub/deeper"
	run --cwd "$W/sub/deeper" -- echo started
	refused_without_starting "a missing cwd"
}

# Whatever a profile grants, cordon's own files are not in a run.
scenario_a01_configuration_unseen() {
	local home configuration=$T/$pass/config
	it a01_configuration_unseen A01
	place
	home=$T/home
	[[ $pass == root ]] && home=$T/home-root
	mkdir -p "$configuration/cordon"
	printf '{"cordonConfig": 1}\n' >"$configuration/cordon/config.json"
	chmod -R go-w "$configuration"
	chown -R "$my_uid:$my_gid" "$configuration"
	cat >"$T/profiles/GRANTS.json" <<J
{"cordonProfile": 1, "name": "grants", "extends": ["default"], "widens": ["filesystem.read"],
 "filesystem": {"read": ["/usr", "$configuration"]}}
J
	chmod 644 "$T/profiles/GRANTS.json"
	"${me[@]}" env "XDG_CONFIG_HOME=$configuration" "$cordon" run --workspace "$W" -p "$T/profiles/GRANTS.json" -- \
		cat "$configuration/cordon/config.json" >"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
	finish_command
	[[ $status != 0 && $out != *cordonConfig* ]] || trouble "the configuration was read: $out"
}

# A14, as far as a profile can try it: the roots that no plan may grant.
scenario_a14_profile_grants() {
	local directory
	it a14_profile_grants A14
	place
	for directory in / /proc /sys /dev; do
		cat >"$T/profiles/GRANTS.json" <<J
{"cordonProfile": 1, "name": "grants", "extends": ["default"], "widens": ["filesystem.read"],
 "filesystem": {"read": ["/usr", "$directory"]}}
J
		chmod 644 "$T/profiles/GRANTS.json"
		run -p "$T/profiles/GRANTS.json" -- echo started
		refused_without_starting "a profile that grants $directory"
	done
}
