import { ConnectionError, ErrorCode, LibvirtError } from "../libvirt/errors.ts";

/** The answer of a look-up, or `otherwise` where libvirt gives none: a call that fails refuses nothing. */
export async function unlessUnanswered<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  return answer.catch((error: unknown) => {
    if (error instanceof LibvirtError || error instanceof ConnectionError) return otherwise;
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

/** libvirt's reason for refusing what a call was given; undefined where it didn't refuse or didn't answer. */
export async function refusalOf(call: Promise<unknown>): Promise<LibvirtError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof ConnectionError) return undefined;
    if (!(error instanceof LibvirtError)) throw error;
    return ABOUT_THE_CALL.includes(error.code) ? undefined : error;
  }
}
