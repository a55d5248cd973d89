#!/bin/bash
# The network of a profile: read and checked by every command, shown as it is meant, and what runs get of it.
. "$(dirname "$0")/lib.bash"

P=$T/p.json

network() { # what stands in "network", on line 2; and before it
	printf '{"cordonProfile": 1, "name": "p", %s\n"network": {%s}}\n' "${2:-\"widens\": [\"network\"],}" "$1" >"$P"
	chmod 644 "$P"
}

# A profile that is refused with this place and these words by whoever reads it.
nobody_reads() { # PLACE WORDS
	local said
	cordon profile check "$P"
	exits 125
	one_sentence
	says "$P:$1: $2"
	said=$err
	for command in "profile show" "run -p" "policy check -p"; do
		if [[ $command == "profile show" ]]; then
			cordon $command "$P"
		else
			cordon $command "$P" -- touch started
		fi
		exits 125
		not_started
		[[ $err == "$said" ]] || trouble "cordon $command says: $err"
	done
	cordon serve -p "$P"
	exits 125
	says "$P:$1: $2"
}

it "a host with two readings, a suffix, this host: refused by every command with line and column"
network '"allow": [{"host": "0177.0.0.1"}]'
nobody_reads 2:24 "'0177.0.0.1' is not a host"
network '"allow": [{"host": "a.example"}, {"host": "*.co.uk"}]'
nobody_reads 2:47 "'*.co.uk' cannot be listed: it is a public suffix"
network '"allow": [{"host": "localhost"}]'
nobody_reads 2:24 "'localhost' cannot be listed: it means this host"
network '"allow": [{"host": "fe80::1%eth0"}]'
nobody_reads 2:24 "'fe80::1%eth0' is not a host"

it "an address that is not public needs its exception, port by port"
network '"allow": [{"host": "10.0.0.1", "ports": [80, 81]}],
"private": [{"address": "10.0.0.1:80"}]'
nobody_reads 2:24 "'10.0.0.1' is not a public address, and port 81 of it has no entry"
network '"allow": [{"host": "10.0.0.1", "ports": [80]}], "private": [{"address": "10.0.0.1:80"}]'
cordon profile check "$P"
exits 0
silent

it "unknown keys and keys that come twice"
network '"allow": [{"host": "a.example", "port": 80}]'
nobody_reads 2:45 "unknown key 'port'; did you mean 'ports'?"
network '"default": "hold", "default": "refuse"'
cordon profile check "$P"
exits 125
says "$P:2:"

it "list says what is wrong with one's own"
mkdir -p "$T/home/.config/cordon/profiles"
network '"allow": [{"host": "com"}]'
cp "$P" "$T/home/.config/cordon/profiles/mine.json"
cordon profile list
exits 0
grep -q "^mine .*mine.json:2:24: 'com' cannot be listed" <<<"$out" || trouble "$out"
rm "$T/home/.config/cordon/profiles/mine.json"

it "a layer names less freely, and more only with widens"
child='"extends": ["web"],'
network '"default": "refuse", "allow": [{"host": "docs.example.org"}, {"host": "*.example.net", "ports": [443]}],
"refuse": [{"host": "x.example.net"}], "limits": {"bytesOut": "1M"}' "$child"
cordon profile check "$P"
exits 0
network '"allow": [{"host": "docs.example.org", "as": "opaque"}]' "$child"
nobody_reads 2:23 "'network.allow' lets 'docs.example.org' be reached at port 80 as opaque, which goes beyond"
network '"limits": {"bytesOut": "5M"}' "$child"
nobody_reads 2:24 "'network.limits.bytesOut' is higher, which goes beyond"
network '"private": [{"address": "127.0.0.1:5432", "name": "db.test"}]' "$child"
nobody_reads 2:25 "'network.private' makes an exception for '127.0.0.1', port 5432, which goes beyond"
network '"default": "hold"' '"extends": ["net-client"],'
nobody_reads 2:13 "'network.default' is milder, which goes beyond"
network '"allow": [{"host": "db.example.org", "ports": [5432]}]' '"extends": ["net-client"], "widens": ["network.allow"],'
cordon profile check "$P"
exits 0

