import type { OperationKind } from "../operation.ts";
import type { EngineEvent, OperationResult } from "../report.ts";
import { nameOf, typeOf } from "../stack/urn.ts";

/** Shows an operation much as Pulumi's CLI does. */
export class Display {
  text = "";
  private readonly write: (text: string) => void;

  constructor(o: {
    kind: OperationKind;
    preview: boolean;
    stack: string;
    diff: boolean;
    write: (text: string) => void;
  }) {
    this.write = (text) => {
      this.text += text;
      o.write(text);
    };
    this.write("engine: the tests' small engine\n");
  }

  show(event: EngineEvent): void {
    if (event.kind === "diagnostic")
      this.write(`  ${event.diagnostic.severity}: ${event.diagnostic.message}\n`);
    else this.write(`${event.step.op} ${typeOf(event.step.urn)} ${nameOf(event.step.urn)} ${event.kind}\n`);
  }

  close(result: OperationResult): void {
    this.write(`${JSON.stringify(result.changes)}\n`);
  }
}
