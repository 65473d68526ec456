import { type Client, createClient, type Hex, http } from 'viem'
import { call, getBlock, getChainId } from 'viem/actions'
import { toRpcError } from '../../../src/chain/toRpcError.ts'
import type { KeeperConfig } from '../../../src/keeper/config/config.ts'
import { error, type Finding, ok, warning } from '../finding.ts'

const timeout = 10_000
/** Blocks behind the newest of all nodes that a healthy node may be. */
const mostLag = 3n
/** Blocks of state that every full node keeps, and that a co-signer may ask about. */
const history = 128n
/** Seconds between this machine and the newest block that need no word. */
const usualOffset = 60
const identity = '0x0000000000000000000000000000000000000004'
const somewhere = '0x00000000000000000000000000000000000f00d1'
/** Returns 42. */
const answering: Hex = '0x602a60005260206000f3'

type Head = { readonly chainId: number; readonly number: bigint; readonly timestamp: number; readonly latency: number }
type Asked = { readonly check: Finding['check']; readonly client: Client } & (
  | { readonly head: Head }
  | { readonly problem: string }
)

/** Each node by itself: chain, head, lag, latency, history and state overrides; whether they are enough; the clock. */
export async function checkEndpoints({ rpc, chainId }: Pick<KeeperConfig, 'rpc' | 'chainId'>): Promise<Finding[]> {
  const reads = await Promise.all(rpc.read.map((url, index) => ask(`rpc ${index + 1}`, url)))
  const heads = reads.flatMap((asked) => ('head' in asked && asked.head.chainId === chainId ? [asked.head] : []))
  const newest = heads.reduce((most, { number }) => (number > most ? number : most), 0n)
  const findings = await Promise.all(reads.map((asked) => judge(asked, { chainId, newest })))
  const quorum = rpc.quorum ?? Math.floor(rpc.read.length / 2) + 1
  const good = findings.filter(({ status }) => status === 'ok').length
  const summary = `${good} of ${rpc.read.length} nodes are fit, ${quorum} must agree`
  const send = rpc.send === undefined ? [] : [await checkSend(rpc.send, chainId)]
  return [
    // One bad node is survived as long as enough others are left.
    ...findings.map((finding) =>
      good >= quorum && finding.status === 'error' ? { ...finding, status: 'warning' as const } : finding,
    ),
    ...send,
    good < quorum
      ? error('quorum', `${summary}: no round is possible`)
      : rpc.read.length === 1
        ? warning('quorum', 'one node alone is believed; give three, so that two must agree')
        : ok('quorum', summary),
    ...checkClock(heads),
  ]
}

async function ask(check: Finding['check'], url: string): Promise<Asked> {
  const client = createClient({ transport: http(url, { timeout, retryCount: 0 }) })
  try {
    const before = performance.now()
    const [chainId, { number, timestamp }] = [await getChainId(client), await getBlock(client)]
    const latency = Math.round((performance.now() - before) / 2)
    return { check, client, head: { chainId, number, timestamp: Number(timestamp), latency } }
  } catch (cause) {
    return { check, client, problem: describe(client, 'Asking for the newest block', cause) }
  }
}

async function judge(asked: Asked, all: { readonly chainId: number; readonly newest: bigint }): Promise<Finding> {
  const { check, client } = asked
  if ('problem' in asked) return error(check, asked.problem)
  const { chainId, number, latency } = asked.head
  if (chainId !== all.chainId) return error(check, `serves chain ${chainId}, not ${all.chainId}`)
  const lag = all.newest - number
  const facts = `chain ${chainId}  head ${number}  lag ${lag}  ${latency} ms`
  const deep = number > history ? number - history : 0n
  try {
    await call(client, { to: identity, data: '0x01', blockNumber: deep })
  } catch (cause) {
    return error(check, `${facts}  has no state of block ${deep}: ${describe(client, 'A call there', cause)}`)
  }
  const { data } = await call(client, {
    to: somewhere,
    stateOverride: [{ address: somewhere, code: answering }],
  }).catch(() => ({ data: undefined }))
  if (data === undefined || BigInt(data) !== 42n)
    return error(check, `${facts}  does not do calls with state overrides`)
  if (lag > mostLag) return warning(check, `${facts}  stale: left out until it catches up`)
  return ok(check, `${facts}  history >= ${number - deep} blocks`)
}

async function checkSend(url: string, chainId: number): Promise<Finding> {
  const client = createClient({ transport: http(url, { timeout, retryCount: 0 }) })
  try {
    const found = await getChainId(client)
    return found === chainId
      ? ok('rpc send', `chain ${found}`)
      : error('rpc send', `serves chain ${found}, not ${chainId}`)
  } catch (cause) {
    const problem = describe(client, 'Asking for the chain', cause)
    return warning('rpc send', `${problem} Transactions would go to the nodes of the reads.`)
  }
}

/** All decisions go by block time; co-signers and those who read logs go by the clock of this machine. */
function checkClock(heads: readonly Head[]): Finding[] {
  const [first] = [...heads].sort((a, b) => Number(b.number - a.number))
  if (first === undefined) return []
  const offset = Math.round(Date.now() / 1000) - first.timestamp
  const detail = `${offset} s after the newest block`
  if (offset < -usualOffset) {
    return [
      warning('clock', `this machine is ${-offset} s behind the newest block: set its clock, co-signers go by it`),
    ]
  }
  return [
    offset > usualOffset
      ? warning('clock', `${detail}: the chain has stopped, or the clock of this machine is ahead`)
      : ok('clock', detail),
  ]
}

function describe(client: Client, what: string, cause: unknown): string {
  return toRpcError(client, what, cause).shortMessage
}
