import { expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { withHeadroom } from "../../provider/foreseen/headroom.ts";
import { check } from "../../provider/operations/check.ts";
import { newDomain } from "../../provider/operations/new-domain.ts";
import { Session } from "../../provider/session.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { URI } from "../support/observations.ts";

function sessionOn(host: FakeHypervisor): Session {
  const quiet = () => Promise.resolve();
  return new Session({
    connect: () => Promise.resolve(host),
    log: { message: quiet, status: quiet },
    environment: { LIBVIRT_DEFAULT_URI: URI },
    clock: new FakeClock(),
  });
}

test("the definition of a new domain is built when it is first needed, and once", async () => {
  const host = new FakeHypervisor();
  const session = sessionOn(host);
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

test("the check of a new domain and what is foreseen of it share one definition, and the next check has another", async () => {
  const session = sessionOn(new FakeHypervisor());
  const notes = session.run.of(hidden.__urn);
  const checkedWith = async (memory: string) =>
    withHeadroom(session, {}, (await check(session, {}, { ...hidden, memory })).inputs);
  const first = await check(session, {}, { ...hidden, memory: "1003MiB" });
  const built = notes.definition?.built;
  expect((await built)?.xml).toContain(`>${1003 * 1024}<`);
  const { headroom } = await withHeadroom(session, {}, first.inputs);
  expect([headroom?.slots, notes.definition?.built === built]).toEqual([16, true]);
  await checkedWith("1005MiB");
  expect((await notes.definition?.built)?.xml).toContain(`>${1005 * 1024}<`);
});
