import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuestConsole } from "../lab/console.ts";
import { shutDown } from "../lab/shut-down.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { onEachEngineWithHosts } from "../support/engines.ts";
import { BOOT, labOfThisFile, MIB } from "../support/live-lab.ts";
import { type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory, removeDomains, words } from "../support/virsh.ts";

const PLAN = "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart";

const lab = labOfThisFile({ keepDomains: true });

// The story of the README: one guest, one boot until it is shut down, told in order.
onEachEngineWithHosts((on) => {
  describe("edit a number, preview, up, and the running guest has more memory", () => {
    let stack: StackOnLab;
    let console: GuestConsole;
    let before: { pid: number | undefined; memory: number; uptime: number };

    beforeAll(async () => {
      const file = lab().file("web-1.log");
      rmSync(file, { force: true });
      console = lab().console(file);
      stack = await stackOnLab(
        lab(),
        {
          "web-1": {
            memory: "1003MiB",
            maxMemory: "8GiB",
            vcpus: 2,
            boot: { ...lab().guest, commandLine: "console=ttyS0 quiet memhp_default_state=online" },
            serial: { file },
          },
        },
        { on },
      );
    });
    afterAll(() => removeDomains(lab()));

    test("up defines and starts the domain", async () => {
      const preview = await stack.preview();
      expect(preview.changes).toEqual({ create: 2 });
      expect(words(await lab().virsh("list", "--all", "--name"))).toEqual([]);

      const { outputs } = await stack.apply();
      expect(outputs["web-1"]).toBe("starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB");
      await console.waitFor(/GUEST memtotal_kb=/, BOOT);
      const pid = lab().qemuPid("web-1");
      expect(pid).toBeTypeOf("number");
      before = { pid, memory: console.memTotalKib() ?? 0, uptime: console.uptimeSeconds() ?? 0 };
      expect(await liveMemory(lab(), "web-1")).toMatchObject({ memory: 1003 * MIB, devices: [] });
    });

    test("the preview of 1259MiB says that it is live, and how: on its row, in the diff, in JSON", async () => {
      stack.edit("web-1", { memory: "1259MiB" });
      const rows = await stack.preview({ json: true });
      expect(rows.changes).toEqual({ same: 1, update: 1 });
      const row = rows.stdout.split("\n").find((line) => / web-1 +update/.test(line));
      expect(row).toContain(PLAN);
      expect(rows.json).toMatchObject({
        changeSummary: { same: 1, update: 1 },
        diagnostics: [
          {
            urn: expect.stringMatching(/::web-1$/),
            message: expect.stringMatching(
              new RegExp(`^${escaped(PLAN)}\nmaximum without a restart: 8 GiB\n`),
            ),
          },
        ],
      });
      expect(updateIn(rows.json)).toMatchObject({
        op: "update",
        newState: {
          inputs: { memory: "1259MiB", memoryPlan: PLAN, change: "live", memoryChange: "live" },
        },
      });

      const { stdout } = await stack.preview({ diff: true });
      expect(stdout).toMatch(/~ memory +: "1003MiB" => "1259MiB"/);
      expect(stdout).toMatch(new RegExp(`~ memoryPlan *: ".*" => "${escaped(PLAN)}"`));
      expect(stdout).toContain(PLAN);
      expect(await liveMemory(lab(), "web-1")).toMatchObject({ memory: 1003 * MIB, devices: [] });
    });

    test("up plugs it into the same QEMU, and the same boot of the guest has exactly 256 MiB more", async () => {
      const from = console.text().length;
      const { outputs } = await stack.apply();
      expect(outputs["web-1"]).toBe(PLAN);
      await console.waitFor(/GUEST memtotal_kb=\d+ online=\d+ offline=0/, { ...BOOT, after: from });
      await waitUntil("all blocks to be online", () => console.memTotalKib() === before.memory + 256 * MIB, {
        seen: () => console.text().slice(from),
      });
      expect(console.uptimeSeconds()).toBeGreaterThan(before.uptime);
      expect(console.text().slice(from)).not.toContain("GUEST booted");
      expect(lab().qemuPid("web-1")).toBe(before.pid);

      expect(await liveMemory(lab(), "web-1")).toMatchObject({
        memory: 1259 * MIB,
        cells: [1003 * MIB],
        devices: [{ alias: "ua-pulumi-dimm0", size: 256 * MIB, slot: 0 }],
      });
      expect(await nextBootMemory(lab(), "web-1")).toEqual({
        memory: 1259 * MIB,
        currentMemory: 1259 * MIB,
        slots: 16,
        maxMemory: 8192 * MIB,
        cells: [1259 * MIB],
        devices: [],
      });
      expect(await stack.outputsOf("web-1")).toMatchObject({
        memory: "1259MiB",
        liveMemory: "1259MiB",
        nextBootMemory: "1259MiB",
        memoryDevices: [
          { model: "dimm", alias: "ua-pulumi-dimm0", slot: 0, node: 0, size: "256MiB", base: "0x100000000" },
        ],
        reachable: [{ from: "1515MiB", to: "8171MiB", step: "256MiB" }],
      });
    });

    test("a second up changes nothing, and refresh finds no drift", async () => {
      await stack.expectSettled();
      expect(lab().qemuPid("web-1")).toBe(before.pid);
    });

    test("1300MiB previews as a replace, with the reason and the nearest sizes that are live", async () => {
      stack.edit("web-1", { memory: "1300MiB" });
      const { changes, stdout, json } = await stack.preview({ json: true });
      expect(changes).toEqual({ same: 1, replace: 1 });
      const row = stdout.split("\n").find((line) => / web-1 +replace/.test(line));
      expect(row).toContain("replace: 1259 → 1300 MiB is not a multiple of 256 MiB (live: 1515 MiB)");
      expect(json).toMatchObject({ changeSummary: { same: 1, replace: 1 } });
      expect(lab().qemuPid("web-1")).toBe(before.pid);
    });

    test("shut down and started again, the guest boots with 1259 MiB of base memory and all slots free", async () => {
      stack.edit("web-1", { memory: "1259MiB" });
      await shutDown(lab(), "web-1");
      // QEMU truncates the console's file.
      await lab().virsh("start", "web-1");
      await console.waitFor(/GUEST memtotal_kb=/, BOOT);
      expect(await liveMemory(lab(), "web-1")).toMatchObject({ cells: [1259 * MIB], devices: [] });
      // The kernel's own share of 256 MiB more at boot: less than what a DIMM of that size gives.
      expect(console.memTotalKib()).toBeGreaterThan(before.memory + 240 * MIB);
      // The outputs follow: a DIMM is base memory now. That is nothing for up to do.
      expect((await stack.refresh()).errors).toEqual([]);
      await stack.expectSettled();
      expect(await stack.outputsOf("web-1")).toMatchObject({ liveMemory: "1259MiB", memoryDevices: [] });
    });

    test("destroy leaves nothing behind", async () => {
      const pid = lab().qemuPid("web-1");
      const { ok, errors } = await stack.destroy();
      expect({ ok, errors }).toEqual({ ok: true, errors: [] });
      expect(words(await lab().virsh("list", "--all", "--name"))).toEqual([]);
      expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
      expect(lab().qemuPid("web-1")).toBeUndefined();
      const kept = readdirSync(join(lab().dir, "c"), { recursive: true, encoding: "utf8" });
      expect(kept.filter((file) => /web-1|nvram\/./.test(file))).toEqual([]);
      expect((await stack.stateText()).includes("web-1")).toBe(false);
    });
  });
});

/** The step of a JSON preview that isn't `same`. */
function updateIn(json: unknown): unknown {
  const { steps } = json as { steps: { op: string }[] };
  return steps.find(({ op }) => op === "update");
}

function escaped(text: string): string {
  return text.replace(/[()[\].*+?^$|\\/]/g, "\\$&");
}
