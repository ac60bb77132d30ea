import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { killProviderHost } from "../support/provider-host.ts";
import { rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, type OnEngine, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

const killLibvirtd = () => {
  const pid = Number(readFileSync(join(lab().dir, "run/libvirt/libvirtd.pid"), "utf8"));
  process.kill(pid, "SIGKILL");
};

interface Kill {
  kill: (stack: StackOnLab) => void;
  /** Before or after which change. A growth attaches a DIMM, then sets the definition. */
  at: readonly { n: number; when: "before" | "after" }[];
  /** What is done before the next up. */
  undo?: () => Promise<void>;
}

const KILLS: Record<string, Kill> = {
  provider: {
    kill: killProviderHost,
    at: [
      { n: 1, when: "after" },
      { n: 2, when: "after" },
    ],
  },
  libvirtd: {
    kill: killLibvirtd,
    at: [
      { n: 1, when: "before" },
      { n: 1, when: "after" },
    ],
    undo: () => lab().startDaemon(),
  },
};

// Each kill is in the middle of another growth of the same domain.
test.for(Object.entries(KILLS))(
  "%s is killed with -9 in the middle of pulumi up: the next up completes the growth, and does nothing twice",
  { timeout: 900_000 },
  async ([name, { kill, at, undo }], { skip }) => {
    skip(ENGINE.engine !== "pulumi", "there is no Pulumi CLI");
    const proxy = await rpcProxy(lab(), name);
    const on: OnEngine = { engine: "pulumi", traces: [] };
    const stack = await stackOnLab(lab(), { web: { ...BARE, uri: proxy.uri } }, { on });
    await stack.apply();
    const pid = lab().qemuPid("web");
    for (const [index, { n, when }] of at.entries()) {
      const size = 512 + index * 256;
      stack.edit("web", { memory: `${size}MiB` });
      const isKilled = proxy.atChange(n, when, () => {
        kill(stack);
        proxy.cut();
      });
      const { ok } = await stack.up();
      expect({ n, when, isKilled: await isKilled(), ok }).toEqual({ n, when, isKilled: true, ok: false });

      await undo?.();
      proxy.restore();
      await stack.apply();
      const live = await liveMemory(lab(), "web");
      expect({ n, when, memory: live.memory, dimms: live.devices.length }).toEqual({
        ...{ n, when, memory: size * MIB, dimms: index + 1 },
      });
      expect(await nextBootMemory(lab(), "web")).toMatchObject({ memory: size * MIB, devices: [] });
      expect(lab().qemuPid("web")).toBe(pid);
    }
    await stack.expectSettled();
  },
);
