"""Who asks: profiles, sessions, other callers, other users, and what is left at the end."""
import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess
import time

import cases
from cases import SANITIZED, NotMine, check, holds, it, same
from link import CLEAN, PATIENCE, Listening, Serve, descendants, gone, own_processes, text_of, wait_until, with_words
from recorded import records

INVALID, POLICY, FLOOR, UNKNOWN, BUSY, UNREACHABLE = -32602, -31001, -31004, -31006, -31007, -31008
RUN_METHODS = (("write", {"text": "x"}), ("closeStdin", {}), ("read", {}), ("wait", {}),
               ("signal", {"signal": "KILL"}), ("resize", {"cols": 80, "rows": 24}), ("release", {}))


# Profiles

@it("T-DISC-001: a15_a profile is one of the caller's names: others and invented ones are answered alike")
def _(place):
    place.file("home/.config/cordon/profiles/mine.json",
               '{"cordonProfile": 1, "name": "mine"}', 0o600)
    link = Serve(place)
    file = place.file("p.json", '{"cordonProfile": 1, "name": "p", "filesystem": {"workspace": "write"}}', 0o600)
    for method, params in (("process/run", {"argv": ["touch", "started"]}),
                           ("process/start", {"argv": ["touch", "started"]}),
                           ("session/open", {"session": "a:b:c"}),
                           ("policy/check", {"action": {"argv": ["true"]}})):
        known = link.refusal_bytes(method, **params, profile="build")
        invented = link.refusal_bytes(method, **params, profile="biuld")
        same(known.replace(b"build", b"biuld"), invented, "a name that exists and is not listed")
        mine = link.refusal_bytes(method, **params, profile="mine")
        same(mine.replace(b"mine", b"biuld"), invented, "a file of the user's")
        for profile in (file, "./p.json", "../p.json", " ", "default.json", "floor"):
            link.fails(method, INVALID, "profile.unknown", **params, profile=profile)
    known = link.refusal_bytes("profile/show", name="build")
    same(known.replace(b"build", b"biuld"), link.refusal_bytes("profile/show", name="biuld"))
    check(not os.path.exists(place.work + "/started"), "it ran")


@it("T-DISC-001: -p lists the profiles of the caller, the first is the default")
def _(place):
    file = place.file("p.json", '{"cordonProfile": 1, "name": "of-a-file", "filesystem": {"workspace": "read"}}',
                      0o600)
    link = Serve(place, "-p", file, "-p", "build")
    same(link.welcome["profiles"], ["of-a-file", "build"])
    same([p["name"] for p in link.call("profile/list")["profiles"]], ["of-a-file", "build"])
    same(link.run("touch", "x")["profile"], "of-a-file")
    same(link.run("touch", "x", profile="build")["profile"], "build")
    link.fails("process/run", INVALID, "profile.unknown", argv=["true"], profile="default")


@it("profile/list and profile/show tell of the caller's profiles")
def _(place):
    link = Serve(place)
    profiles = link.call("profile/list")["profiles"]
    same([p["name"] for p in profiles], ["default", "readonly", "strict"])
    shown = link.call("profile/show", name="strict")["profile"]
    same((shown["name"], shown["cordonProfile"]), ("strict", 1))
    same(link.run("true", profile="strict")["profileDigest"], profiles[2]["digest"])


@it("a15_no request can name a configuration, a file or a way around")
def _(place):
    link = Serve(place)
    for extra in ({"config": "/x"}, {"--config": "/x"}, {"own": True}, {"profileFile": "/x"}, {"extends": ["x"]},
                  {"profile": {"cordonProfile": 1, "name": "x"}}, {"profile": ["default"]}):
        link.fails("process/run", INVALID, argv=["touch", "started"], **extra)
        link.fails("session/open", INVALID, session="a:b:c", **extra)
    check(not os.path.exists(place.work + "/started"), "it ran")


