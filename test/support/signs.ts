import type { AgentSigns } from "../../src/contract/signs.ts"

/** What an agent shows that beat, and looked after keepalived, a second ago. */
export const ALIVE: AgentSigns = {
  silence: { kind: "age", seconds: 1 },
  lookAge: { kind: "age", seconds: 1 },
  fault: null,
}
