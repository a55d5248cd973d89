// A first client of cordon: one command with its result, then one whose output is told as it comes.
import { spawn } from "node:child_process";

const serve = spawn("cordon", ["serve", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();
let lastId = 0, exited, rest = "";
const end = new Promise((resolve) => (exited = resolve));

function call(method, params) {
	const id = ++lastId;
	serve.stdin.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
	return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function take({ id, result, error, method, params }) {
	if (method === "process/output") process.stdout.write(params.text ?? "");
	else if (method === "process/exited") exited(params.result);
	else if (error) waiting.get(id).reject(new Error(`${error.code}: ${error.message}`));
	else if (waiting.has(id)) waiting.get(id).resolve(result);
}

// Not node:readline: it also ends a line at U+2028, which JSON has inside of strings.
serve.stdout.setEncoding("utf8").on("data", (data) => {
	const lines = (rest + data).split("\n");
	rest = lines.pop();
	for (const line of lines) take(JSON.parse(line));
});

const clientInfo = { name: "run.mjs", version: "1" };
const { profiles } = await call("initialize", { protocolVersion: "1", clientInfo });
console.log("profiles:", profiles.join(", "));

const done = await call("process/run", { argv: ["sh", "-c", "echo hello; exit 3"], timeoutMs: 10000 });
console.log("printed:", (done.stdout.text ?? "bytes").trim());
console.log("ended:", done.reason, done.exitCode);

await call("process/start", { argv: ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done"] });
const result = await end;
console.log("ended:", result.reason, result.exitCode);
serve.stdin.end(); // ends what is still running
