import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { killProviderHost } from "../support/provider-host.ts";
import { rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** What is killed with SIGKILL, and what is done before the next up. */
const KILLS: Record<string, { kill: (stack: StackOnLab) => void; undo?: () => Promise<void> }> = {
  provider: { kill: killProviderHost },
  libvirtd: {
    kill: () => {
      const pid = Number(readFileSync(join(lab().dir, "run/libvirt/libvirtd.pid"), "utf8"));
      process.kill(pid, "SIGKILL");
    },
    undo: () => lab().startDaemon(),
  },
};

/** A growth attaches a DIMM, then sets the definition. */
const POINTS = [
  { n: 1, when: "before" },
  { n: 1, when: "after" },
  { n: 2, when: "before" },
  { n: 2, when: "after" },
] as const;

// Each kill is in the middle of another growth of the same domain.
test("pulumi up is killed in the middle: the next up completes the growth, and does nothing twice", {
  timeout: 600_000,
}, async ({ skip }) => {
  skip(ENGINE.engine !== "pulumi", "there is no Pulumi CLI");
  const proxy = await rpcProxy(lab(), "web");
  const stack = await stackOnLab(
    lab(),
    { web: { ...BARE, maxMemory: "4GiB", uri: proxy.uri } },
    { on: { engine: "pulumi", traces: [] } },
  );
  await stack.apply();
  const pid = lab().qemuPid("web");
  let size = 256;
  for (const [killed, { kill, undo }] of Object.entries(KILLS))
    for (const point of POINTS) {
      size += 256;
      stack.edit("web", { memory: `${size}MiB` });
      const isKilled = proxy.atChange(point.n, point.when, () => {
        kill(stack);
        proxy.cut();
      });
      const interrupted = await stack.up();
      expect({ killed, ...point, isKilled: await isKilled(), ok: interrupted.ok }).toEqual({
        ...{ killed, ...point, isKilled: true, ok: false },
      });
      await undo?.();
      proxy.restore();
      await stack.apply();
      const { memory, devices } = await liveMemory(lab(), "web");
      const nextBoot = await nextBootMemory(lab(), "web");
      expect({ killed, ...point, memory, dimms: devices.length, nextBoot: nextBoot.memory }).toEqual({
        ...{ killed, ...point, memory: size * MIB, dimms: size / 256 - 1, nextBoot: size * MIB },
      });
      expect(lab().qemuPid("web")).toBe(pid);
    }
  await stack.expectSettled();
  expect(lab().qemuPid("web")).toBe(pid);
});
