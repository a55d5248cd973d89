#!/bin/bash
# cordon netguard classify: one line of JSON for each line, whatever the line is. T-EXFIL-001, M9.
. "$(dirname "$0")/lib.bash"

# Standard input through the filter.
classify() {
	timeout -s KILL 60 "$CORDON" netguard classify >"$T/out" 2>"$T/err"
	status=$?
	out=$(<"$T/out")
	err=$(<"$T/err")
}

lines_out() { # COUNT, each of them an object with the four members
	json_lines=$(/usr/bin/python3 -c '
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
assert lines.pop() == "", "the last line has no end"
for line in lines:
    r = json.loads(line)
    assert list(r) == ["address", "allow", "class", "source"], line
    assert isinstance(r["allow"], bool) and r["allow"] == (r["class"] == "public"), line
    assert (r["source"] is None) == (r["class"] == "invalid"), line
print(len(lines))' "$T/out" 2>&1)
	[[ $json_lines == "$1" ]] || trouble "$json_lines instead of $1 lines"
}

it "an address is answered with class and source"
classify <<<"8.8.8.8"
exits 0
silent
prints '{"address":"8.8.8.8","allow":true,"class":"public","source":"RFC 791"}'

it "each kind has its name"
while read -r address class; do
	classify <<<"$address"
	exits 0
	json_is "$T/out" "r['class']" "$class"
	json_is "$T/out" "r['address']" "$address"
done <<'END'
1.1.1.1 public
2606:4700:4700::1111 public
127.0.0.1 loopback
::1 loopback
10.1.2.3 private
172.31.255.255 private
192.168.0.1 private
100.64.0.1 shared
169.254.1.1 link-local
fe80::1 link-local
169.254.169.254 metadata
168.63.129.16 metadata
fd00:ec2::254 metadata
fc00::1 unique-local
fec0::1 site-local
224.0.0.251 multicast
ff02::1 multicast
255.255.255.255 broadcast
240.0.0.1 reserved
0.0.0.0 unspecified
:: unspecified
192.0.2.1 documentation
2001:db8::1 documentation
3fff::1 documentation
198.18.0.1 benchmarking
::ffff:127.0.0.1 loopback
::ffff:8.8.8.8 public
::8.8.8.8 ipv4-compatible
64:ff9b::8.8.8.8 translated
64:ff9b:1::1 translated
2002:808:808:: 6to4
2001::1 teredo
5f00::1 srv6
100::1 discard
0177.0.0.1 invalid
0x7f000001 invalid
2130706433 invalid
127.1 invalid
fe80::1%eth0 invalid
[::1] invalid
1.2.3.4:80 invalid
localhost invalid
END

it "bad lines are answered, and the good ones behind them too"
printf '%s\n' 'no address' '' '"' '\' $'\e[31m' $'8.8.8.8\r' ' 8.8.8.8' '8.8.8.8' >"$T/in"
printf '\xff\xfe\n8.8.8.8\0\n\0\n9.9.9.9' >>"$T/in"
classify <"$T/in"
exits 0
silent
lines_out 12
[[ $(grep -c '"class":"public"' "$T/out") == 2 ]] || trouble "not two public ones: $out"
[[ $out != *$'\e'* ]] || trouble "a control character was passed on"

it "nothing in, nothing out"
classify </dev/null
exits 0
silent
prints ""

it "a line without an end is of bounded size, and so is its answer"
{
	head -c 50000000 /dev/zero | tr '\0' 7
	printf '\n1.1.1.1\n'
	head -c 100000 /dev/zero
} >"$T/in"
classify <"$T/in"
exits 0
lines_out 3
json_is <(head -1 "$T/out") "(len(r['address']), r['class'])" '[1024, "invalid"]'
json_is <(sed -n 2p "$T/out") "r['class']" public
(($(stat -c %s "$T/out") < 10000)) || trouble "the answer has $(stat -c %s "$T/out") bytes"

it "a line that is cut ends with a whole character"
/usr/bin/python3 -c 'print("x" * 1023 + "\u00fc" + "y")' >"$T/in"
classify <"$T/in"
exits 0
lines_out 1
json_is "$T/out" "r['address'] == 'x' * 1023" true

it "many lines, each in its place"
/usr/bin/python3 -c 'for i in range(100000): print(f"{i % 256}.{i // 256 % 256}.7.{i % 251}" if i % 10 else f"bad {i}")' >"$T/in"
classify <"$T/in"
exits 0
lines_out 100000
order=$(/usr/bin/python3 -c '
import json, sys
for line, question in zip(open(sys.argv[1]), open(sys.argv[2])):
    r = json.loads(line)
    assert r["address"] == question[:-1], line
    assert (r["class"] == "invalid") == question.startswith("bad"), line' "$T/out" "$T/in" 2>&1) ||
	trouble "$order"

it "an answer comes before the next question, from a process that has locked itself"
coproc FILTER { exec "$CORDON" netguard classify 2>&1; }
pid=$FILTER_PID
echo ::1 >&"${FILTER[1]}"
IFS= read -r -t 20 -u "${FILTER[0]}" line
[[ $line == *'"class":"loopback"'* ]] || trouble "no answer: $line"
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
# Sanitizers make calls of their own, so such a build keeps its system calls.
if ! grep -q __asan_init "$CORDON"; then
	[[ $(field "$pid" NoNewPrivs) == 1 ]] || trouble "it could get privileges"
	[[ $(field "$pid" Seccomp) == 2 ]] || trouble "it has no filter"
	(($(field "$pid" Seccomp_filters) > $(field $$ Seccomp_filters))) ||
		trouble "its filter is not its own"
	[[ $(field "$pid" CapEff) == 0000000000000000 ]] || trouble "it has capabilities"
fi
echo 8.8.4.4 >&"${FILTER[1]}"
IFS= read -r -t 20 -u "${FILTER[0]}" line
[[ $line == *'"class":"public"'* ]] || trouble "no second answer: $line"
eval "exec ${FILTER[1]}>&-"
wait "$pid" || trouble "it ended with $?"

it "answers that cannot be written are not a success"
"$CORDON" netguard classify <<<::1 >/dev/full 2>"$T/err"
status=$?
err=$(<"$T/err")
exits 125
one_sentence
says "No space left"

it "wrong words"
for words in "" classify=1 "classify 1.1.1.1" "classify --json"; do
	# shellcheck disable=SC2086 # words
	cordon netguard $words
	exits 125
	[[ -n $err ]] || trouble "it says nothing"
	prints ""
done
cordon netguard --help
exits 0
[[ $out == Usage:* ]] || trouble "no help: $out"

finish
