import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { defined } from "../../provider/defined.ts";
import { buildDomain } from "../../provider/domain/build.ts";
import { differencesFrom } from "../../provider/domain/difference.ts";
import { editDefinition } from "../../provider/domain/edit.ts";
import { graphicsPassword } from "../../provider/domain/graphics.ts";
import { overlay } from "../../provider/domain/overlay.ts";
import { readDomainCapabilities } from "../../provider/observe/domain-capabilities.ts";
import { plainSpec } from "../domain/spec.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { type Args, BARE, opOf, said, stackOnLab } from "../support/stack-on-lab.ts";
import { inOneVirsh, liveMemory, nextBootMemory, xmlOfAll } from "../support/virsh.ts";
import { vncAccepts } from "../support/vnc.ts";

const lab = labOfThisFile();

/** What this QEMU and libvirt have. */
async function capabilities() {
  return readDomainCapabilities(await lab().virsh("domcapabilities", "--virttype", "qemu"));
}

const secure = (...args: string[]) => lab().virsh("dumpxml", "--security-info", ...args);
const passwordIn = (xml: string) => /<graphics[^>]* passwd='([^']*)'/.exec(xml)?.[1];
const vnc = (password: string, rest: object = {}) => ({ type: "vnc" as const, password, ...rest });

test("another VNC password: live in the same process, in the definition, and nowhere in clear", async () => {
  const words = ["xyzzy1", "plugh22", "frotz333"];
  const stack = await stackOnLab(lab(), {
    web: { ...BARE, graphics: vnc("xyzzy1", { listen: "127.0.0.1" }) },
  });
  const shown: string[] = [];
  const note = async (result: { stdout: string; errors: string[]; json?: unknown }) =>
    shown.push(
      ...[result.stdout, ...result.errors, JSON.stringify(result.json ?? "")],
      ...[await stack.stateText(), await lab().virsh("dumpxml", "--inactive", "web")],
    );
  await note(await stack.apply());
  const pid = lab().qemuPid("web");
  expect(passwordIn(await secure("web"))).toBe("xyzzy1");
  const port = Number(/<graphics type='vnc' port='(\d+)'/.exec(await lab().virsh("dumpxml", "web"))?.[1]);
  const accepted = async () => {
    const answers = await Promise.all(words.map((word) => vncAccepts(port, word)));
    return words.filter((_, index) => answers[index]);
  };
  expect(await accepted()).toEqual(["xyzzy1"]);
  await stack.expectSettled();

  for (const next of words.slice(1)) {
    stack.edit("web", { graphics: vnc(next, { listen: "127.0.0.1" }) });
    const preview = await stack.preview({ json: true, diff: true });
    expect(said(preview, "web")).toMatch(/^info: live: change the VNC password, no restart\n/);
    await note(preview);
    await note(await stack.apply());
    expect(passwordIn(await secure("web"))).toBe(next);
    expect(passwordIn(await secure("--inactive", "web"))).toBe(next);
    expect(await accepted()).toEqual([next]);
    await stack.expectSettled();
  }
  expect(lab().qemuPid("web")).toBe(pid);

  // It survives what else changes, and each of these keeps the process.
  for (const change of [{ memory: "512MiB" }, { description: "shop" }, { rng: {} }] as Args[]) {
    stack.edit("web", change);
    await note(await stack.apply());
    expect(passwordIn(await secure("--inactive", "web"))).toBe("frotz333");
  }
  await note(await stack.refresh());
  expect(lab().qemuPid("web")).toBe(pid);
  expect(words.filter((word) => shown.some((text) => text.includes(word)))).toEqual([]);
  // It is in the state as a secret, or this would prove nothing.
  expect(await stack.stateText({ secrets: true })).toContain("frotz333");
  expect((await stack.destroy()).ok).toBe(true);
});

