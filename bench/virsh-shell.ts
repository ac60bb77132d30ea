import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Lab } from "../test/lab/lab.ts";

/** One virsh process that gets its commands through a pipe. */
export interface VirshShell {
  /** Runs commands one after another; rejects when virsh complained about one of them. */
  run(...commands: string[]): Promise<void>;
  close(): Promise<void>;
}

export function virshShell(lab: Lab): VirshShell {
  // Its history goes to the lab's folder.
  const env = { PATH: process.env.PATH, LC_ALL: "C.UTF-8", HOME: join(lab.dir, "home") };
  const virsh = spawn("virsh", ["--quiet", "--connect", lab.uri], { env });
  const ended = once(virsh, "close");
  let output = "";
  let complaints = "";
  let turn = 0;
  virsh.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  virsh.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  return {
    run: async (...commands) => {
      turn += 1;
      output = "";
      // virsh echoes what it reads: only its own answer begins a line.
      const done = `\ndone-${turn}`;
      virsh.stdin.write(`${[...commands, `echo done-${turn}`].join("\n")}\n`);
      while (!output.includes(done)) await Promise.race([once(virsh.stdout, "data"), ended]);
      if (complaints !== "") throw new Error(`virsh: ${complaints}`);
    },
    close: async () => {
      virsh.stdin.end("quit\n");
      await ended;
    },
  };
}
