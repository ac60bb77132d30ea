/** Whether a size or the XML is secret, as the class found out. */
interface SecretMarked {
  __secret?: boolean;
}

/** A text for people; without its figures when one of the sizes that it may be made from is secret. */
export function redact(text: string, ...inputs: SecretMarked[]): string {
  return inputs.some(({ __secret }) => __secret === true) ? text.replace(/\d+/g, "…") : text;
}
