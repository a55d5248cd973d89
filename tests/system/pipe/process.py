"""process/run: what goes in, what comes out, why it ended."""
import base64
import os
import time

from cases import check, holds, it, same
from link import Serve, text_of, with_words

INVALID, POLICY, FLOOR, LIMIT = -32602, -31001, -31004, -31005


@it("initialize says versions, what protects, the profiles and the trust grade")
def _(place):
    link = Serve(place, hello=False)
    welcome = link.initialize()
    same(welcome["protocolVersion"], "1")
    same(welcome["profiles"], ["default", "readonly", "strict"])
    same(welcome["trust"], "same-uid")


@it("a version that is not spoken is refused, and the link is not initialized by that; twice is refused")
def _(place):
    link = Serve(place, hello=False)
    for version in ("2", "1.0", "2025-11-25"):
        link.fails("initialize", INVALID, "params.version", protocolVersion=version)
    link.initialize()
    link.fails("initialize", -32600, "request.initialized", protocolVersion="1")
    link.alive()


@it("ping is answered, also before initialize")
def _(place):
    link = Serve(place, hello=False)
    link.alive()


@it("process/run: output, exit code, and every part of the result")
def _(place):
    link = Serve(place)
    r = link.shell("printf hello; echo oops >&2; exit 3")
    same((r["exitCode"], r["signal"], r["reason"]), (3, None, "exit"))
    same(r["stdout"], {"text": "hello", "bytes": 5, "truncated": 0}, "stdout")
    same(r["stderr"], {"text": "oops\n", "bytes": 5, "truncated": 0}, "stderr")
    same((r["profile"], r["decision"], r["rule"]), ("default", "allow", None))
    same((r["usage"]["stdoutBytes"], r["usage"]["stderrBytes"]), (5, 5), "counted")
    same(link.stderr(), "", "stderr of cordon serve")


@it("run ids never repeat")
def _(place):
    link = Serve(place)
    ids = [link.run("true")["run"] for _ in range(8)]
    same(len(set(ids)), 8)
    check(all(i.startswith("r-") for i in ids), ids)


@it("no shell, unless argv names one; words come through as they are")
def _(place):
    link = Serve(place)
    words = ["$HOME; echo x", "*", "a\nb", "", "'\"\\", "ü€😀", "--"]
    r = link.run("/usr/bin/printf", "%s|", *words)
    same(r["stdout"]["text"], "".join(w + "|" for w in words))


@it("a signal that ended it is named")
def _(place):
    r = Serve(place).shell("kill -SEGV $$")
    same((r["reason"], r["signal"], r["exitCode"]), ("signal", "SIGSEGV", None))


@it("what cannot be executed is an error, and nothing has run")
def _(place):
    link = Serve(place)
    place.file("w/plain", "text\n", 0o644)
    link.fails("process/run", INVALID, argv=[""])
    for argv in (["no-such-command"], ["/nowhere/at/all"], ["./none"]):
        link.fails("process/run", INVALID, "exec.not_found", argv=argv)
    for argv in (["/usr/lib"], ["./plain"]):
        link.fails("process/run", POLICY, "exec.not_executable", argv=argv)
    link.alive()


@it("stdin is empty, a text, or bytes")
def _(place):
    link = Serve(place)
    same(link.run("cat")["stdout"]["bytes"], 0)
    same(link.run("cat", stdinText="grüße\n")["stdout"]["text"], "grüße\n")
    raw = bytes(range(256)) * 3
    r = link.run("cat", stdinBase64=base64.b64encode(raw).decode())
    same(text_of(r["stdout"]), raw)
    check("text" not in r["stdout"], "bytes that are no UTF-8 came as text")
    same(link.run("cat", stdinText="a\0b")["stdout"]["text"], "a\0b")


@it("a large stdin arrives whole, and one that nobody reads does no harm")
def _(place):
    link = Serve(place)
    text = "0123456789abcdef" * (1 << 19)
    same(link.run("wc", "-c", stdinText=text)["stdout"]["text"].strip(), str(len(text)))
    same(link.run("true", stdinText=text)["exitCode"], 0)
    same(link.shell("exec <&-; sleep 0.2; echo done", stdinText=text)["stdout"]["text"], "done\n")


