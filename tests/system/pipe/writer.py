"""cordon-ledger, spoken to as a monitor does: link as descriptor 3, directory as 4."""
import fcntl
import json
import os
import select
import socket
import struct
import subprocess

from cases import CORDON, SANITIZED, NotMine, Skip, Trouble, check, same

PROGRAM = os.path.join(os.path.dirname(CORDON or ""), "cordon-ledger")
OPENED, UNOPENED, APPEND, KEPT, REFUSED = 1, 2, 3, 4, 5


class Gone(Trouble):
    """The writer has ended."""


def intent(run):
    return {"kind": "intent", "timeMs": 1, "run": run}


def end(run, sequence, kind="exit"):
    return {"kind": kind, "timeMs": 1, "run": run, "intent": sequence}


class Writer:
    def __init__(self, place, directory, wrap=(), opened=True, stderr=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        place_of_it = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        fds = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs.fileno(), place_of_it)]

        def arrange():
            os.dup2(fds[0], 3)
            os.dup2(fds[1], 4)
        self.errors = place.path + "/errors"
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([*wrap, PROGRAM], stdin=subprocess.DEVNULL, stderr=stderr or errors,
                                            preexec_fn=arrange, close_fds=False)
        for fd in (*fds, place_of_it):
            os.close(fd)
        theirs.close()
        self.link, self.token = ours, 0
        place.ends.append(self.kill)
        if opened:
            same(self.hear()[0], OPENED, "the first message")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.link.close()

    def close(self):
        """As when its monitor ends."""
        self.link.close()
        same(self.process.wait(20), 0, "the exit status of cordon-ledger")

    def hear(self, seconds=20):
        """(message, token, sequence), or (message, token, (reason, text))."""
        ready, _, _ = select.select([self.link], [], [], seconds)
        check(ready, "no answer within", seconds, "s")
        try:
            packet = self.link.recv(70000)
        except ConnectionResetError:
            packet = b""
        if not packet:
            raise Gone("the writer has gone")
        number, token = struct.unpack("<HxxQ", packet[:12])
        if number in (OPENED, KEPT):
            return number, token, struct.unpack("<Q", packet[12:])[0]
        at, texts = 20, []
        for _ in range(2):
            size = struct.unpack("<I", packet[at:at + 4])[0]
            texts.append(packet[at + 4:at + 4 + size].decode())
            at += 4 + size
        return number, token, tuple(texts)

    def send(self, payload, durable=True, number=APPEND):
        self.token += 1
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        try:
            self.link.send(struct.pack("<HxxQBI", number, self.token, durable, len(body)) + body)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Gone("the writer has gone") from e
        return self.token

    def keep(self, payload, durable=True):
        """Appends, and returns the sequence."""
        token = self.send(payload, durable)
        answer = self.hear()
        same(answer[:2], (KEPT, token), f"the answer ({answer})")
        return answer[2]

    def refused(self, payload, durable=True):
        """Appends, and returns why not."""
        token = self.send(payload, durable)
        answer = self.hear()
        same(answer[:2], (REFUSED, token), f"the answer ({answer})")
        return answer[2]


def said(place):
    with open(place.path + "/errors", encoding="utf-8") as f:
        return f.read()


def cordon(*words):
    return subprocess.run([CORDON, "ledger", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def records(directory):
    """All of them, as (sequence, payload); the ledger must be intact."""
    verified = cordon("verify", "--path", directory)
    same(verified.returncode, 0, f"verify ({(verified.stdout + verified.stderr).decode()})")
    shown = cordon("export", "--path", directory)
    same(shown.returncode, 0, f"export ({shown.stderr.decode()})")
    return [json.loads(line) for line in shown.stdout.splitlines()]


def crc32c(data):
    """As RFC 3720 has it."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def failing(call, nth, error):
    """Has the kernel refuse the nth such call of a writer."""
    if SANITIZED:
        raise NotMine("the build as shipped is judged: sanitizers make calls of their own")
    tool = os.path.join(os.environ.get("TOOLS") or os.path.dirname(PROGRAM), "failsys")
    if not os.access(tool, os.X_OK):
        raise Skip("there is no failsys beside the test programs (TOOLS)")
    return (tool, f"{call}:{nth}" if nth else call, error, "--")
