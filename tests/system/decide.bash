#!/bin/bash
# What rules over commands do: cordon run and cordon policy check. A06, A19, A21.
. "$(dirname "$0")/lib.bash"

R=$T/report.json
P=$T/p.json

approvals() { # what stands in "approvals", and before it
	printf '{"cordonProfile": 1, "name": "p", "widens": ["approvals"], %s\n"approvals": {%s}}\n' "${2:-}" "$1" >"$P"
	chmod 644 "$P"
}

rule() { # ID ARGV DECISION
	printf '{"id": "%s", "argv": %s, "decision": "%s", "why": "reasons of %s"}' "$1" "$2" "$3" "$1"
}

refused() {
	exits 126
	one_sentence
	not_started
}

it "a rule refuses a command: one sentence with its id and its reason"
approvals "\"rules\": [$(rule no-touch '["touch", "..."]' refuse)]"
run -p "$P" --report "$R" -- touch started
refused
says "refused by rule 'no-touch' of the profile 'p': reasons of no-touch"
json_is "$R" '[r["decision"], r["rule"], r["reason"], r["reasonCode"], r["exitCode"]]' \
	'["refuse", "no-touch", "refused", "exec.rule", null]'
run -p "$P" --json -- touch started
tail -n 1 "$T/err" >"$T/line"
json_is "$T/line" '[r["decision"], r["rule"], r["reasonCode"]]' '["refuse", "no-touch", "exec.rule"]'

it "and leaves others alone"
approvals "\"rules\": [$(rule no-touch '["touch", "-x", "..."]' refuse)]"
run -p "$P" --report "$R" -- touch started
exits 0
[[ -e $T/w/started ]] || trouble "it did not run"
rm -f "$T/w/started"
json_is "$R" '[r["decision"], r["rule"], r["reasonCode"]]' '["allow", null, null]'

it "what has to be allowed by somebody is refused while there is nobody, with the way on"
approvals "\"rules\": [$(rule ask '["touch", "..."]' hold)]"
run -p "$P" --report "$R" -- touch started
refused
says "rule 'ask'"
says "reasons of ask"
says "run it yourself"
json_is "$R" '[r["decision"], r["rule"], r["reason"], r["reasonCode"]]' \
	'["refuse", "ask", "refused", "approval.unreachable"]'
approvals '"default": "hold", "noApprover": "wait"'
run -p "$P" --report "$R" -- touch started
refused
json_is "$R" 'r["reasonCode"]' approval.unreachable
run --wait-approver 5s -- touch started
exits 125
one_sentence
not_started

it "a rule allows what the default does not, and the most severe rule wins"
approvals "\"default\": \"refuse\", \"rules\": [$(rule see '["touch", "..."]' allow)]"
run -p "$P" --report "$R" -- touch started
exits 0
[[ -e $T/w/started ]] || trouble "it did not run"
rm -f "$T/w/started"
json_is "$R" '[r["decision"], r["rule"]]' '["allow", "see"]'
run -p "$P" --report "$R" -- ls
refused
says "approvals.default is refuse"
json_is "$R" 'r["reasonCode"]' exec.not_listed
approvals "\"rules\": [$(rule see '["touch", "..."]' allow), $(rule no '["*", "started"]' refuse)]"
run -p "$P" -- touch started
refused
says "'no'"

it "a19_another name does not make another program: link, script, copy with its name"
approvals "\"rules\": [$(rule no-touch '["touch", "..."]' refuse)]"
ln -s /usr/bin/touch innocent
printf '#!/usr/bin/touch\n' >script
chmod +x script
mkdir copy
cp /usr/bin/touch copy/touch
for command in ./innocent ./script ./copy/touch /usr/bin/touch; do
	run -- $command started
	[[ -e started ]] || trouble "control: $command does nothing"
	rm -f started
	run -p "$P" -- $command started
	refused
	says "'no-touch'"
done
rm -rf innocent script copy

