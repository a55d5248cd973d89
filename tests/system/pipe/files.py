"""workspace/*: files as a run would see them; terminal/*: the names of the Agent Client Protocol."""
import os

from cases import check, it, same
from link import Serve, text_of, wait_until, with_words

INVALID, POLICY, FLOOR, UNKNOWN = -32602, -31001, -31004, -31006


@it("workspace/write and workspace/read: text and bytes, by absolute and by relative path")
def _(place):
    link = Serve(place)
    same(link.call("workspace/write", path="new.txt", text="grüße\n")["written"], 8)
    with open(place.work + "/new.txt", encoding="utf-8") as f:
        same(f.read(), "grüße\n")
    r = link.call("workspace/read", path=place.work + "/new.txt")
    same(r, {"text": "grüße\n", "bytes": 8, "truncated": 0})
    link.call("workspace/write", path=place.work + "/bytes", base64="/wD+")
    r = link.call("workspace/read", path="bytes")
    same((text_of(r), r["bytes"], r["truncated"]), (b"\xff\0\xfe", 3, 0))
    link.call("workspace/write", path="new.txt", text="")
    same(link.call("workspace/read", path="new.txt")["text"], "", "written again")


@it("workspace/write keeps the mode of what it replaces, and leaves nothing else")
def _(place):
    link = Serve(place)
    place.file("w/tool", "#!/bin/sh\necho something that is longer\n", 0o755)
    link.call("workspace/write", path="tool", text="#!/bin/sh\necho new\n")
    same(os.stat(place.work + "/tool").st_mode & 0o777, 0o755)
    same(link.run("./tool")["stdout"]["text"], "new\n")
    same(os.listdir(place.work), ["tool"], "the files")


@it("workspace/list: names, kinds and sizes")
def _(place):
    link = Serve(place)
    same(link.call("workspace/list", path=".")["entries"], [])
    place.file("w/file", "12345")
    os.mkdir(place.work + "/dir")
    os.symlink("file", place.work + "/link")
    os.mkfifo(place.work + "/fifo")
    entries = {e["name"]: e for e in link.call("workspace/list", path=".")["entries"]}
    same({n: e["type"] for n, e in entries.items()},
         {"file": "file", "dir": "directory", "link": "link", "fifo": "other"})
    same(entries["file"]["size"], 5)
    place.file("w/dir/inner", "")
    for path in ("dir", place.work + "/dir", "dir/"):
        same([e["name"] for e in link.call("workspace/list", path=path)["entries"]], ["inner"])


@it("workspace/*: a session's workspace, below its root")
def _(place):
    link = Serve(place)
    place.file("w/sub/file", "x")
    link.call("session/open", session="a:b:c", cwd=place.work + "/sub")
    same(link.call("workspace/read", path=place.work + "/sub/file", session="a:b:c")["text"], "x")
    same(link.call("workspace/read", path="sub/file", session="a:b:c")["text"], "x")


@it("a01_workspace/*: nothing outside the workspace, by no path and no link")
def _(place):
    link = Serve(place)
    secret = place.file("secret", "s3cret")
    os.symlink(secret, place.work + "/link")
    os.symlink(place.path, place.work + "/up")
    os.symlink("/etc/passwd", place.work + "/passwd")
    os.symlink("/proc/self/root/etc/passwd", place.work + "/magic")
    for path in ("../secret", secret, "/etc/passwd", "link", "up/secret", "passwd", "magic", "/proc/self/environ",
                 place.work + "/../secret", "sub/../../secret"):
        for method, params in (("read", {}), ("write", {"text": "planted"})):
            link.fails("workspace/" + method, (INVALID, POLICY, FLOOR), path=path, **params)
    for path in ("..", "/", "/etc", "up", place.path, place.home):
        link.fails("workspace/list", (INVALID, POLICY, FLOOR), path=path)
    with open(secret, encoding="utf-8") as f:
        same(f.read(), "s3cret")


