/**
 * A FAKE keepalived: it takes SIGHUP, writes down when, keeps what it was told to read, and says in its log what the real one
 * says. It stands in where the kernel has no IPVS, for there the real one ends at the first virtual server. The config test
 * beside it is the real one.
 * Usage: node fake-keepalived.mjs RUN_DIRECTORY [child]
 */
import { spawn } from "node:child_process"
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const [runDirectory = "", role = "parent"] = process.argv.slice(2)
// The agent only believes in processes of this name.
process.title = "keepalived"
if (role === "parent") {
  mkdirSync(join(runDirectory, "log"), { recursive: true })
  mkdirSync(join(runDirectory, "reloads"))
  const child = spawn(process.execPath, [process.argv[1] ?? "", runDirectory, "child"], { stdio: "ignore" })
  writeFileSync(join(runDirectory, "keepalived.pid"), `${process.pid}\n`)
  writeFileSync(join(runDirectory, "vrrp.pid"), `${child.pid}\n`)
  log(`Starting VRRP child process, pid=${child.pid}`)
  log("Startup complete")
  let reloads = 0
  process.on("SIGHUP", () => {
    const at = performance.timeOrigin + performance.now()
    copyFileSync(join(runDirectory, "../applied/keepalived.conf"), join(runDirectory, "reloads", String(reloads)))
    reloads += 1
    process.stdout.write(`${at}\n`)
    log("Reloading ...")
    log("Reload complete")
  })
  process.on("SIGTERM", () => {
    child.kill()
    process.exit(0)
  })
}
setInterval(() => undefined, 1_000_000)

function log(line: string): void {
  appendFileSync(join(runDirectory, "log", "current"), `Sun Nov 22 10:00:00 2026: ${line}\n`)
}
