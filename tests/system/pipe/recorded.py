"""What is run and what is refused is on record: `cordon run` and `cordon serve` with their ledger."""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import cases
from cases import NotMine, check, holds, it, same
from link import CLEAN, Listening, Serve, descendants, wait_until
from writer import KEPT, REFUSED, Writer

FLOOR, LIMIT, INVALID, POLICY = -31004, -31005, -32602, -31001
ENDS = ("exit", "killed", "unknown")


def place_of(place):
    return place.home + "/.local/state/cordon/ledger"


def cordon(place, *words, env=None, **more):
    return subprocess.run([cases.CORDON, *words], cwd=place.work, env={**CLEAN, "HOME": place.home, **(env or {})},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)


def records(place, *words):
    """All of them, as (sequence, record); the ledger must be intact."""
    # What has just ended may still write its checkpoint.
    wait_until(lambda: cordon(place, "ledger", "verify", *words).returncode == 0, "an intact ledger", 10)
    shown = cordon(place, "ledger", "export", *words)
    same(shown.returncode, 0, f"export ({shown.stderr.decode()})")
    return [(r["sequence"], r["record"]) for r in map(json.loads, shown.stdout.splitlines())]


def ends_of(kept):
    """By the sequence of the intent; each has one, and each is of an intent before it."""
    ends = {}
    for sequence, record in kept:
        if record["kind"] in ENDS:
            check(record["intent"] not in ends, "two ends of", record["intent"])
            check(record["intent"] < sequence, "an end before its intent")
            ends[record["intent"]] = record
    intents = {sequence: record for sequence, record in kept if record["kind"] == "intent"}
    same(sorted(ends), sorted(intents), "the intents that have ended")
    for sequence, record in intents.items():
        same(ends[sequence]["run"], record["run"])
    return intents, ends


class Held:
    """Somebody else's lock."""

    def __init__(self, place):
        self.file = open(place_of(place) + "/lock", "rb")  # pylint: disable=consider-using-with
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def config(place, **ledger):
    path = place.file("config.json", json.dumps({"cordonConfig": 1, "ledger": ledger}), 0o600)
    return ("--config", path)


@it("process/run: intent and end are on record, and the result says where")
def _(place):
    link = Serve(place)
    result = link.run("sh", "-c", "exit 3", session="a:b:c")
    handled = link.run("true", run="mine")
    link.close()
    kept = dict(records(place))
    same(kept[0]["kind"], "start")
    where = result["ledger"]
    intent, end = kept[where["intent"]], kept[where["exit"]]
    same((intent["kind"], end["kind"], end["intent"]), ("intent", "exit", where["intent"]))
    same((intent["run"], end["run"]), (result["run"], result["run"]))
    same((intent["argv"], intent["argvDropped"], intent["session"]), (["sh", "-c", "exit 3"], 0, "a:b:c"))
    same((intent["profile"], intent["profileDigest"]), ("default", result["profileDigest"]))
    same((intent["decision"], intent["cwd"], intent["workspace"]), ("allow", place.work, place.work))
    same((intent["uid"], intent["executable"]), (os.getuid(), "/usr/bin/sh"))
    same((end["exitCode"], end["reason"], end["signal"]), (3, "exit", None))
    same((handled["run"], kept[handled["ledger"]["intent"]]["run"]), ("mine", "mine"))
    check(where["intent"] < where["exit"] < handled["ledger"]["intent"], "the order", where, handled["ledger"])
    ends_of(records(place))


@it("the digest on record is that of policy/check: what was decided is what is recorded")
def _(place):
    link = Serve(place)
    decided = link.call("policy/check", action={"argv": ["echo", "x"]})
    same([r["kind"] for _, r in records(place)], ["start"], "what a question leaves")
    kept = link.run("echo", "x")["ledger"]["intent"]
    recorded = dict(records(place))[kept]
    same(recorded["argv"], ["echo", "x"])
    check(recorded["digest"].startswith("sha256:") and decided["digest"].startswith("sha256:"), recorded, decided)


