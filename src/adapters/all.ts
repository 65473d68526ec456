import { aaveV3 } from './aaveV3.ts'
import type { AnyAdapter } from './adapter.ts'
import { compoundV2 } from './compoundV2.ts'
import { compoundV3 } from './compoundV3.ts'
import { creditLine } from './creditLine.ts'
import { erc20 } from './erc20.ts'
import { gmxV2 } from './gmxV2.ts'
import { lyraAvalon } from './lyraAvalon.ts'
import { morphoBlue } from './morphoBlue.ts'
import { perpV2 } from './perpV2.ts'
import { synthetixPerpsV2 } from './synthetixPerpsV2.ts'
import { uniswapV3 } from './uniswapV3.ts'
import { uniswapV4 } from './uniswapV4.ts'

/** Every adapter of this package; a venue of the parameter set names one by its id. */
export const allAdapters: readonly AnyAdapter[] = [
  erc20,
  compoundV3,
  aaveV3,
  uniswapV3,
  perpV2,
  lyraAvalon,
  compoundV2,
  synthetixPerpsV2,
  creditLine,
  morphoBlue,
  uniswapV4,
  gmxV2,
]
