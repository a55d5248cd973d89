"""A cordon serve in the lab, and the processes that it has."""
import json
import os

import cases
import lab as of
from link import Serve, descendants


def serve(place, *networks, profiles=(), **more):
    """One whose profiles are p0, p1 … with these networks, and then those of the library that profiles names."""
    files = []
    for i, network in enumerate(networks):
        files += ["-p", place.file(f"p{i}.json", json.dumps({
            "cordonProfile": 1, "name": f"p{i}", "extends": ["default"], "widens": ["network"], "network": network}), 0o600)]
    for name in profiles:
        files += ["-p", name]
    if os.geteuid() != 0:  # without the capabilities of the lab's user namespace
        cases.CORDON = place.file("cordon", f"#!/bin/sh\nexec {' '.join(of.plain())} {of.CORDON} \"$@\"\n", 0o755)
    return Serve(place, *files, **more)


def processes(server, program, *words):
    """Those of a server that execute the program, with these words behind its name."""
    found = []
    for pid, _ in descendants(server.process.pid):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                argv = file.read().split("\0")
        except OSError:
            continue
        if os.path.basename(argv[0]) == program and argv[1:1 + len(words)] == list(words):
            found.append(pid)
    return found


def part(server, role):
    """The process of the guard that has this role, or None."""
    return next(iter(processes(server, "cordon-netguard", role)), None)
