import { type Address, createPublicClient, createWalletClient, custom, type Hex, keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { marginRegistryAbi } from '../src/attest/abi.ts'
import { encodeAttestation, encodeFlags, type MarginRecord } from '../src/attest/record.ts'
import { assembleAttestation, signAttestation } from '../src/attest/sign.ts'
import { BaseError, InvalidInputError } from '../src/core/errors.ts'
import { deployRegistry } from './deploy.ts'
import { type HasAddress, type TestConnection, toAddress } from './testing/connection.ts'
import { toQuoteUnits, toSeconds } from './testing/values.ts'

export { connectTo, type HasAddress, type TestConnection } from './testing/connection.ts'
export { type Dealing, deal, TokenNotDealableError } from './testing/deal.ts'
export { type PositionSeeds, type SeededProtocol, seedPosition } from './testing/seedPosition.ts'

/** A margin in decimal US dollars, such as `{ equity: '192863.41', im: '39063' }`. */
export type MarginValues = {
  readonly equity: string
  /** Initial margin. */
  readonly im: string
  /** Maintenance margin; the initial margin by default. */
  readonly mm?: string
  /** How long its signers let it be used, such as `1h`, rounded up to 15 s · 2^n; 15 s · 2^15 by default, so that only age makes it stale. */
  readonly validity?: string
}

/** A registry under the rules of production whose signers, keeper, governor and guardian are at hand. */
export type MarginFixture = {
  readonly registry: Address
  /** Reads the head block as the observation, signs, and posts into the next block. */
  setMargin(account: HasAddress, values: MarginValues): Promise<MarginRecord>
  /** The bytes that a consumer takes as `update`: signed at the head block, not posted. */
  signMargin(account: HasAddress, values: MarginValues): Promise<Hex>
  /** Lets time pass, such as `16m`, and mines a block. */
  age(duration: string): Promise<void>
  /** Removes a signer at once, as the guardian would: unposted signatures die, and with fewer than two of three left opening risk is paused. */
  revokeSigner(): Promise<Address>
  /** Pauses opening risk on margin, as the guardian would; repaying and liquidating must go on. */
  pause(): Promise<void>
  /** Takes the pause back, as the governor would. */
  unpause(): Promise<void>
}

/** The registry kept the record that it has: at one time of observation only a worse one counts. */
export class MarginNotStoredError extends BaseError {
  override readonly name = 'MarginNotStoredError'
}

const signers = [1, 2, 3].map((i) => privateKeyToAccount(keccak256(stringToHex(`plimsoll test signer ${i}`))))
const paramsHash = keccak256(stringToHex('plimsoll test parameters'))
const modelId = 0
/** Free equity may rise at once by whatever a record can hold, so that a test can set any margin after any other. */
const noBound = 2n ** 63n
const pauseRiskIncrease = 1
const highestValidityCode = 15

/**
 * Deploys a registry of two of three signers on a test chain, paid for by the chain's first account, which also governs it.
 *
 * @throws {InvalidInputError} by its methods for values that are no decimal, no duration or no address.
 * @throws {QuorumError} by `setMargin` and `signMargin` when too few signers are left.
 * @throws {MarginNotStoredError} by `setMargin`.
 *
 * @example
 * const margin = await marginFixture(await network.create())
 * await margin.setMargin(alice, { equity: '192863', im: '39063' })
 */
export async function marginFixture({ provider }: TestConnection): Promise<MarginFixture> {
  const transport = custom(provider, { retryCount: 0 })
  const publicClient = createPublicClient({ transport, pollingInterval: 20, cacheTime: 0 })
  const [account] = (await provider.request({ method: 'eth_accounts' })) as readonly Address[]
  if (account === undefined) throw new InvalidInputError('The test chain has no unlocked account to deploy with.')
  const walletClient = createWalletClient({ transport, account })
  const chainId = await publicClient.getChainId()
  const { registry } = await deployRegistry({
    walletClient,
    publicClient,
    signers: signers.map(({ address }) => address),
    threshold: 2,
    models: [{ id: modelId, paramsHash, improvementBase: noBound }],
  })
  const contract = { address: registry, abi: marginRegistryAbi } as const
  const domain = { chainId, registry }

  const signerSet = async () => {
    const [setId, threshold, members] = await publicClient.readContract({ ...contract, functionName: 'signerSet' })
    return { setId, threshold: Number(threshold), signers: members }
  }
  const mined = async (hash: Hex) => publicClient.waitForTransactionReceipt({ hash })

  const draft = async (of: HasAddress, { equity, im, mm = im, validity }: MarginValues) => {
    const { number, hash, timestamp } = await publicClient.getBlock()
    const flags = encodeFlags({
      validityCode: validity === undefined ? highestValidityCode : toValidityCode(validity),
      confirmed: false,
      rootMode: false,
      venueCritical: false,
      enforceable: false,
    })
    const record: MarginRecord = {
      account: toAddress(of),
      initialMargin: toQuoteUnits(im, 'im'),
      maintenanceMargin: toQuoteUnits(mm, 'mm'),
      equity: toQuoteUnits(equity, 'equity'),
      observedAt: Number(timestamp),
      lienSeq: 0,
      modelId,
      flags,
    }
    const set = await signerSet()
    const portfolioRoot = keccak256(hash)
    const unsigned = { record, blockNumber: number, portfolioRoot, blockHash: hash, paramsHash, setId: set.setId }
    const members = signers.filter(({ address }) => set.signers.includes(address))
    const signatures = await Promise.all(members.map((signer) => signAttestation(signer, unsigned, domain)))
    return { record, wire: encodeAttestation(await assembleAttestation(unsigned, domain, set, signatures)) }
  }

  return {
    registry,
    setMargin: async (of, values) => {
      const { record, wire } = await draft(of, values)
      const { logs } = await mined(await walletClient.sendTransaction({ to: registry, data: wire, chain: null }))
      if (logs.length === 0) {
        throw new MarginNotStoredError(`The registry kept the record of ${record.account} that it has.`, {
          metaMessages: [`Mine a block first: the last observation is not before ${record.observedAt}.`],
        })
      }
      return record
    },
    signMargin: async (of, values) => (await draft(of, values)).wire,
    age: async (duration) => {
      await provider.request({ method: 'evm_increaseTime', params: [toSeconds(duration)] })
      await provider.request({ method: 'evm_mine', params: [] })
    },
    revokeSigner: async () => {
      const [signer] = (await signerSet()).signers
      if (signer === undefined) throw new InvalidInputError('There is no signer left to revoke.')
      const call = { ...contract, functionName: 'removeSigner', args: [signer], chain: null } as const
      await mined(await walletClient.writeContract(call))
      return signer
    },
    pause: async () => {
      const call = { ...contract, functionName: 'pause', args: [pauseRiskIncrease], chain: null } as const
      await mined(await walletClient.writeContract(call))
    },
    unpause: async () => {
      const call = { ...contract, functionName: 'unpause', args: [pauseRiskIncrease], chain: null } as const
      await mined(await walletClient.writeContract(call))
    },
  }
}

/** Code of the shortest validity that is not below the duration. */
function toValidityCode(duration: string): number {
  const wanted = toSeconds(duration)
  const validityCode = Array.from({ length: highestValidityCode + 1 }, (_, i) => i).find((i) => 15 * 2 ** i >= wanted)
  if (validityCode === undefined) {
    throw new InvalidInputError(`A record is valid for at most ${15 * 2 ** highestValidityCode} s, got ${duration}.`)
  }
  return validityCode
}
