# Sourced by the driver of the escape tests.
#
# A02, A10, A43: standard streams, and how the program itself is started.

# Standard input that is a file or a directory of the host's. Red when it is passed instead of relayed.
scenario_a02_stdin_file() {
	it a02_stdin_file A02
	control_place
	(cd "$outside" && exec "${they[@]}" "$W/attacks" stdin_reopened <"$outside/secret") >"$T/out" 2>"$T/err" && status=0 || status=$?
	finish_command
	control_worked || return 0
	place
	status=0
	"${me[@]}" "$cordon" run --workspace "$W" -- "$W/attacks" stdin_reopened <"$outside/secret" >"$T/out" 2>"$T/err" || status=$?
	finish_command
	held
	status=0
	"${me[@]}" "$cordon" run --workspace "$W" -- cat <"$outside/secret" >"$T/out" 2>"$T/err" || status=$?
	finish_command
	exits 0
	[[ $out == "$secret_text" ]] || trouble "a file as standard input was not relayed: $out $err"
	outside_is_untouched
}

scenario_a02_stdin_directory() {
	it a02_stdin_directory A02
	control_place
	("${they[@]}" "$W/attacks" leaked_directory secret <"$outside") >"$T/out" 2>"$T/err" && status=0 || status=$?
	finish_command
	control_worked || return 0
	place
	"${me[@]}" "$cordon" run --workspace "$W" -- "$W/attacks" leaked_directory secret <"$outside" \
		>"$T/out" 2>"$T/err" && status=0 || status=$?
	finish_command
	[[ $status == 125 ]] || held # refused as a whole is as good
}

# Standard output to a file of the host's: a run adds to it, and can neither empty nor rewrite it.
scenario_a02_stdout_file() {
	it a02_stdout_file A02
	place
	printf 'before\n' >"$T/log"
	"${me[@]}" "$cordon" run --workspace "$W" -- sh -c 'echo line; : >/proc/self/fd/1; true' \
		>>"$T/log" 2>"$T/err" </dev/null && status=0 || status=$?
	[[ $(<"$T/log") == $'before\nline' ]] || trouble "the log is: $(<"$T/log") $(<"$T/err")"
}

# A script whose interpreter is "whatever runs now": the kernel would open cordon's own program from a
# descriptor of the host's mount.
scenario_a02_interpreter_self() {
	it a02_interpreter_self A02
	control_place
	printf '#!/proc/self/exe --version\n' >"$W/self"
	chmod 755 "$W/self"
	they_run bash -c "exec $W/self"
	[[ $out == *bash* ]] || trouble "the control did not run its own shell: $status $out $err"
	place
	printf '#!/proc/self/exe --version\n' >"$W/self"
	chmod 755 "$W/self"
	run -- "$W/self"
	[[ $out != *cordon* ]] || trouble "cordon's own program ran inside: $out"
	[[ $status != 0 ]] || trouble "it ran: $out"
}

# A43: scripts are started by path, so that \$0 is their name, by all ways of naming them.
scenario_a43_script_name() {
	it a43_script_name A43
	place
	mkdir "$W/sub"
	printf '#!/bin/sh\necho "$0" "$@"\n' >"$W/sub/script"
	chmod 755 "$W/sub" "$W/sub/script"
	run -- "$W/sub/script" a 'b c'
	[[ $status == 0 && $out == "$W/sub/script a b c" ]] || trouble "absolute: $status '$out' $err"
	run -- ./sub/script a
	[[ $status == 0 && ($out == "./sub/script a" || $out == "$W/sub/script a") ]] || trouble "relative: $status '$out' $err"
	run --cwd "$W/sub" -- ./script
	[[ $status == 0 && ($out == ./script || $out == "$W/sub/script") ]] || trouble "in cwd: $status '$out' $err"
	printf '#!/usr/bin/env python3\nimport sys; print(sys.argv[0])\n' >"$W/script.py"
	chmod 755 "$W/script.py"
	[[ -x /usr/bin/python3 ]] && {
		run -- ./script.py
		[[ $status == 0 && $out == */script.py ]] || trouble "python: $status '$out' $err"
	}
	true
}

# A10, M6: cordon's own helpers keep nothing of the caller's open: no file, no directory, no terminal.
scenario_a10_helpers_hold_nothing() {
	local fd pid link number
	it a10_helpers_hold_nothing A10
	place
	background fd "${me[@]}" "$cordon" run --workspace "$W" -- sh -c 'echo started >"$0"; cat' "$W/started" \
		8<"$outside" 9<"$outside/secret"
	pid=$background_pid
	wait_until '[[ -e $W/started ]]' || trouble "it did not start: $(<"$T/background.err")"
	for number in $(descendants "$pid"); do
		for link in $(open_files_of "$number"); do
			case $link in
			socket:* | pipe:* | anon_inode:* | /dev/null | /dev/ptmx | /dev/pts/* | *'(deleted)') ;;
			"$outside"*) trouble "process $number ($(</proc/"$number"/comm)) holds $link" ;;
			esac
		done
	done
	exec {fd}>&-
	gone "$pid"
}

descendants() { # PID: all below it
	local child
	for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
		printf '%s\n' "$child"
		descendants "$child"
	done
}

# What a process has open; nothing where we may not look.
open_files_of() {
	find "/proc/$1/fd" -mindepth 1 -printf '%l\n' 2>/dev/null || true
}
