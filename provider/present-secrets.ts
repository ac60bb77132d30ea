import { withoutFormerSecrets } from "./args/former-secrets.ts";
import type { Inputs } from "./args/inputs.ts";
import type { Defaults } from "./args/settings.ts";
import type { Detaching, GuestRecord } from "./guest/record.ts";
import type { VcpuRecord } from "./guest/vcpus.ts";
import { isAsProgrammed } from "./plan/as-programmed.ts";
import { desiredMemory } from "./plan/desired.ts";
import type { Observed } from "./plan/observed.ts";
import { desiredVcpus } from "./plan/vcpus/desired.ts";
import type { Kib } from "./units/kib.ts";
import { readCanonicalSize } from "./units/size.ts";

/** What is known of a domain, besides its program. */
interface KnownDomain {
  observed: Observed;
  defaults: Defaults;
  adopted: boolean;
  told?: Kib | undefined;
  guest?: GuestRecord | undefined;
  guestVcpus?: VcpuRecord | undefined;
  detaching?: Detaching | undefined;
  /** What else may quote a text that was secret. */
  others?: unknown;
}

/**
 * The inputs without former secrets that are gone from the domain. A size is gone once all sizes of the domain follow from the program:
 * after a live change, the base memory of the running domain is still the earlier size.
 */
export function withPresentSecrets(inputs: Inputs, domain: KnownDomain): Inputs {
  if (inputs.__formerSecrets === undefined) return inputs;
  return withoutFormerSecrets(inputs, isMadeBy(inputs, domain), [domain.observed, domain.others]);
}

function isMadeBy(inputs: Inputs, { observed, defaults, adopted, ...recorded }: KnownDomain): boolean {
  const { told, guest, guestVcpus, detaching } = recorded;
  const isGuestAwaited = guest?.missing !== undefined || guestVcpus?.missing !== undefined;
  if (isGuestAwaited || detaching !== undefined || told !== undefined) return false;
  const memory = desiredMemory(inputs, defaults, adopted);
  const vcpus = desiredVcpus(inputs, defaults, adopted);
  return isAsProgrammed(memory, vcpus, observed) && (guest?.memory ?? 0) <= readCanonicalSize(inputs.memory);
}
