# Sourced by the driver of the escape tests.
#
# A01, A02, A03: names in the workspace are swapped against links to the outside while runs start.
# Nothing outside may be read or changed, whichever way each look-up falls. CORDON_RACE_ROUNDS rounds.
# Red when a path of the workspace is used by name after it was judged: cwd, executable, .git,
# placeholders, the workspace itself.

race() { # NAME SWAPPED-WITH-LINK -- OPTION... -- COMMAND...: runs while W/SWAPPED is and is not a link
	local title=$1 what=$2 rounds=${CORDON_RACE_ROUNDS:-30} fd pid i started=0
	shift 2
	it "$title" A01
	rm -f "$W/$what.link"
	"${they[@]}" ln -s "$outside/directory" "$W/$what.link"
	background fd "${they[@]}" "$T/bin/swapper" "$W/$what" "$W/$what.link"
	pid=$background_pid
	for ((i = 0; i < rounds && ${#troubles[@]} == 0; i++)); do
		"${me[@]}" "$cordon" run --workspace "$W" "$@" >"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
		((status == 0 || status == 10)) && started=$((started + 1))
		grep -qaF "$secret_text" "$T/out" && trouble "round $i: the secret was read"
		((status == 137 || status == 139)) && trouble "round $i: exit status $status: $(<"$T/err")"
		[[ -n $(find "$outside/directory" -mindepth 1 -print -quit) ]] && trouble "round $i: outside has now: $(ls -A "$outside/directory")"
	done
	exec {fd}>&-
	gone "$pid"
	printf '# %s: %d rounds, %d of them ran\n' "$title" "$i" "$started"
	outside_is_untouched
}

prepare_race() {
	place their
	make_repository "$W"
	"${they[@]}" sh -c 'cd "$1/sub" && echo inside >secret && cp ../attacks program' sh "$W"
}

scenario_race_cwd() {
	prepare_race
	race race_cwd sub --cwd "$W/sub" -- sh -c 'cat secret ../secret; echo x >planted; mkdir made; rm -rf made; true'
}

scenario_race_git() {
	prepare_race
	race race_git .git -- sh -c 'cat .git/secret .git/../secret; echo x >.git/planted; echo x >sub/y; true'
}

scenario_race_program() {
	prepare_race
	race race_program sub -- "$W/sub/program" read_file "$outside/secret"
}

scenario_race_protected_directory() {
	prepare_race
	"${they[@]}" mkdir "$W/.vscode" "$W/.github"
	race race_protected_directory .github -- sh -c 'echo x >.github/planted; mkdir -p .github/workflows; true'
}

scenario_race_hidden() {
	prepare_race
	"${they[@]}" sh -c 'echo text >"$1/sub/.env"' sh "$W"
	race race_hidden sub -p "$T/profiles/HIDE.json" -- sh -c 'cat sub/secret sub/.env; true'
}

# The workspace's own parent is swapped: what was judged is what is bound, or nothing.
scenario_race_workspace() {
	local top
	prepare_race
	top=$W
	"${they[@]}" mkdir "$top/parent" && mv "$top/sub" "$top/parent/inner"
	mkdir -p "$outside/directory"
	W=$top
	it race_workspace A01
	race_above race_workspace "$top"
}

race_above() { # NAME TOP
	local title=$1 top=$2 rounds=${CORDON_RACE_ROUNDS:-30} fd pid i started=0
	"${they[@]}" sh -c 'mkdir "$1/evil" "$1/evil/inner" && ln -s evil "$1/parent.link"' sh "$top"
	background fd "${they[@]}" "$T/bin/swapper" "$top/parent" "$top/parent.link"
	pid=$background_pid
	for ((i = 0; i < rounds && ${#troubles[@]} == 0; i++)); do
		"${me[@]}" "$cordon" run --workspace "$top/parent/inner" -- sh -c 'echo x >planted' >"$T/out" 2>"$T/err" </dev/null && status=0 || status=$?
		((status == 0 || status == 10)) && started=$((started + 1))
		# A link above a workspace is resolved once, at the start; what must not be is a run with one
		# directory's path and another's content, or a placeholder left in either.
		((status == 0 || status == 125 || status == 126)) || trouble "round $i: exit status $status: $(<"$T/err")"
	done
	exec {fd}>&-
	gone "$pid"
	printf '# %s: %d rounds, %d of them ran\n' "$title" "$i" "$started"
	for i in "$top/evil/inner" "$top/parent/inner" "$top/parent.link/inner"; do
		[[ -e $i/AGENTS.md || -e $i/.envrc ]] && trouble "a placeholder was left in $i"
	done
	outside_is_untouched
}
