import { join } from "node:path"

import { decodePin, type Pin, PIN_FILE } from "../../contract/pin.ts"
import { readContractFile } from "./volume-files.ts"

/** The pin of a node; null if there is none. @throws when it cannot be read. */
export function readPin(state: string): Pin | null {
  return readContractFile(join(state, PIN_FILE), decodePin)
}
