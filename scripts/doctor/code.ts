import type { Address, Client, Hex } from 'viem'
import { getCode } from 'viem/actions'
import { accessManagerArtifact, registryArtifacts } from '../deployment/plan.ts'
import { loadProjectArtifact } from '../devnet/artifacts.ts'
import { error, type Finding, ok } from './finding.ts'

/** Compares the code at the addresses with what this package compiles, byte by byte but for immutables. */
export async function checkCode(
  client: Client,
  { registry, accessManager }: { readonly registry: Address; readonly accessManager: Address },
): Promise<Finding[]> {
  const manager = { 'OpenZeppelin AccessManager': accessManagerArtifact }
  return [
    await checkOne(client, registry, 'registry', registryArtifacts),
    await checkOne(client, accessManager, 'access manager', manager),
  ]
}

async function checkOne(
  client: Client,
  address: Address,
  name: string,
  artifacts: Readonly<Record<string, string>>,
): Promise<Finding> {
  const code = await getCode(client, { address })
  if (code === undefined || code === '0x') return error('code', `${name} ${address}: there is no contract`)
  for (const [variant, path] of Object.entries(artifacts)) {
    const { deployedBytecode, immutables } = await loadProjectArtifact(path)
    if (deployedBytecode && mask(code, immutables) === mask(deployedBytecode, immutables)) {
      return ok('code', `${name} ${address} is the ${variant} build`)
    }
  }
  return error('code', `${name} ${address}: the bytecode is no build of this package, immutables aside`)
}

function mask(code: Hex, sections: readonly { readonly start: number; readonly length: number }[]): string {
  const masked = [...code.toLowerCase()]
  for (const { start, length } of sections) masked.fill('0', 2 + 2 * start, 2 + 2 * (start + length))
  return masked.join('')
}
