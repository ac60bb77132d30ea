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

const sizes = {
  small: { memory: "1003MiB", vcpus: 2, maxMemory: "8GiB" },
  medium: { memory: "2027MiB", vcpus: 2, maxMemory: "8GiB" },
  large: { memory: "4075MiB", vcpus: 4, maxMemory: "8GiB" },
};

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
