// Outlives the process that started a lab, and clears up after it: `node watchdog.ts <lab's folder>`, in a
// session of its own, with its standard input held open by the lab's owner. However the owner ends, kill -9
// included, the kernel closes that pipe.
import { removeLab } from "./folder.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

const folder = process.argv[2];
if (folder === undefined) throw new Error("The watchdog needs the folder of its lab");
process.stdin.on("close", () => removeLab(folder)).resume();