@it("cordon run: intent and end are on record, and the report says where")
def _(place):
    for argv, code, reason in ((["true"], 0, "exit"), (["sh", "-c", "exit 7"], 7, "exit"),
                               (["sh", "-c", "kill -TERM $$"], 143, "signal")):
        done = cordon(place, "run", "--json", "--", *argv)
        same(done.returncode, code)
        result = json.loads(done.stderr.splitlines()[-1])
        kept = dict(records(place))
        same((kept[result["ledger"]["intent"]]["argv"], kept[result["ledger"]["exit"]]["reason"]), (argv, reason))
    late = cordon(place, "run", "--timeout", "100ms", "--", "sleep", "60")
    same(late.returncode, 124)
    same(records(place)[-1][1]["reasonCode"], "limit.wall")
    ends_of(records(place))


@it("what has begun and cannot be executed ends on record, too")
def _(place):
    place.file("w/script", "#!/no/such/interpreter\n", 0o755)
    check(cordon(place, "run", "--", "./script").returncode in (126, 127), "it ran")
    link = Serve(place)
    link.fails("process/run", (POLICY, INVALID, FLOOR), argv=["./script"])
    link.close()
    ends_of(records(place))


@it("M8: what cannot be recorded does not run, and the caller is told why; then it goes on by itself")
def _(place):
    link = Serve(place)
    link.run("true")
    with Held(place):
        link.fails("process/run", LIMIT, "ledger.busy", argv=["touch", "forbidden"])
        check(not os.path.exists(place.work + "/forbidden"), "it ran all the same")
    link.run("touch", "allowed")
    check(os.path.exists(place.work + "/allowed"), "it did not run")
    with Held(place):
        done = cordon(place, "run", "--", "touch", "forbidden")
    same(done.returncode, 125)
    holds(done.stderr.decode(), "ledger")
    check(not os.path.exists(place.work + "/forbidden"), "it ran all the same")
    same(cordon(place, "run", "--", "touch", "again").returncode, 0)
    check(os.path.exists(place.work + "/again"), "it did not run")
    link.close()
    ends_of(records(place))


@it("M8: without a directory for the ledger nothing starts")
def _(place):
    options = config(place, path=place.file("not-a-directory"))
    done = cordon(place, "run", *options, "--", "touch", "forbidden")
    same(done.returncode, 125)
    for part in ("not-a-directory", "ledger"):
        holds(done.stderr.decode(), part)
    check(not os.path.exists(place.work + "/forbidden"), "it ran all the same")
    same(cordon(place, "serve", *options).returncode, 125, "cordon serve")
    os.mkdir(place.path + "/open", 0o755)
    os.chmod(place.path + "/open", 0o755)
    done = cordon(place, "run", *config(place, path=place.path + "/open"), "--", "touch", "forbidden")
    same(done.returncode, 125, "with a directory that others can read")
    holds(done.stderr.decode(), "0700")


@it("ledger.path of the configuration names another place, which no run may see")
def _(place):
    options = config(place, path=place.path + "/elsewhere/ledger")
    same(cordon(place, "run", *options, "--", "true").returncode, 0)
    same(len(records(place, *options)), 2)
    same(os.stat(place.path + "/elsewhere/ledger").st_mode & 0o777, 0o700)
    check(not os.path.exists(place_of(place)), "the usual place is there, too")
    done = cordon(place, "run", *config(place, path=place.work + "/ledger"), "--", "true")
    same(done.returncode, 125, "with a ledger in the workspace")
    holds(done.stderr.decode(), "cannot be a workspace")


