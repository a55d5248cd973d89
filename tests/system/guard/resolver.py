"""The guard's resolver, with the monitor's link in our hands, by the layouts of <cordon/guard_proto.h>."""
import socket
import struct

import world
from cases import Trouble

SERVERS, LOOK_UP, FOUND = 32, 33, 34


def short(text):
    """An address as guard_proto has it."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return struct.pack("<B", 6 if ":" in text else 4) + socket.inet_pton(family, text)


def string(text):
    return struct.pack("<I", len(text)) + text.encode()


def servers(all_):
    """(address, port, grant by UDP, grant by TCP) of each."""
    return struct.pack("<B", len(all_)) + b"".join(
        short(where) + struct.pack("<HQQB", port, udp, tcp, 0) for where, port, udp, tcp in all_)


def look_up(number, name, kind=1):
    return struct.pack("<QB", number, kind) + string(name)


def found(body):
    """(id, "TTL ADDRESS..." or the reason)"""
    number, size = struct.unpack("<QI", body[:12])
    reason, body = body[12:12 + size].decode(), body[12 + size:]
    size, = struct.unpack("<I", body[:4])
    text, body = body[4:4 + size].decode(), body[4 + size:]
    ttl, count = struct.unpack("<IB", body[:5])
    body = body[5:]
    said = [str(ttl)]
    for _ in range(count):
        size = 4 if body[0] == 4 else 16
        said.append(socket.inet_ntop(socket.AF_INET if size == 4 else socket.AF_INET6, body[1:1 + size]))
        body = body[1 + size:]
    if body or (count == 0) != bool(reason) or bool(text) != bool(reason):
        raise Trouble(f"what was found has the wrong shape: {reason!r} {text!r} {said} {body!r}")
    return number, reason or " ".join(said)


class Resolver(world.Process):
    """One whose dialer is a real one. uses: dns.Server, or (address, port) where nobody is."""

    def __init__(self, place, *uses):
        self.dialer = world.Dialer(place)
        super().__init__(place, "resolve", [self.dialer.asker_end(2)])
        self.grants, self.asked = 0, 0
        if uses:
            self.use(*uses)

    def use(self, *uses):
        all_ = []
        for use in uses:
            where, port = use if isinstance(use, tuple) else (use.where, use.port)
            for kind in (world.RESOLVER_UDP, world.RESOLVER_TCP):
                self.grants += 1
                refused = self.dialer.grant(self.grants, [where], port, kind, 5000, 2)
                if refused:
                    raise Trouble(f"the resolver was not granted: {refused}")
            all_.append((where, port, self.grants - 1, self.grants))
        self.monitor.say(SERVERS, servers(all_))

    def begin(self, name):
        self.asked += 1
        self.monitor.say(LOOK_UP, look_up(self.asked, name))
        return self.asked

    def hear(self):
        return found(self.monitor.wants(FOUND)[1])

    def ask(self, name):
        number = self.begin(name)
        got, said = self.hear()
        if got != number:
            raise Trouble("another question was answered")
        return said
