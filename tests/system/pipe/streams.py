"""process/start and its kin: long-lived runs, numbered output, flow, terminals, signals."""
import os
import time

from cases import check, holds, it, same
from link import Serve, stat_of, stream, text_of, wait_until, with_words

INVALID, POLICY, UNKNOWN, BUSY, CANCELLED = -32602, -31001, -31006, -31007, -31009


def numbers_rise(chunks, gaps=False):
    seqs = [c["seq"] for c in chunks]
    check(seqs == sorted(set(seqs)), "numbers do not rise:", seqs[:50])
    if not gaps:
        same(seqs, list(range(1, len(seqs) + 1)), "the numbers")


@it("process/start: output as numbered notifications, the end after the last")
def _(place):
    link = Serve(place)
    answer = link.call("process/start", argv=["sh", "-c", "echo one; echo two >&2; exit 4"])
    same(answer["decision"], "allow")
    chunks, result = link.output(answer["run"])
    numbers_rise(chunks)
    same((stream(chunks, "stdout"), stream(chunks, "stderr")), (b"one\n", b"two\n"))
    same((result["run"], result["exitCode"], result["reason"]), (answer["run"], 4, "exit"))
    link.quiet()


@it("the pid is that of the run's first process, the command's parent")
def _(place):
    link = Serve(place)
    mark = f"5{os.getpid()}.5"
    answer = link.call("process/start", argv=["sleep", mark])
    wait_until(lambda: with_words("sleep", mark), "the command")
    command, = with_words("sleep", mark)
    same(stat_of(command)[1], answer["pid"])


@it("the answer to process/start comes before what is said of the run")
def _(place):
    link = Serve(place)
    for _ in range(20):
        id = link.request("process/start", {"argv": ["echo", "x"]})
        first = link.wait_for(lambda m: True, "any message")[1]
        same(first.get("id"), id, "the first message")
        link.output(first["result"]["run"])


@it("process/exited always comes after the last output")
def _(place):
    link = Serve(place)
    for _ in range(10):
        run = link.start("sh", "-c", "seq 20000; seq 20000 >&2", flow="block")
        chunks, _ = link.output(run)
        numbers = "".join(f"{i}\n" for i in range(1, 20001)).encode()
        same((stream(chunks, "stdout"), stream(chunks, "stderr")), (numbers, numbers))
        numbers_rise(chunks)
    link.quiet()


@it("process/exited comes after the last output, also for a caller who reads late")
def _(place):
    link = Serve(place)
    for _ in range(3):
        run = link.start("sh", "-c", "seq 1000000; seq 1000 >&2; touch finished")
        wait_until(lambda: os.path.exists(place.work + "/finished"), "a run that nobody reads")
        os.unlink(place.work + "/finished")
        chunks, _ = link.output(run)
        same(stream(chunks, "stderr"), "".join(f"{i}\n" for i in range(1, 1001)).encode())
        link.quiet(0.1)


@it("notify false: nothing is told, everything can be read")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "echo one; echo two >&2", notify=False)
    link.call("process/wait", run=run)
    link.quiet()
    r = link.call("process/read", run=run)
    same((stream(r["chunks"], "stdout"), stream(r["chunks"], "stderr")), (b"one\n", b"two\n"))
    same(r["exited"], True)
    same(r["result"]["exitCode"], 0)
    numbers_rise(r["chunks"])


@it("process/read afterSeq: everything that is kept, what is new, nothing")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "echo a; read x; echo b; read x", notify=False, stdin="pipe")
    first = link.call("process/read", run=run, afterSeq=0, waitMs=20000)
    same((stream(first["chunks"], "stdout"), first["exited"]), (b"a\n", False))
    check("result" not in first, "a result before the end")
    same(link.call("process/read", run=run, afterSeq=first["nextSeq"] - 1)["chunks"], [])
    link.call("process/write", run=run, text="\n")
    second = link.call("process/read", run=run, afterSeq=first["nextSeq"] - 1, waitMs=20000)
    same(stream(second["chunks"], "stdout"), b"b\n")
    link.call("process/write", run=run, text="\n")
    link.call("process/wait", run=run)
    again = link.call("process/read", run=run, afterSeq=0)
    same(stream(again["chunks"], "stdout"), b"a\nb\n", "everything, again")
    end = link.call("process/read", run=run, afterSeq=again["nextSeq"] - 1)
    same((end["chunks"], end["exited"]), ([], True))


