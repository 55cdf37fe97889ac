import { createServer } from "node:net"
import { faultCode } from "./fault.ts"

export interface Lock {
  release(): Promise<void>
}

/**
 * Takes a lock that lasts as long as this process; null when another process has it.
 *
 * An abstract socket (unix(7)) is the lock: the kernel gives a name to one process of a network namespace, and takes it
 * back the instant that process ends, however it ends. No file is left behind by a crash.
 *
 * @throws when there can be no socket.
 */
export function takeLock(name: string): Promise<Lock | null> {
  const server = createServer((connection) => connection.destroy())
  // The lock alone does not keep a process alive.
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
