import { ConnectionError, ErrorCode } from "../../provider/libvirt/errors.ts";
import type { DomainRef } from "../../provider/libvirt/hypervisor.ts";
import { FakeHypervisor } from "./fake-hypervisor.ts";
import { libvirtError } from "./libvirt-error.ts";

type Refused = "define" | "start" | "attachDevice" | "shutdown" | "setAutostart" | "agentCommand" | "xml";

/** A libvirt whose errors quote all that it knows of a domain, as libvirt's own and those of QEMU and libxml2 may. */
export class QuotingHypervisor extends FakeHypervisor {
  /** The call that fails; `connect` stands for the connection itself. */
  fails: Refused | "connect" | "drop" | undefined;
  #known = "";

  quote(): string {
    return `cannot do this: ${this.#known} ${JSON.stringify([...this.domains.values()])}`;
  }

  override define(xml: string): Promise<DomainRef> {
    this.#known = xml;
    return this.failing("define") ?? super.define(xml);
  }

  override start(domain: DomainRef): Promise<DomainRef> {
    return this.failing("start") ?? super.start(domain);
  }

  override attachDevice(domain: DomainRef, xml: string, where: { live?: boolean }): Promise<void> {
    this.#known += xml;
    return this.failing("attachDevice") ?? super.attachDevice(domain, xml, where);
  }

  override shutdown(domain: DomainRef): Promise<void> {
    return this.failing("shutdown") ?? super.shutdown(domain);
  }

  override setAutostart(domain: DomainRef, on: boolean): Promise<void> {
    return this.failing("setAutostart") ?? super.setAutostart(domain, on);
  }

  override xml(domain: DomainRef, options: { inactive: boolean; secure?: boolean }): Promise<string> {
    return this.failing("xml") ?? super.xml(domain, options);
  }

  private failing(call: Refused): Promise<never> | undefined {
    if (this.fails === "drop") return Promise.reject(new ConnectionError(this.quote()));
    if (this.fails !== call) return undefined;
    return Promise.reject(libvirtError(ErrorCode.XML_ERROR, this.quote()));
  }
}
