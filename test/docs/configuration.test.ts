import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { readConfiguration } from "../../provider/configuration.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");

/** The default of each key under `libvirt-hotplug:`, as the page's tables have it; undefined where that is a sentence. */
const documented = new Map(
  [...page.matchAll(/^\| `libvirt-hotplug:([\w.]+)` \| .* \| (.*) \|$/gm)].map(([, key = "", text = ""]) => [
    key,
    /^`([^`]*)`$/.exec(text)?.[1],
  ]),
);

/** The keys that set no default of an argument. */
const OTHERS = ["allowPlainTcp", "domainType", "hooks.env", "lookTimeout", "uri"];

test("docs/configuration.md has every key of the stack's configuration", () => {
  expect([...documented.keys()].toSorted()).toEqual([...OTHERS, ...Object.keys(DEFAULTS)].toSorted());
  expect(page).toContain("| `libvirt:uri` |");
});

test("a stack that sets every key to its documented default gets what a stack without configuration gets", () => {
  const given = [...documented].filter(([key]) => key in DEFAULTS);
  expect(given.filter(([, value]) => value === undefined)).toEqual([]);
  const configured = new Map(given.map(([key, value]) => [`libvirt-hotplug:${key}`, value]));
  expect(readConfiguration((key) => configured.get(key)).defaults).toEqual(DEFAULTS);
});
