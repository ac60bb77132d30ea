/** The key of Pulumi's wrapping of a value that JSON has no form for, and its value for a secret (sdk/nodejs/runtime/rpc.ts). */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Whether an object is Pulumi's wrapping of a secret. */
export function isMarkedSecret(value: object): boolean {
  return Reflect.get(value, SIGNATURE) === SECRET;
}
