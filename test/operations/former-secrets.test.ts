import { test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { SIGNATURE } from "../../provider/args/secret-mark.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { affectsSizes } from "../../sdk/secret-arguments.ts";
import { markSecretsLike, type Props, secret, type Value } from "../engine/stack/values.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import {
  argumentsOf,
  bootBeside,
  type Chapter,
  refuse,
  type SecretProgram,
  secretPathsOf,
  stories,
  Watch,
} from "../support/secret-stories.ts";

/** A resource of the class, as the engine works on it: it marks what has the name of a secret property that it sent. */
class Watched {
  readonly host = new FakeHypervisor();
  readonly stack = new OneResource(this.host);
  readonly watch = new Watch();

  async live({ program, operation, fails, isUnreachable }: Chapter): Promise<void> {
    if (operation === "boot" || operation === "off") return bootBeside(this.host, operation);
    this.watch.begin(program);
    refuse(this.host, fails, this.stack.state?.id);
    this.stack.hosts = { "qemu:///system": isUnreachable ? new ConnectionError("no route") : this.host };
    const thrown = await this.#run(program, operation).catch((error: unknown) => error);
    if (thrown instanceof Error) this.watch.show(`the error of ${operation}`, `${thrown.stack}`);
    this.watch.showEnd(operation, this.stack.run.messages, this.stack.state);
  }

  async #run(program: SecretProgram, operation: "preview" | "up" | "refresh"): Promise<void> {
    const before = this.stack.state;
    if (operation === "refresh") {
      if (before === undefined) return;
      await this.stack.refresh();
      this.#mark(before.inputs as Props, before.outputs as Props);
      return;
    }
    const paths = secretPathsOf(program);
    const args = {
      ...argumentsOf(program, (value) => value),
      ...(paths.length > 0 && { __secrets: paths }),
      ...(paths.some(affectsSizes) && { __secret: true }),
    };
    const wrapped = argumentsOf(program, (value) => secret(value as Value)) as Props;
    const { inputs: previewed } = await this.stack.preview(args);
    const inputs = markSecretsLike(previewed as Props, wrapped);
    this.watch.show("the inputs of a preview", inputs);
    for (const { text } of this.stack.run.messages) this.watch.show("a message of a preview", text);
    if (operation === "preview") return;
    try {
      const kind = await this.stack.up(args);
      // The engine records the inputs of an unchanged resource.
      if (kind === "same") this.stack.state = { ...this.stack.recorded, inputs };
    } finally {
      if (this.stack.state !== before) this.#mark(wrapped, inputs);
    }
  }

  #mark(inputs: Props, outputs: Props): void {
    const { state } = this.stack;
    if (state === undefined) return;
    this.stack.state = {
      ...state,
      inputs: markSecretsLike(state.inputs as Props, inputs),
      outputs: markSecretsLike(state.outputs as Props, outputs),
    };
  }
}

describe("a value that is or was secret, and that no program has in plain", () => {
  test.prop([stories], cases(60))(
    "is in no message and not in plain in the state, whatever happens",
    async (chapters) => {
      const watched = new Watched();
      for (const chapter of chapters) await watched.live(chapter);
      expect(watched.watch.leaks).toEqual([]);
    },
  );

  const sizes = { maxMemory: "8087MiB", maxVcpus: 4, hotplug: { allowUnplug: true, awaitGuest: false } };
  const secretly = { ...sizes, memory: "2711MiB", __secret: true, __secrets: ["memory"] };
  const openly = { ...sizes, memory: "3223MiB" };

  function secretNames(properties: object): string[] {
    return Object.entries(properties)
      .filter(([, value]) => SIGNATURE in Object(value))
      .map(([name]) => name)
      .toSorted();
  }

  it("is in the outputs as a secret until the domain is started with the plain size", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    await stack.up(secretly);
    expect(await stack.up(openly)).toBe("update");
    const ofSizes = ["__formerSecrets", "__observed", "liveMemory", "memoryDevices", "nextBootMemory"];
    const names = [...ofSizes, "reachable", "reachableVcpus"];
    expect(secretNames(stack.recorded.outputs)).toEqual(names);
    expect(secretNames(stack.recorded.inputs)).toEqual(["__formerSecrets"]);
    expect(stack.recorded.inputs).not.toHaveProperty("headroom");
    await stack.refresh();
    await stack.up({ ...openly, shutdownTimeout: 7 });
    expect(secretNames(stack.recorded.outputs)).toEqual(names);
    await stack.preview({ ...openly, memory: "3479MiB" });
    expect(stack.run.rows[0]).toMatch(/^live: … → … MiB/);

    bootBeside(host, "boot");
    await stack.refresh();
    expect([secretNames(stack.recorded.outputs), secretNames(stack.recorded.inputs)]).toEqual([[], []]);
    expect(stack.recorded.outputs).not.toHaveProperty("__secrets");
    const { inputs } = await stack.preview({ ...openly, memory: "3479MiB" });
    expect(stack.run.rows[0]).toMatch(/^live: 3223 → 3479 MiB/);
    expect(inputs).toMatchObject({ memoryPlan: stack.run.rows[0], headroom: { slots: 15 } });
  });

  it("is no secret any more once a program has it in plain, also with what follows from it later", async () => {
    const stack = new OneResource(new FakeHypervisor());
    await stack.up(secretly);
    await stack.up({ ...sizes, memory: "2711MiB", shutdownTimeout: 7 });
    await stack.up(openly);
    expect(stack.run.rows[0]).toMatch(/^live: 2711 → 3223 MiB/);
    expect(["inputs", "outputs"].map((of) => secretNames(stack.recorded[of as "inputs"]))).toEqual([[], []]);
  });

  it("is gone with a restart in the same run, and the preview after it has figures without a refresh", async () => {
    const stack = new OneResource(new FakeHypervisor());
    const hotplug = { ...sizes.hotplug, whenNotPossible: "restart" };
    await stack.up({ ...secretly, hotplug });
    await stack.up({ ...openly, hotplug, memory: "3001MiB" });
    expect(secretNames(stack.recorded.outputs)).toEqual([]);
    const { inputs } = await stack.preview({ ...openly, hotplug, memory: "3257MiB" });
    expect(inputs.memoryPlan).toMatch(/^live: 3001 → 3257 MiB/);
    expect(secretNames(inputs)).toEqual([]);
  });

  it("is in the outputs as a secret while the plain size waits for the next boot", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    const hotplug = { ...sizes.hotplug, whenNotPossible: "nextBoot" };
    await stack.up({ ...secretly, hotplug });
    await stack.up({ ...openly, hotplug, memory: "3001MiB" });
    expect(secretNames(stack.recorded.outputs)).toContain("liveMemory");
    bootBeside(host, "boot");
    await stack.refresh();
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "3001MiB", nextBootMemory: "3001MiB" });
  });

  it("is secret in the inputs of a refresh that finds it", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    await stack.up(secretly);
    await stack.up(openly);
    const { live = "" } = host.only;
    host.change(host.only.uuid, {
      live: live.replace(/<memory model='dimm'.*?<\/memory>/s, "").replaceAll("3300352", "2776064"),
    });
    await stack.refresh();
    expect(secretNames(stack.recorded.inputs)).toContain("memory");
    expect(JSON.stringify(stack.recorded.inputs.memory)).toContain("2711MiB");
  });
});
