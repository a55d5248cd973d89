#!/bin/bash
# cordon run on a terminal: a pty of its own, job control of the outer shell, and a clean terminal after
# it (A26). PTYDRIVE names the driver.
. "$(dirname "$0")/lib.bash"
: "${PTYDRIVE:?names the terminal driver}"

export PS1='outer> ' CORDON T
shell=(bash --norc --noprofile --noediting -i)

# Runs the steps on standard input in an interactive shell on a terminal.
drive() {
	"$PTYDRIVE" -o "$T/transcript" -t 20 -s 30x100 -- "$@" 2>"$T/err" || trouble "$(<"$T/err")"
}

it "the run has a terminal of its own, of the caller's size"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- sh -c 'tty; stty size; test -t 0 -a -t 1 -a -t 2 && echo all-$((1+1))'\r
expect /dev/pts/0
expect 30 100
expect all-2
expect outer> 
send exit 0\r
exits 0
END

it "a new size is passed on"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- bash -c 'trap "stty size; exit" WINCH; echo up-$((1+1)); while :; do sleep 0.1; done'\r
expect up-2
resize 40 120
expect 40 120
expect outer> 
send exit 0\r
exits 0
END

it "the exit status, and all of the output"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- sh -c 'seq 1 20000; exit 7'; echo status-$?\r
expect \n19999\r\n20000\r\n
expect status-7
send exit 0\r
exits 0
END

it "standard error in a file while the rest is a terminal"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- sh -c 'echo to-err >&2; test -t 2 || echo not-$((1+1))' 2>$T/stderr; cat $T/stderr\r
expect not-2
expect to-err
send exit 0\r
exits 0
END

it "Ctrl-C reaches the command"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- sh -c 'echo up-$((1+1)); exec sleep 100'; echo status-$?\r
expect up-2
send \x03
expect status-130
send exit 0\r
exits 0
END

it "Ctrl-Z stops it, the shell has its modes, fg continues it"
drive "${shell[@]}" <<'END'
expect outer> 
send before=$(stty -g)\r
expect outer> 
send $CORDON run -- sh -c 'echo up-$((1+1)); exec sleep 100'\r
expect up-2
send \x1a
expect Stopped
expect outer> 
send test "$before" = "$(stty -g)" && echo same-$((1+1))\r
expect same-2
send jobs\r
expect Stopped
send fg; echo status-$?\r
expect sleep 100
quiet
send \x03
expect status-130
send exit 0\r
exits 0
END

it "stopped, sent to the background, brought back"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- bash -c 'echo up-$((1+1)); read -r line; echo got-$line'\r
expect up-2
send \x1a
expect Stopped
expect outer> 
send bg\r
expect outer> 
send echo shell-$((1+1))\r
expect shell-2
send fg\r
expect got-
quiet
send word\r
expect got-word
expect outer> 
send exit 0\r
exits 0
END

it "in the background it leaves the terminal to the shell"
drive "${shell[@]}" <<'END'
expect outer> 
send before=$(stty -g)\r
expect outer> 
send $CORDON run -- sh -c 'sleep 1; echo bg-$((1+1))' &\r
expect outer> 
send echo one-$((1+1)); test "$before" = "$(stty -g)" && echo same-$((1+1))\r
expect one-2
expect same-2
send echo two-$((1+1))\r
expect two-2
expect bg-2
send wait; echo status-$?\r
expect status-0
send exit 0\r
exits 0
END

it "started in the background, brought to the foreground, it reads"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- bash -c 'read -r line; echo got-$line' &\r
expect outer> 
send fg\r
expect got-
quiet
send word\r
expect got-word
expect outer> 
send exit 0\r
exits 0
END

it "job control of an interactive shell inside"
drive "${shell[@]}" <<'END'
expect outer> 
send PS1='inner> ' $CORDON run -e PS1 -- bash --norc --noprofile --noediting -i\r
expect inner> 
absent no job control
send tty\r
expect /dev/pts/0
expect inner> 
send sleep 100\r
quiet
send \x1a
expect Stopped
expect inner> 
send jobs\r
expect Stopped
expect inner> 
send fg\r
expect sleep 100
quiet
send \x03
expect inner> 
send cat | tr a-z A-Z\r
quiet
send shout\r
expect SHOUT
send \x04
expect inner> 
send diff <(echo a) <(echo b); exit 5\r
expect > b
expect outer> 
send echo status-$?\r
expect status-5
send exit 0\r
exits 0
END

it "a script around it stops and continues with it"
drive "${shell[@]}" <<'END'
expect outer> 
send bash -c '$CORDON run -- sh -c "echo up-\$((1+1)); exec sleep 100"; echo after-$?'\r
expect up-2
send \x1a
expect Stopped
expect outer> 
send fg\r
expect sleep 100
quiet
send \x03
expect after-130
expect outer> 
send exit 0\r
exits 0
END

