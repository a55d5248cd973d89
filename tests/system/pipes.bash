#!/bin/bash
# Standard streams that are no terminal: bytes pass unchanged, ends and errors too.
. "$(dirname "$0")/lib.bash"

head -c 16777216 /dev/urandom >"$T/data"
sum=$(sha256sum <"$T/data")
guard=(timeout -s KILL 60)

same() { # FILE
	[[ $(sha256sum <"$1") == "$sum" ]] || trouble "$2: the bytes differ"
}

it "16 MiB of binary data through pipes"
cat "$T/data" | "${guard[@]}" "$CORDON" run -- cat 2>"$T/err" | cat >"$T/copy"
same "$T/copy" "pipe to pipe"
err=$(<"$T/err")
silent

it "16 MiB from file to file"
"${guard[@]}" "$CORDON" run -- cat <"$T/data" >"$T/copy" 2>"$T/err"
same "$T/copy" "file to file"

it "16 MiB through pipes, counted"
cat "$T/data" | "${guard[@]}" "$CORDON" run --report "$T/report.json" -- cat 2>"$T/err" | cat >"$T/copy"
same "$T/copy" "counted"
json_is "$T/report.json" 'r["usage"]["stdoutBytes"]' 16777216

it "16 MiB through named pipes"
mkfifo "$T/in" "$T/through"
cat "$T/data" >"$T/in" &
"${guard[@]}" "$CORDON" run -- cat <"$T/in" >"$T/through" 2>"$T/err" &
cat <"$T/through" >"$T/copy"
wait
same "$T/copy" "named"

it "16 MiB through a socket"
if ((BASH_VERSINFO[0] >= 5)) && [[ -x /usr/bin/python3 ]]; then
	"${guard[@]}" /usr/bin/python3 - "$CORDON" "$T/data" "$T/copy" <<'END' || trouble "the helper failed"
import socket, subprocess, sys, threading
ours, theirs = socket.socketpair()
child = subprocess.Popen([sys.argv[1], "run", "--", "cat"], stdin=theirs, stdout=theirs)
theirs.close()
def feed():
    ours.sendall(open(sys.argv[2], "rb").read())
    ours.shutdown(socket.SHUT_WR)
threading.Thread(target=feed).start()
with open(sys.argv[3], "wb") as out:
    while True:
        piece = ours.recv(65536)
        if not piece:
            break
        out.write(piece)
sys.exit(child.wait())
END
	same "$T/copy" "socket"
else
	skip "no python3"
fi

it "standard output and standard error stay apart"
run -- sh -c 'echo one; echo two >&2'
exits 0
prints one
[[ $err == two ]] || trouble "stderr: $err"

it "output is appended where the caller appends"
echo before >"$T/log"
"${guard[@]}" "$CORDON" run -- echo after >>"$T/log" 2>"$T/err"
[[ $(<"$T/log") == $'before\nafter' ]] || trouble "the file is: $(<"$T/log")"

it "input ends where the caller's ends"
run -- cat
exits 0
prints ""
"${guard[@]}" "$CORDON" run -- cat </dev/null | cat >"$T/out"
[[ ! -s $T/out ]] || trouble "something was read from the null device"
printf 'no newline' | "${guard[@]}" "$CORDON" run -- cat >"$T/out"
[[ $(<"$T/out") == "no newline" ]] || trouble "printed $(<"$T/out")"

it "closed standard streams"
"${guard[@]}" "$CORDON" run -- cat <&- >"$T/out" 2>"$T/err"
status=$?
exits 0
[[ ! -s $T/out ]] || trouble "something was read from a closed input"
"${guard[@]}" "$CORDON" run -- sh -c 'echo gone; echo kept >&2' >&- 2>"$T/err" </dev/null
status=$?
exits 0
[[ $(<"$T/err") == kept ]] || trouble "stderr: $(<"$T/err")"
"${guard[@]}" "$CORDON" run -- sh -c 'exit 4' <&- >&- 2>&-
status=$?
exits 4

it "a reader that leaves ends the writer"
"${guard[@]}" "$CORDON" run -- yes 2>"$T/err" | head -n 1 >"$T/out"
status=${PIPESTATUS[0]}
exits 141
[[ $(<"$T/out") == y ]] || trouble "printed $(<"$T/out")"
"${guard[@]}" "$CORDON" run --report "$T/report.json" -- yes 2>"$T/err" | head -n 1 >"$T/out"
status=${PIPESTATUS[0]}
exits 141
[[ $(<"$T/out") == y ]] || trouble "printed $(<"$T/out")"

it "a command that does not read its input ends all the same"
yes | "${guard[@]}" "$CORDON" run -- true
status=${PIPESTATUS[1]}
exits 0
"${guard[@]}" "$CORDON" run -- true <"$T/data" >"$T/out" 2>"$T/err"
status=$?
err=$(<"$T/err")
exits 0
silent

it "a reader that begins late gets everything"
{
	mkfifo "$T/late"
	"${guard[@]}" "$CORDON" run --report "$T/report.json" -- cat "$T/w/data" >"$T/late" 2>"$T/err" &
	cp "$T/data" "$T/w/data"
	exec 9<"$T/late"
	read -r -t 0.5 -u "$(exec 8<>/dev/null; echo 9)" -N 0
	cat <&9 >"$T/copy"
	exec 9<&-
	wait
}
same "$T/copy" "late"
rm -f "$T/w/data"

it "a full disk is not a success"
timeout -s KILL 60 "$CORDON" run -- echo lost >/dev/full 2>"$T/err" </dev/null
status=$?
err=$(<"$T/err")
exits 125
says "No space left"

it "the descriptors of a run are 0 to 2"
exec 7<"$T/data"
run -- /usr/bin/python3 -c 'import os
print(sorted(int(n) for n in os.listdir("/proc/self/fd"))[:4])'
prints "[0, 1, 2, 3]" # 3 is the listing's own
run -- sh -c 'readlink /proc/self/fd/7; echo none'
prints none
exec 7<&-

it "a02_no file of the caller can be reopened through a standard stream"
echo secret >"$T/once"
"${guard[@]}" "$CORDON" run -- sh -c 'echo overwritten >/proc/self/fd/0; cat /proc/self/fd/0; readlink /proc/self/fd/0' \
	<"$T/once" >"$T/out" 2>"$T/err"
[[ $(<"$T/once") == secret ]] || trouble "the file was overwritten"
grep -q '^pipe:' "$T/out" || trouble "standard input is $(<"$T/out")"

finish
