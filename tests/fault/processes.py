"""What of cordon is there on this machine, for tests that kill it."""
import os


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def cgroups(launcher):
    """Those that this launcher has made for its runs."""
    found = []
    for where, names, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(where, n) for n in names if n.startswith("cordon-") and f"-{launcher}-" in n]
    return found
