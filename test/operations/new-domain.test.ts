import { expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { check } from "../../provider/operations/check.ts";
import { newDomain } from "../../provider/operations/new-domain.ts";
import { Session } from "../../provider/session.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { URI } from "../support/observations.ts";

test("the definition of a new domain is built when it is first needed, and once", async () => {
  const host = new FakeHypervisor();
  const quiet = () => Promise.resolve();
  const session = new Session({
    connect: () => Promise.resolve(host),
    log: { message: quiet, status: quiet },
    environment: { LIBVIRT_DEFAULT_URI: URI },
    clock: new FakeClock(),
  });
  const checked = await check(session, {}, { ...hidden, memory: "1003MiB" });
  const inputs = checked.inputs as Inputs;
  host.calls.length = 0;
  const wanted = newDomain(session, host, inputs);
  expect(host.calls).toEqual([]);
  const first = await wanted.definition();
  expect(first.xml).toContain(inputs.uuid);
  expect(await wanted.definition()).toBe(first);
  expect(host.calls).toEqual(["capabilities"]);
});
