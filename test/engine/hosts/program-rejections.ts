type Listener = NodeJS.UnhandledRejectionListener;

/**
 * Rejections of Pulumi's SDK that nobody handles, by which a program's own process ends. In a process with other work they
 * are kept from whoever listens for rejections: a test runner would take them for failures of the test.
 */
export class ProgramRejections {
  private static readonly open = new Set<ProgramRejections>();
  private static readonly errorsOfPrograms = new WeakSet<object>();
  private static listeners: Listener[] = [];

  /** Of a resource that failed while others went on: the SDK rejects all of its outputs. */
  ofFailedResource: unknown;

  constructor() {
    ProgramRejections.open.add(this);
    ProgramRejections.takeListeners();
  }

  close(): void {
    ProgramRejections.open.delete(this);
  }

  /** What the program throws is rejected in several places. */
  async ofErrorsIn<T>(program: () => Promise<T>): Promise<T> {
    try {
      return await program();
    } catch (error) {
      if (error instanceof Error) ProgramRejections.errorsOfPrograms.add(error);
      throw error;
    }
  }

  /** Stays in place, since calls that the engine cuts off are rejected after the operation has ended. */
  private static takeListeners(): void {
    const { take } = ProgramRejections;
    const others = process.listeners("unhandledRejection").filter((listener) => listener !== take);
    if (others.length > 0) ProgramRejections.listeners = others;
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", take);
  }

  private static readonly take: Listener = (reason, promise) => {
    const { open, errorsOfPrograms, listeners } = ProgramRejections;
    if (reason instanceof Error) {
      if (errorsOfPrograms.has(reason) || reason.message === "Resource monitor is terminating") return;
      if (/ failed to register$/.test(reason.message)) {
        for (const program of open) program.ofFailedResource = reason;
        return;
      }
    }
    for (const listener of listeners) listener(reason, promise);
  };
}
