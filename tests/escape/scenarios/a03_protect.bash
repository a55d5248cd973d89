# Sourced by the driver of the escape tests.
#
# A03: what starts code at the operator's next step. The host's own `git status` is the judge, as the
# ordinary user, who owns the workspace in both passes.

# A repository with a commit, whose hooks directory and config exist.
make_repository() { # DIRECTORY
	"${they[@]}" git -c init.defaultBranch=main init -q "$1"
	"${they[@]}" sh -c 'cd "$1" && echo text >file && mkdir -p .git/hooks sub && git add file &&
		git -c user.name=t -c user.email=t@t.invalid commit -qm first' sh "$1"
}

their_git_status() { # DIRECTORY: what runs at the operator's next step; leaves "owned" when code ran
	(cd "$1" && "${they[@]}" git status >/dev/null 2>&1) || true
}

# Each way to plant something, as "NAME|ATTACK|ARGUMENTS"; @W is the workspace.
a03_ways() {
	cat <<'L'
hook|write_file|@W/.git/hooks/post-commit
config|write_file|@W/.git/config
config_renamed|rename_path|@W/planted @W/.git/config
config_moved_away|rename_path|@W/.git/config @W/.git/config.old
hooks_moved_away|rename_path|@W/.git/hooks @W/hooks.old
git_moved_away|rename_path|@W/.git @W/git.old
config_linked|link_and_write|@W/.git/config @W/second-name
commondir|write_file|@W/.git/commondir
attributes|write_file|@W/.git/info/attributes
envrc|write_file|@W/.envrc
envrc_renamed|rename_path|@W/planted @W/.envrc
envrc_linked|make_symlink|planted @W/.envrc
envrc_directory|make_directory|@W/.envrc
vscode|make_directory|@W/.vscode
vscode_tasks|write_file|@W/.vscode/tasks.json
vscode_renamed|rename_path|@W/sub @W/.vscode
vscode_linked|make_symlink|sub @W/.vscode
idea|make_directory|@W/.idea
devcontainer|make_directory|@W/.devcontainer
husky|make_directory|@W/.husky
mcp|write_file|@W/.mcp.json
agents|write_file|@W/AGENTS.md
claude|write_file|@W/CLAUDE.md
claude_directory|make_directory|@W/.claude
claude_settings|write_file|@W/.claude/settings.json
gemini|write_file|@W/GEMINI.md
cursorrules|write_file|@W/.cursorrules
L
}

