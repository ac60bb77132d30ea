import * as pulumi from "@pulumi/pulumi";
import type { GraphicsArgs } from "./args/graphics.ts";
import type { DomainArgs } from "./domain-args.ts";

/** The arguments with each password as a secret. What isn't an object is left to check. */
export function withSecretPasswords(args: DomainArgs): DomainArgs {
  const { graphics } = args;
  if (pulumi.Output.isInstance(graphics) || graphics instanceof Promise) {
    // Whether it has a password is known once it is resolved: then all of it is secret.
    const marked = pulumi
      .output(graphics)
      .apply((resolved) => (hasPassword(resolved) ? pulumi.secret(resolved) : resolved));
    return { ...args, graphics: marked as pulumi.Output<GraphicsArgs> };
  }
  if (!hasPassword(graphics)) return args;
  return { ...args, graphics: { ...graphics, password: pulumi.secret(graphics.password) } };
}

function hasPassword<T>(graphics: T): graphics is T & { password: pulumi.Input<string> } {
  return isPlain(graphics) && (Reflect.get(graphics, "password") ?? undefined) !== undefined;
}

/**
 * The paths of the arguments that are secret, such as `hotplug.before.command[1]`; Pulumi knows that once they are resolved.
 *
 * @returns undefined if no argument can be
 */
export function secretPaths(args: object): Promise<string[]> | undefined {
  const found: Promise<string[]>[] = [];
  collect(args, "", found);
  return found.length === 0 ? undefined : Promise.all(found).then((paths) => paths.flat());
}

function collect(value: unknown, path: string, found: Promise<string[]>[]): void {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) {
    // Secret if anything inside of it is.
    found.push(pulumi.isSecret(pulumi.output(value)).then((isSecret) => (isSecret ? [path] : [])));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, `${path}[${index}]`, found);
  } else if (isPlain(value)) {
    for (const [key, item] of Object.entries(value))
      collect(item, path === "" ? key : `${path}.${key}`, found);
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
