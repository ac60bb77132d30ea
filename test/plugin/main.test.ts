import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import type plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import fc from "fast-check";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { cases } from "../support/properties.ts";

const main = join(import.meta.dirname, "../../provider/plugin/main.ts");
/** How long a plugin may outlive its engine. */
const ENDS_WITHIN_MS = 2_000;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "plugin-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Plugin {
  child: ChildProcess;
  port: number;
  /** Closes the engine's end of the plugin's standard input. */
  closeInput: () => void;
  /** All that the plugin has printed to standard output so far. */
  printed: () => string;
}

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

let fifos = 0;

/** Starts the plugin as the engine does, whose pipes are FIFOs; those of Node are sockets. */
async function start(): Promise<Plugin> {
  fifos += 1;
  const fifo = join(dir, `stdin-${fifos}`);
  execFileSync("mkfifo", [fifo]);
  const ours = openSync(fifo, "r+");
  const theirs = openSync(fifo, "r");
  const child = spawn(process.execPath, [main, "127.0.0.1:1"], { stdio: [theirs, "pipe", "inherit"] });
  closeSync(theirs);
  let isOpen = true;
  const closeInput = () => {
    if (isOpen) closeSync(ours);
    isOpen = false;
  };
  cleanUps.push(() => child.kill("SIGKILL"), closeInput);
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
  });
  while (!out.includes("\n")) await once(child.stdout as NodeJS.ReadableStream, "data");
  return { child, port: Number(out), closeInput, printed: () => out };
}

function version(port: number): Promise<string> {
  const client = new services.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.getPluginInfo(new empty.Empty(), (error: Error | null, info: plugins.PluginInfo) => {
      client.close();
      if (error) reject(error);
      else resolve(info.getVersion());
    });
  });
}

async function send(port: number, bytes: Uint8Array): Promise<void> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const closed = once(socket, "close");
  socket.end(bytes);
  socket.resume();
  await closed;
}

const HTTP2 = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

// Under load the start of a process takes seconds.
describe("the plugin's process", { timeout: 60_000 }, () => {
  it("prints its port first, and nothing else; it serves its version there", async () => {
    const { port, printed } = await start();
    expect(await version(port)).toBe(manifest.version);
    expect(printed()).toBe(`${port}\n`);
  });

  it("ends when the engine ends, of which its standard input tells", async () => {
    const { child, closeInput } = await start();
    const ended = once(child, "exit", { signal: AbortSignal.timeout(ENDS_WITHIN_MS) });
    closeInput();
    expect(await ended).toEqual([0, null]);
  });

  it("ends when a parent in Node ends, whose pipe is a socket", async () => {
    const child = spawn(process.execPath, [main], { stdio: ["pipe", "pipe", "inherit"] });
    cleanUps.push(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const ended = once(child, "exit", { signal: AbortSignal.timeout(ENDS_WITHIN_MS) });
    child.stdin.destroy();
    expect(await ended).toEqual([0, null]);
  });

  it("ends at once on SIGINT", async () => {
    const { child } = await start();
    const ended = once(child, "exit", { signal: AbortSignal.timeout(ENDS_WITHIN_MS) });
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
  });

  it("goes on without an engine on its standard input", async () => {
    const child = spawn(process.execPath, [main], { stdio: ["ignore", "pipe", "inherit"] });
    cleanUps.push(() => child.kill("SIGKILL"));
    const [line] = await once(child.stdout, "data");
    expect(await version(Number(line))).toBe(manifest.version);
    expect(child.exitCode).toBeNull();
  });

  it("survives garbage on its port and in its messages", async () => {
    const { child, port, printed } = await start();
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.uint8Array({ maxLength: 400 }), async (isHttp2, bytes) => {
        await send(port, isHttp2 ? Buffer.concat([HTTP2, bytes]) : bytes);
        expect(child.exitCode).toBeNull();
      }),
      cases(30),
    );
    // Messages that aren't any.
    const client = new services.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("Check", "Diff", "Create", "Configure", "Read", "Nothing"),
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        (method, bytes) =>
          new Promise<void>((resolve) => {
            client.makeUnaryRequest(
              `/pulumirpc.ResourceProvider/${method}`,
              () => Buffer.from(bytes),
              (answer: Buffer) => answer,
              {},
              () => resolve(),
            );
          }),
      ),
      cases(60),
    );
    client.close();
    expect(await version(port)).toBe(manifest.version);
    expect(printed()).toBe(`${port}\n`);
  });
});
