// A process that owns a lab with a running domain and a registered process, for tests to kill:
// `node lab-owner.ts [keep]`. Says what belongs to it in one line of JSON, and stays.
import { spawn } from "node:child_process";
import { startBareDomain } from "./bare-domain.ts";
import { startLab } from "./lab.ts";

const lab = await startLab();
await startBareDomain(lab, "abandoned");
const host = spawn("sleep", ["infinity"], { detached: true, stdio: "ignore" });
if (host.pid === undefined) throw new Error("Unable to start sleep");
lab.register(host.pid);
const keeper = process.argv[2] === "keep" ? await lab.keep() : undefined;
const belongings = { dir: lab.dir, host: host.pid, qemu: lab.qemuPid("abandoned"), keeper };
process.stdout.write(`${JSON.stringify(belongings)}\n`);
process.stdin.resume();