it "a19_what is named in a slash is the whole path"
approvals "\"rules\": [$(rule no-touch '["/usr/bin/touch", "..."]' refuse)]"
run -p "$P" -- touch started
refused
approvals "\"rules\": [$(rule no-touch '["/opt/touch", "..."]' refuse)]"
run -p "$P" -- touch started
exits 0
rm -f started

it "a06_a rule does not allow a file that others than root can replace"
approvals "\"default\": \"refuse\", \"rules\": [$(rule see '["touch", "..."]' allow)]"
cp /usr/bin/touch touch
run -p "$P" -- ./touch started
refused
approvals "\"default\": \"allow\", \"rules\": [$(rule see '["touch", "..."]' allow)]"
run -p "$P" -- ./touch started
exits 0
[[ -e started ]] || trouble "control: the copy does nothing"
rm -f started touch

it "what is not below exec.allow is refused before it starts"
cp /usr/bin/touch tool
approvals "\"rules\": [$(rule see '["tool", "..."]' allow)]" '"exec": {"allow": ["/usr/bin"]},'
run -p "$P" --report "$R" -- ./tool started
refused
says "$T/w/tool"
says exec.allow
json_is "$R" '[r["decision"], r["reasonCode"]]' '["refuse", "exec.not_listed"]'
run -- ./tool started
exits 0
rm -f started tool

it "policy check says it without running anything"
approvals "\"rules\": [$(rule ask '["touch", "..."]' hold), $(rule no '["rm", "..."]' refuse), $(rule see '["ls"]' allow)]"
cordon policy check -p "$P" -- touch started
exits 75
silent
not_started
[[ $out == "hold: "*"rule 'ask'"*"reasons of ask" ]] || trouble "said: $out"
cordon policy check -p "$P" -- rm -r x
exits 126
[[ $out == "refuse: "*"rule 'no'"* ]] || trouble "said: $out"
cordon policy check -p "$P" -- ls
exits 0
prints "allow: by rule see"
cordon policy check -p "$P" -- sh -c 'touch started'
exits 0
prints allow
not_started

it "policy check --json is one line with decision, reason, rule and digest"
check() { # COMMAND...: "decision reason rule"
	cordon policy check --json -p "$P" -- "$@"
	[[ $(wc -l <"$T/out") == 1 ]] || trouble "not one line: $out"
	json "$T/out" '" ".join(str(r[k]) for k in ("decision", "reason", "rule"))'
}
[[ $(check touch started) == "hold approval.required ask" ]] || trouble "$(check touch started)"
[[ $(check rm x) == "refuse exec.rule no" ]] || trouble "$(check rm x)"
[[ $(check ls) == "allow None see" ]] || trouble "$(check ls)"
[[ $(check true) == "allow None None" ]] || trouble "$(check true)"
not_started
[[ $(json "$T/out" 'r["digest"]') =~ ^sha256:[0-9a-f]{64}$ ]] || trouble "digest $(json "$T/out" 'r["digest"]')"

it "a21_digests of two monitors tell nothing about a value"
digest() {
	cordon policy check --json -e PIN="$1" -- true
	json "$T/out" 'r["digest"]'
}
[[ $(digest 4711) != "$(digest 4711)" ]] || trouble "the same value has the same digest"

it "policy check fails as run does"
cordon policy check -- no-such-command
exits 127
one_sentence
cordon policy check -p no-such-profile -- true
exits 125
one_sentence
cordon policy check --json -- /usr/lib
exits 126
json_is "$T/out" 'r["decision"]' refuse
cordon policy check
exits 125
one_sentence
cordon policy nonsense
exits 125
cordon policy check --help
exits 0

# One request to the monitor that serves; its answer is in $T/line.
ask() { # METHOD PARAMS
	printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' "$1" "$2" >&"${SERVE[1]}"
	IFS= read -r -t 30 answer <&"${SERVE[0]}" || trouble "no answer to $1"
	printf '%s\n' "$answer" >"$T/line"
}

