import { describe, expect, test } from "vitest";
import { draw } from "../../provider/explain/drawing.ts";
import { explain } from "../../provider/explain/explanation.ts";
import { explanationJson } from "../../provider/explain/json.ts";
import { lookAtDevices } from "../../provider/explain/look.ts";
import { observe } from "../../provider/observe/observe.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { URI } from "../support/observations.ts";
import { OneResource } from "../support/one-resource.ts";

const GIB = 2 ** 30;
const root = { name: "root", file: "/images/root.qcow2" };
const data = { name: "data", file: "/images/data.qcow2", size: "2GiB", bus: "scsi" };
const ARGS = {
  ...{ memory: "1GiB", maxMemory: "4GiB", vcpus: 4, maxVcpus: 8 },
  disks: [root, data, { device: "cdrom" }],
  interfaces: [
    { name: "lan", network: "default" },
    { user: true, mac: "52:54:00:00:00:01", link: "down" },
  ],
  graphics: { type: "vnc", listen: "127.0.0.1", port: 5901, password: "hunter2" },
};

/** What the command finds of a domain that this provider created. */
async function explained(args: Record<string, unknown> = ARGS, { isOff = false } = {}) {
  const host = new FakeHypervisor();
  host.missing.add(`file ${data.file}`);
  const stack = new OneResource(host);
  await stack.up({ ...args, ...(isOff && { running: false }) });
  const domain = (await host.findByName("web-1")) ?? expect.unreachable();
  return { host, stack, domain };
}

async function look({ host, domain }: Awaited<ReturnType<typeof explained>>) {
  const observation = await observe(host, domain);
  return explain(URI, observation, {}, await lookAtDevices(host, domain, observation));
}

const lines = (text: string) =>
  text.split("\n").filter((line) => /^(disks|interfaces|ports|graphics|vCPUs| {11}(vd|sd|52:))/.test(line));

describe("the devices of a domain", () => {
  test("are drawn with their names, capacities, addresses and where they listen, and without the password", async () => {
    const found = await explained();
    found.host.addImage(root.file, { capacity: 20 * GIB });
    const explanation = await look(found);
    const text = draw(explanation, { columns: 200, color: false });
    expect(lines(text)).toMatchInlineSnapshot(`
      [
        "vCPUs      4 of at most 8 (live: 5–8; vCPUs 1–3 removable)",
        "disks      vda "root": /images/root.qcow2, 20 GiB, qcow2 on virtio",
        "           sda "data": /images/data.qcow2, 2 GiB, qcow2 on scsi; image made by this provider",
        "           sdb: empty, CD-ROM on sata",
        "interfaces 52:54:00:cb:dc:20 "lan": network default, virtio",
        "           52:54:00:00:00:01: user network, virtio, link down",
        "ports      8 free for disks and network interfaces",
        "graphics   vnc on 127.0.0.1, port 5901",
      ]
    `);
    expect(text).not.toContain("hunter2");
    expect(JSON.stringify(explanationJson(explanation))).not.toContain("hunter2");
  });

  test("have the addresses that the guest's sources know", async () => {
    const found = await explained();
    const observation = await observe(found.host, found.domain);
    const mac = observation.running?.cards[0]?.mac ?? "";
    const addresses = {
      addresses: [{ mac, address: "192.168.122.17", prefix: 24, source: "lease" as const }],
      failures: {},
    };
    const devices = { ...(await lookAtDevices(found.host, found.domain, observation)), addresses };
    const explanation = explain(URI, observation, {}, devices);
    expect(explanation.interfaces[0]?.addresses).toEqual([
      { address: "192.168.122.17", prefix: 24, source: "lease" },
    ]);
    expect(draw(explanation, { columns: 200, color: false })).toContain(
      `${mac} "lan": network default, virtio; 192.168.122.17/24 (DHCP lease)`,
    );
  });

  test("say which of them the next boot has, and which only it", async () => {
    const found = await explained();
    const later = { hotplug: { whenNotPossible: "nextBoot" } };
    const changed = [root, { name: "more", file: "/images/more.qcow2", bus: "sata" }];
    await found.stack.up({ ...ARGS, disks: changed, ...later });
    const { disks } = await look(found);
    expect(disks.map(({ source, live, nextBoot }) => [source, live, nextBoot])).toContainEqual([
      "/images/more.qcow2",
      false,
      true,
    ]);
    const text = draw(await look(found), { columns: 200, color: false });
    expect(text).toMatch(/more\.qcow2.*; from the next boot/);
  });

  test("of a domain that is off are those of its definition", async () => {
    const found = await explained(ARGS, { isOff: true });
    const { disks, interfaces, graphics } = await look(found);
    expect(disks.map(({ target, live, nextBoot }) => [target, live, nextBoot])).toEqual([
      ["vda", false, true],
      ["sda", false, true],
      [disks[2]?.target, false, true],
    ]);
    expect(interfaces).toHaveLength(2);
    expect(graphics).toEqual([{ type: "vnc", listen: "127.0.0.1", port: 5901 }]);
    const text = draw(await look(found), { columns: 200, color: false });
    expect(text).not.toContain("next boot;");
  });

  test("are in the JSON, with null for what isn't known", async () => {
    const { disks, interfaces, graphics, vcpus } = explanationJson(await look(await explained())) as Record<
      string,
      unknown
    >;
    expect({ disks, interfaces, graphics, vcpus }).toMatchInlineSnapshot(`
      {
        "disks": [
          {
            "bus": "virtio",
            "capacity": 10737418240,
            "device": "disk",
            "format": "qcow2",
            "live": true,
            "made": false,
            "name": "root",
            "nextBoot": true,
            "readOnly": false,
            "source": "/images/root.qcow2",
            "target": "vda",
          },
          {
            "bus": "scsi",
            "capacity": 2147483648,
            "device": "disk",
            "format": "qcow2",
            "live": true,
            "made": true,
            "name": "data",
            "nextBoot": true,
            "readOnly": false,
            "source": "/images/data.qcow2",
            "target": "sda",
          },
          {
            "bus": "sata",
            "capacity": null,
            "device": "cdrom",
            "format": "raw",
            "live": true,
            "made": false,
            "name": null,
            "nextBoot": true,
            "readOnly": true,
            "source": null,
            "target": "sdb",
          },
        ],
        "graphics": [
          {
            "listen": "127.0.0.1",
            "port": 5901,
            "type": "vnc",
          },
        ],
        "interfaces": [
          {
            "addresses": [],
            "kind": "network",
            "link": "up",
            "live": true,
            "mac": "52:54:00:cb:dc:20",
            "model": "virtio",
            "name": "lan",
            "nextBoot": true,
            "source": "default",
          },
          {
            "addresses": [],
            "kind": "user",
            "link": "down",
            "live": true,
            "mac": "52:54:00:00:00:01",
            "model": "virtio",
            "name": null,
            "nextBoot": true,
            "source": null,
          },
        ],
        "vcpus": {
          "live": {
            "current": 4,
            "maximum": 8,
          },
          "nextBoot": {
            "current": 4,
            "maximum": 8,
          },
          "reachable": [
            {
              "from": 5,
              "step": 1,
              "to": 8,
            },
          ],
          "reasons": [],
          "removable": [
            1,
            2,
            3,
          ],
        },
      }
    `);
  });
});
