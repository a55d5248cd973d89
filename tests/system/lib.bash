# Sourced by the system tests: each drives the command line as a user would and looks at what a user
# could see. CORDON names the executable. One line for each case (TAP), and "N passed, M failed" last.
set -u
: "${CORDON:?names the executable under test}"
export PATH=/usr/local/bin:/usr/bin:/bin
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR NO_COLOR TZ LANG LANGUAGE COLORTERM "${!LC_@}"
export LC_ALL=C
umask 022

passed=0
failed=0
name=
troubles=()

T=$(mktemp -d "${TMPDIR:-/tmp}/cordon-test.XXXXXX") || exit 1
trap 'chmod -R u+rwx "$T" 2>/dev/null; rm -rf "$T"' EXIT
mkdir "$T/w" "$T/home" # the workspace, and the home of the one who runs it
export HOME=$T/home
cd "$T/w" || exit 1

end_case() {
	[[ -z $name ]] && return
	if ((${#troubles[@]} == 0)); then
		passed=$((passed + 1))
		printf 'ok - %s\n' "$name"
	else
		failed=$((failed + 1))
		printf 'not ok - %s\n' "$name"
		printf '#   %s\n' "${troubles[@]}"
	fi
	name=
	troubles=()
}

# Begins a case; what follows belongs to it.
it() {
	end_case
	name=$1
}

trouble() {
	troubles+=("${*//$'\n'/$'\n#   '}")
}

# A case that this machine cannot judge; with CORDON_MUST_WORK=1 that is a failure.
skip() {
	if [[ ${CORDON_MUST_WORK:-0} == 1 ]]; then
		trouble "cannot be judged here: $1"
	else
		printf 'ok - %s # SKIP %s\n' "$name" "$1"
		name=
		troubles=()
	fi
}

# A case that is not for the one who runs this: whoever it is for runs it as well.
not_mine() {
	printf 'ok - %s # SKIP %s\n' "$name" "$1"
	name=
	troubles=()
}

finish() {
	end_case
	printf '%d passed, %d failed\n' "$passed" "$failed"
	((failed == 0))
	exit
}

# A command of cordon with the null device as input; status, out and err are what came of it.
cordon() {
	timeout -s KILL 60 "$CORDON" "$@" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	out=$(tr -d "\0" <"$T/out")
	err=$(<"$T/err")
}

run() {
	cordon run "$@"
}

exits() {
	[[ $status == "$1" ]] || trouble "exit status $status instead of $1; stderr: $err"
}

prints() {
	[[ $out == "$1" ]] || trouble "printed '$out' instead of '$1'; stderr: $err"
}

says() { # a part of what is on stderr
	[[ $err == *"$1"* ]] || trouble "stderr lacks '$1': $err"
}

silent() {
	[[ -z $err ]] || trouble "stderr is not empty: $err"
}

# cordon's own word: one line, printable, that begins with its name.
one_sentence() {
	local lines
	lines=$(wc -l <"$T/err")
	[[ $lines == 1 && $err == "cordon: "?* ]] || trouble "not one sentence of cordon: $err"
	LC_ALL=C grep -q '[^ -~]' "$T/err" && trouble "not printable ASCII: $err"
	true
}

# The command must not have come to run: every refused command here would make the file "started".
not_started() {
	[[ ! -e $T/w/started ]] || trouble "the command was started"
	rm -f "$T/w/started"
}

# A value out of a JSON file, by a Python expression over "r".
json() {
	/usr/bin/python3 -c 'import json,sys
r=json.load(open(sys.argv[1]))
v=eval(sys.argv[2])
print(json.dumps(v) if not isinstance(v,str) else v)' "$1" "$2" 2>&1
}

json_is() { # FILE EXPRESSION VALUE
	local got
	got=$(json "$1" "$2")
	[[ $got == "$3" ]] || trouble "$2 is '$got' instead of '$3'"
}
