import { expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource } from "../support/one-resource.ts";

/** What libvirt's error says: it may quote a secret in a way of writing that no mask finds. */
const QUOTED = "b4ckwards";

const program = (secrets: string[]) => (memory: number, change: object) => ({
  memory: `${memory}MiB`,
  maxMemory: "8GiB",
  hotplug: { awaitGuest: false, allowUnplug: true },
  boot: { kernel: "/kernel", commandLine: "pw" },
  ...(secrets.length > 0 && { __secrets: secrets }),
  ...change,
});

const CALLS = [
  ...["define", "undefine", "createTransient", "start", "shutdown", "destroy", "attachDevice", "setMetadata"],
  ...["setAutostart", "xml", "capabilities", "domainCapabilities", "toNative", "list", "state", "findByUuid"],
  ...["findByName", "autostart", "isPersistent", "nodeMemory", "hasManagedSave"],
];

const CODES = [ErrorCode.XML_ERROR, ErrorCode.CONFIG_UNSUPPORTED, ErrorCode.INVALID_ARG, ErrorCode.INTERNAL];

/** Everything that is printed while one of libvirt's calls fails, whatever is done. */
async function printed(call: string, code: number, secrets: string[]): Promise<string> {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  const args = program(secrets);
  const texts: string[] = [];
  const run = async (work: () => Promise<unknown>) => {
    await work().catch(({ message, stack: trace }: Error) => texts.push(message, trace ?? ""));
    texts.push(...stack.run.messages.map(({ text }) => text));
  };
  const refuse = () => host.refuses.set(call, libvirtError(code, `cannot do this: ${QUOTED}`));
  refuse();
  await run(() => stack.up(args(1024, {})));
  host.refuses.clear();
  await run(() => stack.up(args(1024, {})));
  refuse();
  await run(() => stack.up(args(1280, { description: "new", autostart: true })));
  await run(() => stack.refresh());
  await run(() => stack.up(args(1300, {})));
  await run(() => stack.up(args(1300, { hotplug: { whenNotPossible: "restart", awaitGuest: false } })));
  await run(() => stack.up(args(1024, { name: "other", machine: "pc" })));
  await run(() => stack.destroy());
  return texts.join("\n");
}

const timeout = 60_000;

test.each(CALLS)(
  "no message quotes libvirt's error where an argument is secret: %s",
  { timeout },
  async (call) => {
    for (const code of CODES) expect(await printed(call, code, ["boot.commandLine"])).not.toContain(QUOTED);
  },
);

// Or the test above would prove nothing.
test("where none is, libvirt's error is quoted", async () => {
  for (const call of ["define", "domainCapabilities", "attachDevice"])
    expect(await printed(call, ErrorCode.CONFIG_UNSUPPORTED, [])).toContain(QUOTED);
});

test.each([
  ["serial.file", { serial: { file: "/srv/tenant/console.log" } }],
  [
    "xml",
    {
      xml: "<domain><devices><serial type='file'><source path='/srv/tenant/console.log'/></serial></devices></domain>",
    },
  ],
])("the folder of a secret path, which the host doesn't have, isn't named: %s", async (secret, args) => {
  const host = new FakeHypervisor();
  host.missing.add("file /srv/tenant");
  const stack = new OneResource(host);
  const created = { memory: "1GiB", maxMemory: "8GiB", hotplug: { awaitGuest: false } };
  await stack.up(created);
  const texts: string[] = [];
  for (const marks of [{}, { __secrets: [secret] }]) {
    await stack.up({ ...created, ...args, ...marks }).catch(({ message }: Error) => texts.push(message));
    texts.push(...stack.run.messages.map(({ text }) => text));
    expect(/tenant/.test(texts.splice(0).join())).toBe(!("__secrets" in marks));
  }
});
