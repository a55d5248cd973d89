"""A network of its own for tests of the guard, and the links of its dialer.

enter() runs the program again in a new network namespace, started by root also as an ordinary user in a user namespace.
In there every address leads to the namespace itself and none but 127.0.0.1 and ::1 is an interface's: so a public address
has real listeners, without the machine's network. What the guard says goes by the layouts of <cordon/dial_proto.h>."""
import array
import fcntl
import os
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pipe"))
from cases import CORDON, MUST_WORK, Trouble  # noqa: E402

NETGUARD = os.path.join(os.path.dirname(CORDON or ""), "cordon-netguard")
PATIENCE = float(os.environ.get("CORDON_PATIENCE", "30"))
ROUTES = ("route add local default dev lo", "-6 route add local default dev lo")
PUBLIC, PRIVATE, RESOLVER_TCP, RESOLVER_UDP = 1, 2, 3, 4
(FINE, FORBIDDEN, TWICE, FULL, NOT_GRANTED, GONE, TIMEOUT, FAILED, OTHER_END, BLIND) = range(10)
READY, GRANT, GRANTED, UNGRANTED, WITHDRAW, WITHDRAWN, ASKER = 1, 2, 3, 4, 5, 6, 7
DIAL, HANG_UP, CONNECTED, UNCONNECTED = 16, 17, 18, 19


def enter(also=""):
    """Returns inside; outside it ends the program with what came out inside. also: letters of unshare(1), for more namespaces."""
    if os.environ.get("CORDON_WORLD"):
        for command in ("link set lo up", *ROUTES):
            subprocess.run(["ip", *command.split()], check=True)
        return
    ways = [["unshare", f"-n{also}"]] if os.geteuid() == 0 else []
    user = ["unshare", f"-Urn{also}"]
    if os.geteuid() == 0:
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *user]
    # A clone below /root is not another user's to read; scripts/test tries it by a copy.
    as_user = user[:-2]
    if as_user and subprocess.run([*as_user, "test", "-r", os.path.realpath(sys.argv[0]), "-a", "-x", NETGUARD],
                                  check=False).returncode != 0:
        print("# skipped: as an ordinary user, who cannot read this", flush=True)
    elif subprocess.run([*user, "true"], check=False).returncode == 0 or MUST_WORK or not ways:
        ways.append(user)
    else:
        print("# skipped: this machine does not let an ordinary user do this", flush=True)
    results = []
    for way in ways:
        print(f"# {' '.join(way)}", flush=True)
        results.append(subprocess.run([*way, sys.executable, *sys.argv], check=False,
                                      env=dict(os.environ, CORDON_WORLD="1")).returncode)
    sys.exit(max(results, default=1))


def address(text):
    family = 6 if ":" in text else 4
    return struct.pack("<B16s", family, socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, text))


def grant(number, addresses, port, kind=PUBLIC, timeout_ms=5000, asker=1):
    return struct.pack("<QIBHIB", number, asker, kind, port, timeout_ms, len(addresses)) + b"".join(map(address, addresses))


class Link:
    """One end of a link."""

    def __init__(self, end):
        self.end = end
        end.settimeout(PATIENCE)

    def say(self, message, body=b"", fds=()):
        flags = 0
        if len(body) > 65536:  # by a sealed memfd: base/link.c
            memory = os.memfd_create("message", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
            with open(memory, "wb", closefd=False) as f:
                f.write(body)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, 15)
            body, fds, flags = b"", [memory, *fds], 1
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.end.sendmsg([struct.pack("<HH", message, flags) + body], rights)
        if flags:
            os.close(memory)

    def hear(self):
        """(message, body, socket or None), or None when the other end has gone."""
        try:
            data, rights, _, _ = self.end.recvmsg(70000, 4096, socket.MSG_CMSG_CLOEXEC)
        except socket.timeout as e:
            raise Trouble("the dialer says nothing") from e
        except ConnectionResetError:
            return None
        if not data:
            return None
        fds = array.array("i")
        for _, _, some in rights:
            fds.frombytes(some)
        return struct.unpack("<H", data[:2])[0], data[4:], socket.socket(fileno=fds[0]) if fds else None

    def wants(self, message):
        heard = self.hear()
        if heard is None or heard[0] != message:
            raise Trouble(f"message {message} is wanted, heard is {heard}")
        return heard