it "where no shell could continue it, it is not stopped"
drive "$CORDON" run -- bash -c 'kill -TSTP $$; echo resumed-$((1+1))' <<'END'
expect resumed-2
exits 0
END

it "input from the terminal, output to a pipe: lines pass, Ctrl-D ends"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- cat | tr a-z A-Z\r
quiet
send hello\r
expect HELLO
send \x04
expect outer> 
send exit 0\r
exits 0
END

it "Ctrl-C and Ctrl-Z with output to a pipe"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- sh -c 'echo up-$((1+1)); exec sleep 100' | cat; echo status-${PIPESTATUS[0]}\r
expect up-2
send \x1a
expect Stopped
expect outer> 
send fg\r
expect sleep 100
quiet
send \x03
expect outer> 
send exit 0\r
exits 0
END

it "more input than the command reads does not block it"
{
	printf 'expect outer> \nsend $CORDON run -- sh -c "stty -echo; echo up-\\$((1+1)); sleep 1"; echo done-$((1+1))\\r\nexpect up-2\n'
	for _ in {1..40}; do
		printf 'send %s\n' "$(printf 'x%.0s' {1..1000})"
	done
	printf 'expect done-2\nexpect outer> \nsend exit 0\\r\nexits 0\n'
} >"$T/steps"
drive "${shell[@]}" <"$T/steps"

it "the terminal goes away: so does the run"
mark=$((RANDOM + 70000)).$$
drive "${shell[@]}" <<END
expect outer> 
send \$CORDON run -- sh -c 'echo up-\$((1+1)); sleep $mark'\r
expect up-2
hangup
exits 129
END
for _ in {1..100}; do
	pgrep -f "sleep $mark" >/dev/null || break
	sleep 0.05
done
pgrep -f "sleep $mark" >/dev/null && trouble "the run goes on"

it "a26_modes of the line discipline are as before"
drive "${shell[@]}" <<'END'
expect outer> 
send before=$(stty -g)\r
expect outer> 
send $CORDON run -- sh -c 'stty raw -echo -isig; stty 300; echo x'\r
expect outer> 
send test "$before" = "$(stty -g)" && echo same-$((1+1))\r
expect same-2
expect outer> 
send $CORDON run -- sh -c 'stty raw -echo; kill -KILL $$'\r
expect outer> 
send test "$before" = "$(stty -g)" && echo again-$((1+1))\r
expect again-2
send exit 0\r
exits 0
END

it "a26_what the run switched on is switched off"
cat >"$T/w/rude" <<'END'
#!/bin/sh
printf '\033[?1049h\033[?2004h\033[?1000;1006h\033[?1004h\033[?1h\033=\033[?25l\033[31m\033[>1u\033(0\033[2;10r\033]8;;http://x\033\\end\n'
END
chmod 755 "$T/w/rude"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- ./rude\r
expect end\r\n
expect \e[<1u
expect \e[?1049l
expect \e[?1l
expect \e[?1000l
expect \e[?1004l
expect \e[?1006l
expect \e[?25h
expect \e[?2004l
expect \e>
expect \e[r
expect \e(B
expect \e]8;;\e\\
expect \e[m
expect outer> 
send exit 0\r
exits 0
END

it "a26_a run that cleaned up, or printed text, leaves no sequence"
cat >"$T/w/polite" <<'END'
#!/bin/sh
printf '\033[?1049h\033[?2004h\033[?25l\033[1;31m\033[?25h\033[0m\033[?2004l\033[?1049lend-%s\n' $((1+1))
END
chmod 755 "$T/w/polite"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- ./polite\r
expect end-2\r\nouter> 
send $CORDON run -- printf 'plain-%s\\n' $((1+1))\r
expect plain-2\r\nouter> 
send exit 0\r
exits 0
END

it "a26_a sequence cut in the middle does not swallow what follows"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- printf 'cut-%s\\033]0;title' $((1+1))\r
expect cut-2\e]0;title\e\\
expect outer> 
send exit 0\r
exits 0
END

it "a26_answers to the run's questions are not typed into the shell"
drive "${shell[@]}" <<'END'
expect outer> 
send $CORDON run -- printf 'ask-%s\\033[6n' $((1+1))\r
expect ask-2\e[6n
pause 15
send \e[12;34R
pause 15
send \e[12;34R
pause 15
send \e[12;34R
pause 15
send \e[12;34R
expect outer> 
quiet
absent 12;34R
send echo clean-$((1+1))\r
expect \nclean-2
send exit 0\r
exits 0
END

finish
