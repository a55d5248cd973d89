#!/bin/bash
# The exit status of `cordon run`, and what it says: INTERFACES section 1.
. "$(dirname "$0")/lib.bash"

it "the command's own status is passed on"
for n in 0 1 7 255; do
	run -- sh -c "exit $n"
	exits $n
	silent
done

it "options stop at the first word that is none"
run sh -c 'exit 3'
exits 3

it "128 and the signal when the command died of one"
run -- sh -c 'kill -TERM $$'
exits 143
run -- sh -c 'kill -SEGV $$'
exits 139
run -- sh -c 'kill -KILL $$'
exits 137

it "124 at the time limit, with the way on"
begin=$SECONDS
run --timeout 300ms -- sleep 30
exits 124
one_sentence
says "time limit"
says "--timeout"
((SECONDS - begin < 10)) || trouble "it took $((SECONDS - begin)) s"

it "124 when the whole tree ignores being asked to end"
run --timeout 300ms -- bash -c 'trap "" TERM HUP INT; setsid bash -c "trap \"\" TERM; sleep 30" & sleep 30'
exits 124

it "125 at the output limit of the profile, with the way on"
cat >"$T/small.json" <<'END'
{"cordonProfile": 1, "name": "small", "extends": ["default"], "limits": {"output": "64K"}}
END
run -p "$T/small.json" -- sh -c 'head -c 1000000 /dev/zero; sleep 30'
exits 125
one_sentence
says "limits.output"

it "137 at the memory limit of the profile, with the way on"
cat >"$T/lean.json" <<'END'
{"cordonProfile": 1, "name": "lean", "extends": ["default"], "limits": {"memory": "48M"}}
END
run -p "$T/lean.json" -- /usr/bin/python3 -c 'x = bytearray(600 << 20); x[::4096] = b"x" * len(x[::4096])'
exits 137
one_sentence
says "limits.memory"

it "127 for a command that does not exist"
run -- no-such-program-at-all
exits 127
one_sentence
says "no-such-program-at-all"
run -- ./missing
exits 127
one_sentence
says "./missing"
run -- ''
exits 127
one_sentence

it "126 for a script whose interpreter is not granted"
printf '#!%s/outside/tool\n' "$T" >script
mkdir "$T/outside"
printf '#!/bin/sh\necho reached\n' >"$T/outside/tool"
chmod 755 "$T/outside" "$T/outside/tool" script
run -- ./script
exits 126
one_sentence
says "$T/outside/tool"

it "127 for a command that exists and is not granted, and that is said"
run -- "$T/outside/tool"
exits 127
one_sentence
says "$T/outside/tool"
says "profile"
prints ""

it "126 for a directory as a command"
run -- /usr/lib
exits 126
one_sentence
says "is a directory"

it "what cannot be executed does not hide what can, further on in PATH"
mkdir first second
printf 'data\n' >first/both
printf '#!/bin/sh\necho second\n' >second/both
chmod 755 second/both
run -e PATH="$T/w/first:$T/w/second:/usr/bin" -- both
exits 0
prints second
run -e PATH="$T/w/first:/usr/bin" -- both
exits 126

it "126 for a file without the right to execute it"
printf 'data\n' >data.txt
run -- ./data.txt
exits 126
one_sentence
says "./data.txt"

it "126 for a script whose interpreter is missing, which is named"
printf '#!/usr/bin/no-such-interpreter -x\n' >script
chmod 755 script
run -- ./script
exits 126
one_sentence
says "/usr/bin/no-such-interpreter"

it "scripts run by their interpreter, with their own name"
printf '#!/bin/sh\necho "$0 $1"\n' >script
run -- ./script one
exits 0
[[ $out == "$T/w/script one" || $out == "./script one" ]] || trouble "printed $out"

it "126 for a file that is no program"
printf 'no program\n' >junk
chmod 755 junk
run -- ./junk
exits 126
one_sentence

it "125 for what is no option, with a hint"
for bad in --nonsense --timeout=soon --timeout=-1 --session=a/b:c:d --session=a:b --wait-approver=10s; do
	run $bad -- touch started
	exits 125
	says "cordon: "
	not_started
done
run --nonsense -- touch started
says "cordon run --help"
run
exits 125
says "cordon run --help"

it "a session label of three parts is accepted"
run --session main:cli:user-1@host -- true
exits 0
silent

it "125 for a subcommand that does not exist"
cordon nonsense
exits 125
says "nonsense"

it "help and version are answers"
cordon --version
exits 0
[[ $out =~ ^cordon\ [0-9]+\.[0-9]+ ]] || trouble "printed: $out"
silent
for words in "--help" "run --help" "profile --help" "doctor --help"; do
	cordon $words
	exits 0
	[[ $out == *sage:* ]] || trouble "'$words' printed: $out"
	silent
done

it "a signal to cordon is for the command"
mkfifo "$T/ready"
"$CORDON" run -- bash -c 'trap "echo told; exit 9" TERM; echo up; while :; do sleep 0.1; done' \
	>"$T/ready" 2>"$T/err" </dev/null &
child=$!
exec 9<"$T/ready"
read -r -t 20 -u 9 line
[[ $line == up ]] || trouble "it did not come up"
kill -TERM $child
wait $child
status=$?
err=$(<"$T/err")
exits 9
read -r -t 5 -u 9 line
[[ $line == told ]] || trouble "the command was not told"
exec 9<&-

it "125 when the launcher is killed, and the run goes with it"
mark=$((RANDOM + 70000)).$$
"$CORDON" run -- bash -c "sleep $mark & echo up; wait" >"$T/ready" 2>"$T/err" </dev/null &
child=$!
exec 9<"$T/ready"
read -r -t 20 -u 9 line
kill -KILL "$(pgrep -P $child | head -n 1)"
wait $child
status=$?
err=$(<"$T/err")
exits 125
one_sentence
says "launcher"
pgrep -f "sleep $mark" >/dev/null && trouble "a process of the run is left"
exec 9<&-

it "nothing is left behind when cordon is killed"
mark=$((RANDOM + 70000)).$$
"$CORDON" run -- bash -c "sleep $mark & setsid sleep $mark & echo up; wait" >"$T/ready" 2>/dev/null </dev/null &
child=$!
exec 9<"$T/ready"
read -r -t 20 -u 9 line
kill -KILL $child
wait $child 2>/dev/null
for _ in {1..100}; do
	pgrep -f "sleep $mark" >/dev/null || break
	sleep 0.05
done
pgrep -f "sleep $mark" >/dev/null && trouble "a process of the run is left"
exec 9<&-

finish
