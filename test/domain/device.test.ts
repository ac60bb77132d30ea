import { expect, it } from "vitest";
import { dimmXml } from "../../provider/domain/device.ts";
import { dimmAlias } from "../../provider/plan/dimms/slots.ts";

it("a DIMM in a slot", () => {
  expect(dimmXml({ size: 262144, node: 0, slot: 3, alias: dimmAlias(3) })).toBe(
    "<memory model='dimm'><target><size unit='KiB'>262144</size><node>0</node></target>" +
      "<alias name='ua-pulumi-dimm3'/><address type='dimm' slot='3'/></memory>",
  );
});

it("a DIMM at an address, from hugepages of a node of the host", () => {
  const dimm = { size: 1048576, node: 1, slot: 0, base: "0x128000000", alias: "ua-x" };
  expect(dimmXml({ ...dimm, source: { pageSize: 2048, nodemask: "0-1" } })).toBe(
    "<memory model='dimm'><source><pagesize unit='KiB'>2048</pagesize><nodemask>0-1</nodemask></source>" +
      "<target><size unit='KiB'>1048576</size><node>1</node></target>" +
      "<alias name='ua-x'/><address type='dimm' slot='0' base='0x128000000'/></memory>",
  );
});

it("a DIMM wherever libvirt puts it", () => {
  expect(dimmXml({ size: 1, node: 0, alias: "ua-x" })).not.toContain("<address");
});