@it("both kinds of stdin, or base64 that is none, are refused")
def _(place):
    link = Serve(place)
    link.fails("process/run", INVALID, argv=["cat"], stdinText="a", stdinBase64="YQ==")
    for bad in ("YQ", "YQ=", "Y", "YQ==YQ==", "Y Q=", "Y-_=", "YR==", "=", "YQ==\n"):
        link.fails("process/run", INVALID, argv=["cat"], stdinBase64=bad)
    link.alive()


@it("cwd is the workspace, or a directory below it")
def _(place):
    link = Serve(place)
    os.makedirs(place.work + "/a/b")
    same(link.run("pwd")["stdout"]["text"], place.work + "\n")
    same(link.run("pwd", cwd=place.work + "/a/b")["stdout"]["text"], place.work + "/a/b\n")
    same(link.run("pwd", cwd=place.work)["stdout"]["text"], place.work + "\n")


@it("a01_a cwd outside the workspace, through a link, or relative is refused")
def _(place):
    link = Serve(place)
    os.mkdir(place.path + "/other")
    os.symlink(place.path + "/other", place.work + "/out")
    os.mkdir(place.work + "/in")
    os.symlink("in", place.work + "/link")
    place.file("w/file")
    for cwd in ("/", "/etc", place.path, place.path + "/other", place.home, place.work + "/..",
                place.work + "/../other", place.work + "/out", place.work + "/link", place.work + "x"):
        link.fails("process/run", (POLICY, FLOOR, INVALID), argv=["touch", "started"], cwd=cwd)
    for cwd in ("in", ".", "", "../w", place.work + "/none", place.work + "/file", place.work + "/in\0"):
        link.fails("process/run", (INVALID, POLICY), argv=["touch", "started"], cwd=cwd)
    check(not os.path.exists(place.work + "/started") and not os.listdir(place.path + "/other"), "it ran")
    same(link.run("pwd", cwd=place.work + "/in")["exitCode"], 0, "the control")


@it("a01_another workspace is refused while no root is configured")
def _(place):
    link = Serve(place)
    os.mkdir(place.path + "/other")
    for workspace in (place.path + "/other", "/", place.path, place.home, "/tmp", "relative", ""):
        link.fails("process/run", (POLICY, FLOOR, INVALID), argv=["touch", "started"], workspace=workspace)
        link.fails("session/open", (POLICY, FLOOR, INVALID), session="a:b:c", workspace=workspace)
    same(os.listdir(place.path + "/other"), [])
    same(link.run("true", workspace=place.work)["exitCode"], 0, "naming the one there is")


def with_roots(place, *roots):
    place.file("config.json", '{"cordonConfig": 1, "workspaces": [%s]}' %
               ", ".join('"%s"' % r for r in roots), 0o600)
    return Serve(place, "--config", place.path + "/config.json")


@it("a01_a workspace below a configured root can be named, by run and by session")
def _(place):
    os.makedirs(place.path + "/roots/one/sub")
    os.makedirs(place.path + "/roots/two")
    link = with_roots(place, place.path + "/roots")
    one, two = place.path + "/roots/one", place.path + "/roots/two"
    same(link.run("pwd", workspace=one)["stdout"]["text"], one + "\n")
    same(link.run("pwd", workspace=one, cwd=one + "/sub")["stdout"]["text"], one + "/sub\n")
    same(link.run("touch", "made", workspace=two)["exitCode"], 0)
    check(os.path.exists(two + "/made"), "it was not made in the workspace")
    same(link.run("pwd")["stdout"]["text"], place.work + "\n", "the default afterwards")
    link.fails("process/run", (POLICY, FLOOR, INVALID), argv=["true"], workspace=one, cwd=two)
    link.call("session/open", session="a:b:c", workspace=two)
    same(link.run("pwd", session="a:b:c")["stdout"]["text"], two + "\n")


@it("a01_not beside a root, not the root through a link, not what is not below it")
def _(place):
    os.makedirs(place.path + "/roots/one")
    os.makedirs(place.path + "/rootsecond")
    os.makedirs(place.path + "/else")
    os.symlink(place.path + "/else", place.path + "/roots/out")
    link = with_roots(place, place.path + "/roots")
    for workspace in ("/rootsecond", "/else", "/roots/out", "/roots/../else", "/roots/none", ""):
        link.fails("process/run", (POLICY, FLOOR, INVALID), argv=["touch", "started"],
                   workspace=place.path + workspace)
    same(os.listdir(place.path + "/else") + os.listdir(place.path + "/rootsecond"), [])


