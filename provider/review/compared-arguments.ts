import { UNKNOWN } from "../args/unknown.ts";
import type { DomainStep } from "./domain-steps.ts";
import type { Properties } from "./properties.ts";
import { withoutSecrets } from "./secret-properties.ts";

/** The arguments and the outputs of a domain, without secrets. */
export interface ComparedArguments {
  /** The arguments of the program. */
  now: Properties;
  /** The recorded arguments and outputs. */
  olds: Properties;
  /** The same, in which a secret differs from `now` only where the engine found that it does. */
  before: Properties;
  /** The names of those that are secret. */
  secrets: ReadonlySet<string>;
  /** Sizes are secret. */
  isSecret: boolean;
  /** The domain's name on its host. */
  name: string | undefined;
}

export function comparedArguments(step: DomainStep): ComparedArguments {
  const olds = withoutSecrets({ ...step.old?.inputs, ...step.old?.outputs });
  const news = withoutSecrets(step.new?.inputs ?? {});
  const secrets = new Set([...olds.secrets, ...news.secrets]);
  const { inputs, before } = comparable(step, news.properties, olds.properties, secrets);
  return {
    ...{ now: inputs, olds: olds.properties, before, secrets },
    isSecret: [...SIZES].some((name) => secrets.has(name)),
    name: textOf(inputs.name) ?? textOf(olds.properties.name),
  };
}

/** The arguments that sizes follow from. */
const SIZES: ReadonlySet<string> = new Set([
  ...["memory", "maxMemory", "currentMemory", "numa", "vcpus", "maxVcpus"],
]);

/** Whose secrets no text may have. */
export function carriers(step: DomainStep): Properties[] {
  return [step.old?.inputs, step.old?.outputs, step.new?.inputs].filter((one) => one !== undefined);
}

/**
 * The arguments before and after. A secret is unknown on both sides, so the engine decides whether it differs.
 */
function comparable(
  { differs }: DomainStep,
  inputs: Properties,
  olds: Properties,
  secrets: ReadonlySet<string>,
): { inputs: Properties; before: Properties } {
  const [now, before] = [{ ...inputs }, { ...olds }];
  for (const name of secrets) {
    if (SIZES.has(name)) continue;
    if (differs.includes(name)) delete before[name];
    else if (name in now) before[name] = now[name];
    else delete before[name];
  }
  return { inputs: now, before };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== UNKNOWN ? value : undefined;
}
