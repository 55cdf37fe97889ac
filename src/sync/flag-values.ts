import { InvalidArgumentError } from "commander"

import { familyOf } from "../core/address/ip.ts"
import { MAXIMUM_CONFIGMAP_NAME } from "../contract/layout.ts"
import { DNS_LABEL, DNS_SUBDOMAIN } from "../core/objects/schema.ts"

/** Parses `namespace/name`. @throws InvalidArgumentError for any other text. */
export function namespacedName(text: string): string {
  const [namespace, name, ...rest] = text.split("/")
  const isKey = rest.length === 0 && DNS_LABEL.test(namespace ?? "") && DNS_SUBDOMAIN.test(name ?? "")
  if (isKey && (name ?? "").length > MAXIMUM_CONFIGMAP_NAME)
    throw new InvalidArgumentError(`Expected a name of at most ${MAXIMUM_CONFIGMAP_NAME} characters.`)
  if (!isKey) throw new InvalidArgumentError('Expected "namespace/name", such as "default/vips".')
  return text
}

/**
 * Parses the names of VIP ConfigMaps, separated by commas or spaces, and adds them to those of earlier flags.
 *
 * @throws InvalidArgumentError for any other text, and for a name that was given before.
 */
export function configMapNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = [...before]
  for (const name of text.split(/[\s,]+/).filter((part) => part !== "")) {
    if (names.includes(namespacedName(name))) throw new InvalidArgumentError(`"${name}" is named twice.`)
    names.push(name)
  }
  if (names.length === before.length) namespacedName(text)
  return names
}

/** Parses the URL of an API server, and removes slashes at its end. @throws InvalidArgumentError for any other text. */
export function serverUrl(text: string): string {
  const isUrl = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
  if (!isUrl)
    throw new InvalidArgumentError('Expected a URL, such as "https://10.0.0.1:6443" or "http://localhost:8080".')
  return text.replace(/\/+$/, "")
}

/** Parses namespace names separated by commas. @throws InvalidArgumentError for any other text. */
export function namespaces(text: string): readonly string[] {
  const names = text.split(",").filter((name) => name !== "")
  const wrong = names.find((name) => !DNS_LABEL.test(name))
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Expected namespace names separated by commas; "${wrong}" is not a valid name.`)
  return names
}

/** Parses a number from 1 to 100. @throws InvalidArgumentError for any other text. */
export function retainCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 100) throw new InvalidArgumentError("Expected a whole number from 1 to 100.")
  return count
}

/** Parses IP addresses separated by commas. @throws InvalidArgumentError for any other text. */
export function ipAddresses(text: string): readonly string[] {
  const addresses = text.split(",")
  const wrong = addresses.find((address) => familyOf(address) === null)
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Expected IP addresses separated by commas; "${wrong}" is not a valid IP address.`)
  return addresses
}

/** Parses a port or 0. @throws InvalidArgumentError for any other text. */
export function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError("Expected a port from 1 to 65535, or 0 for none.")
  return port
}
