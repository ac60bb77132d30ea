import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { created } from "../support/one-resource.ts";

const memory = { memory: "1GiB", maxMemory: "4GiB" };
const root = { name: "root", file: "/root.qcow2" };
const data = { name: "data", file: "/data.qcow2" };
const lan = { name: "lan", user: true };

function found(xml: string | undefined) {
  const { disks, cards } = readDomain(xml ?? "");
  return [
    ...disks.map(({ target, file, alias }) => `${target} ${file} ${alias}`),
    ...cards.map(({ kind, alias }) => `${kind} ${alias}`),
  ];
}

describe("a named disk and a named interface", () => {
  test("are attached to the running domain and defined, and then nothing is to be done", async () => {
    const { host, stack } = await created({ ...memory, disks: [root] });
    await stack.up({ ...memory, disks: [root, data], interfaces: [lan] });
    const all = [
      "vda /root.qcow2 ua-pulumi-disk-root",
      "vdb /data.qcow2 ua-pulumi-disk-data",
      "user ua-pulumi-nic-lan",
    ];
    expect(found(host.only.live)).toEqual(all);
    expect(found(host.only.inactive)).toEqual(all);
    expect(await stack.up({ ...memory, disks: [root, data], interfaces: [lan] })).toBe("same");
    await stack.up({ ...memory, disks: [root] });
    expect(found(host.only.live)).toEqual(all.slice(0, 1));
    expect(found(host.only.inactive)).toEqual(all.slice(0, 1));
  });
});
