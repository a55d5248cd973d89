#!/bin/bash
# Wrong input: one sentence, the right exit status, nothing half-started.
. "$(dirname "$0")/lib.bash"

refused() { # STATUS
	exits "$1"
	one_sentence
	not_started
}

profile() { # TEXT
	printf '%s\n' "$1" >"$T/p.json"
	chmod 644 "$T/p.json"
}

placed() { # the sentence names file, line and column
	[[ $err =~ ^"cordon: $1:"[0-9]+:[0-9]+": " ]] || trouble "no FILE:LINE:COLUMN: $err"
}

it "an unknown profile"
run -p no-such-profile -- touch started
refused 125
says "no-such-profile"

it "a profile that is not there as a file"
run -p "$T/nothing.json" -- touch started
refused 125
says "$T/nothing.json"

it "an unknown key in a profile"
profile '{"cordonProfile": 1, "name": "p",
  "filesystme": {}}'
run -p "$T/p.json" -- touch started
refused 125
placed "$T/p.json"
says ":2:"
says "filesystme"

it "a value of the wrong type in a profile"
profile '{"cordonProfile": 1, "name": "p",

  "limits": {"processes": []}}'
run -p "$T/p.json" -- touch started
refused 125
placed "$T/p.json"
says ":3:"

it "a key that comes twice in a profile"
profile '{"cordonProfile": 1, "name": "p", "proc": "run", "proc": "system"}'
run -p "$T/p.json" -- touch started
refused 125
placed "$T/p.json"

it "a profile that is no JSON"
profile '{"cordonProfile": 1, "name": '
run -p "$T/p.json" -- touch started
refused 125
placed "$T/p.json"

it "a profile with control characters is quoted, not repeated"
profile "$(printf '{"cordonProfile": 1, "name": "p", "\\u001b[31mx": 1}')"
run -p "$T/p.json" -- touch started
refused 125

it "a profile that others can write"
profile '{"cordonProfile": 1, "name": "p"}'
chmod 666 "$T/p.json"
run -p "$T/p.json" -- touch started
refused 125
says "writ"

it "a profile that asks for more than its parent, without saying so"
profile '{"cordonProfile": 1, "name": "p", "extends": ["strict"], "limits": {"memory": "64G"}}'
run -p "$T/p.json" -- touch started
refused 125
placed "$T/p.json"

it "a section that this build cannot enforce"
profile '{"cordonProfile": 1, "name": "p", "filesystem": {"workspace": "overlay"}}'
run -p "$T/p.json" -- touch started
refused 125

config() { # TEXT
	mkdir -p "$T/home/.config/cordon"
	printf '%s\n' "$1" >"$T/home/.config/cordon/config.json"
	chmod 644 "$T/home/.config/cordon/config.json"
}
file=$T/home/.config/cordon/config.json

it "an unknown key in the configuration"
config '{"cordonConfig": 1,
  "mapRoots": true}'
run -- touch started
refused 125
placed "$file"
says ":2:3:"
says "mapRoots"

it "a value of the wrong type in the configuration"
config '{"cordonConfig": 1, "mapRoot": "yes"}'
run -- touch started
refused 125
placed "$file"

it "a key that comes twice in the configuration"
config '{"cordonConfig": 1, "mapRoot": false, "mapRoot": true}'
run -- touch started
refused 125
placed "$file"

it "a configuration that asks for what this build cannot do"
for key in '"ledger": {"witness": "x"}' '"ledger": {"path": "x"}' '"ledger": {"onFailure": "go"}' '"ledger": []' '"limits": {}'; do
	config "{\"cordonConfig\": 1, $key}"
	run -- touch started
	refused 125
	placed "$file"
done

it "a configuration without its version"
config '{}'
run -- touch started
refused 125

it "a configuration that others can write"
config '{"cordonConfig": 1}'
chmod 666 "$file"
run -- touch started
refused 125
says "writ"

it "a configuration that is fine"
config '{"cordonConfig": 1, "mapRoot": false, "workspaces": ["/srv"]}'
run -- true
exits 0
silent
rm -rf "$T/home/.config"

it "--config names another one, which must exist"
run --config "$T/none.json" -- touch started
refused 125
printf '{"cordonConfig": 1}\n' >"$T/c.json"
run --config "$T/c.json" -- true
exits 0

it "a01_a workspace that is the root"
run --workspace / -- touch started
refused 125
says "workspace"

it "a01_a workspace that is home"
(cd "$T/home" && timeout -s KILL 60 "$CORDON" run -- touch started >"$T/out" 2>"$T/err" </dev/null)
status=$?
err=$(<"$T/err")
refused 125
says "home"
[[ ! -e $T/home/started ]] || trouble "it was started"

it "a01_home in disguise: by another name"
ln -s "$T/home" "$T/w/alias"
run --workspace "$T/w/alias" -- touch started
refused 125

it "a01_a workspace that contains cordon's configuration"
mkdir -p "$T/above/below/cordon"
XDG_CONFIG_HOME=$T/above/below run --workspace "$T/above" -- touch started
refused 125
XDG_STATE_HOME=$T/above/below run --workspace "$T/above" -- touch started
refused 125

it "a01_a workspace above home"
run --workspace "$T" -- touch started
refused 125

it "a01_a workspace among cordon's own files"
mkdir -p "$T/home/.config/cordon/profiles"
run --workspace "$T/home/.config/cordon/profiles" -- touch started
refused 125
rm -rf "$T/home/.config"

it "a workspace that belongs to the system"
for place in /tmp /proc/self /dev/shm /etc; do
	run --workspace $place -- touch started
	refused 125
done

it "a workspace that does not exist, or is a file"
run --workspace "$T/nowhere" -- touch started
refused 125
says "$T/nowhere"
touch "$T/file"
run --workspace "$T/file" -- touch started
refused 125
says "not a directory"

it "a cwd that does not exist"
run --cwd nowhere -- touch started
refused 125
says "nowhere"

it "a01_a cwd that leaves the workspace"
mkdir -p "$T/other" "$T/w/sub"
ln -s "$T/other" "$T/w/leave"
for cwd in .. "$T/other" leave sub/../.. "$T/w/leave"; do
	run --cwd "$cwd" -- touch started
	refused 125
done

it "a cwd below the workspace, relative and absolute"
run --cwd sub -- pwd
exits 0
prints "$T/w/sub"
run --cwd "$T/w/sub" -- pwd
exits 0
prints "$T/w/sub"

it "a cwd that cannot be entered"
if ((EUID == 0)); then
	not_mine "root enters everything"
else
	mkdir "$T/w/locked"
	chmod 000 "$T/w/locked"
	run --cwd locked -- touch started
	refused 125
	chmod 700 "$T/w/locked"
fi

it "a current directory that is gone"
mkdir "$T/gone"
(cd "$T/gone" && rmdir "$T/gone" && timeout -s KILL 60 "$CORDON" run -- touch started >"$T/out" 2>"$T/err" </dev/null)
status=$?
err=$(<"$T/err")
refused 125

it "an argument list that is too long"
(
	ulimit -s 65536 || exit 99
	words=$(printf 'x%.0s' {1..60000})
	timeout -s KILL 60 "$CORDON" run -- touch started \
		"$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" \
		"$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" \
		"$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" \
		"$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" "$words" \
		>"$T/out" 2>"$T/err" </dev/null
)
status=$?
err=$(<"$T/err")
if ((status == 99)); then
	not_mine "the stack limit cannot be raised"
else
	refused 125
	says "command line"
fi

it "a name of a variable that is none"
for bad in '' '=x'; do
	run -e "$bad" -- touch started
	exits 125
	not_started
done

finish
