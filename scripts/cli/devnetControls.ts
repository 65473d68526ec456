import { Command } from 'commander'
import { http } from 'viem'
import { toRpcError } from '../../src/chain/toRpcError.ts'
import { toJson } from '../../src/core/canonical.ts'
import { BaseError, InvalidInputError } from '../../src/core/errors.ts'
import { toSeconds } from '../testing/values.ts'
import { toWad } from './decimal.ts'
import { defaultDeploymentFile, loadDeployment, readDevnetAddresses } from './deployment.ts'
import { print, say } from './output.ts'

/** Prices, volatility and time can be set on a devnet only. */
export class NoDevnetError extends BaseError {
  override readonly name = 'NoDevnetError'
}

type ControlOptions = { readonly deployment: string; readonly rpc?: string; readonly json?: boolean }

/** A devnet is moved at one node. */
function withControlOptions(command: Command): Command {
  return command
    .option('--deployment <file>', 'deployment of the devnet', defaultDeploymentFile)
    .option('--rpc <url>', 'node to use instead of the one in the deployment')
    .option('--json', 'print one JSON object')
}

export const setPriceCommand = withControlOptions(new Command('set-price'))
  .description('move the price of an asset on a running devnet, in feeds, pools and markets at once')
  .argument('<asset>', 'ETH, BTC, USDC, DAI or sUSD')
  .argument('<usd>', 'price in US dollars, with at most 8 decimals')
  .action(async (name: string, usd: string, options: ControlOptions) => {
    const asset = oneOf(['ETH', 'BTC', 'USDC', 'DAI', 'sUSD'], name)
    const price = toWad(usd, 'The price')
    const { chain, deployment, setPrices } = await openDevnet(options)
    await told(`Moving ${asset} to ${usd} USD`, setPrices(chain, deployment, { [asset]: price }))
    await report(chain, options, { asset, price }, `${asset} is at ${usd} USD`)
  })

export const setVolatilityCommand = withControlOptions(new Command('set-volatility'))
  .description('move the volatility of an asset on a running devnet: that of its board of options')
  .argument('<asset>', 'ETH')
  .argument('<volatility>', 'a year, such as 0.9 for 90 %')
  .action(async (name: string, text: string, options: ControlOptions) => {
    const asset = oneOf(['ETH'], name)
    const volatility = toWad(text, 'The volatility')
    const { chain, deployment, setVolatility } = await openDevnet(options)
    await told(`Moving the volatility of ${asset} to ${text}`, setVolatility(chain, deployment, volatility))
    await report(chain, options, { asset, volatility }, `The volatility of ${asset} is ${text}`)
  })

export const passTimeCommand = withControlOptions(new Command('pass-time'))
  .description('let time pass on a running devnet at the present prices, with every feed renewed')
  .argument('<duration>', 'such as 90s, 16m, 1h or 2d')
  .action(async (duration: string, options: ControlOptions) => {
    const seconds = toSeconds(duration)
    if (seconds === 0) throw new InvalidInputError('No time passes in 0 s.')
    const { chain, deployment, passTime } = await openDevnet(options)
    await told(`Letting ${duration} pass`, passTime(chain, deployment, seconds))
    await report(chain, options, { seconds }, `${duration} have passed`)
  })

type Devnet = Awaited<ReturnType<typeof openDevnet>>

/**
 * The devnet of a deployment file, whose node must be one of which the time can be set.
 *
 * @throws {NoDevnetError} for a deployment without the protocols of a devnet, another chain and a node of another kind.
 */
async function openDevnet({ deployment: file, rpc }: ControlOptions) {
  const { rpcUrl, chainId } = await loadDeployment(file)
  const protocols = await readDevnetAddresses(file)
  const [{ connectDevnet }, { parseDeployment }, prices] = await Promise.all([
    import('../devnet/chain.ts'),
    import('../devnet/deployment.ts'),
    import('../devnet/prices.ts'),
  ])
  const deployment = parseProtocols(() => parseDeployment(JSON.stringify(protocols ?? {})), file)
  const chain = connectDevnet({ transport: http(rpc ?? rpcUrl, { timeout: 120_000 }), pace: 'clock' })
  const { client } = chain
  const [found, program] = await Promise.all([
    client.getChainId(),
    client.request({ method: 'web3_clientVersion' }),
  ]).catch((error) => {
    throw toRpcError(client, 'Reading the chain of the devnet', error)
  })
  if (found !== chainId) throw new NoDevnetError(`The node serves chain ${found}, not ${chainId}.`, remedy)
  if (!/hardhat|anvil/i.test(program)) {
    throw new NoDevnetError('The node is neither Hardhat nor Anvil, so its time cannot be set.', remedy)
  }
  return { chain, deployment, ...prices }
}

const remedy = { metaMessages: ['Start one with `plimsoll devnet`, or name its file with --deployment.'] }

function parseProtocols<Protocols>(parse: () => Protocols, file: string): Protocols {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof InvalidInputError)) throw cause
    throw new NoDevnetError(`${file} describes no devnet.`, { ...remedy, cause })
  }
}

/** Says what takes longer than two seconds. */
async function told(text: string, work: Promise<void>): Promise<void> {
  const timer = setTimeout(() => say(`${text}…`), 2_000)
  await work.finally(() => clearTimeout(timer))
}

async function report(
  { client }: Devnet['chain'],
  { json }: ControlOptions,
  done: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  const { number, timestamp } = await client.getBlock()
  const at = new Date(Number(timestamp) * 1000).toISOString()
  print(json, toJson({ ...done, block: number, timestamp }), () => `${text}; block ${number}, ${at}.`)
}

function oneOf<Name extends string>(names: readonly Name[], text: string): Name {
  const found = names.find((name) => name.toLowerCase() === text.toLowerCase())
  if (found !== undefined) return found
  throw new InvalidInputError(`${text} is no asset of the devnet that this can be set of.`, {
    metaMessages: [`Assets: ${names.join(', ')}.`],
  })
}
