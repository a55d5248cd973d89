"""A caller's end of the pipe, for tests: what it sends is said exactly, what it receives is checked
against the schema, and it reads only when it is told to."""
import base64
import json
import os
import select
import socket
import subprocess
import time

import cases
from cases import Trouble, check, same, short
from schema import parse, schema

PATIENCE = float(os.environ.get("CORDON_PATIENCE", "30"))  # seconds until an answer is missing
CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


class Ended(Trouble):
    pass


class Link:
    def __init__(self, in_fd, out_fd):
        self.to, self.source = in_fd, out_fd
        os.set_blocking(self.to, False)
        os.set_blocking(self.source, False)
        self.buffer = bytearray()
        self.inbox = []  # (raw line, message), oldest first
        self.methods = {}
        self.next_id = 1
        self.ended = False

    # Bytes

    def take_in(self):
        """What can be read now. False at the end."""
        try:
            data = os.read(self.source, 1 << 20)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            check(not self.buffer, "the last line of cordon has no end:", short(repr(bytes(self.buffer))))
            return False
        start = len(self.buffer)
        self.buffer += data
        if self.buffer.find(b"\n", start) < 0:
            return True
        *lines, rest = bytes(self.buffer).split(b"\n")
        self.buffer = bytearray(rest)
        for line in lines:
            self.keep(line)
        return True

    def keep(self, line):
        try:
            message = parse(line)
        except (ValueError, UnicodeError) as e:
            raise Trouble(f"cordon wrote a line that is no JSON ({e}): {short(repr(line))}") from e
        method = None
        if "method" not in message and not isinstance(message.get("id"), (dict, list)):
            method = self.methods.pop(json.dumps(message.get("id")), None)
        if schema:
            schema.received(message, method)
        self.inbox.append((line, message))

    def read(self, seconds):
        """Waits for something to read. False when there was nothing, or the end."""
        if self.ended or not select.select([self.source], [], [], max(seconds, 0))[0]:
            return False
        return self.take_in()

    def send_bytes(self, data, reading=True):
        """Writes all of it, reading what comes meanwhile."""
        view = memoryview(data)
        deadline = time.monotonic() + PATIENCE
        while len(view):
            check(time.monotonic() < deadline, "cordon stopped reading,", len(view), "bytes before the end")
            readable, writable, _ = select.select(
                [self.source] if reading and not self.ended else [], [self.to], [], 1)
            if readable:
                self.take_in()
            if writable:
                try:
                    view = view[os.write(self.to, view[:1 << 18]):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionResetError) as e:
                    self.drain()
                    raise Ended(f"cordon closed the link; its last words: {short(str(self.inbox[-3:]))}") from e

    def send_line(self, line):
        self.send_bytes(line.encode() + b"\n" if isinstance(line, str) else line + b"\n")

    def drain(self):
        """All until the end of the link."""
        deadline = time.monotonic() + PATIENCE
        while not self.ended:
            check(time.monotonic() < deadline, "the link does not end")
            self.read(deadline - time.monotonic())

    # Messages

    def request(self, method, params=None, id=None):
        """Sends a request; returns its id."""
        if id is None:
            id, self.next_id = self.next_id, self.next_id + 1
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        self.methods[json.dumps(id)] = method
        self.send_line(json.dumps(message, ensure_ascii=False))
        return id

    def notify(self, method, params):
        self.send_line(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    def wait_for(self, fits, what, seconds=None):
        """Takes the first message that fits out of the inbox: (raw line, message)."""
        deadline = time.monotonic() + (PATIENCE if seconds is None else seconds)
        seen = 0
        while True:
            for at in range(seen, len(self.inbox)):
                if fits(self.inbox[at][1]):
                    return self.inbox.pop(at)
            seen = len(self.inbox)
            if self.ended:
                raise Ended(f"the link ended before {what}; there is {short(str(self.inbox[-3:]))}")
            check(time.monotonic() < deadline, "no", what + "; there is", short(str(self.inbox[-3:])))
            self.read(deadline - time.monotonic())

    def reply(self, id, seconds=None):
        return self.wait_for(lambda m: "method" not in m and m.get("id") == id and
                             type(m.get("id")) is type(id), f"answer to {id!r}", seconds)[1]

    def result(self, id, seconds=None):
        answer = self.reply(id, seconds)
        if "error" in answer:
            raise Trouble(f"request {id!r} was refused: {short(answer['error'])}")
        return answer["result"]

    def call(self, method, /, **params):
        return self.result(self.request(method, params))

    def refused(self, id, code, reason=None):
        """The request's answer is this error; returns it."""
        answer = self.reply(id)
        if "error" not in answer:
            raise Trouble(f"request {id!r} was not refused: {short(answer)}")
        error = answer["error"]
        codes = code if isinstance(code, tuple) else (code,)
        if error["code"] not in codes:
            raise Trouble(f"the error is {short(error)} instead of {code}")
        if reason is not None:
            same(error.get("data", {}).get("reason"), reason, f"the reason of {short(error)}")
        return error

    def fails(self, method, code, reason=None, /, **params):
        return self.refused(self.request(method, params), code, reason)

    def refusal_bytes(self, method, /, **params):
        """The raw answer, without its id."""
        id = self.request(method, params)
        raw, message = self.wait_for(lambda m: m.get("id") == id, f"answer to {id}")
        check("error" in message, "it was not refused:", short(message))
        return raw.replace(b'"id":%d' % id, b'"id":N', 1)

    def notification(self, method, seconds=None, **members):
        return self.wait_for(
            lambda m: m.get("method") == method and
            all(m["params"].get(k) == v for k, v in members.items()),
            f"notification {method} {members}", seconds)[1]["params"]

    def quiet(self, seconds=0.3):
        """Nothing comes for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.ended:
            self.read(deadline - time.monotonic())
        check(not self.inbox, "there is more:", short(str(self.inbox[:3])))

    def alive(self):
        same(self.call("ping"), {}, "the answer to a ping")

    # Runs

    def initialize(self):
        return self.call("initialize", protocolVersion="1", clientInfo={"name": "test", "version": "0"})

    def run(self, *argv, **params):
        return self.call("process/run", argv=list(argv), **params)

    def start(self, *argv, **params):
        return self.call("process/start", argv=list(argv), **params)["run"]

    def shell(self, text, *words, **params):
        return self.run("sh", "-c", text, "sh", *words, **params)

    def output(self, run, seconds=None):
        """All output notifications of a run until it has exited: ([chunk...], result). What comes after
        the exit is not looked for here."""
        chunks = []
        while True:
            message = self.wait_for(lambda m: m.get("method") in ("process/output", "process/exited") and
                                    m["params"]["run"] == run, f"output or end of {run}", seconds)[1]
            if message["method"] == "process/exited":
                return chunks, message["params"]["result"]
            chunks.append(message["params"])


class Serve(Link):
    """A `cordon serve --stdio` of one's own."""

    def __init__(self, place, *options, cwd=None, env=None, pass_fds=(), hello=True):
        self.errors = os.path.join(place.path, f"stderr.{len(place.ends)}")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [cases.CORDON, "serve", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                cwd=cwd or place.work, env={**CLEAN, "HOME": place.home, **(env or {})}, pass_fds=pass_fds,
                bufsize=0)
        place.ends.append(self.end)
        super().__init__(self.process.stdin.fileno(), self.process.stdout.fileno())
        if hello:
            self.welcome = self.initialize()

    def stderr(self):
        with open(self.errors, encoding="utf-8", errors="replace") as f:
            return f.read()

    def close(self):
        """Ends the input, reads to the end; returns the exit status."""
        self.process.stdin.close()
        self.drain()
        return self.process.wait(PATIENCE)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


class Listening:
    """A `cordon serve --listen PATH`, and links to it."""

    def __init__(self, place, *options, name="s/cordon.sock", env=None):
        self.path = os.path.join(place.path, name)
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        self.place = place
        self.errors = os.path.join(place.path, "stderr.listen")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [cases.CORDON, "serve", "--listen", self.path, *options], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors, cwd=place.work,
                env={**CLEAN, "HOME": place.home, **(env or {})})
        place.ends.append(self.end)
        wait_until(lambda: os.path.exists(self.path) or self.process.poll() is not None,
                   "the socket of cordon serve --listen")
        check(self.process.poll() is None, "cordon serve --listen ended:", self.stderr())

    def stderr(self):
        with open(self.errors, encoding="utf-8", errors="replace") as f:
            return f.read()

    def socket(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.place.ends.append(s.close)
        s.connect(self.path)
        return s

    def link(self, hello=True):
        s = self.socket()
        link = Link(s.fileno(), s.fileno())
        link.socket = s
        if hello:
            link.welcome = link.initialize()
        return link

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# What is on the machine

def wait_until(truth, what, seconds=None):
    deadline = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while not truth():
        check(time.monotonic() < deadline, "waited in vain for", what)
        time.sleep(0.01)


def stat_of(pid):
    """Name, parent and start of a process, or None when there is none (a zombie is none)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            text = f.read()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    if fields[0] in "ZX":
        return None
    return text[text.index("(") + 1:text.rindex(")")], int(fields[1]), int(fields[19])


def descendants(pid):
    """All processes below pid, itself included: {(pid, start): name}."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = stat_of(int(name))
            if stat:
                found[int(name)] = stat
    wanted, grown = {pid}, True
    while grown:
        more = {p for p, (_, parent, _) in found.items() if parent in wanted} - wanted
        wanted |= more
        grown = bool(more)
    return {(p, found[p][2]): found[p][0] for p in wanted if p in found}


def still_there(processes):
    return [p for p in processes if (stat_of(p[0]) or (0, 0, 0))[2] == p[1]]


def gone(processes, seconds=5):
    wait_until(lambda: not still_there(processes), f"the end of {processes}", seconds)


def with_words(*words):
    """Processes of the machine whose command line has all these words."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as f:
                line = f.read().split(b"\0")
        except OSError:
            continue
        if all(word.encode() in line for word in words) and stat_of(int(name)):
            found.append(int(name))
    return found


def status_of(pid, key):
    """A number of /proc/PID/status, in KiB for sizes."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


def own_processes(pid):
    """cordon's processes below pid: those that run one of its executables and are no part of a run."""
    return [p for (p, _), name in descendants(pid).items()
            if name.startswith("cordon") and status_of_pids(p) == 1]


def status_of_pids(pid):
    """In how many nested pid namespaces a process is: 1 is this one."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            for line in f:
                if line.startswith("NSpid:"):
                    return len(line.split()) - 1
    except OSError:
        pass
    return 0


def text_of(output):
    """The bytes of an output object or chunk."""
    return output["text"].encode() if "text" in output else base64.b64decode(output["base64"], validate=True)


def stream(chunks, name):
    return b"".join(text_of(c) for c in chunks if c["stream"] == name)
