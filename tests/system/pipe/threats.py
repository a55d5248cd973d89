"""Rows of the threat list that no other file asks for: what a hostile caller, or a hostile run, gets."""
import gzip
import hashlib
import json
import os
import socket
import subprocess

from cases import SANITIZED, check, holds, it, same
from link import PATIENCE, Listening, Serve, own_processes, status_of
from operators import serve

PYTHON = "/usr/bin/python3"


def outside(script, *words, **more):
    """What a script prints that is run by the host, for controls."""
    done = subprocess.run([PYTHON, "-c", script, *words], capture_output=True, text=True, timeout=PATIENCE, check=False,
                          stdin=subprocess.DEVNULL, **more)
    same(done.returncode, 0, f"the control's status: {done.stderr}")
    return done.stdout


def inside(link, script, *words, **params):
    result = link.run(PYTHON, "-c", script, *words, **params)
    same(result["exitCode"], 0, f"the script's status: {result['stderr']}")
    return result["stdout"]["text"]


SCAN = """
import errno, socket, sys
first, last, found = int(sys.argv[1]), int(sys.argv[2]), set()
for address in sys.argv[3:]:
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    for port in range(first, last + 1):
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.setblocking(False)
            # Where nothing listens a connection to oneself is refused at once, and another host cannot be reached.
            if s.connect_ex((address, port)) in (0, errno.EINPROGRESS):
                s.settimeout(5)
                if s.connect_ex((address, port)) in (0, errno.EISCONN) and s.getsockname() != s.getpeername():
                    found.add(('tcp', port))
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            try:
                s.connect((address, port))
                s.send(b'x')
                s.recv(1)
            except BlockingIOError:
                found.add(('udp', port))
            except OSError:
                pass
print(sorted(found))
"""


def addresses():
    """All of the host's own."""
    found = {"127.0.0.1", "::1"}
    with open("/proc/net/fib_trie", encoding="utf-8") as f:
        lines = f.read().split("\n")
    for before, line in zip(lines, lines[1:]):
        if "/32 host LOCAL" in line:
            found.add(before.split()[-1])
    return sorted(found)


@it("T-RECON-001: a scan of all ports of all addresses from inside a run finds nothing")
def _(place):
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        same(outside(SCAN, str(port), str(port), *addresses()), f"[('tcp', {port}), ('udp', {port})]\n", "the control")
        link = Serve(place)
        same(inside(link, SCAN, "1", "65535", *addresses()), "[]\n", "what it found")


REACH = """
import os, socket, sys
for path in sys.argv[1:]:
    reached = 'nothing'
    if not path.startswith('@') and os.path.lexists(path):
        reached = 'its name'
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, kind) as s:
                s.connect('\\0' + path[1:] if path.startswith('@') else path)
                reached = 'it'
        except OSError:
            pass
    print(reached)
try:
    with open('/proc/net/unix') as f:
        text = f.read()
except OSError:
    text = ''
print([path for path in sys.argv[1:] if path in text])
"""


@it("T-RECON-001: inside a run neither cordon's own sockets nor anybody's abstract ones are to be seen")
def _(place):
    link = serve(place, "-p", "build", "-p", "default")
    own = [p for p in (f"/run/user/{os.geteuid()}/cordon", place.runtime + "/cordon") if os.path.isdir(p)]
    control = os.path.join(own[0], f"monitor-{link.process.pid}.sock")
    abstract = f"@cordon-test-{os.getpid()}"
    server = Listening(place)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("\0" + abstract[1:])
        s.listen()
        names = (control, server.path, abstract)
        found = outside(REACH, *names).split("\n")
        same(found[:3], ["it"] * 3, "the control")
        holds(found[3], abstract, "the control's list")
        for profile in ("build", "default"):
            same(inside(link, REACH, *names, profile=profile), "nothing\nnothing\nnothing\n[]\n", profile)


