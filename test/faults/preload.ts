/**
 * Loaded before a program (`node --import test/faults/preload.ts dist/kkv.mjs …`): does at named points what the file named by
 * FAULTS says, such as `{"A5": "kill"}`. The file is read anew at each point, so a test can change its mind; the points that are reached
 * are added to FAULTS.reached, one a line.
 */
import { appendFileSync, readFileSync } from "node:fs"
import { type Action, inject } from "./inject.ts"

const file = process.env["FAULTS"]
if (file === undefined) throw new Error("Cannot inject faults: FAULTS does not name a file")
const read = readFileSync
const append = appendFileSync

inject({
  actionAt: ({ name }) => (JSON.parse(read(file, "utf8")) as Readonly<Record<string, Action>>)[name] ?? null,
  reached: ({ name }) => append(`${file}.reached`, `${name}\n`),
})
