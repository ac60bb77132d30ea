import { describe, expect, test } from "vitest";
import { created, wire } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };

/** A change that diff answers with a replace. */
const arch = { arch: "aarch64" };

describe("a new domain that the engine creates before it deletes the old one", () => {
  test("is refused, and the old one runs on", async () => {
    for (const change of [arch, { memory: "900MiB" }, { name: "front" }]) {
      const { host, stack } = await created(args);
      const { inputs } = await stack.preview({ ...args, ...change });
      const before = structuredClone(host.only);
      await expect(stack.upCreatedFirst(inputs)).rejects.toMatchObject({
        code: "create-before-delete",
        message: expect.stringContaining("remove deleteBeforeReplace: false"),
      });
      expect(host.only).toEqual(before);
    }
  });

  test("and that is the old one is not deleted", async () => {
    for (const program of [args, { ...args, shutdownTimeout: 5 }]) {
      for (const forced of [true, false]) {
        const { host, stack } = await created(args);
        const before = structuredClone(host.only);
        if (forced) await stack.upCreatedFirst(await stack.previewForced(program));
        else {
          await stack.preview(program);
          await stack.upCreatedFirst(await stack.check({}, program));
        }
        expect(host.only).toEqual(before);
        expect(stack.run.said.join("\n")).toContain("isn't deleted");
        expect(await stack.up(program)).toBe("same");
      }
    }
  });

  test("in an earlier run, whose delete failed, is not deleted by the next one", async () => {
    const { host, stack } = await created(args);
    const old = structuredClone(stack.recorded.outputs);
    const before = structuredClone(host.only);
    await stack.up(args);
    await stack.run.provider.delete?.(stack.recorded.id, wire(old));
    expect(host.only).toEqual(before);
    expect(stack.run.said.join("\n")).toContain("this deletion is left over from an earlier replace");
  });
});
