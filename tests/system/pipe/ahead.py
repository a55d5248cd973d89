"""Sandboxes that are made ahead of their launch: what is decided when the launch comes, and what an idle
one holds."""
import json
import os
import subprocess
import time

import cases
from callers import parent_of_own
from cases import check, holds, it, NotMine, same
from link import CLEAN, PATIENCE, Serve, descendants

POLICY, FLOOR = -31001, -31004


def prepared(link):
    """pid 1 of each sandbox that waits for its launch."""
    own = descendants(link.process.pid)
    return [p for (p, _), name in own.items() if name.startswith("cordon") and parent_of_own(p) is False]


def wait_for_prepared(link, count=2):
    deadline = time.monotonic() + PATIENCE
    while len(prepared(link)) < count or pooled(link)["runs"] > 0:
        check(time.monotonic() < deadline, "nothing is prepared:", prepared(link))
        time.sleep(0.02)
    time.sleep(0.2)  # they are there; let them come to where they wait
    return prepared(link)


def pooled(link):
    """What cordon status says of this monitor."""
    out = subprocess.run([cases.CORDON, "status", "--json"], capture_output=True, text=True, check=False,
                         env=CLEAN, timeout=PATIENCE).stdout
    for line in out.splitlines():
        status = json.loads(line)
        if status["monitor"] == link.process.pid:
            return status
    raise cases.Trouble(f"status does not know {link.process.pid}: {out}")


@it("a sandbox that waits for its launch leaves no trace in the workspace, and a run gets it")
def _(place):
    link = Serve(place)
    wait_for_prepared(link)
    same(os.listdir(place.work), [], "the workspace")
    before = pooled(link)["pooled"]
    same(link.shell("pwd; touch made")["stdout"]["text"], place.work + "\n")
    same(pooled(link)["pooled"], before + 1, "runs with a prepared sandbox")
    same(os.listdir(place.work), ["made"])


@it("a04_what is hidden is looked for when the launch comes, not when the sandbox was made")
def _(place):
    p = place.file("p.json", '{"cordonProfile": 1, "name": "hides", "filesystem": {"hide": ["**/.env"]}}', 0o600)
    link = Serve(place, "-p", p)
    wait_for_prepared(link)
    before = pooled(link)["pooled"]
    place.file("w/sub/.env", "s3cret", 0o644)  # later than the sandbox
    result = link.shell("cat sub/.env; cat sub/*; ls -A sub")
    same(pooled(link)["pooled"], before + 1, "runs with a prepared sandbox")
    check("s3cret" not in result["stdout"]["text"] + result["stderr"]["text"], "it was read:", result)
    holds(result["stdout"]["text"], ".env", "the list of names")


@it("a03_what is protected is looked for when the launch comes")
def _(place):
    link = Serve(place)
    wait_for_prepared(link)
    before = pooled(link)["pooled"]
    os.makedirs(place.work + "/.git/hooks")  # later than the sandbox
    place.file("w/.git/HEAD", "ref: refs/heads/main\n")
    place.file("w/.git/config", "[core]\n")
    link.shell("echo planted >.git/hooks/post-checkout; echo planted >>.git/config; mv .git away; "
               "echo planted >AGENTS.md; mkdir .vscode; echo planted >.vscode/tasks.json; true")
    same(pooled(link)["pooled"], before + 1, "runs with a prepared sandbox")
    same(sorted(os.listdir(place.work)), [".git"])
    same(os.listdir(place.work + "/.git/hooks"), [])
    with open(place.work + "/.git/config", encoding="utf-8") as f:
        same(f.read(), "[core]\n")


@it("a01_another directory under the workspace's name gets no run, prepared or not")
def _(place):
    place.file("w/mine")
    link = Serve(place)
    wait_for_prepared(link)
    os.rename(place.work, place.path + "/moved")
    os.mkdir(place.work)
    link.fails("process/run", (FLOOR, POLICY), argv=["touch", "x"])
    same(os.listdir(place.work), [])
    same(os.listdir(place.path + "/moved"), ["mine"])


@it("each prepared sandbox is used once: nothing of one run is in the next")
def _(place):
    link = Serve(place)
    for i in range(6):
        wait_for_prepared(link, 1)
        result = link.shell(f'ls -A /dev/shm /home/user; cat /tmp/mark; echo "$MARK"; MARK={i}; echo {i} >/tmp/mark; '
                            "echo x >/dev/shm/mark; echo x >~/mark; sleep 1000 >/dev/null 2>&1 &")
        same(result["stdout"]["text"], "/dev/shm:\n\n/home/user:\n\n")


@it("lowered limits hold, whatever was prepared with the profile's")
def _(place):
    link = Serve(place)
    wait_for_prepared(link)
    result = link.shell("ulimit -n", limits={"openFiles": 33})
    same(result["stdout"]["text"], "33\n")


@it("a11_a prepared sandbox holds the lifeline and its link, and no mount of the host")
def _(place):
    if os.geteuid() != 0:
        raise NotMine("for root, who may look at processes that are not dumpable")
    place.file("elsewhere/secret", "s3cret")
    link = Serve(place)
    for pid in wait_for_prepared(link):
        targets = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        others = [t for t in targets if not t.startswith(("pipe:", "socket:")) and t != "/dev/null"]
        # Its own new root and the workspace in it, which it will cover.
        same([t for t in others if t not in ("/", place.work)], [], "descriptors")
        check(len([t for t in targets if t.startswith("pipe:")]) == 1, "one lifeline:", targets)
        check(not os.path.exists(f"/proc/{pid}/root{place.path}/elsewhere"), "it sees the host's files")
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as f:
            points = [line.split()[4] for line in f]
        check(all(p.startswith(("/usr", "/etc", "/proc", "/dev", "/tmp", "/home", "/opt", "/lib", "/bin", "/sbin",
                                "/var", place.work)) or p == "/" for p in points), "mounts:", points)


@it("a prepared sandbox that is killed is no reason to refuse a run")
def _(place):
    if os.geteuid() != 0:
        raise NotMine("for root, who may kill what is another's")
    link = Serve(place)
    for pid in wait_for_prepared(link):
        os.kill(pid, 9)
    same(link.shell("echo fine")["stdout"]["text"], "fine\n")
