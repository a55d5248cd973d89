"""What follows from what a caller does: who goes round in a loop is paused, who tries names is frozen."""
import json

from callers import INVALID, POLICY, UNKNOWN
from cases import check, holds, it, same
from link import Listening, wait_until
from operators import ask, serve
from recorded import records

LIMIT = -31005
ROW = 50  # the row that has to be noticed; it is from the fortieth on
AGENT = ({"argv": ["false"]}, {"argv": ["sh", "-c", "exit 3"]}, {"argv": ["no-such-command"]},
         {"argv": ["sh", "-c", "kill -9 $$"]}, {"argv": ["true"], "env": {"LD_PRELOAD": "x"}})


def status(place, link):
    found, = [s for s in map(json.loads, ask(place, "status", "--json").stdout.splitlines())
              if s["monitor"] == link.process.pid]
    return found


def fails_until_paused(link, method, **params):
    """The same call again and again: how many were answered otherwise before breaker.loop was."""
    for count in range(ROW):
        answer = link.reply(link.request(method, params))
        if "error" in answer and answer["error"]["data"]["reason"] == "breaker.loop":
            same((answer["error"]["code"], answer["error"]["data"]["retryable"]), (LIMIT, True))
            holds(answer["error"]["message"], "close the session", "the way on")
            return count
        check(answer.get("result", {}).get("exitCode") != 0, "the control succeeded:", answer)
    return None


@it("T-IMPACT-002: the same failing call fifty times: the session is paused, breaker.loop, others are not")
def _(place):
    link = serve(place)
    for i, params in enumerate(AGENT):
        same(fails_until_paused(link, "process/run", **params, session=f"a:b:{i}"), 40, f"failures of {params}")
        # All that it may start, and nothing else.
        link.fails("process/run", LIMIT, "breaker.loop", argv=["true"], session=f"a:b:{i}")
        link.fails("process/start", LIMIT, "breaker.loop", argv=["true"], session=f"a:b:{i}")
        same(link.run("true", session="another:b:c")["exitCode"], 0, "another session")
        same(link.run("true")["exitCode"], 0, "the one without a name")
    same(status(place, link)["loops"], len(AGENT))
    same(link.stderr().count("breaker.loop"), 3, "lines about it: the first, the second, the fourth")
    link.close()
    events = [r for _, r in records(place) if r["kind"] == "refused" and r["reason"] == "breaker.loop"]
    same((events[0]["session"], events[0]["leftOut"]), ("a:b:0", 0), "the first on record")


@it("a pause ends by itself, and the next is longer")
def _(place):
    link = serve(place)
    fails_until_paused(link, "process/run", argv=["false"])
    wait_until(lambda: "result" in link.reply(link.request("process/run", {"argv": ["false"]})), "the end of the pause")
    same(fails_until_paused(link, "process/run", argv=["false"]), 9, "failures until the next pause")
    error = link.fails("process/run", LIMIT, "breaker.loop", argv=["true"])
    left = int(error["message"].split(" ms")[0].split()[-1])
    check(5000 < left <= 10000, "it is paused for another", left, "ms")


@it("closing a paused session lets the next of that name begin afresh")
def _(place):
    link = serve(place)
    fails_until_paused(link, "process/run", argv=["false"], session="a:b:c")
    link.fails("process/run", LIMIT, "breaker.loop", argv=["true"], session="a:b:c")
    link.call("session/close", session="a:b:c")
    same(link.run("true", session="a:b:c")["exitCode"], 0)


@it("who edits and tests and fails again is in no loop, nor is who fails in different ways, or is cancelled")
def _(place):
    link = serve(place)
    for i in range(60):
        link.call("workspace/write", path="file", text=str(i))
        same(link.run("grep", "-q", "done", "file")["exitCode"], 1)
    for i in range(60):
        same(link.run("sh", "-c", f"exit {i % 30 + 1}")["exitCode"], i % 30 + 1)
    for i in range(60):
        id = link.request("process/run", {"argv": ["sleep", "60"]})
        link.notify("$/cancel", {"id": id})
        link.refused(id, -31009)
    same(status(place, link)["loops"], 0)


@it("a loop may go round, and may be of files")
def _(place):
    link = serve(place)
    same([link.reply(link.request("workspace/read", {"path": "missing", "session": "a:b:c"}))["error"]["data"]["reason"]
          for _ in range(41)], ["file.not_found"] * 40 + ["breaker.loop"])
    count = 0
    while count < 200:
        answer = link.reply(link.request("process/run", {"argv": ["false", str(count % 3)]}))
        if "error" in answer:
            break
        count += 1
    same(count, 3 * 39 + 1, "failures of three in turn")


def guess(link, count, begin=0):
    return [link.refusal_bytes("process/run", argv=["true"], profile=f"guess-{i:04}").replace(b"%04d" % i, b"NNNN")
            for i in range(begin, begin + count)]


