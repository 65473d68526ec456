import type { Address, Client, Hex } from 'viem'
import { attest } from '../../scripts/cli/attest.ts'
import {
  deployPlimsoll,
  devnetPayerKey,
  devnetSignerKey,
  type PlimsollDeployment,
} from '../../scripts/devnet/plimsoll.ts'
import { signerFromKey } from '../../src/attest/keystore.ts'
import { type DevnetFixture, devnetFixture, devnetGeneration, revertTo } from './devnet.ts'

/** A devnet with registry and credit line, in the state in which they were deployed. */
export type PlimsollFixture = DevnetFixture & {
  readonly plimsoll: PlimsollDeployment
  /** What keeper and command line take of a deployment. */
  readonly ours: {
    readonly chainId: number
    readonly registry: Address
    readonly parameters: PlimsollDeployment['parameters']
  }
}

/** Signs every record of a devnet. */
export const devnetSigner = signerFromKey(devnetSignerKey)

/** Pays for every post on a devnet. */
export const devnetPayer = signerFromKey(devnetPayerKey)

/**
 * The devnet of the tests with our own contracts, put back at every call. It lies on the shared devnet, so a test that
 * takes that one back to where it was has ours deployed once more.
 *
 * @example
 * const { client, plimsoll, ours } = await plimsollFixture()
 */
export async function plimsollFixture(): Promise<PlimsollFixture> {
  if (shared?.generation === devnetGeneration()) await revertTo(shared.fixture.client, shared.snapshot)
  else {
    const devnet = await devnetFixture()
    const plimsoll = await deployPlimsoll(devnet.chain, devnet.deployment)
    const { registry, parameters } = plimsoll
    const ours = { chainId: devnet.deployment.chainId, registry, parameters }
    shared = { fixture: { ...devnet, plimsoll, ours }, snapshot: '0x', generation: devnetGeneration() }
  }
  shared = { ...shared, snapshot: await shared.fixture.client.snapshot() }
  return shared.fixture
}

type Shared = { readonly fixture: PlimsollFixture; readonly snapshot: Hex; readonly generation: number }
let shared: Shared | undefined

/** Reads, calculates, signs and assembles with the signer of the devnet. */
export function attestDevnet(client: Client, ours: PlimsollFixture['ours'], account: Address) {
  return attest(client, ours, { account, validityCode: 6, signers: [devnetSigner] })
}
