import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A message as it arrived. */
export type Received = {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: Record<string, unknown>
}

/** How the server answers a message: a status with headers, or silence. */
export type Reply = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'silence'

/** An HTTP server that takes alerts, on a free port. */
export type AlertServer = {
  readonly url: string
  readonly received: Received[]
  reply: (received: Received) => Reply
  /** Waits until so many messages arrived. */
  readonly wait: (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

export async function startAlertServer(): Promise<AlertServer> {
  const received: Received[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const one = { path: request.url ?? '', headers: request.headers, text, json: JSON.parse(text) }
    received.push(one)
    const reply = alertServer.reply(one)
    for (const { count, resolve } of waiting) if (received.length >= count) resolve()
    if (reply !== 'silence') response.writeHead(reply.status, reply.headers).end('{"ok":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const alertServer: AlertServer = {
    ...{ url: `http://127.0.0.1:${port}`, received },
    reply: () => ({ status: 200 }),
    wait: (count) =>
      received.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ count, resolve })
          }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return alertServer
}
