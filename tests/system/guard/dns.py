"""A DNS server that tells the truth or lies, as a case wants it to (RFC 1035), and a relay that asks it."""
import os
import selectors
import socket
import struct
import subprocess
import threading

import world
from cases import CORDON, Trouble

A, CNAME, AAAA = 1, 5, 28
TYPES = {"A": A, "AAAA": AAAA, "CNAME": CNAME}
DRIVE = os.path.join(os.environ.get("TOOLS") or os.path.dirname(CORDON or ""), "guard_drive")


def name(text):
    return b"".join(struct.pack("B", len(label)) + label.encode() for label in text.split(".") if label) + b"\0"


class Query:
    """One question, and answers to it."""

    def __init__(self, data, by_tcp):
        self.data, self.by_tcp = data, by_tcp
        self.id = data[:2]
        end, labels = 12, []
        while data[end]:
            labels.append(data[end + 1:end + 1 + data[end]].decode())
            end += 1 + data[end]
        self.name = ".".join(labels)
        self.type = struct.unpack(">H", data[end + 1:end + 3])[0]
        self.question = data[12:end + 5]

    def record(self, type_, value, ttl=300, owner=None):
        if type_ == CNAME:
            value = name(value)
        elif isinstance(value, str):
            value = socket.inet_pton(socket.AF_INET6 if type_ == AAAA else socket.AF_INET, value)
        return name(self.name if owner is None else owner) + struct.pack(">HHIH", type_, 1, ttl, len(value)) + value

    def answer(self, records=(), rcode=0, bits=0x8180, id_=None, question=None, more=b""):
        return ((id_ or self.id) + struct.pack(">HHHHH", bits | rcode, 1, len(records), 0, 0) +
                (question or self.question) + b"".join(records) + more)

    def addresses(self, *texts, ttl=300):
        """Those of the type that is asked for."""
        return self.answer([self.record(self.type, t, ttl) for t in texts if (":" in t) == (self.type == AAAA)])


class Server:
    """handler(query) gives bytes, several in a list, or None: nothing is said. Every query is kept in .asked."""

    def __init__(self, place, handler, where="127.0.0.53", by_tcp=True, port=0):
        self.handler, self.where, self.asked = handler, where, []
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp.bind((where, port))
        self.port = self.tcp.getsockname()[1]
        self.udp.bind((where, self.port))
        if by_tcp:
            self.tcp.listen(16)
        self.stop, stopped = socket.socketpair()
        thread = threading.Thread(target=self.serve, args=(stopped,), daemon=True)
        thread.start()

        def finish():
            self.stop.close()
            thread.join(world.PATIENCE)
            self.tcp.close()
            self.udp.close()
            stopped.close()
        place.ends.append(finish)

    def answers(self, data, by_tcp):
        query = Query(data, by_tcp)
        self.asked.append(query)
        said = self.handler(query)
        return [] if said is None else [said] if isinstance(said, bytes) else said

    def serve(self, stopped):
        with selectors.DefaultSelector() as ready:
            for s in (stopped, self.udp, self.tcp):
                if s is not self.tcp or s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    ready.register(s, selectors.EVENT_READ)
            connections = []
            while True:
                for key, _ in ready.select():
                    s = key.fileobj
                    if s is stopped:
                        for c in connections:
                            c.close()
                        return
                    if s is self.udp:
                        data, sender = s.recvfrom(65536)
                        for said in self.answers(data, False):
                            s.sendto(said, sender)
                    elif s is self.tcp:
                        connections.append(s.accept()[0])
                        ready.register(connections[-1], selectors.EVENT_READ)
                    else:
                        try:
                            self.serve_tcp(s)
                        except OSError:
                            ready.unregister(s)

    def serve_tcp(self, s):
        data = s.recv(65536)  # queries are short and each is sent at once
        if not data:
            raise OSError("the end")
        while len(data) >= 2:
            size = struct.unpack(">H", data[:2])[0]
            for said in self.answers(data[2:2 + size], True):
                s.sendall(struct.pack(">H", len(said)) + said)
            data = data[2 + size:]


class Relay:
    """A relay that does what it is told (tests/helpers/guard_drive.c), and the dialer that it asks. servers: (address, port)."""

    def __init__(self, place, servers, timeout_ms=1000, local=()):
        self.said = b""
        self.dialer = world.Dialer(place)
        end = self.dialer.relay.end
        high = os.dup2(end.fileno(), 220)
        self.process = subprocess.Popen(
            [DRIVE, *local], preexec_fn=lambda: os.dup2(high, 3), close_fds=False,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"GUARD_TIMEOUT_MS": str(timeout_ms)})
        os.close(high)
        end.close()
        place.ends.append(self.finish)
        for i, (where, port) in enumerate(servers):
            for kind, number in ((world.RESOLVER_UDP, 2 * i + 1), (world.RESOLVER_TCP, 2 * i + 2)):
                refused = self.dialer.grant(number, [where], port, kind, 5000)
                if refused:
                    raise Trouble(f"the resolver was not granted: {refused}")
            self.tell(f"server {where} {port} {2 * i + 1} {2 * i + 2} 0")

    def finish(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(world.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        if status != 0:
            print(f"# guard_drive ended with {status}: AddressSanitizer or a mistake of the case", flush=True)
            os._exit(1)

    def tell(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def hear(self):
        while b"\n" not in self.said:
            if world.is_silent(self.process.stdout, world.PATIENCE):
                raise Trouble("the relay says nothing")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Trouble("the relay has ended")
            self.said += more
        line, self.said = self.said.split(b"\n", 1)
        return line.decode()

    def ask(self, line):
        self.tell(line)
        return self.hear()
