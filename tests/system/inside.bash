#!/bin/bash
# What a run sees: INTERFACES section 2, "Inside a run".
. "$(dirname "$0")/lib.bash"

it "m6_the environment is made from nothing"
SECRET_TOKEN=s3cret AWS_ACCESS_KEY_ID=x LD_PRELOAD_NOT=1 TERM=vt100 LANG=C.UTF-8 run -- env
exits 0
[[ $out != *s3cret* && $out != *AWS_* && $out != *LD_* ]] || trouble "leaked: $out"
names=$(sed 's/=.*//' <<<"$out" | LC_ALL=C sort | tr '\n' ' ')
[[ $names == "CORDON HOME LANG LC_ALL LOGNAME PATH PWD SHELL TERM TMPDIR USER " ]] ||
	trouble "names: $names"
for line in HOME=/home/user USER=user LOGNAME=user PATH=/usr/local/bin:/usr/bin:/bin TMPDIR=/tmp \
	TERM=vt100 LANG=C.UTF-8 "PWD=$T/w" CORDON=1; do
	grep -qxF "$line" <<<"$out" || trouble "lacks $line"
done

it "m6_the parent's environment is not in /proc either"
SECRET_TOKEN=s3cret run -- bash -c 'cat /proc/*/environ 2>/dev/null | tr "\0" "\n"'
[[ $out != *s3cret* ]] || trouble "leaked: $out"

it "--env sets, and passes the caller's on"
MINE=yes run -e MINE -e THEIRS=a=b -e ABSENT -e HOME=/tmp -- env
for line in MINE=yes THEIRS=a=b HOME=/tmp; do
	grep -qxF "$line" <<<"$out" || trouble "lacks $line"
done
[[ $out != *ABSENT* ]] || trouble "made up: $out"

it "a profile sets and passes variables"
cat >"$T/env.json" <<'END'
{"cordonProfile": 1, "name": "env", "extends": ["default"], "widens": ["environment"],
 "environment": {"pass": ["MINE"], "set": {"CI": "1"}}}
END
MINE=yes run -p "$T/env.json" -- env
grep -qxF MINE=yes <<<"$out" || trouble "MINE was not passed: $err"
grep -qxF CI=1 <<<"$out" || trouble "CI was not set"

it "an ordinary user named user, never uid 0"
run -- sh -c 'id -un; id -gn; whoami; test "$(id -u)" -ne 0 && echo ordinary; grep ^user: /etc/passwd | cut -d: -f6'
prints $'user\nuser\nuser\nordinary\n/home/user'

it "no capabilities, no new privileges"
run -- sh -c 'grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status | tr "\t" " "'
prints $'CapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2'

it "a host name that tells nothing"
run -- sh -c 'hostname; cat /etc/hostname'
prints $'cordon\ncordon'

it "the workspace at its own path, writable, and nothing else of the caller's"
mkdir -p "$T/w/sub"
echo private >"$T/private"
run -- sh -c "pwd; echo new >made; cat made; cat $T/private 2>&1 | grep -c 'No such file'; ls $T"
prints "$T/w"$'\nnew\n1\nw'
[[ $(<"$T/w/made") == new ]] || trouble "the file did not arrive"
[[ $(stat -c %u "$T/w/made") == "$EUID" ]] || trouble "the file belongs to $(stat -c %u "$T/w/made")"

it "a workspace below /var/tmp is at its own path, and /var/tmp is /tmp"
w=$(mktemp -d /var/tmp/cordon-test.XXXXXX)
run --workspace "$w" --cwd "$w" -- sh -c 'pwd; touch made; touch /var/tmp/one; ls /tmp/one; ls /var/tmp'
exits 0
prints "$w"$'\n'"/tmp/one"$'\n'"${w##*/}"$'\n'one
[[ -e $w/made ]] || trouble "the file did not arrive"
rm -rf "$w"

it "the workspace can be unmounted as soon as cordon has ended"
if ((EUID == 0)); then
	unshare --mount sh -c '
		mkdir "$1/below" "$1/mounted" || exit 9
		for i in 1 2 3 4 5 6 7 8 9 10; do
			mount --bind "$1/below" "$1/mounted" || exit 9
			"$2" run --workspace "$1/mounted" -- ls -A . || exit
			umount "$1/mounted" || exit
		done' sh "$T" "$CORDON" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	err=$(<"$T/err")
	exits 0
	[[ $(grep -c '^\.vscode$' "$T/out") == 10 ]] || trouble "nothing was held: $(<"$T/out")"
else
	not_mine "mounting is root's"
fi

it "a03_names in a directory that cannot be written are not held, others are"
mkdir -p "$T/w/locked/.git"
chmod 555 "$T/w/locked"
run --workspace "$T/w/locked" -- sh -c 'for f in .envrc .git/config .git/other; do touch $f && echo $f; done 2>/dev/null'
chmod 755 "$T/w/locked"
prints .git/other
[[ $(cd "$T/w/locked" && find . -mindepth 1 | sort | tr '\n' ' ') == "./.git ./.git/other " ]] ||
	trouble "left: $(ls -AR "$T/w/locked")"

it "a workspace in memory, below /dev/shm"
shm=$(mktemp -d /dev/shm/cordon-test.XXXXXX)
(cd "$shm" && timeout -s KILL 60 "$CORDON" run -- sh -c 'echo x >file; pwd; ls /dev/shm' >"$T/out" 2>"$T/err" </dev/null)
out=$(<"$T/out")
prints "$shm"$'\n'"${shm##*/}"
[[ $(<"$shm/file") == x ]] || trouble "the file did not arrive"
rm -rf "$shm"

