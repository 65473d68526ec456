import {
  type Address,
  BaseError as ClientError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  concat,
  erc20Abi,
  type Hex,
  keccak256,
  maxUint256,
  numberToHex,
  pad,
} from 'viem'
import { BaseError, InvalidInputError } from '../../src/core/errors.ts'
import type { DevnetClient } from '../devnet/chain.ts'
import { chainOf, type HasAddress, type TestConnection, toAddress } from './connection.ts'

/** What an account is to hold afterwards: `amount` in the smallest unit of an ERC-20 token, or in wei of native `'ether'`. */
export type Dealing = { readonly token: HasAddress | 'ether'; readonly to: HasAddress; readonly amount: bigint }

/** No storage slot of the token holds the balance as it is, as with tokens that rebase or keep balances elsewhere. */
export class TokenNotDealableError extends BaseError {
  override readonly name = 'TokenNotDealableError'
}

/** Positions of a mapping of balances that are tried in the order of keys of Solidity and of Vyper. */
const positions = 51

/** Namespace `openzeppelin.storage.ERC20` (ERC-7201), where its upgradeable tokens have their balances first. */
const openZeppelinNamespace: Hex = '0x52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace00'
/** `_BALANCE_SLOT_SEED` of Solady's ERC20. */
const soladySeed: Hex = '0x87a211a2'

/** Odd and long, so that a balance that is scaled by an index does not come back as it was written. */
const probe = 0x1234_5678_9abc_def0_1357n

/** Widths of a balance within its word, in bits; the rest holds a flag, an index or a time. */
const widths = [256n, 255n, 128n, 96n] as const

/**
 * Sets what an account of a test chain holds, as no transaction could. Total supply stays as it is. The slot is found by its
 * layout, proven by `balanceOf`, and what was tried is put back.
 *
 * @throws {TokenNotDealableError} naming the token when no slot holds the balance.
 * @throws {InvalidInputError} for an amount that no balance can have, and for what is no address.
 *
 * @example
 * await deal(await network.create(), { token: usdc, to: alice, amount: 25_000_000_000n })
 */
export async function deal(connection: TestConnection, { token, to, amount }: Dealing): Promise<void> {
  const { client } = chainOf(connection)
  const holder = toAddress(to)
  if (amount < 0n || amount > maxUint256) throw new InvalidInputError(`${amount} is no amount that a balance can have.`)
  if (token === 'ether') {
    await client.setBalance({ address: holder, value: amount })
    return
  }
  const contract = toAddress(token)
  const balance = await readBalance(client, contract, holder)
  if (balance === undefined) {
    throw new TokenNotDealableError(`${contract} does not answer balanceOf.`, {
      metaMessages: ['Name a token of this chain.'],
    })
  }
  if (balance === amount) return
  const words = await Promise.all(
    slotsOf(holder).map(async (slot) => ({ slot, word: await readWord(client, contract, slot) })),
  )
  for (const { slot, word } of words) {
    const width = widths.find((bits) => BigInt.asUintN(Number(bits), word) === balance && amount >> bits === 0n)
    if (width === undefined) continue
    const rest = word - balance
    const holds = async (value: bigint) => {
      await client.setStorageAt({ address: contract, index: toQuantity(slot), value: toWord(rest + value) })
      return (await readBalance(client, contract, holder)) === value
    }
    let isDealt = false
    try {
      isDealt = (await holds(balance === probe ? probe + 2n : probe)) && (await holds(amount))
    } finally {
      if (!isDealt) await client.setStorageAt({ address: contract, index: toQuantity(slot), value: toWord(word) })
    }
    if (isDealt) return
  }
  throw new TokenNotDealableError(`No storage slot of the token ${contract} holds the balance of ${holder}.`, {
    metaMessages: [
      `Tried: mappings at 0 to ${positions - 1} of Solidity and Vyper, ERC-7201 of OpenZeppelin, Solady.`,
      'A token that rebases (aTokens) or keeps balances in another contract must be got from its protocol.',
    ],
  })
}

/** Where a token may have a holder's balance. */
function slotsOf(holder: Address): readonly Hex[] {
  const key = pad(holder, { size: 32 })
  const mappings = Array.from({ length: positions }, (_, position) => toWord(BigInt(position)))
  return [
    ...mappings.map((position) => keccak256(concat([key, position]))),
    keccak256(concat([key, openZeppelinNamespace])),
    keccak256(concat([holder, pad(soladySeed, { size: 12 })])),
    ...mappings.map((position) => keccak256(concat([position, key]))),
  ]
}

/** Nothing where the contract reverts or is none. */
async function readBalance(client: DevnetClient, token: Address, holder: Address): Promise<bigint | undefined> {
  const call = { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [holder] } as const
  return client.readContract(call).catch((error: unknown) => {
    const refused = (inner: unknown) =>
      inner instanceof ContractFunctionRevertedError || inner instanceof ContractFunctionZeroDataError
    if (error instanceof ClientError && error.walk(refused) !== null) return undefined
    throw error
  })
}

async function readWord(client: DevnetClient, address: Address, slot: Hex): Promise<bigint> {
  return BigInt((await client.getStorageAt({ address, slot: toQuantity(slot) })) ?? '0x0')
}

const toWord = (value: bigint): Hex => numberToHex(value, { size: 32 })

/** Hardhat takes a slot without leading zeros. */
const toQuantity = (slot: Hex): Hex => numberToHex(BigInt(slot))
