/** The type of the dynamic class in every state. It must never change. */
export const DYNAMIC_TYPE = "pulumi-nodejs:dynamic/libvirt:Domain";

/**
 * The code that Pulumi keeps in the state and evaluates in the program's directory. It names the package and contains none of
 * its code, so that an upgrade of the package shows no difference, and the installed version deletes a resource. It must never
 * change either.
 */
export const DYNAMIC_PROVIDER = 'exports.handler = () => require("pulumi-libvirt-hotplug/provider").provider';

/** The type that the plugin's resources have in every state. It must never change. */
export const PLUGIN_TYPE = "libvirt-hotplug:index:Domain";
