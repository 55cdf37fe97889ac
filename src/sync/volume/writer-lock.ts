import { createHash } from "node:crypto"
import { realpathSync } from "node:fs"
import { createServer } from "node:net"

import { faultCode } from "../../kit/fault.ts"

export interface WriterLock {
  release(): Promise<void>
}

/**
 * Makes this process the only writer of a volume, as long as it lives; null when another one is.
 *
 * An abstract socket (unix(7)) is the lock: the kernel gives the name to one process, and takes it back the instant that
 * process ends, however it ends. Its name belongs to the network namespace, so that with hostNetwork two pods on one
 * node exclude each other too.
 *
 * @param directory The volume; it must exist. @throws When there can be no socket.
 */
export function takeWriterLock(directory: string): Promise<WriterLock | null> {
  const path = realpathSync(directory)
  const name = `\0kkv-sync-${createHash("sha256").update(path).digest("hex").slice(0, 32)}`
  const server = createServer((connection) => connection.destroy())
  // The lock alone does not keep a process alive.
  server.unref()
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (faultCode(error) === "EADDRINUSE") resolve(null)
      else reject(new Error(`Cannot become the writer of ${path}`, { cause: error }))
    })
    server.listen(name, () => {
      resolve({ release: () => new Promise((done) => server.close(() => done())) })
    })
  })
}
