import { z } from "zod";
import { DEFAULTS, type Defaults } from "./args/defaults.ts";
import { guestSeconds, MOST_SLOTS } from "./args/fields.ts";
import { SMALLEST_GUEST_BLOCK } from "./args/limits.ts";
import { isBlock } from "./args/rules.ts";
import { oneOf, size } from "./args/schema.ts";
import type { DomainType } from "./definition/domain-spec.ts";
import { UserError } from "./errors.ts";
import { formatMib, readCanonicalSize } from "./units/size.ts";

/** The stack's configuration, as far as it concerns this provider. */
export interface Configuration {
  /** `libvirt:uri`, shared with other libvirt providers: where domains without a `uri` of their own go. */
  uri?: string;
  /** `libvirt-hotplug:domainType`: "kvm" or "qemu"; default: KVM where the host has it for the guest's architecture. */
  domainType?: DomainType;
  /** What applies where a program says nothing. */
  defaults: Defaults;
}

const OWN = "libvirt-hotplug:";

const bytes = size.transform((text) => readCanonicalSize(String(text)));
const truth = z.enum(["true", "false"], 'must be "true" or "false"').transform((text) => text === "true");
const block = bytes.refine(isBlock, `must be a power of two of at least ${formatMib(SMALLEST_GUEST_BLOCK)}`);
const slotsMessage = `must be a whole number from 1 to ${MOST_SLOTS}`;
const slots = z.coerce
  .number(slotsMessage)
  .int(slotsMessage)
  .min(1, slotsMessage)
  .max(MOST_SLOTS, slotsMessage);

/** Each key under `libvirt-hotplug:`, with its form. Configuration values are text. */
const KEYS = {
  domainType: oneOf("kvm", "qemu"),
  enabled: truth,
  alignment: block,
  memorySlots: slots,
  whenNotPossible: oneOf("replace", "restart", "nextBoot", "error"),
  applyOn: oneOf("now", "nextBoot"),
  device: oneOf("dimm", "virtio-mem"),
  allowUnplug: truth,
  heal: truth,
  online: oneOf("agent", "guest", "none"),
  awaitGuest: z
    .string()
    .transform((text) => (text === "false" ? false : Number(text)))
    .pipe(guestSeconds),
  maxMemory32Bit: bytes,
  maxMemory64Bit: bytes,
  allowDowntime: truth,
} as const satisfies Record<string, z.ZodType>;

/** @throws UserError that names every key whose value is wrong */
export function readConfiguration(get: (key: string) => string | undefined): Configuration {
  const given = Object.keys(KEYS).flatMap((name): [string, string][] => {
    const value = get(`${OWN}${name}`);
    return value === undefined ? [] : [[name, value]];
  });
  const parsed = z.object(KEYS).partial().safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => {
      const key = `${OWN}${path.join(".")}`;
      return `${key} is "${get(key)}": ${message}`;
    });
    throw new UserError(`the stack's configuration is wrong: ${wrong.join("; ")}`);
  }
  const { domainType, maxMemory32Bit, maxMemory64Bit, ...rest } = parsed.data;
  const uri = get("libvirt:uri");
  return {
    ...(uri !== undefined && { uri }),
    ...(domainType !== undefined && { domainType: domainType as DomainType }),
    defaults: {
      ...DEFAULTS,
      ...(Object.fromEntries(
        Object.entries(rest).filter(([, value]) => value !== undefined),
      ) as Partial<Defaults>),
      ...(maxMemory32Bit !== undefined && { cap32Bit: maxMemory32Bit }),
      ...(maxMemory64Bit !== undefined && { cap64Bit: maxMemory64Bit }),
    },
  };
}
