import { addressWaits, reportsAddresses } from "../args/addresses.ts";
import type { Inputs } from "../args/inputs.ts";
import { isDeviceStep, type Step } from "./plan.ts";

/** Steps after which the guest runs again, or no longer, and may have other addresses. */
const CHANGES_POWER: ReadonlySet<Step["kind"]> = new Set(["stop", "start", "restore", "resume", "wake"]);

/** Arguments of a definition that decide which network cards there are. */
const CARD_FIELDS: readonly string[] = ["interfaces", "xml"];

/** Whether the guest may have other addresses after these steps. Otherwise an update keeps those that are recorded. */
export function mayChangeAddresses(steps: Step[]): boolean {
  return steps.some(
    (step) =>
      CHANGES_POWER.has(step.kind) ||
      (isDeviceStep(step) && step.device === "interface") ||
      (step.kind === "define" && step.fields.some((name) => CARD_FIELDS.includes(name))),
  );
}

/** An update of a resource that may report addresses. */
interface AddressUpdate {
  /** What the state has; undefined where it has none. */
  recorded: { missing: string[] } | undefined;
  before: Partial<Inputs>;
  news: Partial<Inputs>;
  steps: Step[];
}

/** Whether an update looks for the addresses. Otherwise it keeps those that the state has. */
export function looksForAddresses({ recorded, before, news, steps }: AddressUpdate): boolean {
  if (!reportsAddresses(news)) return false;
  if (recorded === undefined || mayChangeAddresses(steps)) return true;
  if (news.reportAddresses === true && before.reportAddresses !== true) return true;
  return addressWaits(news).some(({ mac }) => recorded.missing.includes(mac) || !waitsFor(mac, before));
}

/** Whether the program waits for an address of the card with this MAC. */
export function waitsFor(mac: string, inputs: Partial<Inputs>): boolean {
  return addressWaits(inputs).some((wait) => wait.mac === mac);
}
