import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { FIELD_NAMES } from "../../provider/args/fields.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { affectsSizes, argumentOf, derivedOutputs } from "../../sdk/secret-arguments.ts";
import { markSecretsLike, type Props, SIGNATURE, secret, type Value } from "../engine/stack/values.ts";
import { CheckFailed, OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import { QuotingHypervisor } from "../support/quoting-hypervisor.ts";

/** What must not be read anywhere: letters that nothing else has, and figures that nothing else has. */
const MARK = "xyzzyplugh";
const FIGURE = 2711;
const marked = new RegExp(
  `${MARK}|(?<!\\d)(?:${FIGURE}|${FIGURE * 1024}|${FIGURE * 1024 * 1024})(?!\\d)`,
  "i",
);

const HOOK = {
  command: ["sh", "-c", 'echo "$0 $*" >&2; env >&2; cat >&2; exit 1', "argument"],
  timeout: 30,
};

/** A program with every argument at every depth. */
const FULL = {
  name: "web-1",
  memory: "1GiB",
  maxMemory: "8GiB",
  memorySlots: 16,
  vcpus: 4,
  maxVcpus: 8,
  cpuTopology: { sockets: 1, dies: 1, cores: 4, threads: 2 },
  hotplug: {
    enabled: true,
    alignment: "256MiB",
    whenNotPossible: "error",
    applyOn: "now",
    device: "dimm",
    allowUnplug: true,
    heal: true,
    online: "agent",
    awaitGuest: 1,
    targetNode: 0,
    maxDimmSize: "256MiB",
    emptyNode: "exact",
    source: { nodeset: "0", pageSize: "2MiB" },
    before: HOOK,
    after: HOOK,
  },
  numa: [{ memory: "512MiB", cpus: "0-1" }],
  currentMemory: "1GiB",
  guestWidth: 64,
  cpu: "qemu64",
  arch: "x86_64",
  machine: "q35",
  firmware: "bios",
  boot: { kernel: "/kernel", initrd: "/initrd", commandLine: "quiet" },
  disks: [
    {
      ...{ name: "root", file: "/disk", format: "qcow2", bus: "virtio", device: "disk", readOnly: false },
      ...{ cache: "none", discard: "unmap", serial: "D1", bootOrder: 1 },
    },
    { file: "/images/data.qcow2", size: "10GiB", onDelete: "keep" },
  ],
  interfaces: [
    { name: "lan", network: "default", model: "virtio", mac: "52:54:00:12:34:56", link: "up" },
    { bridge: "br0", waitForAddress: 30 },
    { user: true },
  ],
  reportAddresses: true,
  hotplugPorts: 8,
  serial: { file: "/log" },
  agent: true,
  balloon: true,
  graphics: {
    type: "spice",
    listen: "127.0.0.1",
    port: 5999,
    password: "s3cret",
    clipboard: true,
    fileTransfer: false,
  },
  video: { model: "qxl", heads: 2 },
  rng: { source: "/dev/random", bytes: 1024, period: 100 },
  tpm: { model: "tis", version: "2.0" },
  watchdog: { model: "i6300esb", action: "poweroff" },
  memoryBacking: { hugePages: "2MiB", locked: false, shared: true },
  description: "a shop",
  running: true,
  autostart: true,
  shutdownTimeout: 1,
  forceOff: true,
  adopt: false,
  discardSavedState: true,
  onDelete: "delete",
  uri: "qemu:///system",
  xml: "<domain><title>a title</title></domain>",
};

type Args = Record<string, unknown>;
type Path = (string | number)[];

function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

const LEAVES = leavesOf(FULL);

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => Reflect.get(inner as object, key), value);
}

/** What has the mark or the figure in it and may be accepted, and what may not. */
function markedValues(path: Path): unknown[] {
  const found = valueAt(FULL, path);
  const figures = [FIGURE, `${FIGURE}MiB`, `${FIGURE}`];
  if (typeof found !== "string") return [...figures, MARK];
  if (path[0] === "uri")
    return [`qemu+ssh://${MARK}@host/system`, `qemu+ssh://me:${MARK}@host`, MARK, `qemu:///system?${MARK}=x`];
  if (path[0] === "xml")
    return [
      `<domain><title>${MARK}</title></domain>`,
      `<domain><name>${MARK}</name></domain>`,
      `<domain><os><type machine='${MARK}' arch='${MARK}'>hvm</type></os></domain>`,
      `<domain><memory unit='MiB'>${FIGURE}</memory></domain>`,
      `<domain><maxMemory slots='211' unit='MiB'>${FIGURE}</maxMemory></domain>`,
      `<domain><devices><memory model='${MARK}'/></devices></domain>`,
      `<domain><memory unit='${MARK}'>1</memory></domain>`,
      `<domain><vcpu>${MARK}</vcpu></domain>`,
      `<domain><${MARK}></domain>`,
      `<${MARK}/>`,
      `<domain ${MARK}='1' ${MARK}='2'/>`,
      `<?xml version='1.0' encoding='${MARK}'?><domain/>`,
      `<domain>&${MARK};</domain>`,
      MARK,
    ];
  const text = found.startsWith("/") ? `/${MARK}` : MARK;
  return [text, `${text}\n<&'"${MARK}`, `${found}${MARK}`, ...figures];
}

