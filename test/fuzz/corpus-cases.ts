import { type Case, SPOTS } from "./case.ts"
import { CORPUS } from "./hostile.ts"

/** Each text of the corpus in each field of each file, as the whole value or behind the harmless one. */
export function corpusCases(): readonly Case[] {
  const writers = ["sync", "json", "pasted"] as const
  const cases: Case[] = []
  for (const text of CORPUS.values())
    for (const [file, spots] of SPOTS.entries()) {
      // Services are alike, but that the first has a slice and the second Endpoints.
      if (file > 2 && file < SPOTS.length - 1) continue
      for (let at = 0; at < spots.length; at++) {
        const how = at % 2 === 0 ? "whole" : "behind"
        const hostile = { kind: "text", how, text } as const
        const writer = writers[cases.length % writers.length] ?? "sync"
        cases.push({ writer, variant: 1, running: false, attempts: [{ file, at: 8 * at, hostile }] })
      }
    }
  return cases
}
