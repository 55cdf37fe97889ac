import * as z from "zod"
import { jsonIn } from "../../kit/text/json-text.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { askByFile } from "./answer-file.ts"
import type { InstanceAnswer, VrrpAnswer } from "../ports.ts"

/** The file that keepalived's VRRP child writes into its directory for temporary files (TMPDIR) on the signal JSON. */
const FILE = "keepalived.json"
/** Time limit. Measured on 2.2.7 and 2.3.3: written within 0.1 s; a busy machine takes longer. */
const LIMITS = { limitMs: 2_000, pollMs: 20 }

type Data = Extract<VrrpAnswer, { kind: "answer" }>

/**
 * Makes the VRRP child write its state, and reads it.
 *
 * @param signal Sends the signal JSON to the VRRP child.
 * @returns null if nothing complete was written in time.
 */
export function askForVrrp(directory: string, signal: () => void, clock: Clock): Promise<Data | null> {
  return askByFile({ file: `${directory}/${FILE}`, signal, read: vrrpIn, ...LIMITS, clock })
}

const instance = z.object({
  data: z.object({
    iname: z.string(),
    state: z.int(),
    last_transition: z.number(),
    adver_int: z.number(),
    master_adver_int: z.number().optional(),
  }),
  stats: z.object({ advert_rcvd: z.int(), pri_zero_rcvd: z.int() }),
})
/** A list of instances; with `json_version 2` it is inside an object. */
const schema = z.union([z.array(instance), z.object({ vrrp: z.array(instance) }).transform(({ vrrp }) => vrrp)])

/** Source: keepalived, vrrp/vrrp.h, VRRP_STATE_*. */
const STATES = ["init", "backup", "master", "fault"] as const

/** @returns null if the text is not, or not yet, keepalived's complete answer about its instances. */
export function vrrpIn(text: string): Data | null {
  const parsed = schema.safeParse(jsonIn(text))
  if (!parsed.success || parsed.data.length === 0) return null
  const instances = new Map<string, InstanceAnswer>()
  for (const { data, stats } of parsed.data) {
    const { last_transition, adver_int, master_adver_int = adver_int } = data
    const state = STATES[data.state]
    if (state === undefined) return null
    instances.set(data.iname, {
      state,
      at: last_transition > 0 ? Math.round(last_transition * 1_000) : null,
      advertInterval: Math.max(adver_int, master_adver_int),
      heard: stats.advert_rcvd,
      farewells: stats.pri_zero_rcvd,
    })
  }
  return { kind: "answer", instances }
}
