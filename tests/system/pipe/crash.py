"""What a power failure may leave of a directory: the system calls of its writers are recorded (strace), and every
disk that is possible at some moment can be made.

What was flushed is there. Of the rest each sector, each size and each name may be as it was at any time since, whatever
the others are: nothing promises an order. A flush that failed leaves what it was about in the kernel's memory alone,
and the kernel writes it no more unless it is written again (fsync(2), EIO).
"""
import copy
import os
import re
import struct
import time

from cases import check
from writer import KEPT, crc32c

SECTOR, PAGE = 512, 4096
CALLS = "openat,close,pwrite64,write,ftruncate,fallocate,renameat2,unlinkat,fsync,fdatasync,sendmsg"
LINE = re.compile(r"^(\d+\.\d+) (\w+)\((.*)\)\s+= (-?\d+).*<(\d+\.\d+)>$")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def strace(log, flush_ms):
    """What to put before a program to record it; a flush takes that much longer. The process is the program's own: who
    kills it kills no recorder."""
    return ("strace", "-D", "-q", "-ttt", "-T", "-xx", "-s", "400000", "-o", log, "-e", f"trace={CALLS}",
            "-e", "signal=kill", "-e", f"inject=fdatasync:delay_enter={1000 * flush_ms}", "--")


def texts(arguments):
    return [bytes.fromhex(t.replace("\\x", "")) for t in TEXT.findall(arguments)]


def read_log(path, who):
    """The events of one program, as (time, event...)."""
    names, events, lines = {4: "."}, [], []
    deadline = time.monotonic() + 20
    while not lines or not lines[-1].endswith("+++\n"):  # the program's end
        check(time.monotonic() < deadline, "the recorder has not ended:", lines[-1:])
        time.sleep(0.01)
        with open(path, encoding="ascii") as f:
            lines = f.readlines()
    found = [m for m in map(LINE.match, lines) if m]
    for when, call, arguments, result, took in (m.groups() for m in found):
        result, words = int(result), arguments.split(", ")
        fd = int(words[0]) if words[0].isdigit() else None
        event = None
        if call == "openat" and result >= 0:
            names.pop(result, None)
            if fd == 4:
                names[result] = texts(arguments)[0].decode()
                if names[result] != ".":
                    event = ("open", names[result], "O_CREAT" in arguments)
        elif call == "close":
            names.pop(fd, None)
        elif call == "renameat2" and result == 0:
            event = ("rename", *(t.decode() for t in texts(arguments)))
        elif call == "unlinkat" and result == 0:
            event = ("unlink", texts(arguments)[0].decode())
        elif call == "sendmsg" and fd == 3:
            packet = b"".join(texts(arguments)[:2])
            if struct.unpack("<H", packet[:2])[0] == KEPT:
                event = ("keep", who, *struct.unpack("<QQ", packet[4:20]))
        elif fd in names and (result >= 0 or call in ("fsync", "fdatasync")):
            if call == "pwrite64":
                event = ("write", names[fd], int(words[-1]), texts(arguments)[0][:result])
            elif call == "write":
                event = ("write", names[fd], None, texts(arguments)[0][:result])
            elif call == "ftruncate":
                event = ("size", names[fd], int(words[1]), False)
            elif call == "fallocate":
                event = ("size", names[fd], int(words[2]) + int(words[3]), True)
            elif call in ("fsync", "fdatasync"):
                # Others may write while it waits, which it need not wait for.
                events.append((float(when), "begin_flush", who, names[fd]))
                when, event = float(when) + float(took), ("flush", who, names[fd], result == 0)
        if event:
            events.append((float(when), *event))
    return events


class File:
    """content and size are what the kernel shows; old, what is on disk for certain."""

    def __init__(self, data=b""):
        self.data = data  # what was there before everything; then zeroes
        self.content, self.old = {}, {}  # sector: bytes, where it is not that
        self.size = self.old_size = 0
        self.pending = []  # (order, sector or None for the size, bytes or number)

    def first(self, sector):
        return self.data[sector * SECTOR:(sector + 1) * SECTOR].ljust(SECTOR, b"\0")

    def now(self, sector):
        return self.content[sector] if sector in self.content else self.first(sector)