class Asker:
    """An asker's end of its link to the dialer."""

    def __init__(self, end):
        self.link = Link(end)
        self.requests = 0

    def ask(self, number, at=0):
        """Asks and does not wait. Returns the request."""
        self.requests += 1
        self.link.say(DIAL, struct.pack("<QQB", self.requests, number, at))
        return self.requests

    def hear(self):
        """(request, socket or None, why, errno)"""
        message, body, got = self.link.hear() or (0, b"", None)
        if message == CONNECTED:
            return struct.unpack("<Q", body)[0], got, FINE, 0
        if message == UNCONNECTED and got is None:
            request, why, sys_ = struct.unpack("<QBI", body)
            return request, None, why, sys_
        raise Trouble(f"the asker heard {message} {body!r}")

    def dial(self, number, at=0):
        """(socket, why, errno)"""
        request = self.ask(number, at)
        got, sock, why, sys_ = self.hear()
        if got != request:
            raise Trouble("another request was answered")
        return sock, why, sys_

    def dropped(self):
        """Waits until the dialer has closed its end."""
        while self.link.hear() is not None:
            pass


def start(role, ends, program=NETGUARD, files=None):
    """Starts a process of the guard with these links, which are closed here. files: the descriptors it may have."""
    moved = [os.dup(end.fileno()) for end in ends]
    high = [os.dup2(fd, 200 + i) for i, fd in enumerate(moved)]
    for fd in moved:
        os.close(fd)

    def arrange():
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    process = subprocess.Popen([program, role] if role else [program], preexec_fn=arrange, close_fds=False, stderr=subprocess.PIPE, env={})
    for end in ends:
        end.close()
    for fd in high:
        os.close(fd)
    return process


class Process:
    """A process of the guard with the monitor's end of its link in our hands."""

    def __init__(self, place, role, ends=(), program=NETGUARD, files=None):
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.monitor = Link(mine)
        self.process = start(role, [its, *ends], program, files)
        place.ends.append(self.finish)
        self.monitor.wants(READY)

    def finish(self):
        self.monitor.end.close()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def ended(self):
        """Its status and what it said, when it has ended by itself."""
        status = self.process.wait(PATIENCE)
        return status, self.process.stderr.read().decode()


class Dialer(Process):
    """A dialer and one asker, its first, with their links in our hands."""

    def __init__(self, place):
        super().__init__(place, "dial")
        self.place = place
        self.first = self.asker(1)
        self.relay, self.ask, self.hear, self.dial = self.first.link, self.first.ask, self.first.hear, self.first.dial

    def asker_end(self, number):
        """The end of a new asker's link."""
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.place.ends.append(mine.close)
        with its:
            self.monitor.say(ASKER, struct.pack("<Q", number), [its.fileno()])
        return mine

    def asker(self, number):
        return Asker(self.asker_end(number))

    def grant(self, number, addresses, port, kind=PUBLIC, timeout_ms=5000, asker=1):
        """None, or (why, at)."""
        self.monitor.say(GRANT, grant(number, addresses, port, kind, timeout_ms, asker))
        message, body, _ = self.monitor.hear()
        if message == GRANTED and body == struct.pack("<Q", number):
            return None
        got, at, why, _ = struct.unpack("<QBBI", body)
        if message != UNGRANTED or got != number:
            raise Trouble("another answer than to what was asked")
        return why, at

    def withdraw(self, number):
        self.monitor.say(WITHDRAW, struct.pack("<Q", number))
        if self.monitor.wants(WITHDRAWN)[1] != struct.pack("<Q", number):
            raise Trouble("another grant was withdrawn")


def listener(place, where, backlog=16, port=0):
    family = socket.AF_INET6 if ":" in where else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    place.ends.append(s.close)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND: it is no interface's
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((where, port))
    s.listen(backlog)
    s.settimeout(PATIENCE)
    return s


def deaf_listener(place, where):
    """One whose queue is full: whoever connects hears nothing (tcp_conn_request drops it)."""
    s = listener(place, where, 0)
    filler = socket.create_connection(s.getsockname()[:2], PATIENCE)
    place.ends.append(filler.close)
    return s


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def is_silent(s, seconds=0.0):
    with selectors.DefaultSelector() as ready:
        ready.register(s, selectors.EVENT_READ)
        return not ready.select(seconds)


def within(seconds, what):
    """A context that fails when it takes longer."""
    class Clock:
        def __enter__(self):
            self.at = time.monotonic()

        def __exit__(self, kind, value, trace):
            if kind is None and time.monotonic() - self.at > seconds:
                raise Trouble(f"{what} took {time.monotonic() - self.at:.1f} s")
    return Clock()
