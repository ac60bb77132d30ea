import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { SIGNATURE } from "../../provider/args/secret-mark.ts";
import { secret } from "../../provider/plugin/values.ts";
import { places } from "../support/arbitrary-inputs.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import { cases } from "../support/properties.ts";

type Properties = Record<string, unknown>;

/** Letters and figures that nothing else has. */
const MARK = "xyzzyplugh";
const FIGURE = 2816;
const marked = new RegExp(`${MARK}|12:34:56|(?<!\\d)(?:${FIGURE}|${FIGURE * 1024})(?!\\d)`, "i");

const PROGRAM: Properties = {
  name: `${MARK}-name`,
  memory: `${FIGURE}MiB`,
  maxMemory: "8GiB",
  memorySlots: 16,
  vcpus: 4,
  description: `${MARK} shop`,
  disks: [
    { file: "/other", bus: "virtio" },
    { file: `/${MARK}/disk`, format: "qcow2", bus: "virtio" },
  ],
  interfaces: [{ user: true }, { network: `${MARK}-net`, mac: "52:54:00:12:34:56" }],
  hotplug: {
    awaitGuest: false,
    allowUnplug: true,
    before: { command: ["true", `${MARK}-token`], timeout: 30 },
  },
  serial: { file: `/${MARK}/log` },
  shutdownTimeout: 1,
};

type Path = (string | number)[];

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), value);

function withSecretAt(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return secret(value);
  const inner = withSecretAt(Reflect.get(Object(value), step), rest);
  return Array.isArray(value) ? value.with(Number(step), inner) : { ...(value as Properties), [step]: inner };
}

/** The places with the mark or the figure in them; each may be secret itself or inside of a secret. */
const SECRETS = places(PROGRAM).filter((path) => marked.test(JSON.stringify(at(PROGRAM, path))));

function hidden(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && SIGNATURE in inner ? "[secret]" : inner,
  );
}

/** The program in which everything with the mark is secret, each at one of the places around it. */
function allSecret(program: Properties, chosen: Path[]): Properties {
  const leaves = SECRETS.filter((path) => typeof at(PROGRAM, path) !== "object");
  const outer = chosen.filter((path) => !chosen.some((other) => other !== path && isInside(path, other)));
  const uncovered = leaves.filter((leaf) => !outer.some((path) => isInside(leaf, path)));
  return [...outer, ...uncovered].reduce((value, path) => withSecretAt(value, path) as Properties, program);
}

function isInside(path: Path, outer: Path): boolean {
  return outer.every((step, index) => path[index] === step);
}

describe("what is secret in a program", () => {
  test.prop([fc.subarray(SECRETS)], cases(8))(
    "is marked in every answer at any depth, and in no message",
    async (chosen) => {
      const host = new FakeHypervisor();
      const stack = new PluginStack(host);
      const program = allSecret(PROGRAM, chosen);
      const shown: string[] = [];
      const watch = async (work: () => Promise<unknown>) => {
        try {
          shown.push(hidden(await work()));
        } catch (error) {
          shown.push((error as Error).message);
        }
        shown.push(...stack.run.messages.map(({ text }) => text), hidden(stack.state ?? {}));
      };
      const grown = { ...program, memory: secret("3072MiB") };
      const replaced = { ...grown, memory: secret("2817MiB"), machine: "pc-q35-7.2", arch: "x86_64" };
      // Check keeps the name and the MAC that the program no longer sets.
      const { name: _, ...nameless } = replaced as Properties;
      const kept = { ...nameless, interfaces: [{ user: true }, { network: secret(`${MARK}-net`) }] };
      for (const next of [program, program, grown, replaced, kept]) {
        await watch(() => stack.preview(next));
        await watch(() => stack.up(next));
      }
      await watch(() => stack.refresh());
      await watch(() => stack.destroy());
      expect(stack.state).toBeUndefined();
      expect(shown.filter((text) => marked.test(text) || /(?<!\d)(3072|2817)/.test(text))).toEqual([]);
    },
  );

  it("stays plain beside it: only what is secret is marked", async () => {
    const stack = new PluginStack(new FakeHypervisor());
    const program = withSecretAt(PROGRAM, ["hotplug", "before", "command", 1]) as Properties;
    await stack.up(program);
    const { inputs, outputs } = stack.recorded;
    for (const properties of [inputs, outputs])
      expect(properties).toMatchObject({
        memory: "2816MiB",
        memoryPlan: "starts with 2816 MiB; room for 16 DIMMs, up to 8 GiB",
        hotplug: { before: { command: ["true", secret(`${MARK}-token`)], timeout: 30 } },
      });
    expect(outputs).toMatchObject({ liveMemory: "2816MiB", uuid: expect.any(String) });
  });

  it("isn't in the plan of a size that isn't secret any more, with or without a route to the host", async () => {
    const host = new FakeHypervisor();
    const stack = new PluginStack(host, { uri: "qemu:///system" });
    await stack.up({ memory: secret("2816MiB"), maxMemory: "8GiB" });
    for (const memory of ["3072MiB", "2817MiB"]) {
      stack.hosts["qemu:///system"] = host;
      const near = await stack.preview({ memory, maxMemory: "8GiB" });
      delete stack.hosts["qemu:///system"];
      const far = await stack.preview({ memory, maxMemory: "8GiB" });
      for (const { outputs } of [near, far]) {
        expect(outputs.memoryPlan).toMatch(/→|replace/);
        expect(outputs.memoryPlan).not.toMatch(/\d/);
      }
    }
  });

  it("is also the URI of a provider's configuration", async () => {
    const uri = `qemu+ssh://${MARK}@host/system`;
    const stack = new PluginStack(new FakeHypervisor(), { uri: secret(uri) });
    await expect(stack.up({ memory: "1GiB" })).rejects.not.toMatchObject({
      details: expect.stringContaining(MARK),
    });
    stack.hosts[uri] = new FakeHypervisor();
    const { outputs } = await stack.preview({ memory: "1GiB" });
    expect(outputs.uri).toEqual(secret(uri));
    await stack.up({ memory: "1GiB" });
    expect(stack.recorded.outputs.uri).toEqual(secret(uri));
    await stack.refresh();
    expect(hidden(stack.recorded)).not.toContain(MARK);
  });

  it("makes what is computed from a size secret", async () => {
    const stack = new PluginStack(new FakeHypervisor());
    const { maxMemory: _, ...program } = PROGRAM;
    await stack.up({ ...program, memory: secret(program.memory) });
    const { outputs } = stack.recorded;
    const names = Object.keys(outputs).filter((name) => SIGNATURE in Object(outputs[name]));
    expect(names.toSorted()).toEqual([
      ...["__observed", "change", "liveMemory", "maxMemory", "memory", "memoryChange", "memoryDevices"],
      ...["memoryPlan", "nextBootMemory", "reachable", "reachableVcpus"],
    ]);
  });
});