test("a password that is added or removed, and another address: at the next boot", async () => {
  const cases: Record<string, [before: Args["graphics"], after: Args["graphics"]]> = {
    added: [{ type: "vnc" }, vnc("plugh")],
    removed: [vnc("plugh"), { type: "vnc" }],
    moved: [vnc("plugh"), vnc("plugh", { listen: "127.0.0.2", port: 5999 })],
  };
  const names = Object.keys(cases);
  const domains = names.map((name) => [name, { ...BARE, graphics: cases[name]?.[0] }] as const);
  const stack = await stackOnLab(lab(), Object.fromEntries(domains));
  await stack.apply();
  const pids = names.map((name) => lab().qemuPid(name));
  for (const name of names) stack.edit(name, { graphics: cases[name]?.[1] });
  const up = await stack.apply();
  for (const name of names)
    expect(said(up, name)).toMatch(/^info: next boot: graphics, after a shutdown and start\n/);
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
  await stack.expectSettled();
  await inOneVirsh(lab(), names, (name) => `destroy ${name} ; start ${name}`);
  expect(passwordIn(await secure("added"))).toBe("plugh");
  expect(passwordIn(await secure("removed"))).toBeUndefined();
  expect(await secure("moved")).toMatch(/port='5999'[^>]* listen='127.0.0.2'[^>]* passwd='plugh'/);
  await stack.expectSettled();
});

interface Case {
  before?: Args;
  after: Args;
  /** In the definition after up, and in the domain after its next start. */
  defined: RegExp;
}

test("what else an ordinary VM has: started with it, and changed for the next boot", async () => {
  const cases: Record<string, Case> = {
    video: {
      before: { video: { model: "vga" } },
      after: { video: { model: "virtio", heads: 2 } },
      defined: /<model type='virtio' heads='2' primary='yes'\/>/,
    },
    rng: {
      before: { rng: {} },
      after: { rng: { bytes: 1024 } },
      defined: /<rate bytes='1024' period='1000'\/>\s*<backend model='random'>\/dev\/urandom</,
    },
    watchdog: {
      before: { watchdog: {} },
      after: { watchdog: { model: "ib700", action: "poweroff" } },
      defined: /<watchdog model='ib700' action='poweroff'/,
    },
    backing: {
      after: { memoryBacking: { shared: true } },
      defined: /<memoryBacking>\s*<source type='memfd'\/>\s*<access mode='shared'\/>\s*<\/memoryBacking>/,
    },
  };
  const names = Object.keys(cases);
  const stack = await stackOnLab(
    lab(),
    Object.fromEntries(names.map((name) => [name, { ...BARE, ...cases[name]?.before }])),
  );
  await stack.apply();
  await stack.expectSettled();
  const pids = names.map((name) => lab().qemuPid(name));
  const live = await xmlOfAll(lab(), names);
  for (const name of names) stack.edit(name, cases[name]?.after ?? {});
  const up = await stack.apply();
  for (const name of names) {
    expect(opOf(up, name)).toBe("update");
    expect(said(up, name)).toMatch(/^info: next boot: \w+, after a shutdown and start\n/);
  }
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
  expect(await xmlOfAll(lab(), names)).toEqual(live);
  const expectDefinedIn = (xmls: string[]) =>
    names.map((name, index) => expect(xmls[index]).toMatch(cases[name]?.defined ?? /^$/));
  expectDefinedIn(await xmlOfAll(lab(), names, "--inactive"));
  await stack.expectSettled();
  await inOneVirsh(lab(), names, (name) => `destroy ${name} ; start ${name}`);
  expectDefinedIn(await xmlOfAll(lab(), names));
  await stack.apply({ expectNoChanges: true });

  // Shared memory stays shared where it grows.
  stack.edit("backing", { memory: "512MiB" });
  await stack.apply();
  expect(await liveMemory(lab(), "backing")).toMatchObject({ memory: 512 * MIB });
  expect(await nextBootMemory(lab(), "backing")).toMatchObject({ memory: 512 * MIB });
  await stack.expectSettled();

  // Without the arguments, the domains are as they were without them.
  for (const name of names) stack.edit(name, { [name === "backing" ? "memoryBacking" : name]: undefined });
  await stack.apply();
  for (const xml of await xmlOfAll(lab(), names, "--inactive"))
    expect(xml).not.toMatch(/<(?:rng|watchdog|memoryBacking|video)\b/);
  await stack.expectSettled();
});

