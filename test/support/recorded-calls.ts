import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";

/** The same host, which also writes each call down: by its name, and for XML and definitions by what they are. */
export function recordedCalls<Host extends Hypervisor>(host: Host): { host: Host; calls: string[] } {
  const calls: string[] = [];
  const recorded = new Proxy(host, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        calls.push(describeCall(String(name), args));
        return Reflect.apply(method, target, args);
      };
    },
  });
  return { host: recorded, calls };
}

function describeCall(call: string, [first, options]: unknown[]): string {
  if (call === "xml") return `xml, ${describeXml(options as Parameters<Hypervisor["xml"]>[1])}`;
  const name = typeof first === "string" ? first : String((first as { name?: string } | undefined)?.name);
  const [, helper] = /pulumi-libvirt-hotplug-(probe|kept)-/.exec(name) ?? [];
  return helper === undefined ? call : `${call}, ${helper}`;
}

function describeXml({ inactive, secure = false }: { inactive: boolean; secure?: boolean }): string {
  return `${inactive ? "inactive" : "live"}${secure ? " with secrets" : ""}`;
}
