import { familyOf } from "../address/ip.ts"
import { entryLines } from "./entry-lines.ts"

/**
 * Whether an entry is written in the long form: a YAML mapping, under a name. Looks only at the key and at the first line that
 * is not a comment, so that a broken mapping is still read as a mapping, and a line such as `default/web` never is. The
 * admission policy has the same rule.
 *
 * A key that looks like an address belongs to the short form, unless a line begins with a field of the long form.
 */
export function isLongForm(key: string, text: string): boolean {
  if (isAddressLike(key)) return FIELD.test(text)
  const first = entryLines(text).find((line) => line.text !== "---")
  return first !== undefined && MAPPING.test(first.text)
}

/** Whether a key is an address, or looks like one: it cannot be the name of an entry. */
export function isAddressLike(key: string): boolean {
  return /^[\d.]+$/.test(key) || familyOf(key) !== null
}

/** A mapping in braces, or its first field. A template also begins with a brace, and with a second one. */
const MAPPING = /^(?:\{(?!\{)|["']?[A-Za-z_][\w-]*["']?[ \t]*:(?:\s|$))/
/** Spaces without line ends: with `\s`, the time would grow with the square of the number of blank lines. */
const FIELD = /^[ \t]*(?:addresses|address|interface|prefixLength|prefer|preempt|group|services)[ \t]*:/m
