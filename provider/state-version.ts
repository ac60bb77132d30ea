import { UserError } from "./errors.ts";
import { type Outputs, STATE_VERSION } from "./outputs.ts";

/** @throws UserError for a state that a later version of this provider wrote in a format that this one doesn't know */
export function refuseNewerState({ __stateVersion: version, name }: Outputs): void {
  if (typeof version !== "number" || version <= STATE_VERSION) return;
  const text = `the state of domain ${name} has format ${version}, but this version of libvirt-hotplug reads formats up to ${STATE_VERSION}: a later version wrote it; install that version or a later one`;
  throw new UserError(text, { code: "newer-state" });
}
