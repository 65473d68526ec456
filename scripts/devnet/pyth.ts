import { type Address, type Hex, keccak256, parseAbi, toHex } from 'viem'
import { BaseError } from '../../src/core/errors.ts'
import { loadProjectArtifact } from './artifacts.ts'
import { readBlockTime, type Sender } from './chain.ts'

/**
 * The Pyth contract of the devnet: `MockPyth` of `@pythnetwork/pyth-sdk-solidity`, which takes updates that nobody has signed.
 * Ids are those of no network.
 */
export type PythDeployment = {
  readonly contract: Address
  readonly ethUsd: Hex
  readonly usdcUsd: Hex
  readonly susdUsd: Hex
}

/** Prices in USD with 8 decimals. */
export type PublishedPrices = Readonly<Record<'ETH' | 'USDC' | 'sUSD', bigint>>

/** An update was sent, and the contract holds another price: its publish time was not after the one before. */
export class UpdateIgnoredError extends BaseError {
  override readonly name = 'UpdateIgnoredError'
}

/** Exponent of every price, that of Pyth's feeds against the dollar. */
export const pythExponent = -8

/** Half width of every confidence interval as a part of the price, 1 / this: 5 basis points, as of a liquid feed. */
const priceOverConfidence = 2_000n

const pythAbi = parseAbi([
  'struct Price { int64 price; uint64 conf; int32 expo; uint256 publishTime; }',
  'function createPriceFeedUpdateData(bytes32 id, int64 price, uint64 conf, int32 expo, int64 emaPrice, uint64 emaConf, uint64 publishTime, uint64 prevPublishTime) pure returns (bytes)',
  'function getUpdateFee(bytes[] updateData) view returns (uint256)',
  'function updatePriceFeeds(bytes[] updateData) payable',
  'function getPriceUnsafe(bytes32 id) view returns (Price price)',
])

/** Deploys Pyth's mock, which charges 1 wei per update, and publishes the opening prices. */
export async function deployPyth(deployer: Sender, prices: PublishedPrices): Promise<PythDeployment> {
  const artifact = await loadProjectArtifact('@pythnetwork/pyth-sdk-solidity/MockPyth.sol/MockPyth.json')
  const { address: contract } = await deployer.deploy(artifact, [60n, 1n])
  const idOf = (name: string): Hex => keccak256(toHex(name))
  const deployment = { contract, ethUsd: idOf('ETH/USD'), usdcUsd: idOf('USDC/USD'), susdUsd: idOf('SUSD/USD') }
  await publishPrices(deployer, deployment, prices)
  return deployment
}

/**
 * Publishes prices as of the latest block through the contract's own update data and fee, as a pusher does.
 *
 * @throws {UpdateIgnoredError} when the contract already holds a price of the same second.
 */
export async function publishPrices(
  sender: Sender,
  { contract, ethUsd, usdcUsd, susdUsd }: PythDeployment,
  prices: PublishedPrices,
): Promise<void> {
  await publishUpdates(sender, contract, [
    { id: ethUsd, price: prices.ETH },
    { id: usdcUsd, price: prices.USDC },
    { id: susdUsd, price: prices.sUSD },
  ])
}

/** A price as Pyth has it: `price · 10^expo`, give or take `conf · 10^expo`. */
export type PythUpdate = {
  readonly id: Hex
  readonly price: bigint
  /** A 2,000th of the price by default. */
  readonly conf?: bigint
  /** {@link pythExponent} by default. */
  readonly expo?: number
  /** Unix seconds; the time of the latest block by default. */
  readonly publishTime?: bigint
}

/** Publishes any updates. Errors as {@link publishPrices}. */
export async function publishUpdates(sender: Sender, contract: Address, updates: readonly PythUpdate[]): Promise<void> {
  const { chain } = sender
  const now = await readBlockTime(chain)
  const pyth = { address: contract, abi: pythAbi } as const
  const full = updates.map(
    ({ id, price, conf = price / priceOverConfidence, expo = pythExponent, publishTime = now }) => ({
      ...{ id, price, conf, expo, publishTime },
    }),
  )
  const updateData = await Promise.all(
    full.map(({ id, price, conf, expo, publishTime }) =>
      chain.client.readContract({
        ...pyth,
        functionName: 'createPriceFeedUpdateData',
        args: [id, price, conf, expo, price, conf, publishTime, 0n],
      }),
    ),
  )
  const fee = await chain.client.readContract({ ...pyth, functionName: 'getUpdateFee', args: [updateData] })
  await sender.send({ name: 'MockPyth', ...pyth }, 'updatePriceFeeds', [updateData], fee)
  for (const { id, price, publishTime } of full) {
    const held = await chain.client.readContract({ ...pyth, functionName: 'getPriceUnsafe', args: [id] })
    if (held.price !== price || held.publishTime !== publishTime) {
      throw new UpdateIgnoredError(`Pyth holds ${held.price} of ${held.publishTime} for ${id}, not ${price}.`, {
        metaMessages: [`The update was of ${publishTime}; let a second pass.`],
      })
    }
  }
}
