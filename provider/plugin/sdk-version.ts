/** A version as npm and Pulumi have it; a prerelease counts as its release. */
const VERSION = /^v?(\d+)\.(\d+)\.(\d+)/;

/**
 * What to do about a program whose SDK is of another version than this plugin: a newer SDK may have arguments that the plugin doesn't
 * know, and an SDK of another major version other ones.
 *
 * @param sdk as the SDK sends it with the provider's configuration
 */
export function versionWarning(sdk: unknown, plugin: string): string | undefined {
  const [theirs, ours] = [parts(sdk), parts(plugin)];
  if (theirs === undefined || ours === undefined) return undefined;
  const difference = theirs.map((part, index) => part - (ours[index] ?? 0)).find((part) => part !== 0) ?? 0;
  const versions = `the program's libvirt-hotplug SDK has version ${sdk}, but this plugin has version ${plugin}`;
  if (difference > 0)
    return `${versions} and may not know all arguments of the SDK; install the plugin of the SDK's version: pulumi plugin install resource libvirt-hotplug ${sdk}`;
  if (theirs[0] !== ours[0])
    return `${versions}, whose arguments differ; upgrade the SDK to ${plugin}, or install the plugin of the SDK's version: pulumi plugin install resource libvirt-hotplug ${sdk}`;
  return undefined;
}

function parts(version: unknown): number[] | undefined {
  return typeof version === "string" ? VERSION.exec(version)?.slice(1).map(Number) : undefined;
}
