import { test as property } from "@fast-check/vitest";
import * as fc from "fast-check";
import { expect } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { created } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const root = { name: "root", file: "/root.qcow2" };
const program = {
  ...{ memory: "1GiB", maxMemory: "8GiB", vcpus: 2, maxVcpus: 8, shutdownTimeout: 0, disks: [root] },
  interfaces: [{ name: "lan", user: true }],
  hotplug: { whenNotPossible: "restart", awaitGuest: false },
};
const disk = (options: object) => ({ disks: [root, { name: "data", file: "/data.qcow2", ...options }] });

/** Changes that work live, and changes of the same arguments that don't. */
const change = fc.record(
  {
    memory: fc.constantFrom({ memory: "1280MiB" }, { memory: "1300MiB" }),
    vcpus: fc.constantFrom({ vcpus: 3 }, { vcpus: 1 }),
    disks: fc.constantFrom(
      ...[{ bus: "virtio" }, { bus: "sata" }, { device: "cdrom", file: undefined }].map(disk),
    ),
    interfaces: fc.constantFrom(
      { interfaces: [] },
      { interfaces: [...program.interfaces, { name: "wan", user: true }] },
      { interfaces: [...program.interfaces, { name: "wan", user: true, model: "e1000" }] },
    ),
    graphics: fc.constant({ graphics: { type: "vnc" } }),
  },
  { requiredKeys: [] },
);

property.prop({ change }, cases(60))(
  "a restart for one argument brings all that the program changes",
  async ({ change }) => {
    const { host, stack } = await created(program);
    const args = JSON.parse(JSON.stringify(Object.assign({}, program, ...Object.values(change))));
    const { inputs } = await stack.preview(args);
    await stack.up(args);
    if (inputs.change === "restart") {
      const { live = "", inactive = "" } = host.only;
      const of = (xml: string) => {
        const { memory, currentVcpus, disks, cards } = readDomain(xml);
        return {
          memory,
          currentVcpus,
          targets: disks.map(({ target }) => target),
          macs: cards.map(({ mac }) => mac),
        };
      };
      expect(of(live)).toEqual(of(inactive));
      expect(live.includes("<graphics")).toBe(inactive.includes("<graphics"));
    }
    expect(await stack.up(args)).toBe("same");
  },
);
