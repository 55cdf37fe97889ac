/** Calls of Node.js that change something outside, or begin to. Each stands for its forms at once and as a promise. */
export type Call = "mkdir" | "open" | "write" | "fsync" | "rename" | "link" | "rm" | "spawn" | "signal"

/** A step of publishing, applying or going back, as the call that it makes. */
export interface Point {
  readonly name: string
  readonly what: string
  readonly call: Call
  /**
   * What the call is about: the path; `from -> to` of two; the program with its words; the signal with the pid. A rename
   * also tells the first line of what it renames: `from -> to {"schema":1 …`.
   */
  readonly about: RegExp
  readonly when: "before" | "after"
  /** Counts only after the first point was reached, and the second not since. */
  readonly between?: readonly [first: string, second: string]
}

const GENERATION = String.raw`generations/\d{20}-[0-9a-f]{12}`

/** sync, from the first directory of a generation to the removal of an old one. */
export const PUBLISH: readonly Point[] = [
  after("P1", "the directory is made", "mkdir", /generations\/\.tmp-[^/]+$/),
  after("P2", "a file is written and on the disk", "fsync", /generations\/\.tmp-[^ ]+\.yaml$/),
  after("P3", "the manifest is on the disk", "fsync", /generations\/\.tmp-[^/]+\/manifest\.json$/),
  after("P4", "the generation has its name", "rename", new RegExp(` -> \\S+/${GENERATION}( |$)`)),
  after("P5", "the next pointer is on the disk", "fsync", /\/\.current\.json\.[0-9a-f]+$/),
  after("P6", "the pointer is moved", "rename", / -> \S+\/current\.json /),
  before("P7", "an old generation is being removed", "rm", /generations\/\.trash-[^/]+$/),
]

/** The agent, from the look at a generation to its archive. */
export const APPLY: readonly Point[] = [
  after("A1", "the generation is being read", "open", new RegExp(`/${GENERATION}/vips/\\S+\\.yaml$`)),
  before("A2", "the text is rendered, nothing written", "open", /\/candidates\/\.[0-9a-f]{64}\.conf\.[0-9a-f]+$/),
  after("A3 write", "the candidate is being written", "write", /\/candidates\/\.[0-9a-f]{64}\.conf\.[0-9a-f]+$/),
  after("A3 name", "the candidate has its name", "rename", / -> \S+\/candidates\/[0-9a-f]{64}\.conf /),
  after("A3 test", "the config test runs", "spawn", / -t -e -f \S+\.conf$/),
  after("A4", "the journal says swap", "rename", / -> \S+\/journal\.json .*"phase":"swap"/),
  after("A5 link", "the candidate has a second name", "link", / -> \S+\/\.keepalived\.conf\.[0-9a-f]+$/),
  after("A5", "the live file is the new one", "rename", / -> \S+\/applied\/keepalived\.conf /),
  after("A6", "SIGHUP is sent", "signal", /^SIGHUP \d+$/),
  { ...before("A7", "the effect is being verified", "open", /^\/proc\/net\/ip_vs$/), between: ["A6", "A8"] },
  after("A8", "the journal says in effect; soaking", "rename", / -> \S+\/journal\.json .*"phase":"in-effect"/),
  after("A9", "the last known good configuration is written", "rename", / -> \S+\/last-known-good\/\d{10}( |$)/),
  before("A10", "the archive is packed, without its name", "rename", / -> \S+\/archive\/\d{20}-[0-9a-f]{12}\.tar\.gz /),
]

/** The agent, going back after a reload that did not do what it should. */
export const BACK: readonly Point[] = [
  { ...before("R1", "about to go back", "link", / -> \S+\/\.keepalived\.conf\.[0-9a-f]+$/), between: ["A6", "A8"] },
  {
    ...after("R2", "the live file is the old one again", "rename", / -> \S+\/applied\/keepalived\.conf /),
    between: ["A6", "A8"],
  },
  { ...after("R3", "SIGHUP is sent for it", "signal", /^SIGHUP \d+$/), between: ["R2", "A8"] },
  {
    ...after("R4", "the journal says in effect", "rename", / -> \S+\/journal\.json .*"phase":"in-effect","from":null/),
    between: ["R3", "R5"],
  },
]

export const POINTS: readonly Point[] = [...PUBLISH, ...APPLY, ...BACK]

function before(name: string, what: string, call: Call, about: RegExp): Point {
  return { name, what, call, about, when: "before" }
}

function after(name: string, what: string, call: Call, about: RegExp): Point {
  return { name, what, call, about, when: "after" }
}
