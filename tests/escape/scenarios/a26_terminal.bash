# Sourced by the driver of the escape tests.
#
# A26: the terminal after a run. Red when modes are not left, or input not discarded, at the end.

scenario_a26_terminal_left_clean() {
	local mode after mess='\033[?1049h\033[?2004h\033[?1000h\033[?1006h\033[?25l\033[?1h\033=\033]0;title\007\033[6n'
	it a26_terminal_left_clean A26
	place
	# The control: a program on the bare terminal leaves the reply for the shell to read.
	they_run "$T/bin/onpty" -s "$T/reached/terminal" sh -c "printf '$mess'; sleep 0.3"
	grep -qx 'pending=[1-9].*' "$T/reached/terminal" || trouble "control: nothing is pending: $(cat "$T/reached/terminal")"
	rm -f "$T/reached/terminal"

	pty=()
	run_on_terminal -- sh -c "stty raw -echo; printf '${mess}END'; sleep 0.3"
	exits 0
	grep -qx pending=0 "$W/terminal" || trouble "input is left for the shell: $(cat "$W/terminal")"
	grep -qx modes=same "$W/terminal" || trouble "modes were not restored"
	after=${out##*END}
	for mode in '[?1049l' '[?2004l' '[?1000l' '[?25h'; do
		[[ $after == *$'\033'"$mode"* ]] || trouble "after the run, '$mode' was not printed"
	done
}

# The same when the run is ended from outside.
scenario_a26_terminal_after_kill() {
	it a26_terminal_after_kill A26
	place
	pty=()
	run_on_terminal --timeout 500ms -- sh -c "stty raw -echo; printf '\033[?2004hEND\033[6n'; sleep 30"
	exits 124
	grep -qx pending=0 "$W/terminal" || trouble "input is left for the shell: $(cat "$W/terminal")"
	grep -qx modes=same "$W/terminal" || trouble "modes were not restored"
	[[ ${out##*END} == *$'\033[?2004l'* ]] || trouble "paste mode was not left"
}

# Messages of cordon's own about a hostile command carry none of its bytes to the terminal.
scenario_a26_messages_are_escaped() {
	it a26_messages_are_escaped A26
	place
	run -- $'no\033]0;evil\007such\033[31mcommand'
	exits 127
	[[ $err != *$'\033'* && $err != *$'\007'* ]] || trouble "control characters in: $err"
}
