import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A pipe of the kind that the real engine gives a plugin as standard input: Node's own `"pipe"` is a socket. */
export interface HeldPipe {
  /** For a child. */
  readonly readEnd: number;
  /** When the child has it. */
  handedOver(): void;
  /** Closes the other end, as the end of this process does. */
  close(): void;
}

export function heldPipe(): HeldPipe {
  const dir = mkdtempSync(join(tmpdir(), "pipe-"));
  try {
    const path = join(dir, "pipe");
    execFileSync("mkfifo", [path]);
    // A first end that reads and writes, since an end that only does one waits for the other.
    const held = openSync(path, constants.O_RDWR);
    const readEnd = openSync(path, constants.O_RDONLY);
    let isOpen = true;
    return {
      readEnd,
      handedOver: () => closeSync(readEnd),
      close: () => {
        if (isOpen) closeSync(held);
        isOpen = false;
      },
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
