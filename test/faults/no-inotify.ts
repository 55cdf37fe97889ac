/**
 * Watches a volume in a user namespace that has no inotify, then gives it some. Prints what happened as one line of JSON.
 * Usage: unshare -Ur node test/faults/no-inotify.ts DIRECTORY instances|watches
 */
import { writeFileSync } from "node:fs"
import { systemClock } from "../../src/kit/time/clock.ts"
import { createGenerations } from "../../src/sidecar/volume/generations.ts"
import { watchVolume } from "../../src/sidecar/volume/watch.ts"
import { vipsText } from "../support/manifests.ts"
import { publicationOf, publisherOf } from "../support/volume.ts"

const [directory = "", what = ""] = process.argv.slice(2)
const limit = (count: number) => writeFileSync(`/proc/sys/user/max_inotify_${what}`, `${count}\n`)
limit(0)

const generations = createGenerations({ directory, alarm: () => {} })
const publisher = publisherOf(directory)
const troubles: string[] = []
let sequence = 0
let wake = () => {}
const watch = watchVolume({
  ...{ directory, clock: systemClock },
  onChange: () =>
    void generations.read().then((reading) => {
      if (reading.kind === "generation") sequence = reading.generation.sequence
      wake()
    }),
  onWarning: (_reason, error) => void troubles.push((error as { code?: string } | null)?.code ?? "none"),
})

/** How long it takes until the sidecar has what is published now, in ms. */
async function publish(last: number): Promise<number> {
  const startedAt = performance.now()
  const wanted = (await publisher.publish(publicationOf(vipsText(`10.4.0.${last}: ""`)))).sequence
  while (sequence < wanted) await new Promise<void>((resolve) => (wake = resolve))
  return Math.round(performance.now() - startedAt)
}

await new Promise((resolve) => setTimeout(resolve, 300))
const without = [await publish(50), await publish(51)]
limit(1000)
// Two watchers later, the longest pause in between being 4 s, events come again.
const before = watch.counts()
let withSome = Number.POSITIVE_INFINITY
for (let turn = 1; turn <= 12 && withSome > 200; turn++) {
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  withSome = Math.min(withSome, await publish(51 + turn))
}
await watch.close()
process.stdout.write(`${JSON.stringify({ without, withSome, troubles, errors: before.watcherErrors })}\n`)
