import { fstatSync } from "node:fs";
import packageJson from "../../package.json" with { type: "json" };
import { hostClock } from "../deadline.ts";
import { engineLog } from "../engine/log.ts";
import { connect } from "../libvirt/connect.ts";
import schema from "./schema.json" with { type: "json" };
import { servePlugin } from "./server.ts";

const { stdin, stdout, stderr } = process;
const end = () => process.exit(0);

// Cancel and then SIGINT end a plugin. The engine kills one that still runs 5 s later.
process.on("SIGINT", end);
// The engine holds the other end of a pipe, which for a parent in Node is a socket: when the engine ends, however suddenly, this
// process ends too. Another kind of standard input, such as a terminal or /dev/null, says nothing about the engine.
const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) stdin.on("end", end).on("error", end).resume();
// An error outside of any call must not end the calls that run.
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error: unknown) => {
    stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  });

// The executable is CommonJS, which has no top-level await.
void start();

async function start(): Promise<void> {
  const port = await servePlugin({
    ...{ connect, engineLog, clock: hostClock, environment: process.env },
    ...{ version: packageJson.version, schema: JSON.stringify(schema), address: process.argv[2] },
  });
  stdout.on("error", end);
  stdout.write(`${port}\n`);
  // The engine reads the port from the first line, and nothing may follow.
  stdout.write = stderr.write.bind(stderr);
}