@it("A36: a witness tells what the same user wrote anew and signed")
def _(place):
    witness = place.path + "/elsewhere"
    watched = config(place, witness=witness)
    same(cordon(place, "run", *watched, "--", "true").returncode, 0)
    wait_until(lambda: b"by the witness" in cordon(place, "ledger", "verify", *watched).stdout, "the witness's word", 10)
    holds(cordon(place, "ledger", "verify").stdout.decode(), "no witness")
    shutil.copytree(place_of(place), place.path + "/old")
    for argv in (["echo", "what they want to hide"], ["true"]):
        same(cordon(place, "run", *watched, "--", *argv).returncode, 0)
    wait_until(lambda: b"6 of them by the witness" in cordon(place, "ledger", "verify", *watched).stdout, "the witness", 10)
    shutil.rmtree(place_of(place))
    os.rename(place.path + "/old", place_of(place))
    unwatched = place.file("other.json", json.dumps({"cordonConfig": 1}), 0o600)
    for argv in (["true"], ["true"], ["true"]):
        same(cordon(place, "run", "--config", unwatched, "--", *argv).returncode, 0)
    same(len(records(place, "--config", unwatched)), 8)  # the control: by itself it is intact
    found = cordon(place, "ledger", "verify", *watched)
    same(found.returncode, 1, "with the witness")
    holds(found.stderr.decode(), "by its witness")
    done = cordon(place, "run", *config(place, witness="/proc/nowhere"), "--", "touch", "forbidden")
    same(done.returncode, 125, "with a witness that cannot be opened")
    check(not os.path.exists(place.work + "/forbidden"), "it ran all the same")


@it("T-EXFIL-004: a run sees nothing of the ledger")
def _(place):
    link = Serve(place)
    mark = f"mark-{os.getpid()}-{time.time_ns()}"
    link.run("true", label=mark, session=f"a:b:{mark}")
    check(any(mark.encode() in open(os.path.join(place_of(place), n), "rb").read()
              for n in os.listdir(place_of(place))), "the control: the mark is in the ledger")
    found = link.shell('ls -a "$1" 2>&1; grep -rs "$2" /home /tmp /var /run /proc/self/fd /proc/*/environ '
                       "/proc/*/cmdline 2>/dev/null | grep -v grep; true", place_of(place), mark[:9] + mark[9:])
    check("segment" not in found["stdout"]["text"], found["stdout"]["text"])


@it("refusals are on record: the first of each reason, then one a second with a count of the others")
def _(place):
    profile = place.file("refuser.json", json.dumps(
        {"cordonProfile": 1, "name": "refuser", "approvals": {"rules": [
            {"id": "no-date", "argv": ["date", "..."], "decision": "refuse", "why": "a test"}]}}), 0o600)
    link = Serve(place, "-p", profile)
    for _i in range(20):
        link.fails("process/run", POLICY, argv=["date"], run=None or f"h{_i}")
    link.fails("process/run", INVALID, argv=["no-such-command"])
    link.close()
    refused = [r for _, r in records(place) if r["kind"] == "refused"]
    mine = [r for r in refused if r["rule"] == "no-date" or r["reason"] == refused[0]["reason"]]
    same((mine[0]["rule"], mine[0]["uid"], mine[0]["leftOut"], mine[0]["run"]), ("no-date", os.getuid(), 0, "h0"))
    check(mine[0]["digest"].startswith("sha256:"), mine[0])
    same(len(mine) + sum(r["leftOut"] for r in mine), 20, "refusals on record and left out")
    check(len(mine) <= 6, len(mine), "records of 20 refusals")
    check("exec.not_found" in [r["reason"] for r in refused], refused)
    done = cordon(place, "run", "-p", profile, "--", "date")
    same(done.returncode, 126)
    last = records(place)[-1][1]
    same((last["kind"], last["rule"]), ("refused", "no-date"))


@it("lines that are no requests are counted on record")
def _(place):
    link = Serve(place)
    for _i in range(50):
        link.send_line("{")
    link.send_line('{"jsonrpc":"1.0","id":1,"method":"ping"}')
    link.call("ping")
    link.close()
    malformed = [r for _, r in records(place) if r["kind"] == "malformed"]
    same(sum(r["count"] for r in malformed), 51)
    check(1 <= len(malformed) <= 5, len(malformed), "records")
    same(malformed[0]["uid"], os.getuid())