@it("process/read waits for waitMs, and no longer")
def _(place):
    link = Serve(place)
    run = link.start("sleep", "30", notify=False)
    begin = time.monotonic()
    r = link.call("process/read", run=run, waitMs=400)
    took = time.monotonic() - begin
    same((r["chunks"], r["exited"], r["nextSeq"]), ([], False, 1))
    check(0.4 <= took < 20, "it took", took)
    same(link.call("process/read", run=run)["chunks"], [], "without waiting")


@it("process/read wakes at output, and at the end")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x; echo woken; read x", notify=False, stdin="pipe")
    id = link.request("process/read", {"run": run, "waitMs": 60000})
    link.alive()
    link.call("process/write", run=run, text="\n")
    r = link.result(id)
    same(stream(r["chunks"], "stdout"), b"woken\n")
    id = link.request("process/read", {"run": run, "afterSeq": r["nextSeq"] - 1, "waitMs": 60000})
    link.call("process/closeStdin", run=run)
    same(link.result(id)["exited"], True)


@it("process/read maxBytes bounds an answer, and the next goes on")
def _(place):
    link = Serve(place)
    run = link.start("seq", "30000", notify=False)
    link.call("process/wait", run=run)
    whole, after = b"", 0
    for _ in range(1000):
        r = link.call("process/read", run=run, afterSeq=after, maxBytes=4096)
        part = stream(r["chunks"], "stdout")
        check(len(part) <= 4096 or len(r["chunks"]) == 1, "more than asked for, and than one piece:", len(part))
        check(part or r["exited"], "nothing came")
        whole += part
        after = r["nextSeq"] - 1
        if r["exited"]:
            break
    same(whole, "".join(f"{i}\n" for i in range(1, 30001)).encode())


@it("stdin none is the null device; pipe is written and closed")
def _(place):
    link = Serve(place)
    run = link.start("cat", stdin="none")
    same(link.output(run)[0], [])
    link.fails("process/write", INVALID, "stdin.closed", run=run, text="x")
    run = link.start("cat")
    same(link.call("process/write", run=run, text="grüße ")["written"], 8)
    same(link.call("process/write", run=run, base64="/wA=")["written"], 2)
    same(link.call("process/write", run=run, text="")["written"], 0)
    link.call("process/closeStdin", run=run)
    same(stream(link.output(run)[0], "stdout"), "grüße ".encode() + b"\xff\0")


@it("process/write: a large one is answered when all is taken")
def _(place):
    link = Serve(place)
    run = link.start("wc", "-c", stdin="pipe")
    text = "0123456789abcdef" * (1 << 18)
    same(link.call("process/write", run=run, text=text)["written"], len(text))
    link.call("process/closeStdin", run=run)
    same(stream(link.output(run)[0], "stdout").strip(), str(len(text)).encode())


@it("process/write: to one that has no input, has closed it, or has ended")
def _(place):
    link = Serve(place)
    run = link.start("sleep", "30", stdin="none")
    link.fails("process/write", INVALID, run=run, text="x")
    run = link.start("sleep", "30", stdin="pipe")
    link.call("process/closeStdin", run=run)
    link.fails("process/write", INVALID, run=run, text="x")
    run = link.start("sh", "-c", "exec <&-; echo closed; sleep 30", stdin="pipe")
    link.notification("process/output", run=run)
    link.fails("process/write", INVALID, "stdin.closed", run=run, text="x" * 100000)
    run = link.start("true", stdin="pipe")
    link.output(run)
    link.fails("process/write", INVALID, "stdin.closed", run=run, text="x")
    link.alive()


@it("process/write that nobody reads stays unanswered, and holds up nobody")
def _(place):
    link = Serve(place)
    run = link.start("sleep", "30", stdin="pipe")
    id = link.request("process/write", {"run": run, "text": "x" * (2 << 20)})
    for _ in range(5):
        link.alive()
    same(link.run("echo", "other")["stdout"]["text"], "other\n")
    link.call("process/signal", run=run, signal="KILL")
    link.refused(id, INVALID, "stdin.closed")


@it("process/write needs one of text and base64, and base64 that is some")
def _(place):
    link = Serve(place)
    run = link.start("cat", stdin="pipe")
    link.fails("process/write", INVALID, run=run)
    link.fails("process/write", INVALID, run=run, text="a", base64="YQ==")
    link.fails("process/write", INVALID, run=run, base64="YQ")
    link.call("process/closeStdin", run=run)
    same(link.output(run)[0], [])


@it("process/wait: the result at the end, again afterwards, and to several")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x; exit 5", stdin="pipe", notify=False)
    ids = [link.request("process/wait", {"run": run}) for _ in range(3)]
    link.alive()
    link.call("process/closeStdin", run=run)
    same([link.result(id)["exitCode"] for id in ids], [5, 5, 5])
    same(link.call("process/wait", run=run)["exitCode"], 5)


