import { serveDevnet } from '../devnet/serve.ts'
import type { BenchRow } from './row.ts'

/** Books of the row `devnet.books`. */
const books = { accounts: 500, seed: 7 }

/**
 * The devnet on a Hardhat node of this process: all protocols, and the books of `devnet --accounts 500 --seed 7`. The first start
 * compiles what is not compiled and is not counted.
 */
export async function devnetRows(only: string): Promise<readonly BenchRow[]> {
  await (await serveDevnet()).close()
  const steps: { readonly text: string; readonly at: number }[] = []
  const onProgress = (text: string) => steps.push({ text, at: performance.now() })
  const withBooks = 'devnet.books'.startsWith(only) || only.startsWith('devnet.books')
  const start = performance.now()
  const devnet = await serveDevnet({ onProgress, ...(withBooks && { books }) })
  const end = performance.now()
  await devnet.close()
  const opened = steps.find(({ text }) => text.startsWith('Books'))?.at ?? end
  for (const [index, { text, at }] of steps.entries()) {
    if (!text.startsWith('Books')) console.error(`${seconds((steps[index + 1]?.at ?? end) - at)} s  ${text}`)
  }
  return [
    { name: 'devnet.deploy', value: seconds(opened - start), unit: 's', gate: 15 },
    ...(withBooks ? [{ name: 'devnet.books', value: seconds(end - opened), unit: 's' }] : []),
  ]
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100
}
