"""What is printed in the documentation is true: the exchanges of docs/protocol.md, the example programs,
and the schema against the page.

An exchange is a fenced block of lines that begin with "> " (to cordon) or "< " (from it); a line that
begins with two spaces goes on with the one above. Requests are sent as they are printed, one after another
on one link for the whole page; each printed answer must be the one that comes. In an answer

    "…"               stands for any string, also at the end of one: "sha256:…" for any that begins so
    numbers           under the keys of VARIABLE stand for any number that is not negative, and that of
                      "processes" also for null: not every machine counts them
    lists             under the keys of ANY_ORDER may come in another order
    everything else   is compared as it is; WORKSPACE stands for the workspace, and TERMINAL for the
                      id that the last terminal/create was answered with
    {…}               an object with "…": "…" may have more members than are printed
"""
import json
import os
import re
import subprocess

import cases
from cases import ROOT, Skip, Trouble, check, holds, it, same, short
from link import CLEAN, Serve
from schema import schema

PAGE = os.path.join(ROOT, "docs", "protocol.md")
VARIABLE = {"pid", "wallMs", "userMs", "systemMs", "maxRssBytes", "processes", "landlock", "expiresMs", "intent", "exit", "sequence",
            "size"}
ANY_ORDER = {"runs": "run", "entries": "name", "sessions": "session"}  # by which member to compare


def page():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


def exchanges():
    """(line number, [(direction, text)...]) for each printed exchange of the page."""
    found, block, fenced = [], None, False
    for number, line in enumerate(page().splitlines(), 1):
        if line.startswith("```"):
            if fenced and block and block[1]:
                found.append(block)
            fenced = not fenced
            block = (number + 1, [])
        elif fenced and line[:2] in ("> ", "< "):
            block[1].append([line[0], line[2:]])
        elif fenced and line.startswith("  ") and block[1]:
            block[1][-1][1] += line.strip()
    return found


def differs(printed, got, key=None):
    """Where what came is not what is printed, or None."""
    if isinstance(printed, str) and printed.endswith("…") and isinstance(got, str):
        return None if got.startswith(printed[:-1]) else f"{got!r} does not begin as {printed!r}"
    if key == "processes" and type(printed) is int and got is None:
        return None
    if key in VARIABLE and type(printed) is int and type(got) is int:
        return None if got >= 0 else f"{got} is negative"
    if isinstance(printed, dict) and isinstance(got, dict):
        open_ended = printed.get("…") == "…"
        wanted = {k: v for k, v in printed.items() if k != "…"}
        if not open_ended and set(wanted) != set(got) or set(wanted) - set(got):
            return f"members {sorted(got)} instead of {sorted(wanted)}"
        for k, v in wanted.items():
            if found := differs(v, got[k], k):
                return f"{k}: {found}"
        return None
    if isinstance(printed, list) and isinstance(got, list):
        if len(printed) != len(got):
            return f"{len(got)} items instead of {len(printed)}: {short(got)}"
        if key in ANY_ORDER:
            printed, got = (sorted(some, key=lambda item: item[ANY_ORDER[key]]) for some in (printed, got))
        for p, g in zip(printed, got):
            if found := differs(p, g, key):
                return found
        return None
    if type(printed) is not type(got) or printed != got:
        return f"{short(got)} instead of {short(printed)}"
    return None


@it("the matcher of printed exchanges tells what differs")
def _(place):
    check(not differs({"run": "r-…", "pid": 1}, {"run": "r-1", "pid": 7}), "it finds what is not there")
    check(not differs({"a": 1, "…": "…"}, {"a": 1, "b": 2}), "open objects")
    for printed, got in (({"exitCode": 0}, {"exitCode": 1}), ({"run": "r-…"}, {"run": "x"}), ({"a": 1}, {}),
                         ({}, {"a": 1}), ({"a": True}, {"a": 1}), ({"pid": 1}, {"pid": "1"}), ([1], [1, 2]),
                         ({"pid": 1}, {"pid": True}), ({"pid": 1}, {"pid": None}), ({"a": None}, {"a": 0}), ({"a": 1, "…": "…"}, {"b": 1})):
        check(differs(printed, got), f"{printed} and {got} are the same to it")


