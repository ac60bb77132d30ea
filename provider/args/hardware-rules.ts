import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { containsUnknown } from "./unknown.ts";

const X86 = ["x86_64", "i686"];
const POWER = ["ppc64", "ppc64le"];

/** Whether the architecture is known to be none of these. Where the program doesn't set it, the host decides. */
function isNoneOf({ arch }: Partial<Inputs>, arches: readonly string[]): boolean {
  return arch !== undefined && !containsUnknown(arch) && !arches.includes(arch);
}

const WITH_HEADS = ["virtio", "qxl"];

export function screensOfVideo({ video }: Partial<Inputs>): Failure[] {
  if (typeof video !== "object" || video.heads === undefined || containsUnknown(video.model)) return [];
  if (WITH_HEADS.includes(video.model)) return [];
  const reason = `can't be set for the model "${video.model}"; only "virtio" and "qxl" have several screens`;
  return [{ property: "video.heads", reason }];
}

export function periodOfRng({ rng }: Partial<Inputs>): Failure[] {
  if (typeof rng !== "object" || rng.period === undefined || rng.bytes !== undefined) return [];
  return [{ property: "rng.period", reason: "has no effect without rng.bytes" }];
}

const TPM_ARCHES: Readonly<Record<string, readonly string[]>> = {
  crb: X86,
  tis: [...X86, "aarch64", "armv7l"],
  spapr: POWER,
};

export function tpmModel(inputs: Partial<Inputs>): Failure[] {
  const { tpm } = inputs;
  if (typeof tpm !== "object") return [];
  const { model, version } = tpm;
  const arches = model === undefined ? undefined : TPM_ARCHES[model];
  const isVersionUnfit =
    version === "1.2" && model !== undefined && !containsUnknown(model) && model !== "tis";
  return [
    ...(isVersionUnfit
      ? [
          {
            property: "tpm.version",
            reason: `is "1.2", which the model "${model}" doesn't support; use version "2.0", or the model "tis"`,
          },
        ]
      : []),
    ...(arches !== undefined && isNoneOf(inputs, arches)
      ? [
          {
            property: "tpm.model",
            reason: `is "${model}", which ${inputs.arch} guests don't have (only ${arches.join(", ")})`,
          },
        ]
      : []),
  ];
}

const WATCHDOG_ARCHES: Readonly<Record<string, readonly string[]>> = {
  ib700: X86,
  itco: X86,
  diag288: ["s390x"],
};

export function watchdogModel(inputs: Partial<Inputs>): Failure[] {
  const { watchdog, machine } = inputs;
  if (typeof watchdog !== "object" || watchdog.model === undefined) return [];
  const { model } = watchdog;
  const arches = WATCHDOG_ARCHES[model];
  if (arches !== undefined && isNoneOf(inputs, arches))
    return [
      {
        property: "watchdog.model",
        reason: `is "${model}", which ${inputs.arch} guests don't have (only ${arches.join(", ")})`,
      },
    ];
  const isOtherChipset =
    model === "itco" && /^(pc|isapc|microvm)(-|$)/.test(machine ?? "") && !machine?.startsWith("pc-q35");
  return isOtherChipset
    ? [
        {
          property: "watchdog.model",
          reason: `is "itco", which is part of q35 machines, but machine is "${machine}"`,
        },
      ]
    : [];
}