# What a session leaves wherever two processes can meet, and who looks for it.
MEET = """
import ctypes, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
mark, port, act = b'MARKER-8', int(sys.argv[1]), sys.argv[2]
places = ['/tmp', '/dev/shm', os.path.expanduser('~')]

class Message(ctypes.Structure):
    _fields_ = [('kind', ctypes.c_long), ('text', ctypes.c_char * 8)]

def leave():
    for place in places:
        with open(place + '/left', 'wb') as f:
            f.write(mark)
    at = libc.shmat(libc.shmget(port, 4096, 0o1600), None, 0)
    if at not in (None, ctypes.c_void_p(-1).value):
        ctypes.memmove(at, mark, len(mark))
    libc.msgsnd(libc.msgget(port, 0o1600), ctypes.byref(Message(1, mark)), 8, 0)
    libc.mq_send(libc.mq_open(b'/left', 0o102, 0o600, None), mark, len(mark), 0)
    libc.syscall(248, b'user', b'left', mark, len(mark), -3)
    opened = []
    for family, address in ((socket.AF_UNIX, '\\0left'), (socket.AF_INET, ('127.0.0.1', port))):
        try:
            s = socket.socket(family)
            s.bind(address)
            s.listen()
            opened.append(s)
        except OSError:
            pass
    return opened

def search():
    found = set()
    for place in places:
        try:
            with open(place + '/left', 'rb') as f:
                found |= {place} if mark in f.read() else set()
        except OSError:
            pass
    for name in os.listdir('/proc'):
        try:
            with open('/proc/' + name + '/environ', 'rb') as f:
                found |= {'environment'} if name not in ('self', 'thread-self') and mark in f.read() else set()
        except OSError:
            pass
    at = libc.shmat(libc.shmget(port, 4096, 0o400), None, 0o10000)
    if at not in (None, ctypes.c_void_p(-1).value) and ctypes.string_at(at, 8) == mark:
        found.add('shared memory')
    m = Message()
    if libc.msgrcv(libc.msgget(port, 0o400), ctypes.byref(m), 8, 0, 0o4000) == 8:
        found.add('message queue')
    data = ctypes.create_string_buffer(65536)
    if libc.mq_receive(libc.mq_open(b'/left', 0o4000), data, 65536, None) == 8:
        found.add('posix queue')
    if libc.syscall(250, 10, -3, b'user', b'left', 0) >= 0:
        found.add('keyring')
    for family, address in ((socket.AF_UNIX, '\\0left'), (socket.AF_INET, ('127.0.0.1', port))):
        try:
            socket.socket(family).connect(address)
            found.add('server' if family == socket.AF_INET else 'abstract socket')
        except OSError:
            pass
    return sorted(found)

if act == 'leave':
    kept = leave()
    print(subprocess.run([sys.executable, '-c', sys.argv[3], str(port), 'search'], stdout=subprocess.PIPE,
          env={'LANG': mark.decode()}).stdout.decode().strip(), flush=True)
    sys.stdin.readline()
else:
    print(search())
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@it("T-DISC-002: what a session leaves in files, environment, memory, queues, keyrings and servers, another does not find")
def _(place):
    link = Serve(place, "-p", "build")
    port = str(free_port())
    run = link.start(PYTHON, "-c", MEET, port, "leave", MEET, session="a:b:c", env={"LANG": "MARKER-8"}, stdin="pipe")
    output = link.notification("process/output", run=run)
    for kind in ("/tmp", "/dev/shm", "/home/user", "environment", "shared memory", "message queue", "server"):
        holds(output["text"], f"'{kind}'", "what the same run finds, the control,")
    for session in ("a:b:c", "a:b:d"):
        same(inside(link, MEET, port, "search", session=session), "[]\n", f"what {session} finds")
    other = Serve(place, "-p", "build")
    same(inside(other, MEET, port, "search"), "[]\n", "what another caller finds")
    link.call("process/write", run=run, text="\n")


@it("T-DISC-002: of a session that has ended nothing is left in cordon's own places")
def _(place):
    link = serve(place)
    mark = "MARKER" + hashlib.sha256(os.urandom(16)).hexdigest()
    result = link.shell("cat >/tmp/left; cat /tmp/left >~/left; cat /tmp/left >/dev/shm/left; cat ~/left; env",
                        session="a:b:c", env={"LANG": mark}, stdinText=mark)
    same(result["stdout"]["text"].count(mark), 2, "the control")
    link.call("session/close", session="a:b:c")
    def holders():
        found = []
        for top in (place.path, f"/run/user/{os.geteuid()}/cordon", f"/tmp/cordon-{os.geteuid()}", "/dev/shm"):
            for directory, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(directory, name)
                    try:
                        if os.path.isfile(path) and not os.path.islink(path):
                            with open(path, "rb") as f:
                                found += [path] if mark.encode() in f.read() else []
                    except OSError:
                        pass
        return found
    same(holders(), [])
    link.close()
    same(holders(), [])
    planted = place.file("planted", mark)  # the control
    same(holders(), [planted])


ONLY_ECHO = {"cordonProfile": 1, "name": "only-echo", "widens": ["approvals.rules"], "approvals": {"default": "hold", "rules": [
    {"id": "echo", "argv": ["echo", "..."], "decision": "allow"}]}}


def hostile_calls(place):
    """What a caller tries who wants anything to be executed: each would make a file in the workspace."""
    canary = f"{place.work}/canary"
    touch = f"touch {canary}"
    for argv in (["touch", canary], ["sh", "-c", touch], ["bash", "-c", touch], ["/bin/sh", "-c", touch],
                 ["/usr/bin/env", "touch", canary], ["env", "-S", touch], ["xargs", "touch", canary],
                 ["find", ".", "-maxdepth", "0", "-exec", "touch", canary, ";"], ["python3", "-c", f"open('{canary}','w')"],
                 ["perl", "-e", f"open(F,'>{canary}')"], ["awk", f'BEGIN{{print "x" >"{canary}"}}'], ["dd", f"of={canary}", "count=0"],
                 ["cp", "/etc/hostname", canary], ["tee", canary], ["ln", "-s", "x", canary], ["mkdir", canary],
                 ["./echo", canary], [f"{place.work}/echo", canary], ["../w/echo", canary], ["nice", "touch", canary],
                 ["setsid", "touch", canary], ["timeout", "5", "touch", canary], ["sed", "-n", f"w {canary}"],
                 ["git", "-c", f"core.pager={touch}", "log"], ["tar", "cf", canary, "."], ["nsenter", "-t", "1", "touch", canary],
                 ["/lib64/ld-linux-x86-64.so.2", "/usr/bin/touch", canary], ["echo\0", canary], [""], [canary]):
        if "\0" not in argv[0]:
            yield "process/run", {"argv": argv}
            yield "process/start", {"argv": argv, "notify": False}
            yield "terminal/create", {"sessionId": "s", "command": argv[0], "args": argv[1:]}
        else:
            yield "process/run", {"argv": argv}
    yield "process/run", {"argv": ["touch", canary], "profile": "default"}
    yield "process/run", {"argv": ["touch", canary], "waitApprovalMs": 0}
    yield "process/run", {"argv": ["touch", canary], "detached": True}
    yield "process/run", {"argv": ["echo", "x"], "env": {"LD_PRELOAD": place.work + "/echo"}}
    yield "process/run", {"argv": ["echo", "x"], "env": {"PATH": place.work}}
    yield "process/run", {"argv": ["echo", "x"], "cwd": "/tmp"}
    yield "process/run", {"argv": ["echo", "x"], "workspace": place.home}
    yield "process/run", {"argv": ["echo", "x"], "limits": {"memory": 1 << 50}}
    yield "workspace/write", {"path": "canary", "text": "x"}
    yield "workspace/write", {"path": "../canary", "text": "x"}
    yield "workspace/write", {"path": ".git/hooks/pre-commit", "text": "x"}
    yield "approval/answer", {"decision": "allow"}
    yield "approval/resolved", {"id": "a-1", "decision": "allow"}


def snapshot(top):
    """Names, bytes, modes and times of all below a directory, but for cordon's own record."""
    found = {}
    for directory, directories, names in os.walk(top):
        if directory.endswith("/home"):
            directories[:] = [d for d in directories if d != ".local"]
        for name in directories + names:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            data = None
            if os.path.isfile(path) and not os.path.islink(path) and not name.startswith("stderr"):
                with open(path, "rb") as f:
                    data = f.read()
            if not name.startswith("stderr"):
                found[path] = (st.st_mode, st.st_mtime_ns, st.st_uid, data)
    return found


