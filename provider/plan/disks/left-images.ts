import { leftImages, type RemovedImage } from "../../args/disk-images.ts";
import { describeImage, sourceKey } from "../../args/disk-source.ts";
import type { Inputs } from "../../args/inputs.ts";
import { isDefine, isMoreDisruptive, type Plan, type Step } from "../plan.ts";
import type { PowerPlan } from "../power.ts";
import { headline } from "../text.ts";

/** What an update is told of the images of disks. */
interface DiskLists {
  before: Partial<Inputs>;
  inputs: Inputs;
  /** The images that this provider made, by their keys. */
  made: readonly string[];
}

/**
 * The plan with the deletion of images whose disks the program no longer has: those that this provider made, with `onDelete: "delete"`,
 * once neither the running domain nor its definition has them. What stays is said.
 */
export function withLeftImages(
  plan: Plan,
  { before, inputs, made }: DiskLists,
  power: Pick<PowerPlan, "observed" | "isStopping">,
): Plan {
  if (made.length === 0 || plan.outcome === "refuse" || plan.outcome === "unknown") return plan;
  const { removed, exchanged } = leftImages(before, inputs);
  const isMade = ({ key }: RemovedImage) => made.includes(key);
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
      .map(({ source }) => `${describeImage(source)} isn't deleted: its disk stays, and gets another image`),
  ];
  if (details.length === 0) return plan;
  const steps = gone.map(
    (disk): Step => ({
      kind: "deleteImage",
      disk,
      sentence: `delete the image ${describeImage(disk.source)}`,
    }),
  );
  const said = { ...plan, details: [...details, ...plan.details] };
  const [first] = steps;
  if (first === undefined) return plan.outcome === "none" ? plan : said;
  const isLast = (step: Step) => step.kind === "balloon" && step.where === "live";
  const end = plan.steps.findLastIndex((step) => !isLast(step)) + 1;
  return {
    ...said,
    ...(isMoreDisruptive("live", plan.outcome) && {
      outcome: "live",
      headline: headline("live", first.sentence, "delete the image of a disk"),
    }),
    steps: [...plan.steps.slice(0, end), ...steps, ...plan.steps.slice(end)],
  };
}

/** "deletes /images/data.qcow2", for a headline; undefined where nothing is deleted. */
export function describeDeletions(steps: readonly Step[]): string | undefined {
  const images = steps.flatMap((step) => (step.kind === "deleteImage" ? [step.disk] : []));
  const [first] = images;
  if (first === undefined) return undefined;
  return images.length === 1 ? `deletes ${describeImage(first.source)}` : `deletes ${images.length} images`;
}

/** Whether nothing of the domain has the image after the plan's steps. */
function isFree(
  { key }: RemovedImage,
  { outcome, steps }: Plan,
  { observed, isStopping }: Pick<PowerPlan, "observed" | "isStopping">,
): boolean {
  if (outcome === "replace" || observed.saved !== undefined) return false;
  const isWithKey = (disk: Parameters<typeof sourceKey>[0]) => sourceKey(disk) === key;
  const isDefined =
    observed.nextBoot?.disks?.some(isWithKey) === true &&
    !steps.some((step) => isDefine(step) && step.fields.includes("disks"));
  if (isDefined) return false;
  const { live } = observed;
  if (live === undefined || isStopping || steps.some(({ kind }) => kind === "stop")) return true;
  if (live.disks === undefined) return false;
  const had = live.disks.filter(isWithKey).length;
  const detached = steps.filter(
    (step) => step.kind === "detachDevice" && step.device === "disk" && isWithKey(step.state),
  ).length;
  return had <= detached;
}
