import type { Failure } from "./failure.ts";
import type { Inputs, InterfaceInput } from "./inputs.ts";

/** An interface whose address a create waits for. */
export interface AddressWait {
  /** Its place in the program, for messages: `interfaces[0]`. */
  place: string;
  mac: string;
  seconds: number;
}

/** The interfaces whose address the program waits for. Their values must be known. */
export function addressWaits(inputs: Partial<Inputs>): AddressWait[] {
  return knownInterfaces(inputs).flatMap(({ mac, waitForAddress: seconds }, index) =>
    mac === undefined || typeof seconds !== "number" ? [] : [{ place: `interfaces[${index}]`, mac, seconds }],
  );
}

/** Whether the program asks for addresses at all. */
export function reportsAddresses(inputs: Partial<Inputs>): boolean {
  return (
    reportsAll(inputs) || knownInterfaces(inputs).some(({ waitForAddress }) => waitForAddress !== undefined)
  );
}

/** Whether the program asks for the addresses of the network card with this MAC. */
export function reportsAddressesOf(mac: string, inputs: Partial<Inputs>): boolean {
  return reportsAll(inputs) || addressWaits(inputs).some((wait) => wait.mac === mac);
}

function reportsAll({ reportAddresses }: Partial<Inputs>): boolean {
  return reportAddresses === true;
}

/** An argument as the definition has it: `waitForAddress` is only read by this provider. */
export function withoutWaits<Value>(name: string, value: Value): Value {
  if (name !== "interfaces" || !Array.isArray(value)) return value;
  return value.map((one: InterfaceInput) => {
    if (typeof one !== "object" || one === null) return one;
    const { waitForAddress: _, ...rest } = one;
    return rest;
  }) as Value;
}

/** Only the guest agent knows the addresses on QEMU's user-mode network, which libvirt doesn't see. */
export function addressesCanBeFound(inputs: Partial<Inputs>): Failure[] {
  if (inputs.agent !== false || inputs.xml !== undefined) return [];
  return knownInterfaces(inputs).flatMap(({ user, waitForAddress }, index) =>
    user === true && waitForAddress !== undefined
      ? [
          {
            property: `interfaces[${index}].waitForAddress`,
            reason:
              "needs the guest agent: nothing else reports addresses on the user-mode network; remove agent: false, or set network or bridge instead of user",
          },
        ]
      : [],
  );
}

function knownInterfaces({ interfaces }: Partial<Inputs>): InterfaceInput[] {
  return Array.isArray(interfaces) ? interfaces.filter((one) => typeof one === "object") : [];
}
