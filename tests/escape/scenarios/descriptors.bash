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
	held 'is no file' # Landlock would refuse to open it again, too
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
	control_place
	printf 'before\n' >"$T/log"
	"${they[@]}" "$W/attacks" stdout_emptied >>"$T/log"
	[[ $(<"$T/log") != before* ]] || trouble "control: the log is still there: $(<"$T/log")"
	place
	printf 'before\n' >"$T/log"
	"${me[@]}" "$cordon" run --workspace "$W" -- "$W/attacks" stdout_emptied >>"$T/log" 2>"$T/err" </dev/null || true
	[[ $(<"$T/log") == $'before\nHELD '* ]] || trouble "the log is: $(<"$T/log") $(<"$T/err")"
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
			"$W" | "$W"/* | user:* | notify) ;; # the launcher's, of the workspace; pid 1's listener
			"$T"/home-*/.local/state/cordon/ledger | "$T"/home-*/.local/state/cordon/ledger/* | \
				"$T"/home/.local/state/cordon/ledger | "$T"/home/.local/state/cordon/ledger/*)
				[[ $(</proc/"$number"/comm) == cordon-ledger ]] || trouble "process $number holds $link"
				;;
			*) trouble "process $number ($(</proc/"$number"/comm)) holds $link" ;;
			esac
		done
	done
	exec {fd}>&-
	gone "$pid"
}

# A02, A10, A11: pid 1 holds what it works with and no more, what it holds of files is the run's own, and
# nobody may look into it.
# Looked at from outside; inside, pid 1 shows nothing to anybody.
scenario_a02_pid_1_holds() {
	local fd pid init number link mount files=0
	it a02_pid_1_holds A02
	((EUID == 0)) || {
		skip "only root can look into pid 1 of a run"
		return 0
	}
	place
	background fd "${me[@]}" "$cordon" run --workspace "$W" -- sh -c 'echo started >"$0"; cat' "$W/started" \
		8<"$outside" 9<"$outside/secret"
	pid=$background_pid
	wait_until '[[ -s $W/started ]]' || trouble "it did not start: $(<"$T/background.err")"
	init=$(children_of "$(children_of "$pid")")
	while read -r number link; do
		case $link in
		/*)
			files=$((files + 1))
			((number <= 2)) && [[ $link == /dev/null ]] || trouble "descriptor $number is $link"
			mount=$(sed -n 's/^mnt_id:[[:space:]]*//p' "/proc/$init/fdinfo/$number")
			# Of a mount that is not in its namespace, as of the host's, there is no line.
			grep -q "^$mount " "/proc/$init/mountinfo" || trouble "descriptor $number, $link, is of a mount of the host's"
			;;
		pipe:*) [[ $number != 0 ]] || trouble "standard input is $link" ;;
		socket:* | anon_inode:\[signalfd\] | 'anon_inode:seccomp notify') ;;
		*) trouble "descriptor $number is $link" ;;
		esac
	done < <(find "/proc/$init/fd" -mindepth 1 -printf '%f %l\n')
	((files == 3)) || trouble "pid 1 has $files files open instead of /dev/null three times"
	# A11: what is not dumpable belongs to root, whoever runs it: proc_pid(5). A uid that changes clears
	# it as well, and Landlock keeps the payload out, so neither is asked.
	must "$(stat -c %u "/proc/$(children_of "$init")/fd")" != 0 # the control: the command itself
	must "$(stat -c %u "/proc/$init/fd")" = 0
	must "$(stat -c %u "/proc/$(children_of "$pid")/fd")" = 0
	# Its own filter and no rights, which the command does not need it to have lost.
	for link in CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 \
		CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2; do
		grep -qx "${link%:*}:[[:space:]]*${link#*:}" "/proc/$init/status" || trouble "pid 1 has $(grep "^${link%:*}:" "/proc/$init/status")"
	done
	# The lifeline, the link, its signals, the run's listener.
	[[ $(find "/proc/$init/fd" -mindepth 1 | wc -l) == 7 ]] ||
		trouble "pid 1 holds: $(find "/proc/$init/fd" -mindepth 1 -printf '%f %l; ')"
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
