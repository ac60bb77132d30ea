import { countedSize, type MemoryDevice } from "../domain/state.ts";
import type { Observation } from "../observe/observe.ts";
import type { MemoryView } from "../plan/observed.ts";
import type { Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";

/** What a domain is to be, as far as steps change it. */
export interface Promised {
  isOff: boolean;
  autostart: boolean;
  live: PromisedMemory | undefined;
  nextBoot: PromisedMemory | undefined;
  saved: PromisedMemory | undefined;
  /** Of the running domain, where a step has set them. */
  vcpus?: number;
  /** It was started since: POWER rounds its memory up to a block, all others to a MiB. */
  rounding: Kib;
}

export interface PromisedMemory {
  total: Kib;
  /** Undefined where they aren't known in advance. */
  devices: Pick<MemoryDevice, "alias" | "model" | "size" | "requested">[] | undefined;
}

export function asFound({ observed, autostart = false }: Observation): Promised {
  const { live, nextBoot, saved } = observed;
  return {
    isOff: observed.power === "off",
    autostart,
    live: live && memoryOf(live),
    nextBoot: nextBoot && memoryOf(nextBoot),
    saved: saved && memoryOf(saved),
    rounding: 0,
  };
}

function memoryOf({ memory, devices }: MemoryView): PromisedMemory {
  return { total: memory, devices };
}

/**
 * The figures that a step promises, on whatever domain it finds. A preview foresees with `afterStep` what libvirt makes of the domain that
 * it was planned for, and doesn't foresee anything where a step doesn't fit. Here that is a difference to report, with the figures of the
 * plan, and a step that is repeated changes nothing.
 */
export function promisedAfter(domain: Promised, step: Step): Promised {
  const { live, nextBoot } = domain;
  switch (step.kind) {
    case "attach": {
      const { alias, size } = step.dimm;
      if (live === undefined || live.devices?.some((device) => device.alias === alias)) return domain;
      const devices = live.devices && [...live.devices, { model: "dimm" as const, alias, size }];
      return { ...domain, live: { total: live.total + size, devices } };
    }
    case "detach": {
      const gone = live?.devices?.find(({ alias }) => alias === step.dimm.alias);
      if (live === undefined || gone === undefined) return domain;
      const devices = live.devices?.filter((device) => device !== gone);
      return { ...domain, live: { total: live.total - gone.size, devices } };
    }
    case "resize": {
      const { alias, requested } = step.device;
      const resized = live?.devices?.find((device) => device.alias === alias);
      if (live === undefined || resized === undefined) return domain;
      const devices = live.devices?.map((device) => (device === resized ? { ...device, requested } : device));
      return { ...domain, live: { total: live.total - countedSize(resized) + requested, devices } };
    }
    case "plugVcpus":
    case "unplugVcpus":
      return { ...domain, vcpus: step.to };
    case "define": {
      const { definition } = step;
      if (definition === undefined || nextBoot === undefined) return domain;
      const devices = nextBoot.devices && [
        ...nextBoot.devices.filter(({ alias = "" }) => !definition.removeAliases.includes(alias)),
        ...(definition.virtioMem ?? []).flatMap(({ alias, size, requested }) =>
          alias === undefined || nextBoot.devices?.some((device) => device.alias === alias)
            ? []
            : { model: "virtio-mem" as const, alias, size, requested },
        ),
      ];
      // The program's XML may have other devices of its own.
      const isKnown = !step.fields.includes("xml");
      return { ...domain, nextBoot: { total: definition.memory, devices: isKnown ? devices : undefined } };
    }
    case "start":
      return domain.isOff ? { ...domain, isOff: false, live: nextBoot, rounding: 1 } : domain;
    case "restore":
      return domain.isOff ? { ...domain, isOff: false, live: domain.saved, saved: undefined } : domain;
    case "discard":
      return { ...domain, saved: undefined };
    case "stop":
      return { ...domain, isOff: true, live: undefined };
    case "autostart":
      return { ...domain, autostart: step.on };
    case "attachDevice":
    case "detachDevice":
    case "updateDevice":
    case "balloon":
    case "changePassword":
    case "resizeDisk":
    case "makeDisk":
    case "deleteImage":
    case "resume":
    case "wake":
    case "replace":
      return domain;
  }
}
