import { createServer } from "node:net"
import { faultCode } from "../fault.ts"

export interface Lock {
  release(): Promise<void>
}

/**
 * Takes a lock until this process ends; null if another process has it.
 *
 * The lock is an abstract socket (unix(7)): the kernel gives the name to one process of a network namespace, and frees it the
 * instant that process ends, for whatever reason. A crash leaves no file behind.
 *
 * @throws If the socket cannot be created.
 */
export function takeLock(name: string): Promise<Lock | null> {
  const server = createServer((connection) => connection.destroy())
  // The lock alone must not keep the process alive.
  server.unref()
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (faultCode(error) === "EADDRINUSE") resolve(null)
      else reject(new Error(`Cannot take the lock "${name}"`, { cause: error }))
    })
    server.listen(`\0${name}`, () => {
      resolve({ release: () => new Promise((done) => server.close(() => done())) })
    })
  })
}
