#!/bin/bash
# cordon profile and cordon doctor.
. "$(dirname "$0")/lib.bash"

it "list names the library's profiles"
cordon profile list
exits 0
silent
for name in default readonly strict build python node; do
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

finish
