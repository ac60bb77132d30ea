import { expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { CheckFailed, OneResource } from "../support/one-resource.ts";

/** Digits that occur in nothing else: 7411 MiB, and 512 MiB more. */
const args = { memory: "7411MiB", maxMemory: "29644MiB", memorySlots: 3, __secret: true };
const grown = { ...args, memory: "7923MiB" };
const figures = /7411|7923|29644|512|8113152|524288|\b29\b|\d MiB/;

async function said(
  story: (stack: OneResource, host: FakeHypervisor) => Promise<unknown>,
): Promise<string[]> {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up(args);
  const error = await story(stack, host).then(
    () => undefined,
    (error: Error) => error,
  );
  return [
    ...stack.run.messages.map(({ text }) => text),
    ...(error ? [error.message, error.stack ?? ""] : []),
  ];
}

const refusal = libvirtError(
  ErrorCode.CONFIG_UNSUPPORTED,
  "Attaching memory device with size '524288' would exceed domain's maxMemory config size '30355456'",
);

test.each<[string, (stack: OneResource, host: FakeHypervisor) => Promise<unknown>, RegExp]>([
  ["a growth", (stack) => stack.up(grown), /^live: … → … MiB, one … MiB DIMM in slot …/],
  ["a replace", (stack) => stack.preview({ ...args, memory: "7923MiB", name: "x" }), /^replace: /],
  [
    "an unaligned size",
    (stack) => stack.preview({ ...args, memory: "7412MiB" }),
    /^replace: … → … MiB is not a multiple of … MiB/,
  ],
  [
    "an unaligned size that is an error",
    (stack) => stack.preview({ ...args, memory: "7412MiB", hotplug: { whenNotPossible: "error" } }),
    /nothing is done/,
  ],
  [
    "a size that isn't secret any more",
    (stack) => {
      const { __secret: _, ...open } = grown;
      return stack.preview(open);
    },
    /^live: … → … MiB/,
  ],
  ["bad input", (stack) => stack.preview({ ...args, memory: "29645MiB" }), /above maxMemory/],
  [
    "contradicting XML",
    (stack) => stack.preview({ ...args, xml: "<domain><memory unit='MiB'>7923</memory></domain>" }),
    /has <memory> … MiB, but memory is … MiB/,
  ],
  [
    "libvirt's own error",
    (stack, host) => {
      host.refuses.set("attachDevice", refusal);
      return stack.up(grown);
    },
    /Unable to attach a … MiB DIMM .*Attaching memory device with size '…'/,
  ],
  [
    "a partial update",
    (stack, host) => {
      host.refuses.set(`define ${host.only.uuid}`, refusal);
      return stack.up(grown);
    },
    /already done: attach a … MiB DIMM/,
  ],
  [
    "a domain that changed meanwhile",
    (stack, host) => {
      const shrink = () =>
        host.change(host.only.uuid, { live: host.only.live?.replace(/slots='3'/, "slots='0'") ?? "" });
      return stack.up(grown, shrink);
    },
    /the domain changed/,
  ],
  [
    "a domain that libvirt can't define",
    async (stack, host) => {
      await stack.destroy();
      host.refuses.set("define", refusal);
      return stack.up(args);
    },
    /Unable to define domain/,
  ],
  [
    "a hypervisor out of reach",
    (stack) => {
      stack.hosts = {};
      return stack.preview(grown);
    },
    /planned from the state only/,
  ],
])("a secret size is in no message and no error: %s", async (_, story, words) => {
  const texts = await said(story);
  expect(texts.join("\n")).toMatch(words);
  for (const text of texts) expect(text).not.toMatch(figures);
});

test("a size that isn't secret is shown", async () => {
  const { __secret: _, ...open } = grown;
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up({ ...open, memory: "7411MiB" });
  await stack.up(open);
  expect(stack.run.said.join()).toContain("7411 → 7923 MiB");
});

test.each([
  ["a live change", { memory: "7923MiB" }],
  ["a replace", { memory: "7412MiB" }],
  ["another argument", { memory: "7411MiB", shutdownTimeout: 7 }],
])("the plan of a size that isn't secret any more doesn't have the secret one: %s", async (_, change) => {
  const stack = new OneResource(new FakeHypervisor());
  await stack.up({ ...args, __secrets: ["memory"] });
  const { __secret: _secret, ...open } = { ...args, ...change };
  const { inputs } = await stack.preview(open);
  expect(inputs.memoryPlan).not.toMatch(/\d/);
  await stack.up(open);
  expect(stack.recorded.outputs.memoryPlan).not.toMatch(/\d/);
  // A replace, whose plan may have the base memory of the old domain.
  await stack.up({ ...open, memory: "9216MiB" });
  await stack.up({ ...open, memory: "9728MiB" });
  expect(stack.recorded.outputs.memoryPlan).toMatch(/9216 → 9728 MiB/);
});

test("a failed check of a secret doesn't name a property whose value Pulumi would print", async () => {
  const stack = new OneResource(new FakeHypervisor());
  const failures = async (bad: object) => {
    const error: unknown = await stack.preview({ ...args, ...bad }).catch((thrown: unknown) => thrown);
    if (!(error instanceof CheckFailed)) throw error;
    return error.failures;
  };
  expect(await failures({ memory: "29645MiB" })).toEqual([
    { property: "", reason: expect.stringMatching(/^memory .*above maxMemory/) },
  ]);
  expect(await failures({ memorySlots: 300 })).toEqual([
    { property: "memorySlots", reason: expect.stringMatching(/^must be/) },
  ]);
  expect(await failures({ memory: "29645MiB", __secret: false })).toEqual([
    { property: "memory", reason: expect.stringMatching(/29645 MiB.*above maxMemory/) },
  ]);
});
