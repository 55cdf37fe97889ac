/**
 * Characters that control a terminal, or that a reader does not see: control characters (C0 except tab and line feed, DEL,
 * C1), line and paragraph separators, marks that change the text direction or have no width (UAX #9, UTS #39), tags.
 */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

/** The same text with hidden characters escaped as in JSON (`\u001b`). Valid JSON keeps its meaning. */
export function visible(text: string): string {
  return text.replace(HIDDEN, escaped)
}

/** The characters as JSON escapes them: `\u001b`. */
export function escaped(hidden: string): string {
  return hidden.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
}