@it("workspace/*: what the profile hides and protects is hidden and protected (A03, A04)")
def _(place):
    p = place.file("p.json", '{"cordonProfile": 1, "name": "hides", "filesystem": {"hide": ["**/.env"]}}', 0o600)
    place.file("w/.env", "s3cret")
    os.makedirs(place.work + "/.git/hooks")
    place.file("w/.git/config", "[core]\n")
    link = Serve(place, "-p", p)
    link.fails("workspace/read", (POLICY, INVALID), path=".env")
    link.fails("workspace/write", POLICY, path=".env", text="x")
    for path in (".git/hooks/post-checkout", ".git/config", "AGENTS.md", ".envrc", ".vscode/tasks.json"):
        link.fails("workspace/write", (POLICY, INVALID), path=path, text="planted")
    same(link.call("workspace/read", path=".git/config")["text"], "[core]\n", "reading is allowed")
    with open(place.work + "/.env", encoding="utf-8") as f:
        same(f.read(), "s3cret")
    check(not os.path.exists(place.work + "/AGENTS.md"), "it was planted")


@it("workspace/write follows the profile: readonly writes nothing")
def _(place):
    link = Serve(place)
    place.file("w/file", "old")
    link.fails("workspace/write", POLICY, path="file", text="new", profile="readonly")
    link.fails("workspace/write", POLICY, path="other", text="new", profile="readonly")
    same(link.call("workspace/read", path="file", profile="readonly")["text"], "old")
    link.call("session/open", session="a:b:c", profile="readonly")
    link.fails("workspace/write", POLICY, path="file", text="new", session="a:b:c")
    same(os.listdir(place.work), ["file"])


@it("workspace/*: what is not there, no file, no directory, too large, no path")
def _(place):
    link = Serve(place)
    os.mkdir(place.work + "/dir")
    place.file("w/file", "x")
    os.mkfifo(place.work + "/fifo")
    for path in ("none", "none/none", "dir", "fifo", "file/x", "", "a\0b", "x" * 5000):
        link.fails("workspace/read", (INVALID, POLICY), path=path)
    for path in ("dir", "fifo", "none/none", "file/x", "", "a\0b"):
        link.fails("workspace/write", (INVALID, POLICY), path=path, text="x")
    for path in ("none", "file", "fifo"):
        link.fails("workspace/list", (INVALID, POLICY), path=path)
    link.alive()


@it("workspace/read maxBytes: what is missing is said, no character is split")
def _(place):
    link = Serve(place)
    place.file("w/text", "€" * 1000)
    r = link.call("workspace/read", path="text", maxBytes=100)
    same(r, {"text": "€" * 33, "bytes": 3000, "truncated": 2901})
    place.file("w/large", b"x" * (3 << 20))
    r = link.call("workspace/read", path="large")
    same((len(r["text"]), r["bytes"], r["truncated"]), (1 << 20, 3 << 20, 2 << 20), "without maxBytes")
    same(len(link.call("workspace/read", path="large", maxBytes=16 << 20)["text"]), 3 << 20)
    text = "0123456789abcdef" * (1 << 19)
    same(link.call("workspace/write", path="large", text=text)["written"], 8 << 20)
    same(os.path.getsize(place.work + "/large"), 8 << 20)


@it("workspace/list: names that are no UTF-8, that look like options, and many")
def _(place):
    link = Serve(place)
    for name in (b"\xff\xfe", b"-rf", b"a\nb", b" ", b"'\"$x"):
        with open(place.work.encode() + b"/" + name, "w", encoding="utf-8"):
            pass
    entries = link.call("workspace/list", path=".")["entries"]
    same(sorted(e["name"] for e in entries if "name" in e), [" ", "'\"$x", "-rf", "a\nb"])
    same([e["nameBase64"] for e in entries if "name" not in e], ["//4="])
    same(link.call("workspace/read", path="-rf")["text"], "")
    for i in range(3000):
        place.file(f"w/many/{i}")
    r = link.call("workspace/list", path="many")
    same((len(r["entries"]), r["truncated"]), (3000, False))


@it("a set-id file is not made by workspace/write (A38)")
def _(place):
    link = Serve(place)
    place.file("w/tool", "x", 0o4755)
    link.call("workspace/write", path="tool", text="y")
    same(os.stat(place.work + "/tool").st_mode & 0o6000, 0)


# terminal/*