@it("a01_a configured root does not open a home, /, or cordon's own files")
def _(place):
    os.makedirs(place.home + "/.config/cordon")
    os.makedirs(place.home + "/project")
    link = with_roots(place, "/")
    for workspace in ("/", place.home, place.home + "/.config", place.home + "/.config/cordon"):
        link.fails("process/run", (POLICY, FLOOR), argv=["true"], workspace=workspace)
    same(link.run("true", workspace=place.home + "/project")["exitCode"], 0, "the control")


@it("env: names that the profile passes; null unsets; others are refused")
def _(place):
    link = Serve(place, env={"LANG": "from-outside", "SECRET": "s3cret"})
    same(link.shell('echo "$LANG $TZ|"')["stdout"]["text"], "from-outside |\n")
    r = link.shell('echo "$LANG $TZ|"', env={"LANG": "C.UTF-8", "TZ": "UTC"})
    same(r["stdout"]["text"], "C.UTF-8 UTC|\n")
    same(link.shell('echo "${LANG-unset}"', env={"LANG": None})["stdout"]["text"], "unset\n")
    same(link.shell('echo "${LANG-unset}"', env={"LANG": ""})["stdout"]["text"], "\n")
    for name in ("SECRET", "LD_PRELOAD", "PATH", "HOME", "BASH_ENV", "lang", "LANGX"):
        link.fails("process/run", POLICY, "env.not_listed", argv=["touch", "started"], env={name: "x"})
    check(not os.path.exists(place.work + "/started"), "it ran")
    holds(link.run("env")["stdout"]["text"], "HOME=/home/user")
    check("s3cret" not in link.run("env")["stdout"]["text"], "a variable came in that nobody passed")


@it("env: broken names and values are wrong parameters")
def _(place):
    link = Serve(place)
    for env in ({"": "x"}, {"LANG=x": "y"}, {"LANG": "a\0b"}, {"LANG": 1}, {"LANG": True},
                {"LANG": ["x"]}, [], "LANG=x", 7):
        link.fails("process/run", (INVALID, POLICY), argv=["touch", "started"], env=env)
    check(not os.path.exists(place.work + "/started"), "it ran")


@it("timeoutMs ends a run with reason timeout, from the start of the command")
def _(place):
    link = Serve(place)
    begin = time.monotonic()
    r = link.shell("echo before; sleep 30", timeoutMs=300)
    took = time.monotonic() - begin
    same((r["reason"], r["stdout"]["text"]), ("timeout", "before\n"))
    check(0.3 <= took < 20, "it took", took)
    check(r["usage"]["wallMs"] >= 300, r["usage"])


@it("all of a run ends with its time, also what has left its group")
def _(place):
    link = Serve(place)
    mark = f"3{os.getpid()}.5"
    link.shell(f"setsid sleep {mark} & sleep {mark}", timeoutMs=300)
    same(with_words("sleep", mark), [], "left over")


@it("a profile's time limit cannot be raised")
def _(place):
    p = place.file("p.json", '{"cordonProfile": 1, "name": "short", "limits": {"wall": "300ms"}}', 0o600)
    link = Serve(place, "-p", p)
    r = link.run("sleep", "30", timeoutMs=60000)
    same(r["reason"], "timeout")


