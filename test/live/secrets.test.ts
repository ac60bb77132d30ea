import { expect, test } from "vitest";
import { onEachEngine } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

// Sizes that nothing else has by chance: 1286 MiB is 1316864 KiB, and so on.
const SIZES = { memory: 1286, grown: 1542, unaligned: 1571 };

/** A size as it could be written anywhere: in MiB, KiB or bytes, and four times that: the default of maxMemory. */
const figures = Object.values(SIZES).flatMap((mib) => [
  mib,
  mib * MIB,
  mib * MIB * MIB,
  4 * mib,
  4 * mib * MIB,
]);
const mentioned = (text: string) =>
  figures.filter((figure) => new RegExp(`(?<!\\d)${figure}(?!\\d)`).test(text));

onEachEngine((on) => {
  test("a secret size works, and nothing that is printed or kept in clear says it", async () => {
    const memory = (mib: number) => ({ memory: { secret: `${mib}MiB` } });
    const { maxMemory: _, ...rest } = BARE;
    const stack = await stackOnLab(lab(), { vault: { ...rest, ...memory(SIZES.memory) } }, { on });
    const shown: string[] = [];
    const kept = async (result: { stdout: string; errors: string[]; json?: unknown }) => {
      shown.push(result.stdout, ...result.errors, JSON.stringify(result.json ?? ""));
      shown.push(await stack.stateText());
    };

    await kept(await stack.preview({ json: true }));
    await kept(await stack.apply());
    expect(await liveMemory(lab(), "vault")).toMatchObject({ memory: SIZES.memory * MIB });
    const pid = lab().qemuPid("vault");

    stack.edit("vault", memory(SIZES.grown));
    await kept(await stack.preview({ json: true, diff: true }));
    await kept(await stack.apply());
    expect(await liveMemory(lab(), "vault")).toMatchObject({ memory: SIZES.grown * MIB });
    expect(lab().qemuPid("vault")).toBe(pid);
    await kept(await stack.refresh());
    await stack.expectSettled();

    // Replace, refusal, failed check: each has a sentence of its own.
    stack.edit("vault", memory(SIZES.unaligned));
    const replace = await stack.preview({ json: true, diff: true });
    expect(replace.changes).toMatchObject({ replace: 1 });
    await kept(replace);
    stack.edit("vault", { hotplug: { whenNotPossible: "error" } });
    const refused = await stack.preview();
    expect(refused.ok).toBe(false);
    await kept(refused);
    stack.edit("vault", { maxMemory: "1GiB" });
    const failed = await stack.preview();
    expect(failed.ok).toBe(false);
    await kept(failed);

    expect(mentioned(shown.join("\n"))).toEqual([]);
    // It is there, marked as secret, or this would prove nothing.
    expect(mentioned(await stack.stateText({ secrets: true }))).toContain(SIZES.grown);
    const destroyed = await stack.destroy();
    expect(mentioned(destroyed.stdout)).toEqual([]);
  });

  test("a size that was secret stays so until the domain is started with the plain one", async () => {
    const { memory, grown } = SIZES;
    const args = { ...BARE, maxMemory: "4GiB" };
    const stack = await stackOnLab(lab(), { open: { ...args, memory: { secret: `${memory}MiB` } } }, { on });
    await stack.apply();
    const pid = lab().qemuPid("open");

    stack.edit("open", { memory: `${grown}MiB` });
    const shown: string[] = [];
    const kept = async (result: { stdout: string; errors: string[]; json?: unknown }) => {
      shown.push(result.stdout, ...result.errors, JSON.stringify(result.json ?? ""));
      shown.push(await stack.stateText());
    };
    await kept(await stack.preview({ json: true, diff: true }));
    await kept(await stack.apply());
    await kept(await stack.refresh());
    await stack.expectSettled();
    expect(lab().qemuPid("open")).toBe(pid);
    expect(mentioned(shown.join("\n"))).not.toContain(memory);
    expect(mentioned(await stack.stateText())).toEqual([grown]);
    expect(mentioned(await stack.stateText({ secrets: true }))).toContain(memory * MIB);

    await lab().virsh("destroy", "open");
    await lab().virsh("start", "open");
    await stack.refresh();
    await stack.expectSettled();
    expect(mentioned(await stack.stateText({ secrets: true }))).not.toContain(memory * MIB);
    // Pulumi's engine keeps the mark of an output through a refresh.
    stack.edit("open", { shutdownTimeout: 7 });
    await stack.apply();
    expect(await stack.stateText()).toContain(`"liveMemory":"${grown}MiB"`);
    await stack.destroy();
  });
});