scenario_a03_protect() {
	local way attack arguments before after
	it a03_control A03
	control_place
	make_repository "$W"
	while IFS='|' read -r way attack arguments; do
		case $way in
		vscode_tasks | claude_settings) "${they[@]}" mkdir -p "$W/.vscode" "$W/.claude" ;;
		attributes) "${they[@]}" mkdir -p "$W/.git/info" ;;
		*)
			# From the beginning, so that one way does not stand in another's.
			rm -rf "${W:?}"/.[!.]* "${W:?}"/*
			cp "$T"/attack/* "$W/"
			make_repository "$W"
			"${they[@]}" touch "$W/planted"
			;;
		esac
		# shellcheck disable=SC2086
		they_run "$W/attacks" "$attack" ${arguments//@W/$W}
		[[ $status == 0 ]] || trouble "outside, $way should work: $out $err"
	done < <(a03_ways)
	end_case

	place their
	make_repository "$W"
	"${they[@]}" touch "$W/planted"
	before=$(cd "$W" && find . -printf '%p %m %u %y\n' | sort)
	while IFS='|' read -r way attack arguments; do
		it "a03_$way" A03
		# shellcheck disable=SC2086
		run -- "$W/attacks" "$attack" ${arguments//@W/$W}
		if [[ $way == @(commondir) && $status == 125 && $err == *"protected file"* ]]; then
			: # git reads it by its mere existence, so it is watched instead: undone at once, and told
		else
			held
		fi
		after=$(cd "$W" && find . -printf '%p %m %u %y\n' | sort)
		[[ $before == "$after" ]] || {
			trouble "the workspace is not as it was: $(diff <(printf '%s\n' "$before") <(printf '%s\n' "$after"))"
			before=$after
		}
		end_case
	done < <(a03_ways)
}

# What is planted runs at `git status`: shown outside, and not so after a run that tried.
scenario_a03_git_status() {
	local plant='cd "$1" && printf "#!/bin/sh\ntouch %s/owned\n" "$1" >run-me && chmod 755 run-me &&
		{ git config core.fsmonitor "$1/run-me" ||
		  { cp .git/config new && printf "[core]\n\tfsmonitor = %s/run-me\n" "$1" >>new && mv -f new .git/config; } ||
		  { mv .git moved && cp -r moved .git && git config core.fsmonitor "$1/run-me"; }; }; true'
	it a03_git_status A03
	control_place
	make_repository "$W"
	they_run sh -c "$plant" sh "$W"
	their_git_status "$W"
	[[ -e $W/owned ]] || trouble "control: git status ran nothing: $out $err"

	place their
	make_repository "$W"
	run -- sh -c "$plant" sh "$W"
	their_git_status "$W"
	must ! -e "$W/owned"
}

# The repository is made invalid, so that git looks for a bare one in the workspace itself.
scenario_a03_bare_repository() {
	local plant='cd "$1" && printf "#!/bin/sh\ntouch %s/owned\n" "$1" >run-me && chmod 755 run-me &&
		rm -f .git/HEAD && mkdir -p objects refs && echo "ref: refs/heads/main" >HEAD &&
		printf "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = %s\n\tfsmonitor = %s/run-me\n" "$1" "$1" >config; true'
	it a03_bare_repository A03
	control_place
	make_repository "$W"
	they_run sh -c "$plant" sh "$W"
	their_git_status "$W"
	[[ -e $W/owned ]] || {
		skip "this git looks for no bare repository there"
		return 0
	}

	place their
	make_repository "$W"
	run --report "$T/$pass/report" -- sh -c "$plant" sh "$W"
	their_git_status "$W"
	# Prevented, or told about: the design reports new repositories.
	if [[ -e $W/owned ]]; then
		jq -e '.startsCode | length > 0' "$T/$pass/report" >/dev/null ||
			trouble "git status ran planted code, and the report does not tell: $(jq -c .startsCode "$T/$pass/report")"
	fi
}

# A repository whose common part, with its configuration, lies elsewhere and has no HEAD of its own.
scenario_a03_starts_code_commondir() {
	it a03_starts_code_commondir A03
	place
	run --report "$T/$pass/report" -- sh -c 'git init -q apart && mkdir sub && mv apart/.git common && mkdir gitdir &&
		mv common/HEAD gitdir/ && echo ../common >gitdir/commondir && echo "gitdir: ../gitdir" >sub/.git &&
		git -C sub config core.fsmonitor ./x && git -C sub config core.fsmonitor >/dev/null'
	exits 0
	jq -e '.startsCode | index("common/config")' "$T/$pass/report" >/dev/null ||
		trouble "not reported: $(jq -c .startsCode "$T/$pass/report")"
	run --report "$T/$pass/report" -- sh -c 'git init -q linked && cd linked/.git && mv config ../settings &&
		ln -s ../settings config && mv hooks ../programs && ln -s ../programs hooks'
	exits 0
	jq -e '.startsCode | index("linked/.git/config") and index("linked/.git/hooks")' "$T/$pass/report" >/dev/null ||
		trouble "links are not reported: $(jq -c .startsCode "$T/$pass/report")"
}

# A new repository below the workspace starts code when somebody goes there: the result says so.
scenario_a03_starts_code() {
	it a03_starts_code A03
	place
	run --report "$T/$pass/report" -- sh -c 'git init -q nested && git -C nested config core.fsmonitor ./x &&
		printf "#!/bin/sh\n" >nested/.git/hooks/post-commit && chmod 755 nested/.git/hooks/post-commit'
	exits 0
	jq -e '.startsCode | index("nested/.git/config") and index("nested/.git/hooks/post-commit")' "$T/$pass/report" >/dev/null ||
		trouble "not reported: $(jq -c .startsCode "$T/$pass/report")"
}

# Protected names that are links, out of the workspace or to elsewhere in it, before the run.
scenario_a03_protected_links() {
	it a03_protected_links A03
	place their
	make_repository "$W"
	"${they[@]}" sh -c 'cd "$1" && rm -rf .git/hooks && ln -s ../planted-hooks .git/hooks && mkdir planted-hooks &&
		ln -s "$2/directory" .vscode && ln -s "$2/secret" AGENTS.md && ln -s "$2/new" CLAUDE.md' sh "$W" "$outside"
	run -- sh -c 'echo x >.git/hooks/post-commit; echo x >.vscode/tasks.json; echo x >AGENTS.md; echo x >CLAUDE.md
		rm -f .vscode AGENTS.md .git/hooks; mkdir .vscode && echo x >.vscode/tasks.json; true'
	outside_is_untouched
	must ! -e "$outside/new"
	[[ $status == 125 || ! -e $W/planted-hooks/post-commit ]] || trouble "a hook was written through the link"
	[[ -L $W/.vscode && -L $W/AGENTS.md && -L $W/.git/hooks ]] || trouble "a protected link was replaced: $(ls -la "$W")"
}

# Two runs in one workspace share the placeholders; the first to end must not take them away.
scenario_a03_shared_placeholders() {
	local fd first
	it a03_shared_placeholders A03
	place
	background fd "${me[@]}" "$cordon" run --workspace "$W" -- sh -c 'touch started; cat >/dev/null; echo x >AGENTS.md || echo refused >second'
	first=$background_pid
	wait_until '[[ -e $W/started ]]' || trouble "it did not start: $(<"$T/background.err")"
	run -- true
	exits 0
	exec {fd}>&-
	gone "$first"
	must -e "$W/second"
	must ! -e "$W/AGENTS.md"
}

# A host program saves a protected file, by a new one in its place: the cover goes with the old one, and
# the run ends before it can write the new. Red when only hidden names are watched.
scenario_a03_replaced_on_host() {
	local fd pid
	it a03_replaced_on_host A03
	place
	printf 'old\n' >"$W/AGENTS.md"
	chown "$my_uid:$my_gid" "$W/AGENTS.md"
	background fd timeout -s KILL 30 "${me[@]}" "$cordon" run --workspace "$W" --report "$T/$pass/report-replaced" -- \
		sh -c 'touch started; while :; do sleep 0.01; done'
	pid=$background_pid
	wait_until '[[ -e $W/started ]]' || trouble "it did not start: $(<"$T/background.err")"
	(cd "$W" && echo new >x && mv x AGENTS.md)
	gone "$pid"
	exec {fd}>&-
	grep -q floor.protect "$T/$pass/report-replaced" || trouble "the report does not say floor.protect: $(cat "$T/$pass/report-replaced")"
	[[ $(<"$W/AGENTS.md") == new ]] || trouble "the host's file is: $(<"$W/AGENTS.md")"
}
