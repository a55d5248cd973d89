"""A relay with its monitor and its dialer, and captured networks of runs, in which sockets can be made."""
import array
import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import threading
import time

import world
from cases import CORDON, Trouble, same

LIBC = ctypes.CDLL(None, use_errno=True)
MAKE = os.path.join(os.environ.get("TOOLS") or os.path.dirname(CORDON or ""), "capture_make")
READY, SERVE, ASK, ALLOW, REFUSE, TRAFFIC, UNLISTED, END, ENDED = range(1, 10)
TLS, HTTP, OPAQUE = 1, 2, 3
SOME = "93.184.216.34"
VERIFIED = (None, "tls", "http")
NO_LIMIT = 2**64 - 1


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


class Captured:
    """The network of one run. socket() makes one in there."""

    def __init__(self, place):
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        high = os.dup2(its.fileno(), 240)
        with mine, its:
            done = subprocess.run([MAKE], preexec_fn=lambda: os.dup2(high, 3), close_fds=False, check=False)
            os.close(high)
            if done.returncode != 0:
                raise Trouble("a captured network could not be made")
            _, rights, _, _ = mine.recvmsg(16, 4096, socket.MSG_CMSG_CLOEXEC)
        fds = array.array("i")
        for _, _, some in rights:
            fds.frombytes(some)
        self.ns, self.sockets = fds[0], list(fds[1:])
        place.ends.append(self.finish)

    def finish(self):
        for fd in [self.ns, *self.sockets]:
            os.close(fd)
        self.ns, self.sockets = -1, []

    def given(self):
        """They are somebody else's."""
        for fd in self.sockets:
            os.close(fd)
        self.sockets = []

    @contextlib.contextmanager
    def inside(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if LIBC.setns(self.ns, 0x40000000) != 0:
                raise Trouble("the captured network cannot be entered")
            yield
        finally:
            LIBC.setns(home, 0x40000000)
            os.close(home)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        with self.inside():
            s = socket.socket(family, kind)
        s.settimeout(world.PATIENCE)
        return s

    def connect(self, where, port):
        s = self.socket(socket.AF_INET6 if ":" in where else socket.AF_INET)
        s.connect((where, port))
        return s

    def look_up(self, name, type_=1):
        """(rcode, first address or None)"""
        with self.socket(kind=socket.SOCK_DGRAM) as s:
            s.connect(("198.18.0.1", 53))
            query = struct.pack(">HHHHHH", 77, 0x100, 1, 0, 0, 0) + b"".join(
                struct.pack("B", len(part)) + part.encode() for part in name.split(".")) + struct.pack(">BHH", 0, type_, 1)
            s.send(query)
            answer = s.recv(4096)
        count = struct.unpack(">H", answer[6:8])[0]
        return answer[3] & 15, socket.inet_ntoa(answer[-4:]) if count else None


class Relay(world.Process):
    """A relay whose monitor does as `rules` says: {(host, port): (as, addresses, port), or a reason}; with no rule an ASK
    stays without an answer until it is told to answer()."""

    def __init__(self, place, files=None):
        self.dialer = world.Dialer(place)
        self.rules, self.fresh_ms, self.ech = {}, 60000, 0
        self.asked, self.open_asks, self.traffic, self.unlisted, self.ended_runs = [], {}, {}, [], []
        self.heard, self.problem = threading.Condition(), None
        self.grants, self.runs = 0, 0
        self.reads = threading.Event()
        self.reads.set()
        super().__init__(place, "relay", [self.dialer.asker_end(2)], files=files)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.monitor.end.settimeout(None)
        self.thread.start()

    def finish(self):
        with contextlib.suppress(OSError):
            self.monitor.end.shutdown(socket.SHUT_RDWR)
        self.thread.join(world.PATIENCE)
        try:
            status, said = self.process.wait(world.PATIENCE), self.process.stderr.read()
        except subprocess.TimeoutExpired:
            status, said = "not to end", b""
        super().finish()
        if status not in (0, 1, -9) or b"Sanitizer" in said:
            print(f"# the relay ended with {status}: {said.decode()}", flush=True)
            os._exit(1)

    @contextlib.contextmanager
    def deaf(self):
        """Nothing is read meanwhile, but for what is on its way."""
        self.reads.clear()
        try:
            yield
        finally:
            self.reads.set()

    def listen(self):
        while True:
            self.reads.wait()
            try:
                heard = self.monitor.hear()
            except (OSError, Trouble):
                heard = None
            with self.heard:
                if heard is None:
                    self.problem = self.problem or "the relay has gone"
                else:
                    try:
                        self.take(*heard[:2])
                    except (Trouble, OSError, struct.error) as e:
                        self.problem = repr(e)
                self.heard.notify_all()
            if heard is None:
                return

    def take(self, message, body):
        run, = struct.unpack("<Q", body[:8])
        if message == ENDED:
            self.ended_runs.append(run)
        elif message == UNLISTED:
            self.unlisted.append((run, body[12:].decode()))
        elif message == TRAFFIC:
            number, *counts, verified, size = struct.unpack("<I6QBI", body[8:65])
            keys = ("begun", "open", "out", "in", "refused", "failed")
            self.traffic[run, number] = dict(zip(keys, counts), verified=VERIFIED[verified],
                                             reason=body[65:65 + size].decode())
        elif message == ASK:
            number, kind = struct.unpack("<IB", body[8:13])
            if kind == 1:
                host = body[17:-2].decode()
            else:
                host = socket.inet_ntop(socket.AF_INET if body[13] == 4 else socket.AF_INET6, body[14:-2])
            port, = struct.unpack("<H", body[-2:])
            self.asked.append((run, number, host, port))
            self.open_asks[run, number] = (host, port)
            if (host, port) in self.rules:
                self.answer(run, number)
        else:
            raise Trouble(f"the relay says {message}")

    def answer(self, run, number):
        rule = self.rules[self.open_asks.pop((run, number))]
        if isinstance(rule, str):
            self.monitor.say(REFUSE, struct.pack("<QII", run, number, self.fresh_ms) + text(rule))
            return
        as_, addresses, port, *kind = rule
        self.grants += 1
        kind = kind[0] if kind else world.PUBLIC
        refused = self.dialer.grant(self.grants, addresses, port, kind, asker=2)
        if refused is not None:
            raise Trouble(f"not granted: {refused}")
        self.monitor.say(ALLOW, struct.pack("<QIBBI", run, number, as_, self.ech, self.fresh_ms) +
                         world.grant(self.grants, addresses, port, kind, asker=2))

    def serve(self, captured, listed=(), others=0, connections=NO_LIMIT, rate=NO_LIMIT, out=NO_LIMIT, in_=NO_LIMIT,
              names=NO_LIMIT):
        """The number of a new run. listed: names, "*." before those below, "!" before the refused."""
        self.runs += 1
        body = struct.pack("<6QBI", self.runs, connections, rate, out, in_, names, others, len(listed))
        for name in listed:
            plain = name.lstrip("!").removeprefix("*.")
            body += struct.pack("<BBI", name[0] == "!", "*." in name, len(plain) + 1) + plain.encode() + b"\0"
        self.monitor.say(SERVE, body, captured.sockets)
        captured.given()
        return self.runs

    def end(self, run):
        self.monitor.say(END, struct.pack("<Q", run))

    def until(self, what, truth, seconds=world.PATIENCE):
        """Waits for what was heard to be so. truth() gives what is returned."""
        deadline = time.monotonic() + seconds
        with self.heard:
            while not (found := truth()):
                if self.problem or not self.heard.wait(max(0, deadline - time.monotonic())):
                    raise Trouble(f"{what} does not come:", self.problem, self.traffic, self.asked)
        return found

    def counts(self, run, number, **wanted):
        """Waits until the traffic of a destination is that."""
        def fits():
            got = self.traffic.get((run, number), {})
            return got if all(got.get(k) == v for k, v in wanted.items()) else None
        return self.until(f"traffic of {wanted}", fits)


def read_all(s, size=None):
    data = b""
    while size is None or len(data) < size:
        more = s.recv(65536)
        if not more:
            break
        data += more
    return data


def is_reset(s):
    """Whether the other end has ended it with a reset, which may be heard at the next write."""
    try:
        while s.recv(65536):
            pass
        return False
    except ConnectionResetError:
        return True


class Lab:
    """One run, its relay, and a listener with the rule for it."""

    def __init__(self, place, as_=OPAQUE, name="a.example", where=SOME, **bounds):
        self.relay = Relay(place, bounds.pop("files", None))
        self.captured = Captured(place)
        self.server = world.listener(place, where, 128)
        self.port = self.server.getsockname()[1]
        self.name = name
        self.relay.rules[name, self.port] = (as_, [where], self.port)
        self.run = self.relay.serve(self.captured, bounds.pop("listed", [name]), **bounds)
        self.place = place

    def address(self, name=None):
        rcode, address = self.captured.look_up(name or self.name)
        same(rcode, 0, f"the answer for {name or self.name}")
        return address

    def client(self, where=None):
        s = self.captured.connect(where or self.address(), self.port)
        self.place.ends.append(s.close)
        return s

    def refused(self, where=None, said=b""):
        """Whether a new connection is reset; with nothing said that may be before it is known to be there."""
        try:
            client = self.client(where)
            client.sendall(said)
            return is_reset(client)
        except (ConnectionResetError, BrokenPipeError):
            return True

    def accept(self):
        s = self.server.accept()[0]
        s.settimeout(world.PATIENCE)
        self.place.ends.append(s.close)
        return s

    def pair(self):
        client = self.client()
        return client, self.accept()


def cpu(relay):
    """Seconds that it has used."""
    with open(f"/proc/{relay.process.pid}/stat", encoding="ascii") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def memory(relay):
    """Bytes of its own."""
    with open(f"/proc/{relay.process.pid}/status", encoding="ascii") as f:
        return int(f.read().split("RssAnon:")[1].split()[0]) * 1024


def descriptors(relay):
    """Wakes nobody; root's to see, for the relay is not dumpable. None: it is not ours to see."""
    try:
        return len(os.listdir(f"/proc/{relay.process.pid}/fd"))
    except PermissionError:
        return None
