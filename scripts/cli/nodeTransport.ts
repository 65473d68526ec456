import { http, type Transport, webSocket } from 'viem'

type Socket = { readonly close: () => void }
const sockets: Promise<Socket>[] = []

/** HTTP, or a WebSocket for a URL that says so, over which a keeper is told of new blocks. */
export function nodeTransport(url: string): Transport {
  if (!/^wss?:/i.test(url)) return http(url, { timeout: 30_000 })
  const open = webSocket(url, { timeout: 30_000 })
  return (options) => {
    const opened = open(options)
    sockets.push(opened.value?.getRpcClient() ?? Promise.resolve({ close: () => undefined }))
    // Errors are told without what the URL holds, for which it has to be known.
    return { ...opened, value: { ...opened.value, url } } as never
  }
}

/** A socket that is open keeps the process from its end. */
export async function closeSockets(): Promise<void> {
  for (const opened of await Promise.allSettled(sockets)) if (opened.status === 'fulfilled') opened.value.close()
}
