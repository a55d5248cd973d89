"""A fetch, with the monitor's link in our hands, by the layouts of <cordon/fetch_proto.h>; and servers that it fetches from."""
import os
import socket
import ssl
import struct
import threading

import world
from cases import Trouble
from resolver import string

REQUEST, HOP, ALLOW, REFUSE, RESULT = 2, 3, 4, 5, 6
DONE, FAILED, BLOCKED, INVALID = 1, 2, 3, 4
FETCH = os.path.join(os.path.dirname(world.NETGUARD), "cordon-fetch")


def data(some):
    return struct.pack("<I", len(some)) + some


def vector(words):
    return struct.pack("<I", len(words)) + b"".join(data(w if isinstance(w, bytes) else w.encode()) for w in words)


def request(url, method="GET", headers=(), body=b"", max_bytes=1 << 20, timeout_ms=10000, redirects=10, wrap=False, earlier=()):
    return (data(url if isinstance(url, bytes) else url.encode()) + string(method) + vector(headers) + data(body) +
            struct.pack("<IIIBB", max_bytes, timeout_ms, redirects, wrap, len(earlier)) + b"".join(map(string, earlier)))


class Reader:
    """Bytes that are read from their begin on."""

    def __init__(self, bytes_):
        self.left = bytes_

    def take(self, form):
        size = struct.calcsize(form)
        some, self.left = struct.unpack(form, self.left[:size]), self.left[size:]
        return some[0] if len(some) == 1 else some

    def data(self):
        size = self.take("<I")
        some, self.left = self.left[:size], self.left[size:]
        return some

    def string(self):
        return self.data().decode()

    def address(self):
        family = self.take("<B")
        return socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6, self.take("<4s" if family == 4 else "<16s"))

    def host(self):
        return self.string() if self.take("<B") == 1 else self.address()


class Result:
    """What a RESULT says, and its files."""

    def __init__(self, body, fds):
        r = Reader(body)
        self.outcome, self.reason, self.text = r.take("<B"), r.string(), r.string()
        self.steps = []
        for _ in range(r.take("<B")):
            url = r.string()
            where = r.address() if r.take("<B") else None
            self.steps.append((url, where, *r.take("<HH")))
        self.body = self.wrapped = None
        if self.outcome == DONE:
            words = [r.string() for _ in range(r.take("<I"))]
            self.headers = list(zip(words[::2], words[1::2]))
            self.dropped, self.bytes, self.truncated, self.is_text = r.take("<IQBB")
            self.digest, self.boundary = r.take("<32s"), r.string()
            self.wrapped_bytes, self.neutralised, self.invisible, self.hidden = r.take("<QIIQ")
            files = []
            for fd in fds:
                with open(fd, "rb", closefd=True) as f:
                    f.seek(0)
                    files.append(f.read())
            self.body = files[0]
            self.wrapped = files[1].decode() if len(files) > 1 else None
        if r.left:
            raise Trouble("a result has bytes behind")


class Fetch(world.Process):
    """A fetch whose dialer is a real one. allows: host -> addresses that it is granted; what is not there is refused."""

    def __init__(self, place, allows, kind=world.PUBLIC):
        self.dialer = world.Dialer(place)
        self.allows, self.kind = allows, kind
        self.hops, self.grants = [], 0
        super().__init__(place, None, [self.dialer.asker_end(2)], FETCH)

    def hear_files(self):
        """(message, body, descriptors)"""
        body, fds, _, _ = socket.recv_fds(self.monitor.end, 1 << 20, 8)
        if not body:
            raise Trouble(f"the fetch has ended: {self.ended()}")
        message, flags = struct.unpack("<HH", body[:4])
        body = body[4:]
        if flags & 1:  # it did not fit a packet
            with open(fds.pop(0), "rb") as f:
                f.seek(0)
                body = f.read()
        return message, body, fds

    def answer(self, body):
        """To a HOP."""
        r = Reader(body)
        r.take("<B")
        host, port, url = r.host(), r.take("<H"), r.string()
        self.hops.append(url)
        if host not in self.allows:
            self.monitor.say(REFUSE, string("net.not_listed") + string("nobody has listed it"))
            return
        self.grants += 1
        refused = self.dialer.grant(self.grants, self.allows[host], port, self.kind, 5000, 2)
        if refused:
            raise Trouble(f"a hop was not granted: {refused}")
        self.monitor.say(ALLOW, world.grant(self.grants, self.allows[host], port, self.kind, 5000, 2))

    def get(self, url, **options):
        """The Result. Done once."""
        self.monitor.say(REQUEST, request(url, **options))
        while True:
            message, body, fds = self.hear_files()
            if message == RESULT:
                return Result(body, fds)
            if message != HOP:
                raise Trouble(f"the fetch says {message}")
            self.answer(body)


class Web:
    """handler(head, body) gives bytes, a list of them, or None: nothing is said. Heads are kept in .asked, in order."""

    def __init__(self, place, where, handler, port=0, tls=None):
        self.listener = world.listener(place, where, 64, port)
        self.where, self.port = where, self.listener.getsockname()[1]
        self.handler, self.tls, self.asked, self.bodies = handler, tls, [], []
        self.open = []
        place.ends.append(self.finish)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def close(self):
        """From here on its port is free."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(world.PATIENCE)
        self.listener.close()

    def finish(self):
        self.close()
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            with (self.tls.wrap_socket(s, server_side=True) if self.tls else s) as c:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = c.recv(65536)
                    if not more:
                        return
                    head += more
                head, body = head.split(b"\r\n\r\n", 1)
                want = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                while len(body) < (want or [0])[0]:
                    body += c.recv(65536)
                self.asked.append(head.decode("latin-1"))
                self.bodies.append(body)
                said = self.handler(head.decode("latin-1"), body)
                if said is None:
                    c.recv(1)
                    return
                for part in [said] if isinstance(said, bytes) else said:
                    c.sendall(part)
        except (OSError, ssl.SSLError, ValueError):
            pass


def reply(body=b"", status="200 OK", *headers):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode() + b"".join(h.encode() + b"\r\n" for h in headers) + b"\r\n" + body


def to(where, status="302 Found"):
    return reply(b"", status, f"Location: {where}")

