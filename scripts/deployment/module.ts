import { buildModule, type Artifact as IgnitionArtifact } from '@nomicfoundation/ignition-core'
import { loadProjectArtifact } from '../devnet/artifacts.ts'
import { DeploymentError, type DeploymentStep, type PlannedContract } from './plan.ts'

/**
 * The plan of a registry as a Hardhat Ignition module. Every step waits for the one before, so that an interrupted
 * deployment goes on where it stopped.
 */
export async function registryModule(steps: readonly DeploymentStep[]) {
  const artifacts = new Map<string, IgnitionArtifact>()
  for (const step of steps) {
    if (step.kind === 'deploy') artifacts.set(step.artifact, await ignitionArtifact(step.artifact))
  }
  return buildModule('PlimsollRegistry', (m) => {
    type ContractFuture = ReturnType<typeof m.contract>
    const contracts = new Map<PlannedContract, ContractFuture>()
    const contractOf = (contract: PlannedContract) => {
      const future = contracts.get(contract)
      if (!future) throw new DeploymentError(`A step of the plan needs ${contract} before it is deployed.`)
      return future
    }
    let after: (ContractFuture | ReturnType<typeof m.call>)[] = []
    for (const step of steps) {
      const args = step.args.map((value) => {
        const isReference = typeof value === 'object' && value !== null && 'deployed' in value
        return isReference ? contractOf(value.deployed as PlannedContract) : value
      }) as Parameters<typeof m.call>[2]
      if (step.kind === 'deploy') {
        const artifact = artifacts.get(step.artifact)
        if (!artifact) throw new DeploymentError(`The artifact ${step.artifact} was not loaded.`)
        const future = m.contract(step.contract, artifact, args, { after }) as unknown as ContractFuture
        contracts.set(step.contract, future)
        after = [future]
      } else {
        after = [m.call(contractOf(step.contract), step.functionName, args, { id: step.id, after })]
      }
    }
    return { accessManager: contractOf('AccessManager'), registry: contractOf('MarginRegistry') }
  })
}

async function ignitionArtifact(path: string): Promise<IgnitionArtifact> {
  const { name, abi, bytecode } = await loadProjectArtifact(path)
  return {
    _format: 'hh3-artifact-1',
    contractName: name,
    sourceName: path.slice(0, path.lastIndexOf('/')),
    abi,
    bytecode,
    deployedBytecode: '0x',
    linkReferences: {},
    deployedLinkReferences: {},
  }
}
