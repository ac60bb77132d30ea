/** The input and output with what was secret in earlier programs, by its argument (provider/args/former-secrets.ts). */
export const FORMER_SECRETS = "__formerSecrets";

/** Arguments that no size follows from, and those inside of `hotplug`. */
const WITHOUT_SIZES = new Set([
  ...[
    "name",
    "description",
    "boot",
    "disks",
    "interfaces",
    "reportAddresses",
    "serial",
    "agent",
    "running",
    "autostart",
  ],
  ...["shutdownTimeout", "forceOff", "adopt", "onDelete", "uri", "cpu"],
  ...["graphics", "video", "rng", "tpm", "watchdog"],
  FORMER_SECRETS,
]);
/** The arguments that say which network cards there are. */
const WITH_CARDS = new Set(["interfaces", "xml"]);
const HOOK = /^hotplug\.(?:before|after)\b/;

/** The arguments that are secret whatever the program sets: the class, check and the schema mark them. */
export const ALWAYS_SECRET = ["graphics.password"] as const;

/** The name of the argument that a path is in. */
export function argumentOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? "";
}

/** Whether sizes in messages and outputs may follow from this argument. */
export function affectsSizes(path: string): boolean {
  return !WITHOUT_SIZES.has(argumentOf(path)) && !HOOK.test(path);
}

/** Whether sizes of the domain may follow from what was secret in an earlier program. */
export function isFormerSize(path: string): boolean {
  return isFormer(path) && affectsSizes(presentPath(path));
}

function isFormer(path: string): boolean {
  return argumentOf(path) === FORMER_SECRETS;
}

/** The path of what was secret, without its place among the former secrets. */
function presentPath(path: string): string {
  return isFormer(path) ? path.slice(FORMER_SECRETS.length + 1) : path;
}

/** Whether the domain's network cards, and with them its addresses, may follow from this argument, or did. */
function affectsCards(path: string): boolean {
  return WITH_CARDS.has(argumentOf(presentPath(path)));
}

/** The outputs that are secret when a size is. */
const FROM_SIZES = [
  "liveMemory",
  "nextBootMemory",
  "pendingMemory",
  "savedMemory",
  "memoryDevices",
  "liveMemorySlots",
  "reachable",
  "guestMemory",
  "reachableVcpus",
  "guestVcpus",
] as const;

/** The outputs that no program reads. They are secret when any argument is. */
const HIDDEN = [
  "__awaitedAddresses",
  "__observed",
  "__drift",
  "__guest",
  "__guestVcpus",
  "__detaching",
  "__made",
] as const;

/**
 * The outputs to mark as secret when these arguments are.
 *
 * @param isSizeSecret whether a size follows from one of them
 */
export function derivedOutputs(
  paths: readonly string[],
  isSizeSecret: boolean = paths.some(affectsSizes),
): string[] {
  if (paths.length === 0) return [];
  return [
    ...(isSizeSecret || paths.some(isFormerSize) ? FROM_SIZES : []),
    ...(paths.some(affectsCards) ? ["addresses"] : []),
    ...HIDDEN,
    ...(paths.some(isFormer) ? [FORMER_SECRETS] : []),
  ];
}