@it("A36: an argument that a rule marks as secret is on record as digest and length")
def _(place):
    secret = f"s3cr3t{os.getpid()}{time.time_ns()}"
    profile = place.file("marks.json", json.dumps(
        {"cordonProfile": 1, "name": "marks", "approvals": {"rules": [
            {"id": "mark", "argv": ["echo", "..."], "secret": [{"prefix": "-p"}, {"after": "--pass"}], "why": "a test"}]}}),
        0o600)
    link = Serve(place, "-p", profile)
    where = link.run("echo", "-p" + secret, "--pass", secret, "open")["ledger"]["intent"]
    link.close()
    same(cordon(place, "run", "-p", profile, "--", "echo", "--pass", secret).returncode, 0)
    words = dict(records(place))[where]["argv"]
    same((words[0], words[2], words[4]), ("echo", "--pass", "open"))
    same((words[1]["bytes"], words[3]["bytes"]), (len(secret) + 2, len(secret)))
    for word in (words[1], words[3]):
        check(word["secret"].startswith("hmac-sha256:") and len(word["secret"]) == 76, word)
    for name in os.listdir(place_of(place)):
        with open(os.path.join(place_of(place), name), "rb") as f:
            check(secret.encode() not in f.read(), "the secret is in", name)


@it("A36: no secret of a URL, of the environment or of the input is in any byte of the ledger")
def _(place):
    secrets = [f"s3cr3t{n}x{os.getpid()}" for n in range(8)]
    link = Serve(place)
    link.run("echo", f"https://me:{secrets[0]}@example.org/path?token={secrets[1]}&k={secrets[2]}#t={secrets[3]}",
             f"--url=postgres://{secrets[4]}@db/x", "plain-word", env={"LANG": secrets[5]})
    link.run("sh", "-c", f"true 'ftp://u:{secrets[6]}@h/'")
    link.run("cat", stdinText=secrets[7])
    link.close()
    cordon(place, "run", "-e", f"CI={secrets[5]}", "--", "echo", f"http://u:{secrets[0]}@h/")
    kept = records(place)
    text = json.dumps(kept)
    for part in ("plain-word", "example.org/path?token=<hmac-sha256:", "@db/x", "https://<hmac-sha256:"):
        holds(text, part, "the control: the record")
    for name in os.listdir(place_of(place)):
        with open(os.path.join(place_of(place), name), "rb") as f:
            data = f.read()
        for secret in secrets:
            check(secret.encode() not in data, secret, "is in", name)


@it("ledger/tail shows a caller its own records, and nobody else's")
def _(place):
    server = Listening(place)
    one, two = server.link(), server.link()
    same(two.call("ledger/tail")["records"], [])
    first = one.run("echo", "mine")
    second = one.run("echo", "later")
    two.run("echo", "theirs")
    shown = one.call("ledger/tail")["records"]
    same([r["sequence"] for r in shown], [first["ledger"]["intent"], first["ledger"]["exit"],
                                          second["ledger"]["intent"], second["ledger"]["exit"]])
    same([r["record"]["kind"] for r in shown], ["intent", "exit"] * 2)
    same(one.call("ledger/tail", last=1)["records"], shown[-1:])
    kept = dict(records(place))
    for record in shown:
        same(record["record"], kept[record["sequence"]])
    for _i in range(20):
        one.run("true")
    shown = one.call("ledger/tail")["records"]
    same(len(shown), 32)
    same(shown, sorted(shown, key=lambda r: r["sequence"]))
    one.fails("ledger/tail", INVALID, last=33)
    one.fails("ledger/tail", INVALID, last=0)


def writer_of(link):
    found, = [p for (p, _), name in descendants(link.process.pid).items() if name == "cordon-ledger"]
    return found


