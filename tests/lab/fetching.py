"""What tests of fetches share: the odd pages, the packets that leave, `cordon fetch`, and a pipe."""
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading

import lab as of
from cases import Trouble, check, same

P, S = "http://pages.example.org", "https://pages.example.org"
PLACES = [[of.PAGES, 80, False], [of.PAGES, 443, True], [of.PAGES, 8080, False], [of.PAGES, 8443, True], [of.SECOND, 80, False],
          [of.SECOND, 443, True], [of.SECOND, 8080, False], [of.THERE, 8000, False]]


class Packets:
    """The beginnings of TCP connections that leave "here", or stay in it, as the kernel sends them: what was dialed in truth."""

    def __init__(self):
        self.seen, self.sockets = [], []
        self.stop, self.mine = socket.socketpair()
        for device in ("veth", "lo"):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
            s.bind((device, 3))
            s.setblocking(False)
            self.sockets.append(s)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while True:
                ready = select.select([*self.sockets, self.mine], [], [])[0]
                for s in self.sockets:  # before who asks: it hears of all that was sent until then
                    self.drain(s)
                if self.mine in ready:
                    self.mine.sendall(self.mine.recv(1))
        except OSError:  # the world has ended
            return

    def drain(self, s):
        while True:
            try:
                data, sender = s.recvfrom(2048)
            except BlockingIOError:
                return
            if sender[2] == socket.PACKET_OUTGOING:
                self.look(data[14:])

    def look(self, packet):
        version = packet[0] >> 4
        if version == 4 and packet[9] == socket.IPPROTO_TCP:
            to, tcp = socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[4 * (packet[0] & 15):]
        elif version == 6 and packet[6] == socket.IPPROTO_TCP:
            to, tcp = socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[40:]
        else:
            return
        port, flags = struct.unpack(">H", tcp[2:4])[0], tcp[13]
        if flags & 0x12 == 2 and port != 53:  # SYN alone; name servers are asked by TCP, too
            self.seen.append(f"[{to}]:{port}" if version == 6 else f"{to}:{port}")

    def take(self):
        """Those since the last time. What was sent before this was called has been seen."""
        self.stop.sendall(b"x")
        self.stop.recv(1)
        seen, self.seen = self.seen, []
        return seen


def begin(lab):
    """Everything in the world besides its ordinary servers. Its authority is the system's, as update-ca-certificates would do it."""
    lab.serve("pages", sys.executable, os.path.join(lab.code, "pages.py"),
              json.dumps([PLACES, f"{lab.world}/leaf.pem", f"{lab.world}/leaf.key", lab.log]))
    lab.run("mount", "--bind", f"{lab.world}/ca.pem", os.path.realpath("/etc/ssl/certs/ca-certificates.crt"))
    # Every address there is leads to the world, which refuses connections that nobody waits for.
    lab.run(*lab.in_world(), "ip", "route", "add", "local", "default", "dev", "lo")
    if lab.six:
        lab.run(*lab.in_world(), "ip", "-6", "route", "add", "local", "default", "dev", "lo")
    return Packets()


class Fetched:
    """What `cordon fetch --json` has said. said: that line, or None."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err, self.said = status, out, err, None
        if out.startswith("{"):
            check(out.count("\n") == 1, f"it is not one line: {out!r}")
            self.said = json.loads(out)

    def __str__(self):
        return f"status {self.status}; out: {self.out[:600]!r}; err: {self.err!r}"

    @property
    def verdict(self):
        return self.said["verdict"], self.said["reason"], self.said["status"]

    @property
    def text(self):
        return self.said["body"]["text"]

    @property
    def hops(self):
        return [(h["url"], h["address"], h["status"]) for h in self.said["hops"]]


STATUS = {"block": 126, "invalid": 65}


class Fetcher:
    """`cordon fetch`, and what leaves meanwhile."""

    def __init__(self, packets):
        self.packets = packets

    def plain(self, place, url, *options, network=None, env=None):
        profile = ["-p", place.file("fetch.json", json.dumps({
            "cordonProfile": 1, "name": "fetch", "extends": ["default"], "widens": ["network"], "network": network}), 0o600)] if network else []
        done = subprocess.run([*of.plain(), of.CORDON, "fetch", *profile, *options, "--", url], check=False, capture_output=True, cwd=place.work,
                              stdin=subprocess.DEVNULL, env=of.clean_environment(place.home, **(env or {})))
        return Fetched(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def on_terminal(self, place, url):
        """What a terminal is told."""
        ours, theirs = os.openpty()
        process = subprocess.Popen([*of.plain(), of.CORDON, "fetch", "--", url], cwd=place.work, stdin=subprocess.DEVNULL, stdout=theirs,
                                   stderr=subprocess.STDOUT, env=of.clean_environment(place.home))
        os.close(theirs)
        said = b""
        try:
            while True:
                said += os.read(ours, 65536)
        except OSError:  # nobody holds the other end any more
            pass
        os.close(ours)
        same(process.wait(), 0, f"the exit status; it said {said!r}")
        return said.replace(b"\r\n", b"\n").decode()

    def __call__(self, place, url, *options, **more):
        """With --json; what it says of itself agrees with what it did."""
        self.packets.take()
        f = self.plain(place, url, "--json", *options, **more)
        left = self.packets.take()
        check(f.said is not None, f"{url!r}: no line: {f}")
        verdict, _, status = f.verdict
        same(f.status, STATUS.get(verdict, 69 if status is None else 0), f"the exit status of {f}")
        check(set(f.said["dialed"]) <= set(left), f"it has not dialed {f.said['dialed']}, but {left}")
        if not f.said["hops"]:
            same((f.said["dialed"], left), ([], []), f"what was dialed by {f}")
        return f


def rows(path):
    """(verdict, reason, URL as bytes, why) of each form of the corpus of URLs."""
    found = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                fields = line.split("\t")
                if len(fields) != 5:
                    raise Trouble(f"{path}:{number}: {len(fields)} fields")
                url = fields[2].encode("latin-1").decode("unicode_escape").encode("latin-1")
                found.append((fields[0], fields[1], url, fields[3], f"{os.path.basename(path)}:{number}: {fields[4]}"))
    return found
