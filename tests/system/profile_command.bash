#!/bin/bash
# cordon profile and cordon doctor.
. "$(dirname "$0")/lib.bash"

it "list names the library's profiles"
cordon profile list
exits 0
silent
for name in default readonly strict build python node net-client web; do
	grep -q "^$name " <<<"$out" || trouble "lacks $name"
done

it "list --json is one object a line"
cordon profile list --json
exits 0
while IFS= read -r line; do
	printf '%s\n' "$line" >"$T/line"
	json_is "$T/line" 'all(isinstance(r[k], str) for k in ("name", "description", "origin"))' true
done <<<"$out"

it "list has the user's own, also the one that is broken"
mkdir -p "$T/home/.config/cordon/profiles"
printf '{"cordonProfile": 1, "name": "mine", "description": "my own", "extends": ["default"]}\n' \
	>"$T/home/.config/cordon/profiles/mine.json"
printf '{' >"$T/home/.config/cordon/profiles/broken.json"
cordon profile list
exits 0
grep -q '^mine .*my own' <<<"$out" || trouble "lacks mine: $out"
grep -q '^broken ' <<<"$out" || trouble "lacks broken: $out"
run -p mine -- true
exits 0

it "show prints the effective profile, as JSON too"
cordon profile show build
exits 0
cp "$T/out" "$T/pretty"
json_is "$T/pretty" 'r["name"]' build
cordon profile show --json build
exits 0
[[ $(wc -l <"$T/out") == 1 ]] || trouble "not one line"
json_is "$T/out" 'r["name"]' build

it "show refuses what it does not know"
cordon profile show nonsense
exits 125
one_sentence
says nonsense
cordon profile show
exits 125
cordon profile nonsense
exits 125

it "doctor tells the truth: whether a run is possible"
cordon doctor
doctor=$status
[[ $out == *"Runs are "*"possible"* ]] || trouble "no last sentence: $out"
[[ $out != *$'\e'* ]] || trouble "colours in a file"
run -- true
if ((doctor == 0)); then
	exits 0
else
	((status != 0)) || trouble "doctor says no, and the run went well"
fi

it "doctor --json is one object a line"
cordon doctor --json
[[ $status == "$doctor" ]] || trouble "another status: $status"
while IFS= read -r line; do
	printf '%s\n' "$line" >"$T/line"
	json_is "$T/line" 'r["state"] in ("present", "degraded", "missing") and (r["state"] == "present" or r["remedy"] is not None)' true
done <<<"$out"

# What doctor says of the ledger, and whether a run comes to pass: both say the same.
ledger_is() { # STATE PART-OF-THE-DETAIL [OPTION]...
	local before after
	before=$(find "$HOME" | sort)
	cordon doctor --json --workspace . "${@:3}"
	after=$(find "$HOME" | sort)
	[[ $before == "$after" ]] || trouble "it makes or removes files: $after"
	grep '"protection":"ledger"' "$T/out" >"$T/line" || trouble "no word on the ledger"
	json_is "$T/line" 'r["state"]' "$1"
	remedy=$(json "$T/line" 'r["remedy"] or ""')
	[[ $(json "$T/line" 'r["detail"]') == *"$2"* ]] || trouble "not '$2': $(<"$T/line")"
	[[ $1 == missing ]] && exits 1
	((doctor == 0)) || return # nothing runs here for another reason
	run "${@:3}" -- touch started
	if [[ $1 != missing ]]; then
		exits 0
		rm -f started
	else
		exits 125
		not_started
	fi
}

# What doctor advises is done as it is printed.
mended() {
	[[ $remedy == ch* ]] || trouble "no command: $remedy"
	eval "$remedy"
	ledger_is present 'can be written'
}

it "doctor tells where the ledger is, and makes none"
HOME=$T/doctors-home
mkdir "$HOME"
L=$HOME/.local/state/cordon/ledger
if ((doctor == 0)); then
	ledger_is present "'$L', which the first run makes"
	ledger_is present "'$L' can be written"
else
	skip "nothing runs here"
	finish
fi

it "doctor tells a ledger that others could read, and the remedy works as printed"
chmod 755 "$L"
ledger_is missing "'$L'"
mended
chmod 644 "$L/key"
ledger_is missing "'$L/key'"
mended

it "doctor tells what stands in the way of a ledger"
mv "$L/key" "$T/key"
ledger_is missing "is lost: '$L/key'"
mv "$T/key" "$L/key"
mv "$L" "$T/ledger-away"
: >"$L"
ledger_is missing "Not a directory"
rm "$L"
mv "$T/ledger-away" "$L"
mkfifo "$T/hold" "$T/held"
/usr/bin/python3 -c 'import fcntl, sys
with open(sys.argv[1]) as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print(flush=True)
    sys.stdin.read()' "$L/lock" <"$T/hold" >"$T/held" &
exec 9>"$T/hold"
read -r <"$T/held"
ledger_is missing "the lock of '$L'"
exec 9>&-
wait
ledger_is present "can be written"

it "doctor tells a witness that cannot be appended to"
mkdir "$T/witnesses"
printf '{"cordonConfig": 1, "ledger": {"witness": "%s"}}' "$T/witnesses/a/b" >"$T/config.json"
chmod 600 "$T/config.json"
ledger_is missing "'$T/witnesses/a/b'" --config "$T/config.json"
mkdir "$T/witnesses/a"
ledger_is present "can be written" --config "$T/config.json"
[[ -s $T/witnesses/a/b ]] || trouble "the control: there is no witness"
rm "$T/witnesses/a/b"
mkdir "$T/witnesses/a/b"
ledger_is missing "'$T/witnesses/a/b'" --config "$T/config.json"

it "doctor tells a place that cannot be written"
if ((EUID == 0)); then
	not_mine "root may write everywhere"
else
	chmod 500 "$L"
	ledger_is degraded "cannot make files in '$L'"
	chmod 700 "$L"
	chmod 400 "$L/lock"
	ledger_is missing "cannot write '$L/lock'"
	mended
	HOME=$T/closed
	mkdir "$HOME"
	chmod 500 "$HOME"
	ledger_is missing "none can be made in '$HOME'"
fi

finish