class Disk:
    def __init__(self):
        self.names, self.old_names = {}, {}
        self.pending = []  # (order, {name: File or None})
        self.order = self.flushes = 0
        self.flushing = {}  # (writer, name): order
        self.kept = []  # (writer, token, sequence)

    def load(self, directory, but=()):
        """What is in directory is on disk; of files that are named in but, only in the kernel's memory."""
        for name in os.listdir(directory):
            with open(os.path.join(directory, name), "rb") as f:
                data = f.read()
            if name in but:
                file = self.names[name]
                file.size = len(data)
                sectors = (len(data.rstrip(b"\0")) + SECTOR - 1) // SECTOR
                file.content = {n: data[n * SECTOR:(n + 1) * SECTOR].ljust(SECTOR, b"\0") for n in range(sectors)}
            else:
                file = self.names[name] = self.old_names[name] = File(data)
                file.size = file.old_size = len(data)

    def copy(self):
        return copy.deepcopy(self)

    def happens(self, kind, *what):
        getattr(self, kind)(*what)
        self.order += 1

    def change_names(self, changes):
        self.names.update(changes)
        self.names = {n: f for n, f in self.names.items() if f}
        self.pending.append((self.order, changes))

    def open(self, name, create):
        if create and name not in self.names:
            self.change_names({name: File()})

    def rename(self, old, new):
        self.change_names({new: self.names[old], old: None})

    def unlink(self, name):
        self.change_names({name: None})

    def resize(self, file, size):
        if size != file.size:
            file.size = size
            file.pending.append((self.order, None, size))

    def size(self, name, size, grows):
        file = self.names[name]
        if size < file.size and not grows:
            cut, rest = size // SECTOR, size % SECTOR
            for sector in range(cut, (file.size + SECTOR - 1) // SECTOR):
                kept = file.now(sector)[:rest] if sector == cut else b""
                self.put(file, sector, kept.ljust(SECTOR, b"\0"))
        if size > file.size or not grows:
            self.resize(file, size)

    def put(self, file, sector, data):
        file.content[sector] = data
        file.pending.append((self.order, sector, data))

    def write(self, name, at, data):
        file = self.names[name]
        at = file.size if at is None else at
        for sector in range(at // SECTOR, (at + len(data) + SECTOR - 1) // SECTOR):
            begin = sector * SECTOR
            before = file.now(sector)
            low, high = max(begin, at), min(begin + SECTOR, at + len(data))
            after = before[:low - begin] + data[low - at:high - at] + before[high - begin:]
            self.put(file, sector, after)
        if at + len(data) > file.size:
            self.resize(file, at + len(data))

    def begin_flush(self, who, name):
        self.flushing[who, name] = self.order

    def flush(self, who, name, done):
        self.flushes += 1
        since = self.flushing.pop((who, name))
        if name == ".":
            for order, changes in self.pending:
                if done and order < since:
                    self.old_names.update(changes)
            self.old_names = {n: f for n, f in self.old_names.items() if f}
            self.pending = [p for p in self.pending if not done or p[0] >= since]
            return
        file = self.names[name]
        for order, sector, data in file.pending:
            if done and order < since:
                if sector is None:
                    file.old_size = data
                else:
                    file.old[sector] = data
        file.pending = [p for p in file.pending if p[0] >= since]

    def keep(self, *what):
        self.kept.append(what)

    def units(self):
        """All that may be on disk or not: (order, what it is about, what it changes)."""
        found = [(order, "names", None, changes) for order, changes in self.pending]
        seen = {id(f): f for f in [*self.names.values(), *self.old_names.values()]}
        for _, changes in self.pending:
            seen.update({id(f): f for f in changes.values() if f})
        for file in seen.values():
            last = dict(file.old)
            for order, sector, data in file.pending:
                if sector is not None and (last[sector] if sector in last else file.first(sector)) == data:
                    continue  # nobody could tell
                if sector is not None:
                    last[sector] = data
                found.append((order, file, sector, data))
        return sorted(found, key=lambda u: u[0])

    def make(self, directory, chosen):
        """The disk with these units on it. What a writer has in mapped memory (writer-*) is the caller's."""
        names, contents, sizes = dict(self.old_names), {}, {}
        for _, about, sector, data in chosen:
            if about == "names":
                names.update(data)
            elif sector is None:
                sizes[id(about)] = data
            else:
                contents.setdefault(id(about), {})[sector] = data
        os.mkdir(directory, 0o700)
        for name, file in names.items():
            if file is None:
                continue
            size = sizes.get(id(file), file.old_size)
            sectors = {**file.old, **contents.get(id(file), {})}
            fd = os.open(os.path.join(directory, name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            os.truncate(fd, size)
            for at in range(0, min(size, len(file.data)), 1 << 20):
                part = file.data[at:min(at + (1 << 20), size)]
                if part.count(0) < len(part):
                    os.pwrite(fd, part, at)
            for sector, data in sectors.items():
                data = data[:max(0, size - sector * SECTOR)]
                if data:
                    os.pwrite(fd, data, sector * SECTOR)
            os.close(fd)


def choices(units, rng, subsets):
    """Sets of units that may be on disk: none, all, each first part, all but one page or one sector, and some others."""
    def page(unit):
        return (id(unit[1]), None if unit[2] is None else unit[2] * SECTOR // PAGE, unit[0] if unit[2] is None else 0)
    for count in range(len(units) + 1):
        yield units[:count]
    pages = sorted({page(u) for u in units}, key=str)
    for missing in pages if len(pages) > 1 else ():
        yield [u for u in units if page(u) != missing]
    for missing in units if len(units) > 2 else ():
        yield [u for u in units if u is not missing]
    for number in range(subsets if len(units) > 1 else 0):
        if number % 2:
            yield [u for u in units if rng.random() < 0.5]
        else:
            there = {p for p in pages if rng.random() < 0.5}
            yield [u for u in units if page(u) in there]


def other_boot(path):
    """After a power failure another kernel runs. What is torn stays it."""
    with open(path, "r+b") as f:
        hint = bytearray(f.read())
        if len(hint) > 48:
            crc = bytes(hint[24:28])
            hint[24:28] = bytes(4)
            if crc == struct.pack("<I", crc32c(hint)):
                hint[32:48] = b"another boot id."
                hint[24:28] = struct.pack("<I", crc32c(hint))
                f.seek(0)
                f.write(hint)


def stored(directory):
    """The records that are there, by sequence, as far as they go."""
    found, index = {}, 0
    while os.path.exists(f"{directory}/segment-{index:08}"):
        with open(f"{directory}/segment-{index:08}", "rb") as f:
            at, data = PAGE, f.read()
        while at + 49 <= len(data):
            size = struct.unpack_from("<H", data, at)[0]
            if size == 0 or PAGE - at % PAGE < 49:
                if at % PAGE == 0:
                    break
                at = (at // PAGE + 1) * PAGE
                continue
            found[struct.unpack_from("<Q", data, at + 8)[0]] = data[at + 16:at + 16 + size]
            at = (at + 48 + size + 7) // 8 * 8
        index += 1
    return found
