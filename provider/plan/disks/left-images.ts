import { isAmong, leftImages, type RemovedImage } from "../../args/disk-images.ts";
import { describeImage, sourceKey } from "../../args/disk-source.ts";
import type { Inputs } from "../../args/inputs.ts";
import type { MemoryView } from "../observed.ts";
import { isDefine, isMoreDisruptive, type Plan, type Step } from "../plan.ts";
import type { PowerPlan } from "../power.ts";
import { fitting, formatList, headline } from "../text.ts";

/** The lists of disks before and after an update. */
interface DiskLists {
  before: Partial<Inputs>;
  inputs: Inputs;
  /** The images that this provider made, by their keys. */
  made: readonly string[];
}

/**
 * The plan with the deletion of images whose disks the program no longer has: those that this provider made, with `onDelete: "delete"`,
 * once neither the running domain nor its definition has them. The details name what stays.
 */
export function withLeftImages(
  plan: Plan,
  { before, inputs, made }: DiskLists,
  power: Pick<PowerPlan, "observed" | "isStopping">,
): Plan {
  if (made.length === 0 || plan.outcome === "refuse" || plan.outcome === "unknown") return plan;
  const { removed, exchanged } = leftImages(before, inputs);
  const isMade = ({ key }: RemovedImage) => isAmong(made, key);
  const gone = removed.filter(isMade).filter((image) => isFree(image, plan, power));
  const kept = removed.filter((image) => isMade(image) && !gone.includes(image));
  const why =
    plan.outcome === "replace" ? "a replacement keeps all images" : "it is in use until the next boot";
  const details = [
    ...gone.map(
      ({ source }) => `${describeImage(source)} is deleted with all data on it (onDelete: "delete")`,
    ),
    ...kept.map(
      ({ source }) => `${describeImage(source)} isn't deleted: ${why}; delete it by hand after that`,
    ),
    ...exchanged
      .filter(isMade)
      .map(({ source }) => `${describeImage(source)} isn't deleted: its disk stays but gets another image`),
  ];
  if (details.length === 0) return plan;
  const steps = gone.map(
    (disk): Step => ({
      kind: "deleteImage",
      disk,
      sentence: `delete the image ${describeImage(disk.source)}`,
    }),
  );
  const named = { ...plan, details: [...details, ...plan.details] };
  const [first] = steps;
  if (first === undefined) return plan.outcome === "none" ? plan : named;
  const isLast = (step: Step) => step.kind === "balloon" && step.where === "live";
  const end = plan.steps.findLastIndex((step) => !isLast(step)) + 1;
  return {
    ...named,
    ...(isMoreDisruptive("live", plan.outcome) && {
      outcome: "live",
      headline: headline("live", first.sentence, "delete the image of a disk"),
    }),
    steps: [...plan.steps.slice(0, end), ...steps, ...plan.steps.slice(end)],
  };
}

/** The headline with the images that are deleted: by their names, else how many, as far as there is room. */
export function withDeletions(line: string, steps: readonly Step[]): string {
  const images = steps.flatMap((step) =>
    step.kind === "deleteImage" ? [describeImage(step.disk.source)] : [],
  );
  if (images.length === 0) return line;
  const count = images.length === 1 ? "1 image" : `${images.length} images`;
  return fitting(`${line}; deletes ${formatList(images)}`, `${line}; deletes ${count}`, line);
}

/** Whether nothing of the domain has the image after the plan's steps. */
function isFree(
  { key }: RemovedImage,
  { outcome, steps }: Plan,
  { observed, isStopping }: Pick<PowerPlan, "observed" | "isStopping">,
): boolean {
  if (outcome === "replace" || observed.saved !== undefined) return false;
  const isWithKey = (disk: Parameters<typeof sourceKey>[0]) => sourceKey(disk) === key;
  // Where the disks weren't read, they are as the earlier list made them, with one that has the image.
  const having = (view: MemoryView) => (view.disks === undefined ? 1 : view.disks.filter(isWithKey).length);
  const isDefined =
    observed.nextBoot !== undefined &&
    having(observed.nextBoot) > 0 &&
    !steps.some((step) => isDefine(step) && step.fields.includes("disks"));
  if (isDefined) return false;
  const { live } = observed;
  if (live === undefined || isStopping || steps.some(({ kind }) => kind === "stop")) return true;
  const detached = steps.filter(
    (step) => step.kind === "detachDevice" && step.device === "disk" && isWithKey(step.state),
  ).length;
  return having(live) <= detached;
}
