import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Address, getAddress, type Hex, keccak256, type LocalAccount, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { decodeWord } from '../../../src/attest/record.ts'
import { signAttestation } from '../../../src/attest/sign.ts'
import { type CosignRequest, parseRequest } from '../../../src/keeper/cosign/protocol.ts'

/** How a signer that has gone over to the enemy answers. */
export type Byzantine =
  | 'other-body'
  | 'replay'
  | 'random-signature'
  | 'garbage'
  | 'endless'
  | 'lying-difference'
  | 'plausible-difference'
  | 'redirect'
  | 'silence'

export const byzantineWays: readonly Byzantine[] = [
  'other-body',
  'replay',
  'random-signature',
  'garbage',
  'endless',
  'lying-difference',
  'plausible-difference',
  'redirect',
]

/** A signer of the set that answers as it is told; its key is real. */
export async function startByzantine(signer: LocalAccount, way: { current: Byzantine }) {
  /** A true signature for the first request, to be handed out for every later one. */
  let kept: Hex | undefined
  const asked: CosignRequest[] = []

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const proposal = parseRequest(await text(request))
    if (proposal === undefined) throw new Error('asked for nothing')
    asked.push(proposal)
    const [record] = proposal.records
    if (record === undefined) throw new Error('no record')
    const proposed = decodeWord(record.word)
    const sign = (equity: bigint) =>
      signAttestation(
        signer,
        {
          ...{ blockNumber: proposal.blockNumber, blockHash: proposal.blockHash, portfolioRoot: record.portfolioRoot },
          ...{ paramsHash: proposal.paramsHash, setId: proposal.setId },
          record: { ...proposed, equity, account: record.account as Address },
        },
        { chainId: proposal.chainId, registry: getAddress(proposal.registry) },
      )
    kept ??= await sign(proposed.equity)
    const answer = (value: unknown) => response.end(JSON.stringify(value))
    switch (way.current) {
      case 'other-body':
        return void answer({ code: 'signed', signature: await sign(proposed.equity + 10n ** 12n) })
      case 'replay':
        return void answer({ code: 'signed', signature: kept })
      case 'random-signature':
        return void answer({ code: 'signed', signature: `0x${keccak256(stringToHex('r')).slice(2)}${'01'.repeat(32)}` })
      case 'garbage':
        return void response.end('<html>\u0000{"code":"signed"</html>')
      case 'endless': {
        const write = () => {
          while (!response.destroyed && response.write(' '.repeat(65_536))) {}
          if (!response.destroyed) response.once('drain', write)
        }
        return write()
      }
      case 'lying-difference':
        return void answer({
          code: 'differs',
          account: record.account,
          field: 'equity',
          proposed: `${proposed.equity + 1n}`,
          recomputed: `${proposed.equity}`,
        })
      case 'plausible-difference':
        return void answer({
          code: 'differs',
          account: record.account,
          field: 'equity',
          proposed: `${proposed.equity}`,
          recomputed: `${proposed.equity - 1n}`,
        })
      case 'redirect':
        return void response.writeHead(307, { location: 'http://127.0.0.1:1/v1/cosign' }).end()
      case 'silence':
        return
    }
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

// As a program it says where it listens, and takes a new way with every line. Hardhat imports it, too.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const way: { current: Byzantine } = { current: 'silence' }
  const { url } = await startByzantine(privateKeyToAccount(process.argv[2] as Hex), way)
  process.stdout.write(`${url}\n`)
  for await (const line of createInterface(process.stdin)) {
    way.current = line as Byzantine
    process.stdout.write(`${line}\n`)
  }
}