@it("a profile with a rule that holds: refused as unreachable, since nobody can be asked")
def _(place):
    p = place.file("p.json", '{"cordonProfile": 1, "name": "asks", "approvals": {"rules": [{"id": "push", '
                   '"argv": ["touch", "..."], "decision": "hold", "why": "a test"}]}}', 0o600)
    listed = subprocess.run([cases.CORDON, "run", "-p", p, "--", "true"], cwd=place.work, capture_output=True,
                            env={**CLEAN, "HOME": place.home}, check=False)
    if listed.returncode == 125:
        raise NotMine("this build refuses profiles with approvals")
    link = Serve(place, "-p", p)
    error = link.fails("process/run", UNREACHABLE, "approval.unreachable", argv=["touch", "started"])
    same(error["data"]["rule"], "push")
    check(not os.path.exists(place.work + "/started"), "it ran")
    same(link.run("true")["exitCode"], 0, "what is not held")


@it("policy/check decides, and nothing happens")
def _(place):
    link = Serve(place)
    r = link.call("policy/check", action={"argv": ["touch", "started"]})
    same(r["decision"], "allow")
    time.sleep(0.1)
    check(not os.path.exists(place.work + "/started"), "it ran")
    same(link.call("policy/check", action={"argv": ["touch", "started"]})["digest"], r["digest"],
         "the digest of the same action")
    for other in ({"action": {"argv": ["touch", "other"]}}, {"action": {"argv": ["touch", "started"]}, "profile": "strict"},
                  {"action": {"argv": ["touch", "started"], "env": {"LANG": "C"}}}):
        check(link.call("policy/check", **other)["digest"] != r["digest"], "the same digest for", other)
    for action in ({}, [], {"argv": []}, {"argv": "ls"}, {"argv": ["a\0b"]}, {"argv": ["ls"], "x": 1}):
        link.fails("policy/check", INVALID, action=action)


# Sessions

@it("a session has its workspace, directory and profile; runs name it")
def _(place):
    link = Serve(place)
    os.mkdir(place.work + "/sub")
    link.call("session/open", session="main:cli:u", cwd=place.work + "/sub", profile="readonly")
    r = link.run("pwd", session="main:cli:u")
    same((r["stdout"]["text"], r["profile"]), (place.work + "/sub\n", "readonly"))
    same(link.run("pwd", session="main:cli:u", cwd=place.work)["stdout"]["text"], place.work + "\n")
    same(link.run("true", session="main:cli:u", profile="default")["profile"], "default")
    r = link.run("pwd", session="another:cli:u")
    same((r["stdout"]["text"], r["profile"]), (place.work + "\n", "default"), "a session that was not opened")


@it("session/list tells of the caller's sessions")
def _(place):
    link = Serve(place)
    same(link.call("session/list"), {"sessions": []})
    link.call("session/open", session="a:b:c", profile="strict")
    link.call("session/open", session="a:b:d")
    same(sorted(s["session"] for s in link.call("session/list")["sessions"]), ["a:b:c", "a:b:d"])
    link.call("session/close", session="a:b:c")
    same([s["session"] for s in link.call("session/list")["sessions"]], ["a:b:d"])


@it("session/close ends the session's runs and no others")
def _(place):
    link = Serve(place)
    mine = link.start("sleep", "60", session="a:b:c", notify=False)
    other = link.start("sleep", "60", session="a:b:d", notify=False)
    link.call("session/close", session="a:b:c")
    same(link.call("process/wait", run=mine)["reason"], "killed")
    link.fails("process/wait", BUSY, run=other, timeoutMs=200)
    link.fails("session/close", INVALID, "session.unknown", session="a:b:c")


@it("a18_a session is three parts of letters, digits and . _ + @ -")
def _(place):
    link = Serve(place)
    good = ["a:b:c", "A.1_+@-:x:y", "a" * 64 + ":" + "b" * 64 + ":" + "c" * 64]
    for key in good:
        same(link.run("true", session=key)["exitCode"], 0)
    for key in ("a", "a:b", "a:b:c:d", ":b:c", "a::c", "a:b:", "a" * 65 + ":b:c", "a b:c:d", "a:b:c\n", "ä:b:c",
                "a:b:c\0", "a/b:c:d", "", 7, None, ["a:b:c"]):
        link.fails("process/run", INVALID, argv=["touch", "started"], session=key)
        link.fails("session/open", INVALID, session=key)
    check(not os.path.exists(place.work + "/started"), "it ran")


