import type { Kernel } from "../../src/sidecar/ports.ts"

const nothing = () => Promise.resolve()

/** A FAKE kernel: it shows what it is told to show, and whatever else is asked of it is done without any effect. */
export function kernelShowing(shown: Partial<Kernel> & Pick<Kernel, "addresses" | "virtualServers">): Kernel {
  return {
    removeAddress: nothing,
    setVirtualServer: nothing,
    setRealServer: nothing,
    addVirtualServer: nothing,
    addRealServer: nothing,
    removeVirtualServer: nothing,
    removeRealServer: nothing,
    masquerade: () => Promise.resolve(null),
    forgetFlows: () => Promise.resolve(0),
    ...shown,
  }
}

/** The addresses that keepalived announces when it reads this text, the anchor among them. */
export function addressesIn(text: string): readonly string[] {
  return [...text.matchAll(/^\s+([0-9.]+)\/32/gm)].map(([, address = ""]) => address)
}
