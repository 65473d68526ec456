import { spanModel } from '../../../../src/risk/models/span/span.ts'
import { describePublishedCases } from '../../../support/publishedCases.ts'

describe('SPAN against published cases', () => {
  describePublishedCases(spanModel, 'span')
})
