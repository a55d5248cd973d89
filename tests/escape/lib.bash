# Sourced by ./run: places, users, ways to start things, and the counting.
#
# Everybody is one of two: "me", who starts cordon in this pass (root in the first pass when the driver is
# root, else the ordinary user), and "they", the ordinary user, as whom every control runs: never as root.

passed=0 failed=0 skipped=0
name='' pass=''
troubles=()
skip_reason=''

T=$(mktemp -d "${TMPDIR:-/tmp}/escape.XXXXXX")
chmod 755 "$T"
made_user=''

clean_up() {
	set +e
	kill_marked
	[[ -n ${victim:-} ]] && kill -KILL "$victim" 2>/dev/null
	[[ -n ${memory_id:-} ]] && ipcrm -m "$memory_id" 2>/dev/null
	rm -rf "/dev/shm/${T##*/}" "/dev/shm/${T##*/}.w"
	chmod -R u+rwx "$T" 2>/dev/null
	rm -rf "$T"
	[[ -n $made_user ]] && userdel cordon-test 2>/dev/null
	true
}
trap clean_up EXIT
trap 'exit 129' HUP INT TERM

# ---- who

be_users() {
	export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C TERM=xterm
	unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR NO_COLOR
	mkdir "$T/home"
	if ((EUID == 0)); then
		if ! id cordon-test >/dev/null 2>&1; then
			useradd --no-create-home --home-dir /nonexistent --shell /bin/sh cordon-test
			made_user=1
		fi
		their_uid=$(id -u cordon-test) their_gid=$(id -g cordon-test)
		mkdir "$T/home-root"
		chown "$their_uid:$their_gid" "$T/home"
		they=(setpriv "--reuid=$their_uid" "--regid=$their_gid" --clear-groups --
			env "HOME=$T/home" USER=cordon-test LOGNAME=cordon-test)
		passes=(root user)
	else
		their_uid=$EUID their_gid=$(id -g)
		they=(env "HOME=$T/home")
		passes=(user)
	fi
}

begin_pass() {
	pass=$1
	if [[ $pass == root ]]; then
		me=(env "HOME=$T/home-root")
		my_uid=0 my_gid=0
	else
		me=("${they[@]}")
		my_uid=$their_uid my_gid=$their_gid
	fi
	mkdir -p "$T/$pass"
	chown "$my_uid:$my_gid" "$T/$pass"
}

# ---- what is tested, where everybody can execute it

