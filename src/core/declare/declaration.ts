import type { Place } from "../../kit/problem.ts"
import type { IpAddress } from "../address/ip.ts"
import type { Scheduler } from "./schedulers.ts"

/** What a person asks for: addresses, and the Services behind them. It does not tell in which form it was written. */
export interface Declaration {
  readonly id: DeclarationId
  readonly source: Source
  /** Its name in its object: the key of the entry. */
  readonly name: string
  /** Its path, for problems: the object, then the field. */
  readonly path: readonly string[]
  readonly place: Place | null
  /** One or more, each once; empty when it is broken and has none. */
  readonly addresses: readonly DeclaredAddress[]
  /** The VRRP group that announces the addresses; null for the only one. */
  readonly group: string | null
  /** In the order of the text. Empty for addresses that are announced and forward nothing. */
  readonly services: readonly ServiceTarget[]
}

/** An address that a declaration asks for. */
export interface DeclaredAddress extends IpAddress {
  /** Its own place in a list of addresses; otherwise that of the declaration. */
  readonly place: Place | null
}

/** `ConfigMap default/vips 10.4.0.50`: unique, and the same in every generation. */
export type DeclarationId = string

/** The object that a declaration was written in. */
export interface Source {
  readonly kind: "ConfigMap"
  readonly namespace: string
  readonly name: string
}

/**
 * How IPVS forwards a packet to a real server. NAT rewrites addresses and may change the port. DR (direct routing) forwards
 * the packet unchanged, so the port stays the same and the pod must own the VIP.
 *
 * Source: ipvsadm(8), PACKET-FORWARDING-METHODS.
 */
export type ForwardingMethod = "NAT" | "DR"

/** A Service, and how to reach its pods. */
export interface ServiceTarget {
  readonly namespace: string
  readonly name: string
  readonly forwardingMethod: ForwardingMethod
  /** The ports of the Service to forward, in the order of the text; null for all of them under their own numbers. */
  readonly ports: readonly PortChoice[] | null
  /** Null for the one that the operator has set for all entries. */
  readonly scheduler: Scheduler | null
  /** Seconds that a client stays with its pod, 0 for none; null for what the Service or the operator asks for. */
  readonly persistence: number | null
  /** Its own line in a block of lines, or its own item of a list; otherwise the entry. */
  readonly place: Place | null
}

/** A chosen port of a Service. */
export interface PortChoice {
  /** Name, or number: a number means each port of the Service that has it, whatever its protocol. */
  readonly servicePort: string | number
  /** The port on the VIP, 1 to 65535; null for the Service's own number. */
  readonly port: number | null
  readonly place: Place | null
}

/** `ConfigMap default/vips`. */
export function sourceText({ kind, namespace, name }: Source): string {
  return `${kind} ${namespace}/${name}`
}

/** @param name Its name in its object. */
export function idOf(source: Source, name: string): DeclarationId {
  return `${sourceText(source)} ${name}`
}

/**
 * Names one VIP of a declaration: `ConfigMap default/vips web 10.4.0.51`. A VIP whose address is the name of its declaration
 * has the id of the declaration, so that records from before there were several addresses keep their meaning.
 */
export function vipIdOf(id: DeclarationId, address: string): string {
  return id.endsWith(` ${address}`) ? id : `${id} ${address}`
}

/** The declaration of a VIP. @param vipId From vipIdOf(). */
export function declarationOf(vipId: string, address: string): DeclarationId {
  const rest = vipId.slice(0, -address.length - 1)
  // Without its last word, the id of a declaration that has the name of its address has no name.
  return /^\S+ \S+ /.test(rest) ? rest : vipId
}

/** The object (`ConfigMap default/vips`) and the name in it. Names of objects have no spaces, and keys may have any. */
export function partsOf(id: DeclarationId): { readonly object: string; readonly name: string } {
  const [, object = id, name = ""] = /^(\S+ \S+) (.*)$/s.exec(id) ?? []
  return { object, name }
}

/** The path of a declaration, for problems that know only its id. */
export function pathOf(id: DeclarationId): readonly string[] {
  const { object, name } = partsOf(id)
  return [object, "data", name]
}

/** `namespace/name` of each Service, in the order of the text. */
export function serviceNames({ services }: Pick<Declaration, "services">): readonly string[] {
  return services.map(({ namespace, name }) => `${namespace}/${name}`)
}
