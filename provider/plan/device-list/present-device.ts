import type { CardState, DiskState, ListDevice } from "../../domain/state.ts";
import type { MemoryView } from "../observed.ts";

/** The device of a domain that is this one: by its place in the domain, and by what it is. */
export function presentDevice(
  step: ListDevice,
  view: Pick<MemoryView, "disks" | "cards"> | undefined,
): DiskState | CardState | undefined {
  if (step.device === "interface") return view?.cards?.find(({ mac }) => mac === step.state.mac);
  const { target, file } = step.state;
  return view?.disks?.find((disk) => disk.target === target && disk.file === file);
}
