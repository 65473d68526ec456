import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command } from 'commander'
import type { Address } from 'viem'
import { toJson } from '../../../src/core/canonical.ts'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { memoryLogIndex } from '../../../src/core/logIndex.ts'
import { createJudge, defaultCosignPolicy } from '../../../src/keeper/cosign/judge.ts'
import { startCosignServer } from '../../../src/keeper/cosign/server.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import {
  type ChainOptions,
  collect,
  type DiscoveryOption,
  discoveryOf,
  type MarketOption,
  openChain,
  sourcesOf,
  toAccount,
  toInteger,
  UsageError,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from '../context.ts'
import { loadSigners, type SignerOptions, withSignerOptions } from '../signers.ts'
import { toListenAddress, toProposer } from './cosigners.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption &
  SignerOptions & {
    readonly anyAccount?: boolean
    readonly listen: string
    readonly proposer?: readonly string[]
    readonly validity: string
    readonly maximumAge: string
    readonly signed: string
  }

export const keeperCosignCommand = withSignerOptions(
  withDiscoveryOption(withMarketOption(withChainOptions(new Command('cosign')))),
)
  .description('sign what other keepers propose, after computing it from own nodes; runs until it is told to stop')
  .argument('[accounts...]', 'accounts to sign for: addresses, or names in the deployment')
  .option('--any-account', 'sign for every account')
  .option('--listen <host:port>', 'where proposers ask; port 0 for a free one', '127.0.0.1:9466')
  .option(
    '--proposer <name=address>',
    'keeper that may ask, by the address that it signs with (repeat for more)',
    collect,
  )
  .option(
    '--validity <code>',
    'longest validity to sign for, 15 s times 2 to this power',
    `${defaultCosignPolicy.validityCode}`,
  )
  .option('--maximum-age <seconds>', 'oldest block to sign for', `${defaultCosignPolicy.maximumAge}`)
  .option('--signed <file>', 'SQLite file with what the key has signed', '.plimsoll/signed.db')
  .action(async (names: string[], options: Options) => {
    const { deployment, client } = await openChain(options)
    const { chainId, registry, parameters } = deployment
    const [signer, ...others] = await loadSigners(options, deployment)
    if (signer === undefined || others.length > 0) throw new UsageError('A co-signer signs with one key; give one.')
    const proposers = new Map((options.proposer ?? []).map(toProposer))
    if (proposers.size === 0) {
      throw new InvalidInputError('Nobody may ask this co-signer.', {
        metaMessages: ['Give --proposer <name>=<address> for every keeper that may.'],
      })
    }
    const accounts = accountsOf(
      names.map((name) => toAccount(name, deployment)),
      options.anyAccount,
    )
    await mkdir(dirname(options.signed), { recursive: true })
    const signed = openSignedRecords(options.signed)
    const domain = { chainId, registry }
    // Without a file what was found lasts as long as the process.
    const { index = memoryLogIndex(), ids } = discoveryOf(options)
    const policy = {
      ...defaultCosignPolicy,
      accounts,
      validityCode: toInteger(options.validity, '--validity'),
      maximumAge: toInteger(options.maximumAge, '--maximum-age'),
    }
    const judge = createJudge({
      ...{ client, domain, parameters, signer, signed, policy, index },
      idsOf: () => ids,
      sources: () => sourcesOf(options),
    })
    const stopped = interruption()
    try {
      const listen = toListenAddress(options.listen)
      const server = await startCosignServer({
        domain,
        cosigner: signer.address,
        proposers,
        judge,
        observer: log,
        ...listen,
      })
      log({ event: 'listening', host: server.host, port: server.port, cosigner: signer.address })
      await stopped
      await server.close()
      log({ event: 'stopped' })
    } finally {
      signed.close()
    }
  })

function accountsOf(accounts: readonly Address[], any = false): readonly Address[] | 'any' {
  if (any !== accounts.length > 0) return any ? 'any' : accounts
  throw new UsageError('Name the accounts to sign for, or give --any-account; not both.')
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

/** One line of JSON. */
function log(event: object): void {
  console.log(JSON.stringify(toJson(event)))
}
