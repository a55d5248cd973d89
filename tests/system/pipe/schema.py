"""docs/schema/pipe.schema.json, as a judge of what cordon says.

For readers results are open: members that they do not know are ignored. These tests know them all, so for
them a result with a member that is not written down is wrong.
"""
import copy
import json
import os

from cases import ROOT, Trouble, short

try:
    import jsonschema
except ImportError:
    jsonschema = None

with open(os.path.join(ROOT, "docs", "reasons.md"), encoding="utf-8") as page:
    REASONS = page.read()
PATH = os.path.join(ROOT, "docs", "schema", "pipe.schema.json")


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Trouble(f"an object has a key twice: {keys}")
    return dict(pairs)


def no_constants(name):
    raise Trouble(f"{name} is no JSON")


def parse(line):
    """One line of the pipe, strictly: UTF-8, no duplicate keys, nothing that is no JSON."""
    return json.loads(line.decode("utf-8"), object_pairs_hook=no_duplicates,
                      parse_constant=no_constants)


def closed(node):
    """The same schema where objects have only the members that it names."""
    if isinstance(node, dict):
        node = {key: closed(value) for key, value in node.items()}
        if ("properties" in node or "allOf" in node) and "additionalProperties" not in node and \
                "unevaluatedProperties" not in node and not node.get("x-part"):
            node["unevaluatedProperties"] = False
        return node
    if isinstance(node, list):
        return [closed(value) for value in node]
    return node


class Schema:
    def __init__(self):
        with open(PATH, encoding="utf-8") as f:
            self.text = json.load(f)
        self.methods = self.text["x-methods"]
        self.notifications = self.text["x-notifications"]
        self.strict = closed(copy.deepcopy(self.text["$defs"]))
        self.validators = {}

    def validator(self, name):
        if name not in self.validators:
            self.validators[name] = jsonschema.Draft202012Validator(
                {"$schema": self.text["$schema"], "$ref": f"#/$defs/{name}", "$defs": self.strict})
        return self.validators[name]

    def judge(self, name, value):
        errors = sorted(self.validator(name).iter_errors(value), key=lambda e: list(map(str, e.path)))
        if errors:
            best = jsonschema.exceptions.best_match(errors)
            raise Trouble(f"no {name} by the schema: {best.message[:300]} "
                          f"(at {'/'.join(map(str, best.path)) or 'the top'}): {short(value)}")

    def allows(self, name, value):
        return self.validator(name).is_valid(value)

    def received(self, message, method=None):
        """A message of cordon; method is what the answered request asked for, when that is known."""
        if "method" in message:
            name = self.notifications.get(message["method"])
            if name is None or name["sender"] != "cordon":
                raise Trouble(f"cordon sends a notification that is not written down: {short(message)}")
            self.judge("notification", {k: v for k, v in message.items() if k != "params"} | {"params": {}})
            self.judge(name["params"], message.get("params"))
            return
        self.judge("errorResponse" if "error" in message else "response", message)
        if "error" in message and f"`{message['error']['data']['reason']}`" not in REASONS:
            raise Trouble(f"docs/reasons.md does not have the reason of {short(message)}")
        if "result" in message and method in self.methods:
            self.judge(self.methods[method]["result"], message["result"])


schema = Schema() if jsonschema else None
