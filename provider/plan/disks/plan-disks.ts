import { newSizedDisks, type ResizedDisk, resizedDisks, type SizedImage } from "../../args/disk-images.ts";
import { describeImage } from "../../args/disk-source.ts";
import type { Inputs } from "../../args/inputs.ts";
import { type Bytes, formatBytes, formatGrowth } from "../../units/bytes.ts";
import type { Observed } from "../observed.ts";
import { combine, noChange, type Plan, type Reason } from "../plan.ts";
import type { PowerPlan } from "../power.ts";
import { headline, refusal } from "../text.ts";

/**
 * Plans the sizes of disks that the domain has. A disk grows, on the running domain at once; it never shrinks. The planner
 * compares with what the images have where somebody has looked, else with the earlier `size`.
 */
export function planDiskSizes(
  before: Partial<Inputs>,
  inputs: Inputs,
  { observed, isStopping }: Pick<PowerPlan, "observed" | "isStopping">,
): Plan {
  const isRunning = observed.power !== "off" && !isStopping;
  return combine(resizedDisks(before, inputs).map((disk) => planSize(disk, observed.images, isRunning)));
}

/** Plans the images of new disks, which are made before the disks are attached or defined. */
export function planImages(before: Partial<Inputs>, inputs: Inputs): Plan {
  return combine(newSizedDisks(before, inputs).map(planImage));
}

/** Whether there is an image is known when the step is carried out: libvirt finds a file only once it has refreshed its pool. */
function planImage(disk: SizedImage): Plan {
  const { path, source, format, size } = disk;
  const what = `make an empty ${format} image of ${formatBytes(size)}`;
  const sentence = `${what} at ${describeImage(source)}, unless there is one`;
  return {
    outcome: "live",
    headline: headline("live", sentence, `${what} for ${path}, unless there is one`),
    details: [],
    steps: [{ kind: "makeDisk", disk, sentence }],
    reasons: [],
  };
}

function planSize(disk: ResizedDisk, images: Observed["images"], isRunning: boolean): Plan {
  const found = images?.[disk.key];
  const present = found ?? disk.before;
  if (present !== undefined && present > disk.size) {
    const short = `${disk.path}.size is ${formatBytes(disk.size)}, below the ${formatBytes(present)} that the image has`;
    return refusal(wouldShrink(disk, present), short);
  }
  return found === disk.size ? noChange() : growth(disk, present, isRunning);
}

/** Why a disk doesn't get a size: with both figures. */
export function wouldShrink(
  { path, source, size }: Pick<ResizedDisk, "path" | "source" | "size">,
  present: Bytes,
): Reason {
  const text = `${path}.size is ${formatBytes(size)}, but ${describeImage(source)} has ${formatBytes(present)}, and a disk is never made smaller; set size to at least ${formatBytes(present)}`;
  return { code: "disk-would-shrink", text };
}

function growth(disk: ResizedDisk, present: Bytes | undefined, isRunning: boolean): Plan {
  const { path, source, size } = disk;
  const change = present === undefined ? `to ${formatBytes(size)}` : formatGrowth(present, size);
  const how = isRunning ? "no restart" : "while the domain is off";
  const image = describeImage(source);
  return {
    outcome: "live",
    headline: headline("live", `disk ${image} ${change}, ${how}`, `${path} ${change}, ${how}`),
    details: [
      `the guest sees the new size of ${path} ${isRunning ? "at once" : "when it starts"}; its partitions and file systems stay as they are until they are grown in the guest`,
    ],
    steps: [{ kind: "resizeDisk", disk, sentence: `grow ${image} to ${formatBytes(size)}` }],
    reasons: [],
  };
}