@it("T-IMPACT-001: all that a hostile caller tries where nobody can allow it: nothing is executed but what a rule allows")
def _(place):
    place.file("w/echo", "#!/bin/sh\necho >canary\n", 0o755)
    profile = place.file("p.json", json.dumps(ONLY_ECHO), 0o600)
    link = serve(place, "-p", profile)
    before = snapshot(place.path)
    for method, params in hostile_calls(place):
        answer = link.reply(link.request(method, params))
        check("error" in answer, method, params, "was answered", answer)
    same(snapshot(place.path), before, "what is on the host")
    same(link.run("echo", "allowed")["stdout"]["text"], "allowed\n", "the control")
    # The other control: with a profile that allows it, these calls do what they look like.
    open_link = serve(place, "-p", "default")
    changed = 0
    for method, params in hostile_calls(place):
        open_link.reply(open_link.request(method, params))
        if os.path.lexists(place.work + "/canary"):
            changed += 1
            subprocess.run(["rm", "-rf", place.work + "/canary"], check=True)
    check(changed >= 20, "with another profile only", changed, "made something")


SMALL = {"cordonProfile": 1, "name": "small", "filesystem": {"tmp": {"size": "16M", "files": 512}},
         "limits": {"memory": "64M", "processes": 32, "wall": "5s", "output": "1M", "openFiles": 64}}
