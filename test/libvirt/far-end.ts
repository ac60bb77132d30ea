import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A machine behind an `ssh` that goes nowhere: it runs the last argument in a shell, as sshd does. */
export interface FarEnd {
  /** Path of that ssh. */
  ssh: string;
  /** Its arguments, one a line, call after call. */
  log: string;
  /** Puts a program on the far end's PATH. */
  install(name: string, script: string): void;
  remove(): void;
}

/** Bridges standard input and output to a unix socket, the path being the last argument. */
export const NETCAT = `#!${process.execPath}
const { createConnection } = require("node:net");
const socket = createConnection(process.argv.at(-1));
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
process.stdin.pipe(socket).pipe(process.stdout);
socket.on("close", () => process.exit(0));
`;

export function farEnd(): FarEnd {
  const folder = mkdtempSync(join(tmpdir(), "far-end-"));
  const programs = join(folder, "bin");
  const ssh = join(folder, "ssh");
  const log = join(folder, "log");
  mkdirSync(programs);
  writeFileSync(
    ssh,
    `#!/bin/sh
printf '%s\\n' "$@" >> '${log}'
for last; do :; done
PATH='${programs}' exec /bin/sh -c "$last"
`,
  );
  chmodSync(ssh, 0o755);
  return {
    ssh,
    log,
    install(name, script) {
      writeFileSync(join(programs, name), script);
      chmodSync(join(programs, name), 0o755);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
