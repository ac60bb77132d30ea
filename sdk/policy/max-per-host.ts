import { z } from "zod";
import type { Failure } from "../../provider/args/failure.ts";
import { propertyPath } from "../../provider/args/property-path.ts";
import { shape } from "../../provider/args/schema.ts";
import { daemonKey } from "../../provider/libvirt/daemon-key.ts";
import { defaultUri } from "../../provider/libvirt/default-uri.ts";
import { formatNames, formatVcpus } from "../../provider/plan/text.ts";
import type { Kib } from "../../provider/units/kib.ts";
import { formatSize } from "../../provider/units/size.ts";
import { type PolicyDomain, shownUri } from "./domain.ts";
import type { Figure } from "./properties.ts";
import { type Rule, type RuleArgs, type RuleOptions, rule, type StackVerdict, type Verdict } from "./rule.ts";
import { count, sizeSchema, sizeSetting } from "./settings.ts";

/** The limits of the domains on one host, in total. */
export interface HostLimit {
  /**
   * The maximum memory: a size such as `"64GiB"`, or a number of MiB. A domain counts with the larger of `memory` and `liveMemory`.
   * Default: no limit.
   */
  memory?: string | number;
  /** The maximum number of vCPUs; at least 1. Default: no limit. */
  vcpus?: number;
}

/** The settings of `maxPerHost`: the limits of each host. At least one of `memory`, `vcpus` and `hosts` must be set. */
export interface MaxPerHostArgs extends RuleArgs, HostLimit {
  /**
   * Other limits for single hosts, by libvirt URI. A limit that a host doesn't set is the common one. URIs that lead to the same daemon
   * are the same host, so only one of them may be set. Default: none.
   */
  hosts?: Record<string, HostLimit>;
}

interface Limit {
  memory?: Kib;
  vcpus?: number;
}

const LIMIT = { memory: sizeSetting.optional(), vcpus: count(1).optional() };

const MEMORY = sizeSchema("The maximum memory of all domains on a host together.");
const VCPUS = {
  type: "integer",
  minimum: 1,
  description: "The maximum number of vCPUs of all domains on a host together.",
} as const;

/**
 * The domains of a stack don't exceed the limits of their hosts. The rule `max-per-host`: the host of a domain is its argument `uri`,
 * or else the `uri` of the provider; domains of other stacks and domains with an exception don't count.
 *
 * @throws Error with all failures of the settings at once
 */
export function maxPerHost(args: MaxPerHostArgs = {}, options?: RuleOptions): Rule {
  return rule<Limit & { hosts?: Record<string, Limit> }>(
    {
      name: "max-per-host",
      displayName: "Maximum per host",
      description: "The virtual machines of a stack must not exceed the limits of their hosts.",
      remedy: "Use smaller sizes, or move domains to another host.",
      settings: {
        memory: { schema: sizeSetting, describe: MEMORY },
        vcpus: { schema: count(1), describe: VCPUS },
        hosts: {
          schema: z.record(z.string(), shape("a limit", LIMIT), "must be an object of limits by libvirt URI"),
          describe: {
            type: "object",
            // Pulumi would show the URI of a limit that its schema refuses, with its password. The rule itself refuses it without.
            description: "Other limits for single hosts, by libvirt URI: each has memory, vcpus or both.",
          },
        },
      },
      contradictions: ({ memory, vcpus, hosts = {} }) =>
        memory === undefined && vcpus === undefined && Object.keys(hosts).length === 0
          ? [{ property: "", reason: "memory, vcpus or hosts must be set" }]
          : alike(Object.keys(hosts)),
      judgeStack: (domains, { hosts = {}, ...common }) => {
        const limits = new Map(Object.entries(hosts).map(([uri, limit]) => [hostKey(uri), limit]));
        const isLimited = [common, ...limits.values()].some(hasLimit);
        return [...byHost(domains)].flatMap(([key, { uri, domains: group }]): StackVerdict[] => {
          const limit = { ...common, ...(key !== undefined && limits.get(key)) };
          // A host that isn't known may be one with a limit of its own.
          if (key === undefined ? !isLimited : !hasLimit(limit)) return [];
          const names = group.map(({ name }) => name);
          return judgedHost(uri, group, limit).map((verdict) => ({ ...verdict, names }));
        });
      },
    },
    { ...args },
    options,
  );
}

function hasLimit({ memory, vcpus }: Limit): boolean {
  return memory !== undefined || vcpus !== undefined;
}

