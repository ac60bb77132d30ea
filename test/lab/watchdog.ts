// Outlives the process that started a lab, and clears up after it: `node watchdog.ts <lab's folder>`, in a
// session of its own, with its standard input held open by the lab's owner. However the owner ends, kill -9
// included, the kernel closes that pipe. Where the owner has written into it before, the lab is kept, and ends when
// this process is told to (SIGTERM).
import { removeLab } from "./folder.ts";

for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
process.on("SIGTERM", end);

const folder = process.argv[2];
if (folder === undefined) throw new Error("The watchdog needs the folder of its lab");

// A signal is nothing that Node would stay for.
const staying = setInterval(() => {}, 2 ** 31 - 1);
let kept = false;
process.stdin.on("data", () => {
  kept = true;
});
process.stdin.on("close", () => {
  if (!kept) end();
});

function end(): void {
  clearInterval(staying);
  void removeLab(folder ?? "");
}
