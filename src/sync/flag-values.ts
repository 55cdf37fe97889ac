import { isIP } from "node:net"
import { InvalidArgumentError } from "commander"

import { MAXIMUM_CONFIGMAP_NAME } from "../contract/layout.ts"
import { DNS_LABEL, DNS_SUBDOMAIN } from "../core/objects/schema.ts"

/** `namespace/name`. @throws InvalidArgumentError where the text is something else. */
export function namespacedName(text: string): string {
  const [namespace, name, ...rest] = text.split("/")
  const isKey = rest.length === 0 && DNS_LABEL.test(namespace ?? "") && DNS_SUBDOMAIN.test(name ?? "")
  if (isKey && (name ?? "").length > MAXIMUM_CONFIGMAP_NAME)
    throw new InvalidArgumentError(`Expected a name of at most ${MAXIMUM_CONFIGMAP_NAME} characters.`)
  if (!isKey) throw new InvalidArgumentError('Wanted "namespace/name", such as "default/vips".')
  return text
}

/** An address of an API server, without slashes at its end. @throws InvalidArgumentError where the text is something else. */
export function serverUrl(text: string): string {
  const isUrl = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
  if (!isUrl)
    throw new InvalidArgumentError('Wanted an URL, such as "https://10.0.0.1:6443" or "http://localhost:8080".')
  return text.replace(/\/+$/, "")
}

/** Names of namespaces, commas between. @throws InvalidArgumentError where the text is something else. */
export function namespaces(text: string): readonly string[] {
  const names = text.split(",").filter((name) => name !== "")
  const wrong = names.find((name) => !DNS_LABEL.test(name))
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Wanted names of namespaces, separated by commas, not "${wrong}".`)
  return names
}

/** From 1 to 100. @throws InvalidArgumentError where the text is something else. */
export function retainCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 100) throw new InvalidArgumentError("Wanted a whole number from 1 to 100.")
  return count
}

/** IP addresses, commas between. @throws InvalidArgumentError where the text is something else. */
export function ipAddresses(text: string): readonly string[] {
  const addresses = text.split(",")
  const wrong = addresses.find((address) => isIP(address) === 0)
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Expected IP addresses with commas between; "${wrong}" is not a valid IP address.`)
  return addresses
}

/** A port, or 0. @throws InvalidArgumentError where the text is something else. */
export function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError("Expected a port from 1 to 65535, or 0 for none.")
  return port
}
