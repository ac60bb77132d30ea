import { completeInterface, interfaceEntry } from "../../args/device-entries.ts";
import type { InterfaceInput } from "../../args/inputs.ts";
import { containsUnknown } from "../../args/unknown.ts";
import { defined } from "../../defined.ts";
import type { CardState } from "../../domain/state.ts";
import { interfaceAlias, unnamedAlias } from "../device-list/aliases.ts";
import type { DeviceChange, DeviceKind } from "../device-list/device-kind.ts";
import type { MemoryView } from "../observed.ts";
import type { Obstacle } from "../plan.ts";

export const INTERFACES: DeviceKind<InterfaceInput, CardState> = {
  field: "interfaces",
  device: "interface",
  list: ({ interfaces = [] }) => (containsUnknown(interfaces) ? undefined : interfaces),
  entry: interfaceEntry,
  alias: interfaceAlias,
  devices: (view) => view?.cards,
  made: (entries) => INTERFACES.wanted(entries, [], []),
  key: ({ alias, mac }) => ({ alias, identity: mac }),
  wanted: (entries, present) =>
    entries.map((entry, index): CardState => {
      const card = completeInterface(entry);
      const found = present[index];
      const isSame = found !== undefined && found.mac === card.mac && found.model === card.model;
      return defined({ ...card, alias: isSame ? found.alias : interfaceAlias(entry) });
    }),
  change: changeOf,
  unpluggable: modelWithoutHotplug,
  unattachable: () => undefined,
  indispensable: () => undefined,
  ports: (cards) => cards.length,
  describe(name, card) {
    return name === undefined
      ? `interface ${card.mac} (${connection(card)})`
      : `interface "${name}" (${connection(card)})`;
  },
  asDevice: (state) => ({ device: "interface", state }),
  attached: (state) => ({ ...state, alias: state.alias ?? unnamedAlias("interface", state.mac) }),
  updated: (state) => state,
};

function connection({ kind, source }: CardState): string {
  return source === undefined ? `${kind} network` : `${kind} "${source}"`;
}

/** libvirt moves a running domain's card from bridge to bridge, and so between networks that have one. */
const BRIDGED: ReadonlySet<string> = new Set(["network", "bridge"]);

function changeOf(wanted: CardState, found: CardState): DeviceChange {
  const isMoved = wanted.kind !== found.kind || wanted.source !== found.source;
  if (wanted.mac !== found.mac || wanted.model !== found.model) return "reattach";
  if (isMoved) return BRIDGED.has(wanted.kind) && BRIDGED.has(found.kind) ? "live" : "reattach";
  return (wanted.link ?? "up") === (found.link ?? "up") ? "none" : "live";
}

/** A root port takes PCI Express devices only, and libvirt takes vmxnet3 for a conventional one. */
const EXPRESS = /^(virtio|virtio-(non-)?transitional|e1000e|igb)$/;

function modelWithoutHotplug({ model }: CardState, { arch, machine = "" }: MemoryView): Obstacle | undefined {
  const isExpress = arch === "aarch64" || /^(pc-)?q35(-|$)/.test(machine);
  if (!isExpress || EXPRESS.test(model)) return undefined;
  return {
    code: "model-without-hotplug",
    text: `cards of model "${model}" are conventional PCI devices, which the machine's root ports don't accept while the domain runs; model "virtio" and "e1000e" can be attached`,
    predicate: `is of model "${model}", which the machine can't hot-plug`,
  };
}