SEARCH = ("for place in /tmp /var/tmp /dev/shm /dev/mqueue /home /run; do grep -rs MARKER-7 $place; done; "
          "grep -as MARKER-7 /proc/*/environ; ls -d /proc/[0-9]*/cwd | wc -l")


@it("T-DISC-002: what one session's run leaves in places of its own, another's does not find")
def _(place):
    link = Serve(place)
    leave = "for place in /tmp /dev/shm /home/user; do echo MARKER-7 >$place/left; done; "
    check(link.shell(leave + SEARCH, session="a:b:c")["stdout"]["text"].count("MARKER-7") >= 3, "the control")
    run = link.start("sh", "-c", leave + "export M=MARKER-7; echo up; sleep 60; :", session="a:b:c")
    link.notification("process/output", run=run)
    for session in ("a:b:c", "a:b:d"):
        r = link.shell(SEARCH, session=session)
        check("MARKER-7" not in r["stdout"]["text"], "a run found", r["stdout"]["text"])
        check(int(r["stdout"]["text"]) <= 5, "it sees processes of others:", r["stdout"]["text"])


# The end of a link

def leave_runs(link, mark):
    for i in range(10):
        link.start("sh", "-c", f"trap '' TERM HUP INT; setsid sleep {mark} & sleep {mark}", session=f"a:b:c{i}")
    wait_until(lambda: len(with_words("sleep", mark)) == 20, "two processes of each of ten runs")
    return descendants(link.process.pid)


@it("the end of the input ends the caller's runs, and cordon, with nothing left")
def _(place):
    link = Serve(place)
    before = leave_runs(link, f"8{os.getpid()}.5")
    same(link.close(), 0, "the exit status")
    gone(before)
    same(link.stderr(), "")


@it("the end of the input in the middle of a line, and while a run is awaited")
def _(place):
    link = Serve(place)
    before = leave_runs(link, f"9{os.getpid()}.5")
    link.request("process/run", {"argv": ["sleep", "77"]})
    link.send_bytes(b'{"jsonrpc":"2.0","id":1,"meth')
    link.process.stdin.close()
    link.process.wait(PATIENCE)
    gone(before)


@it("what was asked before the end of the input is not answered by a hang")
def _(place):
    link = Serve(place)
    for i in range(50):
        link.request("ping", id=1000 + i)
    same(link.close(), 0)
    same([m["id"] for _, m in link.inbox if "result" in m], [1000 + i for i in range(50)])


@it("shutdown is answered, and then all ends")
def _(place):
    link = Serve(place)
    before = leave_runs(link, f"10{os.getpid()}.5")
    same(link.call("shutdown"), {})
    same(link.process.wait(PATIENCE), 0, "the exit status")
    gone(before)


@it("a caller who closes its reading end: the runs end")
def _(place):
    link = Serve(place)
    before = leave_runs(link, f"11{os.getpid()}.5")
    link.process.stdout.close()
    link.ended = True
    link.send_line('{"jsonrpc":"2.0","id":1,"method":"ping"}')
    link.process.wait(PATIENCE)
    gone(before)


@it("SIGTERM and SIGINT to cordon serve end everything")
def _(place):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        link = Serve(place)
        before = leave_runs(link, f"12{number}{os.getpid()}.5")
        link.process.send_signal(number)
        link.process.wait(PATIENCE)
        gone(before)


@it("T-IMPACT-001: SIGKILL to any process of cordon but its ledger (recorded.py) ends everything")
def _(place):
    names = None
    at = 0
    while names is None or at < len(names):
        link = Serve(place)
        before = leave_runs(link, f"13{at}{os.getpid()}.5")
        own = sorted(p for (p, _), name in before.items() if name.startswith("cordon") and name != "cordon-ledger" and
                     parent_of_own(p))
        names = names or own
        check(len(own) >= 3, "monitor, rpc and launcher are three processes:", before)
        os.kill(own[min(at, len(own) - 1)], signal.SIGKILL)
        link.process.wait(PATIENCE)
        gone(before, 10)
        at += 1


