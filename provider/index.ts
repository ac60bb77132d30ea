import { createProvider } from "./provider.ts";
import { hostDependencies } from "./session.ts";

/** What the constant `__provider` of every Domain requires: `require("pulumi-libvirt-hotplug/provider").provider`. */
export const provider = createProvider(hostDependencies());
