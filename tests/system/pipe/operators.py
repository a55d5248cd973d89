"""What an operator sees and does beside the callers: ps, kill, stop-all, status. stop-all concerns every
monitor of the user who runs this."""
import json
import os
import subprocess

import cases
from cases import check, holds, it, same
from link import CLEAN, PATIENCE, Serve, wait_until, with_words

POLICY = -31001


def ask(place, *words, status=0):
    """A command of the operator's, with the sockets of this place."""
    done = subprocess.run([cases.CORDON, *words], capture_output=True, text=True, check=False, timeout=PATIENCE,
                          env={**CLEAN, "XDG_RUNTIME_DIR": place.runtime})
    same(done.returncode, status, f"the exit status of {words}: {done.stderr}")
    return done


def serve(place, *options):
    place.runtime = os.path.join(place.path, "runtime")
    os.makedirs(place.runtime, mode=0o700, exist_ok=True)
    return Serve(place, *options, env={"XDG_RUNTIME_DIR": place.runtime})


def rows(place, link):
    lines = [json.loads(line) for line in ask(place, "ps", "--json").stdout.splitlines()]
    return {row["run"]: row for row in lines if row["monitor"] == link.process.pid}


@it("cordon ps lists the live runs, in words that a terminal can take")
def _(place):
    link = serve(place)
    same(rows(place, link), {})
    link.start("sleep", "60", run="mine", label="a \x1b[31mred\x07 label", session="a:b:c", notify=False)
    other = link.start("sleep", "61", profile="readonly", notify=False)
    found = rows(place, link)
    same(sorted(row["handle"] or "" for row in found.values()), ["", "mine"])
    mine, = [row for row in found.values() if row["handle"] == "mine"]
    same([mine[k] for k in ("label", "session", "profile", "command", "state")],
         ["a \x1b[31mred\x07 label", "a:b:c", "default", "sleep", "running"])
    same(found[other]["profile"], "readonly")
    text = ask(place, "ps").stdout
    holds(text, "\\x1b[31mred\\x07 label")
    check("\x1b" not in text and "\x07" not in text, "raw control characters:", repr(text))


@it("cordon kill ends one run with all of its processes, and its caller is told")
def _(place):
    link = serve(place)
    mark = f"7{os.getpid()}.1"
    run = link.start("sh", "-c", f"sleep {mark} & sleep {mark}", notify=False)
    other = link.start("sleep", "62", notify=False)
    wait_until(lambda: len(with_words("sleep", mark)) == 2, "both processes")
    ask(place, "kill", run)
    same(link.call("process/wait", run=run)["reason"], "killed")
    same(with_words("sleep", mark), [])
    same(list(rows(place, link)), [other])
    holds(ask(place, "kill", run, status=1).stderr, "there is no live run")
    ask(place, "kill", "r-01kaz8m3q7v5w0tgs2e9x4nbhd", status=1)


@it("T-IMPACT-001: cordon stop-all with 20 live runs leaves none, and nothing is started any more")
def _(place):
    place.file("w/file")
    link = serve(place)
    runs = [link.start("sleep", f"6{i}", notify=False) for i in range(20)]
    held = link.request("process/run", {"argv": ["sleep", "90"]})
    wait_until(lambda: [r["state"] for r in rows(place, link).values()] == ["running"] * 21, "all of them")
    ask(place, "stop-all")
    same(rows(place, link), {})
    same(link.result(held)["reason"], "killed")
    for run in runs:
        same(link.call("process/wait", run=run)["reason"], "killed")
    for method in ("process/run", "process/start"):
        link.fails(method, POLICY, "supervisor.frozen", argv=["true"])
    link.fails("workspace/read", POLICY, "supervisor.frozen", path="file")
    link.alive()
    status, = [s for s in map(json.loads, ask(place, "status", "--json").stdout.splitlines())
               if s["monitor"] == link.process.pid]
    same([status["frozen"], status["runs"], status["callers"]], [True, 0, 1])


@it("a monitor that was killed leaves a socket that the next question takes away")
def _(place):
    link = serve(place)
    socket = os.path.join(place.runtime, "cordon", f"monitor-{link.process.pid}.sock")
    if not os.path.exists(socket):  # this user has /run/user/UID
        socket = f"/run/user/{os.geteuid()}/cordon/monitor-{link.process.pid}.sock"
    check(os.path.exists(socket), "no socket", socket)
    link.process.kill()
    link.process.wait()
    ask(place, "ps")
    check(not os.path.exists(socket), "it is still there")


@it("a directory for sockets that others can enter is refused")
def _(place):
    place.runtime = os.path.join(place.path, "runtime")
    if os.path.isdir(f"/run/user/{os.geteuid()}"):
        raise cases.Skip("this user has /run/user/UID, which comes first")
    os.makedirs(place.runtime + "/cordon", mode=0o755)
    os.chmod(place.runtime, 0o700)
    link = Serve(place, env={"XDG_RUNTIME_DIR": place.runtime}, hello=False)
    same(link.process.wait(PATIENCE), 125)
    holds(link.stderr(), "mode 0700")