@it("kill -9 of cordon-ledger: what runs goes on, nothing new starts, and the next start says what is not known")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x; exit 5", stdin="pipe")
    os.kill(writer_of(link), signal.SIGKILL)
    wait_until(lambda: "cordon-ledger has ended" in link.stderr(), "a word on standard error")
    link.fails("process/run", FLOOR, "ledger.lost", argv=["touch", "forbidden"])
    check(not os.path.exists(place.work + "/forbidden"), "it ran all the same")
    link.call("process/write", run=run, text="\n")
    _, result = link.output(run)
    same((result["exitCode"], result["ledger"]["exit"]), (5, None))
    link.close()
    intent = result["ledger"]["intent"]
    again = Serve(place)
    again.close()
    _, ends = ends_of(records(place))
    same(ends[intent]["kind"], "unknown")


@it("kill -9 of the monitor: its runs end, and are on record as unknown at the next start")
def _(place):
    link = Serve(place)
    run = link.start("sleep", "60")
    link.process.kill()
    link.process.wait()
    same(cordon(place, "run", "--", "true").returncode, 0)
    intents, ends = ends_of(records(place))
    found, = [s for s, r in intents.items() if r["argv"] == ["sleep", "60"]]
    same((ends[found]["kind"], intents[found]["run"]), ("unknown", run))


@it("ledger.onFailure halt: a ledger that cannot record ends the monitor and its runs")
def _(place):
    link = Serve(place, *config(place, path=place_of(place), onFailure="halt"))
    link.start("sleep", "60")
    os.kill(writer_of(link), signal.SIGKILL)
    same(link.process.wait(20), 125)
    holds(link.stderr(), "cordon-ledger has ended")


@it("caller gone, run ended by us: the record says killed")
def _(place):
    server = Listening(place)
    link = server.link()
    run = link.start("sleep", "60")
    link.socket.close()
    wait_until(lambda: any(r["kind"] == "killed" and r["run"] == run for _, r in records(place)), "its end on record")
    ends_of(records(place))


SMALL = 'mount -t tmpfs -o size=140m,mode=0700 none "$1" && shift && exec "$@"'


@it("ledger.full: without space runs are refused, and with space again it goes on by itself")
def _(place):
    if os.geteuid() != 0:
        raise NotMine("for root: an ordinary user has no small file system, and no run in a user namespace of its own")
    os.makedirs(place_of(place), 0o700)
    inside = ["unshare", "-m", "sh", "-c", SMALL, "sh", place_of(place), sys.executable, "-B", __file__, place.path]
    done = subprocess.run(inside, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ)
    check(done.returncode == 0, done.stdout.decode())


def fill(path):
    with open(path, "wb") as f:
        try:
            while f.write(b"x" * 65536):
                f.flush()
        except OSError:
            pass


def in_a_full_place(path):
    place = cases.Place()
    place.home = path + "/home"
    link = Serve(place)
    link.run("true")
    other = Writer(place, place_of(place))  # another monitor's, which has much to say
    hog = place_of(place) + "/hog"
    fill(hog)
    answers = {KEPT: 0}
    while REFUSED not in answers:
        for _i in range(100):
            other.send({"kind": "refused", "timeMs": 1, "filler": "x" * 3900}, durable=False)
        for _i in range(100):
            answers[other.hear()[0]] = 1
    other.close()
    answers = []
    while len(answers) < 200 and "error" not in (answers or [{}])[-1]:  # a small one may fit yet
        answers.append(link.reply(link.request("process/run", {"argv": ["true", "x" * 900, "y" * 900]})))
    error = answers[-1].get("error", {"code": None, "data": {}})
    same((error["code"], error["data"].get("reason"), error["data"].get("retryable")), (LIMIT, "ledger.full", True))
    os.unlink(hog)
    link.run("true")
    link.close()
    same(cordon(place, "ledger", "verify").returncode, 0)
    place.finish()


if __name__ == "__main__":
    in_a_full_place(sys.argv[1])