def parent_of_own(pid):
    """cordon's own, not pid 1 of a run, which has the launcher's name. None: it has gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            for line in f:
                if line.startswith("NSpid:"):
                    return len(line.split()) == 2
    except FileNotFoundError:
        pass
    return None


@it("no two of cordon's processes are copies of one another: each was executed (A10)")
def _(place):
    if os.geteuid() != 0:
        raise NotMine("for root, who may look at processes that are not dumpable")
    link = Serve(place)
    names = [os.path.basename(os.readlink(f"/proc/{p}/exe")) for p in own_processes(link.process.pid)]
    same(sorted(names), ["cordon", "cordon-launcher", "cordon-ledger", "cordon-rpc"])


@it("the process that reads the caller's lines has no files, no network and cannot start programs")
def _(place):
    link = Serve(place)
    link.run("true")
    pid, = [p for (p, _), name in descendants(link.process.pid).items() if name == "cordon-rpc"]
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    same(status["NoNewPrivs"], "1")
    same([int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")], [0] * 4, "capabilities")
    if not SANITIZED:
        same(status["Seccomp"], "2")
    if os.geteuid() == 0:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            # Sanitizers write their reports to the monitor's standard error.
            check(not target.startswith("/") or (fd == "2" and (SANITIZED or target == "/dev/null")),
                  "it has a file:", target)


# Callers

@it("--listen: two callers, each with its own runs, sessions and handles (A09, A18)")
def _(place):
    server = Listening(place)
    one, two = server.link(), server.link()
    same(one.start("sleep", "60", run="same", session="a:b:c"), "same")
    same(two.start("sleep", "60", run="same", session="a:b:c"), "same")
    own = one.start("sleep", "60", run="only-mine")
    same(sorted(r["run"] for r in one.call("process/list")["runs"]), ["only-mine", "same"])
    same([r["run"] for r in two.call("process/list")["runs"]], ["same"])
    two.call("session/close", session="a:b:c")
    one.fails("process/wait", BUSY, run="same", timeoutMs=200)
    one.call("session/open", session="x:y:z")
    check("x:y:z" not in [s["session"] for s in two.call("session/list")["sessions"]], "another's session")
    same(own, "only-mine")


@it("T-DISC-002: a foreign run and an invented one are answered with the same bytes")
def _(place):
    server = Listening(place)
    one, two = server.link(), server.link()
    named = one.start("sleep", "60", run="their-own", stdin="pipe", notify=False)
    unnamed = one.start("sleep", "60", stdin="pipe", notify=False)
    for method, params in RUN_METHODS:
        invented = two.refusal_bytes("process/" + method, run="r-01kaz8m3q7v5w0tgs2e9x4nbhd", **params)
        for run in (named, unnamed):
            foreign = two.refusal_bytes("process/" + method, run=run, **params)
            same(foreign.replace(run.encode(), b"r-01kaz8m3q7v5w0tgs2e9x4nbhd"), invented, method)
    for run in (named, unnamed):
        one.fails("process/wait", BUSY, run=run, timeoutMs=100)
    same(two.run("true", run="their-own")["run"], "their-own", "the same handle for oneself")


@it("a caller's end ends its runs and nobody else's")
def _(place):
    server = Listening(place)
    one, two = server.link(), server.link()
    mark, other = f"14{os.getpid()}.5", f"15{os.getpid()}.5"
    one.start("sleep", mark)
    run = two.start("sleep", other, notify=False)
    wait_until(lambda: with_words("sleep", mark) and with_words("sleep", other), "both")
    one.socket.close()
    wait_until(lambda: not with_words("sleep", mark), "the end of the one", 5)
    two.fails("process/wait", BUSY, run=run, timeoutMs=200)
    same(server.link().run("echo", "third")["stdout"]["text"], "third\n")


@it("one caller's process dies: the other goes on")
def _(place):
    server = Listening(place)
    one, two = server.link(), server.link()
    own = {p for (p, _), name in descendants(server.process.pid).items() if name == "cordon-rpc"}
    same(len(own), 2, "one for each caller")
    os.kill(min(own), signal.SIGKILL)
    alive = []
    for link in (one, two):
        try:
            link.alive()
            alive.append(link)
        except cases.Trouble:
            pass
    same(len(alive), 1, "callers that go on")
    same(alive[0].run("echo", "x")["stdout"]["text"], "x\n")
    server.link().alive()


@it("T-IMPACT-002: 10,000 calls at once: what is too much is answered busy, each exactly once, and nobody else waits")
def _(place):
    server = Listening(place)
    many, other = server.link(), server.link()
    count = 10000
    lines = b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % i for i in range(1000, 1000 + count))
    # The control: what may be asked at once is.
    many.send_bytes(lines[:lines.index(b'"id":2500,') - len(b'{"jsonrpc":"2.0",')])
    for i in range(1000, 2500):
        same(many.result(i), {})
    many.send_bytes(lines)
    other.alive()
    same(other.run("echo", "served")["stdout"]["text"], "served\n")
    wait_until(lambda: many.read(1) and len(many.inbox) == count, "an answer to each")
    refused = [m["error"] for _, m in many.inbox if "error" in m]
    same({(e["code"], e["data"]["reason"], e["data"]["retryable"]) for e in refused}, {(BUSY, "limit.rate", True)})
    same(sorted(m["id"] for _, m in many.inbox), list(range(1000, 1000 + count)))
    many.inbox.clear()
    wait_until(lambda: "result" in many.reply(many.request("ping")), "room")
    same(many.run("echo", "again")["stdout"]["text"], "again\n")


@it("the end of cordon serve --listen takes its socket away, and its runs")
def _(place):
    server = Listening(place)
    link = server.link()
    link.start("sleep", "60")
    before = descendants(server.process.pid)
    server.process.terminate()
    server.process.wait(PATIENCE)
    gone(before)
    check(not os.path.exists(server.path), "the socket is left")


@it("the socket is its owner's alone")
def _(place):
    server = Listening(place)
    same(os.stat(server.path).st_mode & 0o777, 0o600)


def appearances(directory, name, do):
    """How the name comes to be in the directory while do() runs: the inotify(7) events that have it."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    check(fd >= 0 and libc.inotify_add_watch(fd, os.fsencode(directory), 0x180) >= 0, "inotify")  # CREATE, MOVED
    do()
    found, data = [], os.read(fd, 1 << 16)
    os.close(fd)
    while data:
        _, mask, _, size = struct.unpack_from("iIII", data)
        if data[16:16 + size].rstrip(b"\0").decode() == name:
            found.append({0x80: "moved", 0x100: "created"}[mask])
        data = data[16 + size:]
    return found


