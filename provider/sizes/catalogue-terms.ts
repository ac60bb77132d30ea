/** What a domain's check and plan call otherwise, and where a catalogue has it. */
const TERMS: [RegExp, string][] = [
  [/\bhotplug\.(?:maxDimmSize|alignment)\b/g, "step"],
  [/\bmaxMemory\b/g, "ceiling"],
  [/\bhotplug\.(allowUnplug|whenNotPossible)\b/g, "$1"],
  [
    / \((libvirt-hotplug:\w+)\)$/,
    ", the default of $1; a catalogue is checked with the defaults of the stack configuration, so lower it",
  ],
];

/** The property of a catalogue for a domain's argument: messages name no argument that a catalogue doesn't have. */
const PROPERTIES: Record<string, string> = {
  maxMemory: "ceiling",
  "hotplug.alignment": "step",
  "hotplug.maxDimmSize": "step",
};

/** The path of a domain's argument in a catalogue, for a domain of the size with this path. */
export function catalogueProperty(argument: string, size: string): string {
  return /^(memory|vcpus)$/.test(argument) ? `${size}.${argument}` : (PROPERTIES[argument] ?? argument);
}

/** A reason of the check or of the planner in the terms of a catalogue. */
export function inCatalogueTerms(reason: string): string {
  return TERMS.reduce((text, [domain, catalogue]) => text.replace(domain, catalogue), reason);
}
