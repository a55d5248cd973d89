"""Crowds of connections: crowd.py WAY WORD..., of which "serve" is a server in the world and the others are programs of a run.

    serve HOST                  serves the ports below; says "ready"
    idle HOST COUNT             opens so many that have been answered once; after a line of input asks all again; after another closes
    row HOST COUNT              one after the other, each to its end
    slow HOST                   who never says all (port 443 and 80), who says one thing and then never all, who is never answered
    deaf HOST COUNT             reads nothing for as long as there is no line of input, then some of each
    stay HOST                   one connection; prints "ended" and why when it is over
    flood HOST                  destinations as fast as it can, each a port of HOST, until their number is used up and on
    ask BELOW                   looks up random names below BELOW, and connects with those that have an address

The clients of COUNT say "open N" and the like, a line for each step, so that who started them need not guess."""
import errno
import random
import resource
import selectors
import socket
import struct
import sys
import time

ECHO, HELLO, MUTE, PLENTY, GREET = 7000, 7001, 7002, 7003, 7004
PATIENCE = 120
AT_ONCE = 64


def say(*words):
    print(*words, flush=True)


def files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# ---- the world

def serve(host):
    files()
    ready = selectors.EpollSelector()
    for port in (ECHO, HELLO, MUTE, PLENTY, GREET, 80, 443):
        s = socket.create_server((host, port), backlog=4096)
        s.setblocking(False)
        ready.register(s, selectors.EVENT_READ, port)
    say("ready")
    kept, much = {}, bytes(1 << 16)
    while True:
        for key, events in ready.select():
            s, port = key.fileobj, key.data
            if port > 0:
                accept_some(s, port, ready, kept)
                continue
            try:
                if events & selectors.EVENT_WRITE:
                    s.send(much)
                elif data := s.recv(65536):
                    s.send(data if port == -ECHO else b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                else:
                    raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                ready.unregister(s)
                kept.pop(s.fileno()).close()


def accept_some(listener, port, ready, kept):
    for _ in range(256):
        try:
            s = listener.accept()[0]
        except BlockingIOError:
            return
        s.setblocking(False)
        if port == HELLO:
            s.send(b"hello\n")
            s.close()
            continue
        if port == GREET:
            s.send(b"hello\n")
        kept[s.fileno()] = s
        if port != MUTE:
            ready.register(s, selectors.EVENT_WRITE if port == PLENTY else selectors.EVENT_READ, -port)


# ---- the run

def one_answer(s):
    """The echo of what was sent."""
    s.sendall(b"hello\n")
    return s.recv(64) == b"hello\n"


def connected(host, port):
    s = socket.create_connection((host, int(port)), PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def idle(host, count):
    files()
    all_of_them, waiting = [], []
    for _ in range(int(count)):
        s = connected(host, ECHO)
        s.sendall(b"hello\n")
        all_of_them.append(s)
        waiting.append(s)
        if len(waiting) == AT_ONCE:
            answers(waiting)
    answers(waiting)
    say("open", len(all_of_them))
    sys.stdin.readline()
    good = sum(one_answer(s) for s in all_of_them)
    say("answered", good)
    sys.stdin.readline()
    for s in all_of_them:
        s.close()
    say("closed")


def answers(waiting):
    while waiting:
        if waiting.pop().recv(64) != b"hello\n":
            sys.exit("crowd: no answer")


def row(host, count):
    for _ in range(int(count)):
        with connected(host, HELLO) as s:
            got = b""
            while more := s.recv(64):
                got += more
            if got != b"hello\n":
                sys.exit(f"crowd: {got!r}")
    say("all", count)


def slow(host):
    """Each of them is a step of a second: (what it is, its socket, the bytes it drips)."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    head = b"GET / HTTP/1.1\r\nHost: " + host.encode() + b"\r\n"
    drips = {
        "no hello": (443, b"", b""),
        "a hello that never ends": (443, b"", hello),
        "no head": (80, b"", b""),
        "a head that never ends": (80, b"", head + b"X: y\r\n" * 100),
        "a second head that never ends": (80, head + b"\r\n", head + b"X: y\r\n" * 100),
        "no answer": (MUTE, b"here\n", b""),
        "a second answer": (80, head + b"\r\n", b""),
    }
    began, live, said = time.monotonic(), {}, {}
    for what, (port, first, _) in drips.items():
        s = live[what] = connected(host, port)
        s.sendall(first)
        if first and port == 80 and not s.recv(1000).startswith(b"HTTP/1.1 200"):
            sys.exit("crowd: no first answer")
        s.setblocking(False)
    last = 75
    for step in range(75):
        if step > last:
            break
        for what, s in list(live.items()):
            try:
                s.send(drips[what][2][step:step + 1])
                if s.recv(1000):
                    sys.exit(f"crowd: an answer to {what}")
                said[what] = "closed"
            except BlockingIOError:
                continue
            except OSError as e:
                said[what] = errno.errorcode[e.errno]
            live.pop(what).close()
            say("ended", int(time.monotonic() - began), said[what], what)
            last = step + 5  # who is only quiet lives longer than they
        time.sleep(0.2)
    for what, s in live.items():
        s.settimeout(PATIENCE)
        s.sendall(drips[what][1])
        say("alive", "answers" if drips[what][0] == 80 and s.recv(1000).startswith(b"HTTP/1.1 200") else "mute", what)


def deaf(host, count):
    all_of_them = [connected(host, PLENTY) for _ in range(int(count))]
    say("open", count)
    sys.stdin.readline()
    for s in all_of_them:
        got = 0
        while got < 4 << 20:
            more = len(s.recv(1 << 20))
            if not more:
                sys.exit("crowd: an early end")
            got += more
    say("read", count)


def stay(host):
    s = connected(host, GREET)
    say(s.recv(64).decode().strip())
    try:
        s.settimeout(None)
        say("ended", len(s.recv(64)))
    except OSError as e:
        say("ended", errno.errorcode[e.errno])


def flood(host):
    """Nobody waits for an answer. Each connection is reset when it has been begun."""
    begun, used = 0, 0
    gone = struct.pack("ii", 1, 0)
    while True:
        used = used % 60000 + 1
        s = socket.socket()
        try:
            s.settimeout(0.5)
            s.connect((host, used))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
        except OSError:
            pass
        s.close()
        begun += 1
        if begun % 1000 == 0:
            say("begun", begun)


def ask(below):
    asked = 0
    while True:
        asked += 1
        try:
            address = socket.gethostbyname(f"{random.getrandbits(64):x}.{below}")
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((address, 80))
            LEFT.append(s)
            if len(LEFT) > 200:
                LEFT.pop(0).close()
        except OSError:
            pass
        if asked % 100 == 0:
            say("asked", asked)


LEFT = []

if __name__ == "__main__":
    try:
        {f.__name__: f for f in (serve, idle, row, slow, deaf, stay, flood, ask)}[sys.argv[1]](*sys.argv[2:])
    except OSError as e:
        sys.exit(f"crowd: {e}")
