import { toDetails, toReal, type VenueAssessment } from './assessment.ts'
import type { DriftAccount } from './driftAccount.ts'
import { driftMargin } from './driftMargin.ts'

const quoteUnit = 10n ** 6n

/** The user by the program's margin calculation; equity is unweighted, requirements are equity less free collateral. */
export function assessDrift(account: DriftAccount): VenueAssessment {
  const [initial, fill, maintenance] = (['initial', 'fill', 'maintenance'] as const).map((type) => ({
    type,
    ...driftMargin(account, type),
  })) as [Margin, Margin, Margin]
  const { equity } = maintenance
  const isEmpty = initial.marginRequirement === 0n && initial.totalCollateral >= 0n
  const demanded = ({ totalCollateral, marginRequirement }: Margin) =>
    isEmpty ? 0 : toReal(equity - (totalCollateral - marginRequirement), quoteUnit)
  return {
    equity: toReal(equity, quoteUnit),
    initial: demanded(initial),
    maintenance: demanded(maintenance),
    isLiquidatable: maintenance.totalCollateral < maintenance.marginRequirement,
    details: toDetails({ equity, initial, fill, maintenance }),
  }
}

type Margin = ReturnType<typeof driftMargin> & { readonly type: string }
