import { type Address, type Client, isAddressEqual, parseAbi, toFunctionSelector } from 'viem'
import { getLogs, readContract } from 'viem/actions'
import { adminRole, governorFunctions, governorRole, guardianFunctions, guardianRole } from '../deployment/plan.ts'
import { error, type Finding, ok, warning } from './finding.ts'

const managerAbi = parseAbi([
  'event RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)',
  'function hasRole(uint64 roleId, address account) view returns (bool isMember, uint32 executionDelay)',
  'function getTargetFunctionRole(address target, bytes4 selector) view returns (uint64)',
  'function getRoleGuardian(uint64 roleId) view returns (uint64)',
  'function isTargetClosed(address target) view returns (bool)',
])
const roles = { admin: adminRole, governor: governorRole, guardian: guardianRole } as const

type Holder = { readonly account: Address; readonly delay: number }

/**
 * Who holds the roles of a registry and how long each has to wait, and whether every function asks for the right one.
 *
 * @param fromBlock - A block not after the deployment of the AccessManager.
 */
export async function checkRoles(
  client: Client,
  { registry, accessManager, fromBlock }: { registry: Address; accessManager: Address; fromBlock: bigint },
): Promise<Finding[]> {
  const manager = { address: accessManager, abi: managerAbi } as const
  const findings: Finding[] = []
  if (await readContract(client, { ...manager, functionName: 'isTargetClosed', args: [registry] })) {
    findings.push(error('roles', 'the AccessManager has closed the registry: nobody can configure it'))
  }
  for (const [functions, role, name] of [
    [governorFunctions, governorRole, 'governor'],
    [guardianFunctions, guardianRole, 'guardian'],
  ] as const) {
    for (const signature of functions) {
      const args = [registry, toFunctionSelector(signature)] as const
      const asked = await readContract(client, { ...manager, functionName: 'getTargetFunctionRole', args })
      if (asked !== role) findings.push(error('roles', `${signature} asks for role ${asked}, not for the ${name}`))
    }
  }
  if (
    (await readContract(client, { ...manager, functionName: 'getRoleGuardian', args: [governorRole] })) !== guardianRole
  ) {
    findings.push(error('roles', 'guardians cannot cancel what the governor schedules'))
  }

  const events = [managerAbi[0]] as const
  const logs = await getLogs(client, { address: accessManager, events, fromBlock, toBlock: 'latest', strict: true })
  // The constructor grants the first role, to whoever deploys.
  const deployer = logs[0]?.args.account
  if (deployer === undefined) {
    return [
      ...findings,
      warning('roles', `no grants since block ${fromBlock}: give --from-block, not after the deployment`),
    ]
  }
  const accounts = [...new Set(logs.map(({ args }) => args.account))]
  const held: Record<string, Holder[]> = {}
  for (const [name, role] of Object.entries(roles)) {
    const members = await Promise.all(
      accounts.map(async (account) => {
        const [isMember, delay] = await readContract(client, {
          ...manager,
          functionName: 'hasRole',
          args: [role, account],
        })
        return isMember ? [{ account, delay }] : []
      }),
    )
    held[name] = members.flat()
  }
  return [...findings, ...describeHolders(held, deployer)]
}

function describeHolders(held: Readonly<Record<string, readonly Holder[]>>, deployer: Address): Finding[] {
  return Object.entries(held).flatMap(([name, holders]) => {
    if (holders.length === 0) return [error('roles', `nobody is ${name}`)]
    const list = holders.map(({ account, delay }) => `${account} after ${delay} s`).join(', ')
    const findings = [ok('roles', `${name}: ${list}`)]
    if (holders.some(({ account }) => isAddressEqual(account, deployer))) {
      findings.push(error('roles', `the deployer ${deployer} is still ${name}`))
    }
    const hasty = holders.filter(({ delay }) => delay === 0)
    if (name !== 'guardian' && hasty.length > 0)
      findings.push(warning('roles', `${name} need not wait: its delay is 0 s`))
    const both = name === 'guardian' ? holders.filter(({ account }) => isGovernor(account, held)) : []
    if (both.length > 0) findings.push(warning('roles', 'a guardian is governor too and would watch itself'))
    return findings
  })
}

function isGovernor(account: Address, held: Readonly<Record<string, readonly Holder[]>>): boolean {
  return (held.governor ?? []).some((holder) => isAddressEqual(holder.account, account))
}
