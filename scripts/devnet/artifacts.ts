import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import type { Abi, Address, Hex } from 'viem'
import { BaseError } from '../../src/core/errors.ts'
import { packageRoot } from '../packageRoot.ts'

/** A compiled contract, from the format of Hardhat or of Foundry in which its protocol publishes it. */
export type Artifact = {
  readonly name: string
  readonly abi: Abi
  readonly bytecode: Hex
  readonly linkReferences: LinkReferences
  /** Code on chain with zeros in the place of immutables; absent where the package publishes none. */
  readonly deployedBytecode?: Hex
  readonly immutables: readonly CodeSection[]
}

/** Bytes of a code. */
export type CodeSection = { readonly start: number; readonly length: number }

type LinkReferences = Readonly<Record<string, Readonly<Record<string, readonly { start: number; length: number }[]>>>>

/** An artifact file is absent or carries no bytecode. */
export class MissingArtifactError extends BaseError {
  override readonly name = 'MissingArtifactError'
}

/** A contract needs a library that has not been deployed. */
export class UnlinkedLibraryError extends BaseError {
  override readonly name = 'UnlinkedLibraryError'
}

const require = createRequire(import.meta.url)

/**
 * Reads the artifact of a contract from an npm package.
 *
 * @throws {MissingArtifactError} when the package or the file is absent, or holds an interface only.
 *
 * @example
 * await loadArtifact('@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json')
 */
export async function loadArtifact(path: string): Promise<Artifact> {
  return parseArtifact(await readPackageFile(path), path)
}

/**
 * Reads the code on chain of a contract that a package publishes only as the one hex literal of a Solidity source.
 *
 * @throws {MissingArtifactError} when the package or the literal is absent.
 */
export async function loadCodeLiteral(path: string): Promise<Hex> {
  const [, code] = /hex"([0-9a-f]+)"/.exec(await readPackageFile(path)) ?? []
  if (code === undefined) throw new MissingArtifactError(`The source ${path} holds no code as a hex literal.`)
  return `0x${code}`
}

/**
 * Reads the artifact of a contract that this project compiles, by its path below `artifacts/`.
 *
 * @throws {MissingArtifactError} when it has not been compiled.
 */
export async function loadProjectArtifact(path: string): Promise<Artifact> {
  let text: string
  try {
    text = await readFile(`${packageRoot}artifacts/${path}`, 'utf8')
  } catch (cause) {
    throw new MissingArtifactError(`The artifact ${path} is not compiled.`, {
      metaMessages: ['Compile the contracts with `npx hardhat build`.'],
      cause,
    })
  }
  return parseArtifact(text, path)
}

/**
 * Writes the addresses of deployed libraries into the bytecode.
 *
 * @throws {UnlinkedLibraryError} naming a library that `libraries` lacks.
 */
export function linkArtifact(artifact: Artifact, libraries: Readonly<Record<string, Address>>): Artifact {
  let { bytecode } = artifact
  for (const references of Object.values(artifact.linkReferences)) {
    for (const [library, places] of Object.entries(references)) {
      const address = libraries[library]
      if (address === undefined) {
        throw new UnlinkedLibraryError(`${artifact.name} needs the library ${library}, which is not deployed.`, {
          metaMessages: [`Deployed libraries: ${Object.keys(libraries).join(', ') || 'none'}.`],
        })
      }
      for (const { start, length } of places) {
        const from = 2 + start * 2
        bytecode =
          `${bytecode.slice(0, from)}${address.slice(2).toLowerCase()}${bytecode.slice(from + length * 2)}` as Hex
      }
    }
  }
  return { ...artifact, bytecode, linkReferences: {} }
}

async function readPackageFile(path: string): Promise<string> {
  let file: string
  try {
    file = require.resolve(path)
  } catch (cause) {
    throw new MissingArtifactError(`The artifact ${path} is not installed.`, {
      metaMessages: ['Install the development dependencies with `npm ci`.'],
      cause,
    })
  }
  return readFile(file, 'utf8')
}

/** Foundry keeps a code as an object and leaves the name of the contract to the file. */
type ForgeCode = {
  readonly object: Hex
  readonly linkReferences?: LinkReferences
  readonly immutableReferences?: ImmutableReferences
}

type ImmutableReferences = Readonly<Record<string, readonly CodeSection[]>>

/**
 * Reads an artifact in Hardhat's format; `path` names it in the error.
 *
 * @throws {MissingArtifactError} when it holds an interface only.
 */
export function parseArtifact(text: string, path: string): Artifact {
  const artifact = JSON.parse(text) as {
    contractName?: string
    abi: Abi
    bytecode?: Hex | ForgeCode
    linkReferences?: LinkReferences
    deployedBytecode?: Hex | ForgeCode
    immutableReferences?: ImmutableReferences
  }
  const creation = toForgeCode(artifact.bytecode, artifact)
  const runtime = toForgeCode(artifact.deployedBytecode, artifact)
  if (creation === undefined || creation.object.length <= 2) {
    throw new MissingArtifactError(`The artifact ${path} has no bytecode; it is an interface or an abstract contract.`)
  }
  return {
    name: artifact.contractName ?? basename(path, '.json'),
    abi: artifact.abi,
    bytecode: creation.object,
    linkReferences: creation.linkReferences ?? {},
    ...(runtime === undefined ? {} : { deployedBytecode: runtime.object }),
    immutables: Object.values(runtime?.immutableReferences ?? {}).flat(),
  }
}

function toForgeCode(code: Hex | ForgeCode | undefined, references: Omit<ForgeCode, 'object'>): ForgeCode | undefined {
  if (typeof code !== 'string') return code
  const { linkReferences = {}, immutableReferences = {} } = references
  return { object: code, linkReferences, immutableReferences }
}
