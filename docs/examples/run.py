#!/usr/bin/env python3
"""A first client of cordon: one command with its result, then one whose output is told as it comes."""
import json
import subprocess

serve = subprocess.Popen(["cordon", "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def send(id, method, params):
    line = json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
    serve.stdin.write(line.encode() + b"\n")
    serve.stdin.flush()


def messages():
    for line in serve.stdout:
        message = json.loads(line)
        if "error" in message:
            raise SystemExit(f"{message['error']['code']}: {message['error']['message']}")
        yield message


incoming = messages()
send(1, "initialize", {"protocolVersion": "1", "clientInfo": {"name": "run.py", "version": "1"}})
print("profiles:", ", ".join(next(incoming)["result"]["profiles"]))

send(2, "process/run", {"argv": ["sh", "-c", "echo hello; exit 3"], "timeoutMs": 10000})
result = next(incoming)["result"]
print("printed:", result["stdout"].get("text", "bytes").strip())
print("ended:", result["reason"], result["exitCode"])

send(3, "process/start", {"argv": ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done"]})
for message in incoming:
    if message.get("method") == "process/output":
        print(message["params"].get("text", ""), end="")
    elif message.get("method") == "process/exited":
        print("ended:", message["params"]["result"]["reason"], message["params"]["result"]["exitCode"])
        break
serve.stdin.close()  # ends what is still running
serve.wait()
