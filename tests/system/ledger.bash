#!/bin/bash
# cordon ledger: what reads and checks the record. T-EXFIL-004.
# LEDGER_MAKE writes ledgers for this (default: beside CORDON, or among the TOOLS).
. "$(dirname "$0")/lib.bash"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
make=${LEDGER_MAKE:-$(dirname "$CORDON")/ledger_make}
[[ -x $make ]] || make=${TOOLS:-}/ledger_make
if [[ ! -x $make ]]; then
	it "a ledger can be made"
	skip "there is no ledger_make; build the tests"
	finish
fi
L=$T/home/.local/state/cordon/ledger
mkdir -p "$L"

ledger() {
	cordon ledger "$@"
}

# Changes one byte of a file.
flip() { # FILE OFFSET
	/usr/bin/python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    old = f.read(1)
    f.seek(int(sys.argv[2]))
    f.write(bytes([old[0] ^ 1]))' "$@"
}

prove() { # ARGUMENT...: the script that needs no cordon
	out=$(/usr/bin/python3 "$here/../../docs/examples/verify_proof.py" "$@" 2>&1)
	status=$?
	err=
}

it "no ledger is 66, and said with its place"
ledger verify
exits 66
one_sentence
says "there is no ledger in '$L'"
ledger verify --path "$T/nowhere"
exits 66
ledger show
exits 66

"$make" "$L" 500 || exit 1
cp -r "$L" "$T/whole"

it "an intact ledger is 0"
ledger verify
exits 0
silent
prints "intact: 500 records in 3 segments, 50 checkpoints; no witness"
ledger verify --json --path "$T/whole"
printf '%s' "$out" >"$T/j"
json_is "$T/j" '[r["intact"], r["records"], r["covered"], r["firstBad"], r["tornTail"]]' '[true, 500, 500, null, false]'
ledger verify --key "$L/key.pub"
exits 0

it "show prints every record, oldest first"
ledger show --json
exits 0
silent
[[ $(wc -l <"$T/out") == 500 ]] || trouble "not 500 lines"
/usr/bin/python3 -c 'import json,sys
for i, line in enumerate(open(sys.argv[1])):
    r = json.loads(line)
    assert r["sequence"] == i, line
    assert r["record"]["kind"] == ("exit" if i % 2 else "intent"), line' "$T/out" || trouble "they are others"
ledger show
[[ $(wc -l <"$T/out") == 500 ]] || trouble "not 500 lines"

it "show finds a run, a time and the last ones"
ledger show --run r-00000000000000000000000249
[[ $(wc -l <"$T/out") == 2 && $out == 498\ 2023-11-14T22:13:20.498Z\ intent\ r-* ]] || trouble "$out"
ledger show --last 3
[[ $(wc -l <"$T/out") == 3 && $out == 497\ * ]] || trouble "$out"
ledger show --since 2023-11-14T22:13:20Z --last 0
prints ""
ledger show --since 2023-11-14
[[ $(wc -l <"$T/out") == 500 ]] || trouble "not all since the day"
ledger show --since 1h
exits 0
prints ""

it "tail prints the last ones and goes on"
"$CORDON" ledger tail --path "$T/growing" >"$T/tail" 2>"$T/tail.err"
[[ $? == 66 ]] || trouble "tail of no ledger is not 66"
mkdir "$T/growing" && "$make" "$T/growing" 30
"$CORDON" ledger tail --path "$T/growing" >"$T/tail" 2>"$T/tail.err" &
tail=$!
for _ in {1..100}; do
	[[ $(wc -l <"$T/tail") == 10 ]] && break
	sleep 0.1
done
[[ $(wc -l <"$T/tail") == 10 ]] || trouble "not ten lines: $(<"$T/tail")"
"$make" "$T/growing" 260
for _ in {1..100}; do
	[[ $(wc -l <"$T/tail") == 240 ]] && break
	sleep 0.1
done
kill "$tail"
wait "$tail" 2>/dev/null
[[ $(tail -1 "$T/tail") == 259\ * ]] || trouble "it did not go on: $(tail -1 "$T/tail") $(<"$T/tail.err")"

it "export has what checks each record"
ledger export
exits 0
/usr/bin/python3 -c 'import hashlib,json,sys
chain = bytes(32)
for i, line in enumerate(open(sys.argv[1], encoding="utf-8")):
    payload = line[line.index("\"record\":") + 9:-2]
    leaf = hashlib.sha256(b"\0" + payload.encode()).digest()
    chain = hashlib.sha256(b"\2" + chain + i.to_bytes(8, "little") + leaf).digest()
    r = json.loads(line)
    assert (r["leaf"], r["chain"]) == (leaf.hex(), chain.hex()), line' "$T/out" || trouble "it does not check"

