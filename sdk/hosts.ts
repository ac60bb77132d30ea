import * as pulumi from "@pulumi/pulumi";

/** The URIs of the domains of each run of a program, "" for the default. The Automation API has several runs in one process. */
const runs = new WeakMap<pulumi.Resource, Set<string>>();

/**
 * Notes the URI of one more domain. The engine checks one resource after the other, so the provider is passed all URIs: it then
 * waits for hosts that are down at the same time.
 *
 * @returns all URIs, once the program has made its other domains; undefined for a single host, which the domain itself names
 */
export async function hostsWith(uri: pulumi.Input<string> | undefined): Promise<string[] | undefined> {
  const stack = pulumi.runtime.getStackResource();
  if (stack === undefined) return undefined;
  const hosts = runs.get(stack) ?? new Set<string>();
  runs.set(stack, hosts);
  // A secret URI, or one that isn't known yet, is left out.
  if (uri === undefined || typeof uri === "string") hosts.add(uri ?? "");
  await Promise.resolve();
  return hosts.size > 1 ? [...hosts] : undefined;
}

/** Whether the configuration's URI, which applies without the argument, is a secret there. */
export function isDefaultUriSecret(): boolean {
  const key = ["libvirt-hotplug:uri", "libvirt:uri"].find(
    (one) => pulumi.runtime.getConfig(one) !== undefined,
  );
  return key !== undefined && isConfigSecret(key);
}

function isConfigSecret(key: string): boolean {
  // The SDK's types leave this function out.
  const ofRuntime: unknown = Reflect.get(pulumi.runtime, "isConfigSecret");
  return typeof ofRuntime === "function" && ofRuntime(key) === true;
}
