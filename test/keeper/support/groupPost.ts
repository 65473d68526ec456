import { type Address, keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { decodeAttestation } from '../../../src/attest/record.ts'
import { signProposal } from '../../../src/keeper/cosign/proposal.ts'
import type { Post } from '../../../src/keeper/sending/journal.ts'
import { preparePost } from '../../../src/keeper/sending/prepare.ts'
import { readRegistry } from '../../../src/registry.ts'
import type { payerSetting } from './payer.ts'

/** Those of `marginFixture`, in the order of their addresses. */
const signers = [1, 2, 3].map((i) => privateKeyToAccount(keccak256(stringToHex(`plimsoll test signer ${i}`))))

/** A signed batch or root at the newest block, not posted. */
export async function groupPost(
  { client, margin, draft }: Awaited<ReturnType<typeof payerSetting>>,
  form: 'batch' | 'root',
  accounts: readonly Address[],
  equity = '100',
): Promise<Post> {
  const { registry } = margin
  const { number, hash, timestamp } = await client.getBlock()
  const [first] = accounts as [Address]
  const singles = await Promise.all(
    accounts.map(async (account) => decodeAttestation((await draft(account, equity)).data)),
  )
  const { modelId } = singles[0]?.record ?? { modelId: 0 }
  const { signerSet, paramsHash } = await readRegistry(client, { registry, modelId, account: first })
  const drafts = singles.map(({ record, blockNumber, portfolioRoot }) => ({
    record: form === 'root' ? { ...record, flags: record.flags | 0x20 } : record,
    ...{ blockNumber, portfolioRoot, blockHash: hash, paramsHash, setId: signerSet.setId },
  }))
  const { post } = await preparePost(form, drafts, {
    ...{ domain: { chainId: 31337, registry }, signerSet },
    block: { chainId: 31337, number, hash, timestamp: Number(timestamp) },
    collect: (proposal) => Promise.all(signers.slice(0, 2).map((signer) => signProposal(signer, proposal))),
  })
  return post
}
