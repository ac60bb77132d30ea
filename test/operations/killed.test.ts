import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { readCanonicalSize } from "../../provider/units/size.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource, URN } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2, autostart: true };

/** A stack whose domain is there already, if `before` is given, and the calls of an undisturbed `up`. */
async function scene({ before, grown }: Story) {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  for (const slot of [0, 1, 2]) host.guestGivesUp.add(`ua-pulumi-dimm${slot}`);
  if (before !== undefined) await stack.up({ ...before });
  if (grown !== undefined) await stack.up({ ...grown });
  host.calls.length = 0;
  return { host, stack };
}

/** What a domain has come to; a DIMM that was attached twice would be among its devices. */
function end(host: FakeHypervisor) {
  const { only } = host;
  // The mark tells what was written last, which depends on how often the run was ended.
  const read = (xml: string | undefined) =>
    xml === undefined ? undefined : { ...readDomain(xml), writtenArguments: undefined };
  return { power: only.power, autostart: only.autostart, live: read(only.live), next: read(only.inactive) };
}

interface Story {
  name: string;
  before: object | undefined;
  /** What it had grown to since. */
  grown?: object;
  after: object;
}

const shrinks = { ...args, hotplug: { allowUnplug: true, maxDimmSize: "512MiB", awaitGuest: false } };

const stories: Story[] = [
  { name: "create", before: undefined, after: args },
  { name: "replace", before: args, after: { ...args, memory: "900MiB" } },
  { name: "replace under another name", before: args, after: { ...args, name: "front" } },
  {
    name: "replace a domain that is off",
    before: { ...args, running: false },
    after: { ...args, arch: "aarch64" },
  },
  {
    name: "grow, more vCPUs, autostart off",
    before: { ...args, memory: "1259MiB" },
    after: { ...args, memory: "1515MiB", vcpus: 4, autostart: false },
  },
  {
    name: "take two of three DIMMs out, and more vCPUs",
    before: shrinks,
    grown: { ...shrinks, memory: "2283MiB" },
    after: { ...shrinks, memory: "1515MiB", vcpus: 4 },
  },
  {
    name: "take two of four vCPUs out",
    before: { ...shrinks, vcpus: 4 },
    after: { ...shrinks, vcpus: 2 },
  },
  {
    name: "shut down and change",
    before: args,
    after: { ...args, memory: "1300MiB", vcpus: 4, running: false },
  },
  {
    name: "grow by virtio-mem",
    before: { ...args, hotplug: { device: "virtio-mem" } },
    after: { ...args, memory: "1515MiB", hotplug: { device: "virtio-mem" } },
  },
  { name: "start", before: { ...args, running: false }, after: { ...args, memory: "1300MiB" } },
  {
    name: "grow, and a balloon",
    before: args,
    after: { ...args, memory: "1259MiB", currentMemory: "512MiB" },
  },
  { name: "a balloon that is given back", before: { ...args, currentMemory: "512MiB" }, after: args },
];

/** How a run ends at one of its calls, once libvirt has carried that out; before that is the call before. */
const ends = [
  { how: "without an answer", isKilled: false },
  { how: "with the whole process, which records nothing", isKilled: true },
];

describe.each(stories)("$name, ended at any call", (story) => {
  const { after } = story;
  // A run for each of its calls: seconds of work on a busy machine.
  test.each(ends)("$how: the next run converges", async ({ isKilled }) => {
    const undisturbed = await scene(story);
    await undisturbed.stack.up({ ...after });
    const { calls } = undisturbed.host;
    const wanted = end(undisturbed.host);
    expect(calls.length).toBeGreaterThan(5);

    for (const call of interruptions(calls)) {
      const { host, stack } = await scene(story);
      const recorded = structuredClone(stack.state);
      host.death = { call, carriedOut: true };
      const ended = await stack.up({ ...after }).catch((error: Error) => error);
      // A look that fails is only a preview from the state; the work then fails at its first call.
      // A guest that can't be asked after everything was done isn't a failure either.
      if (host.calls[call - 1] !== "memoryStats") expect(ended, `call ${call}`).toBeInstanceOf(Error);
      host.death = undefined;
      // The engine records the delete of a replace before the create begins.
      if (isKilled && !stack.state?.isPendingReplacement) stack.state = recorded;
      await stack.up({ ...after });
      expect(end(host), `after call ${call}`).toEqual(wanted);
      expect(await stack.up({ ...after }), `after call ${call}`).toBe("same");
      const { ownership, written } = readDomain(host.only.inactive ?? "");
      expect(ownership).toEqual({ version: 1, urn: URN, creating: false });
      expect(written).toBe(readCanonicalSize(String(stack.recorded.outputs.memory)));
      expect(stack.recorded.isPartial).toBe(false);
    }
  });
});

describe("a replace whose new domain can't start, ended at any call", () => {
  const after = { ...args, memory: "900MiB" };
  const isNew = (xml = "") => readDomain(xml).memory === 900 * 1024;

  /** A host that starts the old domain only. */
  async function oldOnly() {
    const made = await scene({ name: "", before: args, after });
    const { host } = made;
    const start = host.start.bind(host);
    let isCured = false;
    host.start = (domain) =>
      !isCured && isNew(host.domains.get(domain.uuid)?.inactive)
        ? host.failed("start", libvirtError(ErrorCode.INTERNAL, "can't start this"))
        : start(domain);
    const cure = () => {
      isCured = true;
    };
    return { ...made, cure };
  }

  test("the old domain comes back, and then the new one", async () => {
    const undisturbed = await oldOnly();
    await expect(undisturbed.stack.up({ ...after })).rejects.toThrow(
      "the old domain was put back and started",
    );

    for (const call of interruptions(undisturbed.host.calls)) {
      const { host, stack, cure } = await oldOnly();
      const recorded = structuredClone(stack.state);
      host.death = { call, carriedOut: true };
      await stack.up({ ...after }).catch(() => undefined);
      host.death = undefined;
      if (!stack.state?.isPendingReplacement) stack.state = recorded;
      // Whatever was left, the old domain runs after the next attempt.
      await expect(stack.up({ ...after }), `call ${call}`).rejects.toThrow("can't start this");
      expect(host.only.power, `call ${call}`).toBe("running");
      expect(isNew(host.only.live), `call ${call}`).toBe(false);
      cure();
      await stack.up({ ...after });
      expect(end(host), `call ${call}`).toMatchObject({ power: "running", autostart: true });
      expect(isNew(host.only.live), `call ${call}`).toBe(true);
      expect(await stack.up({ ...after }), `call ${call}`).toBe("same");
    }
  });
});
