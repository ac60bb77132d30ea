import { Readable } from "node:stream";
import { run } from "../../provider/commands.ts";
import { hostClock } from "../../provider/deadline.ts";
import { connect } from "../../provider/libvirt/connect.ts";

/** Runs the command as a shell would, with a text or bytes on standard input. */
export async function commandLine(args: string[], input: string | Iterable<Uint8Array> = []) {
  const written = { out: "", error: "" };
  const code = await run(args, {
    connect,
    input: Readable.from(typeof input === "string" ? [Buffer.from(input)] : input),
    out: (text) => {
      written.out += text;
    },
    error: (text) => {
      written.error += text;
    },
    terminal: { columns: 80, color: false },
    clock: hostClock,
  });
  return { code, ...written };
}