FLOODS = {
    "fork bomb": (["sh", "-c", "f() { f | f & }; f; sleep 60"], {"timeout", "memory"}),
    "memory": (["sh", "-c", "head -c 1000000000 /dev/zero | tail"], {"memory", "exit"}),
    "output": (["cat", "/dev/zero"], {"output"}),
    "busy": (["sh", "-c", "while :; do :; done"], {"timeout"}),
    "disk": (["sh", "-c", "head -c 1000000000 /dev/zero >/tmp/x"], {"exit"}),
    "archive": (["sh", "-c", "gzip -dc bomb.gz >/tmp/x"], {"exit"}),
    "files": (["sh", "-c", "i=0; while : >/tmp/$i; do i=$((i+1)); done"], {"exit"}),
    "descriptors": ([PYTHON, "-c", "import os\nwhile True: os.dup(0)"], {"exit"}),
    "sockets": ([PYTHON, "-c", "import socket\nall = []\nwhile True: all.append(socket.socketpair())"], {"exit"}),
}
def resident(link):
    """KiB of monitor, launcher and cordon-rpc."""
    total = 0
    for pid in own_processes(link.process.pid):
        try:
            total += status_of(pid, "VmRSS")
        except FileNotFoundError:  # a child of the launcher on its way into a namespace
            pass
    return total


REASON_CODES = {"timeout": "limit.wall", "output": "limit.output", "memory": "limit.memory"}


@it("T-IMPACT-002: floods of one session end at their limits, while another is served and nothing of cordon grows")
def _(place):
    profile = place.file("p.json", json.dumps(SMALL), 0o600)
    with gzip.open(place.work + "/bomb.gz", "wb") as f:
        for _ in range(64):
            f.write(bytes(1 << 20))
    link = serve(place, "-p", profile)
    link.run("true", session="b:b:b")
    before = resident(link)
    runs = {name: link.start(*argv, session="a:a:a", notify=False) for name, (argv, _) in FLOODS.items()}
    for i in range(20):
        same(link.run("echo", str(i), session="b:b:b")["stdout"]["text"], f"{i}\n", "another session's call")
    grown = resident(link) - before
    for name, run in runs.items():
        result = link.call("process/wait", run=run)
        check(result["reason"] in FLOODS[name][1], name, "ended with", result["reason"], result["exitCode"])
        same(result["reasonCode"], REASON_CODES.get(result["reason"]), f"the reason code of {name}")
        check(result["exitCode"] != 0, name, "ended well")
    check(SANITIZED or grown < 32 << 10, "cordon's processes have grown by", grown, "KiB")
    same(link.run("echo", "after", session="a:a:a")["stdout"]["text"], "after\n")
