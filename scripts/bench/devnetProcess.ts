import type { NodeKind } from '../devnet/node.ts'
import { serveDevnet } from '../devnet/serve.ts'

// A process of its own, so that what the node computes is no time of whoever measures.
const [kind, accounts] = process.argv.slice(2)
const onProgress = (text: string) => text.startsWith('Books') && console.error(text)
const { url, deployment, books, close } = await serveDevnet({
  kind: kind as NodeKind,
  books: { accounts: Number(accounts), seed: 7 },
  onProgress,
})
process.send?.({ url, deployment, accounts: Object.values(books) })
await new Promise<void>((resolve) => {
  process.once('disconnect', () => resolve())
})
await close()
process.exit()
