import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { secret } from "../../provider/plugin/values.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import { cases } from "../support/properties.ts";
import { argumentsOf, bootBeside, type Chapter, refuse, stories, Watch } from "../support/secret-stories.ts";

const URI = "qemu:///system";

/** A resource of the plugin, which marks every secret itself. */
class Watched {
  readonly host = new FakeHypervisor();
  readonly stack = new PluginStack(this.host, { uri: URI });
  readonly watch = new Watch();

  async live({ program, operation, fails, isUnreachable }: Chapter): Promise<void> {
    if (operation === "boot" || operation === "off") return bootBeside(this.host, operation);
    const { stack, watch, host } = this;
    if (operation === "refresh" && stack.state === undefined) return;
    watch.begin(program);
    refuse(host, fails, stack.state?.id);
    if (isUnreachable) delete stack.hosts[URI];
    else stack.hosts[URI] = host;
    try {
      if (operation === "refresh") await stack.refresh();
      else {
        const args = argumentsOf(program, secret);
        watch.show("the outputs of a preview", (await stack.preview(args)).outputs);
        if (operation === "up") await stack.up(args);
      }
    } catch (error) {
      watch.show(`the error of ${operation}`, (error as Error).message);
    }
    watch.showEnd(operation, stack.run.messages, stack.state);
  }
}

describe("a value that is or was secret, and that no program has in plain", () => {
  test.prop([stories], cases(40))(
    "is in no answer of the plugin in plain, and in no message, whatever happens",
    async (chapters) => {
      const watched = new Watched();
      for (const chapter of chapters) await watched.live(chapter);
      expect(watched.watch.leaks).toEqual([]);
    },
  );
});
