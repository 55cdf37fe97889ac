import { mkdirSync, readFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { connect, createServer, type TLSSocket } from "node:tls"
import { parse } from "yaml"

import { run } from "../../../support/run.ts"
import { adminKubeconfig, apiServer } from "./cluster.ts"

/** A load balancer before the real API server, with a certificate of a CA of its own: what is between us and it can fail here. */
export interface Front {
  readonly host: string
  readonly port: number
  /** The CA's certificate, PEM. */
  ca(): string
  /** From now on its certificate is vouched for by another CA; every connection is cut. */
  rotate(): Promise<void>
  /** What is connected stays so, and not a byte comes through any more, in either direction. What connects later is served. */
  silence(): void
  close(): Promise<void>
}

/** @param directory For keys and certificates. */
export async function openFront(directory: string): Promise<Front> {
  let identity = await newIdentity(join(directory, "front-1"))
  let turn = 1
  let closed = false
  const pairs = new Set<readonly [TLSSocket, TLSSocket]>()
  const server = createServer({ key: identity.key, cert: identity.cert }, (near) => {
    // Its handshake was under way when we closed.
    if (closed) return void near.destroy()
    const far = connect({ ...apiServer, ca: apiServerCa() })
    const pair = [near, far] as const
    pairs.add(pair)
    near.pipe(far).pipe(near)
    for (const socket of pair) {
      socket.on("error", () => {})
      socket.on("close", () => {
        pairs.delete(pair)
        near.destroy()
        far.destroy()
      })
    }
  })
  server.on("tlsClientError", () => {})
  const cut = () => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    ca: () => identity.ca,
    rotate: async () => {
      turn += 1
      identity = await newIdentity(join(directory, `front-${turn}`))
      server.setSecureContext({ key: identity.key, cert: identity.cert })
      cut()
    },
    silence: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause()
        far.unpipe(near).pause()
      }
    },
    close: () =>
      new Promise((resolve) => {
        closed = true
        server.close(() => resolve())
        cut()
      }),
  }
}

interface Identity {
  readonly ca: string
  readonly key: string
  readonly cert: string
}

/** A new CA, and a certificate for 127.0.0.1 that it vouches for. */
async function newIdentity(directory: string): Promise<Identity> {
  mkdirSync(directory)
  const at = (name: string) => join(directory, name)
  const make = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
  await openssl(["req", "-x509", ...make, "-subj", "/CN=front-ca", "-keyout", at("ca.key"), "-out", at("ca.crt")])
  const ca = ["-CA", at("ca.crt"), "-CAkey", at("ca.key")]
  const subject = ["-subj", "/CN=front", "-addext", "subjectAltName=IP:127.0.0.1"]
  await openssl(["req", "-x509", ...make, ...ca, ...subject, "-keyout", at("key"), "-out", at("crt")])
  const read = (name: string) => readFileSync(at(name), "utf8")
  return { ca: read("ca.crt"), key: read("key"), cert: read("crt") }
}

async function openssl(words: readonly string[]): Promise<void> {
  const { status, stderr } = await run("openssl", words)
  if (status !== 0) throw new Error(`openssl ${words.join(" ")} ended with ${status}: ${stderr}`)
}

function apiServerCa(): Buffer {
  const { clusters }: { clusters: readonly [{ cluster: Readonly<Record<string, string>> }] } = parse(
    readFileSync(adminKubeconfig, "utf8"),
  )
  return Buffer.from(clusters[0].cluster["certificate-authority-data"] ?? "", "base64")
}
