import fc from "fast-check";
import { expect, test } from "vitest";
import { missingConnections } from "../../provider/acceptance/missing-sources.ts";
import { buildDomain } from "../../provider/domain/build.ts";
import { parseDomain } from "../../provider/domain/parse.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { plainSpec } from "../domain/spec.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";

const card = { kind: "bridge", source: "br-lan", model: "virtio", mac: "52:54:00:00:00:01" } as const;
const { root } = parseDomain(buildDomain({ ...plainSpec, interfaces: [card] }));

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
      const host = new FakeHypervisor();
      host.netDevices = listed.map(nodeDevice);
      host.bridges = networks;
      if (!hasInterface) host.missing.add("interface br-lan");
      if (fails !== undefined) host.refuses.set(fails, libvirtError(ErrorCode.NO_SUPPORT, "not supported"));
      const isComplete = ["lo", ...networks].every((name) => listed.includes(name));
      const isRefused = fails === undefined && !hasInterface && isComplete && !listed.includes("br-lan");
      const text = `bridge "br-lan" doesn't exist on ${host.uri}; create it first, or name another one`;
      expect(await missingConnections(host, root, {})).toEqual(isRefused ? [text] : []);
    }),
  );
});
