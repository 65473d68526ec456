import { InvalidInputError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { parseJson } from '../../src/core/schema.ts'
import { type AnyParameters, parseAnyParameters } from '../../src/margin.ts'
import { readTextFile } from './deployment.ts'

/**
 * Parameters of any model from their own file, or those of `plimsoll-1` from a deployment file.
 *
 * @throws {InvalidInputError} when the file is missing or not valid.
 */
export async function loadAnyParameters(file: string): Promise<AnyParameters> {
  const content = parseJson(await readTextFile(file), file)
  const isDeployment =
    typeof content === 'object' && content !== null && 'parameters' in content && !('model' in content)
  return parseAnyParameters(isDeployment ? content.parameters : content)
}

/**
 * A parameter set of `plimsoll-1` from its own file or from a deployment file.
 *
 * @throws {InvalidInputError} when the file is missing, not valid or of another model.
 */
export async function loadParameterSet(file: string): Promise<MarginParameters> {
  const parameters = await loadAnyParameters(file)
  if (parameters.model === 'plimsoll-1') return parameters
  throw new InvalidInputError(`${file} holds parameters of ${parameters.model}, not of plimsoll-1.`, {
    metaMessages: ['Name them with --parameters together with --model; --assets takes a set of plimsoll-1.'],
  })
}
