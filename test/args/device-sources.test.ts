import fc from "fast-check";
import { expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";

/** A path in another spelling, without symbolic links. */
const spelling = (path: string) =>
  fc
    .array(fc.constantFrom("/", "//", "/./", "/other/../"), { minLength: 3, maxLength: 3 })
    .map((separators) =>
      path
        .split("/")
        .slice(1)
        .map((part, index) => `${separators[index]}${part}`)
        .join(""),
    );

const source = fc.oneof(
  spelling("/images/web/a.qcow2").map((file) => ({ file })),
  spelling("/images/web/a.qcow2").map((block) => ({ block })),
);
const volume = fc.constant({ pool: "images", volume: "a" });

test.each([
  ["one path in any spelling", source],
  ["one volume", volume],
])("%s is refused in two disks where one of them writes it", (_, sources) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(sources, fc.boolean()), { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      (some, isDrive) => {
        const disks = some.map(([one, readOnly]) =>
          isDrive ? { ...one, readOnly, bus: "scsi" } : { ...one, readOnly },
        );
        const { failures } = checkInputs({}, { memory: "1GiB", disks, __urn: "urn:pulumi:s::p::t::n" });
        const isWritten = disks.some(({ readOnly }) => !readOnly);
        const refused = failures.map(
          ({ property }) => property.match(/^disks\[(\d+)\]\.(file|block|volume)$/)?.[1],
        );
        expect(refused).toEqual(isWritten ? disks.slice(1).map((__, index) => String(index + 1)) : []);
      },
    ),
  );
});
