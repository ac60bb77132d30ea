import { sourceKey } from "../../args/disk-source.ts";
import type { CardState, DiskState, ListDevice } from "../../domain/state.ts";
import type { MemoryView } from "../observed.ts";
import { ALIASES } from "./aliases.ts";

/** The devices of a running domain that are in our lists by their alias: an interrupted update may have attached some of them. */
export function managedDevices(view: Pick<MemoryView, "disks" | "cards"> | undefined): ListDevice[] {
  const { disks = [], cards = [] } = view ?? {};
  const all: ListDevice[] = [
    ...disks.map((state) => ({ device: "disk" as const, state })),
    ...cards.map((state) => ({ device: "interface" as const, state })),
  ];
  return all.filter(({ device, state }) => state.alias?.startsWith(ALIASES[device]));
}

/** The device of a domain that is this one: by its place in the domain, and by what it is. */
export function presentDevice(
  step: ListDevice,
  view: Pick<MemoryView, "disks" | "cards"> | undefined,
): DiskState | CardState | undefined {
  if (step.device === "interface") return view?.cards?.find(({ mac }) => mac === step.state.mac);
  const { state } = step;
  return view?.disks?.find((disk) => disk.target === state.target && sourceKey(disk) === sourceKey(state));
}
