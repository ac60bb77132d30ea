import { unlessAborted } from "../deadline.ts";
import type { AgentCommand, Hypervisor } from "../libvirt/hypervisor.ts";

/**
 * The same hypervisor, but after the signal nothing waits for a guest agent's answer to a question: an agent that doesn't
 * respond takes 10 s. What changes something is waited for in any case.
 */
export function endsQuestions(hypervisor: Hypervisor, signal: AbortSignal): Hypervisor {
  return new Proxy(hypervisor, {
    get(target, name) {
      if (name === "agentCommand")
        return (...call: Parameters<Hypervisor["agentCommand"]>) =>
          isQuestion(call[1])
            ? unlessAborted(ask(target, call, signal), signal)
            : target.agentCommand(...call);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function ask(
  hypervisor: Hypervisor,
  call: Parameters<Hypervisor["agentCommand"]>,
  signal: AbortSignal,
) {
  signal.throwIfAborted();
  return hypervisor.agentCommand(...call);
}

function isQuestion({ execute }: AgentCommand): boolean {
  return execute !== "guest-set-memory-blocks";
}
