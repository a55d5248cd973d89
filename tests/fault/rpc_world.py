"""A real monitor with an honest caller, and hostile ones in whose place a cordon-rpc has been taken over: the
link of <cordon/rpc_proto.h> is in the hands of the test, which writes it down a second time here."""
import array
import errno
import glob
import json
import os
import shutil
import socket
import struct
import subprocess
import time

READY, START, CHECK, SIGNAL, KILL, SESSION, END_SESSION, PROFILE, FILE, TAIL, MALFORMED, UNKNOWN, FETCH, CANCEL, CHECK_URL = range(1, 16)
WELCOME, STARTED, EXITED, REFUSED, CHECKED, DONE, TEXT, FETCHED = range(65, 73)
NONE = 2**64 - 1
PATIENCE_S = 20.0  # the machine may be busy


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<I", len(data)) + data


def vector(words):
    return struct.pack("<I", len(words)) + b"".join(text(w) for w in words)


def start_body(request=1, argv=("true",), env=(), unset=(), handle="", cwd="", workspace="", profile="",
               session="", label="", timeout=NONE, wait=NONE, memory=NONE, processes=NONE, cpu=NONE,
               open_files=NONE, file_bytes=NONE, output=NONE, stdin_pipe=0, tty=0, rows=0, columns=0):
    return (struct.pack("<Q", request) + vector(argv) + vector(env) + vector(unset) +
            b"".join(text(t) for t in (handle, cwd, workspace, profile, session, label)) +
            struct.pack("<8QBBHH", timeout, wait, memory, processes, cpu, open_files, file_bytes, output,
                        stdin_pipe, tty, rows, columns))


def session_body(session, workspace="", cwd="", profile="", request=1):
    return struct.pack("<Q", request) + text(session) + text(workspace) + text(cwd) + text(profile)


def file_body(act, path, session="", profile="", request=1):
    return struct.pack("<QB", request, act) + text(session) + text(profile) + text(path)


def fetch_body(url="http://127.0.0.1/", session="", profile="web", request=1, method="GET", headers=(), body=b"", most=1 << 20, timeout=10000,
               redirects=10, wrap=0, earlier=()):
    return (struct.pack("<Q", request) + text(session) + text(profile) + text(url) + text(method) + vector(headers) + text(body) +
            struct.pack("<IIIBB", most, timeout, redirects, wrap, len(earlier)) + b"".join(map(text, earlier)))


def check_url_body(host="example.org", port=80, scheme=1, session="", profile="web", request=1, kind=1, url=""):
    return struct.pack("<Q", request) + text(session) + text(profile) + struct.pack("<BB", scheme, kind) + text(host) + struct.pack("<H", port) + text(url)


def named_body(name, request=1):
    return struct.pack("<Q", request) + text(name)


def order_body(run, number):
    return struct.pack("<QI", run, number)


def take_text(data):
    size = struct.unpack_from("<I", data)[0]
    return data[4:4 + size].decode(errors="replace"), data[4 + size:]


def descriptors(pid):
    """How many; 0 of a process that may not be looked at: a helper of an ordinary user."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return 0


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def is_executing(pid, program):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read() == f"{program}\n"
    except OSError:
        return False


def alive_with(mark):
    """Processes that have the mark among their arguments."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if mark.encode() in file.read():
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found


def until(condition, patience=PATIENCE_S):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def take_link(path, kind):
    """Connects; the connection to the puppet, and its link to the monitor."""
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    caller.settimeout(PATIENCE_S)
    caller.connect(path)
    caller.sendall(kind)
    _, fds, _, _ = socket.recv_fds(caller, 1, 1)
    return caller, fds[0]


