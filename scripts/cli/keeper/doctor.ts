import { existsSync } from 'node:fs'
import { Command } from 'commander'
import type { LocalAccount } from 'viem'
import { encodeAttestation } from '../../../src/attest/record.ts'
import { assembleAttestation, signAttestation } from '../../../src/attest/sign.ts'
import { BaseError } from '../../../src/core/errors.ts'
import { type AccountExplanation, explainAccount } from '../../../src/keeper/explainAccount.ts'
import { gasOfPost } from '../../../src/keeper/forms.ts'
import { openKeys } from '../../../src/keeper/keys/openKeys.ts'
import { alertSinks } from '../../../src/keeper/observe/alertSinks.ts'
import { openJournal } from '../../../src/keeper/sending/journal.ts'
import { simulatePost } from '../../../src/registry.ts'
import { error, type Finding, ok, warning } from '../../doctor/finding.ts'
import { checkEndpoints } from '../../doctor/keeper/endpoints.ts'
import { checkAttestors, checkPayer } from '../../doctor/keeper/keys.ts'
import { examineRegistry } from '../../doctor/registry.ts'
import { sourcesOf } from '../context.ts'
import { printFindings } from '../findings.ts'
import { describeError, say } from '../output.ts'
import { type Configured, indexOf, openConfigured, withConfigOption } from './configured.ts'

export const keeperDoctorCommand = withConfigOption(new Command('doctor'))
  .description('try everything that a keeper needs, and send nothing; exit code 1 on an error')
  .option('--json', 'print one JSON object')
  .action(async ({ config: file, json }: { readonly config: string; readonly json?: boolean }) => {
    const findings: Finding[] = [checkNode()]
    const configured = await attempt('config', findings, () => openConfigured(file))
    if (configured !== undefined) await examine(configured, findings)
    printFindings(json, { config: file }, findings)
  })

async function examine(configured: Configured, findings: Finding[]): Promise<void> {
  const { config, parameters, client } = configured
  const { chainId, registry } = config
  findings.push(ok('config', describeConfig(configured)), ...(await checkEndpoints(config)))
  const found = await attempt('chain', findings, () =>
    examineRegistry(client, { registry, chainId, parameters: [parameters] }),
  )
  findings.push(...(found ?? []), checkJournal(config.journal), checkAlerts(configured))

  const keys = await attempt('attestor', findings, () => openKeys(config, { env: process.env, warn: say }))
  const explained = await attempt('simulate', findings, () => explain(configured))
  if (explained === undefined) return
  const { signerSet } = explained
  if (keys !== undefined) {
    findings.push(
      ...checkAttestors(
        keys.signers.map(({ address }) => address),
        config,
        signerSet,
      ),
    )
    findings.push(
      keys.payer === undefined
        ? warning('payer', 'none is named: this keeper can run dry and co-sign, and send nothing')
        : await checkPayer(client, keys.payer.address, config, signerSet.threshold),
    )
    const simulated = await attempt('simulate', findings, () => simulate(configured, explained, keys))
    if (simulated !== undefined) findings.push(simulated)
  }

  async function explain({ config: { accounts, validityCode, market } }: Configured): Promise<AccountExplanation> {
    const [{ address, policy, ids }] = accounts as [(typeof accounts)[number]]
    const sources = await sourcesOf(market === undefined ? {} : { market })
    const asked = { account: address, policy, validityCode, ids, index: indexOf(config), sources }
    return explainAccount(client, { chainId, registry, parameters }, asked)
  }

  /** Signs the record that the keeper would post, and asks the registry what it would do with it. */
  async function simulate(
    { config: { accounts } }: Configured,
    { signerSet: set, unsigned, stored }: AccountExplanation,
    { signers, payer }: { readonly signers: readonly LocalAccount[]; readonly payer: LocalAccount | undefined },
  ): Promise<Finding> {
    const name = accounts[0]?.name ?? unsigned.record.account
    const members = signers.filter(({ address }) => set.signers.includes(address)).slice(0, set.threshold)
    if (members.length < set.threshold) {
      const detail = `${members.length} of ${set.threshold} signatures are this keeper's: co-signers sign for real posts only`
      return warning('simulate', `post(${name}) was not tried: ${detail}`)
    }
    if (payer === undefined) return warning('simulate', `post(${name}) was not tried: there is no payer`)
    if (stored !== null && stored.observedAt >= unsigned.record.observedAt) {
      return ok('simulate', `post(${name}): the registry holds the record of this block already`)
    }
    const domain = { chainId, registry }
    const signatures = await Promise.all(members.map((signer) => signAttestation(signer, unsigned, domain)))
    const data = encodeAttestation(await assembleAttestation(unsigned, domain, set, signatures))
    await simulatePost(client, { registry, payer: payer.address, data })
    const gas = gasOfPost('single', set.threshold, 1, stored === null ? 1 : 0)
    return ok('simulate', `post(${name}) would succeed, about ${gas} gas`)
  }
}

/** What a step gives, or a finding where it fails: the next steps are tried all the same. */
async function attempt<Result>(
  check: Finding['check'],
  findings: Finding[],
  run: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await run()
  } catch (cause) {
    if (!(cause instanceof BaseError)) throw cause
    const { message } = describeError(cause)
    findings.push(error(check, check === 'config' ? message.split('\n').join('; ') : firstLine(message)))
    return undefined
  }
}

function describeConfig({ file, config, parameters }: Configured): string {
  const { accounts, cosigners, chainId } = config
  return `${file}, chain ${chainId}, ${parameters.name}, ${accounts.length} accounts, ${cosigners.peers.length} co-signers`
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > 22 || (major === 22 && minor >= 18)
  return isNew ? ok('node', process.version) : error('node', `${process.version} is too old: 22.18 at least`)
}

function checkJournal(file: string): Finding {
  if (!existsSync(file)) return ok('journal', `${file} will be made at the first start with --live`)
  try {
    openJournal(file).close()
    return ok('journal', file)
  } catch (cause) {
    const { message } = describeError(cause)
    return warning('journal', `${firstLine(message)} A keeper that runs holds it`)
  }
}

function checkAlerts({ config }: Configured): Finding {
  const names = alertSinks(config.observability.alerts).map(({ name }) => name)
  const isWatched = config.observability.listen !== undefined
  if (names.length > 0) return ok('alerts', `${names.join(', ')}${isWatched ? ', and metrics' : ''}`)
  return isWatched
    ? ok('alerts', 'by metrics alone: see to it that Prometheus loads the rules')
    : warning('alerts', 'nobody would be told of anything: set observability.alerts or observability.listen')
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}
