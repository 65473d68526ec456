import { TypedData } from 'ox'
import { hashTypedData, keccak256, stringToHex } from 'viem'
import { attestationDigest } from '../../src/attest/digest.ts'
import { attestationTypedData } from '../../src/attest/typedData.ts'
import { medianCpu } from './medianCpu.ts'
import type { BenchRow } from './row.ts'

const account = '0x1111111111111111111111111111111111111111'
const unsigned = {
  record: {
    account,
    initialMargin: 39_063_070_000n,
    maintenanceMargin: 31_250_460_000n,
    equity: -192_863_410_000n,
    observedAt: 1_700_000_000,
    lienSeq: 0,
    modelId: 1,
    flags: 6,
  },
  blockNumber: 23_841_207n,
  portfolioRoot: keccak256(stringToHex('portfolio')),
  blockHash: keccak256(stringToHex('block')),
  paramsHash: keccak256(stringToHex('parameters')),
  setId: 1n,
} as const
const domain = { chainId: 1, registry: account } as const

/** The EIP-712 digest of a record, against the two libraries that hash typed data for everyone. */
export function digestRows(): readonly BenchRow[] {
  const data = attestationTypedData(unsigned, domain)
  const own = microseconds(() => attestationDigest(unsigned, domain), 2000)
  const ratio = (peer: () => unknown) => Math.round((microseconds(peer, 100) / own) * 10) / 10
  return [
    { name: 'digest.attestation', value: Math.round(own * 100) / 100, unit: 'µs' },
    { name: 'digest.vs.viem', value: ratio(() => hashTypedData(data)), unit: 'times', gate: 50, better: 'more' },
    {
      name: 'digest.vs.ox',
      value: ratio(() => TypedData.getSignPayload(data)),
      unit: 'times',
      gate: 40,
      better: 'more',
    },
  ]
}

function microseconds(run: () => unknown, repetitions: number): number {
  const milliseconds = medianCpu(() => {
    for (let i = 0; i < repetitions; i++) run()
  }, 30)
  return (milliseconds * 1000) / repetitions
}