@it("process/wait timeoutMs ends the waiting, not the run")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x; exit 6", stdin="pipe", notify=False)
    begin = time.monotonic()
    error = link.fails("process/wait", BUSY, "wait.timeout", run=run, timeoutMs=300)
    check(time.monotonic() - begin >= 0.3, "too early")
    same(error["data"]["retryable"], True)
    link.call("process/closeStdin", run=run)
    same(link.call("process/wait", run=run)["exitCode"], 6)


@it("process/signal goes to all of the run")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "trap 'echo parent; wait' TERM; sh -c 'trap \"echo child; exit\" TERM; "
                     "echo ready; while :; do sleep 0.05; done' & wait")
    link.notification("process/output", run=run, text="ready\n")
    link.call("process/signal", run=run, signal="TERM")
    chunks, result = link.output(run)
    same(sorted(stream(chunks, "stdout").split()), [b"child", b"parent"])
    same(result["reason"], "exit")


@it("process/signal: names with and without SIG; KILL ends it")
def _(place):
    link = Serve(place)
    for name in ("INT", "SIGINT", "TERM", "SIGTERM", "HUP", "USR1", "KILL", "SIGKILL"):
        run = link.start("sleep", "30")
        link.call("process/signal", run=run, signal=name)
        result = link.output(run)[1]
        same((result["reason"], result["signal"]), ("signal", "SIG" + name.removeprefix("SIG")))


@it("process/signal: what is no signal is a wrong parameter")
def _(place):
    link = Serve(place)
    run = link.start("sleep", "30")
    for name in ("", "NONSENSE", "SIG", "SIGSIGTERM", "term", "9", "TERM ", 9, None, 0, ["TERM"]):
        link.fails("process/signal", INVALID, run=run, signal=name)
    same([r["run"] for r in link.call("process/list")["runs"] if r["state"] == "running"], [run])


@it("a terminal of its own: size, one stream, resize")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done",
                     tty={"cols": 101, "rows": 43})
    seen = b""
    while b"ready" not in seen:
        seen += text_of(link.notification("process/output", run=run, stream="stdout"))
    holds(seen, b"43 101\r\n")
    link.call("process/resize", run=run, cols=77, rows=11)
    chunks, result = link.output(run)
    holds(stream(chunks, "stdout"), b"11 77\r\n")
    same(stream(chunks, "stderr"), b"")
    same(result["exitCode"], 0)


@it("a terminal is written to, echoes, and takes control characters")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo terminal; cat", stdin="pipe",
                     tty={"cols": 80, "rows": 24})
    text_of(link.notification("process/output", run=run))
    link.call("process/write", run=run, text="typed\n\x04")
    chunks, result = link.output(run)
    same(stream(chunks, "stdout").count(b"typed\r\n"), 2, "echo and cat")
    same(result["exitCode"], 0)
    run = link.start("sh", "-c", "trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.05; done",
                     stdin="pipe", tty={"cols": 80, "rows": 24})
    link.notification("process/output", run=run)
    link.call("process/write", run=run, text="\x03")
    chunks, result = link.output(run)
    holds(stream(chunks, "stdout"), b"interrupted")
    same(result["exitCode"], 3)


@it("sizes of no terminal, and resize without one, are wrong parameters")
def _(place):
    link = Serve(place)
    for tty in ({}, {"cols": 80}, {"cols": 0, "rows": 24}, {"cols": 80, "rows": 65536}, {"cols": -1, "rows": 1},
                {"cols": "80", "rows": 24}, {"cols": 80, "rows": 24, "x": 1}, True, []):
        link.fails("process/start", INVALID, argv=["true"], tty=tty)
    run = link.start("sleep", "30")
    link.fails("process/resize", INVALID, run=run, cols=80, rows=24)


@it("process/list: the caller's runs, with label, and release forgets them")
def _(place):
    link = Serve(place)
    same(link.call("process/list"), {"runs": []})
    live = link.start("sleep", "30", label="grüße", run="mine")
    ended = link.start("true", notify=False)
    link.call("process/wait", run=ended)
    runs = {r["run"]: r for r in link.call("process/list")["runs"]}
    same(sorted(runs), sorted([live, ended]))
    same((runs["mine"]["label"], runs["mine"]["state"], runs[ended]["state"]), ("grüße", "running", "exited"))
    link.call("process/release", run=ended)
    same([r["run"] for r in link.call("process/list")["runs"]], ["mine"])
    link.fails("process/wait", UNKNOWN, run=ended)
    link.fails("process/release", UNKNOWN, run=ended)


