"""A small internet for tests: two network namespaces, "here", where the tests, cordon and its clients are, and the "world",
which has public addresses and real servers behind them (servers.py). Nothing leads from either to the machine's network.

enter() runs the program again in "here": as root, or as an ordinary user in a user namespace, who keeps the
capabilities of that namespace for building and drops them for everything that is tested. Servers are an ordinary
user's in any case, with no capability but to listen below 1024."""
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time

BASE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(BASE, "..", "system", "pipe"))
from cases import CORDON, MUST_WORK, Place, Trouble  # noqa: E402

PATIENCE = float(os.environ.get("CORDON_PATIENCE", "30"))
HERE, THERE, HERE6, THERE6 = "10.99.0.2", "10.99.0.1", "fd00:99::2", "fd00:99::1"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
TOOLS = os.environ.get("TOOLS") or os.path.dirname(CORDON or "")

# Who is where. The addresses are public ones, which in here are nobody's but the world's.
WWW, OTHER, GIT, DATA, RESOLVER = "93.184.216.34", "151.101.1.69", "140.82.112.3", "185.199.108.153", "8.8.8.8"
WWW6 = "2606:2800:220:1:248:1893:25c8:1946"
PAGES, SECOND = "199.232.44.10", "151.101.65.69"  # pages.py
OWN = "23.192.228.80"  # a public address of "here" itself
METADATA = "169.254.169.254"
ZONE = {
    "www.example.org": [WWW, WWW6],
    "files.example.org": [WWW],  # the same server as www: who may reach one has the other's address
    "four.example.org": [WWW],
    "other.example.net": [OTHER],
    "git.example.org": [GIT],
    "db.example.org": [DATA],
    "cache.example.org": [DATA],
    "dns.google": [RESOLVER],
    "pages.example.org": [PAGES],
    "second.example.net": [SECOND],
    "inner.example.org": [THERE],  # public names with other addresses than public ones
    "mixed.example.org": [WWW, THERE],
    "meta.example.org": [METADATA],
    "own.example.org": [OWN],
    **{f"n{i}.wild.example.org": [WWW] for i in range(100)},
}
TURNING = {  # by the first question, and by every later one
    "turning.example.org": ([PAGES], [THERE]),
    "moving.example.org": ([PAGES], [SECOND]),
}
WORLD = sorted({a for some in ZONE.values() for a in some if a not in (THERE, OWN)})


def enter():
    """Returns inside, where os.environ has CORDON_LAB."""
    if os.environ.get("CORDON_LAB"):
        return
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    os.environ["CORDON_LAB"] = "1"
    os.execvp("unshare", ["unshare", *user, "--net", "--mount", "--", sys.executable, *sys.argv])


def clean_environment(home, **more):
    return {"PATH": PATH, "HOME": home, "LC_ALL": "C", "TERM": "dumb", **more}


def plain():
    """In front of what is tested: without the capabilities of the lab's own user namespace."""
    return [] if os.geteuid() == 0 else ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"]


class Result:
    def __init__(self, status, out, err, report=None):
        self.status, self.out, self.err, self.report = status, out, err, report

    def __str__(self):
        network = None if self.report is None else self.report.get("network")
        return f"status {self.status}; out: {self.out!r}; err: {self.err!r}; network: {json.dumps(network)}"

    def destinations(self, host):
        """What the report has of one host or address."""
        return [d for d in (self.report or {}).get("network") or [] if d["host"] == host]


