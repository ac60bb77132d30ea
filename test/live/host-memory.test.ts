import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

/** More than this machine has, in whole GiB; and the half of it, which a single mapping may always ask for. */
const TOO_MUCH = Math.ceil(totalmem() / 2 ** 30) + 8;
const HALF = Math.max(1, Math.floor(TOO_MUCH / 4));

/** QEMU's processors address 1 TiB here, and some of that is no memory. */
const isSmallHost = TOO_MUCH < 400;

const lab = labOfThisFile();

test("huge pages that aren't free, and memory that is allocated at once: too little is an error, nothing attached", async ({
  skip,
}) => {
  skip(!isSmallHost, "the host has more memory than a guest of this test can be given");
  const free = Number(readFileSync("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "utf8")) * 2;
  const [pages, atOnce] = [Math.ceil(free / 256) * 256 + 512, TOO_MUCH * 1024];
  const stack = await stackOnLab(lab(), {
    pages: { ...BARE, maxMemory: "512GiB" },
    atOnce: {
      ...BARE,
      maxMemory: "512GiB",
      xml: "<domain><memoryBacking><allocation mode='immediate'/></memoryBacking></domain>",
    },
  });
  await stack.apply();
  const pids = () => ["pages", "atOnce"].map((name) => lab().qemuPid(name));
  const before = pids();

  stack.edit("pages", { memory: `${256 + pages}MiB`, hotplug: { source: { pageSize: "2MiB" } } });
  stack.edit("atOnce", { memory: `${256 + atOnce}MiB` });
  const up = await stack.up({ continueOnError: true });
  expect(up.ok).toBe(false);
  expect(said(up, "pages")).toContain(
    `error: Unable to update domain pages: the host has only ${free} MiB in free pages of 2 MiB, less than the ${pages} MiB to add; nothing was attached`,
  );
  expect(said(up, "atOnce")).toMatch(
    new RegExp(
      `error: Unable to update domain atOnce: the host has only \\d+ MiB available \\(free, buffers and cached\\), less than the ${atOnce} MiB to add, and the domain's memory is locked or allocated at once; nothing was attached`,
    ),
  );
  for (const name of ["pages", "atOnce"]) {
    expect(await liveMemory(lab(), name)).toMatchObject({ memory: 256 * MIB, devices: [] });
    expect(await nextBootMemory(lab(), name)).toMatchObject({ memory: 256 * MIB });
  }
  stack.edit("pages", { memory: "256MiB" });
  stack.edit("atOnce", { memory: "512MiB" });
  await stack.apply();
  expect(await liveMemory(lab(), "atOnce")).toMatchObject({ memory: 512 * MIB });
  await stack.expectSettled();
  expect(pids()).toEqual(before);
});

test("more than the host has of plain memory: a warning with both figures, since the guest may never touch it", async ({
  skip,
}) => {
  skip(!isSmallHost, "the host has more memory than a guest of this test can be given");
  const overcommit = readFileSync("/proc/sys/vm/overcommit_memory", "utf8").trim();
  skip(overcommit === "2", "the host's kernel gives no more memory than there is (vm.overcommit_memory)");
  const stack = await stackOnLab(lab(), {
    lazy: { ...BARE, maxMemory: "512GiB", hotplug: { maxDimmSize: `${HALF}GiB` } },
  });
  await stack.apply();
  const pid = lab().qemuPid("lazy");
  stack.edit("lazy", { memory: `${256 + TOO_MUCH * 1024}MiB` });
  const up = await stack.apply();
  const lines = said(up, "lazy").split("\n");
  expect(lines).toContain(
    "the new size is more than 32 times the boot memory (256 MiB), which may not leave enough for the kernel's page map of the new memory (1/64 of it): grow in steps, with a restart in between",
  );
  const warning = lines.find((line) => line.startsWith("warning: the host"));
  expect(warning).toMatch(
    /^warning: the host has only \d+ MiB available \(free, buffers and cached\), less than the \d+ MiB to add$/,
  );
  expect(warning).toContain(`less than the ${TOO_MUCH * 1024} MiB to add`);
  expect(await liveMemory(lab(), "lazy")).toMatchObject({ memory: (256 + TOO_MUCH * 1024) * MIB });
  await stack.expectSettled();
  expect(lab().qemuPid("lazy")).toBe(pid);
});