@it("the name of a socket is there when it is listened to, and not before")
def _(place):
    os.makedirs(place.path + "/s", mode=0o700)
    same(appearances(place.path + "/s", "one", lambda: Listening(place, name="s/one")), ["moved"])
    # The control: bound to its name.
    s = socket.socket(socket.AF_UNIX)
    same(appearances(place.path + "/s", "two", lambda: s.bind(place.path + "/s/two")), ["created"])
    with socket.socket(socket.AF_UNIX) as early:
        same(early.connect_ex(place.path + "/s/two"), errno.ECONNREFUSED, "a connection that comes early")
    s.close()
    same(sorted(os.listdir(place.path + "/s")), ["one", "two"], "what is left")


@it("a socket takes the place of one that nobody listens to, with a path as long as it may be")
def _(place):
    name = "s/" + "x" * (107 - len(place.path) - 3)
    os.makedirs(place.path + "/s", mode=0o700)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(os.path.join(place.path, name))
    dead.close()
    server = Listening(place, name=name)
    same(len(server.path), 107)
    with socket.socket(socket.AF_UNIX) as s:  # until then the dead one is there
        wait_until(lambda: s.connect_ex(server.path) == 0, "the new socket")
    server.link().alive()
    same(os.listdir(place.path + "/s"), [name[2:]], "what is left")


