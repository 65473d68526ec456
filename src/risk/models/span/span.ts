import { canonicalHash } from '../../../core/canonical.ts'
import type { ReferenceModel } from '../model.ts'
import { calculateSpan } from './calculation.ts'
import { spanDefaults } from './defaults.ts'
import { type SpanParameters, spanParametersSchema } from './parameters.ts'
import { reportSpan } from './report.ts'

/**
 * SPAN: scan risk over 16 scenarios per combined commodity, charges for calendar spreads and delivery, credits for spreads
 * between commodities, a minimum for short options, less the net value of options.
 */
export const spanModel: ReferenceModel<SpanParameters> = {
  id: 'span',
  summary: 'CME SPAN: 16 scenarios, calendar charges, inter-commodity credits, short option minimum, net option value',
  parametersSchema: spanParametersSchema,
  defaults: spanDefaults,
  calculate({ book, parameters }) {
    return {
      ...reportSpan(book, parameters, calculateSpan(book, parameters)),
      parametersHash: canonicalHash(parameters),
    }
  },
}
