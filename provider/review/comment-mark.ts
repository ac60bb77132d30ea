/** The longest mark of a comment's stack; the smallest comment has room for it. */
const LONGEST_STACK = 300;

/** The first line of a comment, by which a later run finds the comment to update. */
export const COMMENT_MARK = "<!-- pulumi-libvirt-hotplug review -->";

/** That of a stack's own comment. It ends after the name, so that it isn't the beginning of another stack's. */
export function markOf(stack: string): string {
  return COMMENT_MARK.replace("-->", () => `${encoded(stack)} -->`);
}

/** Whether a stack of this name has a mark. */
export function hasMark(stack: string): boolean {
  return stack !== "" && encoded(stack).length <= LONGEST_STACK;
}

/** Characters that stack names don't have, percent-encoded: some would end the comment. */
function encoded(stack: string): string {
  return stack
    .toWellFormed()
    .replace(/[^\w./-]/gu, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
        .join(""),
    );
}