@it("T-DISC-001: a caller who guesses 20 names is frozen, with one event")
def _(place):
    place.file("home/.config/cordon/profiles/guess-0007.json", '{"cordonProfile": 1, "name": "guess-0007"}', 0o600)
    link = serve(place, "-p", "default")
    first = guess(link, 20)
    same(len(set(first)), 1, "answers to names of which one exists")
    holds(first[0], b"profile.unknown")
    same(status(place, link)["suspected"], 1)
    # From now on there is one answer, whether it exists, may be named, or neither.
    later = set(guess(link, 30, 100)) | {link.refusal_bytes("process/run", argv=["true"], profile="default"),
                                         link.refusal_bytes("process/run", argv=["no-such-command"]),
                                         link.refusal_bytes("process/start", argv=["true"]),
                                         link.refusal_bytes("policy/check", action={"argv": ["true"]}),
                                         link.refusal_bytes("profile/show", name="default"),
                                         link.refusal_bytes("workspace/list", path="."),
                                         link.refusal_bytes("session/open", session="a:b:c", profile="default"),
                                         link.refusal_bytes("process/wait", run="r-01kaz8m3q7v5w0tgs2e9x4nbhd")}
    same(len(later), 1, "answers to a frozen session")
    error = link.fails("process/run", POLICY, "probe.suspected", argv=["true"])
    same(error["data"]["retryable"], False)
    same(link.stderr().count("probe.suspected"), 1, "events")
    same(link.run("true", session="a:b:c")["exitCode"], 0, "another session of this caller")
    link.alive()
    link.close()
    events = [r for _, r in records(place) if r["kind"] == "refused" and r["reason"] == "probe.suspected"]
    check(events and events[0]["leftOut"] == 0, "it is not on record:", events)


@it("T-DISC-001: closing the session does not lift a freeze, and the same name again is no guess")
def _(place):
    link = serve(place)
    for _ in range(30):
        link.fails("process/run", INVALID, "profile.unknown", argv=["true"], profile="defualt")
    for i in range(18):
        link.fails("process/run", INVALID, "profile.unknown", argv=["true"], profile=f"x{i}", session="a:b:c")
    same(link.run("true")["exitCode"], 0)
    for i in range(18, 20):
        link.fails("session/open", INVALID, "profile.unknown", profile=f"x{i}", session="a:b:c")
    link.fails("process/run", POLICY, "probe.suspected", argv=["true"], session="a:b:c")
    link.call("session/close", session="a:b:c")
    link.fails("process/run", POLICY, "probe.suspected", argv=["true"], session="a:b:c")
    link.fails("session/open", POLICY, "probe.suspected", session="a:b:c")


@it("T-DISC-001: guesses are counted over all sessions of a caller, too, and other callers are not touched")
def _(place):
    server = Listening(place)
    link, other = server.link(), server.link()
    for i in range(80):
        link.fails("process/run", INVALID, "profile.unknown", argv=["true"], profile=f"x{i}", session=f"a:b:{i // 19}")
    link.fails("process/run", POLICY, "probe.suspected", argv=["true"], session="new:b:c")
    same(server.stderr().count("probe.suspected"), 1, "events")
    same(other.run("true")["exitCode"], 0, "another caller")
    same(server.link().run("true")["exitCode"], 0, "one who connects anew")


@it("T-DISC-002: 20 guesses of runs freeze the session without a name; runs that have ended are no guesses")
def _(place):
    link = serve(place)
    mine = link.start("sleep", "60", notify=False)
    for i in range(30):  # each of these names was the caller's
        link.run("true", run=f"mine-{i}")
        id = link.run("true")["run"]
        started = link.start("true", notify=False)
        link.call("process/wait", run=started)
        link.call("process/release", run=started)
        link.fails("process/run", INVALID, argv=["no-such-command"], run=f"never-{i}")
        link.run("true")
        for run in (id, started, f"mine-{i}", f"never-{i}"):
            link.fails("process/wait", UNKNOWN, "run.unknown", run=run)
    same(status(place, link)["suspected"], 0)
    for i in range(20):
        method = ("process/read", "process/signal", "process/write", "terminal/output")[i % 4]
        params = {"run": f"r-01kaz8m3q7v5w0tgs2e9x4n{i:03}"}
        if method == "terminal/output":
            params = {"sessionId": "s", "terminalId": params["run"]}
        params |= {"process/signal": {"signal": "TERM"}, "process/write": {"text": "x"}}.get(method, {})
        link.fails(method, UNKNOWN, "run.unknown", **params)
    link.fails("process/wait", POLICY, "probe.suspected", run="r-01kaz8m3q7v5w0tgs2e9x4n999")
    link.fails("process/run", POLICY, "probe.suspected", argv=["true"])
    same(status(place, link)["suspected"], 1)
    # What is its own goes on, and can be ended.
    link.fails("process/wait", -31007, "wait.timeout", run=mine, timeoutMs=10)
    link.call("process/signal", run=mine, signal="KILL")
    same(link.call("process/wait", run=mine)["signal"], "SIGKILL")
    same(link.run("true", session="a:b:c")["exitCode"], 0, "another session")
