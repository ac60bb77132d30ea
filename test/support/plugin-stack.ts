import type { FakeHypervisor } from "./fake-hypervisor.ts";
import { PLUGIN_URN, PluginInProcess } from "./plugin-in-process.ts";

type Properties = Record<string, unknown>;

interface Recorded {
  id: string;
  inputs: Properties;
  outputs: Properties;
}

const NONE = 1;

/** What the engine refuses to go on with. */
class PluginRefusal extends Error {
  readonly failures: { property: string; reason: string }[];
  constructor(failures: { property: string; reason: string }[]) {
    super(failures.map(({ property, reason }) => `${property} ${reason}`).join("\n"));
    this.failures = failures;
  }
}

/** A stack of one Domain on the plugin, run as the engine runs it: a process for each run. Values are in Pulumi's wire form. */
export class PluginStack {
  readonly hosts: Record<string, FakeHypervisor>;
  readonly urn = PLUGIN_URN;
  readonly config: Properties;
  state: Recorded | undefined;
  run: PluginInProcess;

  constructor(host: FakeHypervisor, config: Properties = {}) {
    this.hosts = { "qemu:///system": host };
    this.config = config;
    this.run = new PluginInProcess(this.hosts);
  }

  get recorded(): Recorded {
    if (this.state === undefined) throw new Error("the stack has no such resource");
    return this.state;
  }

  /** The outputs that a preview shows. */
  async preview(program: Properties): Promise<{ kind: string; outputs: Properties }> {
    await this.#begin();
    const { kind, inputs } = await this.#plan(program);
    if (kind === "create")
      return { kind, outputs: (await this.run.create(inputs, { preview: true })).properties };
    if (kind === "same") return { kind, outputs: this.recorded.outputs };
    const { id, outputs } = this.recorded;
    if (kind === "update")
      return { kind, outputs: await this.run.update(id, outputs, inputs, { preview: true }) };
    const again = await this.#check({}, program);
    return { kind, outputs: (await this.run.create(again, { preview: true })).properties };
  }

  async up(program: Properties): Promise<string> {
    await this.#begin();
    const { kind, inputs } = await this.#plan(program);
    if (kind === "create") await this.#create(inputs);
    if (kind === "same") this.state = { ...this.recorded, inputs };
    if (kind === "update") {
      const { id, outputs } = this.recorded;
      this.state = { id, inputs, outputs: await this.run.update(id, outputs, inputs) };
    }
    if (kind === "replace") {
      const again = await this.#check({}, program);
      await this.run.delete(this.recorded.id, this.recorded.outputs);
      await this.#create(again);
    }
    return kind;
  }

  async refresh(): Promise<void> {
    await this.#begin();
    const { id, inputs, outputs } = this.recorded;
    const read = await this.run.read(id, { properties: outputs, inputs });
    this.state = read.id === "" ? undefined : { id: read.id, inputs: read.inputs, outputs: read.properties };
  }

  async destroy(): Promise<void> {
    await this.#begin();
    await this.run.delete(this.recorded.id, this.recorded.outputs);
    this.state = undefined;
  }

  async #begin(): Promise<void> {
    this.run = new PluginInProcess(this.hosts);
    await this.run.configure(this.config);
  }

  async #check(olds: Properties, program: Properties): Promise<Properties> {
    const { inputs, failures } = await this.run.check(olds, program);
    if (failures.length > 0) throw new PluginRefusal(failures);
    return inputs;
  }

  async #plan(program: Properties): Promise<{ kind: string; inputs: Properties }> {
    const inputs = await this.#check(this.state?.inputs ?? {}, program);
    if (this.state === undefined) return { kind: "create", inputs };
    const { id, outputs, inputs: oldInputs } = this.state;
    const { changes, replaces } = await this.run.diff(id, outputs, inputs, { oldInputs });
    return { kind: changes === NONE ? "same" : replaces.length > 0 ? "replace" : "update", inputs };
  }

  async #create(inputs: Properties): Promise<void> {
    const { id, properties } = await this.run.create(inputs);
    this.state = { id, inputs, outputs: properties };
  }
}