@it("limits only go down: memory, processes, open files, file size")
def _(place):
    link = Serve(place)
    same(link.shell("ulimit -n", limits={"openFiles": 20})["stdout"]["text"], "20\n")
    same(link.shell("ulimit -n", limits={"openFiles": 512})["stdout"]["text"], "512\n", "the profile's own")
    for more in ({"openFiles": 513}, {"memory": 3 << 30}, {"processes": 513}, {"memory": 1 << 20, "processes": 1000}):
        link.fails("process/run", POLICY, "limits.raised", argv=["touch", "started"], limits=more)
    check(not os.path.exists(place.work + "/started"), "it ran")
    r = link.shell("head -c 5000000 /dev/zero >big; stat -c %s big", limits={"fileSize": 1000000})
    same(r["stdout"]["text"], "1000000\n")
    r = link.run("/usr/bin/python3", "-c", "x = bytearray(400 << 20); x[::4096] = b'x' * len(x[::4096])",
                 limits={"memory": 64 << 20})
    check(r["reason"] == "memory" or r["exitCode"], "memory was not bounded:", r)
    r = link.shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait", limits={"processes": 4})
    check(r["stderr"]["bytes"] > 0, "nine processes where four may be")
    for bad in ({"memory": -1}, {"memory": "1G"}, {"memory": 1.5}, {"nonsense": 1}, [], 5):
        link.fails("process/run", INVALID, argv=["true"], limits=bad)


@it("reaching the limit of what may be printed ends the run with reason output")
def _(place):
    p = place.file("p.json", '{"cordonProfile": 1, "name": "quiet", "limits": {"output": 100000}}', 0o600)
    link = Serve(place, "-p", p)
    r = link.shell("head -c 5000000 /dev/zero; sleep 30")
    same(r["reason"], "output")
    check(r["stdout"]["bytes"] <= 5000000, r["stdout"]["bytes"])
    same(link.shell("head -c 90000 /dev/zero")["reason"], "exit", "the control")
    r = link.shell("head -c 50000 /dev/zero; sleep 30", limits={"output": 20000})
    same(r["reason"], "output", "a lower one by parameter")


@it("a limit that one stream alone does not reach is reached by both")
def _(place):
    link = Serve(place)
    r = link.shell("head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2; sleep 30",
                   limits={"output": 100000})
    same(r["reason"], "output")


def head_and_tail(output, printed):
    """An output object against what was printed: head, gap, tail."""
    kept = text_of(output)
    same(output["bytes"], len(printed), "bytes")
    same(output["truncated"], len(printed) - len(kept), "truncated")
    if output["truncated"] == 0:
        check("gapAt" not in output, "gapAt without a gap")
        same(kept, printed, "what is kept")
        return kept
    gap = output["gapAt"]
    same(kept[:gap], printed[:gap], "the head")
    same(kept[gap:], printed[len(printed) - (len(kept) - gap):], "the tail")
    return kept


@it("outputByteLimit keeps head and tail, and says what is missing")
def _(place):
    link = Serve(place)
    printed = b"".join(b"%07d\n" % i for i in range(20000))
    for limit in (0, 1, 2, 7, 100, 1001, 65536, 159999, 160000, 160001):
        r = link.run("seq", "-f", "%07.0f", "0", "19999", outputByteLimit=limit)
        kept = head_and_tail(r["stdout"], printed)
        same(len(kept), min(limit, len(printed)), f"kept with limit {limit}")
        if 2 <= limit < len(printed):
            check(abs(r["stdout"]["gapAt"] - limit / 2) <= 1, "gapAt", r["stdout"]["gapAt"], "of", limit)


@it("without a limit 1 MiB is kept, and 16 MiB is the most that can be asked for")
def _(place):
    link = Serve(place)
    r = link.shell("yes abcdefg | head -c 5000000")
    same((r["stdout"]["bytes"], r["stdout"]["truncated"]), (5000000, 5000000 - (1 << 20)))
    r = link.shell("yes abcdefg | head -c 15000000", outputByteLimit=16 << 20)
    same((len(r["stdout"]["text"]), r["stdout"]["truncated"]), (15000000, 0))
    link.fails("process/run", INVALID, argv=["true"], outputByteLimit=(16 << 20) + 1)


@it("each stream has its own limit")
def _(place):
    r = Serve(place).shell("head -c 3000 /dev/zero | tr '\\0' a; head -c 50 /dev/zero | tr '\\0' b >&2",
                           outputByteLimit=100)
    same((r["stdout"]["truncated"], r["stderr"]["truncated"]), (2900, 0))


@it("a cut never splits a character")
def _(place):
    link = Serve(place)
    for text in ("ä" * 1000, "€" * 1000, "😀" * 1000, "a😀€ä" * 300):
        printed = text.encode()
        for limit in range(40, 56):
            r = link.run("cat", stdinText=text, outputByteLimit=limit)
            check("text" in r["stdout"], f"{text[:4]} with limit {limit} came as base64")
            kept = head_and_tail(r["stdout"], printed)
            check(limit - 6 <= len(kept) <= limit, "kept", len(kept), "of", limit)
            kept[:r["stdout"]["gapAt"]].decode()