/** Without a URI a domain is on libvirt's default host, as the provider resolves it. */
function hostKey(uri: string): string {
  return daemonKey(uri || defaultUri(process.env));
}

/** URIs that lead to one host, so that it has more than one limit. */
function alike(uris: readonly string[]): Failure[] {
  return uris.flatMap((uri, index) => {
    const first = uris.findIndex((other) => hostKey(other) === hostKey(uri));
    if (first === index) return [];
    const same = propertyPath(["hosts", shownUri(uris[first] ?? "")]);
    const reason = `is the same host as ${same}; keep one of them`;
    return [{ property: propertyPath(["hosts", shownUri(uri)]), reason }];
  });
}

/** The domains of one host. */
interface HostDomains {
  /** As the first of them has it; undefined where it isn't known or is secret. */
  uri: string | undefined;
  domains: PolicyDomain[];
}

/** By the host that the URI leads to, however it is written. */
function byHost(domains: readonly PolicyDomain[]): Map<string | undefined, HostDomains> {
  const hosts = new Map<string | undefined, HostDomains>();
  for (const domain of domains) {
    if (domain.isAbsent) continue;
    const { uri: figure } = domain;
    const uri = figure.kind === "known" ? figure.value : figure.kind === "absent" ? "" : undefined;
    const key = uri === undefined ? undefined : hostKey(uri);
    const known = hosts.get(key);
    if (known === undefined) hosts.set(key, { uri, domains: [domain] });
    else known.domains.push(domain);
  }
  return hosts;
}

function judgedHost(uri: string | undefined, domains: PolicyDomain[], limit: Limit): Verdict[] {
  const names = namesOf(domains);
  if (uri === undefined)
    return [{ kind: "unknown", text: `not judged: the host of ${names} isn't known or is secret` }];
  const host = uri === "" ? "libvirt's default host" : shownUri(uri);
  return [
    ...judgedSum(host, domains, "memory", limit.memory, memoryOf, formatSize),
    ...judgedSum(host, domains, "number of vCPUs", limit.vcpus, (domain) => domain.vcpus, formatVcpus),
  ];
}

function judgedSum(
  host: string,
  domains: readonly PolicyDomain[],
  what: string,
  limit: number | undefined,
  figureOf: (domain: PolicyDomain) => Figure<number>,
  format: (figure: number) => string,
): Verdict[] {
  if (limit === undefined) return [];
  const figures = domains.map((domain) => ({ domain, figure: figureOf(domain) }));
  const known = figures.flatMap(({ domain, figure }) =>
    figure.kind === "known" ? [{ domain, value: figure.value }] : [],
  );
  const open = figures.filter(({ figure }) => figure.kind !== "known").map(({ domain }) => domain);
  const sum = known.reduce((total, { value }) => total + value, 0);
  if (sum > limit) {
    const largest = known.toSorted((a, b) => b.value - a.value).slice(0, SHOWN);
    const shown = largest.map(({ domain, value }) => `${domain.name} ${format(value)}`).join(", ");
    const more = known.length > SHOWN ? `, and ${known.length - SHOWN} more` : "";
    const over = `${format(sum - limit)} more than the limit of ${format(limit)}`;
    const found =
      known.length === 1
        ? `the ${what} of ${namesOf(known.map(({ domain }) => domain))} is ${format(sum)}, ${over}`
        : `the ${what} of ${known.length} domains is ${format(sum)} in total, ${over} (${shown}${more})`;
    return [
      {
        kind: "violated",
        text: `${host}: ${found}. Use smaller sizes, or move domains to another host.`,
      },
    ];
  }
  if (open.length === 0) return [];
  return [
    {
      kind: "unknown",
      text: `${host}: not judged: the ${what} of ${namesOf(open)} isn't known yet or is secret`,
    },
  ];
}

const SHOWN = 5;

function namesOf(domains: readonly PolicyDomain[]): string {
  return formatNames(
    domains.map(({ name }) => name),
    SHOWN,
  );
}

/** The most that the host may have to provide: a running domain keeps its memory until its next boot. */
function memoryOf(domain: PolicyDomain): Figure<Kib> {
  const memory = domain.size("memory");
  const live = domain.size("liveMemory");
  if (memory.kind !== "known" || live.kind !== "known") return memory;
  return { kind: "known", value: Math.max(memory.value, live.value) };
}
