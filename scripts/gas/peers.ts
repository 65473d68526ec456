import hre from 'hardhat'
import {
  type Abi,
  type Address,
  concat,
  encodeAbiParameters,
  encodeDeployData,
  encodeFunctionData,
  encodePacked,
  type Hex,
  keccak256,
  parseAbiParameters,
  parseSignature,
  slice,
  stringToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { loadArtifact } from '../devnet/artifacts.ts'
import { account, members, start } from './registry.ts'

const amounts = {
  initialMargin: 1_234_567_890_123n,
  maintenanceMargin: 987_654_321_098n,
  equity: 2_345_678_901_234n,
} as const
const paramsHash = keccak256(stringToHex('parameters'))
const portfolioRoot = keccak256(stringToHex('portfolio'))
const firstTime = BigInt(Math.floor(start.getTime() / 1000))

/** An empty chain and an account that deploys on it, sends to it, and answers the gas of the receipt. */
async function createPeerChain() {
  const { viem, networkHelpers } = await hre.network.create({ network: 'default', override: { initialDate: start } })
  const publicClient = await viem.getPublicClient()
  const [walletClient] = await viem.getWalletClients()
  if (!walletClient) throw new Error('the network has no wallet')
  const mined = async (transaction: { readonly to?: Address; readonly data: Hex }) => {
    const receipt = await publicClient.waitForTransactionReceipt({
      hash: await walletClient.sendTransaction(transaction),
    })
    if (receipt.status !== 'success') throw new Error('a peer reverted')
    return receipt
  }
  return {
    publicClient,
    sender: walletClient.account.address,
    advance: (seconds: number) => networkHelpers.time.increaseTo(Number(firstTime) + seconds),
    send: async (to: Address, data: Hex) => Number((await mined({ to, data })).gasUsed),
    logs: async (to: Address, data: Hex) => (await mined({ to, data })).logs,
    deploy: async (abi: Abi, bytecode: Hex, args: readonly unknown[] = []): Promise<Address> => {
      const { contractAddress } = await mined({ data: encodeDeployData({ abi, bytecode, args: [...args] }) })
      if (!contractAddress) throw new Error('a peer was not deployed')
      return contractAddress
    },
  }
}

/**
 * Gas of a post onto a slot that already holds a margin, k signatures in ascending order checked against a mapping: the same
 * duty with the parts of a library, ABI-encoded, without block hash, model registry, bounds or pauses.
 */
export async function measureLibraryQuorum(
  name: 'OpenZeppelinQuorum' | 'SoladyQuorum',
  threshold: number,
): Promise<number> {
  const { deploy, send, advance } = await createPeerChain()
  const { abi, bytecode } = await hre.artifacts.readArtifact(name)
  const args = [members.map(({ address }) => address), BigInt(threshold)]
  const address = await deploy(abi as Abi, bytecode as Hex, args)
  const post = async (observedAt: bigint): Promise<number> => {
    const message = { account, ...amounts, observedAt, blockNumber: 1n, paramsHash, portfolioRoot }
    const signatures = await Promise.all(
      members.slice(0, threshold).map((member) =>
        member.signTypedData({
          domain: { name: 'Margin', version: '1', chainId: 31337, verifyingContract: address },
          types: { Attestation: attestationFields },
          primaryType: 'Attestation',
          message,
        }),
      ),
    )
    const data = encodeFunctionData({ abi: abi as Abi, functionName: 'post', args: [message, concat(signatures)] })
    return send(address, data)
  }
  await advance(60)
  await post(firstTime + 12n)
  return post(firstTime + 24n)
}

const attestationFields = [
  { name: 'account', type: 'address' },
  { name: 'initialMargin', type: 'uint64' },
  { name: 'maintenanceMargin', type: 'uint64' },
  { name: 'equity', type: 'int64' },
  { name: 'observedAt', type: 'uint64' },
  { name: 'blockNumber', type: 'uint64' },
  { name: 'paramsHash', type: 'bytes32' },
  { name: 'portfolioRoot', type: 'bytes32' },
] as const

/** Gas of a transaction that only checks k of 9 signatures by Safe 1.5.0, behind its proxy; nothing is stored. */
export async function measureSafeCheck(threshold: number): Promise<number> {
  const { deploy, send, logs, sender } = await createPeerChain()
  const published = '@safe-global/safe-smart-account/build/artifacts/contracts'
  const singleton = await loadArtifact(`${published}/Safe.sol/Safe.json`)
  const factory = await loadArtifact(`${published}/proxies/SafeProxyFactory.sol/SafeProxyFactory.json`)
  const implementation = await deploy(singleton.abi, singleton.bytecode)
  const factoryAddress = await deploy(factory.abi, factory.bytecode)
  const owners = members.map(({ address }) => address)
  const setup = encodeFunctionData({
    abi: singleton.abi,
    functionName: 'setup',
    args: [owners, BigInt(threshold), zeroAddress, '0x', zeroAddress, zeroAddress, 0n, zeroAddress],
  })
  const args = [implementation, setup, 0n]
  const created = await logs(
    factoryAddress,
    encodeFunctionData({ abi: factory.abi, functionName: 'createProxyWithNonce', args }),
  )
  const topic = created.find(({ address }) => address === factoryAddress.toLowerCase())?.topics[1]
  if (topic === undefined) throw new Error('the factory of Safe names no proxy')
  const hash = keccak256(stringToHex('safe'))
  const signatures = await Promise.all(members.slice(0, threshold).map((member) => member.sign({ hash })))
  return send(
    slice(topic, 12),
    encodeFunctionData({
      abi: singleton.abi,
      functionName: 'checkSignatures',
      args: [sender, hash, concat(signatures)],
    }),
  )
}

/** What an attestation of EAS carries: seven typed fields, or the word of a record with its root. */
export type EasData = 'typed' | 'packed'

const easSchemas: Readonly<Record<EasData, string>> = {
  typed:
    'uint96 initialMargin,uint96 maintenanceMargin,int96 equity,uint64 blockNumber,uint64 observedAt,bytes32 paramsHash,bytes32 portfolioRoot',
  packed: 'bytes record',
}

function easData(kind: EasData, observedAt: bigint): Hex {
  const { initialMargin, maintenanceMargin, equity } = amounts
  if (kind === 'packed') {
    const word = encodePacked(
      ['uint64', 'uint64', 'int64', 'uint32', 'uint32'],
      [initialMargin, maintenanceMargin, equity, Number(observedAt), 1],
    )
    return concat([word, portfolioRoot])
  }
  return encodeAbiParameters(parseAbiParameters('uint96, uint96, int96, uint64, uint64, bytes32, bytes32'), [
    initialMargin,
    maintenanceMargin,
    equity,
    1n,
    observedAt,
    paramsHash,
    portfolioRoot,
  ])
}

/** EAS 1.4.0 as published, with one schema; every attestation is delegated, as a keeper would post for a signer. */
async function createEas(kind: EasData) {
  const { deploy, send, advance, publicClient } = await createPeerChain()
  const published = '@ethereum-attestation-service/eas-contracts/artifacts/contracts'
  const schemas = await loadArtifact(`${published}/SchemaRegistry.sol/SchemaRegistry.json`)
  const { abi, bytecode } = await loadArtifact(`${published}/EAS.sol/EAS.json`)
  const registry = await deploy(schemas.abi, schemas.bytecode)
  const address = await deploy(abi, bytecode, [registry])
  const text = easSchemas[kind]
  await send(
    registry,
    encodeFunctionData({ abi: schemas.abi, functionName: 'register', args: [text, zeroAddress, true] }),
  )
  const schema = keccak256(encodePacked(['string', 'address', 'bool'], [text, zeroAddress, true]))
  const [attester] = members
  if (!attester) throw new Error('there is no attester')
  await advance(60)
  const deadline = firstTime + 3600n
  const readNonce = async () =>
    (await publicClient.readContract({ address, abi, functionName: 'getNonce', args: [attester.address] })) as bigint
  const sign = async (recipient: Address, nonce: bigint) => {
    const data = {
      recipient,
      expirationTime: firstTime + 7200n,
      revocable: true,
      refUID: zeroHash,
      data: easData(kind, firstTime + 12n),
      value: 0n,
    }
    const signature = await attester.signTypedData({
      domain: { name: 'EAS', version: '1.4.0', chainId: 31337, verifyingContract: address },
      types: { Attest: easFields },
      primaryType: 'Attest',
      message: { attester: attester.address, schema, ...data, nonce, deadline },
    })
    const { r, s, v } = parseSignature(signature)
    return { data, signature: { v: Number(v), r, s } }
  }
  const call = (functionName: string, request: unknown) =>
    send(address, encodeFunctionData({ abi, functionName, args: [request] }))
  return { sign, readNonce, call, common: { schema, attester: attester.address, deadline } }
}

const easFields = [
  { name: 'attester', type: 'address' },
  { name: 'schema', type: 'bytes32' },
  { name: 'recipient', type: 'address' },
  { name: 'expirationTime', type: 'uint64' },
  { name: 'revocable', type: 'bool' },
  { name: 'refUID', type: 'bytes32' },
  { name: 'data', type: 'bytes' },
  { name: 'value', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadline', type: 'uint64' },
] as const

/** Gas of one attestation of EAS on one signature, the attester's second. */
export async function measureEas(kind: EasData): Promise<number> {
  const { sign, readNonce, call, common } = await createEas(kind)
  await call('attestByDelegation', { ...common, ...(await sign(account, await readNonce())) })
  return call('attestByDelegation', { ...common, ...(await sign(account, await readNonce())) })
}

/** Gas per attestation of EAS of twenty in one transaction, rounded up. */
export async function measureEasBatch(kind: EasData): Promise<number> {
  const { sign, readNonce, call, common } = await createEas(kind)
  const count = 20
  const multi = async () => {
    const nonce = await readNonce()
    const items = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        sign(slice(keccak256(stringToHex(`account ${i}`)), 12), nonce + BigInt(i)),
      ),
    )
    const request = { ...common, data: items.map(({ data }) => data), signatures: items.map((item) => item.signature) }
    return call('multiAttestByDelegation', [request])
  }
  await multi()
  return Math.ceil((await multi()) / count)
}