@it("process/release of a live run ends it")
def _(place):
    link = Serve(place)
    mark = f"6{os.getpid()}.5"
    run = link.start("sleep", mark)
    wait_until(lambda: with_words("sleep", mark), "the command")
    link.call("process/release", run=run)
    wait_until(lambda: not with_words("sleep", mark), "the end of the command", 5)
    link.fails("process/signal", UNKNOWN, run=run, signal="TERM")


@it("a run of process/run is not left in the list")
def _(place):
    link = Serve(place)
    id = link.request("process/run", {"argv": ["sh", "-c", "sleep 1"], "label": "l"})
    wait_until(lambda: link.call("process/list")["runs"], "the run in the list")
    same(link.call("process/list")["runs"][0]["label"], "l")
    link.result(id)
    same(link.call("process/list"), {"runs": []})


@it("methods of a run that nobody knows answer -31006")
def _(place):
    link = Serve(place)
    for method, params in (("write", {"text": "x"}), ("closeStdin", {}), ("read", {}), ("wait", {}),
                           ("signal", {"signal": "TERM"}), ("resize", {"cols": 80, "rows": 24}), ("release", {})):
        for run in ("r-01kaz8m3q7v5w0tgs2e9x4nbhd", "nobody", " "):
            link.fails("process/" + method, UNKNOWN, "run.unknown", run=run, **params)


@it("a handle of one's own names the run, and cannot be used twice")
def _(place):
    link = Serve(place)
    same(link.run("true", run="build-1")["run"], "build-1")
    for method in ("process/run", "process/start"):
        link.fails(method, INVALID, "run.reused", argv=["touch", "started"], run="build-1")
    check(not os.path.exists(place.work + "/started"), "the retry ran")
    same(link.start("sleep", "30", run="live"), "live")
    link.fails("process/run", INVALID, "run.reused", argv=["touch", "started"], run="live")
    link.call("process/signal", run="live", signal="KILL")
    same(link.output("live")[1]["run"], "live")


@it("handles: one to 128 bytes")
def _(place):
    link = Serve(place)
    for handle in ("x" * 128, "a b", "a\nb", "ü", "%s", "../x"):
        same(link.run("true", run=handle)["run"], handle)
    for handle in ("", "x" * 129, 7, None, ["x"]):
        link.fails("process/run", INVALID, argv=["true"], run=handle)


@it("an id that cordon has given cannot be taken for a handle")
def _(place):
    link = Serve(place)
    live = link.start("sleep", "30", notify=False)
    ended = link.start("true", notify=False)
    link.call("process/wait", run=ended)
    for run in (live, ended):
        link.fails("process/start", INVALID, "run.reused", argv=["touch", "started"], run=run)
    check(not os.path.exists(place.work + "/started"), "it ran")


@it("what is refused does not use up its handle")
def _(place):
    link = Serve(place)
    link.fails("process/run", INVALID, argv=["no-such-command"], run="again")
    same(link.run("true", run="again")["run"], "again")


@it("flow drop: what nobody reads loses its oldest, the numbers show it, the run goes on")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "seq 1 3000000; echo end >&2; touch finished")
    wait_until(lambda: os.path.exists(place.work + "/finished"), "a run that nobody reads")
    chunks, result = link.output(run)
    numbers_rise(chunks, gaps=True)
    seqs = [c["seq"] for c in chunks]
    check(seqs[-1] > len(seqs), "no gap in the numbers of", len(seqs))
    same(result["usage"]["stdoutBytes"], sum(len(str(i)) + 1 for i in range(1, 3000001)))
    got = sum(len(text_of(c)) for c in chunks)
    check(got < 6 << 20, "kept for a caller who does not read:", got)
    check(stream(chunks, "stdout").endswith(b"\n3000000\n"), "the newest is lost")
    same(stream(chunks, "stderr"), b"end\n")


@it("flow block: the run waits for its reader, and nothing is lost")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "seq 1 1000000; touch finished", flow="block")
    time.sleep(1.5)
    check(not os.path.exists(place.work + "/finished"), "it did not wait")
    chunks, _ = link.output(run)
    numbers_rise(chunks)
    same(stream(chunks, "stdout"), "".join(f"{i}\n" for i in range(1, 1000001)).encode())


