import { PolicyPack } from "@pulumi/policy";
import {
  adoptedStayAdopted,
  headroom,
  maxPerHost,
  noDowntime,
  noUnknownOutcome,
  reachable,
  sizeCatalogue,
} from "pulumi-libvirt-hotplug/policy";
import { catalogue } from "pulumi-libvirt-hotplug/sizes";

/** The catalogue that the programs use as well: a package of the team's, or a file that catalogueFile reads. */
const sizes = catalogue({
  step: "1GiB",
  ceiling: "8GiB",
  sizes: {
    small: { memory: "1003MiB", vcpus: 1 },
    medium: { memory: "2027MiB", vcpus: 2 },
    large: { memory: "4075MiB", vcpus: 4 },
  },
});

new PolicyPack("libvirt-policies", {
  enforcementLevel: "mandatory",
  policies: [
    noDowntime(),
    noUnknownOutcome({ enforcementLevel: "advisory" }),
    sizeCatalogue({ sizes }),
    reachable({ sizes, enforcementLevel: "advisory" }),
    headroom({ memory: "1GiB", slots: 4 }),
    adoptedStayAdopted(),
    maxPerHost({ memory: "64GiB", vcpus: 64 }),
  ],
});
