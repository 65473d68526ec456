import type { Hex } from 'viem'

/** Address of the EIP-2935 history contract. */
export const historyAddress = '0x0000F90827F1C53a10cb7A02335B175320002935'

/** Its runtime code. Hardhat installs a stand-in there that only reverts. */
export const historyCode: Hex =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500'
