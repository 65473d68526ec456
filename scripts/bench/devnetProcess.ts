import { serveDevnet } from '../devnet/serve.ts'

// A process of its own, so that what the node computes is no time of whoever measures.
const { url, deployment, close } = await serveDevnet()
process.send?.({ url, deployment })
await new Promise<void>((resolve) => {
  process.once('disconnect', () => resolve())
})
await close()
process.exit()
