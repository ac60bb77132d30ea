import { afterEach, describe, expect, test, vi } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { DYNAMIC_TYPE, PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { maxPerHost } from "../../sdk/policy/index.ts";
import { analyzeStack, inRun } from "../support/policy-pack.ts";

const TYPES = [PLUGIN_TYPE, DYNAMIC_TYPE];

/** What the rule says of domains of 4 GiB with these URIs, of one type after the other. */
async function said(rule: ReturnType<typeof maxPerHost>, ...uris: string[]): Promise<string[]> {
  const domains = uris.map((uri, index) => ({
    type: TYPES[index % TYPES.length] ?? "",
    name: `web-${index}`,
    urn: `urn:pulumi:dev::shop::${TYPES[index % TYPES.length]}::web-${index}`,
    properties: { memory: "4096MiB", vcpus: 1, uri },
  }));
  const all = await inRun(true, () => analyzeStack([rule], domains));
  return all.map(({ message }) => message);
}

describe("a host is one host, however its URI is written", () => {
  const [a, b] = ["qemu+ssh://root@host-1/system", "qemu+SSH://root@HOST-1:22/system?keyfile=/k"];

  test("in the sum", async () => {
    const messages = await said(maxPerHost({ memory: "6GiB" }), a, b, "qemu:///system");
    expect(messages).toHaveLength(1);
    expect(messages.join()).toMatch(/of 2 domains .*8 GiB/);
    expect(messages.join()).toContain(a);
  });

  test("in the limits of single hosts", async () => {
    const limited = maxPerHost({ memory: "64GiB", hosts: { [b]: { memory: "6GiB" } } });
    expect(await said(limited, a, a)).toEqual([expect.stringContaining("limit of 6 GiB")]);
  });

  test("so that two limits of one host are refused", () => {
    const limits = () => maxPerHost({ hosts: { [a]: { vcpus: 1 }, [b]: { vcpus: 2 } } });
    expect(limits).toThrow(`is the same host as hosts["${a}"]; keep one of them`);
  });
});

describe("libvirt's default host", () => {
  const withoutUri = ["web-1", "web-2"].map((name) => ({
    ...{ type: PLUGIN_TYPE, name, urn: `urn:pulumi:dev::shop::${PLUGIN_TYPE}::${name}` },
    properties: { memory: "4096MiB", ...(name === "web-2" && { uri: "qemu:///system" }) },
  }));

  test.each([undefined, "", "qemu:///system"])(
    "is that of LIBVIRT_DEFAULT_URI %j or else qemu:///system, also where its URI is set",
    async (uri) => {
      vi.stubEnv("LIBVIRT_DEFAULT_URI", uri);
      const all = await inRun(true, () => analyzeStack([maxPerHost({ memory: "6GiB" })], withoutUri));
      expect(all.map(({ message }) => message)).toEqual([expect.stringMatching(/of 2 domains .*8 GiB/)]);
    },
  );

  test("may be another one", async () => {
    vi.stubEnv("LIBVIRT_DEFAULT_URI", "qemu+ssh://host-2/system");
    const limited = maxPerHost({ hosts: { "qemu+ssh://HOST-2:22/system": { memory: "3GiB" } } });
    const all = await inRun(true, () => analyzeStack([limited], withoutUri));
    expect(all.map(({ message }) => message)).toEqual([
      expect.stringContaining("the memory of web-1 is 4 GiB"),
    ]);
  });

  afterEach(() => vi.unstubAllEnvs());
});

describe("a host that isn't known may be one with a limit", () => {
  test.each([{ memory: "64GiB" }, { hosts: { "qemu:///system": { vcpus: 4 } } }])("%j", async (args) => {
    const messages = await said(maxPerHost(args), UNKNOWN, "qemu:///system");
    expect(messages).toEqual([expect.stringContaining("the host of web-0 isn't known or is secret")]);
  });
});

test("an exception that ended is mentioned", async () => {
  const exceptions = [{ name: "web-1", reason: "moves", until: "2026-01-31" }];
  const messages = await said(maxPerHost({ memory: "6GiB", exceptions }), "qemu:///system", "qemu:///system");
  expect(messages).toEqual([
    expect.stringMatching(/\nThe exception of web-1 ended on 2026-01-31 \(moves\)\.$/),
  ]);
});

describe("a domain without vcpus has one, unless something else decides", () => {
  const judge = (properties: object) =>
    inRun(true, () =>
      analyzeStack(
        [maxPerHost({ vcpus: 1 })],
        ["web-1", "web-2"].map((name) => ({
          ...{ type: PLUGIN_TYPE, name, urn: `urn:pulumi:dev::shop::${PLUGIN_TYPE}::${name}` },
          properties: { memory: "4096MiB", ...properties },
        })),
      ),
    ).then((found) => found.map(({ message }) => message).join());

  test("in the sum of its host", async () => {
    expect(await judge({})).toContain("the number of vCPUs of 2 domains is 2 vCPUs in total");
  });

  test.each([{ xml: "<domain/>" }, { adopt: true }])("where %j doesn't", async (properties) => {
    expect(await judge(properties)).toContain("not judged");
  });
});

test("one domain is named", async () => {
  expect((await said(maxPerHost({ memory: "3GiB" }), "qemu:///system")).join()).toContain(
    "the memory of web-0 is 4 GiB, 1 GiB more than the limit of 3 GiB. Use",
  );
});

describe("a password in a URI isn't shown", () => {
  const uri = "qemu+ssh://root:hunter2@host-1/system";

  test("in a violation", async () => {
    const messages = await said(maxPerHost({ memory: "6GiB" }), uri, uri);
    expect(messages.join()).toContain("qemu+ssh://root:…@host-1/system");
    expect(messages.join()).not.toContain("hunter2");
  });

  test.each([
    ["a limit", { [uri]: { memory: "much" } }],
    ["an unknown field", { [uri]: { memmory: "1GiB" } }],
    ["another type", { [uri]: 3 }],
    ["two limits", { [uri]: { vcpus: 1 }, [`${uri}?`]: 2 }],
  ])("in settings that are refused: %s", (_, hosts) => {
    const refused = () => maxPerHost({ hosts } as never);
    expect(refused).toThrow("the settings of the rule max-per-host are refused");
    expect(refused).not.toThrow("hunter2");
  });
});
