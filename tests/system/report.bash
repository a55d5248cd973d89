#!/bin/bash
# The result of a run as JSON, on standard error and in a file: docs/result.md, A07.
. "$(dirname "$0")/lib.bash"

R=$T/report.json

it "the report has every part"
run --report "$R" -- sh -c 'printf hello; echo oops >&2; exit 3'
exits 3
prints hello
keys=$(json "$R" '" ".join(r.keys())')
for key in run profile profileDigest decision rule exitCode signal reason usage limits refusedCalls network executed startsCode ledger; do
	[[ " $keys " == *" $key "* ]] || trouble "lacks $key"
done
json_is "$R" 'r["profile"]' default
json_is "$R" 'r["decision"]' allow
json_is "$R" 'r["exitCode"]' 3
json_is "$R" 'r["signal"]' null
json_is "$R" 'r["reason"]' exit
json_is "$R" 'r["usage"]["stdoutBytes"]' 5
json_is "$R" 'r["usage"]["stderrBytes"]' 5
json_is "$R" 'all(isinstance(r["usage"][k], int) for k in ("wallMs", "userMs", "systemMs", "maxRssBytes"))' true
json_is "$R" '[r["network"], r["executed"], r["ledger"]]' '[null, null, {"intent": 0, "exit": 1}]'
json_is "$R" 'len(r["profileDigest"])' 71
json_is "$R" 'all(r["limits"][k] in ("cgroup2", "cgroup1", "rlimit", "sampled", "none") for k in ("memory", "processes", "cpu"))' true
[[ $(json "$R" 'r["run"]') =~ ^r-[0-9a-hjkmnp-tv-z]{26}$ ]] || trouble "run id $(json "$R" 'r["run"]')"
[[ $(wc -l <"$R") == 1 ]] || trouble "not one line"

it "run ids never repeat and are ordered by time"
first=$(json "$R" 'r["run"]')
run --report "$R" -- true
[[ $(json "$R" 'r["run"]') > $first ]] || trouble "$(json "$R" 'r["run"]') after $first"

it "--json prints it on standard error, after the command's own output"
run --json -- sh -c 'echo word >&2'
exits 0
[[ ${err%%$'\n'*} == word ]] || trouble "stderr: $err"
tail -n 1 "$T/err" >"$T/line"
json_is "$T/line" 'r["reason"]' exit

it "reasons: signal, timeout, output, memory"
run --report "$R" -- sh -c 'kill -TERM $$'
json_is "$R" '[r["reason"], r["signal"], r["exitCode"]]' '["signal", "SIGTERM", null]'
run --report "$R" --timeout 200ms -- sleep 9
json_is "$R" 'r["reason"]' timeout
printf '{"cordonProfile": 1, "name": "x", "limits": {"output": 1000}}\n' >"$T/p.json"
run -p "$T/p.json" --report "$R" -- head -c 100000 /dev/zero
json_is "$R" 'r["reason"]' output
printf '{"cordonProfile": 1, "name": "x", "limits": {"memory": "48M"}}\n' >"$T/p.json"
run -p "$T/p.json" --report "$R" -- /usr/bin/python3 -c 'x = bytearray(600 << 20); x[::4096] = b"x" * len(x[::4096])'
json_is "$R" 'r["reason"]' memory

it "what did not run is reported too: refused and setup"
run --report "$R" -- /usr/lib
exits 126
json_is "$R" '[r["reason"], r["decision"]]' '["refused", "refuse"]'
run --report "$R" -p no-such-profile -- true
exits 125
json_is "$R" '[r["reason"], r["profile"]]' '["setup", "no-such-profile"]'
json_is "$R" 'r["exitCode"]' null

it "refused calls are counted, with names and arguments"
run --report "$R" -- /usr/bin/python3 -c 'import ctypes
libc = ctypes.CDLL(None)
for _ in range(3):
    libc.unshare(0x10000000)'
exits 0
json_is "$R" '[(c["syscall"], c["args"], c["action"], c["count"]) for c in r["refusedCalls"] if c["syscall"] == "unshare"]' \
	'[["unshare", ["0x10000000"], "EPERM", 3]]'

it "-v says them, without it they are not mentioned"
run -v -- unshare -U true
says "unshare"
run -- sh -c 'unshare -U true 2>/dev/null; true'
silent

it "the report replaces an older one, whole"
head -c 100000 /dev/zero >"$R"
run --report "$R" -- true
json_is "$R" 'r["reason"]' exit
[[ $(ls -A "$T" | grep -c cordon-report) == 0 ]] || trouble "a temporary file is left"

it "a relative report"
run --report out.json -- true
exits 0
json_is "$T/w/out.json" 'r["reason"]' exit

it "a07_a report is not written through a link"
echo precious >"$T/precious"
ln -s "$T/precious" "$T/planted.json"
run --report "$T/planted.json" -- touch started
exits 125
one_sentence
not_started
[[ $(<"$T/precious") == precious ]] || trouble "it was overwritten"

it "a07_nor through a directory that is a link"
mkdir "$T/elsewhere"
ln -s "$T/elsewhere" "$T/w/reports"
run --report reports/r.json -- touch started
exits 125
one_sentence
not_started
[[ -z $(ls -A "$T/elsewhere") ]] || trouble "something was written"

it "a07_a link planted while the run goes on is replaced, not followed"
run --report "$T/w/late.json" -- ln -s "$T/precious" late.json
exits 0
[[ -f $T/w/late.json && ! -L $T/w/late.json && $(<"$T/precious") == precious ]] || trouble "it was followed"
json_is "$T/w/late.json" 'r["reason"]' exit

it "a07_the run cannot put its own text in the report's place"
run --report "$T/w/forged.json" -- sh -c 'for f in .cordon* * .*; do test -f "$f" && echo "{\"reason\": \"forged\"}" >"$f.new" && mv "$f.new" "$f"; done 2>/dev/null; true'
json_is "$T/w/forged.json" 'r["reason"]' exit

it "a report that cannot be written refuses the run"
run --report "$T/nowhere/r.json" -- touch started
exits 125
one_sentence
not_started
run --report "$T/elsewhere" -- touch started
exits 125
one_sentence
not_started
run --report "" -- touch started
exits 125
not_started

finish
