import { type HttpServer, serve } from "../kit/http-server.ts"

/**
 * Answers the kubelet's probes on loopback. Neither asks the API server: a sync that waits for it is alive and ready, and a restart would only lose what it
 * knows. One whose loop stands answers nothing.
 *
 * @param notReady Why desired/ cannot be written, in one line; null where it can.
 * @throws When the port cannot be had.
 */
export function startProbes(port: number, notReady: () => string | null): Promise<HttpServer> {
  return serve({
    port,
    address: "127.0.0.1",
    routes: {
      "/livez": () => answer(null),
      "/readyz": () => answer(notReady()),
    },
  })
}

function answer(objection: string | null) {
  return { status: objection === null ? 200 : 503, type: "text/plain", body: `${objection ?? "OK"}\n` }
}