@it("flow block, with notify false: process/read lets it go on")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "seq 1 1000000; touch finished", flow="block", notify=False)
    whole, after, end = b"", 0, time.monotonic() + 60
    while time.monotonic() < end:
        r = link.call("process/read", run=run, afterSeq=after, waitMs=10000)
        whole += stream(r["chunks"], "stdout")
        after = r["nextSeq"] - 1
        if r["exited"]:
            break
    same(whole, "".join(f"{i}\n" for i in range(1, 1000001)).encode())


@it("a character that lies across the ends of reads is not split")
def _(place):
    link = Serve(place)
    text = "a😀€ä" * 100000
    place.file("w/text", text)
    chunks, _ = link.output(link.start("cat", "text", flow="block"))
    same(stream(chunks, "stdout").decode(), text)
    # On a loaded machine the rest of one may come late: then it is given as it is.
    split = [c for c in chunks if "text" not in c]
    check(len(split) <= len(chunks) / 3, len(split), "of", len(chunks), "chunks are not text")


@it("a character that a program prints in two parts arrives whole, an unfinished one at the end too")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "printf '\\342'; printf '\\202\\254'; sleep 0.2; printf '\\342'")
    chunks, _ = link.output(run)
    same(stream(chunks, "stdout"), b"\xe2\x82\xac\xe2")
    same(text_of(chunks[0]), b"\xe2\x82\xac")


@it("$/cancel of process/run ends the run and answers -31009")
def _(place):
    link = Serve(place)
    mark = f"7{os.getpid()}.5"
    id = link.request("process/run", {"argv": ["sleep", mark]})
    wait_until(lambda: with_words("sleep", mark), "the command")
    link.notify("$/cancel", {"id": id})
    link.refused(id, CANCELLED)
    wait_until(lambda: not with_words("sleep", mark), "the end of the command", 5)
    link.alive()


@it("$/cancel of a wait or a read ends the waiting, not the run")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x; exit 7", stdin="pipe", notify=False)
    for method, params in (("process/wait", {}), ("process/read", {"waitMs": 60000})):
        id = link.request(method, {"run": run, **params}, id="w-" + method)
        link.notify("$/cancel", {"id": id})
        link.refused(id, CANCELLED)
    link.call("process/closeStdin", run=run)
    same(link.call("process/wait", run=run)["exitCode"], 7)


@it("$/cancel of nothing, of what is done, of a wrong kind of id: nothing happens")
def _(place):
    link = Serve(place)
    id = link.request("ping")
    link.result(id)
    for params in ({"id": id}, {"id": 999}, {"id": "x"}):
        link.notify("$/cancel", params)
    waiting = link.request("process/run", {"argv": ["sleep", "0.5"]}, id=7777)
    link.notify("$/cancel", {"id": "7777"})
    same(link.result(waiting)["exitCode"], 0, "a string is another id than a number")
    link.quiet(0.1)


@it("the 257th request in flight is answered -31007, the others go on, and reading goes on")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x; exit 8", stdin="pipe", notify=False)
    held = [link.request("process/wait", {"run": run}) for _ in range(256)]
    for _ in range(3):
        error = link.fails("process/wait", BUSY, "limit.inflight", run=run)
        same(error["data"]["retryable"], True)
    link.notify("$/cancel", {"id": held[0]})
    link.refused(held[0], CANCELLED)
    link.call("process/closeStdin", run=run)
    same({link.result(id)["exitCode"] for id in held[1:]}, {8})
    link.alive()


@it("ids come back as they were: strings, numbers, the largest")
def _(place):
    link = Serve(place)
    for id in ("", "a", "1", "ü\n\"\\", 0, -1, 2**53 + 1, 2**63 - 1, -2**63):
        same(link.result(link.request("ping", id=id)), {})


@it("an id that is in flight cannot be used for another request")
def _(place):
    link = Serve(place)
    run = link.start("sh", "-c", "read x", stdin="pipe", notify=False)
    link.request("process/wait", {"run": run}, id="w")
    link.send_line('{"jsonrpc":"2.0","id":"w","method":"ping"}')
    error = link.wait_for(lambda m: "error" in m, "the refusal")[1]
    same(error["error"]["code"], -32600)
    link.methods['"w"'] = "process/wait"
    link.call("process/closeStdin", run=run)
    same(link.result("w")["exitCode"], 1)
    same(link.result(link.request("ping", id="w")), {}, "used again when it is free")


@it("a28_detached is refused without a daemon, and nothing has run")
def _(place):
    link = Serve(place)
    for method in ("process/start", "process/run"):
        link.fails(method, POLICY, "policy.detached", argv=["touch", "started"], detached=True)
    check(not os.path.exists(place.work + "/started"), "it ran")
    run = link.start("true", detached=False)
    link.output(run)