it "a record is proved without cordon"
for sequence in 0 1 255 256 498 499; do
	ledger prove "$sequence"
	exits 0
	cp "$T/out" "$T/proof"
	prove "$T/proof"
	exits 0
	prove --key "$T/whole/key.pub" "$T/proof"
	exits 0
done
ledger prove 500
exits 125
says "no checkpoint covers record 500"

it "a proof that was changed proves nothing"
for change in 's/exit/exot/' 's/"index":499/"index":498/' 's/"treeSize":500/"treeSize":501/' \
	's/segment 2/segment 3/' 's/"path":\["./"path":["B/'; do
	sed "$change" "$T/proof" >"$T/changed"
	cmp -s "$T/proof" "$T/changed" && trouble "$change changed nothing"
	prove --key "$T/whole/key.pub" "$T/changed"
	exits 1
done
mkdir "$T/other" && "$make" "$T/other" 500 2
prove --key "$T/other/key.pub" "$T/proof"
exits 1
echo '{}' >"$T/changed"
prove "$T/changed"
exits 2

it "a change is 1, and the first bad record is named"
flip "$L/segment-00000000" 9000
ledger verify
exits 1
one_sentence
says "damaged or was altered at record 14:"
ledger verify --json
printf '%s' "$out" >"$T/j"
json_is "$T/j" '[r["intact"], r["firstBad"]]' '[false, 14]'
ledger show
exits 1
[[ $(wc -l <"$T/out") == 14 ]] || trouble "what stands before it is not shown"
ledger prove 3
exits 1
cp "$T/whole/segment-00000000" "$L/"

it "a ledger that was cut or signed with another key is 1"
rm "$L/segment-00000002"
ledger verify
exits 1
says "the ledger was cut: 400 records are there, and a checkpoint was made of 410"
cp "$T/other/"* "$L/"
ledger verify
exits 0
ledger verify --key "$T/whole/key.pub"
exits 1
says "and the key is that of"
cp "$T/whole/"* "$L/"
rm "$L/key.pub"
ledger verify
exits 1
says "the public key of the ledger"
cp "$T/whole/"* "$L/"

it "a torn tail and open intents are told, and no damage"
"$make" "$L" 31
rm "$L/segment-00000001" "$L/segment-00000002"
head -c 100 "$T/whole/checkpoints" >"$T/j"
: >"$L/checkpoints"
size=$(stat -c %s "$L/segment-00000000")
truncate -s $((size - 5)) "$L/segment-00000000"
ledger verify
exits 0
says "torn tail"
says "no checkpoint covers the last 30 records"
prints "intact: 30 records in 1 segments, 0 checkpoints; no witness"

it "what cannot be understood is said"
ledger
exits 125
says "no subcommand was given"
ledger mend
exits 125
says "there is no cordon ledger 'mend'"
ledger prove
exits 125
ledger prove x
exits 125
ledger show --last -1
exits 125
ledger verify --kee
exits 125
says "unknown option '--kee'"
ledger --help
exits 0

demo=$here/../../docs/examples/ledger_demo
demonstrate() { # the cordon to do it with
	out=$(CORDON=$1 timeout -s KILL 120 "$demo" 2>"$T/err" </dev/null)
	status=$?
	err=$(<"$T/err")
}

it "docs/examples/ledger_demo shows all as promised, and leaves nothing"
XDG_STATE_HOME=$T/other-state run -- true
if ((status != 0)); then
	skip "nothing runs here"
	finish
fi
export TMPDIR=$T/demo
mkdir "$TMPDIR"
demonstrate "$CORDON"
exits 0
silent
[[ $out == *"All as promised." ]] || trouble "$out"
[[ -z $(ls -A "$TMPDIR") ]] || trouble "it leaves $(ls -A "$TMPDIR")"

it "docs/examples/ledger_demo tells a cordon that does not keep the promise"
mkdir "$T/false"
for lie in 'ledger verify|echo intact: 3 records; exit 0' 'ledger prove|echo {}; exit 0' \
	'run -- touch|touch "$4"; exit 125'; do
	printf '#!/bin/bash\n[[ "$*" == "%s"* ]] && { %s; }\nexec "%s" "$@"\n' "${lie%%|*}" "${lie#*|}" "$CORDON" \
		>"$T/false/cordon"
	chmod 755 "$T/false/cordon"
	demonstrate "$T/false/cordon"
	exits 1
	[[ $out == *"NOT AS PROMISED: "* ]] || trouble "$lie: $out"
done

finish
