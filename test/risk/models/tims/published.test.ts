import { timsModel } from '../../../../src/risk/models/tims/tims.ts'
import { describePublishedCases } from '../../../support/publishedCases.ts'

describe('TIMS against published cases', () => {
  describePublishedCases(timsModel, 'tims')
})
