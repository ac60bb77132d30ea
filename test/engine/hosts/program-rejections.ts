type Listener = NodeJS.UnhandledRejectionListener;

const running = new Set<ProgramRejections>();
const errorsOfPrograms = new WeakSet<object>();
/** Rejections of the SDK, which it handles later where the stack's outputs contain them. */
const ofSdk = new WeakSet<Promise<unknown>>();
let listeners: Listener[] = [];

/**
 * Rejections of Pulumi's SDK that nobody handles, by which a program's own process ends. In a process with other work they
 * are kept from whoever listens for rejections: a test runner would take them for failures of the test.
 */
export class ProgramRejections {
  /** Of a resource that failed while others went on: the SDK rejects all of its outputs. */
  ofFailedResource: unknown;

  constructor() {
    running.add(this);
    takeListeners();
  }

  close(): void {
    running.delete(this);
  }

  /** What the program throws is rejected in several places. */
  async ofErrorsIn<T>(program: () => Promise<T>): Promise<T> {
    try {
      return await program();
    } catch (error) {
      if (error instanceof Error) errorsOfPrograms.add(error);
      throw error;
    }
  }
}

/** For good, since calls that the engine cuts off are rejected after the operation has ended. */
function takeListeners(): void {
  const others = process.listeners("unhandledRejection").filter((listener) => listener !== take);
  if (others.length > 0) listeners = others;
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", take);
  process.removeListener("rejectionHandled", handledLater);
  process.on("rejectionHandled", handledLater);
}

/** Node warns of each, unless somebody listens. */
function handledLater(promise: Promise<unknown>): void {
  if (ofSdk.has(promise)) return;
  process.emitWarning("a rejection was handled after it had been reported", "PromiseRejectionHandledWarning");
}

function take(reason: unknown, promise: Promise<unknown>): void {
  if (reason instanceof Error) {
    const isFailedResource = / failed to register$/.test(reason.message);
    if (isFailedResource) for (const program of running) program.ofFailedResource = reason;
    const isEnd = reason.message === "Resource monitor is terminating";
    if (isFailedResource || isEnd || errorsOfPrograms.has(reason)) {
      ofSdk.add(promise);
      return;
    }
  }
  for (const listener of listeners) listener(reason, promise);
}
