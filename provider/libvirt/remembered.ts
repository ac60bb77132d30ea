import type { Hypervisor } from "./hypervisor.ts";

/**
 * The same host, asked for its capabilities once: they describe its emulators, and are the same for all domains of a run. An
 * answer that fails isn't kept.
 */
export function withRememberedCapabilities(hypervisor: Hypervisor): Hypervisor {
  const remembered: Partial<Hypervisor> = {
    capabilities: once(
      () => hypervisor.capabilities(),
      () => "",
    ),
    domainCapabilities: once((kind) => hypervisor.domainCapabilities(kind), JSON.stringify),
  };
  return new Proxy(hypervisor, {
    get: (target, name) => {
      const method: unknown = Reflect.get(remembered, name) ?? Reflect.get(target, name);
      return typeof method === "function" && !(name in remembered) ? method.bind(target) : method;
    },
  });
}

function once<Args extends unknown[], T>(
  ask: (...args: Args) => Promise<T>,
  keyOf: (...args: Args) => string,
): (...args: Args) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (...args) => {
    const key = keyOf(...args);
    const answer = answers.get(key) ?? ask(...args);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
