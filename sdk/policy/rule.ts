import type {
  EnforcementLevel,
  Policy,
  ReportViolation,
  ResourceValidationArgs,
  StackValidationArgs,
} from "@pulumi/policy";
import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";
import type { Failure } from "../../provider/args/failure.ts";
import { isDomain, PolicyDomain } from "./domain.ts";
import { type Exception, holds } from "./exceptions.ts";
import { keepSecretMarks } from "./sdk-marks.ts";
import { COMMON, type CommonSettings, readSettings, type SettingsTable } from "./settings.ts";

keepSecretMarks();

/** A rule's answer about one domain, or about the stack. */
export type Verdict =
  | { kind: "allowed" }
  /** `text`: what was found, and what would work. It follows the domain's name. */
  | { kind: "violated"; text: string }
  /** `text`: "not judged", and why. It follows the domain's name. */
  | { kind: "unknown"; text: string };

export const ALLOWED: Verdict = { kind: "allowed" };

/** An answer about several domains, or about one that the stack doesn't have: it has their names itself. */
export type StackVerdict = Verdict & {
  /** The resources that it is about. */
  names: readonly string[];
};

/**
 * What a rule sees of a domain. `inputs`: as check returned them, before an update that isn't a preview changes the domain.
 * `outputs`: as a preview predicts them, or those after the update.
 */
export type Stage = "inputs" | "outputs";

export interface RuleDefinition<Settings> {
  name: string;
  displayName: string;
  description: string;
  remedy: string;
  settings: SettingsTable;
  /** Failures that more than one setting is part of. */
  contradictions?(settings: Settings): Failure[];
  /** The answer about each domain. */
  judge?(domain: PolicyDomain, settings: Settings, stage: Stage): Verdict;
  /** Whether the outputs after an update are judged, too: only there the domain itself has been read. */
  judgesResult?: boolean;
  /**
   * Answers about all domains together, without those that are excepted.
   *
   * @param isExcepted whether a resource is, which the stack may not have
   */
  judgeStack?(
    domains: readonly PolicyDomain[],
    settings: Settings,
    isExcepted: (name: string) => boolean,
  ): StackVerdict[];
}

/** What every rule takes besides its own settings. */
export interface RuleArgs {
  /**
   * What Pulumi does about a violation: `"advisory"`, `"mandatory"` or `"disabled"`. A rule doesn't change a domain, so Pulumi handles
   * `"remediate"` as `"mandatory"`. Default: that of the policy pack.
   */
  enforcementLevel?: EnforcementLevel;
  /** What happens to a domain that can't be judged: `"allow"`: it is allowed; `"deny"`: it violates the rule. Default: `"deny"`. */
  onUnknown?: "allow" | "deny";
  /** Domains to which the rule doesn't apply. Default: none. */
  exceptions?: Exception[];
}

/** What a test of a policy pack can set. */
export interface RuleOptions {
  /** The present time, for the last days of exceptions. Default: the system's clock. */
  now?: () => Date;
}

/**
 * A rule for a policy pack, an element of its `policies`. Pulumi calls it for each resource, and then for the stack.
 * `{ ...noDowntime(), name: "no-downtime-db" }` gives it another name.
 */
export interface Rule extends Policy {
  /** The settings that the policy pack's configuration may have for this rule. They take precedence over the arguments. */
  configSchema: {
    /** A JSON schema for each setting. What the arguments set is its default. */
    properties: Record<string, PolicyConfigJSONSchema>;
    /** The settings that the rule needs and the arguments don't set. */
    required?: string[];
  };
  /**
   * Judges a domain right before `pulumi up` changes it. Resources of other types are not applicable, and a preview is judged by
   * `validateStack`.
   *
   * @throws Error with all failures of the configuration at once
   */
  validateResource(args: ResourceValidationArgs, reportViolation: ReportViolation): void;
  /**
   * Judges all domains of the stack at the end of a run: in a preview by the outputs that it predicts, after an update by the
   * outputs that were read back.
   *
   * @throws Error with all failures of the configuration at once
   */
  validateStack(args: StackValidationArgs, reportViolation: ReportViolation): void;
}

/**
 * Makes a policy of a rule.
 *
 * @throws Error with all failures of the settings at once
 */
