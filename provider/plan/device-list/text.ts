import type { ListDevice } from "../../domain/state.ts";
import { formatBytes } from "../../units/bytes.ts";
import type { Obstacle, Step } from "../plan.ts";
import { formatList, headline } from "../text.ts";

const VERBS = { detachDevice: "detach", updateDevice: "change", attachDevice: "attach" } as const;

/** "attach 1 disk and detach 2 interfaces"; "disks[0] to 2 GiB": the steps in few words. */
export function describeDeviceSteps(steps: Step[]): string {
  const resized = steps.flatMap((step) => (step.kind === "resizeDisk" ? [step.disk] : []));
  const [first] = resized;
  const sizes =
    resized.length > 1
      ? [`${resized.length} larger disks`]
      : first === undefined
        ? []
        : [`${first.path} to ${formatBytes(first.size)}`];
  return formatList([...sizes, ...countedSteps(steps, "disk"), ...countedSteps(steps, "interface")]);
}

function countedSteps(steps: Step[], device: ListDevice["device"]): string[] {
  return (Object.keys(VERBS) as (keyof typeof VERBS)[]).flatMap((kind) => {
    const count = steps.filter((step) => step.kind === kind && step.device === device).length;
    return count === 0 ? [] : [`${VERBS[kind]} ${count} ${device}${count === 1 ? "" : "s"}`];
  });
}

/** Each step in full where they fit on a row, else how many of each kind there are. */
export function devicesHeadline(device: ListDevice["device"], steps: Step[]): string {
  const sentences = steps.map(({ sentence }) => sentence);
  return headline("live", formatList(sentences), formatList(countedSteps(steps, device)));
}

/**
 * More devices than the running domain has ports for.
 *
 * @param isShared the disks of the same update take some of its ports
 */
export function missingPorts(
  field: string,
  { needed, free, isShared }: { needed: number; free: number; isShared: boolean },
): Obstacle {
  const has = free === 0 ? "no free port" : `${free} free port${free === 1 ? "" : "s"}`;
  return {
    code: "no-free-port",
    text: `the change of ${field} needs ${needed} PCI port${needed === 1 ? "" : "s"}, but the running domain has ${has}${isShared ? " besides those that the change of disks takes" : ""}; after the next boot it has as many free ports as hotplugPorts asks for`,
    predicate: `needs ${needed === 1 ? "a PCI port" : `${needed} PCI ports`}, but the domain has ${has}`,
  };
}
