# Sourced by the driver of the escape tests.
#
# M7, A41: what a run starts does not outlive it, and signals stay inside.

scenario_daemons() {
	local kind mark pid
	for kind in forked session ignoring stopped streams; do
		it "daemon_$kind" M7
		mark=$T/mark-$kind-$pass
		control_place
		[[ $kind == streams ]] || {
			they_run "$W/attacks" daemon "$kind" "$mark"
			control_worked || true
		}
		[[ $kind == streams ]] && "${they[@]}" "$W/attacks" daemon "$kind" "$mark" </dev/null >/dev/null 2>&1
		[[ -n $(pids_with "$mark") ]] || trouble "control: nothing was left behind"
		for pid in $(pids_with "$mark"); do kill -KILL "$pid"; done
		wait_until '[[ -z $(pids_with "$mark") ]]' || true

		place
		run -- "$W/attacks" daemon "$kind" "$mark"
		permitted
		sleep 0.1
		for pid in $(pids_with "$mark"); do
			trouble "process $pid was left behind"
			kill -KILL "$pid"
		done
		end_case
	done
}

# kill(-1) and the like: processes of the host's and cordon itself go on.
scenario_signals() {
	it signals_all T-EXEC-005
	control_place
	# In a pid namespace of its own, where the victim is.
	they_run setsid --wait unshare --user --map-root-user --pid --fork --mount-proc -- sh -c \
		'sleep 60 & "$1" kill_all >/dev/null; wait $!; echo "victim $?"' sh "$W/attacks"
	[[ $out == *"victim 1"* ]] || trouble "control: the victim lives: $out $err"
	place
	run --report "$T/$pass/report" -- "$W/attacks" kill_all
	held
	reason_is "$T/$pass/report" exit
	kill -0 "$victim" || trouble "a process of the host was killed"
}

# A41 and the lifeline: any one of cordon's processes is killed; nothing is left a second later. "stopped"
# is a process that can do nothing about it: then the lifeline alone ends pid 1, which its launcher has
# forgotten, and the signal of its parent's death alone the pid 1 that looks at nothing (for root a
# cgroup is swept as well). The command reads no stream of ours, whose end would be its own.
scenario_a41_killed() {
	local fd pid mark target number launcher init
	for number in monitor launcher init monitor_launcher_stopped launcher_init_stopped; do
		it "a41_killed_$number" A41
		mark=$T/mark-killed-$number-$pass
		place
		background fd "${me[@]}" "$cordon" run --workspace "$W" -- sh -c '"$0" daemon ignoring "$1" >/dev/null; "$0" daemon stopped "$1" >/dev/null; touch started; exec sleep 86400' "$W/attacks" "$mark"
		pid=$background_pid
		wait_until '[[ -e $W/started ]]' || trouble "it did not start: $(<"$T/background.err")"
		launcher=$(children_of "$pid")
		init=$(children_of "$launcher")
		case $number in
		monitor*) target=$pid ;;
		launcher*) target=$launcher ;;
		init) target=$init ;;
		esac
		case $number in
		*_launcher_stopped) kill -STOP "$launcher" ;;
		*_init_stopped) kill -STOP "$init" ;;
		esac
		kill -KILL "$target" || trouble "no process to kill"
		wait_until '[[ -z $(pids_with "$mark" | grep -vx "$launcher") ]]' || trouble "processes are left: $(pids_with "$mark")"
		kill -CONT "$launcher" 2>/dev/null || true
		gone "$pid"
		gone "$launcher"
		exec {fd}>&-
		wait_until '[[ ! -e $W/AGENTS.md && ! -e $W/.envrc ]]' || trouble "placeholders are left: $(ls -A "$W")"
		for pid in $init $(pids_with "$mark"); do kill -KILL "$pid" 2>/dev/null || true; done
		end_case
	done
}

children_of() { # PID: on the way to the command, so without the writer of the ledger
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[[ $(cat "/proc/$child/comm" 2>/dev/null) == cordon-ledger ]] || printf '%s' "$child"
	done
}
