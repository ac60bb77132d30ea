import type { Inputs } from "../args/inputs.ts";
import { secretArguments } from "../args/secrets.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";

/**
 * Warns of a new domain without any URI in a stack whose other domains have one that their program doesn't set: it comes from
 * `libvirt:uri`, which the engine passes to the class of the dynamic provider only, so the stack has moved to the plugin. The
 * engine's calls for the new and for the other domains come in any order.
 */
export class MissingUri {
  readonly #session: Session;
  readonly #isSet: boolean;
  /** New domains whose warning wasn't logged yet. */
  #new: string[] = [];
  #sibling: { name: string; uri: string; isSecret: boolean } | undefined;

  /** @param uri the URI that the configuration or the environment sets for new domains */
  constructor(session: Session, uri: string | undefined) {
    this.#session = session;
    this.#isSet = Boolean(uri);
  }

  async noteNew({ uri, __urn: urn }: Partial<Inputs>): Promise<void> {
    if (urn === undefined || uri !== undefined || this.#session.run.of(urn).uri !== undefined) return;
    this.#new.push(urn);
    await this.#warn();
  }

  async noteSibling(state: Outputs): Promise<void> {
    const { uri, name, __ownUri: isOwn } = state;
    if (isOwn === true || uri === undefined || uri === this.#session.resolveUri(undefined)) return;
    this.#sibling = { name, uri, isSecret: secretArguments(state).has("uri") };
    await this.#warn();
  }

  async #warn(): Promise<void> {
    if (this.#sibling === undefined || this.#isSet) return;
    const { name, uri, isSecret } = this.#sibling;
    const there = isSecret ? "another URI" : uri;
    const here = this.#session.resolveUri(undefined);
    const text = `no URI is set for this new domain, so it is created on ${here}, but domain ${name} of this stack is on ${there}; this plugin can't read the stack's libvirt:uri, so set libvirt-hotplug:uri or the argument uri`;
    const urns = this.#new;
    this.#new = [];
    for (const urn of urns) await this.#session.log.message(urn, "warning", text);
  }
}
