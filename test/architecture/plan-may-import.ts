/** What the planner knows before it decides anything: the domain, the program, and how a plan is put into words. */
export const PLAN_GROUND = [
  "provider/units",
  "provider/args",
  "provider/domain/state.ts",
  ...[
    "desired",
    "devices",
    "guest-block",
    "observed",
    "pause",
    "plan",
    "platform",
    "reason-codes",
    "text",
  ].map((file) => `provider/plan/${file}.ts`),
];

/** The same inside the planner: each room builds on the rooms above it, and the files of `plan/` itself join them. */
export const PLAN_MAY_IMPORT: Record<string, string[]> = {
  "provider/plan/numa": PLAN_GROUND,
  "provider/plan/dimms": [...PLAN_GROUND, "provider/plan/numa"],
  "provider/plan/virtio-mem": [...PLAN_GROUND, "provider/plan/numa"],
  "provider/plan/definition": [...PLAN_GROUND, "provider/plan/numa", "provider/plan/virtio-mem"],
  "provider/plan/device-list": [
    ...PLAN_GROUND,
    "provider/plan/definition",
    "provider/plan/fallback.ts",
    "provider/plan/disks",
    "provider/plan/interfaces",
  ],
  "provider/plan/disks": [...PLAN_GROUND, "provider/plan/device-list", "type:provider/plan/power.ts"],
  "provider/plan/interfaces": [...PLAN_GROUND, "provider/plan/device-list"],
  "provider/plan/vcpus": [
    ...PLAN_GROUND,
    "provider/plan/definition",
    "provider/plan/defined-plan.ts",
    "provider/plan/fallback.ts",
  ],
  "provider/plan/live-sizes": [
    "provider/plan/balloon.ts",
    ...PLAN_GROUND,
    "provider/plan/numa",
    "provider/plan/dimms",
    "provider/plan/virtio-mem",
    "provider/plan/definition",
  ],
};
