/** Loaded before a test file (`node --import`): hands it `uvu.ts` of this folder wherever it asks for uvu. */
import { registerHooks } from "node:module"
import { isMainThread } from "node:worker_threads"

const ours = new URL("uvu.ts", import.meta.url).href

// Worker threads and forks of a test inherit --import; only the test file itself reports.
if (isMainThread) {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "uvu" && context.parentURL !== ours ? { url: ours, shortCircuit: true } : next(specifier, context),
  })
}
