import { describe, expect, test } from "vitest";
import { withSecretMarks } from "../../provider/secret-operation.ts";
import { derivedOutputs } from "../../sdk/secret-arguments.ts";
import { isSecret, type Props, type Value } from "../engine/stack/values.ts";
import { created } from "../support/one-resource.ts";

function secretNames(props: Record<string, unknown>): string[] {
  return Object.keys(props).filter((name) => isSecret(props[name] as Value));
}

const OUTPUTS = Object.fromEntries(
  [...derivedOutputs(["memory"]), "memoryPlan", "change", "memoryChange", "state", "uuid"].map((name) => [
    name,
    "x",
  ]),
);

describe("the marks of secrets in results", () => {
  test.each([
    [["memory"], true],
    [["hotplug.before.command[0]"], false],
  ])("are the same that the class asks the engine for: %j", (paths, __secret) => {
    const marked = withSecretMarks({ ...OUTPUTS, __secrets: paths, ...(__secret && { __secret }) });
    const own = __secret ? ["memoryPlan", "change", "memoryChange"] : [];
    expect(secretNames(marked).toSorted()).toEqual([...derivedOutputs(paths), ...own].toSorted());
  });

  test("are in no result without a secret", () => {
    expect(withSecretMarks(OUTPUTS)).toBe(OUTPUTS);
  });
});

describe("a value that is kept although the program no longer sets it", () => {
  test("stays secret: maxMemory, which followed from a secret size", async () => {
    const { stack } = await created({ memory: "1GiB", __secret: true, __secrets: ["memory"] });
    expect(await stack.up({ memory: "1GiB" })).toBe("same");
    await stack.up({ memory: "1280MiB" });
    const { inputs, outputs } = stack.recorded;
    for (const props of [inputs, outputs])
      expect((props as Props).maxMemory).toMatchObject({ value: "4096MiB" });
    expect(secretNames(outputs)).toEqual(expect.arrayContaining(["maxMemory", "reachable", "__observed"]));
    expect(secretNames(outputs)).not.toContain("memory");
  });

  test("stays secret: the name", async () => {
    const { stack } = await created({ memory: "1GiB", name: "hunter2", __secrets: ["name"] });
    await stack.up({ memory: "1280MiB" });
    expect(stack.recorded.outputs.name).toMatchObject({ value: "hunter2" });
    expect(stack.run.said.join()).not.toContain("hunter2");
    await stack.up({ memory: "1280MiB", maxMemory: "8GiB" });
    expect(secretNames(stack.recorded.outputs)).not.toContain("maxMemory");
  });

  test("is no secret once the program sets it again", async () => {
    const { stack } = await created({ memory: "1GiB", __secret: true, __secrets: ["memory"] });
    await stack.up({ memory: "1GiB", maxMemory: "4GiB", shutdownTimeout: 7 });
    expect(secretNames(stack.recorded.outputs)).toEqual([]);
  });
});