@it("bytes that are no UTF-8 come as base64, text beside them as text")
def _(place):
    link = Serve(place)
    for raw in ("\\377", "\\300\\200", "\\355\\240\\200", "\\364\\220\\200\\200", "\\342\\202", "a\\200"):
        r = link.shell(f"printf '{raw}'; printf fine >&2")
        check("base64" in r["stdout"] and "text" in r["stderr"], raw, r["stdout"], r["stderr"])
    same(link.shell("printf 'a\\0b\\033\\177'")["stdout"]["text"], "a\0b\x1b\x7f")
    same(link.shell("printf '\\357\\273\\277x'")["stdout"]["text"], "\ufeffx")


@it("a run that leaves its output open to a child ends with the child's end")
def _(place):
    link = Serve(place)
    r = link.shell("(sleep 0.2; echo late) & echo early", timeoutMs=20000)
    holds(r["stdout"]["text"], "early\n")
    same(r["reason"], "exit")


@it("refused calls are in the result")
def _(place):
    r = Serve(place).run("unshare", "-U", "true")
    check(any(c["syscall"] == "unshare" and c["rule"] == "floor" for c in r["refusedCalls"]), r["refusedCalls"])


@it("a run's profile is its own: readonly cannot write, strict is strict")
def _(place):
    link = Serve(place)
    same(link.run("touch", "x", profile="default")["exitCode"], 0)
    r = link.run("touch", "y", profile="readonly")
    same((r["exitCode"], r["profile"]), (1, "readonly"))
    check(not os.path.exists(place.work + "/y"), "readonly wrote")
    same(link.shell("ulimit -n", profile="strict")["stdout"]["text"], "256\n")


@it("argv: missing, empty, no list, no strings, NUL, a word too long")
def _(place):
    link = Serve(place)
    link.fails("process/run", INVALID)
    for argv in ([], "ls", {"0": "ls"}, ["ls", 1], ["ls", None], [["ls"]], None, ["l\0s"], ["ls", "a\0"]):
        link.fails("process/run", INVALID, argv=argv)
    link.fails("process/run", (INVALID, LIMIT), argv=["echo", "x" * (128 * 1024)])
    same(link.run("sh", "-c", 'echo ${#1}', "sh", "x" * (128 * 1024 - 1))["stdout"]["text"], "131071\n")


@it("a label of 128 bytes, not of 129")
def _(place):
    link = Serve(place)
    same(link.run("true", label="ü" * 64)["exitCode"], 0)
    link.fails("process/run", INVALID, argv=["true"], label="ü" * 64 + "x")


@it("unknown parameters are errors, and so are those of the other method")
def _(place):
    link = Serve(place)
    for params in ({"shell": True}, {"tty": {"cols": 80, "rows": 24}}, {"notify": True}, {"stdin": "pipe"},
                   {"flow": "drop"}, {"config": "/x"}, {"Argv": ["x"]}, {"env ": {}}):
        link.fails("process/run", INVALID, argv=["touch", "started"], **params)
    link.fails("process/start", INVALID, argv=["touch", "started"], stdinText="x")
    check(not os.path.exists(place.work + "/started"), "it ran")


@it("many runs at a time, answered as they end")
def _(place):
    link = Serve(place)
    slow = link.request("process/run", {"argv": ["sleep", "1"]})
    quick = [link.request("process/run", {"argv": ["echo", str(i)]}) for i in range(20)]
    for i, id in enumerate(quick):
        same(link.result(id)["stdout"]["text"], f"{i}\n")
    same(link.result(slow)["exitCode"], 0)


@it("nothing of a run is left when it is answered")
def _(place):
    link = Serve(place)
    mark = f"4{os.getpid()}.5"
    r = link.shell(f"setsid sleep {mark} & setsid sh -c 'trap \"\" TERM HUP; sleep {mark}' & echo x")
    same(r["stdout"]["text"], "x\n")
    same(with_words("sleep", mark), [], "left over")
