import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTime } from "../lab/processes.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { type Args, BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** A shell's command line as a hook; `$1` is the name of the file to write to. */
const shell = (line: string, ...args: string[]) => ["sh", "-c", line, "hook", ...args];

test("before rewrites the device's XML, after sees what was attached, both know the domain and run once for each DIMM", async () => {
  const stack = await stackOnLab(lab(), { node: BARE, quiet: BARE, after: BARE });
  const note = (name: string) => join(stack.dir, name);
  await stack.apply();
  const pids = ["node", "quiet", "after"].map((name) => lab().qemuPid(name));
  const environment = 'echo "$HOTPLUG_DOMAIN $HOTPLUG_UUID $HOTPLUG_URI" >> "$1"';
  stack.edit("node", {
    memory: "768MiB",
    hotplug: {
      maxDimmSize: "256MiB",
      before: {
        command: shell(
          `${environment}; sed 's,<target>,<source><nodemask>0</nodemask></source>&,'`,
          note("before"),
        ),
      },
      after: { command: shell(`${environment}; cat >> "$1"`, note("after")) },
    },
  });
  // What a hook is given it may ignore, and printing nothing leaves the device as it is.
  stack.edit("quiet", { memory: "512MiB", hotplug: { before: { command: ["true"] } } });
  stack.edit("after", {
    memory: "512MiB",
    hotplug: { after: { command: shell("echo the inventory is away >&2; exit 7") } },
  });
  const up = await stack.apply();

  const uuid = (await lab().virsh("domuuid", "node")).trim();
  const who = `node ${uuid} ${lab().uri}`;
  expect(readFileSync(note("before"), "utf8")).toBe(`${who}\n${who}\n`);
  const after = readFileSync(note("after"), "utf8");
  expect(after.split(who)).toHaveLength(3);
  for (const text of ["<nodemask>0</nodemask>", "ua-pulumi-dimm0", "ua-pulumi-dimm1"])
    expect(after).toContain(text);
  const xml = await lab().virsh("dumpxml", "node");
  expect(xml.match(/<nodemask>0<\/nodemask>/g)).toHaveLength(2);
  expect(await liveMemory(lab(), "node")).toMatchObject({ memory: 768 * MIB, cells: [256 * MIB] });
  expect(await liveMemory(lab(), "quiet")).toMatchObject({
    memory: 512 * MIB,
    devices: [{ alias: "ua-pulumi-dimm0", size: 256 * MIB, slot: 0 }],
  });

  expect(said(up, "after")).toContain(
    "warning: 256 MiB was attached, but the hook hotplug.after failed: the program sh exited with status 7: the inventory is away",
  );
  expect(await liveMemory(lab(), "after")).toMatchObject({ memory: 512 * MIB });
  expect(await nextBootMemory(lab(), "after")).toMatchObject({ cells: [512 * MIB], devices: [] });
  await stack.expectSettled();
  expect(["node", "quiet", "after"].map((name) => lab().qemuPid(name))).toEqual(pids);
  // Nothing ran the hooks again.
  expect(readFileSync(note("before"), "utf8")).toBe(`${who}\n${who}\n`);
});

test("before that fails, hangs, or prints another device: nothing is attached, and the error has its words", async () => {
  const sleepers = lab().file("sleepers");
  const bad: Record<string, { command: string[]; timeout?: number; error: string }> = {
    fails: {
      command: shell("echo the pool is exhausted >&2; exit 3"),
      error: "the program sh exited with status 3: the pool is exhausted",
    },
    hangs: {
      command: shell('echo thinking >&2; sleep 1000 & echo "$! $$" > "$1"; wait', sleepers),
      timeout: 1,
      error: "did not end within 1 s: thinking",
    },
    larger: {
      command: ["sed", `s,${256 * MIB},${512 * MIB},`],
      error: "the hook hotplug.before printed a device with size 512 MiB instead of 256 MiB",
    },
    elsewhere: {
      command: ["sed", "s,<node>0,<node>1,"],
      error: "the hook hotplug.before printed a device with node 1 instead of 0",
    },
    other: {
      command: ["echo", "<disk/>"],
      error: "the hook hotplug.before printed <disk> instead of one <memory> element",
    },
    prose: { command: ["echo", "all is well"], error: "the hook hotplug.before printed invalid XML: " },
    absent: {
      command: ["/there/is/none"],
      error: "/there/is/none can't be run: spawn /there/is/none ENOENT",
    },
  };
  const names = Object.keys(bad);
  const stack = await stackOnLab(lab(), Object.fromEntries(names.map((name) => [name, BARE])));
  await stack.apply();
  const pids = names.map((name) => lab().qemuPid(name));
  for (const [name, { command, timeout }] of Object.entries(bad)) {
    const before = { command, ...(timeout !== undefined && { timeout }) };
    stack.edit(name, { memory: "512MiB", hotplug: { before } } satisfies Args);
  }
  const up = await stack.up({ continueOnError: true });
  expect(up.ok).toBe(false);
  for (const [name, { error }] of Object.entries(bad)) {
    expect(said(up, name)).toContain(
      `error: Unable to attach a 256 MiB DIMM in slot 0, node 0 (domain ${name}): `,
    );
    expect(said(up, name)).toContain(error);
    const untouched = { memory: 256 * MIB, cells: [256 * MIB], devices: [] };
    expect(await liveMemory(lab(), name)).toMatchObject(untouched);
    expect(await nextBootMemory(lab(), name)).toMatchObject(untouched);
    expect(await stack.outputsOf(name)).toMatchObject({ memory: "256MiB", liveMemory: "256MiB" });
  }

  // What a hook started ends with it.
  const started = readFileSync(sleepers, "utf8").trim().split(" ");
  expect(started).toHaveLength(2);
  for (const pid of started) expect(startTime(Number(pid))).toBeUndefined();

  for (const name of names) stack.edit(name, { hotplug: {} });
  await stack.apply();
  for (const name of names) expect(await liveMemory(lab(), name)).toMatchObject({ memory: 512 * MIB });
  await stack.expectSettled();
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
});