@it("--listen does not take the place of a file, and not that of a socket that answers")
def _(place):
    file = place.file("s/file", "precious")
    for path in (file, Listening(place).path):
        r = subprocess.run([cases.CORDON, "serve", "--listen", path], cwd=place.work, capture_output=True,
                           timeout=PATIENCE, env={**CLEAN, "HOME": place.home}, check=False, stdin=subprocess.DEVNULL)
        same(r.returncode, 125, path)
        check(r.stderr.startswith(b"cordon: "), r.stderr)
    with open(file, encoding="utf-8") as f:
        same(f.read(), "precious")


STRANGER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@it("T-RECON-001: another user is closed without a byte, and that is on record once")
def _(place):
    if os.geteuid() != 0:
        raise NotMine("for root, who can be another user")
    server = Listening(place)
    # The control: what keeps them out is who they are, not the mode of the path.
    os.chmod(server.path, 0o666)
    os.chmod(os.path.dirname(server.path), 0o755)
    os.chmod(place.path, 0o755)
    probe = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(20)\ns.connect(sys.argv[1])\n"
             "try:\n s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\\n')\nexcept OSError: pass\n"
             "try:\n d = s.recv(100)\nexcept ConnectionError: d = b''\nprint(repr(d))")
    def connect(*who):
        return subprocess.run([*who, "/usr/bin/python3", "-c", probe, server.path], capture_output=True,
                              timeout=PATIENCE, check=False, text=True).stdout.strip()
    holds(connect(), '"result"', "the owner's answer")
    same(server.stderr(), "")
    same(connect(*STRANGER), "b''", "the stranger's")
    same(server.stderr(), "cordon: caller.unknown: user 65534 was turned away, 1 times so far\n", "the event")
    for _i in range(5):
        connect(*STRANGER)
    server.link().alive()
    server.end()
    strangers = [r for _, r in records(place) if r["kind"] == "refused"]
    check(strangers, "none of them is on record")
    same((strangers[0]["reason"], strangers[0]["uid"], strangers[0]["leftOut"]), ("caller.unknown", 65534, 0))
    check(len(strangers) <= 4, len(strangers), "records")