it "show prints one spelling of all of it, which loads to the same"
network '"default": "hold", "allow": [{"host": "API.Example.ORG.", "ports": [8443, 443], "as": "tls", "ech": true, "why": "the API"},
{"host": "*.bücher.de"}], "refuse": [{"host": "*.github.io"}], "private": [{"address": "[FD00::1]:5432", "name": "DB.test"}],
"limits": {"connections": 8, "rate": 5, "bytesOut": "1M", "bytesIn": "1G", "names": 16}'
cordon profile show --json "$P"
exits 0
silent
cp "$T/out" "$T/again.json"
json_is "$T/again.json" 'r["network"]["allow"]' '[{"why": "the API", "host": "api.example.org", "ports": [443, 8443], "as": "tls", "ech": true}, {"host": "*.xn--bcher-kva.de", "ports": [80, 443]}]'
json_is "$T/again.json" 'r["network"]["private"]' '[{"address": "[fd00::1]:5432", "name": "db.test"}]'
json_is "$T/again.json" 'r["network"]["limits"]' '{"connections": 8, "rate": 5, "bytesOut": 1048576, "bytesIn": 1073741824, "names": 16}'
cordon profile show --json "$T/again.json"
exits 0
cmp -s "$T/out" "$T/again.json" || trouble "it changes when it is shown again: $err"

it "what opens the network is judged as ever, and run with a network of its own"
network '"allow": [{"host": "a.example"}]'
run -p "$P" --report "$T/report.json" -- cat /etc/resolv.conf
exits 0
prints "nameserver 198.18.0.1"
json_is "$T/report.json" '[r["decision"], r["reason"], r["network"]]' '["allow", "exit", []]'
for profile in "$P" web net-client; do
	run -p "$profile" -- true
	exits 0
	cordon policy check -p "$profile" -- touch started
	exits 0
	prints allow
	cordon profile check "$profile"
	exits 0
done

it "what is refused is said, and in the result"
network '"allow": [{"host": "a.example"}], "private": [{"name": "db.test", "address": "127.0.0.1:9"}]'
run -p "$P" --report "$T/report.json" -- bash -c 'for to in b.example/80 db.test/10 9.9.9.9/53000; do (exec 3<>/dev/tcp/$to); done; exit 3' 2>/dev/null
exits 3
says "cordon: the run was refused 'b.example': the profile does not list it (net.not_listed)"
says "cordon: the run was refused 'db.test' at port 10: the profile does not list it (net.not_listed)"
says "cordon: the run was refused '9.9.9.9' at port 53000: the profile does not list it (net.not_listed)"
json_is "$T/report.json" '[[d["host"], d["port"], d["decision"], d["reason"], d["connections"]] for d in r["network"]]' \
	'[["db.test", 10, "refuse", "net.not_listed", 0], ["9.9.9.9", 53000, "refuse", "net.not_listed", 0], ["b.example", null, "refuse", "net.not_listed", 0]]'
run -q -p "$P" -- bash -c '(exec 3<>/dev/tcp/db.test/10) 2>/dev/null; exit 3'
exits 3
silent

it "the pipe judges it and runs it, and ps --net shows it"
coproc SERVE { "$CORDON" serve -p "$P" -p default 2>"$T/err"; }
serve=$SERVE_PID
ask() { # METHOD PARAMS: the answer is in $T/line
	printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' "$1" "$2" >&"${SERVE[1]}"
	IFS= read -r -t 30 answer <&"${SERVE[0]}" || trouble "no answer to $1"
	printf '%s\n' "$answer" >"$T/line"
}
ask initialize '{"protocolVersion":"1","clientInfo":{"name":"x","version":"0"}}'
ask policy/check '{"action":{"argv":["touch","started"]}}'
json_is "$T/line" 'r["result"]["decision"]' allow
not_started
ask process/run '{"argv":["bash","-c","(exec 3<>/dev/tcp/db.test/10); true"]}'
json_is "$T/line" '[r["result"]["exitCode"], [[d["host"], d["port"], d["decision"], d["reason"]] for d in r["result"]["network"]]]' \
	'[0, [["db.test", 10, "refuse", "net.not_listed"]]]'
ask process/start '{"argv":["bash","-c","(exec 3<>/dev/tcp/db.test/10); exec sleep 60"],"run":"x","notify":false}'
json_is "$T/line" '"run" in r["result"]' true
for _ in {1..100}; do
	cordon ps --net --json
	grep -q db.test "$T/out" && break
	sleep 0.05
done
json_is "$T/out" '[[d["host"], d["port"], d["decision"], d["reason"], d["open"]] for d in r["network"]]' '[["db.test", 10, "refuse", "net.not_listed", 0]]'
cordon ps --net
says_out=$(<"$T/out")
[[ $says_out == *"x  db.test:10  refused net.not_listed"* ]] || trouble "$says_out"
ask process/run '{"argv":["true"],"profile":"default"}'
json_is "$T/line" '[r["result"]["exitCode"], r["result"]["network"]]' '[0, null]'
eval "exec ${SERVE[1]}>&-"
wait "$serve"

finish
