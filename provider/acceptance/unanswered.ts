import { ConnectionError, ErrorCode, LibvirtError } from "../libvirt/errors.ts";

/** The answer of a look-up, or `otherwise` where libvirt replies with an error: a call that fails refuses nothing. */
export async function unlessFailed<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  return answer.catch((error: unknown) => {
    if (error instanceof LibvirtError) return otherwise;
    throw error;
  });
}

/**
 * The same for a preview, also where the connection breaks. An update fails then: whatever it did next would have to wait for
 * the host again.
 */
export async function unlessUnanswered<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  return unlessFailed(answer, otherwise).catch((error: unknown) => {
    if (error instanceof ConnectionError) return otherwise;
    throw error;
  });
}

/** Errors about the call itself: this libvirt doesn't have it, or doesn't allow it. */
const ABOUT_THE_CALL: readonly number[] = [
  ErrorCode.NO_SUPPORT,
  ErrorCode.RPC,
  ErrorCode.OPERATION_DENIED,
  ErrorCode.AUTH_FAILED,
  ErrorCode.ACCESS_DENIED,
];

/** libvirt's reason for refusing what a call was given; undefined where it didn't refuse. */
export async function refusalOf(call: Promise<unknown>): Promise<LibvirtError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    return ABOUT_THE_CALL.includes(error.code) ? undefined : error;
  }
}
