import type { InstanceAnswer, VrrpSource } from "../../src/sidecar/ports.ts"

/** A FAKE source: keepalived's log is silent, and whoever asks hears this state. */
export function vrrpShowing(state: () => InstanceAnswer["state"]): VrrpSource {
  let heard = 0
  return {
    news: () => Promise.resolve([]),
    ask: () =>
      Promise.resolve({
        kind: "answer",
        instances: new Map([["vips", { state: state(), at: null, advertInterval: 1, heard: ++heard, farewells: 0 }]]),
      }),
    listen: () => () => {},
  }
}
