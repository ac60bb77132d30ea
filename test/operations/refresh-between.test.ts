import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { MIB } from "../support/fake-guest.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import { SimulatedLinux } from "../support/simulated-linux.ts";

const hotplug = { awaitGuest: 5, allowUnplug: true, maxDimmSize: "256MiB" };
const program = (memory: number, more: object = {}) => ({
  memory: `${memory}MiB`,
  maxMemory: "8GiB",
  hotplug,
  ...more,
});

test("a growth that the guest didn't take, a refresh, and the program taken back: the preview's plan is carried out", async () => {
  const { host, stack } = await created(program(1024));
  const guest = new SimulatedLinux(host, stack.clock);
  guest.onlinesItself = false;
  guest.setAgent("off");
  await expect(stack.up(program(1280))).rejects.toThrow("less than it should have");
  await stack.refresh();
  guest.setAgent("on");
  for (const { alias = "" } of readDomain(host.only.live ?? "").devices) host.guestGivesUp.add(alias);
  expect(await stack.up(program(1024))).toBe("update");
  expect(stack.run.said.join()).toContain("removed 256 MiB");
  expect(readDomain(host.only.live ?? "").memory).toBe(1024 * MIB);
});

/** What happens to a domain: updates, of which one of libvirt's calls may fail, refreshes, and what others do. */
const anyEvent = fc.oneof(
  fc.record({
    kind: fc.constant("up" as const),
    memory: fc.constantFrom<number[]>(1024, 1280, 1536),
    description: fc.constantFrom(undefined, "a", "b"),
    autostart: fc.constantFrom(undefined, true),
    fails: fc.constantFrom(undefined, "attachDevice", "setAutostart", "define web"),
    at: fc.constantFrom<number[]>(1, 2),
  }),
  fc.record({ kind: fc.constant("refresh" as const) }),
  fc.record({ kind: fc.constant("hand" as const), memory: fc.constantFrom<number[]>(1024, 1280) }),
);

const up = {
  kind: "up" as const,
  memory: 1024,
  description: undefined,
  autostart: undefined,
  fails: undefined,
  at: 1,
};
const hand = (memory: number) => ({ kind: "hand" as const, memory });
type Event = typeof anyEvent extends fc.Arbitrary<infer One> ? One : never;

const examples: [Event[]][] = [
  [[{ ...up, description: "b", autostart: true, fails: "setAutostart" }, { kind: "refresh" }, up]],
  [[hand(1280), hand(1024), { ...up, memory: 1280 }]],
];

property.prop([fc.array(anyEvent, { minLength: 3, maxLength: 7 })], { ...cases(60), examples })(
  "an update that ends without an error leaves what the program wants, whatever failed before and was refreshed",
  async (events) => {
    const { host, stack } = await created(program(1024));
    host.guestObeysShutdown = true;
    for (const event of [...events, ...events.filter(({ kind }) => kind === "up").slice(-1)]) {
      for (const { alias = "" } of readDomain(host.only.live ?? "").devices) host.guestGivesUp.add(alias);
      if (event.kind === "refresh") {
        await stack.refresh();
        continue;
      }
      if (event.kind === "hand") {
        // Somebody starts it again with another size. Only a refresh sees that.
        const memory = event.memory * MIB;
        const edited = (host.only.inactive ?? "")
          .replace(/(<memory[^>]*>)\d+/, `$1${memory}`)
          .replace(/(<currentMemory[^>]*>)\d+/, `$1${memory}`)
          .replace(/(<cell [^>]*memory=')\d+/, `$1${memory}`);
        host.change(host.only.uuid, { inactive: edited, live: edited });
        await stack.refresh();
        continue;
      }
      const { memory, description, autostart, fails, at } = event;
      const args = program(memory, { ...(description && { description }), ...(autostart && { autostart }) });
      const restore = failing(host, fails, at);
      // The engine updates then, even without a difference.
      const { isPartial } = stack.recorded;
      const kind = await stack.up(args).catch(() => "failed");
      restore();
      if (kind === "failed") continue;
      const { inactive = "", live = "" } = host.only;
      const found = {
        memory: [readDomain(live).memory / MIB, readDomain(inactive).memory / MIB],
        description: /<description>(.*?)<\/description>/.exec(inactive)?.[1],
        autostart: host.only.autostart,
      };
      expect({ ...found, said: kind === "same" && !isPartial ? stack.run.said : [] }).toEqual({
        memory: [memory, memory],
        description,
        autostart: autostart === true,
        said: [],
      });
    }
  },
);

/** Lets the call of that name fail once, at its first or second time. */
function failing(
  host: Awaited<ReturnType<typeof created>>["host"],
  name: string | undefined,
  at: number,
): () => void {
  if (name === undefined) return () => undefined;
  let calls = 0;
  const refuses = () => {
    calls += 1;
    if (calls === at) throw libvirtError(ErrorCode.INTERNAL, "an internal error");
  };
  const { attachDevice, setAutostart, define } = host;
  if (name === "attachDevice")
    host.attachDevice = async (...args) => {
      refuses();
      return attachDevice.apply(host, args);
    };
  if (name === "setAutostart")
    host.setAutostart = async (...args) => {
      refuses();
      return setAutostart.apply(host, args);
    };
  if (name === "define web")
    host.define = async (xml) => {
      if (xml.includes("<name>web-1<")) refuses();
      return define.call(host, xml);
    };
  return () => Object.assign(host, { attachDevice, setAutostart, define });
}
