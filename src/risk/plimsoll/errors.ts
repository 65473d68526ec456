import { BaseError } from '../../core/errors.ts'

/** Equity or requirement of an account exceed what a record can carry. */
export class UnrecordableMarginError extends BaseError {
  override readonly name = 'UnrecordableMarginError'
}

/** A book has more liabilities than the parameter set allows claims; liabilities are never dropped. */
export class TooManyLiabilitiesError extends BaseError {
  override readonly name = 'TooManyLiabilitiesError'

  constructor(count: number, maximum: number) {
    super(`The book has ${count} liabilities; the parameter set allows ${maximum} claims.`, {
      metaMessages: ['Close or merge positions.'],
    })
  }
}
