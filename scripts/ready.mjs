// Runs a script of this repository with everything it needs: `node scripts/ready.mjs scripts/test.ts [arguments]`.
//
// The only file that must run on an old Node (20 and later), without any package: it installs the packages of
// package-lock.json, and a newer Node where the running one can't execute TypeScript, then starts the script.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const nodeFolder = join(root, "scripts/node");
const pinnedNode = join(nodeFolder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);

// Type stripping came with 22.18, which is also new enough for @pulumi/pulumi (22) and vitest (22.12).
const runningNodeWillDo = Boolean(process.features.typescript);
const node = runningNodeWillDo ? process.execPath : pinnedNode;
const environment = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), dirname(node), process.env.PATH].join(delimiter),
};

/** npm's own list of what it has installed, written when it has finished. */
const finishedList = "node_modules/.package-lock.json";

const [script, ...scriptArguments] = process.argv.slice(2);
if (script === undefined)
  fail("what to run is missing: node scripts/ready.mjs scripts/<name>.ts [arguments]");

if (!ready()) await withLock(install);
await run(script, scriptArguments);

function ready() {
  return nodeReady() && installed(root);
}

function nodeReady() {
  return runningNodeWillDo || (installed(nodeFolder) && existsSync(pinnedNode));
}

/** Whether node_modules holds what package-lock.json names. */
function installed(folder) {
  const wanted = lockedPackages(join(folder, "package-lock.json"));
  const present = lockedPackages(join(folder, finishedList));
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === "") return true;
    // Optional packages are the binaries of one platform each: the others stay away.
    return path in present ? present[path].version === version : optional || devOptional;
  });
}

function lockedPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

async function install() {
  if (!nodeReady()) {
    if (process.platform !== "linux") {
      fail(`Node 22.18 or newer is needed, this is ${process.version}; a newer one is fetched on Linux only`);
    }
    await npmInstall(nodeFolder, `a newer Node (this one is ${process.version}, 22.18 is needed)`);
    if (!existsSync(pinnedNode)) {
      fail(`no Node for ${process.platform}-${process.arch} could be installed; install Node 22.18 or newer`);
    }
  }
  if (!installed(root)) await npmInstall(root, "the npm packages");
}

async function npmInstall(folder, what) {
  // npm removes what is in node_modules in no particular order: an install that is killed must not leave this behind.
  rmSync(join(folder, finishedList), { force: true });

  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  say(`installing ${what}`);
  const progress = setInterval(() => say(`still installing, ${seconds()}`), 10_000);
  // The tools are development dependencies: NODE_ENV=production and omit=… must not leave them out.
  const options = ["--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  const npm = spawn("npm", ["ci", "--prefix", folder, ...options], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = [];
  npm.stdout.on("data", (chunk) => output.push(chunk));
  npm.stderr.on("data", (chunk) => output.push(chunk));
  const { error, code, signal } = await ended(npm);
  clearInterval(progress);
  if (signal) leaveAs(signal);
  if (error?.code === "ENOENT") fail("npm is needed to install packages, and is not on PATH");
  if (error || code !== 0) {
    process.stderr.write(Buffer.concat(output));
    fail(`unable to install ${what}: ${error?.message ?? `npm ci ended with code ${code}`}`);
  }
  say(`installed in ${seconds()}`);
}

/**
 * Does the work while no other run on this checkout does. The lock is an abstract unix socket: the kernel frees it
 * with its process, so nothing stale stays behind. Only Linux has such sockets; elsewhere there is no lock.
 */
async function withLock(work) {
  if (process.platform !== "linux") return work();
  const name = `\0libvirt-hotplug-ready-${createHash("sha256").update(root).digest("hex").slice(0, 32)}`;
  for (;;) {
    const waiting = new Set();
    const lock = createServer((socket) => waiting.add(socket.on("error", () => {})));
    const held = await new Promise((resolve, reject) => {
      lock.once("error", (error) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
      lock.listen(name, () => resolve(true));
    });
    if (held) {
      if (!ready()) await work();
      lock.close();
      for (const socket of waiting) socket.destroy();
      return;
    }
    say("waiting for another run that is installing");
    await new Promise((resolve) => {
      connect(name)
        .on("error", () => {})
        .on("close", resolve);
    });
  }
}

async function run(path, args) {
  const { error, code, signal } = await ended(
    spawn(node, [path, ...args], { cwd: root, env: environment, stdio: "inherit" }),
  );
  if (error) fail(`unable to start ${node}: ${error.message}`);
  if (signal) leaveAs(signal);
  process.exit(code);
}

/** Waits for a child, and passes on to it what is asked of this process meanwhile. */
function ended(child) {
  const pass = (signal) => {
    // A terminal sends Ctrl-C to the whole group: passing it on would make it two, and many programs take the second
    // for "at once".
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve) => {
    const finish = (result) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(result);
    };
    child.once("error", (error) => finish({ error }));
    child.once("close", (code, signal) => finish({ code, signal }));
  });
}

function leaveAs(signal) {
  process.exit(128 + constants.signals[signal]);
}

function say(text) {
  process.stderr.write(`ready: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