it "the pipe decides the same"
approvals "\"rules\": [$(rule ask '["touch", "..."]' hold), $(rule no '["rm", "..."]' refuse), $(rule see '["ls"]' allow)]"
coproc SERVE { "$CORDON" serve -p "$P" 2>"$T/err"; }
serve=$SERVE_PID
ask initialize '{"protocolVersion":"1","clientInfo":{"name":"x","version":"0"}}'
ask policy/check '{"action":{"argv":["touch","started"]}}'
json_is "$T/line" '[r["result"][k] for k in ("decision", "reason", "rule")]' '["hold", "approval.required", "ask"]'
first=$(json "$T/line" 'r["result"]["digest"]')
ask process/run '{"argv":["touch","started"]}'
json_is "$T/line" '[r["error"]["code"], r["error"]["data"]["reason"], r["error"]["data"]["rule"]]' \
	'[-31008, "approval.unreachable", "ask"]'
not_started
ask process/run '{"argv":["rm","-r","."]}'
json_is "$T/line" '[r["error"]["code"], r["error"]["data"]["reason"], r["error"]["data"]["rule"]]' \
	'[-31001, "exec.rule", "no"]'
ask process/run '{"argv":["ls"]}'
json_is "$T/line" '[r["result"][k] for k in ("decision", "rule", "exitCode")]' '["allow", "see", 0]'

it "a21_one monitor gives one action one digest, and another another"
ask policy/check '{"action":{"argv":["touch","started"]}}'
json_is "$T/line" 'r["result"]["digest"]' "$first"
[[ $first =~ ^sha256:[0-9a-f]{64}$ ]] || trouble "digest $first"
ask policy/check '{"action":{"argv":["touch","started",""]}}'
[[ $(json "$T/line" 'r["result"]["digest"]') != "$first" ]] || trouble "an empty word more is the same"
eval "exec ${SERVE[1]}>&-"
wait "$serve"

it "an example that does not fit its rule is an error at its place"
printf '{"cordonProfile": 1, "approvals": {"rules": [\n{"id": "a", "argv": ["git", "push"], "decision": "hold",\n "examples": {"match": [["git", "push", "-f"]]}}]}}\n' >"$P"
run -p "$P" -- touch started
exits 125
one_sentence
not_started
says "$P:3:"
says "should match its rule"

it "a36_a rule that only marks secrets neither allows nor refuses, and needs no widens"
mark='{"id": "m", "argv": ["touch", "..."], "secret": ["*", {"after": "-r"}]}'
approvals "\"default\": \"refuse\", \"rules\": [$mark]"
run -p "$P" --report "$R" -- touch started
refused
says "approvals.default is refuse"
json_is "$R" 'r["reasonCode"]' exec.not_listed
printf '{"cordonProfile": 1, "name": "p", "approvals": {"rules": [%s]}}\n' "$mark" >"$P"
run -p "$P" --report "$R" -- touch started
exits 0
rm -f "$T/w/started"
json_is "$R" '[r["decision"], r["rule"]]' '["allow", null]'
cordon profile show --json "$P"
json_is "$T/out" '[x for x in r["approvals"]["rules"] if x["id"] == "m"]' \
	'[{"id": "m", "argv": ["touch", "..."], "secret": ["*", {"after": "-r"}]}]'

it "what show prints decides the same"
approvals "\"default\": \"hold\", \"rules\": [$(rule no '[{"oneOf": ["touch", "rm"]}, {"prefix": "s"}, "..."]' refuse), $(rule see '["ls", "*"]' allow)]"
cordon profile show "$P"
cp "$T/out" "$T/shown.json"
for command in "touch started" "rm sx" "rm x" "ls x" "ls"; do
	cordon policy check --json -p "$P" -- $command
	first=$(json "$T/out" '[r["decision"], r["rule"]]')
	cordon policy check --json -p "$T/shown.json" -- $command
	json_is "$T/out" '[r["decision"], r["rule"]]' "$first"
done
[[ $first == '["hold", null]' ]] || trouble "ls is $first"

finish