test("libvirt takes all of it, also where this host can't start it, and adds nothing that counts as a difference", async () => {
  const has = await capabilities();
  const rest: Parameters<typeof buildDomain>[0] = {
    ...plainSpec,
    name: "rest",
    graphics: { type: "vnc", listen: "127.0.0.1", port: 5999, password: `<&"'é` },
    video: { model: "virtio", heads: 2 },
    rng: { source: "/dev/random", rate: { bytes: 1024, period: 500 } },
    // libvirt defines a TPM only where swtpm is installed.
    ...(has.tpmBackends?.includes("emulator") === true && { tpm: { model: "crb", version: "2.0" } }),
    watchdog: { model: "i6300esb", action: "inject-nmi" },
    memoryBacking: { hugePages: 2048, locked: true, shared: true },
  };
  const spice = { type: "spice" as const, password: "frotz", clipboard: false, fileTransfer: false };
  const specs = [rest, ...(has.graphics?.includes("spice") === true ? [{ ...rest, graphics: spice }] : [])];
  for (const spec of specs) {
    const wanted = buildDomain(spec);
    const file = lab().file("rest.xml");
    await writeFile(file, wanted);
    await lab().virsh("define", file);
    const found = await secure("--inactive", "rest");
    expect(differencesFrom(wanted, found, false)).toEqual([]);
    expect(graphicsPassword(found, spec.graphics?.type ?? "vnc")).toBe(spec.graphics?.password);
    // What libvirt added makes no edit: nothing is written again.
    const { name, uuid, graphics, video, rng, watchdog, memoryBacking } = spec;
    const named = defined({ graphics, video, rng, watchdog, memoryBacking, tpm: spec.tpm });
    expect(overlay(found, { name, uuid, ...named })).toBe(found);
    // An edit of each part is accepted, and leaves what libvirt added.
    const { graphics: _, memoryBacking: __, ...less } = { ...spec, video: { model: "vga" } };
    await writeFile(file, editDefinition(found, spec, less));
    await lab().virsh("define", file);
    expect(differencesFrom(buildDomain(less), await secure("--inactive", "rest"), false)).toEqual([]);
    await lab().virsh("undefine", "rest");
  }
});

test("what the host doesn't have is refused before anything is done", async () => {
  const has = await capabilities();
  const cases: Record<string, [args: Args, reason: RegExp]> = {
    huge: [
      { memoryBacking: { hugePages: "1GiB" }, memory: "1GiB", maxMemory: "4GiB" },
      /hugetlbfs|huge page/i,
    ],
    ...(has.tpmBackends?.includes("emulator") === true ? {} : { tpm: [{ tpm: {} }, /tpm isn't supported/] }),
    ...(has.graphics?.includes("spice") === true
      ? {}
      : {
          spice: [
            { graphics: { type: "spice" } },
            /graphics.type "spice" isn't supported by .*supported: .*vnc/,
          ],
        }),
  };
  const stack = await stackOnLab(lab(), { web: BARE });
  await stack.apply();
  const before = await lab().virsh("dumpxml", "--inactive", "web");
  const pid = lab().qemuPid("web");
  for (const [name, [args, reason]] of Object.entries(cases)) {
    const unset = Object.fromEntries(Object.keys(args).map((key) => [key, Reflect.get(BARE, key)]));
    stack.edit("web", args);
    const up = await stack.up();
    expect([name, up.ok]).toEqual([name, false]);
    expect(JSON.stringify(up.diagnostics)).toMatch(reason);
    expect(await lab().virsh("dumpxml", "--inactive", "web")).toBe(before);
    expect(lab().qemuPid("web")).toBe(pid);
    stack.edit("web", unset);
  }
  await stack.expectSettled();
});
