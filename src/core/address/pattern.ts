/*
 * What looks like an address in a text that is not parsed yet, or that another program printed. Sources of regular expressions,
 * without groups; whether it is an address is decided by `familyOf`.
 */

/** An address. */
export const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}`

/** What follows the address of a VIP where its prefix length is written. */
export const HOST_PREFIX = "/32"

const LOOKS_LIKE = new RegExp(`^${ADDRESS}$`)

/** Whether all of a text looks like an address. */
export function looksLikeAddress(text: string): boolean {
  return LOOKS_LIKE.test(text)
}

/** The first number above 255 of a text that would be an address without it; null for any other text. */
export function tooLargePart(text: string): string | null {
  if (!/^\d+(?:\.\d+){3}$/.test(text)) return null
  return text.split(".").find((part) => Number(part) > 255) ?? null
}