be_programs() {
	mkdir "$T/bin" "$T/attack"
	if ((EUID != 0)) || "${they[@]}" test -x "$CORDON"; then
		cordon=$CORDON
	else
		cp "$(dirname "$CORDON")"/cordon* "$T/bin/"
		cordon=$T/bin/${CORDON##*/}
	fi
	cp "$TOOLS/attacks" /usr/bin/true "$T/attack/"
	cp "$TOOLS"/{onpty,listener,swapper,passfd,withkey,captured,failsys} "$T/bin/"
	chmod -R go+rX "$T/bin" "$T/attack"
}

# ---- places: W is a fresh workspace of whoever starts cordon, or of the ordinary user

place() { # [their]
	place_number=$((${place_number:-0} + 1))
	W=$T/$pass/w$place_number
	mkdir "$W"
	cp "$T"/attack/* "$W/"
	if [[ ${1:-} == their ]]; then
		chown -R "$their_uid:$their_gid" "$W"
	else
		chown -R "$my_uid:$my_gid" "$W"
	fi
}

# The same for a control: always the ordinary user's.
control_place() {
	place_number=$((${place_number:-0} + 1))
	W=$T/control/w$place_number
	mkdir -p "$T/control" "$W"
	cp "$T"/attack/* "$W/"
	chown -R "$their_uid:$their_gid" "$W"
}

# ---- starting: status, out and err tell what came of it

finish_command() {
	out=$(tr -d '\000\r' <"$T/out")
	err=$(tr -d '\000' <"$T/err")
}

# cordon, from a directory of the host's, with a directory and a file of the host's open and a secret in
# the environment: none of that may be in the run.
cordon() {
	status=0
	(
		cd "$outside"
		exec timeout --foreground -s KILL "${seconds:-60}" "${me[@]}" "$cordon" "$@"
	) >"$T/out" 2>"$T/err" </dev/null 8<"$outside" 9<"$outside/secret" || status=$?
	finish_command
}

run() { # [OPTION]... -- COMMAND...
	cordon run --workspace "$W" "$@"
}

# The same on a terminal of its own; options of onpty first, in the array pty.
run_on_terminal() {
	status=0
	(
		cd "$outside"
		exec timeout --foreground -s KILL 60 "${me[@]}" "$T/bin/onpty" -s "$W/terminal" "${pty[@]}" \
			"$cordon" run --workspace "$W" "$@"
	) >"$T/out" 2>"$T/err" </dev/null 8<"$outside" 9<"$outside/secret" || status=$?
	finish_command
}

# Outside of any sandbox, as the ordinary user, just as careless with descriptors.
they_run() { # COMMAND...
	status=0
	(
		cd "${control_cwd:-$outside}"
		exec timeout --foreground -s KILL 60 "${they[@]}" "$@"
	) >"$T/out" 2>"$T/err" </dev/null 8<"$outside" 9<"$outside/secret" || status=$?
	finish_command
}

# The same as root of a user namespace of the ordinary user's.
they_run_as_root_of_their_own() {
	they_run unshare --user --map-root-user --mount --net --uts --ipc -- "$@"
}

# ---- things in the background, ended by closing their standard input

background() { # NAME COMMAND...: NAME is a descriptor to close
	local -n ret=$1
	shift
	rm -f "$T/fifo" "$T/background.out" "$T/background.err"
	mkfifo -m 666 "$T/fifo"
	(exec "$@" <"$T/fifo" >"$T/background.out" 2>"$T/background.err") &
	background_pid=$!
	disown # no word of the shell's when it is killed
	exec {ret}>"$T/fifo"
}

# Waits until CONDITION (evaluated) holds, at most 10 seconds.
wait_until() {
	local end=$((${EPOCHREALTIME/./} + 10000000)) # looking takes time, too
	until eval "$1"; do
		((${EPOCHREALTIME/./} < end)) || return 1
		sleep 0.01
	done
}

has_ended() { # PID: gone, or dead and waiting for a parent who may never ask
	[[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) != [!ZX]* ]]
}

# Waits for the end of something in the background.
gone() { # PID
	wait_until "has_ended $1" || {
		trouble "process $1 goes on: $(tr '\0' ' ' <"/proc/$1/cmdline")"
		kill -KILL "$1"
	}
}

pids_with() { # MARK: processes with it among their arguments, but for ourselves
	local file pid
	# The mark is not among grep's own arguments.
	grep -lsaF -f <(printf '%s\n' "$1") /proc/[0-9]*/cmdline | while read -r file; do
		pid=${file//[!0-9]/}
		((pid == $$ || pid == BASHPID)) || [[ ! -d /proc/$pid ]] || printf '%s\n' "$pid"
	done
}

kill_marked() {
	local pid
	for pid in $(pids_with "$T/"); do
		kill -KILL "$pid"
	done 2>/dev/null
}

# ---- counting

it() { # NAME THREAT
	end_case
	name="$1 ($2, $pass)"
	troubles=()
	skip_reason=''
	case_name=$1
}

trouble() {
	troubles+=("${*//$'\n'/$'\n#   '}")
}

# What this machine cannot judge. It is said aloud, and counted.
skip() {
	skip_reason=$1
}

# The same for what every machine of ours has: with CORDON_MUST_WORK=1 a failure.
skip_unless_must() {
	if [[ ${CORDON_MUST_WORK:-0} == 1 ]]; then
		trouble "must work here: $1"
	else
		skip_reason=$1
	fi
}

end_case() {
	[[ -z $name ]] && return
	local n=$((passed + failed + skipped + 1))
	if ((${#troubles[@]} > 0)); then
		failed=$((failed + 1))
		printf 'not ok %d %s\n' "$n" "$name"
		printf '#   %s\n' "${troubles[@]}"
	elif [[ -n $skip_reason ]]; then
		skipped=$((skipped + 1))
		printf 'ok %d %s # SKIP %s\n' "$n" "$name" "$skip_reason"
	else
		passed=$((passed + 1))
		printf 'ok %d %s\n' "$n" "$name"
	fi
	name=''
}

# ---- expectations


held() { # [REGEX of what the line says]
	if [[ $status != 10 || $out != "HELD "* || $out == *$'\n'* ]]; then
		trouble "should be held; status $status, said: $out $err"
	elif [[ -n ${1:-} && ! $out =~ $1 ]]; then
		trouble "held, but not by $1: $out"
	fi
}

permitted() {
	[[ $status == 0 && $out == "ESCAPED "* ]] || trouble "should work; status $status, said: $out $err"
}

exits() {
	[[ $status == "$1" ]] || trouble "exit status $status instead of $1: $out $err"
}

says() {
	[[ $err == *"$1"* ]] || trouble "stderr lacks '$1': $err"
}

must() { # CONDITION... a test(1) expression about the host
	[ "$@" ] || trouble "not so: $*"
}

# The reason in a --report file.
reason_is() {
	local got
	got=$(jq -r '.reason' "$1" 2>/dev/null) || got='no report'
	[[ $got == "$2" ]] || trouble "reason '$got' instead of '$2' in $(cat "$1" 2>/dev/null)"
}

# A control that fails is a failure of the test, unless the machine lacks what is attacked.
control_worked() { # [?]
	if [[ $status == 0 && $out == "ESCAPED "* ]]; then
		return 0
	elif [[ ${1:-} == '?' && $status == 10 ]]; then
		skip "not possible on this machine even outside: ${out#HELD }"
	else
		trouble "the control failed; status $status, said: $out $err"
	fi
	return 1
}

# ---- what belongs to the host, and every run tries to reach

outside_looks() {
	(cd "$outside" && find . -printf '%p %m %U %s %T@\n' | sort && cat secret)
}

outside_is_untouched() {
	local now
	now=$(outside_looks)
	[[ $now == "$outside_was" ]] && return
	trouble "outside was changed: $(diff <(printf '%s\n' "$outside_was") <(printf '%s\n' "$now") || true)"
	# The next test begins with what there is, without what was planted.
	find "$outside/directory" -mindepth 1 -delete
	rm -f "$outside/new"
	outside_was=$(outside_looks)
}

host_fixtures() {
	local kind fd
	outside=$T/outside
	mkdir "$outside" "$outside/directory"
	secret_text=outside-secret-$RANDOM$RANDOM
	printf '%s\n' "$secret_text" >"$outside/secret"
	export CORDON_TEST_SECRET=environment-$RANDOM$RANDOM
	chown -R "$their_uid:$their_gid" "$outside"
	mkdir "$T/reached"
	chown "$their_uid" "$T/reached"

	"${they[@]}" sleep 86400 </dev/null >/dev/null 2>&1 &
	disown $!
	victim=$!
	for kind in stream datagram seqpacket; do
		background fd "${they[@]}" "$T/bin/listener" "$kind" "$outside/$kind" "$T/reached/$kind"
		background fd "${they[@]}" "$T/bin/listener" "$kind" "@${T##*/}-$kind" "$T/reached/abstract-$kind"
	done
	background fd "${they[@]}" "$T/bin/listener" tcp 0 "$T/reached/tcp"
	wait_until '[[ -s $T/background.out ]]'
	port=$(sed -n 's/ready //p' "$T/background.out")
	wait_until '[[ -S $outside/stream && -S $outside/datagram && -S $outside/seqpacket ]]'
	memory_id=$("${they[@]}" ipcmk -M 4096 -p 0666 | sed 's/.*: //')
	memory_key=$(ipcs -m | awk -v id="$memory_id" '$2 == id { print $1 }')
	"${they[@]}" sh -c 'umask 0; echo x >"$1"' sh "/dev/shm/${T##*/}"
	outside_was=$(outside_looks)
}
