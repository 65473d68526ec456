import hre from 'hardhat'
import { type Address, encodeFunctionData, type Hex, keccak256, size, slice, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { buildBatch, encodeBatch } from '../../src/attest/batch.ts'
import { encodeAttestation } from '../../src/attest/record.ts'
import { buildRoot, encodeLeaf, encodeRoot } from '../../src/attest/root.ts'
import {
  assembleAttestation,
  assembleBatch,
  assembleRoot,
  signAttestation,
  signBatch,
  signRoot,
} from '../../src/attest/sign.ts'
import { deployRegistry } from '../deploy.ts'

/** Time at which every measured chain begins, so that no byte depends on the day. */
export const start = new Date('2027-01-15T08:00:00Z')
/** Whose margin is posted. */
export const account: Address = '0x1234567890abcdef1234567890abcdef12345678'
const paramsHash = keccak256(stringToHex('parameters'))
/** Nine signers in ascending order of their addresses. */
export const members = Array.from({ length: 9 }, (_, i) =>
  privateKeyToAccount(keccak256(stringToHex(`gas signer ${i}`))),
).sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))

/** A chain whose blocks depend on nothing but what is sent, with a k-of-9 registry in front of a consumer. */
async function createSetting(threshold: number) {
  const { viem, networkHelpers } = await hre.network.create({ network: 'default', override: { initialDate: start } })
  const publicClient = await viem.getPublicClient()
  const [walletClient] = await viem.getWalletClients()
  if (!walletClient) throw new Error('the network has no wallet')
  // Observed before anything is deployed, so that no byte of a record depends on the code under measurement.
  const observed: { readonly number: bigint; readonly hash: Hex; readonly timestamp: bigint }[] = []
  for (let i = 1; i <= 2; i++) {
    await networkHelpers.time.increaseTo(Math.floor(start.getTime() / 1000) + 12 * i)
    observed.push(await publicClient.getBlock())
  }
  const { registry, signerSet } = await deployRegistry({
    walletClient,
    publicClient,
    signers: members.map(({ address }) => address),
    threshold,
    models: [{ id: 0, paramsHash }],
  })
  const probe = await viem.deployContract('OracleProbe', [registry, 3600n, 0n, 1n])

  const domain = { chainId: 31337, registry }
  const signing = members.slice(0, threshold)
  const next = () => {
    const block = observed.shift()
    if (!block) throw new Error('every observed block is used up')
    const binding = { blockHash: block.hash, paramsHash, setId: signerSet.setId }
    const draft = (of: Address, flags = 8) => ({
      record: {
        account: of,
        initialMargin: 1_234_567_890_123n,
        maintenanceMargin: 987_654_321_098n,
        equity: 2_345_678_901_234n,
        observedAt: Number(block.timestamp),
        lienSeq: 0,
        modelId: 0,
        flags,
      },
      blockNumber: block.number,
      portfolioRoot: keccak256(stringToHex('portfolio')),
    })
    return { binding, draft }
  }
  const attest = async (): Promise<Hex> => {
    const { binding, draft } = next()
    const unsigned = { ...draft(account), ...binding }
    const signatures = await Promise.all(signing.map((member) => signAttestation(member, unsigned, domain)))
    return encodeAttestation(await assembleAttestation(unsigned, domain, signerSet, signatures))
  }
  const attestBatch = async (count: number): Promise<Hex> => {
    const { binding, draft } = next()
    const unsigned = { ...buildBatch(accounts(count).map((of) => draft(of))), ...binding }
    const signatures = await Promise.all(signing.map((member) => signBatch(member, unsigned, domain)))
    return encodeBatch(await assembleBatch(unsigned, domain, signerSet, signatures))
  }
  const attestRoot = async (count: number): Promise<{ root: Hex; leaf: Hex }> => {
    const { binding, draft } = next()
    const { root, leaves } = buildRoot(accounts(count).map((of) => draft(of, 0x28)))
    const unsigned = { root, ...binding }
    const signatures = await Promise.all(signing.map((member) => signRoot(member, unsigned, domain)))
    const [leaf] = leaves
    if (!leaf) throw new Error('the tree is empty')
    return { root: encodeRoot(await assembleRoot(unsigned, domain, signerSet, signatures)), leaf: encodeLeaf(leaf) }
  }
  const send = async (data: Hex): Promise<number> => {
    const hash = await walletClient.sendTransaction({ to: registry, data })
    const { status, gasUsed, logs } = await publicClient.waitForTransactionReceipt({ hash })
    if (status !== 'success' || logs.length !== 1) throw new Error('the registry stored nothing')
    return Number(gasUsed)
  }
  const requireStored = async () => {
    const args = [account, 3600n] as const
    await publicClient.readContract({ address: registry, abi: marginRegistryAbi, functionName: 'marginOf', args })
  }
  return { publicClient, networkHelpers, walletClient, probe, attest, attestBatch, attestRoot, send, requireStored }
}

/** Addresses without order or pattern. */
function accounts(count: number): Address[] {
  return Array.from({ length: count }, (_, i) => slice(keccak256(stringToHex(`account ${i}`)), 12))
}

/** Gas of a post onto a slot that already holds a record. */
export async function measureUpdate(threshold: number): Promise<number> {
  const { attest, send, requireStored } = await createSetting(threshold)
  await send(await attest())
  const used = await send(await attest())
  await requireStored()
  return used
}

/** Gas per account of a batch onto slots that already hold records, rounded up. */
export async function measureBatch(threshold: number, count: number): Promise<number> {
  const { attestBatch, send } = await createSetting(threshold)
  await send(await attestBatch(count))
  return Math.ceil((await send(await attestBatch(count))) / count)
}

/** Gas per account of a root that takes the place of another, rounded up. */
export async function measureRoot(threshold: number, count: number): Promise<number> {
  const { attestRoot, send } = await createSetting(threshold)
  await send((await attestRoot(count)).root)
  return Math.ceil((await send((await attestRoot(count)).root)) / count)
}

/** Gas of `marginOf` called by a consumer, account and slot cold; with or without the consumer's decoding of the struct. */
export async function measureColdRead(functionName: 'gasOfRead' | 'gasOfDecodedRead'): Promise<number> {
  const { attest, send, probe } = await createSetting(1)
  await send(await attest())
  return Number(await probe.read[functionName]([account, 3600n]))
}

/** Gas of `verify` called by a consumer, record pulled into transient storage; without the transaction around it. */
export async function measureVerify(
  threshold: number,
  message: (setting: Awaited<ReturnType<typeof createSetting>>) => Promise<Hex>,
): Promise<number> {
  const setting = await createSetting(threshold)
  const { publicClient, walletClient, networkHelpers, probe } = setting
  const data = encodeFunctionData({ abi: probe.abi, functionName: 'gasOfVerify', args: [await message(setting)] })
  await networkHelpers.mine()
  const { data: result } = await publicClient.call({ account: walletClient.account, to: probe.address, data })
  return Number(result)
}

/** Bytes of the largest contract that this package deploys. */
export async function measureLargestContract(): Promise<number> {
  const names = [...(await hre.artifacts.getAllFullyQualifiedNames())].filter(
    (name) => name.startsWith('contracts/') && !name.startsWith('contracts/test/'),
  )
  const sizes = await Promise.all(
    names.map(async (name) => ({
      name,
      bytes: size((await hre.artifacts.readArtifact(name)).deployedBytecode as Hex),
    })),
  )
  for (const { name, bytes } of sizes) if (bytes > 0) process.stderr.write(`${bytes} bytes  ${name}\n`)
  return Math.max(...sizes.map(({ bytes }) => bytes))
}
