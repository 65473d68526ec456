import { InvalidInputError } from '../../core/errors.ts'
import { parseWith } from '../../core/schema.ts'
import { deribitPm } from './deribit/deribitPm.ts'
import { derivePmrm } from './derive/pmrm.ts'
import { derivePmrm2 } from './derive/pmrm2.ts'
import { deriveSrm } from './derive/srm.ts'
import type { ModelParameters, ReferenceModel } from './model.ts'
import { spanModel } from './span/span.ts'
import { timsModel } from './tims/tims.ts'
import { varEsModel } from './var-es/varEs.ts'
import { venueRulesModel } from './venueRules/venueRules.ts'

/** Every reference model, in the order in which they are listed. */
export const referenceModels: readonly ReferenceModel[] = [
  spanModel,
  derivePmrm,
  derivePmrm2,
  deriveSrm,
  timsModel,
  deribitPm,
  varEsModel,
  venueRulesModel,
]

/**
 * The reference model of a name.
 *
 * @throws {InvalidInputError} listing the names.
 */
export function findReferenceModel(id: string): ReferenceModel {
  const model = referenceModels.find((candidate) => candidate.id === id)
  if (model !== undefined) return model
  throw new InvalidInputError(`There is no model ${id}.`, {
    metaMessages: [`Models: plimsoll-1, ${referenceModels.map((candidate) => candidate.id).join(', ')}.`],
  })
}

/**
 * Reads the parameters of a reference model from plain JSON; the field `model` says which.
 *
 * @throws {InvalidInputError} naming path and value of every problem, an unknown field among them.
 */
export function parseModelParameters(value: unknown): ModelParameters {
  const id = typeof value === 'object' && value !== null && 'model' in value ? value.model : undefined
  if (typeof id !== 'string') {
    throw new InvalidInputError('The parameter set is not valid: it does not say which model it is of.', {
      metaMessages: ['Give it a field `model`, such as "span"; `plimsoll params show --model span` prints one.'],
    })
  }
  return parseWith(findReferenceModel(id).parametersSchema, value, `The parameter set of ${id}`)
}