class Honest:
    """A caller with the real cordon-rpc, which has the puppet's link (the monitor lets nothing but the puppet
    be executed). Each request waits for its answer."""

    def __init__(self, path, rpc):
        self.puppet, link = take_link(path, b"L")
        self.socket, theirs = socket.socketpair()
        self.rpc = subprocess.Popen(["sh", "-c", f"exec 3<&{link}; exec {rpc}"], stdin=theirs, stdout=theirs,
                                    pass_fds=[link])
        theirs.close()
        os.close(link)
        self.socket.settimeout(PATIENCE_S)
        self.file = self.socket.makefile("rb")
        self.next, self.trouble = 0, ""
        self.ask("initialize", protocolVersion="1", clientInfo={"name": "honest", "version": "0"})

    def ask(self, method, **params):
        self.next += 1
        line = {"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}
        try:
            self.socket.sendall(json.dumps(line).encode() + b"\n")
        except BrokenPipeError:
            return {"error": {"message": "the link has ended"}}
        while True:
            answer = self.file.readline()
            if not answer:
                return {"error": {"message": "the link has ended"}}
            answer = json.loads(answer)
            if answer.get("id") == self.next:
                return answer

    def run(self, *argv, **params):
        return self.ask("process/run", argv=list(argv), **params)

    def latency(self):
        began = time.monotonic()
        answer = self.run("true")
        if answer.get("result", {}).get("exitCode") == 0:
            return time.monotonic() - began
        self.trouble = str(answer)[:300]
        return NONE

    def close(self):
        self.file.close()
        self.socket.close()
        self.rpc.wait(PATIENCE_S)
        self.puppet.close()


class Hostile:
    """A caller that holds the link of its cordon-rpc."""

    def __init__(self, path, kind=b"L", greet=True):
        self.caller, link = take_link(path, kind)
        self.link = socket.socket(fileno=link)
        self.link.settimeout(PATIENCE_S)
        self.fds = []  # of the last message
        if greet:
            self.expect(WELCOME)
            self.send(READY)

    def packet(self, data, fds=()):
        """Whether it could be sent. The other end may have hung up, or a user's descriptors in flight be too many
        (unix(7), ETOOMANYREFS) until somebody takes them."""
        for _ in range(100):
            try:
                return self.try_packet(data, fds)
            except OSError as e:
                if e.errno != errno.ETOOMANYREFS:
                    raise
                time.sleep(0.02)
        return False

    def try_packet(self, data, fds):
        try:
            if fds:
                self.link.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
            else:
                self.link.send(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def send(self, number, body=b"", fds=()):
        if len(body) <= 64 * 1024:
            return self.packet(struct.pack("<HH", number, 0) + body, fds)
        memfd = sealed(body)
        sent = self.packet(struct.pack("<HH", number, 1), [memfd, *fds])
        os.close(memfd)
        return sent

    def receive(self, patience=PATIENCE_S):
        """(number, body), None when the monitor has hung up."""
        self.link.settimeout(patience)
        self.drop()
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self.link, 1 << 17, 16)
            except ConnectionResetError:
                continue  # it had not read all of ours; what it sent comes next
            except TimeoutError:
                return (0, b"")
            break
        if len(data) < 4:
            return None
        number, flags = struct.unpack_from("<HH", data)
        self.fds = list(fds)
        body = os.pread(fds[0], 1 << 24, 0) if flags == 1 else data[4:]
        return number, body

    def drop(self):
        while self.fds:
            os.close(self.fds.pop())

    def expect(self, number):
        """The body of the next message of that number; None when the monitor hung up or is silent."""
        while True:
            message = self.receive()
            if message is None or message[0] == 0:
                return None
            if message[0] == number:
                return message[1]

    def is_cut(self):
        while True:
            message = self.receive()
            if message is None:
                return True
            if message[0] == 0:
                return False

    def start(self, *argv, **params):
        """The number of the run, or the reason why there is none."""
        self.send(START, start_body(argv=argv, **params))
        while True:
            message = self.receive()
            if message is None or message[0] == 0:
                return "cut" if message is None else "silence"
            if message[0] == STARTED:
                return struct.unpack_from("<Q", message[1], 8)[0]
            if message[0] == REFUSED:
                return take_text(message[1][10:])[0]

    def output(self, *argv, **params):
        """What a run of its own prints, or the reason why there is none."""
        run = self.start(*argv, **params)
        if isinstance(run, str):
            return run
        with os.fdopen(os.dup(self.fds[-2]), "rb") as file:
            printed = file.read().decode(errors="replace")
        self.expect(EXITED)
        return printed

    def close(self):
        self.drop()
        self.link.close()
        self.caller.close()


def sealed(data, seals=0xf):
    fd = os.memfd_create("message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
    if seals:
        import fcntl
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


class World:
    """A staged copy of cordon with the puppet in cordon-rpc's place, and the honest caller's long run."""

    def __init__(self, cordon, puppet, scratch):
        self.scratch, self.mark = scratch, f"hostile-{os.getpid()}"
        stage, self.workspace = os.path.join(scratch, "bin"), os.path.join(scratch, "workspace")
        self.root = os.path.join(scratch, "roots")
        for path in (stage, self.workspace, self.root, os.path.join(self.workspace, "inner"),
                     os.path.join(self.root, "listed"), os.path.join(scratch, "another")):
            os.mkdir(path, 0o755)
        for name in ("cordon", "cordon-launcher", "cordon-ledger", "cordon-netguard", "cordon-fetch"):
            shutil.copy(os.path.join(os.path.dirname(cordon), name), stage)
        shutil.copy(puppet, f"{stage}/cordon-rpc")
        self.socket = os.path.join(scratch, "s")
        config = os.path.join(scratch, "config.json")
        with open(config, "w") as file:
            json.dump({"cordonConfig": 1, "workspaces": [self.root]}, file)
        os.chmod(config, 0o600)
        self.log = open(os.path.join(scratch, "log"), "w+b")
        self.monitor = subprocess.Popen(
            [f"{stage}/cordon", "serve", "--listen", self.socket, "--config", config, "-p", "default",
             "-p", "readonly", "-p", "web"], cwd=self.workspace, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.log)
        if not until(lambda: os.path.exists(self.socket)):
            raise SystemExit("the monitor does not begin: " + self.said())
        self.honest = Honest(self.socket, os.path.join(os.path.dirname(cordon), "cordon-rpc"))
        self.honest_mark = f"honest-{os.getpid()}"
        self.honest.ask("session/open", session="a:b:honest", cwd=f"{self.workspace}/inner")
        self.honest.ask("process/start", session="a:b:honest", run="mine", label="honest-label",
                        argv=["sh", "-c", f": {self.honest_mark}; sleep 1000; :"])
        for _ in range(3):
            self.honest.latency()
        self.base_descriptors = descriptors(self.monitor.pid)
        self.base_children = len(children(self.monitor.pid))
        self.base_resident = resident(self.monitor.pid)
        self.base_files = self.files()  # what holds protected names for the honest caller's run, too
        self.base_latency = min(self.honest.latency() for _ in range(5))

    def said(self):
        self.log.flush()
        with open(self.log.name, errors="replace") as file:
            return file.read()[-2000:]

    def hostile(self, kind=b"L", greet=True):
        return Hostile(self.socket, kind, greet)

    def faults(self, memory=24 << 20):
        """What is wrong with the monitor and its honest caller after an attack; hostile callers have gone."""
        if self.monitor.poll() is not None:
            return [f"the monitor ended with {self.monitor.returncode}: {self.said()}"]
        pid, found = self.monitor.pid, []
        if not until(lambda: not alive_with(self.mark)):
            found.append(f"processes of hostile runs are left: {alive_with(self.mark)}")
        answer = self.honest.run("echo", "hello")
        if answer.get("result", {}).get("stdout", {}).get("text") != "hello\n":
            found.append(f"the honest caller cannot run anything: {answer}")
        if "result" not in self.honest.ask("ping"):
            found.append("the honest caller gets no answer")
        listed = self.honest.ask("process/list").get("result", {})
        if "mine" not in json.dumps(listed) or not alive_with(self.honest_mark):
            found.append(f"the honest caller's run has gone: {listed}")
        if not until(lambda: len(children(pid)) == self.base_children):
            found.append(f"{len(children(pid))} processes of the monitor, not {self.base_children}")
        if not until(lambda: descriptors(pid) == self.base_descriptors):
            found.append(f"{descriptors(pid)} descriptors, not {self.base_descriptors}")
        if not until(lambda: resident(pid) <= self.base_resident + memory, 2):
            found.append(f"{resident(pid) >> 20} MiB resident, {self.base_resident >> 20} before")
        if not until(lambda: self.files() == self.base_files):
            found.append(f"files are left: {sorted(set(self.files()) ^ set(self.base_files))}")
        return found

    def files(self):
        return sorted(os.path.join(where, name) for where, below, names in os.walk(self.workspace)
                      for name in below + names)

    def finish(self):
        self.honest.close()
        self.monitor.terminate()
        try:
            self.monitor.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.monitor.kill()
            return ["the monitor does not end"]
        left = alive_with(self.mark) + alive_with(self.honest_mark)
        return [f"processes are left: {left}"] if left else []
