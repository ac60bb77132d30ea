/** Why a connection over the network failed, and what would work. `listening`: how the daemon is made to listen there. */
export function explainNetworkError(error: NodeJS.ErrnoException, listening: string): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return `nothing listens on that port; ${listening}`;
    case "ENOTFOUND":
      return "the host name doesn't resolve to an address; check the host in the URI";
    case "EAI_AGAIN":
      return "the host name can't be resolved at present (DNS doesn't answer)";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return `the host can't be reached over the network (${error.code})`;
    case "ECONNRESET":
    case "EPIPE":
      return "the daemon closed the connection";
    default:
      // Several addresses that all failed are an error without a message.
      return error.message || (error.code ?? error.name);
  }
}