export function rule<Settings>(
  definition: RuleDefinition<Settings & CommonSettings>,
  { enforcementLevel, ...given }: RuleArgs & Record<string, unknown>,
  { now = () => new Date() }: RuleOptions = {},
): Rule {
  const { name, displayName, description, remedy, judge, judgeStack } = definition;
  const ofLevel = levelFailures(enforcementLevel);
  const table = { ...definition.settings, ...COMMON };
  const settingsWith = (configured: object): Settings & CommonSettings => {
    const { values, failures } = readSettings(table, { ...given, ...configured });
    const settings = { onUnknown: "deny", exceptions: [], ...values } as Settings & CommonSettings;
    const all = [...ofLevel, ...failures];
    const found = all.length > 0 ? all : (definition.contradictions?.(settings) ?? []);
    if (found.length > 0) throw refusalOf(name, found);
    return settings;
  };
  // A required setting may come from the configuration of the pack instead.
  const missing = missingIn(table, given);
  if (missing.length === 0) settingsWith({});
  else refuseFailures(name, ofLevel, table, given, missing);

  const judgeDomain = (
    domain: PolicyDomain,
    settings: Settings & CommonSettings,
    stage: Stage,
  ): Verdict[] => {
    if (judge === undefined || domain.isAbsent || isExcepted(domain.name, settings, now())) return [];
    return [judge(domain, settings, stage)];
  };
  const reportDomain = (
    domain: PolicyDomain,
    settings: Settings & CommonSettings,
    stage: Stage,
    reportViolation: ReportViolation,
  ) => {
    for (const verdict of judgeDomain(domain, settings, stage)) {
      if (!isReported(verdict, settings)) continue;
      const ended = endedExceptions([domain.name], settings).map(
        ({ end }) => `The exception of this domain ${end}`,
      );
      reportViolation([`${domain.title}: ${verdict.text}`, ...ended].join("\n"), domain.urn);
    }
  };
  const endedExceptions = (names: readonly string[], { exceptions }: CommonSettings) =>
    exceptions
      .filter((exception) => names.includes(exception.name) && !holds(exception, now()))
      .map(({ name: of, until, reason }) => ({ of, end: `ended on ${until} (${reason}).` }));

  return {
    name,
    displayName,
    description,
    remediationSteps: remedy,
    ...(enforcementLevel !== undefined && { enforcementLevel }),
    configSchema: configSchemaOf(table, given),
    validateResource(args, reportViolation) {
      if (!isDomain(args)) return args.notApplicable("The rule only applies to libvirt domains");
      const settings = settingsWith(args.getConfig());
      // A preview judges the outputs that it predicts, and those of the state for a domain that is not a target. The inputs of such a
      // domain still have the outcome of the last run.
      if (isPreview()) return;
      reportDomain(new PolicyDomain(args), settings, "inputs", reportViolation);
    },
    validateStack(args, reportViolation) {
      const settings = settingsWith(args.getConfig());
      const domains = args.resources.filter(isDomain).map((resource) => new PolicyDomain(resource));
      if (isPreview() || definition.judgesResult === true)
        for (const domain of domains) reportDomain(domain, settings, "outputs", reportViolation);
      const isNamed = (of: string) => isExcepted(of, settings, now());
      const judged = domains.filter((domain) => !isNamed(domain.name));
      for (const verdict of judgeStack?.(judged, settings, isNamed) ?? []) {
        if (!isReported(verdict, settings)) continue;
        const ended = endedExceptions(verdict.names, settings).map(
          ({ of, end }) => `The exception of ${of} ${end}`,
        );
        reportViolation([verdict.text, ...ended].join("\n"));
      }
    },
  };
}

function isReported(
  verdict: Verdict,
  { onUnknown }: CommonSettings,
): verdict is Exclude<Verdict, { kind: "allowed" }> {
  return verdict.kind === "violated" || (verdict.kind === "unknown" && onUnknown === "deny");
}

/** Pulumi would only fail to load the pack, without the rule's name. */
function levelFailures(level: unknown): Failure[] {
  const known: unknown[] = ["advisory", "mandatory", "remediate", "disabled"] satisfies EnforcementLevel[];
  if (level === undefined || known.includes(level)) return [];
  const reason = 'must be "advisory", "mandatory", "remediate" or "disabled"';
  return [{ property: "enforcementLevel", reason }];
}

function isExcepted(name: string, { exceptions }: CommonSettings, now: Date): boolean {
  return exceptions.some((exception) => exception.name === name && holds(exception, now));
}

/** An environment variable that Pulumi sets for a policy pack. */
function isPreview(): boolean {
  return process.env.PULUMI_NODEJS_DRY_RUN === "true";
}

/** The settings that the rule needs and the arguments don't set. */
function missingIn(table: SettingsTable, given: Record<string, unknown>): string[] {
  return Object.keys(table).filter((key) => table[key]?.required !== undefined && given[key] === undefined);
}

function refuseFailures(
  name: string,
  ofLevel: readonly Failure[],
  table: SettingsTable,
  given: Record<string, unknown>,
  missing: string[],
) {
  const { failures } = readSettings(table, given);
  const others = [...ofLevel, ...failures.filter(({ property }) => !missing.includes(property))];
  if (others.length > 0) throw refusalOf(name, others);
}

function refusalOf(name: string, failures: readonly Failure[]): Error {
  const lines = failures.map(({ property, reason }) => `  ${property}${property === "" ? "" : " "}${reason}`);
  const error = new Error(`the settings of the rule ${name} are refused:\n${lines.join("\n")}`);
  // @pulumi/policy shows the stack in place of the message.
  error.stack = error.message;
  return error;
}

/** What the pack set is the default, so that Pulumi shows it, and the configuration of a run has precedence. */
function configSchemaOf(table: SettingsTable, given: Record<string, unknown>): Rule["configSchema"] {
  const properties = Object.entries(table).map(([key, { describe }]): [string, PolicyConfigJSONSchema] => {
    const value = given[key];
    return [key, value === undefined ? describe : { ...describe, default: value as object }];
  });
  const required = missingIn(table, given);
  return { properties: Object.fromEntries(properties), ...(required.length > 0 && { required }) };
}