@it("terminal/*: create, wait, output, release, without initialize")
def _(place):
    link = Serve(place, hello=False)
    id = link.call("terminal/create", sessionId="s", command="sh", args=["-c", "echo out; echo err >&2; exit 3"])[
        "terminalId"]
    same(link.call("terminal/wait_for_exit", sessionId="s", terminalId=id), {"exitCode": 3, "signal": None})
    r = link.call("terminal/output", sessionId="s", terminalId=id)
    same(sorted(r["output"].split()), ["err", "out"])
    same((r["truncated"], r["exitStatus"]), (False, {"exitCode": 3, "signal": None}))
    link.call("terminal/release", sessionId="s", terminalId=id)
    link.fails("terminal/output", UNKNOWN, sessionId="s", terminalId=id)
    link.quiet()


@it("terminal/create: env as a list, a working directory, only a command")
def _(place):
    link = Serve(place, hello=False)
    os.mkdir(place.work + "/sub")
    id = link.call("terminal/create", sessionId="s", command="sh", args=["-c", "pwd; echo $LANG"],
                   env=[{"name": "LANG", "value": "C.UTF-8"}], cwd=place.work + "/sub")["terminalId"]
    link.call("terminal/wait_for_exit", sessionId="s", terminalId=id)
    same(link.call("terminal/output", sessionId="s", terminalId=id)["output"], place.work + "/sub\nC.UTF-8\n")
    id = link.call("terminal/create", sessionId="s", command="true")["terminalId"]
    same(link.call("terminal/wait_for_exit", sessionId="s", terminalId=id)["exitCode"], 0)
    link.fails("terminal/create", POLICY, sessionId="s", command="true", env=[{"name": "LD_PRELOAD", "value": "x"}])
    link.fails("terminal/create", INVALID, sessionId="s", command="no-such-command")


@it("terminal/output: the oldest goes, never in the middle of a character")
def _(place):
    link = Serve(place, hello=False)
    id = link.call("terminal/create", sessionId="s", command="sh",
                   args=["-c", "i=0; while [ $i -lt 500 ]; do printf 'ä€😀%s' $i; i=$((i+1)); done"],
                   outputByteLimit=1001)["terminalId"]
    link.call("terminal/wait_for_exit", sessionId="s", terminalId=id)
    r = link.call("terminal/output", sessionId="s", terminalId=id)
    whole = "".join(f"ä€😀{i}" for i in range(500))
    same(r["truncated"], True)
    check(whole.endswith(r["output"]) and 996 <= len(r["output"].encode()) <= 1001, r)


@it("terminal/kill ends the command and keeps the terminal; release ends and forgets it")
def _(place):
    link = Serve(place, hello=False)
    mark = f"20{os.getpid()}.5"
    id = link.call("terminal/create", sessionId="s", command="sh", args=["-c", f"echo up; exec sleep {mark}"])[
        "terminalId"]
    wait_until(lambda: link.call("terminal/output", sessionId="s", terminalId=id)["output"] == "up\n", "output")
    waiting = link.request("terminal/wait_for_exit", {"sessionId": "s", "terminalId": id})
    same(link.call("terminal/output", sessionId="s", terminalId=id).get("exitStatus"), None)
    link.call("terminal/kill", sessionId="s", terminalId=id)
    same(link.result(waiting)["signal"], "SIGKILL")
    same(link.call("terminal/output", sessionId="s", terminalId=id)["output"], "up\n")
    id = link.call("terminal/create", sessionId="s", command="sleep", args=[mark])["terminalId"]
    wait_until(lambda: with_words("sleep", mark), "the command")
    link.call("terminal/release", sessionId="s", terminalId=id)
    wait_until(lambda: not with_words("sleep", mark), "the end of the command", 5)


@it("a terminal that nobody knows answers -31006, and there are no other methods")
def _(place):
    link = Serve(place)
    for method in ("output", "wait_for_exit", "kill", "release"):
        link.fails("terminal/" + method, UNKNOWN, sessionId="s", terminalId="none")
    for method in ("terminal/write", "terminal/resize", "fs/read_text_file", "session/new"):
        link.fails(method, -32601)