/** The arguments with a value at a place, which is secret from a depth on: the value itself, or an object around it. */
function withSecret(
  args: Args,
  path: Path,
  value: unknown,
  depth: number,
): { plain: Args; marked: Props; at: string } {
  const place = (inner: unknown, at: number, mark: boolean): unknown => {
    const key = path[at];
    const changed =
      key === undefined
        ? value
        : Array.isArray(inner)
          ? inner.map((item, index) => (index === key ? place(item, at + 1, mark) : item))
          : { ...(inner as Args), [key]: place(Reflect.get(inner as Args, key), at + 1, mark) };
    return mark && at === depth ? secret(changed as Value) : changed;
  };
  const at = path
    .slice(0, depth)
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${key}`));
  return { plain: place(args, 0, false) as Args, marked: place(args, 0, true) as Props, at: at.join("") };
}

/** A resource as the engine works on it, and all that it would print or keep in plain. */
class Watched {
  readonly host = new QuotingHypervisor();
  readonly stack = new OneResource(this.host);
  readonly shown: string[] = [];

  async run(
    operation: "preview" | "up" | "refresh" | "destroy",
    args: ReturnType<typeof withSecret>,
  ): Promise<void> {
    const { plain, marked, at } = args;
    const isSecret = at !== "" && JSON.stringify(marked).includes(SIGNATURE);
    const given = isSecret
      ? { ...plain, __secrets: [at], ...(affectsSizes(at) && { __secret: true }) }
      : plain;
    const hosts =
      this.host.fails === "connect" ? new ConnectionError(`no route: ${this.host.quote()}`) : this.host;
    for (const uri of ["qemu:///system", String(plain.uri)]) this.stack.hosts[uri] = hosts;
    try {
      if (operation === "refresh" || operation === "destroy") await this.stack[operation]();
      else await this.stack[operation](given);
    } catch (thrown) {
      const error = thrown as Error;
      this.shown.push(error.message, error.stack ?? "");
      if (thrown instanceof CheckFailed)
        for (const { property, reason } of thrown.failures)
          this.shown.push(
            reason,
            property && `${property} value ${JSON.stringify(plain[argumentOf(property)])}`,
          );
    }
    this.shown.push(...this.stack.run.messages.map(({ text }) => text));
    const { inputs, outputs } = this.stack.state ?? { inputs: {}, outputs: {} };
    this.shown.push(this.kept(inputs, marked, at), this.kept(outputs, this.engineInputs(inputs, marked), at));
  }

  /** The inputs as the engine has them: what the program marks is marked in what check answers. */
  private engineInputs(inputs: Args, marked: Props): Props {
    return markSecretsLike(inputs as Props, marked);
  }

  /** A part of the state, without what is secret in it. */
  private kept(props: Args, like: Props, at: string): string {
    const derived = new Set([
      ...derivedOutputs([at]),
      ...(affectsSizes(at) ? ["memoryPlan", "change", "memoryChange", ...followers(at)] : []),
    ]);
    const visible = Object.entries(markSecretsLike(props as Props, like)).filter(
      ([name]) => !derived.has(name),
    );
    return JSON.stringify(Object.fromEntries(visible), (_, value) =>
      typeof value === "object" && value !== null && SIGNATURE in value ? "[secret]" : value,
    );
  }

  /** Where the mark was read. */
  get leaks(): string[] {
    return this.shown.flatMap((text) => {
      const found = marked.exec(text);
      return found === null ? [] : [text.slice(Math.max(0, found.index - 300), found.index + 100)];
    });
  }
}

/** The inputs that the class marks as secret because check fills them in from this argument. */
function followers(at: string): string[] {
  const name = argumentOf(at);
  return name === "numa"
    ? ["memory", "maxMemory"]
    : name === "memory"
      ? ["maxMemory"]
      : name === "xml"
        ? ["maxMemory", "memorySlots"]
        : [];
}

/** Arguments that a running domain of the fake libvirt can have together. */
const { adopt: _adopt, xml: _xml, boot: _boot, ...PLAIN } = FULL;
const {
  numa: _numa,
  currentMemory: _currentMemory,
  maxDimmSize: _size,
  ...PLAIN_HOTPLUG
} = { ...PLAIN.hotplug, numa: 0, currentMemory: 0 };

function argsAround([name, ...rest]: Path): Args {
  const { source: _source, before, after, ...hotplug } = PLAIN_HOTPLUG;
  const parts =
    rest.length > 0 && name === "hotplug"
      ? { [String(rest[0])]: Reflect.get(FULL.hotplug, String(rest[0])) }
      : {};
  const own = { [String(name)]: Reflect.get(FULL, String(name)) };
  const isHook = rest[0] === "before" || rest[0] === "after";
  return {
    memory: "1GiB",
    maxMemory: "8GiB",
    vcpus: 4,
    shutdownTimeout: 1,
    ...own,
    hotplug: { ...hotplug, ...(isHook ? { before, after } : {}), ...parts },
  };
}

type Story = (
  watched: Watched,
  make: (change?: Args) => ReturnType<typeof withSecret>,
  without: ReturnType<typeof withSecret>,
) => Promise<void>;

const grown = { memory: "1280MiB" };
const STORIES: Record<string, Story> = {
  "a create, a growth, a refresh, and the end": async (watched, make) => {
    await watched.run("preview", make());
    await watched.run("up", make());
    await watched.run("preview", make(grown));
    await watched.run("up", make(grown));
    await watched.run("refresh", make(grown));
    await watched.run("up", make(grown));
    await watched.run("destroy", make(grown));
  },
  "the secret comes later, and goes": async (watched, make, without) => {
    await watched.run("up", without);
    await watched.run("up", make({ description: "new" }));
    await watched.run("up", without);
    await watched.run("destroy", without);
  },
  "a create that libvirt refuses": async (watched, make) => {
    for (const call of ["define", "start", "setAutostart", "xml", "connect", "drop"] as const) {
      watched.host.fails = call;
      await watched.run("up", make({ autostart: true }));
    }
  },
  "an update that libvirt refuses": async (watched, make) => {
    await watched.run("up", make());
    for (const call of ["attachDevice", "define", "xml", "connect", "drop"] as const) {
      watched.host.fails = call;
      await watched.run("up", make({ ...grown, description: "new" }));
      await watched.run("refresh", make());
    }
    watched.host.fails = undefined;
    await watched.run("up", make({ ...grown, description: "new" }));
  },
  "a size that can't be plugged, a refusal, and a replace": async (watched, make) => {
    await watched.run("up", make());
    await watched.run("up", make({ memory: "1100MiB" }));
    await watched.run("preview", make({ name: "other", arch: "aarch64", machine: "virt", firmware: "uefi" }));
    await watched.run("preview", make({ memory: "9GiB" }));
    watched.host.fails = "drop";
    await watched.run("destroy", make());
  },
  "a guest that has less than it should": async (watched, make) => {
    await watched.run("up", make());
    const [domain] = watched.host.domains.values();
    if (domain?.live !== undefined)
      watched.host.change(domain.uuid, {
        live: domain.live.replace(/(name=.org\.qemu\.guest_agent\.0.)(?! state)/, "$1 state='connected'"),
      });
    watched.host.agent = ({ execute }) =>
      execute === "guest-get-memory-block-info"
        ? { size: 128 * 1024 * 1024 }
        : Array.from({ length: 8 }, (_, index) => ({ "phys-index": index, online: true }));
    await watched.run("up", make(grown));
    await watched.run("preview", make(grown));
  },
};

const places = LEAVES.flatMap((path) => markedValues(path).map((value) => ({ path, value })));

it("every argument is there, at every depth", () => {
  expect(Object.keys(FULL).toSorted()).toEqual(FIELD_NAMES.filter((name) => name !== "uuid").toSorted());
});

async function leaksOf(story: Story, path: Path, value: unknown, depth: number): Promise<string[]> {
  const watched = new Watched();
  const args = argsAround(path);
  const make = (change: Args = {}) => withSecret({ ...args, ...change }, path, value, depth);
  await story(watched, make, { plain: args, marked: args as Props, at: "" });
  expect(watched.shown.length).toBeGreaterThan(3);
  return watched.leaks;
}

describe("a secret argument is in nothing that is printed or kept in plain", () => {
  it.each(LEAVES.map((path) => [path.join("."), path] as const))(
    "%s",
    { timeout: 60_000 },
    async (_, path) => {
      for (const value of markedValues(path))
        for (const story of ["a create, a growth, a refresh, and the end", "a create that libvirt refuses"])
          expect(await leaksOf(STORIES[story] as Story, path, value, path.length)).toEqual([]);
    },
  );

  test.prop([fc.constantFrom(...Object.keys(STORIES)), fc.constantFrom(...places), fc.nat(3)], cases(120))(
    "whatever happens, and however deep it is",
    async (story, { path, value }, depth) => {
      const leaks = await leaksOf(STORIES[story] as Story, path, value, 1 + (depth % path.length));
      expect(leaks).toEqual([]);
    },
  );

  // Or nothing above would prove anything.
  it.each([
    ["description"],
    ["disks", 0, "file"],
    ["hotplug", "before", "command", 3],
    ["vcpus"],
    ["boot", "kernel"],
  ])("what isn't secret is there: %s", async (...path) => {
    const watched = new Watched();
    const args = argsAround(path);
    const make = (change: Args = {}) => {
      const { plain } = withSecret(
        { ...args, ...change },
        path,
        path[0] === "vcpus" ? FIGURE : `/${MARK}`,
        1,
      );
      return { plain, marked: plain as Props, at: "" };
    };
    await (STORIES["an update that libvirt refuses"] as Story)(watched, make, make());
    expect(watched.leaks).not.toEqual([]);
  });
});