class Lab:
    def __init__(self):
        self.place = Place()
        self.user, self.made_user = self.find_user()
        os.chmod(self.place.path, 0o755)
        self.code = self.copy_code()
        self.log = self.place.file("world/heard")  # a line for everything that a server was asked
        self.world = self.directory("world")
        self.run("ip", "link", "set", "lo", "up")
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo made; exec cat"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.connect()
        self.give_resolver()

    def copy_code(self):
        """What servers execute, where their user may read it."""
        top = os.path.join(self.place.path, "tests")
        for part in ("lab", "system/guard", "system/pipe"):
            to = os.path.join(top, part)
            os.makedirs(to)
            from_ = os.path.join(BASE, "..", part)
            for name in os.listdir(from_):
                if name.endswith(".py"):
                    shutil.copyfile(os.path.join(from_, name), os.path.join(to, name))
                    os.chmod(os.path.join(to, name), 0o644)
        for path, _, _ in os.walk(top):
            os.chmod(path, 0o755)
        return os.path.join(top, "lab")

    def find_user(self):
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid()), False
        try:
            return pwd.getpwnam("cordon-test"), False
        except KeyError:
            self.run("useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh", "cordon-test")
            return pwd.getpwnam("cordon-test"), True

    @staticmethod
    def run(*command, text=None):
        done = subprocess.run(command, check=False, capture_output=True, text=True, input=text, env=clean_environment("/nonexistent"))
        if done.returncode != 0:
            raise Trouble(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def directory(self, name):
        """A directory of the servers'."""
        path = os.path.join(self.place.path, name)
        os.makedirs(path, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(path, self.user.pw_uid, self.user.pw_gid)
            for file in os.listdir(path):
                shutil.chown(os.path.join(path, file), self.user.pw_uid, self.user.pw_gid)
        return path

    def in_world(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]

    def connect(self):
        run, world = self.run, self.in_world()
        run("ip", "link", "add", "veth", "type", "veth", "peer", "name", "veth", "netns", str(self.holder.pid))
        run("ip", "addr", "add", f"{HERE}/24", "dev", "veth")
        run("ip", "addr", "add", f"{OWN}/32", "dev", "veth")
        run(*world, "ip", "addr", "add", f"{THERE}/24", "dev", "veth")
        self.six = os.path.exists("/proc/net/if_inet6")
        if self.six:
            run("ip", "-6", "addr", "add", f"{HERE6}/64", "dev", "veth", "nodad")
            run(*world, "ip", "-6", "addr", "add", f"{THERE6}/64", "dev", "veth", "nodad")
        for where in ([], world):
            run(*where, "ip", "link", "set", "veth", "up")
            run(*where, "ip", "link", "set", "lo", "up")
        for address in WORLD:
            if ":" not in address:
                run(*world, "ip", "addr", "add", f"{address}/32", "dev", "lo")
            elif self.six:
                run(*world, "ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
        run("ip", "route", "add", "default", "via", THERE)
        if self.six:
            run("ip", "-6", "route", "add", "default", "via", THERE6)

    def give_resolver(self):
        """The host's resolver, as everything in "here" sees it."""
        conf = self.place.file("resolv.conf", f"nameserver {THERE}\n")
        self.run("mount", "--bind", conf, os.path.realpath("/etc/resolv.conf"))

    def add_names(self, zone):
        """More names, for the rest of the lab's life."""
        self.place.file("world/more.json", json.dumps(zone))

    def serve(self, name, *command, ready=None, env=None):
        """Starts a server in the world, and waits for ready() to be true, or for the line "ready" when that is None."""
        who = ["--reuid", str(self.user.pw_uid), "--regid", str(self.user.pw_gid), "--clear-groups"] if os.geteuid() == 0 else []
        said = open(os.path.join(self.place.path, f"{name}.said"), "wb")
        process = subprocess.Popen(
            [*self.in_world(), "setpriv", *who, "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service",
             "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if ready is None else said, stderr=said, cwd=self.world,
            env=clean_environment(self.world, **(env or {})))
        said.close()

        def finish():
            process.send_signal(signal.SIGQUIT)  # postgres and nginx end at once and leave nothing
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.place.ends.append(finish)
        end = time.monotonic() + PATIENCE
        while not (process.stdout.readline() == b"ready\n" if ready is None else ready()):
            if process.poll() is not None or time.monotonic() > end:
                with open(said.name, encoding="utf-8", errors="replace") as file:
                    raise Trouble(f"{name} did not start: {file.read()}")
            time.sleep(0.02)
        return process

    def listens(self, where, port):
        """Whether somebody in the world listens there."""
        return self.run(*self.in_world(), "ss", "-Hltn", f"src {where} and sport = :{port}") != ""

    def heard(self, mark=0):
        """What servers were asked since mark, a number of lines."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()[mark:]

    # ---- clients

    def outside(self, place, argv, env=None, home=None, seconds=60):
        """A control: the client without cordon."""
        done = subprocess.run([*plain(), "timeout", str(seconds), *argv], check=False, capture_output=True, cwd=place.work,
                              stdin=subprocess.DEVNULL, env=clean_environment(home or place.home, **(env or {})))
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def inside(self, place, network, argv, env=None, seconds=60, extends="default", options=()):
        """The client in a run with this network."""
        profile = place.file("profile.json", json.dumps({
            "cordonProfile": 1, "name": "client", "extends": [extends], "widens": ["network"],
            "network": network}), 0o600)
        report = os.path.join(place.path, "report.json")
        if os.path.exists(report):
            os.unlink(report)
        words = [word for name, value in (env or {}).items() for word in ("-e", f"{name}={value}")]
        done = subprocess.run(
            [*plain(), CORDON, "run", "-p", profile, "--workspace", place.work, "--report", report, "--timeout", f"{seconds}s",
             *words, *options, "--", *argv], check=False, capture_output=True, cwd=place.work, stdin=subprocess.DEVNULL,
            env=clean_environment(place.home))
        try:
            with open(report, encoding="utf-8") as file:
                said = json.load(file)
        except FileNotFoundError:
            said = None
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), said)

    def records(self, place):
        """What the ledger has of the runs of a place."""
        shown = self.outside(place, [CORDON, "ledger", "show", "--json"])
        return [json.loads(line)["record"] for line in shown.out.splitlines()]

    def finish(self):
        self.place.finish()
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        if self.made_user:
            subprocess.run(["userdel", "cordon-test"], check=False, capture_output=True)


def main(begin, cases_main, words, which="ALL", world=None):
    """Runs cases in a lab with these servers, or what world(lab) starts. begin(lab) is told of it first."""
    import servers  # it knows us
    enter()
    lab = Lab()
    try:
        lacking = servers.missing() if world is None else []
        if lacking and not MUST_WORK:
            print(f"ok - the lab # SKIP this machine lacks {', '.join(lacking)}\n0 passed, 0 failed")
            return 0
        if world:
            world(lab)
        else:
            servers.begin(lab, getattr(servers, which))
        begin(lab)
        return cases_main(words)
    except Trouble as trouble:
        print(f"not ok - the lab\n#   {trouble}\n0 passed, 1 failed")
        return 1
    finally:
        lab.finish()