@it("T-RECON-001: connections of another user that fail and fail make that user slow, by one event, and nobody else")
def _(place):
    if os.geteuid() != 0:
        raise NotMine("for root, who can be another user")
    server = Listening(place)
    os.chmod(server.path, 0o666)
    os.chmod(os.path.dirname(server.path), 0o755)
    os.chmod(place.path, 0o755)
    # It says which of its connections have ended by then, and waits for the end of all when it is told to.
    flood = ("import select, socket, sys\nall = []\nfor i in range(40):\n s = socket.socket(socket.AF_UNIX)\n"
             " s.connect(sys.argv[1])\n all.append(s)\nprint('up', flush=True)\nsys.stdin.readline()\n"
             "print([s.recv(100) for s in all] == [b''] * 40, flush=True)\nsys.stdin.readline()")
    stranger = subprocess.Popen([*STRANGER, "/usr/bin/python3", "-c", flood, server.path], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
    place.ends.append(stranger.kill)
    same(stranger.stdout.readline(), "up\n")
    wait_until(lambda: "limit.connections" in server.stderr(), "the event")
    same(server.link().run("echo", "served")["stdout"]["text"], "served\n", "what the owner gets meanwhile")
    stranger.stdin.write("\n")
    stranger.stdin.flush()
    same(stranger.stdout.readline(), "True\n", "all were closed without a byte")
    same(server.stderr().count("limit.connections: too many connections of user 65534"), 1, "events")
    stranger.stdin.close()
    stranger.wait(PATIENCE)
    server.link().alive()
    server.end()
    same([r["reason"] for _, r in records(place) if r["kind"] == "refused"].count("limit.connections"), 1, "records")


@it("T-RECON-001: no process of cordon listens on an internet socket")
def _(place):
    server = Listening(place)
    server.link().run("true")
    pids = [p for (p, _) in descendants(server.process.pid)]
    inodes = set()
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        with open(f"/proc/net/{table}", encoding="utf-8") as f:
            inodes |= {line.split()[9] for line in f.readlines()[1:]}
    for pid in pids:
        try:
            fds = os.listdir(f"/proc/{pid}/fd")
        except (PermissionError, FileNotFoundError):
            continue
        for fd in fds:
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
            except FileNotFoundError:  # closed, or ended, meanwhile: sandboxes are made ahead
                continue
            check(not target.startswith("socket:[") or target[8:-1] not in inodes, "it has", target)


@it("T-RECON-001: with an inherited listening socket the start is refused")
def _(place):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        s = socket.socket(family)
        try:
            s.bind((address, 0))
        except OSError:
            continue  # a machine without IPv6
        s.listen()
        r = subprocess.run([cases.CORDON, "serve"], cwd=place.work, input=b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
                           capture_output=True, pass_fds=[s.fileno()], timeout=PATIENCE, check=False,
                           env={**CLEAN, "HOME": place.home})
        same((r.returncode, r.stdout), (125, b""))
        holds(r.stderr.decode(), "floor.listener")
        s.close()
    # The control: one that does not listen.
    with socket.socket() as s:
        r = subprocess.run([cases.CORDON, "serve"], cwd=place.work, input=b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
                           capture_output=True, pass_fds=[s.fileno()], timeout=PATIENCE, check=False,
                           env={**CLEAN, "HOME": place.home})
        holds(r.stdout, b'"result"')


@it("T-RECON-001: the socket cannot be reached from inside a run")
def _(place):
    server = Listening(place, name="w/cordon.sock")
    link = server.link()
    r = link.run("/usr/bin/python3", "-c", "import socket\ns = socket.socket(socket.AF_UNIX)\n"
                 f"s.connect({server.path!r})\nprint('reached')")
    check(r["exitCode"] != 0 and b"reached" not in text_of(r["stdout"]), r)


@it("--workspace and --cwd of the command line are what runs get")
def _(place):
    os.makedirs(place.path + "/ws/sub")
    link = Serve(place, "--workspace", place.path + "/ws", "--cwd", place.path + "/ws/sub")
    same(link.run("pwd")["stdout"]["text"], place.path + "/ws/sub\n")


@it("a command line that cannot be understood: 125, one sentence, and no answer on the pipe")
def _(place):
    for options in (["--nonsense"], ["--stdio", "--listen", "/tmp/x"], ["--listen"], ["operand"],
                    ["-p", "no-such-profile"], ["--workspace", "/nowhere"], ["--listen", "relative/../x" * 30]):
        r = subprocess.run([cases.CORDON, "serve", *options], cwd=place.work, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=PATIENCE, env={**CLEAN, "HOME": place.home}, check=False)
        same((r.returncode, r.stdout), (125, b""), f"serve {options}")
        check(r.stderr.startswith(b"cordon: ") and r.stderr.count(b"\n") == 1, options, r.stderr)


@it("a workspace that is a home is refused before anything is read (A01)")
def _(place):
    r = subprocess.run([cases.CORDON, "serve"], cwd=place.home, stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=PATIENCE, env={**CLEAN, "HOME": place.home}, check=False)
    same((r.returncode, r.stdout), (125, b""))
    check(r.stderr.startswith(b"cordon: "), r.stderr)


@it("a caller has so many sessions, and closing one makes room")
def _(place):
    link = Serve(place)
    opened = 0
    for i in range(300):
        answer = link.reply(link.request("session/open", {"session": f"a:b:{i}"}))
        if "error" in answer:
            same((answer["error"]["code"], answer["error"]["data"]["reason"]), (-31005, "limit.sessions"))
            break
        opened += 1
    same(opened, 255, "sessions beside the one without a name")
    link.fails("process/run", -31005, "limit.sessions", argv=["true"], session="another:b:c")
    same(link.run("true", session="a:b:7")["exitCode"], 0)
    link.call("session/close", session="a:b:3")
    same(link.run("true", session="another:b:c")["exitCode"], 0)
