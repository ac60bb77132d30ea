import { sourceKey } from "../../args/disk-source.ts";
import type { CardState, DiskState, ListDevice } from "../../domain/state.ts";
import type { MemoryView } from "../observed.ts";

/** The device of a domain that is this one: by its place in the domain, and by what it is. */
export function presentDevice(
  step: ListDevice,
  view: Pick<MemoryView, "disks" | "cards"> | undefined,
): DiskState | CardState | undefined {
  if (step.device === "interface") return view?.cards?.find(({ mac }) => mac === step.state.mac);
  const { state } = step;
  return view?.disks?.find((disk) => disk.target === state.target && sourceKey(disk) === sourceKey(state));
}
