import { expect, test } from "vitest";
import { withFreePorts } from "../../provider/domain/ports.ts";

function definition(...models: string[]): string {
  const cards = models.map((model) => `<interface type='user'><model type='${model}'/></interface>`).join("");
  return `<domain type='qemu'><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><controller type='usb' model='none'/><memballoon model='none'/>${cards}</devices></domain>`;
}

// As libvirt 9.0 places them.
test.each([
  [[], 2],
  [["virtio"], 3],
  [["e1000e", "igb"], 4],
  [["e1000"], 2],
  [["rtl8139", "vmxnet3", "e1000"], 2],
  [["e1000", "virtio"], 3],
  [["ne2k_pci"], 3],
])(
  "two ports are free after the cards %j with %i root ports, beside the one of a bridge",
  (models, ports) => {
    const xml = withFreePorts(definition(...models), 2);
    expect([...xml.matchAll(/pcie-root-port/g)]).toHaveLength(ports);
  },
);
