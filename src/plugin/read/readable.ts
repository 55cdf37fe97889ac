import { ApiFault } from "../../kubernetes/api-fault.ts"
import type { Read } from "../ports.ts"

/** What a user may not read is unknown, and the rest is still shown. @throws Everything but an ApiFault. */
export async function readable<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { kind: "read", value: await read() }
  } catch (error) {
    if (error instanceof ApiFault) return { kind: "unknown", why: error.message }
    throw error
  }
}
