"""Cases of a test program: one line for each (TAP), and "N passed, M failed" last.

A case is a function under @it("what is so"). It gets a Place of its own: a workspace, a home, and links to
`cordon serve` that are ended with it. A wrong observation raises Trouble, by the functions below.
"""
import os
import shutil
import sys
import tempfile
import traceback

MUST_WORK = os.environ.get("CORDON_MUST_WORK") == "1"
CORDON = os.path.realpath(os.environ.get("CORDON", "")) if os.environ.get("CORDON") else None
SANITIZED = bool(CORDON) and b"__asan_init" in open(CORDON, "rb").read()  # their own memory and calls
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
cases = []


class Trouble(AssertionError):
    pass


class Skip(Exception):
    """This machine cannot judge it; a failure with CORDON_MUST_WORK=1."""


class NotMine(Exception):
    """For another user, who runs it as well."""


def it(name):
    def keep(function):
        cases.append((name, function))
        return function
    return keep


def check(truth, *what):
    if not truth:
        raise Trouble(" ".join(str(w) for w in what))


def same(got, wanted, what="it"):
    if got != wanted:
        raise Trouble(f"{what} is {short(got)} instead of {short(wanted)}")


def holds(got, part, what="it"):
    if part not in got:
        raise Trouble(f"{what} lacks {short(part)}: {short(got)}")


def short(value, most=700):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else f"{text[:most // 2]} … {text[-most // 2:]} ({len(text)} characters)"


class Place:
    """The directories of one case, and what has to be ended after it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="cordon-test.")
        self.work = os.path.join(self.path, "w")
        self.home = os.path.join(self.path, "home")
        os.mkdir(self.work)
        os.mkdir(self.home)
        self.ends = []

    def file(self, name, text="", mode=None):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        if mode is not None:
            os.chmod(path, mode)
        return path

    def finish(self):
        for end in reversed(self.ends):
            try:
                end()
            except OSError:
                pass
        for directory, names, _ in os.walk(self.path):
            for name in names:
                path = os.path.join(directory, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.path, ignore_errors=True)


def run_one(name, function):
    place = Place()
    try:
        function(place)
    except NotMine as e:
        print(f"ok - {name} # SKIP {e}", flush=True)
        return None
    except Skip as e:
        if not MUST_WORK:
            print(f"ok - {name} # SKIP {e}", flush=True)
            return None
        problem = f"cannot be judged here: {e}"
    except Trouble as e:
        last = [f for f in traceback.extract_tb(e.__traceback__) if f.filename != __file__][-1]
        first = [f for f in traceback.extract_tb(e.__traceback__) if f.name == function.__name__]
        problem = f"{e}\nat {os.path.basename((first or [last])[-1].filename)}:{(first or [last])[-1].lineno}"
    except Exception:  # a test that stumbles is a failed one
        problem = traceback.format_exc()
    else:
        print(f"ok - {name}", flush=True)
        return True
    finally:
        place.finish()
    print(f"not ok - {name}")
    for line in problem.splitlines():
        print(f"#   {line}")
    sys.stdout.flush()
    return False


def main(wanted):
    """Runs the cases whose name has one of the words, or all."""
    if CORDON is None:
        sys.exit("CORDON: names the executable under test")
    results = [run_one(name, function) for name, function in cases
               if not wanted or any(word in name for word in wanted)]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if results and False not in results else 1
