import { type Address, createPublicClient, createWalletClient, custom, type Hex, parseAbi, parseUnits } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { type MarginParameters, parametersHash, parseParameters } from '../../src/core/parameters.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'
import { deployCreditLine, deployRegistry } from '../deploy.ts'
import { toModel } from '../deployment/plan.ts'
import { type DevnetChain, sendAs } from './chain.ts'
import type { DevnetDeployment } from './deployment.ts'
import { devnetParameters } from './parameters.ts'
import { approveAll, mintToken } from './tokens.ts'

/** Where our own contracts lie on a devnet, and the parameter set that their model commits to. */
export type PlimsollDeployment = {
  readonly accessManager: Address
  readonly registry: Address
  readonly creditLine: Address
  readonly parameters: MarginParameters
}

/** Signs the records of a devnet: the seventh account of the well-known development mnemonic. Never use it elsewhere. */
export const devnetSignerKey: Hex = '0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e'

/** Pays for posts on a devnet: the eighth account of that mnemonic. */
export const devnetPayerKey: Hex = '0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356'

const modelId = 1
const wad = (percent: bigint) => percent * 10n ** 16n

/**
 * Deploys registry and credit line, funds the line, and registers the parameter set that reads every venue of the devnet.
 *
 * @throws {DeploymentError} when a transaction fails.
 */
export async function deployPlimsoll(chain: DevnetChain, deployment: DevnetDeployment): Promise<PlimsollDeployment> {
  const { operators, tokens, feeds } = deployment
  const transport = custom({ request: (request) => chain.client.request(request as never) })
  const publicClient = createPublicClient({ transport, cacheTime: 0 })
  const walletClient = createWalletClient({ transport, account: operators.deployer })
  const clients = { publicClient, walletClient } as Parameters<typeof deployRegistry>[0]

  const { accessManager, registry } = await deployRegistry({
    ...clients,
    signers: [privateKeyToAccount(devnetSignerKey).address],
    threshold: 1,
    models: [],
  })
  const creditLine = await deployCreditLine({
    ...clients,
    registry,
    maxAge: 300n,
    // 1 % of the requirement per minute.
    agingRate: 166_666_666_666_667n,
    acceptedModels: [modelId],
    terms: {
      collateral: tokens.weth,
      collateralFeed: feeds.ethUsd,
      collateralPriceAge: 86_400,
      asset: tokens.usdc,
      assetFeed: feeds.usdcUsd,
      assetPriceAge: 86_400,
      baseAdvance: wad(60n),
      marginAdvance: wad(85n),
      baseThreshold: wad(70n),
      hardThreshold: wad(90n),
      bonus: wad(5n),
      grace: 3600,
    },
  })
  const calibration = { ...defaultCalibration, underlyings: { ...defaultUnderlyings } }
  const parameters = parseParameters(devnetParameters(deployment, calibration, { creditLine, modelId }))
  const hash = await walletClient.writeContract({
    chain: null,
    address: registry,
    abi: marginRegistryAbi,
    functionName: 'setModel',
    args: [toModel({ id: modelId, paramsHash: parametersHash(parameters) })],
  })
  await publicClient.waitForTransactionReceipt({ hash, pollingInterval: 20 })

  const maker = sendAs(chain, operators.maker)
  const amount = parseUnits('1000000', 6)
  await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: operators.maker, amount })
  await approveAll(maker, [tokens.usdc], [creditLine])
  const abi = parseAbi(['function supply(uint256 assets) returns (uint256 shares)'])
  await maker.send({ name: 'CreditLine', address: creditLine, abi }, 'supply', [amount])
  return { accessManager, registry, creditLine, parameters }
}