it "readonly: the workspace can be read and not written"
echo text >"$T/w/text"
run -p readonly -- sh -c 'cat text; echo x >text2'
[[ $out == text* && ! -e $T/w/text2 ]] || trouble "out: $out"
((status != 0)) || trouble "writing succeeded"

it "workspace none: it is not there"
cat >"$T/none.json" <<'END'
{"cordonProfile": 1, "name": "none", "extends": ["default"], "filesystem": {"workspace": "none"}}
END
run -p "$T/none.json" -- sh -c "pwd; ls $T/w/text 2>/dev/null; echo end"
exits 0
[[ $out == *end && $out != *text* ]] || trouble "out: $out"

it "private, empty home and /tmp, gone afterwards"
run -- sh -c 'ls -A ~; echo a >~/a; echo b >/tmp/cordon-leak-test; cat ~/a /tmp/cordon-leak-test'
prints $'a\nb'
[[ ! -e /tmp/cordon-leak-test ]] || trouble "/tmp is the host's"
run -- sh -c 'ls ~ ; ls /tmp/cordon-leak-test 2>/dev/null; true'
prints ""

it "/usr is read-only, /etc is a small one"
run -- sh -c 'touch /usr/x 2>/dev/null && echo written; ls /etc/shadow /etc/sudoers 2>/dev/null; wc -l </etc/passwd'
prints 2

it "/proc shows the run, /sys is not there"
run -- sh -c 'ls -d /proc/[0-9]* | wc -l; test -e /sys/kernel && echo sys; test -e /proc/sys && echo sysctl; true'
((out <= 5)) 2>/dev/null || trouble "out: $out"

it "/dev is small"
run -- sh -c 'ls /dev | tr "\n" " "; echo x >/dev/null; head -c 2 /dev/zero | wc -c; test -r /dev/urandom && echo random'
[[ $out == *random ]] || trouble "out: $out"
for word in $(head -n 1 <<<"$out"); do
	case $word in
	fd | full | null | ptmx | pts | random | shm | stderr | stdin | stdout | tty | urandom | zero | 2) ;;
	*) trouble "there is a /dev/$word" ;;
	esac
done

it "no network but loopback"
run -- /usr/bin/python3 -c 'import socket
print([n for _, n in socket.if_nameindex()])
s = socket.socket(); s.settimeout(3)
try:
    s.connect(("192.0.2.1", 80)); print("connected")
except OSError as e:
    print("refused")'
prints $'[\'lo\']\nrefused'

it "the time zone, languages and certificates of the host"
run -- sh -c 'test -d /etc/ssl/certs && echo certs; date +%Z'
[[ $out == *"$(date +%Z)" ]] || trouble "out: $out, $(date +%Z)"

it "the caller's umask"
(umask 027 && "$CORDON" run -- sh -c 'umask; touch masked' >"$T/out" 2>"$T/err" </dev/null)
[[ $(<"$T/out") == 0027 && $(stat -c %a "$T/w/masked") == 640 ]] || trouble "umask: $(<"$T/out")"

it "signals that the caller ignores or blocks are as usual inside"
(
	trap '' INT QUIT HUP PIPE
	"$CORDON" run -- grep -E '^Sig(Blk|Ign)' /proc/self/status >"$T/out" 2>"$T/err" </dev/null
)
[[ $(grep -c '0000000000000000' "$T/out") == 2 ]] || trouble "$(<"$T/out")"

it "strict: what is writable cannot be executed"
printf '#!/bin/sh\necho ran\n' >"$T/w/prog"
chmod 755 "$T/w/prog"
run -p strict -- ./prog
exits 126
one_sentence
cp /bin/true "$T/w/copy"
run -p strict -- sh -c './copy; /lib64/ld-linux-x86-64.so.2 ./copy; cp /bin/true /tmp/x; /tmp/x; cp /bin/true ~/x; ~/x; true'
[[ $(grep -c -i 'permission denied\|cannot execute\|failed to map' <<<"$err") -ge 4 ]] || trouble "stderr: $err"

it "a01_cordon's own program in a writable workspace is read-only"
mkdir -p "$T/w/build/bin"
cp "$CORDON" "${CORDON%/*}/cordon-ledger" "$T/w/build/bin"
timeout -s KILL 60 "$T/w/build/bin/cordon" run -- sh -c 'echo x >>build/bin/cordon; mv build other; rm -f build/bin/cordon*; ls build/bin' \
	>"$T/out" 2>"$T/err" </dev/null
[[ $(<"$T/out") == $'cordon\ncordon-ledger' ]] || trouble "out: $(<"$T/out") $(<"$T/err")"
cmp -s "$CORDON" "$T/w/build/bin/cordon" || trouble "it was changed"
(cd "$T/w/build/bin" && timeout -s KILL 60 ./cordon run -- touch started >"$T/out" 2>"$T/err" </dev/null)
status=$?
err=$(<"$T/err")
exits 125
one_sentence

it "a01_no profile grants cordon's own files"
mkdir -p "$T/home/.config/cordon/profiles" "$T/home/.local/state/cordon"
for grant in '"read": ["~"]' '"read": ["~/.config"]' '"read": ["~/.local/state/cordon"]' \
	'"write": [{"path": "~/.config", "exec": false}]'; do
	printf '{"cordonProfile": 1, "name": "g", "extends": ["default"], "widens": ["filesystem"], "filesystem": {%s}}\n' \
		"$grant" >"$T/g.json"
	run -p "$T/g.json" -- touch started
	exits 125
	one_sentence
	not_started
done

finish