@it("every exchange that docs/protocol.md prints happens as printed")
def _(place):
    os.makedirs(place.work + "/src")
    place.file("w/notes.txt", "remember\n")
    link = Serve(place, hello=False)
    found, terminal = exchanges(), "TERMINAL"
    check(len(found) >= 20, "only", len(found), "exchanges are printed")
    for number, lines in found:
        for direction, text in lines:
            text = text.replace("WORKSPACE", place.work).replace("TERMINAL", terminal)
            try:
                printed = json.loads(text)
                if direction == ">":
                    if "id" in printed:
                        link.methods[json.dumps(printed["id"])] = printed.get("method")
                    link.send_line(text)
                    continue
                if "method" in printed:
                    name, run = printed["method"], printed["params"]["run"].rstrip("…")
                    got = link.wait_for(lambda m: m.get("method") == name and
                                        m["params"]["run"].startswith(run), f"a {name}")[1]
                else:
                    got = link.wait_for(lambda m: "method" not in m and m["id"] == printed["id"],
                                        f"answer to {printed['id']}")[1]
            except json.JSONDecodeError as e:
                if direction == ">" and "no JSON" in text:
                    link.send_line(text)
                    continue
                raise Trouble(f"docs/protocol.md:{number}: {e}: {text}") from e
            except Trouble as e:
                raise Trouble(f"docs/protocol.md:{number}: {e}") from e
            terminal = got.get("result", {}).get("terminalId", terminal)
            trouble = differs(printed, got)
            check(not trouble, f"docs/protocol.md:{number}: {trouble}\ngot: {short(json.dumps(got), 2000)}")
    link.quiet()


@it("every method, notification and error code is on the page, and each method has an exchange")
def _(place):
    text = page()
    sent = {json.loads(line).get("method") for _, lines in exchanges() for direction, line in lines
            if direction == ">" and line.startswith('{"jsonrpc"')}
    for method in schema.methods:
        check(f"### `{method}`" in text, "the page has no section", method)
        check(method in sent, f"no exchange shows {method}")
    for name in schema.notifications:
        check(f"`{name}`" in text or f"`{name} {{" in text, "the page lacks", name)
    for code in schema.text["$defs"]["error"]["properties"]["code"]["enum"]:
        check(f"| {code} |" in text, "the page lacks", code)


@it("every method of the schema exists, and a method that is not there is not on the page")
def _(place):
    link = Serve(place)
    for method in schema.methods:
        if method == "shutdown":
            continue
        answer = link.reply(link.request(method, {"no such parameter": 1}))
        same(answer.get("error", {}).get("code"), -32602, f"{method} with an unknown parameter")
    on_page = set(re.findall(r"^### `([a-z]+/?[a-zA-Z_]*)`", page(), re.M))
    same(sorted(on_page), sorted(schema.methods), "the methods that have a section")


def readme_commands():
    """The command lines of the README that start an example program."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return re.findall(r"^\s*((?:python3|node) docs/examples/\S+)$", f.read(), re.M)


def example(place, command):
    """What an example prints, started as the README says, with cordon on the PATH."""
    program, file = command.split()
    path = os.path.join(ROOT, file)
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    check(len(lines) <= 40, file, "has", len(lines), "lines")
    try:
        r = subprocess.run([program, path], cwd=place.work, capture_output=True, timeout=60, check=False,
                           env={**CLEAN, "HOME": place.home,
                                "PATH": os.path.dirname(cases.CORDON) + ":" + os.environ.get("PATH", CLEAN["PATH"])})
    except FileNotFoundError as e:
        raise Skip(f"there is no {program}") from e
    same((r.returncode, r.stderr.decode()), (0, ""), command)
    return r.stdout.decode()


@it("the example programs run as the README says, and print the same")
def _(place):
    commands = readme_commands()
    same(len(commands), 2, "examples in the README")
    outputs = [example(place, command) for command in commands]
    same(outputs[0], outputs[1])
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    for line in outputs[0].splitlines():
        holds(readme, line, "the README")
