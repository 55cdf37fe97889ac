import { addressOrder } from "../core/desired/address.ts"

/**
 * True when an IPv4 address lies in the subnet of an interface.
 *
 * @param own the interface's address and its netmask, such as `255.255.255.0`.
 */
export function subnetHolds(own: { readonly address: string; readonly netmask: string }, address: string): boolean {
  const size = 2 ** 32 - addressOrder(own.netmask)
  return Math.floor(addressOrder(own.address) / size) === Math.floor(addressOrder(address) / size)
}
