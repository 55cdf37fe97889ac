/*
 * What looks like an address or an interface in a text that is not parsed yet, or that another program printed. Sources of regular
 * expressions, without groups; whether it is an address is decided by `familyOf`.
 */

/** An address. */
export const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}`

/** What follows the address of a VIP where its prefix length is written. */
export const HOST_PREFIX = "/32"

/** Name of an interface that Linux accepts (IFNAMSIZ) and keepalived.conf does, too. */
export const INTERFACE = "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}"

const IS_INTERFACE = new RegExp(`^${INTERFACE}$`)

/** Whether an interface can have this name. */
export function isInterfaceName(text: string): boolean {
  return IS_INTERFACE.test(text)
}

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
