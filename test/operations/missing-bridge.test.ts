import fc from "fast-check";
import { expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const domain = { memory: "1GiB", maxMemory: "4GiB", hotplugPorts: 8 };
const card = (bridge: string) => ({ name: "lan", bridge, mac: "52:54:00:00:00:01" });

const BRIDGES = ["virbr0", "virbr1", "br-lan"];
const nodeDevice = (name: string) => `net_${name.replace(/\W/g, "_")}_52_54_00_00_00_01`;

test("a bridge is refused only where libvirt's node devices are complete and lack it", async () => {
  const facts = fc.record({
    listed: fc.subarray(["lo", ...BRIDGES]),
    networks: fc.subarray(BRIDGES),
    hasInterface: fc.boolean(),
    fails: fc.option(fc.constantFrom("hasInterface", "nodeDevices", "networkBridges"), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(facts, async ({ listed, networks, hasInterface, fails }) => {
      const { host, stack } = await created({ ...domain, interfaces: [card("br0")] });
      host.netDevices = listed.map(nodeDevice);
      host.bridges = networks;
      if (!hasInterface) host.missing.add("interface br-lan");
      if (fails !== undefined) host.refuses.set(fails, libvirtError(ErrorCode.NO_SUPPORT, "not supported"));
      const isComplete = ["lo", ...networks].every((name) => listed.includes(name));
      const isRefused = fails === undefined && !hasInterface && isComplete && !listed.includes("br-lan");
      const result = await stack.up({ ...domain, interfaces: [card("br-lan")] }).then(
        () => "done",
        (error: Error) => error.message,
      );
      if (isRefused) expect(result).toContain('bridge "br-lan" doesn\'t exist on qemu:///fake');
      else expect(result).toBe("done");
    }),
    cases(60),
  );
});
